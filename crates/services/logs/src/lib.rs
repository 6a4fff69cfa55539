//! CloudWatch Logs: groups, streams, events, filters and what hangs on them.
//!
//! What does not belong here: metrics (a metric filter is kept, what it counts is CloudWatch's), how a function runs, and
//! protocols. `README.md` says how events are laid out on disk.

mod delivery;
mod error;
#[doc(hidden)]
pub mod fuzz;
pub mod limits;
mod model;
mod ops;
mod patterns;
mod reader;
mod records;
mod service;
mod tasks;

use api_logs::types::*;
use kernel::Cx;
use wire::ApiError;

pub use service::{Needs, Service};

type Answer<T> = Result<T, ApiError>;

impl api_logs::Logs for Service {
    async fn associate_kms_key(&self, cx: &Cx, input: AssociateKmsKeyRequest) -> Answer<AssociateKmsKeyResponse> {
        self.associate_key(cx, input).await?;
        Ok(AssociateKmsKeyResponse {})
    }

    async fn create_delivery(&self, cx: &Cx, input: CreateDeliveryRequest) -> Answer<CreateDeliveryResponse> {
        Ok(CreateDeliveryResponse { delivery: Some(Self::create_delivery(self, cx, input).await?) })
    }

    async fn create_log_group(&self, cx: &Cx, input: CreateLogGroupRequest) -> Answer<CreateLogGroupResponse> {
        self.create_group(cx, input).await?;
        Ok(CreateLogGroupResponse {})
    }

    async fn create_log_stream(&self, cx: &Cx, input: CreateLogStreamRequest) -> Answer<CreateLogStreamResponse> {
        self.create_stream(cx, input).await?;
        Ok(CreateLogStreamResponse {})
    }

    async fn delete_delivery(&self, cx: &Cx, input: DeleteDeliveryRequest) -> Answer<DeleteDeliveryResponse> {
        Self::delete_delivery(self, cx, input.id).await?;
        Ok(DeleteDeliveryResponse {})
    }

    async fn delete_delivery_destination(
        &self,
        cx: &Cx,
        input: DeleteDeliveryDestinationRequest,
    ) -> Answer<DeleteDeliveryDestinationResponse> {
        Self::delete_delivery_destination(self, cx, input.name).await?;
        Ok(DeleteDeliveryDestinationResponse {})
    }

    async fn delete_delivery_destination_policy(
        &self,
        cx: &Cx,
        input: DeleteDeliveryDestinationPolicyRequest,
    ) -> Answer<DeleteDeliveryDestinationPolicyResponse> {
        self.set_delivery_policy(cx, input.delivery_destination_name, None).await?;
        Ok(DeleteDeliveryDestinationPolicyResponse {})
    }

    async fn delete_delivery_source(
        &self,
        cx: &Cx,
        input: DeleteDeliverySourceRequest,
    ) -> Answer<DeleteDeliverySourceResponse> {
        Self::delete_delivery_source(self, cx, input.name).await?;
        Ok(DeleteDeliverySourceResponse {})
    }

    async fn delete_destination(&self, cx: &Cx, input: DeleteDestinationRequest) -> Answer<DeleteDestinationResponse> {
        Self::delete_destination(self, cx, input.destination_name).await?;
        Ok(DeleteDestinationResponse {})
    }

    async fn delete_log_group(&self, cx: &Cx, input: DeleteLogGroupRequest) -> Answer<DeleteLogGroupResponse> {
        self.delete_group(cx, input).await?;
        Ok(DeleteLogGroupResponse {})
    }

    async fn delete_log_stream(&self, cx: &Cx, input: DeleteLogStreamRequest) -> Answer<DeleteLogStreamResponse> {
        self.delete_stream(cx, input).await?;
        Ok(DeleteLogStreamResponse {})
    }

    async fn delete_metric_filter(
        &self,
        cx: &Cx,
        input: DeleteMetricFilterRequest,
    ) -> Answer<DeleteMetricFilterResponse> {
        Self::delete_metric_filter(self, cx, input.log_group_name, input.filter_name).await?;
        Ok(DeleteMetricFilterResponse {})
    }

    async fn delete_query_definition(
        &self,
        cx: &Cx,
        input: DeleteQueryDefinitionRequest,
    ) -> Answer<DeleteQueryDefinitionResponse> {
        Self::delete_query_definition(self, cx, input.query_definition_id).await?;
        Ok(DeleteQueryDefinitionResponse { success: Some(true) })
    }

    async fn delete_resource_policy(
        &self,
        cx: &Cx,
        input: DeleteResourcePolicyRequest,
    ) -> Answer<DeleteResourcePolicyResponse> {
        Self::delete_resource_policy(self, cx, input).await?;
        Ok(DeleteResourcePolicyResponse {})
    }

    async fn delete_retention_policy(
        &self,
        cx: &Cx,
        input: DeleteRetentionPolicyRequest,
    ) -> Answer<DeleteRetentionPolicyResponse> {
        self.delete_retention(cx, input.log_group_name).await?;
        Ok(DeleteRetentionPolicyResponse {})
    }

    async fn delete_subscription_filter(
        &self,
        cx: &Cx,
        input: DeleteSubscriptionFilterRequest,
    ) -> Answer<DeleteSubscriptionFilterResponse> {
        Self::delete_subscription_filter(self, cx, input.log_group_name, input.filter_name).await?;
        Ok(DeleteSubscriptionFilterResponse {})
    }

    async fn describe_deliveries(
        &self,
        cx: &Cx,
        input: DescribeDeliveriesRequest,
    ) -> Answer<DescribeDeliveriesResponse> {
        Ok(Self::describe_deliveries(self, cx, input)?)
    }

    async fn describe_delivery_destinations(
        &self,
        cx: &Cx,
        input: DescribeDeliveryDestinationsRequest,
    ) -> Answer<DescribeDeliveryDestinationsResponse> {
        Ok(Self::describe_delivery_destinations(self, cx, input)?)
    }

    async fn describe_delivery_sources(
        &self,
        cx: &Cx,
        input: DescribeDeliverySourcesRequest,
    ) -> Answer<DescribeDeliverySourcesResponse> {
        Ok(Self::describe_delivery_sources(self, cx, input)?)
    }

    async fn describe_destinations(
        &self,
        cx: &Cx,
        input: DescribeDestinationsRequest,
    ) -> Answer<DescribeDestinationsResponse> {
        Ok(Self::describe_destinations(self, cx, input)?)
    }

    async fn describe_log_groups(&self, cx: &Cx, input: DescribeLogGroupsRequest) -> Answer<DescribeLogGroupsResponse> {
        Ok(self.describe_groups(cx, input)?)
    }

    async fn describe_log_streams(
        &self,
        cx: &Cx,
        input: DescribeLogStreamsRequest,
    ) -> Answer<DescribeLogStreamsResponse> {
        Ok(self.describe_streams(cx, input)?)
    }

    async fn describe_metric_filters(
        &self,
        cx: &Cx,
        input: DescribeMetricFiltersRequest,
    ) -> Answer<DescribeMetricFiltersResponse> {
        Ok(Self::describe_metric_filters(self, cx, input)?)
    }

    async fn describe_query_definitions(
        &self,
        cx: &Cx,
        input: DescribeQueryDefinitionsRequest,
    ) -> Answer<DescribeQueryDefinitionsResponse> {
        Ok(Self::describe_query_definitions(self, cx, input)?)
    }

    async fn describe_resource_policies(
        &self,
        cx: &Cx,
        input: DescribeResourcePoliciesRequest,
    ) -> Answer<DescribeResourcePoliciesResponse> {
        Ok(Self::describe_resource_policies(self, cx, input)?)
    }

    async fn describe_subscription_filters(
        &self,
        cx: &Cx,
        input: DescribeSubscriptionFiltersRequest,
    ) -> Answer<DescribeSubscriptionFiltersResponse> {
        Ok(Self::describe_subscription_filters(self, cx, input)?)
    }

    async fn disassociate_kms_key(
        &self,
        cx: &Cx,
        input: DisassociateKmsKeyRequest,
    ) -> Answer<DisassociateKmsKeyResponse> {
        self.disassociate_key(cx, input).await?;
        Ok(DisassociateKmsKeyResponse {})
    }

    async fn filter_log_events(&self, cx: &Cx, input: FilterLogEventsRequest) -> Answer<FilterLogEventsResponse> {
        Ok(self.filter_events(cx, input).await?)
    }

    async fn get_delivery(&self, cx: &Cx, input: GetDeliveryRequest) -> Answer<GetDeliveryResponse> {
        Ok(GetDeliveryResponse { delivery: Some(Self::get_delivery(self, cx, input.id)?) })
    }

    async fn get_delivery_destination(
        &self,
        cx: &Cx,
        input: GetDeliveryDestinationRequest,
    ) -> Answer<GetDeliveryDestinationResponse> {
        let found = Self::get_delivery_destination(self, cx, input.name)?;
        Ok(GetDeliveryDestinationResponse { delivery_destination: Some(found) })
    }

    async fn get_delivery_destination_policy(
        &self,
        cx: &Cx,
        input: GetDeliveryDestinationPolicyRequest,
    ) -> Answer<GetDeliveryDestinationPolicyResponse> {
        let policy = self.delivery_policy(cx, &input.delivery_destination_name)?;
        Ok(GetDeliveryDestinationPolicyResponse { policy: Some(Policy { delivery_destination_policy: policy }) })
    }

    async fn get_delivery_source(&self, cx: &Cx, input: GetDeliverySourceRequest) -> Answer<GetDeliverySourceResponse> {
        Ok(GetDeliverySourceResponse { delivery_source: Some(Self::get_delivery_source(self, cx, input.name)?) })
    }

    async fn get_log_events(&self, cx: &Cx, input: GetLogEventsRequest) -> Answer<GetLogEventsResponse> {
        Ok(self.get_events(cx, input).await?)
    }

    async fn list_log_groups(&self, cx: &Cx, input: ListLogGroupsRequest) -> Answer<ListLogGroupsResponse> {
        Ok(self.list_groups(cx, input)?)
    }

    async fn list_tags_for_resource(
        &self,
        cx: &Cx,
        input: ListTagsForResourceRequest,
    ) -> Answer<ListTagsForResourceResponse> {
        Ok(ListTagsForResourceResponse { tags: Some(self.tags_of(cx, &input.resource_arn)?) })
    }

    async fn list_tags_log_group(&self, cx: &Cx, input: ListTagsLogGroupRequest) -> Answer<ListTagsLogGroupResponse> {
        Ok(ListTagsLogGroupResponse { tags: Some(self.find_group(cx, &input.log_group_name)?.tags) })
    }

    async fn put_delivery_destination(
        &self,
        cx: &Cx,
        input: PutDeliveryDestinationRequest,
    ) -> Answer<PutDeliveryDestinationResponse> {
        let kept = Self::put_delivery_destination(self, cx, input).await?;
        Ok(PutDeliveryDestinationResponse { delivery_destination: Some(kept) })
    }

    async fn put_delivery_destination_policy(
        &self,
        cx: &Cx,
        input: PutDeliveryDestinationPolicyRequest,
    ) -> Answer<PutDeliveryDestinationPolicyResponse> {
        let policy = Some(input.delivery_destination_policy);
        self.set_delivery_policy(cx, input.delivery_destination_name, policy.clone()).await?;
        Ok(PutDeliveryDestinationPolicyResponse { policy: Some(Policy { delivery_destination_policy: policy }) })
    }

    async fn put_delivery_source(&self, cx: &Cx, input: PutDeliverySourceRequest) -> Answer<PutDeliverySourceResponse> {
        Ok(PutDeliverySourceResponse { delivery_source: Some(Self::put_delivery_source(self, cx, input).await?) })
    }

    async fn put_destination(&self, cx: &Cx, input: PutDestinationRequest) -> Answer<PutDestinationResponse> {
        Ok(Self::put_destination(self, cx, input).await?)
    }

    async fn put_destination_policy(
        &self,
        cx: &Cx,
        input: PutDestinationPolicyRequest,
    ) -> Answer<PutDestinationPolicyResponse> {
        Self::put_destination_policy(self, cx, input).await?;
        Ok(PutDestinationPolicyResponse {})
    }

    async fn put_log_events(&self, cx: &Cx, input: PutLogEventsRequest) -> Answer<PutLogEventsResponse> {
        Ok(self.put_events(cx, input).await?)
    }

    async fn put_metric_filter(&self, cx: &Cx, input: PutMetricFilterRequest) -> Answer<PutMetricFilterResponse> {
        Self::put_metric_filter(self, cx, input).await?;
        Ok(PutMetricFilterResponse {})
    }

    async fn put_query_definition(
        &self,
        cx: &Cx,
        input: PutQueryDefinitionRequest,
    ) -> Answer<PutQueryDefinitionResponse> {
        let id = Self::put_query_definition(self, cx, input).await?;
        Ok(PutQueryDefinitionResponse { query_definition_id: Some(id) })
    }

    async fn put_resource_policy(&self, cx: &Cx, input: PutResourcePolicyRequest) -> Answer<PutResourcePolicyResponse> {
        Ok(Self::put_resource_policy(self, cx, input).await?)
    }

    async fn put_retention_policy(
        &self,
        cx: &Cx,
        input: PutRetentionPolicyRequest,
    ) -> Answer<PutRetentionPolicyResponse> {
        self.put_retention(cx, input).await?;
        Ok(PutRetentionPolicyResponse {})
    }

    async fn put_subscription_filter(
        &self,
        cx: &Cx,
        input: PutSubscriptionFilterRequest,
    ) -> Answer<PutSubscriptionFilterResponse> {
        Self::put_subscription_filter(self, cx, input).await?;
        Ok(PutSubscriptionFilterResponse {})
    }

    async fn start_live_tail(&self, cx: &Cx, input: StartLiveTailRequest) -> Answer<StartLiveTailResponse> {
        Ok(self.live_tail(cx, input)?)
    }

    async fn tag_log_group(&self, cx: &Cx, input: TagLogGroupRequest) -> Answer<TagLogGroupResponse> {
        self.tag_group(cx, input.log_group_name, input.tags).await?;
        Ok(TagLogGroupResponse {})
    }

    async fn tag_resource(&self, cx: &Cx, input: TagResourceRequest) -> Answer<TagResourceResponse> {
        self.tag(cx, &input.resource_arn, input.tags).await?;
        Ok(TagResourceResponse {})
    }

    async fn test_metric_filter(&self, _: &Cx, input: TestMetricFilterRequest) -> Answer<TestMetricFilterResponse> {
        Ok(Self::test_metric_filter(input)?)
    }

    async fn untag_log_group(&self, cx: &Cx, input: UntagLogGroupRequest) -> Answer<UntagLogGroupResponse> {
        self.untag_group(cx, input.log_group_name, input.tags).await?;
        Ok(UntagLogGroupResponse {})
    }

    async fn untag_resource(&self, cx: &Cx, input: UntagResourceRequest) -> Answer<UntagResourceResponse> {
        self.untag(cx, &input.resource_arn, input.tag_keys).await?;
        Ok(UntagResourceResponse {})
    }

    async fn update_delivery_configuration(
        &self,
        cx: &Cx,
        input: UpdateDeliveryConfigurationRequest,
    ) -> Answer<UpdateDeliveryConfigurationResponse> {
        self.update_delivery(cx, input).await?;
        Ok(UpdateDeliveryConfigurationResponse {})
    }
}
