//! Running functions: execution environments, the Lambda Runtime API, logs and meters of each invocation.
//!
//! What does not belong here: functions' configuration, versions, permissions, concurrency limits, retries (services/lambda).

mod contract;

pub use contract::{
    CredentialSource, Credentials, Engine, EnvironmentError, FunctionSpec, Invocation, InvocationError, LogLine,
    LogSink, Outcome, Report,
};
