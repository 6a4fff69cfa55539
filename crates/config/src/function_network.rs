use serde::{Deserialize, Serialize};

/// What functions reach beside what the platform gives them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum FunctionNetwork {
    /// Nothing: each function has a network of its own, where the host allows one
    #[default]
    None,
    /// This machine's network, with whatever it reaches
    Host,
}
