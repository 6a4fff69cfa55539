//! Measures cold starts and warm invocations at the engine's boundary, of plain processes and of isolated ones.
//!
//! `cargo run --release -p runtime --example measure -- RUNTIMES_DIR [WARM_COUNT]` (the runtimes must be installed there).

use std::any::Any;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kernel::{AccountId, BoxFuture, Clock, OsRng, RealClock, Region, id};
use runtime::{
    Billing, CredentialSource, Credentials, Doorway, Doorways, Engine, FunctionNetwork, FunctionSpec, Invocation,
    IsolationLevel, LogLine, LogSink, Pool, PoolOptions,
};

/// This program too is its own warden.
const WARDEN: &str = "/proc/self/exe";
const EVENT: &str = include_str!("event.json");

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

fn main() {
    runtime::stand_guard_if_asked();
    let mut arguments = std::env::args().skip(1);
    let runtimes_dir = arguments.next().expect("the folder of the runtimes");
    let warm: usize = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(4000);
    let folder = tempfile::tempdir().expect("a folder");
    let best = runtime::probe_isolation(Path::new(WARDEN)).level;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime starts").block_on(async {
        let functions = [
            ("nodejs20.x", "index.js", "exports.handler = async (event) => event;"),
            ("python3.11", "index.py", "def handler(event, context):\n    return event\n"),
        ];
        for (name, file, source) in functions {
            let code_dir = folder.path().join(name);
            std::fs::create_dir(&code_dir).expect("a folder for the code");
            std::fs::write(code_dir.join(file), source).expect("the code");
            for isolation in [IsolationLevel::Plain, best] {
                let pool = Pool::new(options(&runtimes_dir, folder.path().join(format!("{isolation:?}")), isolation));
                println!("{isolation:?}");
                measure(&pool, function(name, code_dir.clone()), warm).await;
                pool.shutdown().await;
            }
        }
    });
}

#[allow(clippy::disallowed_methods, reason = "stands in for the server, whose config reads the PATH")]
fn options(runtimes_dir: &str, scratch_dir: PathBuf, isolation: IsolationLevel) -> PoolOptions {
    PoolOptions {
        runtimes_dir: runtimes_dir.into(),
        scratch_dir,
        clock: Arc::new(RealClock::default()),
        rng: Arc::new(OsRng),
        logs: Arc::new(Nothing),
        credentials: Arc::new(Nothing),
        doorways: Arc::new(Nothing),
        billing: Billing::Current,
        keep_alive: None,
        search_path: std::env::var("PATH").unwrap_or_default(),
        warden: WARDEN.into(),
        localstack_variables: false,
        isolation,
        network: FunctionNetwork::None,
        own_ports: Vec::new(),
        own_names: Vec::new(),
    }
}

async fn measure(pool: &Pool, spec: FunctionSpec, warm: usize) {
    let clock = RealClock::default();
    // The interpreter is asked for its version once.
    assert_eq!(pool.prepare(&spec.runtime).await, Ok(()));
    let mut cold_times = Vec::new();
    for generation in 0..20 {
        let spec = Arc::new(FunctionSpec { generation: generation.to_string(), ..spec.clone() });
        cold_times.push(timed(pool, &spec, &clock).await);
        pool.retire(&spec.function_arn, None);
    }
    let spec = Arc::new(spec);
    timed(pool, &spec, &clock).await;
    let mut warm_times = Vec::with_capacity(warm);
    for _ in 0..warm {
        warm_times.push(timed(pool, &spec, &clock).await);
    }
    print(&spec.runtime, "cold", cold_times);
    print(&spec.runtime, "warm", warm_times);
}

async fn timed(pool: &Pool, spec: &Arc<FunctionSpec>, clock: &RealClock) -> Duration {
    let invocation = Invocation {
        request_id: id::uuid(&OsRng),
        payload: EVENT.into(),
        invoked_arn: spec.function_arn.clone(),
        client_context: None,
        cognito_identity: None,
        trace_header: None,
        tail: false,
        stream: None,
    };
    let began = clock.monotonic();
    let outcome = pool.invoke(spec.clone(), invocation).await;
    let took = clock.monotonic() - began;
    outcome.result.expect("the function answers");
    took
}

fn print(runtime: &str, what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1000.0;
    println!(
        "{runtime} {what}: n={} least {:.3} ms, p50 {:.3} ms, p90 {:.3} ms, p99 {:.3} ms",
        times.len(),
        at(0),
        at(50),
        at(90),
        at(99)
    );
}

fn function(runtime: &str, code_dir: std::path::PathBuf) -> FunctionSpec {
    FunctionSpec {
        function_arn: format!("arn:aws:lambda:us-east-1:000000000000:function:{runtime}:$LATEST"),
        generation: "warm".into(),
        account: AccountId::default(),
        region: Region::default(),
        function_name: "measured".into(),
        version: "$LATEST".into(),
        runtime: runtime.into(),
        handler: "index.handler".into(),
        code_dir,
        layers: Vec::new(),
        ephemeral_storage_mb: 512,
        memory_mb: 128,
        timeout: Duration::from_secs(30),
        environment: Default::default(),
        log_group: "/aws/lambda/measured".into(),
        log_format: runtime::LogFormat::Text,
        role_arn: "arn:aws:iam::000000000000:role/r".into(),
        tracing_mode: "PassThrough".into(),
    }
}
