//! Several layers seen as one /opt.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::mount::{MountFlags, mount, mount_remount};

use super::root::bind_read_only;

/// A later layer covers an earlier one. Source: Lambda Developer Guide, "Managing Lambda dependencies with layers": layers
/// are extracted into /opt one after the other, in the order in which the function lists them.
pub fn mount_all(layers: &[PathBuf], place: &Path) -> io::Result<()> {
    match layers {
        [] => Ok(()),
        [one] => bind_read_only(one, place),
        many => overlay(many, place).or_else(|_| copied(many, place)),
    }
}

fn overlay(layers: &[PathBuf], place: &Path) -> io::Result<()> {
    let mut options = b"lowerdir=".to_vec();
    for (nth, layer) in layers.iter().rev().enumerate() {
        if nth > 0 {
            options.push(b':');
        }
        for byte in layer.as_os_str().as_bytes() {
            if b"\\:,".contains(byte) {
                options.push(b'\\');
            }
            options.push(*byte);
        }
    }
    let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    Ok(mount("overlay", place, "overlay", flags, Some(CString::new(options)?.as_c_str()))?)
}

/// Where the kernel has no overlay to give: everything copied into memory.
fn copied(layers: &[PathBuf], place: &Path) -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", place, "tmpfs", flags, Some(c"mode=0755"))?;
    for layer in layers {
        copy_into(layer, place)?;
    }
    Ok(mount_remount(place, MountFlags::BIND | MountFlags::RDONLY | flags, c"")?)
}

fn copy_into(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let (kind, from, to) = (entry.file_type()?, entry.path(), to.join(name));
        if kind.is_dir() {
            match fs::create_dir(&to) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && to.is_dir() => {}
                other => other?,
            }
            copy_into(&from, &to)?;
            continue;
        }
        let _ = fs::remove_file(&to);
        match kind.is_symlink() {
            true => std::os::unix::fs::symlink(fs::read_link(&from)?, &to)?,
            false => drop(fs::copy(&from, &to)?),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_layer_covers_an_earlier_one_when_they_are_copied() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for (path, text) in [("a/bin/x", "old"), ("a/bin/y", "y"), ("b/bin/x", "new"), ("b/z", "z")] {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), text).unwrap();
        }
        std::os::unix::fs::symlink("y", at("b/bin/link")).unwrap();
        fs::create_dir(at("opt")).unwrap();
        copy_into(&at("a"), &at("opt")).unwrap();
        copy_into(&at("b"), &at("opt")).unwrap();
        let read = |path: &str| fs::read_to_string(at("opt").join(path)).unwrap();
        assert_eq!((read("bin/x"), read("bin/y"), read("z")), ("new".into(), "y".into(), "z".into()));
        assert_eq!(fs::read_link(at("opt/bin/link")).unwrap(), Path::new("y"));
    }
}
