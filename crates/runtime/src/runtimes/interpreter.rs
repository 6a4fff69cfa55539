//! Interpreters on the PATH.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::table::Family;

/// An interpreter that has said its version itself: what lies on the PATH may be a shim.
#[derive(Debug)]
pub struct Interpreter {
    pub path: PathBuf,
    /// The version's last part but one: what INIT_START shows.
    pub last_part: String,
}

impl Interpreter {
    /// One whose version is known: `20.20.2`.
    pub fn of_version(path: PathBuf, family: Family, version: &str) -> Self {
        let rest = version.strip_prefix(&wanted(family)).and_then(|rest| rest.strip_prefix('.')).unwrap_or_default();
        Self { path, last_part: rest.split('.').next().unwrap_or_default().to_owned() }
    }
}

fn wanted(family: Family) -> String {
    match family {
        Family::Nodejs { major } => format!("{major}"),
        Family::Python { minor } => format!("3.{minor}"),
        Family::Provided => String::new(),
    }
}

/// The programs of a user's PATH, each asked for its version once.
pub struct SearchPath<'a> {
    path: &'a str,
    said: RefCell<HashMap<PathBuf, Option<(String, PathBuf)>>>,
}

impl<'a> SearchPath<'a> {
    pub fn new(path: &'a str) -> Self {
        Self { path, said: RefCell::default() }
    }

    pub fn as_str(&self) -> &'a str {
        self.path
    }

    /// Version and place of an interpreter, as it says itself.
    fn ask(&self, program: &Path, question: [&str; 2]) -> Option<(String, PathBuf)> {
        let mut said = self.said.borrow_mut();
        said.entry(program.to_owned()).or_insert_with(|| ask(program, question)).clone()
    }
}

/// Errors: what was found instead and what to do, in words.
pub fn find(family: Family, search_path: &SearchPath<'_>) -> Result<Interpreter, String> {
    let (names, question) = match family {
        Family::Nodejs { .. } => {
            (vec!["node".to_owned(), "nodejs".to_owned()], ["-p", "process.versions.node + ' ' + process.execPath"])
        }
        Family::Python { minor } => (
            vec![format!("python3.{minor}"), "python3".to_owned()],
            ["-c", "import platform, sys; print(platform.python_version(), sys.executable)"],
        ),
        Family::Provided => return Err("it needs no interpreter".to_owned()),
    };
    let wanted = wanted(family);
    let mut others = Vec::new();
    let all = names.iter().flat_map(|name| on_path(name, search_path.path)).chain(hidden(&names[0], search_path.path));
    for candidate in all {
        let Some((version, path)) = search_path.ask(&candidate, question) else { continue };
        if version.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with('.')) {
            return Ok(Interpreter::of_version(path, family, &version));
        }
        others.push(format!("{} is {version}", candidate.display()));
    }
    let language = if matches!(family, Family::Nodejs { .. }) { "Node.js" } else { "Python" };
    let seen = if others.is_empty() { "there is none on the PATH".to_owned() } else { others.join(", ") };
    Err(format!("it needs {language} {wanted} ({seen}): install it and start gureum with it on the PATH"))
}

/// Programs of this name on the PATH.
fn on_path(name: &str, search_path: &str) -> Vec<PathBuf> {
    std::env::split_paths(search_path).map(|dir| dir.join(name)).filter(|path| path.is_file()).collect()
}

/// Programs of this name that pyenv has but does not show.
fn hidden(name: &str, search_path: &str) -> Vec<PathBuf> {
    let shims = std::env::split_paths(search_path).filter(|dir| dir.ends_with("shims"));
    let versions = shims.filter_map(|dir| std::fs::read_dir(dir.parent()?.join("versions")).ok());
    let found = versions.flat_map(|all| all.flatten().map(|version| version.path().join("bin").join(name)));
    found.filter(|path| path.is_file()).collect()
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
    fn a_missing_interpreter_says_what_to_do() {
        let reason = find(Family::Nodejs { major: 22 }, &SearchPath::new("/nowhere")).unwrap_err();
        assert!(reason.contains("Node.js 22") && reason.contains("PATH"), "{reason}");
    }

    #[test]
    fn the_version_that_init_start_shows_is_read() {
        let shown = |family, version| Interpreter::of_version(PathBuf::new(), family, version).last_part;
        assert_eq!(shown(Family::Nodejs { major: 20 }, "20.11.1"), "11");
        assert_eq!(shown(Family::Python { minor: 12 }, "3.12.4"), "4");
    }
}
