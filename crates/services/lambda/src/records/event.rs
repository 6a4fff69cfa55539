//! Accepted events.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::retry::Condition;

/// An accepted asynchronous invocation; its payload has a key of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    pub function_id: String,
    pub qualifier: Option<String>,
    pub accepted: Timestamp,
    pub due: Timestamp,
    /// How often the function has run for it.
    pub runs: u32,
    /// The trace header of its runs.
    #[serde(default)]
    pub trace: Option<String>,
    /// Whether it stands at the end of a loop and must not run.
    #[serde(default)]
    pub is_loop: bool,
    /// Set once the event needs no further run: what is left is to tell a destination.
    pub ended: Option<EndedRecord>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndedRecord {
    /// `None` after a success.
    pub condition: Option<GivenUp>,
    pub executed_version: Option<String>,
    /// The answer of the last run, as it came.
    pub response: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum GivenUp {
    RetriesExhausted,
    EventAgeExceeded,
    ZeroReservedConcurrency,
    RecursiveLoop,
}

impl GivenUp {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RetriesExhausted => Condition::RetriesExhausted.as_str(),
            Self::EventAgeExceeded => Condition::EventAgeExceeded.as_str(),
            Self::ZeroReservedConcurrency => Condition::ZeroReservedConcurrency.as_str(),
            Self::RecursiveLoop => Condition::RecursiveLoop.as_str(),
        }
    }
}

impl From<Condition> for GivenUp {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::RetriesExhausted => Self::RetriesExhausted,
            Condition::EventAgeExceeded => Self::EventAgeExceeded,
            Condition::ZeroReservedConcurrency => Self::ZeroReservedConcurrency,
            Condition::RecursiveLoop => Self::RecursiveLoop,
        }
    }
}
