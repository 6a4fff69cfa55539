//! Receives that wait for messages. They are answered by the command or the timer that brings some.

use std::collections::{BTreeMap, BTreeSet};

use store::{Effects, StoreError, Txn};
use tokio::sync::oneshot;

use super::{Delivery, QueueMachine, Receive};
use crate::limits::WAITING_MAX;

pub(super) struct Waiter {
    receive: Receive,
    deadline: i64,
    answer: oneshot::Sender<Vec<Delivery>>,
}

/// In the order of their coming.
#[derive(Default)]
pub(super) struct Waiting {
    waiters: BTreeMap<u64, Waiter>,
    deadlines: BTreeSet<(i64, u64)>,
    next: u64,
}

impl Waiting {
    /// Its place in the line; `None` when too many wait.
    pub(super) fn add(&mut self, receive: Receive, deadline: i64) -> Option<(u64, oneshot::Receiver<Vec<Delivery>>)> {
        if self.waiters.len() >= WAITING_MAX {
            return None;
        }
        let (answer, coming) = oneshot::channel();
        self.next += 1;
        self.deadlines.insert((deadline, self.next));
        self.waiters.insert(self.next, Waiter { receive, deadline, answer });
        Some((self.next, coming))
    }

    /// Nobody waits at this place any more. What it was given before is on its way.
    pub(super) fn leave(&mut self, place: u64) {
        if let Some(waiter) = self.waiters.remove(&place) {
            self.deadlines.remove(&(waiter.deadline, place));
        }
    }

    pub(super) fn first_deadline(&self) -> Option<i64> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// The one that has waited longest and is still there.
    fn pop(&mut self) -> Option<(u64, Waiter)> {
        while let Some((number, waiter)) = self.waiters.pop_first() {
            self.deadlines.remove(&(waiter.deadline, number));
            if !waiter.answer.is_closed() {
                return Some((number, waiter));
            }
        }
        None
    }

    fn put_back(&mut self, number: u64, waiter: Waiter) {
        self.deadlines.insert((waiter.deadline, number));
        self.waiters.insert(number, waiter);
    }

    /// Answers those whose time is over.
    pub(super) fn give_up(&mut self, now: i64, fx: &mut Effects<QueueMachine>) {
        while let Some((deadline, number)) = self.deadlines.first().copied().filter(|(deadline, _)| *deadline <= now) {
            self.deadlines.remove(&(deadline, number));
            if let Some(waiter) = self.waiters.remove(&number) {
                answer(waiter, Vec::new(), fx);
            }
        }
    }

    /// Whoever waits learns that the queue has gone.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

fn answer(waiter: Waiter, messages: Vec<Delivery>, fx: &mut Effects<QueueMachine>) {
    fx.afterwards(move || {
        // It is given up with the server alone: whoever leaves the line still hears what they were given.
        let _ = waiter.answer.send(messages);
    });
}

impl QueueMachine {
    /// Gives what is visible to those who wait.
    pub(super) fn serve(&mut self, stored: &Txn, fx: &mut Effects<Self>) -> Result<(), StoreError> {
        let Some(attributes) = self.attributes.clone() else { return Ok(()) };
        while let Some((number, waiter)) = self.waiting.pop() {
            let messages = self.hand_out(&waiter.receive, &attributes, stored, fx)?;
            if messages.is_empty() {
                self.waiting.put_back(number, waiter);
                break;
            }
            answer(waiter, messages, fx);
        }
        Ok(())
    }
}
