//! SQS: cycles of send, receive and delete, batches, and a queue of a million messages.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::client::Client;
use crate::figure;
use crate::server::{Server, ms, us};
use crate::{bare, peer, workers};

const BODY_BYTES: usize = 1024;
const LONE_CYCLES: usize = 2000;
pub const CLIENTS: usize = 64;
const BATCH_CLIENTS: usize = 16;
const BATCH: usize = 10;
const RUN: Duration = Duration::from_secs(5);
const SMALL_BACKLOG: usize = 1_000;
const BACKLOG: usize = 1_000_000;
const RECEIVES: usize = 1_000;

pub async fn run(binary: &str, peer: Option<&Path>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let server = Server::start(binary, folder.path())?;
    let client = Client::new(&server.endpoint);
    let endpoint = server.endpoint.clone();
    tokio::task::spawn_blocking(move || lone(&endpoint)).await??;
    let cycles = many(&server, &client).await?;
    match peer {
        Some(folder) => peer::beside(folder, &cycles).await?,
        None => println!("ministack is not installed here: no figures beside ours"),
    }
    batches(&server, &client).await?;
    workers::run(&client).await?;
    drop(server);
    backlog(binary, folder.path()).await
}

/// On one thread, as a script does it: what a client's own threads tell one another is not the server's time.
fn lone(endpoint: &str) -> Result<()> {
    let mut times = tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let queue = Queue::make(&Client::new(endpoint), "lone").await?;
        let mut times = Vec::with_capacity(LONE_CYCLES);
        for _ in 0..LONE_CYCLES {
            let began = Instant::now();
            queue.cycle().await?;
            times.push(began.elapsed());
        }
        anyhow::Ok(times)
    })?;
    times.sort();
    let spread = format!("p50 {:.0} µs, p99 {:.0} µs", us(times[LONE_CYCLES / 2]), us(times[LONE_CYCLES * 99 / 100]));
    figure("SQS send + receive + delete, one client", &spread, "p50 ≤ 600 µs");
    let bare = format!("p50 {:.0} µs", us(bare::cycle(LONE_CYCLES)?));
    figure("the same three answers by two threads that do nothing else", &bare, "");
    Ok(())
}

async fn many(server: &Server, client: &Client) -> Result<Cycles> {
    let (cpu, written, syncs) = (server.cpu()?, server.written()?, syncs(client).await?);
    let done = cycles(client, "many").await?;
    let (cpu, written) = (server.cpu()? - cpu, server.written()? - written);
    let each = |number: u64| count(number) / count(done.count);
    figure(&format!("the same by {CLIENTS} clients"), &format!("{:.0}/s", done.per_second()), "≥ 6000/s");
    figure("server CPU per cycle", &format!("{:.0} µs", us(cpu) / count(done.count)), "≤ 150 µs");
    figure("bytes given to the disk per cycle", &format!("{:.0}", each(written)), "");
    let syncs = self::syncs(client).await? - syncs;
    figure("fdatasyncs", &format!("{syncs}, {:.2} per cycle", each(syncs)), "");
    Ok(done)
}

/// Cycles of send, receive and delete that were done in a time.
pub struct Cycles {
    count: u64,
    time: Duration,
}

impl Cycles {
    pub fn per_second(&self) -> f64 {
        count(self.count) / self.time.as_secs_f64()
    }
}

/// So many as `CLIENTS` do in `RUN` on one queue.
pub async fn cycles(client: &Client, name: &str) -> Result<Cycles> {
    let (queue, cycles) = (Queue::make(client, name).await?, Arc::new(AtomicU64::new(0)));
    let began = Instant::now();
    let callers = (0..CLIENTS).map(|_| {
        let (queue, cycles) = (queue.clone(), cycles.clone());
        tokio::spawn(async move {
            while began.elapsed() < RUN {
                queue.cycle().await?;
                cycles.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await??;
    }
    Ok(Cycles { count: cycles.load(Ordering::Relaxed), time: began.elapsed() })
}

/// Of the server's journal, since it started.
async fn syncs(client: &Client) -> Result<u64> {
    let status = client.call(Method::GET, "/_gureum/v1/status", &[], Bytes::new()).await?;
    serde_json::from_slice::<Value>(&status)?["syncs"].as_u64().context("status has syncs")
}

async fn batches(server: &Server, client: &Client) -> Result<()> {
    let queue = Queue::make(client, "batches").await?;
    let (messages, cpu, began) = (Arc::new(AtomicU64::new(0)), server.cpu()?, Instant::now());
    let callers = (0..BATCH_CLIENTS).map(|_| {
        let (queue, messages) = (queue.clone(), messages.clone());
        tokio::spawn(async move {
            while began.elapsed() < RUN {
                queue.send_batch().await?;
                let handles = queue.receive(BATCH, 30).await?;
                messages.fetch_add(handles.len() as u64, Ordering::Relaxed);
                queue.delete_batch(handles).await?;
            }
            anyhow::Ok(())
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await??;
    }
    let done = messages.load(Ordering::Relaxed);
    let what = format!("SQS messages in batches of {BATCH}, {BATCH_CLIENTS} clients");
    figure(&what, &per_second(done, began.elapsed()), "≥ 25000/s");
    let cpu = us(server.cpu()? - cpu) / count(done);
    figure("server CPU per message", &format!("{cpu:.0} µs"), "");
    Ok(())
}

async fn backlog(binary: &str, folder: &Path) -> Result<()> {
    let mut server = Server::start(binary, folder)?;
    let client = Client::new(&server.endpoint);
    let queue = Queue::make(&client, "backlog").await?;
    fill(&queue, SMALL_BACKLOG).await?;
    let small = receives(&queue).await?;
    let began = Instant::now();
    fill(&queue, BACKLOG).await?;
    figure(&format!("SQS queue of {BACKLOG}: filled"), &per_second(BACKLOG as u64, began.elapsed()), "");
    let large = receives(&queue).await?;
    figure(
        "receive, p99 with a thousand and with a million",
        &format!("{:.0} and {:.0} µs", us(small), us(large)),
        "the same",
    );
    figure("RSS with a million messages", &format!("{:.1} MB", server.rss_mb()?), "≤ 150 MB");
    server.kill()?;
    let began = Instant::now();
    let server = Server::start(binary, folder)?;
    let ready = began.elapsed();
    let queue = Queue { client: Client::new(&server.endpoint), ..queue };
    queue.receive(1, 30).await?;
    let text = format!("ready {:.0} ms, first receive {:.0} ms", ms(ready), ms(began.elapsed()));
    figure("reopened after kill -9 with a million (1 GB)", &text, "≤ 2 s");
    figure("RSS after that", &format!("{:.1} MB", server.rss_mb()?), "≤ 150 MB");
    Ok(())
}

async fn fill(queue: &Queue, messages: usize) -> Result<()> {
    let left = Arc::new(AtomicU64::new((messages / BATCH) as u64));
    let callers = (0..BATCH_CLIENTS).map(|_| {
        let (queue, left) = (queue.clone(), left.clone());
        tokio::spawn(async move {
            while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
                queue.send_batch().await?;
            }
            anyhow::Ok(())
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await??;
    }
    Ok(())
}

/// The p99 of receiving one message.
async fn receives(queue: &Queue) -> Result<Duration> {
    let mut times = Vec::with_capacity(RECEIVES);
    for _ in 0..RECEIVES {
        let began = Instant::now();
        queue.receive(1, 3600).await?;
        times.push(began.elapsed());
    }
    times.sort();
    Ok(times[RECEIVES * 99 / 100])
}

#[allow(clippy::cast_precision_loss)]
fn count(number: u64) -> f64 {
    number as f64
}

fn per_second(number: u64, time: Duration) -> String {
    format!("{:.0}/s", count(number) / time.as_secs_f64())
}

#[derive(Clone)]
pub struct Queue {
    client: Client,
    path: String,
    body: Arc<str>,
}

impl Queue {
    pub async fn make(client: &Client, name: &str) -> Result<Self> {
        let queue = Self { client: client.clone(), path: String::new(), body: "x".repeat(BODY_BYTES).into() };
        let made = queue.call("CreateQueue", &json!({"QueueName": name})).await?;
        let url = made["QueueUrl"].as_str().context("a queue has a URL")?.to_owned();
        Ok(Self { path: url, ..queue })
    }

    async fn call(&self, operation: &str, input: &Value) -> Result<Value> {
        let target = format!("AmazonSQS.{operation}");
        let headers = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.0")];
        let answer = self.client.call(Method::POST, "/", &headers, Bytes::from(input.to_string())).await?;
        if answer.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&answer)?) }
    }

    pub async fn send(&self, body: &str) -> Result<()> {
        self.call("SendMessage", &json!({"QueueUrl": self.path, "MessageBody": body})).await?;
        Ok(())
    }

    async fn cycle(&self) -> Result<()> {
        self.send(&self.body).await?;
        for handle in self.receive(1, 30).await? {
            self.call("DeleteMessage", &json!({"QueueUrl": self.path, "ReceiptHandle": handle})).await?;
        }
        Ok(())
    }

    async fn send_batch(&self) -> Result<()> {
        let entry = |id: usize| json!({"Id": id.to_string(), "MessageBody": &*self.body});
        let entries: Vec<Value> = (0..BATCH).map(entry).collect();
        self.call("SendMessageBatch", &json!({"QueueUrl": self.path, "Entries": entries})).await?;
        Ok(())
    }

    /// The handles of what was received.
    async fn receive(&self, most: usize, visibility_seconds: u32) -> Result<Vec<String>> {
        let input =
            json!({"QueueUrl": self.path, "MaxNumberOfMessages": most, "VisibilityTimeout": visibility_seconds});
        let answer = self.call("ReceiveMessage", &input).await?;
        let messages = answer["Messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(messages.iter().filter_map(|m| m["ReceiptHandle"].as_str().map(str::to_owned)).collect())
    }

    async fn delete_batch(&self, handles: Vec<String>) -> Result<()> {
        if handles.is_empty() {
            return Ok(());
        }
        let entry = |(id, handle): (usize, String)| json!({"Id": id.to_string(), "ReceiptHandle": handle});
        let entries: Vec<Value> = handles.into_iter().enumerate().map(entry).collect();
        self.call("DeleteMessageBatch", &json!({"QueueUrl": self.path, "Entries": entries})).await?;
        Ok(())
    }
}
