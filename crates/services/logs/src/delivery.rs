//! From the outbox to subscribed functions: what they get, and when it is tried again.

use std::io::Write;
use std::time::Duration;

use api_lambda::types::{InvocationRequest, InvocationType};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use kernel::{Arn, Timestamp};
use serde::Serialize;
use store::{Direction, Key, KeyRange, Release};
use wire::ApiError;

use crate::error::{Error, Result};
use crate::limits::{
    DELIVERIES_PER_ROUND, DELIVERY_AGE_MAX, DELIVERY_PAUSE_MAX, DELIVERY_PAUSE_MIN, SUBSCRIPTION_PAYLOAD_BYTES,
};
use crate::model::chunk::Event;
use crate::model::merge::Order;
use crate::patterns::Pattern;
use crate::reader::{Reader, Wanted};
use crate::records::{Group, Outgoing, Place, Stream, Subscription};
use crate::service::Service;

/// The principals that a function's policy may name for CloudWatch Logs; the second one with the region.
const PRINCIPAL: &str = "logs.amazonaws.com";

/// What a subscribed function gets, before it is compressed.
/// Source: CloudWatch Logs User Guide, "Log group-level subscription filters", example 2.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    message_type: &'static str,
    owner: &'a str,
    log_group: &'a str,
    log_stream: &'a str,
    subscription_filters: [&'a str; 1],
    log_events: Vec<PayloadEvent<'a>>,
}

#[derive(Serialize)]
struct PayloadEvent<'a> {
    id: String,
    timestamp: i64,
    message: &'a str,
}

/// An error after which trying again is of no use: the function is not there, or does not let us in.
pub(crate) fn is_final(error: &ApiError) -> bool {
    matches!(error.name(), "ResourceNotFoundException" | "AccessDeniedException" | "InvalidParameterValueException")
}

impl Service {
    /// Invokes a function for a log group. Its policy may name the service or the service in this region.
    pub(crate) async fn invoke(
        &self,
        place: &Place,
        group: &str,
        function: &Arn,
        kind: InvocationType,
        payload: Option<Bytes>,
    ) -> Result<(), ApiError> {
        let source = Arn::regional("logs", &place.region, &place.account, format!("log-group:{group}:*")).to_string();
        let regional = format!("logs.{}.amazonaws.com", place.region);
        let request = InvocationRequest {
            function_name: function.to_string(),
            invocation_type: Some(kind),
            payload,
            ..InvocationRequest::default()
        };
        let as_caller = |name: &str| {
            let mut caller = self.principals.as_service(name, &place.account, &place.region);
            caller.source_arn = Some(source.as_str().into());
            caller
        };
        let first = as_caller(PRINCIPAL);
        match self.lambda.invoke(&first, request.clone()).await {
            Err(error) if error.name() == "AccessDeniedException" => {
                let second = as_caller(&regional);
                self.lambda.invoke(&second, request).await.map(|_| ())
            }
            other => other.map(|_| ()),
        }
    }

    /// Delivers what is due at this place. Answers when the next one is due.
    pub(crate) async fn deliver_due(&self, place: &Place) -> Result<Option<Timestamp>> {
        loop {
            let range = KeyRange::prefix(&place.outbox());
            let waiting = self.store.scan_records::<Outgoing>(&range, DELIVERIES_PER_ROUND, Direction::Forward)?;
            let now = self.now();
            let mut done = Vec::new();
            let mut next = None;
            for (key, outgoing) in waiting {
                let due = due_of(&key)?;
                if due > now {
                    next = Some(due);
                    break;
                }
                let again = self.deliver(place, &outgoing).await.then(|| retry(outgoing, now)).flatten();
                done.push((key, again));
            }
            if !done.is_empty() {
                self.settle(place.clone(), done).await?;
            } else {
                return Ok(next);
            }
        }
    }

    /// Forgets what was delivered and keeps what is to be tried again. A crash before it delivers twice, as AWS may.
    async fn settle(&self, place: Place, done: Vec<(Key, Option<(Timestamp, Outgoing)>)>) -> Result<()> {
        self.store
            .transact(move |txn| {
                txn.release(Release::Written);
                for (key, again) in done {
                    txn.delete(key);
                    if let Some((due, outgoing)) = again {
                        txn.put_record(place.outgoing(due.millis(), &outgoing), &outgoing)?;
                    }
                }
                Ok::<_, Error>(())
            })
            .await
    }

    /// Answers whether it must be tried again.
    async fn deliver(&self, place: &Place, outgoing: &Outgoing) -> bool {
        match self.try_deliver(place, outgoing).await {
            Ok(()) => false,
            Err(Error::Api(error)) if is_final(&error) => {
                tracing::info!(group = outgoing.group, filter = outgoing.filter, %error, "subscribed function refused");
                false
            }
            Err(Error::Api(error)) => {
                tracing::info!(group = outgoing.group, filter = outgoing.filter, %error, "delivery is tried again");
                true
            }
            Err(error) => {
                tracing::error!(group = outgoing.group, filter = outgoing.filter, %error, "delivery failed");
                true
            }
        }
    }

    /// Sends the batch's events that the filter takes. Nothing to do when the filter, the group or the stream is gone.
    async fn try_deliver(&self, place: &Place, outgoing: &Outgoing) -> Result<()> {
        let Some(subscription) = self.subscription(place, outgoing)? else { return Ok(()) };
        let Ok(function) = subscription.destination_arn.parse::<Arn>() else { return Ok(()) };
        let pattern = Pattern::parse(&subscription.pattern)?;
        let key = place.stream(outgoing.group_id, &outgoing.stream);
        let stream = self.store.get_record::<Stream>(&key)?.filter(|stream| stream.id == outgoing.stream_id);
        let Some(stream) = stream else { return Ok(()) };
        let window = outgoing.first..outgoing.last.saturating_add(1);
        let wanted = Wanted { order: Order::OldestFirst, window, beyond: None, expired_before: None };
        let mut reader = Reader::new(&self.store, place, outgoing.group_id, [stream], wanted);
        let (mut events, mut bytes) = (Vec::new(), 0);
        while let Some((_, event)) = reader.next().await? {
            if event.position.sequence != outgoing.sequence || !pattern.matches(event.text()?) {
                continue;
            }
            if bytes + event.message.len() > SUBSCRIPTION_PAYLOAD_BYTES && !events.is_empty() {
                self.send(place, outgoing, &function, &events).await?;
                events.clear();
                bytes = 0;
            }
            bytes += event.message.len();
            events.push(event);
        }
        if events.is_empty() { Ok(()) } else { self.send(place, outgoing, &function, &events).await }
    }

    fn subscription(&self, place: &Place, outgoing: &Outgoing) -> Result<Option<Subscription>> {
        let group: Option<Group> = self.store.get_record(&place.group(&outgoing.group))?;
        let group = group.filter(|group| group.id == outgoing.group_id);
        Ok(group.and_then(|group| group.subscriptions.into_iter().find(|kept| kept.name == outgoing.filter)))
    }

    async fn send(&self, place: &Place, outgoing: &Outgoing, function: &Arn, events: &[Event]) -> Result<()> {
        let payload = payload(place, outgoing, events)?;
        Ok(self.invoke(place, &outgoing.group, function, InvocationType::Event, Some(payload)).await?)
    }
}

/// `{"awslogs":{"data":…}}` with the events compressed by gzip, in base64.
fn payload(place: &Place, outgoing: &Outgoing, events: &[Event]) -> Result<Bytes> {
    let event = |event| -> Result<PayloadEvent<'_>> {
        let event: &Event = event;
        Ok(PayloadEvent { id: event.position.id(), timestamp: event.timestamp(), message: event.text()? })
    };
    let payload = Payload {
        message_type: "DATA_MESSAGE",
        owner: place.account.as_str(),
        log_group: &outgoing.group,
        log_stream: &outgoing.stream,
        subscription_filters: [&outgoing.filter],
        log_events: events.iter().map(event).collect::<Result<_>>()?,
    };
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    let zipped = serde_json::to_vec(&payload)
        .map_err(std::io::Error::from)
        .and_then(|json| gzip.write_all(&json))
        .and_then(|()| gzip.finish())
        .map_err(|error| Error::Api(Box::new(ApiError::internal(error))))?;
    Ok(serde_json::json!({"awslogs": {"data": STANDARD.encode(zipped)}}).to_string().into())
}

fn due_of(key: &Key) -> Result<Timestamp> {
    let parts = key.parts().map_err(|_| Error::DamagedChunk)?;
    // After account, region, service and kind.
    let due = parts.get(4).and_then(store::Part::number).and_then(|due| i64::try_from(due).ok());
    due.map(Timestamp::from_millis).ok_or(Error::DamagedChunk)
}

/// The next attempt, or `None` when it has been tried for long enough.
fn retry(mut outgoing: Outgoing, now: Timestamp) -> Option<(Timestamp, Outgoing)> {
    if now.since(Timestamp::from_millis(outgoing.since)) > DELIVERY_AGE_MAX {
        tracing::info!(group = outgoing.group, filter = outgoing.filter, "delivery is given up");
        return None;
    }
    let pause = DELIVERY_PAUSE_MIN.saturating_mul(1 << outgoing.attempts.min(16));
    outgoing.attempts = outgoing.attempts.saturating_add(1);
    Some((now + Duration::min(pause, DELIVERY_PAUSE_MAX), outgoing))
}
