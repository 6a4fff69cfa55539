//! Mutates seeds and gives them to every parser: none may panic, none may take long.
#![allow(clippy::disallowed_methods)] // A tool: it reads the clock itself.

mod mutate;
mod targets;

use std::panic;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use mutate::Mutator;
use targets::{TARGETS, Target};

/// An input that takes longer than this is a finding: something is worse than linear.
const INPUT_TIME_MAX: Duration = Duration::from_millis(500);

#[derive(Parser)]
struct Args {
    /// Time for each target
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The same number gives the same inputs
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only these targets
    names: Vec<String>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mut failed = 0;
    for target in TARGETS.iter().filter(|t| args.names.is_empty() || args.names.iter().any(|n| n == t.name)) {
        match run(target, Duration::from_secs(args.seconds), args.seed) {
            Ok(inputs) => println!("fuzz {:<24} {inputs:>9} inputs", target.name),
            Err(finding) => {
                failed += 1;
                println!("fuzz {:<24} FAILED: {finding}", target.name);
            }
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(target: &Target, time: Duration, seed: u64) -> Result<u64, String> {
    let (start, mut mutator, mut inputs) = (Instant::now(), Mutator::new(seed, target.seeds), 0);
    while start.elapsed() < time {
        let input = mutator.next();
        let began = Instant::now();
        if panic::catch_unwind(|| (target.run)(&input)).is_err() {
            return Err(format!("panics on {}", shown(&input)));
        }
        if began.elapsed() > INPUT_TIME_MAX {
            return Err(format!("takes {:?} on {}", began.elapsed(), shown(&input)));
        }
        inputs += 1;
    }
    Ok(inputs)
}

fn shown(input: &[u8]) -> String {
    format!("b\"{}\"", input.escape_ascii())
}
