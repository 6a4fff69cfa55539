//! A mapping as AWS shows it.

use api_lambda::types::{
    EventSourceMappingConfiguration, EventSourceMappingMetric, EventSourceMappingMetricsConfig, Filter, FilterCriteria,
    FunctionResponseType, ProvisionedPollerConfig, ScalingConfig,
};

use crate::model::settings::{Pollers, Settings};
use crate::records::{MappingId, MappingRecord};

/// Recorded: mappings of queues have neither a starting position nor, as long as all is well, a `LastProcessingResult`.
pub(crate) fn show(id: &MappingId, record: &MappingRecord) -> EventSourceMappingConfiguration {
    let settings = &record.settings;
    EventSourceMappingConfiguration {
        uuid: Some(id.uuid.clone()),
        event_source_mapping_arn: Some(id.arn()),
        event_source_arn: Some(record.event_source_arn.clone()),
        function_arn: Some(record.function_arn.clone()),
        batch_size: Some(settings.batch_size),
        maximum_batching_window_in_seconds: Some(settings.window_s),
        function_response_types: Some(response_types(settings)),
        filter_criteria: filter_criteria(settings),
        scaling_config: settings.maximum_concurrency.map(|most| ScalingConfig { maximum_concurrency: Some(most) }),
        provisioned_poller_config: settings.pollers.as_ref().map(pollers),
        metrics_config: settings.metrics.as_ref().map(|metrics| EventSourceMappingMetricsConfig {
            metrics: Some(metrics.iter().map(|metric| EventSourceMappingMetric::from(metric.as_str())).collect()),
        }),
        kms_key_arn: settings.kms_key_arn.clone(),
        state: Some(record.state.as_str().to_owned()),
        state_transition_reason: Some("USER_INITIATED".to_owned()),
        last_modified: Some(record.last_modified),
        last_processing_result: record.problem.clone(),
        ..EventSourceMappingConfiguration::default()
    }
}

fn response_types(settings: &Settings) -> Vec<FunctionResponseType> {
    settings.reports_failures.then_some(FunctionResponseType::ReportBatchItemFailures).into_iter().collect()
}

fn filter_criteria(settings: &Settings) -> Option<FilterCriteria> {
    let filters = settings.filters.iter().map(|pattern| Filter { pattern: Some(pattern.clone()) });
    (!settings.filters.is_empty()).then(|| FilterCriteria { filters: Some(filters.collect()) })
}

fn pollers(pollers: &Pollers) -> ProvisionedPollerConfig {
    ProvisionedPollerConfig {
        minimum_pollers: pollers.minimum,
        maximum_pollers: pollers.maximum,
        poller_group_name: pollers.group.clone(),
    }
}
