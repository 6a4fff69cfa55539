//! Taking the actions of alarms: functions are invoked, everything else is told to have failed.

use std::time::Duration;

use api_lambda::types::{InvocationRequest, InvocationType};
use kernel::{Arn, Timestamp};
use serde_json::json;
use store::{Direction, KeyRange};
use wire::ApiError;

use crate::error::Result;
use crate::limits::{ACTION_AGE_MAX, ACTION_PAUSE_MAX, ACTION_PAUSE_MIN, ACTIONS_PER_ROUND};
use crate::model::alarm::Alarm;
use crate::model::series::Series;
use crate::ops::acted;
use crate::records::{Action, Place};
use crate::service::Service;

/// Whom a function's policy has to let in. Source: CloudWatch User Guide, "Invoke a Lambda function from an alarm".
const PRINCIPAL: &str = "lambda.alarms.cloudwatch.amazonaws.com";

impl Service {
    pub(crate) async fn run_actions(&self) {
        let mut pause = ACTION_PAUSE_MIN;
        loop {
            match self.act_everywhere().await {
                Ok(true) => {
                    pause = ACTION_PAUSE_MIN;
                    self.actions.notified().await;
                }
                Ok(false) => {
                    let again = self.clock.pause(pause);
                    pause = Duration::min(pause.saturating_mul(2), ACTION_PAUSE_MAX);
                    tokio::select! {
                        biased;
                        () = self.actions.notified() => {}
                        () = again => {}
                    }
                }
                Err(error) => self.recover(error).await,
            }
        }
    }

    /// Takes what there is. Answers whether nothing is left.
    async fn act_everywhere(&self) -> Result<bool> {
        let mut is_done = true;
        for place in self.places()? {
            let mut range = KeyRange::prefix(&place.actions());
            loop {
                let waiting = self.store.scan_records::<Action>(&range, ACTIONS_PER_ROUND, Direction::Forward)?;
                let Some((last, _)) = waiting.last() else { break };
                range = range.continued_after(last);
                for (key, action) in waiting {
                    let Some(error) = self.act(&place, &action).await else {
                        is_done = false;
                        continue;
                    };
                    let (place, now) = (place.clone(), self.wall().millis());
                    self.store
                        .transact(move |txn| {
                            txn.delete(key);
                            acted(txn, &place, &action.alarm, &action.arn, action.since, error.as_deref(), now)
                        })
                        .await?;
                }
            }
        }
        Ok(is_done)
    }

    /// `None`: it is to be tried again. Else why it failed, if it did.
    async fn act(&self, place: &Place, action: &Action) -> Option<Option<String>> {
        let target: Option<Arn> = action.arn.parse().ok();
        if target.is_none_or(|arn| arn.service != "lambda") {
            // As AWS tells of a topic that does not exist: nothing but functions exists here.
            return Some(Some("Resource not found".to_owned()));
        }
        let mut caller = self.principals.as_service(PRINCIPAL, &place.account, &place.region);
        caller.source_arn = Some(place.alarm_arn(&action.alarm).as_str().into());
        let request = InvocationRequest {
            function_name: action.arn.clone(),
            invocation_type: Some(InvocationType::Event),
            payload: Some(action.event.clone().into_bytes().into()),
            ..InvocationRequest::default()
        };
        match self.lambda.invoke(&caller, request).await {
            Ok(_) => Some(None),
            Err(error) if is_final(&error) => Some(Some(error.to_string())),
            Err(error) => {
                let age = self.wall().since(Timestamp::from_millis(action.since));
                tracing::info!(alarm = action.alarm, %error, "an alarm's action is tried again");
                (age > ACTION_AGE_MAX).then(|| Some(error.to_string()))
            }
        }
    }
}

/// The function does not exist, or does not let us in.
fn is_final(error: &ApiError) -> bool {
    matches!(error.name(), "ResourceNotFoundException" | "AccessDeniedException" | "InvalidParameterValueException")
}

/// What a function gets. Source: CloudWatch User Guide, "Invoke a Lambda function from an alarm".
pub(crate) fn event(place: &Place, name: &str, before: &Alarm, after: &Alarm) -> String {
    let time = |at| Timestamp::from_millis(at).iso8601_offset();
    let state = |alarm: &Alarm| {
        let mut state =
            json!({ "value": alarm.state.name(), "reason": alarm.reason, "timestamp": time(alarm.updated_at) });
        if let (Some(state), Some(data)) = (state.as_object_mut(), &alarm.reason_data) {
            state.insert("reasonData".to_owned(), data.as_str().into());
        }
        state
    };
    let dimensions: serde_json::Map<String, serde_json::Value> =
        after.dimensions.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let metric = json!({ "namespace": after.namespace, "name": after.metric_name, "dimensions": dimensions });
    let mut stat = json!({ "metric": metric, "period": after.period, "stat": after.statistic_name() });
    if let (Some(stat), Some(unit)) = (stat.as_object_mut(), &after.unit) {
        stat.insert("unit".to_owned(), unit.as_str().into());
    }
    let mut configuration = json!({ "metrics": [{ "id": id(after), "metricStat": stat, "returnData": true }] });
    if let (Some(configuration), Some(text)) = (configuration.as_object_mut(), &after.description) {
        configuration.insert("description".to_owned(), text.as_str().into());
    }
    json!({
        "source": "aws.cloudwatch",
        "alarmArn": place.alarm_arn(name),
        "accountId": place.account.as_str(),
        "time": time(after.updated_at),
        "region": place.region.to_string(),
        "alarmData": {
            "alarmName": name, "state": state(after), "previousState": state(before), "configuration": configuration,
        },
    })
    .to_string()
}

/// In the form of a UUID, the same for the same metric.
fn id(alarm: &Alarm) -> String {
    let series = Series::new(&alarm.namespace, &alarm.metric_name, alarm.dimensions.clone());
    let hex = format!("{:?}", series.id());
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}
