//! CloudWatch: metrics and alarms on them.
//!
//! What does not belong here: what other services measure (they do), logs (services/logs), protocols. `README.md` and ADR 10 say
//! how metrics are kept.

mod actions;
mod alarms;
mod error;
pub mod limits;
mod meter;
mod model;
mod ops;
mod reader;
mod records;
mod service;
mod tasks;

use api_cloudwatch::types::*;
use kernel::Cx;
use wire::ApiError;

pub use service::{Needs, Service};

type Answer<T> = Result<T, ApiError>;

impl api_cloudwatch::Cloudwatch for Service {
    async fn delete_alarms(&self, cx: &Cx, input: DeleteAlarmsInput) -> Answer<DeleteAlarmsResponse> {
        self.delete_all_alarms(cx, input).await?;
        Ok(DeleteAlarmsResponse {})
    }

    async fn describe_alarm_history(
        &self,
        cx: &Cx,
        input: DescribeAlarmHistoryInput,
    ) -> Answer<DescribeAlarmHistoryOutput> {
        Ok(self.alarm_history(cx, &input)?)
    }

    async fn describe_alarms(&self, cx: &Cx, input: DescribeAlarmsInput) -> Answer<DescribeAlarmsOutput> {
        Ok(self.describe(cx, &input)?)
    }

    async fn describe_alarms_for_metric(
        &self,
        cx: &Cx,
        input: DescribeAlarmsForMetricInput,
    ) -> Answer<DescribeAlarmsForMetricOutput> {
        Ok(self.alarms_for_metric(cx, input)?)
    }

    async fn disable_alarm_actions(
        &self,
        cx: &Cx,
        input: DisableAlarmActionsInput,
    ) -> Answer<DisableAlarmActionsResponse> {
        self.enable_actions(cx, input.alarm_names, false).await?;
        Ok(DisableAlarmActionsResponse {})
    }

    async fn enable_alarm_actions(
        &self,
        cx: &Cx,
        input: EnableAlarmActionsInput,
    ) -> Answer<EnableAlarmActionsResponse> {
        self.enable_actions(cx, input.alarm_names, true).await?;
        Ok(EnableAlarmActionsResponse {})
    }

    async fn get_metric_data(&self, cx: &Cx, input: GetMetricDataInput) -> Answer<GetMetricDataOutput> {
        Ok(self.metric_data(cx, input).await?)
    }

    async fn get_metric_statistics(
        &self,
        cx: &Cx,
        input: GetMetricStatisticsInput,
    ) -> Answer<GetMetricStatisticsOutput> {
        Ok(self.statistics(cx, input).await?)
    }

    async fn list_metrics(&self, cx: &Cx, input: ListMetricsInput) -> Answer<ListMetricsOutput> {
        Ok(self.list(cx, &input)?)
    }

    async fn list_tags_for_resource(
        &self,
        cx: &Cx,
        input: ListTagsForResourceInput,
    ) -> Answer<ListTagsForResourceOutput> {
        Ok(self.tags(cx, &input.resource_arn)?)
    }

    async fn put_metric_alarm(&self, cx: &Cx, input: PutMetricAlarmInput) -> Answer<PutMetricAlarmResponse> {
        self.put_alarm(cx, input).await?;
        Ok(PutMetricAlarmResponse {})
    }

    async fn put_metric_data(&self, cx: &Cx, input: PutMetricDataInput) -> Answer<PutMetricDataResponse> {
        self.put_data(cx, input).await?;
        Ok(PutMetricDataResponse {})
    }

    async fn set_alarm_state(&self, cx: &Cx, input: SetAlarmStateInput) -> Answer<SetAlarmStateResponse> {
        self.set_state(cx, input).await?;
        Ok(SetAlarmStateResponse {})
    }

    async fn tag_resource(&self, cx: &Cx, input: TagResourceInput) -> Answer<TagResourceOutput> {
        self.tag(cx, input).await?;
        Ok(TagResourceOutput {})
    }

    async fn untag_resource(&self, cx: &Cx, input: UntagResourceInput) -> Answer<UntagResourceOutput> {
        self.untag(cx, input).await?;
        Ok(UntagResourceOutput {})
    }
}
