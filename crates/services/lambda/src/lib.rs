//! Lambda: functions from zips, versions, aliases, permissions, invocations now and later.
//!
//! The path of an invocation: `ops/invoke` finds the function in memory (`functions`), asks whether the caller may
//! (`access`) and whether there is room (`admission`, `concurrency`), and hands it to the engine; an event is kept first (`records`),
//! then run by `tasks` until it has succeeded or is given up.
//! What does not belong here: processes and the Runtime API (runtime), log groups (services/logs), roles (services/iam),
//! event source mappings.

mod access;
mod admission;
mod code;
mod concurrency;
mod credentials;
mod destinations;
mod error;
mod events;
mod functions;
mod kept_events;
mod layer_records;
mod layers;
pub mod limits;
mod log_sink;
mod metrics;
pub mod model;
mod ops;
mod present;
mod provisioning;
mod readiness;
mod recall;
mod records;
mod service;
mod streamed;
mod tasks;
pub mod url;
pub mod zip;

pub use code::{CODE_PATH, CodeDoor, CodeRefused};
pub use credentials::RoleCredentials;
pub use error::{Error, Throttle};
pub use log_sink::LogsSink;
pub use service::{LambdaService, Parts, Settings};
