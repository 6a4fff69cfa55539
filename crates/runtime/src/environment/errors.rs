//! The payloads of functions that failed without saying how.
//!
//! Source: recorded answers of functions that exit and of a missing wrapper; AWS's published texts for the others.

use std::time::Duration;

use bytes::Bytes;

use crate::limits::RESPONSE_BYTES_MAX;
use crate::sandbox::Exit;

/// How an invocation, or the initialization before it, failed.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// The runtime client said so itself.
    Told(Bytes),
    TooLarge,
    Exited(Exit),
    TimedOut,
    /// `provided.*` without a program that can be started.
    InvalidEntrypoint(Entrypoint),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Entrypoint {
    Missing,
    NotExecutable { errno: i32 },
}

impl Failure {
    /// `X-Amz-Function-Error: Unhandled` comes with this body.
    pub fn payload(&self, request_id: &str, timeout: Duration) -> Bytes {
        match self {
            Self::Told(payload) => payload.clone(),
            _ => serde_json::json!({
                "errorType": self.kind(),
                "errorMessage": self.message(request_id, timeout),
            })
            .to_string()
            .into(),
        }
    }

    /// `errorType`, as REPORT and INIT_REPORT show it too.
    pub fn kind(&self) -> String {
        match self {
            Self::Told(payload) => told_kind(payload),
            Self::TooLarge => "Function.ResponseSizeTooLarge".to_owned(),
            Self::Exited(_) => "Runtime.ExitError".to_owned(),
            Self::TimedOut => "Sandbox.Timedout".to_owned(),
            Self::InvalidEntrypoint(_) => "Runtime.InvalidEntrypoint".to_owned(),
        }
    }

    pub fn message(&self, request_id: &str, timeout: Duration) -> String {
        let reason = match self {
            Self::Told(_) => String::new(),
            Self::TooLarge => {
                return format!(
                    "Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."
                );
            }
            Self::Exited(exit) => exit.to_string(),
            Self::TimedOut => timed_out(timeout),
            Self::InvalidEntrypoint(Entrypoint::Missing) => {
                "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]".to_owned()
            }
            Self::InvalidEntrypoint(Entrypoint::NotExecutable { errno }) => {
                format!("fork/exec /var/task/bootstrap: {}", errno_name(*errno))
            }
        };
        format!("RequestId: {request_id} Error: {reason}")
    }
}

pub fn timed_out(timeout: Duration) -> String {
    format!("Task timed out after {:.2} seconds", timeout.as_secs_f64())
}

fn told_kind(payload: &[u8]) -> String {
    let told: Option<serde_json::Value> = serde_json::from_slice(payload).ok();
    let kind = told.as_ref().and_then(|told| told.get("errorType")?.as_str());
    // AWS's reports name only its own kinds; whatever a function made up is unknown to them.
    match kind {
        Some(kind) if kind.starts_with("Runtime.") || kind.starts_with("Function.") => kind.to_owned(),
        _ => "Runtime.Unknown".to_owned(),
    }
}

fn errno_name(errno: i32) -> &'static str {
    match errno {
        libc::EACCES => "permission denied",
        libc::ENOEXEC => "exec format error",
        libc::ENOENT => "no such file or directory",
        _ => "input/output error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(failure: Failure, expected: &str) {
        assert_eq!(failure.payload("R", Duration::from_secs(3)), expected);
    }

    #[test]
    fn failures_read_as_on_aws() {
        check(
            Failure::Exited(Exit::Status(1)),
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: R Error: Runtime exited with error: exit status 1"}"#,
        );
        check(
            Failure::Exited(Exit::Status(0)),
            r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: R Error: Runtime exited without providing a reason"}"#,
        );
        check(
            Failure::TimedOut,
            r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: R Error: Task timed out after 3.00 seconds"}"#,
        );
        check(
            Failure::TooLarge,
            r#"{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}"#,
        );
        check(Failure::Told(Bytes::from_static(b"{}")), "{}");
    }
}
