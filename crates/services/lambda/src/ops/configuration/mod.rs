//! What a function is configured with: defaults, checks, and what this build cannot do and says so.

use api_lambda::types::{
    Architecture, CreateFunctionRequest, DeadLetterConfig, PackageType, UpdateFunctionConfigurationRequest,
};

mod environment;
pub mod logging;
pub mod surroundings;

use crate::error::Error;
use crate::limits::{EPHEMERAL_DEFAULT_MB, MEMORY_DEFAULT_MB, NAME_CHARS_MAX, TIMEOUT_DEFAULT_S};
use crate::model::runtimes;
use crate::records::ConfigRecord;

/// The configuration of a new function.
pub fn of_new(input: &CreateFunctionRequest) -> Result<ConfigRecord, Error> {
    let name = input.function_name.rsplit(':').next().unwrap_or_default();
    if name.len() > NAME_CHARS_MAX {
        return Err(Error::constraint(name, "functionName", "have length less than or equal to 64"));
    }
    refuse_unserved_code(input)?;
    let (Some(runtime), Some(handler)) = (&input.runtime, &input.handler) else {
        return Err(Error::invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ));
    };
    let mut config = ConfigRecord {
        runtime: runtime.to_string(),
        handler: handler.clone(),
        role: input.role.clone(),
        description: String::new(),
        timeout_s: TIMEOUT_DEFAULT_S,
        memory_mb: MEMORY_DEFAULT_MB,
        ephemeral_mb: EPHEMERAL_DEFAULT_MB,
        environment: None,
        tracing_mode: "PassThrough".to_owned(),
        architectures: architectures(input.architectures.as_deref())?.unwrap_or_else(|| vec!["x86_64".to_owned()]),
        dead_letter_arn: None,
        kms_key_arn: None,
        log_group: None,
        layers: Vec::new(),
        json_logs: None,
        vpc: None,
        file_systems: Vec::new(),
        snap_start: false,
    };
    let rest = UpdateFunctionConfigurationRequest {
        runtime: input.runtime.clone(),
        description: input.description.clone(),
        timeout: input.timeout,
        memory_size: input.memory_size,
        vpc_config: input.vpc_config.clone(),
        environment: input.environment.clone(),
        dead_letter_config: input.dead_letter_config.clone(),
        kms_key_arn: input.kms_key_arn.clone(),
        tracing_config: input.tracing_config.clone(),
        file_system_configs: input.file_system_configs.clone(),
        image_config: input.image_config.clone(),
        ephemeral_storage: input.ephemeral_storage.clone(),
        snap_start: input.snap_start.clone(),
        logging_config: input.logging_config.clone(),
        capacity_provider_config: input.capacity_provider_config.clone(),
        durable_config: input.durable_config.clone(),
        runtime_config: input.runtime_config.clone(),
        accelerator_config: input.accelerator_config.clone(),
        ..UpdateFunctionConfigurationRequest::default()
    };
    update(&mut config, rest)?;
    Ok(config)
}

fn refuse_unserved_code(input: &CreateFunctionRequest) -> Result<(), Error> {
    let unserved = [
        (input.package_type == Some(PackageType::Image) || input.code.image_uri.is_some(), "container images"),
        (input.tenancy_config.is_some(), "tenant isolation"),
        (input.publish_to.is_some(), "PublishTo"),
    ];
    refuse("CreateFunction", &unserved)
}

fn refuse(operation: &str, unserved: &[(bool, &str)]) -> Result<(), Error> {
    match unserved.iter().find(|(asked, _)| *asked) {
        Some((_, what)) => Err(Error::NotServed(format!("{operation} with {what}"))),
        None => Ok(()),
    }
}

/// Changes what the request names, and nothing else.
pub fn update(config: &mut ConfigRecord, input: UpdateFunctionConfigurationRequest) -> Result<(), Error> {
    refuse_unserved(&input)?;
    if let Some(runtime) = &input.runtime {
        runtimes::check(runtime.as_str())?;
        config.runtime = runtime.to_string();
    }
    if let Some(timeout) = input.timeout {
        config.timeout_s = within(timeout, "timeout", 1, 900)?;
    }
    if let Some(memory) = input.memory_size {
        config.memory_mb = within(memory, "memorySize", 128, 10_240)?;
    }
    if let Some(storage) = &input.ephemeral_storage {
        config.ephemeral_mb = within(storage.size, "ephemeralStorage.size", 512, 10_240)?;
    }
    if let Some(environment) = input.environment {
        config.environment = Some(environment::variables(environment)?);
    }
    if let Some(target) = input.dead_letter_config {
        config.dead_letter_arn = dead_letter(target)?;
    }
    if let Some(mode) = input.tracing_config.and_then(|tracing| tracing.mode) {
        config.tracing_mode = mode.to_string();
    }
    if let Some(asked) = input.logging_config {
        logging::update(config, asked)?;
    }
    if let Some(vpc) = input.vpc_config {
        surroundings::update_vpc(config, vpc)?;
    }
    if let Some(systems) = input.file_system_configs {
        surroundings::update_file_systems(config, systems)?;
    }
    if let Some(snap_start) = input.snap_start {
        surroundings::update_snap_start(config, snap_start);
    }
    surroundings::check_file_systems(config)?;
    surroundings::check_snap_start(config)?;
    set(&mut config.role, input.role);
    set(&mut config.handler, input.handler);
    set(&mut config.description, input.description);
    if let Some(key) = input.kms_key_arn {
        config.kms_key_arn = Some(key).filter(|key| !key.is_empty());
    }
    Ok(())
}

fn set(field: &mut String, value: Option<String>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn refuse_unserved(input: &UpdateFunctionConfigurationRequest) -> Result<(), Error> {
    let unserved = [
        (input.capacity_provider_config.is_some(), "capacity providers"),
        (input.durable_config.is_some(), "durable executions"),
        (input.runtime_config.is_some(), "a RuntimeConfig"),
        (input.accelerator_config.is_some(), "accelerators"),
        (input.image_config.is_some(), "an ImageConfig"),
    ];
    refuse("a function", &unserved)
}

fn within(value: i32, place: &str, least: i32, most: i32) -> Result<i32, Error> {
    if value < least {
        let rule = format!("have value greater than or equal to {least}");
        return Err(Error::constraint(&value.to_string(), place, &rule));
    }
    if value > most {
        let rule = format!("have value less than or equal to {most}");
        return Err(Error::constraint(&value.to_string(), place, &rule));
    }
    Ok(value)
}

fn dead_letter(target: DeadLetterConfig) -> Result<Option<String>, Error> {
    let Some(arn) = target.target_arn.filter(|arn| !arn.is_empty()) else { return Ok(None) };
    let service = arn.split(':').nth(2).unwrap_or_default();
    if service == "sqs" || service == "sns" {
        return Ok(Some(arn));
    }
    Err(Error::invalid(format!("The target ARN {arn} is not a valid SNS topic or SQS queue.")))
}

/// `None` when the request names none.
pub fn architectures(asked: Option<&[Architecture]>) -> Result<Option<Vec<String>>, Error> {
    match asked {
        None | Some([]) => Ok(None),
        Some([one]) => Ok(Some(vec![one.to_string()])),
        Some(several) => {
            let names: Vec<&str> = several.iter().map(Architecture::as_str).collect();
            Err(Error::constraint(
                &format!("[{}]", names.join(", ")),
                "architectures",
                "have length less than or equal to 1",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_bounded_in_the_words_of_validation() {
        assert_eq!(
            within(901, "timeout", 1, 900).unwrap_err().to_string(),
            "1 validation error detected: Value '901' at 'timeout' failed to satisfy constraint: Member must have value \
             less than or equal to 900"
        );
    }
}
