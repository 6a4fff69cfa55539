use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What the running server leaves in the state folder, so that other commands find it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunNote {
    pub pid: u32,
    pub endpoint: String,
    pub data: PathBuf,
    pub account: String,
    pub region: String,
    pub strict: bool,
}

impl RunNote {
    fn path(state: &Path) -> PathBuf {
        state.join("run.json")
    }

    pub fn read(state: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(Self::path(state)).ok()?).ok()
    }

    /// Replaces the note in one step, so that no reader sees half of it.
    pub fn write(&self, state: &Path) -> std::io::Result<()> {
        fs::create_dir_all(state)?;
        let fresh = state.join(format!("run.json.{}", self.pid));
        fs::write(&fresh, serde_json::to_vec_pretty(self)?)?;
        fs::rename(fresh, Self::path(state))
    }

    /// Removes the note if it is still this server's.
    pub fn remove(&self, state: &Path) {
        if Self::read(state).is_some_and(|note| note.pid == self.pid) {
            let _ = fs::remove_file(Self::path(state));
        }
    }

    /// Whether the process of the note still runs, and is a gureum.
    pub fn is_alive(&self) -> bool {
        fs::read_to_string(format!("/proc/{}/comm", self.pid)).is_ok_and(|name| name.trim() == "gureum")
    }
}
