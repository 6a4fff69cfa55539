//! Bounds of this room, each with its unit and source.
//! Source, unless said otherwise: Lambda Developer Guide, "Lambda quotas".

use std::time::Duration;

/// A zip that comes with the request, in bytes.
pub const ZIPPED_BYTES_MAX: usize = 50 << 20;

/// What the zip holds when unpacked, in bytes.
pub const UNZIPPED_BYTES_MAX: u64 = 250 << 20;

/// The request that carries a zip of [`ZIPPED_BYTES_MAX`], as AWS words it. Source: AWS's answer to a bigger one.
pub const CODE_REQUEST_BYTES_MAX: usize = 70_167_211;

/// Names in a zip. Ours: what 250 MB of 1 KB files come to.
pub const ZIP_ENTRIES_MAX: usize = 250_000;

/// A name in a zip, in bytes: Linux's PATH_MAX less the folder that it is unpacked in.
pub const ZIP_NAME_BYTES_MAX: usize = 3_500;

/// What a symbolic link in a zip points to, in bytes. Linux's PATH_MAX.
pub const LINK_BYTES_MAX: u64 = 4_096;

/// Layers of one function. Source: Lambda API Reference, CreateFunction, Layers.
pub const LAYERS_MAX: usize = 5;

/// All code of an account and region, in bytes: 75 GB.
pub const TOTAL_CODE_BYTES_MAX: i64 = 75 << 30;

/// The environment as JSON, in bytes.
pub const ENVIRONMENT_BYTES_MAX: usize = 4 << 10;

/// A function's name, in characters. Source: Lambda API Reference, CreateFunction.
pub const NAME_CHARS_MAX: usize = 64;

/// Seconds. Source: Lambda API Reference, CreateFunction.
pub const TIMEOUT_DEFAULT_S: i32 = 3;

/// Megabytes. Source: Lambda API Reference, CreateFunction.
pub const MEMORY_DEFAULT_MB: i32 = 128;

/// Megabytes of /tmp. Source: Lambda API Reference, CreateFunction.
pub const EPHEMERAL_DEFAULT_MB: i32 = 512;

/// Status and headers before a streamed body, in bytes. Ours: heads of responses are smaller everywhere.
pub const URL_PRELUDE_BYTES_MAX: usize = 256 << 10;

/// A synchronous invocation's payload, in bytes.
pub const SYNC_PAYLOAD_BYTES_MAX: usize = 6 << 20;

/// An asynchronous invocation's payload, in bytes (256 KB before October 2025).
pub const ASYNC_PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// ClientContext as sent, in bytes of base64. Source: Lambda API Reference, Invoke.
pub const CLIENT_CONTEXT_BYTES_MAX: usize = 3_583;

/// A resource policy, in bytes.
pub const POLICY_BYTES_MAX: usize = 20 << 10;

/// Additional versions of an alias. Source: Lambda Developer Guide, "Lambda alias routing".
pub const ALIAS_ROUTES_MAX: usize = 1;

/// Concurrent executions that an account has without asking.
pub const CONCURRENCY_DEFAULT: u32 = 1_000;

/// Concurrency that no function may reserve, where the account's limit is not lower.
pub const UNRESERVED_CONCURRENCY_MIN: u32 = 100;

/// Environments that a function may get at once, and how many more every second: 1,000 each 10 seconds.
/// Source: Lambda Developer Guide, "Lambda scaling behavior".
pub const SCALING_ENVIRONMENTS_MAX: u32 = 1_000;
pub const ENVIRONMENTS_PER_SECOND: u32 = 100;

/// Requests a second that come to each unit of concurrency that a function may have.
/// Source: Lambda Developer Guide, "Understanding and visualizing concurrency", requests per second.
pub const REQUESTS_PER_CONCURRENCY: u32 = 10;

/// After so long without a call a function's environments are counted anew. Ours: as long as the engine keeps idle ones.
pub const ENVIRONMENTS_REST: Duration = Duration::from_secs(600);

/// Running requests of a function that are known by their ids, the oldest. Ours.
pub const RUNNING_REQUESTS_KNOWN_MAX: usize = 1_000;

/// Functions that the fact of a throttle names, and requests of each. Ours: what fits in a sentence.
pub const HOLDERS_MAX: usize = 8;
pub const HOLDER_REQUESTS_MAX: usize = 8;

/// Samples are added up so long before the meter gets them. Ours.
pub const METRICS_HELD: Duration = Duration::from_secs(1);

/// Functions, versions and aliases whose samples are held at once. Ours: about 1 KB each.
pub const METRIC_SERIES_MAX: usize = 10_000;

/// Ways of calling one function that are known in memory. Ours: qualifiers that are in use at a time.
pub const CALLED_KNOWN_MAX: usize = 32;

/// Different values of one metric of one function that are held before the meter gets them. Ours.
pub const METRIC_VALUES_MAX: usize = 500;

/// Functions, versions, aliases on one page. Source: Lambda API Reference, ListFunctions.
pub const PAGE_MAX: usize = 50;

/// Versions on one page when nothing is asked for, aliases likewise. Source: Lambda API Reference, ListAliases.
pub const LONG_PAGE_MAX: usize = 10_000;

/// How long an accepted event may wait, in seconds. Source: Lambda API Reference, PutFunctionEventInvokeConfig.
pub const EVENT_AGE_MAX_S: i32 = 21_600;

/// Tries after the first. Source: Lambda API Reference, PutFunctionEventInvokeConfig.
pub const RETRY_ATTEMPTS_MAX: i32 = 2;

/// The pauses before the second and the third try. Source: Lambda Developer Guide, "How Lambda handles errors and
/// retries with asynchronous invocation".
pub const RETRY_PAUSES: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// The first and the longest pause of an event that was throttled or met a system error. Source: as above.
pub const BACKOFF_FIRST: Duration = Duration::from_secs(1);
pub const BACKOFF_LONGEST: Duration = Duration::from_secs(300);

/// Between two tries to write what became of an event, while the disk is full. Ours.
pub const FULL_DISK_PAUSE: Duration = Duration::from_secs(5);

/// How long GetFunction's Code.Location is good for. Source: Lambda API Reference, GetFunction.
pub const CODE_LOCATION_VALID: Duration = Duration::from_secs(600);

/// How long an invocation waits for its function's code to be unpacked. Ours.
pub const UNPACK_WAIT_MAX: Duration = Duration::from_secs(60);

/// Functions whose resolved form is kept in memory. Ours: about 2 KB each.
pub const CACHED_FUNCTIONS_MAX: usize = 10_000;

/// Log lines that wait to be written before the oldest streams are written late. Ours; in bytes.
pub const LOG_QUEUE_BYTES_MAX: usize = 16 << 20;

/// One PutLogEvents, in events and bytes (26 per event added). Source: CloudWatch Logs API Reference, PutLogEvents.
pub const LOG_BATCH_EVENTS_MAX: usize = 10_000;
pub const LOG_BATCH_BYTES_MAX: usize = 1_048_576;
pub const LOG_EVENT_OVERHEAD_BYTES: usize = 26;

/// A log event, in bytes. Source: CloudWatch Logs User Guide, "CloudWatch Logs quotas" (1 MB).
pub const LOG_EVENT_BYTES_MAX: usize = 1_048_576 - LOG_EVENT_OVERHEAD_BYTES;

/// Retry-After of a throttled invocation, in seconds. Ours: AWS's answers give small numbers.
pub const RETRY_AFTER_S: u32 = 1;

/// How long a version that came with an update of the code is shown as being made, and the update as being under way. Ours: it
/// is ready at once, AWS's recorded answers show it so for a moment.
pub const PUBLISHED_SETTLES: Duration = Duration::from_millis(300);

/// How often a function may be called again in one chain of calls. Source: Lambda Developer Guide, "Use Lambda recursive loop
/// detection to prevent infinite loops" (about 16).
pub const RECURSIVE_CALLS_MAX: u32 = 16;

/// A trace header that is looked at, in bytes, and the functions that its lineage counts. Ours: AWS's are shorter.
pub const TRACE_HEADER_BYTES_MAX: usize = 1_024;
pub const LINEAGE_FUNCTIONS_MAX: usize = 32;

/// How long an invocation waits for a runtime that is being fetched. Ours: clients commonly wait a minute for an answer.
pub const RUNTIME_FETCH_MAX: Duration = Duration::from_secs(50);
/// How long CreateFunction waits to know whether a runtime is there. Ours: interpreters are asked for their versions.
pub const RUNTIME_LOOK_MAX: Duration = Duration::from_millis(500);
