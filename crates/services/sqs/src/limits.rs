//! Every bound of the room, with its unit and its source.
//! Source, where none is named: SQS Developer Guide, "Amazon SQS message quotas" and "Amazon SQS queue quotas"; SQS API
//! Reference, CreateQueue.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Characters of a queue's name, with `.fifo`.
pub const QUEUE_NAME_CHARS: RangeInclusive<usize> = 1..=80;

/// Bytes of a request's trace header that a message takes along. Ours: AWS's are shorter.
pub const TRACE_HEADER_BYTES_MAX: usize = 1_024;

/// Seconds of `DelaySeconds`, of a queue and of a message.
pub const DELAY_SECONDS: RangeInclusive<u32> = 0..=900;
/// Bytes of `MaximumMessageSize`: 1 KiB to 1 MiB. The upper end is the default (recorded 2025-08).
pub const MESSAGE_BYTES: RangeInclusive<u32> = 1_024..=1_048_576;
/// Seconds of `MessageRetentionPeriod`: a minute to 14 days; the default is 4 days.
pub const RETENTION_SECONDS: RangeInclusive<u32> = 60..=1_209_600;
pub const RETENTION_SECONDS_DEFAULT: u32 = 345_600;
/// Seconds of `ReceiveMessageWaitTimeSeconds` and `WaitTimeSeconds`.
pub const WAIT_SECONDS: RangeInclusive<u32> = 0..=20;
/// Seconds of `VisibilityTimeout`; also the most that one receive may be kept invisible in all.
pub const VISIBILITY_SECONDS: RangeInclusive<u32> = 0..=43_200;
pub const VISIBILITY_SECONDS_DEFAULT: u32 = 30;
/// Seconds of `KmsDataKeyReusePeriodSeconds`.
pub const KMS_REUSE_SECONDS: RangeInclusive<u32> = 60..=86_400;
pub const KMS_REUSE_SECONDS_DEFAULT: u32 = 300;
/// `maxReceiveCount` of a redrive policy. Source: SQS API Reference, SetQueueAttributes.
pub const RECEIVE_COUNT: RangeInclusive<u32> = 1..=1_000;
/// `sourceQueueArns` of a redrive allow policy.
pub const ALLOWED_SOURCES_MAX: usize = 10;

/// Entries of a batch, and messages of one receive.
pub const BATCH_ENTRIES_MAX: usize = 10;
/// Bytes of all messages of a batch.
pub const BATCH_BYTES_MAX: usize = 1_048_576;
/// Characters of a batch entry's id.
pub const BATCH_ID_CHARS_MAX: usize = 80;
/// Attributes of a message.
pub const MESSAGE_ATTRIBUTES_MAX: usize = 10;
/// Bytes that an attribute's name has fewer of: AWS refuses the 256th, though the guide allows it.
pub const ATTRIBUTE_NAME_BYTES: usize = 256;
/// Characters of an attribute's type. Source: Developer Guide, "Message attribute components".
pub const ATTRIBUTE_TYPE_CHARS_MAX: usize = 256;
/// The largest `Number` of an attribute. Source: Developer Guide, "Message attribute data types".
pub const NUMBER_MAX: f64 = 1e126;
/// Characters of `MessageGroupId`, `MessageDeduplicationId` and `ReceiveRequestAttemptId`.
pub const ID_CHARS: RangeInclusive<usize> = 1..=128;

/// Messages in flight per queue, standard and FIFO. A FIFO queue also looks no further than this many messages for a
/// group that is free. Source: Developer Guide, "Amazon SQS FIFO queue message quotas".
pub const IN_FLIGHT_MAX: usize = 120_000;
/// How long a FIFO queue remembers what it has taken, and a receive attempt's answer.
pub const DEDUPLICATION: Duration = Duration::from_secs(300);
/// Between two purges, and between deleting a queue and making one of its name.
pub const PURGE_PAUSE: Duration = Duration::from_secs(60);
pub const DELETED_NAME_PAUSE: Duration = Duration::from_secs(60);

/// Queues of a page of ListQueues and ListDeadLetterSourceQueues.
pub const PAGE_MAX: usize = 1_000;
/// Tags of a queue. Source: Developer Guide, "Amazon SQS cost allocation tags".
pub const TAGS_MAX: usize = 50;
/// Characters of a tag's key and of its value.
pub const TAG_KEY_CHARS: RangeInclusive<usize> = 1..=128;
pub const TAG_VALUE_CHARS_MAX: usize = 256;
/// Statements of a policy that AddPermission makes; actions and accounts of one call.
pub const POLICY_STATEMENTS_MAX: usize = 20;
pub const PERMISSION_ACTIONS_MAX: usize = 7;

/// Bytes of young messages that one queue keeps in memory, so that what is received soon is not read from the disk.
pub const YOUNG_BYTES_MAX: usize = 256 << 10;
/// The same for all queues together.
pub const ALL_YOUNG_BYTES_MAX: usize = 32 << 20;
/// Bytes of a body that is kept beside the message's head; larger ones have a record of their own, so that opening a FIFO
/// queue does not read them.
pub const INLINE_BODY_BYTES_MAX: usize = 4 << 10;
/// Receives that wait at one queue. Beyond it a receive answers at once, as a short poll.
pub const WAITING_MAX: usize = 10_000;
/// Receive attempts that a FIFO queue remembers.
pub const ATTEMPTS_MAX: usize = 1_000;
/// Messages that one command of a queue deletes because they are too old, moves, or reads ahead.
pub const MESSAGES_AT_ONCE: usize = 256;
/// Untouched messages whose group a standard queue remembers, to be fair between groups.
pub const FAIR_LOOK_AHEAD: usize = 10_000;
/// A group is noisy with more than a tenth of all messages in flight and at least this many.
/// Source: Developer Guide, "How Amazon SQS fair queues work".
pub const NOISY_IN_FLIGHT_MIN: usize = 30;
pub const NOISY_SHARE: usize = 10;

/// How long a queue without messages is active after its last call: its metrics are recorded. Source: Developer Guide,
/// "Monitoring Amazon SQS queues using CloudWatch".
pub const ACTIVE_FOR: Duration = Duration::from_secs(6 * 3600);
/// Different sizes of messages that are counted before they are recorded. Ours: what a point keeps exactly.
pub const SIZES_MAX: usize = 150;
/// A message of a standard queue that was received so often is left out of the age of the oldest. Source: Developer Guide,
/// "Available CloudWatch metrics for Amazon SQS".
pub const POISON_RECEIVES: u32 = 3;

/// `MaxNumberOfMessagesPerSecond` of a move task. Source: SQS API Reference, StartMessageMoveTask.
pub const MOVES_PER_SECOND: RangeInclusive<u32> = 1..=500;
/// Active move tasks per account; how many of a queue are listed.
pub const MOVE_TASKS_MAX: usize = 100;
pub const LISTED_MOVE_TASKS_MAX: usize = 10;

/// Messages that one look at a queue sees, and numbers that it passes: it must not hold up those who send and receive.
pub const PEEK_AT_ONCE: usize = 64;
/// Bytes of bodies after which a look ends, however many messages are left.
pub const PEEK_BYTES_MAX: usize = 8 << 20;
/// Messages that are shown of a queue, and how many unless it is said.
pub const PEEK_MAX: usize = 1_000;
pub const PEEK_DEFAULT: usize = 10;
