//! `cargo xtask COMMAND`: see [`USAGE`].
#![allow(clippy::disallowed_methods)] // A tool, not the product: it reads the environment and the clock itself.

mod bench;
mod ci;
mod clients;
mod deps;
mod dist;
mod layers;
mod ledger;
mod models;
mod recorded;
mod soak;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

const USAGE: &str = "usage: cargo xtask COMMAND
  facts          models/*.api from the pinned botocore
  gen [--check]  crates/api/* from models/
  start [FLAG…]  build, fetch the runtime clients, and run `gureum up`
  ci             every check and test, with the time of each
  layers         the arrows between rooms
  ledger         every operation is implemented and tested
  deps           licences, duplicates, reasons
  recorded       answers recorded from AWS, where they are
  bench          the figures of docs/SPECIFICATION.md, on a release build
  soak           100 kills, 20 power cuts, 10,000 simulated histories
  dist           a tarball with the binary and all licences";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let done = match words[..] {
        ["facts"] => models::facts(root),
        ["gen"] => models::generate(root, false),
        ["gen", "--check"] => models::generate(root, true),
        ["ci"] => ci::ci(root),
        ["start", ref flags @ ..] => ci::start(root, flags),
        ["layers"] => layers::check(root),
        ["ledger"] => ledger::check(root),
        ["deps"] => deps::check(root),
        ["bench"] => bench::bench(root),
        ["soak"] => soak::soak(root),
        ["dist"] => dist::dist(root),
        ["recorded"] => recorded::check(root),
        _ => Err(anyhow::anyhow!("{USAGE}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Clients, runtimes and sources, kept outside target/ by version: `$XDG_CACHE_HOME/gureum`.
fn cache_dir() -> Result<PathBuf> {
    let cache = match std::env::var_os("XDG_CACHE_HOME") {
        Some(dir) => PathBuf::from(dir),
        None => {
            PathBuf::from(std::env::var_os("HOME").context("neither XDG_CACHE_HOME nor HOME is set")?).join(".cache")
        }
    };
    Ok(cache.join("gureum"))
}

/// Runs a command to its end. Errors: it cannot be started, or it fails.
fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(())
}
