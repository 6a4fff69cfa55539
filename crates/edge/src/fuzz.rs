//! Bodies of the fuzz targets: plain functions that never panic, whatever they are given.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use wire::{Endpoint, ErrorStyle, Model, Operation, Protocol, ProtocolKind, RequestIdStyle};

use crate::body::checksum::Algorithm;
use crate::body::chunked::{Decoder, Expectations};
use crate::proxy::Target;
use crate::router::{Head, HostFacts, Router, split_port};

/// An aws-chunked body: the first byte says in pieces of which size it comes.
pub fn chunked_body(data: &[u8]) {
    let Some((size, body)) = data.split_first() else { return };
    let expected = Expectations {
        checksums: vec![Algorithm::Crc32, Algorithm::Sha256],
        decoded_bytes_max: 1 << 16,
        ..Expectations::default()
    };
    let (mut decoder, mut decoded) = (Decoder::new(expected), Vec::new());
    for piece in body.chunks(usize::from(*size).max(1)) {
        if decoder.feed(piece, &mut decoded).is_err() {
            return;
        }
    }
    assert!(decoded.len() <= body.len(), "a body cannot grow by being unwrapped");
    let _ = decoder.finish();
}

/// What a proxy request asks for.
pub fn proxy_target(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for default_port in [None, Some(80)] {
        let Some(target) = Target::parse(&text, default_port) else { continue };
        let shown = target.to_string();
        assert_eq!(Target::parse(&shown, None), Some(target), "what is shown reads the same: {shown}");
    }
}

/// A request's head: method, host, path, query and headers, one to a line.
pub fn router_head(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let mut next = || lines.next().unwrap_or_default();
    let method = Method::from_bytes(next().as_bytes()).unwrap_or(Method::GET);
    let (host, path, query) = (next(), next(), next());
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    let head = Head { method: &method, host: split_port(host), path, query, headers: &headers };
    let destination = ROUTER.route(&head);
    let without = HeaderMap::new();
    let bare = ROUTER.route(&Head { query: "", headers: &without, ..head });
    assert!(!bare.is_data_plane() || destination == bare, "headers and queries move nothing off the data plane");
}

static ROUTER: LazyLock<Router> = LazyLock::new(|| {
    let custom_domains = vec!["api.example.com".to_owned()];
    Router::new(&[&REST, &RPC], HostFacts { own: vec!["gureum.test".to_owned()], custom_domains })
});

static REST: Model = model("lambda", "", &[Protocol { kind: ProtocolKind::RestJson1, query_compatible: false }]);
static RPC: Model = model(
    "monitoring",
    "GraniteServiceVersion20100801",
    &[
        Protocol { kind: ProtocolKind::RpcV2Cbor, query_compatible: true },
        Protocol { kind: ProtocolKind::AwsJson10, query_compatible: true },
        Protocol { kind: ProtocolKind::AwsQuery, query_compatible: false },
    ],
);

const fn model(name: &'static str, target_prefix: &'static str, protocols: &'static [Protocol]) -> Model {
    let error_style = ErrorStyle {
        namespace: "",
        framework_namespace: "",
        validation_code: "ValidationException",
        validation_namespace: "",
        message_member: "message",
        crc32: false,
        request_id: RequestIdStyle::Uuid,
    };
    let endpoint = Endpoint {
        service: name,
        sdk_id: name,
        api_version: "2015-03-31",
        signing_name: name,
        endpoint_prefix: name,
        target_prefix,
        protocols,
        xml_namespace: "",
        error_style,
    };
    Model { endpoint, shapes: &[], operations: &OPERATIONS, errors: &[], unserved: &[] }
}

static OPERATIONS: [Operation; 2] = [operation("/2015-03-31/functions/{FunctionName}"), operation("/{Bucket}/{Key+}")];

const fn operation(uri: &'static str) -> Operation {
    Operation {
        name: "Any",
        method: "GET",
        uri,
        status: 200,
        input: None,
        output: None,
        result_wrapper: "",
        errors: &[],
        host_prefix: "streaming-",
        checksum_required: false,
    }
}
