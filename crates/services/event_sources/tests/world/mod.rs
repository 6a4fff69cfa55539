//! Event source mappings between a queue and a function that a test plays, with a virtual clock.
#![allow(dead_code)] // Each test binary uses its part.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use api_lambda::Lambda;
use api_lambda::types::*;
use api_sqs::types::{
    BatchResultErrorEntry, DeleteMessageBatchRequest, DeleteMessageBatchResult, DeleteMessageBatchResultEntry,
    GetQueueAttributesRequest, GetQueueAttributesResult, Message, ReceiveMessageRequest, ReceiveMessageResult,
};
use bytes::Bytes;
use kernel::{
    Access, AccountId, BoxFuture, Caller, Clock, Cx, OsRng, PageTokens, Principals, Region, RoleRefused, Timestamp,
    VirtualClock, id,
};
use service_event_sources::{Needs, Service};
use store::Store;
use telemetry::{Fact, Facts, Meter, Sample, What};
use tokio::sync::Notify;
use wire::ApiError;

pub const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:jobs";
pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:worker";

pub type Answer = Result<InvocationResponse, ApiError>;
type Script = Box<dyn Fn(&[serde_json::Value]) -> Answer + Send + Sync>;

#[derive(Clone)]
struct Held {
    message: Message,
    group: Option<String>,
    visible_at: Timestamp,
    receives: u32,
}

/// A queue: messages in the order of their coming, hidden for 30 s when they are received.
pub struct FakeSqs {
    clock: Arc<VirtualClock>,
    held: Mutex<Vec<Held>>,
    sent: Notify,
    pub reads: Mutex<u32>,
    pub gone: Mutex<bool>,
}

impl FakeSqs {
    pub fn send(&self, body: &str) -> String {
        self.send_to(None, body)
    }

    pub fn send_to(&self, group: Option<&str>, body: &str) -> String {
        let message_id = id::uuid(&OsRng);
        let message =
            Message { message_id: Some(message_id.clone()), body: Some(body.to_owned()), ..Message::default() };
        let (group, visible_at) = (group.map(str::to_owned), Timestamp::from_secs(0));
        self.held.lock().unwrap().push(Held { message, group, visible_at, receives: 0 });
        self.sent.notify_waiters();
        message_id
    }

    /// How often each message that is left was received.
    pub fn left(&self) -> BTreeMap<String, u32> {
        let held = self.held.lock().unwrap();
        held.iter().map(|held| (held.message.body.clone().unwrap_or_default(), held.receives)).collect()
    }

    fn take(&self, most: usize) -> Vec<Message> {
        let (now, mut taken) = (self.clock.now(), Vec::new());
        let mut held = self.held.lock().unwrap();
        let locked: BTreeSet<String> =
            held.iter().filter(|held| held.visible_at > now).filter_map(|held| held.group.clone()).collect();
        for held in held.iter_mut() {
            let free = held.group.as_ref().is_none_or(|group| !locked.contains(group));
            if taken.len() < most && held.visible_at <= now && free {
                held.visible_at = now + Duration::from_secs(30);
                held.receives += 1;
                let handle = format!("{}#{}", held.message.message_id.as_ref().unwrap(), held.receives);
                taken.push(Message { receipt_handle: Some(handle), ..held.message.clone() });
            }
        }
        taken
    }
}

impl api_sqs::Sqs for FakeSqs {
    async fn receive_message(&self, _: &Cx, input: ReceiveMessageRequest) -> Result<ReceiveMessageResult, ApiError> {
        *self.reads.lock().unwrap() += 1;
        let most = usize::try_from(input.max_number_of_messages.unwrap()).unwrap();
        let wait = u64::try_from(input.wait_time_seconds.unwrap()).unwrap();
        let deadline = self.clock.now() + Duration::from_secs(wait);
        loop {
            if *self.gone.lock().unwrap() {
                return Err(ApiError::unmodeled(400, "QueueDoesNotExist", "The specified queue does not exist."));
            }
            let sent = self.sent.notified();
            let messages = self.take(most);
            if !messages.is_empty() || self.clock.now() >= deadline {
                return Ok(ReceiveMessageResult { messages: Some(messages) });
            }
            let next =
                self.held.lock().unwrap().iter().map(|held| held.visible_at).filter(|at| *at > self.clock.now()).min();
            tokio::select! {
                biased;
                () = sent => {}
                () = self.clock.sleep_until(next.unwrap_or(deadline).min(deadline)) => {}
            }
        }
    }

    async fn delete_message_batch(
        &self,
        _: &Cx,
        input: DeleteMessageBatchRequest,
    ) -> Result<DeleteMessageBatchResult, ApiError> {
        let mut held = self.held.lock().unwrap();
        let (mut successful, failed) = (Vec::new(), Vec::<BatchResultErrorEntry>::new());
        for entry in input.entries.unwrap() {
            let handle = entry.receipt_handle.unwrap();
            held.retain(|held| format!("{}#{}", held.message.message_id.as_ref().unwrap(), held.receives) != handle);
            successful.push(DeleteMessageBatchResultEntry { id: entry.id.unwrap() });
        }
        // A group may be free now.
        self.sent.notify_waiters();
        Ok(DeleteMessageBatchResult { successful, failed: Some(failed) })
    }

    async fn get_queue_attributes(
        &self,
        _: &Cx,
        _: GetQueueAttributesRequest,
    ) -> Result<GetQueueAttributesResult, ApiError> {
        if *self.gone.lock().unwrap() {
            return Err(ApiError::unmodeled(400, "QueueDoesNotExist", "The specified queue does not exist."));
        }
        let attributes = [("VisibilityTimeout".to_owned(), "30".to_owned())];
        Ok(GetQueueAttributesResult { attributes: Some(attributes.into()) })
    }
}

/// A function that answers as the test says, and remembers what it got.
pub struct FakeLambda {
    pub script: Mutex<Arc<Script>>,
    pub ran: Mutex<Vec<Vec<String>>>,
    /// Invocations wait while it is closed.
    pub gate: tokio::sync::watch::Sender<bool>,
    pub exists: Mutex<bool>,
}

impl FakeLambda {
    pub fn answer(&self, script: impl Fn(&[serde_json::Value]) -> Answer + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Arc::new(Box::new(script));
    }

    pub fn runs(&self) -> usize {
        self.ran.lock().unwrap().len()
    }

    pub fn bodies(&self) -> Vec<String> {
        self.ran.lock().unwrap().concat()
    }
}

pub fn ok(payload: &'static str) -> Answer {
    Ok(InvocationResponse { payload: Some(Bytes::from_static(payload.as_bytes())), ..InvocationResponse::default() })
}

pub fn failed() -> Answer {
    Ok(InvocationResponse { function_error: Some("Unhandled".to_owned()), ..InvocationResponse::default() })
}

pub fn throttled() -> Answer {
    Err(api_lambda::errors::too_many_requests_exception("Rate Exceeded."))
}

impl Lambda for FakeLambda {
    async fn invoke(&self, _: &Cx, input: InvocationRequest) -> Answer {
        let event: serde_json::Value = serde_json::from_slice(&input.payload.unwrap()).unwrap();
        let records = event["Records"].as_array().unwrap().clone();
        let bodies = records.iter().map(|record| record["body"].as_str().unwrap().to_owned()).collect();
        self.ran.lock().unwrap().push(bodies);
        self.gate.subscribe().wait_for(|open| *open).await.unwrap();
        let script = self.script.lock().unwrap().clone();
        script(&records)
    }

    async fn get_function_configuration(
        &self,
        _: &Cx,
        _: GetFunctionConfigurationRequest,
    ) -> Result<FunctionConfiguration, ApiError> {
        if !*self.exists.lock().unwrap() {
            return Err(api_lambda::errors::resource_not_found_exception("Function not found"));
        }
        Ok(FunctionConfiguration {
            function_arn: Some(FUNCTION.to_owned()),
            function_name: Some("worker".to_owned()),
            role: Some("arn:aws:iam::000000000000:role/worker".to_owned()),
            timeout: Some(3),
            ..FunctionConfiguration::default()
        })
    }
}

/// Lets the role be assumed as long as the test wants.
pub struct FakePrincipals {
    pub trusts: Mutex<bool>,
}

impl Principals for FakePrincipals {
    fn as_service(&self, name: &str, account: &AccountId, region: &Region) -> Cx {
        Cx::new(&id::uuid(&OsRng), account.clone(), region.clone(), Caller::service(name), Access::Open)
    }

    fn as_role<'a>(
        &'a self,
        service: &'a str,
        role_arn: &'a str,
        _session: &'a str,
        region: &'a Region,
    ) -> BoxFuture<'a, Result<Cx, RoleRefused>> {
        let trusts = *self.trusts.lock().unwrap();
        let cx = self.as_service(service, &AccountId::default(), region);
        Box::pin(async move {
            let refused = || RoleRefused::NotTrusted { role: role_arn.to_owned(), service: service.to_owned() };
            if trusts { Ok(cx) } else { Err(refused()) }
        })
    }
}

struct NoIam;

impl api_iam::Iam for NoIam {}

/// Adds up samples, by metric and dimensions.
#[derive(Default)]
pub struct Measured(pub Mutex<BTreeMap<String, f64>>);

impl Meter for Measured {
    fn record(&self, sample: &Sample<'_>) {
        assert_eq!(sample.dimensions[0].0, "EventSourceMappingUUID");
        let sum: f64 = sample.values.iter().map(|(value, count)| value * count).sum();
        *self.0.lock().unwrap().entry(sample.metric.to_owned()).or_default() += sum;
    }
}

/// Remembers facts.
#[derive(Default)]
pub struct Told(pub Mutex<Vec<Fact>>);

impl Facts for Told {
    fn tell(&self, fact: Fact) {
        self.0.lock().unwrap().push(fact);
    }
}

impl Told {
    pub fn whats(&self) -> Vec<What> {
        self.0.lock().unwrap().iter().map(|fact| fact.what.clone()).collect()
    }
}

pub struct World {
    pub service: Arc<Service>,
    pub sqs: Arc<FakeSqs>,
    pub lambda: Arc<FakeLambda>,
    pub principals: Arc<FakePrincipals>,
    pub facts: Arc<Told>,
    pub measured: Arc<Measured>,
    pub clock: Arc<VirtualClock>,
    pub store: Store,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

impl World {
    pub fn new() -> Self {
        let clock = Arc::new(VirtualClock::default());
        let (held, sent) = (Mutex::default(), Notify::new());
        let sqs =
            Arc::new(FakeSqs { clock: clock.clone(), held, sent, reads: Mutex::default(), gone: Mutex::default() });
        let script: Script = Box::new(|_| ok("null"));
        let lambda = Arc::new(FakeLambda {
            script: Mutex::new(Arc::new(script)),
            ran: Mutex::default(),
            gate: tokio::sync::watch::channel(true).0,
            exists: Mutex::new(true),
        });
        let store = Store::memory(clock.clone(), Arc::new(OsRng));
        Self::over(store, clock, sqs, lambda)
    }

    fn over(store: Store, clock: Arc<VirtualClock>, sqs: Arc<FakeSqs>, lambda: Arc<FakeLambda>) -> Self {
        let (iam_client, sqs_client, lambda_client) =
            (api_iam::Client::default(), api_sqs::Client::default(), api_lambda::Client::default());
        iam_client.bind(Arc::new(NoIam));
        sqs_client.bind(sqs.clone());
        lambda_client.bind(lambda.clone());
        let principals = Arc::new(FakePrincipals { trusts: Mutex::new(true) });
        let (facts, measured) = (Arc::new(Told::default()), Arc::new(Measured::default()));
        let service = Arc::new(Service::new(Needs {
            store: store.clone(),
            clock: clock.clone(),
            rng: Arc::new(OsRng),
            page_tokens: PageTokens::new([7; 32]),
            principals: principals.clone(),
            iam: iam_client,
            lambda: lambda_client,
            sqs: sqs_client,
            meter: measured.clone(),
            facts: facts.clone(),
        }));
        Self { service, sqs, lambda, principals, facts, measured, clock, store, tasks: Vec::new() }
    }

    pub fn start(mut self) -> Self {
        self.tasks = self.service.tasks().into_iter().map(|(_, task)| tokio::spawn(task)).collect();
        self
    }

    /// The server ends and starts again over the same store.
    pub async fn restart(mut self) -> Self {
        for task in std::mem::take(&mut self.tasks) {
            task.abort();
            let _ = task.await;
        }
        Self::over(self.store.clone(), self.clock.clone(), self.sqs.clone(), self.lambda.clone()).start()
    }

    pub async fn map(&self, change: impl FnOnce(&mut CreateEventSourceMappingRequest)) -> String {
        let mut request = mapping();
        change(&mut request);
        self.service.create_event_source_mapping(&cx(), request).await.unwrap().uuid.unwrap()
    }

    pub async fn shown(&self, uuid: &str) -> Result<EventSourceMappingConfiguration, ApiError> {
        let request = GetEventSourceMappingRequest { uuid: uuid.to_owned() };
        Lambda::get_event_source_mapping(&*self.service, &cx(), request).await
    }

    pub async fn comes_to(&self, uuid: &str, state: &str) {
        until_async(async || self.shown(uuid).await.is_ok_and(|shown| shown.state.as_deref() == Some(state))).await;
    }

    pub async fn ran(&self, times: usize) {
        until(|| self.lambda.runs() >= times).await;
    }

    pub fn advance(&self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
    }
}

pub fn cx() -> Cx {
    let account = AccountId::default();
    Cx::new(&id::uuid(&OsRng), account.clone(), Region::default(), Caller::root(&account), Access::Open)
}

pub fn mapping() -> CreateEventSourceMappingRequest {
    CreateEventSourceMappingRequest {
        event_source_arn: Some(QUEUE.to_owned()),
        function_name: "worker".to_owned(),
        ..CreateEventSourceMappingRequest::default()
    }
}

/// Waits for a condition that another task brings about.
pub async fn until(condition: impl Fn() -> bool) {
    until_async(async || condition()).await;
}

pub async fn until_async(condition: impl AsyncFn() -> bool) {
    let clock: Arc<dyn Clock> = Arc::new(kernel::RealClock::default());
    let reached = async {
        while !condition().await {
            clock.pause(Duration::from_millis(2)).await;
        }
    };
    clock.timeout(Duration::from_secs(20), reached).await.expect("the condition is met in time");
}
