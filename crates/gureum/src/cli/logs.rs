use std::time::Duration;

use http_body_util::BodyExt;
use kernel::{Clock, RealClock, Timestamp};
use serde_json::{Value, json};

use super::connection::Connection;
use super::report::print_line;
use super::{Failure, Report};
use crate::text::failures as text;

/// Lines of one page. Source: CloudWatch Logs API Reference, FilterLogEvents.
const PAGE: u32 = 10_000;
/// The prelude of an event-stream message: total length, header length, checksum. Units: bytes.
const PRELUDE: usize = 12;
/// The checksum at the end of a message. Units: bytes.
const TRAILER: usize = 4;

#[derive(Debug, clap::Args)]
pub struct Logs {
    /// The function's name
    function: Option<String>,
    /// Any log group instead
    #[arg(long, conflicts_with = "function")]
    group: Option<String>,
    /// Follow new lines
    #[arg(short, long)]
    follow: bool,
    /// Only lines that match this filter pattern
    #[arg(long)]
    filter: Option<String>,
    /// How far back: 30s, 10m, 2h, 1d
    #[arg(long, default_value = "1h")]
    since: String,
}

pub async fn run(logs: Logs, connection: &Connection, as_json: bool) -> Result<Report, Failure> {
    let group = match (&logs.group, &logs.function) {
        (Some(group), _) => group.clone(),
        (None, Some(function)) => format!("/aws/lambda/{function}"),
        (None, None) => {
            return Err(Failure::Usage { what: text::no_function_named(), hint: text::logs_usage() });
        }
    };
    let since = super::time::parse(&logs.since)
        .ok_or_else(|| Failure::Usage { what: text::not_a_length(&logs.since), hint: text::lengths() })?;
    if logs.follow {
        follow(&logs, &group, connection, as_json).await
    } else {
        past(&logs, &group, since, connection).await
    }
}

/// The lines so far, page by page.
async fn past(logs: &Logs, group: &str, since: Duration, connection: &Connection) -> Result<Report, Failure> {
    let from = RealClock::default().wall() - since;
    let mut input = json!({ "logGroupName": group, "startTime": from.millis(), "limit": PAGE });
    if let Some(filter) = &logs.filter {
        input["filterPattern"] = json!(filter);
    }
    let mut events = Vec::new();
    loop {
        let page = connection.json("logs", "Logs_20140328.FilterLogEvents", &input).await;
        let page = page.map_err(|failure| match failure {
            Failure::Api { code, status, .. } if code == "ResourceNotFoundException" => {
                Failure::Api { code, message: text::group_missing(group), status }
            }
            other => other,
        })?;
        events.extend(page["events"].as_array().into_iter().flatten().cloned());
        match page["nextToken"].as_str() {
            Some(token) => input["nextToken"] = json!(token),
            None => break,
        }
    }
    let lines: Vec<String> = events.iter().map(line).collect();
    Ok(Report::new(lines.join("\n"), json!({ "events": events })))
}

fn line(event: &Value) -> String {
    let at = Timestamp::from_millis(event["timestamp"].as_i64().unwrap_or_default());
    format!("{at}  {}", event["message"].as_str().unwrap_or_default().trim_end())
}

/// New lines as they come, by StartLiveTail, until interrupted.
async fn follow(logs: &Logs, group: &str, connection: &Connection, as_json: bool) -> Result<Report, Failure> {
    let described = json!({ "logGroupNamePrefix": group });
    let groups = connection.json("logs", "Logs_20140328.DescribeLogGroups", &described).await?;
    let exact = groups["logGroups"].as_array().into_iter().flatten().find(|g| g["logGroupName"] == group);
    let Some(arn) = exact.and_then(|g| g["logGroupArn"].as_str()) else {
        return Err(Failure::Api {
            code: "ResourceNotFoundException".to_owned(),
            message: text::group_missing(group),
            status: 404,
        });
    };
    let mut input = json!({ "logGroupIdentifiers": [arn] });
    if let Some(filter) = &logs.filter {
        input["logEventFilterPattern"] = json!(filter);
    }
    let mut body = connection.stream("logs", "Logs_20140328.StartLiveTail", &input).await?.into_body();
    let mut pending = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|cause| Failure::broken(text::tail_broke_off(), cause))?;
        pending.extend_from_slice(&frame.into_data().unwrap_or_default());
        while let Some(payload) = next_message(&mut pending) {
            let update: Value = serde_json::from_slice(&payload).unwrap_or_default();
            for event in update["sessionResults"].as_array().into_iter().flatten() {
                print_line(&if as_json { event.to_string() } else { line(event) });
            }
        }
    }
    Ok(Report::default())
}

/// Takes the first whole event-stream message from `pending`: its payload.
/// Source: Amazon Transcribe Developer Guide, "Event stream encoding".
fn next_message(pending: &mut Vec<u8>) -> Option<Vec<u8>> {
    let length = |at: usize| {
        let bytes: [u8; 4] = pending.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_be_bytes(bytes)).ok()
    };
    let (total, headers) = (length(0)?, length(4)?);
    if pending.len() < total {
        return None;
    }
    let message: Vec<u8> = pending.drain(..total).collect();
    Some(message.get(PRELUDE + headers..total.checked_sub(TRAILER)?).unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_only_when_it_is_whole() {
        let mut message = Vec::new();
        message.extend_from_slice(&(12_u32 + 2 + 3 + 4).to_be_bytes());
        message.extend_from_slice(&2_u32.to_be_bytes());
        message.extend_from_slice(b"ccccHHabcCCCC");
        let mut pending = message[..15].to_vec();
        assert_eq!(next_message(&mut pending), None);
        pending.extend_from_slice(&message[15..]);
        assert_eq!(next_message(&mut pending).as_deref(), Some(b"abc".as_slice()));
        assert!(pending.is_empty());
    }
}
