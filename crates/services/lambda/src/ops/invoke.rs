//! Invoke and InvokeAsync.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use api_lambda::types::{
    InvocationRequest, InvocationResponse, InvocationType, InvokeAsyncRequest, InvokeAsyncResponse, LogType,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use kernel::Cx;
use runtime::{EnvironmentError, FunctionSpec, Invocation, InvocationError, Outcome};

use super::configuration::logging;
use crate::access::check_invoke;
use crate::admission::{Admitted, Call, via};
use crate::error::Error;
use crate::events::Event;
use crate::functions::Function;
use crate::limits::{ASYNC_PAYLOAD_BYTES_MAX, CLIENT_CONTEXT_BYTES_MAX, RECURSIVE_CALLS_MAX, SYNC_PAYLOAD_BYTES_MAX};
use crate::metrics::Metric;
use crate::model::name::FunctionRef;
use crate::model::payload;
use crate::model::trace::{self, Step};
use crate::records::{EventRecord, Place, VersionRecord};
use crate::service::Shared;

/// What runs when nothing was sent.
const NO_PAYLOAD: &[u8] = b"{}";

impl Shared {
    /// Shape: RequestResponse waits and answers 200, Event 202 once the event is kept, DryRun 204.
    /// Source: Lambda API Reference, Invoke.
    pub async fn invoke(&self, cx: &Cx, input: InvocationRequest) -> Result<InvocationResponse, Error> {
        let asked = input.invocation_type.clone().unwrap_or(InvocationType::RequestResponse);
        let payload = input.payload.clone().unwrap_or_default();
        check_size(&payload, &asked)?;
        let named = FunctionRef::read(&cx.account, &cx.region, &input.function_name, input.qualifier.as_deref())?;
        let function = self.functions.get(&named)?;
        let chance = || self.rng.below(10_000);
        let version = function.routed(named.qualifier.as_deref(), chance);
        let version = version.ok_or_else(|| Error::FunctionNotFound { arn: named.qualified_arn() })?;
        check_invoke(cx, &function, &named, self.clock.now())?;
        if asked == InvocationType::DryRun {
            return Ok(status(204, Some(version)));
        }
        payload::check(&payload)?;
        if asked == InvocationType::Event {
            self.accept(cx, &named, &function, payload).await?;
            return Ok(status(202, None));
        }
        let step = self.step_of(cx, &function);
        self.check_loop(&function, &named, &step)?;
        let (qualifier, request_id) = (named.qualifier.as_deref(), &*cx.request_id);
        let call = Call { function: &function, version, qualifier, request_id, via: via(cx) };
        let admitted = self.admit(&call).map_err(|refusal| Error::Throttled(refusal.throttle))?;
        let spec = self.spec(&function, version).await?;
        let invocation = Invocation {
            request_id: cx.request_id.to_string(),
            payload: or_nothing(payload),
            invoked_arn: named.qualified_arn(),
            client_context: client_context(input.client_context.as_deref())?,
            cognito_identity: None,
            trace_header: Some(step.header),
            tail: input.log_type == Some(LogType::Tail),
            stream: None,
        };
        let outcome = self.run_to_its_end(spec, invocation, admitted).await?;
        answer(version, outcome)
    }

    /// Source: Lambda API Reference, InvokeAsync (deprecated, still answered).
    pub async fn invoke_async(&self, cx: &Cx, input: InvokeAsyncRequest) -> Result<InvokeAsyncResponse, Error> {
        check_size(&input.invoke_args, &InvocationType::Event)?;
        let named = FunctionRef::read(&cx.account, &cx.region, &input.function_name, None)?;
        let function = self.functions.get(&named)?;
        check_invoke(cx, &function, &named, self.clock.now())?;
        payload::check(&input.invoke_args)?;
        self.accept(cx, &named, &function, input.invoke_args).await?;
        Ok(InvokeAsyncResponse { status: Some(202) })
    }

    /// Keeps an event and lets it run. When this answers, the event survives a power cut.
    pub async fn accept(&self, cx: &Cx, named: &FunctionRef, function: &Function, payload: Bytes) -> Result<(), Error> {
        let now = self.clock.now();
        let step = self.step_of(cx, function);
        let record = EventRecord {
            is_loop: is_loop(function, &step),
            trace: Some(step.header),
            function_id: function.record.id.clone(),
            qualifier: named.qualifier.clone(),
            accepted: now,
            due: now,
            runs: 0,
            ended: None,
        };
        let (place, name, qualifier) = (function.place.clone(), named.name.clone(), named.qualifier.clone());
        let (asked_id, spare_id) = (cx.request_id.to_string(), self.uuid());
        let (here, function_name) = (place.clone(), name.clone());
        let kept = self.store.transact::<_, Error, _>(move |txn| {
            // One request of a client is one event; a service may make several calls of one.
            let taken = txn.get(&here.event(&function_name, &asked_id))?.is_some();
            let id = if taken { spare_id } else { asked_id };
            txn.put_record(here.event(&function_name, &id), &record)?;
            txn.put(here.event_payload(&function_name, &id), payload)?;
            Ok(id)
        });
        let request_id = kept.await?;
        self.count(&place, &name, qualifier.as_deref(), Metric::AsyncEventsReceived);
        self.events.accepted(Event { place, function: name, qualifier, request_id, put_off: 0 }, now);
        Ok(())
    }

    /// Where in a chain of calls this one stands.
    pub(super) fn step_of(&self, cx: &Cx, function: &Function) -> Step {
        trace::step(cx.trace_header.as_deref(), &function.arn(), self.clock.wall(), &*self.rng)
    }

    /// Errors: the function has been called too often in the chain, and does not allow it.
    pub(super) fn check_loop(&self, function: &Function, named: &FunctionRef, step: &Step) -> Result<(), Error> {
        if !is_loop(function, step) {
            return Ok(());
        }
        let qualifier = named.qualifier.as_deref();
        self.count(&function.place, &named.name, qualifier, Metric::RecursiveInvocationsDropped);
        Err(Error::RecursiveLoop)
    }

    /// Runs even if the caller goes away: on AWS, too, a function does not notice. Its room is held until it has ended.
    pub async fn run_to_its_end(
        &self,
        spec: Arc<FunctionSpec>,
        invocation: Invocation,
        admitted: Admitted,
    ) -> Result<Outcome, Error> {
        let engine = self.engine.clone();
        let running = tokio::spawn(async move {
            let outcome = engine.invoke(spec, invocation).await;
            admitted.ended(&outcome);
            outcome
        });
        running.await.map_err(|error| Error::Internal(format!("running a function: {error}")))
    }

    /// What the engine runs. Made once after every change; a warm invocation finds it in memory.
    pub async fn spec(&self, function: &Function, version: &VersionRecord) -> Result<Arc<FunctionSpec>, Error> {
        if let Some(spec) = function.spec(&version.version) {
            return Ok(spec);
        }
        if let Some(why) = foreign_processor(&version.config.architectures) {
            return Err(Error::RuntimeUnavailable(why));
        }
        self.await_runtime(&version.config.runtime).await?;
        let code_dir = self.code.folder(&version.code.blob).await?;
        let layers = self.layer_folders(&version.config.layers).await?;
        let spec = Arc::new(spec_of(&function.place, &function.record.name, version, code_dir, layers));
        function.keep_spec(&version.version, spec.clone());
        Ok(spec)
    }
}

/// Whether the call must be stopped: the function has been called too often in the chain, and does not allow it.
fn is_loop(function: &Function, step: &Step) -> bool {
    let allowed = function.record.recursive_loop.as_deref() == Some("Allow");
    step.calls_before >= RECURSIVE_CALLS_MAX && !allowed
}

/// Why a function for another processor cannot run. One for x86_64, which is what nobody asked for, may run everywhere.
fn foreign_processor(architectures: &[String]) -> Option<String> {
    let here = std::env::consts::ARCH;
    (here == "x86_64" && architectures.iter().any(|wanted| wanted == "arm64")).then(|| {
        "the function is for arm64 and this machine is x86_64: set its Architectures to x86_64 to run it".to_owned()
    })
}

fn spec_of(
    place: &Place,
    name: &str,
    version: &VersionRecord,
    code_dir: PathBuf,
    layers: Vec<PathBuf>,
) -> FunctionSpec {
    let config = &version.config;
    FunctionSpec {
        function_arn: format!("{}:{}", place.arn(name), version.version),
        generation: version.generation.clone(),
        account: place.account.clone(),
        region: place.region.clone(),
        function_name: name.to_owned(),
        version: version.version.clone(),
        runtime: config.runtime.clone(),
        handler: config.handler.clone(),
        code_dir,
        layers,
        ephemeral_storage_mb: u32::try_from(config.ephemeral_mb).unwrap_or_default(),
        memory_mb: u32::try_from(config.memory_mb).unwrap_or_default(),
        timeout: Duration::from_secs(u64::try_from(config.timeout_s).unwrap_or_default()),
        environment: config.environment.clone().unwrap_or_default(),
        log_group: config.log_group_of(name),
        log_format: logging::effective(config),
        role_arn: config.role.clone(),
        tracing_mode: config.tracing_mode.clone(),
    }
}

fn status(code: i32, version: Option<&VersionRecord>) -> InvocationResponse {
    InvocationResponse {
        status_code: Some(code),
        executed_version: version.map(|version| version.version.clone()),
        ..InvocationResponse::default()
    }
}

fn answer(version: &VersionRecord, outcome: Outcome) -> Result<InvocationResponse, Error> {
    let mut answer = status(200, Some(version));
    answer.log_result = outcome.log_tail.map(|tail| STANDARD.encode(tail));
    match outcome.result {
        Ok(payload) => answer.payload = Some(payload),
        Err(InvocationError::Function(payload)) => {
            answer.function_error = Some("Unhandled".to_owned());
            answer.payload = Some(payload);
        }
        Err(InvocationError::Environment(error)) => return Err(error.into()),
    }
    Ok(answer)
}

impl From<EnvironmentError> for Error {
    fn from(error: EnvironmentError) -> Self {
        match error {
            EnvironmentError::RuntimeUnavailable { reason, .. } => Self::RuntimeUnavailable(reason),
            other => Self::NotRunnable(other.to_string()),
        }
    }
}

/// What a function gets when nothing was sent.
pub(crate) fn or_nothing(payload: Bytes) -> Bytes {
    if payload.is_empty() { Bytes::from_static(NO_PAYLOAD) } else { payload }
}

pub(super) fn check_size(payload: &Bytes, asked: &InvocationType) -> Result<(), Error> {
    let (max, invocation_type) = match asked {
        InvocationType::Event => (ASYNC_PAYLOAD_BYTES_MAX, "Event"),
        _ => (SYNC_PAYLOAD_BYTES_MAX, "RequestResponse"),
    };
    let bytes = payload.len();
    if bytes > max { Err(Error::PayloadTooLarge { bytes, invocation_type }) } else { Ok(()) }
}

/// Base64 of JSON. Source: Lambda API Reference, Invoke.
pub(super) fn client_context(text: Option<&str>) -> Result<Option<String>, Error> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let decoded = STANDARD.decode(text).ok().filter(|_| text.len() <= CLIENT_CONTEXT_BYTES_MAX);
    let json = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    json.filter(|json| serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok())
        .map(Some)
        .ok_or_else(|| Error::InvalidRequest("Client context must be a valid Base64-encoded JSON object.".to_owned()))
}
