use api_logs::types::{
    FilterLogEventsRequest, FilterLogEventsResponse, FilteredLogEvent, GetLogEventsRequest, GetLogEventsResponse,
    OutputLogEvent,
};
use kernel::Cx;

use super::put_events::retention;
use crate::error::{Error, Result};
use crate::limits::{NEWEST_FIRST_FROM, PAGE_BYTES_MAX, PAGE_EVENTS_MAX, SEARCHED_BYTES_MAX};
use crate::model::batch::event_bytes;
use crate::model::merge::Order;
use crate::model::position::{Position, Token};
use crate::patterns::Pattern;
use crate::reader::{Reader, Wanted};
use crate::records::{Group, Place, Stream};
use crate::service::{Service, group_named, limit_of};

impl Service {
    /// One stream's events. Without a token: the latest, or with `startFromHead` the earliest; always oldest first.
    pub(crate) async fn get_events(&self, cx: &Cx, input: GetLogEventsRequest) -> Result<GetLogEventsResponse> {
        let name = group_named(cx, input.log_group_name, input.log_group_identifier)?;
        let token = input.next_token.as_deref();
        let token = token.map(|token| Token::parse(token).ok_or(Error::InvalidToken)).transpose()?;
        let place = Place::of(cx);
        let group = self.find_group(cx, &name)?;
        let key = place.stream(group.id, &input.log_stream_name);
        let stream: Stream = self.store.get_record(&key)?.ok_or(Error::NoSuchStream)?;

        let window = input.start_time.unwrap_or(0)..input.end_time.unwrap_or(i64::MAX);
        let (order, beyond) = match token {
            Some(Token::Forward(position)) => (Order::OldestFirst, Some(position)),
            Some(Token::Backward(position)) => (Order::NewestFirst, Some(position)),
            None if input.start_from_head == Some(true) => (Order::OldestFirst, None),
            None => (Order::NewestFirst, None),
        };
        // Where an empty page stands: at the token, else at the side that was asked for.
        let edge = match (beyond, order) {
            (Some(position), _) => position,
            (None, Order::NewestFirst) if input.end_time.is_some() => Position::start_of(window.end),
            (None, _) => Position::start_of(window.start),
        };
        let wanted = Wanted { order, window, beyond, expired_before: self.expired_before(&group) };
        let mut reader = Reader::new(&self.store, &place, group.id, [stream], wanted);
        let (limit, mut bytes, mut page) = (limit_of(input.limit, PAGE_EVENTS_MAX), 0, Vec::new());
        while page.len() < limit {
            let Some((_, event)) = reader.next().await? else { break };
            bytes += event_bytes(event.text()?);
            if bytes > PAGE_BYTES_MAX && !page.is_empty() {
                break;
            }
            page.push(event);
        }
        if order == Order::NewestFirst {
            page.reverse();
        }
        let position = |event: Option<&crate::model::chunk::Event>| event.map_or(edge, |event| event.position);
        let (forward, backward) = (position(page.last()), position(page.first()));
        let output = page.iter().map(|event| {
            Ok(OutputLogEvent {
                timestamp: Some(event.timestamp()),
                message: Some(event.text()?.to_owned()),
                ingestion_time: Some(event.ingestion()),
            })
        });
        Ok(GetLogEventsResponse {
            events: Some(output.collect::<Result<_>>()?),
            next_forward_token: Some(Token::Forward(forward).to_string()),
            next_backward_token: Some(Token::Backward(backward).to_string()),
        })
    }

    /// Events of many streams that a pattern takes, in order of time.
    pub(crate) async fn filter_events(
        &self,
        cx: &Cx,
        input: FilterLogEventsRequest,
    ) -> Result<FilterLogEventsResponse> {
        const OPERATION: &str = "FilterLogEvents";
        if input.log_stream_names.is_some() && input.log_stream_name_prefix.is_some() {
            return Err(Error::NamesAndPrefix);
        }
        let name = group_named(cx, input.log_group_name, input.log_group_identifier)?;
        let pattern = Pattern::parse(input.filter_pattern.as_deref().unwrap_or_default())?;
        let (names, prefix) = (input.log_stream_names, input.log_stream_name_prefix);
        let parameters = format!(
            "{name:?} {names:?} {prefix:?} {:?} {:?} {:?}",
            input.filter_pattern, input.start_time, input.end_time
        );
        let place = Place::of(cx);
        let group = self.find_group(cx, &name)?;
        let newest_first = input.start_from_head == Some(false);
        if newest_first && input.start_time.is_some_and(|start| start < NEWEST_FIRST_FROM) {
            return Err(Error::TooOldForNewestFirst);
        }
        // A token goes on in its own direction, whatever is asked for.
        let token = self.open_token(cx, OPERATION, &parameters, input.next_token.as_deref())?;
        let (order, beyond) = match token.map(|bytes| read_page(&bytes).ok_or(Error::InvalidToken)).transpose()? {
            Some((order, position)) => (order, Some(position)),
            None if newest_first => (Order::NewestFirst, None),
            None => (Order::OldestFirst, None),
        };
        let streams = self.searched_streams(&place, &group, names, prefix.as_deref())?;
        let stream_names: std::collections::BTreeMap<u32, &str> =
            streams.iter().map(|(name, stream)| (stream.id, name.as_str())).collect();
        let end = input.end_time.map_or(i64::MAX, |end| end.saturating_add(1));
        let wanted = Wanted {
            order,
            window: input.start_time.unwrap_or(0)..end,
            beyond,
            expired_before: self.expired_before(&group),
        };
        let searched = streams.iter().map(|(_, stream)| stream.clone());
        let mut reader = Reader::new(&self.store, &place, group.id, searched, wanted);

        let limit = limit_of(input.limit, PAGE_EVENTS_MAX);
        let (mut events, mut bytes, mut last, mut next) = (Vec::new(), 0, None, None);
        while let Some((stream, event)) = reader.next().await? {
            let text = event.text()?;
            let size = event_bytes(text);
            let full = events.len() >= limit || (bytes + size > PAGE_BYTES_MAX && !events.is_empty());
            if full || (reader.bytes_read() > SEARCHED_BYTES_MAX && last.is_some()) {
                next = last;
                break;
            }
            last = Some(event.position);
            if pattern.matches(text) {
                bytes += size;
                events.push(FilteredLogEvent {
                    log_stream_name: stream_names.get(&stream).map(|name| (*name).to_owned()),
                    timestamp: Some(event.timestamp()),
                    message: Some(text.to_owned()),
                    ingestion_time: Some(event.ingestion()),
                    event_id: Some(event.position.id()),
                });
            }
        }
        let next = next.map(|position| self.give_token(cx, OPERATION, &parameters, &write_page(order, position)));
        // Which streams were searched is no longer told. Source: API reference, FilterLogEvents.
        Ok(FilterLogEventsResponse { events: Some(events), searched_log_streams: Some(Vec::new()), next_token: next })
    }

    fn searched_streams(
        &self,
        place: &Place,
        group: &Group,
        names: Option<Vec<String>>,
        prefix: Option<&str>,
    ) -> Result<Vec<(String, Stream)>> {
        let Some(names) = names else { return self.all_streams(place, group.id, prefix.unwrap_or_default()) };
        let distinct: std::collections::BTreeSet<String> = names.into_iter().collect();
        let found = distinct.into_iter().map(|name| {
            let stream = self.store.get_record(&place.stream(group.id, &name))?.ok_or(Error::NoSuchStream)?;
            Ok((name, stream))
        });
        found.collect()
    }

    /// Events before this due time have passed the group's retention, whether or not they have been swept.
    pub(crate) fn expired_before(&self, group: &Group) -> Option<i64> {
        let kept = i64::try_from(retention(group)?.as_millis()).unwrap_or(i64::MAX);
        Some(self.now().millis().saturating_sub(kept))
    }
}

/// Where a page of FilterLogEvents ends, and in which direction the next one lies.
fn write_page(order: Order, last: Position) -> Vec<u8> {
    let direction = if order == Order::NewestFirst { 'b' } else { 'f' };
    format!("{direction}{}", last.id()).into_bytes()
}

fn read_page(bytes: &[u8]) -> Option<(Order, Position)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let newest_first = text.strip_prefix('b').map(|id| (Order::NewestFirst, id));
    let (order, id) = newest_first.or_else(|| text.strip_prefix('f').map(|id| (Order::OldestFirst, id)))?;
    Some((order, Position::parse(id)?))
}
