//! The minutes of services' samples that have not been written yet.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use kernel::Timestamp;
use store::Key;
use telemetry::{Pending, Sample};

use crate::limits::{IDLE_METRIC, METRICS_PER_LOOK, OPEN_MINUTES_MAX, POINTS_PER_COMMIT, SEEN_GRAIN};
use crate::model::aggregate::Aggregate;
use crate::model::period::floor;
use crate::model::series::{Series, SeriesId};
use crate::model::unit::Unit;
use crate::records::{Metric, Place};

/// Seconds of the periods that services' samples are kept by.
pub(crate) const MINUTE: u32 = 60;

/// Start and unit of a period.
type Period = (i64, Unit);

#[derive(Default)]
pub(crate) struct Open {
    inner: Mutex<Inner>,
    watched: Mutex<Vec<Weak<dyn Pending>>>,
}

#[derive(Default)]
struct Inner {
    /// By a hash of account, region, namespace, name and dimensions; almost always one each.
    metrics: BTreeMap<u64, Vec<OpenMetric>>,
    minutes: usize,
    next_piece: u64,
    dropped: u64,
}

struct OpenMetric {
    place: Place,
    series: Series,
    id: SeriesId,
    minutes: BTreeMap<Period, Piece>,
    /// Seconds at which its record was last written, and at which a sample last came.
    registered: Option<i64>,
    last: i64,
}

/// A period in memory, which is written as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub number: u64,
    pub aggregate: Aggregate,
    /// Samples in it: what comes while it is being written is not on the disk yet.
    samples: u64,
}

/// What of a metric is being written.
struct Written {
    hash: u64,
    id: SeriesId,
    place: Place,
    period: Period,
    number: u64,
    samples: u64,
}

/// What is to be written, and then forgotten.
#[derive(Default)]
pub(crate) struct Writing {
    pub points: Vec<(Key, Bytes)>,
    pub metrics: Vec<(Key, Metric)>,
    written: Vec<Written>,
    registered: Vec<(u64, SeriesId, Place)>,
    /// Metrics up to this hash have been looked at; none: all.
    pub up_to: Option<u64>,
}

impl Open {
    /// Pieces of different lives of the server have different numbers. Zero is that of users' data.
    pub(crate) fn new(started: Timestamp) -> Self {
        let started = u64::try_from(started.millis()).unwrap_or(0);
        let inner = Inner { next_piece: started.saturating_mul(1 << 20).max(1), ..Inner::default() };
        Self { inner: Mutex::new(inner), watched: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn watch(&self, who: Weak<dyn Pending>) {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        watched.retain(|known| known.strong_count() > 0);
        watched.push(who);
    }

    /// Answers whether somebody has to be woken: a metric is new, or nothing was open before.
    pub(crate) fn add(&self, sample: &Sample<'_>) -> bool {
        debug_assert!(sample.dimensions.is_sorted(), "dimensions come by name");
        let hash = hash_of(sample);
        let mut inner = self.lock();
        let inner = &mut *inner;
        let same_hash = inner.metrics.entry(hash).or_default();
        let known = same_hash.iter().position(|metric| metric.is_of(sample));
        let at = known.unwrap_or_else(|| {
            same_hash.push(OpenMetric::new(sample));
            same_hash.len() - 1
        });
        let Some(metric) = same_hash.get_mut(at) else { return false };
        metric.last = metric.last.max(sample.at.secs());
        let period = (floor(sample.at.secs(), MINUTE), Unit::of_name(sample.unit.as_str()));
        let was_idle = inner.minutes == 0;
        if !metric.minutes.contains_key(&period) {
            if inner.minutes >= OPEN_MINUTES_MAX {
                inner.dropped += 1;
                return false;
            }
            inner.minutes += 1;
            inner.next_piece += 1;
        }
        let number = inner.next_piece;
        let open = || Piece { number, aggregate: Aggregate::default(), samples: 0 };
        let piece = metric.minutes.entry(period).or_insert_with(open);
        piece.samples += 1;
        sample.values.iter().for_each(|(value, count)| piece.aggregate.add(*value, *count));
        was_idle || known.is_none()
    }

    /// The open minutes of one metric, and what others have added up of it.
    pub(crate) fn of(&self, place: &Place, series: &Series) -> Vec<(Period, Piece)> {
        if !series.namespace.starts_with("AWS/") {
            return Vec::new();
        }
        let watched: Vec<_> = {
            let watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
            watched.iter().filter_map(Weak::upgrade).collect()
        };
        loop {
            let before: Vec<u64> = watched.iter().map(|who| who.recorded()).collect();
            let mut found = self.recorded(place, series);
            for who in &watched {
                pending_of(&**who, place, series, &mut found);
            }
            // Between the two looks something may have moved from one to the other.
            if before == watched.iter().map(|who| who.recorded()).collect::<Vec<_>>() {
                return found;
            }
        }
    }

    fn recorded(&self, place: &Place, series: &Series) -> Vec<(Period, Piece)> {
        let hash = hash_parts(place, series);
        let inner = self.lock();
        let metrics = inner.metrics.get(&hash).into_iter().flatten();
        let found = metrics.filter(|metric| metric.place == *place && metric.series == *series);
        found.flat_map(|metric| metric.minutes.iter().map(|(period, piece)| (*period, piece.clone()))).collect()
    }

    /// Every open minute of every metric: for `metrics/raw`.
    pub(crate) fn all(&self) -> Vec<(Place, Series, Period, Piece)> {
        let inner = self.lock();
        let metrics = inner.metrics.values().flatten();
        metrics
            .flat_map(|metric| {
                metric
                    .minutes
                    .iter()
                    .map(|(period, piece)| (metric.place.clone(), metric.series.clone(), *period, piece.clone()))
            })
            .collect()
    }

    /// Minutes that have passed at `now`, or open ones too, and the records of metrics that are not there yet: of some
    /// metrics behind a hash, so that nobody who records has to wait for long.
    pub(crate) fn due(&self, now: Timestamp, also_open: bool, after: Option<u64>) -> Writing {
        let now = now.secs();
        let mut writing = Writing::default();
        let inner = self.lock();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        for (number, (hash, metrics)) in inner.metrics.range((from, Bound::Unbounded)).enumerate() {
            for metric in metrics {
                metric.collect(*hash, now, also_open, &mut writing);
            }
            if writing.points.len() + writing.metrics.len() >= POINTS_PER_COMMIT || number >= METRICS_PER_LOOK {
                writing.up_to = Some(*hash);
                break;
            }
        }
        writing
    }

    /// Forgets what is on disk now. A piece to which something has come meanwhile stays, and is written again in its own place.
    pub(crate) fn written(&self, writing: Writing, now: Timestamp) {
        let mut inner = self.lock();
        let inner = &mut *inner;
        for (hash, id, place) in writing.registered {
            let metrics = inner.metrics.get_mut(&hash).into_iter().flatten();
            metrics.filter(|metric| metric.id == id && metric.place == place).for_each(|metric| {
                metric.registered = Some(now.secs());
            });
        }
        for Written { hash, id, place, period, number, samples } in writing.written {
            let metrics = inner.metrics.get_mut(&hash).into_iter().flatten();
            for metric in metrics.filter(|metric| metric.id == id && metric.place == place) {
                let is_same = |piece: &Piece| piece.number == number && piece.samples == samples;
                if metric.minutes.get(&period).is_some_and(is_same) {
                    metric.minutes.remove(&period);
                    inner.minutes -= 1;
                }
            }
        }
    }

    /// Forgets metrics of which nothing came for long. Answers how many samples found no room since the last time.
    pub(crate) fn tidy(&self, now: Timestamp) -> u64 {
        let mut inner = self.lock();
        let idle = |metric: &OpenMetric| metric.minutes.is_empty() && now.secs() - metric.last > secs(IDLE_METRIC);
        inner.metrics.retain(|_, metrics| {
            metrics.retain(|metric| !idle(metric));
            !metrics.is_empty()
        });
        std::mem::take(&mut inner.dropped)
    }

    /// The end of the first open minute, in seconds.
    pub(crate) fn first_end(&self) -> Option<i64> {
        let inner = self.lock();
        let starts = inner.metrics.values().flatten().filter_map(|metric| metric.minutes.first_key_value());
        starts.map(|((start, _), _)| start + i64::from(MINUTE)).min()
    }
}

impl OpenMetric {
    fn new(sample: &Sample<'_>) -> Self {
        let dimensions = sample.dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let series = Series::new(sample.namespace, sample.metric, dimensions.collect());
        Self {
            place: Place { account: sample.account.clone(), region: sample.region.clone() },
            id: series.id(),
            series,
            minutes: BTreeMap::new(),
            registered: None,
            last: i64::MIN,
        }
    }

    fn is_of(&self, sample: &Sample<'_>) -> bool {
        let dimensions = || self.series.dimensions.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        self.series.name == sample.metric
            && self.series.namespace == sample.namespace
            && self.place.account == *sample.account
            && self.place.region == *sample.region
            && dimensions().eq(sample.dimensions.iter().copied())
    }

    fn key(&self) -> Key {
        self.place.metric(&self.series.namespace, &self.series.name, self.id)
    }

    fn collect(&self, hash: u64, now: i64, also_open: bool, writing: &mut Writing) {
        for ((start, unit), piece) in &self.minutes {
            if also_open || start + i64::from(MINUTE) <= now {
                let key = self.place.point(self.id, MINUTE, *start, *unit, piece.number);
                writing.points.push((key, piece.aggregate.encode()));
                writing.written.push(Written {
                    hash,
                    id: self.id,
                    place: self.place.clone(),
                    period: (*start, *unit),
                    number: piece.number,
                    samples: piece.samples,
                });
            }
        }
        let fresh = self.registered.is_some_and(|at| now - at < secs(SEEN_GRAIN));
        if !fresh && !self.minutes.is_empty() {
            let metric = Metric { dimensions: self.series.dimensions.clone(), seen: now };
            writing.metrics.push((self.key(), metric));
            writing.registered.push((hash, self.id, self.place.clone()));
        }
    }
}

fn pending_of(who: &dyn Pending, place: &Place, series: &Series, found: &mut Vec<(Period, Piece)>) {
    who.pending(&mut |sample| {
        let metric = || OpenMetric::new(sample);
        let same_name = sample.metric == series.name && sample.namespace == series.namespace;
        if same_name && metric().series == *series && metric().place == *place {
            let mut aggregate = Aggregate::default();
            sample.values.iter().for_each(|(value, count)| aggregate.add(*value, *count));
            let period = (floor(sample.at.secs(), MINUTE), Unit::of_name(sample.unit.as_str()));
            found.push((period, Piece { number: 0, aggregate, samples: 1 }));
        }
    });
}

fn secs(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// FNV-1a: short names, and whoever chooses them to collide harms nobody but himself.
struct Hash(u64);

impl Hash {
    fn add(&mut self, text: &str) {
        for byte in text.bytes().chain([0xFF]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

fn hash_of(sample: &Sample<'_>) -> u64 {
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    let names = [sample.account.as_str(), sample.region.as_str(), sample.namespace, sample.metric];
    names.into_iter().for_each(|part| hash.add(part));
    sample.dimensions.iter().for_each(|(name, value)| [*name, *value].into_iter().for_each(|part| hash.add(part)));
    hash.0
}

fn hash_parts(place: &Place, series: &Series) -> u64 {
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    let names = [place.account.as_str(), place.region.as_str(), &series.namespace, &series.name];
    names.into_iter().for_each(|part| hash.add(part));
    series.dimensions.iter().for_each(|(name, value)| [name, value].into_iter().for_each(|part| hash.add(part)));
    hash.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{AccountId, Region};

    #[test]
    fn what_comes_while_a_minute_is_being_written_is_written_too() {
        let (open, account, region) = (Open::new(Timestamp::from_secs(0)), AccountId::default(), Region::default());
        let add = || {
            open.add(&Sample {
                account: &account,
                region: &region,
                namespace: "AWS/SQS",
                metric: "NumberOfMessagesReceived",
                dimensions: &[("QueueName", "jobs")],
                unit: telemetry::Unit::Count,
                values: &[(2.0, 1.0)],
                at: Timestamp::from_secs(59),
            })
        };
        let end = Timestamp::from_secs(60);
        add();
        let first = open.due(end, false, None);
        let key = first.points.first().map(|(key, _)| key.clone());
        add();
        open.written(first, end);
        let second = open.due(end, false, None);
        let [(again, point)] = second.points.as_slice() else { panic!("{} points", second.points.len()) };
        assert_eq!(Some(again), key.as_ref(), "in its own place, so that nothing counts twice");
        assert_eq!(Aggregate::decode(point).map(|all| all.sum), Some(4.0));
        open.written(second, end);
        assert!(open.due(end, false, None).points.is_empty());
    }
}
