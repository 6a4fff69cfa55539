//! `cargo xtask deps`: licences that we may ship, one version of each crate, and a reason for each in docs/deps.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Licences that may be linked into the binary.
const LICENCES: [&str; 12] = [
    "MIT",
    "Apache-2.0",
    "ISC",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "Zlib",
    "0BSD",
    "Unicode-3.0",
    "Unlicense",
    "CC0-1.0",
    "BSL-1.0",
    "MIT-0",
];

pub fn check(root: &Path) -> Result<()> {
    let metadata = metadata(root)?;
    let reasons = fs::read_to_string(root.join("docs/deps.md")).unwrap_or_default();
    let mut faults = Vec::new();
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let packages = metadata["packages"].as_array().context("cargo metadata lists packages")?;
    for package in packages.iter().filter(|p| p["source"].is_string()) {
        let (name, licence) =
            (package["name"].as_str().unwrap_or_default(), package["license"].as_str().unwrap_or_default());
        versions.entry(name).or_default().insert(package["version"].as_str().unwrap_or_default());
        if !allowed(licence) {
            faults.push(format!("{name}: licence '{licence}' is not one that we ship"));
        }
    }
    for name in direct(packages) {
        if !reasons.contains(&format!("| {name} |")) {
            faults.push(format!("{name} has no line in docs/deps.md"));
        }
    }
    let twice: Vec<_> = versions.iter().filter(|(_, v)| v.len() > 1).map(|(name, _)| *name).collect();
    println!(
        "deps: {} crates, in two versions: {}",
        versions.len(),
        if twice.is_empty() { "none".into() } else { twice.join(", ") }
    );
    if faults.is_empty() { Ok(()) } else { bail!("deps:\n  {}", faults.join("\n  ")) }
}

pub fn metadata(root: &Path) -> Result<Value> {
    let output =
        Command::new("cargo").args(["metadata", "--format-version", "1", "--locked"]).current_dir(root).output()?;
    serde_json::from_slice(&output.stdout).context("cargo metadata")
}

/// An expression of SPDX passes when one side of each OR passes.
fn allowed(expression: &str) -> bool {
    let one = |term: &str| {
        let term = term.trim().trim_matches(['(', ')']);
        let term = term.split(" WITH ").next().unwrap_or_default().trim();
        LICENCES.contains(&term)
    };
    expression.replace('/', " OR ").split(" AND ").all(|part| part.split(" OR ").any(one))
}

/// What our own crates name as normal dependencies.
fn direct(packages: &[Value]) -> BTreeSet<&str> {
    let ours = packages.iter().filter(|p| p["source"].is_null());
    ours.flat_map(|p| p["dependencies"].as_array().into_iter().flatten())
        .filter(|d| d["source"].is_string() && d["kind"].is_null())
        .filter_map(|d| d["name"].as_str())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_licences_passes_when_one_does() {
        assert!(allowed("MIT OR GPL-3.0"));
        assert!(allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(allowed("Apache-2.0 WITH LLVM-exception"));
        assert!(!allowed("GPL-3.0"));
        assert!(!allowed(""));
    }
}
