use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api_logs::types::{
    LiveTailSessionLogEvent, LiveTailSessionMetadata, LiveTailSessionStart, LiveTailSessionUpdate,
    StartLiveTailRequest, StartLiveTailResponse, StartLiveTailResponseStream as Item,
};
use kernel::{Clock, Cx, id};
use tokio::sync::broadcast::{self, error::RecvError};
use wire::{ApiError, Events};

use crate::error::{Error, Result};
use crate::limits::{LIVE_TAIL_EVENTS_MAX, LIVE_TAIL_INTERVAL, LIVE_TAIL_SESSION_MAX, LIVE_TAIL_SESSIONS_MAX};
use crate::patterns::Pattern;
use crate::records::{LiveBatch, Place};
use crate::service::{Service, group_of_identifier};

/// One client that watches.
struct Session {
    place: Place,
    /// The names of the groups, and how the client called them.
    groups: Vec<(String, String)>,
    streams: Option<Vec<String>>,
    prefixes: Option<Vec<String>>,
    pattern: Pattern,
    batches: broadcast::Receiver<Arc<LiveBatch>>,
    clock: Arc<dyn Clock>,
    started: Duration,
    state: State,
    _place: Occupied,
}

enum State {
    Starting(Box<LiveTailSessionStart>),
    Running,
    Over,
}

/// Counts a session as long as it lives.
struct Occupied(Arc<AtomicUsize>);

impl Drop for Occupied {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Service {
    /// Streams what arrives from now on: `sessionStart`, then every second a `sessionUpdate`, for three hours.
    pub(crate) fn live_tail(&self, cx: &Cx, input: StartLiveTailRequest) -> Result<StartLiveTailResponse> {
        let narrowed = input.log_stream_names.is_some() || input.log_stream_name_prefixes.is_some();
        if input.log_stream_names.is_some() && input.log_stream_name_prefixes.is_some() {
            return Err(Error::NamesAndPrefix);
        }
        if narrowed && input.log_group_identifiers.len() > 1 {
            let words = "Log stream names and prefixes can only be specified with a single log group.";
            return Err(Error::Invalid(words.to_owned()));
        }
        let pattern = input.log_event_filter_pattern.as_deref().unwrap_or_default();
        let pattern = Pattern::parse(pattern).map_err(Error::LiveTailPattern)?;
        let named = |identifier: &String| {
            if !identifier.starts_with("arn:") || identifier.ends_with('*') {
                return Err(Error::Invalid(format!("{identifier} is not the ARN of a log group.")));
            }
            let name = group_of_identifier(cx, identifier)?;
            self.find_group(cx, &name)?;
            Ok((name, identifier.clone()))
        };
        let groups = input.log_group_identifiers.iter().map(named).collect::<Result<_>>()?;
        if self.live_sessions.fetch_add(1, Ordering::Relaxed) >= LIVE_TAIL_SESSIONS_MAX {
            self.live_sessions.fetch_sub(1, Ordering::Relaxed);
            return Err(Error::LimitExceeded);
        }
        let occupied = Occupied(self.live_sessions.clone());
        let start = LiveTailSessionStart {
            request_id: Some(cx.request_id.to_string()),
            session_id: Some(id::uuid(&*self.rng)),
            log_group_identifiers: Some(input.log_group_identifiers),
            log_stream_names: Some(input.log_stream_names.clone().unwrap_or_default()),
            log_stream_name_prefixes: Some(input.log_stream_name_prefixes.clone().unwrap_or_default()),
            log_event_filter_pattern: input.log_event_filter_pattern,
        };
        let session = Session {
            place: Place::of(cx),
            groups,
            streams: input.log_stream_names,
            prefixes: input.log_stream_name_prefixes,
            pattern,
            batches: self.live.subscribe(),
            clock: self.clock.clone(),
            started: self.clock.monotonic(),
            state: State::Starting(Box::new(start)),
            _place: occupied,
        };
        let events = futures_util::stream::unfold(session, Session::advance);
        Ok(StartLiveTailResponse { response_stream: Events(Box::pin(events)) })
    }
}

impl Session {
    async fn advance(mut self) -> Option<(Result<Item, ApiError>, Self)> {
        match std::mem::replace(&mut self.state, State::Running) {
            State::Starting(start) => Some((Ok(Item::SessionStart(*start)), self)),
            State::Over => None,
            State::Running if self.clock.monotonic().saturating_sub(self.started) > LIVE_TAIL_SESSION_MAX => {
                self.state = State::Over;
                let error = ApiError::unmodeled(400, "SessionTimeoutException", "The Live Tail session has timed out.");
                Some((Err(error), self))
            }
            State::Running => {
                let update = self.collect().await;
                Some((Ok(Item::SessionUpdate(update)), self))
            }
        }
    }

    /// What arrives within the next second.
    async fn collect(&mut self) -> LiveTailSessionUpdate {
        let (mut results, mut sampled, mut ended) = (Vec::new(), false, false);
        let mut second = self.clock.pause(LIVE_TAIL_INTERVAL);
        loop {
            let received = tokio::select! {
                biased;
                () = &mut second => break,
                received = self.batches.recv(), if !ended => received,
            };
            match received {
                Ok(batch) => sampled |= !self.take(&batch, &mut results),
                Err(RecvError::Lagged(_)) => sampled = true,
                Err(RecvError::Closed) => ended = true,
            }
        }
        if ended {
            self.state = State::Over;
        }
        LiveTailSessionUpdate {
            session_metadata: Some(LiveTailSessionMetadata { sampled: Some(sampled) }),
            session_results: Some(results),
        }
    }

    /// Adds the batch's events that are wanted. Answers whether all of them had room.
    fn take(&self, batch: &LiveBatch, results: &mut Vec<LiveTailSessionLogEvent>) -> bool {
        let Some((_, identifier)) = self.groups.iter().find(|(name, _)| *name == batch.group) else { return true };
        let named = self.streams.as_ref().is_none_or(|names| names.contains(&batch.stream));
        let mut prefixes = self.prefixes.iter().flatten();
        let prefixed = self.prefixes.is_none() || prefixes.any(|prefix| batch.stream.starts_with(prefix.as_str()));
        if batch.place != self.place || !named || !prefixed {
            return true;
        }
        for event in &batch.events {
            let Ok(text) = event.text() else { continue };
            if !self.pattern.matches(text) {
                continue;
            }
            if results.len() >= LIVE_TAIL_EVENTS_MAX {
                return false;
            }
            results.push(LiveTailSessionLogEvent {
                log_stream_name: Some(batch.stream.clone()),
                log_group_identifier: Some(identifier.clone()),
                message: Some(text.to_owned()),
                timestamp: Some(event.timestamp()),
                ingestion_time: Some(event.ingestion()),
            });
        }
        true
    }
}
