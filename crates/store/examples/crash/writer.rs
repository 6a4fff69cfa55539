//! The process that is crashed.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kernel::{AccountId, OsRng, RealClock, Region};
use rustix::fs::SeekFrom;
use store::backend::fjall::Fjall;
use store::backend::{Backend, Batch, CommitError, Snapshot};
use store::{BlobId, Durability, Folder, Key, Release, Store, StoreError, end_process};

use super::Outcome;

const WRITERS: u64 = 64;

/// Every so many requests also put a blob, and every so many ask to be answered before the sync.
const BLOB_EVERY: u64 = 16;
const WRITTEN_EVERY: u64 = 4;

pub fn is_written(n: u64) -> bool {
    n % WRITTEN_EVERY == 1
}

pub fn has_blob(n: u64) -> bool {
    n.is_multiple_of(BLOB_EVERY)
}

pub fn kind(kind: &str) -> Key {
    Key::new(&AccountId::default(), &Region::default(), "crash", kind)
}

pub fn key(kind_of_key: &str, (writer, n): (u64, u64)) -> Key {
    kind(kind_of_key).part_u64(writer).part_u64(n)
}

/// About 1 KB that nothing else writes.
pub fn value((writer, n): (u64, u64)) -> Vec<u8> {
    format!("{writer}/{n} ").repeat(80).into_bytes()
}

pub fn blob((writer, n): (u64, u64)) -> Vec<u8> {
    format!("blob {writer}/{n} ").repeat(500).into_bytes()
}

/// Syncs before one fails, with `--fail-sync`.
const SYNCS_BEFORE_FAILURE: u64 = 20;

/// `writer DIR FIRST [--without-syncs] [--tell-syncs] [--fail-sync]`: writes until it is ended, from outside or by a
/// disk that fails it.
pub fn main(arguments: &[String]) -> Outcome<()> {
    let [dir, first, options @ ..] = arguments else { return Err("writer DIR FIRST".into()) };
    let dir = Path::new(dir);
    let asked = |name: &str| options.iter().any(|option| option == name);
    let folder = Folder::open(dir)?;
    let keys_dir = folder.keys_dir();
    let syncs = !asked("--without-syncs");
    let fjall = if syncs { Fjall::open(&keys_dir)? } else { Fjall::open_without_syncs(&keys_dir)? };
    let backend: Arc<dyn Backend> = if asked("--tell-syncs") {
        Arc::new(TellsSyncs { fjall, keys_dir, syncs })
    } else if asked("--fail-sync") {
        Arc::new(FailsSync { fjall })
    } else {
        Arc::new(fjall)
    };
    let clock = Arc::new(RealClock::default());
    let store = Store::over(backend, Durability::Durable, folder, clock, Arc::new(OsRng), Arc::new(end_process));
    let first: u64 = first.parse()?;
    tokio::runtime::Builder::new_multi_thread().build()?.block_on(async move {
        let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(write_on(store.clone(), writer, first))).collect();
        for writer in writers {
            writer.await??;
        }
        Ok(())
    })
}

async fn write_on(store: Store, writer: u64, first: u64) -> Result<(), StoreError> {
    for n in first.. {
        let request = (writer, n);
        tell("begun", writer, n);
        // Held until the record that names it is durable.
        let held = if has_blob(n) { Some(store.blobs().put(blob(request)).await?) } else { None };
        let blob_id = held.as_ref().map(|held| held.id().clone());
        write_one(&store, request, blob_id).await?;
        tell(if is_written(n) { "written" } else { "durable" }, writer, n);
    }
    Ok(())
}

async fn write_one(store: &Store, request: (u64, u64), blob_id: Option<BlobId>) -> Result<(), StoreError> {
    let (writer, n) = request;
    store
        .transact(move |txn| {
            if is_written(n) {
                txn.release(Release::Written);
            }
            txn.put(key("left", request), value(request))?;
            txn.put(key("right", request), value(request))?;
            txn.put(kind("last").part_u64(writer), n.to_be_bytes().to_vec())?;
            match blob_id {
                Some(id) => txn.put(key("blob", request), id.as_str().as_bytes().to_vec()),
                None => Ok(()),
            }
        })
        .await
}

/// One write per line, so that a crash cuts between lines.
fn tell(what: &str, first: impl std::fmt::Display, second: u64) {
    let line = format!("{what} {first} {second}\n");
    let mut output = std::io::stdout().lock();
    // Nobody listening is the end of the parent, and soon ours.
    let _ = output.write_all(line.as_bytes()).and_then(|()| output.flush());
}

/// Says after each sync how far the journal is safe: for power cuts without a device of one's own.
struct TellsSyncs {
    fjall: Fjall,
    keys_dir: PathBuf,
    syncs: bool,
}

impl Backend for TellsSyncs {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        self.fjall.snapshot()
    }

    fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        self.fjall.commit(batch)
    }

    fn sync(&self) -> std::io::Result<()> {
        self.fjall.sync()?;
        if self.syncs {
            let journal = newest_journal(&self.keys_dir)?;
            let end = end_of_data(&journal)?;
            tell("synced", journal.display(), end);
        }
        Ok(())
    }
}

/// A disk that fails one sync, after which nobody knows what it holds.
struct FailsSync {
    fjall: Fjall,
}

impl Backend for FailsSync {
    fn snapshot(&self) -> Arc<dyn Snapshot> {
        self.fjall.snapshot()
    }

    fn commit(&self, batch: Batch) -> Result<(), CommitError> {
        self.fjall.commit(batch)
    }

    fn sync(&self) -> std::io::Result<()> {
        if self.fjall.syncs() == SYNCS_BEFORE_FAILURE {
            return Err(std::io::Error::other("input/output error (injected)"));
        }
        self.fjall.sync()
    }
}

/// The journal that is written to: the one with the highest number.
pub fn newest_journal(keys_dir: &Path) -> std::io::Result<PathBuf> {
    let mut newest: Option<(u64, PathBuf)> = None;
    for entry in std::fs::read_dir(keys_dir)? {
        let path = entry?.path();
        let number = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jnl")?.parse().ok());
        newest = newest.max(number.map(|number| (number, path)));
    }
    newest.map(|(_, path)| path).ok_or_else(|| std::io::Error::other("there is no journal"))
}

/// Where the preallocated rest begins, to the page.
pub fn end_of_data(journal: &Path) -> std::io::Result<u64> {
    let file = File::open(journal)?;
    Ok(rustix::fs::seek(&file, SeekFrom::Hole(0))?)
}
