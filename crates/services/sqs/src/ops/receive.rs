//! ReceiveMessage.

use std::collections::BTreeSet;
use std::sync::Arc;

use api_sqs::types::{Message as Shown, MessageAttributeValue, ReceiveMessageRequest};
use kernel::Cx;
use tokio::sync::oneshot;
use wire::Map;

use super::send::sequence_number;
use crate::access::Action;
use crate::error::{Error, Result, invalid};
use crate::limits::{BATCH_ENTRIES_MAX, VISIBILITY_SECONDS, WAIT_SECONDS};
use crate::machine::{Command, Delivery, Out, Receive, Receiver};
use crate::model::content::check_id;
use crate::model::message::{Attribute, Body, Message, Value, uuid};
use crate::model::{attributes, digest};
use crate::records::Keys;
use crate::service::{Known, Service};

const SYSTEM_ATTRIBUTES: [&str; 10] = [
    "All",
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
];

/// What of a message its receiver wants to see.
pub(super) struct Wanted {
    system: BTreeSet<String>,
    attributes: Vec<String>,
}

impl Wanted {
    pub(super) fn everything() -> Self {
        Self { system: BTreeSet::from(["All".to_owned()]), attributes: vec!["All".to_owned()] }
    }
}

impl Service {
    pub(crate) async fn receive_some(&self, cx: &Cx, input: ReceiveMessageRequest) -> Result<Vec<Shown>> {
        let known = self.named(cx, input.queue_url, Action::Shared("ReceiveMessage"))?;
        let queue_names = input.attribute_names.iter().flatten().map(|name| name.as_str().to_owned());
        let system_names = input.message_system_attribute_names.iter().flatten().map(|name| name.as_str().to_owned());
        let wanted = Wanted {
            system: queue_names.chain(system_names).collect(),
            attributes: input.message_attribute_names.unwrap_or_default(),
        };
        let unknown = |name: &&String| !SYSTEM_ATTRIBUTES.contains(&name.as_str()) && !attributes::is_known(name);
        if let Some(unknown) = wanted.system.iter().find(unknown) {
            return Err(Error::UnknownAttribute(unknown.clone()));
        }
        let most = input.max_number_of_messages.unwrap_or(1);
        let checked = usize::try_from(most).ok().filter(|most| (1..=BATCH_ENTRIES_MAX).contains(most));
        let most =
            checked.ok_or_else(|| invalid("MaxNumberOfMessages", most, "Must be between 1 and 10, if provided."))?;
        let wait_seconds = ranged("WaitTimeSeconds", input.wait_time_seconds, *WAIT_SECONDS.end())?;
        let visibility_seconds = ranged("VisibilityTimeout", input.visibility_timeout, *VISIBILITY_SECONDS.end())?;
        if let Some(attempt) = &input.receive_request_attempt_id {
            if !known.is_fifo() {
                let reason = "The request include parameter that is not valid for this queue type";
                return Err(invalid("ReceiveRequestAttemptId", attempt, reason));
            }
            check_id("ReceiveRequestAttemptId", attempt)?;
        }
        let wait_seconds = wait_seconds.unwrap_or(known.queue.attributes.wait_seconds);
        let arn = cx.caller.arn.clone();
        let by = Receiver { facts: self.facts.clone(), request_id: cx.request_id.clone(), arn };
        let receive = Receive {
            by: Arc::new(by),
            most,
            visibility_seconds,
            wait_ms: i64::from(wait_seconds) * 1000,
            nonce: self.random(),
            attempt: input.receive_request_attempt_id,
        };
        let deliveries = self.wait_for(cx, &known, receive).await?;
        known.tally.received(deliveries.len());
        let mut shown = Vec::with_capacity(deliveries.len());
        for delivery in deliveries {
            let body = self.body(&known, &delivery).await?;
            shown.push(show(&known, delivery, body, &wanted));
        }
        Ok(shown)
    }

    async fn wait_for(&self, cx: &Cx, known: &Known, receive: Receive) -> Result<Vec<Delivery>> {
        let deadline = self.now().millis() + receive.wait_ms;
        loop {
            let wait_ms = (deadline - self.now().millis()).max(0);
            match self.call(&known.id, Command::Receive(Receive { wait_ms, ..receive.clone() })).await? {
                Out::Received(deliveries) => return Ok(deliveries),
                Out::TooManyInFlight => return Err(Error::InFlight),
                Out::Waiting(place, mut coming) => tokio::select! {
                    biased;
                    () = cx.abandoned() => {
                        self.leave(known, place, coming).await?;
                        return Ok(Vec::new());
                    }
                    // It goes without an answer when the queue is deleted, or was opened again after a refused write.
                    came = &mut coming => if let Ok(deliveries) = came {
                        return Ok(deliveries);
                    },
                },
                _ => return Err(Error::Damaged),
            }
        }
    }

    /// The client has hung up: nobody waits any more, and what was handed out meanwhile is visible again. It counts as received,
    /// as it does on AWS, where it would stay invisible.
    async fn leave(&self, known: &Known, place: u64, coming: oneshot::Receiver<Vec<Delivery>>) -> Result<()> {
        self.call(&known.id, Command::Leave(place)).await?;
        // Without an answer where nothing was handed out.
        let deliveries = coming.await.unwrap_or_default();
        known.tally.received(deliveries.len());
        if !deliveries.is_empty() {
            let changes = deliveries.iter().map(|delivery| (delivery.receipt(known.id.number()), 0)).collect();
            self.call(&known.id, Command::Change(changes)).await?;
        }
        Ok(())
    }

    pub(super) async fn body(&self, known: &Known, delivery: &Delivery) -> Result<String> {
        if let Body::Here(body) = &delivery.message.body {
            return Ok(body.clone());
        }
        let stored = match self.store.get(&Keys::of(&known.id).body(delivery.sequence))? {
            Some(stored) => Some(stored),
            // So young that readers do not see it yet.
            None => match self.call(&known.id, Command::Body(delivery.sequence)).await? {
                Out::Body(stored) => stored,
                _ => None,
            },
        };
        String::from_utf8(stored.ok_or(Error::Damaged)?.to_vec()).map_err(|_| Error::Damaged)
    }
}

fn ranged(parameter: &str, value: Option<i32>, most: u32) -> Result<Option<u32>> {
    let Some(value) = value else { return Ok(None) };
    let checked = u32::try_from(value).ok().filter(|value| *value <= most);
    let refused = || invalid(parameter, value, &format!("Must be >= 0 and <= {most}, if provided."));
    checked.map(Some).ok_or_else(refused)
}

pub(super) fn show(known: &Known, delivery: Delivery, body: String, wanted: &Wanted) -> Shown {
    let receipt = delivery.receipt(known.id.number());
    let Delivery { sequence, state, message } = delivery;
    let all = wanted.system.contains("All");
    let system = system_attributes(known, sequence, &state, &message);
    let system = system.into_iter().filter(|(name, _)| all || wanted.system.contains(*name));
    let system: Map<String> = system.map(|(name, value)| (name.to_owned(), value)).collect();
    let attributes: Vec<&(String, Attribute)> =
        message.attributes.iter().filter(|(name, _)| is_wanted(name, &wanted.attributes)).collect();
    let attributes_md5 = digest::of_attributes(attributes.iter().map(|(name, a)| (name.as_str(), a)));
    let attributes: Map<MessageAttributeValue> =
        attributes.into_iter().map(|(name, attribute)| (name.clone(), value_of(attribute))).collect();
    Shown {
        message_id: Some(uuid(&message.id)),
        receipt_handle: Some(receipt.handle()),
        md5_of_body: Some(hex::encode(message.body_md5)),
        body: Some(body),
        attributes: (!system.is_empty()).then_some(system),
        md5_of_message_attributes: attributes_md5,
        message_attributes: (!attributes.is_empty()).then_some(attributes),
    }
}

fn system_attributes(
    known: &Known,
    sequence: u64,
    state: &crate::model::flight::State,
    message: &Arc<Message>,
) -> Vec<(&'static str, String)> {
    let before = message.moved.as_ref();
    let receives = state.receives.saturating_add(before.map_or(0, |moved| moved.receives));
    let first = before.filter(|moved| moved.receives > 0).map_or(state.first_received, |moved| moved.first_received);
    let mut shown = vec![
        ("SenderId", message.sender.clone()),
        ("SentTimestamp", message.sent.to_string()),
        ("ApproximateReceiveCount", receives.to_string()),
        ("ApproximateFirstReceiveTimestamp", first.to_string()),
    ];
    if known.is_fifo() {
        shown.push(("SequenceNumber", sequence_number(sequence)));
    }
    shown.extend(message.deduplication_id.clone().map(|id| ("MessageDeduplicationId", id)));
    shown.extend(message.group.as_ref().map(|group| ("MessageGroupId", group.to_string())));
    shown.extend(message.trace_header.clone().map(|header| ("AWSTraceHeader", header)));
    shown.extend(before.map(|moved| ("DeadLetterQueueSourceArn", moved.source_arn.clone())));
    shown
}

/// `All`, `.*`, a name, or a prefix and `.*`. Source: SQS API Reference, ReceiveMessage, `MessageAttributeNames`.
fn is_wanted(name: &str, wanted: &[String]) -> bool {
    wanted.iter().any(|pattern| match pattern.strip_suffix(".*") {
        _ if pattern == "All" => true,
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    })
}

fn value_of(Attribute { data_type, value }: &Attribute) -> MessageAttributeValue {
    let (string_value, binary_value) = match value {
        Value::Text(text) => (Some(text.clone()), None),
        Value::Binary(bytes) => (None, Some(bytes.clone())),
    };
    let data_type = Some(data_type.clone());
    MessageAttributeValue { string_value, binary_value, data_type, ..MessageAttributeValue::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_wanted_by_name_prefix_or_all_together() {
        let wanted = |patterns: &[&str], name| {
            let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
            is_wanted(name, &patterns)
        };
        assert!(wanted(&["All"], "a") && wanted(&[".*"], "a") && wanted(&["b", "a"], "a") && wanted(&["ab.*"], "ab.c"));
        assert!(!wanted(&[], "a") && !wanted(&["a"], "ab") && !wanted(&["b.*"], "ab"));
    }
}
