//! `cargo xtask layers`: the arrows between rooms, and what may stand in which room only.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Who may depend on whom, `*` being any name. A new line here needs an ADR.
const ARROWS: [(&str, &[&str]); 17] = [
    ("kernel", &[]),
    ("wire", &["kernel"]),
    ("api-*", &["wire"]),
    ("auth", &["kernel", "wire"]),
    ("store", &["kernel"]),
    ("telemetry", &["kernel", "store"]),
    ("patterns", &[]),
    ("runtime", &["kernel"]),
    ("config", &["kernel"]),
    ("edge", &["kernel", "wire", "auth"]),
    ("service-lambda", &["kernel", "wire", "api-*", "store", "auth", "telemetry", "runtime"]),
    ("service-event-sources", &["kernel", "wire", "api-*", "store", "auth", "telemetry", "patterns"]),
    ("service-*", &["kernel", "wire", "api-*", "store", "auth", "telemetry"]),
    ("testkit", &["kernel", "wire", "api-*", "store", "auth", "telemetry", "patterns", "runtime", "service-*"]),
    ("simulation", &["kernel", "wire", "api-*", "runtime", "testkit"]),
    ("gureum", &["*"]),
    ("xtask", &[]),
];

/// Text that may stand only in files whose path holds one of the words. Test code is free.
const RESERVED: [(&str, &[&str]); 3] = [
    ("Cx::new(", &["crates/auth/", "crates/kernel/", "crates/testkit/"]),
    ("allow(unsafe_code)", &["crates/runtime/src/sandbox", "crates/gureum/src/memory.rs"]),
    (
        "allow(clippy::disallowed_methods)",
        &[
            "crates/kernel/",
            "crates/config/",
            "crates/runtime/src/sandbox",
            "crates/store/src/committer.rs",
            "xtask/",
            "fuzz/",
            "bench/",
        ],
    ),
];

const NO_ROOMS: [&str; 5] = ["utils", "common", "helpers", "misc", "core"];

pub fn check(root: &Path) -> Result<()> {
    let mut faults = Vec::new();
    let metadata = metadata(root)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists packages")?;
    arrows(packages, &mut faults);
    bugs_on_purpose(packages, &mut faults);
    for file in sources(root)? {
        let path = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        reserved(&path, &fs::read_to_string(&file)?, &mut faults);
        if let Some(name) =
            NO_ROOMS.iter().find(|n| path.ends_with(&format!("/{n}.rs")) || path.contains(&format!("/{n}/")))
        {
            faults.push(format!("{path}: '{name}' is no room"));
        }
    }
    if faults.is_empty() {
        println!("layers: every line is in its room");
        return Ok(());
    }
    bail!("layers:\n  {}", faults.join("\n  "))
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => pattern == name,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn arrows(packages: &[Value], faults: &mut Vec<String>) {
    let packages = dependencies(packages);
    let ours: BTreeSet<&String> = packages.keys().collect();
    for (name, dependencies) in &packages {
        let Some((_, allowed)) = ARROWS.iter().find(|(pattern, _)| matches(pattern, name)) else {
            if name != "fuzz" && name != "bench" {
                faults.push(format!("{name} has no line in ARROWS"));
            }
            continue;
        };
        for dependency in dependencies.iter().filter(|d| ours.contains(d)) {
            if !allowed.iter().any(|pattern| matches(pattern, dependency)) {
                faults.push(format!("{name} → {dependency} is not an allowed arrow"));
            }
        }
    }
}

/// Only the simulation can turn on the bugs that stand in the code on purpose (ADR 12).
fn bugs_on_purpose(packages: &[Value], faults: &mut Vec<String>) {
    for package in packages {
        let name = text(&package["name"]);
        let turned_on = [&package["features"], &package["dependencies"]].map(Value::to_string).concat();
        if !["kernel", "simulation"].contains(&name.as_str()) && turned_on.contains("sabotage") {
            faults.push(format!("{name}: the feature `sabotage` is the simulation's alone"));
        }
    }
}

fn metadata(root: &Path) -> Result<Value> {
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root)
        .output()?;
    serde_json::from_slice(&output.stdout).context("cargo metadata")
}

/// Each package of the workspace with its normal dependencies.
fn dependencies(packages: &[Value]) -> BTreeMap<String, Vec<String>> {
    let of = |package: &Value| {
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let normal = dependencies.filter(|d| d["kind"].is_null()).map(|d| text(&d["name"])).collect();
        (text(&package["name"]), normal)
    };
    packages.iter().map(of).collect()
}

fn reserved(path: &str, content: &str, faults: &mut Vec<String>) {
    if path.contains("/tests/") || path.contains("/examples/") {
        return;
    }
    let product = content.split("#[cfg(test)]").next().unwrap_or_default();
    for (text, rooms) in RESERVED {
        if product.contains(text) && !rooms.iter().any(|room| path.starts_with(room)) && path != "xtask/src/layers.rs" {
            faults.push(format!("{path}: `{text}` may stand only in {}", rooms.join(", ")));
        }
    }
}

/// Every Rust file of ours.
pub fn sources(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.join("crates"), root.join("xtask")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                if !path.ends_with("target") && !path.ends_with("node_modules") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
