//! The committer's seat. Its thread sits there whenever somebody is queued; a caller who finds nobody queued and nobody
//! waiting takes it for one command, and syncs its own change: what wakes no other thread is answered sooner.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use tokio::runtime::{Handle, RuntimeFlavor};

use crate::committer::{Committer, Queued};

#[derive(Clone)]
pub(crate) struct Seat {
    /// Gone once the store is closed or has ended.
    committer: Arc<Mutex<Option<Committer>>>,
}

impl Seat {
    pub(crate) fn new(committer: Committer) -> Self {
        Self { committer: Arc::new(Mutex::new(Some(committer))) }
    }

    /// The thread's work: returns when the queue is closed and everything is synced, or when the store cannot go on.
    pub(crate) fn run(self, queue: &Receiver<Queued>) {
        while let Ok(first) = queue.recv() {
            let mut committer = self.sit();
            let Some(committer) = committer.as_mut() else { break };
            if committer.commit(first, || runnable_command(queue)).is_err() {
                break;
            }
        }
        let committer = self.sit().take();
        if let Some(committer) = committer {
            committer.finish();
        }
    }

    /// Serves a caller who is alone, here and now. `Err` gives the command back: the seat is taken, or whoever shares this
    /// thread would have to wait too long.
    pub(crate) fn serve_alone(&self, only: Queued) -> Result<(), Queued> {
        if !others_go_on() {
            return Err(only);
        }
        let mut seat = match self.committer.try_lock() {
            Ok(seat) => seat,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(only),
        };
        let Some(committer) = seat.as_mut() else { return Err(only) };
        let (number, alone) = committer.next_alone();
        let Some(turn) = alone.turn(number) else { return Err(only) };
        let group = committer.commit_alone(only);
        drop(seat);
        if let Ok(Some(group)) = group {
            // Of a store that cannot go on the next caller hears.
            let _ = turn.let_go(group);
        }
        Ok(())
    }

    fn sit(&self) -> MutexGuard<'_, Option<Committer>> {
        self.committer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets callers that are about to ask do so, without waiting for anybody.
fn runnable_command(queue: &Receiver<Queued>) -> Option<Queued> {
    queue.try_recv().ok().or_else(|| {
        std::thread::yield_now();
        queue.try_recv().ok()
    })
}

/// Whether this thread's runtime has another one that goes on while this one waits for the disk.
fn others_go_on() -> bool {
    Handle::try_current().is_ok_and(|runtime| {
        runtime.runtime_flavor() == RuntimeFlavor::MultiThread && runtime.metrics().num_workers() > 1
    })
}
