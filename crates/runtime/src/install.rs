//! Fetches AWS's runtime clients with the user's own `npm` and `pip`, each checked against a pinned hash.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use sha2::{Digest, Sha512};

use crate::bootstraps;
use crate::runtimes::{Family, NODEJS_CLIENT, PYTHON_CLIENT, find_interpreter};

/// As the registry publishes it for `aws-lambda-ric` 3.3.0.
const NODEJS_CLIENT_SHA512: &str =
    "9p06TbKVK4a050NY/vYOxhMHvnIiUu5o1W0//q6yNLSqA/c91pn4BOj3C3sRTpplkUNsGJdU5qWyU2STo6L8hA==";

/// Why a runtime could not be installed, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("{runtime} cannot be installed: {reason}")]
    Unavailable { runtime: String, reason: String },
    #[error("`{tool}` is not on the PATH: install it, it fetches the runtime client")]
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
    AlreadyThere { folder: PathBuf },
    Fetching { package: String },
    Installed { folder: PathBuf },
}

/// The languages whose runtime clients are installed, by name alone: `nodejs`, `python3.11`.
pub fn installed(runtimes_dir: &Path) -> Vec<String> {
    let folders = fs::read_dir(runtimes_dir).into_iter().flatten().flatten();
    let mut names: Vec<String> = folders
        .filter_map(|folder| Some(folder.file_name().to_str()?.split_once("-client-")?.0.to_owned()))
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Makes `runtime` usable for a pool with the same `runtimes_dir`. Blocks until done; safe to repeat and to run twice at
/// once. `search_path` is the user's PATH.
pub fn install(
    runtime: &str,
    runtimes_dir: &Path,
    search_path: &str,
    mut progress: impl FnMut(InstallStep),
) -> Result<(), InstallError> {
    let unavailable = |reason| InstallError::Unavailable { runtime: runtime.to_owned(), reason };
    let family = Family::parse(runtime).map_err(unavailable)?;
    let Some(name) = family.client_folder() else { return Ok(()) };
    let interpreter = find_interpreter(&family, search_path).map_err(unavailable)?;
    let folder = runtimes_dir.join(name);
    if folder.is_dir() {
        progress(InstallStep::AlreadyThere { folder });
        return Ok(());
    }
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| InstallError::Folder { path, source }
    };
    // Built aside and renamed, so that a broken attempt is never taken for a runtime.
    let building = runtimes_dir.join(format!(".building-{}-{runtime}", std::process::id()));
    let _ = fs::remove_dir_all(&building);
    fs::create_dir_all(&building).map_err(at(&building))?;
    let fetched = match family {
        Family::Nodejs { .. } => {
            progress(InstallStep::Fetching { package: format!("aws-lambda-ric {NODEJS_CLIENT}") });
            fetch_nodejs(&building, search_path)
        }
        _ => {
            progress(InstallStep::Fetching { package: format!("awslambdaric {PYTHON_CLIENT}") });
            fetch_python(&building, &interpreter.path)
        }
    };
    let placed = fetched.and_then(|client| match fs::rename(&client, &folder) {
        // Somebody else was faster: theirs is as good.
        Err(_) if folder.is_dir() => Ok(()),
        other => other.map_err(at(&folder)),
    });
    let _ = fs::remove_dir_all(&building);
    placed?;
    progress(InstallStep::Installed { folder });
    Ok(())
}

fn fetch_nodejs(building: &Path, search_path: &str) -> Result<PathBuf, InstallError> {
    let package = format!("aws-lambda-ric@{NODEJS_CLIENT}");
    let folder = |source| InstallError::Folder { path: building.to_owned(), source };
    let mut npm = tool("npm", search_path)?;
    npm.args(["pack", &package, "--ignore-scripts", "--silent", "--pack-destination"]).arg(building);
    run(npm.current_dir(building), "npm", &package)?;
    let archive = building.join(format!("aws-lambda-ric-{NODEJS_CLIENT}.tgz"));
    let digest = Sha512::digest(fs::read(&archive).map_err(folder)?);
    if base64::engine::general_purpose::STANDARD.encode(digest) != NODEJS_CLIENT_SHA512 {
        return Err(InstallError::Tampered { package });
    }
    let mut tar = tool("tar", search_path)?;
    tar.arg("-xzf").arg(&archive).arg("-C").arg(building).args([
        "package/dist/index.mjs",
        "package/LICENSE",
        "package/NOTICE",
    ]);
    run(&mut tar, "tar", &package)?;
    let client = building.join("client");
    fs::create_dir(&client).map_err(folder)?;
    for (from, to) in [("dist/index.mjs", "index.mjs"), ("LICENSE", "LICENSE"), ("NOTICE", "NOTICE")] {
        fs::rename(building.join("package").join(from), client.join(to)).map_err(folder)?;
    }
    Ok(client)
}

fn fetch_python(building: &Path, python: &Path) -> Result<PathBuf, InstallError> {
    let folder = |source| InstallError::Folder { path: building.to_owned(), source };
    let requirements = building.join("requirements.txt");
    let client = building.join("client");
    fs::write(&requirements, bootstraps::PYTHON_REQUIREMENTS).map_err(folder)?;
    let mut pip = Command::new(python);
    // pip itself refuses whatever does not have one of the pinned hashes.
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"])
        .args(["--disable-pip-version-check", "--no-warn-script-location", "--target"])
        .arg(&client)
        .arg("--requirement")
        .arg(&requirements);
    run(&mut pip, "pip", &format!("awslambdaric=={PYTHON_CLIENT}"))?;
    Ok(client)
}

fn tool(name: &str, search_path: &str) -> Result<Command, InstallError> {
    let found = std::env::split_paths(search_path).map(|dir| dir.join(name)).find(|path| path.is_file());
    let mut command = Command::new(found.ok_or_else(|| InstallError::NoTool { tool: name.to_owned() })?);
    command.env("PATH", search_path);
    Ok(command)
}

fn run(command: &mut Command, tool: &str, package: &str) -> Result<(), InstallError> {
    let failed = |said: String| InstallError::Fetch { tool: tool.to_owned(), package: package.to_owned(), said };
    let output = command.stdin(Stdio::null()).output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("DO NOT MATCH THE HASHES") {
        return Err(InstallError::Tampered { package: package.to_owned() });
    }
    Err(failed(said.trim().to_owned()))
}
