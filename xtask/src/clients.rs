//! The real clients of the tests, installed once per version into the cache: Python's in a venv, JavaScript's by npm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

pub struct Clients {
    pub python: PathBuf,
    /// Holds node_modules.
    pub node: PathBuf,
    /// The same with the Serverless Framework and its plugins, which are large: 250 MB, 45 s to install.
    pub serverless: PathBuf,
}

pub fn install(root: &Path) -> Result<Clients> {
    let python = versioned(root, "python", "tests/requirements.txt", pip_install)?;
    let node = versioned(root, "node", "tests/package.json", npm_install)?;
    let serverless = versioned(root, "serverless", "tests/serverless/package.json", npm_install)?;
    Ok(Clients { python: python.join("bin/python"), node, serverless })
}

/// The peer that the benches run beside gureum.
pub fn install_peer(root: &Path) -> Result<PathBuf> {
    versioned(root, "peer", "bench/peer.txt", pip_install)
}

fn pip_install(folder: &Path, list: &Path) -> Result<()> {
    crate::run(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
    let pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r"];
    crate::run(Command::new(folder.join("bin/python")).args(pip).arg(list))
}

fn npm_install(folder: &Path, list: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    fs::copy(list, folder.join("package.json"))?;
    crate::run(Command::new("npm").args(["install", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(folder))
}

/// The folder for this version of `list`, filled by `fill` when it is new. A fill that fails leaves nothing behind.
fn versioned(root: &Path, kind: &str, list: &str, fill: impl Fn(&Path, &Path) -> Result<()>) -> Result<PathBuf> {
    let list = root.join(list);
    let sum = Command::new("sha256sum").arg(&list).output()?;
    let version = String::from_utf8_lossy(&sum.stdout).chars().take(16).collect::<String>();
    let folder = crate::cache_dir()?.join(format!("clients-{kind}-{version}"));
    let done = folder.join(".complete");
    fs::create_dir_all(crate::cache_dir()?)?;
    // Two runs at once share the cache: the second waits for what the first installs.
    let lock = fs::File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    if !done.exists() {
        let _ = fs::remove_dir_all(&folder);
        fill(&folder, &list)?;
        fs::write(done, "")?;
    }
    Ok(folder)
}
