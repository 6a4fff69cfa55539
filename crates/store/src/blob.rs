use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::StoreError;
use crate::folder::{make_private_dir, sync_dir};

/// Where blobs lie until they are whole.
pub(crate) const TEMPORARY: &str = "new";

/// The name of a blob: the SHA-256 of its bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlobId(String);

#[derive(Debug, thiserror::Error, PartialEq)]
#[error("'{0}' is not the name of a blob")]
pub struct InvalidBlobId(String);

impl BlobId {
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)))
    }

    /// 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for BlobId {
    type Error = InvalidBlobId;

    fn try_from(text: String) -> Result<Self, InvalidBlobId> {
        let is_name = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if is_name { Ok(Self(text)) } else { Err(InvalidBlobId(text)) }
    }
}

impl From<BlobId> for String {
    fn from(id: BlobId) -> String {
        id.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Large values as files, each once however often it was put.
///
/// A blob is put, and durable, *before* the transaction that names it; what a crash leaves between the two is swept.
#[derive(Clone)]
pub struct Blobs {
    dir: PathBuf,
    durable: bool,
    /// Whether files are read and written by whoever asks, in the same thread.
    in_place: bool,
    temporaries: Arc<AtomicU64>,
    /// Blobs whose putter has not committed their name yet, and how many putters each has.
    held: Arc<Mutex<BTreeMap<BlobId, usize>>>,
}

/// A blob that no sweep takes while this lives: keep it until the transaction that names the blob has answered.
pub struct HeldBlob {
    id: BlobId,
    held: Arc<Mutex<BTreeMap<BlobId, usize>>>,
}

impl HeldBlob {
    pub fn id(&self) -> &BlobId {
        &self.id
    }
}

impl Drop for HeldBlob {
    fn drop(&mut self) {
        let mut held = lock(&self.held);
        if let Some(holders) = held.get_mut(&self.id) {
            *holders -= 1;
            if *holders == 0 {
                held.remove(&self.id);
            }
        }
    }
}

fn lock(held: &Mutex<BTreeMap<BlobId, usize>>) -> MutexGuard<'_, BTreeMap<BlobId, usize>> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Blobs {
    pub(crate) fn new(dir: PathBuf, durable: bool) -> Self {
        Self { dir, durable, in_place: false, temporaries: Arc::default(), held: Arc::default() }
    }

    /// Without other threads, for a simulation.
    pub(crate) fn in_place(dir: PathBuf) -> Self {
        Self { in_place: true, ..Self::new(dir, false) }
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if self.in_place {
            return work();
        }
        tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Abandoned))
    }

    /// Keeps the bytes under their hash and answers when the disk has them.
    pub async fn put(&self, bytes: impl Into<Bytes>) -> Result<HeldBlob, StoreError> {
        let (blobs, bytes) = (self.clone(), bytes.into());
        self.blocking(move || blobs.put_now(&bytes)).await
    }

    /// Errors: `Io` with `NotFound` if there is no such blob, with `InvalidData` if its bytes are not what was put.
    pub async fn read(&self, id: &BlobId) -> Result<Bytes, StoreError> {
        let (path, id) = (self.path(id), id.clone());
        self.blocking(move || {
            let bytes = std::fs::read(path).map_err(StoreError::io("reading a blob"))?;
            if BlobId::of(&bytes) == id {
                Ok(bytes.into())
            } else {
                Err(StoreError::io("reading a blob")(std::io::Error::new(ErrorKind::InvalidData, "its bytes changed")))
            }
        })
        .await
    }

    /// Where the blob lies, for whoever reads it in pieces. Never write there.
    pub fn path(&self, id: &BlobId) -> PathBuf {
        self.dir.join(id.as_str())
    }

    /// Deletes a blob unless somebody is putting it, or `in_use` says that a record names it. Ask `in_use` the store
    /// itself, not what was read before: another caller may have put the same bytes meanwhile.
    /// Answers whether the blob is gone.
    pub async fn delete(
        &self,
        id: &BlobId,
        in_use: impl FnOnce(&BlobId) -> bool + Send + 'static,
    ) -> Result<bool, StoreError> {
        let (blobs, id) = (self.clone(), id.clone());
        self.blocking(move || blobs.delete_now(&id, in_use)).await
    }

    /// Deletes every blob that nobody is putting and that `in_use` does not know. Answers how many.
    pub async fn sweep(&self, in_use: impl Fn(&BlobId) -> bool + Send + 'static) -> Result<usize, StoreError> {
        let blobs = self.clone();
        self.blocking(move || {
            let mut swept = 0;
            for id in blobs.list()? {
                swept += usize::from(blobs.delete_now(&id, &in_use)?);
            }
            Ok(swept)
        })
        .await
    }

    fn put_now(&self, bytes: &[u8]) -> Result<HeldBlob, StoreError> {
        let id = BlobId::of(bytes);
        *lock(&self.held).entry(id.clone()).or_default() += 1;
        let held = HeldBlob { id, held: self.held.clone() };
        if !self.path(&held.id).exists() {
            self.write(&held.id, bytes).map_err(StoreError::io("writing a blob"))?;
        } else if self.durable {
            // Another putter may have renamed it and not synced the folder yet.
            sync_dir(&self.dir).map_err(StoreError::io("writing a blob"))?;
        }
        Ok(held)
    }

    fn write(&self, id: &BlobId, bytes: &[u8]) -> std::io::Result<()> {
        let unfinished = self.dir.join(TEMPORARY);
        make_private_dir(&unfinished)?;
        let path = unfinished.join(self.temporaries.fetch_add(1, Ordering::Relaxed).to_string());
        let written = self.write_file(&path, bytes).and_then(|()| std::fs::rename(&path, self.path(id)));
        if written.is_err() {
            // The disk may be full: a half-written file must not make it fuller.
            let _ = std::fs::remove_file(&path);
        }
        written?;
        if self.durable { sync_dir(&self.dir) } else { Ok(()) }
    }

    fn write_file(&self, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        if self.durable { file.sync_all() } else { Ok(()) }
    }

    fn delete_now(&self, id: &BlobId, in_use: impl FnOnce(&BlobId) -> bool) -> Result<bool, StoreError> {
        // Locked throughout: whoever puts the same bytes now waits, and then writes them anew.
        let held = lock(&self.held);
        if held.contains_key(id) || in_use(id) {
            return Ok(false);
        }
        match std::fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(StoreError::io("deleting a blob")(error)),
            _ => Ok(true),
        }
    }

    fn list(&self) -> Result<Vec<BlobId>, StoreError> {
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&self.dir).map_err(StoreError::io("listing blobs"))? {
            let name = entry.map_err(StoreError::io("listing blobs"))?.file_name();
            ids.extend(name.into_string().ok().and_then(|name| BlobId::try_from(name).ok()));
        }
        Ok(ids)
    }
}
