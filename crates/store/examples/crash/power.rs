//! Cutting the power of a writer.
//!
//! With root and loop devices the writer has a disk of its own, a file behind a loop device. It is stopped, the file is
//! copied (nothing else than what had reached the device), and the copy is mounted and opened, as after a power cut.
//! Elsewhere the writer tells how far it synced its journal, and the rest of the journal is taken away.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::Command;

use store::{StoreError, Txn};
use tempfile::TempDir;

use super::writer::{end_of_data, key, newest_journal};
use super::{Outcome, Report, Told, Writer, first_of_round, verify};

const DISK_BYTES: &str = "384M";

/// A disk that is full soon: what is kept free, and a little.
const SMALL_DISK_BYTES: &str = "120M";

/// How the power is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cut {
    Device,
    Journal,
}

impl Cut {
    /// The better one that works here.
    pub fn possible_here() -> Self {
        let works = || -> Outcome<()> {
            let dir = tempfile::tempdir()?;
            let disk = Disk::make(dir.path().join("probe"), DISK_BYTES)?;
            drop(disk.mount(&dir.path().join("mounted"))?);
            Ok(())
        };
        if works().is_ok() { Cut::Device } else { Cut::Journal }
    }
}

/// Cuts the power over and over, each time going on from what was left.
pub fn power_cut_rounds(cut: Cut, rounds: u64, with_syncs: bool) -> Outcome<Report> {
    match cut {
        Cut::Device => device_rounds(rounds, with_syncs),
        Cut::Journal => journal_rounds(rounds, with_syncs),
    }
}

fn options(with_syncs: bool) -> Vec<&'static str> {
    if with_syncs { vec![] } else { vec!["--without-syncs"] }
}

/// Only durable answers: what was released as written may go with the power.
fn remember(durable: &mut Vec<(u64, u64)>, told: &Told) {
    durable.extend(&told.durable);
}

fn device_rounds(rounds: u64, with_syncs: bool) -> Outcome<Report> {
    let dir = tempfile::tempdir()?;
    let mounted_at = dir.path().join("mounted");
    let mut disk = Disk::make(dir.path().join("disk-0"), DISK_BYTES)?;
    let mut report = Report::default();
    let mut durable = Vec::new();
    for round in 0..rounds {
        let after = dir.path().join(format!("disk-{}", round + 1));
        let mount = disk.mount(&mounted_at)?;
        let mut writer = Writer::start(&mounted_at.join("data"), first_of_round(round), &options(with_syncs))?;
        writer.listen()?;
        writer.freeze()?;
        let cut_disk = disk.copy(after)?;
        writer.kill()?;
        drop(mount);
        disk = cut_disk;
        remember(&mut durable, &writer.told);
        let mount = disk.mount(&mounted_at)?;
        let found = verify::verify(&mounted_at.join("data"), &durable)?;
        drop(mount);
        report.add(&writer.told, &found);
        if found.lost > 0 {
            break;
        }
    }
    Ok(report)
}

/// Writes to a small disk of its own until the store refuses. Answers how many values were kept, and the refusal.
pub fn fill_a_disk() -> Outcome<(u64, StoreError)> {
    let dir = tempfile::tempdir()?;
    let disk = Disk::make(dir.path().join("disk"), SMALL_DISK_BYTES)?;
    let _mount = disk.mount(&dir.path().join("mounted"))?;
    let data = dir.path().join("mounted/data");
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (kept, refusal) = runtime.block_on(async {
        let store = verify::open(&data)?;
        for n in 0.. {
            let put = move |txn: &mut Txn| txn.put(key("left", (0, n)), vec![0xA5; 100_000]);
            if let Err(refusal) = store.transact(put).await {
                // It goes on reading, and the next write is refused again instead of ending it.
                assert!(store.get(&key("left", (0, n - 1)))?.is_some());
                assert!(matches!(store.transact(put).await, Err(StoreError::Refused(_))));
                store.close().await;
                return Outcome::Ok((n, refusal));
            }
        }
        Err("the disk never filled up".into())
    })?;
    let store = verify::open(&data)?;
    for n in 0..kept {
        assert_eq!(store.get(&key("left", (0, n)))?.map(|value| value.len()), Some(100_000), "value {n}");
    }
    Ok((kept, refusal))
}

/// A file system in a file. It goes when this does.
struct Disk {
    image: PathBuf,
}

impl Disk {
    fn make(image: PathBuf, bytes: &str) -> Outcome<Self> {
        run(Command::new("truncate").args(["-s", bytes]).arg(&image))?;
        run(Command::new("mkfs.ext4").args(["-q", "-F"]).arg(&image))?;
        Ok(Self { image })
    }

    fn copy(&self, image: PathBuf) -> Outcome<Self> {
        run(Command::new("cp").args(["--sparse=always"]).arg(&self.image).arg(&image))?;
        Ok(Self { image })
    }

    fn mount(&self, at: &Path) -> Outcome<Mount> {
        std::fs::create_dir_all(at)?;
        // Ten minutes between commits of the file system: nothing reaches the device because of the time.
        run(Command::new("mount").args(["-o", "loop,commit=600"]).arg(&self.image).arg(at))?;
        Ok(Mount { at: at.to_owned() })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.image);
    }
}

struct Mount {
    at: PathBuf,
}

impl Drop for Mount {
    fn drop(&mut self) {
        if let Err(error) = run(Command::new("umount").arg(&self.at)) {
            eprintln!("{error}");
        }
    }
}

fn run(command: &mut Command) -> Outcome<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
}

fn journal_rounds(rounds: u64, with_syncs: bool) -> Outcome<Report> {
    let dir: TempDir = tempfile::tempdir()?;
    let keys_dir = dir.path().join("keys");
    let mut report = Report::default();
    let mut durable = Vec::new();
    // A journal to begin with, so that there is something to cut in the first round too.
    verify::verify(dir.path(), &[])?;
    for round in 0..rounds {
        let safe_before = end_of_data(&newest_journal(&keys_dir)?)?;
        let mut options = options(with_syncs);
        options.push("--tell-syncs");
        let mut writer = Writer::start(dir.path(), first_of_round(round), &options)?;
        writer.listen()?;
        writer.kill()?;
        let journal = newest_journal(&keys_dir)?;
        let safe = match &writer.told.synced_bytes {
            Some((name, bytes)) if Path::new(name) == journal => *bytes,
            _ => safe_before,
        };
        let file = OpenOptions::new().write(true).open(&journal)?;
        let bytes = file.metadata()?.len();
        file.set_len(safe.min(bytes))?;
        file.set_len(bytes)?;
        remember(&mut durable, &writer.told);
        let found = verify::verify(dir.path(), &durable)?;
        report.add(&writer.told, &found);
        if found.lost > 0 {
            break;
        }
    }
    Ok(report)
}
