//! Events: a function is called that nobody waits for, and queues are told of those that failed.

use api_lambda::Lambda;
use api_lambda::types::*;
use api_sqs::Sqs;
use api_sqs::types::{CreateQueueRequest, DeleteMessageRequest, MessageSystemAttributeName, ReceiveMessageRequest};
use bytes::Bytes;
use serde_json::{Value, json};
use testkit::Platform;
use wire::ApiError;

use crate::calls::{arn, url};
use crate::plan::Errand;

/// The function.
pub const ERRAND: &str = "errand";
/// Gets the records of invocations that failed.
const RECORDS: &str = "errand-records";
/// Gets the events themselves.
const LETTERS: &str = "errand-letters";

/// How a queue was told of an event.
#[derive(Clone, Debug)]
pub struct Told {
    pub event: Option<usize>,
    /// A record's condition and count of runs; a dead letter has neither.
    pub record: Option<(String, u32)>,
}

pub async fn make(platform: &Platform, errand: Errand) -> Result<(), ApiError> {
    for name in [RECORDS, LETTERS] {
        let input = CreateQueueRequest { queue_name: Some(name.to_owned()), ..CreateQueueRequest::default() };
        platform.sqs.create_queue(&platform.cx(), input).await?;
    }
    platform.make_function(ERRAND, errand.timeout_s, errand.dead_letters.then(|| arn(LETTERS))).await?;
    let on_failure = errand.records.then(|| OnFailure { destination: Some(arn(RECORDS)) });
    let input = PutFunctionEventInvokeConfigRequest {
        function_name: ERRAND.to_owned(),
        maximum_retry_attempts: Some(errand.retries),
        maximum_event_age_in_seconds: Some(errand.age_s),
        destination_config: Some(DestinationConfig { on_success: None, on_failure }),
        ..PutFunctionEventInvokeConfigRequest::default()
    };
    platform.lambda.put_function_event_invoke_config(&platform.cx(), input).await.map(|_| ())
}

pub async fn invoke(platform: &Platform, event: usize) -> Result<(), ApiError> {
    let input = InvocationRequest {
        function_name: ERRAND.to_owned(),
        invocation_type: Some(InvocationType::Event),
        payload: Some(Bytes::from(json!({ "event": event }).to_string())),
        ..InvocationRequest::default()
    };
    platform.lambda.invoke(&platform.cx(), input).await.map(|_| ())
}

/// The event that a function was called with.
pub fn event_of(payload: &Value) -> Option<usize> {
    usize::try_from(payload["event"].as_u64()?).ok()
}

/// What the queues have been told since the last time.
pub async fn told(platform: &Platform) -> Vec<Told> {
    let mut told = Vec::new();
    for name in [RECORDS, LETTERS] {
        loop {
            let input = ReceiveMessageRequest {
                queue_url: Some(url(name)),
                max_number_of_messages: Some(10),
                message_system_attribute_names: Some(vec![MessageSystemAttributeName::All]),
                ..ReceiveMessageRequest::default()
            };
            let received = platform.sqs.receive_message(&platform.cx(), input).await;
            let messages = received.ok().and_then(|received| received.messages).unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            for message in messages {
                told.push(read(name, message.body.as_deref().unwrap_or_default()));
                let input = DeleteMessageRequest { queue_url: Some(url(name)), receipt_handle: message.receipt_handle };
                // One that stays comes back later, and is told twice: then somebody sees it.
                let _ = platform.sqs.delete_message(&platform.cx(), input).await;
            }
        }
    }
    told
}

fn read(queue: &str, body: &str) -> Told {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    if queue == LETTERS {
        return Told { event: event_of(&body), record: None };
    }
    let context = &body["requestContext"];
    let condition = context["condition"].as_str().unwrap_or_default().to_owned();
    let runs = context["approximateInvokeCount"].as_u64().and_then(|runs| u32::try_from(runs).ok());
    Told { event: event_of(&body["requestPayload"]), record: Some((condition, runs.unwrap_or(0))) }
}
