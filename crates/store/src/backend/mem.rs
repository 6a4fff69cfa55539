//! The engine in memory: for `--ephemeral`, and for tests with faults that are named in advance.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::{Backend, Batch, CommitError, Direction, Entries, Snapshot};
use crate::error::StoreError;
use crate::key::{Key, KeyRange};

/// Entries that a scan copies under the lock at a time.
const SCAN_CHUNK: usize = 64;

/// What goes wrong, and when: numbers count from 1, and each fault happens once.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// These commits change nothing and say so.
    pub refuse_commits: Vec<u64>,
    /// These commits fail, and nobody knows what is on disk.
    pub fail_commits: Vec<u64>,
    /// These syncs fail.
    pub fail_syncs: Vec<u64>,
}

/// Called with the number of a commit or a sync before it happens; may block.
pub type Gate = Arc<dyn Fn(Step) + Send + Sync>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Commit(u64),
    Sync(u64),
}

#[derive(Clone, Default)]
pub struct Mem {
    state: Arc<Mutex<State>>,
    faults: Faults,
    gate: Option<Gate>,
}

#[derive(Default)]
struct State {
    /// For each key its values by the commit that wrote them, oldest first.
    versions: BTreeMap<Key, Vec<(u64, Option<Bytes>)>>,
    /// Keys that were deleted, by the commit that did: they go when no state is read any more in which they were.
    deleted: VecDeque<(u64, Key)>,
    commits: u64,
    synced_commits: u64,
    syncs: u64,
    /// How many snapshots still read each state.
    snapshots: BTreeMap<u64, usize>,
}

impl State {
    fn forget_deleted(&mut self, oldest_read: u64) {
        while self.deleted.front().is_some_and(|(commit, _)| *commit <= oldest_read) {
            let Some((_, key)) = self.deleted.pop_front() else { return };
            if let Some(versions) = self.versions.get_mut(&key) {
                forget_unread(versions, oldest_read);
                if matches!(versions.as_slice(), [(_, None)]) {
                    self.versions.remove(&key);
                }
            }
        }
    }
}

impl Mem {
    pub fn with_faults(faults: Faults) -> Self {
        Self { faults, ..Self::default() }
    }

    /// Lets a test hold commits and syncs back until it wants them.
    #[must_use]
    pub fn with_gate(mut self, gate: Gate) -> Self {
        self.gate = Some(gate);
        self
    }

    /// What would be found after a power cut now: only what was synced.
    pub fn after_power_cut(&self) -> Self {
        self.after_power_cut_with(0)
    }

    /// The same, where the operating system had written some of the commits after that: up to so many of the oldest.
    pub fn after_power_cut_with(&self, unsynced: u64) -> Self {
        let state = self.lock();
        let kept = state.synced_commits.saturating_add(unsynced).min(state.commits);
        let mut survivor = State { commits: kept, synced_commits: kept, ..State::default() };
        for (key, versions) in &state.versions {
            if let Some(value) = value_at(versions, kept) {
                survivor.versions.insert(key.clone(), vec![(kept, Some(value))]);
            }
        }
        Self { state: Arc::new(Mutex::new(survivor)), ..Self::default() }
    }

    /// Commits that a power cut now could take.
    pub fn unsynced_commits(&self) -> u64 {
        let state = self.lock();
        state.commits - state.synced_commits
    }

    /// Commits and syncs so far.
    pub fn counts(&self) -> (u64, u64) {
        let state = self.lock();
        (state.commits, state.syncs)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn pass(&self, step: Step) {
        if let Some(gate) = &self.gate {
            gate(step);
        }
    }
}

/// A panic while the lock was held cannot have left a half-made change: each change is one insertion.
fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn value_at(versions: &[(u64, Option<Bytes>)], at: u64) -> Option<Bytes> {
    versions.iter().rev().find(|(commit, _)| *commit <= at).and_then(|(_, value)| value.clone())
}

impl Backend for Mem {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        let mut state = self.lock();
        let at = state.commits;
        *state.snapshots.entry(at).or_default() += 1;
        Arc::new(MemSnapshot { state: self.state.clone(), at })
    }

    fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        let number = self.lock().commits + 1;
        self.pass(Step::Commit(number));
        if self.faults.refuse_commits.contains(&number) {
            self.lock().commits = number;
            return Err(CommitError::Refused("the disk is full (injected)".to_owned()));
        }
        if self.faults.fail_commits.contains(&number) {
            return Err(CommitError::Fatal(std::io::Error::other("input/output error (injected)")));
        }
        let mut state = self.lock();
        let oldest_read = state.snapshots.keys().next().copied().unwrap_or(number).min(state.synced_commits);
        for (key, value) in batch {
            if value.is_none() {
                state.deleted.push_back((number, key.clone()));
            }
            let versions = state.versions.entry(key).or_default();
            versions.push((number, value));
            forget_unread(versions, oldest_read);
        }
        state.forget_deleted(oldest_read);
        state.commits = number;
        Ok(())
    }

    fn sync(&self) -> Result<(), std::io::Error> {
        // What is committed while it runs waits for the next one.
        let (number, commits) = {
            let state = self.lock();
            (state.syncs + 1, state.commits)
        };
        self.pass(Step::Sync(number));
        let mut state = self.lock();
        state.syncs = number;
        if self.faults.fail_syncs.contains(&number) {
            return Err(std::io::Error::other("input/output error (injected)"));
        }
        state.synced_commits = commits;
        Ok(())
    }
}

/// Keeps the newest version that `oldest_read` sees, and everything younger.
fn forget_unread(versions: &mut Vec<(u64, Option<Bytes>)>, oldest_read: u64) {
    let seen = versions.iter().rposition(|(commit, _)| *commit <= oldest_read).unwrap_or(0);
    versions.drain(..seen);
}

struct MemSnapshot {
    state: Arc<Mutex<State>>,
    at: u64,
}

impl MemSnapshot {
    fn chunk(&self, range: &KeyRange, direction: Direction) -> (Vec<(Key, Bytes)>, Option<Key>) {
        if range.is_empty() {
            return (Vec::new(), None);
        }
        let state = lock(&self.state);
        let bounds = (Bound::Included(&range.start), Bound::Excluded(&range.end));
        let mut entries = state.versions.range::<Key, _>(bounds);
        let mut found = Vec::new();
        let mut last = None;
        while found.len() < SCAN_CHUNK {
            let next = match direction {
                Direction::Forward => entries.next(),
                Direction::Backward => entries.next_back(),
            };
            let Some((key, versions)) = next else { return (found, None) };
            last = Some(key.clone());
            found.extend(value_at(versions, self.at).map(|value| (key.clone(), value)));
        }
        (found, last)
    }
}

impl Snapshot for MemSnapshot {
    fn get(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        Ok(lock(&self.state).versions.get(key).and_then(|versions| value_at(versions, self.at)))
    }

    fn scan<'a>(&'a self, range: &KeyRange, direction: Direction) -> Entries<'a> {
        let mut range = Some(range.clone());
        let chunks = std::iter::from_fn(move || {
            let (found, last) = self.chunk(range.as_ref()?, direction);
            range = range.take().zip(last).map(|(range, last)| match direction {
                Direction::Forward => range.continued_after(&last),
                Direction::Backward => range.continued_before(&last),
            });
            Some(found)
        });
        Box::new(chunks.flatten().map(Ok))
    }
}

impl Drop for MemSnapshot {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        if let Some(readers) = state.snapshots.get_mut(&self.at) {
            *readers -= 1;
            if *readers == 0 {
                state.snapshots.remove(&self.at);
            }
        }
    }
}
