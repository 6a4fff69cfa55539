//! Every bound of the room, with its unit and where it comes from.
//!
//! Source, unless another is named: CloudWatch Logs User Guide, "CloudWatch Logs quotas"; API reference, PutLogEvents.

use std::time::Duration;

/// Bytes of a PutLogEvents batch: every message in UTF-8, and `EVENT_OVERHEAD_BYTES` for each.
pub const BATCH_BYTES_MAX: usize = 1_048_576;
/// Bytes of one event, overhead included. 256 KB until April 2025.
pub const EVENT_BYTES_MAX: usize = 1_048_576;
/// Bytes that an event counts beside its message.
pub const EVENT_OVERHEAD_BYTES: usize = 26;
/// Events older than this are left out.
pub const EVENT_AGE_MAX: Duration = Duration::from_secs(14 * 24 * 3600);
/// Events further in the future than this are left out.
pub const EVENT_AHEAD_MAX: Duration = Duration::from_secs(2 * 3600);
/// Time between the first and the last event of a batch.
pub const BATCH_SPAN_MAX: Duration = Duration::from_secs(24 * 3600);

/// Events on a page of GetLogEvents and FilterLogEvents, and the default.
pub const PAGE_EVENTS_MAX: usize = 10_000;
/// Bytes of messages on such a page.
pub const PAGE_BYTES_MAX: usize = 1_048_576;
/// Milliseconds of the first startTime from which FilterLogEvents answers the newest first: 2024 began.
pub const NEWEST_FIRST_FROM: i64 = 1_704_067_200_000;
/// Bytes that FilterLogEvents reads for one page before it answers with what it has and a token. Ours: it keeps one call
/// from reading a whole archive.
pub const SEARCHED_BYTES_MAX: usize = 32 << 20;
/// Chunks of one stream that a read takes from the store at a time. Ours.
pub const CHUNKS_PER_READ: usize = 32;
/// Bytes of a stored chunk, unless a single event is larger. STORE.md 3.4.
pub const CHUNK_BYTES_MAX: usize = 64 << 10;

/// Items on a page of the Describe operations, and the default.
pub const DESCRIBE_MAX: usize = 50;
/// Items on a page of ListLogGroups and DescribeQueryDefinitions, and the default.
pub const LIST_MAX: usize = 1000;
/// Records that one scan takes from the store. Ours.
pub const RECORDS_PER_SCAN: usize = 256;

/// Days that a retention policy may say. Source: API reference, PutRetentionPolicy.
pub const RETENTION_DAYS: [i32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// Metric filters of a log group.
pub const METRIC_FILTERS_MAX: usize = 100;
/// Dimensions of a metric filter's metric.
pub const METRIC_DIMENSIONS_MAX: usize = 3;
/// Subscription filters of a log group.
pub const SUBSCRIPTION_FILTERS_MAX: usize = 2;
/// Resource policies of an account and region.
pub const RESOURCE_POLICIES_MAX: usize = 10;
/// Query definitions of an account and region.
pub const QUERY_DEFINITIONS_MAX: usize = 1000;

/// Bytes of messages that one invocation of a subscribed function gets: compressed and in base64 it stays below Lambda's
/// 1 MB for asynchronous events. Ours.
pub const SUBSCRIPTION_PAYLOAD_BYTES: usize = 512 << 10;
/// How long a delivery to a function is tried again. Source: User Guide, "Log group-level subscription filters".
pub const DELIVERY_AGE_MAX: Duration = Duration::from_secs(24 * 3600);
/// The pause after the first failed delivery; it doubles up to `DELIVERY_PAUSE_MAX`. Ours.
pub const DELIVERY_PAUSE_MIN: Duration = Duration::from_secs(1);
pub const DELIVERY_PAUSE_MAX: Duration = Duration::from_secs(300);
/// Deliveries taken from the outbox at a time. Ours.
pub const DELIVERIES_PER_ROUND: usize = 32;

/// Keys that one transaction of the sweeper deletes. Ours: a large group goes in many small commits.
pub const SWEEP_KEYS: usize = 512;
/// The shortest time between two sweeps for retention. Ours.
pub const SWEEP_PAUSE_MIN: Duration = Duration::from_secs(60);

/// Events in one update of Live Tail. Source: API reference, StartLiveTail.
pub const LIVE_TAIL_EVENTS_MAX: usize = 500;
/// Time between two updates of Live Tail.
pub const LIVE_TAIL_INTERVAL: Duration = Duration::from_secs(1);
/// How long a Live Tail session lasts.
pub const LIVE_TAIL_SESSION_MAX: Duration = Duration::from_secs(3 * 3600);
/// Live Tail sessions of the server at once. AWS: 15 of an account.
pub const LIVE_TAIL_SESSIONS_MAX: usize = 15;
/// Batches that a Live Tail session may fall behind before it misses some. Ours.
pub const LIVE_TAIL_BATCHES_BEHIND_MAX: usize = 1024;
