//! Writing a package to disk, beneath one folder.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, ResolveFlags};

use crate::limits::{LINK_BYTES_MAX, UNZIPPED_BYTES_MAX};

use super::{Archive, Entry, Kind, ZipError};

/// Up to here every file is synced by itself; beyond, the file system once.
const FILES_SYNCED_SINGLY: usize = 64;

/// Unpacks the zip to the folder `target`, which is not there before and is whole when it is. Answers the bytes written.
///
/// Shape: everything is written to a neighbour of `target`, synced when `durable`, and then renamed. When another caller
/// was faster, its folder stays.
pub fn unpack(bytes: &[u8], target: &Path, durable: bool, nonce: &str) -> Result<u64, ZipError> {
    let mut archive = Archive::open(bytes)?;
    let scratch = Scratch::make(target, nonce)?;
    let root = open_folder(&scratch.0)?;
    let mut writer = Writer {
        root: root.as_fd(),
        parent: None,
        modes: BTreeMap::new(),
        links: Vec::new(),
        folders: BTreeSet::new(),
        written: 0,
    };
    let sync_each = durable && archive.len() <= FILES_SYNCED_SINGLY;
    archive.each(|entry, reader| writer.take(entry, reader, sync_each))?;
    writer.finish()?;
    if sync_each {
        writer.sync_folders()?;
    }
    let written = writer.written;
    if durable {
        if !sync_each {
            rustix::fs::syncfs(&root).map_err(std::io::Error::from)?;
        }
        rustix::fs::fsync(&root).map_err(std::io::Error::from)?;
    }
    scratch.become_target(target, durable)?;
    Ok(written)
}

struct Writer<'a> {
    root: BorrowedFd<'a>,
    /// The folder that the last entry was in: entries of one folder mostly follow each other.
    parent: Option<(Vec<String>, OwnedFd)>,
    /// Modes of folders are set at the end: one without the write bit must still be filled.
    modes: BTreeMap<Vec<String>, u32>,
    links: Vec<(Vec<String>, Vec<u8>)>,
    /// Every folder that was made.
    folders: BTreeSet<Vec<String>>,
    written: u64,
}

impl Writer<'_> {
    fn take(&mut self, entry: Entry, reader: &mut dyn Read, sync: bool) -> Result<(), ZipError> {
        match entry.kind {
            Kind::Folder => {
                self.folder(&entry.parts)?;
                self.modes.insert(entry.parts, entry.mode);
            }
            Kind::Link => {
                let mut to = Vec::new();
                reader.take(LINK_BYTES_MAX + 1).read_to_end(&mut to).map_err(broken)?;
                if to.is_empty() || to.len() as u64 > LINK_BYTES_MAX || to.contains(&0) {
                    return Err(ZipError::Broken("a link points nowhere".to_owned()));
                }
                self.count(to.len() as u64)?;
                self.links.push((entry.parts, to));
            }
            Kind::File => self.file(&entry, reader, sync)?,
        }
        Ok(())
    }

    fn file(&mut self, entry: &Entry, reader: &mut dyn Read, sync: bool) -> Result<(), ZipError> {
        let (name, folders) = split(&entry.parts)?;
        let parent = self.folder(folders)?;
        // A name that comes twice replaces itself, as unzip does.
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat2(parent, &name, flags, Mode::from_raw_mode(0o600), BENEATH).map_err(misplaced)?;
        let mut file = File::from(fd);
        let left = UNZIPPED_BYTES_MAX.saturating_sub(self.written);
        let copied = std::io::copy(&mut reader.take(left + 1), &mut file).map_err(damaged_or_disk)?;
        self.count(copied)?;
        rustix::fs::fchmod(&file, Mode::from_raw_mode(entry.mode)).map_err(std::io::Error::from)?;
        if sync {
            file.sync_all()?;
        }
        Ok(())
    }

    fn count(&mut self, bytes: u64) -> Result<(), ZipError> {
        self.written += bytes;
        if self.written > UNZIPPED_BYTES_MAX { Err(ZipError::TooLarge) } else { Ok(()) }
    }

    /// The folder of these parts, made if it is not there.
    fn folder(&mut self, parts: &[String]) -> Result<BorrowedFd<'_>, ZipError> {
        if self.parent.as_ref().is_none_or(|(known, _)| known != parts) {
            let mut fd = open_beneath(self.root, None)?;
            for (depth, part) in parts.iter().enumerate() {
                self.folders.extend(parts.get(..=depth).map(<[String]>::to_vec));
                match rustix::fs::mkdirat(&fd, part, Mode::from_raw_mode(0o755)) {
                    Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                    Err(error) => return Err(misplaced(error)),
                }
                fd = open_beneath(fd.as_fd(), Some(part))?;
            }
            self.parent = Some((parts.to_vec(), fd));
        }
        match &self.parent {
            Some((_, fd)) => Ok(fd.as_fd()),
            None => Ok(self.root),
        }
    }

    fn sync_folders(&mut self) -> Result<(), ZipError> {
        for parts in std::mem::take(&mut self.folders) {
            rustix::fs::fsync(self.folder(&parts)?).map_err(std::io::Error::from)?;
        }
        Ok(())
    }

    /// Makes the links, then gives the folders their modes, the deepest first.
    fn finish(&mut self) -> Result<(), ZipError> {
        for (parts, to) in std::mem::take(&mut self.links) {
            let (name, folders) = split(&parts)?;
            let to = CString::new(to).map_err(|_| ZipError::Broken("a link points nowhere".to_owned()))?;
            let parent = self.folder(folders)?;
            rustix::fs::symlinkat(&*to, parent, &name).map_err(misplaced)?;
        }
        for (parts, mode) in std::mem::take(&mut self.modes).into_iter().rev() {
            // The owner keeps every right: the folder must be deletable.
            let mode = Mode::from_raw_mode(mode | 0o700);
            rustix::fs::fchmod(self.folder(&parts)?, mode).map_err(std::io::Error::from)?;
        }
        Ok(())
    }
}

const BENEATH: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);

fn open_beneath(folder: BorrowedFd<'_>, part: Option<&String>) -> Result<OwnedFd, ZipError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let path = part.map_or(".", String::as_str);
    rustix::fs::openat2(folder, path, flags, Mode::empty(), BENEATH).map_err(misplaced)
}

fn open_folder(path: &Path) -> Result<OwnedFd, ZipError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open(path, flags, Mode::empty()).map_err(|error| ZipError::Io(error.into()))
}

fn split(parts: &[String]) -> Result<(String, &[String]), ZipError> {
    parts.split_last().map(|(name, folders)| (name.clone(), folders)).ok_or(ZipError::Empty)
}

/// A file where a folder should be, or the other way round, or through a link: the zip contradicts itself.
fn misplaced(error: rustix::io::Errno) -> ZipError {
    use rustix::io::Errno;
    match error {
        Errno::NOTDIR | Errno::ISDIR | Errno::EXIST | Errno::LOOP | Errno::XDEV | Errno::NAMETOOLONG => {
            ZipError::Broken("its names contradict each other".to_owned())
        }
        other => ZipError::Io(other.into()),
    }
}

fn broken(error: std::io::Error) -> ZipError {
    ZipError::Broken(error.to_string())
}

/// What the operating system says is about the disk; everything else is about the zip.
fn damaged_or_disk(error: std::io::Error) -> ZipError {
    if error.raw_os_error().is_some() { ZipError::Io(error) } else { broken(error) }
}

/// A folder that goes unless it becomes the target.
struct Scratch(PathBuf);

impl Scratch {
    fn make(target: &Path, nonce: &str) -> Result<Self, ZipError> {
        let name = target.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let path = target.with_file_name(format!(".{name}.{nonce}"));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    fn become_target(self, target: &Path, durable: bool) -> Result<(), ZipError> {
        match std::fs::rename(&self.0, target) {
            Ok(()) => {}
            Err(_) if target.is_dir() => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        if let (true, Some(folder)) = (durable, target.parent()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Gone when it became the target; else nobody needs it, and a sweep finds what cannot be deleted now.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};
    use std::os::unix::fs::PermissionsExt;
    use zip::write::SimpleFileOptions;

    type ZipWriter = zip::ZipWriter<Cursor<Vec<u8>>>;

    fn zipped(fill: impl FnOnce(&mut ZipWriter)) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        fill(&mut writer);
        writer.finish().unwrap().into_inner()
    }

    fn add(writer: &mut ZipWriter, name: &str, mode: u32, bytes: &[u8]) {
        writer.start_file(name, SimpleFileOptions::default().unix_permissions(mode)).unwrap();
        writer.write_all(bytes).unwrap();
    }

    fn into(dir: &tempfile::TempDir, bytes: &[u8]) -> Result<PathBuf, ZipError> {
        let target = dir.path().join("code");
        unpack(bytes, &target, true, "1").map(|_| target)
    }

    #[test]
    fn files_folders_links_and_modes_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = zipped(|w| {
            w.add_symlink("bin/run", "../lib/run.sh", SimpleFileOptions::default()).unwrap();
            add(w, "lib/run.sh", 0o4755, b"#!/bin/sh");
            add(w, "index.js", 0o644, b"1");
            w.add_directory("empty", SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
        });
        let code = into(&dir, &bytes).unwrap();
        assert_eq!(std::fs::read_link(code.join("bin/run")).unwrap(), Path::new("../lib/run.sh"));
        assert_eq!(std::fs::read(code.join("bin/run")).unwrap(), b"#!/bin/sh");
        let mode = std::fs::metadata(code.join("lib/run.sh")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o755, "setuid is dropped");
        assert!(code.join("empty").is_dir());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing but the code is left");
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let outside = dir.path().join("outside");
        std::fs::create_dir(&outside).unwrap();
        let bytes = zipped(|w| {
            w.add_symlink("out", outside.to_str().unwrap(), SimpleFileOptions::default()).unwrap();
            add(w, "out/evil", 0o644, b"x");
        });
        assert!(matches!(into(&dir, &bytes), Err(ZipError::Broken(_))));
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
        assert!(!dir.path().join("code").exists());
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in ["../evil", "a/../../evil"] {
            let dir = tempfile::tempdir().unwrap();
            let bytes = zipped(|w| add(w, name, 0o644, b"x"));
            assert!(matches!(into(&dir, &bytes), Err(ZipError::Outside(_))), "{name}");
            assert!(!dir.path().join("evil").exists());
        }
    }

    #[test]
    fn a_bomb_is_counted_as_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = zipped(|w| {
            let zeros = vec![0; 1 << 20];
            w.start_file("bomb", SimpleFileOptions::default()).unwrap();
            for _ in 0..251 {
                w.write_all(&zeros).unwrap();
            }
        });
        assert!(bytes.len() < 1 << 20);
        assert!(matches!(into(&dir, &bytes), Err(ZipError::TooLarge)));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_damaged_file_is_refused_by_its_checksum() {
        let dir = tempfile::tempdir().unwrap();
        let mut bytes = zipped(|w| {
            w.start_file("a", SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored)).unwrap();
            w.write_all(b"hello").unwrap();
        });
        let at = bytes.windows(5).position(|w| w == b"hello").unwrap();
        bytes[at] = b'j';
        assert!(matches!(into(&dir, &bytes), Err(ZipError::Broken(_))));
    }

    #[test]
    fn a_file_and_a_folder_of_one_name_contradict() {
        let dir = tempfile::tempdir().unwrap();
        let bytes = zipped(|w| {
            add(w, "a", 0o644, b"x");
            add(w, "a/b", 0o644, b"x");
        });
        assert!(matches!(into(&dir, &bytes), Err(ZipError::Broken(_))));
    }
}
