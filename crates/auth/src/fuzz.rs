//! Bodies of the fuzz targets: each takes any bytes and must not panic. `cargo test` runs them too.

use http::Request;

use crate::access::{Site, check_site, is_own_host};
use crate::policy::{Context, Policy, PolicyKind, Principal, resource_allows};
use crate::sigv4::{Expected, Head, Signature, SigningKeys, parse_chunk_header, presented};

/// An `Authorization` header, with a date that is read too.
pub fn authorization(bytes: &[u8]) {
    let Ok(mut request) = Request::get("/a/../b%2").header("x-amz-date", "20240101T000000Z").body(()) else { return };
    let Ok(value) = http::HeaderValue::from_bytes(bytes) else { return };
    for name in ["authorization", "date", "x-amz-content-sha256", "origin", "host"] {
        request.headers_mut().insert(name, value.clone());
    }
    signature(&Head::of(&request));
}

/// A query string, as of a presigned URL.
pub fn presigned_query(bytes: &[u8]) {
    let uri = format!("/?{}", String::from_utf8_lossy(bytes));
    let Ok(request) = Request::get(uri).header("host", "localhost").body(()) else { return };
    signature(&Head::of(&request));
}

fn signature(head: &Head<'_>) {
    let _ = presented(head);
    let _ = check_site(head, &[], &[]).is_ok_and(|site| site == Site::Unstated);
    let _ = head.host().is_some_and(|host| is_own_host(host, &["example.com".to_owned()]));
    let Ok(Some(signature)) = Signature::find(head) else { return };
    let expected = Expected { wall: signature.signed_at, service: None };
    let _ = signature.check(head, &expected).map_err(|error| error.to_string());
    let verified = signature.verify(head, Some(b""), "secret", &SigningKeys::default());
    assert!(verified.is_err() || !signature.signature.is_empty(), "an empty signature never verifies");
}

/// The line before a chunk.
pub fn chunk_header(bytes: &[u8]) {
    if let Ok(header) = parse_chunk_header(bytes) {
        assert!(!bytes.is_empty(), "an empty line is no chunk, yet has size {}", header.size);
    }
}

/// A policy, and a question to it.
pub fn policy(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for kind in [PolicyKind::Identity, PolicyKind::Trust, PolicyKind::Resource] {
        if let Ok(policy) = Policy::parse(&text, kind) {
            let context = Context::default().with("aws:SourceIp", "203.0.113.1").with("k", text.as_ref());
            let _ = resource_allows(&policy, &Principal::Anonymous, "s3:GetObject", "arn:aws:s3:::b/k", &context);
        }
    }
}
