//! One name in a zip.

use std::io::Read;

use crate::limits::ZIP_NAME_BYTES_MAX;

use super::ZipError;

const TYPE_MASK: u32 = 0o170_000;
const LINK: u32 = 0o120_000;
const FILE: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    Link,
}

/// A name that stays beneath the folder, what it is, and its permission bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Without empty and `.` parts; never `..`, never absolute.
    pub parts: Vec<String>,
    pub kind: Kind,
    /// Read, write, execute for owner, group and others; nothing else.
    pub mode: u32,
}

impl Entry {
    /// `None` for what cannot be part of a package: devices, pipes, sockets, the folder itself.
    pub(super) fn read<R: Read>(file: &zip::read::ZipFile<'_, R>) -> Result<Option<Self>, ZipError> {
        let name = std::str::from_utf8(file.name_raw()).map(str::to_owned).unwrap_or_else(|_| file.name().to_owned());
        let kind = match (file.unix_mode().map(|mode| mode & TYPE_MASK), name.ends_with('/')) {
            (_, true) | (Some(FOLDER), _) => Kind::Folder,
            (Some(LINK), _) => Kind::Link,
            (None | Some(0 | FILE), _) => Kind::File,
            (Some(_), _) => return Ok(None),
        };
        let parts = parts(&name)?;
        if parts.is_empty() {
            return Ok(None);
        }
        let bits = file.unix_mode().map_or(0, |mode| mode & 0o777);
        // A zip made where there are no modes has none: AWS gives such files the usual ones.
        let mode = match (bits, kind) {
            (0, Kind::Folder) => 0o755,
            (0, _) => 0o644,
            (bits, _) => bits,
        };
        Ok(Some(Self { parts, kind, mode }))
    }
}

fn parts(name: &str) -> Result<Vec<String>, ZipError> {
    let outside = || ZipError::Outside(name.chars().take(200).collect());
    if name.len() > ZIP_NAME_BYTES_MAX || name.starts_with('/') || name.contains('\0') {
        return Err(outside());
    }
    let parts: Vec<String> =
        name.split('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect();
    if parts.iter().any(|part| part == ".." || part.len() > 255) { Err(outside()) } else { Ok(parts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_beneath() {
        assert_eq!(parts("a/./b//c").unwrap(), ["a", "b", "c"]);
        for bad in ["/etc/passwd", "../x", "a/../../x", "a/..", "..", "a\0b"] {
            assert!(parts(bad).is_err(), "{bad}");
        }
        assert!(parts("./").unwrap().is_empty());
    }
}
