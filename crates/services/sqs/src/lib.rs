//! SQS: queues and their messages.
//!
//! What does not belong here: who polls a queue for a function (event sources), protocols, how the store commits.
//! `README.md` and ADR 6 say how a queue lives in memory and on disk.

mod access;
mod error;
#[doc(hidden)]
pub mod fuzz;
pub mod limits;
mod machine;
mod metrics;
mod model;
mod ops;
mod records;
mod service;
mod tasks;

use api_sqs::types::*;
use kernel::Cx;
use wire::ApiError;

type Answer<T> = Result<T, ApiError>;

pub use ops::{Look, Peeked, Standing};
pub use service::{Needs, Pauses, Service};

impl api_sqs::Sqs for Service {
    async fn add_permission(&self, cx: &Cx, input: AddPermissionRequest) -> Answer<AddPermissionResponse> {
        self.permit(cx, input).await?;
        Ok(AddPermissionResponse {})
    }

    async fn cancel_message_move_task(
        &self,
        cx: &Cx,
        input: CancelMessageMoveTaskRequest,
    ) -> Answer<CancelMessageMoveTaskResult> {
        Ok(CancelMessageMoveTaskResult {
            approximate_number_of_messages_moved: i64::try_from(self.cancel_task(cx, input).await?).ok(),
        })
    }

    async fn change_message_visibility(
        &self,
        cx: &Cx,
        input: ChangeMessageVisibilityRequest,
    ) -> Answer<ChangeMessageVisibilityResponse> {
        self.hide_one(cx, input).await?;
        Ok(ChangeMessageVisibilityResponse {})
    }

    async fn change_message_visibility_batch(
        &self,
        cx: &Cx,
        input: ChangeMessageVisibilityBatchRequest,
    ) -> Answer<ChangeMessageVisibilityBatchResult> {
        Ok(self.hide_many(cx, input).await?)
    }

    async fn create_queue(&self, cx: &Cx, input: CreateQueueRequest) -> Answer<CreateQueueResult> {
        let name = self.make_queue(cx, input).await?;
        Ok(CreateQueueResult { queue_url: Some(Self::url(cx, &name)) })
    }

    async fn delete_message(&self, cx: &Cx, input: DeleteMessageRequest) -> Answer<DeleteMessageResponse> {
        self.delete_one(cx, input).await?;
        Ok(DeleteMessageResponse {})
    }

    async fn delete_message_batch(
        &self,
        cx: &Cx,
        input: DeleteMessageBatchRequest,
    ) -> Answer<DeleteMessageBatchResult> {
        Ok(self.delete_many(cx, input).await?)
    }

    async fn delete_queue(&self, cx: &Cx, input: DeleteQueueRequest) -> Answer<DeleteQueueResponse> {
        self.remove_queue(cx, input).await?;
        Ok(DeleteQueueResponse {})
    }

    async fn get_queue_attributes(
        &self,
        cx: &Cx,
        input: GetQueueAttributesRequest,
    ) -> Answer<GetQueueAttributesResult> {
        let shown = self.show_attributes(cx, input).await?;
        Ok(GetQueueAttributesResult { attributes: (!shown.is_empty()).then_some(shown) })
    }

    async fn get_queue_url(&self, cx: &Cx, input: GetQueueUrlRequest) -> Answer<GetQueueUrlResult> {
        let name = self.find_queue(cx, input)?;
        Ok(GetQueueUrlResult { queue_url: Some(Self::url(cx, &name)) })
    }

    async fn list_dead_letter_source_queues(
        &self,
        cx: &Cx,
        input: ListDeadLetterSourceQueuesRequest,
    ) -> Answer<ListDeadLetterSourceQueuesResult> {
        let (queue_urls, next_token) = self.list_sources(cx, input)?;
        Ok(ListDeadLetterSourceQueuesResult { queue_urls, next_token })
    }

    async fn list_message_move_tasks(
        &self,
        cx: &Cx,
        input: ListMessageMoveTasksRequest,
    ) -> Answer<ListMessageMoveTasksResult> {
        let results = self.list_tasks(cx, input)?;
        Ok(ListMessageMoveTasksResult { results: Some(results) })
    }

    async fn list_queue_tags(&self, cx: &Cx, input: ListQueueTagsRequest) -> Answer<ListQueueTagsResult> {
        let tags = self.show_tags(cx, input)?;
        Ok(ListQueueTagsResult { tags: (!tags.is_empty()).then_some(tags) })
    }

    async fn list_queues(&self, cx: &Cx, input: ListQueuesRequest) -> Answer<ListQueuesResult> {
        let (urls, next_token) = self.list_names(cx, &input)?;
        Ok(ListQueuesResult { queue_urls: (!urls.is_empty()).then_some(urls), next_token })
    }

    async fn purge_queue(&self, cx: &Cx, input: PurgeQueueRequest) -> Answer<PurgeQueueResponse> {
        self.empty_queue(cx, input).await?;
        Ok(PurgeQueueResponse {})
    }

    async fn receive_message(&self, cx: &Cx, input: ReceiveMessageRequest) -> Answer<ReceiveMessageResult> {
        let messages = self.receive_some(cx, input).await?;
        Ok(ReceiveMessageResult { messages: (!messages.is_empty()).then_some(messages) })
    }

    async fn remove_permission(&self, cx: &Cx, input: RemovePermissionRequest) -> Answer<RemovePermissionResponse> {
        self.forbid(cx, input).await?;
        Ok(RemovePermissionResponse {})
    }

    async fn send_message(&self, cx: &Cx, input: SendMessageRequest) -> Answer<SendMessageResult> {
        Ok(self.send_one(cx, input).await?)
    }

    async fn send_message_batch(&self, cx: &Cx, input: SendMessageBatchRequest) -> Answer<SendMessageBatchResult> {
        Ok(self.send_many(cx, input).await?)
    }

    async fn set_queue_attributes(
        &self,
        cx: &Cx,
        input: SetQueueAttributesRequest,
    ) -> Answer<SetQueueAttributesResponse> {
        self.set_attributes(cx, input).await?;
        Ok(SetQueueAttributesResponse {})
    }

    async fn start_message_move_task(
        &self,
        cx: &Cx,
        input: StartMessageMoveTaskRequest,
    ) -> Answer<StartMessageMoveTaskResult> {
        let handle = self.start_task(cx, input).await?;
        Ok(StartMessageMoveTaskResult { task_handle: Some(handle) })
    }

    async fn tag_queue(&self, cx: &Cx, input: TagQueueRequest) -> Answer<TagQueueResponse> {
        self.add_tags(cx, input).await?;
        Ok(TagQueueResponse {})
    }

    async fn untag_queue(&self, cx: &Cx, input: UntagQueueRequest) -> Answer<UntagQueueResponse> {
        self.remove_tags(cx, input).await?;
        Ok(UntagQueueResponse {})
    }
}
