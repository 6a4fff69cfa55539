use std::net::IpAddr;

use bytes::Bytes;
use http::Response;
use http::request::Parts;

use crate::{ApiError, Body, BoxFuture, Cx};

/// Somebody's application behind a host name of its own: function URLs. Nothing in a request to it reaches the control plane.
pub trait DataPlane: Send + Sync + 'static {
    /// Answers every request: what goes wrong is an answer, too. `id` is the name's first part.
    fn serve<'a>(&'a self, id: &'a str, request: PlaneRequest<'a>) -> BoxFuture<'a, Response<Body>>;
}

/// A request to somebody's application. Nobody has asked yet who sends it.
pub struct PlaneRequest<'a> {
    /// The id of the request and of what it starts.
    pub request_id: &'a str,
    pub parts: &'a Parts,
    /// `None` when it is more than [`DATA_PLANE_BODY_BYTES_MAX`].
    pub body: Option<Bytes>,
    pub peer: IpAddr,
    pub tls: bool,
    pub senders: &'a dyn Senders,
}

/// Finds out who sends a request, as the application wants it.
pub trait Senders: Send + Sync {
    /// Without looking.
    fn anybody(&self) -> Cx;

    /// By its signature for `service`. Errors: there is none, or a wrong one.
    fn signer(&self, service: &str) -> Result<Cx, ApiError>;
}

/// Bytes of a body to somebody's application.
/// Source: Lambda Developer Guide, "Lambda quotas", invocation payload (6 MB).
pub const DATA_PLANE_BODY_BYTES_MAX: usize = 6 << 20;
