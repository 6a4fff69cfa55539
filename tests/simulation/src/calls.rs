//! What a client's wish is in the platform's words, and its answer in the ledger's.

use api_sqs::Sqs;
use api_sqs::types::*;
use testkit::{ACCOUNT, Platform};
use wire::ApiError;

use crate::body;
use crate::errands;
use crate::ledger::{Answer, Call, Delivered, Ledger, Sending, Shared};
use crate::mappings::remap;
use crate::queues::{drop_queue, make_queue};

pub fn url(name: &str) -> String {
    format!("http://localhost:4566/{ACCOUNT}/{name}")
}

pub fn arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")
}

pub async fn ask(platform: &Platform, shared: &Shared, call: &Call) -> Answer {
    let (cx, sqs) = (platform.cx(), &platform.sqs);
    let queue_url = |queue: usize| Some(url(shared.lock().plan.queues[queue].name));
    match call {
        Call::Send { queue, messages } => send(platform, shared, *queue, messages).await,
        Call::Receive { queue, most, wait_s, visibility_s } => {
            let input = ReceiveMessageRequest {
                queue_url: queue_url(*queue),
                max_number_of_messages: Some(*most),
                wait_time_seconds: i32::try_from(*wait_s).ok(),
                visibility_timeout: visibility_s.and_then(|seconds| i32::try_from(seconds).ok()),
                message_system_attribute_names: Some(vec![MessageSystemAttributeName::All]),
                ..ReceiveMessageRequest::default()
            };
            match sqs.receive_message(&cx, input).await {
                Ok(got) => Answer::Received(got.messages.into_iter().flatten().map(delivered).collect()),
                Err(error) => refused(&error),
            }
        }
        Call::Delete { queue, entries, garbage } => delete(platform, shared, *queue, entries, *garbage).await,
        Call::Change { queue, entries, seconds } => change(platform, shared, *queue, entries, *seconds).await,
        Call::Purge { queue } => {
            let input = PurgeQueueRequest { queue_url: queue_url(*queue) };
            sqs.purge_queue(&cx, input).await.map_or_else(|error| refused(&error), |_| Answer::Done)
        }
        Call::Redrive { queue } => {
            let name = shared.lock().plan.queues[*queue].name;
            let input =
                StartMessageMoveTaskRequest { source_arn: Some(arn(name)), ..StartMessageMoveTaskRequest::default() };
            sqs.start_message_move_task(&cx, input).await.map_or_else(|error| refused(&error), |_| Answer::Done)
        }
        Call::Remap { queue, to } => remap(platform, shared, *queue, *to).await,
        Call::Make { queue } => {
            let queues = shared.lock().plan.queues.clone();
            make_queue(platform, &queues, &queues[*queue]).await.map_or_else(|error| refused(&error), |()| Answer::Done)
        }
        Call::Drop { queue } => {
            let queue = shared.lock().plan.queues[*queue].clone();
            drop_queue(platform, &queue).await.map_or_else(|error| refused(&error), |()| Answer::Done)
        }
        Call::Invoke { event } => {
            errands::invoke(platform, *event).await.map_or_else(|error| refused(&error), |()| Answer::Done)
        }
        Call::Count { queue } => {
            let input = GetQueueAttributesRequest {
                queue_url: queue_url(*queue),
                attribute_names: Some(vec![QueueAttributeName::All]),
            };
            match sqs.get_queue_attributes(&cx, input).await {
                Ok(shown) => {
                    let shown = shown.attributes.unwrap_or_default();
                    let number = |name: &str| shown.get(name).and_then(|n| n.parse().ok()).unwrap_or(-1);
                    Answer::Counted([
                        number("ApproximateNumberOfMessages"),
                        number("ApproximateNumberOfMessagesNotVisible"),
                        number("ApproximateNumberOfMessagesDelayed"),
                    ])
                }
                Err(error) => refused(&error),
            }
        }
    }
}

async fn send(platform: &Platform, shared: &Shared, queue: usize, messages: &[usize]) -> Answer {
    let (cx, sqs) = (platform.cx(), &platform.sqs);
    let (name, mut entries): (_, Vec<SendMessageBatchRequestEntry>) = {
        let ledger = shared.lock();
        let entries = messages.iter().enumerate().map(|(at, n)| entry(&ledger, at, *n)).collect();
        (ledger.plan.queues[queue].name, entries)
    };
    let queue_url = Some(url(name));
    let sequence = |number: Option<String>| number.and_then(|n| n.parse().ok());
    if let ([_], Some(entry)) = (messages, entries.pop_if(|_| messages.len() == 1)) {
        let input = SendMessageRequest {
            queue_url,
            message_body: entry.message_body,
            delay_seconds: entry.delay_seconds,
            message_deduplication_id: entry.message_deduplication_id,
            message_group_id: entry.message_group_id,
            ..SendMessageRequest::default()
        };
        return match sqs.send_message(&cx, input).await {
            Ok(sent) => {
                let id = sent.message_id.unwrap_or_default();
                Answer::Sent(vec![Some(Sending { id, sequence: sequence(sent.sequence_number) })])
            }
            Err(error) => refused(&error),
        };
    }
    match sqs.send_message_batch(&cx, SendMessageBatchRequest { queue_url, entries: Some(entries) }).await {
        Ok(sent) => {
            let mut answers = vec![None; messages.len()];
            for one in sent.successful {
                let place = one.id.parse().ok().and_then(|at: usize| answers.get_mut(at));
                if let Some(place) = place {
                    *place = Some(Sending { id: one.message_id, sequence: sequence(one.sequence_number) });
                }
            }
            Answer::Sent(answers)
        }
        Err(error) => refused(&error),
    }
}

fn entry(ledger: &Ledger, at: usize, n: usize) -> SendMessageBatchRequestEntry {
    let message = &ledger.messages[n];
    SendMessageBatchRequestEntry {
        id: Some(at.to_string()),
        message_body: Some(body::write(n, message.large, message.wanted)),
        delay_seconds: message.own_delay_s.and_then(|seconds| i32::try_from(seconds).ok()),
        message_deduplication_id: ledger.plan.queues[message.queue].fifo.then(|| format!("d{n}")),
        message_group_id: message.group.map(|group| format!("g{group}")),
        ..SendMessageBatchRequestEntry::default()
    }
}

async fn delete(
    platform: &Platform,
    shared: &Shared,
    queue: usize,
    entries: &[(usize, String)],
    garbage: bool,
) -> Answer {
    let (cx, sqs) = (platform.cx(), &platform.sqs);
    let queue_url = Some(url(shared.lock().plan.queues[queue].name));
    if let [(_, handle)] = entries {
        let input = DeleteMessageRequest { queue_url, receipt_handle: Some(handle.clone()) };
        return match sqs.delete_message(&cx, input).await {
            Ok(_) => Answer::Settled(vec![true]),
            Err(error) if error.status < 500 => Answer::Settled(vec![false]),
            Err(error) => refused(&error),
        };
    }
    let handles = entries.iter().enumerate().map(|(at, (_, handle))| DeleteMessageBatchRequestEntry {
        id: Some(at.to_string()),
        receipt_handle: Some(handle.clone()),
    });
    let nonsense = garbage.then(|| DeleteMessageBatchRequestEntry {
        id: Some("nonsense".to_owned()),
        receipt_handle: Some("nonsense".to_owned()),
    });
    let entries_in = handles.chain(nonsense).take(10).collect();
    match sqs.delete_message_batch(&cx, DeleteMessageBatchRequest { queue_url, entries: Some(entries_in) }).await {
        Ok(done) => Answer::Settled(settled(entries.len(), done.successful.iter().map(|one| one.id.as_str()))),
        Err(error) => refused(&error),
    }
}

async fn change(
    platform: &Platform,
    shared: &Shared,
    queue: usize,
    entries: &[(usize, String)],
    seconds: i64,
) -> Answer {
    let (cx, sqs) = (platform.cx(), &platform.sqs);
    let queue_url = Some(url(shared.lock().plan.queues[queue].name));
    let visibility_timeout = i32::try_from(seconds).ok();
    let entries_in = entries.iter().enumerate().map(|(at, (_, handle))| ChangeMessageVisibilityBatchRequestEntry {
        id: Some(at.to_string()),
        receipt_handle: Some(handle.clone()),
        visibility_timeout,
    });
    let input = ChangeMessageVisibilityBatchRequest { queue_url, entries: Some(entries_in.collect()) };
    match sqs.change_message_visibility_batch(&cx, input).await {
        Ok(done) => Answer::Settled(settled(entries.len(), done.successful.iter().map(|one| one.id.as_str()))),
        Err(error) => refused(&error),
    }
}

fn settled<'a>(count: usize, successful: impl Iterator<Item = &'a str>) -> Vec<bool> {
    let mut settled = vec![false; count];
    for at in successful.filter_map(|id| id.parse::<usize>().ok()) {
        if let Some(place) = settled.get_mut(at) {
            *place = true;
        }
    }
    settled
}

/// A server's own failure leaves open what was done.
pub fn refused(error: &ApiError) -> Answer {
    if error.status < 500 { Answer::Refused(error.code.to_string()) } else { Answer::Failed }
}

fn delivered(message: Message) -> Delivered {
    let attributes = message.attributes.unwrap_or_default();
    let number = |name: &str| attributes.get(name).and_then(|n| n.parse().ok());
    let body = message.body.unwrap_or_default();
    Delivered {
        n: body::number(&body),
        whole: body::is_whole(&body),
        id: message.message_id.unwrap_or_default(),
        handle: message.receipt_handle.unwrap_or_default(),
        receives: number("ApproximateReceiveCount").unwrap_or(0) as u32,
        sequence: number("SequenceNumber"),
    }
}
