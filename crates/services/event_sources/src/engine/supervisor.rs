//! Starts a task for every mapping, and wakes it when its record has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use store::{Direction, KeyRange};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::mapping::live;
use crate::error::Error;
use crate::records::{MappingId, notices};
use crate::service::Service;

/// Mappings whose records have changed since the supervisor last looked.
#[derive(Default)]
pub(crate) struct Wanted {
    ids: Mutex<BTreeSet<MappingId>>,
    look: Notify,
}

impl Wanted {
    pub(crate) fn changed(&self, id: MappingId) {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        self.look.notify_one();
    }

    fn take(&self) -> BTreeSet<MappingId> {
        std::mem::take(&mut *self.ids.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Runs until it is dropped; every mapping's task goes with it.
pub(crate) async fn supervise(service: Arc<Service>) {
    while let Err(error) = recall(&service) {
        service.recover(error).await;
    }
    let mut tasks: JoinSet<MappingId> = JoinSet::new();
    let mut wakes: BTreeMap<MappingId, (Arc<Notify>, tokio::task::Id)> = BTreeMap::new();
    loop {
        for id in service.wanted.take() {
            match wakes.get(&id) {
                Some((wake, _)) => wake.notify_one(),
                None => {
                    let wake = Arc::new(Notify::new());
                    let task = tasks.spawn(live(service.clone(), id.clone(), wake.clone()));
                    wakes.insert(id, (wake, task.id()));
                }
            }
        }
        tokio::select! {
            biased;
            Some(ended) = tasks.join_next(), if !tasks.is_empty() => match ended {
                Ok(id) => drop(wakes.remove(&id)),
                Err(error) => {
                    tracing::error!(%error, "a mapping's task ended before its mapping");
                    // The next change of the mapping starts it again.
                    wakes.retain(|_, (_, task)| *task != error.id());
                }
            },
            () = service.wanted.look.notified() => {}
        }
    }
}

/// What was there when the server last ended.
fn recall(service: &Service) -> Result<(), Error> {
    let all = KeyRange::prefix(&notices());
    for (key, _) in service.store.scan(&all, usize::MAX, Direction::Forward)? {
        if let Some(id) = MappingId::of_notice(&key) {
            service.wanted.changed(id);
        }
    }
    Ok(())
}
