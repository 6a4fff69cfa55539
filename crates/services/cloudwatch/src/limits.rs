//! Every bound of the room, with its unit and its source.
//! Source, where none is named: CloudWatch API Reference, PutMetricData, GetMetricStatistics, GetMetricData; CloudWatch User Guide,
//! "CloudWatch service quotas".

use std::time::Duration;

/// Metrics of one PutMetricData.
pub const DATA_MAX: usize = 1_000;
/// Entities of one PutMetricData.
pub const ENTITIES_MAX: usize = 2;
/// Dimensions of a metric.
pub const DIMENSIONS_MAX: usize = 30;
/// Characters of a metric's name, its namespace and a dimension's name, and of a dimension's value.
pub const NAME_CHARACTERS_MAX: usize = 255;
pub const DIMENSION_VALUE_CHARACTERS_MAX: usize = 1_024;
/// Items of a `Values` array. A stored point also keeps this many different values as they are.
pub const VALUES_MAX: usize = 150;
/// Greatest value, either side of zero: 2 to the power of 360.
pub const VALUE_EXPONENT_MAX: i32 = 360;
/// How far back a value may lie, and how far ahead.
pub const TIMESTAMP_AGE_MAX: Duration = Duration::from_secs(14 * 24 * 3600);
pub const TIMESTAMP_AHEAD_MAX: Duration = Duration::from_secs(2 * 3600);

/// Data points that GetMetricStatistics may be asked for.
pub const STATISTICS_POINTS_MAX: i64 = 1_440;
/// Queries of GetMetricData.
pub const QUERIES_MAX: usize = 500;
/// Data points on a page of GetMetricData, and the default.
pub const DATA_POINTS_MAX: usize = 100_800;
/// Periods that one query of GetMetricData may span. Ours: 455 days of minutes; it bounds the work of one call.
pub const QUERY_PERIODS_MAX: i64 = 700_000;
/// Metrics on a page of ListMetrics.
pub const LIST_PAGE: usize = 500;
/// Metrics that ListMetrics still shows after their last value.
pub const LISTED_FOR: Duration = Duration::from_secs(14 * 24 * 3600);
/// `RecentlyActive=PT3H`.
pub const RECENTLY: Duration = Duration::from_secs(3 * 3600);

/// Periods that an alarm looks further back than it has to. Ours; the User Guide's example has two.
pub const EXTRA_ALARM_POINTS: u32 = 2;
/// Data points that the reason of an alarm's state names.
pub const TOLD_ALARM_POINTS_MAX: usize = 5;
/// Characters of the reason's JSON. Source: CloudWatch API Reference, MetricAlarm, `StateReasonData`.
pub const REASON_DATA_MAX: usize = 4_000;
/// Seconds of the periods that an alarm watches together: of periods below an hour, and of longer ones.
/// Source: CloudWatch API Reference, PutMetricAlarm, `Period`.
pub const ALARM_SPAN_SHORT: i64 = 86_400;
pub const ALARM_SPAN_LONG: i64 = 604_800;
/// Seconds between two evaluations of an alarm, and of one with a period below a minute.
pub const EVALUATED_EVERY: u32 = 60;
pub const EVALUATED_OFTEN_EVERY: u32 = 10;
/// Tags of a resource.
pub const TAGS_MAX: usize = 50;
/// Items on a page of DescribeAlarms and DescribeAlarmHistory, and the default.
pub const ALARMS_PAGE_MAX: usize = 100;
pub const ALARMS_PAGE: usize = 50;
/// How long what happened to alarms is kept. Source: CloudWatch User Guide, "Using Amazon CloudWatch alarms".
pub const HISTORY_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Items of history that a new one drops at most, when they are older. Ours.
pub const HISTORY_DROPPED_AT_ONCE: usize = 16;
/// Characters of an item's data.
pub const HISTORY_DATA_MAX: usize = 4_095;
/// Actions taken at a time. Ours.
pub const ACTIONS_PER_ROUND: usize = 64;
/// How long an action is tried again that did not reach Lambda. Ours; AWS tries until it succeeds.
pub const ACTION_AGE_MAX: Duration = Duration::from_secs(24 * 3600);
/// The pause after actions that did not get through; it doubles. Ours.
pub const ACTION_PAUSE_MIN: Duration = Duration::from_secs(1);
pub const ACTION_PAUSE_MAX: Duration = Duration::from_secs(300);

/// How long points are kept by their length in seconds, and into which they are rolled up then.
pub const RETENTION: [(u32, Duration, Option<u32>); 4] = [
    (1, Duration::from_secs(3 * 3600), None),
    (60, Duration::from_secs(15 * 24 * 3600), Some(300)),
    (300, Duration::from_secs(63 * 24 * 3600), Some(3_600)),
    (3_600, Duration::from_secs(455 * 24 * 3600), None),
];

/// Bins of a sketch; beyond it the two lowest become one. Ours: 2,048 bins of 2 % span 17 orders of magnitude.
pub const SKETCH_BINS_MAX: usize = 2_048;
/// Minutes of metrics that services' samples hold in memory. Ours: about 30 MB at worst.
pub const OPEN_MINUTES_MAX: usize = 65_536;
/// Metrics whose record is known to be fresh. Ours.
pub const KNOWN_METRICS_MAX: usize = 65_536;
/// How exact the time is at which a metric was last seen. Ours; AWS promises 50 minutes.
pub const SEEN_GRAIN: Duration = Duration::from_secs(600);
/// A metric without samples leaves the memory after this time. Ours.
pub const IDLE_METRIC: Duration = Duration::from_secs(3600);
/// Points that one transaction writes, rolls up or deletes. Ours: well below a millisecond of the committing thread.
pub const POINTS_PER_COMMIT: usize = 128;
/// Metrics in memory that are looked at under one lock, to find minutes that have passed. Ours.
pub const METRICS_PER_LOOK: usize = 1_024;
/// Records that one scan takes from the store. Ours.
pub const RECORDS_PER_SCAN: usize = 512;
/// The shortest time between two sweeps. Ours.
pub const SWEEP_PAUSE_MIN: Duration = Duration::from_secs(3600);
/// Metrics that `/_aws/cloudwatch/metrics/raw` shows at most. Ours.
pub const RAW_METRICS_MAX: usize = 10_000;
