use std::fmt;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::Report;
use crate::text::failures as text;

/// A command that did not do what it was asked: what happened, why, and what to do now.
#[derive(Debug)]
pub enum Failure {
    NotRunning {
        endpoint: String,
    },
    Api {
        code: String,
        message: String,
        status: u16,
    },
    Function {
        payload: String,
        log: String,
    },
    TimedOut {
        what: String,
        seconds: u64,
    },
    NotStarted {
        program: String,
        missing: bool,
        cause: String,
    },
    Usage {
        what: String,
        hint: String,
    },
    /// The command did its work, and what it found is not well.
    Unwell {
        report: Box<Report>,
        problems: usize,
    },
    /// There is no record of what was asked for.
    NothingKnown {
        what: String,
    },
    Broken {
        what: String,
        cause: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::NotRunning { endpoint } => text::not_running(endpoint),
            Self::Api { message, .. } => message.clone(),
            Self::Function { payload, .. } => text::function_failed(payload),
            Self::TimedOut { what, seconds } => text::timed_out(what, seconds),
            Self::NotStarted { program, missing: true, .. } => text::command_not_found(program),
            Self::NotStarted { program, cause, .. } => text::cannot_run(program, cause),
            Self::Usage { what, .. } | Self::NothingKnown { what } => what.clone(),
            Self::Unwell { problems: 1, .. } => text::one_problem(),
            Self::Unwell { problems, .. } => text::problems(problems),
            Self::Broken { what, cause } if cause.is_empty() => what.clone(),
            Self::Broken { what, cause } => format!("{what}: {cause}"),
        };
        f.write_str(&words)
    }
}

impl Failure {
    pub fn broken(what: impl Into<String>, cause: impl fmt::Display) -> Self {
        Self::Broken { what: what.into(), cause: cause.to_string() }
    }

    /// 1 failed, 2 usage, 3 not running, 4 not found, 5 timeout, 6 the function failed; as shells have it 126 for a command
    /// that cannot be run and 127 for one that is not there.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::NotRunning { .. } => 3,
            Self::Api { status: 404, .. } => 4,
            // Services that speak JSON by target answer 400 for what is not there.
            Self::Api { code, .. } if code.ends_with("NotFoundException") || code.ends_with("QueueDoesNotExist") => 4,
            Self::TimedOut { .. } => 5,
            Self::Function { .. } => 6,
            Self::Usage { .. } => 2,
            Self::NotStarted { missing: true, .. } => 127,
            Self::NotStarted { .. } => 126,
            Self::Api { .. } | Self::Unwell { .. } | Self::NothingKnown { .. } | Self::Broken { .. } => 1,
        })
    }

    /// The same in every language.
    pub fn code(&self) -> &str {
        match self {
            Self::NotRunning { .. } => "NotRunning",
            Self::Api { code, .. } => code,
            Self::Function { .. } => "FunctionError",
            Self::TimedOut { .. } => "Timeout",
            Self::Usage { .. } => "Usage",
            Self::NotStarted { .. } => "NotStarted",
            Self::Unwell { .. } => "ProblemsFound",
            Self::NothingKnown { .. } => "NothingKnown",
            Self::Broken { .. } => "Failed",
        }
    }

    /// What to do now; empty when nothing helps.
    pub fn hint(&self) -> String {
        match self {
            Self::NotRunning { .. } => text::start_one(),
            Self::Function { .. } => text::see_its_log(),
            Self::TimedOut { .. } => text::see_status(),
            Self::Usage { hint, .. } => hint.clone(),
            Self::NothingKnown { .. } => text::success_leaves_nothing(),
            Self::NotStarted { missing: true, .. } => text::is_it_installed(),
            Self::Unwell { .. } => text::do_the_fixes(),
            Self::Api { status: 403, .. } => text::set_keys(),
            Self::Api { .. } | Self::Broken { .. } | Self::NotStarted { .. } => String::new(),
        }
    }

    pub fn envelope(&self) -> Value {
        let retryable = matches!(self, Self::NotRunning { .. } | Self::TimedOut { .. });
        json!({ "code": self.code(), "message": self.to_string(), "hint": self.hint(), "retryable": retryable })
    }
}
