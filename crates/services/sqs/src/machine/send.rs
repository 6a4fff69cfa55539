use std::sync::Arc;

use bytes::Bytes;
use store::{Effects, Reply};

use super::{Accepted, Line, Out, Outgoing, QueueMachine};
use crate::limits::{DEDUPLICATION, INLINE_BODY_BYTES_MAX, MESSAGES_AT_ONCE};
use crate::model::attributes::Attributes;
use crate::model::dedup::Taken;
use crate::model::flight::State;
use crate::model::message::{Body, Message};

impl Outgoing {
    /// Puts a message into the form in which it is kept; for whoever has the time, which the machine has not.
    pub(crate) fn new(message: Message, delay_seconds: Option<u32>) -> Self {
        match &message.body {
            Body::Here(body) if body.len() > INLINE_BODY_BYTES_MAX => {
                let body = Bytes::copy_from_slice(body.as_bytes());
                let record = Message { body: Body::Apart, ..message.clone() }.encode();
                Self { message: Arc::new(message), record, body: Some(body), delay_seconds, room: None }
            }
            _ => {
                let record = message.encode();
                Self { message: Arc::new(message), record, body: None, delay_seconds, room: None }
            }
        }
    }
}

impl QueueMachine {
    pub(super) fn send(
        &mut self,
        messages: Vec<Outgoing>,
        attributes: &Attributes,
        fx: &mut Effects<Self>,
    ) -> Reply<Out> {
        let accepted = messages.into_iter().map(|message| self.accept(message, attributes, fx)).collect();
        self.forget_taken(fx);
        Reply::durable(Out::Sent(accepted))
    }

    fn accept(&mut self, outgoing: Outgoing, attributes: &Attributes, fx: &mut Effects<Self>) -> Accepted {
        let now = fx.now().millis();
        let message = &outgoing.message;
        let id = message.id;
        if let (Line::Fifo(_, dedup), Some(fifo), Some(given)) =
            (&mut self.line, &attributes.fifo, &message.deduplication_id)
        {
            let scope = message.group.clone().filter(|_| fifo.per_group);
            let since = now - i64::try_from(DEDUPLICATION.as_millis()).unwrap_or(i64::MAX);
            let known = dedup.find(&scope, given, since).filter(|_| !kernel::sabotaged!("deduplication off"));
            if let Some((sequence, message)) = known {
                return Accepted { sequence, message };
            }
            let taken = Taken { scope, deduplication_id: given.clone(), message: id, at: now };
            let sequence = self.line.next();
            fx.put(self.keys.taken(sequence), taken.encode());
            if let Line::Fifo(_, dedup) = &mut self.line {
                dedup.take(sequence, taken);
            }
        }
        let delay_seconds = outgoing.delay_seconds.unwrap_or(attributes.delay_seconds);
        let sequence = self.append(outgoing, delay_seconds, now, fx);
        Accepted { sequence, message: id }
    }

    /// Gives a message its place.
    fn append(&mut self, outgoing: Outgoing, delay_seconds: u32, now: i64, fx: &mut Effects<Self>) -> u64 {
        let Outgoing { message, record, body, room, .. } = outgoing;
        let sequence = match &mut self.line {
            Line::Standard(standard) => standard.append(message.group.as_ref()),
            Line::Fifo(fifo, _) => fifo.append(&message.group.clone().unwrap_or_else(|| "".into()), message.sent),
        };
        fx.put(self.keys.message(sequence), record);
        if let Some(body) = body {
            fx.put(self.keys.body(sequence), body);
        }
        if let (Line::Standard(standard), 1..) = (&mut self.line, delay_seconds) {
            let visible_at = now + i64::from(delay_seconds) * 1000;
            let state = State { visible_at, sent: message.sent, group: message.group.clone(), ..State::default() };
            standard.set(sequence, state, now);
            self.put_state(sequence, fx);
        }
        if let Some(attributes) = &self.attributes {
            let expires = message.sent + retention_ms(attributes);
            self.expiry = Some(self.expiry.map_or(expires, |expiry| expiry.min(expires)));
        }
        if let Some(room) = room {
            self.young.keep(sequence, message, room);
        }
        sequence
    }

    /// Messages that another queue hands over.
    pub(super) fn take(
        &mut self,
        messages: Vec<Message>,
        attributes: &Attributes,
        fx: &mut Effects<Self>,
    ) -> Reply<Out> {
        let now = fx.now().millis();
        for message in messages {
            // FIFO queues count the time from here on. Source: Developer Guide, "Using dead-letter queues in Amazon SQS".
            let sent = if attributes.fifo.is_some() { now } else { message.sent };
            self.append(Outgoing::new(Message { sent, ..message }, None), 0, now, fx);
        }
        // A number that nothing else remembers: FIFO numbers are never given twice.
        self.put_mark(fx);
        Reply::durable(Out::Done)
    }

    /// FIFO: forgets what was taken more than five minutes ago.
    fn forget_taken(&mut self, fx: &mut Effects<Self>) {
        let before = (fx.now() - DEDUPLICATION).millis();
        let Line::Fifo(_, dedup) = &mut self.line else { return };
        let forgotten = dedup.forget(before, MESSAGES_AT_ONCE);
        if let Some(last) = forgotten.last() {
            self.mark.taken_low = last + 1;
            for sequence in forgotten {
                fx.delete(self.keys.taken(sequence));
            }
            // The queue's next number is now told by nothing else.
            self.mark.next = 0;
            self.put_mark(fx);
        }
    }
}

pub(super) fn retention_ms(attributes: &Attributes) -> i64 {
    i64::from(attributes.retention_seconds) * 1000
}
