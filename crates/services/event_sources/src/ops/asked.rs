//! What requests say, and what of it no mapping of a queue takes.

use api_lambda::types::{
    CreateEventSourceMappingRequest, EventSourceMappingMetricsConfig, FilterCriteria, FunctionResponseType,
    ProvisionedPollerConfig, ScalingConfig, UpdateEventSourceMappingRequest,
};

use crate::error::{Error, Result};
use crate::model::names::SourceKind;
use crate::model::settings::{Asked, Pollers};

/// The members that both requests have, for streams, brokers and databases alone.
macro_rules! unsupported_of_sqs {
    ($input:expr) => {
        [
            ("DestinationConfig", $input.destination_config.is_some()),
            ("ParallelizationFactor", $input.parallelization_factor.is_some()),
            ("MaximumRecordAgeInSeconds", $input.maximum_record_age_in_seconds.is_some()),
            ("BisectBatchOnFunctionError", $input.bisect_batch_on_function_error.is_some()),
            ("MaximumRetryAttempts", $input.maximum_retry_attempts.is_some()),
            ("TumblingWindowInSeconds", $input.tumbling_window_in_seconds.is_some()),
            ("SourceAccessConfigurations", $input.source_access_configurations.is_some()),
            ("AmazonManagedKafkaEventSourceConfig", $input.amazon_managed_kafka_event_source_config.is_some()),
            ("SelfManagedKafkaEventSourceConfig", $input.self_managed_kafka_event_source_config.is_some()),
            ("DocumentDBEventSourceConfig", $input.document_db_event_source_config.is_some()),
            ("LoggingConfig", $input.logging_config.is_some()),
        ]
    };
}

macro_rules! asked {
    ($input:expr) => {
        Asked {
            batch_size: $input.batch_size,
            window_s: $input.maximum_batching_window_in_seconds,
            filters: $input.filter_criteria.map(patterns_of),
            reports_failures: $input.function_response_types.map(|types| reports_failures(&types)),
            maximum_concurrency: $input.scaling_config.map(|config: ScalingConfig| config.maximum_concurrency),
            pollers: $input.provisioned_poller_config.map(pollers_of),
            metrics: $input.metrics_config.map(metrics_of),
            kms_key_arn: $input.kms_key_arn.map(|arn| Some(arn).filter(|arn| !arn.is_empty())),
        }
    };
}

/// Errors: a member that does not go with the source.
pub(super) fn of_create(kind: &SourceKind, input: CreateEventSourceMappingRequest) -> Result<Asked> {
    if matches!(kind, SourceKind::Sqs { .. }) && input.starting_position.is_some() {
        return Err(Error::StartingPosition);
    }
    let only_here = [
        ("StartingPositionTimestamp", input.starting_position_timestamp.is_some()),
        ("Topics", input.topics.is_some()),
        ("Queues", input.queues.is_some()),
        ("SelfManagedEventSource", input.self_managed_event_source.is_some()),
    ];
    refuse(kind, unsupported_of_sqs!(input).into_iter().chain(only_here))?;
    Ok(asked!(input))
}

/// Errors: as above.
pub(super) fn of_update(kind: &SourceKind, input: UpdateEventSourceMappingRequest) -> Result<Asked> {
    refuse(kind, unsupported_of_sqs!(input).into_iter())?;
    Ok(asked!(input))
}

fn refuse(kind: &SourceKind, given: impl Iterator<Item = (&'static str, bool)>) -> Result<()> {
    if !matches!(kind, SourceKind::Sqs { .. }) {
        return Ok(());
    }
    let mut given = given;
    given.find(|(_, is_given)| *is_given).map_or(Ok(()), |(name, _)| Err(Error::Unsupported(name)))
}

fn patterns_of(criteria: FilterCriteria) -> Vec<String> {
    criteria.filters.unwrap_or_default().into_iter().filter_map(|filter| filter.pattern).collect()
}

fn reports_failures(types: &[FunctionResponseType]) -> bool {
    types.contains(&FunctionResponseType::ReportBatchItemFailures)
}

/// An empty configuration takes provisioned mode away.
fn pollers_of(config: ProvisionedPollerConfig) -> Option<Pollers> {
    let ProvisionedPollerConfig { minimum_pollers, maximum_pollers, poller_group_name } = config;
    (minimum_pollers.is_some() || maximum_pollers.is_some() || poller_group_name.is_some()).then_some(Pollers {
        minimum: minimum_pollers,
        maximum: maximum_pollers,
        group: poller_group_name,
    })
}

fn metrics_of(config: EventSourceMappingMetricsConfig) -> Option<Vec<String>> {
    Some(config.metrics.unwrap_or_default().iter().map(|metric| metric.as_str().to_owned()).collect())
}
