//! Mappings: made, changed and deleted.

use api_lambda::Lambda;
use api_lambda::types::*;
use testkit::Platform;
use wire::ApiError;

use crate::body::PATTERN;
use crate::calls::{arn, refused};
use crate::ledger::{Answer, Shared};
use crate::plan::{Mapping, Queue, Stance};

/// Brings the mapping of a queue to where it is wanted.
pub async fn remap(platform: &Platform, shared: &Shared, queue: usize, to: Stance) -> Answer {
    let queue = shared.lock().plan.queues[queue].clone();
    let (Some(mapping), Some(function)) = (queue.mapping, queue.function()) else { return Answer::Done };
    let done = match find(platform, function).await {
        Err(error) => Err(error),
        Ok(None) if to.there => make(platform, &queue, function, mapping, to).await,
        Ok(None) => return Answer::Refused("it is not there".to_owned()),
        Ok(Some(uuid)) if to.there => change(platform, uuid, to).await,
        Ok(Some(uuid)) => {
            let input = DeleteEventSourceMappingRequest { uuid };
            platform.lambda.delete_event_source_mapping(&platform.cx(), input).await.map(|_| ())
        }
    };
    done.map_or_else(|error| refused(&error), |()| Answer::Done)
}

async fn find(platform: &Platform, function: &str) -> Result<Option<String>, ApiError> {
    let input = ListEventSourceMappingsRequest {
        function_name: Some(function.to_owned()),
        ..ListEventSourceMappingsRequest::default()
    };
    let listed = platform.lambda.list_event_source_mappings(&platform.cx(), input).await?;
    Ok(listed.event_source_mappings.into_iter().flatten().find_map(|mapping| mapping.uuid))
}

pub async fn make(
    platform: &Platform,
    queue: &Queue,
    function: &str,
    mapping: Mapping,
    to: Stance,
) -> Result<(), ApiError> {
    let input = CreateEventSourceMappingRequest {
        event_source_arn: Some(arn(queue.name)),
        function_name: function.to_owned(),
        enabled: Some(to.enabled),
        batch_size: Some(to.batch),
        maximum_batching_window_in_seconds: (mapping.window_s > 0).then_some(mapping.window_s),
        scaling_config: scaling(to),
        filter_criteria: mapping
            .filters
            .then(|| FilterCriteria { filters: Some(vec![Filter { pattern: Some(PATTERN.to_owned()) }]) }),
        function_response_types: mapping.reports.then(|| vec![FunctionResponseType::ReportBatchItemFailures]),
        ..CreateEventSourceMappingRequest::default()
    };
    platform.lambda.create_event_source_mapping(&platform.cx(), input).await.map(|_| ())
}

async fn change(platform: &Platform, uuid: String, to: Stance) -> Result<(), ApiError> {
    let input = UpdateEventSourceMappingRequest {
        uuid,
        enabled: Some(to.enabled),
        batch_size: Some(to.batch),
        scaling_config: scaling(to),
        ..UpdateEventSourceMappingRequest::default()
    };
    platform.lambda.update_event_source_mapping(&platform.cx(), input).await.map(|_| ())
}

fn scaling(to: Stance) -> Option<ScalingConfig> {
    to.concurrency.map(|most| ScalingConfig { maximum_concurrency: Some(most) })
}
