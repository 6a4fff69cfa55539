//! Fair queues: what a standard queue knows of the groups of messages that nobody has received yet.
//! Source: SQS Developer Guide, "How Amazon SQS fair queues work".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::flight::Flight;
use crate::limits::{FAIR_LOOK_AHEAD, NOISY_IN_FLIGHT_MIN, NOISY_SHARE};

/// The groups of untouched messages, as far as they are remembered. A message without a group is a tenant of its own.
#[derive(Debug, Default)]
pub(crate) struct Fair {
    groups: BTreeMap<u64, Option<Arc<str>>>,
    by_group: BTreeMap<Option<Arc<str>>, BTreeSet<u64>>,
    /// Nothing is remembered before the first message with a group.
    grouped: bool,
}

impl Fair {
    pub(crate) fn sent(&mut self, sequence: u64, group: Option<&Arc<str>>) {
        self.grouped |= group.is_some();
        if self.grouped && self.groups.len() < FAIR_LOOK_AHEAD {
            self.groups.insert(sequence, group.cloned());
            self.by_group.entry(group.cloned()).or_default().insert(sequence);
        }
    }

    pub(crate) fn touched(&mut self, sequence: u64) {
        let Some(group) = self.groups.remove(&sequence) else { return };
        if let Some(waiting) = self.by_group.get_mut(&group) {
            waiting.remove(&sequence);
            if waiting.is_empty() {
                self.by_group.remove(&group);
            }
        }
        self.grouped &= !self.groups.is_empty();
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn group_of(&self, sequence: u64) -> Option<&Arc<str>> {
        self.groups.get(&sequence)?.as_ref()
    }

    /// Whether groups are known at all.
    pub(crate) fn is_grouped(&self) -> bool {
        self.grouped
    }

    /// Untouched messages of a group, as far as they are remembered.
    pub(crate) fn waiting_of(&self, group: &Arc<str>) -> usize {
        self.by_group.get(&Some(group.clone())).map_or(0, BTreeSet::len)
    }

    /// Which untouched message is handed out instead of the next one, because the next one's group is noisy: the oldest of a
    /// quiet group, else of the noisy group with the fewest in flight.
    pub(crate) fn instead_of(&self, next: u64, flight: &Flight) -> Option<u64> {
        let group = self.group_of(next)?;
        if !is_noisy(group, flight) {
            return None;
        }
        let firsts = || self.by_group.iter().filter_map(|(group, waiting)| Some((group, *waiting.first()?)));
        let quiet = firsts().filter(|(group, _)| group.as_ref().is_none_or(|group| !is_noisy(group, flight)));
        quiet.map(|(_, first)| first).min().or_else(|| {
            let held = |group: &Option<Arc<str>>| group.as_ref().map_or(0, |group| flight.in_flight_of(group));
            firsts().min_by_key(|(group, first)| (held(group), *first)).map(|(_, first)| first)
        })
    }
}

pub(crate) fn is_noisy(group: &str, flight: &Flight) -> bool {
    let held = flight.in_flight_of(group);
    held >= NOISY_IN_FLIGHT_MIN && held * NOISY_SHARE > flight.in_flight()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::flight::State;

    fn in_flight(group: &str, count: u64, flight: &mut Flight) {
        for n in 0..count {
            let state = State { visible_at: 1, receives: 1, group: Some(group.into()), ..State::default() };
            flight.set(1_000 + n, state, 0);
        }
    }

    #[test]
    fn a_quiet_group_goes_first_when_the_next_one_is_noisy() {
        let (mut fair, mut flight) = (Fair::default(), Flight::default());
        fair.sent(1, Some(&"loud".into()));
        fair.sent(2, Some(&"quiet".into()));
        assert_eq!(fair.instead_of(1, &flight), None);
        in_flight("loud", 29, &mut flight);
        assert_eq!(fair.instead_of(1, &flight), None);
        in_flight("loud", 30, &mut flight);
        assert_eq!(fair.instead_of(1, &flight), Some(2));
        fair.touched(2);
        assert_eq!(fair.instead_of(1, &flight), Some(1));
    }

    #[test]
    fn a_message_without_a_group_is_quiet() {
        let (mut fair, mut flight) = (Fair::default(), Flight::default());
        fair.sent(1, Some(&"loud".into()));
        fair.sent(2, None);
        in_flight("loud", 40, &mut flight);
        assert_eq!(fair.instead_of(1, &flight), Some(2));
    }
}
