//! What a client does: one call after the other, chosen by its own chance.

use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;
use testkit::{Dice, Platform};

use crate::calls::ask;
use crate::ledger::{Answer, Call, Shared};

/// A server that has said nothing for so long (and what was asked to wait) never will.
const SILENCE_MAX: Duration = Duration::from_secs(60);
const VISIBILITY_MAX_S: u64 = 30;
const GROUPS: u64 = 3;

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
    Remap,
    Renew,
    Invoke,
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
            0..=24 => Wish::Send,
            25..=28 => Wish::Renew,
            29..=32 => Wish::Resend,
            33..=63 => Wish::Receive,
            64..=67 => Wish::Invoke,
            68..=85 => Wish::Delete,
            86..=92 => Wish::Change,
            93 => Wish::Purge,
            94..=95 => Wish::Redrive,
            96..=98 => Wish::Remap,
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
            Wish::Remap => shared.lock().remap(&mut self.dice),
            Wish::Renew => shared.lock().renew(),
            Wish::Invoke => Some(Call::Invoke { event: shared.lock().new_event() }),
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
