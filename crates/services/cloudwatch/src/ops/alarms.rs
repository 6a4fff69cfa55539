//! Making, changing and deleting alarms.

use api_cloudwatch::types::{DeleteAlarmsInput, EvaluationWindow, PutMetricAlarmInput, SetAlarmStateInput, Tag};
use kernel::{Arn, Cx};
use wire::ApiError;

use super::alarm_history::{Change, configured};
use super::tags::check_tags;
use crate::error::{Error, Result};
use crate::limits::{ALARM_SPAN_LONG, ALARM_SPAN_SHORT};
use crate::model::alarm::{Alarm, Operator, State, TreatMissing};
use crate::model::faults::Faults;
use crate::model::names::{check_dimensions, check_name, check_namespace};
use crate::model::statistic::Statistic;
use crate::records::Place;
use crate::service::Service;

impl Service {
    /// A new alarm has insufficient data and is evaluated at once; a changed one keeps its state and its tags.
    pub(crate) async fn put_alarm(&self, cx: &Cx, input: PutMetricAlarmInput) -> Result<()> {
        let (place, name) = (Place::of(cx), input.alarm_name.clone());
        let alarm = read_alarm(input, self.wall().millis())?;
        let (here, key) = (place.clone(), name.clone());
        self.store
            .transact(move |txn| {
                let before = txn.get_record::<Alarm>(&here.alarm(&key))?;
                let change = if before.is_some() { Change::Updated } else { Change::Created };
                let alarm = match before {
                    None => alarm,
                    Some(before) => Alarm {
                        tags: before.tags,
                        state: before.state,
                        reason: before.reason,
                        reason_data: before.reason_data,
                        updated_at: before.updated_at,
                        transitioned_at: before.transitioned_at,
                        ..alarm
                    },
                };
                txn.put_record(here.alarm(&key), &alarm)?;
                configured(txn, &here, &key, &alarm, change, alarm.configured_at)
            })
            .await?;
        self.check_soon(place, name);
        Ok(())
    }

    /// Names of alarms that do not exist change nothing. Source: CloudWatch API Reference, DeleteAlarms.
    pub(crate) async fn delete_all_alarms(&self, cx: &Cx, input: DeleteAlarmsInput) -> Result<()> {
        let (place, now) = (Place::of(cx), self.wall().millis());
        self.store
            .transact(move |txn| {
                for name in input.alarm_names {
                    if let Some(alarm) = txn.get_record::<Alarm>(&place.alarm(&name))? {
                        txn.delete(place.alarm(&name));
                        configured(txn, &place, &name, &alarm, Change::Deleted, now)?;
                    }
                }
                Ok::<_, Error>(())
            })
            .await
    }

    pub(crate) async fn enable_actions(&self, cx: &Cx, names: Vec<String>, enabled: bool) -> Result<()> {
        let (place, now) = (Place::of(cx), self.wall().millis());
        self.store
            .transact(move |txn| {
                for name in names {
                    let Some(mut alarm) = txn.get_record::<Alarm>(&place.alarm(&name))? else { continue };
                    alarm.actions_enabled = enabled;
                    alarm.configured_at = now;
                    txn.put_record(place.alarm(&name), &alarm)?;
                    configured(txn, &place, &name, &alarm, Change::Updated, now)?;
                }
                Ok::<_, Error>(())
            })
            .await
    }

    /// Until the next evaluation. Errors: `ResourceNotFound`, `InvalidFormat`.
    pub(crate) async fn set_state(&self, cx: &Cx, input: SetAlarmStateInput) -> Result<()> {
        let place = Place::of(cx);
        let SetAlarmStateInput { alarm_name, state_value, state_reason, state_reason_data } = input;
        let Some(state) = State::of_name(state_value.as_str()) else { return Err(Error::NoSuchAlarm) };
        let is_json = |text: &String| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        if state_reason_data.as_ref().is_some_and(|data| !is_json(data)) {
            return Err(Error::Format("Data was not syntactically valid JSON."));
        }
        let found = self.change_state(place, alarm_name, None, (state, state_reason, state_reason_data)).await?;
        if found { Ok(()) } else { Err(Error::NoSuchAlarm) }
    }
}

fn validation(words: impl Into<String>) -> Error {
    Error::Validation(words.into())
}

fn required<T>(value: Option<T>, name: &str) -> Result<T> {
    value.ok_or_else(|| validation(format!("The parameter {name} is required.")))
}

/// Errors: 501 for what an alarm cannot watch yet; `ValidationError`.
fn read_alarm(input: PutMetricAlarmInput, now: i64) -> Result<Alarm> {
    refuse_unserved(&input)?;
    if input.alarm_name.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(validation("The alarm name must not contain ASCII control characters."));
    }
    let namespace = required(input.namespace, "Namespace")?;
    let metric_name = required(input.metric_name, "MetricName")?;
    let dimensions = input.dimensions.unwrap_or_default();
    let mut faults = Faults::default();
    check_namespace("Namespace", &namespace, &mut faults);
    check_name("MetricName", &metric_name, &mut faults);
    check_dimensions("Dimensions", &dimensions, &mut faults);
    let lines: Vec<String> = faults.lines().collect();
    if !lines.is_empty() {
        return Err(validation(lines.join("\n")));
    }
    let statistic = input.statistic.map(|statistic| statistic.as_str().to_owned());
    check_statistic(statistic.as_deref(), input.extended_statistic.as_deref())?;
    let periods = required(input.evaluation_periods, "EvaluationPeriods")?;
    let period = check_period(required(input.period, "Period")?, periods)?;
    if input.datapoints_to_alarm.is_some_and(|needed| needed > periods) {
        return Err(validation("The parameter DatapointsToAlarm must be less than or equal to EvaluationPeriods."));
    }
    let operator = required(input.comparison_operator, "ComparisonOperator")?;
    let operator = Operator::of_name(operator.as_str())
        .ok_or_else(|| validation(format!("{} needs an anomaly detection model.", operator.as_str())))?;
    let threshold = required(input.threshold, "Threshold")?;
    if !threshold.is_finite() {
        return Err(validation("The parameter Threshold must be a finite number."));
    }
    let treat_missing_data = input.treat_missing_data.map(|text| read_missing(&text)).transpose()?;
    if let Some(low) = input.evaluate_low_sample_count_percentile.as_deref().filter(|low| !is_low(low)) {
        let supported = "Supported values are [evaluate, ignore].";
        return Err(validation(format!(
            "Option {low} is not supported for EvaluateLowSampleCountPercentile. {supported}"
        )));
    }
    let number = |number: i32| u32::try_from(number).unwrap_or(1);
    Ok(Alarm {
        description: input.alarm_description,
        actions_enabled: input.actions_enabled.unwrap_or(true),
        ok_actions: read_actions(input.ok_actions)?,
        alarm_actions: read_actions(input.alarm_actions)?,
        insufficient_data_actions: read_actions(input.insufficient_data_actions)?,
        namespace,
        metric_name,
        dimensions: dimensions.into_iter().map(|d| (d.name, d.value)).collect(),
        statistic,
        extended_statistic: input.extended_statistic,
        period,
        unit: input.unit.map(|unit| unit.as_str().to_owned()),
        evaluation_periods: number(periods),
        datapoints_to_alarm: input.datapoints_to_alarm.map(number),
        threshold,
        operator,
        treat_missing_data,
        low_samples: input.evaluate_low_sample_count_percentile,
        tags: read_tags(input.tags.unwrap_or_default())?,
        configured_at: now,
        state: State::InsufficientData,
        // Recorded (`test_describe_minimal_metric_alarm`).
        reason: "Unchecked: Initial alarm creation".to_owned(),
        reason_data: None,
        updated_at: now,
        transitioned_at: now,
    })
}

fn refuse_unserved(input: &PutMetricAlarmInput) -> Result<()> {
    if input.metrics.is_some() && input.metric_name.is_some() {
        return Err(validation(
            "The parameters MetricName and Metrics are mutually exclusive and you have specified both.",
        ));
    }
    let sliding = |window: &EvaluationWindow| matches!(window, EvaluationWindow::SlidingWindow(_));
    let wall_clock = input.evaluation_window.as_ref().is_some_and(|window| !sliding(window));
    let unserved = [
        (input.metrics.is_some(), "Metrics"),
        (input.threshold_metric_id.is_some(), "ThresholdMetricId"),
        (wall_clock, "a wall clock window"),
        (input.warm_up_configuration.is_some(), "WarmUpConfiguration"),
        (input.evaluation_criteria.is_some(), "EvaluationCriteria"),
        (input.evaluation_interval.is_some(), "EvaluationInterval"),
        (input.action_configuration.is_some(), "ActionConfiguration"),
    ];
    match unserved.iter().find(|(given, _)| *given) {
        Some((_, what)) => Err(ApiError::not_implemented("cloudwatch", &format!("PutMetricAlarm with {what}")).into()),
        None => Ok(()),
    }
}

fn check_statistic(statistic: Option<&str>, extended: Option<&str>) -> Result<()> {
    match (statistic, extended) {
        (Some(_), Some(_)) => Err(validation(
            "The parameters Statistic and ExtendedStatistic are mutually exclusive and you have specified both.",
        )),
        (None, None) => {
            Err(validation("At least one of the parameters Statistic and ExtendedStatistic must be specified."))
        }
        (None, Some(extended)) if Statistic::parse_extended(extended).is_none() => {
            Err(validation(format!("The value {extended} for parameter ExtendedStatistic is not supported.")))
        }
        _ => Ok(()),
    }
}

/// Source: CloudWatch API Reference, PutMetricAlarm, `Period`; the texts as users have reported them.
fn check_period(period: i32, periods: i32) -> Result<u32> {
    if !matches!(period, 10 | 20 | 30) && period % 60 != 0 {
        return Err(validation("Period must be 10, 20, 30 or a multiple of 60"));
    }
    let span = i64::from(period) * i64::from(periods);
    let (most, words) =
        if period < 3_600 { (ALARM_SPAN_SHORT, "more than a day") } else { (ALARM_SPAN_LONG, "more than 7 days") };
    if span > most {
        let rule = format!("(EvaluationPeriods * Period must be <= {most})");
        return Err(validation(format!("Metrics cannot be checked across {words} {rule}.")));
    }
    Ok(u32::try_from(period).unwrap_or(60))
}

fn read_missing(text: &str) -> Result<TreatMissing> {
    TreatMissing::of_name(text).ok_or_else(|| {
        let supported = "Supported values are [breaching, notBreaching, ignore, missing].";
        validation(format!("The value {text} is not supported for TreatMissingData parameter. {supported}"))
    })
}

fn is_low(text: &str) -> bool {
    matches!(text, "evaluate" | "ignore")
}

fn read_actions(actions: Option<Vec<String>>) -> Result<Vec<String>> {
    let actions = actions.unwrap_or_default();
    match actions.iter().find(|action| action.parse::<Arn>().is_err()) {
        Some(bad) => Err(validation(format!("Invalid arn syntax: {bad}"))),
        None => Ok(actions),
    }
}

fn read_tags(tags: Vec<Tag>) -> Result<std::collections::BTreeMap<String, String>> {
    let tags = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
    check_tags(&tags)?;
    Ok(tags)
}
