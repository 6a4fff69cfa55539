//! Durable 1 KB puts by 128 callers, against a reference log in the same run: a preallocated file that gets one write
//! and one fdatasync per group of at most 512. Nothing that keeps order, reads or replays can be faster than that.
//!
//! `cargo run -p store --release --example put_bench [-- --puts N --callers N --rounds N --dir DIR --spread]`

use std::error::Error;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use kernel::{AccountId, Clock, OsRng, RealClock, Region};
use rustix::fs::FallocateFlags;
use store::backend::fjall::Fjall;
use store::{Durability, Folder, Key, Store, StoreError};
use tokio::sync::oneshot;

const VALUE_BYTES: usize = 1024;

/// Entries that share one write and one sync of the reference log.
const LOG_GROUP_MAX: usize = 512;

/// Key, value and two lengths, with room to spare.
const ENTRY_BYTES_MAX: u64 = 1200;

struct Options {
    puts: u64,
    callers: u64,
    rounds: u64,
    dir: PathBuf,
    spread: bool,
}

struct Figure {
    puts_per_second: f64,
    /// Of the whole process: callers, committer, and what the engine does behind their backs meanwhile.
    cpu_us_per_put: f64,
    syncs: u64,
}

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { puts_per_second, cpu_us_per_put, syncs } = self;
        write!(f, "{puts_per_second:.0}/s, {cpu_us_per_put:.1} us CPU a put, {syncs} fdatasyncs")
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = read_options()?;
    let clock = RealClock::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let Options { puts, callers, rounds, dir, .. } = &options;
    println!("{puts} durable puts of {VALUE_BYTES} bytes by {callers} callers, {rounds} rounds, in {}", dir.display());
    let mut ratios = Vec::new();
    for round in 1..=*rounds {
        let log = runtime.block_on(bench_log(&options, &clock))?;
        let store = runtime.block_on(bench_store(&options, &clock))?;
        let ratio = store.puts_per_second / log.puts_per_second;
        println!("round {round}: log {log}; store {store}; ratio {:.0} %", ratio * 100.0);
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.0} %", ratios.get(ratios.len() / 2).unwrap_or(&0.0) * 100.0);
    Ok(())
}

fn read_options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options { puts: 100_000, callers: 128, rounds: 9, dir: std::env::temp_dir(), spread: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        if name == "--spread" {
            options.spread = true;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--puts" => options.puts = value.parse()?,
            "--callers" => options.callers = value.parse()?,
            "--rounds" => options.rounds = value.parse()?,
            "--dir" => options.dir = value.into(),
            _ => return Err(format!("unknown option {name}").into()),
        }
    }
    Ok(options)
}

/// In the order of arrival, as messages, events and log lines come; or spread over all that is there, as names do.
fn key(n: u64, spread: bool) -> Key {
    let place = if spread { n.wrapping_mul(0x9E37_79B9_7F4A_7C15) } else { n };
    Key::new(&AccountId::default(), &Region::default(), "bench", "put").part_u64(place)
}

fn value(n: u64) -> Vec<u8> {
    // Half of it compresses, as text would.
    let mut value = vec![b' '; VALUE_BYTES];
    let mut x = n | 1;
    for byte in value.iter_mut().take(VALUE_BYTES / 2) {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        *byte = (x >> 56) as u8;
    }
    value
}

/// Lets the callers put, each waiting for its answer before the next, and answers the rate and the CPU time of each.
async fn drive<F: Future<Output = ()> + Send>(
    options: &Options,
    clock: &RealClock,
    put: impl Fn(u64) -> F + Clone + Send + 'static,
) -> (f64, f64) {
    let cpu_before = cpu_time();
    let each = options.puts / options.callers;
    let begun = clock.monotonic();
    let callers: Vec<_> = (0..options.callers)
        .map(|caller| {
            let put = put.clone();
            tokio::spawn(async move {
                for n in 0..each {
                    put(caller * each + n).await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("a caller does not panic");
    }
    let took: Duration = clock.monotonic() - begun;
    let puts = (each * options.callers) as f64;
    (puts / took.as_secs_f64(), (cpu_time() - cpu_before).as_secs_f64() * 1e6 / puts)
}

/// User and system time of this process, from fields 14 and 15 of its line in /proc, in hundredths of a second.
fn cpu_time() -> Duration {
    let line = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = line.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

async fn bench_store(options: &Options, clock: &RealClock) -> Result<Figure, Box<dyn Error>> {
    let dir = tempfile::tempdir_in(&options.dir)?;
    let folder = Folder::open(dir.path())?;
    let backend = Arc::new(Fjall::open(&folder.keys_dir())?);
    let store = Store::over(
        backend.clone(),
        Durability::Durable,
        folder,
        Arc::new(RealClock::default()),
        Arc::new(OsRng),
        Arc::new(|words| panic!("{words}")),
    );
    let (before, spread) = (backend.syncs(), options.spread);
    let putting = store.clone();
    let (puts_per_second, cpu_us_per_put) = drive(options, clock, move |n| {
        let store = putting.clone();
        async move {
            let value = value(n);
            store
                .transact(move |txn| txn.put(key(n, spread), value))
                .await
                .map_err(|e: StoreError| e)
                .expect("a put is kept");
        }
    })
    .await;
    let syncs = backend.syncs() - before;
    store.close().await;
    Ok(Figure { puts_per_second, cpu_us_per_put, syncs })
}

struct Entry {
    key: Key,
    value: Vec<u8>,
    written: oneshot::Sender<()>,
}

async fn bench_log(options: &Options, clock: &RealClock) -> Result<Figure, Box<dyn Error>> {
    let dir = tempfile::tempdir_in(&options.dir)?;
    let file = preallocate(&dir.path().join("log"), options.puts * ENTRY_BYTES_MAX)?;
    let (sender, queue): (Sender<Entry>, _) = channel();
    let spread = options.spread;
    let writer = std::thread::spawn(move || write_log(&file, &queue));
    let (puts_per_second, cpu_us_per_put) = drive(options, clock, move |n| {
        let sender = sender.clone();
        async move {
            let (written, answer) = oneshot::channel();
            sender.send(Entry { key: key(n, spread), value: value(n), written }).expect("the log is open");
            answer.await.expect("a put is kept");
        }
    })
    .await;
    let syncs = writer.join().expect("the log's thread does not panic")?;
    Ok(Figure { puts_per_second, cpu_us_per_put, syncs })
}

fn preallocate(path: &Path, bytes: u64) -> std::io::Result<File> {
    let file = File::create_new(path)?;
    rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, bytes)?;
    file.sync_all()?;
    Ok(file)
}

/// Answers the number of syncs.
fn write_log(file: &File, queue: &Receiver<Entry>) -> std::io::Result<u64> {
    let (mut offset, mut syncs) = (0, 0);
    let mut buffer = Vec::new();
    let mut waiting = Vec::new();
    while let Ok(first) = queue.recv() {
        let mut next = Some(first);
        while let Some(Entry { key, value, written }) = next.take() {
            buffer.extend_from_slice(&(key.as_bytes().len() as u32).to_le_bytes());
            buffer.extend_from_slice(&(value.len() as u32).to_le_bytes());
            buffer.extend_from_slice(key.as_bytes());
            buffer.extend_from_slice(&value);
            waiting.push(written);
            if waiting.len() < LOG_GROUP_MAX {
                // As the store does: callers that are about to ask may do so.
                next = queue.try_recv().ok().or_else(|| {
                    std::thread::yield_now();
                    queue.try_recv().ok()
                });
            }
        }
        file.write_all_at(&buffer, offset)?;
        file.sync_data()?;
        offset += buffer.len() as u64;
        syncs += 1;
        buffer.clear();
        for written in waiting.drain(..) {
            let _ = written.send(());
        }
    }
    Ok(syncs)
}
