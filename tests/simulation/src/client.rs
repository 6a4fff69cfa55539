//! What a client does: one call after the other, chosen by its own chance.

use std::sync::Arc;
use std::time::Duration;

use api_sqs::Sqs;
use api_sqs::types::*;
use kernel::Clock;
use testkit::{ACCOUNT, Dice, Platform};
use wire::ApiError;

use crate::body;
use crate::ledger::{Answer, Call, Delivered, Ledger, Sending, Shared};

/// A server that has said nothing for so long (and what was asked to wait) never will.
const SILENCE_MAX: Duration = Duration::from_secs(60);
const VISIBILITY_MAX_S: u64 = 30;
const GROUPS: u64 = 3;

pub fn url(name: &str) -> String {
    format!("http://localhost:4566/{ACCOUNT}/{name}")
}

pub struct Client {
    pub number: usize,
    pub dice: Dice,
    /// Hangs up early now and then.
    pub hasty: bool,
}

/// What a client wants to do next.
enum Wish {
    Send,
    Resend,
    Receive,
    Delete,
    Change,
    Purge,
    Redrive,
    Count,
}

impl Client {
    /// Works until the history has had its operations.
    pub async fn work(mut self, platform: Arc<Platform>, shared: Shared) {
        while shared.lock().takes_operations() {
            let think = self.thinks();
            platform.clock.pause(think).await;
            if !shared.lock().begins_operation() {
                break;
            }
            self.act(&platform, &shared).await;
        }
    }

    fn thinks(&mut self) -> Duration {
        Duration::from_micros(match self.dice.below(10) {
            0..=5 => self.dice.between(100, 30_000),
            6..=8 => self.dice.between(30_000, 1_500_000),
            _ => self.dice.between(1_500_000, 8_000_000),
        })
    }

    fn wishes(&mut self) -> Wish {
        match self.dice.below(100) {
            0..=27 => Wish::Send,
            28..=32 => Wish::Resend,
            33..=67 => Wish::Receive,
            68..=85 => Wish::Delete,
            86..=92 => Wish::Change,
            93 => Wish::Purge,
            94..=96 => Wish::Redrive,
            _ => Wish::Count,
        }
    }

    async fn act(&mut self, platform: &Platform, shared: &Shared) {
        let wish = self.wishes();
        let queues = shared.lock().queues();
        let mut queue = usize::try_from(self.dice.below(queues as u64)).unwrap_or(0);
        if matches!(wish, Wish::Receive) && shared.lock().plan.queues[queue].mapping.is_some() {
            queue = 0;
        }
        let call = match wish {
            Wish::Send => self.send(shared, queue),
            Wish::Resend => shared.lock().resend(&mut self.dice),
            Wish::Receive => Some(self.receive(queue)),
            Wish::Delete => self.settle(shared, queue, false),
            Wish::Change => self.settle(shared, queue, true),
            Wish::Purge => Some(Call::Purge { queue }),
            Wish::Redrive => Some(Call::Redrive { queue }),
            Wish::Count => Some(Call::Count { queue }),
        };
        if let Some(call) = call {
            self.call(platform, shared, call).await;
        }
    }

    fn send(&mut self, shared: &Shared, queue: usize) -> Option<Call> {
        let count = if self.dice.percent(70) { 1 } else { self.dice.between(2, 10) };
        let mut ledger = shared.lock();
        if ledger.plan.queues[queue].name.contains("dead") {
            return None;
        }
        let fifo = ledger.plan.queues[queue].fifo;
        let messages = (0..count).map(|_| {
            let grouped = fifo || self.dice.percent(25);
            let delay = if fifo || self.dice.percent(85) { None } else { Some(self.dice.between(0, 10) as i64) };
            let large = self.dice.percent(10);
            let wanted = ledger.plan.queues[queue].filters().then(|| self.dice.percent(60));
            ledger.new_message(queue, grouped.then(|| self.dice.below(GROUPS)), delay, large, wanted)
        });
        Some(Call::Send { queue, messages: messages.collect() })
    }

    fn receive(&mut self, queue: usize) -> Call {
        let most = if self.dice.percent(50) { 10 } else { self.dice.between(1, 10) };
        let wait_s = if self.dice.percent(75) { 0 } else { self.dice.between(1, 20) };
        let visibility_s =
            if self.dice.percent(40) { Some(self.dice.between(0, VISIBILITY_MAX_S) as i64) } else { None };
        Call::Receive { queue, most: most as i32, wait_s: wait_s as i64, visibility_s }
    }

    /// Deletes or hides some of what this or another client has received.
    fn settle(&mut self, shared: &Shared, queue: usize, hide: bool) -> Option<Call> {
        let ledger = shared.lock();
        let mut held = ledger.held(queue);
        if held.is_empty() {
            return None;
        }
        let most = if self.dice.percent(60) { 1 } else { self.dice.between(2, 10) };
        let mut chosen = Vec::new();
        for _ in 0..most.min(held.len() as u64) {
            // Mostly something young: what is old has expired.
            let young = held.len().saturating_sub(6);
            let from = if self.dice.percent(85) { young } else { 0 };
            let at = from + usize::try_from(self.dice.below((held.len() - from) as u64)).unwrap_or(0);
            chosen.push(held.remove(at));
        }
        let garbage = chosen.len() > 1 && self.dice.percent(30);
        if !hide {
            return Some(Call::Delete { queue, entries: chosen, garbage });
        }
        let seconds = if self.dice.percent(30) { 0 } else { self.dice.between(1, VISIBILITY_MAX_S) as i64 };
        Some(Call::Change { queue, entries: chosen, seconds })
    }

    /// Asks, waits, and tells the ledger what is known now.
    pub async fn call(&mut self, platform: &Platform, shared: &Shared, call: Call) -> Answer {
        let number = shared.lock().begin(self.number, call.clone());
        let (there, back) = (self.dice.between(20, 2000), self.dice.between(20, 2000));
        let patience = match &call {
            // Some clients hang up early.
            Call::Send { .. } | Call::Receive { .. } | Call::Delete { .. } if self.hasty && self.dice.percent(3) => {
                Duration::from_micros(self.dice.between(100, 6000))
            }
            Call::Receive { wait_s, .. } => SILENCE_MAX + Duration::from_secs(wait_s.unsigned_abs()),
            _ => SILENCE_MAX,
        };
        let clock: &dyn Clock = &platform.clock;
        let asked = async {
            platform.clock.pause(Duration::from_micros(there)).await;
            let answer = ask(platform, shared, &call).await;
            platform.clock.pause(Duration::from_micros(back)).await;
            answer
        };
        let answer = match clock.timeout(patience, asked).await {
            Ok(answer) => answer,
            Err(_) if patience < SILENCE_MAX => Answer::Unknown,
            Err(_) => Answer::Silence,
        };
        shared.lock().end(number, answer.clone());
        answer
    }
}

async fn ask(platform: &Platform, shared: &Shared, call: &Call) -> Answer {
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

pub fn arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")
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
fn refused(error: &ApiError) -> Answer {
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
