//! `cargo xtask dist`: target/dist/gureum-VERSION-x86_64-linux.tar.gz with the binary and every licence text.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{ci, deps, run};

pub fn dist(root: &Path) -> Result<()> {
    run(Command::new("cargo").args(["build", "--release", "--package", "gureum"]).current_dir(root))?;
    let metadata = deps::metadata(root)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists packages")?;
    let ours = packages.iter().find(|p| p["name"] == "gureum").context("the workspace has gureum")?;
    let name = format!("gureum-{}-{}-linux", ours["version"].as_str().unwrap_or("0"), std::env::consts::ARCH);
    let folder = root.join("target/dist").join(&name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("licences"))?;
    fs::copy(ci::target(root).join("release/gureum"), folder.join("gureum"))?;
    for file in ["LICENSE", "README.md", "README.ko.md"] {
        fs::copy(root.join(file), folder.join(file)).with_context(|| file.to_owned())?;
    }
    for package in packages.iter().filter(|p| p["source"].is_string()) {
        licences(package, &folder.join("licences"))?;
    }
    let archive = root.join("target/dist").join(format!("{name}.tar.gz"));
    run(Command::new("tar").arg("czf").arg(&archive).arg("-C").arg(root.join("target/dist")).arg(&name))?;
    println!("dist: {}", archive.display());
    Ok(())
}

/// The licence files that a crate carries, under its name.
fn licences(package: &serde_json::Value, to: &Path) -> Result<()> {
    let (name, manifest) =
        (package["name"].as_str().unwrap_or_default(), package["manifest_path"].as_str().unwrap_or_default());
    let Some(folder) = Path::new(manifest).parent() else { return Ok(()) };
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let upper = file.to_uppercase();
        if path.is_file() && ["LICEN", "COPYING", "NOTICE"].iter().any(|word| upper.starts_with(word)) {
            fs::copy(&path, to.join(format!("{name}-{file}")))?;
        }
    }
    Ok(())
}
