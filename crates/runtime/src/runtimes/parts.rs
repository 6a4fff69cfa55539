//! What a runtime is put together from: interpreters, clients and SDKs, each fetched with the user's own npm or pip, checked
//! against pinned hashes, and kept in a folder of its own below `parts/`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use sha2::{Digest, Sha256, Sha512};

use super::InstallError;

/// One package of npm's.
#[derive(Debug)]
pub struct Package {
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    pub version: &'static str,
    /// Of the published archive, in base64.
    pub sha512: &'static str,
    /// What is kept of it, and where.
    pub files: &'static [(&'static str, &'static str)],
    /// Of the archive.
    pub megabytes: u32,
}

/// Packages of npm's with all that they need.
#[derive(Debug)]
pub struct Tree {
    pub name: &'static str,
    pub title: &'static str,
    /// package.json
    pub manifest: &'static str,
    /// package-lock.json: the hash of every package.
    pub lock: &'static str,
    /// Folders of each package that no function reads.
    pub unused: &'static [&'static str],
    /// About how much is fetched.
    pub megabytes: u32,
}

/// Packages for one version of Python.
#[derive(Clone, Copy, Debug)]
pub struct Wheels {
    pub minor: u32,
    pub client: &'static str,
    pub boto3: &'static str,
    /// requirements.txt with hashes.
    pub list: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub enum Part {
    Package(&'static Package),
    Tree(&'static Tree),
    Wheels(Wheels),
}

/// The programs that fetch.
pub struct Tools<'a> {
    /// The user's PATH.
    pub search_path: &'a str,
    /// For wheels.
    pub python: Option<&'a Path>,
}

impl Part {
    /// The name holds what the content depends on: a part never changes.
    pub fn folder(&self, runtimes_dir: &Path) -> PathBuf {
        let name = match self {
            Self::Package(package) => format!("{}-{}", package.name, package.version),
            Self::Tree(tree) => format!("{}-{}", tree.name, short_hash(&[tree.manifest, tree.lock])),
            Self::Wheels(wheels) => format!("python3.{}-{}", wheels.minor, short_hash(&[wheels.list])),
        };
        runtimes_dir.join("parts").join(name)
    }

    /// For people.
    pub fn title(&self) -> String {
        match self {
            Self::Package(package) => package.title.to_owned(),
            Self::Tree(tree) => tree.title.to_owned(),
            Self::Wheels(wheels) => {
                format!("AWS's runtime client for Python {} and boto3 {}", wheels.client, wheels.boto3)
            }
        }
    }

    /// About how much is fetched, in MB.
    pub fn megabytes(&self) -> u32 {
        match self {
            Self::Package(package) => package.megabytes,
            Self::Tree(tree) => tree.megabytes,
            Self::Wheels(_) => 16,
        }
    }

    pub fn is_here(&self, runtimes_dir: &Path) -> bool {
        self.folder(runtimes_dir).is_dir()
    }

    /// Fetches it unless it is there. Built aside and renamed, so that a broken attempt is never taken for a part; whoever
    /// comes second waits for the first.
    pub fn fetch(&self, runtimes_dir: &Path, tools: &Tools<'_>) -> Result<(), InstallError> {
        let folder = self.folder(runtimes_dir);
        let parts = runtimes_dir.join("parts");
        fs::create_dir_all(&parts).map_err(at(&parts))?;
        let lock = folder.with_added_extension("lock");
        let held = File::create(&lock).map_err(at(&lock))?;
        held.lock().map_err(at(&lock))?;
        if folder.is_dir() {
            return Ok(());
        }
        let building = folder.with_added_extension("building");
        let _ = fs::remove_dir_all(&building);
        fs::create_dir_all(&building).map_err(at(&building))?;
        let fetched = match self {
            Self::Package(package) => fetch_package(package, &building, tools),
            Self::Tree(tree) => fetch_tree(tree, &building, tools),
            Self::Wheels(wheels) => fetch_wheels(wheels, &building, tools),
        };
        let placed = fetched.and_then(|part| fs::rename(part, &folder).map_err(at(&folder)));
        let _ = fs::remove_dir_all(&building);
        placed
    }
}

/// Eight hex digits.
pub fn short_hash(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize()[..4].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Errors of work on `path`.
pub fn at(path: &Path) -> impl FnOnce(io::Error) -> InstallError + use<> {
    let path = path.to_owned();
    move |source| InstallError::Folder { path, source }
}

fn fetch_package(package: &Package, building: &Path, tools: &Tools<'_>) -> Result<PathBuf, InstallError> {
    let wanted = format!("{}@{}", package.name, package.version);
    let mut npm = npm(tools, building)?;
    npm.args(["pack", &wanted, "--pack-destination"]).arg(building);
    run(&mut npm, "npm", package.title)?;
    let archive = building.join(format!("{}-{}.tgz", package.name, package.version));
    let mut digest = Sha512::new();
    let mut file = File::open(&archive).map_err(at(&archive))?;
    io::copy(&mut file, &mut digest).map_err(at(&archive))?;
    if base64::engine::general_purpose::STANDARD.encode(digest.finalize()) != package.sha512 {
        return Err(InstallError::Tampered { package: package.title.to_owned() });
    }
    let mut tar = tool("tar", tools)?;
    tar.arg("-xzf").arg(&archive).arg("-C").arg(building);
    tar.args(package.files.iter().map(|(from, _)| format!("package/{from}")));
    run(&mut tar, "tar", package.title)?;
    let part = building.join("part");
    for (from, to) in package.files {
        let to = part.join(to);
        let parent = to.parent().unwrap_or(&part);
        fs::create_dir_all(parent).map_err(at(parent))?;
        fs::rename(building.join("package").join(from), &to).map_err(at(&to))?;
    }
    Ok(part)
}

fn fetch_tree(tree: &Tree, building: &Path, tools: &Tools<'_>) -> Result<PathBuf, InstallError> {
    let part = building.join("part");
    fs::create_dir(&part).map_err(at(&part))?;
    for (name, text) in [("package.json", tree.manifest), ("package-lock.json", tree.lock)] {
        let path = part.join(name);
        fs::write(&path, text).map_err(at(&path))?;
    }
    let mut npm = npm(tools, &part)?;
    // npm itself refuses whatever does not have the hash of the lock file.
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"]);
    run(&mut npm, "npm", tree.title)?;
    for name in ["package.json", "package-lock.json", "node_modules/.bin", "node_modules/.package-lock.json"] {
        let path = part.join(name);
        let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    }
    let packages = part.join("node_modules");
    shed(&packages, tree.unused).map_err(at(&packages))?;
    Ok(part)
}

/// Removes what no function reads: types, other forms of the same code, pages.
fn shed(folder: &Path, unused: &[&str]) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let (path, kind) = {
            let entry = entry?;
            (entry.path(), entry.file_type()?)
        };
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if kind.is_dir() {
            let of_aws = path
                .components()
                .any(|part| matches!(part.as_os_str().to_str(), Some("aws-sdk" | "@aws-sdk" | "@smithy")));
            if of_aws && unused.contains(&name.as_str()) {
                fs::remove_dir_all(&path)?;
            } else {
                shed(&path, unused)?;
            }
        } else if [".ts", ".mts", ".cts", ".map", ".md", ".flow"].iter().any(|end| name.ends_with(end)) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn fetch_wheels(wheels: &Wheels, building: &Path, tools: &Tools<'_>) -> Result<PathBuf, InstallError> {
    let requirements = building.join("requirements.txt");
    let part = building.join("part");
    fs::write(&requirements, wheels.list).map_err(at(&requirements))?;
    let python = tools.python.ok_or_else(|| InstallError::NoTool { tool: format!("python3.{}", wheels.minor) })?;
    let mut pip = Command::new(python);
    // pip itself refuses whatever does not have one of the pinned hashes.
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"])
        .args(["--disable-pip-version-check", "--no-warn-script-location", "--target"])
        .arg(&part)
        .arg("--requirement")
        .arg(&requirements);
    run(&mut pip, "pip", &Part::Wheels(*wheels).title())?;
    Ok(part)
}

fn npm(tools: &Tools<'_>, folder: &Path) -> Result<Command, InstallError> {
    let mut npm = tool("npm", tools)?;
    npm.current_dir(folder).args(["--silent", "--ignore-scripts", "--no-update-notifier"]);
    // Offline, npm would ask for minutes before it gives up.
    npm.args(["--fetch-retries=1", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000"]);
    npm.arg("--loglevel=error");
    Ok(npm)
}

fn tool(name: &str, tools: &Tools<'_>) -> Result<Command, InstallError> {
    let found = std::env::split_paths(tools.search_path).map(|dir| dir.join(name)).find(|path| path.is_file());
    let mut command = Command::new(found.ok_or_else(|| InstallError::NoTool { tool: name.to_owned() })?);
    command.env("PATH", tools.search_path);
    Ok(command)
}

fn run(command: &mut Command, tool: &str, package: &str) -> Result<(), InstallError> {
    let failed = |said: String| InstallError::Fetch { tool: tool.to_owned(), package: package.to_owned(), said };
    let output = command.stdin(Stdio::null()).output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("DO NOT MATCH THE HASHES") || said.contains("EINTEGRITY") {
        return Err(InstallError::Tampered { package: package.to_owned() });
    }
    let lines = said.lines().filter(|line| !line.starts_with("npm warn")).map(str::trim_end);
    Err(failed(lines.collect::<Vec<_>>().join("\n").trim().to_owned()))
}
