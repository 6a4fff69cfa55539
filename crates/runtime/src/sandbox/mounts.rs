//! A mount namespace in which the code lies on /var/task, the runtime client on /var/runtime and a folder of the
//! environment's own on /tmp. Nothing is made in the host's /var: its entries are bound into a /var of ours.

use std::fs;
use std::io;
use std::path::Path;

use rustix::mount::{
    MountFlags, MountPropagationFlags, mount, mount_bind, mount_bind_recursive, mount_change, mount_remount,
};
use rustix::process::{getgid, getuid};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use super::plan::Plan;

/// Enters the namespace. An error leaves everything where it was for this process, if not undone then unused.
pub fn enter(plan: &Plan) -> io::Result<()> {
    unshare_mounts()?;
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE)?;
    mount("tmpfs", &plan.stage, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, Some(c"mode=0755,size=1m"))?;
    keep_host_entries(&plan.stage)?;
    bind_read_only(&plan.code, &plan.stage.join("task"))?;
    if let Some(runtime) = &plan.runtime {
        bind_read_only(runtime, &plan.stage.join("runtime"))?;
    }
    let bin = plan.stage.join("lang/bin");
    fs::create_dir_all(&bin)?;
    for (name, target) in &plan.tools {
        std::os::unix::fs::symlink(target, bin.join(name))?;
    }
    // Last, because either may cover the folders that were named until here.
    let tmp = rustix::fs::open(&plan.tmp, rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC, 0.into())?;
    mount_bind_recursive(&plan.stage, "/var")?;
    mount_bind(format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&tmp)), "/tmp")?;
    Ok(())
}

/// As root the namespace is free to make; others get it inside a user namespace that maps only themselves.
fn unshare_mounts() -> io::Result<()> {
    // SAFETY: the warden has one thread and shares no file table, so nothing else sees the change.
    if unsafe { unshare_unsafe(UnshareFlags::NEWNS) }.is_ok() {
        return Ok(());
    }
    let (uid, gid) = (getuid().as_raw(), getgid().as_raw());
    // SAFETY: as above.
    unsafe { unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNS) }?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{uid} {uid} 1"))?;
    fs::write("/proc/self/gid_map", format!("{gid} {gid} 1"))
}

fn keep_host_entries(stage: &Path) -> io::Result<()> {
    for entry in fs::read_dir("/var")?.flatten() {
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        if ["task", "runtime", "lang"].iter().any(|ours| name == *ours) {
            continue;
        }
        let place = stage.join(&name);
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, &place)?;
        } else if kind.is_dir() {
            fs::create_dir(&place)?;
            mount_bind_recursive(entry.path(), &place)?;
        }
    }
    Ok(())
}

fn bind_read_only(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    mount_bind(from, to)?;
    let flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    Ok(mount_remount(to, flags, c"")?)
}
