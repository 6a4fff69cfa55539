//! What becomes of an asynchronous invocation.

use std::time::Duration;

use kernel::Timestamp;

use crate::limits::{BACKOFF_FIRST, BACKOFF_LONGEST, EVENT_AGE_MAX_S, RETRY_ATTEMPTS_MAX, RETRY_PAUSES};

/// How long and how often an event is tried: the function's event invoke configuration, or AWS's defaults.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patience {
    pub retries: u32,
    pub age: Duration,
}

impl Patience {
    pub fn new(retries: Option<i32>, age_s: Option<i32>) -> Self {
        Self {
            retries: u32::try_from(retries.unwrap_or(RETRY_ATTEMPTS_MAX)).unwrap_or(0),
            age: Duration::from_secs(u64::try_from(age_s.unwrap_or(EVENT_AGE_MAX_S)).unwrap_or(0)),
        }
    }
}

/// How one try ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Try {
    Succeeded,
    /// The function failed: counts against the retries.
    FunctionError,
    /// Throttled, or the platform could not run it: counts against the age only.
    NotRun,
    /// The function may never run: its reserved concurrency is zero.
    Forbidden,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Next {
    Done,
    Again { due: Timestamp },
    GiveUp(Condition),
}

/// Why an event was given up, as destinations are told.
/// Source: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    RetriesExhausted,
    EventAgeExceeded,
    ZeroReservedConcurrency,
    RecursiveLoop,
}

impl Condition {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RetriesExhausted => "RetriesExhausted",
            Self::EventAgeExceeded => "EventAgeExceeded",
            Self::ZeroReservedConcurrency => "ZeroReservedConcurrency",
            Self::RecursiveLoop => "RecursiveInvocation",
        }
    }
}

/// Decides after a try. `runs` counts the times the function has run, this one included; `put_off` how often in a row
/// the event could not be run.
pub fn after(tried: Try, patience: Patience, accepted: Timestamp, now: Timestamp, runs: u32, put_off: u32) -> Next {
    let retries = patience.retries + u32::from(kernel::sabotaged!("an event is tried once more"));
    let pause = match tried {
        Try::Succeeded => return Next::Done,
        Try::Forbidden => return Next::GiveUp(Condition::ZeroReservedConcurrency),
        Try::FunctionError if runs > retries => return Next::GiveUp(Condition::RetriesExhausted),
        Try::FunctionError if kernel::sabotaged!("an event's retries come at once") => BACKOFF_FIRST,
        Try::FunctionError => retry_pause(runs),
        Try::NotRun => backoff(put_off),
    };
    let due = now + pause;
    if expired(patience, accepted, due) { Next::GiveUp(Condition::EventAgeExceeded) } else { Next::Again { due } }
}

/// A minute before the second try, two before the third.
fn retry_pause(runs: u32) -> Duration {
    let at = usize::try_from(runs.saturating_sub(1)).unwrap_or(usize::MAX);
    RETRY_PAUSES.get(at).or(RETRY_PAUSES.last()).copied().unwrap_or_default()
}

/// From one second to five minutes, doubling.
fn backoff(put_off: u32) -> Duration {
    BACKOFF_FIRST.saturating_mul(1_u32.checked_shl(put_off.min(16)).unwrap_or(u32::MAX)).min(BACKOFF_LONGEST)
}

/// Whether an event is given up that has not been tried by `now`.
pub fn expired(patience: Patience, accepted: Timestamp, now: Timestamp) -> bool {
    now.since(accepted) >= patience.age && !kernel::sabotaged!("an event's age does not count")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const T0: Timestamp = Timestamp::from_secs(1_000_000);

    fn at(secs: u64) -> Timestamp {
        T0 + Duration::from_secs(secs)
    }

    #[test]
    fn two_retries_after_one_and_two_minutes() {
        let patience = Patience::new(None, None);
        assert_eq!(after(Try::FunctionError, patience, T0, at(0), 1, 0), Next::Again { due: at(60) });
        assert_eq!(after(Try::FunctionError, patience, T0, at(60), 2, 0), Next::Again { due: at(180) });
        assert_eq!(after(Try::FunctionError, patience, T0, at(180), 3, 0), Next::GiveUp(Condition::RetriesExhausted));
    }

    #[test]
    fn no_retries_when_none_are_wanted() {
        let patience = Patience::new(Some(0), None);
        assert_eq!(after(Try::FunctionError, patience, T0, T0, 1, 0), Next::GiveUp(Condition::RetriesExhausted));
    }

    #[test]
    fn an_event_older_than_its_age_is_given_up() {
        let patience = Patience::new(Some(2), Some(60));
        assert_eq!(after(Try::FunctionError, patience, T0, at(0), 1, 0), Next::GiveUp(Condition::EventAgeExceeded));
        assert!(expired(patience, T0, at(60)) && !expired(patience, T0, at(59)));
    }

    #[test]
    fn throttling_backs_off_from_a_second_to_five_minutes() {
        let patience = Patience::new(None, None);
        let due = |put_off| after(Try::NotRun, patience, T0, T0, 0, put_off);
        assert_eq!(due(0), Next::Again { due: at(1) });
        assert_eq!(due(3), Next::Again { due: at(8) });
        assert_eq!(due(9), Next::Again { due: at(300) });
        assert_eq!(due(u32::MAX), Next::Again { due: at(300) });
    }

    proptest! {
        #[test]
        fn every_event_ends(retries in 0..=2_i32, age in 60..=21_600_i32, failures in proptest::collection::vec(any::<bool>(), 2_000)) {
            let patience = Patience::new(Some(retries), Some(age));
            let (mut now, mut runs, mut put_off, mut ended) = (T0, 0, 0, false);
            for failed in failures {
                let tried = if failed { runs += 1; put_off = 0; Try::FunctionError } else { put_off += 1; Try::NotRun };
                match after(tried, patience, T0, now, runs, put_off) {
                    Next::Again { due } => { prop_assert!(due > now); now = due; }
                    _ => { ended = true; break; }
                }
            }
            prop_assert!(ended && now.since(T0) < patience.age);
        }
    }
}
