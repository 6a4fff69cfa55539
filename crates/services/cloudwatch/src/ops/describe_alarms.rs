//! DescribeAlarms and DescribeAlarmsForMetric.

use api_cloudwatch::types::{
    AlarmType, ComparisonOperator, DescribeAlarmsForMetricInput, DescribeAlarmsForMetricOutput, DescribeAlarmsInput,
    DescribeAlarmsOutput, Dimension, MetricAlarm, StandardUnit, StateValue, Statistic as Named,
};
use kernel::{Cx, Timestamp};
use store::{Direction, Key, KeyRange};
use wire::EnumValue;

use crate::error::{Error, Result};
use crate::limits::{ALARMS_PAGE, RECORDS_PER_SCAN};
use crate::model::alarm::Alarm;
use crate::model::faults::Faults;
use crate::model::names::{check_dimensions, check_name, check_namespace};
use crate::records::Place;
use crate::service::Service;

impl Service {
    /// Shape: metric alarms by name; there are none of other types.
    pub(crate) fn describe(&self, cx: &Cx, input: &DescribeAlarmsInput) -> Result<DescribeAlarmsOutput> {
        if input.alarm_names.is_some() && input.alarm_name_prefix.is_some() {
            let words = "AlarmNamePrefix must be blank when AlarmNames are specified.";
            return Err(Error::Validation(words.to_owned()));
        }
        let of_type =
            |wanted| input.alarm_types.as_ref().is_none_or(|types| types.is_empty() || types.contains(&wanted));
        // Those of composite alarms, which there are none of.
        let related = input.children_of_alarm_name.is_some() || input.parents_of_alarm_name.is_some();
        let (alarms, next_token) = if related || !of_type(AlarmType::MetricAlarm) {
            (Vec::new(), None)
        } else {
            self.page_of_alarms(cx, input)?
        };
        // Recorded: log alarms are in the answer where nothing is asked for by name or type; those by name lack them.
        let all = input.alarm_names.is_none() && input.alarm_types.is_none();
        Ok(DescribeAlarmsOutput {
            composite_alarms: Some(Vec::new()),
            metric_alarms: Some(alarms),
            log_alarms: all.then(Vec::new),
            next_token,
        })
    }

    fn page_of_alarms(&self, cx: &Cx, input: &DescribeAlarmsInput) -> Result<(Vec<MetricAlarm>, Option<String>)> {
        const OPERATION: &str = "DescribeAlarms";
        let place = Place::of(cx);
        let most = input.max_records.and_then(|most| usize::try_from(most).ok()).unwrap_or(ALARMS_PAGE);
        let parameters = format!(
            "{:?} {:?} {:?} {:?}",
            input.alarm_names, input.alarm_name_prefix, input.state_value, input.action_prefix
        );
        let names = input.alarm_names.as_ref().filter(|names| !names.is_empty());
        let prefix = input.alarm_name_prefix.as_deref().unwrap_or_default();
        let mut range = KeyRange::starting_with(&place.alarms(), prefix);
        if let Some(last) = self.open_token(cx, OPERATION, &parameters, input.next_token.as_deref())? {
            range = range.continued_after(&Key::from_bytes(last));
        }
        let wanted = |name: &String, alarm: &Alarm| {
            names.is_none_or(|names| names.contains(name))
                && input.state_value.as_ref().is_none_or(|state| state.as_str() == alarm.state.name())
                && input.action_prefix.as_ref().is_none_or(|prefix| has_action(alarm, prefix))
        };
        let (mut shown, mut last) = (Vec::new(), None);
        while let Some((key, name, alarm)) = self.next_alarm(&mut range)? {
            if wanted(&name, &alarm) {
                if shown.len() == most {
                    let token = last.map(|key: Key| self.give_token(cx, OPERATION, &parameters, key.as_bytes()));
                    return Ok((shown, token));
                }
                shown.push(show(&place, name, alarm));
                last = Some(key);
            }
        }
        Ok((shown, None))
    }

    fn next_alarm(&self, range: &mut KeyRange) -> Result<Option<(Key, String, Alarm)>> {
        let Some((key, alarm)) = self.store.scan_records::<Alarm>(range, 1, Direction::Forward)?.pop() else {
            return Ok(None);
        };
        *range = range.clone().continued_after(&key);
        let name = key.last_text().ok_or(Error::Damaged)?;
        Ok(Some((key, name, alarm)))
    }

    /// Every alarm of a place, by name, in lots.
    pub(crate) fn alarms_of(&self, place: &Place, mut each: impl FnMut(String, Alarm)) -> Result<()> {
        let mut range = KeyRange::prefix(&place.alarms());
        loop {
            let read = self.store.scan_records::<Alarm>(&range, RECORDS_PER_SCAN, Direction::Forward)?;
            let Some((last, _)) = read.last() else { return Ok(()) };
            range = range.continued_after(last);
            for (key, alarm) in read {
                each(key.last_text().ok_or(Error::Damaged)?, alarm);
            }
        }
    }

    pub(crate) fn alarms_for_metric(
        &self,
        cx: &Cx,
        input: DescribeAlarmsForMetricInput,
    ) -> Result<DescribeAlarmsForMetricOutput> {
        let mut faults = Faults::default();
        check_namespace("Namespace", &input.namespace, &mut faults);
        check_name("MetricName", &input.metric_name, &mut faults);
        check_dimensions("Dimensions", input.dimensions.as_deref().unwrap_or_default(), &mut faults);
        let lines: Vec<String> = faults.lines().collect();
        if !lines.is_empty() {
            return Err(Error::Validation(lines.join("\n")));
        }
        let mut dimensions: Vec<_> = input.dimensions.into_iter().flatten().map(|d| (d.name, d.value)).collect();
        dimensions.sort_unstable();
        let wanted = |alarm: &Alarm| {
            let mut of_alarm = alarm.dimensions.clone();
            of_alarm.sort_unstable();
            let text =
                |asked: Option<&str>, kept: &Option<String>| asked.is_none_or(|asked| kept.as_deref() == Some(asked));
            alarm.namespace == input.namespace
                && alarm.metric_name == input.metric_name
                && of_alarm == dimensions
                && text(input.statistic.as_ref().map(EnumValue::as_str), &alarm.statistic)
                && text(input.extended_statistic.as_deref(), &alarm.extended_statistic)
                && text(input.unit.as_ref().map(EnumValue::as_str), &alarm.unit)
                && input.period.is_none_or(|period| i64::from(period) == i64::from(alarm.period))
        };
        let (place, mut found) = (Place::of(cx), Vec::new());
        self.alarms_of(&place, |name, alarm| {
            if wanted(&alarm) {
                found.push(show(&place, name, alarm));
            }
        })?;
        Ok(DescribeAlarmsForMetricOutput { metric_alarms: Some(found) })
    }
}

fn has_action(alarm: &Alarm, prefix: &str) -> bool {
    let all = [&alarm.ok_actions, &alarm.alarm_actions, &alarm.insufficient_data_actions];
    all.into_iter().flatten().any(|action| action.starts_with(prefix))
}

fn show(place: &Place, name: String, alarm: Alarm) -> MetricAlarm {
    let time = |at| Some(Timestamp::from_millis(at));
    let number = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    MetricAlarm {
        alarm_arn: Some(place.alarm_arn(&name)),
        alarm_name: Some(name),
        alarm_description: alarm.description,
        alarm_configuration_updated_timestamp: time(alarm.configured_at),
        actions_enabled: Some(alarm.actions_enabled),
        ok_actions: Some(alarm.ok_actions),
        alarm_actions: Some(alarm.alarm_actions),
        insufficient_data_actions: Some(alarm.insufficient_data_actions),
        state_value: Some(StateValue::from_text(alarm.state.name().to_owned())),
        state_reason: Some(alarm.reason),
        state_reason_data: alarm.reason_data,
        state_updated_timestamp: time(alarm.updated_at),
        state_transitioned_timestamp: time(alarm.transitioned_at),
        metric_name: Some(alarm.metric_name),
        namespace: Some(alarm.namespace),
        statistic: alarm.statistic.map(Named::from_text),
        extended_statistic: alarm.extended_statistic,
        dimensions: Some(alarm.dimensions.into_iter().map(|(name, value)| Dimension { name, value }).collect()),
        period: Some(number(alarm.period)),
        unit: alarm.unit.map(StandardUnit::from_text),
        evaluation_periods: Some(number(alarm.evaluation_periods)),
        datapoints_to_alarm: alarm.datapoints_to_alarm.map(number),
        threshold: Some(alarm.threshold),
        comparison_operator: Some(ComparisonOperator::from_text(alarm.operator.name().to_owned())),
        treat_missing_data: alarm.treat_missing_data.map(|treat| treat.name().to_owned()),
        evaluate_low_sample_count_percentile: alarm.low_samples,
        ..MetricAlarm::default()
    }
}
