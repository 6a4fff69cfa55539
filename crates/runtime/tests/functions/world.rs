//! A pool with everything around it made visible.

use std::any::Any;
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use kernel::{AccountId, BoxFuture, Clock, OsRng, RealClock, Region, Timestamp, id};
use runtime::{
    Billing, CredentialSource, Credentials, Doorway, Doorways, Engine, FunctionNetwork, FunctionSpec, Invocation,
    InvocationError, IsolationLevel, LogLine, LogSink, Outcome, Piece, Pool, PoolOptions, ResponseStream,
};

#[derive(Default)]
pub struct Logs {
    pub lines: Mutex<Vec<(String, LogLine)>>,
}

impl LogSink for Logs {
    fn write(&self, _: &FunctionSpec, log_stream: &str, lines: Vec<LogLine>) {
        self.lines.lock().unwrap().extend(lines.into_iter().map(|line| (log_stream.to_owned(), line)));
    }

    fn flush(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

struct Role;

impl CredentialSource for Role {
    fn credentials<'a>(&'a self, _: &'a FunctionSpec) -> BoxFuture<'a, Option<Credentials>> {
        let expires = RealClock::default().now() + Duration::from_secs(3600);
        Box::pin(async move {
            Some(Credentials {
                access_key_id: "ASIAEXAMPLE".into(),
                secret_access_key: "secret".into(),
                session_token: "token".into(),
                expires,
            })
        })
    }
}

struct Door;

impl Doorways for Door {
    fn open<'a>(&'a self, _: &'a Credentials) -> BoxFuture<'a, Option<Doorway>> {
        Box::pin(async {
            Some(Doorway { address: "127.0.0.1:4".parse().unwrap(), authority: None, guard: Box::new(()) })
        })
    }

    fn serve(&self, _: &Credentials, _: Vec<TcpListener>) -> Option<Box<dyn Any + Send + Sync>> {
        None
    }

    fn authority(&self) -> Option<Arc<str>> {
        None
    }
}

/// Everything real, except that ten seconds pass like one and ten minutes like half of one.
struct Hurry(RealClock);

impl Clock for Hurry {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn wall(&self) -> Timestamp {
        self.0.wall()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep_until(&self, due: Timestamp) -> BoxFuture<'static, ()> {
        self.0.sleep_until(due)
    }

    fn pause(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.pause(match duration.as_secs() {
            600 => Duration::from_millis(500),
            9..=10 => Duration::from_secs(1),
            _ => duration,
        })
    }
}

pub struct World {
    pub pool: Arc<Pool>,
    pub logs: Arc<Logs>,
    pub folder: tempfile::TempDir,
}

pub fn search_path() -> String {
    std::env::var("PATH").unwrap()
}

/// The runtime clients, installed once for all tests.
pub fn runtimes_dir() -> PathBuf {
    static INSTALLED: Once = Once::new();
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("runtimes");
    INSTALLED.call_once(|| {
        for runtime in ["nodejs20.x", "python3.11"] {
            runtime::install(runtime, &dir, &search_path(), |_| {}).unwrap();
        }
    });
    dir
}

/// What this host allows.
pub fn level() -> IsolationLevel {
    static LEVEL: OnceLock<IsolationLevel> = OnceLock::new();
    *LEVEL.get_or_init(|| runtime::probe_isolation(Path::new(env!("CARGO_BIN_EXE_function-warden"))).level)
}

pub fn clock() -> impl Clock {
    RealClock::default()
}

impl World {
    pub fn new() -> Self {
        Self::with(level())
    }

    pub fn with(isolation: IsolationLevel) -> Self {
        Self::of(isolation, Arc::new(RealClock::default()))
    }

    /// With a clock that shortens the long waits: initialization and keep-alive.
    pub fn in_a_hurry() -> Self {
        Self::of(level(), Arc::new(Hurry(RealClock::default())))
    }

    fn of(isolation: IsolationLevel, clock: Arc<dyn Clock>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let logs = Arc::new(Logs::default());
        let pool = Pool::new(PoolOptions {
            runtimes_dir: runtimes_dir(),
            scratch_dir: folder.path().join("scratch"),
            clock,
            rng: Arc::new(OsRng),
            logs: logs.clone(),
            credentials: Arc::new(Role),
            doorways: Arc::new(Door),
            billing: Billing::Current,
            keep_alive: None,
            search_path: search_path(),
            warden: env!("CARGO_BIN_EXE_function-warden").into(),
            localstack_variables: false,
            isolation,
            network: FunctionNetwork::None,
            own_ports: Vec::new(),
            own_names: Vec::new(),
        });
        Self { pool, logs, folder }
    }

    /// A function of one file.
    pub fn function(&self, runtime: &str, file: &str, source: &str) -> FunctionSpec {
        let name = format!("f{}", id::ten(&OsRng));
        let code_dir = self.folder.path().join(&name);
        std::fs::create_dir(&code_dir).unwrap();
        let path = code_dir.join(file);
        std::fs::write(&path, source).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        FunctionSpec {
            function_arn: format!("arn:aws:lambda:us-east-1:000000000000:function:{name}:$LATEST"),
            generation: "1".into(),
            account: AccountId::default(),
            region: Region::default(),
            log_group: format!("/aws/lambda/{name}"),
            log_format: runtime::LogFormat::Text,
            function_name: name,
            version: "$LATEST".into(),
            runtime: runtime.into(),
            handler: format!("{}.handler", file.split('.').next().unwrap()),
            code_dir,
            layers: Vec::new(),
            ephemeral_storage_mb: 512,
            memory_mb: 256,
            timeout: Duration::from_secs(20),
            environment: BTreeMap::new(),
            role_arn: "arn:aws:iam::000000000000:role/r".into(),
            tracing_mode: "PassThrough".into(),
        }
    }

    pub fn nodejs(&self, source: &str) -> FunctionSpec {
        self.function("nodejs20.x", "index.js", source)
    }

    pub fn python(&self, source: &str) -> FunctionSpec {
        self.function("python3.11", "app.py", source)
    }

    pub async fn invoke(&self, spec: &FunctionSpec, payload: &str) -> Answer {
        self.run(spec, payload, None).await
    }

    /// The same, and everything that the function wrote on the way.
    pub async fn stream(&self, spec: &FunctionSpec, payload: &str) -> (Answer, Vec<Piece>) {
        let (stream, mut pieces) = ResponseStream::new();
        let reading = async {
            let mut read = Vec::new();
            while let Some(piece) = pieces.recv().await {
                read.push(piece);
            }
            read
        };
        tokio::join!(self.run(spec, payload, Some(stream)), reading)
    }

    pub async fn stream_to_nobody(&self, spec: &FunctionSpec, payload: &str) -> Answer {
        let (stream, pieces) = ResponseStream::new();
        drop(pieces);
        self.run(spec, payload, Some(stream)).await
    }

    async fn run(&self, spec: &FunctionSpec, payload: &str, stream: Option<ResponseStream>) -> Answer {
        let request_id = id::uuid(&OsRng);
        let invocation = Invocation {
            request_id: request_id.clone(),
            payload: Bytes::copy_from_slice(payload.as_bytes()),
            invoked_arn: spec.function_arn.clone(),
            client_context: Some(r#"{"custom":{"a":"b"}}"#.into()),
            cognito_identity: None,
            trace_header: Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0".into()),
            tail: true,
            stream,
        };
        Answer { request_id, outcome: self.pool.invoke(Arc::new(spec.clone()), invocation).await }
    }

    pub fn log(&self) -> Vec<String> {
        self.logs.lines.lock().unwrap().iter().map(|(_, line)| line.message.clone()).collect()
    }

    pub fn streams(&self) -> Vec<String> {
        let mut streams: Vec<String> = self.logs.lines.lock().unwrap().iter().map(|(s, _)| s.clone()).collect();
        streams.dedup();
        streams
    }
}

pub struct Answer {
    pub request_id: String,
    pub outcome: Outcome,
}

impl Answer {
    pub fn text(&self) -> &str {
        match &self.outcome.result {
            Ok(payload) => std::str::from_utf8(payload).unwrap(),
            Err(error) => panic!("{error:?}"),
        }
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(self.text()).unwrap()
    }

    /// The payload of a function that failed.
    pub fn failure(&self) -> serde_json::Value {
        match &self.outcome.result {
            Err(InvocationError::Function(payload)) => serde_json::from_slice(payload).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    pub fn tail(&self) -> String {
        String::from_utf8(self.outcome.log_tail.clone().unwrap().to_vec()).unwrap()
    }
}

/// Waits until a condition holds, at most ten seconds.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        clock().pause(Duration::from_millis(10)).await;
    }
    panic!("never: {what}");
}

/// How many processes of the environment with this log stream there are on this machine. (One that has ended and waits
/// for its parent has no environment any more.)
pub fn processes(stream: &str) -> usize {
    let wanted = format!("AWS_LAMBDA_LOG_STREAM_NAME={stream}");
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let has_it = |environment: Vec<u8>| environment.split(|byte| *byte == 0).any(|pair| pair == wanted.as_bytes());
    all.filter(|entry| std::fs::read(entry.path().join("environ")).is_ok_and(has_it)).count()
}

pub fn alive(stream: &str) -> bool {
    processes(stream) > 0
}

pub fn ordered(log: &[String], starts: &[&str]) {
    let mut lines = log.iter();
    for start in starts {
        assert!(lines.any(|line| line.starts_with(start)), "{start} is missing or out of order in {log:#?}");
    }
}
