//! What becomes of messages that were received, and of the queue itself.

use std::sync::Arc;
use std::time::Duration;

use store::{Effects, Reply, StoreError, Txn};

use super::send::retention_ms;
use super::{Line, Out, QueueMachine, Settled};
use crate::limits::{MESSAGES_AT_ONCE, VISIBILITY_SECONDS};
use crate::model::attributes::Attributes;
use crate::model::flight::{Phase, State};
use crate::model::message::Message;
use crate::model::receipt::Receipt;
use crate::records::{Deleted, Leftover, Queue};

impl QueueMachine {
    pub(super) fn delete(
        &mut self,
        receipts: &[Receipt],
        stored: &Txn,
        fx: &mut Effects<Self>,
    ) -> Result<Reply<Out>, StoreError> {
        let mut settled = Vec::with_capacity(receipts.len());
        for receipt in receipts {
            if self.was_taken_back(receipt, stored, fx)? {
                self.remove(receipt.sequence, receipt.apart, fx);
                settled.push(Settled::Done);
            } else {
                settled.push(self.delete_one(receipt, fx));
            }
        }
        self.advance(fx);
        Ok(Reply::durable(Out::Settled(settled)))
    }

    /// A standard queue: whether the receive is newer than what is known of its message. A power cut has taken it back, its
    /// receiver has done the work all the same, and nobody has received the message since.
    fn was_taken_back(&mut self, receipt: &Receipt, stored: &Txn, fx: &Effects<Self>) -> Result<bool, StoreError> {
        let Line::Standard(standard) = &self.line else { return Ok(false) };
        let receives = match standard.flight.get(receipt.sequence) {
            Some((_, Phase::Gone)) => return Ok(false),
            Some((state, _)) => state.receives,
            None if standard.is_untouched(receipt.sequence) => 0,
            None => return Ok(false),
        };
        if receipt.receives <= receives {
            return Ok(false);
        }
        let message = self.message(receipt.sequence, stored, fx)?;
        Ok(message.is_some_and(|message| message.mark() == receipt.message))
    }

    fn delete_one(&mut self, receipt: &Receipt, fx: &mut Effects<Self>) -> Settled {
        let found = self.line.flight().get(receipt.sequence);
        match (&self.line, found) {
            // Deleting what is not there any more is no error.
            (_, None | Some((_, Phase::Gone))) => {
                let untouched = matches!(&self.line, Line::Fifo(fifo, _) if fifo.contains(receipt.sequence));
                return if untouched { Settled::Expired } else { Settled::Done };
            }
            (_, Some((state, _))) if state.nonce != receipt.nonce => {
                let late_ms = u64::try_from(fx.now().millis() - state.received_at).unwrap_or(0);
                return Settled::Late { sequence: receipt.sequence, receives: state.receives, late_ms };
            }
            (Line::Fifo(..), Some((_, phase))) if phase != Phase::InFlight => {
                if kernel::sabotaged!("a failed entry is deleted with its batch") {
                    self.remove(receipt.sequence, receipt.apart, fx);
                }
                return Settled::Expired;
            }
            _ => {}
        }
        self.remove(receipt.sequence, receipt.apart, fx);
        Settled::Done
    }

    /// Takes a message out of memory and off the disk.
    pub(super) fn remove(&mut self, sequence: u64, apart: bool, fx: &mut Effects<Self>) {
        if !kernel::sabotaged!("a deletion is not kept") {
            fx.delete(self.keys.message(sequence));
        }
        if apart {
            fx.delete(self.keys.body(sequence));
        }
        self.young.take(sequence);
        let marked = match &mut self.line {
            Line::Standard(standard) => standard.delete(sequence),
            Line::Fifo(fifo, _) => {
                fifo.delete(sequence);
                false
            }
        };
        if marked {
            self.put_state(sequence, fx);
        } else {
            fx.delete(self.keys.state(sequence));
        }
        let floor = if let Line::Fifo(fifo, _) = &self.line { fifo.floor() } else { 0 };
        if floor >= self.mark.cursor + MESSAGES_AT_ONCE as u64 {
            self.put_mark(fx);
        }
    }

    pub(super) fn change(&mut self, changes: &[(Receipt, u32)], fx: &mut Effects<Self>) -> Reply<Out> {
        let settled = changes.iter().map(|(receipt, seconds)| self.change_one(receipt, *seconds, fx)).collect();
        Reply::durable(Out::Settled(settled))
    }

    fn change_one(&mut self, receipt: &Receipt, seconds: u32, fx: &mut Effects<Self>) -> Settled {
        let now = fx.now().millis();
        let fifo = matches!(self.line, Line::Fifo(..));
        let state = match self.line.flight().get(receipt.sequence) {
            Some((_, phase)) if phase == Phase::Gone || (fifo && phase != Phase::InFlight) => {
                return Settled::Unavailable;
            }
            // Recorded: a standard queue lets a message that is visible again be hidden once more.
            Some((state, _)) if state.nonce == receipt.nonce && state.receives > 0 => state.clone(),
            _ => return Settled::Unavailable,
        };
        let visible_at = now + i64::from(seconds) * 1000;
        if visible_at - state.received_at > i64::from(*VISIBILITY_SECONDS.end()) * 1000 {
            return Settled::TooLong;
        }
        self.line.set(receipt.sequence, State { visible_at, ..state }, now);
        self.put_state(receipt.sequence, fx);
        Settled::Done
    }

    pub(super) fn purge(
        &mut self,
        pause: Duration,
        stored: &Txn,
        fx: &mut Effects<Self>,
    ) -> Result<Reply<Out>, StoreError> {
        let now = fx.now();
        if self.mark.purged > (now - pause).millis() {
            return Ok(Reply::now(Out::PurgedLately));
        }
        let mut from = match &self.line {
            Line::Standard(standard) => standard.low(),
            Line::Fifo(fifo, _) => fifo.floor(),
        };
        match &mut self.line {
            Line::Standard(standard) => standard.purge(),
            // What was taken stays known: a purge does not let it in again.
            Line::Fifo(fifo, _) => fifo.purge(),
        }
        self.young.clear();
        self.attempts.clear();
        self.expiry = None;
        self.mark.purged = now.millis();
        // Written in any case: its time has changed.
        self.mark.low = u64::MAX;
        if kernel::sabotaged!("a purge is forgotten by a restart") {
            return Ok(Reply::durable(Out::Done));
        }
        self.put_mark(fx);
        // The purge before may not have been swept yet.
        if let Some(before) = stored.get_record::<Leftover>(&self.keys.leftover)? {
            from = from.min(before.from);
        }
        fx.put_record(self.keys.leftover.clone(), &Leftover::new(false, from, self.line.next()));
        Ok(Reply::durable(Out::Done))
    }

    pub(super) fn refresh(&mut self, stored: &Txn, fx: &mut Effects<Self>) -> Result<Reply<Out>, StoreError> {
        let queue = stored.get_record::<Queue>(&self.keys.queue)?.filter(|queue| queue.number == self.id.number());
        self.attributes = queue.map(|queue| Arc::new(queue.attributes));
        self.look_at_oldest(stored)?;
        if let (Some(attributes), Some(expiry)) = (self.attributes.clone(), self.expiry)
            && expiry <= fx.now().millis()
        {
            self.expire(&attributes, stored, fx)?;
        }
        Ok(Reply::durable(Out::Done))
    }

    pub(super) fn delete_queue(&mut self, fx: &mut Effects<Self>) -> Reply<Out> {
        fx.delete(self.keys.queue.clone());
        fx.put_record(self.keys.deleted.clone(), &Deleted { at: fx.now().millis() });
        if !kernel::sabotaged!("a queue that is made anew is the one before") {
            fx.put_record(self.keys.leftover.clone(), &Leftover::new(true, 0, u64::MAX));
        }
        self.attributes = None;
        self.expiry = None;
        self.young.clear();
        self.waiting.clear();
        Reply::durable(Out::Done)
    }

    /// Deletes messages that are older than the queue keeps them, a piece at a time.
    pub(super) fn expire(
        &mut self,
        attributes: &Attributes,
        stored: &Txn,
        fx: &mut Effects<Self>,
    ) -> Result<(), StoreError> {
        let expired_before = fx.now().millis() - retention_ms(attributes);
        for _ in 0..MESSAGES_AT_ONCE {
            let oldest = self.oldest(stored)?.into_iter().min_by_key(|(_, sent, _)| *sent);
            match oldest {
                Some((sequence, sent, apart)) if sent <= expired_before => {
                    self.remove(sequence, apart.is_none_or(|apart| apart), fx);
                    self.advance(fx);
                }
                other => {
                    self.expiry = other.map(|(_, sent, _)| sent + retention_ms(attributes));
                    return Ok(());
                }
            }
        }
        // The rest follows with the next command, or the timer that comes at once.
        self.expiry = Some(fx.now().millis());
        Ok(())
    }

    /// Says when the oldest message expires.
    pub(super) fn look_at_oldest(&mut self, stored: &Txn) -> Result<(), StoreError> {
        let Some(retention) = self.attributes.as_deref().map(retention_ms) else { return Ok(()) };
        let sent = self.oldest(stored)?.into_iter().map(|(_, sent, _)| sent).min();
        self.expiry = sent.map(|sent| sent + retention);
        Ok(())
    }

    /// The oldest messages, one that was touched and one that was not: number, time of sending, and where it is known whether
    /// the body has a record of its own.
    fn oldest(&self, stored: &Txn) -> Result<Vec<(u64, i64, Option<bool>)>, StoreError> {
        let standard = match &self.line {
            Line::Standard(standard) => standard,
            Line::Fifo(fifo, _) => {
                return Ok(fifo.oldest().map(|(sequence, sent)| (sequence, sent, None)).into_iter().collect());
            }
        };
        let mut oldest: Vec<_> =
            standard.flight.oldest().map(|(sequence, state)| (sequence, state.sent, None)).into_iter().collect();
        if let Some(sequence) = standard.oldest_untouched() {
            let sent = match self.young.sent(sequence) {
                Some(sent) => Some((sent, None)),
                None => stored.get(&self.keys.message(sequence))?.and_then(|record| {
                    let message = Message::decode(&record)?;
                    Some((message.sent, Some(message.body == crate::model::message::Body::Apart)))
                }),
            };
            // One that is not there at all has to go too.
            let (sent, apart) = sent.unwrap_or((i64::MIN, Some(false)));
            oldest.push((sequence, sent, apart));
        }
        Ok(oldest)
    }
}
