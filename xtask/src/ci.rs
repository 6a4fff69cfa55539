//! `cargo xtask ci`: all of CI, on any laptop. Each step prints its time; the first that fails ends the run.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::{clients, deps, layers, ledger, models, recorded, run};

type Step = (&'static str, fn(&Path) -> Result<()>);

const STEPS: [Step; 11] = [
    ("format", |root| cargo(root, &["fmt", "--all", "--check"])),
    ("layers", layers::check),
    ("generated code", |root| models::generate(root, true)),
    ("ledger", ledger::check),
    ("dependencies", deps::check),
    ("clippy", |root| cargo(root, &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])),
    ("clients and runtimes", prepare),
    ("tests", |root| cargo(root, &["test", "--workspace"])),
    ("fuzz smoke", |root| cargo(root, &["run", "--quiet", "--package", "fuzz", "--", "--seconds", "3"])),
    ("contract and journeys", real_clients),
    ("recorded", recorded::check),
];

pub fn ci(root: &Path) -> Result<()> {
    steps(root, &STEPS)
}

/// What README's test command runs: everything that needs no other tool than the compiler and the clients.
pub fn test(root: &Path) -> Result<()> {
    let wanted = ["clients and runtimes", "tests", "contract and journeys"];
    let steps_of_test: Vec<Step> = STEPS.into_iter().filter(|(name, _)| wanted.contains(name)).collect();
    steps(root, &steps_of_test)
}

fn steps(root: &Path, all: &[Step]) -> Result<()> {
    let start = Instant::now();
    let mut times = Vec::new();
    for (name, step) in all {
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

fn binary(root: &Path) -> std::path::PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    target.join("debug/gureum")
}

fn prepare(root: &Path) -> Result<()> {
    clients::install(root)?;
    cargo(root, &["build", "--package", "gureum"])?;
    run(Command::new(binary(root)).args(["runtime", "install", "nodejs20.x", "python3"]))
}

/// pytest over tests/contract and tests/journeys, against the binary just built.
fn real_clients(root: &Path) -> Result<()> {
    let clients = clients::install(root)?;
    run(Command::new(clients.python)
        .args(["-m", "pytest", "-q", "-x", "--timeout", "120", "-p", "no:cacheprovider", "tests"])
        .env("GUREUM_BIN", binary(root))
        .env("GUREUM_NODE_CLIENTS", clients.node)
        .current_dir(root))
}
