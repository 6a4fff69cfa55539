use serde_json::Value;

use super::connection::Connection;
use super::{Failure, Report};
use crate::text::{commands as text, isolation, table};

pub async fn run(connection: &Connection) -> Result<Report, Failure> {
    let data = connection.status().await?;
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
        [text::queues(), value("queues")],
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
