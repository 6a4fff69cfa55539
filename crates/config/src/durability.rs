use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// When a write is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// After fdatasync: survives a power cut
    #[default]
    Durable,
    /// When the operating system has it: survives a crash of the server
    Relaxed,
    /// Never on disk
    Memory,
}
