use serde_json::Value;

use super::connection::Connection;
use super::{Failure, Report, queue};
use crate::text::{commands as text, isolation, table};

pub async fn run(connection: &Connection) -> Result<Report, Failure> {
    let mut data = connection.status().await?;
    // Asked only where there are some: the first call of a service shows in the health.
    if data["queues"].as_u64() > Some(0) {
        data["messages"] = queue::messages(connection).await.unwrap_or_default();
    }
    Ok(Report::new(words(&data), data))
}

fn words(data: &Value) -> String {
    let value = |key: &str| match &data[key] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let is_plain = data["isolation"]["level"] == "plain";
    let host_network = data["function_network"] == "host";
    let mut rows = vec![
        [text::endpoint(), value("endpoint")],
        [text::data(), format!("{} ({})", value("data"), value("durability"))],
        [text::access(), text::access_of(value("access"), value("account"))],
        [text::functions(), value("functions")],
        [text::queues(), queues(data)],
        [text::environments(), value("environments")],
        [text::isolation(), isolation::level(is_plain, host_network)],
    ];
    let reasons: Vec<String> = serde_json::from_value(data["isolation"]["reasons"].clone()).unwrap_or_default();
    rows.extend(
        isolation::shared(is_plain, host_network, &reasons).into_iter().map(|note| [text::not_isolated(), note]),
    );
    let rows = table(&rows).lines().map(|line| format!("  {line}")).collect::<Vec<_>>();
    format!("{}\n{}", text::heading(value("version"), value("pid")), rows.join("\n"))
}

/// How many there are, and what those of the caller's region hold.
fn queues(data: &Value) -> String {
    let messages = &data["messages"];
    let count = data["queues"].as_u64().unwrap_or_default();
    match messages.is_object() {
        true => text::queues_hold(count, &messages["available"], &messages["in_flight"], &messages["delayed"]),
        false => count.to_string(),
    }
}
