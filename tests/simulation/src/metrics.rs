//! What CloudWatch says of a history.

use api_cloudwatch::Cloudwatch;
use api_cloudwatch::types::{Dimension, GetMetricStatisticsInput, Statistic};
use kernel::{Clock, Timestamp};
use testkit::Platform;
use wire::ApiError;

use crate::ledger::Expected;

/// Seconds.
const PERIOD: i32 = 3600;
/// Longer than any history, in seconds, and less than the 1,440 periods that may be asked for.
const LONG: i64 = 86_400 * 7;

/// The sum of all that is counted together.
pub async fn sum(platform: &Platform, expected: &Expected) -> Result<f64, ApiError> {
    let mut sum = 0.0;
    for name in expected.names {
        let (dimension, value) = expected.of;
        let now = platform.clock.now().secs();
        let input = GetMetricStatisticsInput {
            namespace: if dimension == "QueueName" { "AWS/SQS" } else { "AWS/Lambda" }.to_owned(),
            metric_name: (*name).to_owned(),
            dimensions: Some(vec![Dimension { name: dimension.to_owned(), value: value.to_owned() }]),
            start_time: Timestamp::from_secs(now - LONG),
            end_time: Timestamp::from_secs(now + LONG / 7),
            period: PERIOD,
            statistics: Some(vec![Statistic::Sum]),
            ..GetMetricStatisticsInput::default()
        };
        let said = platform.cloudwatch.get_metric_statistics(&platform.cx(), input).await?;
        sum += said.datapoints.into_iter().flatten().filter_map(|point| point.sum).sum::<f64>();
    }
    Ok(sum)
}
