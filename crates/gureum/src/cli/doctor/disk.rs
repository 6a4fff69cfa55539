//! The disk below the data folder: how much room, and how long until a write is safe.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kernel::Clock;

use super::{Finding, Level};
use crate::text::doctor as text;

/// Below this a server will soon be unable to write. Units: bytes.
const SPACE_MIN: u64 = 100 * 1024 * 1024;
/// Below this it is worth a thought. Units: bytes.
const SPACE_LOW: u64 = 1024 * 1024 * 1024;
const GIB: f64 = 1024.0 * 1024.0 * 1024.0;
/// A write that takes longer makes every change feel slow.
const SYNC_SLOW: Duration = Duration::from_millis(20);
/// Writes of which the middle one counts.
const SYNCS: usize = 21;
/// Units: bytes.
const BLOCK: usize = 4096;
/// `f_type` of tmpfs and ramfs. Source: Linux, include/uapi/linux/magic.h.
const IN_MEMORY: [i64; 2] = [0x0102_1994, 0x8584_58f6];

/// The folder, or what will hold it once it is made.
fn existing(folder: &Path) -> PathBuf {
    folder.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

pub fn space(folder: &Path) -> Finding {
    let place = existing(folder);
    let found = match rustix::fs::statvfs(&place) {
        Ok(found) => found,
        Err(cause) => return unwritable(folder, &cause),
    };
    let free = found.f_bavail * found.f_frsize;
    let what = text::space(folder.display(), format!("{:.1}", free as f64 / GIB));
    let level = match free {
        ..SPACE_MIN => Level::Problem,
        SPACE_MIN..SPACE_LOW => Level::Warning,
        _ => return Finding::ok("space", what),
    };
    Finding::new(level, "space", what, text::space_low_why(), text::space_low_fix())
}

fn unwritable(folder: &Path, cause: &dyn std::fmt::Display) -> Finding {
    let what = text::data_unwritable(folder.display(), cause);
    Finding::new(Level::Problem, "disk", what, String::new(), text::data_unwritable_fix())
}

/// Writes blocks as the store does, into a file that is gone when this returns.
pub fn sync_time(folder: &Path, clock: &dyn Clock) -> Finding {
    let place = existing(folder);
    let in_memory = rustix::fs::statfs(&place).is_ok_and(|found| IN_MEMORY.contains(&found.f_type));
    if in_memory {
        let what = text::data_in_memory(folder.display());
        return Finding::new(Level::Warning, "disk", what, text::data_in_memory_why(), text::data_in_memory_fix());
    }
    let mut times = match tempfile::tempfile_in(&place).and_then(|file| measure(file, clock)) {
        Ok(times) => times,
        Err(cause) => return unwritable(folder, &cause),
    };
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    let what = text::sync_time(folder.display(), format!("{:.2}", middle.as_secs_f64() * 1000.0));
    if middle > SYNC_SLOW {
        return Finding::new(Level::Warning, "disk", what, text::sync_slow_why(), text::sync_slow_fix());
    }
    Finding::ok("disk", what)
}

fn measure(mut file: File, clock: &dyn Clock) -> std::io::Result<Vec<Duration>> {
    let block = [0u8; BLOCK];
    (0..SYNCS)
        .map(|_| {
            let began = clock.monotonic();
            file.write_all(&block)?;
            file.sync_data()?;
            Ok(clock.monotonic() - began)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use kernel::RealClock;

    use super::*;

    #[test]
    fn a_folder_that_is_not_there_yet_is_judged_by_what_will_hold_it() {
        let folder = tempfile::tempdir().unwrap();
        let later = folder.path().join("not/yet");
        assert_ne!(space(&later).level, Level::Problem);
        assert_ne!(sync_time(&later, &RealClock::default()).level, Level::Problem);
        assert!(!later.exists() && std::fs::read_dir(folder.path()).unwrap().next().is_none());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_a_problem() {
        assert_eq!(sync_time(Path::new("/proc/gureum"), &RealClock::default()).level, Level::Problem);
    }
}
