use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use api_logs::types::{InputLogEvent, PutLogEventsRequest, PutLogEventsResponse, RejectedLogEventsInfo};
use bytes::Bytes;
use kernel::{Cx, Timestamp};
use store::{Release, Txn};

use crate::error::{Error, Result};
use crate::limits::CHUNK_BYTES_MAX;
use crate::model::batch::{self, Sorted};
use crate::model::chunk::{self, Event, Header};
use crate::model::position::Position;
use crate::records::{Group, LiveBatch, Outgoing, Place, Stream, read_size, write_size};
use crate::service::Service;

/// A batch on its way into the store.
struct Batch {
    place: Place,
    group: String,
    stream: String,
    events: Arc<Vec<InputLogEvent>>,
    wall: i64,
    now: Timestamp,
}

/// What became of it.
struct Accepted {
    sorted: Sorted,
    stream: u32,
    sequence: u64,
    subscribed: bool,
    /// Due time at which the last of its events is gone.
    expires: Option<i64>,
}

impl Service {
    /// Takes a batch: one small commit that is answered when the operating system has it.
    pub(crate) async fn put_events(&self, cx: &Cx, input: PutLogEventsRequest) -> Result<PutLogEventsResponse> {
        let events = Arc::new(input.log_events);
        let batch = Batch {
            place: Place::of(cx),
            group: input.log_group_name,
            stream: input.log_stream_name,
            events: events.clone(),
            wall: self.wall(),
            now: self.now(),
        };
        let (wall, place) = (batch.wall, batch.place.clone());
        let names = (self.live.receiver_count() > 0).then(|| (batch.group.clone(), batch.stream.clone()));
        let accepted = self
            .store
            .transact(move |txn| {
                txn.release(Release::Written);
                accept(txn, &batch)
            })
            .await?;
        if accepted.subscribed {
            self.outbox.notify_one();
        }
        if let Some(expires) = accepted.expires
            && self.sweep_due.fetch_min(expires, Ordering::Relaxed) > expires
        {
            self.sweep.notify_one();
        }
        if let Some((group, stream)) = names {
            let events = live_events(&events, &accepted, wall);
            // Nobody may be listening any more.
            let _ = self.live.send(Arc::new(LiveBatch { place, group, stream, events }));
        }
        Ok(answer(&accepted, wall))
    }
}

/// The part that runs inside the transaction.
fn accept(txn: &mut Txn, batch: &Batch) -> Result<Accepted> {
    let Batch { place, wall, .. } = batch;
    let group: Group = txn.get_record(&place.group(&batch.group))?.ok_or(Error::NoSuchGroup)?;
    let key = place.stream(group.id, &batch.stream);
    let mut stream: Stream = txn.get_record(&key)?.ok_or(Error::NoSuchStream)?;
    let events: Vec<(i64, &str)> = batch.events.iter().map(|event| (event.timestamp, event.message.as_str())).collect();
    let retention = retention(&group);
    let sorted = batch::sort(&events, Timestamp::from_millis(*wall), retention)?;
    let sequence = stream.sequence;
    let mut accepted = Accepted { sorted, stream: stream.id, sequence, subscribed: false, expires: None };
    let start = accepted.sorted.taken.start;
    let taken = events.get(accepted.sorted.taken.clone()).unwrap_or_default();
    let (Some((first, _)), Some((last, _))) = (taken.first(), taken.last()) else { return Ok(accepted) };

    let clock_ahead = batch.now.millis().saturating_sub(*wall);
    let mut index = u32::try_from(start).unwrap_or(u32::MAX);
    for part in parts(taken) {
        let (Some((first, _)), Some((last, _))) = (part.first(), part.last()) else { continue };
        stream.span = stream.span.max(last - first);
        let position = position(*first, *wall, stream.id, sequence, index);
        if let Some(chunk) = chunk::encode(Header::new(*wall, clock_ahead, sequence, index), part) {
            txn.put(place.chunk(group.id, position), chunk)?;
        }
        index = index.saturating_add(u32::try_from(part.len()).unwrap_or(u32::MAX));
    }
    let bytes = taken.iter().map(|(_, message)| batch::event_bytes(message) as u64).sum::<u64>();
    let size = read_size(txn.get(&place.size(group.id))?.as_ref());
    txn.put(place.size(group.id), write_size(size.saturating_add(bytes)))?;
    stream.bytes = stream.bytes.saturating_add(bytes);
    stream.first = Some(stream.first.map_or(*first, |earliest| earliest.min(*first)));
    stream.last = Some(stream.last.map_or(*last, |latest| latest.max(*last)));
    stream.ingested = Some(*wall);
    stream.sequence += 1;
    txn.put_record(key, &stream)?;

    for subscription in &group.subscriptions {
        let outgoing = Outgoing {
            group: batch.group.clone(),
            group_id: group.id,
            stream: batch.stream.clone(),
            stream_id: stream.id,
            filter: subscription.name.clone(),
            sequence,
            first: *first,
            last: *last,
            since: batch.now.millis(),
            attempts: 0,
        };
        txn.put_record(place.outgoing(batch.now.millis(), &outgoing), &outgoing)?;
        accepted.subscribed = true;
    }
    accepted.expires = retention.map(|kept| (Timestamp::from_millis(last.saturating_add(clock_ahead)) + kept).millis());
    Ok(accepted)
}

/// How long the group keeps its events.
pub(crate) fn retention(group: &Group) -> Option<Duration> {
    let days = u64::try_from(group.retention_days?).ok()?;
    Some(Duration::from_secs(days * 24 * 3600))
}

/// Cuts a batch into what fits into a chunk each.
fn parts<'a, 'b>(mut events: &'b [(i64, &'a str)]) -> impl Iterator<Item = &'b [(i64, &'a str)]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = events.iter().take_while(|(_, message)| {
            bytes += batch::event_bytes(message);
            bytes <= CHUNK_BYTES_MAX
        });
        let (part, rest) = events.split_at(fits.count().max(1).min(events.len()));
        events = rest;
        (!part.is_empty()).then_some(part)
    })
}

fn position(timestamp: i64, ingestion: i64, stream: u32, sequence: u64, index: u32) -> Position {
    let ingestion = u64::try_from(ingestion).unwrap_or(0);
    Position { ingestion, stream, sequence, index, ..Position::start_of(timestamp) }
}

fn live_events(events: &[InputLogEvent], accepted: &Accepted, wall: i64) -> Vec<Event> {
    let taken = &accepted.sorted.taken;
    let numbered = events.iter().enumerate().take(taken.end).skip(taken.start);
    numbered
        .map(|(index, event)| Event {
            position: position(
                event.timestamp,
                wall,
                accepted.stream,
                accepted.sequence,
                u32::try_from(index).unwrap_or(u32::MAX),
            ),
            message: Bytes::copy_from_slice(event.message.as_bytes()),
        })
        .collect()
}

/// AWS still answers a token that nobody has to send back: 56 digits.
pub(super) fn sequence_token(ingested: i64, stream: u32, sequence: u64) -> String {
    position(ingested, ingested, stream, sequence, 0).id()
}

fn answer(accepted: &Accepted, wall: i64) -> PutLogEventsResponse {
    let Sorted { too_old_end, expired_end, too_new_start, .. } = &accepted.sorted;
    let index = |at: &Option<usize>| at.and_then(|at| i32::try_from(at).ok());
    let rejected = RejectedLogEventsInfo {
        too_new_log_event_start_index: index(too_new_start),
        too_old_log_event_end_index: index(too_old_end),
        expired_log_event_end_index: index(expired_end),
    };
    PutLogEventsResponse {
        next_sequence_token: Some(sequence_token(wall, accepted.stream, accepted.sequence + 1)),
        rejected_log_events_info: (rejected != RejectedLogEventsInfo::default()).then_some(rejected),
        rejected_entity_info: None,
    }
}
