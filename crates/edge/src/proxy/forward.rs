//! Plain HTTP to another host: the request is sent on, and its answer back.

use std::io;

use auth::access::ProxyPass;
use futures_util::StreamExt;
use http::header::{CONNECTION, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use http_body_util::BodyDataStream;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::sync::OwnedSemaphorePermit;

use super::idle::{Idle, Watched};
use super::reach::{self, Former, Unreached};
use super::target::Target;
use crate::listen::Connection;
use crate::outgoing::Outgoing;
use crate::serve::Exchange;

/// Headers of one hop only. Source: RFC 9110, 7.6.1; `proxy-connection` and `keep-alive` are older clients'.
const HOP_HEADERS: [HeaderName; 8] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("keep-alive"),
];

pub(super) async fn forward(
    connection: &Connection,
    exchange: &Exchange,
    body: Incoming,
    target: &Target,
    pass: &ProxyPass,
    slot: OwnedSemaphorePermit,
) -> Result<Response<Outgoing>, Unreached> {
    let edge = &connection.edge;
    let former = pass.former.as_deref().map(Former::parse).transpose()?;
    let stream = reach::in_time(edge, async {
        match &former {
            Some(former) => {
                reach::check_literal(target)?;
                former.dial(connection.arrival.local).await
            }
            None => reach::straight(target).await,
        }
    })
    .await?;
    let idle = Idle::new(edge.clone());
    let stream = TokioIo::new(Watched::new(stream, idle.clone()));
    let broken = |error: hyper::Error| Unreached::Broken(error.to_string());
    let (mut sender, far) = http1::handshake(stream).await.map_err(broken)?;
    let patience = edge.patience();
    tokio::spawn(async move {
        tokio::select! {
            // The body's reader is told of what breaks.
            _ = far => {}
            () = idle.run_out(patience.tunnel_idle) => {}
        }
        drop(slot);
    });
    let request = sent_on(exchange, body, target, former.as_ref())?;
    let (mut parts, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
    strip_hop_headers(&mut parts.headers);
    let pieces = BodyDataStream::new(body).map(|piece| piece.map_err(io::Error::other));
    Ok(Response::from_parts(parts, Outgoing::stream(pieces)))
}

fn sent_on(
    exchange: &Exchange,
    body: Incoming,
    target: &Target,
    former: Option<&Former>,
) -> Result<Request<Incoming>, Unreached> {
    let parts = &exchange.parts;
    let mut request = Request::new(body);
    *request.method_mut() = parts.method.clone();
    *request.headers_mut() = parts.headers.clone();
    strip_hop_headers(request.headers_mut());
    match former {
        Some(former) => {
            *request.uri_mut() = parts.uri.clone();
            if let Some(authorization) = former.authorization() {
                request.headers_mut().insert(PROXY_AUTHORIZATION, authorization.clone());
            }
        }
        None => {
            let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            *request.uri_mut() = path.parse::<Uri>().map_err(|_| Unreached::Forbidden)?;
        }
    }
    // What the target says counts, not a Host beside it (RFC 9112, 3.2.2).
    let authority = parts.uri.authority().map_or_else(|| target.to_string(), ToString::to_string);
    let host = HeaderValue::from_str(&authority).map_err(|_| Unreached::Forbidden)?;
    request.headers_mut().insert(HOST, host);
    Ok(request)
}

fn strip_hop_headers(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP_HEADERS) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_one_hop_stay_behind() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("connection", "close, X-Mine"), ("x-mine", "1"), ("proxy-authorization", "Basic x"), ("accept", "*/*")]
        {
            headers.insert(name, HeaderValue::from_static(value));
        }
        strip_hop_headers(&mut headers);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["accept"]);
    }
}
