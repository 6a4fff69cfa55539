//! One execution environment: a log stream, a folder, credentials, and one runtime process after another.
//!
//! Every environment is one task. It owns everything that belongs to it, so ending the task ends the processes.

mod cold_start;
mod errors;
mod event;
mod journal;
mod language;
mod life;
mod process;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernel::{Clock, Rng};
use tokio::sync::oneshot;

use crate::contract::{CredentialSource, Doorways, Invocation, LogSink, Outcome};
use crate::isolation::IsolationLevel;
use crate::meter::Billing;
use crate::runtimes::{Fetching, Runtimes};
use crate::sandbox::{Etc, FunctionNetwork};

pub use life::{Environment, Home};

/// What all environments of a pool share.
pub struct Platform {
    pub runtimes: Arc<Runtimes>,
    pub fetching: Arc<Fetching>,
    pub scratch_dir: PathBuf,
    pub warden: PathBuf,
    pub localstack_variables: bool,
    /// Whether OpenSSL's folder holds the system's roots.
    pub openssl_roots: bool,
    pub isolation: IsolationLevel,
    pub network: FunctionNetwork,
    pub own_ports: Vec<u16>,
    pub own_names: Arc<[String]>,
    pub etc: Etc,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub logs: Arc<dyn LogSink>,
    pub credentials: Arc<dyn CredentialSource>,
    pub doorways: Arc<dyn Doorways>,
    pub billing: Billing,
    /// How long an idle environment is kept.
    pub keep_alive: Duration,
}

impl Platform {
    /// Whether environments have a network each.
    pub fn has_own_network(&self) -> bool {
        self.isolation != IsolationLevel::Plain && self.network == FunctionNetwork::None
    }
}

/// An event on its way into an environment. One that comes too late is given back unused.
pub struct Delivery {
    pub invocation: Invocation,
    pub reply: oneshot::Sender<Result<Outcome, Invocation>>,
}
