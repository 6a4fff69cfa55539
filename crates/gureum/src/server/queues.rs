//! A look into queues: `/_gureum/v1/queues/{name}/messages`, and LocalStack's `/_aws/sqs/messages` with its parameters.

use api_sqs::types::ReceiveMessageResult;
use edge::InternalError;
use http::StatusCode;
use kernel::{Cx, Region, Timestamp};
use serde_json::{Map, Value, json};
use service_sqs::{Look, Peeked, Service, Standing, limits};
use wire::{Answer, ApiError, Protocol, ProtocolKind};

/// What LocalStack writes where a receipt handle would stand.
const NO_RECEIPT: &str = "SQS/BACKDOOR/ACCESS";

fn refused(error: ApiError) -> InternalError {
    let status = match error.code.as_ref() {
        "QueueDoesNotExist" | "AWS.SimpleQueueService.NonExistentQueue" => StatusCode::NOT_FOUND,
        _ => StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
    };
    InternalError::new(status, error.message.unwrap_or_else(|| error.code.into_owned()))
}

/// Shape: counts, and the first messages in the order of sending. Times are ISO 8601 of due time.
pub async fn messages(sqs: &Service, cx: &Cx, queue: &str, limit: Option<usize>) -> Result<Value, InternalError> {
    let look = sqs.peek(cx, queue, limit.unwrap_or(limits::PEEK_DEFAULT)).await.map_err(refused)?;
    let Look { name, visible, in_flight, delayed, messages, more } = look;
    let messages: Vec<Value> = messages.into_iter().map(shown).collect();
    Ok(json!({
        "queue": name,
        "available": visible,
        "in_flight": in_flight,
        "delayed": delayed,
        "messages": messages,
        "more": more,
    }))
}

fn shown(Peeked { message, standing }: Peeked) -> Value {
    let (state, visible_at) = match standing {
        Standing::Visible => ("available", None),
        Standing::InFlight(at) => ("in_flight", Some(at)),
        Standing::Delayed(at) => ("delayed", Some(at)),
    };
    let system = message.attributes.unwrap_or_default();
    let number = |name: &str| system.get(name).and_then(|text| text.parse::<i64>().ok());
    let attributes: Map<String, Value> = message.message_attributes.into_iter().flatten().map(attribute).collect();
    json!({
        "message_id": message.message_id,
        "body": message.body,
        "state": state,
        "visible_at": visible_at.map(|at| Timestamp::from_millis(at).iso8601()),
        "sent_at": number("SentTimestamp").map(|at| Timestamp::from_millis(at).iso8601()),
        "receives": number("ApproximateReceiveCount").unwrap_or_default(),
        "attributes": system.into_iter().map(|(name, value)| (name, json!(value))).collect::<Map<_, _>>(),
        "message_attributes": attributes,
    })
}

fn attribute((name, value): (String, api_sqs::types::MessageAttributeValue)) -> (String, Value) {
    use base64::Engine;
    let binary = value.binary_value.map(|bytes| base64::engine::general_purpose::STANDARD.encode(bytes));
    let mut shown = json!({ "DataType": value.data_type });
    if let Some(text) = value.string_value {
        shown["StringValue"] = json!(text);
    }
    if let Some(binary) = binary {
        shown["BinaryValue"] = json!(binary);
    }
    (name, shown)
}

/// What LocalStack's path is asked.
pub struct AsReceived<'a> {
    pub queue_url: &'a str,
    pub region: Option<&'a str>,
    pub with_hidden: bool,
    pub with_delayed: bool,
    pub as_json: bool,
}

/// Shape: the answer to a ReceiveMessage that was not one, in the query protocol's XML or in JSON's form.
pub async fn as_received(sqs: &Service, cx: &Cx, asked: AsReceived<'_>) -> Result<Value, InternalError> {
    let mut cx = cx.clone();
    if let Some(region) = asked.region {
        cx.region = Region::new(region);
    }
    let look = sqs.peek(&cx, asked.queue_url, limits::PEEK_MAX).await.map_err(refused)?;
    let wanted = |peeked: &Peeked| match peeked.standing {
        Standing::Visible => true,
        Standing::InFlight(_) => asked.with_hidden,
        Standing::Delayed(_) => asked.with_delayed,
    };
    let messages = look.messages.into_iter().filter(wanted).map(|peeked| {
        let mut message = peeked.message;
        message.receipt_handle = Some(NO_RECEIPT.to_owned());
        message
    });
    let messages: Vec<_> = messages.collect();
    let result = ReceiveMessageResult { messages: (!messages.is_empty()).then_some(messages) };
    let model = &api_sqs::MODEL;
    let operation = model.find_operation("ReceiveMessage").unwrap_or_default();
    let kind = if asked.as_json { ProtocolKind::AwsJson10 } else { ProtocolKind::AwsQuery };
    let protocol = Protocol { kind, query_compatible: false };
    let answer = wire::encode(model, protocol, operation, Ok(Answer::of(result)), &cx.request_id);
    let text = answer.body().as_bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default();
    Ok(if asked.as_json { serde_json::from_str(&text).unwrap_or_default() } else { Value::String(text) })
}
