//! Random histories, compared step by step with a plain sorted map.

mod world;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kernel::OsRng;
use proptest::prelude::*;
use store::backend::mem::Mem;
use store::{Direction, Durability, Key, KeyRange, Options, Store, StoreError, Txn};
use world::{account, clock, key, over};

#[derive(Clone, Debug)]
enum Step {
    Transact { changes: Vec<Change>, fails: bool },
    Scan(Range),
    Reopen,
}

#[derive(Clone, Debug)]
enum Change {
    Put(u8, Vec<u8>),
    Delete(u8),
    Scan(Range),
}

#[derive(Clone, Debug)]
struct Range {
    from: u8,
    to: u8,
    limit: usize,
    backward: bool,
}

type Model = BTreeMap<Key, Vec<u8>>;

fn range() -> impl Strategy<Value = Range> {
    (0..20u8, 0..20u8, 0..6usize, any::<bool>()).prop_map(|(from, to, limit, backward)| Range {
        from,
        to,
        limit,
        backward,
    })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (0..20u8, proptest::collection::vec(any::<u8>(), 0..20)).prop_map(|(k, v)| Change::Put(k, v)),
        2 => (0..20u8).prop_map(Change::Delete),
        1 => range().prop_map(Change::Scan),
    ]
}

fn history() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (proptest::collection::vec(change(), 0..8), proptest::bool::weighted(0.2))
            .prop_map(|(changes, fails)| Step::Transact { changes, fails }),
        3 => range().prop_map(Step::Scan),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..25)
}

fn name(n: u8) -> Key {
    // Some keys are prefixes of others, and some hold zeros.
    account().part(vec![0u8; usize::from(n % 3)]).part_u64(u64::from(n / 3))
}

type Found = Vec<(Key, Vec<u8>)>;

impl Range {
    fn keys(&self) -> KeyRange {
        KeyRange::between(&name(self.from), &name(self.to))
    }

    fn direction(&self) -> Direction {
        if self.backward { Direction::Backward } else { Direction::Forward }
    }

    fn of(&self, model: &Model) -> Found {
        let (from, to) = (name(self.from), name(self.to));
        let mut found: Found =
            model.iter().filter(|(k, _)| from <= **k && **k < to).map(|(k, v)| (k.clone(), v.clone())).collect();
        if self.backward {
            found.reverse();
        }
        found.truncate(self.limit);
        found
    }
}

fn plain(entries: Vec<(Key, bytes::Bytes)>) -> Found {
    entries.into_iter().map(|(key, value)| (key, value.to_vec())).collect()
}

fn apply(txn: &mut Txn, changes: &[Change]) -> Result<Vec<Found>, StoreError> {
    let mut seen = Vec::new();
    for change in changes {
        match change {
            Change::Put(k, v) => txn.put(name(*k), v.clone())?,
            Change::Delete(k) => txn.delete(name(*k)),
            Change::Scan(range) => seen.push(plain(txn.scan(&range.keys(), range.limit, range.direction())?)),
        }
    }
    Ok(seen)
}

fn apply_to_model(model: &mut Model, changes: &[Change]) -> Vec<Found> {
    let mut seen = Vec::new();
    for change in changes {
        match change {
            Change::Put(k, v) => drop(model.insert(name(*k), v.clone())),
            Change::Delete(k) => drop(model.remove(&name(*k))),
            Change::Scan(range) => seen.push(range.of(model)),
        }
    }
    seen
}

async fn run(history: Vec<Step>, mut open: impl AsyncFnMut(Option<Store>) -> Store) {
    let mut store = open(None).await;
    let mut model = Model::new();
    for step in history {
        match step {
            Step::Transact { changes, fails } => {
                let mut after = model.clone();
                let expected = apply_to_model(&mut after, &changes);
                let outcome = store
                    .transact(move |txn| {
                        let seen = apply(txn, &changes)?;
                        if fails { Err(StoreError::Ended) } else { Ok(seen) }
                    })
                    .await;
                if !fails {
                    assert_eq!(outcome.unwrap(), expected);
                    model = after;
                }
            }
            Step::Scan(range) => {
                let found = store.scan(&range.keys(), range.limit, range.direction()).unwrap();
                assert_eq!(plain(found), range.of(&model));
            }
            Step::Reopen => store = open(Some(store)).await,
        }
        for n in 0..20 {
            assert_eq!(store.get(&name(n)).unwrap().as_deref(), model.get(&name(n)).map(Vec::as_slice));
        }
    }
    let all = store.scan(&KeyRange::prefix(&account()), usize::MAX, Direction::Forward).unwrap();
    assert_eq!(plain(all), model.into_iter().collect::<Found>());
    assert_eq!(store.get(&key("outside")).unwrap(), None);
}

fn open_folder(dir: &Path) -> Store {
    let durability = Durability::Durable;
    Store::open(Options { dir: dir.to_owned(), durability, clock: clock(), rng: Arc::new(OsRng) }).unwrap()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn mem_behaves_like_a_sorted_map_even_after_power_cuts(history in history()) {
        let mut mem = Mem::default();
        runtime().block_on(run(history, async move |before: Option<Store>| {
            if before.is_some() {
                mem = mem.after_power_cut();
            }
            over(mem.clone(), Durability::Durable)
        }));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(25))]

    #[test]
    fn fjall_behaves_like_a_sorted_map_even_when_opened_again(history in history()) {
        let dir = tempfile::tempdir().unwrap();
        runtime().block_on(run(history, async |before: Option<Store>| {
            if let Some(before) = before {
                before.close().await;
            }
            open_folder(dir.path())
        }));
    }
}
