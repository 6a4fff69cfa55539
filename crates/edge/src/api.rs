//! A call on a service: body, caller, input, operation, answer, in this order (WIRE.md 3.6).

use std::sync::Arc;

use auth::access::{Admitted, Call, RefusalStyle};
use auth::sigv4::PayloadCheck;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};
use hyper::body::Incoming;
use kernel::{Cx, Hint};
use tracing::{Instrument, Span, field};
use wire::{Answer, ApiError, Doc, Model, OperationId, Protocol, ProtocolKind, Service};

use crate::body::{self, BodyError, Bounds};
use crate::limits;
use crate::outgoing::Outgoing;
use crate::refuse;
use crate::router::ServiceIndex;
use crate::serve::{Edge, Exchange};

/// Operations that AWS takes unsigned: what they carry proves the caller.
/// Source: STS API Reference, AssumeRoleWithWebIdentity and AssumeRoleWithSAML.
const UNSIGNED: [(&str, &str); 2] = [("sts", "AssumeRoleWithWebIdentity"), ("sts", "AssumeRoleWithSAML")];

const QUERY: Protocol = Protocol { kind: ProtocolKind::AwsQuery, query_compatible: false };

/// The service that a call is for, and how it is spoken to.
#[derive(Clone)]
struct Target {
    service: Arc<dyn Service>,
    protocol: Protocol,
}

impl Target {
    fn model(&self) -> &'static Model {
        self.service.model()
    }
}

/// A call that may run.
struct Ready {
    cx: Cx,
    operation: OperationId,
    input: Doc,
}

impl Edge {
    /// `known` is `None` when only the body tells the service (awsQuery), restricted to `signing_name`.
    pub(crate) async fn api(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        mut incoming: Incoming,
        known: Option<(ServiceIndex, Protocol)>,
        signing_name: Option<&str>,
    ) -> Response<Outgoing> {
        let known = known.and_then(|(index, protocol)| {
            self.service(index).map(|service| Target { service: service.clone(), protocol })
        });
        let bytes_max =
            known.as_ref().map_or(limits::BODY_BYTES_MAX, |t| limits::body_bytes_max(t.model().endpoint.service));
        let (raw, _room) = match body::read(&mut incoming, &self.bounds(bytes_max)).await {
            Ok(read) => read,
            Err(error) => return self.refuse_body(exchange, incoming, known.as_ref(), &error, bytes_max).await,
        };
        let target = match known {
            Some(target) => target,
            None => match self.find_query(exchange, &raw, signing_name) {
                Ok(target) => target,
                Err(error) => return exchange.refuse(&error, Some(ProtocolKind::AwsQuery)),
            },
        };
        Span::current().record("service", target.model().endpoint.service);
        let (cx, outcome) = self.run(exchange, &target, raw, bytes_max).await;
        let mut answer = match outcome {
            Ok((operation, answer)) => {
                wire::encode(target.model(), target.protocol, operation, Ok(answer), &exchange.request_id)
            }
            Err(error) => {
                tracing::info!(status = error.status, code = %error.code, "refused");
                wire::encode_error(Some(target.model()), target.protocol, &error, &exchange.request_id)
            }
        }
        .map(Outgoing::from);
        if let Some(cx) = cx {
            hint(&cx.hints(), &mut answer);
        }
        answer
    }

    async fn refuse_body(
        &self,
        exchange: &Exchange,
        incoming: Incoming,
        target: Option<&Target>,
        error: &BodyError,
        bytes_max: usize,
    ) -> Response<Outgoing> {
        if *error == BodyError::TooLarge {
            self.discard(exchange, incoming).await;
        }
        let protocol = target.map_or(QUERY, |target| target.protocol);
        let model = target.map(Target::model);
        let operation = model.and_then(|model| {
            let found = wire::find_operation(model, protocol, &exchange.parts, &Bytes::new());
            found.ok().map(|operation| model.operation(operation).name)
        });
        let error = refuse::body_error(error, protocol.kind, operation.unwrap_or("called"), bytes_max);
        tracing::info!(status = error.status, code = %error.code, "refused");
        wire::encode_error(model, protocol, &error, &exchange.request_id).map(Outgoing::from)
    }

    fn find_query(&self, exchange: &Exchange, raw: &Bytes, signing_name: Option<&str>) -> Result<Target, ApiError> {
        let form = form_of(exchange, raw, limits::BODY_ROOM_BYTES)?;
        let (action, version) = wire::query_action(&exchange.parts, &form);
        let action = action.ok_or_else(|| {
            let message = "Could not find operation for request: Action is missing";
            ApiError::framework(400, "MissingAction", message)
        })?;
        let found = self.router().find_query(signing_name, &action, version.as_deref());
        let service = found.and_then(|index| self.service(index)).cloned().ok_or_else(|| {
            let version = version.as_deref().unwrap_or("NO_VERSION_SPECIFIED");
            let message = format!("Could not find operation {action} for version {version}");
            ApiError::framework(400, "InvalidAction", message)
        })?;
        Ok(Target { service, protocol: QUERY })
    }

    async fn run(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        target: &Target,
        raw: Bytes,
        bytes_max: usize,
    ) -> (Option<Cx>, Result<(OperationId, Answer), ApiError>) {
        let Ready { cx, operation, input } = match self.ready(exchange, target, raw, bytes_max).await {
            Ok(ready) => ready,
            Err(error) => return (None, Err(error)),
        };
        let (service, caller) = (target.service.clone(), cx.clone());
        // In a task of its own: a client that hangs up does not stop an operation half-way, and a panic stays in here.
        let call = async move { service.call(operation, &caller, input).await };
        let outcome = match tokio::spawn(call.instrument(Span::current())).await {
            Ok(outcome) => outcome.map(|answer| (operation, answer)),
            Err(broken) => Err(ApiError::internal(broken)),
        };
        (Some(cx), outcome)
    }

    async fn ready(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        target: &Target,
        raw: Bytes,
        bytes_max: usize,
    ) -> Result<Ready, ApiError> {
        let unwrapped = body::unwrapped_bytes_max(&exchange.parts.headers, &raw, bytes_max);
        if raw.len().max(unwrapped) <= limits::INLINE_BYTES_MAX {
            return self.prepare(exchange, target, raw, bytes_max);
        }
        let Bounds { room, patience, clock, .. } = self.bounds(bytes_max);
        let taken = room.take(unwrapped, patience, clock).await;
        let _taken = taken.map_err(|error| refuse::body_error(&error, target.protocol.kind, "called", bytes_max))?;
        let (edge, exchange, target) = (self.clone(), exchange.clone(), target.clone());
        let span = Span::current();
        let prepared = move || span.in_scope(|| edge.prepare(&exchange, &target, raw, bytes_max));
        tokio::task::spawn_blocking(prepared).await.unwrap_or_else(|broken| Err(ApiError::internal(broken)))
    }

    /// From the bytes to a call that may run. Blocks for as long as hashing and decoding take.
    fn prepare(
        &self,
        exchange: &Arc<Exchange>,
        target: &Target,
        raw: Bytes,
        bytes_max: usize,
    ) -> Result<Ready, ApiError> {
        let (model, protocol) = (target.model(), target.protocol);
        let form =
            if protocol.kind == ProtocolKind::AwsQuery { form_of(exchange, &raw, bytes_max)? } else { Bytes::new() };
        let found = wire::find_operation(model, protocol, &exchange.parts, &form);
        let name = found.as_ref().map_or("", |operation| model.operation(*operation).name);
        Span::current().record("operation", name);
        let Admitted { mut cx, payload, .. } = self
            .gate
            .admit(&self.call(exchange, model, name, &raw))
            .map_err(|refusal| refusal.to_api_error(RefusalStyle::from(protocol.kind)))?;
        cx.peer = Some(exchange.clone());
        record_caller(&cx);
        let operation = found?;
        let keep_gzip = protocol.kind == ProtocolKind::RestXml;
        let body = body::unwrap(&exchange.parts.headers, raw, payload, keep_gzip, bytes_max)
            .map_err(|error| refuse::body_error(&error, protocol.kind, name, bytes_max))?;
        let input = wire::decode(model, protocol, operation, &exchange.parts, body)?;
        Ok(Ready { cx, operation, input })
    }

    fn call<'a>(&self, exchange: &'a Exchange, model: &'static Model, operation: &str, raw: &'a [u8]) -> Call<'a> {
        Call {
            request_id: &exchange.request_id,
            listener: &exchange.arrival.access,
            head: exchange.signed_head(),
            body: Some(raw),
            service: Some(model.endpoint.signing_name),
            unsigned_allowed: UNSIGNED.contains(&(model.endpoint.service, operation)),
            wall: self.clock().wall(),
            now: self.clock().now(),
            source_ip: Some(exchange.arrival.peer.ip()),
            secure_transport: exchange.arrival.tls,
        }
    }
}

fn record_caller(cx: &Cx) {
    let span = Span::current();
    span.record("account", field::display(&cx.account));
    span.record("region", field::display(&cx.region));
    span.record("principal", field::display(&cx.caller));
}

/// A form whose `Action` is to be read before anybody is let in: with gzip taken off.
fn form_of(exchange: &Exchange, raw: &Bytes, bytes_max: usize) -> Result<Bytes, ApiError> {
    body::unwrap(&exchange.parts.headers, raw.clone(), PayloadCheck::Done, false, bytes_max)
        .map_err(|error| refuse::body_error(&error, ProtocolKind::AwsQuery, "called", bytes_max))
}

/// `x-gureum-hint: Code: message`, one header each: what strict access would have refused.
pub(crate) fn hint(hints: &[Hint], answer: &mut Response<Outgoing>) {
    for Hint { code, message } in hints {
        let visible = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
        let text: String = format!("{code}: {message}").chars().map(visible).take(limits::HINT_BYTES_MAX).collect();
        if let Ok(value) = HeaderValue::from_str(&text) {
            answer.headers_mut().append(HeaderName::from_static("x-gureum-hint"), value);
        }
    }
}
