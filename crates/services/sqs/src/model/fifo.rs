//! Which message of a FIFO queue is next: the oldest of a group of which nothing is in flight.
//!
//! The first 120,000 messages are known by group, as AWS looks no further either; what stands behind them is read when there
//! is room.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::flight::{Flight, Phase, State};
use crate::limits::IN_FLIGHT_MAX;

#[derive(Debug, Default)]
pub(crate) struct Fifo {
    /// Messages that are known, in flight or not.
    known: BTreeMap<u64, Known>,
    groups: BTreeMap<Arc<str>, Group>,
    /// Groups that are free, by their oldest message.
    free: BTreeSet<(u64, Arc<str>)>,
    /// Messages from here on have not been read.
    read_to: u64,
    next: u64,
    pub flight: Flight,
}

#[derive(Debug)]
struct Known {
    group: Arc<str>,
    sent: i64,
}

#[derive(Debug, Default)]
struct Group {
    waiting: BTreeSet<u64>,
    in_flight: usize,
    /// Its place in `free`.
    free_as: Option<u64>,
}

/// The group that a receive is taking messages of.
pub(crate) type Current = Option<Arc<str>>;

impl Fifo {
    pub(crate) fn new(read_to: u64, next: u64) -> Self {
        Self { read_to, next: next.max(read_to), ..Self::default() }
    }

    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// No message before it is there.
    pub(crate) fn floor(&self) -> u64 {
        self.known.keys().next().copied().unwrap_or(self.read_to)
    }

    /// From where to read on, if there is something to read and room for it.
    pub(crate) fn unread(&self) -> Option<u64> {
        (self.read_to < self.next && self.known.len() < IN_FLIGHT_MAX).then_some(self.read_to)
    }

    /// Messages that are there: known ones, and those that have not been read.
    fn len(&self) -> u64 {
        self.known.len() as u64 + (self.next - self.read_to)
    }

    pub(crate) fn visible(&self, now: i64, delay_ms: i64) -> u64 {
        self.len().saturating_sub(self.flight.in_flight() as u64).saturating_sub(self.delayed(now, delay_ms))
    }

    /// Messages that are younger than the queue's delay, which holds for those that were there before it too.
    pub(crate) fn delayed(&self, now: i64, delay_ms: i64) -> u64 {
        if delay_ms == 0 {
            return 0;
        }
        let young = self.known.iter().rev().take_while(|(_, known)| known.sent + delay_ms > now);
        young.filter(|(sequence, _)| !self.flight.contains(**sequence)).count() as u64
    }

    /// When the next message leaves its delay.
    pub(crate) fn next_undelayed(&self, now: i64, delay_ms: i64) -> Option<i64> {
        let waits = self.free.iter().filter_map(|(sequence, _)| Some(self.known.get(sequence)?.sent + delay_ms));
        (delay_ms > 0).then(|| waits.filter(|due| *due > now).min()).flatten()
    }

    pub(crate) fn append(&mut self, group: &Arc<str>, sent: i64) -> u64 {
        let sequence = self.next;
        self.next += 1;
        if self.read_to == sequence && self.known.len() < IN_FLIGHT_MAX {
            self.learn(sequence, group, sent);
        }
        sequence
    }

    /// What reading the store has found.
    pub(crate) fn learn(&mut self, sequence: u64, group: &Arc<str>, sent: i64) {
        self.read_to = self.read_to.max(sequence + 1);
        self.known.insert(sequence, Known { group: group.clone(), sent });
        self.groups.entry(group.clone()).or_default().waiting.insert(sequence);
        self.refresh(group);
    }

    /// Nothing before it is unknown.
    pub(crate) fn read_to(&mut self, sequence: u64) {
        self.read_to = self.read_to.max(sequence).min(self.next);
    }

    pub(crate) fn set(&mut self, sequence: u64, state: State, now: i64) -> Phase {
        let phase = self.flight.set(sequence, state, now);
        self.place(sequence, phase);
        phase
    }

    /// Makes visible what is due. FIFO messages come back to their place.
    pub(crate) fn wake(&mut self, now: i64) {
        while let Some((sequence, _)) = self.flight.pop_due(now) {
            self.place(sequence, Phase::Ready);
        }
    }

    /// Puts a message among those that wait, or those in flight.
    fn place(&mut self, sequence: u64, phase: Phase) {
        let Some(group) = self.known.get(&sequence).map(|known| known.group.clone()) else { return };
        let Some(found) = self.groups.get_mut(&group) else { return };
        if phase == Phase::InFlight {
            if found.waiting.remove(&sequence) {
                found.in_flight += 1;
            }
        } else if found.waiting.insert(sequence) {
            found.in_flight = found.in_flight.saturating_sub(1);
        }
        self.refresh(&group);
    }

    fn refresh(&mut self, name: &Arc<str>) {
        let Some(group) = self.groups.get_mut(name) else { return };
        let locked = group.in_flight > 0 && !kernel::sabotaged!("a group is not locked");
        let free_as = if !locked { group.waiting.first().copied() } else { None };
        if group.free_as != free_as {
            if let Some(before) = group.free_as {
                self.free.remove(&(before, name.clone()));
            }
            if let Some(now) = free_as {
                self.free.insert((now, name.clone()));
            }
            group.free_as = free_as;
        }
        if group.in_flight == 0 && group.waiting.is_empty() {
            self.groups.remove(name);
        }
    }

    /// The next visible message: of the group that this receive is at, as long as it has one, else of the free group with the
    /// oldest. The caller sets its state.
    pub(crate) fn pick(&self, now: i64, delay_ms: i64, current: &mut Current) -> Option<u64> {
        let visible = |sequence: &u64| {
            let due = self.known.get(sequence).is_some_and(|known| known.sent + delay_ms <= now);
            due || self.flight.get(*sequence).is_some_and(|(state, _)| state.receives > 0)
        };
        let of_current = current.as_ref().and_then(|group| self.groups.get(group)?.waiting.first().copied());
        if let Some(sequence) = of_current.filter(visible) {
            return Some(sequence);
        }
        let (sequence, group) =
            self.free.iter().find(|(sequence, group)| visible(sequence) && current.as_ref() != Some(group))?;
        *current = Some(group.clone());
        Some(*sequence)
    }

    pub(crate) fn delete(&mut self, sequence: u64) {
        self.flight.remove(sequence);
        let Some(Known { group: name, .. }) = self.known.remove(&sequence) else { return };
        if let Some(group) = self.groups.get_mut(&name)
            && !group.waiting.remove(&sequence)
        {
            group.in_flight = group.in_flight.saturating_sub(1);
        }
        self.refresh(&name);
    }

    /// The first number from one on that a message may have.
    pub(crate) fn first_from(&self, sequence: u64) -> Option<u64> {
        let known = self.known.range(sequence..).next().map(|(known, _)| *known);
        known.or_else(|| Some(sequence.max(self.read_to)).filter(|unread| *unread < self.next))
    }

    pub(crate) fn purge(&mut self) {
        *self = Self::new(self.next, self.next);
    }

    pub(crate) fn contains(&self, sequence: u64) -> bool {
        self.known.contains_key(&sequence)
    }

    /// The oldest message that is known, and when it was sent.
    pub(crate) fn oldest(&self) -> Option<(u64, i64)> {
        self.known.iter().next().map(|(sequence, known)| (*sequence, known.sent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn received(visible_at: i64) -> State {
        State { visible_at, receives: 1, ..State::default() }
    }

    fn receive(queue: &mut Fifo, now: i64, count: usize, visible_at: i64) -> Vec<u64> {
        let (mut current, mut taken) = (None, Vec::new());
        while taken.len() < count
            && let Some(sequence) = queue.pick(now, 0, &mut current)
        {
            // While it is being taken it must not be found again.
            queue.set(sequence, received(i64::MAX), now);
            taken.push(sequence);
        }
        for sequence in &taken {
            queue.set(*sequence, received(visible_at), now);
        }
        taken
    }

    #[test]
    fn a_group_waits_for_what_is_in_flight_and_others_do_not() {
        let mut queue = Fifo::new(0, 0);
        for group in ["a", "b", "a", "c", "a"] {
            queue.append(&group.into(), 0);
        }
        assert_eq!(receive(&mut queue, 0, 2, 30), [0, 2]);
        assert_eq!(receive(&mut queue, 0, 10, 30), [1, 3]);
        assert!(receive(&mut queue, 0, 10, 30).is_empty());
        queue.delete(0);
        assert!(receive(&mut queue, 0, 10, 30).is_empty(), "the group's second message is still in flight");
        queue.delete(2);
        assert_eq!(receive(&mut queue, 0, 10, 30), [4]);
    }

    #[test]
    fn what_comes_back_comes_back_to_its_place() {
        let mut queue = Fifo::new(0, 0);
        for _ in 0..3 {
            queue.append(&"a".into(), 0);
        }
        assert_eq!(receive(&mut queue, 0, 2, 5), [0, 1]);
        queue.wake(5);
        assert_eq!(receive(&mut queue, 5, 10, 9), [0, 1, 2]);
    }

    #[test]
    fn the_queues_delay_holds_for_what_was_there_before() {
        let mut queue = Fifo::new(0, 0);
        queue.append(&"a".into(), 0);
        assert_eq!(queue.pick(4, 5, &mut None), None);
        assert_eq!((queue.delayed(4, 5), queue.visible(4, 5)), (1, 0));
        assert_eq!(queue.next_undelayed(4, 5), Some(5));
        assert_eq!(queue.pick(5, 5, &mut None), Some(0));
        assert_eq!(queue.pick(4, 0, &mut None), Some(0));
    }

    proptest! {
        /// Messages of a group are first received in their order, and none while an older one is in flight.
        #[test]
        fn order_within_groups_is_kept(steps in proptest::collection::vec((0u8..5, any::<u16>()), 0..200)) {
            let mut queue = Fifo::new(0, 0);
            let mut there: BTreeMap<u64, (u8, i64)> = BTreeMap::new();
            for (now, (step, chance)) in (1i64..).zip(steps) {
                queue.wake(now);
                match step {
                    0 | 1 => {
                        let group = u8::try_from(chance % 3).unwrap();
                        let sequence = queue.append(&group.to_string().into(), now);
                        there.insert(sequence, (group, 0));
                    }
                    2 | 3 => {
                        let due = now + i64::from(chance % 5);
                        let taken = receive(&mut queue, now, usize::from(chance % 4), due);
                        for sequence in &taken {
                            there.get_mut(sequence).unwrap().1 = now;
                        }
                        for sequence in taken {
                            let group = there[&sequence].0;
                            for (other, (_, taken)) in there.range(..sequence).filter(|(_, (g, _))| *g == group) {
                                prop_assert_eq!(*taken, now, "{} was passed by {}", other, sequence);
                            }
                            let younger_in_flight = there.range(sequence + 1..).any(|(s, (g, taken))| {
                                *g == group && queue.flight.get(*s).is_some_and(|(_, p)| p == Phase::InFlight) && *taken != now
                            });
                            prop_assert!(!younger_in_flight);
                        }
                        for (_, taken) in there.values_mut() {
                            *taken = if *taken == now { now } else { 0 };
                        }
                    }
                    _ => {
                        let in_flight: Vec<u64> = there.keys().copied().filter(|s| queue.flight.contains(*s)).collect();
                        if let Some(sequence) = in_flight.get(usize::from(chance) % in_flight.len().max(1)) {
                            queue.delete(*sequence);
                            there.remove(sequence);
                        }
                    }
                }
                prop_assert_eq!(queue.len(), there.len() as u64);
            }
        }
    }
}
