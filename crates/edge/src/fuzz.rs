//! Bodies of the fuzz targets: plain functions that never panic, whatever they are given.

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::body::checksum::Algorithm;
use crate::body::chunked::{Decoder, Expectations};
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
    let router = Router::new(&[], HostFacts::default());
    let head = Head { method: &method, host: split_port(host), path, query, headers: &headers };
    let _ = router.route(&head);
}
