//! `cargo xtask facts` and `cargo xtask gen`: from botocore to `models/`, from `models/` to `crates/api/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use xtask::facts::{Facts, botocore, overlay, text};
use xtask::generate;

/// `models/SOURCE`: `botocore VERSION SHA256`, then `service FOLDER/VERSION` lines.
struct Source {
    version: String,
    sha256: String,
    services: Vec<(String, String)>,
}

fn source(root: &Path) -> Result<Source> {
    let content = fs::read_to_string(root.join("models/SOURCE"))?;
    let mut lines = content.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty());
    let first: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
    let ["botocore", version, sha256] = first[..] else { bail!("models/SOURCE begins with: botocore VERSION SHA256") };
    let services = lines
        .map(|line| {
            let (name, folder) = line.split_once(' ').with_context(|| format!("models/SOURCE: {line}"))?;
            Ok((name.to_owned(), folder.trim().to_owned()))
        })
        .collect::<Result<_>>()?;
    Ok(Source { version: version.to_owned(), sha256: sha256.to_owned(), services })
}

/// Fetches the pinned source distribution through pip (or takes it from the cache) and rewrites `models/*.api`.
pub fn facts(root: &Path) -> Result<()> {
    let source = source(root)?;
    let data = fetch(&source)?.join("botocore/data");
    for (name, folder) in &source.services {
        let path = data.join(folder).join("service-2.json");
        let raw = fs::read(&path).with_context(|| path.display().to_string())?;
        let facts = botocore::extract(name, &serde_json::from_slice(&raw)?).with_context(|| name.clone())?;
        fs::write(root.join(format!("models/{name}.api")), text::print(&facts))?;
    }
    println!("facts: {} services of botocore {}", source.services.len(), source.version);
    Ok(())
}

/// The folder of the unpacked source distribution, in the user's cache.
fn fetch(source: &Source) -> Result<PathBuf> {
    let cache = crate::cache_dir()?;
    let folder = cache.join(format!("botocore-{}", source.version));
    if folder.join("PKG-INFO").exists() {
        return Ok(folder);
    }
    fs::create_dir_all(&cache)?;
    let archive = cache.join(format!("botocore-{}.tar.gz", source.version));
    if !archive.exists() {
        let package = format!("botocore=={}", source.version);
        let pip = ["-m", "pip", "download", "-q", "--no-deps", "--no-binary", "botocore", &package, "-d"];
        crate::run(Command::new("python3").args(pip).arg(&cache))?;
    }
    let sum = Command::new("sha256sum").arg(&archive).output()?;
    if !String::from_utf8_lossy(&sum.stdout).starts_with(&source.sha256) {
        bail!("{} is not the file that models/SOURCE names", archive.display());
    }
    crate::run(Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(&cache))?;
    Ok(folder)
}

/// The models with their overlays, by service.
pub fn load(root: &Path) -> Result<Vec<Facts>> {
    source(root)?
        .services
        .iter()
        .map(|(name, _)| {
            let mut facts = text::parse(&fs::read_to_string(root.join(format!("models/{name}.api")))?)
                .with_context(|| format!("models/{name}.api"))?;
            let extra = root.join(format!("models/overlay/{name}.api"));
            if extra.exists() {
                overlay::apply(&mut facts, &fs::read_to_string(&extra)?)
                    .with_context(|| extra.display().to_string())?;
            }
            Ok(facts)
        })
        .collect()
}

/// `models/operations.txt`: `SERVICE OPERATION` lines.
pub fn served(root: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let mut served: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in fs::read_to_string(root.join("models/operations.txt"))?.lines() {
        if let Some((service, operation)) = line.trim().split_once(' ')
            && !line.starts_with('#')
        {
            served.entry(service.to_owned()).or_default().push(operation.trim().to_owned());
        }
    }
    Ok(served)
}

/// Writes `crates/api/*`; with `check`, fails when anything would change.
pub fn generate(root: &Path, check: bool) -> Result<()> {
    let served = served(root)?;
    let (mut stale, mut count) = (Vec::new(), 0);
    for facts in load(root)? {
        let name = &facts.service.name;
        let Some(operations) = served.get(name) else { continue };
        count += operations.len();
        for file in generate::generate(&facts, operations).with_context(|| name.clone())? {
            let path = root.join("crates/api").join(name).join(file.path);
            if fs::read_to_string(&path).is_ok_and(|old| old == file.content) {
                continue;
            }
            if check {
                stale.push(path.display().to_string());
                continue;
            }
            fs::create_dir_all(path.parent().context("a file has a folder")?)?;
            fs::write(&path, file.content)?;
        }
    }
    if stale.is_empty() {
        println!("gen: {count} operations, up to date");
        return Ok(());
    }
    bail!("generated code is stale, run `cargo xtask gen`:\n  {}", stale.join("\n  "))
}
