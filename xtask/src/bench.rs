//! `cargo xtask bench`: the figures of docs/SPECIFICATION.md, on a release build.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::{cache_dir, ci, clients, run};

pub fn bench(root: &Path) -> Result<()> {
    let cargo = |args: &[&str]| run(Command::new("cargo").args(args).current_dir(root));
    cargo(&["build", "--quiet", "--release", "--package", "gureum", "--package", "bench"])?;
    let binary = ci::target(root).join("release/gureum");
    run(Command::new(&binary).args(["runtime", "install", "nodejs20.x"]))?;
    let mut bench = Command::new(ci::target(root).join("release/bench"));
    bench.arg(binary);
    match clients::install_peer(root) {
        Ok(folder) => drop(bench.arg("--peer").arg(folder)),
        Err(why) => println!("ministack cannot be installed: {why:#}"),
    }
    run(&mut bench)?;
    let runtimes = cache_dir()?.join("runtimes");
    run(Command::new("cargo")
        .args(["run", "--quiet", "--release", "--package", "runtime", "--example", "measure", "--"])
        .arg(runtimes)
        .current_dir(root))?;
    cargo(&["run", "--quiet", "--release", "--package", "store", "--example", "put_bench"])
}
