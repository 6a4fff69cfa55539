//! What AWS has no API for: `/_localstack/*`, which tools of others ask for, and `/_gureum/v1/*`, our own small API.
//! The edge knows paths and who may; what happens is the binary's, behind [`Internal`].

mod messages;

use std::io;
use std::time::Duration;

use auth::access::Call;
use bytes::Bytes;
use http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use hyper::body::Incoming;
use kernel::{Access, BoxFuture, Cx};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tracing::Span;

use crate::body::read;
use crate::limits::INTERNAL_BODY_BYTES_MAX;
use crate::outgoing::Outgoing;
use crate::router::query_value;
use crate::serve::{Edge, Exchange, json_answer};

/// What a caller asks for by a path and a method.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// `GET /_localstack/health`
    Health,
    /// `POST /_localstack/health` with `{"action": "restart"}` or `kill`.
    Session { restart: bool },
    /// `PUT /_localstack/health`: kept while the server runs, and shown with the health.
    RememberInHealth(Map<String, Value>),
    /// `GET /_localstack/info`
    Info,
    /// `GET /_localstack/init`, or of one stage.
    Init { stage: Option<String> },
    /// `GET /_localstack/config`
    Config,
    /// `GET /_localstack/diagnose`
    Diagnose,
    /// `GET /_localstack/plugins`
    Plugins,
    /// `GET /_aws/lambda/runtimes?filter=…`
    LambdaRuntimes { filter: Option<String> },
    /// `GET /_aws/cloudwatch/metrics/raw`
    RawMetrics,
    /// `GET /_gureum/v1/status`
    Status,
    /// `GET /_gureum/v1/explain?request=…`, `?message=…` or `?last=1`; the language by `lang=` or Accept-Language.
    Explain { what: Explained, language: Option<String> },
    /// `GET /_gureum/v1/queues/{name}/messages?limit=…`
    QueueMessages { queue: String, limit: Option<usize> },
    /// `/_aws/sqs/messages?QueueUrl=…`, by GET or as a client's ReceiveMessage; `/_aws/sqs/messages/{region}/{account}/{name}`.
    /// Shape: a JSON object, or the query protocol's XML as a text.
    QueueMessagesAsReceived {
        queue_url: String,
        region: Option<String>,
        with_hidden: bool,
        with_delayed: bool,
        as_json: bool,
    },
    /// Everything stored is gone when this is answered. Asked in open access only.
    Reset,
    /// Moves the virtual clock.
    AdvanceTime(Duration),
}

/// What is to be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Explained {
    Request(String),
    Message(String),
    /// Whatever went wrong last in the caller's account and region.
    Last,
}

/// What the binary does about it. An answer is a JSON object, as it goes out; a text is XML.
pub trait Internal: Send + Sync + 'static {
    fn answer<'a>(&'a self, asked: Asked, caller: &'a Cx) -> BoxFuture<'a, Result<Value, InternalError>>;
}

/// Why an action was not done, in words for its user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InternalError {
    pub status: StatusCode,
    pub message: String,
}

impl InternalError {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

/// A path below `/_gureum/v1/` whose answer is not JSON: a download by a signed link. The link's own token says who may;
/// whoever registers the route makes and checks it.
pub trait RawRoute: Send + Sync + 'static {
    /// Shape: `path` and `query` are raw, as they came. `None` is a 404.
    fn get<'a>(&'a self, path: &'a str, query: &'a str) -> BoxFuture<'a, Option<RawAnswer>>;
}

/// What a [`RawRoute`] gives.
#[derive(Clone, Debug)]
pub struct RawAnswer {
    pub status: StatusCode,
    pub content_type: String,
    pub body: Bytes,
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Also unsigned on a strict listener: it tells nothing that a port does not.
    Anyone,
    /// A caller that the listener's access lets in.
    Caller,
    /// The same, and only where open access holds.
    OpenOnly,
}

impl Asked {
    /// Shape: a path that is not ours is 404, one that is with another method 405, a body that does not fit 400.
    fn of(method: &Method, path: &str, query: &str, headers: &HeaderMap, body: &[u8]) -> Result<Self, InternalError> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let method = if method == Method::HEAD { &Method::GET } else { method };
        if let Some(queue) = path.strip_prefix("/_gureum/v1/queues/").and_then(|rest| rest.strip_suffix("/messages")) {
            only(&[Method::GET], method, path)?;
            return messages::own(queue, query);
        }
        if let Some(rest) =
            path.strip_prefix("/_aws/sqs/messages").filter(|rest| rest.is_empty() || rest.starts_with('/'))
        {
            only(&[Method::GET, Method::POST], method, path)?;
            return messages::as_received(rest, query, headers, body);
        }
        let init = path.strip_prefix("/_localstack/init/").filter(|stage| !stage.contains('/'));
        let allowed: &[Method] = match path {
            "/_localstack/health" => &[Method::GET, Method::POST, Method::PUT],
            "/_localstack/info" | "/_localstack/init" | "/_localstack/config" | "/_localstack/diagnose" => {
                &[Method::GET]
            }
            "/_localstack/plugins"
            | "/_aws/lambda/runtimes"
            | "/_aws/cloudwatch/metrics/raw"
            | "/_gureum/v1/status"
            | "/_gureum/v1/explain" => &[Method::GET],
            "/_localstack/state/reset" | "/_gureum/v1/reset" | "/_gureum/v1/time/advance" => &[Method::POST],
            _ if init.is_some() => &[Method::GET],
            _ => return Err(InternalError::new(StatusCode::NOT_FOUND, format!("there is nothing at {path}"))),
        };
        only(allowed, method, path)?;
        Ok(match path {
            "/_localstack/health" => match *method {
                Method::POST => session_of(body)?,
                Method::PUT => Self::RememberInHealth(object_of(body)?),
                _ => Self::Health,
            },
            "/_localstack/info" => Self::Info,
            "/_localstack/config" => Self::Config,
            "/_localstack/diagnose" => Self::Diagnose,
            "/_localstack/plugins" => Self::Plugins,
            "/_aws/lambda/runtimes" => Self::LambdaRuntimes { filter: query_value(query, "filter").map(str::to_owned) },
            "/_aws/cloudwatch/metrics/raw" => Self::RawMetrics,
            "/_gureum/v1/status" => Self::Status,
            "/_gureum/v1/explain" => {
                Self::Explain { what: explained_of(query)?, language: query_value(query, "lang").map(str::to_owned) }
            }
            "/_localstack/state/reset" | "/_gureum/v1/reset" => Self::Reset,
            "/_gureum/v1/time/advance" => Self::AdvanceTime(duration_of(body)?),
            _ => Self::Init { stage: init.map(str::to_owned) },
        })
    }

    fn rule(&self) -> Rule {
        match self {
            Self::Health | Self::Info | Self::Init { .. } | Self::LambdaRuntimes { .. } | Self::Plugins => Rule::Anyone,
            Self::Status
            | Self::Explain { .. }
            | Self::RawMetrics
            | Self::AdvanceTime(_)
            | Self::Config
            | Self::Diagnose
            | Self::RememberInHealth(_) => Rule::Caller,
            Self::QueueMessages { .. } | Self::QueueMessagesAsReceived { .. } => Rule::Caller,
            Self::Reset | Self::Session { .. } => Rule::OpenOnly,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Health => "Health",
            Self::Session { restart: true } => "Restart",
            Self::Session { restart: false } => "Kill",
            Self::RememberInHealth(_) => "RememberInHealth",
            Self::Info => "Info",
            Self::Init { .. } => "Init",
            Self::Config => "Config",
            Self::Diagnose => "Diagnose",
            Self::Plugins => "Plugins",
            Self::LambdaRuntimes { .. } => "LambdaRuntimes",
            Self::RawMetrics => "RawMetrics",
            Self::Status => "Status",
            Self::Explain { .. } => "Explain",
            Self::QueueMessages { .. } | Self::QueueMessagesAsReceived { .. } => "QueueMessages",
            Self::Reset => "Reset",
            Self::AdvanceTime(_) => "AdvanceTime",
        }
    }
}

fn only(allowed: &[Method], method: &Method, path: &str) -> Result<(), InternalError> {
    if allowed.contains(method) {
        return Ok(());
    }
    let allowed = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let message = format!("{path} takes {allowed}, not {method}");
    Err(InternalError::new(StatusCode::METHOD_NOT_ALLOWED, message))
}

fn wrong_body(expected: &str) -> InternalError {
    InternalError::new(StatusCode::BAD_REQUEST, format!("the body must be {expected}"))
}

fn object_of(body: &[u8]) -> Result<Map<String, Value>, InternalError> {
    serde_json::from_slice(body).map_err(|_| wrong_body("a JSON object"))
}

fn session_of(body: &[u8]) -> Result<Asked, InternalError> {
    match object_of(body)?.get("action").and_then(Value::as_str) {
        Some("restart") => Ok(Asked::Session { restart: true }),
        Some("kill") => Ok(Asked::Session { restart: false }),
        _ => Err(wrong_body("{\"action\": \"restart\"} or {\"action\": \"kill\"}")),
    }
}

/// Ids are letters, digits and hyphens: they stand in a query as they are.
fn explained_of(query: &str) -> Result<Explained, InternalError> {
    let value = |name| query_value(query, name).filter(|value| !value.is_empty()).map(str::to_owned);
    match (value("request"), value("message"), value("last")) {
        (Some(id), None, None) => Ok(Explained::Request(id)),
        (None, Some(id), None) => Ok(Explained::Message(id)),
        (None, None, Some(_)) => Ok(Explained::Last),
        _ => {
            let words = "say what is to be explained: request=ID, message=ID or last=1, and one of them";
            Err(InternalError::new(StatusCode::BAD_REQUEST, words))
        }
    }
}

/// The first language of `Accept-Language`, without its region; what a browser sends is in order.
fn accepted_language(exchange: &Exchange) -> Option<String> {
    let accepted = exchange.parts.headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
    let first = accepted.split([',', ';']).next()?.trim();
    Some(first.split('-').next().unwrap_or(first).to_ascii_lowercase())
}

/// `{"seconds": 36}`, or fractions of them.
fn duration_of(body: &[u8]) -> Result<Duration, InternalError> {
    let wrong = || wrong_body("{\"seconds\": N} with N from 0 on");
    let value: Value = serde_json::from_slice(body).map_err(|_| wrong())?;
    let seconds = value.get("seconds").and_then(Value::as_f64).ok_or_else(wrong)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}

/// LocalStack's own answers are written by Python, with a space after colon and comma, and scripts grep for it:
/// `curl …/_localstack/health | grep '"lambda": "available"'`.
fn spaced(value: &Value) -> Response<Outgoing> {
    struct Spaced;

    impl serde_json::ser::Formatter for Spaced {
        fn begin_object_key<W: ?Sized + io::Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
            if first { Ok(()) } else { to.write_all(b", ") }
        }

        fn begin_object_value<W: ?Sized + io::Write>(&mut self, to: &mut W) -> io::Result<()> {
            to.write_all(b": ")
        }

        fn begin_array_value<W: ?Sized + io::Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
            if first { Ok(()) } else { to.write_all(b", ") }
        }
    }

    let mut text = Vec::new();
    // Into memory, of a value whose keys are all strings: neither can fail.
    let _ = value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, Spaced));
    let mut answer = json_answer(StatusCode::OK, &Value::Null);
    *answer.body_mut() = Outgoing::whole(text);
    answer
}

fn xml_answer(text: String) -> Response<Outgoing> {
    let mut answer = Response::new(Outgoing::whole(text));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    answer
}

fn error_body(error: &InternalError) -> Value {
    json!({ "error": error.status.canonical_reason().unwrap_or("Error"), "message": error.message })
}

impl Edge {
    /// A request on `/_*`.
    pub(crate) async fn internal(&self, exchange: &Exchange, mut body: Incoming) -> Response<Outgoing> {
        if exchange.is_from_sandbox() {
            return json_error(&InternalError::new(StatusCode::FORBIDDEN, "a function may not ask for this path"));
        }
        let uri = &exchange.parts.uri;
        if let Some((_, route)) = self.raw_routes.iter().find(|(prefix, _)| uri.path().starts_with(prefix.as_str())) {
            return raw(route.as_ref(), exchange).await;
        }
        let answer = async {
            let read = read(&mut body, &self.bounds(INTERNAL_BODY_BYTES_MAX)).await;
            let (body, _) = read.map_err(|error| InternalError::new(StatusCode::BAD_REQUEST, error.to_string()))?;
            let query = uri.query().unwrap_or_default();
            let mut asked = Asked::of(&exchange.parts.method, uri.path(), query, &exchange.parts.headers, &body)?;
            if let Asked::Explain { language: language @ None, .. } = &mut asked {
                *language = accepted_language(exchange);
            }
            Span::current().record("operation", asked.name());
            let cx = self.admit_internal(exchange, asked.rule(), &body)?;
            self.internal.answer(asked, &cx).await
        };
        match answer.await {
            Ok(value) if uri.path().starts_with("/_localstack/") => spaced(&value),
            Ok(Value::String(text)) => xml_answer(text),
            Ok(value) => json_answer(StatusCode::OK, &value),
            Err(error) => json_error(&error),
        }
    }

    fn admit_internal(&self, exchange: &Exchange, rule: Rule, body: &[u8]) -> Result<Cx, InternalError> {
        let call = Call {
            request_id: &exchange.request_id,
            listener: &exchange.arrival.access,
            head: exchange.signed_head(),
            body: Some(body),
            service: None,
            unsigned_allowed: rule == Rule::Anyone,
            wall: self.clock().wall(),
            now: self.clock().now(),
            source_ip: Some(exchange.arrival.peer.ip()),
            secure_transport: exchange.arrival.tls,
        };
        let admitted = self.gate.admit(&call);
        let cx = admitted.map_err(|refusal| InternalError::new(StatusCode::FORBIDDEN, refusal.to_string()))?.cx;
        if rule == Rule::OpenOnly && cx.access != Access::Open {
            let message = "this is served in open access only; in strict access delete what is to go";
            return Err(InternalError::new(StatusCode::FORBIDDEN, message));
        }
        Ok(cx)
    }
}

async fn raw(route: &dyn RawRoute, exchange: &Exchange) -> Response<Outgoing> {
    let (method, uri) = (&exchange.parts.method, &exchange.parts.uri);
    if *method != Method::GET && *method != Method::HEAD {
        return json_error(&InternalError::new(StatusCode::METHOD_NOT_ALLOWED, "this path takes GET"));
    }
    let Some(RawAnswer { status, content_type, body }) = route.get(uri.path(), uri.query().unwrap_or_default()).await
    else {
        return json_error(&InternalError::new(StatusCode::NOT_FOUND, "there is nothing here"));
    };
    let mut answer = Response::new(Outgoing::whole(body));
    *answer.status_mut() = status;
    if let Ok(value) = HeaderValue::from_str(&content_type) {
        answer.headers_mut().insert(CONTENT_TYPE, value);
    }
    answer
}

fn json_error(error: &InternalError) -> Response<Outgoing> {
    json_answer(error.status, &error_body(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method, path: &str) -> Result<Asked, StatusCode> {
        Asked::of(&method, path, "", &HeaderMap::new(), b"").map_err(|error| error.status)
    }

    #[test]
    fn what_is_explained_is_named_once() {
        let of = |query| Asked::of(&Method::GET, "/_gureum/v1/explain", query, &HeaderMap::new(), b"");
        let explain = |what, language: Option<&str>| Asked::Explain { what, language: language.map(str::to_owned) };
        assert_eq!(of("request=r-1").unwrap(), explain(Explained::Request("r-1".to_owned()), None));
        assert_eq!(of("lang=ko&message=m").unwrap(), explain(Explained::Message("m".to_owned()), Some("ko")));
        assert_eq!(of("last=1").unwrap(), explain(Explained::Last, None));
        for wrong in ["", "request=", "request=a&last=1", "id=a"] {
            assert_eq!(of(wrong).unwrap_err().status, StatusCode::BAD_REQUEST, "{wrong}");
        }
    }

    #[test]
    fn paths_and_methods_name_what_is_asked() {
        assert_eq!(asked(Method::GET, "/_localstack/health"), Ok(Asked::Health));
        assert_eq!(asked(Method::HEAD, "/_localstack/health/"), Ok(Asked::Health));
        assert_eq!(asked(Method::GET, "/_localstack/init"), Ok(Asked::Init { stage: None }));
        let ready = Asked::Init { stage: Some("ready".to_owned()) };
        assert_eq!(asked(Method::GET, "/_localstack/init/ready"), Ok(ready));
        assert_eq!(asked(Method::POST, "/_localstack/state/reset"), Ok(Asked::Reset));
        assert_eq!(asked(Method::GET, "/_gureum/v1/reset"), Err(StatusCode::METHOD_NOT_ALLOWED));
        assert_eq!(asked(Method::GET, "/_gureum/v2/status"), Err(StatusCode::NOT_FOUND));
        assert_eq!(asked(Method::GET, "/_localstack/init/a/b"), Err(StatusCode::NOT_FOUND));
        let runtimes = Asked::of(&Method::GET, "/_aws/lambda/runtimes", "x=1&filter=all", &HeaderMap::new(), b"");
        assert_eq!(runtimes, Ok(Asked::LambdaRuntimes { filter: Some("all".to_owned()) }));
    }

    #[test]
    fn a_session_is_restarted_or_killed_and_nothing_else() {
        let post = |body: &str| Asked::of(&Method::POST, "/_localstack/health", "", &HeaderMap::new(), body.as_bytes());
        assert_eq!(post(r#"{"action":"restart"}"#), Ok(Asked::Session { restart: true }));
        assert_eq!(post(r#"{"action":"kill"}"#), Ok(Asked::Session { restart: false }));
        for wrong in ["", "{}", r#"{"action":"explode"}"#, r#"["kill"]"#] {
            assert_eq!(post(wrong).unwrap_err().status, StatusCode::BAD_REQUEST);
        }
    }

    #[test]
    fn a_duration_is_seconds_from_zero_on() {
        assert_eq!(duration_of(br#"{"seconds": 1.5}"#), Ok(Duration::from_millis(1500)));
        for wrong in [&b""[..], b"{}", br#"{"seconds": -1}"#, br#"{"seconds": "1"}"#, br#"{"seconds": 1e300}"#] {
            assert!(duration_of(wrong).is_err());
        }
    }
}
