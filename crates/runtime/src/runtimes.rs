//! Which interpreters and runtime clients are here, and how an environment of each runtime starts.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::bootstraps;
use crate::sandbox::Program;

/// The client for Node.js 18 to 22. (4.x refuses callback handlers, as AWS does from nodejs24.x on.)
pub const NODEJS_CLIENT: &str = "3.3.0";
/// The client for Python 3.10 and later.
pub const PYTHON_CLIENT: &str = "4.2.2";

/// A runtime identifier, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Family {
    Nodejs { major: u32 },
    Python { minor: u32 },
    Provided,
}

impl Family {
    /// Errors: a runtime that gureum has no client for, in words.
    pub fn parse(runtime: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse::<u32>().ok();
        if runtime == "provided" || runtime.starts_with("provided.") {
            return Ok(Self::Provided);
        }
        if let Some(major) = runtime.strip_prefix("nodejs").and_then(|rest| number(rest.strip_suffix(".x")?)) {
            return match major {
                18..=22 => Ok(Self::Nodejs { major }),
                _ => Err(
                    "gureum runs nodejs18.x to nodejs22.x so far; set the function's Runtime to one of them to run it"
                        .to_owned(),
                ),
            };
        }
        if let Some(minor) = runtime.strip_prefix("python3.").and_then(number) {
            return match minor {
                10..=14 => Ok(Self::Python { minor }),
                _ => Err("AWS's runtime client runs on Python 3.10 to 3.14; set the function's Runtime to one of \
                          python3.10 to python3.14 to run it"
                    .to_owned()),
            };
        }
        Err("gureum runs nodejs18.x to nodejs22.x, python3.10 to python3.14 and provided.* so far".to_owned())
    }

    /// The folder of the runtime client below the runtimes' folder.
    pub fn client_folder(&self) -> Option<String> {
        match self {
            Self::Nodejs { .. } => Some(format!("nodejs-client-{NODEJS_CLIENT}")),
            Self::Python { minor } => Some(format!("python3.{minor}-client-{PYTHON_CLIENT}")),
            Self::Provided => None,
        }
    }
}

/// How an environment of one runtime starts.
#[derive(Debug)]
pub struct Launch {
    pub family: Family,
    pub program: Program,
    /// Becomes /var/runtime.
    pub client: Option<PathBuf>,
    pub entry: Option<String>,
    pub tools: Vec<(String, PathBuf)>,
    /// As INIT_START shows it, e.g. `nodejs:20.v20`: the version's last part is the interpreter's own.
    pub version: String,
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
        if let Some(launch) = self.known(runtime) {
            return Ok(launch);
        }
        let launch = Arc::new(self.find(runtime)?);
        self.found.lock().unwrap_or_else(PoisonError::into_inner).insert(runtime.to_owned(), launch.clone());
        Ok(launch)
    }

    pub fn known(&self, runtime: &str) -> Option<Arc<Launch>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).get(runtime).cloned()
    }

    fn find(&self, runtime: &str) -> Result<Launch, String> {
        let family = Family::parse(runtime)?;
        let Some(folder) = family.client_folder() else { return Ok(provided(runtime)) };
        let interpreter = find_interpreter(&family, &self.search_path)?;
        let client = self.dir.join(folder);
        let (present, files) = match family {
            Family::Nodejs { .. } => ("index.mjs", &bootstraps::NODEJS),
            _ => ("awslambdaric/bootstrap.py", &bootstraps::PYTHON),
        };
        if !client.join(present).is_file() {
            return Err(format!(
                "AWS's runtime client for it is not installed: run `gureum runtime install {runtime}`"
            ));
        }
        let entry = bootstraps::lay(&client, files);
        let entry = entry.map_err(|error| format!("{}: {error}", client.display()))?;
        let (language, tools) = match &family {
            Family::Nodejs { major } => (format!("nodejs:{major}"), vec!["node".to_owned()]),
            Family::Python { minor } => {
                (format!("python:3.{minor}"), vec!["python3".to_owned(), format!("python3.{minor}")])
            }
            Family::Provided => (String::new(), Vec::new()),
        };
        Ok(Launch {
            version: format!("{language}.v{}", interpreter.last_part),
            tools: tools.into_iter().map(|name| (name, interpreter.path.clone())).collect(),
            program: Program::At(interpreter.path),
            family,
            client: Some(client),
            entry: Some(entry),
        })
    }
}

fn provided(runtime: &str) -> Launch {
    let name = runtime.strip_prefix("provided.").unwrap_or("al1");
    Launch {
        family: Family::Provided,
        program: Program::InCode("bootstrap".to_owned()),
        client: None,
        entry: None,
        tools: Vec::new(),
        version: format!("provided:{name}.v1"),
    }
}

/// An interpreter that has said its version itself: what lies on the PATH may be a shim.
#[derive(Debug)]
pub struct Interpreter {
    pub path: PathBuf,
    last_part: String,
}

/// Errors: what was found instead and what to do, in words.
pub fn find_interpreter(family: &Family, search_path: &str) -> Result<Interpreter, String> {
    let (names, question, wanted) = match family {
        Family::Nodejs { major } => (
            vec!["node".to_owned(), "nodejs".to_owned()],
            ["-p", "process.versions.node + ' ' + process.execPath"],
            format!("{major}"),
        ),
        Family::Python { minor } => (
            vec![format!("python3.{minor}"), "python3".to_owned()],
            ["-c", "import platform, sys; print(platform.python_version(), sys.executable)"],
            format!("3.{minor}"),
        ),
        Family::Provided => return Err("it needs no interpreter".to_owned()),
    };
    let mut others = Vec::new();
    for name in &names {
        for candidate in std::env::split_paths(search_path).map(|dir| dir.join(name)).filter(|path| path.is_file()) {
            let Some((version, path)) = ask(&candidate, question) else { continue };
            match version.strip_prefix(&wanted).and_then(|rest| rest.strip_prefix('.')) {
                Some(rest) => {
                    let last_part = rest.split('.').next().unwrap_or_default().to_owned();
                    return Ok(Interpreter { path, last_part });
                }
                None => others.push(format!("{} is {version}", candidate.display())),
            }
        }
    }
    let language = if matches!(family, Family::Nodejs { .. }) { "Node.js" } else { "Python" };
    let seen = if others.is_empty() { "there is none on the PATH".to_owned() } else { others.join(", ") };
    Err(format!("it needs {language} {wanted} ({seen}): install it and start gureum with it on the PATH"))
}

fn ask(program: &Path, question: [&str; 2]) -> Option<(String, PathBuf)> {
    let output = Command::new(program).args(question).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (version, path) = text.trim().split_once(' ')?;
    (output.status.success() && Path::new(path).is_file()).then(|| (version.to_owned(), path.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_are_read_and_others_refused_in_words() {
        assert_eq!(Family::parse("nodejs20.x"), Ok(Family::Nodejs { major: 20 }));
        assert_eq!(Family::parse("python3.11"), Ok(Family::Python { minor: 11 }));
        assert_eq!(Family::parse("provided.al2023"), Ok(Family::Provided));
        for refused in ["nodejs24.x", "nodejs", "python3.8", "java21", "", "nodejs20", "python3.x"] {
            assert!(Family::parse(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_missing_interpreter_says_what_to_do() {
        let reason = find_interpreter(&Family::Nodejs { major: 22 }, "/nowhere").unwrap_err();
        assert!(reason.contains("Node.js 22") && reason.contains("PATH"), "{reason}");
    }

    #[test]
    fn a_runtime_version_has_a_stable_arn_of_aws_form() {
        let arn = runtime_version_arn("provided.al2023", &kernel::Region::default());
        assert_eq!(arn.rsplit(':').next().map(str::len), Some(64));
        assert!(arn.starts_with("arn:aws:lambda:us-east-1::runtime:"));
    }
}
