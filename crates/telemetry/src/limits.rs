//! Every bound of the room, with its unit and its reason. The bounds are ours: AWS keeps no such record.

use std::time::Duration;

/// How long facts are kept.
pub const KEPT_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Bytes of all facts of all accounts, keys included.
pub const KEPT_BYTES_MAX: u64 = 64 << 20;

/// Facts that wait to be written; one that comes then is dropped, and counted.
pub const QUEUED_MAX: usize = 8192;

/// How long a fact waits for others to be written with it, unless somebody asks. The most that `kill -9` takes.
pub const GATHERED_FOR: Duration = Duration::from_millis(50);

/// Facts, and about so many bytes of them, that are written in one transaction.
pub const GROUP_FACTS_MAX: usize = 256;
pub const GROUP_BYTES_MAX: usize = 1 << 20;
/// What a fact and an id of it weigh in that. Units: bytes.
pub const FACT_WEIGHT: usize = 512;
pub const ID_WEIGHT: usize = 160;
/// Facts of a group that a throttle is compared with, the latest.
pub const ALIKE_WITHIN: usize = 16;

/// Facts that one transaction drops. Each costs a few keys on the committing thread.
pub const DROPPED_AT_ONCE: usize = 128;

/// Messages of one fact: a batch of a mapping holds at most so many. Requests, likewise.
pub const IDS_MAX: usize = 10_000;
/// Bytes of an id that a fact can be found by.
pub const ID_BYTES_MAX: usize = 256;
/// Characters of a text that a function or a client has chosen.
pub const TEXT_CHARS_MAX: usize = 1_000;

/// Facts that one answer is made from, the latest: of the thing itself, and of what it leads to.
pub const STORY_FACTS_MAX: usize = 500;

/// How long a question waits for what was told before it to be written.
pub const FLUSH_MAX: Duration = Duration::from_secs(1);
/// The pause after a failure of the disk.
pub const FAILURE_PAUSE: Duration = Duration::from_secs(5);
