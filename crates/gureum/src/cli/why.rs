//! `gureum why`: what the server can tell of a request or a message, from what it has recorded.

use bytes::Bytes;
use http::Method;
use kernel::Timestamp;
use serde_json::Value;

use super::connection::Connection;
use super::{Failure, Report};
use crate::text::{Language, failures, why as text};

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Why {
    /// The id of a request: x-amzn-RequestId of its answer, or of an invocation in the log; a message's is understood too
    request_id: Option<String>,
    /// Whatever went wrong last
    #[arg(long)]
    last: bool,
    /// The id of an SQS message
    #[arg(long, value_name = "ID")]
    message: Option<String>,
}

pub async fn run(why: Why, connection: &Connection) -> Result<Report, Failure> {
    let (what, of_what) = match (&why.request_id, &why.message) {
        (Some(id), _) => (format!("request={}", checked(id)?), Some(text::about_request(Language::spoken(), id))),
        (None, Some(id)) => (format!("message={}", checked(id)?), Some(text::about_message(Language::spoken(), id))),
        (None, None) => ("last=1".to_owned(), None),
    };
    let language = match Language::spoken() {
        Language::English => "en",
        Language::Korean => "ko",
    };
    let mut data = ask(connection, &what, language).await?;
    if let Some(id) = why.request_id.as_ref().filter(|_| list(&data, "explanation").is_empty()) {
        // Both look alike.
        data = ask(connection, &format!("message={id}"), language).await?;
    }
    if list(&data, "explanation").is_empty() {
        let what = of_what.map_or_else(failures::nothing_went_wrong, failures::nothing_known);
        return Err(Failure::NothingKnown { what });
    }
    Ok(Report::new(words(&data), data))
}

async fn ask(connection: &Connection, what: &str, language: &str) -> Result<Value, Failure> {
    let path = format!("/_gureum/v1/explain?{what}&lang={language}");
    let reply = connection.rest("gureum", Method::GET, &path, &[], Bytes::new()).await?;
    serde_json::from_slice(&reply.body).map_err(|cause| Failure::broken(failures::answer_not_json(), cause))
}

/// What is no id stands in no query.
fn checked(id: &str) -> Result<&str, Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let wrong = || Failure::Usage { what: failures::not_an_id(id), hint: failures::where_ids_are() };
    if !id.is_empty() && id.chars().all(plain) { Ok(id) } else { Err(wrong()) }
}

fn words(data: &Value) -> String {
    let language = Language::spoken();
    let about = &data["about"];
    let heading = match (about["request"].as_str(), about["message"].as_str()) {
        (Some(id), _) => text::about_request(language, id),
        (_, id) => text::about_message(language, id.unwrap_or_default()),
    };
    let at = data["facts"].as_array().and_then(|facts| facts.last()?["at"].as_i64()).map(Timestamp::from_millis);
    let at = at.map(|at| format!("  {}", at.iso8601())).unwrap_or_default();
    let mut lines = vec![format!("{heading}{at}")];
    lines.extend(list(data, "explanation").into_iter().map(|sentence| format!("  {sentence}")));
    let advice = list(data, "advice");
    if !advice.is_empty() {
        lines.push(text::what_to_do(language));
        lines.extend(advice.into_iter().map(|advice| format!("  - {advice}")));
    }
    lines.join("\n")
}

fn list<'a>(data: &'a Value, name: &str) -> Vec<&'a str> {
    data[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
