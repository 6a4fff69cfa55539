//! The room of one account in one region: who runs, and who may begin. Pure: time is an argument, nothing waits.
//!
//! Source: Lambda Developer Guide, "Understanding Lambda function scaling", "Configuring reserved concurrency",
//! "Configuring provisioned concurrency".

use std::collections::BTreeMap;

use kernel::Timestamp;
use telemetry::{Holder, Limit};

use super::pace::{Pace, TooFast};
use crate::error::Throttle;
use crate::limits::{
    HOLDER_REQUESTS_MAX, HOLDERS_MAX, REQUESTS_PER_CONCURRENCY, RUNNING_REQUESTS_KNOWN_MAX, SCALING_ENVIRONMENTS_MAX,
    UNRESERVED_CONCURRENCY_MIN,
};

pub struct Room {
    limit: u32,
    functions: BTreeMap<String, Held>,
    /// What runs, and what of it counts against the unreserved concurrency.
    running: u32,
    unreserved_running: u32,
    /// What is reserved or claimed, added up: every call asks for it.
    set_aside: u32,
    last_ticket: u64,
}

/// What one function holds.
#[derive(Default)]
struct Held {
    reserved: Option<u32>,
    /// Provisioned concurrency, by version.
    claims: BTreeMap<String, Claim>,
    running: u32,
    /// What runs outside of claims.
    on_demand: u32,
    /// Running requests and since when, the oldest first.
    requests: BTreeMap<u64, (String, Timestamp)>,
    pace: Pace,
}

/// Room that is kept for one version.
#[derive(Default)]
struct Claim {
    size: u32,
    /// Environments that are initialised.
    ready: u32,
    running: u32,
}

/// Who asks.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    pub function: &'a str,
    /// The version that would run.
    pub version: &'a str,
    pub request_id: &'a str,
    /// Whether its caller waits: only then requests per second are counted.
    pub synchronous: bool,
}

/// The right to run once: what `leave` needs to know.
#[derive(Debug)]
pub struct Ticket {
    number: u64,
    place: Counted,
    pub provisioned: Provisioned,
    pub seen: Seen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    Claim,
    Reserved,
    Unreserved,
}

/// What an invocation means to its version's provisioned concurrency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provisioned {
    /// There is none, or none is ready yet.
    No,
    Used,
    /// All of it is in use.
    SpilledOver,
}

/// How full the room is, with the invocation that has just been let in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub function: u32,
    pub account: u32,
    pub unreserved: u32,
    /// What is not there for others: what runs unreserved, and all that is reserved or claimed.
    pub claimed: u32,
    /// Of the version: environments in use, and ready ones.
    pub provisioned_running: u32,
    pub provisioned_ready: u32,
}

/// Why one may not begin, and who has the room.
#[derive(Debug, PartialEq)]
pub struct Refusal {
    pub throttle: Throttle,
    pub limit: Limit,
    pub holders: Vec<Holder>,
}

/// Why so much may not be claimed.
#[derive(Debug, PartialEq, Eq)]
pub enum TooMuch {
    /// More than the function's reservation.
    Reserved,
    /// More than what nobody has reserved.
    Unreserved { left: u32 },
    /// Less than this would be left unreserved.
    Least(u32),
    /// The reservation would be less than what its versions have claimed.
    Claimed(u32),
}

impl Held {
    fn claimed(&self) -> u32 {
        self.claims.values().fold(0, |sum, claim| sum.saturating_add(claim.size))
    }

    /// What it takes from the others.
    fn set_aside(&self) -> u32 {
        self.reserved.unwrap_or_else(|| self.claimed())
    }
}

impl Room {
    pub fn new(limit: u32) -> Self {
        Self { limit, functions: BTreeMap::new(), running: 0, unreserved_running: 0, set_aside: 0, last_ticket: 0 }
    }

    fn held(&mut self, function: &str) -> &mut Held {
        if !self.functions.contains_key(function) {
            self.functions.insert(function.to_owned(), Held::default());
        }
        self.functions.entry(function.to_owned()).or_default()
    }

    fn add_up(&mut self) {
        self.set_aside = self.functions.values().fold(0, |sum, held| sum.saturating_add(held.set_aside()));
    }

    /// What nobody has reserved or claimed.
    pub fn unreserved(&self) -> u32 {
        self.limit.saturating_sub(self.set_aside)
    }

    fn least_unreserved(&self) -> u32 {
        UNRESERVED_CONCURRENCY_MIN.min(self.limit)
    }

    pub fn reserve(&mut self, function: &str, reserved: Option<u32>) {
        self.held(function).reserved = reserved;
        self.add_up();
    }

    /// Keeps room for a version; none any more when `size` is zero.
    pub fn claim(&mut self, function: &str, version: &str, size: u32) {
        let claims = &mut self.held(function).claims;
        let claim = claims.entry(version.to_owned()).or_default();
        claim.size = size;
        claim.ready = claim.ready.min(size);
        claims.retain(|_, claim| claim.size > 0 || claim.running > 0);
        self.add_up();
    }

    /// So many environments of the version are there for what it has claimed.
    pub fn ready(&mut self, function: &str, version: &str, ready: u32) {
        if let Some(claim) = self.functions.get_mut(function).and_then(|held| held.claims.get_mut(version)) {
            claim.ready = ready.min(claim.size);
        }
    }

    /// The function is gone. What still runs is counted until it has ended.
    pub fn forget(&mut self, function: &str) {
        let Some(held) = self.functions.get_mut(function) else { return };
        held.reserved = None;
        held.claims.values_mut().for_each(|claim| claim.size = 0);
        if held.running == 0 {
            self.functions.remove(function);
        }
        self.add_up();
    }

    /// Whether a function may reserve so much.
    pub fn may_reserve(&self, function: &str, wanted: u32) -> Result<(), TooMuch> {
        let own = self.functions.get(function);
        let claimed = own.map_or(0, Held::claimed);
        if wanted < claimed {
            return Err(TooMuch::Claimed(claimed));
        }
        let others = self.set_aside.saturating_sub(own.map_or(0, Held::set_aside));
        let left = self.limit.saturating_sub(others.saturating_add(wanted));
        let least = self.least_unreserved();
        if wanted > 0 && left < least { Err(TooMuch::Least(least)) } else { Ok(()) }
    }

    /// Whether a version may claim so much.
    pub fn may_claim(&self, function: &str, version: &str, wanted: u32) -> Result<(), TooMuch> {
        let own = self.functions.get(function);
        let current = own.and_then(|held| held.claims.get(version)).map_or(0, |claim| claim.size);
        if let Some(reserved) = own.and_then(|held| held.reserved) {
            let others = own.map_or(0, Held::claimed).saturating_sub(current);
            let fits = others.saturating_add(wanted) <= reserved;
            return if fits { Ok(()) } else { Err(TooMuch::Reserved) };
        }
        let left = self.unreserved().saturating_add(current);
        let least = self.least_unreserved();
        match left.checked_sub(wanted) {
            None => Err(TooMuch::Unreserved { left }),
            Some(rest) if rest < least => Err(TooMuch::Least(least)),
            Some(_) => Ok(()),
        }
    }

    /// Lets one in, or says who has the room.
    pub fn enter(&mut self, asking: Asking<'_>, now: Timestamp) -> Result<Ticket, Refusal> {
        let counted = self.room_for(asking, now).map_err(|throttle| self.refusal(throttle, asking.function, now))?;
        self.last_ticket += 1;
        let number = self.last_ticket;
        self.running += 1;
        if counted == Counted::Unreserved {
            self.unreserved_running += 1;
        }
        let (account, unreserved) = (self.running, self.unreserved_running);
        let claimed = unreserved.saturating_add(self.set_aside);
        let held = self.held(asking.function);
        held.running += 1;
        if held.requests.len() < RUNNING_REQUESTS_KNOWN_MAX {
            held.requests.insert(number, (asking.request_id.to_owned(), now));
        }
        if counted != Counted::Claim {
            held.on_demand += 1;
        }
        let mut seen = Seen { function: held.running, account, unreserved, claimed, ..Seen::default() };
        let mut provisioned = Provisioned::No;
        if let Some(claim) = held.claims.get_mut(asking.version) {
            if counted == Counted::Claim {
                claim.running += 1;
            }
            provisioned = match counted {
                Counted::Claim if claim.running <= claim.ready => Provisioned::Used,
                _ if claim.ready > 0 => Provisioned::SpilledOver,
                _ => Provisioned::No,
            };
            seen.provisioned_running = claim.running.min(claim.ready);
            seen.provisioned_ready = claim.ready;
        }
        Ok(Ticket { number, place: counted, provisioned, seen })
    }

    fn room_for(&mut self, asking: Asking<'_>, now: Timestamp) -> Result<Counted, Throttle> {
        let (limit, unreserved, unreserved_running) = (self.limit, self.unreserved(), self.unreserved_running);
        let held = self.held(asking.function);
        if held.claims.get(asking.version).is_some_and(|claim| claim.running < claim.size) {
            return Ok(Counted::Claim);
        }
        let counted = match held.reserved {
            Some(reserved) if held.on_demand.saturating_add(held.claimed()) >= reserved => {
                return Err(Throttle::Reserved);
            }
            Some(_) => Counted::Reserved,
            None if unreserved_running >= unreserved => return Err(Throttle::Account),
            None => Counted::Unreserved,
        };
        let per_second = held.reserved.unwrap_or(limit).saturating_mul(REQUESTS_PER_CONCURRENCY);
        let rate = asking.synchronous.then_some(per_second);
        match held.pace.step(held.on_demand, rate, now) {
            Ok(()) => Ok(counted),
            Err(TooFast::Environments) => Err(Throttle::ScalingRate),
            Err(TooFast::Requests) => Err(Throttle::RequestRate { per_second, reserved: counted == Counted::Reserved }),
        }
    }

    /// An invocation has ended.
    pub fn leave(&mut self, function: &str, version: &str, ticket: &Ticket) {
        self.running = self.running.saturating_sub(1);
        if ticket.place == Counted::Unreserved {
            self.unreserved_running = self.unreserved_running.saturating_sub(1);
        }
        let Some(held) = self.functions.get_mut(function) else { return };
        held.running = held.running.saturating_sub(1);
        held.requests.remove(&ticket.number);
        if ticket.place != Counted::Claim {
            held.on_demand = held.on_demand.saturating_sub(1);
        } else if let Some(claim) = held.claims.get_mut(version) {
            claim.running = claim.running.saturating_sub(1);
        }
    }

    /// How full the room is for everybody, and which functions run: name and how many.
    pub fn busy(&self) -> Option<(Seen, impl Iterator<Item = (&str, u32)>)> {
        if self.running == 0 {
            return None;
        }
        let (account, unreserved) = (self.running, self.unreserved_running);
        let claimed = unreserved.saturating_add(self.set_aside);
        let running = self.functions.iter().filter(|(_, held)| held.running > 0);
        let running = running.map(|(name, held)| (name.as_str(), held.running));
        Some((Seen { account, unreserved, claimed, ..Seen::default() }, running))
    }

    fn refusal(&self, throttle: Throttle, function: &str, now: Timestamp) -> Refusal {
        let concurrency = self.functions.get(function).and_then(|held| held.reserved).unwrap_or(0);
        let limit = match throttle {
            Throttle::Reserved => Limit::Reserved { concurrency },
            Throttle::Account => Limit::Account { concurrency: self.limit, unreserved: self.unreserved() },
            Throttle::ScalingRate => Limit::ScalingRate { environments: SCALING_ENVIRONMENTS_MAX },
            Throttle::RequestRate { per_second, .. } => Limit::RequestRate { per_second },
        };
        let mut holders: Vec<(&String, &Held)> = self
            .functions
            .iter()
            .filter(|(name, held)| match throttle {
                Throttle::Account => held.reserved.is_none() && held.running > 0,
                _ => *name == function && held.running > 0,
            })
            .collect();
        // Sorting keeps the order of names where counts are equal.
        holders.sort_by_key(|(_, held)| std::cmp::Reverse(held.running));
        let holder = |(name, held): (&String, &Held)| Holder {
            function: name.clone(),
            running: held.running,
            requests: held.requests.values().take(HOLDER_REQUESTS_MAX).map(|(id, _)| id.clone()).collect(),
            longest_ms: held.requests.values().next().map(|(_, since)| millis_between(*since, now)),
        };
        Refusal { throttle, limit, holders: holders.into_iter().take(HOLDERS_MAX).map(holder).collect() }
    }
}

fn millis_between(earlier: Timestamp, later: Timestamp) -> u64 {
    u64::try_from(later.since(earlier).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const T0: Timestamp = Timestamp::from_secs(1_000_000);

    fn enter(room: &mut Room, function: &str, version: &str) -> Result<Ticket, Throttle> {
        let asking = Asking { function, version, request_id: "id", synchronous: false };
        room.enter(asking, T0).map_err(|refusal| refusal.throttle)
    }

    #[test]
    fn a_reservation_is_a_ceiling_and_a_floor() {
        let mut room = Room::new(200);
        room.reserve("f", Some(1));
        let ticket = enter(&mut room, "f", "1").unwrap();
        assert_eq!(enter(&mut room, "f", "1").unwrap_err(), Throttle::Reserved);
        let mut others: Vec<_> = (0..199).map(|_| enter(&mut room, "g", "1").unwrap()).collect();
        assert_eq!(enter(&mut room, "g", "1").unwrap_err(), Throttle::Account);
        room.leave("f", "1", &ticket);
        assert_eq!(enter(&mut room, "g", "1").unwrap_err(), Throttle::Account, "the floor is kept free");
        assert!(enter(&mut room, "f", "1").is_ok());
        room.leave("g", "1", &others.pop().unwrap());
        assert!(enter(&mut room, "g", "1").is_ok());
    }

    #[test]
    fn a_hundred_stay_unreserved() {
        let mut room = Room::new(1_000);
        assert_eq!(room.may_reserve("f", 900), Ok(()));
        assert_eq!(room.may_reserve("f", 901), Err(TooMuch::Least(100)));
        room.reserve("f", Some(900));
        assert_eq!(room.may_reserve("f", 900), Ok(()), "its own reservation does not count");
        assert_eq!(room.may_reserve("g", 1), Err(TooMuch::Least(100)));
        assert_eq!(room.may_reserve("g", 0), Ok(()));
        assert_eq!(room.unreserved(), 100);
        assert_eq!(Room::new(10).may_reserve("f", 1), Err(TooMuch::Least(10)));
    }

    #[test]
    fn provisioned_concurrency_is_refused_where_there_is_no_room_for_it() {
        let mut room = Room::new(573);
        assert_eq!(room.may_claim("f", "1", 574), Err(TooMuch::Unreserved { left: 573 }));
        assert_eq!(room.may_claim("f", "1", 573), Err(TooMuch::Least(100)));
        assert_eq!(room.may_claim("f", "1", 473), Ok(()));
        room.claim("f", "1", 473);
        assert_eq!(room.may_claim("f", "1", 473), Ok(()), "its own claim does not count");
        assert_eq!(room.may_claim("g", "1", 1), Err(TooMuch::Least(100)));
        room.claim("f", "1", 5);
        room.reserve("f", Some(6));
        assert_eq!(room.may_claim("f", "2", 2), Err(TooMuch::Reserved));
        assert_eq!(room.may_claim("f", "2", 1), Ok(()));
        assert_eq!(room.may_reserve("f", 4), Err(TooMuch::Claimed(5)));
        assert_eq!(room.may_reserve("f", 5), Ok(()));
    }

    #[test]
    fn a_version_that_claims_all_that_is_reserved_leaves_nothing_to_the_others() {
        let mut room = Room::new(1_000);
        room.reserve("f", Some(1));
        room.claim("f", "1", 1);
        assert_eq!(enter(&mut room, "f", "$LATEST").unwrap_err(), Throttle::Reserved);
        let ticket = enter(&mut room, "f", "1").unwrap();
        assert_eq!(ticket.provisioned, Provisioned::No, "nothing is initialised yet");
        assert_eq!(enter(&mut room, "f", "1").unwrap_err(), Throttle::Reserved);
    }

    #[test]
    fn what_is_more_than_provisioned_spills_over() {
        let mut room = Room::new(200);
        room.claim("f", "1", 2);
        room.ready("f", "1", 2);
        let used: Vec<_> = (0..3).map(|_| enter(&mut room, "f", "1").unwrap()).collect();
        let how: Vec<_> = used.iter().map(|ticket| ticket.provisioned).collect();
        assert_eq!(how, [Provisioned::Used, Provisioned::Used, Provisioned::SpilledOver]);
        assert_eq!((used[2].seen.account, used[2].seen.unreserved, used[2].seen.claimed), (3, 1, 3));
        room.claim("f", "1", 0);
        for ticket in used {
            room.leave("f", "1", &ticket);
        }
        assert!(room.busy().is_none());
        assert_eq!(room.unreserved(), 200);
    }

    #[test]
    fn a_refusal_names_those_who_run_and_their_oldest_requests() {
        let mut room = Room::new(12);
        let begin = |room: &mut Room, function, request_id: &str| {
            room.enter(Asking { function, version: "1", request_id, synchronous: true }, T0)
        };
        for n in 0..10 {
            begin(&mut room, "worker", &format!("w{n}")).unwrap();
        }
        let first = begin(&mut room, "api", "a0").unwrap();
        begin(&mut room, "api", "a1").unwrap();
        let refusal = begin(&mut room, "late", "l").unwrap_err();
        assert_eq!(refusal.limit, Limit::Account { concurrency: 12, unreserved: 12 });
        let told: Vec<_> = refusal.holders.iter().map(|h| (h.function.as_str(), h.running, h.requests.len())).collect();
        assert_eq!(told, [("worker", 10, HOLDER_REQUESTS_MAX), ("api", 2, 2)]);
        assert_eq!(refusal.holders[0].requests[0], "w0");
        room.leave("api", "1", &first);
        begin(&mut room, "late", "l").unwrap();
        assert_eq!(begin(&mut room, "x", "x").unwrap_err().holders[1].requests, ["a1"]);
    }

    #[test]
    fn ten_requests_a_second_come_to_each_unit_of_concurrency() {
        let mut room = Room::new(10);
        let once = |room: &mut Room, now| {
            let asking = Asking { function: "f", version: "1", request_id: "id", synchronous: true };
            room.enter(asking, now).map(|ticket| room.leave("f", "1", &ticket)).map_err(|refusal| refusal.throttle)
        };
        for _ in 0..100 {
            assert_eq!(once(&mut room, T0), Ok(()));
        }
        let throttle = Throttle::RequestRate { per_second: 100, reserved: false };
        assert_eq!(once(&mut room, T0), Err(throttle));
        assert_eq!(throttle.reason(), "FunctionInvocationRateLimitExceeded");
        assert!(enter(&mut room, "f", "1").is_ok(), "events are not counted");
        assert_eq!(once(&mut room, T0 + std::time::Duration::from_millis(10)), Ok(()));
    }

    proptest! {
        #[test]
        fn whatever_happens_the_limits_hold_and_all_comes_back(
            steps in proptest::collection::vec((0_u8..4, 0_u8..2, 0_u8..6, 0_u32..5), 0..300)
        ) {
            let mut room = Room::new(110);
            let mut held: Vec<(String, String, Ticket)> = Vec::new();
            for (function, version, step, size) in steps {
                let (function, version) = (function.to_string(), version.to_string());
                match step {
                    0..=2 => if let Ok(ticket) = enter(&mut room, &function, &version) {
                        held.push((function, version, ticket));
                    },
                    3 => if let Some((function, version, ticket)) = held.pop() {
                        room.leave(&function, &version, &ticket);
                    },
                    4 => if room.may_claim(&function, &version, size).is_ok() { room.claim(&function, &version, size); },
                    _ => if room.may_reserve(&function, size).is_ok() { room.reserve(&function, Some(size)); },
                }
                prop_assert_eq!(room.running as usize, held.len());
                let set_aside: u32 = room.functions.values().map(Held::set_aside).sum();
                prop_assert!(room.set_aside == set_aside && set_aside <= 10);
                prop_assert!(room.functions.values().all(|held| held.requests.len() == held.running as usize));
            }
            for (function, version, ticket) in held {
                room.leave(&function, &version, &ticket);
            }
            prop_assert!(room.running == 0 && room.unreserved_running == 0);
            prop_assert!(room.functions.values().all(|held| held.on_demand == 0 && held.running == 0));
        }
    }
}
