//! How many invocations may run at once, and who has to wait.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Throttle;
use crate::limits::UNRESERVED_CONCURRENCY_MIN;
use crate::records::Place;

/// The room of every account and region. A permit stands for one running invocation.
pub struct Concurrency {
    /// Of one account in one region.
    limit: u32,
    rooms: Mutex<BTreeMap<Place, Room>>,
}

#[derive(Default)]
struct Room {
    /// What functions have reserved, by name. Kept here because every admission asks for the sum.
    reserved: BTreeMap<String, u32>,
    running: BTreeMap<String, u32>,
    unreserved_running: u32,
}

impl Room {
    fn reserved_sum(&self) -> u32 {
        self.reserved.values().fold(0, |sum, reserved| sum.saturating_add(*reserved))
    }
}

/// The right to run one invocation, given back when dropped.
pub struct Permit {
    concurrency: Arc<Concurrency>,
    place: Place,
    function: String,
    /// Counted against the account's unreserved concurrency.
    unreserved: bool,
}

impl Concurrency {
    pub fn new(limit: u32) -> Arc<Self> {
        Arc::new(Self { limit, rooms: Mutex::default() })
    }

    pub fn limit(&self) -> u32 {
        self.limit
    }

    fn rooms(&self) -> MutexGuard<'_, BTreeMap<Place, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of what a function has reserved.
    pub fn reserve(&self, place: &Place, function: &str, reserved: Option<u32>) {
        let mut rooms = self.rooms();
        let room = rooms.entry(place.clone()).or_default();
        match reserved {
            Some(reserved) => room.reserved.insert(function.to_owned(), reserved),
            None => room.reserved.remove(function),
        };
    }

    /// What no function has reserved.
    pub fn unreserved(&self, place: &Place) -> u32 {
        let reserved = self.rooms().get(place).map_or(0, Room::reserved_sum);
        self.limit.saturating_sub(reserved)
    }

    /// Whether a function may reserve so much. Errors: the least that must stay unreserved.
    /// Source: Lambda Developer Guide, "Configuring reserved concurrency for a function".
    pub fn may_reserve(&self, place: &Place, function: &str, wanted: u32) -> Result<(), u32> {
        let least = UNRESERVED_CONCURRENCY_MIN.min(self.limit);
        let others = self
            .rooms()
            .get(place)
            .map_or(0, |room| room.reserved_sum().saturating_sub(room.reserved.get(function).copied().unwrap_or(0)));
        let left = self.limit.saturating_sub(others.saturating_add(wanted));
        if wanted > 0 && left < least { Err(least) } else { Ok(()) }
    }

    /// Errors: the limit that is reached. Never waits.
    pub fn acquire(self: &Arc<Self>, place: &Place, function: &str) -> Result<Permit, Throttle> {
        let mut rooms = self.rooms();
        let room = rooms.entry(place.clone()).or_default();
        let reserved = room.reserved.get(function).copied();
        let running = room.running.get(function).copied().unwrap_or(0);
        match reserved {
            Some(reserved) if running >= reserved => return Err(Throttle::Reserved),
            Some(_) => {}
            None if room.unreserved_running >= self.limit.saturating_sub(room.reserved_sum()) => {
                return Err(Throttle::Account);
            }
            None => room.unreserved_running += 1,
        }
        *room.running.entry(function.to_owned()).or_default() += 1;
        Ok(Permit {
            concurrency: self.clone(),
            place: place.clone(),
            function: function.to_owned(),
            unreserved: reserved.is_none(),
        })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut rooms = self.concurrency.rooms();
        let Some(room) = rooms.get_mut(&self.place) else { return };
        if self.unreserved {
            room.unreserved_running = room.unreserved_running.saturating_sub(1);
        }
        if let Some(running) = room.running.get_mut(&self.function) {
            *running = running.saturating_sub(1);
            if *running == 0 {
                room.running.remove(&self.function);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{AccountId, Region};
    use proptest::prelude::*;

    fn here() -> Place {
        Place { account: AccountId::default(), region: Region::default() }
    }

    #[test]
    fn a_reservation_is_a_ceiling_and_a_floor() {
        let concurrency = Concurrency::new(200);
        concurrency.reserve(&here(), "f", Some(1));
        let permit = concurrency.acquire(&here(), "f").ok().unwrap();
        assert_eq!(concurrency.acquire(&here(), "f").err(), Some(Throttle::Reserved));
        let others: Vec<_> = (0..199).map(|_| concurrency.acquire(&here(), "g").ok().unwrap()).collect();
        assert_eq!(concurrency.acquire(&here(), "g").err(), Some(Throttle::Account));
        drop(permit);
        assert_eq!(concurrency.acquire(&here(), "g").err(), Some(Throttle::Account), "the floor is kept free");
        assert!(concurrency.acquire(&here(), "f").is_ok());
        drop(others);
        assert!(concurrency.acquire(&here(), "g").is_ok());
    }

    #[test]
    fn a_hundred_stay_unreserved() {
        let concurrency = Concurrency::new(1_000);
        assert_eq!(concurrency.may_reserve(&here(), "f", 900), Ok(()));
        assert_eq!(concurrency.may_reserve(&here(), "f", 901), Err(100));
        concurrency.reserve(&here(), "f", Some(900));
        assert_eq!(concurrency.may_reserve(&here(), "f", 900), Ok(()), "its own reservation does not count");
        assert_eq!(concurrency.may_reserve(&here(), "g", 1), Err(100));
        assert_eq!(concurrency.may_reserve(&here(), "g", 0), Ok(()));
        assert_eq!(concurrency.unreserved(&here()), 100);
        assert_eq!(Concurrency::new(10).may_reserve(&here(), "f", 1), Err(10));
    }

    #[test]
    fn other_regions_have_their_own_room() {
        let concurrency = Concurrency::new(1);
        let _permit = concurrency.acquire(&here(), "f").ok().unwrap();
        let elsewhere = Place { region: Region::new("eu-west-1"), ..here() };
        assert!(concurrency.acquire(&elsewhere, "f").is_ok());
    }

    proptest! {
        #[test]
        fn every_permit_comes_back(steps in proptest::collection::vec((0_u8..3, any::<bool>()), 0..200)) {
            let concurrency = Concurrency::new(5);
            concurrency.reserve(&here(), "0", Some(2));
            let mut held: BTreeMap<u8, Vec<Permit>> = BTreeMap::new();
            for (function, take) in steps {
                let permits = held.entry(function).or_default();
                if !take { permits.pop(); continue; }
                if let Ok(permit) = concurrency.acquire(&here(), &function.to_string()) { permits.push(permit); }
                let unreserved: usize = held.iter().filter(|(f, _)| **f != 0).map(|(_, p)| p.len()).sum();
                prop_assert!(unreserved <= 3 && held.get(&0).map_or(0, Vec::len) <= 2);
            }
            drop(held);
            let all: Vec<_> = (0..3).map(|_| concurrency.acquire(&here(), "9")).collect();
            prop_assert!(all.iter().all(Result::is_ok));
        }
    }
}
