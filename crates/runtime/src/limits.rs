//! Bounds of running functions, each with its unit and source.

use std::time::Duration;

/// Bytes of a buffered response: 6 MB and what AWS adds to it.
/// Source: the text of `Function.ResponseSizeTooLarge`; Lambda Developer Guide, "Lambda quotas".
pub const RESPONSE_BYTES_MAX: usize = 6 * 1024 * 1024 + 100;
/// Bytes of a streamed response. Source: Lambda Developer Guide, "Response streaming for Lambda functions".
pub const STREAM_BYTES_MAX: usize = 200 * 1024 * 1024;
/// Pieces of a streamed response that wait for a slow caller before the function has to.
pub const STREAM_PIECES_WAITING_MAX: usize = 16;
/// Bytes of the JSON before an answer on the private channel: an id and an X-Ray cause (at most 1 MiB) are in it.
pub const FRAME_HEAD_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes of one log event. Source: CloudWatch Logs quotas, "Event size" (256 KB, of which 26 bytes are overhead).
pub const LOG_EVENT_BYTES_MAX: usize = 256 * 1024 - 26;
/// Log lines that are handed over at once.
pub const LOG_BATCH_LINES_MAX: usize = 1_000;
/// Bytes of the log that `LogType=Tail` answers. Source: Lambda API Reference, Invoke, `LogType`.
pub const TAIL_BYTES_MAX: usize = 4 * 1024;
/// Source: Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle", Init phase.
pub const INIT_MAX: Duration = Duration::from_secs(10);
/// The same of environments that are kept, or the function's timeout where that is longer. Source: as above.
pub const INIT_AHEAD_MAX: Duration = Duration::from_secs(130);
/// How long after the end of an environment that is kept another one takes its place.
pub const REPLACE_PAUSE: Duration = Duration::from_secs(1);
/// How long a runtime may work on after its answer before the caller gets it; commonly it asks for the next event at once.
pub const AFTER_ANSWER: Duration = Duration::from_millis(500);
/// How long an idle environment is kept.
pub const KEEP_ALIVE: Duration = Duration::from_secs(10 * 60);
/// Idle environments that are kept; the one unused for longest goes first.
pub const IDLE_MAX: usize = 100;
/// An environment whose credentials end sooner than this after an invocation could is not used any more.
pub const CREDENTIALS_MARGIN: Duration = Duration::from_secs(5 * 60);
/// An environment that is kept is replaced while it is idle when its credentials last no longer than this after the next look
/// at it: the longest invocation (Lambda Developer Guide, "Lambda quotas") and the margin above.
pub const RENEWAL_MARGIN: Duration = Duration::from_secs(20 * 60);
/// How long ending all environments may take.
pub const SHUTDOWN_MAX: Duration = Duration::from_secs(2);
/// How long the warden may take to end its processes before the server kills their group itself.
pub const KILL_MAX: Duration = Duration::from_secs(1);
/// Open files of a function. Source: Lambda Developer Guide, "Lambda quotas", file descriptors.
pub const OPEN_FILES_MAX: u64 = 1024;
/// Attempts to hand an event to environments that turn out to have ended.
pub const HAND_OVER_ATTEMPTS_MAX: usize = 8;
/// Environments of a core that may start at once. A hundred at a time would all miss their function's timeout.
pub const STARTS_PER_CORE: usize = 2;
/// How long a slow start counts as one of those.
pub const START_HOLD_MAX: Duration = Duration::from_millis(500);
/// Bytes of a DNS message that a function sends. Source: RFC 6891, 6.2.3: what requestors commonly offer.
pub const DNS_MESSAGE_BYTES_MAX: usize = 4096;
/// Connections to an environment's resolver; further ones wait.
pub const DNS_CONNECTIONS_MAX: usize = 16;
