//! Records as AWS shows them.

use api_lambda::types::{
    AliasConfiguration, AliasRoutingConfiguration, Architecture, DeadLetterConfig, DestinationConfig,
    EnvironmentResponse, EphemeralStorage, FunctionConfiguration, FunctionEventInvokeConfig, LastUpdateStatus,
    LastUpdateStatusReasonCode, Layer, OnFailure, OnSuccess, PackageType, RuntimeVersionConfig, State, StateReasonCode,
    TracingConfigResponse,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use store::BlobId;

use crate::ops::configuration::{logging, surroundings};
use crate::records::{AliasRecord, EventInvokeRecord, Place, VersionRecord};

pub const BEING_CREATED: &str = "The function is being created.";

/// Which moment of a version's life an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The answer to what made it: `Pending`.
    Created,
    /// The answer to what changed it: `InProgress`.
    Updated,
    /// Ready to run.
    Settled,
    /// In a list, which says nothing about states.
    /// Source: Lambda API Reference, ListFunctions.
    Listed,
}

/// One version. `qualifier` is what the ARN ends in, when it shall end in one.
pub fn configuration(
    place: &Place,
    name: &str,
    version: &VersionRecord,
    qualifier: Option<&str>,
    moment: Moment,
) -> FunctionConfiguration {
    let config = &version.config;
    let arn = place.arn(name);
    let mut shown = FunctionConfiguration {
        function_name: Some(name.to_owned()),
        function_arn: Some(qualifier.map_or(arn.clone(), |qualifier| format!("{arn}:{qualifier}"))),
        runtime: Some(config.runtime.as_str().into()),
        role: Some(config.role.clone()),
        handler: Some(config.handler.clone()),
        code_size: Some(version.code.size),
        description: Some(config.description.clone()),
        timeout: Some(config.timeout_s),
        memory_size: Some(config.memory_mb),
        last_modified: Some(version.last_modified.iso8601_offset()),
        code_sha256: Some(code_sha256(&version.code.blob)),
        version: Some(version.version.clone()),
        dead_letter_config: config.dead_letter_arn.clone().map(|arn| DeadLetterConfig { target_arn: Some(arn) }),
        environment: config
            .environment
            .clone()
            .map(|variables| EnvironmentResponse { variables: Some(variables), error: None }),
        kms_key_arn: config.kms_key_arn.clone(),
        tracing_config: Some(TracingConfigResponse { mode: Some(config.tracing_mode.as_str().into()) }),
        revision_id: Some(version.revision_id.clone()),
        package_type: Some(PackageType::Zip),
        architectures: Some(config.architectures.iter().map(|a| Architecture::from(a.as_str())).collect()),
        ephemeral_storage: Some(EphemeralStorage { size: config.ephemeral_mb }),
        snap_start: Some(surroundings::shown_snap_start(config)),
        logging_config: Some(logging::shown(config, name)),
        vpc_config: surroundings::shown_vpc(config),
        file_system_configs: surroundings::shown_file_systems(config),
        ..FunctionConfiguration::default()
    };
    if !config.layers.is_empty() {
        let layers = config.layers.iter();
        shown.layers = Some(layers.map(|layer| used_layer(&layer.arn, layer.code.size)).collect());
    }
    if moment != Moment::Listed {
        shown.runtime_version_config = Some(runtime_version(place, &config.runtime));
    }
    show_state(&mut shown, moment);
    shown
}

fn used_layer(arn: &str, size: i64) -> Layer {
    Layer { arn: Some(arn.to_owned()), code_size: Some(size), ..Layer::default() }
}

fn show_state(shown: &mut FunctionConfiguration, moment: Moment) {
    match moment {
        Moment::Created => {
            shown.state = Some(State::Pending);
            shown.state_reason = Some(BEING_CREATED.to_owned());
            shown.state_reason_code = Some(StateReasonCode::Creating);
        }
        Moment::Updated => {
            shown.state = Some(State::Active);
            shown.last_update_status = Some(LastUpdateStatus::InProgress);
            shown.last_update_status_reason = Some(BEING_CREATED.to_owned());
            shown.last_update_status_reason_code = Some(LastUpdateStatusReasonCode::from("Creating"));
        }
        Moment::Settled => {
            shown.state = Some(State::Active);
            shown.last_update_status = Some(LastUpdateStatus::Successful);
        }
        Moment::Listed => {}
    }
}

/// An ARN of AWS's form; the id stands for the runtime's name, as we do not have AWS's images.
fn runtime_version(place: &Place, runtime: &str) -> RuntimeVersionConfig {
    let id = hex::encode(Sha256::digest(runtime));
    let (partition, region) = (place.region.partition(), &place.region);
    RuntimeVersionConfig {
        runtime_version_arn: Some(format!("arn:{partition}:lambda:{region}::runtime:{id}")),
        error: None,
    }
}

/// The hash of the zip in base64.
pub fn code_sha256(blob: &BlobId) -> String {
    STANDARD.encode(hex::decode(blob.as_str()).unwrap_or_default())
}

pub fn alias(place: &Place, function: &str, alias: &AliasRecord) -> AliasConfiguration {
    let weights = alias.weights.clone();
    AliasConfiguration {
        alias_arn: Some(format!("{}:{}", place.arn(function), alias.name)),
        name: Some(alias.name.clone()),
        function_version: Some(alias.version.clone()),
        description: Some(alias.description.clone()),
        routing_config: (!weights.is_empty())
            .then_some(AliasRoutingConfiguration { additional_version_weights: Some(weights) }),
        revision_id: Some(alias.revision_id.clone()),
    }
}

pub fn event_invoke(
    place: &Place,
    function: &str,
    qualifier: &str,
    config: &EventInvokeRecord,
) -> FunctionEventInvokeConfig {
    FunctionEventInvokeConfig {
        last_modified: Some(config.last_modified),
        function_arn: Some(format!("{}:{qualifier}", place.arn(function))),
        maximum_retry_attempts: config.retries,
        maximum_event_age_in_seconds: config.age_s,
        destination_config: Some(DestinationConfig {
            on_success: Some(OnSuccess { destination: config.on_success.clone() }),
            on_failure: Some(OnFailure { destination: config.on_failure.clone() }),
        }),
    }
}
