//! Which runtimes there are, where they are, and how an environment of each starts.

mod compose;
mod fetching;
mod install;
mod interpreter;
mod parts;
mod table;
mod unbundle;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::sandbox::Program;
use interpreter::{Interpreter, SearchPath};
use parts::Part;
use table::Runtime;

pub use fetching::{Fetching, Readiness, ended};
pub use install::{InstallError, InstallStep, Presence, install, installed, presences, remove};
pub use table::Family;
#[cfg(test)]
pub use table::find as find_runtime;

/// How an environment of one runtime starts.
#[derive(Debug)]
pub struct Launch {
    pub family: Family,
    pub program: Program,
    /// Becomes /var/runtime. Its `node_modules`, where it has one, is the SDK.
    pub client: Option<PathBuf>,
    pub entry: Option<String>,
    pub tools: Vec<(String, PathBuf)>,
    /// As INIT_START shows it, e.g. `nodejs:20.v20`: the version's last part is the interpreter's own.
    pub version: String,
}

/// Why a runtime cannot run now.
#[derive(Debug)]
pub enum Absent {
    /// Fetching what is missing would help.
    NotInstalled,
    /// In words with what to do.
    Impossible(String),
}

impl Absent {
    fn in_words(self, runtime: &Runtime) -> String {
        match self {
            Self::NotInstalled => format!("it is not installed: run `gureum runtime install {}`", runtime.name),
            Self::Impossible(reason) => reason,
        }
    }
}

/// The ARN of a runtime's version, of AWS's form. AWS's 64 digits name a build of theirs; these stand for the runtime.
/// Source: the INIT_START line in the recorded answers.
pub fn runtime_version_arn(runtime: &str, region: &kernel::Region) -> String {
    let digits: String = Sha256::digest(runtime).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("arn:{}:lambda:{region}::runtime:{digits}", region.partition())
}

/// Finds runtimes and remembers the ones that were found.
pub struct Runtimes {
    dir: PathBuf,
    search_path: String,
    found: Mutex<HashMap<String, Arc<Launch>>>,
}

impl Runtimes {
    pub fn new(dir: PathBuf, search_path: String) -> Self {
        Self { dir, search_path, found: Mutex::default() }
    }

    /// Blocks while interpreters are asked for their versions, the first time only.
    /// Errors: why the runtime cannot run here and what to do, in words.
    pub fn launch(&self, runtime: &str) -> Result<Arc<Launch>, String> {
        let entry = table::find(runtime)?;
        self.look(entry).map_err(|absent| absent.in_words(entry))
    }

    pub fn known(&self, runtime: &str) -> Option<Arc<Launch>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).get(runtime).cloned()
    }

    fn look(&self, entry: &'static Runtime) -> Result<Arc<Launch>, Absent> {
        if let Some(launch) = self.known(entry.name) {
            return Ok(launch);
        }
        let launch = Arc::new(launch_of(entry, &self.dir, &SearchPath::new(&self.search_path))?);
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(entry.name.to_owned(), launch.clone());
        Ok(launch)
    }
}

/// Needs no network: a runtime whose parts are here is put together.
fn launch_of(entry: &'static Runtime, dir: &Path, search_path: &SearchPath<'_>) -> Result<Launch, Absent> {
    if entry.family == Family::Provided {
        return Ok(provided(entry));
    }
    let interpreter = interpreter_of(entry, dir, search_path)?;
    if !entry.folder(dir).is_dir() && !entry.parts().iter().all(|part| part.is_here(dir)) {
        return Err(Absent::NotInstalled);
    }
    let client = entry.compose(dir).map_err(|error| Absent::Impossible(error.to_string()))?;
    let (language, tools) = match entry.family {
        Family::Nodejs { .. } => {
            (entry.name.replacen("nodejs", "nodejs:", 1).replace(".x", ""), vec!["node".to_owned()])
        }
        Family::Python { minor } => {
            (format!("python:3.{minor}"), vec!["python3".to_owned(), format!("python3.{minor}")])
        }
        Family::Provided => (String::new(), Vec::new()),
    };
    Ok(Launch {
        family: entry.family,
        version: format!("{language}.v{}", interpreter.last_part),
        tools: tools.into_iter().map(|name| (name, interpreter.path.clone())).collect(),
        program: Program::At(interpreter.path),
        client: Some(client),
        entry: entry.entry().map(str::to_owned),
    })
}

/// The one on the PATH, else the one that was fetched.
fn interpreter_of(entry: &Runtime, dir: &Path, search_path: &SearchPath<'_>) -> Result<Interpreter, Absent> {
    let found = interpreter::find(entry.family, search_path);
    let (Err(reason), node) = (&found, entry.node) else { return found.map_err(Absent::Impossible) };
    let Some(node) = node else { return Err(Absent::Impossible(reason.clone())) };
    match Part::Package(node).is_here(dir) {
        true => {
            let path = Part::Package(node).folder(dir).join("bin/node");
            Ok(Interpreter::of_version(path, entry.family, node.version))
        }
        false => Err(Absent::NotInstalled),
    }
}

fn provided(entry: &Runtime) -> Launch {
    let name = entry.name.strip_prefix("provided.").unwrap_or("al1");
    Launch {
        family: Family::Provided,
        program: Program::InCode("bootstrap".to_owned()),
        client: None,
        entry: None,
        tools: Vec::new(),
        version: format!("provided:{name}.v1"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_version_has_a_stable_arn_of_aws_form() {
        let arn = runtime_version_arn("provided.al2023", &kernel::Region::default());
        assert_eq!(arn.rsplit(':').next().map(str::len), Some(64));
        assert!(arn.starts_with("arn:aws:lambda:us-east-1::runtime:"));
    }

    #[test]
    fn what_is_not_installed_says_how_to_install_it() {
        let folder = tempfile::tempdir().unwrap();
        let reason = Runtimes::new(folder.path().to_owned(), String::new()).launch("nodejs14.x").unwrap_err();
        assert!(reason.contains("gureum runtime install nodejs14.x"), "{reason}");
    }
}
