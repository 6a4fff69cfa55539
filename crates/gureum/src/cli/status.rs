use serde_json::Value;

use super::connection::Connection;
use super::{Failure, Report};

pub async fn run(connection: &Connection) -> Result<Report, Failure> {
    let data = connection.status().await?;
    Ok(Report::new(words(&data), data))
}

fn words(data: &Value) -> String {
    let text = |key: &str| match &data[key] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let mut lines = vec![
        format!("gureum {}, process {}", text("version"), text("pid")),
        format!("  Endpoint      {}", text("endpoint")),
        format!("  Data          {} ({})", text("data"), text("durability")),
        format!("  Access        {}, account {}", text("access"), text("account")),
        format!("  Functions     {}", text("functions")),
        format!("  Environments  {}", text("environments")),
        format!("  Isolation     {}", text("isolated_by")),
    ];
    for note in data["not_isolated"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        lines.push(format!("  Not isolated  {note}"));
    }
    lines.join("\n")
}
