//! Which environment takes an event. Pure: no process, no clock.

use std::collections::BTreeMap;

use kernel::Timestamp;

/// The environments of a pool, each with a handle `H`. An environment ends when its handle is dropped here.
pub struct Schedule<H> {
    slots: BTreeMap<u64, Slot<H>>,
    last_id: u64,
    /// Counts releases, so that idle environments have an order.
    releases: u64,
    idle_max: usize,
}

struct Slot<H> {
    function_arn: String,
    generation: String,
    usable_until: Option<Timestamp>,
    /// The count at its release; `None` while it handles an event.
    idle_since: Option<u64>,
    /// Set where it is kept for its version's provisioned concurrency.
    kept: Option<Standing>,
    handle: H,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Starting,
    Initialised,
}

impl<H: Clone> Schedule<H> {
    pub fn new(idle_max: usize) -> Self {
        Self { slots: BTreeMap::new(), last_id: 0, releases: 0, idle_max }
    }

    /// Takes an idle environment of this function and generation: one that is kept, else the one that was used last, so
    /// that the others can grow old and end.
    /// Those whose credentials would not last until `needed_until` end.
    pub fn take(&mut self, function_arn: &str, generation: &str, needed_until: Timestamp) -> Option<H> {
        self.slots.retain(|_, slot| {
            slot.idle_since.is_none()
                || slot.function_arn != function_arn
                || slot.usable_until.is_none_or(|until| until >= needed_until)
        });
        let fits = |slot: &&mut Slot<H>| {
            slot.idle_since.is_some() && slot.function_arn == function_arn && slot.generation == generation
        };
        let slot = self.slots.values_mut().filter(fits).max_by_key(|slot| (slot.kept.is_some(), slot.idle_since))?;
        slot.idle_since = None;
        Some(slot.handle.clone())
    }

    /// A new environment, busy from the start.
    pub fn add(&mut self, function_arn: &str, generation: &str, handle: H) -> u64 {
        self.insert(function_arn, generation, handle, None)
    }

    /// A new environment that is initialised before anything calls it, and kept.
    pub fn add_kept(&mut self, function_arn: &str, generation: &str, handle: H) -> u64 {
        self.insert(function_arn, generation, handle, Some(Standing::Starting))
    }

    fn insert(&mut self, function_arn: &str, generation: &str, handle: H, kept: Option<Standing>) -> u64 {
        self.last_id += 1;
        let (function_arn, generation) = (function_arn.to_owned(), generation.to_owned());
        let slot = Slot { function_arn, generation, usable_until: None, idle_since: None, kept, handle };
        self.slots.insert(self.last_id, slot);
        self.last_id
    }

    /// Environments that are kept for a function's version: all of them, and those that are initialised.
    pub fn kept(&self, function_arn: &str, generation: &str) -> (usize, usize) {
        let own = self.slots.values().filter(|slot| slot.function_arn == function_arn && slot.generation == generation);
        own.fold((0, 0), |(all, initialised), slot| {
            let is_initialised = slot.kept == Some(Standing::Initialised);
            (all + usize::from(slot.kept.is_some()), initialised + usize::from(is_initialised))
        })
    }

    /// Keeps no more than so many: idle ones end first, others are not kept any longer.
    pub fn trim(&mut self, function_arn: &str, generation: &str, count: usize) {
        let mut kept: Vec<(bool, u64)> = self
            .slots
            .iter()
            .filter(|(_, slot)| {
                slot.kept.is_some() && slot.function_arn == function_arn && slot.generation == generation
            })
            .map(|(id, slot)| (slot.idle_since.is_none(), *id))
            .collect();
        kept.sort_unstable();
        let surplus = kept.len().saturating_sub(count);
        for (busy, id) in kept.into_iter().take(surplus) {
            match self.slots.get_mut(&id) {
                Some(slot) if busy => slot.kept = None,
                _ => self.remove(id),
            }
        }
    }

    /// Ends what is kept for a function's version.
    pub fn let_go(&mut self, function_arn: &str) {
        self.slots.retain(|_, slot| slot.kept.is_none() || slot.function_arn != function_arn);
    }

    pub fn usable_until(&mut self, id: u64, at: Timestamp) {
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.usable_until = Some(at);
        }
    }

    /// An environment is free again; false when it was retired meanwhile. Beyond the bound the longest idle one ends that is
    /// not kept.
    pub fn release(&mut self, id: u64) -> bool {
        self.releases += 1;
        let Some(slot) = self.slots.get_mut(&id) else { return false };
        slot.idle_since = Some(self.releases);
        slot.kept = slot.kept.map(|_| Standing::Initialised);
        let idle = || {
            let loose = self.slots.iter().filter(|(_, slot)| slot.kept.is_none());
            loose.filter_map(|(id, slot)| Some((slot.idle_since?, *id)))
        };
        if idle().count() > self.idle_max
            && let Some((_, oldest)) = idle().min()
        {
            self.slots.remove(&oldest);
        }
        true
    }

    pub fn remove(&mut self, id: u64) {
        self.slots.remove(&id);
    }

    /// Lets one go that has been idle for long; what is kept only where its credentials do not last until `renew_before`.
    pub fn remove_if_idle(&mut self, id: u64, renew_before: Timestamp) -> bool {
        let stays = |slot: &Slot<H>| slot.kept.is_some() && slot.usable_until.is_none_or(|until| until >= renew_before);
        match self.slots.get(&id) {
            Some(slot) if slot.idle_since.is_none() || stays(slot) => false,
            _ => {
                self.slots.remove(&id);
                true
            }
        }
    }

    /// Forgets a function's environments of other generations than `keep`: idle ones end now, busy ones when released.
    /// An ARN without a qualifier stands for all versions.
    pub fn retire(&mut self, function_arn: &str, keep: Option<&str>) {
        self.slots.retain(|_, slot| {
            let rest = slot.function_arn.strip_prefix(function_arn);
            let same = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
            !same || keep == Some(slot.generation.as_str())
        });
    }

    pub fn len(&self) -> usize {
        self.slots.len()
    }

    pub fn clear(&mut self) {
        self.slots.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";
    const NOW: Timestamp = Timestamp::from_secs(1000);

    fn schedule() -> Schedule<char> {
        Schedule::new(2)
    }

    #[test]
    fn a_busy_environment_is_not_taken() {
        let mut schedule = schedule();
        let id = schedule.add(F, "1", 'a');
        assert_eq!(schedule.take(F, "1", NOW), None);
        assert!(schedule.release(id));
        assert_eq!(schedule.take(F, "1", NOW), Some('a'));
        assert_eq!(schedule.take(F, "1", NOW), None);
    }

    #[test]
    fn another_generation_or_function_is_not_taken() {
        let mut schedule = schedule();
        let id = schedule.add(F, "1", 'a');
        schedule.release(id);
        assert_eq!(schedule.take(F, "2", NOW), None);
        assert_eq!(schedule.take("other", "1", NOW), None);
    }

    #[test]
    fn the_one_used_last_is_taken_first_and_the_one_used_first_ends_when_there_are_too_many() {
        let mut schedule = schedule();
        let ids: Vec<u64> = "abc".chars().map(|handle| schedule.add(F, "1", handle)).collect();
        for id in ids {
            schedule.release(id);
        }
        assert_eq!(schedule.take(F, "1", NOW), Some('c'));
        assert_eq!(schedule.take(F, "1", NOW), Some('b'));
        assert_eq!(schedule.take(F, "1", NOW), None);
    }

    #[test]
    fn a_retired_environment_is_not_kept_after_its_event() {
        let mut schedule = schedule();
        let old = schedule.add(F, "1", 'a');
        let new = schedule.add(F, "2", 'b');
        schedule.retire(F, Some("2"));
        assert!(!schedule.release(old));
        assert!(schedule.release(new));
        schedule.retire(F, None);
        assert_eq!(schedule.take(F, "2", NOW), None);
    }

    #[test]
    fn retiring_a_function_without_qualifier_means_all_its_versions_and_no_other_function() {
        let mut schedule = schedule();
        let version = schedule.add(&format!("{F}:7"), "1", 'a');
        let other = schedule.add(&format!("{F}oo:7"), "1", 'b');
        schedule.retire(F, None);
        assert!(!schedule.release(version));
        assert!(schedule.release(other));
    }

    #[test]
    fn an_environment_whose_credentials_end_too_soon_ends() {
        let mut schedule = schedule();
        let id = schedule.add(F, "1", 'a');
        schedule.usable_until(id, NOW);
        schedule.release(id);
        assert_eq!(schedule.take(F, "1", Timestamp::from_secs(1001)), None);
        assert!(!schedule.release(id));
    }

    #[test]
    fn kept_environments_are_used_first_and_do_not_grow_old() {
        let mut schedule = schedule();
        let kept = schedule.add_kept(F, "1", 'k');
        assert_eq!(schedule.kept(F, "1"), (1, 0));
        assert!(schedule.release(kept));
        assert_eq!(schedule.kept(F, "1"), (1, 1));
        let loose: Vec<u64> = "abc".chars().map(|handle| schedule.add(F, "1", handle)).collect();
        for id in loose {
            schedule.release(id);
        }
        assert!(!schedule.remove_if_idle(kept, NOW));
        schedule.usable_until(kept, NOW);
        assert!(!schedule.remove_if_idle(kept, NOW));
        assert_eq!(schedule.take(F, "1", NOW), Some('k'));
        assert_eq!(schedule.take(F, "1", NOW), Some('c'), "the bound is that of the others");
        assert_eq!(schedule.take(F, "1", NOW), Some('b'));
        assert_eq!(schedule.take(F, "1", NOW), None);
    }

    #[test]
    fn one_that_is_kept_is_renewed_before_its_credentials_end() {
        let mut schedule = schedule();
        let id = schedule.add_kept(F, "1", 'k');
        schedule.usable_until(id, NOW);
        assert!(!schedule.remove_if_idle(id, Timestamp::from_secs(1001)), "it is being made");
        schedule.release(id);
        assert!(schedule.remove_if_idle(id, Timestamp::from_secs(1001)));
        assert_eq!(schedule.kept(F, "1"), (0, 0));
    }

    #[test]
    fn fewer_are_kept_when_fewer_are_wanted() {
        let mut schedule = schedule();
        let ids: Vec<u64> = "xyz".chars().map(|handle| schedule.add_kept(F, "1", handle)).collect();
        for id in &ids {
            schedule.release(*id);
        }
        assert_eq!(schedule.take(F, "1", NOW), Some('z'));
        schedule.trim(F, "1", 1);
        assert_eq!((schedule.kept(F, "1"), schedule.len()), ((1, 1), 1));
        schedule.let_go(F);
        assert!(!schedule.release(ids[2]), "a busy one ends when it is free");
        assert_eq!(schedule.len(), 0);
    }

    #[test]
    fn an_idle_environment_may_leave_and_a_taken_one_may_not() {
        let mut schedule = schedule();
        let id = schedule.add(F, "1", 'a');
        assert!(!schedule.remove_if_idle(id, NOW));
        schedule.release(id);
        assert!(schedule.remove_if_idle(id, NOW));
        assert_eq!(schedule.take(F, "1", NOW), None);
    }
}
