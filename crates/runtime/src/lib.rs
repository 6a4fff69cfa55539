//! Running functions: execution environments, the Lambda Runtime API, logs and meters of each invocation.
//!
//! What does not belong here: functions' configuration, versions, permissions, concurrency limits, retries (services/lambda).

pub mod bootstraps;
mod contract;
mod environment;
mod isolation;
mod limits;
mod logs;
mod meter;
mod platform_log;
mod pool;
mod rapi;
mod resolver;
mod response_stream;
mod runtimes;
mod sandbox;
mod trust;
mod variables;

pub use contract::{
    CredentialSource, Credentials, Doorway, Doorways, Engine, EnvironmentError, FunctionSpec, Invocation,
    InvocationError, KeepFailure, Kept, LogFormat, LogLevel, LogLine, LogSink, Outcome, Readiness, Report,
};
pub use isolation::{Isolation, IsolationLevel, probe_isolation};
pub use meter::Billing;
pub use pool::{Pool, PoolOptions};
pub use response_stream::{Piece, ResponseStream};
pub use runtimes::{InstallError, InstallStep, Presence, install, installed, presences, remove, runtime_version_arn};
pub use sandbox::{FunctionNetwork, stand_guard_if_asked};

#[doc(hidden)]
pub mod fuzz {
    //! Bodies of the fuzz targets: everything here reads bytes that a function wrote.
    pub use crate::logs::fuzz_telemetry;
    pub use crate::rapi::{fuzz_frames, fuzz_routes};
    pub use crate::resolver::fuzz_questions;
}
