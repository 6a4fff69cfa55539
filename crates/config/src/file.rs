use std::path::Path;

use serde::Deserialize;

use crate::durability::Durability;
use crate::error::ConfigError;
use crate::function_network::FunctionNetwork;

/// `gureum.toml`: the options of `gureum up`, by the names of their flags.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct File {
    pub listen: Option<Vec<String>>,
    pub port: Option<u16>,
    pub data: Option<std::path::PathBuf>,
    pub durability: Option<Durability>,
    pub strict: Option<bool>,
    pub insecure: Option<bool>,
    pub account: Option<String>,
    pub region: Option<String>,
    pub host: Option<Vec<String>>,
    pub cors_origin: Option<Vec<String>>,
    pub url_suffix: Option<String>,
    pub account_concurrency: Option<u32>,
    pub function_network: Option<FunctionNetwork>,
    pub allow_unisolated: Option<bool>,
}

impl File {
    /// Reads `explicit`, which must exist, or else `gureum.toml` of the working folder, which may.
    pub fn read(explicit: Option<&Path>) -> Result<Self, ConfigError> {
        let path = explicit.unwrap_or(Path::new("gureum.toml"));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && explicit.is_none() => {
                return Ok(Self::default());
            }
            Err(error) => return Err(ConfigError::File { path: path.to_owned(), cause: error.to_string() }),
        };
        toml::from_str(&text).map_err(|error| ConfigError::File { path: path.to_owned(), cause: error.to_string() })
    }
}
