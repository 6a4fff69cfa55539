//! What becomes of an event, written. While the disk is full it waits here: an event that has run must not run again, or be told as
//! given up, only because that could not be written.

use store::{StoreError, Txn};

use crate::error::Error;
use crate::events::Event;
use crate::limits::FULL_DISK_PAUSE;
use crate::records::EventRecord;
use crate::service::Shared;

pub async fn keep(shared: &Shared, event: &Event, record: &EventRecord) -> Result<(), Error> {
    let key = event.place.event(&event.function, &event.request_id);
    let record = record.clone();
    write(shared, event, move |txn| Ok(txn.put_record(key.clone(), &record)?)).await
}

pub async fn forget(shared: &Shared, event: &Event) -> Result<(), Error> {
    let over = event.clone();
    let gone = move |txn: &mut Txn| {
        txn.delete(over.place.event(&over.function, &over.request_id));
        txn.delete(over.place.event_payload(&over.function, &over.request_id));
        Ok(())
    };
    write(shared, event, gone).await?;
    shared.events.finished();
    Ok(())
}

/// Tries until the disk takes it, or the server ends.
async fn write(
    shared: &Shared,
    event: &Event,
    change: impl Fn(&mut Txn) -> Result<(), Error> + Clone + Send + 'static,
) -> Result<(), Error> {
    loop {
        match shared.store.transact(change.clone()).await {
            Err(Error::Store(error @ StoreError::Refused(_))) => {
                tracing::error!(%error, function = event.function, "what became of an event cannot be written yet");
                shared.clock.pause(FULL_DISK_PAUSE).await;
            }
            done => return done,
        }
    }
}
