//! `cargo xtask soak`: the long form of what CI does a few rounds of: every runtime, kills of the server, power cuts
//! of the server and of the store, and simulated histories.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::{ci, clients, run};

const KILL_ROUNDS: &str = "100";
/// A hundred rounds on a busy machine.
const KILL_SECONDS_MAX: &str = "6000";
const POWER_ROUNDS: &str = "20";
const HISTORIES: &str = "10000";
/// Nobody waits longer for them.
const HISTORIES_SECONDS_MAX: &str = "7200";

pub fn soak(root: &Path) -> Result<()> {
    let clients = clients::install(root)?;
    run(Command::new("cargo").args(["build", "--release", "--package", "gureum"]).current_dir(root))?;
    run(Command::new(&clients.python)
        .args(["-m", "pytest", "-q", "tests/contract/test_runtimes.py"])
        .env("GUREUM_BIN", ci::target(root).join("release/gureum"))
        .env("GUREUM_ALL_RUNTIMES", "1")
        .current_dir(root))?;
    run(Command::new(clients.python)
        .args(["-m", "pytest", "-q", "-s", "--timeout", KILL_SECONDS_MAX, "tests/durability"])
        .env("GUREUM_BIN", ci::target(root).join("release/gureum"))
        .env("GUREUM_KILL_ROUNDS", KILL_ROUNDS)
        .env("GUREUM_POWER_ROUNDS", POWER_ROUNDS)
        .current_dir(root))?;
    for cuts in
        [&["--rounds", POWER_ROUNDS, "--kills", KILL_ROUNDS][..], &["--rounds", POWER_ROUNDS, "--by", "journal"]]
    {
        let power = ["run", "--release", "--package", "store", "--example", "power_cut", "--"];
        run(Command::new("cargo").args(power).args(cuts).current_dir(root))?;
    }
    let simulation = ["run", "--release", "--package", "simulation", "--"];
    let histories = ["--histories", HISTORIES, "--seconds", HISTORIES_SECONDS_MAX];
    run(Command::new("cargo").args(simulation).args(histories).current_dir(root))
}
