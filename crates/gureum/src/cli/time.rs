use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::connection::Connection;
use super::{Failure, Report};
use crate::text::failures as text;

#[derive(Debug, clap::Subcommand)]
pub enum Time {
    /// Move due times forward: 36s, 5m, 6h, 2d
    Advance {
        /// How far: 36s, 5m, 6h, 2d
        by: String,
    },
}

pub async fn run(command: Time, connection: &Connection) -> Result<Report, Failure> {
    let Time::Advance { by } = command;
    let duration = parse(&by).ok_or_else(|| Failure::Usage { what: text::not_a_length(&by), hint: text::lengths() })?;
    let body = json!({ "seconds": duration.as_secs_f64() });
    let path = "/_gureum/v1/time/advance";
    let reply = connection.rest("gureum", Method::POST, path, &[], Bytes::from(body.to_string())).await?;
    let data: Value =
        serde_json::from_slice(&reply.body).map_err(|cause| Failure::broken(text::answer_not_json(), cause))?;
    Ok(Report::new(crate::text::commands::time_is(data["now"].as_str().unwrap_or_default()), data))
}

/// A number and a unit; without a unit, seconds.
pub fn parse(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let seconds = match &text[digits..] {
        "ms" => return Some(Duration::from_millis(number)),
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_a_number_and_a_unit() {
        assert_eq!(parse("36s"), Some(Duration::from_secs(36)));
        assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse("2d"), Some(Duration::from_secs(172_800)));
        assert_eq!(parse("7"), Some(Duration::from_secs(7)));
        for bad in ["", "s", "5w", "-1s", "99999999999999999999s", "5分"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
