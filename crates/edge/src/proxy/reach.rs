//! The way to another host: straight, or through the proxy that the user had before.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;

use auth::access::may_lead_to;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::net::TcpStream;

use super::target::{Target, TargetHost};
use crate::limits::TUNNEL_ADDRESSES_MAX;
use crate::serve::Edge;

/// Why there is no way to a host.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreached {
    #[error("no tunnel leads to this machine, its network link or a cloud's metadata")]
    Forbidden,
    #[error("the name does not resolve ({0})")]
    Unknown(io::Error),
    #[error("it cannot be reached ({0})")]
    Broken(String),
    #[error("it did not answer in time")]
    TooSlow,
    #[error("the former proxy's address cannot be read: it must be http://[user:password@]host:port")]
    FormerUnreadable,
    #[error("the former proxy leads back here")]
    FormerIsUs,
    #[error("the former proxy answered {0}")]
    FormerRefused(StatusCode),
}

impl Unreached {
    pub(super) fn status_and_code(&self) -> (u16, &'static str) {
        match self {
            Self::Forbidden => (403, "AccessDenied"),
            Self::TooSlow => (504, "GatewayTimeout"),
            _ => (502, "BadGateway"),
        }
    }
}

/// The proxy that the user had before `exec`.
pub(super) struct Former {
    target: Target,
    authorization: Option<HeaderValue>,
}

impl Former {
    /// Shape: `http://user:password@host:port`, user and password percent-encoded; both may be missing.
    pub(super) fn parse(address: &str) -> Result<Self, Unreached> {
        let read = || {
            let (scheme, rest) = address.split_once("://")?;
            let authority = rest.split('/').next()?;
            let (user, host) = match authority.rsplit_once('@') {
                Some((user, host)) => (Some(user), host),
                None => (None, authority),
            };
            let target = Target::parse(host, Some(80)).filter(|_| scheme.eq_ignore_ascii_case("http"))?;
            let authorization = match user {
                Some(user) => {
                    let plain: Vec<u8> = percent_decode_str(user).collect();
                    Some(HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(plain))).ok()?)
                }
                None => None,
            };
            Some(Self { target, authorization })
        };
        read().ok_or(Unreached::FormerUnreadable)
    }

    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// A connection to the proxy itself. Its address is the user's own choice; `local` is ours.
    pub(super) async fn dial(&self, local: SocketAddr) -> Result<TcpStream, Unreached> {
        let addresses = resolve(&self.target).await?;
        if addresses.contains(&local) {
            return Err(Unreached::FormerIsUs);
        }
        dial(addresses).await
    }

    /// A tunnel through the proxy. What the name of `target` resolves to there is the proxy's to judge.
    pub(super) async fn tunnel(&self, target: &Target, local: SocketAddr) -> Result<Upgraded, Unreached> {
        check_literal(target)?;
        let stream = self.dial(local).await?;
        let broken = |error: hyper::Error| Unreached::Broken(format!("the former proxy: {error}"));
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        tokio::spawn(connection.with_upgrades());
        let uri: Uri = target.to_string().parse().map_err(|_| Unreached::Forbidden)?;
        let mut request = Request::new(Empty::<Bytes>::new());
        *request.method_mut() = Method::CONNECT;
        if let Ok(host) = HeaderValue::from_str(&target.to_string()) {
            request.headers_mut().insert(HOST, host);
        }
        *request.uri_mut() = uri;
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        let response = sender.send_request(request).await.map_err(broken)?;
        if !response.status().is_success() {
            return Err(Unreached::FormerRefused(response.status()));
        }
        hyper::upgrade::on(response).await.map_err(broken)
    }
}

/// A connection to `target`, to an address that has been checked after its name was resolved: there is no second look-up
/// between the check and the connection that could answer otherwise.
pub(super) async fn straight(target: &Target) -> Result<TcpStream, Unreached> {
    check_literal(target)?;
    let mut addresses = resolve(target).await?;
    addresses.retain(|address| may_end_at(address.ip()));
    if addresses.is_empty() {
        return Err(Unreached::Forbidden);
    }
    dial(addresses).await
}

/// What needs no resolving.
pub(super) fn check_literal(target: &Target) -> Result<(), Unreached> {
    let forbidden = match &target.host {
        TargetHost::Address(ip) => !may_end_at(*ip),
        TargetHost::Name(_) => target.is_loopback(),
    };
    if forbidden { Err(Unreached::Forbidden) } else { Ok(()) }
}

fn may_end_at(ip: IpAddr) -> bool {
    may_lead_to(ip) && !is_own(ip)
}

/// Whether the address is one of this machine's: only those can be bound.
fn is_own(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

async fn resolve(target: &Target) -> Result<Vec<SocketAddr>, Unreached> {
    match &target.host {
        TargetHost::Address(ip) => Ok(vec![SocketAddr::new(*ip, target.port)]),
        TargetHost::Name(name) => {
            let found = tokio::net::lookup_host((name.as_str(), target.port)).await.map_err(Unreached::Unknown)?;
            Ok(found.collect())
        }
    }
}

async fn dial(addresses: Vec<SocketAddr>) -> Result<TcpStream, Unreached> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses.into_iter().take(TUNNEL_ADDRESSES_MAX) {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Both sides write what they have as they have it; a failure is told by the first read.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(Unreached::Broken(last.to_string()))
}

/// `way`, within the time that there is for it.
pub(super) async fn in_time<T>(
    edge: &Arc<Edge>,
    way: impl Future<Output = Result<T, Unreached>>,
) -> Result<T, Unreached> {
    edge.clock().timeout(edge.patience().tunnel_connect, way).await.unwrap_or(Err(Unreached::TooSlow))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_former_proxy_is_read_with_its_credentials() {
        let former = Former::parse("http://some%40one:p%3Aw@proxy.example:3128/").unwrap();
        assert_eq!(former.target.to_string(), "proxy.example:3128");
        assert_eq!(former.authorization.unwrap(), format!("Basic {}", STANDARD.encode("some@one:p:w")).as_str());
        assert!(Former::parse("http://127.0.0.1:3128").unwrap().authorization.is_none());
        for wrong in ["", "proxy:3128", "socks5://proxy:1080", "https://proxy:443", "http://", "http://a b:1"] {
            assert!(Former::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn no_name_or_address_of_this_machine_is_reached() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        for host in ["127.0.0.1", "127.0.0.2", "localhost", "a.localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"] {
            let target = Target::parse(&format!("{host}:{port}"), None).unwrap();
            assert!(matches!(straight(&target).await, Err(Unreached::Forbidden)), "{host}");
        }
    }

    #[test]
    fn an_address_of_this_machine_is_known() {
        assert!(is_own("127.0.0.1".parse().unwrap()));
        assert!(!is_own("192.0.2.1".parse().unwrap()));
    }
}
