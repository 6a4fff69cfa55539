//! What a version is configured with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::layer_records::LayerUseRecord;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfigRecord {
    pub runtime: String,
    pub handler: String,
    pub role: String,
    pub description: String,
    pub timeout_s: i32,
    pub memory_mb: i32,
    pub ephemeral_mb: i32,
    /// `None` when none was ever given: AWS then shows none.
    pub environment: Option<BTreeMap<String, String>>,
    pub tracing_mode: String,
    pub architectures: Vec<String>,
    pub dead_letter_arn: Option<String>,
    pub kms_key_arn: Option<String>,
    /// `None` means `/aws/lambda/` and the function's name.
    pub log_group: Option<String>,
    /// In the order in which they are laid over each other; records of before layers have none.
    #[serde(default)]
    pub layers: Vec<LayerUseRecord>,
    /// `None` means text.
    #[serde(default)]
    pub json_logs: Option<JsonLogsRecord>,
    #[serde(default)]
    pub vpc: Option<VpcRecord>,
    #[serde(default)]
    pub file_systems: Vec<FileSystemRecord>,
    /// Whether published versions shall start from a snapshot.
    #[serde(default)]
    pub snap_start: bool,
}

/// The least levels that are written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JsonLogsRecord {
    pub application_level: String,
    pub system_level: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VpcRecord {
    pub subnets: Vec<String>,
    pub security_groups: Vec<String>,
    pub ipv6: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileSystemRecord {
    /// Of an access point.
    pub arn: String,
    /// Below `/mnt/`.
    pub mount: String,
}

impl ConfigRecord {
    pub fn log_group_of(&self, name: &str) -> String {
        self.log_group.clone().unwrap_or_else(|| format!("/aws/lambda/{name}"))
    }
}

#[cfg(test)]
pub(crate) fn test_config() -> ConfigRecord {
    ConfigRecord {
        runtime: "nodejs20.x".to_owned(),
        handler: "index.handler".to_owned(),
        role: "arn:aws:iam::000000000000:role/worker".to_owned(),
        description: String::new(),
        timeout_s: 3,
        memory_mb: 128,
        ephemeral_mb: 512,
        environment: None,
        tracing_mode: "PassThrough".to_owned(),
        architectures: vec!["x86_64".to_owned()],
        dead_letter_arn: None,
        kms_key_arn: None,
        log_group: None,
        layers: Vec::new(),
        json_logs: None,
        vpc: None,
        file_systems: Vec::new(),
        snap_start: false,
    }
}
