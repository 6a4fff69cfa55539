//! The service over a store in memory, with a virtual clock and a Lambda that writes down what it gets.
#![allow(dead_code)] // Each test binary uses its part.

use std::future::Future;
use std::sync::{Arc, Mutex};

use api_lambda::types::{InvocationRequest, InvocationResponse};
use api_logs::Logs;
use api_logs::types::*;
use kernel::{
    Access, AccountId, BoxFuture, Caller, Clock, Cx, OsRng, PageTokens, Principals, Region, RoleRefused, VirtualClock,
};
use service_logs::{Needs, Service};
use store::Store;
use wire::ApiError;

pub struct World {
    pub logs: Arc<Service>,
    pub clock: Arc<VirtualClock>,
    pub store: Store,
    pub lambda: Arc<Lambda>,
    pub cx: Cx,
}

pub const ACCOUNT: &str = "111111111111";

impl World {
    pub fn new() -> Self {
        let clock = Arc::new(VirtualClock::default());
        Self::over(Store::memory(clock.clone(), Arc::new(OsRng)), clock)
    }

    /// A new service over what another one has left.
    pub fn over(store: Store, clock: Arc<VirtualClock>) -> Self {
        let lambda = Arc::new(Lambda::default());
        let client = api_lambda::Client::default();
        client.bind(lambda.clone());
        let needs = Needs {
            store: store.clone(),
            clock: clock.clone(),
            rng: Arc::new(OsRng),
            page_tokens: PageTokens::new([7; 32]),
            principals: Arc::new(Services),
            lambda: client,
        };
        Self { logs: Arc::new(Service::new(needs)), clock, store, lambda, cx: cx(ACCOUNT, "us-east-1") }
    }

    /// Starts the background work; it ends with the test.
    pub fn start_tasks(&self) {
        for (_, task) in self.logs.tasks() {
            tokio::spawn(task);
        }
    }

    pub fn wall(&self) -> i64 {
        self.clock.wall().millis()
    }

    pub async fn group(&self, name: &str) {
        let input = CreateLogGroupRequest { log_group_name: name.into(), ..Default::default() };
        self.logs.create_log_group(&self.cx, input).await.unwrap();
    }

    pub async fn stream(&self, group: &str, stream: &str) {
        let input = CreateLogStreamRequest { log_group_name: group.into(), log_stream_name: stream.into() };
        self.logs.create_log_stream(&self.cx, input).await.unwrap();
    }

    pub async fn put(&self, group: &str, stream: &str, events: &[(i64, &str)]) -> PutLogEventsResponse {
        self.logs.put_log_events(&self.cx, batch(group, stream, events)).await.unwrap()
    }

    pub async fn filtered(&self, group: &str, pattern: &str) -> Vec<String> {
        let input = FilterLogEventsRequest {
            log_group_name: Some(group.into()),
            filter_pattern: Some(pattern.into()),
            ..Default::default()
        };
        let answer = self.logs.filter_log_events(&self.cx, input).await.unwrap();
        answer.events.unwrap().into_iter().map(|event| event.message.unwrap()).collect()
    }
}

pub fn cx(account: &str, region: &str) -> Cx {
    let account = AccountId::parse(account).unwrap();
    Cx::new("request", account.clone(), Region::new(region), Caller::root(&account), Access::Open)
}

pub fn batch(group: &str, stream: &str, events: &[(i64, &str)]) -> PutLogEventsRequest {
    let event =
        |(timestamp, message): &(i64, &str)| InputLogEvent { timestamp: *timestamp, message: (*message).into() };
    PutLogEventsRequest {
        log_group_name: group.into(),
        log_stream_name: stream.into(),
        log_events: events.iter().map(event).collect(),
        ..Default::default()
    }
}

/// The code and the words of a refusal.
pub fn refusal<T: std::fmt::Debug>(answer: Result<T, ApiError>) -> (String, String) {
    let error = answer.unwrap_err();
    (error.name().to_owned(), error.message.clone().unwrap_or_default())
}

pub fn refused(code: &str, words: &str) -> (String, String) {
    (code.to_owned(), words.to_owned())
}

struct Services;

impl Principals for Services {
    fn as_service(&self, name: &str, account: &AccountId, region: &Region) -> Cx {
        Cx::new("inside", account.clone(), region.clone(), Caller::service(name), Access::Open)
    }

    fn as_role<'a>(
        &'a self,
        _: &'a str,
        role_arn: &'a str,
        _: &'a str,
        _: &'a Region,
    ) -> BoxFuture<'a, Result<Cx, RoleRefused>> {
        Box::pin(std::future::ready(Err(RoleRefused::NoSuchRole(role_arn.to_owned()))))
    }
}

/// What a function was called with, and by whom.
#[derive(Clone, Debug)]
pub struct Call {
    pub caller: String,
    pub source_arn: Option<String>,
    pub input: InvocationRequest,
}

/// Lets in whom `admits` names, or anyone; fails as often as `failures` says.
#[derive(Default)]
pub struct Lambda {
    pub calls: Mutex<Vec<Call>>,
    pub admits: Mutex<Option<String>>,
    pub failures: Mutex<Vec<ApiError>>,
}

impl api_lambda::Lambda for Lambda {
    fn invoke(
        &self,
        cx: &Cx,
        input: InvocationRequest,
    ) -> impl Future<Output = Result<InvocationResponse, ApiError>> + Send {
        let caller = cx.caller.to_string();
        let source_arn = cx.source_arn.as_ref().map(ToString::to_string);
        let admits = self.admits.lock().unwrap().clone();
        let answer = if let Some(failure) = self.failures.lock().unwrap().pop() {
            Err(failure)
        } else if admits.is_some_and(|name| name != caller) {
            Err(ApiError::unmodeled(403, "AccessDeniedException", "no"))
        } else {
            Ok(InvocationResponse { status_code: Some(202), ..Default::default() })
        };
        self.calls.lock().unwrap().push(Call { caller, source_arn, input });
        std::future::ready(answer)
    }
}

impl Lambda {
    /// The events that were delivered, unpacked.
    pub fn delivered(&self) -> Vec<serde_json::Value> {
        use base64::Engine;
        use std::io::Read;

        let calls = self.calls.lock().unwrap();
        let events = calls.iter().filter_map(|call| call.input.payload.as_ref()).map(|payload| {
            let event: serde_json::Value = serde_json::from_slice(payload).unwrap();
            let data = event["awslogs"]["data"].as_str().unwrap();
            let zipped = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
            let mut json = String::new();
            flate2::read::GzDecoder::new(zipped.as_slice()).read_to_string(&mut json).unwrap();
            serde_json::from_str(&json).unwrap()
        });
        events.collect()
    }
}

/// Waits until `probe` holds.
pub async fn until(mut probe: impl FnMut() -> bool) {
    let waiting = async {
        while !probe() {
            tokio::task::yield_now().await;
        }
    };
    let clock: Arc<dyn Clock> = Arc::new(kernel::RealClock::default());
    clock.timeout(std::time::Duration::from_secs(20), waiting).await.expect("what was waited for happened");
}
