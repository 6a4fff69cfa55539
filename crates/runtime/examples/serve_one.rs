//! A server as small as can be: one pool, one function, one event. Prints the answer and waits to be killed.
//!
//! `serve_one RUNTIMES_DIR SCRATCH_DIR CODE_DIR plain|best`

use std::any::Any;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kernel::{AccountId, BoxFuture, OsRng, RealClock, Region};
use runtime::{
    Billing, CredentialSource, Credentials, Doorway, Doorways, Engine, FunctionNetwork, FunctionSpec, Invocation,
    IsolationLevel, LogLine, LogSink, Pool, PoolOptions,
};

struct Nothing;

impl LogSink for Nothing {
    fn write(&self, _: &FunctionSpec, _: &str, _: Vec<LogLine>) {}

    fn flush(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

impl CredentialSource for Nothing {
    fn credentials<'a>(&'a self, _: &'a FunctionSpec) -> BoxFuture<'a, Option<Credentials>> {
        Box::pin(async { None })
    }
}

impl Doorways for Nothing {
    fn open<'a>(&'a self, _: &'a Credentials) -> BoxFuture<'a, Option<Doorway>> {
        Box::pin(async { None })
    }

    fn serve(&self, _: &Credentials, _: Vec<TcpListener>) -> Option<Box<dyn Any + Send + Sync>> {
        None
    }

    fn authority(&self) -> Option<Arc<str>> {
        None
    }
}

#[allow(clippy::disallowed_methods, reason = "stands in for the server, whose config reads the PATH")]
fn main() {
    runtime::stand_guard_if_asked();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [runtimes_dir, scratch_dir, code_dir, level] = arguments.as_slice() else {
        panic!("three folders and a level")
    };
    let pool_options = PoolOptions {
        runtimes_dir: runtimes_dir.into(),
        scratch_dir: scratch_dir.into(),
        clock: Arc::new(RealClock::default()),
        rng: Arc::new(OsRng),
        logs: Arc::new(Nothing),
        credentials: Arc::new(Nothing),
        doorways: Arc::new(Nothing),
        billing: Billing::Current,
        keep_alive: None,
        search_path: std::env::var("PATH").unwrap_or_default(),
        warden: "/proc/self/exe".into(),
        localstack_variables: false,
        isolation: match level.as_str() {
            "plain" => IsolationLevel::Plain,
            _ => runtime::probe_isolation(Path::new("/proc/self/exe")).level,
        },
        network: FunctionNetwork::None,
        own_ports: Vec::new(),
        own_names: Vec::new(),
    };
    let spec = Arc::new(FunctionSpec {
        function_arn: "arn:aws:lambda:us-east-1:000000000000:function:one:$LATEST".into(),
        generation: "1".into(),
        account: AccountId::default(),
        region: Region::default(),
        function_name: "one".into(),
        version: "$LATEST".into(),
        runtime: "nodejs20.x".into(),
        handler: "index.handler".into(),
        code_dir: code_dir.into(),
        layers: Vec::new(),
        ephemeral_storage_mb: 512,
        memory_mb: 128,
        timeout: Duration::from_secs(30),
        environment: Default::default(),
        log_group: "/aws/lambda/one".into(),
        log_format: runtime::LogFormat::Text,
        role_arn: "arn:aws:iam::000000000000:role/r".into(),
        tracing_mode: "PassThrough".into(),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime starts").block_on(async {
        let pool = Pool::new(pool_options);
        let invocation = Invocation {
            request_id: "8f507cfc-xmpl-4697-b07a-ac58fc914c95".into(),
            payload: "{}".into(),
            invoked_arn: spec.function_arn.clone(),
            client_context: None,
            cognito_identity: None,
            trace_header: None,
            tail: false,
            stream: None,
        };
        let outcome = pool.invoke(spec, invocation).await;
        println!("{}", String::from_utf8_lossy(&outcome.result.unwrap_or_default()));
        std::future::pending::<()>().await;
    });
}
