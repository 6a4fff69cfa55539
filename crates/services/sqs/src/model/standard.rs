//! Which message of a standard queue is next: a cursor over what nobody has touched, and the exceptions.
//!
//! A message is there if it is at or behind the cursor, or has a state. So an untouched backlog of any length costs two
//! numbers.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::fair::{Fair, is_noisy};
use super::flight::{Flight, Phase, State};

#[derive(Debug, Default)]
pub(crate) struct Standard {
    /// Every message before it has been touched.
    cursor: u64,
    /// The number that the next message gets.
    next: u64,
    /// Messages at or behind the cursor that have a state.
    ahead: usize,
    /// Touched messages that are visible again.
    ready: BTreeSet<u64>,
    /// Whether a message that came back goes before an untouched one: they take turns, so that neither waits for ever.
    returned_first: bool,
    fair: Fair,
    pub flight: Flight,
}

impl Standard {
    pub(crate) fn new(cursor: u64, next: u64) -> Self {
        Self { cursor, next: next.max(cursor), returned_first: true, ..Self::default() }
    }

    pub(crate) fn cursor(&self) -> u64 {
        self.cursor
    }

    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Where reading the states has to begin.
    pub(crate) fn low(&self) -> u64 {
        self.flight.lowest().map_or(self.cursor, |lowest| lowest.min(self.cursor))
    }

    pub(crate) fn visible(&self) -> u64 {
        (self.next - self.cursor).saturating_sub(self.ahead as u64) + self.ready.len() as u64
    }

    /// A new message that nobody has touched.
    pub(crate) fn append(&mut self, group: Option<&Arc<str>>) -> u64 {
        let sequence = self.next;
        self.next += 1;
        self.fair.sent(sequence, group);
        sequence
    }

    /// What reading the store has found of an untouched message's group.
    pub(crate) fn learn_group(&mut self, sequence: u64, group: Option<&Arc<str>>) {
        if sequence >= self.cursor && !self.flight.contains(sequence) {
            self.fair.sent(sequence, group);
        }
    }

    /// Sets a message's state: delayed, received, given back, as its times say.
    pub(crate) fn set(&mut self, sequence: u64, state: State, now: i64) -> Phase {
        if sequence >= self.cursor && !self.flight.contains(sequence) {
            self.ahead += 1;
        }
        self.fair.touched(sequence);
        self.ready.remove(&sequence);
        let phase = self.flight.set(sequence, state, now);
        if phase == Phase::Ready {
            self.ready.insert(sequence);
        }
        phase
    }

    /// Makes visible what is due.
    pub(crate) fn wake(&mut self, now: i64) {
        while let Some((sequence, _)) = self.flight.pop_due(now) {
            self.ready.insert(sequence);
        }
    }

    /// The next visible message. The caller touches it.
    pub(crate) fn pick(&mut self) -> Option<u64> {
        let untouched = self.untouched();
        let returned = self.ready.first().copied();
        let picked = match (returned, untouched) {
            (Some(returned), Some(_)) if self.returned_first => Some(returned),
            (_, Some(untouched)) => self.fair.instead_of(untouched, &self.flight).or(Some(untouched)),
            (returned, None) => returned,
        }?;
        self.returned_first = !self.ready.remove(&picked);
        Some(picked)
    }

    fn untouched(&self) -> Option<u64> {
        (self.cursor..self.next).find(|sequence| !self.flight.contains(*sequence))
    }

    /// Moves the cursor over what has been touched. Answers what was only remembered because it stood behind the cursor.
    pub(crate) fn advance(&mut self) -> Vec<u64> {
        let mut forgotten = Vec::new();
        while self.cursor < self.next {
            let Some((_, phase)) = self.flight.get(self.cursor) else { break };
            if phase == Phase::Gone {
                self.flight.remove(self.cursor);
                forgotten.push(self.cursor);
            }
            self.ahead = self.ahead.saturating_sub(1);
            self.cursor += 1;
        }
        forgotten
    }

    /// Whether nobody has touched the message.
    pub(crate) fn is_untouched(&self, sequence: u64) -> bool {
        (self.cursor..self.next).contains(&sequence) && !self.flight.contains(sequence)
    }

    /// Takes a message out for good. Answers whether a mark of it has to stay until the cursor has passed.
    pub(crate) fn delete(&mut self, sequence: u64) -> bool {
        self.ready.remove(&sequence);
        if sequence < self.cursor {
            self.flight.remove(sequence);
            return false;
        }
        self.set(sequence, State { gone: true, ..State::default() }, 0);
        true
    }

    /// Forgets everything that is there.
    pub(crate) fn purge(&mut self) {
        (self.cursor, self.ahead) = (self.next, 0);
        self.ready.clear();
        self.flight.clear();
        self.fair.clear();
    }

    pub(crate) fn group_of(&self, sequence: u64) -> Option<&str> {
        self.fair.group_of(sequence).map(|group| &**group)
    }

    pub(crate) fn is_noisy(&self, group: Option<&str>) -> bool {
        group.is_some_and(|group| is_noisy(group, &self.flight))
    }

    /// Noisy groups, and what is visible, in flight and delayed of all others; none where messages have no groups.
    pub(crate) fn quiet(&self) -> Option<(u64, u64, u64, u64)> {
        let has_groups = self.fair.is_grouped() || self.flight.groups_in_flight() > 0;
        let noisy: Vec<_> = self.flight.held().filter(|(group, _)| is_noisy(group, &self.flight)).collect();
        let (mut visible, mut delayed) = (self.visible(), self.flight.delayed() as u64);
        let mut in_flight = self.flight.in_flight() as u64;
        for (group, held) in &noisy {
            in_flight = in_flight.saturating_sub(*held as u64);
            visible = visible.saturating_sub(self.fair.waiting_of(group) as u64);
        }
        if !noisy.is_empty() {
            for (_, phase) in self.flight.phases().filter(|(group, _)| self.is_noisy(*group)) {
                match phase {
                    Phase::Ready => visible = visible.saturating_sub(1),
                    Phase::Delayed => delayed = delayed.saturating_sub(1),
                    Phase::InFlight | Phase::Gone => {}
                }
            }
        }
        has_groups.then_some((noisy.len() as u64, visible, in_flight, delayed))
    }

    /// The first number from one on that a message may have: before the cursor only touched ones are left.
    pub(crate) fn first_from(&self, sequence: u64) -> Option<u64> {
        let touched = self.flight.first_from(sequence).filter(|touched| *touched < self.cursor);
        touched.or_else(|| Some(sequence.max(self.cursor)).filter(|untouched| *untouched < self.next))
    }

    /// The oldest untouched message.
    pub(crate) fn oldest_untouched(&self) -> Option<u64> {
        self.untouched()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn received(visible_at: i64) -> State {
        State { visible_at, receives: 1, ..State::default() }
    }

    #[test]
    fn a_message_that_came_back_and_an_untouched_one_take_turns() {
        let mut queue = Standard::new(0, 0);
        for _ in 0..3 {
            queue.append(None);
        }
        let mut order = Vec::new();
        for now in 0..4 {
            queue.wake(now);
            let picked = queue.pick().unwrap();
            queue.set(picked, received(now), now);
            queue.advance();
            order.push(picked);
        }
        assert_eq!(order, [0, 0, 1, 0]);
    }

    #[test]
    fn a_backlog_costs_no_memory() {
        let queue = Standard::new(5, 1_000_005);
        assert_eq!(queue.visible(), 1_000_000);
        assert!(queue.flight.lowest().is_none());
    }

    proptest! {
        /// Against a map of what every message is.
        #[test]
        fn every_message_is_handed_out_until_it_is_deleted(steps in proptest::collection::vec((0u8..6, any::<u16>()), 0..300)) {
            let mut queue = Standard::new(0, 0);
            let mut expected: BTreeMap<u64, i64> = BTreeMap::new();
            for (now, (step, chance)) in (0i64..).zip(steps) {
                queue.wake(now);
                match step {
                    0 | 1 => {
                        let sequence = queue.append(None);
                        let due = if chance % 3 == 0 { now + i64::from(chance % 7) } else { now };
                        if due > now {
                            queue.set(sequence, State { visible_at: due, ..State::default() }, now);
                        }
                        expected.insert(sequence, due);
                    }
                    2 | 3 => {
                        let visible: Vec<u64> = expected.iter().filter(|(_, due)| **due <= now).map(|(s, _)| *s).collect();
                        prop_assert_eq!(queue.visible(), visible.len() as u64);
                        let picked = queue.pick();
                        prop_assert_eq!(picked.is_some(), !visible.is_empty());
                        if let Some(picked) = picked {
                            prop_assert!(visible.contains(&picked), "{} is not visible", picked);
                            let due = now + i64::from(chance % 5);
                            queue.set(picked, received(due), now);
                            queue.advance();
                            expected.insert(picked, due);
                        }
                    }
                    4 => {
                        let touched: Vec<u64> = expected.keys().copied().filter(|s| queue.flight.contains(*s)).collect();
                        if let Some(sequence) = touched.get(usize::from(chance) % touched.len().max(1)) {
                            queue.delete(*sequence);
                            queue.advance();
                            expected.remove(sequence);
                        }
                    }
                    _ if chance % 40 == 0 => {
                        queue.purge();
                        expected.clear();
                    }
                    _ => {}
                }
            }
        }
    }
}
