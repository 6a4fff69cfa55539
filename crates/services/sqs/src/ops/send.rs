//! SendMessage, SendMessageBatch.

use api_sqs::types::*;
use kernel::Cx;

use crate::access::Action;
use crate::error::{Error, Result, invalid, required};
use crate::limits::{BATCH_BYTES_MAX, TRACE_HEADER_BYTES_MAX, YOUNG_BYTES_MAX};
use crate::machine::{Accepted, Command, Out, Outgoing};
use crate::model::content::{Content, check_delay, check_id};
use crate::model::message::{Body, Message, Value, uuid};
use crate::model::{batch, dedup, digest};
use crate::service::{Known, Service};

const ENTRY: &str = "SendMessageBatchRequestEntry";
const NOT_THIS_KIND: &str = "The request include parameter that is not valid for this queue type";

/// A message that may be sent, and the digests that its sender gets.
struct Ready {
    outgoing: Outgoing,
    body_md5: String,
    attributes_md5: Option<String>,
    system_md5: Option<String>,
}

impl Service {
    pub(crate) async fn send_one(&self, cx: &Cx, input: SendMessageRequest) -> Result<SendMessageResult> {
        let known = self.named(cx, input.queue_url, Action::Shared("SendMessage"))?;
        let entry = SendMessageBatchRequestEntry {
            id: None,
            message_body: input.message_body,
            delay_seconds: input.delay_seconds,
            message_attributes: input.message_attributes,
            message_system_attributes: input.message_system_attributes,
            message_deduplication_id: input.message_deduplication_id,
            message_group_id: input.message_group_id,
        };
        let (ready, bytes) = self.ready(cx, &known, entry, "One or more parameters are invalid.")?;
        let Ready { outgoing, body_md5, attributes_md5, system_md5 } = ready;
        let accepted = self.deliver(&known, vec![outgoing], vec![bytes]).await?.pop().ok_or(Error::Damaged)?;
        Ok(SendMessageResult {
            md5_of_message_body: Some(body_md5),
            md5_of_message_attributes: attributes_md5,
            md5_of_message_system_attributes: system_md5,
            message_id: Some(uuid(&accepted.message)),
            sequence_number: known.is_fifo().then(|| sequence_number(accepted.sequence)),
        })
    }

    pub(crate) async fn send_many(&self, cx: &Cx, input: SendMessageBatchRequest) -> Result<SendMessageBatchResult> {
        let known = self.named(cx, input.queue_url, Action::Shared("SendMessage"))?;
        // The query protocol cannot say that there is a list and nothing in it.
        let entries = input.entries.unwrap_or_default();
        batch::check(&entries, ENTRY, |entry| entry.id.as_deref())?;
        let (mut ready, mut failed, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries {
            let id = entry.id.clone().unwrap_or_default();
            match self.ready(cx, &known, entry, "One or more parameters cannot be validated.") {
                Ok((message, size)) => {
                    sizes.push(size);
                    ready.push((id, message));
                }
                Err(error) => failed.push(super::batches::failed(id, error)),
            }
        }
        let bytes = sizes.iter().sum();
        if bytes > BATCH_BYTES_MAX {
            return Err(Error::BatchTooLong(bytes));
        }
        let (told, outgoing): (Vec<_>, Vec<_>) = ready
            .into_iter()
            .map(|(id, Ready { outgoing, body_md5, attributes_md5, system_md5 })| {
                ((id, body_md5, attributes_md5, system_md5), outgoing)
            })
            .unzip();
        let accepted = if outgoing.is_empty() { Vec::new() } else { self.deliver(&known, outgoing, sizes).await? };
        let successful =
            told.into_iter().zip(accepted).map(|((id, body_md5, attributes_md5, system_md5), accepted)| {
                SendMessageBatchResultEntry {
                    id,
                    message_id: uuid(&accepted.message),
                    md5_of_message_body: body_md5,
                    md5_of_message_attributes: attributes_md5,
                    md5_of_message_system_attributes: system_md5,
                    sequence_number: known.is_fifo().then(|| sequence_number(accepted.sequence)),
                }
            });
        Ok(SendMessageBatchResult { successful: successful.collect(), failed: (!failed.is_empty()).then_some(failed) })
    }

    async fn deliver(&self, known: &Known, messages: Vec<Outgoing>, sizes: Vec<usize>) -> Result<Vec<Accepted>> {
        let ids: Vec<_> = messages.iter().map(|outgoing| outgoing.message.id).collect();
        let Out::Sent(accepted) = self.call(&known.id, Command::Send(messages)).await? else {
            return Err(Error::Damaged);
        };
        // A message that had been sent before is told by the id that it had then.
        let new = accepted.iter().zip(&ids).zip(sizes).filter(|((accepted, id), _)| accepted.message == **id);
        let new: Vec<usize> = new.map(|(_, bytes)| bytes).collect();
        let deduplicated = (ids.len() - new.len()) as u64;
        self.metrics.sent(known.name(), &known.tally, new.into_iter(), deduplicated);
        Ok(accepted)
    }

    /// Checks a message against its queue. Answers its size too.
    fn ready(
        &self,
        cx: &Cx,
        known: &Known,
        entry: SendMessageBatchRequestEntry,
        refusal: &str,
    ) -> Result<(Ready, usize)> {
        let content = Content::read(entry.message_body, entry.message_attributes, entry.message_system_attributes)?;
        let bytes = content.bytes();
        let most = known.queue.attributes.message_bytes_max;
        if bytes > most as usize {
            return Err(Error::Invalid(format!("{refusal} Reason: Message must be shorter than {most} bytes.")));
        }
        let delay_seconds = check_delay(entry.delay_seconds)?;
        let (group, given) = (entry.message_group_id, entry.message_deduplication_id);
        if let Some(group) = &group {
            check_id("MessageGroupId", group)?;
        }
        if let Some(given) = &given {
            check_id("MessageDeduplicationId", given)?;
        }
        let deduplication_id = match &known.queue.attributes.fifo {
            None => match given {
                Some(given) => return Err(invalid("MessageDeduplicationId", given, NOT_THIS_KIND)),
                None => None,
            },
            Some(fifo) => {
                required(group.as_ref(), "MessageGroupId")?;
                if let Some(seconds) = delay_seconds.filter(|seconds| *seconds > 0) {
                    return Err(invalid("DelaySeconds", seconds, &format!("{NOT_THIS_KIND}.")));
                }
                Some(match given {
                    Some(given) => given,
                    None if fifo.by_content => dedup::of_content(&content.body),
                    None => return Err(Error::Invalid(NO_DEDUPLICATION.to_owned())),
                })
            }
        };
        let Content { body, attributes, trace_header } = content;
        let body_md5 = digest::of_body(&body);
        let attributes_md5 = digest::of_attributes(attributes.iter().map(|(name, a)| (name.as_str(), a)));
        let system_md5 = digest::of_attributes(trace_header.iter().map(|a| ("AWSTraceHeader", a)));
        let message = Message {
            id: self.message_id(),
            sent: self.now().millis(),
            sender: cx.caller.principal_id.clone(),
            body: Body::Here(body),
            body_md5,
            attributes,
            trace_header: trace_header.map_or_else(
                || of_request(cx),
                |attribute| match attribute.value {
                    Value::Text(text) => Some(text),
                    Value::Binary(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
                },
            ),
            group: group.map(Into::into),
            deduplication_id,
            moved: None,
        };
        // FIFO queues delay as a whole.
        let delay_seconds = delay_seconds.filter(|_| !known.is_fifo());
        let weight = message.weight();
        let mut outgoing = Outgoing::new(message, delay_seconds);
        outgoing.room = if weight <= YOUNG_BYTES_MAX { self.rooms.take(weight) } else { None };
        Ok((Ready { outgoing, body_md5: hex::encode(body_md5), attributes_md5, system_md5 }, bytes))
    }

    /// The bytes of a version 4 UUID.
    pub(crate) fn message_id(&self) -> [u8; 16] {
        let mut id: [u8; 16] = self.rng.bytes();
        id[6] = (id[6] & 0x0f) | 0x40;
        id[8] = (id[8] & 0x3f) | 0x80;
        id
    }
}

/// The trace that the request itself belongs to: SDKs inside a function say it in a header.
/// Source: X-Ray Developer Guide, "Amazon SQS and AWS X-Ray".
fn of_request(cx: &Cx) -> Option<String> {
    let header = cx.trace_header.as_deref()?;
    (header.len() <= TRACE_HEADER_BYTES_MAX && header.starts_with("Root=")).then(|| header.to_owned())
}

const NO_DEDUPLICATION: &str =
    "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly";

/// Twenty digits that grow with every message. Source: Developer Guide, "FIFO queue and message identifiers".
pub(super) fn sequence_number(sequence: u64) -> String {
    const FIRST: u128 = 18_849_496_460_467_696_128;
    const STEP: u128 = 256;
    (FIRST + STEP * u128::from(sequence)).to_string()
}
