//! A call on a service: body, caller, input, operation, answer, in this order (WIRE.md 3.6).

use std::sync::Arc;

use auth::access::{Admitted, Call, RefusalStyle};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};
use hyper::body::Incoming;
use kernel::{Cx, Hint};
use tracing::{Instrument, Span, field};
use wire::{Answer, ApiError, Doc, Model, OperationId, ProtocolKind, Service};

use crate::body::{self, BodyError};
use crate::codec;
use crate::limits;
use crate::outgoing::Outgoing;
use crate::refuse;
use crate::router::ServiceIndex;
use crate::serve::{Edge, Exchange};

/// Operations that AWS takes unsigned: what they carry proves the caller.
/// Source: STS API Reference, AssumeRoleWithWebIdentity and AssumeRoleWithSAML.
const UNSIGNED: [(&str, &str); 2] = [("sts", "AssumeRoleWithWebIdentity"), ("sts", "AssumeRoleWithSAML")];

/// The service that a call is for, and how it is spoken to.
#[derive(Clone)]
struct Target {
    service: Arc<dyn Service>,
    protocol: ProtocolKind,
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
        known: Option<(ServiceIndex, ProtocolKind)>,
        signing_name: Option<&str>,
    ) -> Response<Outgoing> {
        let known = known.and_then(|(index, protocol)| {
            self.service(index).map(|service| Target { service: service.clone(), protocol })
        });
        let bytes_max =
            known.as_ref().map_or(limits::BODY_BYTES_MAX, |t| limits::body_bytes_max(t.model().endpoint.service));
        let read = body::read(&mut incoming, bytes_max, self.patience().body, self.clock()).await;
        let raw = match read {
            Ok(raw) => raw,
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
            Ok((operation, answer)) => codec::encode(target.model(), target.protocol, operation, answer, exchange),
            Err(error) => {
                tracing::info!(status = error.status, code = %error.code, "refused");
                codec::encode_error(Some(target.model()), target.protocol, &error, exchange)
            }
        };
        if let Some(cx) = cx {
            hint(&cx.hints(), &mut answer);
        }
        answer
    }

    async fn refuse_body(
        &self,
        exchange: &Exchange,
        mut incoming: Incoming,
        target: Option<&Target>,
        error: &BodyError,
        bytes_max: usize,
    ) -> Response<Outgoing> {
        // A client that waits for `100 Continue` reads the refusal at once; any other reads it when it has sent all.
        if *error == BodyError::TooLarge && !exchange.parts.headers.contains_key(http::header::EXPECT) {
            body::discard(&mut incoming, self.clock()).await;
        }
        let protocol = target.map_or(ProtocolKind::AwsQuery, |target| target.protocol);
        let model = target.map(Target::model);
        let operation = model.and_then(|model| {
            codec::find_operation(model, protocol, exchange, &Bytes::new()).ok().map(|o| model.operation(o).name)
        });
        let error = refuse::body_error(error, protocol, operation.unwrap_or("called"), bytes_max);
        tracing::info!(status = error.status, code = %error.code, "refused");
        codec::encode_error(model, protocol, &error, exchange)
    }

    fn find_query(&self, exchange: &Exchange, raw: &[u8], signing_name: Option<&str>) -> Result<Target, ApiError> {
        let query = exchange.parts.uri.query().unwrap_or_default();
        let value = |name: &str| form_value(raw, name).or_else(|| form_value(query.as_bytes(), name));
        let action = value("Action").ok_or_else(|| {
            ApiError::framework(400, "MissingAction", "The request must contain the parameter Action.")
        })?;
        let version = value("Version");
        let found = self.router().find_query(signing_name, &action, version.as_deref());
        let service = found.and_then(|index| self.service(index)).cloned().ok_or_else(|| {
            let version = version.unwrap_or_else(|| "NO_VERSION_SPECIFIED".to_owned());
            let message = format!("Could not find operation {action} for version {version}");
            ApiError::framework(400, "InvalidAction", message)
        })?;
        Ok(Target { service, protocol: ProtocolKind::AwsQuery })
    }

    async fn run(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        target: &Target,
        raw: Bytes,
        bytes_max: usize,
    ) -> (Option<Cx>, Result<(OperationId, Answer), ApiError>) {
        let ready = if raw.len() <= limits::INLINE_BYTES_MAX {
            self.prepare(exchange, target, raw, bytes_max)
        } else {
            let (edge, exchange, target) = (self.clone(), exchange.clone(), target.clone());
            let span = Span::current();
            let prepared = move || span.in_scope(|| edge.prepare(&exchange, &target, raw, bytes_max));
            tokio::task::spawn_blocking(prepared).await.unwrap_or_else(|broken| Err(ApiError::internal(broken)))
        };
        let Ready { cx, operation, input } = match ready {
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

    /// From the bytes to a call that may run. Blocks for as long as hashing and decoding take.
    fn prepare(&self, exchange: &Exchange, target: &Target, raw: Bytes, bytes_max: usize) -> Result<Ready, ApiError> {
        let (model, protocol) = (target.model(), target.protocol);
        let found = codec::find_operation(model, protocol, exchange, &raw);
        let name = found.as_ref().map_or("", |operation| model.operation(*operation).name);
        Span::current().record("operation", name);
        let Admitted { cx, payload, .. } = self
            .gate
            .admit(&self.call(exchange, model, name, &raw))
            .map_err(|refusal| refusal.to_api_error(RefusalStyle::from(protocol)))?;
        record_caller(&cx);
        let operation = found?;
        let keep_gzip = protocol == ProtocolKind::RestXml;
        let body = body::unwrap(&exchange.parts.headers, raw, payload, keep_gzip, bytes_max)
            .map_err(|error| refuse::body_error(&error, protocol, name, bytes_max))?;
        let input = codec::decode(model, protocol, operation, exchange, body)?;
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

pub(crate) fn record_caller(cx: &Cx) {
    let span = Span::current();
    span.record("account", field::display(&cx.account));
    span.record("region", field::display(&cx.region));
    span.record("principal", field::display(&cx.caller));
}

/// A value of a form: `+` and percent-encoding undone.
fn form_value(form: &[u8], name: &str) -> Option<String> {
    form.split(|b| *b == b'&').find_map(|pair| {
        let value = pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        let spaced: Vec<u8> = value.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
        Some(percent_encoding::percent_decode(&spaced).decode_utf8_lossy().into_owned())
    })
}

/// `x-gureum-hint: Code: message`, one header each: what strict access would have refused.
fn hint(hints: &[Hint], answer: &mut Response<Outgoing>) {
    for Hint { code, message } in hints {
        let visible = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
        let text: String = format!("{code}: {message}").chars().map(visible).take(limits::HINT_BYTES_MAX).collect();
        if let Ok(value) = HeaderValue::from_str(&text) {
            answer.headers_mut().append(HeaderName::from_static("x-gureum-hint"), value);
        }
    }
}
