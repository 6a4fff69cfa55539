//! The life of one mapping's task.

use std::sync::Arc;

use tokio::sync::Notify;

use super::reader::{Batches, Ended, read};
use super::ready::Ready;
use crate::error::Error;
use crate::limits::{PROBLEM_PAUSE_FIRST, PROBLEM_PAUSE_MAX};
use crate::model::pauses::growing;
use crate::records::{MappingId, MappingRecord};
use crate::service::Service;

/// Brings the mapping's state to its end after every change, and reads while it is enabled. Ends when the mapping is gone and its
/// last batch is over.
pub(super) async fn live(service: Arc<Service>, id: MappingId, wake: Arc<Notify>) -> MappingId {
    let mut batches = Batches::new();
    let mut problems = 0;
    loop {
        let record = match service.at_rest(&id).await {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(error) => {
                service.recover(error).await;
                continue;
            }
        };
        if !record.enabled && !kernel::sabotaged!("a disabled mapping reads") {
            problems = 0;
            batches.until(wake.notified()).await;
            continue;
        }
        let ended = match Ready::prepare(&service, &id, &record).await {
            Ok(ready) => {
                note(&service, &id, None).await;
                read(&service, ready, &wake, &mut batches).await
            }
            Err(problem) => Ended::Problem { problem, after_work: false },
        };
        match ended {
            Ended::Changed => problems = 0,
            Ended::Problem { problem, after_work } => {
                note(&service, &id, Some(problem)).await;
                problems = if after_work { 0 } else { problems + 1 };
                let due = service.clock.now() + growing(problems, PROBLEM_PAUSE_FIRST, PROBLEM_PAUSE_MAX);
                let pause = service.clock.sleep_until(due);
                batches
                    .until(async {
                        tokio::select! {
                            biased;
                            () = wake.notified() => {}
                            () = pause => {}
                        }
                    })
                    .await;
            }
        }
    }
    batches.end().await;
    id
}

async fn note(service: &Service, id: &MappingId, problem: Option<String>) {
    if let Err(error) = service.note(id, problem).await {
        service.recover(error).await;
    }
}

impl Service {
    /// The record, its state brought to rest. `None`: the mapping is gone.
    async fn at_rest(&self, id: &MappingId) -> Result<Option<MappingRecord>, Error> {
        let Some(record) = self.store.get_record::<MappingRecord>(&id.key())? else { return Ok(None) };
        if record.state.at_rest(record.enabled) == Some(record.state) {
            return Ok(Some(record));
        }
        let (id, now) = (id.clone(), self.clock.wall());
        self.store
            .transact::<_, Error, _>(move |txn| {
                let Some(record) = txn.get_record::<MappingRecord>(&id.key())? else { return Ok(None) };
                let Some(state) = record.state.at_rest(record.enabled) else {
                    txn.delete(id.key());
                    txn.delete(id.notice());
                    return Ok(None);
                };
                let record = MappingRecord { state, last_modified: now, ..record };
                txn.put_record(id.key(), &record)?;
                Ok(Some(record))
            })
            .await
    }

    /// Keeps what stops the mapping, or that nothing does any more.
    async fn note(&self, id: &MappingId, problem: Option<String>) -> Result<(), Error> {
        let known = self.store.get_record::<MappingRecord>(&id.key())?;
        if known.is_none_or(|known| known.problem == problem) {
            return Ok(());
        }
        let id = id.clone();
        self.store
            .transact::<_, Error, _>(move |txn| {
                let Some(record) = txn.get_record::<MappingRecord>(&id.key())? else { return Ok(()) };
                Ok(txn.put_record(id.key(), &MappingRecord { problem, ..record })?)
            })
            .await
    }
}
