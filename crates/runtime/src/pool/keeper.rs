//! Environments that are kept for provisioned concurrency: started ahead, replaced when they end.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, Weak};

use tokio::sync::{Notify, watch};

use super::{Inner, Life};
use crate::contract::{FunctionSpec, KeepFailure, Kept};
use crate::limits::REPLACE_PAUSE;

/// Keeps the environments of one version.
pub struct Keeper {
    spec: Arc<FunctionSpec>,
    wanted: AtomicUsize,
    /// One that was initialised has ended.
    has_lost: AtomicBool,
    /// It was let go: another may keep this version by now.
    is_over: AtomicBool,
    /// The task has something to do.
    changed: Notify,
    state: watch::Sender<Kept>,
}

impl Keeper {
    /// Tells how its environments stand; an environment of it has become free, or has ended.
    pub fn look(&self, pool: &Inner) {
        let (_, initialised) = pool.schedule().kept(&self.spec.function_arn, &self.spec.generation);
        let ready = u32::try_from(initialised).unwrap_or(u32::MAX);
        let changed = self.state.send_if_modified(|state| {
            let before = std::mem::replace(&mut state.ready, ready);
            if ready < before {
                self.has_lost.store(true, Ordering::SeqCst);
            }
            before != ready
        });
        if changed {
            self.changed.notify_one();
        }
    }

    pub fn fail(&self, failure: KeepFailure) {
        self.state.send_modify(|state| state.failure = Some(failure));
        self.changed.notify_one();
    }

    fn missing(&self, pool: &Inner) -> usize {
        if self.state.borrow().failure.is_some() {
            return 0;
        }
        let (all, _) = pool.schedule().kept(&self.spec.function_arn, &self.spec.generation);
        self.wanted.load(Ordering::SeqCst).saturating_sub(all)
    }

    fn keep(&self, pool: &Inner, count: u32) {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.wanted.store(count, Ordering::SeqCst);
        self.state.send_modify(|state| state.failure = None);
        pool.schedule().trim(&self.spec.function_arn, &self.spec.generation, count);
        self.look(pool);
        self.has_lost.store(false, Ordering::SeqCst);
        self.changed.notify_one();
    }

    fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.changed.notify_one();
    }
}

/// Keeps so many environments of a spec; the version's others end.
pub fn keep(pool: &Arc<Inner>, spec: Arc<FunctionSpec>, count: u32, life: Life) -> watch::Receiver<Kept> {
    let mut keepers = pool.keepers.lock().unwrap_or_else(PoisonError::into_inner);
    let known = keepers.get(&spec.function_arn).filter(|keeper| keeper.spec.generation == spec.generation);
    if let Some(keeper) = known {
        keeper.keep(pool, count);
        return keeper.state.subscribe();
    }
    let keeper = Arc::new(Keeper {
        wanted: AtomicUsize::new(usize::try_from(count).unwrap_or(usize::MAX)),
        has_lost: AtomicBool::new(false),
        is_over: AtomicBool::new(false),
        changed: Notify::new(),
        state: watch::Sender::new(Kept::default()),
        spec,
    });
    if let Some(other) = keepers.insert(keeper.spec.function_arn.clone(), keeper.clone()) {
        other.end();
        pool.schedule().let_go(&other.spec.function_arn);
    }
    let answer = keeper.state.subscribe();
    tokio::spawn(work(Arc::downgrade(pool), keeper, life));
    answer
}

pub fn let_go(pool: &Inner, function_arn: &str) {
    let keeper = pool.keepers.lock().unwrap_or_else(PoisonError::into_inner).remove(function_arn);
    if let Some(keeper) = keeper {
        keeper.end();
        pool.schedule().let_go(function_arn);
    }
}

/// Starts what is missing, and sleeps while nothing is.
async fn work(pool: Weak<Inner>, keeper: Arc<Keeper>, life: Life) {
    let mut stop = life.stop.clone();
    loop {
        let Some(inner) = pool.upgrade() else { return };
        if keeper.is_over.load(Ordering::SeqCst) || *stop.borrow() {
            return;
        }
        if keeper.missing(&inner) == 0 {
            drop(inner);
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = keeper.changed.notified() => continue,
            }
        }
        if keeper.has_lost.swap(false, Ordering::SeqCst) {
            // A function that ends again and again while it waits must not keep the machine busy.
            let pause = inner.platform.clock.pause(REPLACE_PAUSE);
            drop(inner);
            pause.await;
            continue;
        }
        let launch = match inner.launch(&keeper.spec.runtime).await {
            Ok(launch) => launch,
            Err(error) => {
                keeper.fail(KeepFailure::Start(error.to_string()));
                continue;
            }
        };
        let starts = inner.starts.clone();
        drop(inner);
        let permit = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return,
            permit = starts.acquire_owned() => permit,
        };
        let (Ok(permit), Some(inner)) = (permit, pool.upgrade()) else { return };
        if !keeper.is_over.load(Ordering::SeqCst) && keeper.missing(&inner) > 0 {
            inner.start(&keeper.spec, launch, permit, life.clone(), Some(keeper.clone()));
        }
    }
}
