//! Where a request goes: a pure function of its head.
//!
//! The order is the safety. Data-plane hosts come first, so nothing that a webhook's sender writes into a header, a query
//! or a body can turn a request to somebody's API into a call on the control plane.

mod hosts;
mod known;
mod tables;

use http::{HeaderMap, Method};
use wire::{Model, Protocol, ProtocolKind};

pub use hosts::{HostFacts, HostKind, split_port};
pub use tables::ServiceIndex;
use tables::Tables;

/// What the router may look at. `path` and `query` are raw: still percent-encoded, slashes as they came.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    pub method: &'a Method,
    /// Without the port; empty when the client named none.
    pub host: &'a str,
    pub path: &'a str,
    /// After `?`, empty when there is none.
    pub query: &'a str,
    pub headers: &'a HeaderMap,
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// An operation of a service that is registered.
    Api { service: ServiceIndex, protocol: Protocol },
    /// awsQuery whose service only the body tells (`Action` and `Version`), restricted to `signing_name` when it was signed.
    Query { signing_name: Option<String> },
    /// A call on somebody's API in API Gateway.
    ExecuteApi { api: String, form: ApiForm },
    /// A call on a function URL.
    FunctionUrl { id: String },
    /// A static website.
    Website { bucket: String },
    /// A custom domain name of API Gateway.
    CustomDomain { name: String },
    /// `/_gureum`, `/_localstack`, `/_aws`: ours, or compatible with tools of others.
    Internal,
    /// S3, as `bucket.s3…` (`bucket` is set) or with the bucket in the path.
    S3 { bucket: Option<String> },
    /// A service of AWS that this build does not serve.
    Unserved { service: String },
}

/// How the API was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiForm {
    /// `{api}.execute-api…/{stage}/…`
    Host,
    /// `/restapis/{api}/{stage}/_user_request_/…`
    UserRequest,
    /// `/_aws/execute-api/{api}/{stage}/…`
    Path,
}

impl Destination {
    /// Whether a caller of somebody's application arrives here, rather than one of the platform's own API.
    pub fn is_data_plane(&self) -> bool {
        matches!(
            self,
            Self::ExecuteApi { .. } | Self::FunctionUrl { .. } | Self::Website { .. } | Self::CustomDomain { .. }
        )
    }
}

/// Routes by tables made from the registered models, and by what AWS documents about host names.
#[derive(Debug)]
pub struct Router {
    tables: Tables,
    hosts: HostFacts,
}

impl Router {
    /// `models` in the order of registration: a [`ServiceIndex`] counts in it.
    pub fn new(models: &[&'static Model], hosts: HostFacts) -> Self {
        Self { tables: Tables::new(models), hosts }
    }

    pub fn hosts(&self) -> &HostFacts {
        &self.hosts
    }

    /// Shape: every head has exactly one destination; there is no error.
    pub fn route(&self, head: &Head<'_>) -> Destination {
        let host = self.hosts.kind(head.host);
        if let Some(data_plane) = data_plane(&host, head) {
            return data_plane;
        }
        if is_internal(head.path) {
            return Destination::Internal;
        }
        self.by_protocol_header(head)
            .or_else(|| self.by_signature(&host, head))
            .or_else(|| self.by_host(&host, head))
            .or_else(|| self.by_path(head))
            .or_else(|| query_form(head, None))
            .unwrap_or_else(|| s3_of(&host))
    }

    /// The query services among which `Action` and `Version` decide.
    /// Shape: an action that only one service has needs no version; else the version decides, else the first one has it.
    pub fn find_query(&self, signing_name: Option<&str>, action: &str, version: Option<&str>) -> Option<ServiceIndex> {
        self.tables.find_query(signing_name, action, version)
    }

    fn by_protocol_header(&self, head: &Head<'_>) -> Option<Destination> {
        if header(head, "smithy-protocol") == Some("rpc-v2-cbor") {
            let target = rpc_target(head.path)?;
            let found = self.tables.by_target(target).map(|s| self.tables.api(s, ProtocolKind::RpcV2Cbor));
            return Some(found.unwrap_or_else(|| unserved_target(target)));
        }
        let target = header(head, "x-amz-target")?;
        let (prefix, _operation) = target.split_once('.')?;
        let Some(service) = self.tables.by_target(prefix) else { return Some(unserved_target(prefix)) };
        let content_type = header(head, "content-type").unwrap_or_default();
        Some(self.tables.api_of_target(service, content_type))
    }

    fn by_signature(&self, host: &HostKind, head: &Head<'_>) -> Option<Destination> {
        let name = signing_name(head)?;
        match self.tables.by_signing_name(&name) {
            [] if name == "s3" => Some(s3_of(host)),
            [] => known::by_signing_name(&name).map(|service| Destination::Unserved { service: service.to_owned() }),
            [service] => Some(self.api(*service, head)),
            several => match self.tables.among(several, head.method, head.path) {
                Some(service) => Some(self.api(service, head)),
                None => query_form(head, Some(&name)).or_else(|| Some(self.api(*several.first()?, head))),
            },
        }
    }

    fn by_host(&self, host: &HostKind, head: &Head<'_>) -> Option<Destination> {
        match host {
            HostKind::S3 { bucket } => Some(Destination::S3 { bucket: bucket.clone() }),
            HostKind::Service { prefix, .. } => match self.tables.by_endpoint_prefix(prefix) {
                [] if prefix == "s3" => Some(Destination::S3 { bucket: None }),
                [] => known::by_endpoint_prefix(prefix)
                    .map(|service| Destination::Unserved { service: service.to_owned() }),
                several => {
                    let service = self.tables.among(several, head.method, head.path).or(several.first().copied())?;
                    Some(self.api(service, head))
                }
            },
            _ => None,
        }
    }

    fn by_path(&self, head: &Head<'_>) -> Option<Destination> {
        if is_queue_path(head.path) {
            let sqs = self.tables.by_endpoint_prefix("sqs").first().copied();
            return sqs.map(|service| self.tables.api(service, ProtocolKind::AwsQuery));
        }
        self.tables.by_path(head.method, head.path).map(|service| self.api(service, head))
    }

    fn api(&self, service: ServiceIndex, head: &Head<'_>) -> Destination {
        self.tables.api_for(service, looks_like_query(head))
    }
}

fn data_plane(host: &HostKind, head: &Head<'_>) -> Option<Destination> {
    match host {
        HostKind::ExecuteApi { api } => {
            return Some(Destination::ExecuteApi { api: api.clone(), form: ApiForm::Host });
        }
        HostKind::FunctionUrl { id } => return Some(Destination::FunctionUrl { id: id.clone() }),
        HostKind::Website { bucket } => return Some(Destination::Website { bucket: bucket.clone() }),
        HostKind::CustomDomain { name } => return Some(Destination::CustomDomain { name: name.clone() }),
        HostKind::S3 { bucket: Some(bucket) } => return Some(Destination::S3 { bucket: Some(bucket.clone()) }),
        _ => {}
    }
    let mut segments = head.path.split('/').skip(1);
    match (segments.next(), segments.next(), segments.next(), segments.next()) {
        (Some("restapis"), Some(api), Some(_stage), Some("_user_request_")) if !api.is_empty() => {
            Some(Destination::ExecuteApi { api: api.to_owned(), form: ApiForm::UserRequest })
        }
        (Some("_aws"), Some("execute-api"), Some(api), _) if !api.is_empty() => {
            Some(Destination::ExecuteApi { api: api.to_owned(), form: ApiForm::Path })
        }
        _ => None,
    }
}

fn s3_of(host: &HostKind) -> Destination {
    match host {
        HostKind::S3 { bucket } | HostKind::Service { bucket, .. } => Destination::S3 { bucket: bucket.clone() },
        _ => Destination::S3 { bucket: None },
    }
}

fn is_internal(path: &str) -> bool {
    matches!(path.split('/').nth(1), Some("_gureum" | "_localstack" | "_aws"))
}

/// `…/service/{target}/operation/{name}`: what stands before is allowed and ignored, as Smithy's protocol says.
fn rpc_target(path: &str) -> Option<&str> {
    let mut from_the_end = path.rsplit('/');
    let _operation = from_the_end.next()?;
    let (operation_word, target, service_word) = (from_the_end.next()?, from_the_end.next()?, from_the_end.next()?);
    (operation_word == "operation" && service_word == "service").then_some(target)
}

fn unserved_target(prefix: &str) -> Destination {
    Destination::Unserved { service: known::by_target(prefix).unwrap_or(prefix).to_owned() }
}

/// The service in the credential scope, of the header or of a presigned query.
fn signing_name(head: &Head<'_>) -> Option<String> {
    if let Some(authorization) = header(head, "authorization") {
        let scope = authorization.split("Credential=").nth(1)?.split([',', ' ']).next()?;
        return scope_service(scope).map(str::to_owned);
    }
    let raw = query_value(head.query, "X-Amz-Credential")?;
    let decoded = percent_encoding::percent_decode_str(raw).decode_utf8().ok()?;
    scope_service(&decoded).map(str::to_owned)
}

/// `key/20150830/us-east-1/iam/aws4_request`, read from the end: a key may hold slashes, the rest may not.
fn scope_service(scope: &str) -> Option<&str> {
    let mut parts = scope.rsplit('/');
    parts.next().filter(|terminator| *terminator == "aws4_request")?;
    parts.next().filter(|service| !service.is_empty())
}

fn query_form(head: &Head<'_>, signing_name: Option<&str>) -> Option<Destination> {
    let place = head.path.is_empty() || head.path == "/" || is_queue_path(head.path);
    (place && looks_like_query(head)).then(|| Destination::Query { signing_name: signing_name.map(str::to_owned) })
}

/// A form, or a GET that carries its `Action`.
fn looks_like_query(head: &Head<'_>) -> bool {
    if query_value(head.query, "Action").is_some() {
        return true;
    }
    head.method == Method::POST
        && header(head, "content-type").is_some_and(|value| media_type(value) == "application/x-www-form-urlencoded")
}

/// `/123456789012/queue`: SQS's queue URLs.
fn is_queue_path(path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    let account = segments.next().is_some_and(|s| s.len() == 12 && s.bytes().all(|b| b.is_ascii_digit()));
    account && segments.next().is_some_and(|queue| !queue.is_empty()) && segments.all(str::is_empty)
}

pub(crate) fn query_value<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| match pair.split_once('=') {
        Some((key, value)) if key == name => Some(value),
        _ => None,
    })
}

fn header<'a>(head: &Head<'a>, name: &str) -> Option<&'a str> {
    head.headers.get(name)?.to_str().ok()
}

/// The media type without parameters, lower case is up to the client: SDKs send it lower.
pub(crate) fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests;
