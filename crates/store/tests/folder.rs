//! The life of the data folder, and of the blobs in it.

mod world;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use kernel::OsRng;
use store::{BlobId, Durability, OpenError, Options, Store, StoreError};
use world::{clock, key};

fn open(dir: &Path) -> Result<Store, OpenError> {
    Store::open(Options { dir: dir.to_owned(), durability: Durability::Durable, clock: clock(), rng: Arc::new(OsRng) })
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_when_the_folder_is_opened_again() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("a/b");
    let store = open(&dir).unwrap();
    store.transact(|txn| txn.put(key("a"), &b"1"[..])).await.map_err(|e: StoreError| e).unwrap();
    let secret = store.secret("page-tokens").unwrap();
    let blob = store.blobs().put(&b"zip"[..]).await.unwrap().id().clone();
    drop(store);
    let store = open(&dir).unwrap();
    assert_eq!(store.get(&key("a")).unwrap().as_deref(), Some(&b"1"[..]));
    assert_eq!(store.secret("page-tokens").unwrap(), secret);
    assert_eq!(store.blobs().read(&blob).await.unwrap(), &b"zip"[..]);
}

#[test]
fn only_its_owner_can_look_into_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let store = open(dir.path()).unwrap();
    store.secret("page-tokens").unwrap();
    let mode = |name: &str| std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(""), mode("keys"), mode("blobs"), mode("secrets")], [0o700; 4]);
    assert_eq!(mode("secrets/page-tokens"), 0o600);
}

#[test]
fn a_second_server_is_told_who_holds_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).unwrap();
    let refused = open(dir.path()).map(drop).unwrap_err();
    assert!(matches!(refused, OpenError::InUse { .. }));
    assert!(refused.to_string().contains(&format!("process {}", std::process::id())), "{refused}");
    drop(first);
    open(dir.path()).unwrap();
}

#[test]
fn a_newer_format_is_refused_in_words_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    std::fs::write(dir.path().join("format"), "2\n").unwrap();
    let refused = open(dir.path()).map(drop).unwrap_err().to_string();
    assert!(refused.contains("format 2") && refused.contains("newer gureum"), "{refused}");
    assert_eq!(std::fs::read_to_string(dir.path().join("format")).unwrap(), "2\n");
    std::fs::write(dir.path().join("format"), "1\n").unwrap();
    open(dir.path()).unwrap();
}

#[test]
fn a_folder_of_somebody_else_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(dir.path().join("diary.txt"), "dear diary").unwrap();
    let refused = open(dir.path()).map(drop).unwrap_err().to_string();
    assert!(refused.contains("diary.txt"), "{refused}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(std::fs::metadata(dir.path()).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn a_folder_whose_making_was_cut_short_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("lock"), "4194304\n").unwrap();
    std::fs::write(dir.path().join("format.new"), "").unwrap();
    open(dir.path()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_is_not_touched_when_nothing_is_to_be_kept() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let durability = Durability::Memory;
    let store = Store::open(Options { dir: dir.clone(), durability, clock: clock(), rng: Arc::new(OsRng) }).unwrap();
    store.transact(|txn| txn.put(key("a"), &b"1"[..])).await.map_err(|e: StoreError| e).unwrap();
    assert!(store.get(&key("a")).unwrap().is_some());
    assert!(!dir.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_is_named_by_its_bytes_and_kept_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    let putters: Vec<_> = (0..16)
        .map(|_| {
            let blobs = store.blobs().clone();
            tokio::spawn(async move { blobs.put(vec![7; 100_000]).await.unwrap().id().clone() })
        })
        .collect();
    let mut names = BTreeSet::new();
    for putter in putters {
        names.insert(putter.await.unwrap());
    }
    assert_eq!(names, BTreeSet::from([BlobId::of(&[7; 100_000])]));
    let files = std::fs::read_dir(dir.path().join("blobs")).unwrap().filter(|e| e.as_ref().unwrap().path().is_file());
    assert_eq!(files.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_takes_what_no_record_names_but_nothing_that_is_being_put() {
    let store = world::on_fjall();
    let blobs = store.blobs();
    let named = blobs.put(&b"named"[..]).await.unwrap().id().clone();
    let orphan = blobs.put(&b"orphan"[..]).await.unwrap().id().clone();
    let being_put = blobs.put(&b"being put"[..]).await.unwrap();
    let keep = named.clone();
    assert_eq!(blobs.sweep(move |id| *id == keep).await.unwrap(), 1);
    assert!(blobs.path(&named).exists() && blobs.path(being_put.id()).exists() && !blobs.path(&orphan).exists());
    assert!(!blobs.delete(&named, |_| true).await.unwrap());
    assert!(blobs.delete(&named, |_| false).await.unwrap());
    let again = being_put.id().clone();
    drop(being_put);
    assert!(blobs.delete(&again, |_| false).await.unwrap());
    assert!(blobs.read(&again).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_whose_bytes_changed_is_not_handed_out() {
    let store = world::on_fjall();
    let blob = store.blobs().put(&b"zip"[..]).await.unwrap();
    std::fs::write(store.blobs().path(blob.id()), "zap").unwrap();
    assert!(store.blobs().read(blob.id()).await.is_err());
}

#[test]
fn only_a_hash_is_the_name_of_a_blob() {
    for bad in ["", "../../etc/passwd", &"A".repeat(64), &"a".repeat(63)] {
        assert!(BlobId::try_from(bad.to_owned()).is_err(), "{bad}");
    }
    assert!(BlobId::try_from("a".repeat(64)).is_ok());
}
