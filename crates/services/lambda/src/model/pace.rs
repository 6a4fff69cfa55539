//! How fast a function may scale: token buckets. Pure: time is an argument.
//!
//! Source: Lambda Developer Guide, "Lambda scaling behavior" and "Understanding and visualizing concurrency".

use std::time::Duration;

use kernel::Timestamp;

use crate::limits::{ENVIRONMENTS_PER_SECOND, ENVIRONMENTS_REST, SCALING_ENVIRONMENTS_MAX};

/// Tokens that come back continuously, up to a bound. Full at first.
#[derive(Debug, Default)]
struct Bucket {
    /// What has been taken and has not come back yet, in thousandths of a token.
    taken: u64,
    at: Timestamp,
}

impl Bucket {
    /// Takes a token; false when there is none.
    fn take(&mut self, capacity: u32, per_second: u32, now: Timestamp) -> bool {
        let passed_ms = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        self.taken = self.taken.saturating_sub(passed_ms.saturating_mul(u64::from(per_second)));
        self.at = now;
        let fits = self.taken.saturating_add(1_000) <= u64::from(capacity).saturating_mul(1_000);
        if fits {
            self.taken += 1_000;
        }
        fits
    }

    fn put_back(&mut self) {
        self.taken = self.taken.saturating_sub(1_000);
    }
}

/// The pace of one function.
#[derive(Debug, Default)]
pub struct Pace {
    /// Environments that it has had at once since it last rested.
    environments: u32,
    last_used: Timestamp,
    starts: Bucket,
    requests: Bucket,
}

/// Which rate was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooFast {
    Environments,
    Requests,
}

impl Pace {
    /// Whether one more may begin while `running` do. `requests_per_second` is `None` where requests are not counted.
    pub fn step(&mut self, running: u32, requests_per_second: Option<u32>, now: Timestamp) -> Result<(), TooFast> {
        if requests_per_second.is_some_and(|rate| !self.requests.take(rate, rate, now)) {
            return Err(TooFast::Requests);
        }
        if now.since(self.last_used) >= ENVIRONMENTS_REST {
            self.environments = running;
        }
        if running >= self.environments {
            if !self.starts.take(SCALING_ENVIRONMENTS_MAX, ENVIRONMENTS_PER_SECOND, now) {
                // What is refused is no request that was served.
                if requests_per_second.is_some() {
                    self.requests.put_back();
                }
                return Err(TooFast::Environments);
            }
            self.environments = running.saturating_add(1);
        }
        self.last_used = now;
        Ok(())
    }
}

const _: () = assert!(ENVIRONMENTS_REST.as_secs() >= Duration::from_secs(10).as_secs());

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000 + ms)
    }

    /// How many begin one after the other, none of them ending.
    fn begun(pace: &mut Pace, running: &mut u32, now: Timestamp) -> u32 {
        let before = *running;
        while pace.step(*running, None, now).is_ok() {
            *running += 1;
        }
        *running - before
    }

    #[test]
    fn a_thousand_environments_at_once_and_a_hundred_more_a_second() {
        let (mut pace, mut running) = (Pace::default(), 0);
        assert_eq!(begun(&mut pace, &mut running, at(0)), 1_000);
        assert_eq!(begun(&mut pace, &mut running, at(10)), 1);
        assert_eq!(begun(&mut pace, &mut running, at(1_000)), 99);
        assert_eq!(begun(&mut pace, &mut running, at(11_000)), 1_000);
        assert_eq!(begun(&mut pace, &mut running, at(100_000)), 1_000, "what was not used is not saved up");
    }

    #[test]
    fn environments_that_are_there_are_used_again() {
        let (mut pace, mut running) = (Pace::default(), 0);
        begun(&mut pace, &mut running, at(0));
        for _ in 0..10_000 {
            assert_eq!(pace.step(999, None, at(0)), Ok(()));
        }
        assert_eq!(pace.step(1_000, None, at(0)), Err(TooFast::Environments));
    }

    #[test]
    fn a_function_that_has_rested_begins_anew() {
        let mut pace = Pace::default();
        assert_eq!(pace.step(0, None, at(0)), Ok(()));
        let rested = at(0) + ENVIRONMENTS_REST;
        let mut running = 0;
        assert_eq!(begun(&mut pace, &mut running, rested), 1_000);
    }

    #[test]
    fn requests_of_a_second_are_counted() {
        let mut pace = Pace::default();
        let took = |pace: &mut Pace, ms| (0..1_000).filter(|_| pace.step(0, Some(100), at(ms)).is_ok()).count();
        assert_eq!(took(&mut pace, 0), 100);
        assert_eq!(pace.step(0, Some(100), at(5)), Err(TooFast::Requests));
        assert_eq!(took(&mut pace, 500), 50);
        assert_eq!(took(&mut pace, 1_500), 100);
    }

    proptest! {
        #[test]
        fn no_ten_seconds_see_more_than_the_rate(steps in proptest::collection::vec(0_i64..50, 1..400)) {
            let (mut pace, mut now, mut begun) = (Pace::default(), 0, Vec::new());
            let mut running = 0;
            for step in steps {
                now += step;
                for _ in 0..20 {
                    if pace.step(running, None, at(now)).is_ok() { running += 1; begun.push(now); }
                }
            }
            for from in begun.iter().step_by(97) {
                let window = begun.iter().filter(|at| (*from..*from + 10_000).contains(*at)).count();
                prop_assert!(window <= 2_000);
            }
        }
    }
}
