//! What functions can be written in here, and how far they are kept from this machine.

use std::path::Path;
use std::process::Command;

use config::Environment;
use runtime::Presence;

use super::{Finding, Level};
use crate::text::doctor as text;

/// Programs that functions run in.
const INTERPRETERS: [&str; 2] = ["node", "python3"];

pub fn runtimes(environment: &Environment) -> Vec<Finding> {
    let path = environment.get("PATH").unwrap_or_default();
    let versions = INTERPRETERS.iter().filter_map(|name| Some(format!("{name} {}", version(name, path)?)));
    let versions: Vec<String> = versions.collect();
    let mut findings = Vec::new();
    if !versions.is_empty() {
        findings.push(Finding::ok("interpreters", text::interpreters(versions.join(", "))));
    }
    if !versions.iter().any(|version| version.starts_with("node")) {
        let (what, why, fix) = (text::no_node(), text::no_node_why(), text::no_node_fix());
        findings.push(Finding::new(Level::Warning, "interpreters", what, why, fix));
    }
    let folder = environment.cache_dir().join("runtimes");
    let presences = runtime::presences(&folder, path);
    let (mut ready, mut fetchable, mut missing) = (Vec::new(), Vec::new(), Vec::new());
    for (name, presence) in presences {
        match presence {
            // One that comes with its package says nothing about this machine.
            Presence::Ready(None) => {}
            Presence::Ready(Some(_)) => ready.push(name),
            Presence::Fetchable => fetchable.push(name),
            Presence::Impossible(_) => missing.push(name),
        }
    }
    if !fetchable.is_empty() {
        findings.push(Finding::ok("runtimes", text::runtimes_fetchable(fetchable.join(", "))));
    }
    if ready.is_empty() {
        let (what, why, fix) = (text::runtimes_none(), text::runtimes_none_why(), text::runtimes_none_fix());
        findings.push(Finding::new(Level::Warning, "runtimes", what, why, fix));
    } else {
        findings.push(Finding::ok("runtimes", text::runtimes_ready(ready.join(", "))));
        if !missing.is_empty() {
            let what = text::runtimes_missing(missing.join(", "));
            findings.push(Finding::new(Level::Note, "runtimes", what, String::new(), text::runtimes_missing_fix()));
        }
    }
    findings
}

/// What a program says when it is asked for its version: the last word, without a leading `v`.
fn version(program: &str, path: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").env("PATH", path).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let word = text.split_whitespace().last()?;
    output.status.success().then(|| word.trim_start_matches('v').to_owned())
}

pub fn isolation() -> Finding {
    let found = runtime::probe_isolation(Path::new("/proc/self/exe"));
    if !found.is_plain() {
        return Finding::ok("isolation", text::isolated());
    }
    let what = text::not_isolated(found.reasons.join("; "));
    Finding::new(Level::Warning, "isolation", what, text::not_isolated_why(), found.what_would_raise_it.join("\n"))
}
