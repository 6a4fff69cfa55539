//! How many batches of a mapping may be out at once.
//! Source: Lambda Developer Guide, "Configuring scaling behavior for SQS event source mappings"; how far concurrency falls after
//! errors AWS does not say.

use std::time::Duration;

use kernel::Timestamp;

use crate::limits::{
    BACK_OFF_ONCE_IN, CONCURRENCY_AT_FIRST, CONCURRENCY_MAX, GROWTH_PAUSE, INVOCATIONS_PER_POLLER,
    NO_GROWTH_AFTER_FAILURE, PROVISIONED_GROWTH_PAUSE,
};

/// Where concurrency may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    at_first: u32,
    most: u32,
    growth_pause: Duration,
}

impl Bounds {
    pub(crate) fn on_demand(maximum_concurrency: Option<u32>) -> Self {
        let maximum_concurrency = maximum_concurrency.filter(|_| !kernel::sabotaged!("a mapping knows no maximum"));
        let most = maximum_concurrency.unwrap_or(CONCURRENCY_MAX).clamp(1, CONCURRENCY_MAX);
        Self { at_first: CONCURRENCY_AT_FIRST.min(most), most, growth_pause: GROWTH_PAUSE }
    }

    pub(crate) fn provisioned(minimum_pollers: u32, maximum_pollers: u32) -> Self {
        let most = maximum_pollers.max(1).saturating_mul(INVOCATIONS_PER_POLLER);
        let at_first = minimum_pollers.max(1).saturating_mul(INVOCATIONS_PER_POLLER).min(most);
        Self { at_first, most, growth_pause: PROVISIONED_GROWTH_PAUSE }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Scaling {
    bounds: Bounds,
    limit: u32,
    /// The last step up, or the begin of the backlog.
    stepped: Timestamp,
    /// All batches have been out since the queue was last seen empty.
    backlog: bool,
    failed: Option<Timestamp>,
}

impl Scaling {
    pub(crate) fn new(bounds: Bounds, now: Timestamp) -> Self {
        Self { bounds, limit: bounds.at_first, stepped: now, backlog: false, failed: None }
    }

    /// Batches that may be out.
    pub(crate) fn limit(&self) -> usize {
        self.limit as usize
    }

    /// All batches are out and something may be waiting: from now on time counts.
    pub(crate) fn on_starved(&mut self, now: Timestamp) {
        if !self.backlog {
            self.backlog = true;
            self.stepped = now;
        }
    }

    /// A read had to wait for what it brought.
    pub(crate) fn on_waited(&mut self) {
        self.backlog = false;
    }

    /// When one batch more may be out, if the reader is still starved then.
    pub(crate) fn next_growth(&self) -> Option<Timestamp> {
        let free = self.failed.map(|failed| failed + NO_GROWTH_AFTER_FAILURE);
        let step = self.stepped + self.bounds.growth_pause;
        (self.limit < self.bounds.most).then(|| free.map_or(step, |free| step.max(free)))
    }

    /// Takes the steps that are due.
    pub(crate) fn grow(&mut self, now: Timestamp) {
        if self.next_growth().is_some_and(|due| due <= now) {
            self.limit += 1;
            self.stepped = now;
        }
    }

    /// A batch failed, or was not let run. Never below what it began with, which is why AWS's mappings read more than a function
    /// with a small reservation can take.
    pub(crate) fn on_failure(&mut self, now: Timestamp) {
        let together = self.failed.is_some_and(|failed| now.since(failed) < BACK_OFF_ONCE_IN);
        if !together {
            self.limit = (self.limit / 2).max(self.bounds.at_first);
            self.failed = Some(now);
        }
    }

    /// A poll has brought nothing: there is no backlog.
    pub(crate) fn on_empty(&mut self) {
        self.backlog = false;
        self.limit = self.limit.min(self.bounds.at_first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp::from_secs(1_000_000);

    fn at(ms: u64) -> Timestamp {
        START + Duration::from_millis(ms)
    }

    /// Starved from the start to `secs`.
    fn grown(scaling: &mut Scaling, secs: u64) {
        scaling.on_starved(START);
        while let Some(due) = scaling.next_growth().filter(|due| *due <= at(secs * 1000)) {
            scaling.grow(due);
        }
    }

    #[test]
    fn five_at_first_and_three_hundred_more_a_minute_up_to_1250() {
        let mut scaling = Scaling::new(Bounds::on_demand(None), START);
        assert_eq!(scaling.limit(), 5);
        grown(&mut scaling, 60);
        assert_eq!(scaling.limit(), 305);
        grown(&mut scaling, 3_600);
        assert_eq!(scaling.limit(), 1_250);
        assert_eq!(scaling.next_growth(), None);
        scaling.on_empty();
        assert_eq!(scaling.limit(), 5);
    }

    #[test]
    fn batches_that_end_meanwhile_do_not_hold_growth_back() {
        let mut scaling = Scaling::new(Bounds::on_demand(None), START);
        for ms in (0..=1_000).step_by(50) {
            scaling.on_starved(at(ms));
            scaling.grow(at(ms));
        }
        assert_eq!(scaling.limit(), 10);
        scaling.on_waited();
        scaling.on_starved(at(60_000));
        scaling.grow(at(60_000));
        assert_eq!(scaling.limit(), 10, "time without a backlog does not count");
    }

    #[test]
    fn maximum_concurrency_is_the_ceiling() {
        let mut scaling = Scaling::new(Bounds::on_demand(Some(2)), START);
        grown(&mut scaling, 60);
        assert_eq!((scaling.limit(), scaling.next_growth()), (2, None));
        let mut scaling = Scaling::new(Bounds::on_demand(Some(7)), START);
        grown(&mut scaling, 60);
        assert_eq!(scaling.limit(), 7);
    }

    #[test]
    fn provisioned_pollers_begin_with_ten_each_and_grow_faster() {
        let mut scaling = Scaling::new(Bounds::provisioned(2, 200), START);
        assert_eq!(scaling.limit(), 20);
        grown(&mut scaling, 60);
        assert_eq!(scaling.limit(), 1_020);
    }

    #[test]
    fn failures_halve_once_a_second_and_hold_growth_back() {
        let mut scaling = Scaling::new(Bounds::on_demand(None), START);
        grown(&mut scaling, 60);
        scaling.on_failure(at(60_000));
        scaling.on_failure(at(60_999));
        assert_eq!(scaling.limit(), 152);
        assert_eq!(scaling.next_growth(), Some(at(62_000)));
        (0..20).for_each(|n| scaling.on_failure(at(61_000 + n * 1_000)));
        assert_eq!(scaling.limit(), 5);
    }

    proptest! {
        #[test]
        fn the_limit_keeps_within_its_bounds(
            most in proptest::option::of(2_u32..1_000),
            steps in proptest::collection::vec((0_u8..5, 0_u64..5_000), 0..300),
        ) {
            let mut scaling = Scaling::new(Bounds::on_demand(most), START);
            let mut now = START;
            for (step, ms) in steps {
                now = now + Duration::from_millis(ms);
                match step {
                    0 => scaling.on_starved(now),
                    1 => scaling.grow(now),
                    2 => scaling.on_failure(now),
                    3 => scaling.on_waited(),
                    _ => scaling.on_empty(),
                }
                prop_assert!(scaling.limit() >= most.unwrap_or(5).min(5) as usize && scaling.limit() <= most.unwrap_or(1_250) as usize);
            }
        }
    }
}
