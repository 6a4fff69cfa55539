//! When answers leave, and what may be seen before: over the engine in memory, whose commits and syncs a test can hold.

mod world;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use store::backend::mem::{Faults, Mem, Step};
use store::{Direction, Durability, KeyRange, Release, Store, StoreError};
use tokio::task::JoinHandle;
use world::{account, faulty, key, over};

/// Holds the engine before each sync until the test allows it.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<GateState>, Condvar)>);

#[derive(Default)]
struct GateState {
    syncs_allowed: u64,
    sync_begun: u64,
}

impl Gate {
    fn pass(&self, step: Step) {
        let Step::Sync(number) = step else { return };
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        state.sync_begun = number;
        changed.notify_all();
        while state.syncs_allowed < number {
            state = changed.wait(state).unwrap();
        }
    }

    fn wait_for_sync(&self, number: u64) {
        let (state, changed) = &*self.0;
        let mut state = state.lock().unwrap();
        while state.sync_begun < number {
            state = changed.wait(state).unwrap();
        }
    }

    fn allow_syncs(&self, up_to: u64) {
        let (state, changed) = &*self.0;
        state.lock().unwrap().syncs_allowed = up_to;
        changed.notify_all();
    }
}

/// A store whose syncs (and only they) stop at the gate.
fn held_at_syncs(gate: &Gate) -> (Store, Mem) {
    let gate = gate.clone();
    let mem = Mem::default().with_gate(Arc::new(move |step| gate.pass(step)));
    (over(mem.clone(), Durability::Durable), mem)
}

fn put(store: &Store, name: &'static str, release: Release) -> JoinHandle<Result<(), StoreError>> {
    let store = store.clone();
    tokio::spawn(async move {
        store
            .transact(move |txn| {
                txn.release(release);
                txn.put(key(name), &b"1"[..])
            })
            .await
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_waits_for_the_sync_and_readers_see_nothing_before() {
    let gate = Gate::default();
    let (store, mem) = held_at_syncs(&gate);
    let durable = put(&store, "a", Release::Durable);
    gate.wait_for_sync(1);
    assert!(!durable.is_finished());
    assert_eq!(store.get(&key("a")).unwrap(), None);
    assert!(store.scan(&KeyRange::prefix(&account()), 9, Direction::Forward).unwrap().is_empty());
    let cut = over(mem.after_power_cut(), Durability::Durable);
    assert_eq!(cut.get(&key("a")).unwrap(), None);
    gate.allow_syncs(u64::MAX);
    durable.await.unwrap().unwrap();
    assert!(store.get(&key("a")).unwrap().is_some());
    let cut = over(mem.after_power_cut(), Durability::Durable);
    assert!(cut.get(&key("a")).unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_written_answer_leaves_before_the_sync_of_others_and_can_be_read() {
    let gate = Gate::default();
    let (store, _) = held_at_syncs(&gate);
    let first = put(&store, "first", Release::Durable);
    gate.wait_for_sync(1);
    let durable = put(&store, "durable", Release::Durable);
    let written = put(&store, "written", Release::Written);
    written.await.unwrap().unwrap();
    assert!(store.get(&key("written")).unwrap().is_some());
    gate.allow_syncs(1);
    first.await.unwrap().unwrap();
    gate.wait_for_sync(2);
    assert!(store.get(&key("written")).unwrap().is_some());
    assert!(!durable.is_finished());
    assert_eq!(store.get(&key("durable")).unwrap(), None);
    gate.allow_syncs(u64::MAX);
    durable.await.unwrap().unwrap();
    assert!(store.get(&key("durable")).unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_during_a_sync_waits_for_its_own() {
    let gate = Gate::default();
    let (store, mem) = held_at_syncs(&gate);
    let first = put(&store, "first", Release::Durable);
    gate.wait_for_sync(1);
    let second = put(&store, "second", Release::Durable);
    while mem.counts().0 < 2 {
        tokio::task::yield_now().await;
    }
    gate.allow_syncs(1);
    first.await.unwrap().unwrap();
    gate.wait_for_sync(2);
    assert!(!second.is_finished());
    assert!(store.get(&key("first")).unwrap().is_some());
    assert_eq!(store.get(&key("second")).unwrap(), None);
    let cut = over(mem.after_power_cut(), Durability::Durable);
    assert!(cut.get(&key("first")).unwrap().is_some());
    assert_eq!(cut.get(&key("second")).unwrap(), None);
    gate.allow_syncs(u64::MAX);
    second.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_could_have_read_what_may_still_be_lost_waits_with_it() {
    let gate = Gate::default();
    let (store, _) = held_at_syncs(&gate);
    let unsynced = put(&store, "a", Release::Durable);
    gate.wait_for_sync(1);
    let reading = {
        let store = store.clone();
        tokio::spawn(async move { store.transact(|txn| txn.get(&key("a"))).await })
    };
    while store.waiting() < 2 {
        tokio::task::yield_now().await;
    }
    // A later write is answered when the operating system has it: by then the reader's turn was long over.
    put(&store, "b", Release::Written).await.unwrap().unwrap();
    assert!(!reading.is_finished());
    gate.allow_syncs(u64::MAX);
    unsynced.await.unwrap().unwrap();
    assert!(reading.await.unwrap().unwrap().is_some());
    // Nothing is under way any more: nobody waits for a disk that is held back.
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_of_several_early_answers_is_what_readers_see() {
    let gate = Gate::default();
    let (store, _) = held_at_syncs(&gate);
    let durable = put(&store, "z", Release::Durable);
    gate.wait_for_sync(1);
    for value in ["1", "2", "3"] {
        let early = store.transact(move |txn| {
            txn.release(Release::Written);
            txn.put(key("a"), value)?;
            txn.put(key(value), value)
        });
        early.await.map_err(|error: StoreError| error).unwrap();
        assert_eq!(store.get(&key("a")).unwrap().as_deref(), Some(value.as_bytes()));
    }
    assert_eq!(store.scan(&KeyRange::prefix(&account()), 9, Direction::Forward).unwrap().len(), 4);
    gate.allow_syncs(u64::MAX);
    durable.await.unwrap().unwrap();
    store.close().await;
    assert_eq!(store.get(&key("a")).unwrap().as_deref(), Some(&b"3"[..]));
    assert_eq!(store.scan(&KeyRange::prefix(&account()), 9, Direction::Forward).unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_written_change_is_synced_soon_without_anybody_asking() {
    let gate = Gate::default();
    let (store, mem) = held_at_syncs(&gate);
    put(&store, "a", Release::Written).await.unwrap().unwrap();
    assert!(store.get(&key("a")).unwrap().is_some());
    assert_eq!(over(mem.after_power_cut(), Durability::Durable).get(&key("a")).unwrap(), None);
    gate.wait_for_sync(1);
    gate.allow_syncs(u64::MAX);
    store.close().await;
    assert!(over(mem.after_power_cut(), Durability::Durable).get(&key("a")).unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn relaxed_answers_do_not_wait_for_a_sync_and_a_close_syncs() {
    let mem = Mem::default();
    let store = over(mem.clone(), Durability::Relaxed);
    put(&store, "a", Release::Durable).await.unwrap().unwrap();
    assert!(store.get(&key("a")).unwrap().is_some());
    store.close().await;
    assert!(over(mem.after_power_cut(), Durability::Durable).get(&key("a")).unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_wait_share_one_sync() {
    let gate = Gate::default();
    let (store, mem) = held_at_syncs(&gate);
    let first = put(&store, "first", Release::Durable);
    gate.wait_for_sync(1);
    let others: Vec<_> = (0..100)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move {
                store.transact(move |txn| txn.put(key("n").part_u64(n), &b""[..])).await.map_err(|e: StoreError| e)
            })
        })
        .collect();
    while store.waiting() < 101 {
        tokio::task::yield_now().await;
    }
    gate.allow_syncs(1);
    first.await.unwrap().unwrap();
    gate.wait_for_sync(2);
    gate.allow_syncs(u64::MAX);
    for other in others {
        other.await.unwrap().unwrap();
    }
    // How many groups they made, and which of them had come when the second sync began, is up to the scheduler.
    assert!(mem.counts().1 <= 6, "{:?}", mem.counts());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_commit_reaches_its_callers_and_the_store_goes_on() {
    let mem = Mem::with_faults(Faults { refuse_commits: vec![2], ..Faults::default() });
    let store = faulty(mem);
    put(&store, "a", Release::Durable).await.unwrap().unwrap();
    assert!(matches!(put(&store, "b", Release::Durable).await.unwrap(), Err(StoreError::Refused(_))));
    put(&store, "c", Release::Durable).await.unwrap().unwrap();
    assert_eq!(store.get(&key("b")).unwrap(), None);
    assert!(store.get(&key("c")).unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_write_or_sync_acknowledges_nothing_and_ends_the_store() {
    for faults in
        [Faults { fail_commits: vec![2], ..Faults::default() }, Faults { fail_syncs: vec![2], ..Faults::default() }]
    {
        let mem = Mem::with_faults(faults);
        let ended = Arc::new(AtomicBool::new(false));
        let store = world::over_with(mem.clone(), Durability::Durable, {
            let ended = ended.clone();
            Arc::new(move |words: &str| {
                assert!(words.contains("injected") && words.contains("is safe"), "{words}");
                ended.store(true, Ordering::SeqCst);
            })
        });
        put(&store, "a", Release::Durable).await.unwrap().unwrap();
        let lost = put(&store, "b", Release::Durable).await.unwrap();
        assert!(matches!(lost, Err(StoreError::Abandoned)), "{lost:?}");
        store.close().await;
        assert!(ended.load(Ordering::SeqCst));
        assert_eq!(store.get(&key("b")).unwrap(), None);
        assert!(matches!(put(&store, "c", Release::Durable).await.unwrap(), Err(StoreError::Ended)));
        let cut = over(mem.after_power_cut(), Durability::Durable);
        assert!(cut.get(&key("a")).unwrap().is_some());
        assert_eq!(cut.get(&key("b")).unwrap(), None);
    }
}
