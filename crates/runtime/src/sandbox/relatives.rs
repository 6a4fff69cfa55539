//! Finding and ending every process that descends from this one.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, wait};

/// Kills until nothing is left. As subreaper this process inherits the children of whatever it kills, so nothing escapes
/// by detaching, and each round finds what the round before has orphaned.
pub fn end_all() {
    loop {
        for pid in children_of(getpid()) {
            let _ = kill_process(pid, Signal::KILL);
        }
        match wait(WaitOptions::empty()) {
            Err(Errno::INTR) | Ok(_) => {}
            Err(_) => return,
        }
    }
}

/// Reaps whatever has ended; answers how `watched` ended, if it did.
pub fn reap(watched: Pid) -> Option<rustix::process::WaitStatus> {
    let mut found = None;
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == watched {
            found = Some(status);
        }
    }
    found
}

/// Direct children of all its threads.
pub fn children_of(parent: Pid) -> Vec<Pid> {
    let tasks = format!("/proc/{}/task", parent.as_raw_nonzero());
    let lists = fs::read_dir(&tasks).into_iter().flatten().flatten();
    let mut found = Vec::new();
    let mut readable = false;
    for list in lists.filter_map(|task| fs::read_to_string(task.path().join("children")).ok()) {
        readable = true;
        found.extend(list.split_ascii_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)));
    }
    if readable { found } else { children_by_scan(parent) }
}

/// For kernels without CONFIG_PROC_CHILDREN.
fn children_by_scan(parent: Pid) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|entry| {
            let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name before may hold anything; after its last parenthesis come state and parent.
            let after_name = stat.rsplit_once(')')?.1;
            let its_parent: i32 = after_name.split_ascii_whitespace().nth(1)?.parse().ok()?;
            (its_parent == parent.as_raw_nonzero().get()).then(|| Pid::from_raw(pid)).flatten()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_find_the_same_children() {
        let mut child = std::process::Command::new("cat").stdin(std::process::Stdio::piped()).spawn().unwrap();
        let pid = Pid::from_raw(child.id() as i32).unwrap();
        assert!(children_of(getpid()).contains(&pid));
        assert!(children_by_scan(getpid()).contains(&pid));
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
