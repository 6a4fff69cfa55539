//! `gureum queue`: queues as a person looks at them, by AWS's own operations; `peek` by our path, as AWS has none.

mod listing;
mod peek;
mod redrive;
mod send;

use serde_json::{Value, json};

use super::connection::Connection;
use super::{Failure, Report};
use crate::text::commands as text;

pub use listing::messages;

#[derive(Debug, clap::Subcommand)]
pub enum Queue {
    /// The queues with their messages, dead-letter queues and consumers
    Ls(listing::Ls),
    /// The first messages of a queue; nobody receives them, no count goes up
    Peek(peek::Peek),
    /// Send a message
    Send(send::Send),
    /// Move dead letters back to where they came from; Ctrl-C stops the move
    Redrive(redrive::Redrive),
    /// Delete every message of a queue
    Purge {
        /// Name or URL
        queue: String,
    },
}

pub async fn run(command: Queue, connection: &Connection, as_json: bool) -> Result<Report, Failure> {
    match command {
        Queue::Ls(ls) => listing::run(ls, connection).await,
        Queue::Peek(peek) => peek::run(peek, connection).await,
        Queue::Send(send) => send::run(send, connection).await,
        Queue::Redrive(redrive) => redrive::run(redrive, connection, as_json).await,
        Queue::Purge { queue } => {
            let url = url(connection, &queue).await?;
            call(connection, "PurgeQueue", &json!({ "QueueUrl": url })).await?;
            Ok(Report::new(text::purged(name_of(&url)), json!({ "queue": name_of(&url), "purged": true })))
        }
    }
}

/// A call of SQS.
async fn call(connection: &Connection, operation: &str, input: &Value) -> Result<Value, Failure> {
    connection.json("sqs", &format!("AmazonSQS.{operation}"), input).await
}

/// The URL of a queue that is named by its name or by a URL.
async fn url(connection: &Connection, queue: &str) -> Result<String, Failure> {
    if queue.contains("://") {
        return Ok(queue.to_owned());
    }
    let answer = call(connection, "GetQueueUrl", &json!({ "QueueName": queue })).await?;
    Ok(answer["QueueUrl"].as_str().unwrap_or_default().to_owned())
}

async fn attributes(connection: &Connection, url: &str) -> Result<Value, Failure> {
    let input = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
    Ok(call(connection, "GetQueueAttributes", &input).await?["Attributes"].take())
}

/// The last part of a URL or an ARN.
fn name_of(queue: &str) -> &str {
    queue.rsplit(['/', ':']).next().unwrap_or(queue)
}

/// A number that SQS gives as a text.
fn number(attributes: &Value, name: &str) -> u64 {
    attributes[name].as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
}
