//! Which environment answers an invocation, and how long environments live.

use std::path::PathBuf;
use std::sync::Arc;

use kernel::{BoxFuture, Clock, Rng};

use crate::contract::{
    CredentialSource, Doorways, Engine, EnvironmentError, FunctionSpec, Invocation, InvocationError, LogSink, Outcome,
};

/// How an invocation's billed time is reckoned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Billing {
    /// Whole milliseconds, the initialization of a cold start included.
    #[default]
    Current,
    /// Steps of 100 ms, without the initialization: how AWS reckoned until 2020.
    Year2017,
}

/// What the pool is made of.
pub struct PoolOptions {
    /// Where `install` has put the runtime clients.
    pub runtimes_dir: PathBuf,
    /// Where environments have their own folders (/tmp); emptied at start.
    pub scratch_dir: PathBuf,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub logs: Arc<dyn LogSink>,
    pub credentials: Arc<dyn CredentialSource>,
    pub doorways: Arc<dyn Doorways>,
    pub billing: Billing,
    /// The server's own PATH: where `node` and `python3.x` are looked for.
    pub search_path: String,
}

/// Runs functions in processes of this machine.
pub struct Pool {
    #[allow(dead_code, reason = "read by the environments, which follow")]
    options: PoolOptions,
}

impl Pool {
    pub fn new(options: PoolOptions) -> Arc<Self> {
        Arc::new(Self { options })
    }
}

impl Engine for Pool {
    fn invoke(&self, spec: Arc<FunctionSpec>, _: Invocation) -> BoxFuture<'_, Outcome> {
        let reason = self.unavailable(&spec.runtime).unwrap_or_default();
        let error = EnvironmentError::RuntimeUnavailable { runtime: spec.runtime.clone(), reason };
        Box::pin(async { Outcome { result: Err(InvocationError::Environment(error)), log_tail: None, report: None } })
    }

    fn retire(&self, _: &str, _: Option<&str>) {}

    fn unavailable(&self, runtime: &str) -> Option<String> {
        Some(format!("environments for {runtime} are not built yet"))
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
