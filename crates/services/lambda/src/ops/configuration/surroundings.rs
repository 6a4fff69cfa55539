//! What a function asks of its surroundings that there is nothing of here: a VPC, file systems, snapshots. It is kept and
//! shown in AWS's shape, and has no effect.

use api_lambda::types::{
    FileSystemConfig, SnapStart, SnapStartApplyOn, SnapStartOptimizationStatus, SnapStartResponse, VpcConfig,
    VpcConfigResponse,
};

use crate::error::Error;
use crate::records::{ConfigRecord, FileSystemRecord, VpcRecord};

/// Every subnet and security group is taken for one that exists: there is no EC2 to ask. No lists, or empty ones, mean no VPC.
pub fn update_vpc(config: &mut ConfigRecord, asked: VpcConfig) -> Result<(), Error> {
    let subnets = asked.subnet_ids.unwrap_or_default();
    let security_groups = asked.security_group_ids.unwrap_or_default();
    if subnets.is_empty() != security_groups.is_empty() {
        return Err(Error::invalid("SubnetIds and SecurityIds must coexist or be both empty list."));
    }
    let ipv6 = asked.ipv6_allowed_for_dual_stack.unwrap_or(false);
    config.vpc = (!subnets.is_empty()).then_some(VpcRecord { subnets, security_groups, ipv6 });
    Ok(())
}

/// Without the VPC's id, which nobody knows here.
pub fn shown_vpc(config: &ConfigRecord) -> Option<VpcConfigResponse> {
    config.vpc.as_ref().map(|vpc| VpcConfigResponse {
        subnet_ids: Some(vpc.subnets.clone()),
        security_group_ids: Some(vpc.security_groups.clone()),
        vpc_id: None,
        ipv6_allowed_for_dual_stack: Some(vpc.ipv6),
    })
}

pub fn update_file_systems(config: &mut ConfigRecord, asked: Vec<FileSystemConfig>) -> Result<(), Error> {
    config.file_systems = asked
        .into_iter()
        .map(|system| match system.s3_files_config {
            None => Ok(FileSystemRecord { arn: system.arn, mount: system.local_mount_path }),
            Some(_) => Err(Error::NotServed("a function with an S3FilesConfig".to_owned())),
        })
        .collect::<Result<_, _>>()?;
    Ok(())
}

/// A file system is reached through a VPC. To be called when both are known.
pub fn check_file_systems(config: &ConfigRecord) -> Result<(), Error> {
    match config.file_systems.first().filter(|_| config.vpc.is_none()) {
        None => Ok(()),
        Some(system) => Err(Error::invalid(format!(
            "Function must be configured to execute in a VPC to reference access point {}.",
            system.arn
        ))),
    }
}

pub fn shown_file_systems(config: &ConfigRecord) -> Option<Vec<FileSystemConfig>> {
    let shown = |system: &FileSystemRecord| FileSystemConfig {
        arn: system.arn.clone(),
        local_mount_path: system.mount.clone(),
        s3_files_config: None,
    };
    (!config.file_systems.is_empty()).then(|| config.file_systems.iter().map(shown).collect())
}

pub fn update_snap_start(config: &mut ConfigRecord, asked: SnapStart) {
    if let Some(apply_on) = asked.apply_on {
        config.snap_start = apply_on == SnapStartApplyOn::PublishedVersions;
    }
}

/// Only some runtimes know snapshots. To be called when the runtime is known.
/// Source: Lambda Developer Guide, "Improving startup performance with Lambda SnapStart", supported features.
pub fn check_snap_start(config: &ConfigRecord) -> Result<(), Error> {
    let number = |prefix: &str| {
        config.runtime.strip_prefix(prefix).and_then(|rest| rest.split('.').next()).and_then(|n| n.parse::<u32>().ok())
    };
    let known = number("java").is_some_and(|version| version >= 11)
        || number("python3.").is_some_and(|version| version >= 12)
        || number("dotnet").is_some_and(|version| version >= 8);
    if config.snap_start && !known {
        return Err(Error::invalid(format!("{} is not supported for SnapStart enabled functions.", config.runtime)));
    }
    Ok(())
}

/// No snapshot is ever taken, and the status says so.
pub fn shown_snap_start(config: &ConfigRecord) -> SnapStartResponse {
    SnapStartResponse {
        apply_on: Some(if config.snap_start { SnapStartApplyOn::PublishedVersions } else { SnapStartApplyOn::None }),
        optimization_status: Some(SnapStartOptimizationStatus::Off),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_are_for_newer_java_python_and_dotnet() {
        let check = |runtime: &str| {
            let config =
                ConfigRecord { runtime: runtime.to_owned(), snap_start: true, ..crate::records::test_config() };
            check_snap_start(&config).is_ok()
        };
        for runtime in ["java11", "java21", "python3.12", "python3.14", "dotnet8", "dotnet10"] {
            assert!(check(runtime), "{runtime}");
        }
        for runtime in ["java8.al2", "python3.11", "dotnet6", "nodejs22.x", "provided.al2023"] {
            assert!(!check(runtime), "{runtime}");
        }
    }
}
