use std::collections::BTreeMap;

use bytes::Bytes;

use crate::backend::{Batch, Direction, Entries, Snapshot};
use crate::error::StoreError;
use crate::key::{Key, KeyRange};

/// Changes that lie over a state of the backend. `None` is a deletion.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overlay {
    changes: BTreeMap<Key, Option<Bytes>>,
    bytes: usize,
}

impl Overlay {
    pub(crate) fn set(&mut self, key: Key, value: Option<Bytes>) {
        self.bytes += key.as_bytes().len() + value.as_ref().map_or(0, Bytes::len);
        self.changes.insert(key, value);
    }

    /// The outer `None` says that the state below decides.
    pub(crate) fn get(&self, key: &Key) -> Option<Option<Bytes>> {
        self.changes.get(key).cloned()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Bytes of everything that was ever set, what was set twice counted twice.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn append(&mut self, newer: Overlay) {
        self.bytes += newer.bytes;
        self.changes.extend(newer.changes);
    }

    pub(crate) fn into_batch(self) -> Batch {
        self.changes.into_iter().collect()
    }

    fn within<'a>(&'a self, range: &KeyRange) -> impl Iterator<Item = (&'a Key, &'a Option<Bytes>)> {
        let bounds = (!range.is_empty()).then(|| range.start.clone()..range.end.clone());
        bounds.into_iter().flat_map(|bounds| self.changes.range(bounds))
    }
}

/// Reads a range of `below` with `layers` over it, the lowest layer first.
pub(crate) fn scan_through(
    below: &dyn Snapshot,
    layers: &[&Overlay],
    range: &KeyRange,
    limit: usize,
    direction: Direction,
) -> Result<Vec<(Key, Bytes)>, StoreError> {
    if range.is_empty() || limit == 0 {
        return Ok(Vec::new());
    }
    let mut over: BTreeMap<&Key, &Option<Bytes>> = BTreeMap::new();
    for layer in layers {
        over.extend(layer.within(range));
    }
    let entries = below.scan(range, direction);
    if over.is_empty() {
        return entries.take(limit).collect();
    }
    let over: Vec<_> = match direction {
        Direction::Forward => over.into_iter().collect(),
        Direction::Backward => over.into_iter().rev().collect(),
    };
    merge(entries, &over, limit, direction)
}

fn merge(
    entries: Entries<'_>,
    over: &[(&Key, &Option<Bytes>)],
    limit: usize,
    direction: Direction,
) -> Result<Vec<(Key, Bytes)>, StoreError> {
    let comes_first = |a: &Key, b: &Key| match direction {
        Direction::Forward => a <= b,
        Direction::Backward => a >= b,
    };
    let mut merged = Vec::new();
    let mut over = over.iter().peekable();
    for entry in entries {
        let (key, value) = entry?;
        let mut replaced = false;
        while merged.len() < limit
            && let Some((changed, change)) = over.next_if(|(changed, _)| comes_first(changed, &key))
        {
            replaced |= **changed == key;
            merged.extend(change.as_ref().map(|value| ((*changed).clone(), value.clone())));
        }
        if merged.len() >= limit {
            return Ok(merged);
        }
        if !replaced {
            merged.push((key, value));
        }
    }
    let left = over.filter_map(|(key, change)| change.as_ref().map(|value| ((*key).clone(), value.clone())));
    let room = limit.saturating_sub(merged.len());
    merged.extend(left.take(room));
    Ok(merged)
}
