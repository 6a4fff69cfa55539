//! `cargo xtask ci`: all of CI, on any laptop. Each step prints its time; the first that fails ends the run.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::{clients, deps, layers, ledger, models, recorded, run};

type Step = (&'static str, fn(&Path) -> Result<()>);

const STEPS: [Step; 12] = [
    ("format", |root| cargo(root, &["fmt", "--all", "--check"])),
    ("layers", layers::check),
    ("generated code", |root| models::generate(root, true)),
    ("ledger", ledger::check),
    ("dependencies", deps::check),
    ("clippy", |root| cargo(root, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])),
    ("clients and runtimes", prepare),
    ("tests", |root| cargo(root, &["test", "--workspace"])),
    ("fuzz smoke", |root| cargo(root, &["run", "--quiet", "--package", "fuzz", "--", "--seconds", "3"])),
    ("simulation", simulation),
    ("contract and journeys", real_clients),
    ("recorded", recorded::check),
];

/// The runtimes that CI runs: this machine's Node and Python, and one of each kind of client. `soak` runs all.
const RUNTIMES: [&str; 5] = ["nodejs20.x", "python3", "nodejs14.x", "nodejs24.x", "nodejs4.3"];

pub fn ci(root: &Path) -> Result<()> {
    let start = Instant::now();
    let mut times = Vec::new();
    for (name, step) in STEPS {
        let began = Instant::now();
        println!("── {name}");
        step(root).with_context(|| format!("{name} failed after {:.0} s", began.elapsed().as_secs_f32()))?;
        times.push(format!("{:>7.1} s  {name}", began.elapsed().as_secs_f32()));
    }
    println!("── time of each step\n{}\n{:>7.1} s  in all", times.join("\n"), start.elapsed().as_secs_f32());
    Ok(())
}

fn cargo(root: &Path, args: &[&str]) -> Result<()> {
    run(Command::new("cargo").args(args).current_dir(root))
}

/// Two minutes of histories; then each bug on purpose has to be found.
fn simulation(root: &Path) -> Result<()> {
    cargo(root, &["run", "--quiet", "--package", "simulation", "--", "--seconds", "120"])?;
    let sabotage = ["--features", "sabotage", "--test", "sabotage", "--", "--nocapture"];
    cargo(root, &[&["test", "--quiet", "--package", "simulation"], &sabotage[..]].concat())
}

/// Cargo's target directory.
pub fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into)
}

fn binary(root: &Path) -> PathBuf {
    target(root).join("debug/gureum")
}

/// README's start command: builds, fetches the runtime clients, and becomes the server.
pub fn start(root: &Path, flags: &[&str]) -> Result<()> {
    cargo(root, &["build", "--release", "--package", "gureum"])?;
    let gureum = target(root).join("release/gureum");
    run(Command::new(&gureum).args(["runtime", "install", "nodejs20.x", "python3"]))?;
    Err(Command::new(&gureum).arg("up").args(flags).exec()).with_context(|| gureum.display().to_string())
}

fn prepare(root: &Path) -> Result<()> {
    clients::install(root)?;
    cargo(root, &["build", "--package", "gureum"])?;
    run(Command::new(binary(root)).args(["runtime", "install"]).args(RUNTIMES))
}

/// pytest over tests/contract and tests/journeys, against the binary just built.
fn real_clients(root: &Path) -> Result<()> {
    let clients = clients::install(root)?;
    run(Command::new(clients.python)
        .args(["-m", "pytest", "-q", "-x", "--timeout", "120", "-p", "no:cacheprovider", "tests"])
        .env("GUREUM_BIN", binary(root))
        .env("GUREUM_NODE_CLIENTS", clients.node)
        .env("GUREUM_SERVERLESS", clients.serverless)
        .current_dir(root))
}
