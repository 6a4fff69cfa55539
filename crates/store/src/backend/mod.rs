//! What an engine must do for us: an ordered map with atomic batches. Everything else is built above it.

pub mod fjall;
mod journal;
pub mod mem;

use std::sync::Arc;

use bytes::Bytes;

use crate::error::StoreError;
use crate::key::{Key, KeyRange};

/// Which end of a range is read first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Direction {
    #[default]
    Forward,
    Backward,
}

/// The changes of one group, each key once.
pub type Batch = Vec<(Key, Option<Bytes>)>;

/// What a scan gives, one entry at a time.
pub type Entries<'a> = Box<dyn Iterator<Item = Result<(Key, Bytes), StoreError>> + 'a>;

/// An engine. One thread at a time commits, one at a time syncs; any thread reads.
pub trait Backend: Send + Sync + 'static {
    /// The newest state, with everything that was committed, synced or not. It does not change any more.
    fn snapshot(&self) -> Arc<dyn Snapshot>;

    /// Applies all changes or none. What it has answered survives the death of the process, not of the machine.
    fn commit(&self, batch: Batch) -> Result<(), CommitError>;

    /// Everything that was committed before survives the death of the machine.
    /// Errors: the engine can no longer know what is on disk, and must not be used any more.
    fn sync(&self) -> Result<(), std::io::Error>;
}

/// One state of the whole store.
pub trait Snapshot: Send + Sync + 'static {
    fn get(&self, key: &Key) -> Result<Option<Bytes>, StoreError>;

    fn scan<'a>(&'a self, range: &KeyRange, direction: Direction) -> Entries<'a>;
}

#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Nothing was changed, and the engine goes on: the disk is nearly full.
    #[error("{0}")]
    Refused(String),
    /// The engine can no longer know what is on disk.
    #[error("the write failed")]
    Fatal(#[from] std::io::Error),
}
