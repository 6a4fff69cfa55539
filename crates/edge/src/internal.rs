//! What AWS has no API for: `/_localstack/*`, which tools of others ask for, and `/_gureum/v1/*`, our own small API.
//! The edge knows paths and who may; what happens is the binary's, behind [`Internal`].

use std::time::Duration;

use auth::access::Call;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Response, StatusCode};
use hyper::body::Incoming;
use kernel::{Access, BoxFuture, Cx};
use serde_json::{Value, json};
use tracing::Span;

use crate::body::read;
use crate::limits::INTERNAL_BODY_BYTES_MAX;
use crate::outgoing::Outgoing;
use crate::serve::{Edge, Exchange, json_answer};

/// The actions that the binary implements. Every answer is a JSON object, as it goes out.
pub trait Internal: Send + Sync + 'static {
    /// `{services: {lambda: "running", …}, edition, version}`.
    fn health(&self) -> BoxFuture<'_, Value>;

    /// `{version, edition, is_license_activated, session_id, system, …}`.
    fn info(&self) -> BoxFuture<'_, Value>;

    /// `{completed: {BOOT: true, …}, scripts: []}`.
    fn init(&self) -> BoxFuture<'_, Value>;

    /// `{stage, completed, scripts}` of one stage (`boot`, `start`, `ready`, `shutdown`); `None` when there is no such one.
    fn init_stage<'a>(&'a self, stage: &'a str) -> BoxFuture<'a, Option<Value>>;

    fn status(&self) -> BoxFuture<'_, Value>;

    /// Everything stored is gone when this returns. Asked in open access only.
    fn reset(&self) -> BoxFuture<'_, Result<Value, InternalError>>;

    /// Moves the virtual clock.
    fn advance_time(&self, by: Duration) -> BoxFuture<'_, Result<Value, InternalError>>;
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

/// What a path and method ask for.
#[derive(Clone, Debug, PartialEq)]
enum Action {
    Health,
    Info,
    Init,
    InitStage(String),
    Status,
    Reset,
    AdvanceTime,
}

/// Who may ask for an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Also unsigned on a strict listener: it tells nothing that a port does not.
    Anyone,
    /// A caller that the listener's access lets in.
    Caller,
    /// The same, and only where open access holds.
    OpenOnly,
}

impl Action {
    /// Shape: a path that is not ours is 404, one that is with another method 405.
    fn of(method: &Method, path: &str) -> Result<Self, InternalError> {
        let path = path.strip_suffix('/').unwrap_or(path);
        let (action, expected) = match path {
            "/_localstack/health" => (Self::Health, Method::GET),
            "/_localstack/info" => (Self::Info, Method::GET),
            "/_localstack/init" => (Self::Init, Method::GET),
            "/_gureum/v1/status" => (Self::Status, Method::GET),
            "/_localstack/state/reset" | "/_gureum/v1/reset" => (Self::Reset, Method::POST),
            "/_gureum/v1/time/advance" => (Self::AdvanceTime, Method::POST),
            _ => match path.strip_prefix("/_localstack/init/") {
                Some(stage) if !stage.contains('/') => (Self::InitStage(stage.to_owned()), Method::GET),
                _ => return Err(InternalError::new(StatusCode::NOT_FOUND, format!("there is nothing at {path}"))),
            },
        };
        let allowed = *method == expected || (expected == Method::GET && *method == Method::HEAD);
        if allowed {
            Ok(action)
        } else {
            Err(InternalError::new(StatusCode::METHOD_NOT_ALLOWED, format!("{path} takes {expected}, not {method}")))
        }
    }

    fn rule(&self) -> Rule {
        match self {
            Self::Health | Self::Info | Self::Init | Self::InitStage(_) => Rule::Anyone,
            Self::Status | Self::AdvanceTime => Rule::Caller,
            Self::Reset => Rule::OpenOnly,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Health => "Health",
            Self::Info => "Info",
            Self::Init | Self::InitStage(_) => "Init",
            Self::Status => "Status",
            Self::Reset => "Reset",
            Self::AdvanceTime => "AdvanceTime",
        }
    }
}

/// Does what was asked, by a caller that may.
async fn act(internal: &dyn Internal, action: &Action, cx: &Cx, body: &[u8]) -> Result<Value, InternalError> {
    match action {
        Action::Health => Ok(internal.health().await),
        Action::Info => Ok(internal.info().await),
        Action::Init => Ok(internal.init().await),
        Action::InitStage(stage) => internal
            .init_stage(stage)
            .await
            .ok_or_else(|| InternalError::new(StatusCode::NOT_FOUND, format!("there is no stage {stage}"))),
        Action::Status => Ok(internal.status().await),
        Action::Reset => {
            tracing::info!(caller = %cx.caller, "reset");
            internal.reset().await
        }
        Action::AdvanceTime => internal.advance_time(duration_of(body)?).await,
    }
}

/// `{"seconds": 36}`, or fractions of them.
fn duration_of(body: &[u8]) -> Result<Duration, InternalError> {
    let wrong = || InternalError::new(StatusCode::BAD_REQUEST, "the body must be {\"seconds\": N} with N from 0 on");
    let value: Value = serde_json::from_slice(body).map_err(|_| wrong())?;
    let seconds = value.get("seconds").and_then(Value::as_f64).ok_or_else(wrong)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
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
            let action = Action::of(&exchange.parts.method, uri.path())?;
            Span::current().record("operation", action.name());
            let read = read(&mut body, &self.bounds(INTERNAL_BODY_BYTES_MAX)).await;
            let (body, _) = read.map_err(|error| InternalError::new(StatusCode::BAD_REQUEST, error.to_string()))?;
            let cx = self.admit_internal(exchange, &action, &body)?;
            act(self.internal.as_ref(), &action, &cx, &body).await
        };
        match answer.await {
            Ok(value) => json_answer(StatusCode::OK, &value),
            Err(error) => json_error(&error),
        }
    }

    fn admit_internal(&self, exchange: &Exchange, action: &Action, body: &[u8]) -> Result<Cx, InternalError> {
        let rule = action.rule();
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

    #[test]
    fn paths_and_methods_name_an_action() {
        assert_eq!(Action::of(&Method::GET, "/_localstack/health"), Ok(Action::Health));
        assert_eq!(Action::of(&Method::HEAD, "/_localstack/health/"), Ok(Action::Health));
        assert_eq!(Action::of(&Method::GET, "/_localstack/init/ready"), Ok(Action::InitStage("ready".to_owned())));
        assert_eq!(Action::of(&Method::POST, "/_localstack/state/reset"), Ok(Action::Reset));
        let status = |method, path| Action::of(&method, path).unwrap_err().status;
        assert_eq!(status(Method::GET, "/_gureum/v1/reset"), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(status(Method::GET, "/_gureum/v2/status"), StatusCode::NOT_FOUND);
        assert_eq!(status(Method::GET, "/_localstack/init/a/b"), StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_duration_is_seconds_from_zero_on() {
        assert_eq!(duration_of(br#"{"seconds": 1.5}"#), Ok(Duration::from_millis(1500)));
        for wrong in [&b""[..], b"{}", br#"{"seconds": -1}"#, br#"{"seconds": "1"}"#, br#"{"seconds": 1e300}"#] {
            assert!(duration_of(wrong).is_err());
        }
    }
}
