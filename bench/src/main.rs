//! The figures of docs/SPECIFICATION.md: `cargo xtask bench` builds the release binary and runs this with its path.
//! Every figure is printed with what it must be; nothing here is a test, a slow machine fails nobody.
#![allow(clippy::disallowed_methods)] // A tool: it reads the clock itself.

mod bare;
mod call;
mod client;
mod names;
mod peer;
mod queues;
mod server;
mod workers;

use std::path::Path;

use anyhow::{Context, Result};

/// Stored functions at the start and idle cases. Source: docs/SPECIFICATION.md.
const FUNCTIONS: usize = 100;

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let binary = words.first().context("usage: bench PATH-OF-GUREUM [queues] [--peer FOLDER]")?;
    let peer = words.iter().skip_while(|word| *word != "--peer").nth(1).map(Path::new);
    if words.iter().any(|word| word == "queues") {
        return queues::run(binary, peer).await;
    }
    call::run();
    let size = std::fs::metadata(binary)?.len();
    figure("binary", &format!("{:.1} MB", megabytes(size)), "≤ 40 MB");
    queues::run(binary, peer).await?;
    server::run(binary, FUNCTIONS).await
}

/// One line: what, measured, promised.
fn figure(what: &str, measured: &str, promised: &str) {
    println!("{what:<58} {measured:>34}   {promised}");
}

#[allow(clippy::cast_precision_loss)]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
