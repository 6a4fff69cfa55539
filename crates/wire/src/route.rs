//! Which operation a request means.

use std::collections::BTreeMap;
use std::sync::{LazyLock, RwLock};

use bytes::Bytes;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::{ApiError, Location, Model, Operation, OperationId, Protocol, ProtocolKind, form};

/// Finds the operation that a request asks for.
///
/// Errors: 501 for an operation that AWS has and this build does not serve; for one that AWS does not have either,
/// `UnknownOperationException`, and `InvalidAction` from query services.
pub fn find_operation(
    model: &'static Model,
    protocol: Protocol,
    head: &Parts,
    body: &Bytes,
) -> Result<OperationId, ApiError> {
    match protocol.kind {
        ProtocolKind::AwsJson10 | ProtocolKind::AwsJson11 | ProtocolKind::AwsCbor11 => {
            let target = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
            let name = target.split_once('.').filter(|(prefix, _)| *prefix == model.endpoint.target_prefix);
            named(model, name.map(|(_, name)| name), unknown_operation)
        }
        ProtocolKind::RpcV2Cbor => named(model, cbor_operation(head.uri.path()), unknown_operation),
        ProtocolKind::AwsQuery => {
            let (action, version) = query_action(head, body);
            named(model, action.as_deref(), |name| match model.endpoint.service {
                "sqs" => action_not_valid_here(head, name),
                _ => invalid_action(model, name, version.as_deref()),
            })
        }
        ProtocolKind::RestJson1 | ProtocolKind::RestXml => routes(model).find(model, head),
    }
}

fn named(
    model: &Model,
    name: Option<&str>,
    unknown: impl FnOnce(Option<&str>) -> ApiError,
) -> Result<OperationId, ApiError> {
    let Some(known) = name else { return Err(unknown(None)) };
    match model.find_operation(known) {
        Some(operation) => Ok(operation),
        None if model.is_unserved(known) => Err(ApiError::not_implemented(model.endpoint.service, known)),
        None => Err(unknown(name)),
    }
}

pub(crate) const UNKNOWN_OPERATION: &str = "UnknownOperationException";

fn unknown_operation(_: Option<&str>) -> ApiError {
    ApiError { message: None, ..ApiError::framework(400, UNKNOWN_OPERATION, "") }
}

/// Source: IAM and STS answer so to a wrong Action; without one they answer `MissingAction`.
fn invalid_action(model: &Model, action: Option<&str>, version: Option<&str>) -> ApiError {
    let Some(action) = action else {
        return ApiError::framework(400, "MissingAction", "Could not find operation for request: Action is missing");
    };
    let version = version.unwrap_or(if model.endpoint.api_version.is_empty() {
        "NO_VERSION_SPECIFIED"
    } else {
        model.endpoint.api_version
    });
    ApiError::framework(400, "InvalidAction", format!("Could not find operation {action} for version {version}"))
}

/// SQS's words. Asked for nothing at all, a queue's URL answers as a page that is not there.
/// Source: what users were answered (mirkokiefer/aws-lib#8, localstack/localstack#5928).
fn action_not_valid_here(head: &Parts, action: Option<&str>) -> ApiError {
    let words = match action {
        Some(action) => format!("The action {action} is not valid for this endpoint."),
        None if head.uri.path().len() > 1 => {
            return ApiError { message: None, ..ApiError::framework(404, UNKNOWN_OPERATION, "") };
        }
        None => return ApiError::framework(400, "MissingAction", "The request must contain the parameter Action."),
    };
    ApiError { empty_detail: true, ..ApiError::framework(400, "InvalidAction", words) }
}

/// `/service/{service}/operation/{operation}`, below any prefix.
fn cbor_operation(path: &str) -> Option<&str> {
    let (before, operation) = path.rsplit_once("/operation/")?;
    before.rsplit_once("/service/").is_some_and(|(_, service)| !service.contains('/')).then_some(operation)
}

/// `Action` and `Version` of a query request, from its body or its URL.
pub fn query_action(head: &Parts, body: &[u8]) -> (Option<String>, Option<String>) {
    let (mut action, mut version) = (None, None);
    let url = head.uri.query().unwrap_or_default();
    let body = std::str::from_utf8(body).unwrap_or_default();
    for (name, value) in form::pairs(body.trim()).chain(form::pairs(url)) {
        match name.as_ref() {
            "Action" if action.is_none() => action = Some(value.into_owned()),
            "Version" if version.is_none() => version = Some(value.into_owned()),
            _ => {}
        }
    }
    (action, version)
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(&'static str),
    Label(&'static str),
    Greedy(&'static str),
}

/// What a route leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Served(OperationId),
    Unserved(&'static str),
}

/// One operation's method and path, taken apart.
#[derive(Debug)]
pub(crate) struct Route {
    target: Target,
    method: &'static str,
    segments: Vec<Segment>,
    query: Vec<(&'static str, Option<&'static str>)>,
}

/// The routes of a service, the most literal ones first.
#[derive(Debug)]
pub(crate) struct Routes {
    sorted: Vec<Route>,
}

/// The routes of a model, made once: there are as many as there are models in the program.
pub(crate) fn routes(model: &'static Model) -> &'static Routes {
    static ALL: LazyLock<RwLock<BTreeMap<usize, &'static Routes>>> = LazyLock::new(RwLock::default);
    let key = std::ptr::from_ref(model).addr();
    let known = ALL.read().unwrap_or_else(|poisoned| poisoned.into_inner()).get(&key).copied();
    known.unwrap_or_else(|| {
        let mut all = ALL.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        all.entry(key).or_insert_with(|| Box::leak(Box::new(Routes::new(model))))
    })
}

impl Routes {
    fn new(model: &'static Model) -> Self {
        let served = (0..).zip(model.operations);
        let served = served.map(|(id, facts)| Route::new(Target::Served(id), facts.method, facts.uri));
        let unserved = model.unserved.iter().filter_map(|entry| {
            let (name, rest) = entry.split_once(' ')?;
            let (method, uri) = rest.split_once(' ')?;
            Some(Route::new(Target::Unserved(name), method, uri))
        });
        let mut sorted: Vec<Route> = served.chain(unserved).collect();
        sorted.sort_by_cached_key(|route| {
            let ranks: Vec<u8> = route.segments.iter().map(Segment::rank).collect();
            (ranks, usize::MAX - route.query.len())
        });
        Self { sorted }
    }

    fn find(&self, model: &Model, head: &Parts) -> Result<OperationId, ApiError> {
        let path = head.uri.path();
        let query: Vec<_> = form::pairs(head.uri.query().unwrap_or_default()).collect();
        let fits = |route: &&Route| {
            route.method == head.method.as_str()
                && route
                    .query
                    .iter()
                    .all(|(name, value)| query.iter().any(|(n, v)| n == name && value.is_none_or(|value| v == value)))
                && route.labels(path).is_some()
        };
        let mut found = self.sorted.iter().filter(fits).peekable();
        let Some(best) = found.peek().copied() else {
            return Err(ApiError { status: 404, ..unknown_operation(None) });
        };
        // Twins share method and path, and only what they require in headers and query tells them apart.
        let twins = found.take_while(|route| route.is_twin_of(best));
        let chosen = twins.max_by_key(|route| {
            let Target::Served(operation) = route.target else { return (false, 0, 0) };
            let (present, missing) = required(model, model.operation(operation), head, &query);
            (missing == 0, present, usize::MAX - missing)
        });
        match chosen.unwrap_or(best).target {
            Target::Served(operation) => Ok(operation),
            Target::Unserved(name) => Err(ApiError::not_implemented(model.endpoint.service, name)),
        }
    }

    pub(crate) fn of(&self, operation: OperationId) -> Option<&Route> {
        self.sorted.iter().find(|route| route.target == Target::Served(operation))
    }
}

/// How many of the required header and query members are there, and how many are not.
fn required(model: &Model, operation: &Operation, head: &Parts, query: &form::Pairs<'_>) -> (usize, usize) {
    let members = operation.input.map_or(&[][..], |input| model.members(input));
    let (mut present, mut missing) = (0, 0);
    for member in members.iter().filter(|member| member.required) {
        let there = match member.location {
            Location::Header => head.headers.contains_key(member.wire_name),
            Location::Query => query.iter().any(|(name, _)| name == member.wire_name),
            _ => continue,
        };
        *if there { &mut present } else { &mut missing } += 1;
    }
    (present, missing)
}

impl Segment {
    fn rank(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Label(_) => 1,
            Self::Greedy(_) => 2,
        }
    }
}

impl Route {
    fn new(target: Target, method: &'static str, uri: &'static str) -> Self {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let segments = split(path).into_iter().map(|segment| {
            match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(label) => label.strip_suffix('+').map_or(Segment::Label(label), Segment::Greedy),
                None => Segment::Literal(segment),
            }
        });
        let query = query.split('&').filter(|pair| !pair.is_empty());
        let query = query.map(|pair| match pair.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (pair, None),
        });
        Self { target, method, segments: segments.collect(), query: query.collect() }
    }

    fn is_twin_of(&self, other: &Self) -> bool {
        let ranks = |route: &Self| route.segments.iter().map(Segment::rank).collect::<Vec<_>>();
        self.query.len() == other.query.len() && ranks(self) == ranks(other)
    }

    /// The labels of a path as they were sent, still percent-encoded. None when the path is another one.
    pub(crate) fn labels<'p>(&self, path: &'p str) -> Option<Vec<(&'static str, &'p str)>> {
        let mut labels = Vec::new();
        let mut rest = path.strip_prefix('/').unwrap_or(path);
        let mut ended = rest.is_empty();
        for (at, segment) in self.segments.iter().enumerate() {
            if ended {
                return None;
            }
            if let Segment::Greedy(name) = segment {
                let after = self.segments.len() - at - 1;
                let (taken, left) = greedy(rest, after)?;
                labels.push((*name, taken));
                (rest, ended) = (left, left.is_empty());
                continue;
            }
            let (part, left) = rest.split_once('/').unwrap_or((rest, ""));
            match segment {
                Segment::Literal(literal) if *literal == part => {}
                Segment::Label(name) if !part.is_empty() => labels.push((*name, part)),
                _ => return None,
            }
            ended = part.len() == rest.len() || left.is_empty();
            rest = left;
        }
        rest.is_empty().then_some(labels)
    }
}

/// What a greedy label takes when `after` segments must follow it, and what is left.
fn greedy(rest: &str, after: usize) -> Option<(&str, &str)> {
    if after == 0 {
        return (!rest.is_empty()).then_some((rest, ""));
    }
    let (at, _) = rest.rmatch_indices('/').nth(after - 1)?;
    let (taken, left) = rest.split_at(at);
    (!taken.is_empty()).then_some((taken, left.strip_prefix('/').unwrap_or(left)))
}

fn split(path: &'static str) -> Vec<&'static str> {
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

/// A label's value. Bytes that are no UTF-8 become the replacement character, which no name may hold.
pub(crate) fn label_value(raw: &str) -> String {
    percent_decode_str(raw).decode_utf8_lossy().into_owned()
}
