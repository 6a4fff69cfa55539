//! The engine in memory as a disk with moods.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::{BoxFuture, Clock};
use store::DiskStep;
use store::backend::mem::Mem;
use store::backend::{Backend, Batch, CommitError, Snapshot};

use crate::chance::Dice;
use crate::clock::SimClock;
use crate::trace::Trace;

/// Microseconds of a write and of a sync on a good day.
const WRITE_US: (u64, u64) = (10, 200);
const SYNC_US: (u64, u64) = (100, 3_000);
/// How many times longer a slow disk takes.
const SLOW: u64 = 100;

/// What is wrong with the disk.
#[derive(Clone, Debug, Default)]
pub struct Moods {
    /// So many of the next commits are refused: the disk is full.
    pub refuse_commits: u32,
    /// The next commit fails, and nobody knows what is on disk.
    pub fail_commit: bool,
    /// The next sync fails.
    pub fail_sync: bool,
    /// Until then (monotonic) everything takes longer.
    pub slow_until: Duration,
}

/// A disk; it outlives the process.
#[derive(Clone)]
pub struct Disk {
    mem: Mem,
    clock: SimClock,
    moods: Arc<Mutex<Moods>>,
    dice: Arc<Mutex<Dice>>,
    trace: Trace,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk {
    pub(crate) fn new(clock: SimClock, dice: Dice, trace: Trace) -> Self {
        Self { mem: Mem::default(), clock, moods: Arc::default(), dice: Arc::new(Mutex::new(dice)), trace }
    }

    pub fn moods(&self) -> MutexGuard<'_, Moods> {
        lock(&self.moods)
    }

    /// What a power cut leaves: everything synced, and perhaps some of what came after it.
    pub(crate) fn cut_power(&mut self) {
        let unsynced = self.mem.unsynced_commits();
        let kept = lock(&self.dice).below(unsynced + 1);
        self.trace.say(format_args!("disk: power cut takes {} of {unsynced} unsynced commits", unsynced - kept));
        self.mem = self.mem.after_power_cut_with(kept);
    }

    /// How long the disk takes for a step, as the store asks it.
    pub(crate) fn pace(&self) -> store::Pace {
        let disk = self.clone();
        Arc::new(move |step| disk.takes(step))
    }

    fn takes(&self, step: DiskStep) -> BoxFuture<'static, ()> {
        let (from, to) = match step {
            DiskStep::Write => WRITE_US,
            DiskStep::Sync => SYNC_US,
        };
        let slow = self.clock.monotonic() < self.moods().slow_until;
        let micros = lock(&self.dice).between(from, to) * if slow { SLOW } else { 1 };
        self.clock.pause(Duration::from_micros(micros))
    }
}

/// FNV-1a over all keys and values. Source: RFC 9923.
fn digest(batch: &Batch) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut take = |bytes: &[u8]| {
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for (key, value) in batch {
        take(key.as_bytes());
        take(value.as_deref().unwrap_or(b"-"));
    }
    hash
}

impl Backend for Disk {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        self.mem.snapshot()
    }

    fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        let mut moods = self.moods();
        if moods.fail_commit {
            moods.fail_commit = false;
            self.trace.say(format_args!("disk: a write fails"));
            return Err(CommitError::Fatal(std::io::Error::other("input/output error (simulated)")));
        }
        if moods.refuse_commits > 0 && !batch.is_empty() {
            moods.refuse_commits -= 1;
            self.trace.say(format_args!("disk: a write of {} keys is refused", batch.len()));
            return Err(CommitError::Refused("the disk is full (simulated)".to_owned()));
        }
        drop(moods);
        self.trace.say(format_args!("disk: {} keys {:016x}", batch.len(), digest(&batch)));
        self.mem.commit(batch)
    }

    fn sync(&self) -> Result<(), std::io::Error> {
        if std::mem::take(&mut self.moods().fail_sync) {
            self.trace.say(format_args!("disk: a sync fails"));
            return Err(std::io::Error::other("input/output error (simulated)"));
        }
        self.mem.sync()
    }
}
