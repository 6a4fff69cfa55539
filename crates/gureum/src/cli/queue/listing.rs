use http::Method;
use serde_json::{Value, json};

use super::super::connection::Connection;
use super::super::{Failure, Report};
use super::{attributes, call, name_of, number};
use crate::text::{commands as text, table};

/// Queues of one page. Source: SQS API Reference, ListQueues.
const PAGE: u32 = 1_000;
/// Queues whose messages `gureum status` counts.
const COUNTED: usize = 100;

#[derive(Debug, clap::Args)]
pub struct Ls {
    /// Only queues whose names begin so
    prefix: Option<String>,
}

pub async fn run(ls: Ls, connection: &Connection) -> Result<Report, Failure> {
    let consumers = consumers(connection).await?;
    let mut queues = Vec::new();
    for url in urls(ls.prefix.as_deref(), connection).await? {
        match attributes(connection, &url).await {
            Ok(attributes) => queues.push(queue(&url, &attributes, &consumers)),
            // Deleted since it was listed.
            Err(Failure::Api { code, .. }) if code.ends_with("QueueDoesNotExist") => {}
            Err(other) => return Err(other),
        }
    }
    let words = if queues.is_empty() { text::no_queues() } else { words(&queues) };
    Ok(Report::new(words, json!({ "queues": queues })))
}

/// What the first queues of the caller's region hold together.
pub async fn messages(connection: &Connection) -> Result<Value, Failure> {
    let (mut available, mut in_flight, mut delayed) = (0, 0, 0);
    for url in urls(None, connection).await?.iter().take(COUNTED) {
        let Ok(attributes) = attributes(connection, url).await else { continue };
        available += number(&attributes, "ApproximateNumberOfMessages");
        in_flight += number(&attributes, "ApproximateNumberOfMessagesNotVisible");
        delayed += number(&attributes, "ApproximateNumberOfMessagesDelayed");
    }
    Ok(json!({ "available": available, "in_flight": in_flight, "delayed": delayed }))
}

async fn urls(prefix: Option<&str>, connection: &Connection) -> Result<Vec<String>, Failure> {
    let mut input = json!({ "MaxResults": PAGE });
    if let Some(prefix) = prefix {
        input["QueueNamePrefix"] = json!(prefix);
    }
    let mut urls = Vec::new();
    loop {
        let page = call(connection, "ListQueues", &input).await?;
        urls.extend(page["QueueUrls"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
        match page["NextToken"].as_str() {
            Some(token) => input["NextToken"] = json!(token),
            None => return Ok(urls),
        }
    }
}

/// Every event source mapping of the region.
async fn consumers(connection: &Connection) -> Result<Vec<Value>, Failure> {
    let mut mappings = Vec::new();
    let mut path = "/2015-03-31/event-source-mappings/".to_owned();
    loop {
        let reply = match connection.rest("lambda", Method::GET, &path, &[], bytes::Bytes::new()).await {
            Ok(reply) => reply,
            // A server that knows of no mappings has none.
            Err(Failure::Api { status: 501, .. }) => return Ok(mappings),
            Err(other) => return Err(other),
        };
        let mut page: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        if let Value::Array(found) = page["EventSourceMappings"].take() {
            mappings.extend(found);
        }
        match page["NextMarker"].as_str().filter(|marker| !marker.is_empty()) {
            Some(marker) => {
                let marker = percent_encoding::utf8_percent_encode(marker, percent_encoding::NON_ALPHANUMERIC);
                path = format!("/2015-03-31/event-source-mappings/?Marker={marker}");
            }
            None => return Ok(mappings),
        }
    }
}

fn queue(url: &str, attributes: &Value, consumers: &[Value]) -> Value {
    let redrive = attributes["RedrivePolicy"].as_str().and_then(|policy| serde_json::from_str::<Value>(policy).ok());
    // AWS takes the number as one or as a text.
    let tries = |policy: &Value| {
        let count = &policy["maxReceiveCount"];
        count.as_u64().or_else(|| count.as_str()?.parse().ok())
    };
    let arn = &attributes["QueueArn"];
    let consumers: Vec<Value> =
        consumers.iter().filter(|mapping| mapping["EventSourceArn"] == *arn).map(consumer).collect();
    json!({
        "name": name_of(url),
        "url": url,
        "arn": arn,
        "available": number(attributes, "ApproximateNumberOfMessages"),
        "in_flight": number(attributes, "ApproximateNumberOfMessagesNotVisible"),
        "delayed": number(attributes, "ApproximateNumberOfMessagesDelayed"),
        "dead_letter_queue": redrive.as_ref().map(|policy| policy["deadLetterTargetArn"].clone()),
        "max_receives": redrive.as_ref().and_then(tries),
        "consumers": consumers,
    })
}

fn consumer(mapping: &Value) -> Value {
    let function = mapping["FunctionArn"].as_str().unwrap_or_default();
    // arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]
    let name = function.splitn(7, ':').nth(6).unwrap_or(function);
    json!({ "function": name, "state": mapping["State"], "uuid": mapping["UUID"] })
}

fn words(queues: &[Value]) -> String {
    let mut rows = vec![[
        text::queue(),
        text::available(),
        text::in_flight(),
        text::delayed(),
        text::dead_letters_to(),
        text::consumers(),
    ]];
    for queue in queues {
        let dead_letters =
            queue["dead_letter_queue"].as_str().map(|arn| text::after_tries(name_of(arn), &queue["max_receives"]));
        let consumers = queue["consumers"].as_array().into_iter().flatten().map(|consumer| {
            let (function, state) = (&consumer["function"], &consumer["state"]);
            let function = function.as_str().unwrap_or_default();
            if state == "Enabled" {
                function.to_owned()
            } else {
                format!("{function} ({})", state.as_str().unwrap_or("?"))
            }
        });
        rows.push([
            queue["name"].as_str().unwrap_or_default().to_owned(),
            queue["available"].to_string(),
            queue["in_flight"].to_string(),
            queue["delayed"].to_string(),
            dead_letters.unwrap_or_else(|| "-".to_owned()),
            Some(consumers.collect::<Vec<_>>().join(", "))
                .filter(|names| !names.is_empty())
                .unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    table(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_shown_with_its_dead_letters_and_its_consumers() {
        let attributes = json!({
            "QueueArn": "arn:aws:sqs:us-east-1:000000000000:jobs",
            "ApproximateNumberOfMessages": "3",
            "RedrivePolicy": r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:dead","maxReceiveCount":"5"}"#,
        });
        let mapping = json!({
            "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:jobs",
            "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:worker:prod",
            "State": "Disabled",
        });
        let other = json!({ "EventSourceArn": "arn:aws:sqs:us-east-1:000000000000:other", "FunctionArn": "x" });
        let shown = queue("http://host/000000000000/jobs", &attributes, &[mapping, other]);
        assert_eq!((&shown["available"], &shown["max_receives"]), (&json!(3), &json!(5)));
        assert_eq!(shown["consumers"], json!([{ "function": "worker:prod", "state": "Disabled", "uuid": null }]));
        let words = words(&[shown]);
        assert!(
            words.contains("jobs") && words.contains("dead") && words.contains("worker:prod (Disabled)"),
            "{words}"
        );
    }
}
