use std::collections::BTreeSet;
use std::sync::Arc;

use store::{Effects, Reply, StoreError, Txn};

use super::send::retention_ms;
use super::{Attempt, Delivery, Line, Out, QueueMachine, Receive};
use crate::limits::{ATTEMPTS_MAX, DEDUPLICATION, IN_FLIGHT_MAX, MESSAGES_AT_ONCE};
use crate::model::attributes::Attributes;
use crate::model::flight::{Phase, State};
use crate::model::message::Message;

impl QueueMachine {
    pub(super) fn receive(
        &mut self,
        receive: Receive,
        attributes: &Attributes,
        stored: &Txn,
        fx: &mut Effects<Self>,
    ) -> Result<Reply<Out>, StoreError> {
        if let Some(again) = self.attempted(&receive, attributes, stored, fx)? {
            return Ok(Reply::written(Out::Received(again)));
        }
        let messages = self.hand_out(&receive, attributes, stored, fx)?;
        if !messages.is_empty() {
            return Ok(Reply::written(Out::Received(messages)));
        }
        let full = matches!(&self.line, Line::Standard(s) if s.flight.in_flight() >= IN_FLIGHT_MAX);
        // What was moved or has expired on the way was changed all the same.
        let out = if receive.wait_ms > 0 {
            let deadline = fx.now().millis() + receive.wait_ms;
            match self.waiting.add(receive, deadline) {
                Some((place, coming)) => Out::Waiting(place, coming),
                None => Out::Received(Vec::new()),
            }
        } else if full {
            Out::TooManyInFlight
        } else {
            Out::Received(Vec::new())
        };
        Ok(Reply::now(out))
    }

    /// Takes what is visible, as much as is asked for.
    pub(super) fn hand_out(
        &mut self,
        receive: &Receive,
        attributes: &Attributes,
        stored: &Txn,
        fx: &mut Effects<Self>,
    ) -> Result<Vec<Delivery>, StoreError> {
        let now = fx.now().millis();
        let visibility_seconds = receive.visibility_seconds.unwrap_or(attributes.visibility_seconds);
        let visible_at = now + i64::from(visibility_seconds) * 1000;
        let mut deliveries = Vec::new();
        let mut burial = self.burial(attributes, stored)?;
        let mut current = None;
        let expired_before = now - retention_ms(attributes);
        let mut passed_over = 0;
        while deliveries.len() < receive.most
            && passed_over < MESSAGES_AT_ONCE
            && self.line.flight().in_flight() < IN_FLIGHT_MAX
        {
            let picked = match &mut self.line {
                Line::Standard(standard) => standard.pick(),
                Line::Fifo(fifo, _) => fifo.pick(now, super::delay_ms(attributes), &mut current),
            };
            let Some(sequence) = picked else { break };
            let message = self.message(sequence, stored, fx)?.filter(|message| message.sent > expired_before);
            let Some(message) = message else {
                passed_over += 1;
                self.hide_and_remove(sequence, now, fx);
                continue;
            };
            let known = self.line.flight().get(sequence).map(|(state, _)| state.clone());
            let mut state =
                known.unwrap_or_else(|| State { sent: message.sent, group: message.group.clone(), ..State::default() });
            if let Some(burial) = burial.as_mut().filter(|burial| state.receives >= burial.max_receives) {
                passed_over += 1;
                let grave = (&burial.to, burial.max_receives);
                self.tell_buried(&receive.by, &message, &state, grave, attributes, fx);
                self.bury(sequence, &state, message, burial, stored, fx)?;
                continue;
            }
            if state.receives > 0 {
                self.tell_again(&receive.by, &message, &state, attributes, fx);
            }
            state.receives = state.receives.saturating_add(1);
            state.received_at = now;
            state.nonce = receive.nonce;
            if state.receives == 1 {
                state.first_received = now;
            }
            // Not before the end: with a timeout of 0 it would be found again.
            state.visible_at = i64::MAX;
            self.line.set(sequence, state.clone(), now);
            deliveries.push(Delivery { sequence, state: State { visible_at, ..state }, message });
        }
        for delivery in &deliveries {
            self.line.set(delivery.sequence, delivery.state.clone(), now);
            let mut kept = delivery.state.clone();
            if kernel::sabotaged!("a receive is not counted on disk") {
                kept.receives -= 1;
            }
            fx.put(self.keys.state(delivery.sequence), kept.encode());
        }
        if let Some(burial) = burial {
            burial.hand_on(fx);
        }
        self.remember_attempt(receive, &deliveries, now);
        self.advance(fx);
        Ok(deliveries)
    }

    /// A message without a body that has a record of its own, if it is young also with it. It may have come by this very
    /// command, and be handed to somebody who waits.
    pub(super) fn message(
        &mut self,
        sequence: u64,
        stored: &Txn,
        fx: &Effects<Self>,
    ) -> Result<Option<Arc<Message>>, StoreError> {
        if let Some(message) = self.young.take(sequence) {
            return Ok(Some(message));
        }
        let key = self.keys.message(sequence);
        let record = match fx.put_by_now(&key).filter(|_| !kernel::sabotaged!("what has just arrived is not seen")) {
            Some(record) => Some(record.clone()),
            None => stored.get(&key)?,
        };
        Ok(record.and_then(|record| Message::decode(&record)).map(Arc::new))
    }

    /// Lets the cursor pass what was touched.
    pub(super) fn advance(&mut self, fx: &mut Effects<Self>) {
        if let Line::Standard(standard) = &mut self.line {
            let before = standard.cursor();
            for sequence in standard.advance() {
                fx.delete(self.keys.state(sequence));
            }
            if standard.cursor() != before {
                self.put_mark(fx);
            }
        }
    }

    /// FIFO: the answer to a receive that was asked before, as long as nobody has done anything with its messages. Their
    /// visibility starts anew. Source: SQS API Reference, ReceiveMessage, `ReceiveRequestAttemptId`.
    fn attempted(
        &mut self,
        receive: &Receive,
        attributes: &Attributes,
        stored: &Txn,
        fx: &mut Effects<Self>,
    ) -> Result<Option<Vec<Delivery>>, StoreError> {
        let now = fx.now().millis();
        let Some(attempt) = receive.attempt.as_ref().and_then(|attempt| self.attempts.get(attempt)) else {
            return Ok(None);
        };
        let (nonce, messages) = (attempt.nonce, attempt.messages.clone());
        let flight = self.line.flight();
        let as_given = |sequence: &u64| {
            flight.get(*sequence).is_some_and(|(state, phase)| phase == Phase::InFlight && state.nonce == nonce)
        };
        if attempt.at <= (fx.now() - DEDUPLICATION).millis() || !messages.iter().all(as_given) {
            return Ok(None);
        }
        let visibility_seconds = receive.visibility_seconds.unwrap_or(attributes.visibility_seconds);
        let visible_at = now + i64::from(visibility_seconds) * 1000;
        let mut again = Vec::new();
        for sequence in messages {
            let state = self.line.flight().get(sequence).map(|(state, _)| State { visible_at, ..state.clone() });
            if let (Some(state), Some(message)) = (state, self.message(sequence, stored, fx)?) {
                self.line.set(sequence, state.clone(), now);
                fx.put(self.keys.state(sequence), state.encode());
                again.push(Delivery { sequence, state, message });
            }
        }
        Ok(Some(again))
    }

    fn remember_attempt(&mut self, receive: &Receive, deliveries: &[Delivery], now: i64) {
        let Some(attempt) = receive.attempt.clone().filter(|_| !deliveries.is_empty()) else { return };
        if self.attempts.len() >= ATTEMPTS_MAX {
            let oldest = self.attempts.iter().min_by_key(|(_, attempt)| attempt.at).map(|(id, _)| id.clone());
            oldest.and_then(|id| self.attempts.remove(&id));
        }
        let messages: BTreeSet<u64> = deliveries.iter().map(|delivery| delivery.sequence).collect();
        self.attempts.insert(attempt, Attempt { at: now, nonce: receive.nonce, messages });
    }
}
