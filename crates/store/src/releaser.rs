//! Lets answers go: one thread syncs what was committed and tells the callers, while the committer is at the next group.
//! A lone caller does the same with its own group.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use kernel::Clock;
use tokio::sync::OwnedSemaphorePermit;

use crate::backend::{Backend, Direction, Snapshot};
use crate::committer::{Answer, Durability, Ended, OnFatal, Waiting};
use crate::error::StoreError;
use crate::key::{Key, KeyRange};
use crate::limits::{GROUPS_UNDER_WAY_MAX, QUICK_SYNC_MICROS_MAX, UNSYNCED_MAX};
use crate::overlay::{Overlay, scan_through};

/// What readers outside of transactions see: nothing that could still be lost, save what was already answered.
#[derive(Clone)]
pub(crate) struct View {
    below: Arc<dyn Snapshot>,
    /// By group, the oldest first: of groups that wait for their sync, the part that was answered before.
    early: Vec<(u64, Arc<Overlay>)>,
}

impl View {
    pub(crate) fn new(below: Arc<dyn Snapshot>) -> Self {
        Self { below, early: Vec::new() }
    }

    pub(crate) fn get(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        match self.early.iter().rev().find_map(|(_, early)| early.get(key)) {
            Some(change) => Ok(change),
            None => self.below.get(key),
        }
    }

    pub(crate) fn scan(
        &self,
        range: &KeyRange,
        limit: usize,
        direction: Direction,
    ) -> Result<Vec<(Key, Bytes)>, StoreError> {
        let layers: Vec<&Overlay> = self.early.iter().map(|(_, early)| &**early).collect();
        scan_through(&*self.below, &layers, range, limit, direction)
    }
}

pub(crate) type Visible = Arc<RwLock<View>>;

/// Callers that were committed together.
pub(crate) struct Group {
    pub(crate) number: u64,
    /// The state with all their changes.
    pub(crate) after: Arc<dyn Snapshot>,
    /// Whether there were any changes.
    pub(crate) wrote: bool,
    pub(crate) waiting: Waiting,
}

/// The committer's end.
pub(crate) struct Releaser {
    shared: Arc<Shared>,
    groups: SyncSender<Coming>,
    /// None: its steps are somebody else's (see `stepped`).
    thread: Option<JoinHandle<()>>,
}

/// The end that syncs and tells.
pub(crate) struct Releasing {
    shared: Arc<Shared>,
    coming: Receiver<Coming>,
}

/// The end that syncs and tells, for a caller who is alone.
pub(crate) struct Alone {
    shared: Arc<Shared>,
    /// The thread does not end before this caller.
    thread: SyncSender<Coming>,
}

/// Nobody else lets a group go meanwhile.
pub(crate) struct Turn<'a> {
    alone: &'a Alone,
    going: MutexGuard<'a, ()>,
}

enum Coming {
    Group(Group),
    /// Something waits for a sync by [`UNSYNCED_MAX`].
    Look,
}

/// Since when the oldest write that was only handed to the operating system waits for its sync, and whether the thread
/// wakes in time for it.
#[derive(Default)]
struct Overdue {
    since: Option<Duration>,
    watched: bool,
}

struct Shared {
    backend: Arc<dyn Backend>,
    durability: Durability,
    clock: Arc<dyn Clock>,
    visible: Visible,
    on_fatal: OnFatal,
    /// The youngest group that everybody may see.
    released: AtomicU64,
    syncs: Arc<AtomicU64>,
    /// How long the last sync took, in microseconds.
    sync_took: AtomicU64,
    /// Held while groups are synced and shown: no younger one is shown before an older one is safe.
    going: Mutex<()>,
    overdue: Mutex<Overdue>,
    ended: AtomicBool,
}

/// What a releaser is made of.
pub(crate) struct Parts {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) durability: Durability,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) visible: Visible,
    /// Counts the syncs.
    pub(crate) syncs: Arc<AtomicU64>,
    pub(crate) on_fatal: OnFatal,
}

impl Releaser {
    pub(crate) fn start(parts: Parts) -> io::Result<Self> {
        let (releaser, releasing) = Self::parts(parts);
        let thread = std::thread::Builder::new().name("releaser".to_owned()).spawn(move || releasing.run())?;
        Ok(Self { thread: Some(thread), ..releaser })
    }

    /// Both ends, without the thread.
    pub(crate) fn parts(parts: Parts) -> (Self, Releasing) {
        let Parts { backend, durability, clock, visible, syncs, on_fatal } = parts;
        let shared = Arc::new(Shared {
            backend,
            durability,
            clock,
            visible,
            on_fatal,
            syncs,
            released: AtomicU64::new(0),
            sync_took: AtomicU64::new(0),
            going: Mutex::default(),
            overdue: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let (groups, coming) = sync_channel(GROUPS_UNDER_WAY_MAX);
        let releasing = Releasing { shared: shared.clone(), coming };
        (Self { shared, groups, thread: None }, releasing)
    }

    /// The youngest group that everybody may see: a younger one could still be lost.
    pub(crate) fn released(&self) -> u64 {
        self.shared.released.load(Ordering::Acquire)
    }

    /// Whether the store may still be written to.
    pub(crate) fn check(&self) -> Result<(), Ended> {
        if self.shared.ended.load(Ordering::Acquire) { Err(Ended) } else { Ok(()) }
    }

    /// Whoever was told that their write is there must be able to read it, even while it waits for the sync of others.
    pub(crate) fn show_early(&self, number: u64, early: Overlay) {
        let mut visible = self.shared.visible.write().unwrap_or_else(PoisonError::into_inner);
        visible.early.push((number, Arc::new(early)));
    }

    /// Takes a group that was committed. Waits while too many are under way: those who ask meanwhile gather.
    pub(crate) fn release(&self, group: Group) -> Result<(), Ended> {
        self.groups.send(Coming::Group(group)).map_err(|_| Ended)
    }

    pub(crate) fn alone(&self) -> Alone {
        Alone { shared: self.shared.clone(), thread: self.groups.clone() }
    }

    pub(crate) fn end(&self, what: &str, error: &io::Error) -> Ended {
        self.shared.end(what, error)
    }

    /// Lets go what is under way, and leaves nothing to the operating system.
    pub(crate) fn finish(self) {
        drop(self.groups);
        // A releaser that panicked has told nobody that their write is safe.
        let _ = self.thread.map(JoinHandle::join);
    }
}

impl Alone {
    /// For the group of that number, if every group before it has gone, nobody is syncing, and the disk is so quick that a
    /// caller may wait for it on a thread that serves others, too.
    pub(crate) fn turn(&self, number: u64) -> Option<Turn<'_>> {
        let going = self.shared.going.try_lock().ok()?;
        let is_next = self.shared.released.load(Ordering::Acquire) + 1 == number;
        let is_quick = self.shared.sync_took.load(Ordering::Relaxed) <= QUICK_SYNC_MICROS_MAX;
        (is_next && is_quick).then_some(Turn { alone: self, going })
    }
}

impl Turn<'_> {
    pub(crate) fn let_go(self, group: Group) -> Result<(), Ended> {
        let Alone { shared, thread } = self.alone;
        shared.sync_and_show(std::slice::from_ref(&group))?;
        drop(self.going);
        tell(group.waiting.durable.into_iter(), &Ok(()));
        if shared.overdue().must_wake() {
            // A thread whose channel is full is awake.
            let _ = thread.try_send(Coming::Look);
        }
        Ok(())
    }
}

impl Releasing {
    fn run(self) {
        loop {
            let groups = match self.next() {
                Ok(Coming::Group(first)) => std::iter::once(first).chain(self.gather()).collect(),
                Ok(Coming::Look) => continue,
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if self.let_go(groups).is_err() {
                return;
            }
        }
        // A clean close leaves nothing to the operating system.
        if !self.shared.ended.load(Ordering::Acquire) {
            let _ = self.shared.sync();
        }
    }

    fn next(&self) -> Result<Coming, RecvTimeoutError> {
        match self.shared.watched() {
            None => self.coming.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(left) => self.coming.recv_timeout(left),
        }
    }

    /// How long what was only handed to the operating system may still wait for its sync.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.shared.left()
    }

    /// What was committed and not let go.
    pub(crate) fn gather(&self) -> Vec<Group> {
        let group = |coming| match coming {
            Coming::Group(group) => Some(group),
            Coming::Look => None,
        };
        self.coming.try_iter().filter_map(group).collect()
    }

    pub(crate) fn needs_sync(&self, groups: &[Group]) -> bool {
        self.shared.needs_sync(groups)
    }

    pub(crate) fn let_go(&self, groups: Vec<Group>) -> Result<(), Ended> {
        self.shared.let_go(groups)
    }
}

impl Overdue {
    /// Whether the thread sleeps on and knows nothing of a write that waits; it is told only once.
    fn must_wake(&mut self) -> bool {
        let must = self.since.is_some() && !self.watched;
        self.watched |= must;
        must
    }
}

impl Shared {
    fn overdue(&self) -> MutexGuard<'_, Overdue> {
        self.overdue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn left(&self) -> Option<Duration> {
        let since = self.overdue().since?;
        Some((since + UNSYNCED_MAX).saturating_sub(self.clock.monotonic()))
    }

    /// How long the thread may sleep.
    fn watched(&self) -> Option<Duration> {
        let left = self.left();
        self.overdue().watched = left.is_some();
        left
    }

    fn needs_sync(&self, groups: &[Group]) -> bool {
        let is_asked = self.durability != Durability::Relaxed && groups.iter().any(|group| group.waiting.needs_sync);
        is_asked || self.left() == Some(Duration::ZERO)
    }

    fn let_go(&self, groups: Vec<Group>) -> Result<(), Ended> {
        let going = self.going.lock().unwrap_or_else(PoisonError::into_inner);
        self.sync_and_show(&groups)?;
        drop(going);
        for group in groups {
            tell(group.waiting.durable.into_iter(), &Ok(()));
        }
        Ok(())
    }

    /// One sync serves every group that was committed before it.
    fn sync_and_show(&self, groups: &[Group]) -> Result<(), Ended> {
        if self.needs_sync(groups) && !kernel::sabotaged!("syncs are skipped") {
            self.sync()?;
            self.overdue().since = None;
        } else if !kernel::sabotaged!("what is written is never synced") && groups.iter().any(|group| group.wrote) {
            let now = self.clock.monotonic();
            self.overdue().since.get_or_insert(now);
        }
        if let Some(last) = groups.last() {
            let mut visible = self.visible.write().unwrap_or_else(PoisonError::into_inner);
            visible.below = last.after.clone();
            visible.early.retain(|(number, _)| *number > last.number);
            drop(visible);
            self.released.store(last.number, Ordering::Release);
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), Ended> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        let began = self.clock.monotonic();
        self.backend.sync().map_err(|error| self.end("a sync", &error))?;
        let took = self.clock.monotonic().saturating_sub(began).as_micros();
        self.sync_took.store(u64::try_from(took).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(())
    }

    fn end(&self, what: &str, error: &io::Error) -> Ended {
        self.ended.store(true, Ordering::Release);
        let words = format!(
            "{what} to the data folder failed ({error}); ending, because what is on the disk is no longer known. \
             What was answered as durable is safe; check the disk and start again"
        );
        tracing::error!("{words}");
        (self.on_fatal)(&words);
        Ended
    }
}

pub(crate) fn tell(answers: impl Iterator<Item = (Answer, OwnedSemaphorePermit)>, outcome: &Result<(), StoreError>) {
    for (answer, _place) in answers {
        answer(outcome.clone());
    }
}
