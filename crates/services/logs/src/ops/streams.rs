use api_logs::types::{
    CreateLogStreamRequest, DeleteLogStreamRequest, DescribeLogStreamsRequest, DescribeLogStreamsResponse, LogStream,
    OrderBy,
};
use kernel::Cx;
use store::{Direction, KeyRange};

use super::put_events::sequence_token;
use crate::error::{Error, Result};
use crate::limits::{DESCRIBE_MAX, RECORDS_PER_SCAN};
use crate::records::{Place, Stream, read_size, write_size};
use crate::service::{Listing, Service, arn, group_named, limit_of};

/// A page of streams by name, and the token of the next one.
type NamedPage = (Vec<(String, Stream)>, Option<String>);

impl Service {
    pub(crate) async fn create_stream(&self, cx: &Cx, input: CreateLogStreamRequest) -> Result<()> {
        let created = self.wall();
        self.change_group(cx, input.log_group_name, move |txn, place, group| {
            let key = place.stream(group.id, &input.log_stream_name);
            if txn.get(&key)?.is_some() {
                return Err(Error::StreamExists);
            }
            let stream = Stream {
                id: group.next_stream,
                created,
                first: None,
                last: None,
                ingested: None,
                sequence: 0,
                span: 0,
                bytes: 0,
            };
            group.next_stream = group.next_stream.checked_add(1).ok_or(Error::LimitExceeded)?;
            Ok(txn.put_record(key, &stream)?)
        })
        .await
    }

    pub(crate) async fn delete_stream(&self, cx: &Cx, input: DeleteLogStreamRequest) -> Result<()> {
        self.change_group(cx, input.log_group_name, move |txn, place, group| {
            let key = place.stream(group.id, &input.log_stream_name);
            let stream: Stream = txn.get_record(&key)?.ok_or(Error::NoSuchStream)?;
            let size = read_size(txn.get(&place.size(group.id))?.as_ref());
            txn.put(place.size(group.id), write_size(size.saturating_sub(stream.bytes)))?;
            txn.delete(key);
            Ok(txn.put(place.leftover(group.id, Some(stream.id)), Vec::new())?)
        })
        .await?;
        self.sweep.notify_one();
        Ok(())
    }

    pub(crate) fn describe_streams(
        &self,
        cx: &Cx,
        input: DescribeLogStreamsRequest,
    ) -> Result<DescribeLogStreamsResponse> {
        let DescribeLogStreamsRequest {
            log_group_name,
            log_group_identifier,
            log_stream_name_prefix: prefix,
            order_by,
            descending,
            next_token,
            limit,
        } = input;
        let group_name = group_named(cx, log_group_name, log_group_identifier)?;
        let by_time = order_by == Some(OrderBy::LastEventTime);
        if by_time && prefix.is_some() {
            return Err(Error::PrefixWithEventTime);
        }
        let group = self.find_group(cx, &group_name)?;
        let place = Place::of(cx);
        let listing = Listing {
            operation: "DescribeLogStreams",
            parameters: format!("{group_name:?} {prefix:?} {by_time} {descending:?}"),
            range: KeyRange::starting_with(&place.streams(group.id), prefix.as_deref().unwrap_or_default()),
            direction: if descending == Some(true) { Direction::Backward } else { Direction::Forward },
            limit: limit_of(limit, DESCRIBE_MAX),
            token: next_token.as_deref(),
        };
        let (streams, next_token) = if by_time {
            self.streams_by_time(cx, &place, group.id, listing)?
        } else {
            let (page, next_token) = self.page::<Stream>(cx, listing, |_, _| true)?;
            let named = page.into_iter().map(|(key, stream)| (key.last_text().unwrap_or_default(), stream));
            (named.collect(), next_token)
        };
        let described = streams.into_iter().map(|(name, stream)| describe(cx, &group_name, name, &stream));
        Ok(DescribeLogStreamsResponse { log_streams: Some(described.collect()), next_token })
    }

    /// Every stream is read for each page: the order changes with every call of PutLogEvents.
    fn streams_by_time(&self, cx: &Cx, place: &Place, group: u64, listing: Listing<'_>) -> Result<NamedPage> {
        let Listing { operation, parameters, direction, limit, token, .. } = listing;
        let mut streams: Vec<((i64, String), Stream)> = self
            .all_streams(place, group, "")?
            .into_iter()
            .map(|(name, stream)| ((stream.last.unwrap_or(stream.created), name), stream))
            .collect();
        streams.sort_by(|(a, _), (b, _)| match direction {
            Direction::Forward => a.cmp(b),
            Direction::Backward => b.cmp(a),
        });
        if let Some(position) = self.open_token(cx, operation, &parameters, token)? {
            let last: (i64, String) = serde_json::from_slice(&position).map_err(|_| Error::InvalidToken)?;
            streams.retain(|(at, _)| match direction {
                Direction::Forward => *at > last,
                Direction::Backward => *at < last,
            });
        }
        let more = streams.len() > limit;
        streams.truncate(limit);
        let next = streams.last().filter(|_| more).map(|(last, _)| {
            let position = serde_json::json!(last).to_string();
            self.give_token(cx, operation, &parameters, position.as_bytes())
        });
        Ok((streams.into_iter().map(|((_, name), stream)| (name, stream)).collect(), next))
    }

    /// The streams of a group whose names begin with `prefix`, by name.
    pub(crate) fn all_streams(&self, place: &Place, group: u64, prefix: &str) -> Result<Vec<(String, Stream)>> {
        let mut range = KeyRange::starting_with(&place.streams(group), prefix);
        let mut streams = Vec::new();
        loop {
            let read = self.store.scan_records::<Stream>(&range, RECORDS_PER_SCAN, Direction::Forward)?;
            let whole = read.len() < RECORDS_PER_SCAN;
            if let Some((last, _)) = read.last() {
                range = range.continued_after(last);
            }
            streams.extend(read.into_iter().map(|(key, stream)| (key.last_text().unwrap_or_default(), stream)));
            if whole {
                return Ok(streams);
            }
        }
    }
}

fn describe(cx: &Cx, group: &str, name: String, stream: &Stream) -> LogStream {
    LogStream {
        arn: Some(arn(cx, format!("log-group:{group}:log-stream:{name}"))),
        log_stream_name: Some(name),
        creation_time: Some(stream.created),
        first_event_timestamp: stream.first,
        last_event_timestamp: stream.last,
        last_ingestion_time: stream.ingested,
        upload_sequence_token: stream.ingested.map(|ingested| sequence_token(ingested, stream.id, stream.sequence)),
        // Always zero since 2019. Source: API reference, LogStream.
        stored_bytes: Some(0),
    }
}
