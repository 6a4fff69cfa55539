//! Function URLs: a request becomes an event, the function's answer a response.
//!
//! The way: find the URL by its id (`records`), answer preflights (`cors`), ask who may (`access`), make the event
//! (`event`), run the function, read its answer (`answer`). What goes wrong on the way is in `refused`.

mod access;
pub(crate) mod answer;
mod cors;
pub(crate) mod event;
pub(crate) mod records;
mod refused;
mod stream;

use std::sync::Arc;

use bytes::Bytes;
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use kernel::{AccountId, BoxFuture, Region, id};
use runtime::{Invocation, InvocationError};
use telemetry::{Via, What};
use wire::{Body, DataPlane, PlaneRequest};

use crate::admission::Call;
use crate::functions::Function;
use crate::limits::SYNC_PAYLOAD_BYTES_MAX;
use crate::model::name::FunctionRef;
use crate::records::Place;
use crate::service::{LambdaService, Shared};

use answer::Answer;
use event::Source;
use records::{UrlOwnerRecord, UrlRecord, owner};
use refused::Refused;

/// The invoke mode in which answers come piece by piece.
const STREAMED: &str = "RESPONSE_STREAM";

const TRACE: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// What a URL stands for.
struct Target {
    url: UrlRecord,
    named: FunctionRef,
    function: Arc<Function>,
}

impl DataPlane for LambdaService {
    fn serve<'a>(&'a self, id: &'a str, request: PlaneRequest<'a>) -> BoxFuture<'a, Response<Body>> {
        Box::pin(async move { self.shared.serve_url(id, request).await })
    }
}

impl Shared {
    async fn serve_url(&self, id: &str, request: PlaneRequest<'_>) -> Response<Body> {
        let trace = self.trace_of(&request.parts.headers);
        let target = match self.url_target(id) {
            Ok(target) => target,
            Err(refused) => return finished(refused.answer(), None, request.request_id, &trace),
        };
        let headers = &request.parts.headers;
        let cors = target.url.cors.clone();
        if let Some(cors) = cors.as_ref().filter(|_| cors::is_preflight(&request.parts.method, headers)) {
            let headers = cors::preflight(cors, headers);
            let answer = Answer { status: StatusCode::OK, headers, body: Bytes::new() };
            return finished(answer, None, request.request_id, &trace);
        }
        let answered = self.answer_url(&target, &request, &trace).await;
        let (mut answer, body) = answered.unwrap_or_else(|refused| (refused.answer(), None));
        if let Some(cors) = &cors {
            cors::apply(cors, headers, &mut answer.headers);
        }
        finished(answer, body, request.request_id, &trace)
    }

    fn url_target(&self, id: &str) -> Result<Target, Refused> {
        let read = self.store.get_record::<UrlOwnerRecord>(&owner(id));
        let owned = read.map_err(|error| Refused::NotRun(error.into()))?.ok_or(Refused::NoUrl)?;
        let account = AccountId::parse(&owned.account).map_err(|_| Refused::NoUrl)?;
        let place = Place { account, region: Region::new(&owned.region) };
        let function = self.functions.find(&place, &owned.function)?.ok_or(Refused::NoUrl)?;
        let qualifier = owned.qualifier;
        let url = function.urls.get(qualifier.as_deref().unwrap_or_default()).cloned().ok_or(Refused::NoUrl)?;
        let Place { account, region } = place;
        Ok(Target { url, named: FunctionRef { account, region, name: owned.function, qualifier }, function })
    }

    /// The response, and its body apart where it comes piece by piece.
    async fn answer_url(
        &self,
        target: &Target,
        request: &PlaneRequest<'_>,
        trace: &str,
    ) -> Result<(Answer, Option<Body>), Refused> {
        let Target { url, named, function } = target;
        let signer = match url.signed {
            true => Some(request.senders.signer("lambda").map_err(signature)?),
            false => None,
        };
        let anybody = signer.is_none().then(|| request.senders.anybody());
        if let Some(cx) = signer.as_ref().or(anybody.as_ref()) {
            access::check(cx, function, named, url.signed, self.clock.now())?;
        }
        let chance = || self.rng.below(10_000);
        // An alias that was deleted leaves its URL behind.
        let version = function.routed(named.qualifier.as_deref(), chance).ok_or(Refused::Forbidden)?;
        let source = Source {
            id: &url.id,
            parts: request.parts,
            body: request.body.as_ref().ok_or(Refused::TooLarge)?,
            peer: request.peer,
            tls: request.tls,
            request_id: request.request_id,
            at: self.clock.wall(),
            trace,
            signer: signer.as_ref().map(|cx| (cx, named.account.as_str())),
        };
        let payload = source.event();
        if payload.len() > SYNC_PAYLOAD_BYTES_MAX {
            return Err(Refused::TooLarge);
        }
        let (qualifier, request_id) = (named.qualifier.as_deref(), request.request_id);
        let call = Call { function, version, qualifier, request_id, via: Via::FunctionUrl };
        let admitted = self.admit(&call).map_err(|refusal| Refused::Throttled(refusal.throttle))?;
        let spec = self.spec(function, version).await?;
        let invocation = Invocation {
            request_id: request.request_id.to_owned(),
            payload: payload.into(),
            invoked_arn: named.qualified_arn(),
            client_context: None,
            cognito_identity: None,
            trace_header: Some(format!("{trace};Parent={};Sampled=0", id::hex_digits(&*self.rng, 16))),
            tail: false,
            stream: None,
        };
        if url.invoke_mode.as_deref() == Some(STREAMED) {
            let (answer, body) = stream::answer(self.run_streamed(spec, invocation, admitted)).await?;
            return Ok((answer, Some(body)));
        }
        let outcome = self.run_to_its_end(spec, invocation, admitted).await?;
        match outcome.result {
            Ok(payload) => match answer::of_payload(payload) {
                Ok(answer) => Ok((answer, None)),
                Err(_) => {
                    let what = What::AnswerRefused { function: named.name.clone() };
                    self.tell(&function.place, request.request_id, self.clock.now(), what);
                    Err(Refused::Failed)
                }
            },
            Err(InvocationError::Function(_)) => Err(Refused::Failed),
            Err(InvocationError::Environment(error)) => Err(Refused::NotRun(error.into())),
        }
    }

    /// The trace that the request belongs to: what its sender says, or a new one.
    fn trace_of(&self, headers: &HeaderMap) -> String {
        let sent = headers.get(&TRACE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let root = sent.split(';').map(str::trim).find(|part| part.starts_with("Root=1-"));
        root.map_or_else(
            || {
                let seconds = self.clock.wall().secs();
                format!("Root=1-{seconds:08x}-{}", id::hex_digits(&*self.rng, 24))
            },
            str::to_owned,
        )
    }
}

/// A caller who does not sign at all is refused as one who may not.
fn signature(error: wire::ApiError) -> Refused {
    if error.code.starts_with("MissingAuthenticationToken") { Refused::Forbidden } else { Refused::Signature(error) }
}

/// Adds what every answer of a URL has.
fn finished(answer: Answer, body: Option<Body>, request_id: &str, trace: &str) -> Response<Body> {
    let mut response = Response::new(body.unwrap_or(Body::Bytes(answer.body)));
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    let root = trace.replacen("Root=", "root=", 1);
    let own =
        [(HeaderName::from_static("x-amzn-requestid"), request_id.to_owned()), (TRACE, format!("{root};sampled=0"))];
    for (name, value) in own {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Reads a request's head and a function's answer: the body of a fuzz target.
pub fn fuzz(bytes: &[u8]) {
    event::fuzz(bytes);
    answer::fuzz(bytes);
}
