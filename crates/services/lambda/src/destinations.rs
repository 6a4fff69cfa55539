//! Who is told how an accepted event ended: destinations, and the dead-letter queue.

use std::collections::BTreeMap;

use api_sqs::types::{MessageAttributeValue, MessageSystemAttributeValue, SendMessageRequest};
use bytes::Bytes;
use kernel::{Access, Arn, Cx, Timestamp};
use serde_json::{Value, json};

use crate::access::{LAMBDA, may_tell};
use crate::error::Error;
use crate::functions::Function;
use crate::metrics::Metric;
use crate::model::name::{FunctionRef, LATEST};
use crate::records::EndedRecord;
use crate::service::Shared;
use crate::tasks::told_at;

/// The error message that a dead letter carries, in bytes. Source: Lambda Developer Guide, "Adding a dead-letter queue".
const DEAD_LETTER_MESSAGE_BYTES_MAX: usize = 1024;

pub enum Destination {
    /// Gets a record of the invocation.
    Record(String),
    /// Gets the event itself.
    DeadLetter(String),
}

impl Destination {
    /// The metric that counts deliveries that failed. Source: Lambda Developer Guide, "Types of metrics for Lambda functions".
    pub fn failure_metric(&self) -> Metric {
        match self {
            Self::Record(_) => Metric::DestinationDeliveryFailures,
            Self::DeadLetter(_) => Metric::DeadLetterErrors,
        }
    }

    pub fn arn(&self) -> &str {
        match self {
            Self::Record(arn) | Self::DeadLetter(arn) => arn,
        }
    }
}

/// Whom to tell of a success or a failure.
pub fn of(function: &Function, qualifier: Option<&str>, failed: bool) -> Vec<Destination> {
    let config = function.event_invokes.get(qualifier.unwrap_or(LATEST));
    let target = config.and_then(|config| if failed { config.on_failure.clone() } else { config.on_success.clone() });
    let version = function.qualified(qualifier);
    let dead_letter = version.filter(|_| failed).and_then(|version| version.config.dead_letter_arn.clone());
    target.map(Destination::Record).into_iter().chain(dead_letter.map(Destination::DeadLetter)).collect()
}

/// How an event ended.
pub struct Report<'a> {
    pub function: &'a Function,
    pub named: &'a FunctionRef,
    pub request_id: &'a str,
    pub runs: u32,
    pub ended: &'a EndedRecord,
    /// The trace header of the event's runs: what is told belongs to the same chain of calls.
    pub trace: Option<&'a str>,
    pub payload: &'a Bytes,
    pub at: Timestamp,
}

impl Report<'_> {
    /// Of the version that ran, or would have.
    fn role(&self) -> &str {
        let ran = self.ended.executed_version.as_deref().and_then(|version| self.function.version(version));
        let version = ran.or_else(|| self.function.qualified(self.named.qualifier.as_deref()));
        &version.unwrap_or(&self.function.record.latest).config.role
    }

    /// Source: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations", and AWS's own records.
    fn record(&self) -> Value {
        let arn = format!("{}:{}", self.named.arn(), self.named.qualifier_or_latest());
        let condition = self.ended.condition.map_or("Success", |condition| condition.as_str());
        let mut record = json!({
            "version": "1.0",
            "timestamp": told_at(self.at),
            "requestContext": {
                "requestId": self.request_id,
                "functionArn": arn,
                "condition": condition,
                "approximateInvokeCount": self.runs,
            },
            "requestPayload": parsed(self.payload),
        });
        if let (Some(version), Some(members)) = (&self.ended.executed_version, record.as_object_mut()) {
            let mut context = json!({ "statusCode": 200, "executedVersion": version });
            if let (true, Some(context)) = (self.ended.condition.is_some(), context.as_object_mut()) {
                context.insert("functionError".to_owned(), json!("Unhandled"));
            }
            members.insert("responseContext".to_owned(), context);
            let response = self.ended.response.as_deref().unwrap_or("null");
            members.insert("responsePayload".to_owned(), parsed(response.as_bytes()));
        }
        record
    }

    /// Source: Lambda Developer Guide, "Adding a dead-letter queue".
    fn dead_letter_attributes(&self) -> BTreeMap<String, MessageAttributeValue> {
        let response = self.ended.response.as_deref().unwrap_or_default();
        let message = serde_json::from_str::<Value>(response)
            .ok()
            .and_then(|value| value.get("errorMessage").and_then(Value::as_str).map(str::to_owned))
            .unwrap_or_else(|| response.to_owned());
        let mut attributes = BTreeMap::from([
            ("RequestID".to_owned(), attribute("String", self.request_id)),
            ("ErrorCode".to_owned(), attribute("Number", "200")),
        ]);
        if !message.is_empty() {
            let end = message.floor_char_boundary(DEAD_LETTER_MESSAGE_BYTES_MAX);
            let message = message.get(..end).unwrap_or_default();
            attributes.insert("ErrorMessage".to_owned(), attribute("String", message));
        }
        attributes
    }
}

fn attribute(data_type: &str, value: &str) -> MessageAttributeValue {
    MessageAttributeValue {
        data_type: Some(data_type.to_owned()),
        string_value: Some(value.to_owned()),
        ..MessageAttributeValue::default()
    }
}

/// Source: recorded messages of destinations.
fn trace_attribute(header: &str) -> BTreeMap<String, MessageSystemAttributeValue> {
    let value = MessageSystemAttributeValue {
        data_type: Some("String".to_owned()),
        string_value: Some(header.to_owned()),
        ..MessageSystemAttributeValue::default()
    };
    BTreeMap::from([("AWSTraceHeader".to_owned(), value)])
}

fn parsed(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap_or_else(|_| json!(String::from_utf8_lossy(json)))
}

/// Errors: the service is not served yet, or refused, or in strict access the function's role may not tell it. At least once: a
/// crash after it and before the event is deleted tells again.
pub async fn deliver(shared: &Shared, report: &Report<'_>, destination: &Destination) -> Result<(), Error> {
    let arn: Arn = destination.arn().parse().map_err(|error| Error::Internal(format!("{error}")))?;
    let role = report.role();
    let cx = shared.principals.as_role(LAMBDA, role, &report.named.name, &report.function.place.region).await;
    let mut cx = cx.map_err(|refused| Error::Internal(refused.to_string()))?;
    cx.trace_header = report.trace.map(Into::into);
    if cx.access == Access::Strict && !may_tell(&cx, &shared.iam, role, destination.arn()).await {
        return Err(Error::Internal(format!("the role {role} may not tell it")));
    }
    match arn.service.as_str() {
        "sqs" => send(shared, &cx, report, destination, &arn).await,
        "lambda" => invoke(shared, &cx, report, &arn).await,
        other => Err(Error::NotServed(format!("delivering to {other}"))),
    }
}

async fn send(
    shared: &Shared,
    cx: &Cx,
    report: &Report<'_>,
    destination: &Destination,
    queue: &Arn,
) -> Result<(), Error> {
    let (body, attributes) = match destination {
        Destination::Record(_) => (report.record().to_string(), None),
        Destination::DeadLetter(_) => {
            (String::from_utf8_lossy(report.payload).into_owned(), Some(report.dead_letter_attributes()))
        }
    };
    let message = SendMessageRequest {
        queue_url: Some(format!("https://sqs.{}.amazonaws.com/{}/{}", queue.region, queue.account, queue.resource)),
        message_body: Some(body),
        message_attributes: attributes,
        message_system_attributes: report.trace.map(trace_attribute),
        ..SendMessageRequest::default()
    };
    shared.sqs.send_message(cx, message).await.map_err(|error| Error::Internal(error.to_string()))?;
    Ok(())
}

async fn invoke(shared: &Shared, cx: &Cx, report: &Report<'_>, target: &Arn) -> Result<(), Error> {
    let place = &report.function.place;
    let named = FunctionRef::read(&place.account, &place.region, &target.to_string(), None)?;
    let function = shared.functions.get(&named)?;
    Box::pin(shared.accept(cx, &named, &function, report.record().to_string().into())).await
}
