//! The metrics of AWS/Lambda: added up per function and minute, and handed to the meter once a second.
//!
//! What an invocation has come to counts for the minute in which it began, as on AWS.
//!
//! Source: Lambda Developer Guide, "Types of metrics for Lambda functions" and "Viewing metrics for Lambda functions"
//! (dimensions).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::{Clock, Timestamp};
use telemetry::{Meter, Pending, Sample, Unit};
use tokio::sync::Notify;

use crate::concurrency::{Busy, Concurrency};
use crate::limits::{METRIC_SERIES_MAX, METRIC_VALUES_MAX, METRICS_HELD};
use crate::model::room::Seen;
use crate::records::Place;

const NAMESPACE: &str = "AWS/Lambda";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    Invocations,
    Errors,
    Throttles,
    Duration,
    ConcurrentExecutions,
    UnreservedConcurrentExecutions,
    ClaimedAccountConcurrency,
    ProvisionedConcurrentExecutions,
    ProvisionedConcurrencyUtilization,
    ProvisionedConcurrencyInvocations,
    ProvisionedConcurrencySpilloverInvocations,
    AsyncEventsReceived,
    AsyncEventAge,
    AsyncEventsDropped,
    DeadLetterErrors,
    DestinationDeliveryFailures,
    RecursiveInvocationsDropped,
}

/// Under which dimensions a metric is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// Of the function, of the version or alias that was called, of the version behind an alias, and of all functions.
    Everywhere,
    /// As `Everywhere`, but not of all functions: a share of nothing there.
    ByFunction,
    /// Of one thing only: a function, or all of them. Each has a value of its own.
    Once,
}

use Metric::*;
use Shown::*;

/// In the order of the enumeration.
const METRICS: [(Metric, &str, Unit, Shown); 17] = [
    (Invocations, "Invocations", Unit::Count, Everywhere),
    (Errors, "Errors", Unit::Count, Everywhere),
    (Throttles, "Throttles", Unit::Count, Everywhere),
    (Duration, "Duration", Unit::Milliseconds, Everywhere),
    (ConcurrentExecutions, "ConcurrentExecutions", Unit::Count, Once),
    (UnreservedConcurrentExecutions, "UnreservedConcurrentExecutions", Unit::Count, Once),
    (ClaimedAccountConcurrency, "ClaimedAccountConcurrency", Unit::Count, Once),
    (ProvisionedConcurrentExecutions, "ProvisionedConcurrentExecutions", Unit::Count, Everywhere),
    (ProvisionedConcurrencyUtilization, "ProvisionedConcurrencyUtilization", Unit::Count, ByFunction),
    (ProvisionedConcurrencyInvocations, "ProvisionedConcurrencyInvocations", Unit::Count, Everywhere),
    (ProvisionedConcurrencySpilloverInvocations, "ProvisionedConcurrencySpilloverInvocations", Unit::Count, Everywhere),
    (AsyncEventsReceived, "AsyncEventsReceived", Unit::Count, Everywhere),
    (AsyncEventAge, "AsyncEventAge", Unit::Milliseconds, Everywhere),
    (AsyncEventsDropped, "AsyncEventsDropped", Unit::Count, Everywhere),
    (DeadLetterErrors, "DeadLetterErrors", Unit::Count, Everywhere),
    (DestinationDeliveryFailures, "DestinationDeliveryFailures", Unit::Count, Everywhere),
    (RecursiveInvocationsDropped, "RecursiveInvocationsDropped", Unit::Count, Everywhere),
];

/// What values are about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    pub place: Place,
    /// `None` for all functions of the place.
    pub function: Option<String>,
    /// `f`, `f:alias`, `f:7`: what was called.
    resource: Option<String>,
    /// The version that an alias led to.
    executed_version: Option<String>,
}

impl Series {
    /// Calls of a function by a qualifier, or by none.
    pub fn called(place: &Place, function: &str, qualifier: Option<&str>, executed_version: Option<&str>) -> Self {
        let is_alias = qualifier.is_some_and(|qualifier| executed_version != Some(qualifier));
        Self {
            place: place.clone(),
            function: Some(function.to_owned()),
            resource: Some(
                qualifier.map_or_else(|| function.to_owned(), |qualifier| format!("{function}:{qualifier}")),
            ),
            executed_version: executed_version.filter(|_| is_alias).map(str::to_owned),
        }
    }

    fn function(place: &Place, function: &str) -> Self {
        Self { function: Some(function.to_owned()), ..Self::account(place) }
    }

    fn account(place: &Place) -> Self {
        Self { place: place.clone(), function: None, resource: None, executed_version: None }
    }

    /// The dimensions of one of its values, widest first, in the order of their names.
    fn dimensions(&self, shown: Shown) -> Vec<Vec<(&'static str, &str)>> {
        let function = self.function.as_deref().map(|function| ("FunctionName", function));
        let resource = self.resource.as_deref().map(|resource| ("Resource", resource));
        let executed = self.executed_version.as_deref().map(|version| ("ExecutedVersion", version));
        let Some(function) = function else { return vec![Vec::new()] };
        let mut all = vec![vec![function]];
        if shown == Once {
            return all;
        }
        if shown == Everywhere {
            all.insert(0, Vec::new());
        }
        if let Some(resource) = resource {
            all.push(vec![function, resource]);
            all.extend(executed.map(|executed| vec![executed, function, resource]));
        }
        all
    }
}

/// Whom one way of calling a function counts for.
pub struct Called {
    /// The function as it was called.
    pub call: Arc<Series>,
    /// The function by itself, and all functions: for what has a value of its own there.
    function: Arc<Series>,
    account: Arc<Series>,
}

impl Called {
    pub fn new(place: &Place, function: &str, qualifier: Option<&str>, executed_version: Option<&str>) -> Self {
        Self {
            call: Arc::new(Series::called(place, function, qualifier, executed_version)),
            function: Arc::new(Series::function(place, function)),
            account: Arc::new(Series::account(place)),
        }
    }
}

/// Values of one series in one minute, by metric, each with how often it was seen.
type Tally = [Vec<(f64, f64)>; METRICS.len()];

/// Values of one series.
type Values<'a> = (&'a Arc<Series>, &'a [(Metric, f64)]);

#[derive(Default)]
struct Held {
    /// By the first second of a minute, and by whom they are about.
    tallies: BTreeMap<(i64, Arc<Series>), Box<Tally>>,
    /// How often values have been handed over.
    handed_over: u64,
}

pub struct Metrics {
    meter: Arc<dyn Meter>,
    clock: Arc<dyn Clock>,
    held: Mutex<Held>,
    /// There are values where there were none.
    wake: Notify,
}

impl Metrics {
    pub fn new(meter: Arc<dyn Meter>, clock: Arc<dyn Clock>) -> Arc<Self> {
        let made = Arc::new(Self { meter, clock, held: Mutex::default(), wake: Notify::new() });
        let pending: Arc<dyn Pending> = made.clone();
        made.meter.watch(Arc::downgrade(&pending));
        made
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn count(&self, series: &Arc<Series>, metric: Metric) {
        self.add(self.clock.wall(), &[(series, &[(metric, 1.0)])]);
    }

    /// Adds values of one moment, as clients tell the time.
    pub fn add(&self, at: Timestamp, all: &[Values<'_>]) {
        let minute = at.secs().div_euclid(60) * 60;
        let mut held = self.held();
        let is_first = held.tallies.is_empty();
        let mut is_full = held.tallies.len() >= METRIC_SERIES_MAX;
        for (series, values) in all {
            let tally = held.tallies.entry((minute, Arc::clone(series))).or_default();
            for (metric, value) in *values {
                let seen = tally.get_mut(*metric as usize).map_or(0, |seen| add_up(seen, *value));
                is_full |= seen >= METRIC_VALUES_MAX;
            }
        }
        if is_full {
            self.hand_over(&mut held);
        } else if is_first {
            drop(held);
            self.wake.notify_one();
        }
    }

    /// How full a place is, now that a call was let in.
    pub fn running(&self, at: Timestamp, called: &Called, seen: &Seen) {
        let function = [(ConcurrentExecutions, f64::from(seen.function))];
        self.add(at, &[(&called.function, &function), (&called.account, &of_account(seen))]);
    }

    /// Hands over what has been added up.
    pub fn flush(&self) {
        self.hand_over(&mut self.held());
    }

    /// Nobody sees values that are neither held nor handed over: the lock is held meanwhile.
    fn hand_over(&self, held: &mut Held) {
        each_of(&held.tallies, &mut |sample| self.meter.record(sample));
        held.tallies.clear();
        held.handed_over += 1;
    }

    /// Hands over what there is, a second after its first value. Sleeps while nothing runs; while something does, how full
    /// the rooms are is looked at once a minute, as functions may run for longer than a metric's period.
    pub async fn run(&self, concurrency: &Concurrency) {
        loop {
            if !concurrency.is_busy() {
                self.wake.notified().await;
            } else {
                let next_minute = Timestamp::from_secs((self.clock.now().secs() / 60 + 1) * 60);
                tokio::select! {
                    biased;
                    () = self.wake.notified() => {}
                    () = self.clock.sleep_until(next_minute) => self.look_at(concurrency),
                }
            }
            self.clock.pause(METRICS_HELD).await;
            self.flush();
        }
    }

    fn look_at(&self, concurrency: &Concurrency) {
        let now = self.clock.wall();
        for Busy { place, seen, functions } in concurrency.busy() {
            for (function, running) in functions {
                let series = Arc::new(Series::function(&place, &function));
                self.add(now, &[(&series, &[(ConcurrentExecutions, f64::from(running))])]);
            }
            self.add(now, &[(&Arc::new(Series::account(&place)), &of_account(&seen))]);
        }
    }
}

impl Pending for Metrics {
    fn recorded(&self) -> u64 {
        self.held().handed_over
    }

    fn pending(&self, each: &mut dyn FnMut(&Sample<'_>)) {
        each_of(&self.held().tallies, each);
    }
}

fn of_account(seen: &Seen) -> [(Metric, f64); 3] {
    [
        (ConcurrentExecutions, f64::from(seen.account)),
        (UnreservedConcurrentExecutions, f64::from(seen.unreserved)),
        (ClaimedAccountConcurrency, f64::from(seen.claimed)),
    ]
}

/// Every sample of what was added up, under each of its dimensions.
fn each_of(tallies: &BTreeMap<(i64, Arc<Series>), Box<Tally>>, each: &mut dyn FnMut(&Sample<'_>)) {
    for ((minute, series), tally) in tallies {
        let (Place { account, region }, at) = (&series.place, Timestamp::from_secs(*minute));
        for ((_, metric, unit, shown), values) in METRICS.iter().zip(tally.iter()) {
            if values.is_empty() {
                continue;
            }
            for dimensions in series.dimensions(*shown) {
                let (dimensions, namespace, unit) = (dimensions.as_slice(), NAMESPACE, *unit);
                each(&Sample { account, region, namespace, metric, dimensions, unit, values, at });
            }
        }
    }
}

/// Counts a value. Answers how many different ones there are.
fn add_up(values: &mut Vec<(f64, f64)>, value: f64) -> usize {
    // Most metrics have few values, and durations hardly two that are equal: looking at some is enough.
    match values.iter_mut().rev().take(8).find(|(seen, _)| seen.to_bits() == value.to_bits()) {
        Some((_, count)) => *count += 1.0,
        None => values.push((value, 1.0)),
    }
    values.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{AccountId, Region, VirtualClock};

    const T0: Timestamp = Timestamp::from_secs(1_000_000);

    #[derive(Default)]
    struct Kept(Mutex<Vec<String>>);

    impl Meter for Kept {
        fn record(&self, sample: &Sample<'_>) {
            let dimensions: Vec<_> = sample.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let line = format!("{} [{}] {:?}", sample.metric, dimensions.join(","), sample.values);
            self.0.lock().unwrap().push(line);
        }
    }

    fn here() -> Place {
        Place { account: AccountId::default(), region: Region::default() }
    }

    fn kept(add: impl FnOnce(&Metrics, &VirtualClock)) -> Vec<String> {
        let (meter, clock) = (Arc::new(Kept::default()), Arc::new(VirtualClock::default()));
        let metrics = Metrics::new(meter.clone(), clock.clone());
        add(&metrics, &clock);
        metrics.flush();
        metrics.flush();
        let kept = meter.0.lock().unwrap();
        kept.clone()
    }

    #[test]
    fn the_table_is_in_the_order_of_the_metrics() {
        for (at, (metric, name, ..)) in METRICS.iter().enumerate() {
            assert_eq!((*metric as usize, format!("{metric:?}").as_str()), (at, *name));
        }
    }

    #[test]
    fn a_call_by_an_alias_counts_for_the_function_the_alias_and_its_version() {
        let series = Arc::new(Series::called(&here(), "f", Some("live"), Some("3")));
        let told = kept(|metrics, _| metrics.add(T0, &[(&series, &[(Errors, 0.0), (Errors, 1.0), (Errors, 0.0)])]));
        assert_eq!(
            told,
            [
                "Errors [] [(0.0, 2.0), (1.0, 1.0)]",
                "Errors [FunctionName=f] [(0.0, 2.0), (1.0, 1.0)]",
                "Errors [FunctionName=f,Resource=f:live] [(0.0, 2.0), (1.0, 1.0)]",
                "Errors [ExecutedVersion=3,FunctionName=f,Resource=f:live] [(0.0, 2.0), (1.0, 1.0)]",
            ]
        );
    }

    #[test]
    fn a_call_without_a_qualifier_or_by_a_version_has_no_executed_version() {
        for (qualifier, resource) in [(None, "f"), (Some("3"), "f:3")] {
            let series = Arc::new(Series::called(&here(), "f", qualifier, Some("3")));
            let told = kept(|metrics, _| metrics.count(&series, Invocations));
            assert_eq!(told.len(), 3);
            assert_eq!(told[2], format!("Invocations [FunctionName=f,Resource={resource}] [(1.0, 1.0)]"));
        }
    }

    #[test]
    fn each_minute_is_told_for_itself_and_too_many_values_at_once() {
        let series = Arc::new(Series::function(&here(), "f"));
        let told = kept(|metrics, _| {
            for secs in [0, 59, 60] {
                metrics.add(Timestamp::from_secs(secs), &[(&series, &[(ConcurrentExecutions, 1.0)])]);
            }
        });
        assert_eq!(told.len(), 2);
        let told = kept(|metrics, _| {
            for n in 0..METRIC_VALUES_MAX + 10 {
                metrics.add(T0, &[(&series, &[(ConcurrentExecutions, n as f64)])]);
            }
        });
        assert_eq!(told.len(), 2);
    }

    #[test]
    fn what_is_not_handed_over_yet_can_be_seen() {
        let metrics = Metrics::new(Arc::new(Kept::default()), Arc::new(VirtualClock::default()));
        metrics.count(&Arc::new(Series::function(&here(), "f")), Invocations);
        let seen = |metrics: &Metrics| {
            let mut seen = 0;
            metrics.pending(&mut |_| seen += 1);
            (metrics.recorded(), seen)
        };
        assert_eq!(seen(&metrics), (0, 2), "of the function and of all");
        metrics.flush();
        assert_eq!(seen(&metrics), (1, 0));
    }
}
