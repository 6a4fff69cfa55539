//! Queues.

use std::sync::Arc;
use std::time::Duration;

use api_sqs::types::{
    DeleteMessageBatchRequest, DeleteMessageBatchRequestEntry, GetQueueAttributesRequest, Message,
    ReceiveMessageRequest,
};
use kernel::{AccountId, BoxFuture, Clock, Region};
use wire::ApiError;

use super::{Role, Source, SourceError, sqs_event};
use crate::limits::{
    EMPTY_READ_MIN, EMPTY_READ_PAUSE, HIDDEN_DEFAULT, SETTLE_PAUSE, SETTLE_TRIES, SQS_MESSAGES_AT_ONCE, SQS_WAIT_S_MAX,
};
use crate::model::batch::Entry;

/// One queue, read as a function's role.
#[derive(Clone)]
pub(crate) struct SqsSource {
    pub sqs: api_sqs::Client,
    pub clock: Arc<dyn Clock>,
    pub role: Role,
    pub queue_arn: Arc<str>,
    pub queue_url: Arc<str>,
}

/// The URL of a queue, as services name it to each other.
pub(crate) fn queue_url(account: &AccountId, region: &Region, queue: &str) -> String {
    format!("https://sqs.{region}.amazonaws.com/{account}/{queue}")
}

impl SqsSource {
    async fn receive(self, most: usize, wait: Duration) -> Result<Vec<Entry>, SourceError> {
        let cx = self.role.cx().await?;
        let wait_s = wait.as_millis().div_ceil(1_000).clamp(1, SQS_WAIT_S_MAX.into());
        let started = self.clock.now();
        let request = ReceiveMessageRequest {
            queue_url: Some(self.queue_url.to_string()),
            max_number_of_messages: i32::try_from(most.clamp(1, SQS_MESSAGES_AT_ONCE)).ok(),
            wait_time_seconds: i32::try_from(wait_s).ok(),
            message_system_attribute_names: Some(vec!["All".into()]),
            message_attribute_names: Some(vec!["All".to_owned()]),
            ..ReceiveMessageRequest::default()
        };
        let messages = self.sqs.receive_message(&cx, request).await.map_err(refused)?.messages.unwrap_or_default();
        let now = self.clock.now();
        if messages.is_empty() && now.since(started) < EMPTY_READ_MIN {
            self.clock.sleep_until(started + EMPTY_READ_PAUSE).await;
        }
        Ok(messages.into_iter().map(|message| self.entry(message, now)).collect())
    }

    fn entry(&self, message: Message, read_at: kernel::Timestamp) -> Entry {
        let json = sqs_event::record(&message, &self.queue_arn, &self.role.region);
        Entry {
            id: message.message_id.unwrap_or_default(),
            handle: message.receipt_handle.unwrap_or_default(),
            json,
            trace: message.attributes.and_then(|mut attributes| attributes.remove("AWSTraceHeader")),
            read_at,
        }
    }

    async fn delete(self, handles: Vec<String>) -> Result<(), SourceError> {
        for lot in handles.chunks(SQS_MESSAGES_AT_ONCE) {
            let mut left: Vec<String> = lot.to_vec();
            for attempt in 1..=SETTLE_TRIES {
                match self.delete_some(&left).await {
                    Ok(failed) if failed.is_empty() => break,
                    Ok(failed) => left = failed,
                    Err(error) if attempt == SETTLE_TRIES => return Err(error),
                    Err(_) => {}
                }
                if attempt < SETTLE_TRIES {
                    self.clock.sleep_until(self.clock.now() + SETTLE_PAUSE).await;
                }
            }
        }
        Ok(())
    }

    /// Answers the handles that could not be deleted through no fault of ours.
    async fn delete_some(&self, handles: &[String]) -> Result<Vec<String>, SourceError> {
        let cx = self.role.cx().await?;
        let entry = |(at, handle): (usize, &String)| DeleteMessageBatchRequestEntry {
            id: Some(at.to_string()),
            receipt_handle: Some(handle.clone()),
        };
        let request = DeleteMessageBatchRequest {
            queue_url: Some(self.queue_url.to_string()),
            entries: Some(handles.iter().enumerate().map(entry).collect()),
        };
        let answer = self.sqs.delete_message_batch(&cx, request).await.map_err(refused)?;
        let failed = answer.failed.unwrap_or_default().into_iter().filter(|failed| !failed.sender_fault);
        Ok(failed.filter_map(|failed| handles.get(failed.id.parse::<usize>().ok()?).cloned()).collect())
    }

    async fn visibility(self) -> Result<Duration, SourceError> {
        let cx = self.role.cx().await?;
        let request = GetQueueAttributesRequest {
            queue_url: Some(self.queue_url.to_string()),
            attribute_names: Some(vec!["VisibilityTimeout".into()]),
        };
        let answer = self.sqs.get_queue_attributes(&cx, request).await.map_err(refused)?;
        let seconds = answer.attributes.as_ref().and_then(|attributes| attributes.get("VisibilityTimeout"));
        Ok(seconds.and_then(|seconds| seconds.parse().ok()).map_or(HIDDEN_DEFAULT, Duration::from_secs))
    }
}

fn refused(error: ApiError) -> SourceError {
    SourceError::Refused(error.message.unwrap_or_else(|| error.code.into_owned()))
}

impl Source for SqsSource {
    fn content(&self) -> &'static str {
        "body"
    }

    fn read(&self, most: usize, wait: Duration) -> BoxFuture<'static, Result<Vec<Entry>, SourceError>> {
        Box::pin(self.clone().receive(most, wait))
    }

    fn settle(&self, handles: Vec<String>) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(self.clone().delete(handles))
    }

    fn hidden_for(&self) -> BoxFuture<'static, Result<Duration, SourceError>> {
        Box::pin(self.clone().visibility())
    }
}
