//! What is known of messages that were touched: delayed, received, or given back. Everything else of a queue costs no
//! memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::message::{Reader, Writer};

const VERSION: u8 = 1;

/// One message's state, as it is kept on disk. Times are milliseconds of due time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct State {
    pub visible_at: i64,
    /// Receives in this queue.
    pub receives: u32,
    pub first_received: i64,
    pub received_at: i64,
    /// Of the receive whose handle counts.
    pub nonce: u64,
    pub sent: i64,
    pub group: Option<Arc<str>>,
    /// Deleted, and kept until the cursor has passed it: the message behind the cursor is the one that nobody knows.
    pub gone: bool,
}

impl State {
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = Writer(BytesMut::with_capacity(64));
        out.0.extend_from_slice(&[VERSION, u8::from(self.gone)]);
        out.0.extend_from_slice(&self.visible_at.to_le_bytes());
        out.0.extend_from_slice(&self.receives.to_le_bytes());
        out.0.extend_from_slice(&self.first_received.to_le_bytes());
        out.0.extend_from_slice(&self.received_at.to_le_bytes());
        out.0.extend_from_slice(&self.nonce.to_le_bytes());
        out.0.extend_from_slice(&self.sent.to_le_bytes());
        out.optional(self.group.as_deref());
        out.0.freeze()
    }

    /// `None` for bytes that no version has written.
    pub(crate) fn decode(record: &[u8]) -> Option<Self> {
        let mut rest = Reader(record);
        if rest.byte()? != VERSION {
            return None;
        }
        let gone = rest.byte()? == 1;
        let state = Self {
            gone,
            visible_at: i64::from_le_bytes(rest.array()?),
            receives: u32::from_le_bytes(rest.array()?),
            first_received: i64::from_le_bytes(rest.array()?),
            received_at: i64::from_le_bytes(rest.array()?),
            nonce: u64::from_le_bytes(rest.array()?),
            sent: i64::from_le_bytes(rest.array()?),
            group: rest.optional()?.map(Into::into),
        };
        rest.0.is_empty().then_some(state)
    }

    fn phase(&self, now: i64) -> Phase {
        match self {
            Self { gone: true, .. } => Phase::Gone,
            Self { visible_at, .. } if *visible_at <= now => Phase::Ready,
            Self { receives: 0, .. } => Phase::Delayed,
            _ => Phase::InFlight,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Delayed,
    InFlight,
    Ready,
    Gone,
}

/// All touched messages of a queue.
#[derive(Debug, Default)]
pub(crate) struct Flight {
    states: BTreeMap<u64, (State, Phase)>,
    /// When something becomes visible.
    due: BTreeSet<(i64, u64)>,
    in_flight: usize,
    delayed: usize,
    by_group: BTreeMap<Arc<str>, usize>,
}

impl Flight {
    pub(crate) fn get(&self, sequence: u64) -> Option<(&State, Phase)> {
        self.states.get(&sequence).map(|(state, phase)| (state, *phase))
    }

    pub(crate) fn contains(&self, sequence: u64) -> bool {
        self.states.contains_key(&sequence)
    }

    /// Sets a message's state as of now. Answers the phase that it is in.
    pub(crate) fn set(&mut self, sequence: u64, state: State, now: i64) -> Phase {
        self.remove(sequence);
        let phase = state.phase(now);
        self.count(sequence, &state, phase, true);
        self.states.insert(sequence, (state, phase));
        phase
    }

    pub(crate) fn remove(&mut self, sequence: u64) -> Option<(State, Phase)> {
        let (state, phase) = self.states.remove(&sequence)?;
        self.count(sequence, &state, phase, false);
        Some((state, phase))
    }

    fn count(&mut self, sequence: u64, state: &State, phase: Phase, comes: bool) {
        let step = |number: &mut usize| *number = if comes { *number + 1 } else { number.saturating_sub(1) };
        match phase {
            Phase::Delayed => step(&mut self.delayed),
            Phase::InFlight => {
                step(&mut self.in_flight);
                if let Some(group) = &state.group {
                    let held = self.by_group.entry(group.clone()).or_default();
                    step(held);
                    if *held == 0 {
                        self.by_group.remove(group);
                    }
                }
            }
            Phase::Ready | Phase::Gone => return,
        }
        if comes {
            self.due.insert((state.visible_at, sequence));
        } else {
            self.due.remove(&(state.visible_at, sequence));
        }
    }

    /// The next message that has become visible by now, and what it was before.
    pub(crate) fn pop_due(&mut self, now: i64) -> Option<(u64, Phase)> {
        let (_, sequence) = self.due.first().copied().filter(|(due, _)| *due <= now)?;
        let (state, was) = self.remove(sequence)?;
        self.states.insert(sequence, (state, Phase::Ready));
        Some((sequence, was))
    }

    pub(crate) fn next_due(&self) -> Option<i64> {
        self.due.first().map(|(due, _)| *due)
    }

    pub(crate) fn lowest(&self) -> Option<u64> {
        self.states.keys().next().copied()
    }

    /// The first touched message from a number on.
    pub(crate) fn first_from(&self, sequence: u64) -> Option<u64> {
        self.states.range(sequence..).next().map(|(sequence, _)| *sequence)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    pub(crate) fn delayed(&self) -> usize {
        self.delayed
    }

    pub(crate) fn in_flight_of(&self, group: &str) -> usize {
        self.by_group.get(group).copied().unwrap_or_default()
    }

    /// FIFO: groups of which something is in flight.
    pub(crate) fn groups_in_flight(&self) -> usize {
        self.by_group.len()
    }

    /// Groups of which something is in flight, and how much.
    pub(crate) fn held(&self) -> impl Iterator<Item = (&Arc<str>, usize)> {
        self.by_group.iter().map(|(group, held)| (group, *held))
    }

    /// Groups and phases of all touched messages.
    pub(crate) fn phases(&self) -> impl Iterator<Item = (Option<&str>, Phase)> {
        self.states.values().map(|(state, phase)| (state.group.as_deref(), *phase))
    }

    /// When the first touched message was sent whose group and receives are wanted.
    pub(crate) fn oldest_where(&self, wanted: impl Fn(Option<&str>, u32) -> bool) -> Option<i64> {
        let there = self.states.values().filter(|(_, phase)| *phase != Phase::Gone);
        there
            .map(|(state, _)| state)
            .find(|state| wanted(state.group.as_deref(), state.receives))
            .map(|state| state.sent)
    }

    /// The oldest touched message that is still there.
    pub(crate) fn oldest(&self) -> Option<(u64, &State)> {
        self.states
            .iter()
            .find(|(_, (_, phase))| *phase != Phase::Gone)
            .map(|(sequence, (state, _))| (*sequence, state))
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn state(visible_at: i64, receives: u32) -> State {
        State { visible_at, receives, ..State::default() }
    }

    #[test]
    fn what_is_due_becomes_visible_in_the_order_of_its_times() {
        let mut flight = Flight::default();
        assert_eq!(flight.set(1, state(30, 1), 0), Phase::InFlight);
        assert_eq!(flight.set(2, state(20, 0), 0), Phase::Delayed);
        assert_eq!(flight.set(3, state(0, 1), 0), Phase::Ready);
        assert_eq!((flight.in_flight(), flight.delayed(), flight.next_due()), (1, 1, Some(20)));
        assert_eq!(flight.pop_due(19), None);
        assert_eq!(flight.pop_due(30), Some((2, Phase::Delayed)));
        assert_eq!(flight.pop_due(30), Some((1, Phase::InFlight)));
        assert_eq!((flight.in_flight(), flight.delayed(), flight.next_due()), (0, 0, None));
    }

    proptest! {
        #[test]
        fn a_state_reads_back_as_it_was(times in any::<[i64; 4]>(), receives in any::<u32>(), nonce in any::<u64>(), group in proptest::option::of("[a-z]{1,9}"), gone in any::<bool>()) {
            let [visible_at, first_received, received_at, sent] = times;
            let group = group.map(Into::into);
            let state = State { visible_at, receives, first_received, received_at, nonce, sent, group, gone };
            let record = state.encode();
            prop_assert_eq!(State::decode(&record), Some(state));
            prop_assert_eq!(State::decode(&record[1..]), None);
        }

        #[test]
        fn counts_are_those_of_the_states(steps in proptest::collection::vec((0u64..8, 0i64..40, 0u32..2, any::<bool>()), 0..60)) {
            let mut flight = Flight::default();
            for (now, (sequence, visible_at, receives, remove)) in (0i64..).zip(steps) {
                while flight.pop_due(now).is_some() {}
                if remove {
                    flight.remove(sequence);
                } else {
                    flight.set(sequence, State { group: Some("g".into()), ..state(visible_at, receives) }, now);
                }
                let phases: Vec<Phase> = flight.states.values().map(|(_, phase)| *phase).collect();
                let count = |phase| phases.iter().filter(|p| **p == phase).count();
                prop_assert_eq!(flight.in_flight(), count(Phase::InFlight));
                prop_assert_eq!(flight.delayed(), count(Phase::Delayed));
                prop_assert_eq!(flight.in_flight_of("g"), count(Phase::InFlight));
                prop_assert_eq!(flight.due.len(), count(Phase::InFlight) + count(Phase::Delayed));
            }
        }
    }
}
