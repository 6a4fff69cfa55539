//! Every bound of the store, with its unit and its reason.

use std::time::Duration;

/// Commands that share one commit. Small enough that one group is committed while the one before it is synced; a sync
/// serves all groups that were committed before it. Measured with `put_bench`: 128 callers get a seventh more with 64
/// than with 512.
pub const GROUP_COMMANDS_MAX: usize = 64;

/// Bytes of keys and values after which a group takes no further command.
pub const GROUP_BYTES_MAX: usize = 4 << 20;

/// Groups that were committed and wait for the thread that syncs, which takes all of them at once.
pub const GROUPS_UNDER_WAY_MAX: usize = 16;

/// Commands that wait for the committer; further callers wait before they are queued.
pub const QUEUED_COMMANDS_MAX: usize = 4096;

/// Bytes of one key. DynamoDB's longest key (2,048 + 1,024 bytes) fits escaped, with room to spare.
pub const KEY_BYTES_MAX: usize = 16 << 10;

/// Bytes of one value. Larger things are blobs.
pub const VALUE_BYTES_MAX: usize = 16 << 20;

/// Bytes that one transaction may write.
pub const TRANSACTION_BYTES_MAX: usize = 64 << 20;

/// Keys that one transaction of `Store::clear` deletes.
pub const CLEARED_AT_ONCE: usize = 1000;

/// How long a write that was only handed to the operating system waits for its sync.
pub const UNSYNCED_MAX: Duration = Duration::from_millis(100);

/// Microseconds of the last sync above which a lone caller leaves the next one to the thread: it waits on a thread that
/// serves others, too.
pub const QUICK_SYNC_MICROS_MAX: u64 = 1000;

/// Events that a slow subscriber of a machine may fall behind; then it is told that it missed some.
pub const EVENTS_BEHIND_MAX: usize = 1024;

/// Commands that one command of a machine may hand on to others of its kind, directly and through them.
pub const HANDED_ON_MAX: usize = 64;

/// Bytes that must stay free on the disk: below it writes are refused while everything can still be read and closed.
pub const FREE_BYTES_MIN: u64 = 64 << 20;

/// Bytes of journal that a start has to replay at most.
pub const JOURNAL_BYTES_MAX: u64 = 64 << 20;

/// Bytes that an entry takes in the journal besides its key and value, and its share of the batch's frame; rounded up.
pub const JOURNAL_ENTRY_BYTES: usize = 40;

/// Bytes of zeros that are put ahead of the journal's pen at once. Rare enough that the sync that carries them to the disk
/// is one in hundreds, even for a lone writer.
pub const ZEROS_AHEAD_BYTES: usize = 1 << 20;

/// Bytes of them in one write. Linux keeps what was written at once together in its cache, and goes through all of it at
/// every later sync: with a megabyte a sync takes 15 µs more.
pub const ZEROS_AT_ONCE_BYTES: usize = 64 << 10;

/// Bytes of blocks that reads keep in memory.
pub const CACHE_BYTES: u64 = 16 << 20;

/// Bytes of changes that the engine gathers in memory before it writes them as a table. While its one thread compacts, up to
/// four more of them wait, so five times this is what a burst of writes takes of memory.
pub const MEMTABLE_BYTES_MAX: u64 = 20 << 20;

/// Files that the engine keeps open.
pub const OPEN_FILES_MAX: usize = 128;

/// Tables of the youngest level before they are merged: more cost a read more look-ups, fewer cost every write more
/// rewriting.
pub const YOUNG_TABLES_MAX: u8 = 8;
