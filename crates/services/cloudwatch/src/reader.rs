//! Reads the periods of a metric, from the disk and from memory.

use std::collections::{BTreeMap, BTreeSet};

use store::{Direction, KeyRange};

use crate::error::{Error, Result};
use crate::limits::RECORDS_PER_SCAN;
use crate::meter::MINUTE;
use crate::model::aggregate::Aggregate;
use crate::model::period::{is_kept, lengths};
use crate::model::series::Series;
use crate::model::unit::Unit;
use crate::records::{Place, point_parts};
use crate::service::Service;

/// Which periods: from `start` on, each `period` seconds long, and none that begins at `end` or later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub start: i64,
    pub end: i64,
    pub period: u32,
    /// Else all, each for itself.
    pub unit: Option<Unit>,
    /// Whether it matters how values are spread.
    pub values: bool,
}

/// Periods by start and unit. One in which nothing came is not there.
pub(crate) type Periods = BTreeMap<(i64, Unit), Aggregate>;

impl Wanted {
    /// The start of the period that a point belongs to.
    fn period_of(&self, start: i64, unit: Unit) -> Option<(i64, Unit)> {
        let wanted = self.start <= start && start < self.end && self.unit.is_none_or(|only| only == unit);
        let period = i64::from(self.period);
        wanted.then(|| (self.start + (start - self.start).div_euclid(period) * period, unit))
    }
}

impl Service {
    pub(crate) async fn read(&self, place: &Place, series: &Series, wanted: Wanted) -> Result<Periods> {
        let id = series.id();
        let (now, with_values) = (self.wall().secs(), wanted.values);
        let mut periods = Periods::new();
        // Memory first: what leaves it meanwhile is on the disk by then, and what is still in it is taken from it alone.
        let open = if wanted.period < MINUTE { Vec::new() } else { self.open.of(place, series) };
        let mut in_memory = BTreeSet::new();
        for ((start, unit), piece) in open {
            in_memory.insert(piece.number);
            if let Some(period) = wanted.period_of(start, unit) {
                periods.entry(period).or_default().merge(&piece.aggregate);
            }
        }
        in_memory.remove(&0);
        for length in lengths(wanted.period) {
            let points = place.points(id, length);
            let at = |time: i64| points.clone().part_u64(u64::try_from(time).unwrap_or(0));
            let mut range = KeyRange::between(&at(wanted.start), &at(wanted.end));
            while !range.is_empty() {
                let read = self.store.scan(&range, RECORDS_PER_SCAN, Direction::Forward)?;
                let Some((last, _)) = read.last() else { break };
                let whole = read.len() < RECORDS_PER_SCAN;
                range = range.continued_after(last);
                for (key, stored) in read {
                    let (start, unit, piece) = point_parts(&key).ok_or(Error::Damaged)?;
                    let wanted = wanted.period_of(start, unit).filter(|_| !in_memory.contains(&piece));
                    if let Some(period) = wanted.filter(|_| is_kept(length, start, now)) {
                        let read =
                            if with_values { Aggregate::decode(&stored) } else { Aggregate::decode_head(&stored) };
                        let aggregate = read.ok_or(Error::Damaged)?;
                        periods.entry(period).or_default().merge(&aggregate);
                    }
                }
                if whole {
                    break;
                }
                // A long read gives way to other requests.
                tokio::task::yield_now().await;
            }
        }
        Ok(periods)
    }
}
