//! A runtime's folder, which a function sees as /var/runtime: links to the files of its parts, and ours beside them.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::InstallError;
use super::parts::{Part, at, short_hash};
use super::table::{Client, Family, Runtime};
use super::unbundle;
use crate::bootstraps;

impl Runtime {
    /// What its folder is made of; the interpreter is not in it.
    pub fn parts(&self) -> Vec<Part> {
        let client = match self.client {
            Client::Bundle(package) | Client::Parted(package) => Some(Part::Package(package)),
            Client::Wheels(wheels) => Some(Part::Wheels(wheels)),
            Client::Own | Client::InCode => None,
        };
        client.into_iter().chain(self.sdk.map(Part::Tree)).collect()
    }

    /// Our files, by name.
    fn own_files(&self) -> &'static [(&'static str, &'static str)] {
        match self.client {
            Client::Bundle(_) => &bootstraps::NODEJS,
            Client::Parted(_) => &bootstraps::NODEJS_14,
            Client::Own => &bootstraps::NODEJS_8,
            Client::Wheels(_) => &bootstraps::PYTHON,
            Client::InCode => &[],
        }
    }

    /// A link of ours: its name, and where it leads.
    fn link(&self) -> Option<(&'static str, &'static str)> {
        matches!(self.family, Family::Nodejs { .. }).then_some(bootstraps::NODEJS_LINK)
    }

    /// The file that the interpreter starts.
    pub fn entry(&self) -> Option<&'static str> {
        match self.client {
            Client::Bundle(_) => Some("index.mjs"),
            Client::Parted(_) | Client::Own => Some("index.js"),
            Client::Wheels(_) => Some("start.py"),
            Client::InCode => None,
        }
    }

    /// Its name holds a hash of all that is in it: servers of several versions may share one cache.
    pub fn folder(&self, runtimes_dir: &Path) -> PathBuf {
        let parts: Vec<String> =
            self.parts().iter().map(|part| part.folder(Path::new("")).display().to_string()).collect();
        let texts: Vec<&str> = parts
            .iter()
            .map(String::as_str)
            .chain(self.own_files().iter().flat_map(|(name, text)| [*name, *text]))
            .chain(self.link().into_iter().flat_map(|(name, to)| [name, to]))
            .collect();
        runtimes_dir.join(format!("{}-{}", self.name, short_hash(&texts)))
    }

    /// Makes the folder unless it is there. All parts have to be here. Safe to run twice at once.
    pub fn compose(&self, runtimes_dir: &Path) -> Result<PathBuf, InstallError> {
        let folder = self.folder(runtimes_dir);
        if folder.is_dir() {
            return Ok(folder);
        }
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let building = runtimes_dir.join(format!(".building-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&building);
        let built = self.build(runtimes_dir, &building);
        let placed = built.and_then(|()| match fs::rename(&building, &folder) {
            // Somebody else was faster: theirs is as good.
            Err(_) if folder.is_dir() => Ok(()),
            other => other.map_err(at(&folder)),
        });
        let _ = fs::remove_dir_all(&building);
        placed.map(|()| folder)
    }

    fn build(&self, runtimes_dir: &Path, building: &Path) -> Result<(), InstallError> {
        fs::create_dir_all(building).map_err(at(building))?;
        for part in self.parts() {
            link_all(&part.folder(runtimes_dir), building).map_err(at(building))?;
        }
        let bundle = building.join("index.mjs");
        match self.client {
            Client::Bundle(package) => {
                let text = fs::read_to_string(&bundle).map_err(at(&bundle))?;
                let text = unbundle::started(&text).map_err(|_| tampered(package.title))?;
                rewrite(&bundle, &text)?;
            }
            Client::Parted(package) => {
                let text = fs::read_to_string(&bundle).map_err(at(&bundle))?;
                for (name, text) in unbundle::part(&text).map_err(|_| tampered(package.title))? {
                    // Ours stands in its place, and uses it.
                    let name = if name == "UserFunction.js" { "UserFunctionModules.js" } else { &name };
                    rewrite(&building.join(name), &text)?;
                }
                fs::remove_file(&bundle).map_err(at(&bundle))?;
            }
            Client::Own | Client::Wheels(_) | Client::InCode => {}
        }
        for (name, text) in self.own_files() {
            rewrite(&building.join(name), &unbundle::on_their_lines(text))?;
        }
        if let Some((name, to)) = self.link() {
            symlink(to, building.join(name)).map_err(at(building))?;
        }
        Ok(())
    }
}

fn tampered(package: &str) -> InstallError {
    InstallError::Tampered { package: package.to_owned() }
}

/// A new file of this name: what was there may be a link to a part's.
fn rewrite(path: &Path, text: &str) -> Result<(), InstallError> {
    let _ = fs::remove_file(path);
    fs::write(path, text).map_err(at(path))
}

/// Links every file of a folder; copies where the file system has no links.
fn link_all(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&place)?;
            link_all(&entry.path(), &place)?;
        } else if fs::hard_link(entry.path(), &place).is_err() {
            fs::copy(entry.path(), &place)?;
        }
    }
    Ok(())
}
