//! Running functions: execution environments, the Lambda Runtime API, logs and meters of each invocation.
//!
//! What does not belong here: functions' configuration, versions, permissions, concurrency limits, retries (services/lambda).

mod bootstraps;
mod contract;
mod limits;
mod logs;
mod pool;
mod rapi;
mod sandbox;

pub use contract::{
    CredentialSource, Credentials, Doorway, Doorways, Engine, EnvironmentError, FunctionSpec, Invocation,
    InvocationError, LogLine, LogSink, Outcome, Report,
};
pub use pool::{Billing, Pool, PoolOptions};
pub use sandbox::stand_guard_if_asked;

#[doc(hidden)]
pub mod fuzz {
    //! Bodies of the fuzz targets: everything here reads bytes that a function wrote.
    pub use crate::logs::fuzz_telemetry;
    pub use crate::rapi::{fuzz_frames, fuzz_routes};
}
