//! Failed invocations as facts: what an error's type says of how a function ended.

use kernel::Timestamp;
use runtime::{EnvironmentError, FunctionSpec, InvocationError, Outcome};
use telemetry::{Fact, What};

/// The fact of an invocation that ended in `error`, told as `kind` and `message`.
pub fn fact(
    spec: &FunctionSpec,
    request_id: &str,
    at: Timestamp,
    outcome: &Outcome,
    error: &InvocationError,
    kind: &str,
    message: &str,
) -> Fact {
    Fact {
        at,
        account: spec.account.clone(),
        region: spec.region.clone(),
        requests: vec![request_id.to_owned()],
        messages: Vec::new(),
        what: what(spec, outcome, error, kind, message),
    }
}

fn what(spec: &FunctionSpec, outcome: &Outcome, error: &InvocationError, kind: &str, message: &str) -> What {
    let (function, runtime) = (spec.function_name.clone(), spec.runtime.clone());
    if let InvocationError::Environment(error) = error {
        let reason = match error {
            EnvironmentError::RuntimeUnavailable { reason, .. } => reason.clone(),
            other => other.to_string(),
        };
        return What::NotStarted { function, runtime, reason };
    }
    let (error_type, message) = (kind.to_owned(), message.to_owned());
    let log_group = spec.log_group.clone();
    let report = outcome.report.as_ref();
    let log_stream = report.map(|report| report.log_stream.clone()).unwrap_or_default();
    match kind {
        "Sandbox.Timedout" => What::TimedOut { function, timeout_ms: millis(spec.timeout), log_group, log_stream },
        // Source: Lambda Developer Guide, "Troubleshoot execution issues"; recorded errors of the runtime clients.
        "Runtime.ImportModuleError"
        | "Runtime.UserCodeSyntaxError"
        | "Runtime.MalformedHandlerName"
        | "Runtime.HandlerNotFound"
        | "Runtime.InvalidEntrypoint" => What::ImportRefused { function, runtime, error_type, message },
        "Runtime.ExitError" | "Runtime.OutOfMemory" => What::Crashed {
            function,
            error_type,
            message,
            memory_mb: spec.memory_mb,
            max_memory_mb: report.map_or(0, |report| report.max_memory_mb),
            log_group,
            log_stream,
        },
        _ => {
            let ran_ms = report.map_or(0, |report| millis(report.duration));
            What::HandlerFailed { function, error_type, message, ran_ms, log_group, log_stream }
        }
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use bytes::Bytes;
    use kernel::{AccountId, Region};

    use super::*;

    fn spec() -> FunctionSpec {
        FunctionSpec {
            function_arn: "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST".to_owned(),
            generation: "1".to_owned(),
            account: AccountId::default(),
            region: Region::default(),
            function_name: "f".to_owned(),
            version: "$LATEST".to_owned(),
            runtime: "nodejs20.x".to_owned(),
            handler: "index.handler".to_owned(),
            code_dir: "/".into(),
            layers: Vec::new(),
            ephemeral_storage_mb: 512,
            memory_mb: 128,
            timeout: Duration::from_secs(6),
            environment: BTreeMap::new(),
            log_group: "/aws/lambda/f".to_owned(),
            log_format: runtime::LogFormat::Text,
            role_arn: "arn:aws:iam::000000000000:role/r".to_owned(),
            tracing_mode: "PassThrough".to_owned(),
        }
    }

    fn told(kind: &str) -> What {
        let error = InvocationError::Function(Bytes::new());
        let outcome = Outcome { result: Ok(Bytes::new()), log_tail: None, report: None };
        what(&spec(), &outcome, &error, kind, "m")
    }

    #[test]
    fn an_error_s_type_says_how_a_function_ended() {
        assert!(matches!(told("Sandbox.Timedout"), What::TimedOut { timeout_ms: 6000, .. }));
        assert!(matches!(told("Runtime.ExitError"), What::Crashed { memory_mb: 128, .. }));
        assert!(matches!(told("Runtime.ImportModuleError"), What::ImportRefused { .. }));
        for chosen in ["SyntaxError", "", "Function.ResponseSizeTooLarge"] {
            assert!(matches!(told(chosen), What::HandlerFailed { error_type, .. } if error_type == chosen));
        }
    }

    #[test]
    fn what_could_not_be_started_says_why() {
        let missing =
            EnvironmentError::RuntimeUnavailable { runtime: "nodejs20.x".to_owned(), reason: "gone".to_owned() };
        let outcome = Outcome { result: Ok(Bytes::new()), log_tail: None, report: None };
        let error = InvocationError::Environment(missing);
        let told = what(&spec(), &outcome, &error, "Environment", "m");
        let expected =
            What::NotStarted { function: "f".to_owned(), runtime: "nodejs20.x".to_owned(), reason: "gone".to_owned() };
        assert_eq!(told, expected);
    }
}
