//! The port as an HTTP proxy: `CONNECT host:port`, and plain requests whose target is a whole address, as clients send them
//! that have been given HTTP_PROXY.
//!
//! What asks for AWS's names, or for us, ends here: TLS inside of a tunnel is met with a certificate minted for the name.
//! Anything else is led on without being looked at, on loopback listeners and with the token of `gureum exec` only.

mod forward;
mod idle;
mod reach;
mod target;

use std::sync::Arc;

use auth::access::{Listener, ProxyCall, ProxyPass, ProxyRefusal};
use http::header::{PROXY_AUTHENTICATE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Version};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use idle::{Idle, Watched};
use reach::{Former, Unreached};
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::sync::OwnedSemaphorePermit;
use wire::ApiError;

pub(crate) use target::Target;

use crate::listen::Connection;
use crate::outgoing::Outgoing;
use crate::serve::Exchange;

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Duplex for S {}

/// Whether a request is for [`answer`], rather than for this server's own APIs.
pub(crate) fn is_asked(connection: &Connection, request: &Request<Incoming>) -> bool {
    if *request.method() == Method::CONNECT {
        return true;
    }
    let from_sandbox = matches!(*connection.arrival.access, Listener::Sandbox { .. });
    if from_sandbox || connection.arrival.tunnelled || request.version() > Version::HTTP_11 {
        return false;
    }
    let Some(authority) = request.uri().authority() else { return false };
    let here = |target: Target| target.leads_here(connection.edge.router().hosts(), connection.arrival.local);
    !Target::parse(authority.as_str(), Some(80)).is_some_and(here)
}

/// Takes off what is for a proxy only: a function behind a URL must not see the token.
pub(crate) fn forget(headers: &mut HeaderMap) {
    headers.remove(PROXY_AUTHORIZATION);
    headers.remove("proxy-connection");
}

/// Leads a request where it asks to be led, or says why not.
pub(crate) async fn answer(connection: Arc<Connection>, request: Request<Incoming>) -> Response<Outgoing> {
    let (parts, body) = request.into_parts();
    let exchange = connection.edge.exchange(parts, connection.arrival.clone());
    match led(connection, &exchange, body).await {
        Ok(answer) => answer,
        Err(error) => {
            let mut answer = exchange.refuse(&error, None);
            if error.status == 407 {
                let challenge = HeaderValue::from_static("Basic realm=\"gureum exec\"");
                answer.headers_mut().insert(PROXY_AUTHENTICATE, challenge);
            }
            answer
        }
    }
}

async fn led(connection: Arc<Connection>, exchange: &Exchange, body: Incoming) -> Result<Response<Outgoing>, ApiError> {
    let arrival = &exchange.arrival;
    let parts = &exchange.parts;
    let is_connect = parts.method == Method::CONNECT;
    if parts.version > Version::HTTP_11 || arrival.tunnelled {
        let text = "CONNECT is served over HTTP/1, and not within a tunnel";
        return Err(ApiError::unmodeled(501, "NotImplementedException", text));
    }
    let authority = parts.uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    let default_port = if is_connect { None } else { Some(80) };
    let target = Target::parse(authority, default_port)
        .filter(|_| is_connect || parts.uri.scheme_str() == Some("http"))
        .ok_or_else(|| ApiError::unmodeled(400, "InvalidRequest", "a proxy is asked for HOST:PORT or http://HOST/…"))?;
    let here = target.leads_here(connection.edge.router().hosts(), arrival.local);
    let call = ProxyCall { listener: &arrival.access, on_loopback: arrival.on_loopback, here, headers: &parts.headers };
    let pass = connection.edge.gate.admit_proxy(&call).map_err(|refusal| refused(refusal, &target))?;
    let slot = connection.edge.tunnel_slot().ok_or_else(|| {
        ApiError::unmodeled(503, "ServiceUnavailable", "too many tunnels are open; close some of them")
    })?;
    if !is_connect {
        return forward::forward(&connection, exchange, body, &target, &pass, slot)
            .await
            .map_err(|error| unreached(&error, &target));
    }
    if here {
        tokio::spawn(end_here(connection, upgrade_of(exchange, body), slot));
    } else {
        let far = far_end(&connection, &target, &pass).await.map_err(|error| unreached(&error, &target))?;
        tokio::spawn(lead_on(connection, upgrade_of(exchange, body), far, slot));
    }
    tracing::debug!(%target, here, chained = pass.former.is_some(), "a tunnel opens");
    Ok(Response::new(Outgoing::empty()))
}

fn refused(refusal: ProxyRefusal, target: &Target) -> ApiError {
    let text = format!("{target}: {refusal}");
    match refusal {
        ProxyRefusal::Token => ApiError::unmodeled(407, "ProxyAuthenticationRequired", text),
        ProxyRefusal::Sandbox | ProxyRefusal::OffLoopback => ApiError::unmodeled(403, "AccessDenied", text),
    }
}

fn unreached(error: &Unreached, target: &Target) -> ApiError {
    let (status, code) = error.status_and_code();
    ApiError::unmodeled(status, code, format!("{target}: {error}"))
}

/// The connection below a request, once its answer is written.
fn upgrade_of(exchange: &Exchange, body: Incoming) -> hyper::upgrade::OnUpgrade {
    let mut request = Request::new(body);
    *request.extensions_mut() = exchange.parts.extensions.clone();
    hyper::upgrade::on(request)
}

/// A tunnel whose other end is this server.
async fn end_here(connection: Arc<Connection>, upgrade: hyper::upgrade::OnUpgrade, slot: OwnedSemaphorePermit) {
    if let Ok(upgraded) = upgrade.await {
        connection.within_tunnel().run_tunnelled(TokioIo::new(upgraded)).await;
    }
    drop(slot);
}

async fn far_end(connection: &Connection, target: &Target, pass: &ProxyPass) -> Result<Box<dyn Duplex>, Unreached> {
    reach::in_time(&connection.edge, async {
        let far: Box<dyn Duplex> = match &pass.former {
            Some(former) => {
                let tunnel = Former::parse(former)?.tunnel(target, connection.arrival.local).await?;
                Box::new(TokioIo::new(tunnel))
            }
            None => Box::new(reach::straight(target).await?),
        };
        Ok(far)
    })
    .await
}

/// Bytes both ways until both sides have ended, nothing has moved for long, or the server stops. One side may end before the
/// other: what it has sent is told to the far end, and the way back stays open.
async fn lead_on(
    connection: Arc<Connection>,
    upgrade: hyper::upgrade::OnUpgrade,
    mut far: Box<dyn Duplex>,
    slot: OwnedSemaphorePermit,
) {
    let Ok(upgraded) = upgrade.await else { return };
    let idle = Idle::new(connection.edge.clone());
    let mut near = Watched::new(TokioIo::new(upgraded), idle.clone());
    tokio::select! {
        ended = copy_bidirectional(&mut near, &mut far) => {
            if let Err(error) = ended {
                tracing::debug!(%error, "a tunnel broke");
            }
        }
        () = idle.run_out(connection.edge.patience().tunnel_idle) => tracing::debug!("a tunnel was idle for too long"),
        () = connection.until_stopped() => {}
    }
    drop(slot);
}
