//! A Lambda service over a store, with an engine that answers as a test says.
#![allow(dead_code)] // Each test binary uses its own part of the world.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_lambda::Lambda;
use api_lambda::types::*;
use bytes::Bytes;
use kernel::{
    Access, AccountId, BoxFuture, Caller, Clock, Cx, OsRng, Principals, Region, RoleRefused, VirtualClock, id,
};
use runtime::{Engine, FunctionSpec, Invocation, InvocationError, KeepFailure, Kept, Outcome, Readiness, Report};
use service_lambda::{LambdaService, Parts, Settings};
use store::Store;
use telemetry::{Fact, Facts, Meter, Sample};
use tokio::sync::watch;
use wire::ApiError;

pub const ROLE: &str = "arn:aws:iam::000000000000:role/worker";

pub type Answer = Result<Bytes, InvocationError>;
type Script = Box<dyn Fn(&FunctionSpec, &Invocation) -> Answer + Send + Sync>;

/// Remembers what it ran.
pub struct FakeEngine {
    pub script: Mutex<Arc<Script>>,
    pub ran: Mutex<Vec<(Arc<FunctionSpec>, Invocation)>>,
    pub retired: Mutex<Vec<(String, Option<String>)>>,
    /// What it was asked to keep, and how that stands: by the version's ARN.
    pub kept: Mutex<BTreeMap<String, (u32, watch::Sender<Kept>)>>,
    /// Invocations wait while it is closed.
    pub gate: tokio::sync::watch::Sender<bool>,
}

impl FakeEngine {
    fn new() -> Arc<Self> {
        let echo: Script = Box::new(|_, invocation| Ok(invocation.payload.clone()));
        Arc::new(Self {
            script: Mutex::new(Arc::new(echo)),
            ran: Mutex::default(),
            retired: Mutex::default(),
            kept: Mutex::default(),
            gate: tokio::sync::watch::channel(true).0,
        })
    }

    pub fn answer(&self, script: impl Fn(&FunctionSpec, &Invocation) -> Answer + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Arc::new(Box::new(script));
    }

    /// How many environments of a function's version it was asked to keep.
    pub fn keeps(&self, version: &str) -> Option<u32> {
        let kept = self.kept.lock().unwrap();
        kept.iter().find(|(arn, _)| arn.ends_with(version)).map(|(_, (count, _))| *count)
    }

    /// Says how the environments of a function's version stand.
    pub fn stands(&self, version: &str, ready: u32, failure: Option<KeepFailure>) {
        let kept = self.kept.lock().unwrap();
        let (_, (_, state)) = kept.iter().find(|(arn, _)| arn.ends_with(version)).unwrap();
        state.send_replace(Kept { ready, failure });
    }

    pub fn runs(&self) -> usize {
        self.ran.lock().unwrap().len()
    }
}

impl Engine for FakeEngine {
    fn invoke(&self, spec: Arc<FunctionSpec>, invocation: Invocation) -> BoxFuture<'_, Outcome> {
        Box::pin(async move {
            self.ran.lock().unwrap().push((spec.clone(), invocation.clone()));
            self.gate.subscribe().wait_for(|open| *open).await.unwrap();
            let script = self.script.lock().unwrap().clone();
            let log_tail = invocation.tail.then(|| Bytes::from_static(b"END"));
            let report = Report {
                duration: Duration::from_micros(12_345),
                billed: Duration::from_millis(13),
                init: None,
                memory_mb: 128,
                max_memory_mb: 30,
                log_stream: "stream".to_owned(),
            };
            Outcome { result: script(&spec, &invocation), log_tail, report: Some(report) }
        })
    }

    fn retire(&self, function_arn: &str, keep: Option<&str>) {
        self.retired.lock().unwrap().push((function_arn.to_owned(), keep.map(str::to_owned)));
    }

    fn keep(&self, spec: Arc<FunctionSpec>, count: u32) -> watch::Receiver<Kept> {
        let state = watch::Sender::new(Kept::default());
        let answer = state.subscribe();
        self.kept.lock().unwrap().insert(spec.function_arn.clone(), (count, state));
        answer
    }

    fn let_go(&self, function_arn: &str) {
        self.kept.lock().unwrap().remove(function_arn);
    }

    fn prepare(&self, runtime: &str) -> BoxFuture<'_, Result<(), String>> {
        let java = runtime.starts_with("java").then(|| "no Java here".to_owned());
        Box::pin(std::future::ready(java.map_or(Ok(()), Err)))
    }

    fn readiness(&self, runtime: &str) -> Readiness {
        match runtime {
            "nodejs14.x" => Readiness::Fetching,
            "nodejs16.x" => Readiness::Failed("offline".to_owned()),
            _ => Readiness::Ready,
        }
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

pub struct FakePrincipals;

impl Principals for FakePrincipals {
    fn as_service(&self, name: &str, account: &AccountId, region: &Region) -> Cx {
        Cx::new(&id::uuid(&OsRng), account.clone(), region.clone(), Caller::service(name), Access::Open)
    }

    fn as_role<'a>(
        &'a self,
        service: &'a str,
        _role_arn: &'a str,
        _session: &'a str,
        region: &'a Region,
    ) -> BoxFuture<'a, Result<Cx, RoleRefused>> {
        let cx = self.as_service(service, &AccountId::default(), region);
        Box::pin(async move { Ok(cx) })
    }
}

/// Roles: `worker` trusts Lambda, everything else does not exist.
pub struct FakeIam;

impl api_iam::Iam for FakeIam {
    async fn get_role(
        &self,
        _cx: &Cx,
        input: api_iam::types::GetRoleRequest,
    ) -> Result<api_iam::types::GetRoleResponse, ApiError> {
        let service = match input.role_name.as_str() {
            "worker" => "lambda.amazonaws.com",
            "other" => "ec2.amazonaws.com",
            _ => return Err(ApiError::unmodeled(404, "NoSuchEntity", "no such role")),
        };
        let trust = format!(
            "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22\
             %3A%7B%22Service%22%3A%22{service}%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D"
        );
        let role = api_iam::types::Role {
            arn: format!("arn:aws:iam::000000000000:role/{}", input.role_name),
            assume_role_policy_document: Some(trust),
            ..api_iam::types::Role::default()
        };
        Ok(api_iam::types::GetRoleResponse { role })
    }
}

pub struct NoLogs;

impl runtime::LogSink for NoLogs {
    fn write(&self, _spec: &FunctionSpec, _log_stream: &str, _lines: Vec<runtime::LogLine>) {}

    fn flush(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// Remembers messages.
#[derive(Default)]
pub struct FakeSqs(pub Mutex<Vec<api_sqs::types::SendMessageRequest>>);

impl api_sqs::Sqs for FakeSqs {
    async fn send_message(
        &self,
        _cx: &Cx,
        input: api_sqs::types::SendMessageRequest,
    ) -> Result<api_sqs::types::SendMessageResult, ApiError> {
        self.0.lock().unwrap().push(input);
        Ok(api_sqs::types::SendMessageResult::default())
    }
}

/// Remembers samples and facts.
#[derive(Default)]
pub struct Told {
    /// `Metric{Dimension=value,…}`, a value, and how often.
    pub samples: Mutex<Vec<(String, f64, f64)>>,
    pub facts: Mutex<Vec<Fact>>,
}

impl Meter for Told {
    fn record(&self, sample: &Sample<'_>) {
        let dimensions: Vec<_> = sample.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let name = format!("{}{{{}}}", sample.metric, dimensions.join(","));
        self.samples.lock().unwrap().extend(sample.values.iter().map(|(value, count)| (name.clone(), *value, *count)));
    }
}

impl Facts for Told {
    fn tell(&self, fact: Fact) {
        self.facts.lock().unwrap().push(fact);
    }
}

pub struct World {
    pub told: Arc<Told>,
    pub lambda: LambdaService,
    pub engine: Arc<FakeEngine>,
    pub clock: Arc<VirtualClock>,
    pub sqs: Arc<FakeSqs>,
    pub store: Store,
    pub code_dir: tempfile::TempDir,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl World {
    pub fn new() -> Self {
        let clock = Arc::new(VirtualClock::default());
        let store = Store::memory(clock.clone(), Arc::new(OsRng));
        Self::over(store, clock, 1_000)
    }

    pub fn over(store: Store, clock: Arc<VirtualClock>, concurrency_limit: u32) -> Self {
        let code_dir = tempfile::tempdir().unwrap();
        let engine = FakeEngine::new();
        let (iam, sqs) = (api_iam::Client::default(), api_sqs::Client::default());
        iam.bind(Arc::new(FakeIam));
        let queue = Arc::new(FakeSqs::default());
        sqs.bind(queue.clone());
        let settings =
            Settings { concurrency_limit, ..Settings::new(code_dir.path().join("code"), "http://127.0.0.1:4566") };
        let told = Arc::new(Told::default());
        let parts = Parts {
            store: store.clone(),
            engine: engine.clone(),
            logs: Arc::new(NoLogs),
            clock: clock.clone(),
            rng: Arc::new(OsRng),
            principals: Arc::new(FakePrincipals),
            iam,
            sqs,
            event_sources: api_lambda::Client::default(),
            meter: told.clone(),
            facts: told.clone(),
            settings,
        };
        let lambda = LambdaService::open(parts).unwrap();
        Self { told, lambda, engine, clock, sqs: queue, store, code_dir, task: None }
    }

    /// Runs accepted events from now on.
    pub fn start(mut self) -> Self {
        let lambda = self.lambda.clone();
        self.task = Some(tokio::spawn(async move { lambda.run().await }));
        self
    }

    pub async fn create(&self, name: &str) -> FunctionConfiguration {
        self.lambda.create_function(&cx(), new_function(name)).await.unwrap()
    }

    pub async fn invoke(&self, name: &str, payload: &'static str) -> Result<InvocationResponse, ApiError> {
        self.lambda.invoke(&cx(), invocation(name, payload, "RequestResponse")).await
    }

    pub async fn send(&self, name: &str, payload: &'static str) -> Result<InvocationResponse, ApiError> {
        self.lambda.invoke(&cx(), invocation(name, payload, "Event")).await
    }

    /// Waits until the engine has run so often.
    pub async fn ran(&self, times: usize) {
        until(|| self.engine.runs() >= times).await;
    }

    /// Waits until no event waits or runs.
    pub async fn no_events(&self) {
        until(|| self.lambda.events_open() == 0).await;
    }

    /// The sum of a metric's values: `Metric{Dimension=value,…}`.
    pub fn sum(&self, metric: &str) -> f64 {
        self.lambda.flush_metrics();
        let samples = self.told.samples.lock().unwrap();
        samples.iter().filter(|(name, ..)| name == metric).map(|(_, value, count)| value * count).sum()
    }

    pub fn highest(&self, metric: &str) -> Option<f64> {
        self.lambda.flush_metrics();
        let samples = self.told.samples.lock().unwrap();
        samples.iter().filter(|(name, ..)| name == metric).map(|(_, value, _)| *value).max_by(f64::total_cmp)
    }

    pub fn advance(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }
}

/// Waits for a condition that another task brings about.
pub async fn until(condition: impl Fn() -> bool) {
    let clock: Arc<dyn Clock> = Arc::new(kernel::RealClock::default());
    let reached = async {
        while !condition() {
            clock.pause(Duration::from_millis(2)).await;
        }
    };
    clock.timeout(Duration::from_secs(20), reached).await.expect("the condition is met in time");
}

pub fn cx() -> Cx {
    cx_of(Caller::root(&AccountId::default()), Access::Open)
}

pub fn cx_of(caller: Caller, access: Access) -> Cx {
    Cx::new(&id::uuid(&OsRng), AccountId::default(), Region::default(), caller, access)
}

pub fn cx_in(account: &str, region: &str) -> Cx {
    let account = AccountId::parse(account).unwrap();
    Cx::new(&id::uuid(&OsRng), account.clone(), Region::new(region), Caller::root(&account), Access::Open)
}

pub fn new_function(name: &str) -> CreateFunctionRequest {
    CreateFunctionRequest {
        function_name: name.to_owned(),
        runtime: Some("nodejs20.x".into()),
        role: ROLE.to_owned(),
        handler: Some("index.handler".to_owned()),
        code: FunctionCode {
            zip_file: Some(zip("exports.handler = async (event) => event")),
            ..FunctionCode::default()
        },
        ..CreateFunctionRequest::default()
    }
}

pub fn invocation(name: &str, payload: &'static str, kind: &str) -> InvocationRequest {
    InvocationRequest {
        function_name: name.to_owned(),
        payload: Some(Bytes::from_static(payload.as_bytes())),
        invocation_type: Some(kind.into()),
        ..InvocationRequest::default()
    }
}

pub fn zip(source: &str) -> Bytes {
    let mut writer = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("index.js", ::zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(source.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner().into()
}

pub fn failure(message: &str) -> Answer {
    let payload = format!(r#"{{"errorType":"Error","errorMessage":"{message}","trace":[]}}"#);
    Err(InvocationError::Function(payload.into()))
}

pub fn message(error: &ApiError) -> &str {
    error.message.as_deref().unwrap_or_default()
}

/// Opens a data folder, as soon as its last holder has gone.
pub async fn reopen(dir: &Path, clock: &Arc<VirtualClock>) -> Store {
    let opened = Mutex::new(None);
    until(|| {
        let options = store::Options {
            dir: dir.to_owned(),
            durability: store::Durability::Durable,
            clock: clock.clone(),
            rng: Arc::new(OsRng),
        };
        *opened.lock().unwrap() = Store::open(options).ok();
        opened.lock().unwrap().is_some()
    })
    .await;
    opened.into_inner().unwrap().unwrap()
}
