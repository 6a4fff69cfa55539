//! `gureum invoke`: a function's answer on standard output, its log beside it, and the events that AWS's services would send.

mod events;

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use events::{Around, Kind, With};
use http::Method;
use kernel::{Clock, OsRng, RealClock};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::connection::{Connection, Reply};
use super::{Failure, Report};
use crate::text::{commands as done, failures as text};

#[derive(Debug, clap::Args)]
pub struct Invoke {
    /// Name or ARN
    function: String,
    /// The event: JSON, @FILE, or - for standard input. With --event what it carries, and once for each record
    #[arg(short, long)]
    data: Vec<String>,
    /// Put the data into the event that this service of AWS sends
    #[arg(long, value_enum, value_name = "KIND")]
    event: Option<Kind>,
    /// Set a part of --event, e.g. --with queue=jobs; may be given more than once. A wrong name is told with all that there are
    #[arg(long, value_name = "NAME=VALUE", requires = "event")]
    with: Vec<String>,
    /// Print the event and invoke nothing
    #[arg(long)]
    show_event: bool,
    /// Queue the event and return at once
    #[arg(long = "async")]
    asynchronous: bool,
    /// Version or alias
    #[arg(long)]
    qualifier: Option<String>,
    /// Which of its log to print beside the answer
    #[arg(long, value_enum, value_name = "LINES", default_value_t = Log::Tail, num_args = 0..=1, default_missing_value = "tail")]
    log: Log,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Log {
    /// The last 4 KB, as AWS gives them
    Tail,
    None,
}

pub async fn run(invoke: Invoke, connection: &Connection) -> Result<Report, Failure> {
    let payload = event(&invoke, connection)?;
    if invoke.show_event {
        let shown: Value = serde_json::from_slice(&payload).unwrap_or_default();
        return Ok(Report::new(serde_json::to_string_pretty(&shown).unwrap_or_default(), shown));
    }
    let name = utf8_percent_encode(&invoke.function, NON_ALPHANUMERIC);
    let qualifier =
        invoke.qualifier.as_deref().map(|q| format!("?Qualifier={}", utf8_percent_encode(q, NON_ALPHANUMERIC)));
    let path = format!("/2015-03-31/functions/{name}/invocations{}", qualifier.unwrap_or_default());
    let kind = if invoke.asynchronous { "Event" } else { "RequestResponse" };
    let mut headers = vec![("x-amz-invocation-type", kind)];
    if !invoke.asynchronous && invoke.log == Log::Tail {
        headers.push(("x-amz-log-type", "Tail"));
    }
    let reply = connection.rest("lambda", Method::POST, &path, &headers, payload).await?;
    if invoke.asynchronous {
        return Ok(Report::new(done::accepted(), json!({ "status_code": reply.status })));
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

/// The event as it goes out.
fn event(invoke: &Invoke, connection: &Connection) -> Result<Bytes, Failure> {
    let data = invoke.data.iter().map(|data| read(data)).collect::<Result<Vec<_>, _>>()?;
    let Some(kind) = invoke.event else { return plain(data) };
    let texts = data.into_iter().map(|data| String::from_utf8_lossy(&data).trim_end_matches('\n').to_owned());
    let with = With::parse(kind, &invoke.with)?;
    let around = Around {
        function: &invoke.function,
        region: &connection.region,
        account: &connection.credentials.access_key_id,
        now: RealClock::default().wall(),
        rng: &OsRng,
    };
    Ok(events::event(kind, &texts.collect::<Vec<_>>(), &with, &around)?.to_string().into())
}

fn plain(mut data: Vec<Vec<u8>>) -> Result<Bytes, Failure> {
    if data.len() > 1 {
        return Err(Failure::Usage { what: text::several_events(), hint: text::several_events_hint() });
    }
    let data = data.pop().unwrap_or_else(|| b"{}".to_vec());
    match serde_json::from_slice::<serde::de::IgnoredAny>(&data) {
        Ok(_) => Ok(data.into()),
        Err(cause) => {
            Err(Failure::Usage { what: format!("{}: {cause}", text::event_not_json()), hint: text::event_form() })
        }
    }
}

/// What `@FILE`, `-` or the text itself says.
fn read(data: &str) -> Result<Vec<u8>, Failure> {
    let read = match data.strip_prefix('@') {
        Some(file) => std::fs::read(file),
        None if data == "-" => {
            let mut text = Vec::new();
            std::io::stdin().read_to_end(&mut text).map(|_| text)
        }
        None => Ok(data.as_bytes().to_vec()),
    };
    read.map_err(|cause| Failure::broken(text::cannot_read_event(data), cause))
}
