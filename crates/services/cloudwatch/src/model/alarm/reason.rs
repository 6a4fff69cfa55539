//! Why an alarm is in its state, in AWS's words.
//! Source: recorded (`test_alarm_number_of_messages_sent`); CloudWatch User Guide, "Alarm events and EventBridge"; texts about
//! missing data as users have reported them.

use kernel::Timestamp;
use serde_json::json;

use super::evaluate::Point;
use super::{Alarm, Operator, State, TreatMissing};
use crate::limits::{REASON_DATA_MAX, TOLD_ALARM_POINTS_MAX};
use crate::model::faults::java;

/// The data points that an evaluation used, the newest first.
pub(super) struct Evaluated {
    pub points: Vec<Point>,
    pub breaching: Vec<bool>,
    /// How many were put in the place of missing ones, and what they counted for.
    pub filled: Option<(usize, TreatMissing)>,
}

pub(super) fn words(alarm: &Alarm, state: State, evaluated: &Evaluated) -> String {
    if state == State::InsufficientData {
        let count = alarm.evaluation_periods as usize;
        return format!("Insufficient Data: {} unknown.", were(count, "datapoint"));
    }
    let treated = evaluated.filled.map(|(count, treat)| {
        let treat = if treat == TreatMissing::Breaching { "Breaching" } else { "NonBreaching" };
        format!("{} treated as [{treat}]", were(count, "missing datapoint"))
    });
    if evaluated.points.is_empty() {
        let periods = counted(alarm.evaluation_periods as usize, "period");
        let treated = treated.unwrap_or_default();
        return format!("Threshold Crossed: no datapoints were received for {periods} and {treated}.");
    }
    let alarmed = state == State::Alarm;
    let told: Vec<String> = evaluated
        .points
        .iter()
        .zip(&evaluated.breaching)
        .filter(|(_, breaching)| **breaching == alarmed)
        .map(|(point, _)| format!("{} ({})", java(point.value), short(point.start)))
        .collect();
    let not = if alarmed { "" } else { "not " };
    let list = told.iter().take(TOLD_ALARM_POINTS_MAX).cloned().collect::<Vec<_>>().join(", ");
    let compared = format!("{not}{} the threshold ({})", compared(alarm.operator), java(alarm.threshold));
    let verb = if told.len() == 1 { "was" } else { "were" };
    let (periods, needed) = (alarm.evaluation_periods, alarm.needed());
    let (count, treated) = (told.len(), treated.map(|treated| format!(" and {treated}")).unwrap_or_default());
    let (least, from) = if alarmed { (needed, "OK -> ALARM") } else { (periods - needed + 1, "ALARM -> OK") };
    let least = counted(least as usize, "datapoint");
    let (points, least) = match alarm.datapoints_to_alarm {
        None => (counted(count, "datapoint"), String::new()),
        Some(_) => (
            format!("{count} out of the last {periods} datapoints"),
            format!(" (minimum {least} for {from} transition)"),
        ),
    };
    if count > TOLD_ALARM_POINTS_MAX {
        let recent = "The most recent datapoints which crossed the threshold:";
        return format!("Threshold Crossed: {points} {verb} {compared}. {recent} [{list}]{least}{treated}.");
    }
    format!("Threshold Crossed: {points} [{list}] {verb} {compared}{least}{treated}.")
}

/// The same as JSON, with as many of the newest data points as it has room for.
pub(super) fn data(alarm: &Alarm, evaluated: &Evaluated, now: Timestamp) -> String {
    let mut count = evaluated.points.len();
    loop {
        let data = data_of(alarm, evaluated.points.get(..count).unwrap_or_default(), now);
        if data.len() <= REASON_DATA_MAX || count == 0 {
            return data;
        }
        count /= 2;
    }
}

fn data_of(alarm: &Alarm, points: &[Point], now: Timestamp) -> String {
    let time = |seconds| Timestamp::from_secs(seconds).iso8601_offset();
    let recent: Vec<f64> = points.iter().rev().map(|point| point.value).collect();
    let first = points.last().map(|point| time(point.start));
    let points: Vec<_> = points
        .iter()
        .map(|point| json!({ "timestamp": time(point.start), "sampleCount": point.samples, "value": point.value }))
        .collect();
    let mut data = json!({ "version": "1.0", "queryDate": now.iso8601_offset() });
    let Some(object) = data.as_object_mut() else { return String::new() };
    let mut add = |name: &str, value: serde_json::Value| object.insert(name.to_owned(), value);
    if let Some(first) = first {
        add("startDate", first.into());
    }
    if let Some(unit) = &alarm.unit {
        add("unit", unit.as_str().into());
    }
    add("statistic", alarm.statistic_name().into());
    add("period", alarm.period.into());
    add("recentDatapoints", recent.into());
    add("threshold", alarm.threshold.into());
    add("evaluatedDatapoints", points.into());
    data.to_string()
}

fn compared(operator: Operator) -> &'static str {
    match operator {
        Operator::AtLeast => "greater than or equal to",
        Operator::Above => "greater than",
        Operator::Below => "less than",
        Operator::AtMost => "less than or equal to",
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn were(count: usize, what: &str) -> String {
    format!("{} {}", counted(count, what), if count == 1 { "was" } else { "were" })
}

/// `02/10/19 16:59:00`: the day first.
fn short(seconds: i64) -> String {
    let text = Timestamp::from_secs(seconds).iso8601();
    let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    format!("{}/{}/{} {}", part(8..10), part(5..7), part(2..4), part(11..19))
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;

    pub(in crate::model::alarm) fn alarm() -> Alarm {
        Alarm {
            description: None,
            actions_enabled: true,
            ok_actions: Vec::new(),
            alarm_actions: Vec::new(),
            insufficient_data_actions: Vec::new(),
            namespace: "n".into(),
            metric_name: "m".into(),
            dimensions: Vec::new(),
            statistic: Some("Sum".into()),
            extended_statistic: None,
            period: 60,
            unit: None,
            evaluation_periods: 3,
            datapoints_to_alarm: None,
            threshold: 5.0,
            operator: Operator::Above,
            treat_missing_data: None,
            low_samples: None,
            tags: BTreeMap::new(),
            configured_at: 0,
            state: State::InsufficientData,
            reason: String::new(),
            reason_data: None,
            updated_at: 0,
            transitioned_at: 0,
        }
    }

    fn evaluated(values: &[f64], filled: Option<(usize, TreatMissing)>) -> Evaluated {
        let point = |(age, value): (usize, &f64)| Point {
            start: 1_570_035_540 - 60 * i64::try_from(age).unwrap(),
            value: *value,
            samples: 1.0,
        };
        Evaluated {
            points: values.iter().enumerate().map(point).collect(),
            breaching: values.iter().map(|value| *value > 5.0).collect(),
            filled,
        }
    }

    #[test]
    fn a_reason_names_the_data_points() {
        let check = |alarm: &Alarm, state, values: &[f64], filled, expected| {
            assert_eq!(words(alarm, state, &evaluated(values, filled)), expected);
        };
        let (one, three) = (Alarm { evaluation_periods: 1, ..alarm() }, alarm());
        let of_three = Alarm { datapoints_to_alarm: Some(2), ..alarm() };
        check(
            &one,
            State::Alarm,
            &[9.0],
            None,
            "Threshold Crossed: 1 datapoint [9.0 (02/10/19 16:59:00)] was greater than the threshold (5.0).",
        );
        check(
            &of_three,
            State::Alarm,
            &[9.0, 1.0, 7.5],
            None,
            "Threshold Crossed: 2 out of the last 3 datapoints [9.0 (02/10/19 16:59:00), 7.5 (02/10/19 16:57:00)] were greater \
             than the threshold (5.0) (minimum 2 datapoints for OK -> ALARM transition).",
        );
        check(
            &of_three,
            State::Ok,
            &[1.0, 2.0],
            Some((1, TreatMissing::NotBreaching)),
            "Threshold Crossed: 2 out of the last 3 datapoints [1.0 (02/10/19 16:59:00), 2.0 (02/10/19 16:58:00)] were not \
             greater than the threshold (5.0) (minimum 2 datapoints for ALARM -> OK transition) and 1 missing datapoint was \
             treated as [NonBreaching].",
        );
        check(&three, State::InsufficientData, &[], None, "Insufficient Data: 3 datapoints were unknown.");
        check(
            &three,
            State::Alarm,
            &[],
            Some((3, TreatMissing::Breaching)),
            "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [Breaching].",
        );
    }

    #[test]
    fn many_data_points_are_told_by_the_newest_five() {
        let alarm = Alarm { evaluation_periods: 100, ..alarm() };
        let (values, now) = ([9.0; 100], Timestamp::from_secs(1_570_035_600));
        let reason = words(&alarm, State::Alarm, &evaluated(&values, None));
        assert!(
            reason.starts_with("Threshold Crossed: 100 datapoints were greater than the threshold (5.0). The most")
        );
        assert!(reason.ends_with("9.0 (02/10/19 16:55:00)]."), "{reason}");
        assert!(reason.len() <= 1023 && data(&alarm, &evaluated(&values, None), now).len() <= REASON_DATA_MAX);
    }

    #[test]
    fn the_data_of_a_reason_are_json() {
        let data = data(&alarm(), &evaluated(&[9.0, 1.0], None), Timestamp::from_secs(1_570_035_600));
        let data: serde_json::Value = serde_json::from_str(&data).unwrap();
        assert_eq!(data["recentDatapoints"], json!([1.0, 9.0]));
        assert_eq!(data["startDate"], "2019-10-02T16:58:00.000+0000");
        assert_eq!(data["evaluatedDatapoints"][0]["value"], 9.0);
    }
}
