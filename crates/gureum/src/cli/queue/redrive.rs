use std::io::{IsTerminal, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::super::connection::Connection;
use super::super::{Failure, Report};
use super::{attributes, call, name_of, url};
use crate::text::{commands as text, failures};

/// Between two looks at a move: the server tells nobody how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Width of the bar. Units: characters.
const BAR: u64 = 30;
/// As shells have it for a command that was interrupted.
const INTERRUPTED: u8 = 130;

#[derive(Debug, clap::Args)]
pub struct Redrive {
    /// The dead-letter queue's name or URL
    queue: String,
    /// Move to this queue instead of where each message came from
    #[arg(long, value_name = "QUEUE")]
    to: Option<String>,
    /// Messages per second, up to 500. Default: as AWS chooses
    #[arg(long, value_name = "N")]
    rate: Option<u32>,
}

pub async fn run(redrive: Redrive, connection: &Connection, as_json: bool) -> Result<Report, Failure> {
    let source = url(connection, &redrive.queue).await?;
    let source_arn = attributes(connection, &source).await?["QueueArn"].take();
    let mut input = json!({ "SourceArn": source_arn });
    if let Some(to) = &redrive.to {
        let to = url(connection, to).await?;
        input["DestinationArn"] = attributes(connection, &to).await?["QueueArn"].take();
    }
    if let Some(rate) = redrive.rate {
        input["MaxNumberOfMessagesPerSecond"] = json!(rate);
    }
    let handle = call(connection, "StartMessageMoveTask", &input).await?["TaskHandle"].take();
    let bar = std::io::stderr().is_terminal() && !as_json;
    let mut interrupted = false;
    let task = loop {
        let listed = call(connection, "ListMessageMoveTasks", &json!({ "SourceArn": source_arn })).await?;
        let task = listed["Results"].get(0).cloned().unwrap_or_default();
        if bar {
            draw(&task);
        }
        if !matches!(task["Status"].as_str(), Some("RUNNING" | "CANCELLING")) {
            break task;
        }
        tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c(), if !interrupted => {
                interrupted = true;
                // Over already when the move has ended meanwhile; the next look says so.
                let _ = call(connection, "CancelMessageMoveTask", &json!({ "TaskHandle": handle })).await;
            }
            () = connection.pause(LOOK_EVERY) => {}
        }
    };
    if bar {
        let _ = writeln!(std::io::stderr());
    }
    finished(name_of(&source), &task, interrupted)
}

fn finished(queue: &str, task: &Value, interrupted: bool) -> Result<Report, Failure> {
    let moved = task["ApproximateNumberOfMessagesMoved"].as_u64().unwrap_or_default();
    let of = task["ApproximateNumberOfMessagesToMove"].as_u64().unwrap_or(moved);
    let status = task["Status"].as_str().unwrap_or_default();
    let data = json!({ "queue": queue, "status": status, "moved": moved, "to_move": of });
    match status {
        "FAILED" => Err(Failure::Api {
            code: "MoveFailed".to_owned(),
            message: failures::move_failed(moved, task["FailureReason"].as_str().unwrap_or_default()),
            status: 400,
        }),
        "CANCELLED" => {
            let exit_code = if interrupted { INTERRUPTED } else { 0 };
            Ok(Report { exit_code, ..Report::new(text::move_cancelled(moved), data) })
        }
        _ => Ok(Report::new(text::moved(moved), data)),
    }
}

/// One line on the terminal, written over itself.
fn draw(task: &Value) {
    let moved = task["ApproximateNumberOfMessagesMoved"].as_u64().unwrap_or_default();
    let of = task["ApproximateNumberOfMessagesToMove"].as_u64().unwrap_or_default().max(moved);
    let filled = usize::try_from((moved * BAR).checked_div(of).unwrap_or(BAR)).unwrap_or_default();
    let line: String = std::iter::repeat_n('#', filled).chain(std::iter::repeat('-')).take(BAR as usize).collect();
    let mut err = std::io::stderr().lock();
    let _ = write!(err, "\r[{line}] {moved}/{of}");
    let _ = err.flush();
}
