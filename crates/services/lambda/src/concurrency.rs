//! The rooms of all accounts and regions, and the permits that are held while functions run.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::Timestamp;

use crate::model::room::{Asking, Provisioned, Refusal, Room, Seen, Ticket, TooMuch};
use crate::records::Place;

pub struct Concurrency {
    /// Of one account in one region.
    limit: u32,
    rooms: Mutex<BTreeMap<Place, Room>>,
}

/// The right to run one invocation, given back when dropped.
pub struct Permit {
    concurrency: Arc<Concurrency>,
    place: Place,
    function: String,
    version: String,
    ticket: Ticket,
}

/// How full a place is.
pub struct Busy {
    pub place: Place,
    pub seen: Seen,
    /// Functions, and how often each runs.
    pub functions: Vec<(String, u32)>,
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

    fn with<T>(&self, place: &Place, change: impl FnOnce(&mut Room) -> T) -> T {
        let mut rooms = self.rooms();
        match rooms.get_mut(place) {
            Some(room) => change(room),
            None => change(rooms.entry(place.clone()).or_insert_with(|| Room::new(self.limit))),
        }
    }

    /// Takes note of what a function has reserved.
    pub fn reserve(&self, place: &Place, function: &str, reserved: Option<u32>) {
        self.with(place, |room| room.reserve(function, reserved));
    }

    /// The function is gone.
    pub fn forget(&self, place: &Place, function: &str) {
        self.with(place, |room| room.forget(function));
    }

    /// What no function has reserved or claimed.
    pub fn unreserved(&self, place: &Place) -> u32 {
        self.rooms().get(place).map_or(self.limit, Room::unreserved)
    }

    pub fn may_reserve(&self, place: &Place, function: &str, wanted: u32) -> Result<(), TooMuch> {
        self.with(place, |room| room.may_reserve(function, wanted))
    }

    /// Keeps room for a version where there is so much.
    pub fn try_claim(&self, place: &Place, function: &str, version: &str, wanted: u32) -> Result<(), TooMuch> {
        self.with(place, |room| {
            room.may_claim(function, version, wanted)?;
            room.claim(function, version, wanted);
            Ok(())
        })
    }

    /// Keeps room for a version; none any more when `size` is zero.
    pub fn claim(&self, place: &Place, function: &str, version: &str, size: u32) {
        self.with(place, |room| room.claim(function, version, size));
    }

    /// So many environments of the version are initialised.
    pub fn ready(&self, place: &Place, function: &str, version: &str, ready: u32) {
        self.with(place, |room| room.ready(function, version, ready));
    }

    /// Errors: the limit that is reached, and who holds the room. Never waits.
    pub fn acquire(self: &Arc<Self>, place: &Place, asking: Asking<'_>, now: Timestamp) -> Result<Permit, Refusal> {
        let ticket = self.with(place, |room| room.enter(asking, now))?;
        Ok(Permit {
            concurrency: self.clone(),
            place: place.clone(),
            function: asking.function.to_owned(),
            version: asking.version.to_owned(),
            ticket,
        })
    }

    /// Whether anything runs anywhere.
    pub fn is_busy(&self) -> bool {
        self.rooms().values().any(|room| room.busy().is_some())
    }

    /// Every room where something runs.
    pub fn busy(&self) -> Vec<Busy> {
        let rooms = self.rooms();
        let busy = rooms.iter().filter_map(|(place, room)| {
            let (seen, running) = room.busy()?;
            let functions = running.map(|(function, count)| (function.to_owned(), count)).collect();
            Some(Busy { place: place.clone(), seen, functions })
        });
        busy.collect()
    }
}

impl Permit {
    pub fn provisioned(&self) -> Provisioned {
        self.ticket.provisioned
    }

    /// How full the room was when it was given.
    pub fn seen(&self) -> Seen {
        self.ticket.seen
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let Self { concurrency, place, function, version, ticket } = self;
        concurrency.with(place, |room| room.leave(function, version, ticket));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{AccountId, Region};

    #[test]
    fn other_regions_have_their_own_room() {
        let here = Place { account: AccountId::default(), region: Region::default() };
        let elsewhere = Place { region: Region::new("eu-west-1"), ..here.clone() };
        let concurrency = Concurrency::new(1);
        let asking = Asking { function: "f", version: "1", request_id: "id", synchronous: true };
        let acquire = |place: &Place| concurrency.acquire(place, asking, Timestamp::from_secs(1));
        let permit = acquire(&here).ok().unwrap();
        assert!(acquire(&here).is_err() && acquire(&elsewhere).is_ok());
        drop(permit);
        assert!(acquire(&here).is_ok());
    }
}
