//! Init scripts, as LocalStack runs them: files of `boot.d`, `start.d`, `ready.d` and `shutdown.d` at four moments of the
//! server's life. Source: LocalStack's documentation, "Initialization hooks".

mod find;
mod run;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

pub use find::well_known;
pub use run::Surroundings;

/// A moment in the server's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before the data folder is opened.
    Boot,
    /// The services are there; nothing listens yet.
    Start,
    /// Requests are answered.
    Ready,
    /// The server was told to stop and still answers.
    Shutdown,
}

impl Stage {
    const ALL: [Self; 4] = [Self::Boot, Self::Start, Self::Ready, Self::Shutdown];

    fn name(self) -> &'static str {
        match self {
            Self::Boot => "BOOT",
            Self::Start => "START",
            Self::Ready => "READY",
            Self::Shutdown => "SHUTDOWN",
        }
    }

    /// By its name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.name().eq_ignore_ascii_case(name))
    }

    fn folder(self) -> String {
        format!("{}.d", self.name().to_ascii_lowercase())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unknown,
    Running,
    Successful,
    Error,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Running => "RUNNING",
            Self::Successful => "SUCCESSFUL",
            Self::Error => "ERROR",
        }
    }
}

#[derive(Clone, Debug)]
struct Script {
    stage: Stage,
    path: PathBuf,
    state: State,
}

impl Script {
    fn to_json(&self) -> Value {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        json!({ "stage": self.stage.name(), "name": name, "state": self.state.name() })
    }
}

#[derive(Default)]
struct Progress {
    completed: [bool; 4],
    scripts: Vec<Script>,
}

/// The scripts of a server, and how far they are.
#[derive(Default)]
pub struct InitScripts {
    progress: Mutex<Progress>,
}

impl InitScripts {
    /// Finds the scripts below `folder`; without one there are none.
    /// Errors: the folder cannot be read.
    pub fn find(folder: Option<&Path>) -> std::io::Result<Self> {
        let mut scripts = Vec::new();
        if let Some(folder) = folder {
            // Named by whoever starts the server: one that is not there is a mistake, not an empty folder.
            std::fs::read_dir(folder)?;
            for stage in Stage::ALL {
                let found = find::scripts(&folder.join(stage.folder()))?;
                scripts.extend(found.into_iter().map(|path| Script { stage, path, state: State::Unknown }));
            }
        }
        Ok(Self { progress: Mutex::new(Progress { completed: [false; 4], scripts }) })
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn count(&self) -> usize {
        self.progress().scripts.len()
    }

    /// Runs the scripts of a stage one after the other. One that fails is logged and does not keep the next from running.
    pub async fn run(&self, stage: Stage, around: &Surroundings) {
        let scripts: Vec<(usize, PathBuf)> = {
            let progress = self.progress();
            let of_stage = progress.scripts.iter().enumerate().filter(|(_, script)| script.stage == stage);
            of_stage.map(|(at, script)| (at, script.path.clone())).collect()
        };
        for (at, path) in scripts {
            self.set(at, State::Running);
            let outcome = run::run(&path, stage, around).await;
            if let Err(cause) = &outcome {
                tracing::error!(script = %path.display(), %cause, "an init script failed");
            }
            self.set(at, if outcome.is_ok() { State::Successful } else { State::Error });
        }
        self.progress().completed[stage as usize] = true;
    }

    fn set(&self, at: usize, state: State) {
        if let Some(script) = self.progress().scripts.get_mut(at) {
            script.state = state;
        }
    }

    /// What `/_localstack/init` says.
    pub fn to_json(&self) -> Value {
        let progress = self.progress();
        let completed: serde_json::Map<String, Value> = Stage::ALL
            .iter()
            .map(|stage| (stage.name().to_owned(), json!(progress.completed[*stage as usize])))
            .collect();
        json!({ "completed": completed, "scripts": progress.scripts.iter().map(Script::to_json).collect::<Vec<_>>() })
    }

    /// What `/_localstack/init/{stage}` says.
    pub fn stage_to_json(&self, stage: Stage) -> Value {
        let progress = self.progress();
        let scripts = progress.scripts.iter().filter(|script| script.stage == stage).map(Script::to_json);
        json!({ "completed": progress.completed[stage as usize], "scripts": scripts.collect::<Vec<_>>() })
    }
}
