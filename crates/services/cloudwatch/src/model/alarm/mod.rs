//! An alarm on one metric: what it is, and what becomes of it as data come or stay away.

mod evaluate;
mod reason;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use evaluate::{Point, evaluate, points_wanted};

use super::statistic::Statistic;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    #[serde(rename = "OK")]
    Ok,
    #[serde(rename = "ALARM")]
    Alarm,
    #[serde(rename = "INSUFFICIENT_DATA")]
    InsufficientData,
}

impl State {
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        [Self::Ok, Self::Alarm, Self::InsufficientData].into_iter().find(|state| state.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Operator {
    #[serde(rename = "GreaterThanOrEqualToThreshold")]
    AtLeast,
    #[serde(rename = "GreaterThanThreshold")]
    Above,
    #[serde(rename = "LessThanThreshold")]
    Below,
    #[serde(rename = "LessThanOrEqualToThreshold")]
    AtMost,
}

impl Operator {
    /// `None`: those of anomaly detection, which are not served.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        [Self::AtLeast, Self::Above, Self::Below, Self::AtMost].into_iter().find(|operator| operator.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AtLeast => "GreaterThanOrEqualToThreshold",
            Self::Above => "GreaterThanThreshold",
            Self::Below => "LessThanThreshold",
            Self::AtMost => "LessThanOrEqualToThreshold",
        }
    }

    fn breaches(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::AtLeast => value >= threshold,
            Self::Above => value > threshold,
            Self::Below => value < threshold,
            Self::AtMost => value <= threshold,
        }
    }
}

/// What data that stay away count for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TreatMissing {
    #[serde(rename = "breaching")]
    Breaching,
    #[serde(rename = "notBreaching")]
    NotBreaching,
    #[serde(rename = "ignore")]
    Ignore,
    #[serde(rename = "missing")]
    Missing,
}

impl TreatMissing {
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        [Self::Breaching, Self::NotBreaching, Self::Ignore, Self::Missing].into_iter().find(|one| one.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Breaching => "breaching",
            Self::NotBreaching => "notBreaching",
            Self::Ignore => "ignore",
            Self::Missing => "missing",
        }
    }
}

/// Units: times are milliseconds, the period seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Alarm {
    pub description: Option<String>,
    pub actions_enabled: bool,
    pub ok_actions: Vec<String>,
    pub alarm_actions: Vec<String>,
    pub insufficient_data_actions: Vec<String>,
    pub namespace: String,
    pub metric_name: String,
    /// As they were given.
    pub dimensions: Vec<(String, String)>,
    pub statistic: Option<String>,
    pub extended_statistic: Option<String>,
    pub period: u32,
    pub unit: Option<String>,
    pub evaluation_periods: u32,
    pub datapoints_to_alarm: Option<u32>,
    pub threshold: f64,
    pub operator: Operator,
    pub treat_missing_data: Option<TreatMissing>,
    /// `evaluate` or `ignore`.
    pub low_samples: Option<String>,
    pub tags: BTreeMap<String, String>,
    pub configured_at: i64,
    pub state: State,
    pub reason: String,
    pub reason_data: Option<String>,
    pub updated_at: i64,
    pub transitioned_at: i64,
}

impl Alarm {
    pub(crate) fn statistic_name(&self) -> &str {
        self.statistic.as_deref().or(self.extended_statistic.as_deref()).unwrap_or_default()
    }

    pub(crate) fn parsed_statistic(&self) -> Option<Statistic> {
        Statistic::parse(self.statistic_name())
    }

    /// Data points that must breach.
    pub(crate) fn needed(&self) -> u32 {
        self.datapoints_to_alarm.unwrap_or(self.evaluation_periods)
    }

    pub(crate) fn actions(&self, state: State) -> &[String] {
        match state {
            State::Ok => &self.ok_actions,
            State::Alarm => &self.alarm_actions,
            State::InsufficientData => &self.insufficient_data_actions,
        }
    }
}
