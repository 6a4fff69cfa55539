//! The Runtime API over HTTP, on a loopback listener of one environment.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::state::{Call, Payload, Refusal};
use crate::limits::{RESPONSE_BYTES_MAX, STREAM_BYTES_MAX};
use crate::response_stream::{Piece, ResponseStream};

/// A call that came over HTTP, and where its answer goes.
pub enum HttpCall {
    /// Answered when there is an event: its headers and body.
    Next(oneshot::Sender<Result<Event, Refusal>>),
    Post(Call, oneshot::Sender<Result<(), Refusal>>),
    /// Answered with where the pieces go; `None` when the answer is wanted whole.
    Stream {
        id: String,
        reply: oneshot::Sender<Result<Option<ResponseStream>, Refusal>>,
    },
}

pub type Event = (Vec<(&'static str, String)>, Bytes);

#[derive(Debug, PartialEq)]
enum Route {
    Next,
    Response(String),
    Error(String),
    InitError,
    Unknown,
}

fn route(method: &Method, path: &str) -> Route {
    let Some(rest) = path.strip_prefix("/2018-06-01/runtime/") else { return Route::Unknown };
    let parts: Vec<&str> = rest.split('/').collect();
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["invocation", "next"]) => Route::Next,
        ("POST", ["invocation", id, "response"]) if !id.is_empty() => Route::Response((*id).to_owned()),
        ("POST", ["invocation", id, "error"]) if !id.is_empty() => Route::Error((*id).to_owned()),
        ("POST", ["init", "error"]) => Route::InitError,
        _ => Route::Unknown,
    }
}

/// No method and path panics, and only the API's own shapes are routed.
#[doc(hidden)]
pub fn fuzz_routes(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for method in [Method::GET, Method::POST, Method::DELETE] {
        if route(&method, &text) != Route::Unknown {
            assert!(text.starts_with("/2018-06-01/runtime/"));
        }
    }
}

/// Serves until dropped.
pub async fn serve(listener: TcpListener, calls: mpsc::Sender<HttpCall>) {
    // Dropped with this future, and every connection with it.
    let mut connections = JoinSet::new();
    loop {
        let accepted: std::io::Result<(_, SocketAddr)> = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else { continue };
        let _ = stream.set_nodelay(true);
        let calls = calls.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| answer(request, calls.clone()));
            // As AWS writes them: there are bootstraps that compare header names letter by letter.
            let mut http = hyper::server::conn::http1::Builder::new();
            let _ = http.title_case_headers(true).serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    calls: mpsc::Sender<HttpCall>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    Ok(match route(&parts.method, parts.uri.path()) {
        Route::Next => next(&calls).await,
        Route::Response(id) if is_streamed(&parts.headers) => streamed(&calls, id, &parts.headers, body).await,
        Route::Response(id) => {
            let (payload, trailers) = collect(body).await;
            match streamed_error(trailers.as_ref()) {
                Some(payload) => post(&calls, Call::Error { id, payload }).await,
                None => post(&calls, Call::Response { id, payload }).await,
            }
        }
        Route::Error(id) => post(&calls, Call::Error { id, payload: collect(body).await.0 }).await,
        Route::InitError => post(&calls, Call::InitError { payload: collect(body).await.0 }).await,
        Route::Unknown => response(StatusCode::NOT_FOUND, Bytes::from_static(b"404 page not found\n")),
    })
}

/// A response that the runtime announces to come piece by piece.
/// Source: Lambda Developer Guide, "Building a custom runtime for AWS Lambda", implementing response streaming.
fn is_streamed(headers: &HeaderMap) -> bool {
    headers.get("lambda-runtime-function-response-mode").is_some_and(|mode| mode == "streaming")
}

async fn streamed(
    calls: &mpsc::Sender<HttpCall>,
    id: String,
    headers: &HeaderMap,
    mut body: Incoming,
) -> Response<Full<Bytes>> {
    let (reply, begun) = oneshot::channel();
    if calls.send(HttpCall::Stream { id: id.clone(), reply }).await.is_err() {
        return gone();
    }
    let stream = match begun.await {
        Ok(Ok(Some(stream))) => stream,
        Ok(Ok(None)) => {
            let (payload, trailers) = collect(body).await;
            return match streamed_error(trailers.as_ref()) {
                Some(payload) => post(calls, Call::Error { id, payload }).await,
                None => post(calls, Call::Response { id, payload }).await,
            };
        }
        Ok(Err(refusal)) => return refused(&refusal),
        Err(_) => return gone(),
    };
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or("application/octet-stream").to_owned();
    stream.write(Piece::Began { content_type }).await;
    let (mut bytes, mut trailers) = (0_usize, None);
    while let Some(frame) = body.frame().await {
        // The runtime's process has ended, or will be ended by its time: that is how the invocation ends.
        let Ok(frame) = frame else { return gone() };
        match frame.into_data() {
            Ok(data) => {
                bytes = bytes.saturating_add(data.len());
                if bytes <= STREAM_BYTES_MAX && !data.is_empty() {
                    stream.write(Piece::Bytes(data)).await;
                }
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    let call = if bytes > STREAM_BYTES_MAX {
        Call::Error { id, payload: Payload::Whole(stream_too_large()) }
    } else {
        match streamed_error(trailers.as_ref()) {
            Some(payload) => Call::Error { id, payload },
            None => Call::Response { id, payload: Payload::Whole(Bytes::new()) },
        }
    };
    // Whoever reads the pieces sees their end before the outcome.
    drop(stream);
    post(calls, call).await
}

fn stream_too_large() -> Bytes {
    let message = format!("Response payload size exceeded maximum allowed payload size ({STREAM_BYTES_MAX} bytes).");
    let told = serde_json::json!({"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message});
    told.to_string().into()
}

async fn next(calls: &mpsc::Sender<HttpCall>) -> Response<Full<Bytes>> {
    let (reply, event) = oneshot::channel();
    if calls.send(HttpCall::Next(reply)).await.is_err() {
        return gone();
    }
    match event.await {
        Ok(Ok((headers, body))) => {
            let mut answer = response(StatusCode::OK, body);
            for (name, value) in headers {
                if let Ok(value) = http::HeaderValue::from_bytes(value.as_bytes()) {
                    answer.headers_mut().insert(name, value);
                }
            }
            answer
        }
        Ok(Err(refusal)) => refused(&refusal),
        Err(_) => gone(),
    }
}

async fn post(calls: &mpsc::Sender<HttpCall>, call: Call) -> Response<Full<Bytes>> {
    let too_large = matches!(
        call,
        Call::Response { payload: Payload::TooLarge, .. } | Call::Error { payload: Payload::TooLarge, .. }
    );
    let (reply, done) = oneshot::channel();
    if calls.send(HttpCall::Post(call, reply)).await.is_err() {
        return gone();
    }
    match done.await {
        Ok(Ok(())) if too_large => error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            &format!("Exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes)."),
        ),
        Ok(Ok(())) => response(StatusCode::ACCEPTED, Bytes::from_static(b"{\"status\":\"OK\"}\n")),
        Ok(Err(refusal)) => refused(&refusal),
        Err(_) => gone(),
    }
}

/// The whole body, or `TooLarge` with nothing kept.
async fn collect(mut body: Incoming) -> (Payload, Option<HeaderMap>) {
    let (mut kept, mut trailers, mut too_large) = (BytesMut::new(), None, false);
    while let Some(Ok(frame)) = body.frame().await {
        match frame.into_data() {
            Ok(data) if too_large || kept.len() + data.len() > RESPONSE_BYTES_MAX => {
                too_large = true;
                kept = BytesMut::new();
            }
            Ok(data) => kept.extend_from_slice(&data),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    (if too_large { Payload::TooLarge } else { Payload::Whole(kept.freeze()) }, trailers)
}

/// A streaming handler that fails on the way says so after the body.
fn streamed_error(trailers: Option<&HeaderMap>) -> Option<Payload> {
    use base64::Engine as _;
    let encoded = trailers?.get("lambda-runtime-function-error-body")?;
    let body = base64::engine::general_purpose::STANDARD.decode(encoded.as_bytes()).ok()?;
    Some(Payload::Whole(body.into()))
}

fn response(status: StatusCode, body: Bytes) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    answer
}

fn refused(refusal: &Refusal) -> Response<Full<Bytes>> {
    match refusal {
        Refusal::InvalidRequestId => error(StatusCode::BAD_REQUEST, "InvalidRequestID", &refusal.to_string()),
        Refusal::InvalidStateTransition { .. } => {
            error(StatusCode::FORBIDDEN, "InvalidStateTransition", &refusal.to_string())
        }
    }
}

fn gone() -> Response<Full<Bytes>> {
    error(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", "Internal Server Error")
}

fn error(status: StatusCode, kind: &str, message: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({"errorMessage": message, "errorType": kind}).to_string();
    response(status, body.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_has_four_routes() {
        let check = |method: Method, path: &str, expected: Route| assert_eq!(route(&method, path), expected);
        check(Method::GET, "/2018-06-01/runtime/invocation/next", Route::Next);
        check(Method::POST, "/2018-06-01/runtime/invocation/x-1/response", Route::Response("x-1".into()));
        check(Method::POST, "/2018-06-01/runtime/invocation/x-1/error", Route::Error("x-1".into()));
        check(Method::POST, "/2018-06-01/runtime/init/error", Route::InitError);
        check(Method::POST, "/2018-06-01/runtime/invocation/next", Route::Unknown);
        check(Method::GET, "/2018-06-01/runtime/invocation//response", Route::Unknown);
        check(Method::GET, "/", Route::Unknown);
    }
}
