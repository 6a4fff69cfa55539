//! Installing and removing runtimes.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::interpreter::{self, SearchPath};
use super::parts::{Part, Tools, at};
use super::table::{self, RUNTIMES, Runtime};
use super::{Absent, launch_of};
use crate::sandbox::Program;

/// Why a runtime could not be installed, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("{runtime} cannot be installed: {reason}")]
    Unavailable { runtime: String, reason: String },
    #[error("`{tool}` is not on the PATH: install it, it fetches what the runtime is made of")]
    NoTool { tool: String },
    #[error("`{tool}` could not fetch {package}. Is this machine online? It said:\n{said}")]
    Fetch { tool: String, package: String, said: String },
    #[error("what was fetched as {package} is not what was published under that name: nothing was installed")]
    Tampered { package: String },
    #[error("{}: {source}", path.display())]
    Folder { path: PathBuf, source: io::Error },
}

/// What `install` is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum InstallStep {
    AlreadyThere,
    /// The `number`th of `of` parts, of about this many megabytes.
    Fetching {
        package: String,
        megabytes: u32,
        number: usize,
        of: usize,
    },
    Installed,
}

fn names() -> impl Iterator<Item = &'static str> {
    RUNTIMES.iter().map(|runtime| runtime.name)
}

/// The runtimes that `install` has put there, for whatever version of gureum; `provided.*` needs none.
pub fn installed(runtimes_dir: &Path) -> Vec<&'static str> {
    let folders = fs::read_dir(runtimes_dir).into_iter().flatten().flatten();
    let present: BTreeSet<String> =
        folders.filter_map(|folder| Some(folder.file_name().to_str()?.rsplit_once('-')?.0.to_owned())).collect();
    names().filter(|name| present.contains(*name)).collect()
}

/// Makes `runtime` usable for a pool with the same `runtimes_dir`. Blocks until done; safe to repeat and to run twice at
/// once; asks nobody for what is there already. `search_path` is the user's PATH.
pub fn install(
    runtime: &str,
    runtimes_dir: &Path,
    search_path: &str,
    mut progress: impl FnMut(InstallStep),
) -> Result<(), InstallError> {
    let unavailable = |reason| InstallError::Unavailable { runtime: runtime.to_owned(), reason };
    let entry = table::find(runtime).map_err(unavailable)?;
    let search_path = SearchPath::new(search_path);
    match launch_of(entry, runtimes_dir, &search_path) {
        Ok(_) => {
            progress(InstallStep::AlreadyThere);
            return Ok(());
        }
        Err(Absent::Impossible(reason)) => return Err(unavailable(reason)),
        Err(Absent::NotInstalled) => {}
    }
    let found = interpreter::find(entry.family, &search_path);
    let mut missing = entry.parts();
    if let (Err(_), Some(node)) = (&found, entry.node) {
        missing.insert(0, Part::Package(node));
    }
    missing.retain(|part| !part.is_here(runtimes_dir));
    let tools =
        Tools { search_path: search_path.as_str(), python: found.as_ref().ok().map(|found| found.path.as_path()) };
    let of = missing.len();
    for (index, part) in missing.iter().enumerate() {
        let (package, megabytes) = (part.title(), part.megabytes());
        progress(InstallStep::Fetching { package, megabytes, number: index + 1, of });
        part.fetch(runtimes_dir, &tools)?;
    }
    entry.compose(runtimes_dir)?;
    launch_of(entry, runtimes_dir, &search_path).map_err(|absent| unavailable(absent.in_words(entry)))?;
    progress(InstallStep::Installed);
    Ok(())
}

/// Forgets a runtime, and the parts that no other installed one is made of. Functions that use it fetch it again.
/// Answers whether it was there.
pub fn remove(runtime: &str, runtimes_dir: &Path) -> Result<bool, InstallError> {
    let unavailable = |reason| InstallError::Unavailable { runtime: runtime.to_owned(), reason };
    let entry = table::find(runtime).map_err(unavailable)?;
    let was_there = installed(runtimes_dir).contains(&entry.name);
    for folder in fs::read_dir(runtimes_dir).into_iter().flatten().flatten() {
        let name = folder.file_name();
        let of_it = name.to_str().and_then(|name| name.rsplit_once('-')).is_some_and(|(of, _)| of == entry.name);
        if of_it {
            fs::remove_dir_all(folder.path()).map_err(at(&folder.path()))?;
        }
    }
    let kept = installed(runtimes_dir);
    let all =
        |runtime: &Runtime| runtime.parts().into_iter().chain(runtime.node.map(Part::Package)).collect::<Vec<_>>();
    let needed: BTreeSet<PathBuf> = RUNTIMES
        .iter()
        .filter(|runtime| kept.contains(&runtime.name))
        .flat_map(|runtime| all(runtime).into_iter().map(|part| part.folder(runtimes_dir)))
        .collect();
    for folder in all(entry).iter().map(|part| part.folder(runtimes_dir)).filter(|folder| !needed.contains(folder)) {
        if folder.is_dir() {
            fs::remove_dir_all(&folder).map_err(at(&folder))?;
        }
    }
    Ok(was_there)
}

/// What `runtime ls` says of one.
#[derive(Debug)]
pub enum Presence {
    /// It runs; the interpreter, `None` where the package brings it.
    Ready(Option<PathBuf>),
    /// `runtime install` would fetch it.
    Fetchable,
    /// Why not, in words.
    Impossible(String),
}

/// Every runtime that runs here, oldest of each language first. Blocks while interpreters are asked for their versions.
pub fn presences(runtimes_dir: &Path, search_path: &str) -> Vec<(&'static str, Presence)> {
    let search_path = SearchPath::new(search_path);
    RUNTIMES.iter().map(|entry| (entry.name, presence(entry, runtimes_dir, &search_path))).collect()
}

fn presence(entry: &'static Runtime, runtimes_dir: &Path, search_path: &SearchPath<'_>) -> Presence {
    match launch_of(entry, runtimes_dir, search_path) {
        Err(Absent::Impossible(reason)) => Presence::Impossible(reason),
        Err(Absent::NotInstalled) => Presence::Fetchable,
        Ok(launch) => Presence::Ready(match launch.program {
            Program::At(path) => Some(path),
            Program::InCode(_) => None,
        }),
    }
}
