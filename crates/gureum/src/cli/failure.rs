use std::process::ExitCode;

use serde_json::{Value, json};

/// A command that did not do what it was asked: what happened, why, and what to do now.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("no server answers at {endpoint}")]
    NotRunning { endpoint: String },
    #[error("{message}")]
    Api { code: String, message: String, status: u16 },
    #[error("the function failed: {payload}")]
    Function { payload: String, log: String },
    #[error("{what} did not happen within {seconds} s")]
    TimedOut { what: &'static str, seconds: u64 },
    #[error("cannot run {program}: {}", if *.missing { "command not found" } else { cause.as_str() })]
    NotStarted { program: String, missing: bool, cause: String },
    #[error("{what}")]
    Usage { what: String, hint: String },
    #[error("{what}: {cause}")]
    Broken { what: String, cause: String },
}

impl Failure {
    pub fn broken(what: impl Into<String>, cause: impl std::fmt::Display) -> Self {
        Self::Broken { what: what.into(), cause: cause.to_string() }
    }

    /// 1 failed, 2 usage, 3 not running, 4 not found, 5 timeout, 6 the function failed; as shells have it 126 for a command
    /// that cannot be run and 127 for one that is not there.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::NotRunning { .. } => 3,
            Self::Api { status: 404, .. } => 4,
            Self::TimedOut { .. } => 5,
            Self::Function { .. } => 6,
            Self::Usage { .. } => 2,
            Self::NotStarted { missing, .. } => {
                if *missing {
                    127
                } else {
                    126
                }
            }
            Self::Api { .. } | Self::Broken { .. } => 1,
        })
    }

    pub fn code(&self) -> &str {
        match self {
            Self::NotRunning { .. } => "NotRunning",
            Self::Api { code, .. } => code,
            Self::Function { .. } => "FunctionError",
            Self::TimedOut { .. } => "Timeout",
            Self::Usage { .. } => "Usage",
            Self::NotStarted { .. } => "NotStarted",
            Self::Broken { .. } => "Failed",
        }
    }

    /// What to do now; empty when nothing helps.
    pub fn hint(&self) -> &str {
        match self {
            Self::NotRunning { .. } => "start one with: gureum up -d",
            Self::Function { .. } => "see its log with: gureum logs FUNCTION",
            Self::TimedOut { .. } => "see what it is doing with: gureum status",
            Self::Usage { hint, .. } => hint,
            Self::NotStarted { missing: true, .. } => "is it installed, and its folder on the PATH?",
            Self::Api { status: 403, .. } => "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a key of this server",
            Self::Api { .. } | Self::Broken { .. } | Self::NotStarted { .. } => "",
        }
    }

    pub fn envelope(&self) -> Value {
        let retryable = matches!(self, Self::NotRunning { .. } | Self::TimedOut { .. });
        json!({ "code": self.code(), "message": self.to_string(), "hint": self.hint(), "retryable": retryable })
    }
}
