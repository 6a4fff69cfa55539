//! The metrics of queues: what is counted with every call, and what is measured once a minute while a queue is active.
//! Source: SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS", "Creating CloudWatch alarms for Amazon SQS metrics"
//! (active for six hours).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use kernel::{Clock, Timestamp};
use telemetry::{Meter, Pending, Sample, Unit};
use tokio::sync::Notify;

use crate::limits::{ACTIVE_FOR, SIZES_MAX};
use crate::machine::Measures;
use crate::model::name::QueueName;

const NAMESPACE: &str = "AWS/SQS";

/// What has been counted of one queue and not been recorded yet.
#[derive(Default)]
pub(crate) struct Tally {
    sent: AtomicU64,
    received: AtomicU64,
    deleted: AtomicU64,
    empty_receives: AtomicU64,
    deduplicated: AtomicU64,
    /// Bytes of messages, and how many were so long.
    sizes: Mutex<BTreeMap<usize, u32>>,
    /// Milliseconds of the last call, by the clock of due things.
    touched: AtomicI64,
    active: AtomicBool,
    fifo: AtomicBool,
}

impl Tally {
    pub(crate) fn received(&self, messages: usize) {
        match messages {
            0 => self.empty_receives.fetch_add(1, Ordering::Relaxed),
            some => self.received.fetch_add(some as u64, Ordering::Relaxed),
        };
    }

    pub(crate) fn deleted(&self, messages: usize) {
        self.deleted.fetch_add(messages as u64, Ordering::Relaxed);
    }

    /// The counts, with what follows of each being taken or only looked at.
    fn counts(&self, of: impl Fn(&AtomicU64) -> u64) -> Vec<(&'static str, u64)> {
        let mut counts = vec![
            ("NumberOfMessagesSent", of(&self.sent)),
            ("NumberOfMessagesReceived", of(&self.received)),
            ("NumberOfMessagesDeleted", of(&self.deleted)),
            ("NumberOfEmptyReceives", of(&self.empty_receives)),
        ];
        if self.fifo.load(Ordering::Relaxed) {
            counts.push(("NumberOfDeduplicatedSentMessages", of(&self.deduplicated)));
        }
        counts
    }

    fn sizes(&self) -> std::sync::MutexGuard<'_, BTreeMap<usize, u32>> {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All queues that were called since the start.
pub(crate) struct Metrics {
    meter: Arc<dyn Meter>,
    clock: Arc<dyn Clock>,
    tallies: RwLock<BTreeMap<QueueName, Arc<Tally>>>,
    /// How many times something was recorded. Held while it is: whoever asks waits until it can be seen.
    recorded: Mutex<u64>,
    /// Wakes the task that records, once some queue is active.
    pub(crate) wake: Notify,
}

impl Metrics {
    pub(crate) fn new(meter: Arc<dyn Meter>, clock: Arc<dyn Clock>) -> Arc<Self> {
        let metrics = Arc::new(Self {
            meter: meter.clone(),
            clock,
            tallies: RwLock::default(),
            recorded: Mutex::default(),
            wake: Notify::new(),
        });
        let pending: std::sync::Weak<dyn Pending> = Arc::<Self>::downgrade(&metrics);
        meter.watch(pending);
        metrics
    }

    pub(crate) fn tally(&self, name: &QueueName, fifo: bool) -> Arc<Tally> {
        let mut tallies = self.tallies.write().unwrap_or_else(PoisonError::into_inner);
        let tally = tallies.entry(name.clone()).or_default();
        tally.fifo.store(fifo, Ordering::Relaxed);
        tally.clone()
    }

    pub(crate) fn touch(&self, tally: &Tally) {
        tally.touched.store(self.clock.now().millis(), Ordering::SeqCst);
        if !tally.active.load(Ordering::SeqCst) && !tally.active.swap(true, Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }

    /// Messages by their size, and how many were not added because they had been sent before.
    pub(crate) fn sent(&self, name: &QueueName, tally: &Tally, sizes: impl Iterator<Item = usize>, deduplicated: u64) {
        let mut sent = 0;
        let mut kept = tally.sizes();
        for bytes in sizes {
            sent += 1;
            *kept.entry(bytes).or_default() += 1;
        }
        let full = kept.len() >= SIZES_MAX;
        drop(kept);
        tally.sent.fetch_add(sent, Ordering::Relaxed);
        tally.deduplicated.fetch_add(deduplicated, Ordering::Relaxed);
        if full {
            let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
            self.record_sizes(name, tally, self.clock.wall());
            *recorded += 1;
        }
    }

    /// Queues that are active, with their names. One that was not called for six hours and holds nothing is not any more.
    pub(crate) fn active(&self) -> Vec<(QueueName, Arc<Tally>)> {
        let tallies = self.tallies.read().unwrap_or_else(PoisonError::into_inner);
        let active = tallies.iter().filter(|(_, tally)| tally.active.load(Ordering::Relaxed));
        active.map(|(name, tally)| (name.clone(), tally.clone())).collect()
    }

    /// Records what was counted, zeros too.
    pub(crate) fn record_counts(&self, active: &[(QueueName, Arc<Tally>)], at: Timestamp) {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, tally) in active {
            let take = |count: &AtomicU64| {
                let stays = kernel::sabotaged!("counts stay when they are handed over");
                if stays { count.load(Ordering::Relaxed) } else { count.swap(0, Ordering::Relaxed) }
            };
            for (metric, count) in tally.counts(take) {
                self.record(name, metric, Unit::Count, count, at);
            }
            self.record_sizes(name, tally, at);
        }
        *recorded += 1;
    }

    fn record_sizes(&self, name: &QueueName, tally: &Tally, at: Timestamp) {
        let sizes = std::mem::take(&mut *tally.sizes());
        if !sizes.is_empty() {
            let values = values_of(&sizes);
            self.meter.record(&sample(name, "SentMessageSize", Unit::Bytes, &values, &[("QueueName", &name.name)], at));
        }
    }

    /// Records how a queue stands.
    pub(crate) fn record_measures(&self, name: &QueueName, tally: &Tally, measures: &Measures, at: Timestamp) {
        let now = self.clock.now();
        let age = |sent: Option<i64>| sent.map_or(0, |sent| now.since(Timestamp::from_millis(sent)).as_secs());
        let count = |metric, count| self.record(name, metric, Unit::Count, count, at);
        count("ApproximateNumberOfMessagesVisible", measures.counts.visible);
        count("ApproximateNumberOfMessagesNotVisible", measures.counts.in_flight);
        count("ApproximateNumberOfMessagesDelayed", measures.counts.delayed);
        self.record(name, "ApproximateAgeOfOldestMessage", Unit::Seconds, age(measures.oldest_sent), at);
        if let Some(groups) = measures.groups_in_flight {
            count("ApproximateNumberOfGroupsWithInflightMessages", groups);
        }
        if let Some(quiet) = &measures.quiet {
            count("ApproximateNumberOfNoisyGroups", quiet.noisy_groups);
            count("ApproximateNumberOfMessagesVisibleInQuietGroups", quiet.counts.visible);
            count("ApproximateNumberOfMessagesNotVisibleInQuietGroups", quiet.counts.in_flight);
            count("ApproximateNumberOfMessagesDelayedInQuietGroups", quiet.counts.delayed);
            self.record(name, "ApproximateAgeOfOldestMessageInQuietGroups", Unit::Seconds, age(quiet.oldest_sent), at);
        }
        let empty = measures.counts == crate::machine::Counts::default();
        let touched = tally.touched.load(Ordering::Relaxed);
        if empty && now.since(Timestamp::from_millis(touched)) >= ACTIVE_FOR {
            tally.active.store(false, Ordering::SeqCst);
            // Whoever has called meanwhile may have found it active still.
            if tally.touched.load(Ordering::SeqCst) != touched {
                tally.active.store(true, Ordering::SeqCst);
            }
        }
    }

    fn record(&self, name: &QueueName, metric: &'static str, unit: Unit, value: u64, at: Timestamp) {
        let values = [(float(value), 1.0)];
        self.meter.record(&sample(name, metric, unit, &values, &[("QueueName", &name.name)], at));
    }

    /// The queue has been deleted.
    pub(crate) fn forget(&self, name: &QueueName, tally: &Arc<Tally>) {
        let mut tallies = self.tallies.write().unwrap_or_else(PoisonError::into_inner);
        if tallies.get(name).is_some_and(|known| Arc::ptr_eq(known, tally)) {
            tallies.remove(name);
        }
    }
}

impl Pending for Metrics {
    fn recorded(&self) -> u64 {
        *self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pending(&self, each: &mut dyn FnMut(&Sample<'_>)) {
        let at = self.clock.wall();
        for (name, tally) in self.active() {
            let dimensions = [("QueueName", name.name.as_str())];
            for (metric, count) in tally.counts(|count| count.load(Ordering::Relaxed)) {
                if count > 0 {
                    each(&sample(&name, metric, Unit::Count, &[(float(count), 1.0)], &dimensions, at));
                }
            }
            let sizes = values_of(&tally.sizes());
            if !sizes.is_empty() {
                each(&sample(&name, "SentMessageSize", Unit::Bytes, &sizes, &dimensions, at));
            }
        }
    }
}

fn sample<'a>(
    name: &'a QueueName,
    metric: &'static str,
    unit: Unit,
    values: &'a [(f64, f64)],
    dimensions: &'a [(&'static str, &'a str)],
    at: Timestamp,
) -> Sample<'a> {
    Sample { account: &name.account, region: &name.region, namespace: NAMESPACE, metric, dimensions, unit, values, at }
}

fn values_of(sizes: &BTreeMap<usize, u32>) -> Vec<(f64, f64)> {
    sizes.iter().map(|(bytes, count)| (float(*bytes as u64), f64::from(*count))).collect()
}

/// Exact up to 2 to the power of 53.
#[allow(clippy::cast_precision_loss)]
fn float(number: u64) -> f64 {
    number as f64
}
