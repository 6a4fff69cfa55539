//! How far functions are kept from this host and from each other, why not further, and what would change it.

use std::path::Path;

use serde::Serialize;

use crate::sandbox::{Probed, Step, probe};

/// What holds between functions and the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IsolationLevel {
    /// Processes of the server's user, as any other: they see its files and processes and share its network.
    Plain,
    /// User, mount, pid, network, ipc and host-name namespaces of their own, a root of their own, no capabilities.
    Namespaces,
}

/// What this host allows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Isolation {
    pub level: IsolationLevel,
    /// Why it is no higher, in words.
    pub reasons: Vec<String>,
    /// What to do for a higher one, each a sentence or a command.
    pub what_would_raise_it: Vec<String>,
}

impl Isolation {
    pub fn is_plain(&self) -> bool {
        self.level == IsolationLevel::Plain
    }
}

/// Finds out by making a world and leaving it again. `program`: as [`crate::PoolOptions::warden`]. Blocks for some
/// milliseconds; the answer holds as long as the host's settings do.
pub fn probe_isolation(program: &Path) -> Isolation {
    match probe(program) {
        Ok(Probed::Possible) => {
            Isolation { level: IsolationLevel::Namespaces, reasons: Vec::new(), what_would_raise_it: Vec::new() }
        }
        Ok(Probed::Refused { step, errno, error }) => explain(step, errno, &error, &Host::read(program)),
        Err(error) => Isolation {
            level: IsolationLevel::Plain,
            reasons: vec![format!("the probe could not be started: {error}")],
            what_would_raise_it: Vec::new(),
        },
    }
}

/// The host's settings that refuse namespaces.
#[derive(Clone, Debug, Default)]
struct Host {
    max_user_namespaces: Option<String>,
    unprivileged_userns_clone: Option<String>,
    apparmor_restricts: Option<String>,
    /// A filter of system calls, as containers have.
    filtered: bool,
    program: String,
}

impl Host {
    fn read(program: &Path) -> Self {
        let setting = |path: &str| Some(std::fs::read_to_string(path).ok()?.trim().to_owned());
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let program = std::fs::read_link(program).unwrap_or_else(|_| program.to_owned());
        Self {
            max_user_namespaces: setting("/proc/sys/user/max_user_namespaces"),
            unprivileged_userns_clone: setting("/proc/sys/kernel/unprivileged_userns_clone"),
            apparmor_restricts: setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
            filtered: status.lines().any(|line| line.split_ascii_whitespace().eq(["Seccomp:", "2"])),
            program: program.display().to_string(),
        }
    }
}

fn explain(step: Step, errno: i32, error: &str, host: &Host) -> Isolation {
    let what = match step {
        Step::Namespaces => "the kernel makes no namespaces for this user",
        Step::Users => "the kernel lets nobody say who is who in a new user namespace",
        Step::Mounts => "nothing can be mounted in a new namespace",
        Step::Processes => "/proc cannot be mounted in a new pid namespace",
        Step::Network => "the network of a new namespace cannot be set up",
        Step::Privileges => "the rights of a new namespace cannot be given up",
    };
    let mut reasons = vec![format!("{what}: {error}")];
    let mut raise = Vec::new();
    let mut because = |reason: String, remedy: String| {
        reasons.push(reason);
        raise.push(remedy);
    };
    if host.max_user_namespaces.as_deref() == Some("0") {
        because("user.max_user_namespaces is 0".to_owned(), "sudo sysctl -w user.max_user_namespaces=15000".to_owned());
    }
    if host.unprivileged_userns_clone.as_deref() == Some("0") {
        because(
            "kernel.unprivileged_userns_clone is 0".to_owned(),
            "sudo sysctl -w kernel.unprivileged_userns_clone=1".to_owned(),
        );
    }
    if host.apparmor_restricts.as_deref() == Some("1") {
        because(
            "kernel.apparmor_restrict_unprivileged_userns is 1: AppArmor takes every right from user namespaces"
                .to_owned(),
            format!("{}\n{}", APPARMOR_STEPS, apparmor_profile(&host.program)),
        );
    }
    if host.filtered {
        because(
            "a seccomp filter is in force, as in a container".to_owned(),
            "start the container with --security-opt seccomp=unconfined --security-opt apparmor=unconfined".to_owned(),
        );
    }
    if step == Step::Processes {
        because(
            "parts of /proc are covered, as in a container".to_owned(),
            "start the container with --security-opt systempaths=unconfined".to_owned(),
        );
    }
    if errno == libc::ENOSYS {
        because("this kernel is older than 5.12".to_owned(), "use Linux 5.12 or newer".to_owned());
    }
    Isolation { level: IsolationLevel::Plain, reasons, what_would_raise_it: raise }
}

const APPARMOR_STEPS: &str =
    "write this to /etc/apparmor.d/gureum, then run sudo apparmor_parser -r /etc/apparmor.d/gureum:";

/// Source: Ubuntu blog, "Restricted unprivileged user namespaces are coming to Ubuntu 23.10".
fn apparmor_profile(program: &str) -> String {
    format!(
        "abi <abi/4.0>,\ninclude <tunables/global>\nprofile gureum \"{program}\" flags=(unconfined) {{\n  userns,\n}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_is_named_with_its_remedy() {
        let host = Host { max_user_namespaces: Some("0".into()), ..Host::default() };
        let none = explain(Step::Namespaces, libc::ENOSPC, "No space left on device (os error 28)", &host);
        assert!(none.is_plain());
        assert!(none.reasons[0].ends_with("No space left on device (os error 28)"), "{none:?}");
        assert!(none.what_would_raise_it[0].contains("user.max_user_namespaces="), "{none:?}");

        let host = Host { apparmor_restricts: Some("1".into()), program: "/usr/bin/gureum".into(), ..Host::default() };
        let restricted = explain(Step::Mounts, libc::EACCES, "Permission denied (os error 13)", &host);
        assert!(restricted.what_would_raise_it[0].contains("profile gureum \"/usr/bin/gureum\""), "{restricted:?}");
        assert!(restricted.what_would_raise_it[0].contains("userns,"));

        let host = Host { filtered: true, ..Host::default() };
        let container = explain(Step::Processes, libc::EPERM, "Operation not permitted (os error 1)", &host);
        assert_eq!(container.what_would_raise_it.len(), 2, "{container:?}");
    }
}
