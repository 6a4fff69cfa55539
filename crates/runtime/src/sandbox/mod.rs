//! Processes of functions. The only room where `unsafe` may stand.
//!
//! Every environment has a *warden*: the server's own binary, started again under another name. It makes the function's
//! world where it is to have one, starts the runtime and waits. When its control socket closes, because the server wants
//! it or because the server is dead, every process that came of the runtime ends, however it detached itself: in a world
//! the kernel sees to that, because what waits is the first process of a pid namespace; else the warden looks for them.
#![allow(unsafe_code)]

mod etc;
mod launch;
mod layers;
mod namespaces;
mod network;
mod plan;
mod privileges;
mod probe;
mod program;
mod relatives;
mod root;
mod warden;

pub use etc::Etc;
pub use launch::{Pipes, Sandbox, launch};
pub use namespaces::{FunctionNetwork, Step};
pub use network::{Injected, PLATFORM, RUNTIME_API_PORT};
pub use plan::{Entry, Exit, Plan, Program, Report, World};
pub use probe::{Probed, probe};
pub use warden::stand_guard_if_asked;
