//! The edge itself: what it is made of, and the way of a request through it.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use auth::access::{Gate, Listener, Refusal, RefusalStyle};
use auth::sigv4;
use http::header::{CONTENT_LENGTH, EXPECT};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::{Body, Incoming};
use kernel::{Clock, Rng};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Instrument;
use tracing::field::Empty;
use wire::{ApiError, DataPlane, Model, Protocol, ProtocolKind, RequestIdStyle, Service};

use crate::body::{self, Bounds, Room};
use crate::ca::CertificateAuthority;
use crate::cors;
use crate::internal::{Internal, RawRoute};
use crate::limits::{Patience, TUNNELS_MAX};
use crate::listen::{self, Arrival, Listening};
use crate::outgoing::Outgoing;
use crate::peer::{Attendance, Attended};
use crate::refuse;
use crate::router::{ApiForm, Destination, Head, HostFacts, Router, ServiceIndex, split_port};

/// What an edge is made of.
pub struct EdgeOptions {
    /// The services that are served; the first of several with the same name, path or target wins.
    pub services: Vec<Arc<dyn Service>>,
    /// Decides who is calling and whether they may come in.
    pub gate: Arc<Gate>,
    /// Behind `/_localstack` and `/_gureum`.
    pub internal: Arc<dyn Internal>,
    /// Path prefix (`/_gureum/v1/code/`) → downloads by signed links.
    pub raw_routes: Vec<(String, Arc<dyn RawRoute>)>,
    /// Behind `{id}.lambda-url.…`.
    pub function_urls: Option<Arc<dyn DataPlane>>,
    /// Without one no listener speaks TLS.
    pub authority: Option<Arc<CertificateAuthority>>,
    /// Names of this endpoint beyond AWS's and localhost.
    pub hosts: HostFacts,
    /// Told of every answer from 500 on.
    pub witness: Option<Arc<dyn Witness>>,
    pub patience: Patience,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
}

/// Who is told of what went wrong.
pub trait Witness: Send + Sync + 'static {
    fn failed(&self, request: &FailedRequest<'_>);
}

/// A request that was answered with a status from 500 on.
#[derive(Clone, Copy, Debug)]
pub struct FailedRequest<'a> {
    pub request_id: &'a str,
    /// As the router names it; empty where only the body could have told.
    pub service: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    pub status: u16,
    /// The error's code, where the answer's head has it.
    pub code: &'a str,
}

/// The front of the server. One for all listeners.
pub struct Edge {
    services: Vec<Arc<dyn Service>>,
    router: Router,
    pub(crate) gate: Arc<Gate>,
    pub(crate) internal: Arc<dyn Internal>,
    pub(crate) raw_routes: Vec<(String, Arc<dyn RawRoute>)>,
    function_urls: Option<Arc<dyn DataPlane>>,
    authority: Option<Arc<CertificateAuthority>>,
    room: Room,
    tunnels: Arc<Semaphore>,
    witness: Option<Arc<dyn Witness>>,
    patience: Patience,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
}

impl Edge {
    pub fn new(options: EdgeOptions) -> Arc<Self> {
        let EdgeOptions {
            services,
            gate,
            internal,
            raw_routes,
            function_urls,
            authority,
            hosts,
            witness,
            patience,
            clock,
            rng,
        } = options;
        let models: Vec<&'static Model> = services.iter().map(|service| service.model()).collect();
        let router = Router::new(&models, hosts);
        Arc::new(Self {
            services,
            router,
            gate,
            internal,
            raw_routes,
            function_urls,
            authority,
            room: Room::default(),
            tunnels: Arc::new(Semaphore::new(TUNNELS_MAX)),
            witness,
            patience,
            clock,
            rng,
        })
    }

    /// Opens a listener; port 0 lets the system choose. Cheap enough for one per execution environment.
    /// Errors: the address is taken or not ours.
    pub async fn listen(self: &Arc<Self>, address: SocketAddr, access: Listener) -> io::Result<Listening> {
        listen::listen(self.clone(), address, access, false).await
    }

    /// The same for listeners off loopback, where nothing may travel in the clear: plain HTTP is told so and closed.
    pub async fn listen_tls_only(self: &Arc<Self>, address: SocketAddr, access: Listener) -> io::Result<Listening> {
        listen::listen(self.clone(), address, access, true).await
    }

    /// Serves a port that is bound already: a server binds before it opens its data.
    pub fn listen_on(
        self: &Arc<Self>,
        listener: std::net::TcpListener,
        access: Listener,
        tls_only: bool,
    ) -> io::Result<Listening> {
        listener.set_nonblocking(true)?;
        listen::on(self.clone(), tokio::net::TcpListener::from_std(listener)?, access, tls_only)
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The same for what may outlive a borrow.
    pub(crate) fn clock_of_its_own(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    pub(crate) fn tls(&self) -> Option<Arc<rustls::ServerConfig>> {
        self.authority.as_ref().map(|authority| authority.tls())
    }

    /// Room for one more tunnel, held while it is open; `None` when there is none.
    pub(crate) fn tunnel_slot(&self) -> Option<OwnedSemaphorePermit> {
        self.tunnels.clone().try_acquire_owned().ok()
    }

    /// A request that no service answers.
    pub(crate) fn exchange(&self, parts: Parts, arrival: Arrival) -> Exchange {
        Exchange { parts, arrival, request_id: kernel::id::uuid(self.rng.as_ref()), attendance: Attendance::default() }
    }

    /// What a body may take on this edge.
    pub(crate) fn bounds(&self, bytes_max: usize) -> Bounds<'_> {
        Bounds { bytes_max, room: &self.room, patience: self.patience.body, clock: self.clock() }
    }

    pub(crate) fn router(&self) -> &Router {
        &self.router
    }

    pub(crate) fn service(&self, index: ServiceIndex) -> Option<&Arc<dyn Service>> {
        self.services.get(index.0)
    }

    /// The way of one request. Never fails: what goes wrong is an answer.
    pub(crate) async fn serve(self: &Arc<Self>, request: Request<Incoming>, arrival: Arrival) -> Response<Outgoing> {
        let (parts, body) = request.into_parts();
        let mut exchange = Exchange { parts, arrival, request_id: String::new(), attendance: Attendance::default() };
        let destination = self.router.route(&exchange.head());
        exchange.request_id = self.new_request_id(&destination);
        let exchange = Arc::new(exchange);
        let _attended = Attended(exchange.clone());
        let span = tracing::info_span!(
            "request",
            request_id = %exchange.request_id,
            service = Empty,
            operation = Empty,
            account = Empty,
            region = Empty,
            principal = Empty,
        );
        let service = self.service_of(&destination);
        let mut answer = self.dispatch(&exchange, destination, body).instrument(span.clone()).await;
        tracing::debug!(parent: &span, status = answer.status().as_u16(), "answered");
        if let Some(witness) = self.witness.as_ref().filter(|_| answer.status().is_server_error()) {
            witness.failed(&exchange.failed(&service, &answer));
        }
        if exchange.parts.method == Method::HEAD && exchange.parts.version == Version::HTTP_2 {
            // For HTTP/1.1 hyper does this.
            if let Some(bytes) = answer.body().size_hint().exact() {
                answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(bytes));
            }
            *answer.body_mut() = Outgoing::empty();
        }
        answer
    }

    /// What a destination is called, for a person.
    fn service_of(&self, destination: &Destination) -> Cow<'static, str> {
        match destination {
            Destination::Api { service, .. } => {
                self.service(*service).map_or("", |service| service.model().endpoint.service).into()
            }
            Destination::Query { signing_name } => signing_name.clone().unwrap_or_default().into(),
            Destination::Unserved { service } => service.clone().into(),
            Destination::S3 { .. } => "s3".into(),
            Destination::ExecuteApi { .. } | Destination::CustomDomain { .. } => "execute-api".into(),
            Destination::FunctionUrl { .. } => "lambda-url".into(),
            Destination::Website { .. } => "s3-website".into(),
            Destination::Internal => "gureum".into(),
        }
    }

    fn new_request_id(&self, destination: &Destination) -> String {
        let style = match destination {
            Destination::Api { service, .. } => {
                self.service(*service).map(|service| service.model().endpoint.error_style.request_id)
            }
            Destination::S3 { .. } => Some(RequestIdStyle::S3),
            _ => None,
        };
        let rng = self.rng.as_ref();
        match style {
            Some(RequestIdStyle::Base32) => kernel::id::request52(rng),
            Some(RequestIdStyle::S3) => kernel::id::hex_digits(rng, 16).to_ascii_uppercase(),
            Some(RequestIdStyle::Uuid) | None => kernel::id::uuid(rng),
        }
    }

    async fn dispatch(
        self: &Arc<Self>,
        exchange: &Arc<Exchange>,
        destination: Destination,
        body: Incoming,
    ) -> Response<Outgoing> {
        if exchange.is_from_sandbox() && matches!(destination, Destination::ExecuteApi { form: ApiForm::Path, .. }) {
            let error = ApiError::unmodeled(403, "AccessDenied", "a function may not ask for this path");
            return exchange.refuse(&error, None);
        }
        if let (Destination::FunctionUrl { id }, Some(plane)) = (&destination, self.function_urls.clone()) {
            return self.data_plane(plane.as_ref(), id, exchange, body).await;
        }
        if destination.is_data_plane() {
            let what = match destination {
                Destination::FunctionUrl { .. } => "function URLs",
                Destination::Website { .. } => "static websites",
                _ => "API Gateway's execute API",
            };
            return exchange.refuse(&refuse::unserved(what), None);
        }
        // Before anything is decoded: a page of another site gets no further.
        let site = match self.gate.check_site(&exchange.signed_head()) {
            Ok(site) => site,
            Err(refusal) => return exchange.refuse_caller(&refusal, None),
        };
        if cors::is_preflight(&exchange.parts.method, &exchange.parts.headers) {
            let mut answer = Response::new(Outgoing::empty());
            cors::preflight(&site, &exchange.parts.headers, answer.headers_mut());
            return answer;
        }
        let mut answer = match destination {
            Destination::Api { service, protocol } => self.api(exchange, body, Some((service, protocol)), None).await,
            Destination::Query { signing_name } => self.api(exchange, body, None, signing_name.as_deref()).await,
            Destination::Internal => self.internal(exchange, body).await,
            Destination::Unserved { service } => {
                self.discard(exchange, body).await;
                exchange.refuse(&refuse::unserved(&service), None)
            }
            _ => {
                self.discard(exchange, body).await;
                exchange.refuse(&refuse::unserved("S3"), Some(ProtocolKind::RestXml))
            }
        };
        cors::expose(&site, answer.headers_mut());
        answer
    }

    /// Reads what a client sends although it is refused: one that is still sending would see a broken connection instead of
    /// the answer. One that waits for `100 Continue` reads the answer at once.
    pub(crate) async fn discard(&self, exchange: &Exchange, mut body: Incoming) {
        if !exchange.parts.headers.contains_key(EXPECT) {
            body::discard(&mut body, self.clock()).await;
        }
    }
}

/// One request on its way.
pub(crate) struct Exchange {
    pub(crate) parts: Parts,
    pub(crate) arrival: Arrival,
    pub(crate) request_id: String,
    pub(crate) attendance: Attendance,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not its head: that holds what it was signed with.
        f.debug_tuple("Exchange").field(&self.request_id).finish()
    }
}

impl Exchange {
    pub(crate) fn head(&self) -> Head<'_> {
        let Parts { method, uri, headers, .. } = &self.parts;
        let host = split_port(self.signed_head().host().unwrap_or_default());
        Head { method, host, path: uri.path(), query: uri.query().unwrap_or_default(), headers }
    }

    pub(crate) fn signed_head(&self) -> sigv4::Head<'_> {
        sigv4::Head { method: &self.parts.method, uri: &self.parts.uri, headers: &self.parts.headers }
    }

    fn failed<'a>(&'a self, service: &'a str, answer: &'a Response<Outgoing>) -> FailedRequest<'a> {
        let code = answer.headers().get("x-amzn-errortype").and_then(|code| code.to_str().ok());
        FailedRequest {
            request_id: &self.request_id,
            service,
            method: self.parts.method.as_str(),
            path: self.parts.uri.path(),
            status: answer.status().as_u16(),
            code: code.unwrap_or_default(),
        }
    }

    /// Whether the request came by an execution environment's own listener.
    pub(crate) fn is_from_sandbox(&self) -> bool {
        matches!(*self.arrival.access, Listener::Sandbox { .. })
    }

    /// An error that no service answers: in the given protocol, else in the one that the request looks like.
    pub(crate) fn refuse(&self, error: &ApiError, protocol: Option<ProtocolKind>) -> Response<Outgoing> {
        let protocol = protocol.unwrap_or_else(|| self.likely_protocol());
        tracing::info!(status = error.status, code = %error.code, "refused");
        let protocol = Protocol { kind: protocol, query_compatible: false };
        wire::encode_error(None, protocol, error, &self.request_id).map(Outgoing::from)
    }

    pub(crate) fn refuse_caller(&self, refusal: &Refusal, protocol: Option<ProtocolKind>) -> Response<Outgoing> {
        let protocol = protocol.unwrap_or_else(|| self.likely_protocol());
        self.refuse(&refusal.to_api_error(RefusalStyle::from(protocol)), Some(protocol))
    }

    fn likely_protocol(&self) -> ProtocolKind {
        let text = |name: &str| self.parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if text("smithy-protocol") == "rpc-v2-cbor" {
            ProtocolKind::RpcV2Cbor
        } else if !text("x-amz-target").is_empty() {
            ProtocolKind::AwsJson11
        } else if text("content-type").starts_with("application/x-www-form-urlencoded") {
            ProtocolKind::AwsQuery
        } else {
            ProtocolKind::RestJson1
        }
    }
}

/// An answer of the edge's own in JSON.
pub(crate) fn json_answer(status: StatusCode, value: &serde_json::Value) -> Response<Outgoing> {
    let mut answer = Response::new(Outgoing::whole(value.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
