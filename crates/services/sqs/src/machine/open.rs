//! Rebuilding a queue's memory from what is stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use store::{Direction, KeyRange, StoreError, Txn};

use super::{Line, QueueMachine, Waiting, Young};
use crate::limits::{FAIR_LOOK_AHEAD, IN_FLIGHT_MAX, MESSAGES_AT_ONCE};
use crate::model::attributes::Attributes;
use crate::model::dedup::{Dedup, Taken};
use crate::model::fifo::Fifo;
use crate::model::flight::State;
use crate::model::message::Message;
use crate::model::standard::Standard;
use crate::records::{Keys, Mark, Queue, QueueId};

impl QueueMachine {
    pub(super) fn read(id: &QueueId, stored: &Txn, now: i64) -> Result<Self, StoreError> {
        let keys = Keys::of(id);
        let queue = stored.get_record::<Queue>(&keys.queue)?.filter(|queue| queue.number == id.number());
        let attributes = queue.map(|queue| Arc::new(queue.attributes));
        let mark = stored.get(&keys.mark)?.and_then(|record| Mark::decode(&record)).unwrap_or_default();
        let mut machine = Self {
            id: id.clone(),
            keys,
            attributes,
            line: Line::Standard(Standard::default()),
            young: Young::default(),
            waiting: Waiting::default(),
            mark,
            armed: None,
            expiry: None,
            attempts: BTreeMap::new(),
        };
        match machine.attributes.as_deref() {
            None => return Ok(machine),
            Some(Attributes { fifo: None, .. }) => machine.read_standard(stored, now)?,
            Some(_) => machine.read_fifo(stored, now)?,
        }
        machine.look_at_oldest(stored)?;
        Ok(machine)
    }

    /// The number after the last message behind `from`.
    fn next_number(&self, from: u64, stored: &Txn) -> Result<u64, StoreError> {
        let behind = KeyRange::prefix(&self.keys.messages).starting_at(&self.keys.message(from));
        let last = stored.scan(&behind, 1, Direction::Backward)?.pop();
        Ok(last.and_then(|(key, _)| key.last_u64()).map_or(0, |last| last + 1).max(self.mark.next))
    }

    fn read_standard(&mut self, stored: &Txn, now: i64) -> Result<(), StoreError> {
        let states = self.states(stored)?;
        // A message behind the cursor may be gone and its number given all the same.
        let given = states.last().map_or(0, |(last, _)| last + 1);
        let next = self.next_number(self.mark.cursor, stored)?.max(given);
        let mut standard = Standard::new(self.mark.cursor, next);
        for (sequence, state) in states {
            standard.set(sequence, state, now);
        }
        standard.advance();
        // Fair queues want to know whose messages wait. Those without groups are told by the first of them.
        let mut range = KeyRange::prefix(&self.keys.messages).starting_at(&self.keys.message(standard.cursor()));
        for _ in 0..FAIR_LOOK_AHEAD / MESSAGES_AT_ONCE {
            let page = stored.scan(&range, MESSAGES_AT_ONCE, Direction::Forward)?;
            let Some((last, _)) = page.last() else { break };
            range = range.continued_after(last);
            let mut grouped = false;
            for (key, record) in &page {
                if let (Some(sequence), Some(message)) = (key.last_u64(), Message::decode(record)) {
                    grouped |= message.group.is_some();
                    standard.learn_group(sequence, message.group.as_ref());
                }
            }
            if !grouped {
                break;
            }
        }
        self.line = Line::Standard(standard);
        Ok(())
    }

    fn states(&self, stored: &Txn) -> Result<Vec<(u64, State)>, StoreError> {
        let range = KeyRange::prefix(&self.keys.states).starting_at(&self.keys.state(self.mark.low));
        let states = stored.scan(&range, usize::MAX, Direction::Forward)?;
        let states = states.into_iter().filter_map(|(key, record)| Some((key.last_u64()?, State::decode(&record)?)));
        if kernel::sabotaged!("visibility ignored after a restart") {
            return Ok(states.map(|(sequence, state)| (sequence, State { visible_at: 0, ..state })).collect());
        }
        Ok(states.collect())
    }

    fn read_fifo(&mut self, stored: &Txn, now: i64) -> Result<(), StoreError> {
        let mut dedup = Dedup::default();
        let mut next = self.next_number(self.mark.cursor, stored)?;
        let range = KeyRange::prefix(&self.keys.taken).starting_at(&self.keys.taken(self.mark.taken_low));
        for (key, record) in stored.scan(&range, usize::MAX, Direction::Forward)? {
            if let (Some(sequence), Some(taken)) = (key.last_u64(), Taken::decode(&record)) {
                next = next.max(sequence + 1);
                dedup.take(sequence, taken);
            }
        }
        self.line = Line::Fifo(Box::new(Fifo::new(self.mark.cursor, next)), dedup);
        for _ in 0..IN_FLIGHT_MAX / MESSAGES_AT_ONCE {
            self.read_on(next, stored)?;
        }
        let states = self.states(stored)?;
        if let Line::Fifo(fifo, _) = &mut self.line {
            for (sequence, state) in states {
                if fifo.contains(sequence) {
                    fifo.set(sequence, state, now);
                }
            }
        }
        Ok(())
    }

    /// FIFO: gets to know the next messages, if there is room for them. Those before `stored_to` are stored or gone; what this
    /// command itself sends is read next time.
    pub(super) fn read_on(&mut self, stored_to: u64, stored: &Txn) -> Result<(), StoreError> {
        let Line::Fifo(fifo, _) = &mut self.line else { return Ok(()) };
        let Some(from) = fifo.unread() else { return Ok(()) };
        let range = KeyRange::prefix(&self.keys.messages).starting_at(&self.keys.message(from));
        let page = stored.scan(&range, MESSAGES_AT_ONCE, Direction::Forward)?;
        let complete = page.len() < MESSAGES_AT_ONCE;
        for (key, record) in page {
            if let (Some(sequence), Some(message)) = (key.last_u64(), Message::decode(&record)) {
                let group = message.group.unwrap_or_else(|| "".into());
                fifo.learn(sequence, &group, message.sent);
            }
        }
        if complete {
            fifo.read_to(stored_to);
        }
        Ok(())
    }
}
