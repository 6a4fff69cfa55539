//! Keys and values on disk. ADR 10 says why they are so.

use kernel::{AccountId, Arn, Cx, Region};
use serde::{Deserialize, Serialize};
use store::{Key, Part, Record};

use crate::model::alarm::Alarm;
use crate::model::series::SeriesId;
use crate::model::unit::Unit;

pub(crate) const SERVICE: &str = "cloudwatch";

/// An account and a region: every key begins with them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub account: AccountId,
    pub region: Region,
}

impl Place {
    pub(crate) fn of(cx: &Cx) -> Self {
        Self { account: cx.account.clone(), region: cx.region.clone() }
    }

    fn kind(&self, kind: &str) -> Key {
        Key::new(&self.account, &self.region, SERVICE, kind)
    }

    pub(crate) fn metrics(&self) -> Key {
        self.kind("metric")
    }

    /// By namespace and name, as ListMetrics asks for them.
    pub(crate) fn metric(&self, namespace: &str, name: &str, series: SeriesId) -> Key {
        self.metrics().part(namespace).part(name).part(series.0)
    }

    /// The points of one length of one metric, by start.
    pub(crate) fn points(&self, series: SeriesId, length: u32) -> Key {
        self.kind("point").part(series.0).part_u64(length.into())
    }

    /// `piece` is 0 for what users put; each minute that services' samples have filled in memory has its own.
    pub(crate) fn point(&self, series: SeriesId, length: u32, start: i64, unit: Unit, piece: u64) -> Key {
        let start = u64::try_from(start).unwrap_or(0);
        self.points(series, length).part_u64(start).part_u64(unit.number()).part_u64(piece)
    }
}

impl Place {
    pub(crate) fn alarms(&self) -> Key {
        self.kind("alarm")
    }

    pub(crate) fn alarm(&self, name: &str) -> Key {
        self.alarms().part(name)
    }

    pub(crate) fn alarm_arn(&self, name: &str) -> String {
        Arn::regional("cloudwatch", &self.region, &self.account, format!("alarm:{name}")).to_string()
    }

    /// What happened to alarms, by time; `number` tells what one moment brought apart.
    pub(crate) fn history(&self) -> Key {
        self.kind("alarm-history")
    }

    pub(crate) fn history_item(&self, at: i64, number: u64) -> Key {
        self.history().part_u64(u64::try_from(at).unwrap_or(0)).part_u64(number)
    }

    /// Actions that have not been taken yet, by time.
    pub(crate) fn actions(&self) -> Key {
        self.kind("alarm-action")
    }

    pub(crate) fn action(&self, at: i64, number: u64) -> Key {
        self.actions().part_u64(u64::try_from(at).unwrap_or(0)).part_u64(number)
    }
}

impl Record for Alarm {
    const VERSION: u8 = 1;
}

/// What DescribeAlarmHistory shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct HistoryItem {
    pub alarm: String,
    /// `ConfigurationUpdate`, `StateUpdate` or `Action`.
    pub kind: String,
    pub summary: String,
    pub data: String,
}

impl Record for HistoryItem {
    const VERSION: u8 = 1;
}

/// An action that a change of state asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Action {
    pub alarm: String,
    pub arn: String,
    /// What a function gets.
    pub event: String,
    /// Milliseconds at which the state changed.
    pub since: i64,
}

impl Record for Action {
    const VERSION: u8 = 1;
}

/// Start, unit and piece of a point's key; `None` when it is damaged.
pub(crate) fn point_parts(key: &Key) -> Option<(i64, Unit, u64)> {
    let parts = key.parts().ok()?;
    let [.., start, unit, piece] = parts.as_slice() else { return None };
    Some((i64::try_from(start.number()?).ok()?, Unit::of_number(unit.number()?)?, piece.number()?))
}

/// Namespace, name and series of a metric's key; `None` when it is damaged.
pub(crate) fn metric_parts(key: &Key) -> Option<(String, String, SeriesId)> {
    let parts = key.parts().ok()?;
    let [.., namespace, name, Part::Text(series)] = parts.as_slice() else { return None };
    let series = series.as_slice().try_into().ok()?;
    Some((namespace.text()?.to_owned(), name.text()?.to_owned(), SeriesId(series)))
}

/// A metric, which its first value makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Metric {
    /// By name.
    pub dimensions: Vec<(String, String)>,
    /// Seconds at which a value last came, within `limits::SEEN_GRAIN`.
    pub seen: i64,
}

impl Record for Metric {
    const VERSION: u8 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_what_they_are_of() {
        let place = Place { account: AccountId::default(), region: Region::new("eu-west-1") };
        let series = SeriesId([0; 16]);
        let point = place.point(series, 60, 120, Unit::of_name("Count"), 7);
        assert_eq!(point_parts(&point), Some((120, Unit::of_name("Count"), 7)));
        let metric = place.metric("n", "m", series);
        assert_eq!(metric_parts(&metric), Some(("n".into(), "m".into(), series)));
    }
}
