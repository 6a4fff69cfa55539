use std::sync::Arc;

use bytes::Bytes;

use crate::backend::{Batch, Direction, Snapshot};
use crate::error::StoreError;
use crate::key::{Key, KeyRange};
use crate::limits::{KEY_BYTES_MAX, TRANSACTION_BYTES_MAX, VALUE_BYTES_MAX};
use crate::overlay::{Overlay, scan_through};
use crate::record::{self, Record};

/// When an answer may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Release {
    /// At once, if it reveals nothing that could still be lost; else with what it reveals.
    Now,
    /// When the operating system has the write: it survives `kill -9`, and a power cut after at most 100 ms.
    Written,
    /// When the disk has the write.
    #[default]
    Durable,
}

/// One caller's changes, which happen wholly or not at all.
///
/// Transactions run one after the other, so each sees everything that the ones before it did. Several of them share
/// one commit; a transaction that fails takes back its own changes and nobody else's.
pub struct Txn {
    below: Arc<dyn Snapshot>,
    group: Overlay,
    early: Overlay,
    own: Overlay,
    release: Release,
    group_number: u64,
    /// The youngest group that could not be lost any more when this one began.
    released: u64,
}

impl Txn {
    pub(crate) fn begin_group(below: Arc<dyn Snapshot>, group_number: u64, released: u64) -> Self {
        Self {
            below,
            group: Overlay::default(),
            early: Overlay::default(),
            own: Overlay::default(),
            release: Release::default(),
            group_number,
            released,
        }
    }

    pub fn get(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        match self.own.get(key).or_else(|| self.group.get(key)) {
            Some(change) => Ok(change),
            None => self.below.get(key),
        }
    }

    /// Up to `limit` entries of the range, from the end that `direction` starts at.
    pub fn scan(&self, range: &KeyRange, limit: usize, direction: Direction) -> Result<Vec<(Key, Bytes)>, StoreError> {
        scan_through(&*self.below, &[&self.group, &self.own], range, limit, direction)
    }

    /// Errors: `TooLarge`, for the key, the value or the whole transaction (see `limits`).
    pub fn put(&mut self, key: Key, value: impl Into<Bytes>) -> Result<(), StoreError> {
        let value = value.into();
        within("a key", key.as_bytes().len(), KEY_BYTES_MAX)?;
        within("a value", value.len(), VALUE_BYTES_MAX)?;
        within("a transaction", self.own.bytes() + key.as_bytes().len() + value.len(), TRANSACTION_BYTES_MAX)?;
        self.own.set(key, Some(value));
        Ok(())
    }

    /// A key that is not there is no error.
    pub fn delete(&mut self, key: Key) {
        self.own.set(key, None);
    }

    pub fn get_record<R: Record>(&self, key: &Key) -> Result<Option<R>, StoreError> {
        read_record(key, self.get(key)?)
    }

    pub fn put_record<R: Record>(&mut self, key: Key, value: &R) -> Result<(), StoreError> {
        let bytes = record::encode(value).map_err(StoreError::record(&key))?;
        self.put(key, bytes)
    }

    pub fn scan_records<R: Record>(
        &self,
        range: &KeyRange,
        limit: usize,
        direction: Direction,
    ) -> Result<Vec<(Key, R)>, StoreError> {
        read_records(self.scan(range, limit, direction)?)
    }

    /// Asks for the answer to leave earlier than when the disk has it.
    pub fn release(&mut self, release: Release) {
        self.release = release;
    }

    /// Changes with each commit: two transactions with the same number become durable together.
    pub(crate) fn group_number(&self) -> u64 {
        self.group_number
    }

    /// Whether what a group has changed could still be lost.
    pub(crate) fn is_under_way(&self, group_number: u64) -> bool {
        group_number > self.released
    }

    /// Nothing was written that could still be lost, neither here nor by an earlier transaction.
    pub(crate) fn reveals_nothing(&self) -> bool {
        self.released + 1 >= self.group_number && self.group.is_empty() && self.own.is_empty()
    }

    /// Ends one caller's part. Answers whether it changed anything, and the release that it asked for.
    pub(crate) fn end_command(&mut self, kept: bool) -> (bool, Release) {
        let own = std::mem::take(&mut self.own);
        let release = std::mem::take(&mut self.release);
        let wrote = kept && !own.is_empty();
        if wrote {
            if release < Release::Durable {
                self.early.append(own.clone());
            }
            self.group.append(own);
        }
        (wrote, release)
    }

    pub(crate) fn group_bytes(&self) -> usize {
        self.group.bytes()
    }

    /// Everything that the group changes, and that part of it whose callers are answered before the sync.
    pub(crate) fn into_changes(self) -> (Batch, Overlay) {
        (self.group.into_batch(), self.early)
    }
}

fn within(what: &'static str, bytes: usize, max: usize) -> Result<(), StoreError> {
    if bytes > max { Err(StoreError::TooLarge { what, bytes, max }) } else { Ok(()) }
}

pub(crate) fn read_record<R: Record>(key: &Key, value: Option<Bytes>) -> Result<Option<R>, StoreError> {
    value.map(|bytes| record::decode(&bytes).map_err(StoreError::record(key))).transpose()
}

pub(crate) fn read_records<R: Record>(entries: Vec<(Key, Bytes)>) -> Result<Vec<(Key, R)>, StoreError> {
    entries
        .into_iter()
        .map(|(key, bytes)| record::decode(&bytes).map_err(StoreError::record(&key)).map(|record| (key, record)))
        .collect()
}
