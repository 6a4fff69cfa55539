//! The data folder: who may use it, in which format it is, and what lies where.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use kernel::Rng;
use rustix::fs::{FlockOperation, flock};

use crate::error::StoreError;

/// The format of the folder as this version writes it.
const FORMAT: u32 = 1;

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data folder {dir} is in use by {holder}; stop it first, or give this one its own folder")]
    InUse { dir: PathBuf, holder: String },
    #[error("the data folder {dir} has format {found}, written by a newer gureum; this one knows up to {known}")]
    NewerFormat { dir: PathBuf, found: u32, known: u32 },
    #[error("the data folder {dir} holds something that is not gureum's: {what}")]
    NotOurs { dir: PathBuf, what: String },
    #[error("the data folder {dir} cannot be used ({what}): {source}")]
    Io {
        dir: PathBuf,
        what: &'static str,
        #[source]
        source: std::io::Error,
    },
}

/// An open data folder: ours alone until it is dropped.
pub struct Folder {
    dir: PathBuf,
    _lock: File,
    /// Set where nobody asked for the folder to stay.
    temporary: Mutex<Option<tempfile::TempDir>>,
}

impl Folder {
    /// Makes or takes the folder, locks it and checks its format.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let failed = |what| move |source| OpenError::Io { dir: dir.to_owned(), what, source };
        if !dir.join("format").exists()
            && let Some(what) = first_foreign_entry(dir).map_err(failed("its entries"))?
        {
            // Before anything in it is touched: somebody may have named their home.
            return Err(OpenError::NotOurs { dir: dir.to_owned(), what });
        }
        make_private_dir(dir).map_err(failed("making it"))?;
        let lock = lock(dir)?;
        check_format(dir)?;
        for part in ["keys", "blobs", "secrets"] {
            make_private_dir(&dir.join(part)).map_err(failed("making it"))?;
        }
        sync_dir(dir).map_err(failed("syncing it"))?;
        Ok(Self { dir: dir.to_owned(), _lock: lock, temporary: Mutex::default() })
    }

    /// A folder that goes when the store is closed or dropped.
    pub fn temporary() -> Result<Self, OpenError> {
        let failed = |what| move |source| OpenError::Io { dir: std::env::temp_dir(), what, source };
        let temporary = tempfile::Builder::new().prefix("gureum-").tempdir().map_err(failed("making it"))?;
        let folder = Self::open(temporary.path())?;
        Ok(Self { temporary: Mutex::new(Some(temporary)), ..folder })
    }

    /// Removes a temporary folder: a store that is closed may have clones that outlive the process's last line.
    pub(crate) fn leave(&self) {
        drop(self.temporary.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Removes what a crash left half written.
    pub(crate) fn forget_temporaries(&self) -> Result<(), OpenError> {
        match std::fs::remove_dir_all(self.blobs_dir().join(crate::blob::TEMPORARY)) {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                Err(OpenError::Io { dir: self.dir.clone(), what: "half-written blobs", source })
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn unusable(&self, what: &'static str, source: std::io::Error) -> OpenError {
        OpenError::Io { dir: self.dir.clone(), what, source }
    }

    /// What the engine keeps.
    pub fn keys_dir(&self) -> PathBuf {
        self.dir.join("keys")
    }

    pub fn blobs_dir(&self) -> PathBuf {
        self.dir.join("blobs")
    }

    /// Reads a secret, or makes it and answers once the disk has it.
    pub(crate) fn secret(&self, name: &str, rng: &dyn Rng) -> Result<[u8; 32], StoreError> {
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        if !is_name {
            return Err(StoreError::io("a secret's name")(ErrorKind::InvalidInput.into()));
        }
        let dir = self.dir.join("secrets");
        let path = dir.join(name);
        match std::fs::read(&path) {
            Ok(bytes) => {
                bytes.try_into().map_err(|_| StoreError::io("reading a secret")(ErrorKind::InvalidData.into()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let secret = rng.bytes::<32>();
                write_whole(&dir, name, &secret).map_err(StoreError::io("keeping a secret"))?;
                Ok(secret)
            }
            Err(error) => Err(StoreError::io("reading a secret")(error)),
        }
    }
}

/// Takes the lock for as long as the file lives; the system frees it when the process ends, however it ends.
fn lock(dir: &Path) -> Result<File, OpenError> {
    let failed = |what| move |source| OpenError::Io { dir: dir.to_owned(), what, source };
    let mut file = private_file().read(true).open(dir.join("lock")).map_err(failed("its lock"))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            let holder =
                if pid.trim().is_empty() { "another process".to_owned() } else { format!("process {}", pid.trim()) };
            return Err(OpenError::InUse { dir: dir.to_owned(), holder });
        }
        Err(error) => return Err(failed("its lock")(error.into())),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed("its lock"))?;
    Ok(file)
}

/// Shape: the file `format` holds the number of the format and a line end.
fn check_format(dir: &Path) -> Result<(), OpenError> {
    let failed = |what| move |source| OpenError::Io { dir: dir.to_owned(), what, source };
    let stamp = match std::fs::read_to_string(dir.join("format")) {
        Ok(stamp) => stamp,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return write_whole(dir, "format", format!("{FORMAT}\n").as_bytes()).map_err(failed("its format"));
        }
        Err(error) => return Err(failed("its format")(error)),
    };
    match stamp.trim().parse::<u32>() {
        Ok(FORMAT) => Ok(()),
        Ok(found) if found > FORMAT => Err(OpenError::NewerFormat { dir: dir.to_owned(), found, known: FORMAT }),
        _ => Err(OpenError::NotOurs {
            dir: dir.to_owned(),
            what: "the file 'format' does not hold a known format".to_owned(),
        }),
    }
}

/// A new folder holds at most our lock and a stamp that was not finished.
fn first_foreign_entry(dir: &Path) -> std::io::Result<Option<String>> {
    let entries = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name != "lock" && name != "format.new" {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Writes a small file so that after any crash it is there whole or not at all.
fn write_whole(dir: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let unfinished = dir.join(format!("{name}.new"));
    let mut file = private_file().truncate(true).open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&unfinished, dir.join(name))?;
    sync_dir(dir)
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true).mode(0o600);
    options
}

/// Makes a folder that only its owner can look into; one that is there already becomes so.
pub(crate) fn make_private_dir(dir: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let mut permissions = std::fs::metadata(dir)?.permissions();
    if permissions.mode() & 0o077 != 0 {
        permissions.set_mode(0o700);
        std::fs::set_permissions(dir, permissions)?;
    }
    Ok(())
}

pub(crate) fn sync_dir(dir: &Path) -> std::io::Result<()> {
    File::open(dir)?.sync_all()
}
