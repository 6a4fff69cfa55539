//! What PutMetricData takes, and what AWS says of the rest.
//! Source: recorded answers (`test_put_metric_data_validation`), CloudWatch API Reference, PutMetricData and MetricDatum; texts
//! that were not recorded as users have reported them.

use std::collections::BTreeMap;

use api_cloudwatch::types::{MetricDatum, StatisticSet};
use kernel::Timestamp;

use super::aggregate::Aggregate;
use super::faults::Faults;
use super::names::{check_dimensions, check_name};
use super::period::{floor, is_kept};
use super::series::{Series, SeriesId};
use super::unit::Unit;
use crate::limits::{DATA_MAX, TIMESTAMP_AGE_MAX, TIMESTAMP_AHEAD_MAX, VALUES_MAX};

/// Where a value belongs: metric, length and start in seconds, unit.
pub(crate) type Point = (SeriesId, u32, i64, Unit);

/// The data of one call, merged.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub series: BTreeMap<SeriesId, Series>,
    pub points: BTreeMap<Point, Aggregate>,
}

/// Gathers whatever AWS refuses of some data.
pub(crate) fn check_all(at: &str, data: &[MetricDatum], now: Timestamp, faults: &mut Faults) {
    faults.size(at, data.len(), DATA_MAX);
    for (number, datum) in data.iter().enumerate().take(DATA_MAX) {
        check(&format!("{at}.member.{}", number + 1), datum, now, faults);
    }
}

fn check(at: &str, datum: &MetricDatum, now: Timestamp, faults: &mut Faults) {
    check_name(&format!("{at}.MetricName"), &datum.metric_name, faults);
    match (&datum.value, &datum.values, &datum.statistic_values) {
        (Some(_), Some(_), _) => faults.both(at, "Value", "Values"),
        (Some(_), _, Some(_)) => faults.both(at, "Value", "StatisticValues"),
        (_, Some(_), Some(_)) => faults.both(at, "Values", "StatisticValues"),
        (None, None, None) => faults.combination(format!(
            "At least one of the parameters {at}.Value, {at}.Values and {at}.StatisticValues must be specified."
        )),
        (Some(value), None, None) => faults.value(&format!("{at}.Value"), *value),
        (None, Some(values), None) => check_values(at, values, datum.counts.as_deref(), faults),
        (None, None, Some(set)) => check_set(&format!("{at}.StatisticValues"), set, faults),
    }
    check_dimensions(&format!("{at}.Dimensions"), datum.dimensions.as_deref().unwrap_or_default(), faults);
    if let Some(resolution) = datum.storage_resolution.filter(|resolution| !matches!(resolution, 1 | 60)) {
        faults.invalid(&format!("{at}.StorageResolution"), &resolution.to_string());
    }
    if let Some(timestamp) = datum.timestamp {
        if timestamp < now - TIMESTAMP_AGE_MAX {
            faults.words(format!("The parameter {at}.Timestamp must specify a time within the past two weeks."));
        } else if timestamp > now + TIMESTAMP_AHEAD_MAX {
            let words = "must specify a time no more than two hours in the future.";
            faults.words(format!("The parameter {at}.Timestamp {words}"));
        }
    }
}

fn check_values(at: &str, values: &[f64], counts: Option<&[f64]>, faults: &mut Faults) {
    if counts.is_some_and(|counts| counts.len() != values.len()) {
        faults.words(format!("The parameters {at}.Values and {at}.Counts must be of the same size."));
    }
    faults.size(&format!("{at}.Values"), values.len(), VALUES_MAX);
    for (number, value) in values.iter().enumerate().take(VALUES_MAX) {
        faults.value(&format!("{at}.Values.member.{}", number + 1), *value);
    }
    for (number, count) in counts.into_iter().flatten().enumerate().take(VALUES_MAX) {
        faults.count(&format!("{at}.Counts.member.{}", number + 1), *count);
    }
}

fn check_set(at: &str, set: &StatisticSet, faults: &mut Faults) {
    faults.count(&format!("{at}.SampleCount"), set.sample_count);
    faults.value(&format!("{at}.Sum"), set.sum);
    faults.value(&format!("{at}.Minimum"), set.minimum);
    faults.value(&format!("{at}.Maximum"), set.maximum);
    if set.minimum > set.maximum {
        faults.words(format!("The parameter {at}.Maximum must be greater than or equal to {at}.Minimum."));
    }
}

impl Batch {
    /// Adds data that were checked.
    pub(crate) fn add(&mut self, namespace: &str, data: Vec<MetricDatum>, now: Timestamp) {
        for datum in data {
            let dimensions = datum.dimensions.into_iter().flatten().map(|d| (d.name, d.value)).collect();
            let series = Series::new(namespace, &datum.metric_name, dimensions);
            let id = series.id();
            let aggregate = merge(datum.value, datum.values, datum.counts, datum.statistic_values);
            if aggregate.count <= 0.0 {
                continue;
            }
            self.series.entry(id).or_insert(series);
            let (unit, at) = (Unit::of(datum.unit.as_ref()), datum.timestamp.unwrap_or(now).secs());
            let lengths: &[u32] = if datum.storage_resolution == Some(1) { &[1, 60] } else { &[60] };
            for length in lengths.iter().filter(|length| is_kept(**length, floor(at, **length), now.secs())) {
                self.points.entry((id, *length, floor(at, *length), unit)).or_default().merge(&aggregate);
            }
        }
    }
}

fn merge(
    value: Option<f64>,
    values: Option<Vec<f64>>,
    counts: Option<Vec<f64>>,
    set: Option<StatisticSet>,
) -> Aggregate {
    let mut aggregate = Aggregate::default();
    if let Some(value) = value {
        aggregate.add(value, 1.0);
    }
    let counts = counts.into_iter().flatten().chain(std::iter::repeat(1.0));
    for (value, count) in values.into_iter().flatten().zip(counts).filter(|(_, count)| *count > 0.0) {
        aggregate.add(value, count);
    }
    if let Some(set) = set.filter(|set| set.sample_count > 0.0) {
        aggregate.add_set(set.sample_count, set.sum, set.minimum, set.maximum);
    }
    aggregate
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn datum() -> MetricDatum {
        MetricDatum { metric_name: "m".into(), value: Some(1.0), ..MetricDatum::default() }
    }

    fn faults(datum: MetricDatum) -> crate::error::Result<()> {
        let mut faults = Faults::default();
        check_all("MetricData", &[datum], NOW, &mut faults);
        faults.result()
    }

    fn check_one(datum: MetricDatum, expected: &str) {
        assert_eq!(faults(datum).unwrap_err().to_string(), expected);
    }

    #[test]
    fn a_datum_has_one_kind_of_value() {
        let both = "are mutually exclusive and you have specified both.";
        check_one(
            MetricDatum { values: Some(vec![1.0]), ..datum() },
            &format!("The parameters MetricData.member.1.Value and MetricData.member.1.Values {both}"),
        );
        check_one(
            MetricDatum { value: None, values: Some(vec![1.0]), counts: Some(vec![]), ..datum() },
            "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size.",
        );
    }

    #[test]
    fn values_are_numbers_of_a_size_that_can_be_summed() {
        for (value, words) in [
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
            (-1e109, "-1.0E109"),
            (2.5e200, "2.5E200"),
        ] {
            let expected = format!("The value {words} for parameter MetricData.member.1.Value is invalid.");
            check_one(MetricDatum { value: Some(value), ..datum() }, &expected);
        }
        let greatest = MetricDatum { value: Some(2f64.powi(360)), ..datum() };
        assert!(faults(greatest).is_ok());
    }

    #[test]
    fn a_time_lies_within_two_weeks_and_two_hours() {
        let at = |seconds| MetricDatum { timestamp: Some(Timestamp::from_secs(NOW.secs() + seconds)), ..datum() };
        let (old, young) = (-14 * 24 * 3600, 2 * 3600);
        assert!(faults(at(old)).is_ok() && faults(at(young)).is_ok());
        check_one(
            at(old - 1),
            "The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks.",
        );
        check_one(
            at(young + 1),
            "The parameter MetricData.member.1.Timestamp must specify a time no more than two hours in the future.",
        );
    }

    #[test]
    fn a_value_of_high_resolution_counts_in_its_second_and_in_its_minute() {
        let mut batch = Batch::default();
        let high = MetricDatum { storage_resolution: Some(1), ..datum() };
        let old = Timestamp::from_secs(NOW.secs() - 4 * 3600);
        batch.add("n", vec![high.clone(), MetricDatum { timestamp: Some(old), ..high }, datum()], NOW);
        let found: Vec<_> =
            batch.points.iter().map(|((_, length, start, _), point)| (*length, *start, point.count)).collect();
        let minute = floor(NOW.secs(), 60);
        assert_eq!(found, [(1, NOW.secs(), 1.0), (60, minute - 4 * 3600, 1.0), (60, minute, 2.0)]);
    }
}
