//! A look at a queue that changes nothing: nobody receives what is shown.

use std::sync::Arc;

use store::{StoreError, Txn};

use super::{Delivery, Line, Peeked, QueueMachine, Seen, delay_ms};
use crate::limits::PEEK_AT_ONCE;
use crate::machine::send::retention_ms;
use crate::model::attributes::Attributes;
use crate::model::flight::{Phase, State};
use crate::model::message::Message;

impl QueueMachine {
    /// Messages from a number on, in the order of sending, as far as one look goes.
    pub(super) fn peek(
        &self,
        from: u64,
        attributes: &Attributes,
        stored: &Txn,
        now: i64,
    ) -> Result<Peeked, StoreError> {
        let mut seen = Vec::new();
        let mut next = self.first_from(from);
        for _ in 0..PEEK_AT_ONCE {
            let Some(sequence) = next else { break };
            next = self.first_from(sequence + 1);
            let touched = self.line.flight().get(sequence);
            if touched.is_some_and(|(_, phase)| phase == Phase::Gone) {
                continue;
            }
            // From the store, not from what is kept of young messages: that is for their receivers.
            let record = stored.get(&self.keys.message(sequence))?;
            let message = record.and_then(|record| Message::decode(&record)).map(Arc::new);
            let Some(message) = message.filter(|message| message.sent > now - retention_ms(attributes)) else {
                continue;
            };
            let (state, phase) = match touched {
                Some((state, phase)) => (state.clone(), phase),
                None => self.untouched(&message, attributes, now),
            };
            seen.push(Seen { delivery: Delivery { sequence, state, message }, phase });
        }
        Ok(Peeked { seen, next })
    }

    fn first_from(&self, sequence: u64) -> Option<u64> {
        match &self.line {
            Line::Standard(standard) => standard.first_from(sequence),
            Line::Fifo(fifo, _) => fifo.first_from(sequence),
        }
    }

    /// A FIFO queue's delay holds for messages of which nothing else is known.
    fn untouched(&self, message: &Message, attributes: &Attributes, now: i64) -> (State, Phase) {
        let due = message.sent + delay_ms(attributes);
        let is_delayed = matches!(self.line, Line::Fifo(..)) && due > now;
        let visible_at = if is_delayed { due } else { message.sent };
        (State { visible_at, ..State::default() }, if is_delayed { Phase::Delayed } else { Phase::Ready })
    }
}
