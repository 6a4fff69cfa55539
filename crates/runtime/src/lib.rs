//! Running functions: execution environments, the Lambda Runtime API, logs and meters of each invocation.
//!
//! What does not belong here: functions' configuration, versions, permissions, concurrency limits, retries (services/lambda).

mod contract;
mod pool;

pub use contract::{
    CredentialSource, Credentials, Doorway, Doorways, Engine, EnvironmentError, FunctionSpec, Invocation,
    InvocationError, LogLine, LogSink, Outcome, Report,
};
pub use pool::{Billing, Pool, PoolOptions};
