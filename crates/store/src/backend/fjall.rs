//! The engine on disk: fjall, a log-structured merge tree with one journal.
//!
//! A group is one write batch, so a torn journal never holds half of it. See docs/adr/0002-storage.md for what could
//! go wrong with it and how that is contained.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use fjall::compaction::Leveled;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};

use super::journal::Journal;
use super::{Backend, Batch, CommitError, Direction, Entries, Snapshot};
use crate::error::StoreError;
use crate::key::{Key, KeyRange};
use crate::limits::{
    CACHE_BYTES, FREE_BYTES_MIN, JOURNAL_BYTES_MAX, JOURNAL_ENTRY_BYTES, MEMTABLE_BYTES_MAX, OPEN_FILES_MAX,
    YOUNG_TABLES_MAX,
};

const KEYSPACE: &str = "all";

pub struct Fjall {
    database: Database,
    keys: Keyspace,
    dir: PathBuf,
    /// `None` in the test that must lose data.
    journal: Option<Journal>,
    syncs: AtomicU64,
}

impl Fjall {
    /// Opens the folder, making it at first use, and replays what the last process left in the journal.
    pub fn open(dir: &Path) -> io::Result<Self> {
        Self::open_syncing(dir, true)
    }

    /// For the test that must lose data, or the power-cut test proves nothing.
    #[doc(hidden)]
    pub fn open_without_syncs(dir: &Path) -> io::Result<Self> {
        Self::open_syncing(dir, false)
    }

    fn open_syncing(dir: &Path, syncs: bool) -> io::Result<Self> {
        let database = Database::builder(dir)
            .cache_size(CACHE_BYTES)
            .max_cached_files(Some(OPEN_FILES_MAX))
            .max_journaling_size(JOURNAL_BYTES_MAX)
            // With two, one of them spins while the other compacts.
            .worker_threads(1)
            .open()
            .map_err(io_error)?;
        let options = || {
            KeyspaceCreateOptions::default()
                .max_memtable_size(MEMTABLE_BYTES_MAX)
                .compaction_strategy(Arc::new(Leveled::default().with_l0_threshold(YOUNG_TABLES_MAX)))
        };
        let keys = database.keyspace(KEYSPACE, options).map_err(io_error)?;
        let journal = if syncs { Some(Journal::open(dir)?) } else { None };
        Ok(Self { database, keys, dir: dir.to_owned(), journal, syncs: AtomicU64::new(0) })
    }

    /// Syncs so far: the price that the callers of a group share.
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    fn check_space(&self, bytes: usize) -> Result<(), CommitError> {
        let disk = rustix::fs::statvfs(&self.dir).map_err(|error| CommitError::Fatal(error.into()))?;
        refuse_if_full(disk.f_bavail.saturating_mul(disk.f_frsize), bytes)
    }
}

/// The engine cannot go on after a write that failed half-way, so a full disk is noticed before.
fn refuse_if_full(free_bytes: u64, wanted_bytes: usize) -> Result<(), CommitError> {
    if free_bytes < FREE_BYTES_MIN.saturating_add(wanted_bytes as u64) {
        let (free, reserve) = (free_bytes >> 20, FREE_BYTES_MIN >> 20);
        return Err(CommitError::Refused(format!("the disk has {free} MB left, and {reserve} MB are kept free")));
    }
    Ok(())
}

impl Backend for Fjall {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        Arc::new(FjallSnapshot { state: self.database.snapshot(), keys: self.keys.clone() })
    }

    fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        let size = |(key, value): &(Key, Option<Bytes>)| {
            JOURNAL_ENTRY_BYTES + key.as_bytes().len() + value.as_ref().map_or(0, Bytes::len)
        };
        let bytes = batch.iter().map(size).sum();
        self.check_space(bytes)?;
        if let Some(journal) = &self.journal {
            journal.make_room(bytes);
        }
        let mut writes = self.database.batch().durability(Some(PersistMode::Buffer));
        for (key, value) in batch {
            match value {
                Some(value) => writes.insert(&self.keys, key.as_bytes(), &*value),
                None => writes.remove(&self.keys, key.as_bytes()),
            }
        }
        writes.commit().map_err(|error| CommitError::Fatal(io_error(error)))
    }

    fn sync(&self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        match &self.journal {
            Some(journal) => journal.sync(),
            None => Ok(()),
        }
    }
}

struct FjallSnapshot {
    state: fjall::Snapshot,
    keys: Keyspace,
}

impl Snapshot for FjallSnapshot {
    fn get(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        // Copied: a view would keep the whole block in memory for as long as somebody keeps the value.
        let value = self.state.get(&self.keys, key.as_bytes()).map_err(read_error)?;
        Ok(value.map(|value| Bytes::copy_from_slice(&value)))
    }

    fn scan<'a>(&'a self, range: &KeyRange, direction: Direction) -> Entries<'a> {
        if range.is_empty() {
            return Box::new(std::iter::empty());
        }
        let entries = self.state.range(&self.keys, range.start.as_bytes()..range.end.as_bytes());
        match direction {
            Direction::Forward => Box::new(entries.map(read_entry)),
            Direction::Backward => Box::new(entries.rev().map(read_entry)),
        }
    }
}

fn read_entry(entry: fjall::Guard) -> Result<(Key, Bytes), StoreError> {
    let (key, value) = entry.into_inner().map_err(read_error)?;
    Ok((Key::from_bytes(key.to_vec()), Bytes::copy_from_slice(&value)))
}

fn read_error(error: fjall::Error) -> StoreError {
    StoreError::io("a read")(io_error(error))
}

fn io_error(error: fjall::Error) -> io::Error {
    match error {
        fjall::Error::Io(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_that_would_eat_into_the_reserve_is_refused() {
        assert!(refuse_if_full(FREE_BYTES_MIN + 100, 100).is_ok());
        let Err(CommitError::Refused(why)) = refuse_if_full(FREE_BYTES_MIN + 99, 100) else { panic!("not refused") };
        assert_eq!(why, "the disk has 64 MB left, and 64 MB are kept free");
    }
}
