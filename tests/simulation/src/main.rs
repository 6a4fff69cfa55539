//! Runs histories for a time or a number, on every core, and says the first seed that breaks a promise.
#![allow(clippy::disallowed_methods)] // A tool: it reads the clock itself.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;

#[derive(Parser)]
struct Args {
    /// Seconds to run, unless as many histories are done before
    #[arg(long, default_value_t = 120)]
    seconds: u64,
    /// Histories to run
    #[arg(long, default_value_t = u64::MAX)]
    histories: u64,
    /// The first seed; the others follow
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Goes on after a broken promise, to see what else breaks
    #[arg(long)]
    all: bool,
    /// Prints the whole trace of one seed
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match args.seed {
        Some(seed) => show(seed),
        None => search(&args),
    }
}

fn show(seed: u64) -> ExitCode {
    let (trace, failure) = match simulation::run(seed) {
        Ok(history) => (history.trace, None),
        Err(failure) => (failure.trace.clone(), Some(failure.to_string())),
    };
    println!("{trace}");
    match failure {
        None => ExitCode::SUCCESS,
        Some(words) => {
            println!("{words}");
            ExitCode::FAILURE
        }
    }
}

fn search(args: &Args) -> ExitCode {
    let began = Instant::now();
    let (next, done, operations, faults) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let (stop, failures) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let work = || {
        while !stop.load(Ordering::Relaxed) && began.elapsed() < Duration::from_secs(args.seconds) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= args.histories {
                break;
            }
            match simulation::run(args.from + number) {
                Ok(history) => {
                    done.fetch_add(1, Ordering::Relaxed);
                    operations.fetch_add(history.operations as u64, Ordering::Relaxed);
                    faults.fetch_add(history.faults as u64, Ordering::Relaxed);
                }
                Err(failure) => {
                    stop.store(!args.all, Ordering::Relaxed);
                    failures.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(failure);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    println!(
        "simulation: {} histories, {} operations, {} faults in {:.1} s",
        done.load(Ordering::Relaxed),
        operations.load(Ordering::Relaxed),
        faults.load(Ordering::Relaxed),
        began.elapsed().as_secs_f32()
    );
    let failures = failures.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    for failure in &failures {
        println!(
            "{failure}\n  see `cargo run -p simulation -- --seed {0}`, and keep it in tests/simulation/seeds.txt",
            failure.seed
        );
    }
    let missing = args.histories != u64::MAX && done.load(Ordering::Relaxed) < args.histories;
    if missing {
        println!("simulation: {} histories were asked for", args.histories);
    }
    if failures.is_empty() && !missing { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
