//! Zips as users upload them: checked, measured, unpacked beneath one folder.
//!
//! Shape: links are kept and made last, so nothing is ever written through one; modes are kept, setuid, setgid and
//! sticky bits and devices are dropped; absolute names and `..` are refused; what is unpacked is counted as it is
//! written, whatever the headers say.

mod entry;
mod unpack;

use std::io::{Cursor, Read};
use std::path::Path;

pub use entry::{Entry, Kind};
pub use unpack::unpack;

use crate::error::Error;
use crate::limits::{UNZIPPED_BYTES_MAX, ZIP_ENTRIES_MAX};

/// Why a zip is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    #[error("the zip cannot be read: {0}")]
    Broken(String),
    #[error("the zip holds nothing")]
    Empty,
    #[error("the zip holds more than {UNZIPPED_BYTES_MAX} bytes")]
    TooLarge,
    #[error("the name {0:?} leads out of the folder")]
    Outside(String),
    #[error("unpacking failed")]
    Io(#[from] std::io::Error),
}

impl From<ZipError> for Error {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::Broken(_) | ZipError::Outside(_) => {
                Self::invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
            }
            ZipError::Empty => Self::invalid("Uploaded file must be a non-empty zip"),
            ZipError::TooLarge => {
                Self::invalid(format!("Unzipped size must be smaller than {UNZIPPED_BYTES_MAX} bytes"))
            }
            ZipError::Io(error) => Self::Internal(format!("unpacking a zip: {error}")),
        }
    }
}

impl From<zip::result::ZipError> for ZipError {
    fn from(error: zip::result::ZipError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// A zip in memory whose directory has been read and whose names have been checked.
pub struct Archive<'a> {
    inner: zip::ZipArchive<Cursor<&'a [u8]>>,
}

impl<'a> Archive<'a> {
    /// Errors: it is no zip, it is empty, its headers promise too much.
    pub fn open(bytes: &'a [u8]) -> Result<Self, ZipError> {
        if bytes.is_empty() {
            return Err(ZipError::Empty);
        }
        let inner = zip::ZipArchive::new(Cursor::new(bytes))?;
        match inner.len() {
            0 => Err(ZipError::Empty),
            count if count > ZIP_ENTRIES_MAX => Err(ZipError::TooLarge),
            _ => Ok(Self { inner }),
        }
    }

    pub fn len(&self) -> usize {
        self.inner.len()
    }

    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Hands the entries to `take`, in the zip's order, each with its bytes. Errors of `take` end it.
    pub fn each(&mut self, mut take: impl FnMut(Entry, &mut dyn Read) -> Result<(), ZipError>) -> Result<(), ZipError> {
        for at in 0..self.inner.len() {
            let mut file = self.inner.by_index(at)?;
            if file.encrypted() {
                return Err(ZipError::Broken("an entry is encrypted".to_owned()));
            }
            if let Some(entry) = Entry::read(&file)? {
                take(entry, &mut file)?;
            }
        }
        Ok(())
    }
}

/// The bytes of all files and links beneath a folder that [`unpack`] has made.
pub fn measure(folder: &Path) -> std::io::Result<u64> {
    let (mut bytes, mut folders) = (0_u64, vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(folder) {
            // A folder whose zip lets nobody read it: its function cannot, either.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let facts = entry.metadata()?;
            if facts.is_dir() {
                folders.push(entry.path());
            } else {
                bytes = bytes.saturating_add(facts.len());
            }
        }
    }
    Ok(bytes)
}

/// Reads a zip as far as it goes without writing anything: the body of a fuzz target.
pub fn fuzz(bytes: &[u8]) {
    let Ok(mut archive) = Archive::open(bytes) else { return };
    let mut left = 1_u64 << 20;
    let _ = archive.each(|_, reader| {
        let copied = std::io::copy(&mut reader.take(left), &mut std::io::sink())
            .map_err(|error| ZipError::Broken(error.to_string()))?;
        left = left.saturating_sub(copied);
        if left == 0 { Err(ZipError::TooLarge) } else { Ok(()) }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    pub(crate) fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            writer.start_file(*name, zip::write::SimpleFileOptions::default().unix_permissions(0o644)).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn what_is_no_zip_is_said_as_aws_says_it() {
        let Err(error) = Archive::open(b"not a zip") else { panic!() };
        assert_eq!(
            Error::from(error).to_string(),
            "Could not unzip uploaded file. Please check your file, then try to upload again."
        );
        assert!(matches!(Archive::open(b""), Err(ZipError::Empty)));
        assert!(matches!(Archive::open(&zip_of(&[])), Err(ZipError::Empty)));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            fuzz(&bytes);
        }

        #[test]
        fn a_damaged_zip_never_panics(at in 0_usize..400, with in any::<u8>(), cut in 0_usize..400) {
            let mut bytes = zip_of(&[("index.js", b"exports.handler = () => 1"), ("lib/a.txt", &[7; 200])]);
            if let Some(byte) = bytes.get_mut(at) { *byte = with; }
            bytes.truncate(bytes.len().saturating_sub(cut / 4));
            fuzz(&bytes);
        }
    }
}
