//! What happened to alarms: written with what happens, read by DescribeAlarmHistory.

use api_cloudwatch::types::{
    AlarmHistoryItem, AlarmType, DescribeAlarmHistoryInput, DescribeAlarmHistoryOutput, HistoryItemType, ScanBy,
};
use kernel::{Cx, Timestamp};
use serde_json::{Value, json};
use store::{Direction, Key, KeyRange, Part, Txn};
use wire::EnumValue;

use crate::error::{Error, Result};
use crate::limits::{ALARMS_PAGE_MAX, HISTORY_DATA_MAX, HISTORY_DROPPED_AT_ONCE, HISTORY_KEPT, RECORDS_PER_SCAN};
use crate::model::alarm::Alarm;
use crate::records::{HistoryItem, Place};
use crate::service::Service;

#[derive(Clone, Copy)]
pub(crate) enum Change {
    Created,
    Updated,
    Deleted,
}

/// Writes that an alarm was made, changed or deleted.
pub(crate) fn configured(
    txn: &mut Txn,
    place: &Place,
    name: &str,
    alarm: &Alarm,
    change: Change,
    now: i64,
) -> Result<()> {
    let (kind, member, verb) = match change {
        Change::Created => ("Create", "createdAlarm", "created"),
        Change::Updated => ("Update", "updatedAlarm", "updated"),
        Change::Deleted => ("Delete", "deletedAlarm", "deleted"),
    };
    let data = json!({ "version": "1.0", "type": kind, member: told(place, name, alarm) });
    let summary = format!("Alarm \"{name}\" {verb}");
    add(txn, place, now, item(name, "ConfigurationUpdate", summary, &data))
}

/// Writes that the state changed.
pub(crate) fn moved(txn: &mut Txn, place: &Place, name: &str, before: &Alarm, after: &Alarm) -> Result<()> {
    let state = |alarm: &Alarm, with_data: bool| {
        let mut state = json!({ "stateValue": alarm.state.name(), "stateReason": alarm.reason });
        let data = alarm.reason_data.as_ref().filter(|_| with_data).and_then(|data| serde_json::from_str(data).ok());
        if let (Some(state), Some(data)) = (state.as_object_mut(), data) {
            let data: Value = data;
            state.insert("stateReasonData".to_owned(), data);
        }
        state
    };
    let data = |with| json!({ "version": "1.0", "oldState": state(before, with), "newState": state(after, with) });
    let whole = data(true);
    let data = if whole.to_string().len() <= HISTORY_DATA_MAX { whole } else { data(false) };
    let summary = format!("Alarm updated from {} to {}", before.state.name(), after.state.name());
    add(txn, place, after.updated_at, item(name, "StateUpdate", summary, &data))
}

/// Writes what became of an action; `error` says why it did not succeed.
pub(crate) fn acted(
    txn: &mut Txn,
    place: &Place,
    name: &str,
    arn: &str,
    since: i64,
    error: Option<&str>,
    now: i64,
) -> Result<()> {
    let state = if error.is_none() { "Succeeded" } else { "Failed" };
    let data = json!({
        "actionState": state, "notificationResource": arn, "stateUpdateTimestamp": since, "publishedMessage": null,
        "error": error,
    });
    let summary = match error {
        None => format!("Successfully executed action {arn}"),
        Some(error) => format!("Failed to execute action {arn}. Received error: \"{error}\""),
    };
    add(txn, place, now, item(name, "Action", summary, &data))
}

fn item(alarm: &str, kind: &str, summary: String, data: &Value) -> HistoryItem {
    let summary = summary.chars().take(255).collect();
    HistoryItem { alarm: alarm.to_owned(), kind: kind.to_owned(), summary, data: data.to_string() }
}

fn add(txn: &mut Txn, place: &Place, now: i64, item: HistoryItem) -> Result<()> {
    let old = now.saturating_sub(i64::try_from(HISTORY_KEPT.as_millis()).unwrap_or(i64::MAX));
    let old = KeyRange::between(&place.history(), &place.history_item(old, 0));
    for (key, _) in txn.scan(&old, HISTORY_DROPPED_AT_ONCE, Direction::Forward)? {
        txn.delete(key);
    }
    let key = free_key(txn, |number| place.history_item(now, number))?;
    Ok(txn.put_record(key, &item)?)
}

/// The first key of one moment that nothing has: two things of one moment must not be one.
pub(crate) fn free_key(txn: &Txn, key: impl Fn(u64) -> Key) -> Result<Key> {
    let moment = KeyRange::between(&key(0), &key(u64::MAX));
    let last = txn.scan(&moment, 1, Direction::Backward)?.pop().and_then(|(key, _)| key.last_u64());
    Ok(key(last.map_or(0, |last| last + 1)))
}

/// An alarm as its history tells it.
fn told(place: &Place, name: &str, alarm: &Alarm) -> Value {
    let time = |at| Timestamp::from_millis(at).iso8601_offset();
    let dimensions: Vec<Value> =
        alarm.dimensions.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    json!({
        "alarmName": name,
        "alarmArn": place.alarm_arn(name),
        "alarmDescription": alarm.description,
        "alarmConfigurationUpdatedTimestamp": time(alarm.configured_at),
        "actionsEnabled": alarm.actions_enabled,
        "okActions": alarm.ok_actions,
        "alarmActions": alarm.alarm_actions,
        "insufficientDataActions": alarm.insufficient_data_actions,
        "stateValue": alarm.state.name(),
        "stateUpdatedTimestamp": time(alarm.updated_at),
        "metricName": alarm.metric_name,
        "namespace": alarm.namespace,
        "statistic": alarm.statistic,
        "extendedStatistic": alarm.extended_statistic,
        "dimensions": dimensions,
        "period": alarm.period,
        "unit": alarm.unit,
        "evaluationPeriods": alarm.evaluation_periods,
        "datapointsToAlarm": alarm.datapoints_to_alarm,
        "threshold": alarm.threshold,
        "comparisonOperator": alarm.operator.name(),
        "treatMissingData": alarm.treat_missing_data.map(crate::model::alarm::TreatMissing::name),
    })
}

impl Service {
    /// Shape: the newest first unless asked otherwise; of deleted alarms too.
    pub(crate) fn alarm_history(
        &self,
        cx: &Cx,
        input: &DescribeAlarmHistoryInput,
    ) -> Result<DescribeAlarmHistoryOutput> {
        const OPERATION: &str = "DescribeAlarmHistory";
        let none = DescribeAlarmHistoryOutput { alarm_history_items: Some(Vec::new()), next_token: None };
        let types = input.alarm_types.as_deref().unwrap_or_default();
        let others = !types.is_empty() && !types.contains(&AlarmType::MetricAlarm);
        if others || input.alarm_contributor_id.is_some() {
            return Ok(none);
        }
        let place = Place::of(cx);
        let ascending = input.scan_by == Some(ScanBy::TimestampAscending);
        let parameters = format!(
            "{:?} {:?} {:?} {:?} {ascending}",
            input.alarm_name, input.history_item_type, input.start_date, input.end_date
        );
        let millis = |time: Option<Timestamp>, other: i64| time.map_or(other, Timestamp::millis).max(0);
        let (start, end) = (millis(input.start_date, 0), millis(input.end_date, i64::MAX - 1));
        let mut range = KeyRange::between(&place.history_item(start, 0), &place.history_item(end.saturating_add(1), 0));
        let direction = if ascending { Direction::Forward } else { Direction::Backward };
        let onward = |range: KeyRange, last: &Key| {
            if ascending { range.continued_after(last) } else { range.continued_before(last) }
        };
        if let Some(last) = self.open_token(cx, OPERATION, &parameters, input.next_token.as_deref())? {
            range = onward(range, &Key::from_bytes(last));
        }
        let most = input.max_records.and_then(|most| usize::try_from(most).ok()).unwrap_or(ALARMS_PAGE_MAX);
        let wanted = |item: &HistoryItem| {
            input.alarm_name.as_ref().is_none_or(|name| *name == item.alarm)
                && input.history_item_type.as_ref().is_none_or(|kind| kind.as_str() == item.kind)
        };
        let (mut items, mut last_shown) = (Vec::new(), None);
        while !range.is_empty() {
            let read = self.store.scan_records::<HistoryItem>(&range, RECORDS_PER_SCAN, direction)?;
            let Some((last, _)) = read.last() else { break };
            range = onward(range, last);
            for (key, item) in read.into_iter().filter(|(_, item)| wanted(item)) {
                if items.len() == most {
                    let token = last_shown.map(|key: Key| self.give_token(cx, OPERATION, &parameters, key.as_bytes()));
                    return Ok(DescribeAlarmHistoryOutput { alarm_history_items: Some(items), next_token: token });
                }
                items.push(show(&key, item)?);
                last_shown = Some(key);
            }
        }
        Ok(DescribeAlarmHistoryOutput { alarm_history_items: Some(items), next_token: None })
    }
}

fn show(key: &Key, item: HistoryItem) -> Result<AlarmHistoryItem> {
    let parts = key.parts().map_err(|_| Error::Damaged)?;
    // After account, region, service and kind.
    let at = parts.get(4).and_then(Part::number).and_then(|at| i64::try_from(at).ok()).ok_or(Error::Damaged)?;
    Ok(AlarmHistoryItem {
        alarm_name: Some(item.alarm),
        alarm_type: Some(AlarmType::MetricAlarm),
        timestamp: Some(Timestamp::from_millis(at)),
        history_item_type: Some(HistoryItemType::from_text(item.kind)),
        history_summary: Some(item.summary),
        history_data: Some(item.data),
        ..AlarmHistoryItem::default()
    })
}
