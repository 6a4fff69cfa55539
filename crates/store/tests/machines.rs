//! Machines: memory and disk change together, timers come, and what is not safe is not told.

mod world;

use std::sync::Arc;
use std::time::Duration;

use kernel::{OsRng, VirtualClock};
use store::backend::mem::{Faults, Mem};
use store::{
    Direction, Durability, Effects, Folder, Key, KeyRange, Machine, Machines, Reply, Store, StoreError, TimerId, Txn,
};
use world::{faulty, key, over};

/// A counter that adds up in memory, keeps every addition as a record, and doubles when its timer comes.
struct Counter {
    id: String,
    sum: u64,
    additions: u64,
}

enum Cmd {
    Add(u64),
    DoubleIn(Duration),
    Get,
    Panic,
    TooLarge,
    /// Takes from this counter and gives to another, in one step.
    MoveTo(String, u64),
    /// Moves, and then the other one panics.
    MoveAndPanic(String, u64),
    Tell(tokio::sync::oneshot::Sender<u64>),
}

fn records(id: &str) -> Key {
    key("counter").part(id)
}

impl Counter {
    fn add(&mut self, n: u64, fx: &mut Effects<Self>) {
        self.sum = self.sum.wrapping_add(n);
        self.additions += 1;
        fx.put(records(&self.id).part_u64(self.additions), n.to_be_bytes().to_vec());
        fx.emit(self.sum);
    }
}

impl Machine for Counter {
    type Id = String;
    type Cmd = Cmd;
    type Out = u64;
    type Event = u64;

    fn open(id: &String, stored: &Txn, _: &mut Effects<Self>) -> Result<Self, StoreError> {
        let additions = stored.scan(&KeyRange::prefix(&records(id)), usize::MAX, Direction::Forward)?;
        let sum =
            additions.iter().map(|(_, n)| u64::from_be_bytes(n[..].try_into().unwrap())).fold(0, u64::wrapping_add);
        Ok(Self { id: id.clone(), sum, additions: additions.len() as u64 })
    }

    fn apply(&mut self, command: Cmd, _: &Txn, fx: &mut Effects<Self>) -> Reply<u64> {
        match command {
            Cmd::Add(n) => {
                self.add(n, fx);
                Reply::durable(self.sum)
            }
            Cmd::DoubleIn(wait) => {
                fx.timer(fx.now() + wait, TimerId(1));
                Reply::now(self.sum)
            }
            Cmd::Get => Reply::now(self.sum),
            Cmd::Panic => {
                self.sum = 999;
                panic!("a mistake in a service")
            }
            Cmd::MoveTo(other, n) => {
                self.add(0_u64.wrapping_sub(n), fx);
                fx.hand_on(other, Cmd::Add(n));
                Reply::durable(self.sum)
            }
            Cmd::MoveAndPanic(other, n) => {
                self.add(0_u64.wrapping_sub(n), fx);
                fx.hand_on(other, Cmd::Panic);
                Reply::durable(self.sum)
            }
            Cmd::Tell(listener) => {
                let sum = self.sum;
                fx.afterwards(move || {
                    let _ = listener.send(sum);
                });
                self.add(1, fx);
                Reply::durable(self.sum)
            }
            Cmd::TooLarge => {
                self.sum = 999;
                fx.put(records(&self.id), vec![0; 17 << 20]);
                Reply::durable(self.sum)
            }
        }
    }

    fn on_timer(&mut self, timer: TimerId, _: &Txn, fx: &mut Effects<Self>) {
        assert_eq!(timer, TimerId(1));
        self.add(self.sum, fx);
    }
}

fn id(name: &str) -> String {
    name.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_opened_again_is_the_same() {
    let store = faulty(Mem::default());
    let (machines, _timers) = Machines::<Counter>::new(store);
    for n in 1..=10 {
        machines.call(&id("a"), Cmd::Add(n)).await.unwrap();
    }
    machines.call(&id("b"), Cmd::Add(5)).await.unwrap();
    machines.forget(&id("a")).await.unwrap();
    assert_eq!(machines.call(&id("a"), Cmd::Get).await.unwrap(), 55);
    assert_eq!(machines.call(&id("b"), Cmd::Get).await.unwrap(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_are_served_one_after_the_other() {
    let store = world::on_fjall();
    let (machines, _timers) = Machines::<Counter>::new(store);
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let machines = machines.clone();
            tokio::spawn(async move { machines.call(&id("a"), Cmd::Add(1)).await.unwrap() })
        })
        .collect();
    let mut sums = Vec::new();
    for caller in callers {
        sums.push(caller.await.unwrap());
    }
    sums.sort_unstable();
    assert_eq!(sums, (1..=50).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_commit_drops_the_machine_and_what_it_changed() {
    let store = faulty(Mem::with_faults(Faults { refuse_commits: vec![2], ..Faults::default() }));
    let (machines, _timers) = Machines::<Counter>::new(store);
    assert_eq!(machines.call(&id("a"), Cmd::Add(1)).await.unwrap(), 1);
    assert!(matches!(machines.call(&id("a"), Cmd::Add(2)).await, Err(StoreError::Refused(_))));
    assert_eq!(machines.call(&id("a"), Cmd::Get).await.unwrap(), 1);
    assert_eq!(machines.call(&id("a"), Cmd::Add(4)).await.unwrap(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_machine_hands_on_to_another_is_kept_with_its_own_change_or_not_at_all() {
    let store = faulty(Mem::with_faults(Faults { refuse_commits: vec![3], ..Faults::default() }));
    let (machines, _timers) = Machines::<Counter>::new(store);
    let sums = async || {
        let a = machines.call(&id("a"), Cmd::Get).await.unwrap();
        (a, machines.call(&id("b"), Cmd::Get).await.unwrap())
    };
    machines.call(&id("a"), Cmd::Add(10)).await.unwrap();
    machines.call(&id("a"), Cmd::MoveTo(id("b"), 4)).await.unwrap();
    assert_eq!(sums().await, (6, 4));
    assert!(matches!(machines.call(&id("a"), Cmd::MoveTo(id("b"), 1)).await, Err(StoreError::Refused(_))));
    assert_eq!(sums().await, (6, 4));
    assert!(matches!(machines.call(&id("a"), Cmd::MoveAndPanic(id("b"), 1)).await, Err(StoreError::Abandoned)));
    assert_eq!(sums().await, (6, 4));
    for name in ["a", "b"] {
        machines.forget(&id(name)).await.unwrap();
    }
    assert_eq!(sums().await, (6, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_waits_is_told_afterwards_or_learns_that_nothing_was_kept() {
    let store = faulty(Mem::with_faults(Faults { refuse_commits: vec![2], ..Faults::default() }));
    let (machines, _timers) = Machines::<Counter>::new(store);
    let (listener, heard) = tokio::sync::oneshot::channel();
    machines.call(&id("a"), Cmd::Tell(listener)).await.unwrap();
    assert_eq!(heard.await, Ok(0));
    let (listener, heard) = tokio::sync::oneshot::channel();
    assert!(machines.call(&id("a"), Cmd::Tell(listener)).await.is_err());
    assert!(heard.await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_or_a_value_too_large_drops_the_machine_and_what_it_changed() {
    let (machines, _timers) = Machines::<Counter>::new(faulty(Mem::default()));
    machines.call(&id("a"), Cmd::Add(1)).await.unwrap();
    assert!(matches!(machines.call(&id("a"), Cmd::Panic).await, Err(StoreError::Abandoned)));
    assert_eq!(machines.call(&id("a"), Cmd::Get).await.unwrap(), 1);
    assert!(matches!(machines.call(&id("a"), Cmd::TooLarge).await, Err(StoreError::TooLarge { .. })));
    assert_eq!(machines.call(&id("a"), Cmd::Get).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_comes_when_the_clock_says_so_and_its_change_is_kept() {
    let clock = Arc::new(VirtualClock::default());
    let mem = Mem::default();
    let folder = Folder::temporary().unwrap();
    let rng = Arc::new(OsRng);
    let store =
        Store::over(Arc::new(mem.clone()), Durability::Durable, folder, clock.clone(), rng, Arc::new(|_: &str| {}));
    let (machines, timers) = Machines::<Counter>::new(store.clone());
    let timers = tokio::spawn(timers.run());
    let mut events = machines.subscribe();
    machines.call(&id("a"), Cmd::Add(3)).await.unwrap();
    assert_eq!(events.recv().await.unwrap(), (id("a"), 3));
    machines.call(&id("a"), Cmd::DoubleIn(Duration::from_secs(60))).await.unwrap();
    assert_eq!(machines.call(&id("a"), Cmd::Get).await.unwrap(), 3);
    clock.advance(Duration::from_secs(60));
    assert_eq!(events.recv().await.unwrap(), (id("a"), 6));
    drop(machines);
    timers.await.unwrap();
    store.close().await;
    let (machines, _timers) = Machines::<Counter>::new(over(mem.after_power_cut(), Durability::Durable));
    assert_eq!(machines.call(&id("a"), Cmd::Get).await.unwrap(), 6);
}
