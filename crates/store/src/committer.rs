//! One thread takes what callers want to change, lets it run one after the other, and commits a whole group at once.
//!
//! While one group is on its way to the disk (see `releaser`) the next one gathers, runs and is committed, so the busier
//! the store is, the more callers share a sync; nothing ever waits for company. A caller who finds nobody else does all of
//! it on its own thread (see `seat`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use crate::backend::{Backend, CommitError, Snapshot};
use crate::error::StoreError;
use crate::limits::{GROUP_BYTES_MAX, GROUP_COMMANDS_MAX};
use crate::releaser::{Alone, Group, Releaser, tell};
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

pub(crate) struct Committer {
    backend: Arc<dyn Backend>,
    releaser: Releaser,
    /// The state with everything that was committed.
    latest: Arc<dyn Snapshot>,
    /// Of the group that comes next.
    number: u64,
}

/// Answers of a group, sorted by what they wait for.
#[derive(Default)]
pub(crate) struct Waiting {
    written: Vec<(Answer, OwnedSemaphorePermit)>,
    pub(crate) durable: Vec<(Answer, OwnedSemaphorePermit)>,
    /// Something was changed whose caller waits for the disk.
    pub(crate) needs_sync: bool,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.written.is_empty() && self.durable.is_empty()
    }

    fn everyone(self) -> impl Iterator<Item = (Answer, OwnedSemaphorePermit)> {
        self.written.into_iter().chain(self.durable)
    }
}

/// The store cannot go on.
pub(crate) struct Ended;

impl Committer {
    pub(crate) fn new(backend: Arc<dyn Backend>, releaser: Releaser) -> Self {
        let latest = backend.snapshot();
        Self { backend, releaser, latest, number: 1 }
    }

    /// Returns when everything that was committed is synced.
    pub(crate) fn finish(self) {
        self.releaser.finish();
    }

    /// Runs and commits one group: `first`, and those that `next` gives. Their answers go when it is synced.
    pub(crate) fn commit(&mut self, first: Queued, next: impl Fn() -> Option<Queued>) -> Result<(), Ended> {
        let (txn, waiting) = self.run_group(first, next);
        match self.commit_group(txn, waiting)? {
            Some(group) => self.releaser.release(group),
            None => Ok(()),
        }
    }

    /// Runs and commits a group of one, and gives it back for its sync.
    pub(crate) fn commit_alone(&mut self, only: Queued) -> Result<Option<Group>, Ended> {
        let (txn, waiting) = self.run_group(only, || None);
        self.commit_group(txn, waiting)
    }

    /// The number that the next group gets, and the way for it to be let go by its caller.
    pub(crate) fn next_alone(&self) -> (u64, Alone) {
        (self.number, self.releaser.alone())
    }

    fn run_group(&self, first: Queued, next: impl Fn() -> Option<Queued>) -> (Txn, Waiting) {
        let mut txn = Txn::begin_group(self.latest.clone(), self.number, self.releaser.released());
        let mut waiting = Waiting::default();
        run_command(first, &mut txn, &mut waiting);
        for _ in 1..GROUP_COMMANDS_MAX {
            if txn.group_bytes() >= GROUP_BYTES_MAX {
                break;
            }
            let Some(next) = next() else { break };
            run_command(next, &mut txn, &mut waiting);
        }
        (txn, waiting)
    }

    fn commit_group(&mut self, txn: Txn, mut waiting: Waiting) -> Result<Option<Group>, Ended> {
        let (batch, early) = txn.into_changes();
        let wrote = !batch.is_empty();
        if !wrote && waiting.is_empty() {
            // Nobody has to wait for this group.
            return Ok(None);
        }
        self.releaser.check()?;
        if kernel::sabotaged!("answers before the commit") {
            tell(std::mem::take(&mut waiting.durable).into_iter(), &Ok(()));
        }
        match self.backend.commit(batch) {
            Ok(()) => {}
            Err(CommitError::Refused(why)) => {
                tracing::error!(reason = why, "writes are refused");
                tell(waiting.everyone(), &Err(StoreError::Refused(why.into())));
                return Ok(None);
            }
            Err(CommitError::Fatal(error)) => return Err(self.releaser.end("a write", &error)),
        }
        if wrote {
            self.latest = self.backend.snapshot();
        }
        let number = self.number;
        self.number += 1;
        if !early.is_empty() {
            self.releaser.show_early(number, early);
        }
        tell(std::mem::take(&mut waiting.written).into_iter(), &Ok(()));
        Ok(Some(Group { number, after: self.latest.clone(), wrote, waiting }))
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
