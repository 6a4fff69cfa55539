//! Background work: delivering to subscribed functions, and deleting what has expired or was deleted.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use kernel::{BoxFuture, Timestamp};
use store::{Direction, Key, KeyRange, Part, StoreError};

use crate::error::{Error, Result};
use crate::limits::{EVENT_OVERHEAD_BYTES, RECORDS_PER_SCAN, SWEEP_KEYS, SWEEP_PAUSE_MIN};
use crate::model::chunk;
use crate::records::{Group, Place, SERVICE, Stream, chunk_first, read_size, write_size};
use crate::service::Service;

/// The pause after a task failed on the disk.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);

impl Service {
    /// The room's tasks, each with its name. They run until they are dropped, and may be dropped at any time.
    pub fn tasks(self: &Arc<Self>) -> Vec<(&'static str, BoxFuture<'static, ()>)> {
        let (deliver, sweep) = (self.clone(), self.clone());
        vec![
            ("logs-delivery", Box::pin(async move { deliver.run_delivery().await })),
            ("logs-sweep", Box::pin(async move { sweep.run_sweep().await })),
        ]
    }

    async fn run_delivery(&self) {
        loop {
            let next = self.deliver_everywhere().await;
            tokio::select! {
                biased;
                () = self.outbox.notified() => {}
                () = self.wait(next, Timestamp::default()) => {}
            }
        }
    }

    async fn deliver_everywhere(&self) -> Result<Option<Timestamp>> {
        let mut next: Option<Timestamp> = None;
        for place in self.places()? {
            let due = self.deliver_due(&place).await?;
            next = next.into_iter().chain(due).min();
        }
        Ok(next)
    }

    async fn run_sweep(&self) {
        loop {
            self.sweep_due.store(i64::MAX, Ordering::Relaxed);
            let not_before = self.now() + SWEEP_PAUSE_MIN;
            let next = self.sweep_everywhere().await;
            if let Ok(Some(due)) = &next {
                self.sweep_due.fetch_min(due.millis(), Ordering::Relaxed);
            }
            tokio::select! {
                biased;
                () = self.sweep.notified() => {}
                () = self.wait(next, not_before) => {}
            }
        }
    }

    /// Waits until something is due, but at least until `not_before`; for ever when nothing is or the store has ended.
    async fn wait(&self, next: Result<Option<Timestamp>>, not_before: Timestamp) {
        match next {
            Ok(Some(due)) => self.clock.sleep_until(due.max(not_before)).await,
            // The server stops: this task is about to be dropped.
            Ok(None) | Err(Error::Store(StoreError::Ended)) => std::future::pending().await,
            Err(error) => {
                tracing::error!(%error, "background work failed");
                self.clock.pause(FAILURE_PAUSE).await;
            }
        }
    }

    /// Every account and region that anything is kept for.
    pub(crate) fn places(&self) -> Result<Vec<Place>> {
        let places = self.store.places(SERVICE)?;
        Ok(places.into_iter().map(|(account, region)| Place { account, region }).collect())
    }

    /// Deletes leftovers and expired events. Answers when the next events expire.
    pub(crate) async fn sweep_everywhere(&self) -> Result<Option<Timestamp>> {
        let mut next: Option<Timestamp> = None;
        for place in self.places()? {
            self.sweep_leftovers(&place).await?;
            next = next.into_iter().chain(self.sweep_expired(&place).await?).min();
        }
        Ok(next)
    }

    async fn sweep_leftovers(&self, place: &Place) -> Result<()> {
        let all = KeyRange::prefix(&place.leftovers());
        while let Some((key, _)) = self.store.scan(&all, 1, Direction::Forward)?.pop() {
            let numbers: Vec<u64> = key.parts().unwrap_or_default().iter().skip(4).filter_map(Part::number).collect();
            match *numbers.as_slice() {
                [group] => {
                    self.delete_all(place.streams(group)).await?;
                    self.delete_all(place.group_chunks(group)).await?;
                }
                [group, stream] => {
                    self.delete_all(place.chunks(group, u32::try_from(stream).unwrap_or(u32::MAX))).await?;
                }
                _ => {}
            }
            self.delete_keys(vec![key]).await?;
        }
        Ok(())
    }

    /// Deletes everything below `prefix`, in small commits.
    async fn delete_all(&self, prefix: Key) -> Result<()> {
        let mut range = KeyRange::prefix(&prefix);
        loop {
            let found = self.store.scan(&range, SWEEP_KEYS, Direction::Forward)?;
            // What was deleted is not read again.
            let Some((last, _)) = found.last() else { return Ok(()) };
            range = range.continued_after(last);
            self.delete_keys(found.into_iter().map(|(key, _)| key).collect()).await?;
        }
    }

    async fn delete_keys(&self, keys: Vec<Key>) -> Result<()> {
        self.store
            .transact(move |txn| {
                keys.into_iter().for_each(|key| txn.delete(key));
                Ok::<_, Error>(())
            })
            .await
    }

    async fn sweep_expired(&self, place: &Place) -> Result<Option<Timestamp>> {
        let mut next: Option<Timestamp> = None;
        let mut range = KeyRange::prefix(&place.groups());
        loop {
            let groups = self.store.scan_records::<Group>(&range, RECORDS_PER_SCAN, Direction::Forward)?;
            let Some((last, _)) = groups.last() else { return Ok(next) };
            range = range.continued_after(last);
            for (key, group) in groups {
                let Some(days) = group.retention_days else { continue };
                let kept = i64::from(days) * 24 * 3600 * 1000;
                for (name, stream) in self.all_streams(place, group.id, "")? {
                    let swept = Swept {
                        group_key: key.clone(),
                        stream_key: place.stream(group.id, &name),
                        group: group.id,
                        stream: stream.id,
                    };
                    let due = self.sweep_stream(place, swept, kept).await?;
                    next = next.into_iter().chain(due).min();
                }
            }
        }
    }

    /// Deletes the chunks of a stream of which every event has expired. Chunks are in order of their first event; one that
    /// stays may have expired ones behind it, which go at the next sweep: reading hides what has expired at once.
    async fn sweep_stream(&self, place: &Place, swept: Swept, kept_ms: i64) -> Result<Option<Timestamp>> {
        loop {
            let range = KeyRange::prefix(&place.chunks(swept.group, swept.stream));
            let chunks = self.store.scan(&range, SWEEP_KEYS, Direction::Forward)?;
            let read = chunks.len();
            let (mut expired, mut bytes, mut next) = (Vec::new(), 0u64, None);
            for (key, chunk) in chunks {
                let first = chunk_first(&key).ok_or(Error::DamagedChunk)?;
                let (header, events) = chunk::decode(swept.stream, first, chunk)?;
                let last_due = header.last_timestamp.saturating_add(header.clock_ahead).saturating_add(kept_ms);
                if last_due >= self.now().millis() {
                    next = Some(Timestamp::from_millis(last_due.saturating_add(1)));
                    break;
                }
                bytes += events.iter().map(|event| (event.message.len() + EVENT_OVERHEAD_BYTES) as u64).sum::<u64>();
                expired.push(key);
            }
            let deleted = expired.len();
            if deleted > 0 {
                self.delete_expired(place, swept.clone(), expired, bytes).await?;
            }
            if deleted < read || read < SWEEP_KEYS {
                return Ok(next);
            }
        }
    }

    async fn delete_expired(&self, place: &Place, swept: Swept, expired: Vec<Key>, bytes: u64) -> Result<()> {
        let size_key = place.size(swept.group);
        self.store
            .transact(move |txn| {
                expired.into_iter().for_each(|key| txn.delete(key));
                // Group or stream may have been deleted meanwhile; what they counted went with them.
                let group = txn.get_record::<Group>(&swept.group_key)?.filter(|group| group.id == swept.group);
                let stream = txn.get_record::<Stream>(&swept.stream_key)?.filter(|stream| stream.id == swept.stream);
                if let (Some(_), Some(mut stream)) = (group, stream) {
                    let size = read_size(txn.get(&size_key)?.as_ref());
                    txn.put(size_key, write_size(size.saturating_sub(bytes)))?;
                    stream.bytes = stream.bytes.saturating_sub(bytes);
                    txn.put_record(swept.stream_key, &stream)?;
                }
                Ok::<_, Error>(())
            })
            .await
    }
}

/// The stream that is being swept.
#[derive(Clone)]
struct Swept {
    group_key: Key,
    stream_key: Key,
    group: u64,
    stream: u32,
}
