use bytes::Bytes;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::super::connection::Connection;
use super::super::{Failure, Report};
use super::name_of;
use crate::text::{commands as text, failures};

#[derive(Debug, clap::Args)]
pub struct Peek {
    /// The queue's name
    queue: String,
    /// How many messages to show
    #[arg(short = 'n', long, default_value_t = 10)]
    limit: usize,
}

pub async fn run(peek: Peek, connection: &Connection) -> Result<Report, Failure> {
    let name = utf8_percent_encode(name_of(&peek.queue), NON_ALPHANUMERIC);
    let path = format!("/_gureum/v1/queues/{name}/messages?limit={}", peek.limit);
    let reply = connection.rest("gureum", Method::GET, &path, &[], Bytes::new()).await?;
    let data: Value =
        serde_json::from_slice(&reply.body).map_err(|cause| Failure::broken(failures::answer_not_json(), cause))?;
    Ok(Report::new(words(&data), data))
}

fn words(data: &Value) -> String {
    let messages = data["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let heading = text::holds(
        data["queue"].as_str().unwrap_or_default(),
        &data["available"],
        &data["in_flight"],
        &data["delayed"],
    );
    let shown = messages.iter().map(message);
    let more = (data["more"] == true).then(text::and_more);
    std::iter::once(heading).chain(shown).chain(more).collect::<Vec<_>>().join("\n")
}

fn message(message: &Value) -> String {
    let text_of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let visible_at = text_of(&message["visible_at"]);
    let standing = match message["state"].as_str() {
        Some("in_flight") => text::in_flight_until(visible_at),
        Some("delayed") => text::delayed_until(visible_at),
        _ => text::available(),
    };
    let mut head = vec![text_of(&message["message_id"]), standing, text::received_times(&message["receives"])];
    if let Some(group) = message["attributes"]["MessageGroupId"].as_str() {
        head.push(text::in_group(group));
    }
    let body = text_of(&message["body"]);
    let body = body.lines().map(|line| format!("  {line}"));
    let attributes = message["message_attributes"].as_object().into_iter().flatten().map(|(name, value)| {
        let value_text = value["StringValue"].as_str().or(value["BinaryValue"].as_str()).unwrap_or_default();
        format!("  {name}: {value_text}")
    });
    std::iter::once(head.join("  ")).chain(attributes).chain(body).collect::<Vec<_>>().join("\n")
}
