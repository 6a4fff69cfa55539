//! Processes of functions. The only room where `unsafe` may stand.
//!
//! Every environment has a *warden*: the server's own binary, started again under another name. It makes the private
//! mounts, starts the runtime and waits. When its control socket closes, because the server wants it or because the
//! server is dead, it kills every process that came of the runtime, however it detached itself, and ends.
#![allow(unsafe_code)]

mod launch;
mod mounts;
mod plan;
mod relatives;
mod warden;

pub use launch::{Pipes, Sandbox, launch};
pub use plan::{Exit, Plan, Program, Report};
pub use warden::stand_guard_if_asked;
