//! Giving up every right that a new namespace gives.

use std::io;

use rustix::process::{DumpableBehavior, Gid, Uid, set_dumpable_behavior};
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities, set_no_new_privs, set_thread_groups,
    set_thread_res_gid, set_thread_res_uid,
};

use super::namespaces::{INSIDE_GID, INSIDE_UID};

/// Becomes the function's user, for good and without any capability.
pub fn drop_all() -> io::Result<()> {
    close_the_way_back()?;
    // Refused where a user without rights made the namespace: its groups mean nothing inside then.
    let _ = set_thread_groups(&[]);
    let (uid, gid) = (Uid::from_raw(INSIDE_UID), Gid::from_raw(INSIDE_GID));
    drop_bounding_set();
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)?;
    clear_ambient_capability_set()?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    set_no_new_privs(true)?;
    // Nobody inside may look into this process or trace it.
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// No namespaces inside the namespace: whoever made one would have every capability in it.
fn close_the_way_back() -> io::Result<()> {
    std::fs::write("/proc/sys/user/max_user_namespaces", "0")
}

fn drop_bounding_set() {
    // The kernel knows at most 64; the first that it does not know ends the list.
    for capability in 0..64_usize {
        // SAFETY: takes only numbers.
        if unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) } != 0 {
            break;
        }
    }
}
