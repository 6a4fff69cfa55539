//! Syncs fjall's journal beside fjall.
//!
//! `Database::persist` holds the journal's lock while the disk works, so that nothing can be committed meanwhile. A
//! commit has handed its bytes to the operating system when it returns (`PersistMode::Buffer`), so a sync through a
//! descriptor of our own is as good: it is the same file. What this takes for granted of fjall 3.1: journals are
//! `NUMBER.jnl` in its folder, the one with the highest number is written, and before the next one, with the next number, is
//! made the one before it is synced, as is the folder afterwards.

use std::fs::{File, read_dir};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

pub struct Journal {
    dir: PathBuf,
    current: Mutex<(u64, File)>,
}

impl Journal {
    /// Syncs what a process before may have left to the operating system in any journal, because it is shown from now on.
    /// Errors: there is no journal in the folder, or it cannot be read or synced.
    pub fn open(dir: &Path) -> io::Result<Self> {
        for number in numbers(dir)? {
            if let Some((_, file)) = opened(dir, number)? {
                file.sync_data()?;
            }
        }
        let newest = newest(dir)?;
        let current = opened(dir, newest)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(Self { dir: dir.to_owned(), current: Mutex::new(current) })
    }

    /// Everything that was written before is on the disk.
    pub fn sync(&self) -> io::Result<()> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(next) = opened(&self.dir, current.0 + 1)? {
            *current = next;
        }
        current.1.sync_data()
    }
}

/// The journal of that number, if there is one.
fn opened(dir: &Path, number: u64) -> io::Result<Option<(u64, File)>> {
    match File::open(dir.join(format!("{number}.jnl"))) {
        Ok(file) => Ok(Some((number, file))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn newest(dir: &Path) -> io::Result<u64> {
    let newest = numbers(dir)?.into_iter().max();
    newest.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no journal in {}", dir.display())))
}

fn numbers(dir: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in read_dir(dir)? {
        let name = entry?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.strip_suffix(".jnl")?.parse::<u64>().ok()));
    }
    Ok(numbers)
}
