//! Packages: the zip as a blob, what it holds as a folder that functions of the same code share, and the signed address
//! that gives the zip back.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use hmac::{Hmac, Mac};
use kernel::{BoxFuture, Clock, Rng, Timestamp, id};
use sha2::Sha256;
use store::backend::Direction;
use store::{BlobId, HeldBlob, KeyRange, Store};
use tokio::sync::Semaphore;

use crate::error::Error;
use crate::limits::{CODE_LOCATION_VALID, UNPACK_WAIT_MAX, ZIPPED_BYTES_MAX};
use crate::records::code_uses;
use crate::zip;

/// Paths below this one are [`CodeDoor`]'s.
pub const CODE_PATH: &str = "/_gureum/v1/code/";

/// Zips that are unpacked at a time. Ours: unpacking is disk and processor, and there may be two of those.
const UNPACKING_MAX: usize = 2;

pub struct Code {
    store: Store,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    /// One folder per zip, by its hash.
    dir: PathBuf,
    durable: bool,
    /// Where clients reach this server: `http://127.0.0.1:4566`.
    base_url: String,
    secret: [u8; 32],
    unpacking: Semaphore,
}

/// Why an address gives no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeRefused {
    /// Not signed by us, or too old: 403.
    Forbidden,
    /// Signed, and the function is gone: 404.
    NotFound,
}

/// What the edge passes GETs under [`CODE_PATH`] to: they are AWS's presigned addresses, which carry their own proof.
pub trait CodeDoor: Send + Sync + 'static {
    /// Shape: path and query as they came in; the zip's bytes as they were uploaded.
    fn fetch<'a>(&'a self, path_and_query: &'a str) -> BoxFuture<'a, Result<Bytes, CodeRefused>>;
}

/// What cannot be read counts as used: better a zip too many than one too few.
fn is_used(store: &Store, id: &BlobId) -> bool {
    let uses = store.scan(&KeyRange::prefix(&code_uses(id)), 1, Direction::Forward);
    uses.map_or(true, |uses| !uses.is_empty())
}

impl Code {
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        dir: PathBuf,
        durable: bool,
        base_url: String,
    ) -> Result<Self, Error> {
        std::fs::create_dir_all(&dir)
            .map_err(|error| Error::Internal(format!("making the folder of code: {error}")))?;
        let secret = store.secret("code-location")?;
        let unpacking = Semaphore::new(UNPACKING_MAX);
        Ok(Self { store, clock, rng, dir, durable, base_url, secret, unpacking })
    }

    /// Unpacks a zip that came with a request and keeps it. The blob must be held until the record that names it is written.
    pub async fn keep(&self, zip: Bytes, operation: &'static str) -> Result<HeldBlob, Error> {
        if zip.len() > ZIPPED_BYTES_MAX {
            return Err(Error::CodeTooLarge { operation });
        }
        let id = BlobId::of(&zip);
        if !self.folder_of(&id).is_dir() {
            self.unpack(zip.clone(), &id).await?;
        }
        Ok(self.store.blobs().put(zip).await?)
    }

    /// The folder that a zip is unpacked in, unpacked again if it is gone.
    pub async fn folder(&self, id: &BlobId) -> Result<PathBuf, Error> {
        let folder = self.folder_of(id);
        if !folder.is_dir() {
            let zip = self.store.blobs().read(id).await?;
            let unpacked = self.clock.timeout(UNPACK_WAIT_MAX, self.unpack(zip, id)).await;
            unpacked.map_err(|_| Error::NotRunnable("The function's code is still being unpacked.".to_owned()))??;
        }
        Ok(folder)
    }

    async fn unpack(&self, zip: Bytes, id: &BlobId) -> Result<(), Error> {
        let _turn = self.unpacking.acquire().await.map_err(|_| Error::Internal("unpacking has ended".to_owned()))?;
        let (folder, durable, nonce) = (self.folder_of(id), self.durable, id::ten(&*self.rng));
        if folder.is_dir() {
            return Ok(());
        }
        let unpacked = tokio::task::spawn_blocking(move || zip::unpack(&zip, &folder, durable, &nonce)).await;
        unpacked.map_err(|error| Error::Internal(format!("unpacking: {error}")))??;
        Ok(())
    }

    fn folder_of(&self, id: &BlobId) -> PathBuf {
        self.dir.join(id.as_str())
    }

    /// Deletes a zip that no version uses any more. The unpacked folder stays until the next start: something may still run
    /// in it.
    pub async fn drop_unused(&self, id: BlobId) {
        let store = self.store.clone();
        let in_use = move |id: &BlobId| is_used(&store, id);
        if let Err(error) = self.store.blobs().delete(&id, in_use).await {
            tracing::error!(%error, blob = %id, "a zip that nobody uses could not be deleted");
        }
    }

    /// The same for several.
    pub async fn drop_all_unused(&self, ids: BTreeSet<BlobId>) {
        for id in ids {
            self.drop_unused(id).await;
        }
    }

    /// What a zip holds when unpacked, in bytes.
    pub async fn unzipped_bytes(&self, id: &BlobId) -> Result<u64, Error> {
        let folder = self.folder(id).await?;
        let measured = tokio::task::spawn_blocking(move || zip::measure(&folder)).await;
        let measured = measured.map_err(|error| Error::Internal(format!("measuring code: {error}")))?;
        measured.map_err(|error| Error::Internal(format!("measuring code: {error}")))
    }

    /// Whether a version's code is this zip.
    pub fn uses(&self, id: &BlobId) -> bool {
        is_used(&self.store, id)
    }

    /// Moves folders that no function uses out of the way, and answers them for deletion. To be called before anything runs.
    pub fn set_aside(&self, in_use: impl Fn(&str) -> bool) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(&self.dir) else { return Vec::new() };
        let mut aside = Vec::new();
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                aside.push(entry.path());
            } else if !in_use(&name) {
                let to = self.dir.join(format!(".{name}.unused"));
                if std::fs::rename(entry.path(), &to).is_ok() {
                    aside.push(to);
                }
            }
        }
        aside
    }

    /// An address of the zip that is good for ten minutes.
    pub fn location(&self, id: &BlobId) -> String {
        let expires = (self.clock.now() + CODE_LOCATION_VALID).secs();
        let signature = hex::encode(self.mac(id.as_str(), expires).finalize().into_bytes());
        format!("{}{CODE_PATH}{id}?Expires={expires}&Signature={signature}", self.base_url.trim_end_matches('/'))
    }

    /// Gives back the zip of an address that `location` made.
    pub async fn fetch(&self, path_and_query: &str) -> Result<Bytes, CodeRefused> {
        let id = self.check(path_and_query).ok_or(CodeRefused::Forbidden)?;
        self.store.blobs().read(&id).await.map_err(|_| CodeRefused::NotFound)
    }

    fn check(&self, path_and_query: &str) -> Option<BlobId> {
        let (id, query) = path_and_query.strip_prefix(CODE_PATH)?.split_once('?')?;
        let value = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        let expires: i64 = value("Expires")?.parse().ok()?;
        let signature = hex::decode(value("Signature")?).ok()?;
        self.mac(id, expires).verify_slice(&signature).ok()?;
        let fresh = self.clock.now() < Timestamp::from_secs(expires);
        fresh.then(|| BlobId::try_from(id.to_owned()).ok()).flatten()
    }

    fn mac(&self, id: &str, expires: i64) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes a key of any length");
        mac.update(format!("{id}\n{expires}").as_bytes());
        mac
    }
}
