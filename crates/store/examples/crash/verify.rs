//! What is there after a crash, compared with what was acknowledged.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use kernel::{OsRng, RealClock};
use store::{BlobId, Direction, Durability, Key, KeyRange, Options, Store};

use super::writer::{blob, has_blob, key, kind, value};
use super::{Outcome, Request};

pub struct Found {
    /// Acknowledged requests that are not there as they were written.
    pub lost: usize,
    /// Requests of which only a part is there, acknowledged or not.
    pub torn: usize,
}

pub fn open(dir: &Path) -> Outcome<Store> {
    let (clock, rng) = (Arc::new(RealClock::default()), Arc::new(OsRng));
    Ok(Store::open(Options { dir: dir.to_owned(), durability: Durability::Durable, clock, rng })?)
}

pub fn verify(dir: &Path, acknowledged: &[Request]) -> Outcome<Found> {
    let store = open(dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut lost = 0;
    for request in acknowledged {
        lost += usize::from(!is_whole(&store, *request)? || !runtime.block_on(has_its_blob(&store, *request))?);
    }
    let torn = requests(&store, "left")?.symmetric_difference(&requests(&store, "right")?).count();
    Ok(Found { lost, torn })
}

fn is_whole(store: &Store, request: Request) -> Outcome<bool> {
    let holds = |key: &Key| -> Outcome<bool> { Ok(store.get(key)?.is_some_and(|found| found == value(request))) };
    let last = store.get(&kind("last").part_u64(request.0))?;
    let last = last.and_then(|bytes| bytes[..].try_into().ok().map(u64::from_be_bytes));
    Ok(holds(&key("left", request))? && holds(&key("right", request))? && last >= Some(request.1))
}

async fn has_its_blob(store: &Store, request: Request) -> Outcome<bool> {
    if !has_blob(request.1) {
        return Ok(true);
    }
    let Some(name) = store.get(&key("blob", request))? else { return Ok(false) };
    let id = BlobId::try_from(String::from_utf8(name.to_vec())?)?;
    Ok(store.blobs().read(&id).await.is_ok_and(|bytes| bytes == blob(request)))
}

fn requests(store: &Store, kind_of_key: &str) -> Outcome<BTreeSet<Vec<u64>>> {
    let entries = store.scan(&KeyRange::prefix(&kind(kind_of_key)), usize::MAX, Direction::Forward)?;
    let numbers = |key: &Key| Ok(key.parts()?.iter().filter_map(store::Part::number).collect());
    entries.iter().map(|(key, _)| numbers(key)).collect()
}
