use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::connection::{Connection, Reply};
use super::{Failure, Report};
use crate::text::failures as text;

#[derive(Debug, clap::Args)]
pub struct Invoke {
    /// Name or ARN
    function: String,
    /// The event: JSON, @FILE, or - for standard input
    #[arg(short, long, default_value = "{}")]
    data: String,
    /// Queue the event and return at once
    #[arg(long = "async")]
    asynchronous: bool,
    /// Version or alias
    #[arg(long)]
    qualifier: Option<String>,
}

pub async fn run(invoke: Invoke, connection: &Connection) -> Result<Report, Failure> {
    let payload = payload(&invoke.data)?;
    let name = utf8_percent_encode(&invoke.function, NON_ALPHANUMERIC);
    let qualifier =
        invoke.qualifier.as_deref().map(|q| format!("?Qualifier={}", utf8_percent_encode(q, NON_ALPHANUMERIC)));
    let path = format!("/2015-03-31/functions/{name}/invocations{}", qualifier.unwrap_or_default());
    let kind = if invoke.asynchronous { "Event" } else { "RequestResponse" };
    let mut headers = vec![("x-amz-invocation-type", kind)];
    if !invoke.asynchronous {
        headers.push(("x-amz-log-type", "Tail"));
    }
    let reply = connection.rest("lambda", Method::POST, &path, &headers, payload).await?;
    if invoke.asynchronous {
        return Ok(Report::new(crate::text::commands::accepted(), json!({ "status_code": reply.status })));
    }
    finished(&reply)
}

fn finished(reply: &Reply) -> Result<Report, Failure> {
    let header = |name: &str| reply.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let log = STANDARD.decode(header("x-amz-log-result")).unwrap_or_default();
    let log = String::from_utf8_lossy(&log).into_owned();
    let payload = String::from_utf8_lossy(&reply.body).into_owned();
    if !header("x-amz-function-error").is_empty() {
        return Err(Failure::Function { payload, log });
    }
    let data = json!({
        "status_code": reply.status,
        "executed_version": header("x-amz-executed-version"),
        "payload": serde_json::from_str::<Value>(&payload).unwrap_or_else(|_| json!(payload)),
        "log": log,
    });
    Ok(Report { aside: log, ..Report::new(payload, data) })
}

fn payload(data: &str) -> Result<Bytes, Failure> {
    let read = match data.strip_prefix('@') {
        Some(file) => std::fs::read(file),
        None if data == "-" => {
            let mut text = Vec::new();
            std::io::Read::read_to_end(&mut std::io::stdin(), &mut text).map(|_| text)
        }
        None => Ok(data.as_bytes().to_vec()),
    };
    let read = read.map_err(|cause| Failure::broken(text::cannot_read_event(data), cause))?;
    match serde_json::from_slice::<serde::de::IgnoredAny>(&read) {
        Ok(_) => Ok(read.into()),
        Err(cause) => {
            Err(Failure::Usage { what: format!("{}: {cause}", text::event_not_json()), hint: text::event_form() })
        }
    }
}
