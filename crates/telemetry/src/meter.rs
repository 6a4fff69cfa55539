use std::sync::Weak;

use kernel::{AccountId, Region, Timestamp};

/// Where samples go. Implemented by services/cloudwatch: aggregated in memory, written once a period.
pub trait Meter: Send + Sync + 'static {
    /// Never waits and touches no disk. Whoever has more than a few hundred samples a second adds them up first.
    fn record(&self, sample: &Sample<'_>);

    /// Takes note of somebody who adds up first: readers are shown also what has not been recorded yet.
    fn watch(&self, _: Weak<dyn Pending>) {}
}

/// Whoever adds up samples, and records them once a period.
pub trait Pending: Send + Sync + 'static {
    /// Grows with each time that something was recorded: between two equal numbers nothing was.
    fn recorded(&self) -> u64;

    /// Gives what was added up and has not been recorded.
    fn pending(&self, each: &mut dyn FnMut(&Sample<'_>));
}

/// Values of one metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample<'a> {
    pub account: &'a AccountId,
    pub region: &'a Region,
    /// `AWS/Lambda`, `AWS/SQS`.
    pub namespace: &'static str,
    pub metric: &'static str,
    /// Names and values, by name.
    pub dimensions: &'a [(&'static str, &'a str)],
    pub unit: Unit,
    /// Each value and how often it was seen.
    pub values: &'a [(f64, f64)],
    /// When: the sample counts for the period that this lies in.
    pub at: Timestamp,
}

/// Source: CloudWatch API Reference, MetricDatum, `Unit`; those that services here use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Count,
    Milliseconds,
    Seconds,
    Bytes,
    None,
}

impl Unit {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::Seconds => "Seconds",
            Self::Bytes => "Bytes",
            Self::None => "None",
        }
    }
}
