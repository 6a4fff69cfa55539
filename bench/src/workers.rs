//! From a message that is sent to the start of the handler that an event source mapping calls with it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use crate::client::Client;
use crate::figure;
use crate::queues::Queue;
use crate::server;

/// The first ones warm the worker up.
const WARM_UP: usize = 20;
const MESSAGES: usize = 200;
/// Between two messages, so that each finds an idle worker.
const PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(100);
/// Says when it began, in microseconds since 1970, and for which message.
const HANDLER: &[u8] = b"exports.handler = async (event) => {
  const began = Math.round((performance.timeOrigin + performance.now()) * 1000);
  console.log('began ' + event.Records[0].body + ' ' + began);
};
";

pub async fn run(client: &Client) -> Result<()> {
    let queue = Queue::make(client, "workers").await?;
    server::create(client, "worker", &server::archive(HANDLER)?).await?;
    let mapping = json!({
        "FunctionName": "worker", "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:workers", "BatchSize": 1,
    });
    client
        .call(Method::POST, "/2015-03-31/event-source-mappings", &[], Bytes::from(mapping.to_string()))
        .await
        .context("a mapping")?;
    let mut sent = Vec::with_capacity(MESSAGES);
    for number in 0..MESSAGES {
        sent.push(SystemTime::now().duration_since(UNIX_EPOCH)?);
        queue.send(&number.to_string()).await?;
        tokio::time::sleep(PAUSE).await;
    }
    let began = Instant::now();
    let mut starts = starts(client).await?;
    while starts.len() < MESSAGES {
        if began.elapsed() > PATIENCE {
            bail!("the worker began {} of {MESSAGES} messages", starts.len());
        }
        tokio::time::sleep(LOOK).await;
        starts = self::starts(client).await?;
    }
    let mut times: Vec<Duration> = starts
        .into_iter()
        .filter(|(number, _)| *number >= WARM_UP)
        .filter_map(|(number, began)| Some(began.saturating_sub(*sent.get(number)?)))
        .collect();
    times.sort();
    let (p50, p99) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    let spread = format!("p50 {:.1} ms, p99 {:.1} ms", server::ms(p50), server::ms(p99));
    figure("message sent → worker's handler started (warm)", &spread, "p50 ≤ 5 ms");
    Ok(())
}

/// Which messages were begun, and when.
async fn starts(client: &Client) -> Result<Vec<(usize, Duration)>> {
    let (mut found, mut token) = (Vec::new(), Value::Null);
    loop {
        let mut input = json!({"logGroupName": "/aws/lambda/worker", "filterPattern": "began"});
        if !token.is_null() {
            input["nextToken"] = token;
        }
        let headers =
            [("x-amz-target", "Logs_20140328.FilterLogEvents"), ("content-type", "application/x-amz-json-1.1")];
        let answer = client.call(Method::POST, "/", &headers, Bytes::from(input.to_string())).await;
        // No group before the first line.
        let Ok(answer) = answer else { return Ok(found) };
        let answer: Value = serde_json::from_slice(&answer)?;
        for event in answer["events"].as_array().map(Vec::as_slice).unwrap_or_default() {
            found.extend(event["message"].as_str().and_then(start_of));
        }
        token = answer["nextToken"].clone();
        if token.is_null() {
            return Ok(found);
        }
    }
}

fn start_of(line: &str) -> Option<(usize, Duration)> {
    let mut words = line.split("began ").nth(1)?.split_whitespace();
    Some((words.next()?.parse().ok()?, Duration::from_micros(words.next()?.parse().ok()?)))
}
