//! One thread takes what callers want to change, lets it run one after the other, and commits a whole group at once.
//!
//! While one group is on its way to the disk the next one gathers in the queue, so the busier the store is, the more
//! callers share a sync; nothing ever waits for company.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use kernel::Clock;
use tokio::sync::OwnedSemaphorePermit;

use crate::backend::{Backend, CommitError, Direction, Snapshot};
use crate::error::StoreError;
use crate::key::{Key, KeyRange};
use crate::limits::{GROUP_BYTES_MAX, GROUP_COMMANDS_MAX, UNSYNCED_MAX};
use crate::overlay::{Overlay, scan_through};
use crate::txn::{Release, Txn};

/// What an acknowledged write has survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Durability {
    /// A power cut: the disk has it.
    #[default]
    Durable,
    /// The death of the process: the operating system has it, and the disk within 100 ms.
    Relaxed,
    /// Nothing: it is gone with the process.
    Memory,
}

/// Called when the store cannot go on, with the last words of the log. Unless a test takes its place it does not
/// return: the process ends, because after a failed sync nobody knows what is on the disk.
pub type OnFatal = Arc<dyn Fn(&str) + Send + Sync>;

/// What one caller wants done.
pub(crate) type Command = Box<dyn FnOnce(&mut Txn) -> Done + Send>;

/// What it did: whether its changes are kept, whether the answer shows nothing that waits for the disk, and how to
/// tell the caller.
pub(crate) struct Done {
    pub(crate) kept: bool,
    pub(crate) at_once: bool,
    pub(crate) answer: Answer,
}

pub(crate) type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

pub(crate) struct Queued {
    pub(crate) command: Command,
    /// Its place in the queue, free again once it is answered.
    pub(crate) _place: OwnedSemaphorePermit,
}

/// What readers outside of transactions see: nothing that could still be lost, save what was already answered.
#[derive(Clone)]
pub(crate) struct View {
    below: Arc<dyn Snapshot>,
    early: Arc<Overlay>,
}

impl View {
    pub(crate) fn new(below: Arc<dyn Snapshot>) -> Self {
        Self { below, early: Arc::default() }
    }

    pub(crate) fn get(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        match self.early.get(key) {
            Some(change) => Ok(change),
            None => self.below.get(key),
        }
    }

    pub(crate) fn scan(
        &self,
        range: &KeyRange,
        limit: usize,
        direction: Direction,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        scan_through(&*self.below, &[&self.early], range, limit, direction)
    }
}

pub(crate) type Visible = Arc<RwLock<View>>;

pub(crate) struct Committer {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) durability: Durability,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) visible: Visible,
    pub(crate) on_fatal: OnFatal,
    pub(crate) queue: Receiver<Queued>,
}

/// Answers of a group, sorted by what they wait for.
#[derive(Default)]
struct Waiting {
    written: Vec<(Answer, OwnedSemaphorePermit)>,
    durable: Vec<(Answer, OwnedSemaphorePermit)>,
    /// Something was changed whose caller waits for the disk.
    needs_sync: bool,
}

impl Waiting {
    fn everyone(self) -> impl Iterator<Item = (Answer, OwnedSemaphorePermit)> {
        self.written.into_iter().chain(self.durable)
    }
}

/// The store cannot go on.
struct Ended;

impl Committer {
    pub(crate) fn run(self) {
        let mut latest = self.backend.snapshot();
        let mut group_number = 0;
        let mut unsynced_since: Option<Duration> = None;
        loop {
            match self.next_command(unsynced_since) {
                Ok(first) => {
                    group_number += 1;
                    let (txn, waiting) = self.run_group(first, Txn::begin_group(latest.clone(), group_number));
                    match self.commit_group(txn, waiting, &mut unsynced_since) {
                        Ok(Some(newer)) => latest = newer,
                        Ok(None) => {}
                        Err(Ended) => return,
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if unsynced_since.is_some_and(|since| self.clock.monotonic() >= since + UNSYNCED_MAX) {
                if self.sync().is_err() {
                    return;
                }
                unsynced_since = None;
            }
        }
        // A clean close leaves nothing to the operating system.
        let _ = self.sync();
    }

    fn next_command(&self, unsynced_since: Option<Duration>) -> Result<Queued, RecvTimeoutError> {
        match unsynced_since {
            None => self.queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(since) => self.queue.recv_timeout((since + UNSYNCED_MAX).saturating_sub(self.clock.monotonic())),
        }
    }

    fn run_group(&self, first: Queued, mut txn: Txn) -> (Txn, Waiting) {
        let mut waiting = Waiting::default();
        run_command(first, &mut txn, &mut waiting);
        for _ in 1..GROUP_COMMANDS_MAX {
            if txn.group_bytes() >= GROUP_BYTES_MAX {
                break;
            }
            let Some(next) = self.runnable_command() else { break };
            run_command(next, &mut txn, &mut waiting);
        }
        (txn, waiting)
    }

    /// Lets callers that are about to ask do so, without waiting for anybody.
    fn runnable_command(&self) -> Option<Queued> {
        self.queue.try_recv().ok().or_else(|| {
            std::thread::yield_now();
            self.queue.try_recv().ok()
        })
    }

    /// Answers the state after the commit, or nothing if there was nothing to commit.
    fn commit_group(
        &self,
        txn: Txn,
        waiting: Waiting,
        unsynced_since: &mut Option<Duration>,
    ) -> Result<Option<Arc<dyn Snapshot>>, Ended> {
        let (batch, early) = txn.into_changes();
        if batch.is_empty() {
            tell(waiting.everyone(), &Ok(()));
            return Ok(None);
        }
        match self.backend.commit(batch) {
            Ok(()) => {}
            Err(CommitError::Refused(why)) => {
                tracing::error!(reason = why, "writes are refused");
                tell(waiting.everyone(), &Err(StoreError::Refused(why.into())));
                return Ok(None);
            }
            Err(CommitError::Fatal(error)) => return Err(self.end("a write", &error)),
        }
        let newer = self.backend.snapshot();
        if self.durability != Durability::Relaxed && waiting.needs_sync {
            if !early.is_empty() {
                self.show_early(early);
            }
            tell(waiting.written.into_iter(), &Ok(()));
            self.sync()?;
            *unsynced_since = None;
            self.show(View::new(newer.clone()));
            tell(waiting.durable.into_iter(), &Ok(()));
        } else {
            unsynced_since.get_or_insert_with(|| self.clock.monotonic());
            self.show(View::new(newer.clone()));
            tell(waiting.everyone(), &Ok(()));
        }
        Ok(Some(newer))
    }

    fn sync(&self) -> Result<(), Ended> {
        self.backend.sync().map_err(|error| self.end("a sync", &error))
    }

    fn show(&self, view: View) {
        *self.visible.write().unwrap_or_else(PoisonError::into_inner) = view;
    }

    /// Whoever was told that their write is there must be able to read it, even while it waits for the sync of others.
    fn show_early(&self, early: Overlay) {
        let mut visible = self.visible.write().unwrap_or_else(PoisonError::into_inner);
        visible.early = Arc::new(early);
    }

    fn end(&self, what: &str, error: &std::io::Error) -> Ended {
        let words = format!(
            "{what} to the data folder failed ({error}); ending, because what is on the disk is no longer known. \
             What was answered as durable is safe; check the disk and start again"
        );
        tracing::error!("{words}");
        (self.on_fatal)(&words);
        Ended
    }
}

fn run_command(queued: Queued, txn: &mut Txn, waiting: &mut Waiting) {
    let Queued { command, _place: place } = queued;
    // A panic drops the answer's sender, which the caller sees; its changes are taken back like those of an error.
    let Ok(Done { kept, at_once, answer }) = catch_unwind(AssertUnwindSafe(|| command(txn))) else {
        tracing::error!("a transaction panicked and was abandoned");
        txn.end_command(false);
        return;
    };
    let reveals_nothing = txn.reveals_nothing();
    let (wrote, release) = txn.end_command(kept);
    if reveals_nothing || (at_once && !wrote) {
        answer(Ok(()));
        return;
    }
    waiting.needs_sync |= wrote && release == Release::Durable;
    let waits = if wrote && release < Release::Durable { &mut waiting.written } else { &mut waiting.durable };
    waits.push((answer, place));
}

fn tell(answers: impl Iterator<Item = (Answer, OwnedSemaphorePermit)>, outcome: &Result<(), StoreError>) {
    for (answer, _place) in answers {
        answer(outcome.clone());
    }
}
