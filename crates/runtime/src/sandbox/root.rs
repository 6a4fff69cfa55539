//! The file system that a function sees: a root of its own, of which it may write to /tmp alone.
//!
//! This is the one list of what of the host is in it: the system's own programs and libraries, the interpreter, the
//! devices that give or take bytes and belong to nobody, and what the plan names.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_bind_recursive, mount_change,
    mount_remount, unmount,
};
use rustix::process::{chdir, pivot_root};

use super::layers;
use super::namespaces::{INSIDE_GID, INSIDE_UID, Step};
use super::plan::{Entry, World};

/// The system's programs and libraries. Links are links inside too. The last two are where Nix and Guix keep them.
const SYSTEM: [&str; 9] = ["usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix/store", "gnu/store"];
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];
const DEVICE_LINKS: [(&str, &str); 4] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// Builds the root on `world.stage` and makes it this process's own; nothing of the host's stays mounted but what is in
/// it. Needs a mount and a pid namespace, and every right in them.
pub fn enter(world: &World, code: Option<&Path>, runtime: Option<&Path>) -> Result<(), (Step, io::Error)> {
    build(world, code, runtime).map_err(Step::Mounts.failed())?;
    let unsafe_mount = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", world.stage.join("proc"), "proc", unsafe_mount, None)
        .map_err(io::Error::from)
        .map_err(Step::Processes.failed())?;
    change_root(&world.stage).map_err(Step::Mounts.failed())
}

fn build(world: &World, code: Option<&Path>, runtime: Option<&Path>) -> io::Result<()> {
    let root = &world.stage;
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE)?;
    let tmpfs = MountFlags::NOSUID | MountFlags::NODEV;
    mount("tmpfs", root, "tmpfs", tmpfs, Some(c"mode=0755,size=1m"))?;
    for folder in ["dev", "etc", "opt", "proc", "tmp", "var/task", "var/runtime", "var/lang/bin", "var/lang/lib"] {
        fs::create_dir_all(root.join(folder))?;
    }
    for name in SYSTEM {
        system(root, name)?;
    }
    for name in DEVICES {
        let place = root.join("dev").join(name);
        fs::File::create(&place)?;
        mount_bind(Path::new("/dev").join(name), place)?;
    }
    for (name, to) in DEVICE_LINKS {
        symlink(to, root.join("dev").join(name))?;
    }
    for (folder, entries) in [("bin", &world.programs), ("lib", &world.libraries)] {
        for (name, entry) in entries {
            put(entry, &root.join("var/lang").join(folder).join(name))?;
        }
    }
    for folder in &world.hidden {
        mount("tmpfs", root.join("var/lang/lib").join(folder), "tmpfs", tmpfs | MountFlags::RDONLY, Some(c"size=4k"))?;
    }
    let named = [(code, "var/task"), (runtime, "var/runtime"), (world.etc.as_deref(), "etc")];
    for (from, to) in named.into_iter().filter_map(|(from, to)| Some((from?, to))) {
        bind_read_only(from, &root.join(to))?;
    }
    // ES modules look for packages only in the folders above theirs: there /var/task finds the SDK.
    if runtime.is_some_and(|runtime| runtime.join("node_modules").is_dir()) {
        symlink("/var/runtime/node_modules", root.join("var/node_modules"))?;
    }
    layers::mount_all(&world.layers, &root.join("opt"))?;
    let tmp = format!("mode=0700,uid={INSIDE_UID},gid={INSIDE_GID},size={}m", world.storage_mb);
    Ok(mount("tmpfs", root.join("tmp"), "tmpfs", tmpfs, Some(CString::new(tmp)?.as_c_str()))?)
}

fn system(root: &Path, name: &str) -> io::Result<()> {
    let (from, to) = (Path::new("/").join(name), root.join(name));
    let Ok(about) = fs::symlink_metadata(&from) else { return Ok(()) };
    if about.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    fs::create_dir_all(&to)?;
    bind_read_only(&from, &to)
}

fn put(entry: &Entry, place: &Path) -> io::Result<()> {
    match entry {
        Entry::Link(to) => symlink(to, place),
        Entry::Is(from) => {
            if from.is_dir() {
                fs::create_dir(place)?;
            } else {
                fs::File::create(place)?;
            }
            bind_read_only(from, place)
        }
    }
}

/// With whatever is mounted below it: in a user namespace parts of a tree are not to be had.
pub fn bind_read_only(from: &Path, to: &Path) -> io::Result<()> {
    mount_bind_recursive(from, to)?;
    protect(to, libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV)
}

fn protect(place: &Path, attributes: u64) -> io::Result<()> {
    let place = CString::new(place.as_os_str().as_bytes())?;
    let change = libc::mount_attr { attr_set: attributes, attr_clr: 0, propagation: 0, userns_fd: 0 };
    // SAFETY: the path ends in a null byte, and the structure and its size belong together.
    let failed = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            place.as_ptr(),
            libc::AT_RECURSIVE,
            &change,
            size_of::<libc::mount_attr>(),
        )
    };
    if failed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The old root is unmounted before anything of the function's runs.
fn change_root(root: &Path) -> io::Result<()> {
    chdir(root)?;
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    chdir("/")?;
    let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    Ok(mount_remount("/", MountFlags::BIND | flags, c"")?)
}
