//! Queues: made and deleted.

use api_sqs::Sqs;
use api_sqs::types::{CreateQueueRequest, DeleteQueueRequest};
use testkit::Platform;
use wire::ApiError;

use crate::calls::{arn, url};
use crate::plan::Queue;

pub async fn make_queue(platform: &Platform, queues: &[Queue], queue: &Queue) -> Result<(), ApiError> {
    let mut attributes = vec![
        ("VisibilityTimeout", queue.visibility_s.to_string()),
        ("DelaySeconds", queue.delay_s.to_string()),
        ("MessageRetentionPeriod", queue.retention_s.to_string()),
    ];
    if queue.fifo {
        attributes.push(("FifoQueue", "true".to_owned()));
    }
    if queue.per_group {
        attributes.push(("DeduplicationScope", "messageGroup".to_owned()));
        attributes.push(("FifoThroughputLimit", "perMessageGroupId".to_owned()));
    }
    if let Some((dead, most)) = queue.dead {
        let target = arn(queues[dead].name);
        let policy = format!("{{\"deadLetterTargetArn\":\"{target}\",\"maxReceiveCount\":{most}}}");
        attributes.push(("RedrivePolicy", policy));
    }
    let input = CreateQueueRequest {
        queue_name: Some(queue.name.to_owned()),
        attributes: Some(attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ..CreateQueueRequest::default()
    };
    platform.sqs.create_queue(&platform.cx(), input).await.map(|_| ())
}

pub async fn drop_queue(platform: &Platform, queue: &Queue) -> Result<(), ApiError> {
    let input = DeleteQueueRequest { queue_url: Some(url(queue.name)) };
    platform.sqs.delete_queue(&platform.cx(), input).await.map(|_| ())
}
