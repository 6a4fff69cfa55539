//! Things with a life of their own (a queue, a shard, a function's waiting events): state in memory that is rebuilt
//! from the store, commands that change both at once, and timers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use kernel::Timestamp;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::committer::Done;
use crate::error::StoreError;
use crate::key::Key;
use crate::limits::EVENTS_BEHIND_MAX;
use crate::record::{self, Record};
use crate::store::Store;
use crate::txn::{Release, Txn};

/// A machine runs on the thread that commits, one command at a time: it must not block, wait or compute for long.
pub trait Machine: Sized + Send + 'static {
    type Id: Clone + Ord + Send + Sync + 'static;
    type Cmd: Send + 'static;
    type Out: Send + 'static;
    /// What others want to hear of, e.g. that a message became visible.
    type Event: Clone + Send + 'static;

    /// Rebuilds the memory from what is stored, and sets its timers anew.
    fn open(id: &Self::Id, stored: &Txn, fx: &mut Effects<Self::Event>) -> Result<Self, StoreError>;

    /// Changes memory at once, and says through `fx` what is to be stored. The two are never seen apart: if the commit
    /// fails, this machine is dropped and opened again.
    fn apply(&mut self, command: Self::Cmd, fx: &mut Effects<Self::Event>) -> Reply<Self::Out>;

    /// A timer cannot be taken back: one that is no longer wanted, or that another life of this machine set, is
    /// ignored here.
    fn on_timer(&mut self, timer: TimerId, fx: &mut Effects<Self::Event>);
}

/// What a timer is about, in the machine's own numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId(pub u64);

/// An answer and what it waits for.
#[derive(Debug, PartialEq)]
pub struct Reply<T> {
    out: T,
    release: Release,
}

impl<T> Reply<T> {
    /// For what changes nothing. It still waits if this machine has changes under way, which it would reveal.
    pub fn now(out: T) -> Self {
        Self { out, release: Release::Now }
    }

    pub fn written(out: T) -> Self {
        Self { out, release: Release::Written }
    }

    pub fn durable(out: T) -> Self {
        Self { out, release: Release::Durable }
    }
}

/// What a machine wants done besides its answer.
pub struct Effects<E> {
    now: Timestamp,
    changes: Vec<(Key, Option<Bytes>)>,
    timers: Vec<(Timestamp, TimerId)>,
    events: Vec<E>,
    failed: Option<StoreError>,
}

impl<E> Effects<E> {
    pub(crate) fn at(now: Timestamp) -> Self {
        Self { now, changes: Vec::new(), timers: Vec::new(), events: Vec::new(), failed: None }
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A key or value above the store's limits fails the whole command, and the machine is opened again.
    pub fn put(&mut self, key: Key, value: impl Into<Bytes>) {
        self.changes.push((key, Some(value.into())));
    }

    pub fn put_record<R: Record>(&mut self, key: Key, value: &R) {
        match record::encode(value) {
            Ok(bytes) => self.put(key, bytes),
            Err(error) => self.failed = Some(StoreError::record(&key)(error)),
        }
    }

    pub fn delete(&mut self, key: Key) {
        self.changes.push((key, None));
    }

    /// Calls `on_timer` at `due` or soon after, unless the process ends before.
    pub fn timer(&mut self, due: Timestamp, timer: TimerId) {
        self.timers.push((due, timer));
    }

    /// Tells the subscribers once the command's release point is reached.
    pub fn emit(&mut self, event: E) {
        self.events.push(event);
    }

    fn write_to(&mut self, txn: &mut Txn) -> Result<(), StoreError> {
        for (key, value) in self.changes.drain(..) {
            match value {
                Some(value) => txn.put(key, value)?,
                None => txn.delete(key),
            }
        }
        self.failed.take().map_or(Ok(()), Err)
    }
}

/// All machines of one kind. Cheap to clone.
pub struct Machines<M: Machine> {
    shared: Arc<Shared<M>>,
}

impl<M: Machine> Clone for Machines<M> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

struct Shared<M: Machine> {
    store: Store,
    /// Touched by the committing thread only.
    open: Mutex<BTreeMap<M::Id, Opened<M>>>,
    events: broadcast::Sender<(M::Id, M::Event)>,
    /// Holds no more than the machines themselves remember.
    timers: mpsc::UnboundedSender<(Timestamp, M::Id, TimerId)>,
}

struct Opened<M> {
    machine: M,
    /// The group of the last change: while that group is under way, the memory shows what could still be lost.
    changed_in: Option<u64>,
}

impl<M: Machine> Machines<M> {
    /// The second part keeps the time: whoever starts the service runs it as a task.
    pub fn new(store: Store) -> (Self, Timers<M>) {
        let (timers, set) = mpsc::unbounded_channel();
        let shared =
            Arc::new(Shared { store, open: Mutex::default(), events: broadcast::channel(EVENTS_BEHIND_MAX).0, timers });
        let machines = Arc::downgrade(&shared);
        (Self { shared }, Timers { machines, set })
    }

    /// Opens the machine if it is not open, applies the command, and answers at its release point.
    pub async fn call(&self, id: &M::Id, command: M::Cmd) -> Result<M::Out, StoreError> {
        let (reply, answer) = oneshot::channel();
        let tell = move |outcome| {
            // The caller may have gone; the change stays.
            let _ = reply.send(outcome);
        };
        self.shared.submit(id.clone(), move |machine, fx| machine.apply(command, fx), tell).await?;
        answer.await.unwrap_or(Err(StoreError::Abandoned))
    }

    /// Drops the machine's memory after everything that was asked before: its records were deleted, say.
    pub async fn forget(&self, id: &M::Id) -> Result<(), StoreError> {
        let (shared, id) = (self.shared.clone(), id.clone());
        let forget = move |_: &mut Txn| {
            shared.lock().remove(&id);
            Ok(())
        };
        self.shared.store.transact(forget).await
    }

    /// What machines emit from now on. A subscriber that falls far behind is told that it missed some.
    pub fn subscribe(&self) -> broadcast::Receiver<(M::Id, M::Event)> {
        self.shared.events.subscribe()
    }
}

impl<M: Machine> Shared<M> {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<M::Id, Opened<M>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn submit<T: Send + 'static>(
        self: &Arc<Self>,
        id: M::Id,
        work: impl FnOnce(&mut M, &mut Effects<M::Event>) -> Reply<T> + Send + 'static,
        tell: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let shared = self.clone();
        let command = move |txn: &mut Txn| match shared.step(&id, txn, work) {
            Ok(step) => shared.done(id, step, tell),
            Err(error) => Done { kept: false, at_once: false, answer: Box::new(move |_| tell(Err(error))) },
        };
        self.store.submit(Box::new(command)).await
    }

    /// The machine is out of the map while it works: if it fails or panics it is opened again next time.
    fn step<T>(
        &self,
        id: &M::Id,
        txn: &mut Txn,
        work: impl FnOnce(&mut M, &mut Effects<M::Event>) -> Reply<T>,
    ) -> Result<Step<T, M::Event>, StoreError> {
        let mut fx = Effects::at(self.store.clock().now());
        let opened = self.lock().remove(id);
        let mut opened = match opened {
            Some(opened) => opened,
            None => Opened {
                machine: M::open(id, txn, &mut fx)?,
                changed_in: (!txn.reveals_nothing()).then(|| txn.group_number()),
            },
        };
        let Reply { out, release } = work(&mut opened.machine, &mut fx);
        let wrote = !fx.changes.is_empty();
        fx.write_to(txn)?;
        if wrote {
            opened.changed_in = Some(txn.group_number());
        }
        let at_once = release == Release::Now && opened.changed_in != Some(txn.group_number());
        txn.release(if release == Release::Now { Release::Durable } else { release });
        for (due, timer) in fx.timers.drain(..) {
            // Nobody keeps the time any more when the service is stopping.
            let _ = self.timers.send((due, id.clone(), timer));
        }
        self.lock().insert(id.clone(), opened);
        Ok(Step { out, wrote, at_once, events: fx.events })
    }

    fn done<T: Send + 'static>(
        self: Arc<Self>,
        id: M::Id,
        step: Step<T, M::Event>,
        tell: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) -> Done {
        let Step { out, wrote, at_once, events } = step;
        let answer = move |committed: Result<(), StoreError>| {
            if let Err(error) = committed {
                if wrote {
                    self.lock().remove(&id);
                }
                return tell(Err(error));
            }
            for event in events {
                // Nobody need be listening.
                let _ = self.events.send((id.clone(), event));
            }
            tell(Ok(out));
        };
        Done { kept: true, at_once, answer: Box::new(answer) }
    }
}

struct Step<T, E> {
    out: T,
    wrote: bool,
    at_once: bool,
    events: Vec<E>,
}

/// Keeps the time for all machines of one kind.
#[must_use = "without it no timer fires: run it as a task"]
pub struct Timers<M: Machine> {
    machines: Weak<Shared<M>>,
    set: mpsc::UnboundedReceiver<(Timestamp, M::Id, TimerId)>,
}

impl<M: Machine> Timers<M> {
    /// Runs until the machines are gone or the store has ended.
    pub async fn run(mut self) {
        let mut waiting = BinaryHeap::new();
        let Some(clock) = self.machines.upgrade().map(|shared| shared.store.clock().clone()) else { return };
        loop {
            let next_due = async {
                match waiting.peek() {
                    Some(Reverse((due, _, _))) => clock.sleep_until(*due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                set = self.set.recv() => match set {
                    Some(timer) => waiting.push(Reverse(timer)),
                    None => return,
                },
                () = next_due => {
                    let Some(Reverse((_, id, timer))) = waiting.pop() else { continue };
                    if self.fire(id, timer).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    async fn fire(&self, id: M::Id, timer: TimerId) -> Result<(), StoreError> {
        let shared = self.machines.upgrade().ok_or(StoreError::Ended)?;
        let work = move |machine: &mut M, fx: &mut Effects<M::Event>| {
            machine.on_timer(timer, fx);
            // Nobody waits for it: what it changes comes again with the next start.
            Reply::written(())
        };
        let tell = |outcome: Result<(), StoreError>| {
            if let Err(error) = outcome {
                tracing::error!(error = %error, "a timer could not do its work");
            }
        };
        shared.submit(id, work, tell).await
    }
}
