//! Things with a life of their own (a queue, a shard, a function's waiting events): state in memory that is rebuilt
//! from the store, commands that change both at once, and timers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use kernel::Timestamp;
use tokio::sync::{broadcast, mpsc, oneshot};

use crate::committer::Done;
use crate::error::StoreError;
use crate::key::Key;
use crate::limits::{EVENTS_BEHIND_MAX, HANDED_ON_MAX};
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
    fn open(id: &Self::Id, stored: &Txn, fx: &mut Effects<Self>) -> Result<Self, StoreError>;

    /// Changes memory at once, and says through `fx` what is to be stored. The two are never seen apart: if the commit
    /// fails, this machine is dropped and opened again. `stored` shows what was stored before this command.
    fn apply(&mut self, command: Self::Cmd, stored: &Txn, fx: &mut Effects<Self>) -> Reply<Self::Out>;

    /// A timer cannot be taken back: one that is no longer wanted, or that another life of this machine set, is
    /// ignored here.
    fn on_timer(&mut self, timer: TimerId, stored: &Txn, fx: &mut Effects<Self>);
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

/// What is done once a release point is reached.
type Afterwards = Box<dyn FnOnce() + Send>;

/// What a machine wants done besides its answer.
pub struct Effects<M: Machine> {
    now: Timestamp,
    changes: Vec<(Key, Option<Bytes>)>,
    timers: Vec<(Timestamp, TimerId)>,
    events: Vec<M::Event>,
    afterwards: Vec<Afterwards>,
    handed_on: VecDeque<(M::Id, M::Cmd)>,
    failed: Option<StoreError>,
}

impl<M: Machine> Effects<M> {
    pub(crate) fn at(now: Timestamp) -> Self {
        Self {
            now,
            changes: Vec::new(),
            timers: Vec::new(),
            events: Vec::new(),
            afterwards: Vec::new(),
            handed_on: VecDeque::new(),
            failed: None,
        }
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

    /// What this command itself has put under a key, which `stored` does not show.
    pub fn put_by_now(&self, key: &Key) -> Option<&Bytes> {
        self.changes.iter().rev().find(|(changed, _)| changed == key).and_then(|(_, value)| value.as_ref())
    }

    /// Calls `on_timer` at `due` or soon after, unless the process ends before.
    pub fn timer(&mut self, due: Timestamp, timer: TimerId) {
        self.timers.push((due, timer));
    }

    /// Tells the subscribers once the command's release point is reached.
    pub fn emit(&mut self, event: M::Event) {
        self.events.push(event);
    }

    /// Runs `work` once the command's release point is reached, and never if its changes were not kept: the answer to
    /// somebody who has been waiting for this command.
    pub fn afterwards(&mut self, work: impl FnOnce() + Send + 'static) {
        self.afterwards.push(Box::new(work));
    }

    /// Gives `command` to another machine of this kind, after this one and before anybody else's: what both change is kept
    /// together or not at all. Nobody gets its answer.
    pub fn hand_on(&mut self, id: M::Id, command: M::Cmd) {
        self.handed_on.push_back((id, command));
    }

    /// Fails the whole command, and every machine that it touched is opened again.
    pub fn fail(&mut self, error: StoreError) {
        self.failed = Some(error);
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
    /// The command that is running has changed something here.
    wrote: bool,
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
        self.shared.submit(id.clone(), move |machine, stored, fx| machine.apply(command, stored, fx), tell).await?;
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
        work: impl FnOnce(&mut M, &Txn, &mut Effects<M>) -> Reply<T> + Send + 'static,
        tell: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) -> Result<(), StoreError> {
        let shared = self.clone();
        let command = move |txn: &mut Txn| match shared.step(&id, txn, work) {
            Ok(step) => shared.done(step, tell),
            Err(error) => Done { kept: false, at_once: false, answer: Box::new(move |_| tell(Err(error))) },
        };
        self.store.submit(Box::new(command)).await
    }

    /// The machines that take part are out of the map while they work: if one fails or panics, all of them are opened again
    /// next time.
    fn step<T>(
        &self,
        id: &M::Id,
        txn: &mut Txn,
        work: impl FnOnce(&mut M, &Txn, &mut Effects<M>) -> Reply<T>,
    ) -> Result<Step<T, M>, StoreError> {
        let mut fx = Effects::at(self.store.clock().now());
        let mut first = self.take(id, txn, &mut fx)?;
        let Reply { out, release } = work(&mut first.machine, txn, &mut fx);
        let mut events = Vec::new();
        self.settle(id, &mut first, txn, &mut fx, &mut events)?;
        let at_once = release == Release::Now && !first.changed_in.is_some_and(|group| txn.is_under_way(group));
        let mut working = vec![(id.clone(), first)];
        let mut handed_on = 0;
        while let Some((id, command)) = fx.handed_on.pop_front() {
            handed_on += 1;
            if handed_on > HANDED_ON_MAX {
                return Err(StoreError::Abandoned);
            }
            let at = match working.iter().position(|(other, _)| *other == id) {
                Some(at) => at,
                None => {
                    working.push((id.clone(), self.take(&id, txn, &mut fx)?));
                    working.len() - 1
                }
            };
            let (id, opened) = &mut working[at];
            opened.machine.apply(command, txn, &mut fx);
            self.settle(id, opened, txn, &mut fx, &mut events)?;
        }
        txn.release(if release == Release::Now { Release::Durable } else { release });
        let wrote = working.iter().filter(|(_, opened)| opened.wrote).map(|(id, _)| id.clone()).collect();
        let mut open = self.lock();
        for (id, mut opened) in working {
            opened.wrote = false;
            open.insert(id, opened);
        }
        Ok(Step { out, wrote, at_once, events, afterwards: fx.afterwards })
    }

    fn take(&self, id: &M::Id, txn: &Txn, fx: &mut Effects<M>) -> Result<Opened<M>, StoreError> {
        let opened = self.lock().remove(id);
        match opened {
            Some(opened) => Ok(opened),
            None => Ok(Opened {
                machine: M::open(id, txn, fx)?,
                changed_in: (!txn.reveals_nothing()).then(|| txn.group_number()),
                wrote: false,
            }),
        }
    }

    fn settle(
        &self,
        id: &M::Id,
        opened: &mut Opened<M>,
        txn: &mut Txn,
        fx: &mut Effects<M>,
        events: &mut Vec<(M::Id, M::Event)>,
    ) -> Result<(), StoreError> {
        if !fx.changes.is_empty() {
            opened.wrote = true;
            opened.changed_in = Some(txn.group_number());
        }
        fx.write_to(txn)?;
        for (due, timer) in fx.timers.drain(..) {
            // Nobody keeps the time any more when the service is stopping.
            let _ = self.timers.send((due, id.clone(), timer));
        }
        events.extend(fx.events.drain(..).map(|event| (id.clone(), event)));
        Ok(())
    }

    fn done<T: Send + 'static>(
        self: Arc<Self>,
        step: Step<T, M>,
        tell: impl FnOnce(Result<T, StoreError>) + Send + 'static,
    ) -> Done {
        let Step { out, wrote, at_once, events, afterwards } = step;
        let answer = move |committed: Result<(), StoreError>| {
            if let Err(error) = committed {
                let mut open = self.lock();
                for id in &wrote {
                    open.remove(id);
                }
                drop(open);
                return tell(Err(error));
            }
            for event in events {
                // Nobody need be listening.
                let _ = self.events.send(event);
            }
            for work in afterwards {
                work();
            }
            tell(Ok(out));
        };
        Done { kept: true, at_once, answer: Box::new(answer) }
    }
}

struct Step<T, M: Machine> {
    out: T,
    wrote: Vec<M::Id>,
    at_once: bool,
    events: Vec<(M::Id, M::Event)>,
    afterwards: Vec<Afterwards>,
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
                    if kernel::sabotaged!("timers are lost") {
                        continue;
                    }
                    if self.fire(id, timer).await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    async fn fire(&self, id: M::Id, timer: TimerId) -> Result<(), StoreError> {
        let shared = self.machines.upgrade().ok_or(StoreError::Ended)?;
        let work = move |machine: &mut M, stored: &Txn, fx: &mut Effects<M>| {
            machine.on_timer(timer, stored, fx);
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
