//! One suite for every backend: what a store promises whatever lies below it.

mod world;

use std::sync::Arc;

use kernel::{AccountId, Region};
use store::{Direction, Key, KeyRange, Store, StoreError, Txn};
use world::{account, key, on_fjall, on_mem};

macro_rules! on_every_backend {
    ($($test:ident),* $(,)?) => {
        mod mem {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $test() { super::$test(super::on_mem()).await; })*
        }

        mod fjall {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $test() { super::$test(super::on_fjall()).await; })*
        }
    };
}

on_every_backend!(
    a_committed_value_is_read_back,
    an_error_takes_back_its_own_changes_only,
    a_transaction_reads_its_own_writes,
    every_increment_counts_among_many_callers,
    pages_join_to_the_whole_range_in_both_directions,
    scans_see_changes_of_the_same_transaction,
    a_panic_takes_back_its_changes_and_the_store_goes_on,
    too_large_keys_and_values_are_refused,
    nothing_is_written_after_close,
    a_secret_stays_the_same,
    places_are_those_that_a_service_has_keys_in,
);

async fn put(store: &Store, key: Key, value: &'static [u8]) {
    store.transact(move |txn| txn.put(key, value)).await.unwrap();
}

async fn places_are_those_that_a_service_has_keys_in(store: Store) {
    let at = |account: &str, region: &str, service: &str, name: &str| {
        Key::new(&AccountId::parse(account).unwrap(), &Region::new(region), service, "thing").part(name)
    };
    let (a, b) = ("111111111111", "222222222222");
    // A region whose name begins with another's, several keys of a place, services on either side of the one asked for.
    for key in [
        at(a, "eu-west-1", "logs", "1"),
        at(a, "eu-west-1", "logs", "2"),
        at(a, "eu-west-1", "xray", "1"),
        at(a, "eu-west-10", "logs", "1"),
        at(a, "eu-west-2", "iam", "1"),
        at(b, "eu-west-1", "logs", "1"),
        Key::from_bytes(Vec::new()).part("no account").part("eu-west-1").part("logs"),
        Key::from_bytes(vec![0xF0, 1, 2]),
    ] {
        put(&store, key, b"1").await;
    }
    let places = |service| store.places(service).unwrap();
    let place = |account: &str, region| (AccountId::parse(account).unwrap(), Region::new(region));
    assert_eq!(places("logs"), [place(a, "eu-west-1"), place(a, "eu-west-10"), place(b, "eu-west-1")]);
    assert_eq!(places("xray"), [place(a, "eu-west-1")]);
    assert_eq!(places("iam"), [place(a, "eu-west-2")]);
    assert_eq!(places("log"), []);
}

async fn a_committed_value_is_read_back(store: Store) {
    put(&store, key("a"), b"1").await;
    assert_eq!(store.get(&key("a")).unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(store.get(&key("b")).unwrap(), None);
    put(&store, key("a"), b"").await;
    assert_eq!(store.get(&key("a")).unwrap().as_deref(), Some(&b""[..]));
    let delete = |txn: &mut Txn| {
        txn.delete(key("a"));
        Ok::<_, StoreError>(())
    };
    store.transact(delete).await.unwrap();
    assert_eq!(store.get(&key("a")).unwrap(), None);
}

async fn an_error_takes_back_its_own_changes_only(store: Store) {
    put(&store, key("kept"), b"1").await;
    let failed: Result<(), StoreError> = store
        .transact(|txn| {
            txn.put(key("kept"), &b"2"[..])?;
            txn.put(key("new"), &b"2"[..])?;
            Err(StoreError::Refused("the caller changed its mind".into()))
        })
        .await;
    assert!(matches!(failed, Err(StoreError::Refused(_))));
    assert_eq!(store.get(&key("kept")).unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(store.get(&key("new")).unwrap(), None);
}

async fn a_transaction_reads_its_own_writes(store: Store) {
    put(&store, key("a"), b"1").await;
    let seen = store
        .transact(|txn| {
            txn.put(key("a"), &b"2"[..])?;
            txn.delete(key("b"));
            Ok::<_, StoreError>((txn.get(&key("a"))?, txn.get(&key("b"))?))
        })
        .await
        .unwrap();
    assert_eq!(seen, (Some(b"2"[..].into()), None));
}

async fn every_increment_counts_among_many_callers(store: Store) {
    let callers: Vec<_> = (0..64)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    store
                        .transact(|txn| {
                            let count = txn
                                .get(&key("count"))?
                                .map_or(0, |bytes| u64::from_be_bytes(bytes[..].try_into().unwrap()));
                            txn.put(key("count"), (count + 1).to_be_bytes().to_vec())
                        })
                        .await
                        .unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!(store.get(&key("count")).unwrap().unwrap()[..], 1280u64.to_be_bytes());
}

async fn pages_join_to_the_whole_range_in_both_directions(store: Store) {
    store
        .transact(|txn| {
            for n in 0..300u64 {
                txn.put(key("list").part_u64(n), n.to_string().into_bytes())?;
            }
            txn.put(key("lisu"), &b"outside"[..])?;
            txn.put(key("lis"), &b"outside"[..])
        })
        .await
        .unwrap();
    let mut forward = Vec::new();
    let mut range = KeyRange::prefix(&key("list"));
    loop {
        let page = store.scan(&range, 70, Direction::Forward).unwrap();
        let Some((last, _)) = page.last() else { break };
        range = KeyRange::after(&key("list"), last);
        forward.extend(page);
    }
    let numbers: Vec<_> = forward.iter().map(|(key, _)| key.last_u64().unwrap()).collect();
    assert_eq!(numbers, (0..300).collect::<Vec<_>>());

    let mut backward = Vec::new();
    let mut range = KeyRange::prefix(&key("list"));
    loop {
        let page = store.scan(&range, 70, Direction::Backward).unwrap();
        let Some((last, _)) = page.last() else { break };
        range = KeyRange::before(&key("list"), last);
        backward.extend(page);
    }
    backward.reverse();
    assert_eq!(forward, backward);
}

async fn scans_see_changes_of_the_same_transaction(store: Store) {
    for name in ["a", "c", "e"] {
        put(&store, key("s").part(name), b"old").await;
    }
    let seen = store
        .transact(|txn| {
            txn.put(key("s").part("b"), &b"new"[..])?;
            txn.put(key("s").part("c"), &b"new"[..])?;
            txn.delete(key("s").part("e"));
            txn.put(key("s").part("f"), &b"new"[..])?;
            let range = KeyRange::prefix(&key("s"));
            Ok::<_, StoreError>((txn.scan(&range, 9, Direction::Forward)?, txn.scan(&range, 2, Direction::Backward)?))
        })
        .await
        .unwrap();
    let names = |entries: Vec<(Key, bytes::Bytes)>| -> Vec<String> {
        entries.iter().map(|(key, value)| key.last_text().unwrap() + std::str::from_utf8(value).unwrap()).collect()
    };
    assert_eq!(names(seen.0), ["aold", "bnew", "cnew", "fnew"]);
    assert_eq!(names(seen.1), ["fnew", "cnew"]);
}

async fn a_panic_takes_back_its_changes_and_the_store_goes_on(store: Store) {
    let panicked: Result<(), StoreError> = store
        .transact(|txn| {
            txn.put(key("a"), &b"1"[..])?;
            panic!("a mistake in a service")
        })
        .await;
    assert!(matches!(panicked, Err(StoreError::Abandoned)));
    put(&store, key("b"), b"1").await;
    assert_eq!(store.get(&key("a")).unwrap(), None);
}

async fn too_large_keys_and_values_are_refused(store: Store) {
    let too_large = |outcome| assert!(matches!(outcome, Err(StoreError::TooLarge { .. })), "{outcome:?}");
    too_large(store.transact(|txn| txn.put(key(&"x".repeat(16 << 10)), &b""[..])).await);
    too_large(store.transact(|txn| txn.put(key("a"), vec![0; (16 << 20) + 1])).await);
    too_large(store.transact(|txn| (0..5u64).try_for_each(|n| txn.put(key("a").part_u64(n), vec![0; 15 << 20]))).await);
    assert_eq!(store.scan(&KeyRange::prefix(&account()), 9, Direction::Forward).unwrap(), []);
}

async fn nothing_is_written_after_close(store: Store) {
    put(&store, key("a"), b"1").await;
    store.close().await;
    let refused = store.transact(|txn| txn.put(key("b"), &b"1"[..])).await;
    assert!(matches!(refused, Err(StoreError::Ended)));
    assert_eq!(store.get(&key("a")).unwrap().as_deref(), Some(&b"1"[..]));
}

async fn a_secret_stays_the_same(store: Store) {
    let stores: Vec<_> = (0..8).map(|_| Arc::new(store.clone())).collect();
    let first = store.secret("page-tokens").unwrap();
    assert!(stores.iter().all(|store| store.secret("page-tokens").unwrap() == first));
    assert_ne!(store.secret("other").unwrap(), first);
    assert!(store.secret("../other").is_err());
}
