//! Bounds and defaults, each with its unit and where it is from.

use std::time::Duration;

/// Messages per batch when nothing is said. Source: Lambda API Reference, CreateEventSourceMapping, `BatchSize`.
pub const SQS_BATCH_SIZE_DEFAULT: i32 = 10;

/// Messages per batch without a window, and of FIFO queues. Source: as above.
pub const SQS_BATCH_SIZE_UNWINDOWED_MAX: i32 = 10;

/// Filters per mapping. Source: Lambda Developer Guide, "Event filtering": 5, and up to 10 on request.
pub const FILTERS_MAX: usize = 10;

/// Mappings per page. Source: Lambda API Reference, ListEventSourceMappings, `MaxItems`.
pub const PAGE_MAX: usize = 100;

/// Bytes of an event: what Invoke takes. Source: Lambda Developer Guide, "Lambda quotas".
pub const EVENT_BYTES_MAX: usize = 6 * 1024 * 1024;

/// Batches that may be out at first. Source: Lambda Developer Guide, "Configuring scaling behavior for SQS event source mappings".
pub const CONCURRENCY_AT_FIRST: u32 = 5;

/// Batches that may be out at most. Source: as above.
pub const CONCURRENCY_MAX: u32 = 1_250;

/// One batch more while all are out: 300 a minute. Source: as above.
pub const GROWTH_PAUSE: Duration = Duration::from_millis(200);

/// The same of provisioned pollers: 1,000 a minute. Source: Lambda Developer Guide, "Provisioned mode".
pub const PROVISIONED_GROWTH_PAUSE: Duration = Duration::from_millis(60);

/// Invocations that one provisioned poller handles. Source: as above.
pub const INVOCATIONS_PER_POLLER: u32 = 10;

/// Pollers of provisioned mode when nothing is said. Source: as above.
pub const POLLERS_MIN_DEFAULT: i32 = 2;
pub const POLLERS_MAX_DEFAULT: i32 = 200;

/// A read that takes longer had to wait: there is no backlog.
pub const BACKLOG_READ_MAX: Duration = Duration::from_millis(50);

/// A read that brings nothing so early is not asked again before `EMPTY_READ_PAUSE` is over: the queue has more readers waiting than
/// it takes.
pub const EMPTY_READ_MIN: Duration = Duration::from_millis(200);
pub const EMPTY_READ_PAUSE: Duration = Duration::from_secs(1);

/// After a failure concurrency does not shrink again for so long: batches that were out together count once. AWS does not say.
pub const BACK_OFF_ONCE_IN: Duration = Duration::from_secs(1);

/// After a failure concurrency does not grow for so long. AWS does not say.
pub const NO_GROWTH_AFTER_FAILURE: Duration = Duration::from_secs(2);

/// Messages per read, and per settling. Source: SQS API Reference, ReceiveMessage, DeleteMessageBatch.
pub const SQS_MESSAGES_AT_ONCE: usize = 10;

/// The longest wait of a read, in seconds. Source: SQS API Reference, ReceiveMessage, `WaitTimeSeconds`.
pub const SQS_WAIT_S_MAX: u64 = 20;

/// The first pause before a throttled batch is tried again, and the longest: each is twice the one before. AWS does not say.
pub const THROTTLE_PAUSE_FIRST: Duration = Duration::from_millis(200);
pub const THROTTLE_PAUSE_MAX: Duration = Duration::from_secs(10);

/// Tries to settle what was handled, and the pause between them.
pub const SETTLE_TRIES: u32 = 3;
pub const SETTLE_PAUSE: Duration = Duration::from_millis(200);

/// Pauses of a mapping whose source, function or role is not there: it cannot be woken by them coming back.
pub const PROBLEM_PAUSE_FIRST: Duration = Duration::from_millis(500);
pub const PROBLEM_PAUSE_MAX: Duration = Duration::from_secs(30);

/// How long what was read stays hidden, where the queue does not say: SQS's default.
pub const HIDDEN_DEFAULT: Duration = Duration::from_secs(30);

/// Request ids that a fact about one batch keeps: its first and its last tries.
pub const FACT_REQUESTS_MAX: usize = 16;
