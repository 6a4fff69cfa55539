//! The real binary: its start, its memory, and invocations through it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use serde_json::json;

use crate::client::Client;
use crate::{figure, names};

const STARTS: usize = 10;
const WARM_INVOKES: usize = 2000;
const PARALLEL: usize = 16;
const PARALLEL_INVOKES: usize = 500;
const COLD_INVOKES: usize = 10;

pub async fn run(binary: &str, functions: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(binary, folder.path())?;
    let client = Client::new(&server.endpoint);
    let archive = archive(b"exports.handler = async (event) => event;\n")?;
    for number in 0..functions {
        create(&client, &format!("bench-{number}"), &archive).await?;
    }
    drop(server);

    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let began = Instant::now();
        let server = Server::start(binary, folder.path())?;
        starts.push(began.elapsed());
        drop(server);
    }
    starts.sort();
    let spread = format!("p50 {:.1} ms, max {:.1} ms", ms(starts[STARTS / 2]), ms(starts[STARTS - 1]));
    figure(&format!("start to ready with {functions} functions"), &spread, "≤ 50 ms");

    let server = Server::start(binary, folder.path())?;
    // Idle means after the start's own work: half a second without a request.
    tokio::time::sleep(Duration::from_millis(500)).await;
    figure(&format!("idle RSS with {functions} functions"), &format!("{:.1} MB", server.rss_mb()?), "≤ 30 MB");

    let client = Client::new(&server.endpoint);
    cold(&client).await?;
    warm(&client).await?;
    parallel(&client).await?;
    names::run(&server.endpoint, &folder.path().join("state/gureum/ca.pem"))?;
    figure("RSS after that", &format!("{:.1} MB", server.rss_mb()?), "");
    Ok(())
}

async fn cold(client: &Client) -> Result<()> {
    let mut times = Vec::new();
    for number in 0..COLD_INVOKES {
        times.push(invoke(client, &format!("bench-{number}")).await?);
    }
    times.sort();
    let spread = format!("p50 {:.1} ms, max {:.1} ms", ms(times[COLD_INVOKES / 2]), ms(times[COLD_INVOKES - 1]));
    figure("cold Node invoke, one at a time", &spread, "");
    Ok(())
}

async fn warm(client: &Client) -> Result<()> {
    let mut times = Vec::with_capacity(WARM_INVOKES);
    for _ in 0..WARM_INVOKES {
        times.push(invoke(client, "bench-0").await?);
    }
    times.sort();
    let spread = format!("p50 {:.0} µs, p99 {:.0} µs", us(times[WARM_INVOKES / 2]), us(times[WARM_INVOKES * 99 / 100]));
    figure("warm Node invoke, one at a time", &spread, "p50 ≤ 1 ms");
    Ok(())
}

async fn parallel(client: &Client) -> Result<()> {
    let began = Instant::now();
    let callers: Vec<_> = (0..PARALLEL)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                for _ in 0..PARALLEL_INVOKES {
                    invoke(&client, "bench-0").await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for caller in callers {
        caller.await??;
    }
    #[allow(clippy::cast_precision_loss)]
    let rate = (PARALLEL * PARALLEL_INVOKES) as f64 / began.elapsed().as_secs_f64();
    figure(&format!("Node invokes by {PARALLEL} callers, cold starts included"), &format!("{rate:.0}/s"), "");
    Ok(())
}

async fn invoke(client: &Client, name: &str) -> Result<Duration> {
    let path = format!("/2015-03-31/functions/{name}/invocations");
    let began = Instant::now();
    client.call(Method::POST, &path, &[], Bytes::from_static(b"{\"id\":\"1\",\"name\":\"Luna\"}")).await?;
    Ok(began.elapsed())
}

pub async fn create(client: &Client, name: &str, archive: &[u8]) -> Result<()> {
    let request = json!({
        "FunctionName": name, "Runtime": "nodejs20.x", "Handler": "index.handler",
        "Role": "arn:aws:iam::000000000000:role/bench", "Code": { "ZipFile": STANDARD.encode(archive) },
    });
    client.call(Method::POST, "/2015-03-31/functions", &[], Bytes::from(request.to_string())).await?;
    Ok(())
}

pub fn archive(handler: &[u8]) -> Result<Vec<u8>> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file("index.js", zip::write::SimpleFileOptions::default())?;
    archive.write_all(handler)?;
    Ok(archive.finish()?.into_inner())
}

pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

pub fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A running server; killed when dropped.
pub struct Server {
    process: Child,
    pub endpoint: String,
}

impl Server {
    /// Returns when it has said that it is ready.
    pub fn start(binary: &str, folder: &Path) -> Result<Self> {
        let mut process = Command::new(binary)
            .args(["up", "--port", "0", "--data"])
            .arg(folder.join("data"))
            .env("XDG_STATE_HOME", folder.join("state"))
            .env("GUREUM_LANG", "en")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut lines = BufReader::new(process.stdout.take().context("the output is a pipe")?).lines();
        let mut endpoint = String::new();
        for line in lines.by_ref() {
            let line = line?;
            if line.contains("Endpoint") {
                endpoint = line.split_whitespace().nth(1).unwrap_or_default().to_owned();
            }
            if line == "Ready." {
                return Ok(Self { process, endpoint });
            }
        }
        bail!("the server ended before it was ready")
    }

    pub fn rss_mb(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).context("VmRSS")?;
        let kilobytes: f64 = line.split_whitespace().nth(1).context("VmRSS")?.parse()?;
        Ok(kilobytes / 1e3)
    }

    /// What the process has used of the processors.
    pub fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // After the name in brackets; user and system time are the 14th and 15th field, in hundredths of a second.
        let fields = stat.rsplit(')').next().context("stat")?.split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).map(|field| field.parse::<u64>().unwrap_or(0)).sum();
        Ok(Duration::from_millis(ticks * 10))
    }

    /// Bytes that the process has given to the disk.
    pub fn written(&self) -> Result<u64> {
        let io = std::fs::read_to_string(format!("/proc/{}/io", self.process.id()))?;
        let line = io.lines().find(|line| line.starts_with("write_bytes:")).context("write_bytes")?;
        Ok(line.split_whitespace().nth(1).context("write_bytes")?.parse()?)
    }

    /// Ends it as a power cut of the process: kill -9.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
