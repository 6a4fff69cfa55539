//! The indexes that the registered models give.

use std::collections::BTreeMap;

use http::Method;
use wire::{Model, Operation, Protocol, ProtocolKind};

use super::{Destination, media_type};

/// Which of the registered services, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceIndex(pub usize);

#[derive(Debug)]
pub(super) struct Tables {
    models: Vec<&'static Model>,
    targets: BTreeMap<String, ServiceIndex>,
    signing_names: BTreeMap<&'static str, Vec<ServiceIndex>>,
    endpoint_prefixes: BTreeMap<String, Vec<ServiceIndex>>,
    /// By the first segment, which is a literal in every service but S3.
    paths: BTreeMap<&'static str, Vec<Template>>,
}

#[derive(Debug)]
struct Template {
    service: ServiceIndex,
    method: &'static str,
    segments: Vec<Segment>,
}

#[derive(Debug, PartialEq)]
enum Segment {
    Literal(&'static str),
    Label,
    Greedy,
}

impl Tables {
    pub(super) fn new(models: &[&'static Model]) -> Self {
        let mut tables = Self {
            models: models.to_vec(),
            targets: BTreeMap::new(),
            signing_names: BTreeMap::new(),
            endpoint_prefixes: BTreeMap::new(),
            paths: BTreeMap::new(),
        };
        for (at, model) in models.iter().enumerate() {
            tables.add(ServiceIndex(at), model);
        }
        tables
    }

    fn add(&mut self, service: ServiceIndex, model: &'static Model) {
        let endpoint = &model.endpoint;
        if !endpoint.target_prefix.is_empty() {
            self.targets.entry(endpoint.target_prefix.to_ascii_lowercase()).or_insert(service);
        }
        self.signing_names.entry(endpoint.signing_name).or_default().push(service);
        self.add_host(endpoint.endpoint_prefix.to_owned(), service);
        for operation in model.operations {
            if !operation.host_prefix.is_empty() && !operation.host_prefix.contains('{') {
                self.add_host(format!("{}{}", operation.host_prefix, endpoint.endpoint_prefix), service);
            }
            if is_rest(model) {
                self.add_path(service, operation);
            }
        }
    }

    fn add_host(&mut self, prefix: String, service: ServiceIndex) {
        let services = self.endpoint_prefixes.entry(prefix).or_default();
        if !services.contains(&service) {
            services.push(service);
        }
    }

    fn add_path(&mut self, service: ServiceIndex, operation: &'static Operation) {
        let path = operation.uri.split('?').next().unwrap_or_default();
        let segments: Vec<Segment> = path.split('/').skip(1).map(Segment::of).collect();
        if let Some(Segment::Literal(first)) = segments.first()
            && !first.is_empty()
        {
            self.paths.entry(first).or_default().push(Template { service, method: operation.method, segments });
        }
    }

    pub(super) fn by_target(&self, prefix: &str) -> Option<ServiceIndex> {
        self.targets.get(&prefix.to_ascii_lowercase()).copied()
    }

    pub(super) fn by_signing_name(&self, name: &str) -> &[ServiceIndex] {
        self.signing_names.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn by_endpoint_prefix(&self, prefix: &str) -> &[ServiceIndex] {
        self.endpoint_prefixes.get(prefix).map_or(&[], Vec::as_slice)
    }

    pub(super) fn by_path(&self, method: &Method, path: &str) -> Option<ServiceIndex> {
        let first = path.split('/').nth(1)?;
        let templates = self.paths.get(first)?;
        let matching = || templates.iter().filter(|t| t.matches(path));
        // A path of the service with another method is still the service's: it has the error to answer.
        let found = matching().find(|t| t.method == method.as_str()).or_else(|| matching().next());
        // So is all below a version's date (`/2015-03-31/…`), which no bucket is named like.
        let dated = is_date(first).then(|| templates.first()).flatten();
        found.or(dated).map(|t| t.service)
    }

    /// Which of several services that share a signing or host name has this path.
    pub(super) fn among(&self, services: &[ServiceIndex], method: &Method, path: &str) -> Option<ServiceIndex> {
        let templates = self.paths.get(path.split('/').nth(1)?)?;
        let mut matching = templates.iter().filter(|t| services.contains(&t.service));
        let exact = matching.clone().find(|t| t.method == method.as_str() && t.matches(path));
        exact.or_else(|| matching.next()).map(|t| t.service)
    }

    pub(super) fn find_query(
        &self,
        signing_name: Option<&str>,
        action: &str,
        version: Option<&str>,
    ) -> Option<ServiceIndex> {
        let has = |model: &Model| {
            speaks(model, ProtocolKind::AwsQuery)
                && signing_name.is_none_or(|name| name == model.endpoint.signing_name)
                && (model.find_operation(action).is_some() || model.is_unserved(action))
        };
        let found = || (0..).map(ServiceIndex).zip(&self.models).filter(|(_, model)| has(model));
        found()
            .find(|(_, model)| version == Some(model.endpoint.api_version))
            .or_else(|| found().next())
            .map(|(service, _)| service)
    }

    /// A service spoken to in a protocol of this kind.
    pub(super) fn api(&self, service: ServiceIndex, kind: ProtocolKind) -> Destination {
        let listed = self.protocols(service).iter().find(|protocol| protocol.kind == kind).copied();
        let protocol = listed.unwrap_or(Protocol { kind, query_compatible: false });
        Destination::Api { service, protocol }
    }

    /// Without a header that says the protocol: awsQuery when it looks like it, else the service's first one.
    pub(super) fn api_for(&self, service: ServiceIndex, looks_like_query: bool) -> Destination {
        let protocols = self.protocols(service);
        let query = looks_like_query && protocols.iter().any(|p| p.kind == ProtocolKind::AwsQuery);
        let first = protocols.first().map_or(ProtocolKind::RestJson1, |p| p.kind);
        self.api(service, if query { ProtocolKind::AwsQuery } else { first })
    }

    /// With `X-Amz-Target`: CBOR when the type says so, else the service's own JSON.
    pub(super) fn api_of_target(&self, service: ServiceIndex, content_type: &str) -> Destination {
        let speaks = |kind: ProtocolKind| self.protocols(service).iter().any(|p| p.kind == kind);
        let is_cbor = media_type(content_type) == "application/x-amz-cbor-1.1";
        let kind = if is_cbor && speaks(ProtocolKind::AwsCbor11) {
            ProtocolKind::AwsCbor11
        } else if speaks(ProtocolKind::AwsJson10) {
            ProtocolKind::AwsJson10
        } else {
            ProtocolKind::AwsJson11
        };
        self.api(service, kind)
    }

    fn protocols(&self, service: ServiceIndex) -> &'static [Protocol] {
        self.models.get(service.0).map_or(&[], |model| model.endpoint.protocols)
    }
}

fn is_date(segment: &str) -> bool {
    segment.len() == 10
        && segment.bytes().enumerate().all(|(at, b)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() })
}

fn is_rest(model: &Model) -> bool {
    speaks(model, ProtocolKind::RestJson1) || speaks(model, ProtocolKind::RestXml)
}

fn speaks(model: &Model, kind: ProtocolKind) -> bool {
    model.endpoint.protocols.iter().any(|p| p.kind == kind)
}

impl Segment {
    fn of(text: &'static str) -> Self {
        match text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
            Some(name) if name.ends_with('+') => Self::Greedy,
            Some(_) => Self::Label,
            None => Self::Literal(text),
        }
    }
}

impl Template {
    /// A trailing slash more or less is allowed: Lambda's own models have both.
    fn matches(&self, path: &str) -> bool {
        let mut path = path.split('/').skip(1);
        let mut template = self.segments.iter();
        loop {
            match (template.next(), path.next()) {
                (Some(Segment::Greedy), Some(_)) | (None, None) => return true,
                (Some(Segment::Literal("")), None) => {}
                (None, Some("")) => return path.next().is_none(),
                (Some(Segment::Literal(expected)), Some(found)) if *expected == found => {}
                (Some(Segment::Label), Some(found)) if !found.is_empty() => {}
                _ => return false,
            }
        }
    }
}
