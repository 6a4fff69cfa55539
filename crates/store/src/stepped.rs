//! The committer and the releaser as one future instead of two threads: what a simulation runs, in its one thread and on
//! its own time. What they do is theirs; this says only when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;

use kernel::{BoxFuture, Clock};
use tokio::sync::Notify;

use crate::committer::{Committer, Ended, Queued};
use crate::limits::GROUPS_UNDER_WAY_MAX;
use crate::releaser::Releasing;

/// What the disk is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskStep {
    Write,
    Sync,
}

/// Returns when the disk has taken the time that a step takes.
pub type Pace = Arc<dyn Fn(DiskStep) -> BoxFuture<'static, ()> + Send + Sync>;

/// The work of a store that was made by [`Store::stepped`](crate::Store::stepped).
#[must_use = "without it nothing is committed: run it as a task"]
pub struct Steps {
    pub(crate) committer: Committer,
    pub(crate) queue: Receiver<Queued>,
    pub(crate) releasing: Releasing,
    pub(crate) submitted: Arc<Notify>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pace: Pace,
}

/// What the two halves tell each other.
#[derive(Default)]
struct Between {
    committed: Notify,
    released: Notify,
    under_way: AtomicUsize,
}

impl Steps {
    /// Runs until the store cannot go on.
    pub async fn run(self) {
        let Self { committer, queue, releasing, submitted, clock, pace } = self;
        let between = Between::default();
        tokio::select! {
            biased;
            _ = commit(committer, queue, &submitted, &pace, &between) => {}
            _ = release(releasing, &*clock, &pace, &between) => {}
        }
    }
}

async fn commit(
    mut committer: Committer,
    queue: Receiver<Queued>,
    submitted: &Notify,
    pace: &Pace,
    between: &Between,
) -> Result<(), Ended> {
    loop {
        submitted.notified().await;
        while let Ok(first) = queue.try_recv() {
            // Those who ask meanwhile gather.
            pace(DiskStep::Write).await;
            while between.under_way.load(Ordering::Relaxed) >= GROUPS_UNDER_WAY_MAX {
                between.released.notified().await;
            }
            between.under_way.fetch_add(1, Ordering::Relaxed);
            committer.commit(first, || queue.try_recv().ok())?;
            between.committed.notify_one();
        }
    }
}

async fn release(releasing: Releasing, clock: &dyn Clock, pace: &Pace, between: &Between) -> Result<(), Ended> {
    loop {
        let left = releasing.left();
        let overdue = async {
            match left {
                Some(left) => clock.pause(left).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = between.committed.notified() => {}
            () = overdue => {}
        }
        let groups = releasing.gather();
        between.under_way.store(0, Ordering::Relaxed);
        if releasing.needs_sync(&groups) {
            pace(DiskStep::Sync).await;
        }
        releasing.let_go(groups)?;
        between.released.notify_one();
    }
}
