//! What the runtime room and services/lambda agree on.

use std::any::Any;
use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kernel::{AccountId, BoxFuture, Region, Timestamp};
use tokio::sync::watch;

use crate::response_stream::ResponseStream;
pub use crate::runtimes::Readiness;

/// Runs functions. Implemented by the pool of execution environments; services/lambda holds it as `Arc<dyn Engine>`.
pub trait Engine: Send + Sync + 'static {
    /// Runs one invocation in a warm environment of exactly this spec, else in a new one. Never queues: whether there is
    /// room is the caller's question (concurrency limits), asked before.
    fn invoke(&self, spec: Arc<FunctionSpec>, invocation: Invocation) -> BoxFuture<'_, Outcome>;

    /// Ends every idle environment whose spec's `generation` is another than `keep` (all when `None`), and busy ones when
    /// their invocation is over: the function was changed or deleted.
    fn retire(&self, function_arn: &str, keep: Option<&str>);

    /// Keeps so many environments of this spec, initialised before anything calls them: their initialization type is
    /// `provisioned-concurrency`, they are used before others and do not grow old; what dies is replaced. Asking again
    /// changes the number, and tries anew what had failed. The answer follows how they stand.
    fn keep(&self, spec: Arc<FunctionSpec>, count: u32) -> watch::Receiver<Kept> {
        let why = format!("environments of {} cannot be kept here, {count} were asked for", spec.function_arn);
        watch::channel(Kept { ready: 0, failure: Some(KeepFailure::Start(why)) }).1
    }

    /// Ends the environments that are kept for this function's version: idle ones now, busy ones when they are free.
    fn let_go(&self, _function_arn: &str) {}

    /// Makes functions of this runtime able to run here: what is missing is fetched, once however many ask. Answers at once
    /// when nothing is missing. Errors: why they cannot run, in words with what to do.
    fn prepare(&self, runtime: &str) -> BoxFuture<'_, Result<(), String>>;

    /// How a runtime stands that `prepare` was asked for.
    fn readiness(&self, runtime: &str) -> Readiness;

    /// Ends every environment; returns when no process is left.
    fn shutdown(&self) -> BoxFuture<'_, ()>;
}

/// How environments that are kept stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kept {
    /// Initialised ones, busy or idle.
    pub ready: u32,
    /// Why there are no more; nothing is tried until the next `keep`.
    pub failure: Option<KeepFailure>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum KeepFailure {
    /// The function's own initialization failed, or took too long.
    Init,
    /// No process of the function's was started.
    Start(String),
}

/// Why an environment is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initialization {
    OnDemand,
    Provisioned,
}

impl Initialization {
    /// Source: Lambda Developer Guide, "Working with Lambda environment variables", `AWS_LAMBDA_INITIALIZATION_TYPE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OnDemand => "on-demand",
            Self::Provisioned => "provisioned-concurrency",
        }
    }
}

/// Everything that makes two environments interchangeable.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionSpec {
    /// Qualified: ends in `:$LATEST` or `:7`.
    pub function_arn: String,
    /// Changes whenever code or configuration does; environments are reused only within one generation.
    pub generation: String,
    pub account: AccountId,
    pub region: Region,
    pub function_name: String,
    /// `$LATEST` or a number.
    pub version: String,
    /// `nodejs20.x`, `python3.12`, `provided.al2023`, …
    pub runtime: String,
    pub handler: String,
    /// The unpacked code, read-only: what the function sees as /var/task.
    pub code_dir: PathBuf,
    /// Unpacked layers, read-only, in the function's order: what it sees as /opt, where a later one covers an earlier one.
    pub layers: Vec<PathBuf>,
    /// Megabytes of /tmp.
    pub ephemeral_storage_mb: u32,
    /// Megabytes.
    pub memory_mb: u32,
    pub timeout: Duration,
    /// The function's own variables.
    pub environment: BTreeMap<String, String>,
    pub log_group: String,
    pub log_format: LogFormat,
    /// The execution role, for credentials.
    pub role_arn: String,
    /// `Active` or `PassThrough`.
    pub tracing_mode: String,
}

/// How a function's log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Text,
    /// Records of at least these levels.
    Json { application: LogLevel, system: LogLevel },
}

/// Source: Lambda API Reference, LoggingConfig.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl LogLevel {
    /// AWS's names, and Python's for the same.
    pub fn parse(name: &str) -> Option<Self> {
        match name.to_ascii_uppercase().as_str() {
            "TRACE" => Some(Self::Trace),
            "DEBUG" => Some(Self::Debug),
            "INFO" => Some(Self::Info),
            "WARN" | "WARNING" => Some(Self::Warn),
            "ERROR" => Some(Self::Error),
            "FATAL" | "CRITICAL" => Some(Self::Fatal),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }
}

/// One event for a function.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The id in header, context, START, END and REPORT.
    pub request_id: String,
    pub payload: Bytes,
    /// As invoked, with alias or version where one was given: `context.invokedFunctionArn`.
    pub invoked_arn: String,
    /// JSON, decoded from base64: `context.clientContext`.
    pub client_context: Option<String>,
    pub cognito_identity: Option<String>,
    /// `Root=1-…;Parent=…;Sampled=0;Lineage=…`.
    pub trace_header: Option<String>,
    /// Whether the answer shall hold the last 4 KB of the log.
    pub tail: bool,
    /// Where the answer goes while the function writes it; `None` when it is wanted whole. What a runtime answers in one
    /// piece comes as the outcome's result all the same.
    pub stream: Option<ResponseStream>,
}

/// How an invocation ended.
#[derive(Debug)]
pub struct Outcome {
    pub result: Result<Bytes, InvocationError>,
    /// The log's last 4 KB, when asked for.
    pub log_tail: Option<Bytes>,
    /// `None` when no environment could be started.
    pub report: Option<Report>,
}

#[derive(Debug, thiserror::Error)]
pub enum InvocationError {
    /// The function failed: a handler's error, a crash, a timeout, an init that failed. The payload is what AWS answers
    /// with `X-Amz-Function-Error: Unhandled`: `{"errorType":…,"errorMessage":…,"trace":[…]}`.
    #[error("the function failed")]
    Function(Bytes),
    /// The platform could not run it.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    #[error("the runtime {runtime} is not available: {reason}")]
    RuntimeUnavailable { runtime: String, reason: String },
    #[error("the execution environment could not be started: {0}")]
    Start(String),
    #[error("the server is stopping")]
    Stopping,
}

/// What REPORT says.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub duration: Duration,
    pub billed: Duration,
    pub init: Option<Duration>,
    pub memory_mb: u32,
    pub max_memory_mb: u32,
    pub log_stream: String,
}

/// Where a function's log goes. Implemented over services/logs' client; must not block and must not lose what it took.
pub trait LogSink: Send + Sync + 'static {
    /// Lines of one log stream, in order.
    fn write(&self, spec: &FunctionSpec, log_stream: &str, lines: Vec<LogLine>);

    /// Returns when all that was written before is stored.
    fn flush(&self) -> BoxFuture<'_, ()>;
}

#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    pub at: Timestamp,
    /// Exactly as the log keeps it: with the final newline where the function wrote one; may hold newlines.
    pub message: String,
}

/// Temporary credentials of the execution role. Implemented over services/iam's STS.
pub trait CredentialSource: Send + Sync + 'static {
    fn credentials<'a>(&'a self, spec: &'a FunctionSpec) -> BoxFuture<'a, Option<Credentials>>;
}

#[derive(Clone, Debug)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: String,
    pub expires: Timestamp,
}

/// Opens an environment's own way to the AWS APIs. Implemented by the binary over `edge`.
pub trait Doorways: Send + Sync + 'static {
    /// A loopback listener through which only these credentials count; `None` where there is none to give.
    fn open<'a>(&'a self, credentials: &'a Credentials) -> BoxFuture<'a, Option<Doorway>>;

    /// Serves listeners that are there already, in an environment's own network, in the same way. They are closed when
    /// the answer is dropped; `None` where there is nothing to serve.
    fn serve(&self, credentials: &Credentials, listeners: Vec<TcpListener>) -> Option<Box<dyn Any + Send + Sync>>;

    /// The certificate (PEM) of the authority that signs the listeners' TLS certificates.
    fn authority(&self) -> Option<Arc<str>>;
}

/// One environment's listener. It is open as long as this value lives.
pub struct Doorway {
    pub address: SocketAddr,
    /// The certificate (PEM) of the authority that signs the listener's TLS certificates.
    pub authority: Option<Arc<str>>,
    /// Closes the listener when dropped.
    pub guard: Box<dyn Any + Send + Sync>,
}

/// A function for tests.
#[cfg(test)]
pub(crate) fn test_spec(runtime: &str) -> FunctionSpec {
    FunctionSpec {
        function_arn: "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST".into(),
        generation: "1".into(),
        account: AccountId::default(),
        region: Region::default(),
        function_name: "f".into(),
        version: "$LATEST".into(),
        runtime: runtime.into(),
        handler: "index.handler".into(),
        code_dir: "/code".into(),
        layers: Vec::new(),
        ephemeral_storage_mb: 512,
        memory_mb: 1024,
        timeout: Duration::from_secs(3),
        environment: BTreeMap::new(),
        log_group: "/aws/lambda/f".into(),
        log_format: LogFormat::Text,
        role_arn: "arn:aws:iam::000000000000:role/r".into(),
        tracing_mode: "PassThrough".into(),
    }
}
