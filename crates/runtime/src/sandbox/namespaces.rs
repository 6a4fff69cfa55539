//! A process in user, mount, pid, network, ipc and host-name namespaces of its own.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;

use rustix::process::{Pid, getgid, getuid};
use serde::{Deserialize, Serialize};

/// Who a function is inside. Source: `id` run in a function: `uid=993(sbx_user1051) gid=990 groups=990`.
pub const INSIDE_UID: u32 = 993;
pub const INSIDE_GID: u32 = 990;
/// Who a function of a server of root is on the host: numbers that belong to nobody.
/// Source: systemd, "Users, Groups, UIDs and GIDs on systemd Systems": 1879048192 to 2147483647 is unused.
const NOBODYS_UID: u32 = 1_900_000_993;
const NOBODYS_GID: u32 = 1_900_000_990;

/// What of the host a process shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FunctionNetwork {
    /// A network of its own, with nothing in it but what the platform serves.
    None,
    /// The host's, with its loopback and whatever it reaches.
    Host,
}

/// Where the entering of namespaces failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// The namespaces themselves.
    Namespaces,
    /// Who is who inside.
    Users,
    Mounts,
    /// A /proc of the new process ids.
    Processes,
    Network,
    Privileges,
}

impl Step {
    pub fn failed(self) -> impl FnOnce(io::Error) -> (Self, io::Error) {
        move |error| (self, error)
    }
}

/// Which side of [`split`] this is.
pub enum Side {
    /// The same process as before. The other one waits until it is [released](Split::release).
    Outside(Split),
    /// The first process of its pid namespace, with every capability inside.
    Inside,
}

pub struct Split {
    pub child: Pid,
    gate: OwnedFd,
}

/// Forks into new namespaces. Must be called while the process has one thread.
pub fn split(network: FunctionNetwork) -> io::Result<Side> {
    let (waits, gate) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let mut flags = libc::CLONE_NEWUSER
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::SIGCHLD;
    if network == FunctionNetwork::None {
        flags |= libc::CLONE_NEWNET;
    }
    // SAFETY: without a stack of its own and without CLONE_VM this is `fork`, and there is one thread to copy.
    let pid = unsafe { libc::syscall(libc::SYS_clone, libc::c_long::from(flags), 0_usize, 0_usize, 0_usize, 0_usize) };
    match pid {
        ..0 => Err(io::Error::last_os_error()),
        0 => {
            drop(gate);
            // The end without a word means that nobody could say who is who: there is nothing to go on with.
            match rustix::io::read(&waits, &mut [0_u8; 1]) {
                Ok(1) => Ok(Side::Inside),
                _ => std::process::exit(1),
            }
        }
        pid => {
            let child = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::Other)?;
            Ok(Side::Outside(Split { child, gate }))
        }
    }
}

impl Split {
    /// Says who is who inside and lets the child go on.
    pub fn release(self) -> io::Result<Pid> {
        let (uid, gid) = (getuid().as_raw(), getgid().as_raw());
        let place = format!("/proc/{}", self.child.as_raw_nonzero());
        let (users, groups) = if uid == 0 {
            // Files of root show as such inside; whoever runs there is somebody else.
            (format!("0 0 1\n{INSIDE_UID} {NOBODYS_UID} 1\n"), format!("0 0 1\n{INSIDE_GID} {NOBODYS_GID} 1\n"))
        } else {
            fs::write(format!("{place}/setgroups"), "deny")?;
            (format!("{INSIDE_UID} {uid} 1\n"), format!("{INSIDE_GID} {gid} 1\n"))
        };
        fs::write(format!("{place}/uid_map"), users)?;
        fs::write(format!("{place}/gid_map"), groups)?;
        rustix::io::write(&self.gate, &[1])?;
        Ok(self.child)
    }
}
