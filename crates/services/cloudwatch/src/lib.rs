//! CloudWatch: metrics.
//!
//! What does not belong here: what other services measure (they do), logs (services/logs), protocols. `README.md` and ADR 10 say
//! how metrics are kept.

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
    async fn describe_alarms(&self, _: &Cx, input: DescribeAlarmsInput) -> Answer<DescribeAlarmsOutput> {
        Ok(Self::no_alarms(&input)?)
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

    async fn put_metric_data(&self, cx: &Cx, input: PutMetricDataInput) -> Answer<PutMetricDataResponse> {
        self.put_data(cx, input).await?;
        Ok(PutMetricDataResponse {})
    }

    async fn set_alarm_state(&self, _: &Cx, _: SetAlarmStateInput) -> Answer<SetAlarmStateResponse> {
        Err(error::Error::NoSuchAlarm.into())
    }
}
