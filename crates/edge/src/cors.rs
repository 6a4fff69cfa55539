//! Answers to pages of allowed origins. Who is allowed is auth's word; this only puts it into headers.

use auth::access::Site;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

/// Seconds for which browsers may remember a preflight.
const MAX_AGE: &str = "600";
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
/// What SDKs read in a page: request ids, checksums, the facts of an invocation.
const EXPOSED: &str = "etag, x-amz-request-id, x-amz-id-2, x-amzn-requestid, x-amzn-errortype, x-amz-crc32, \
                       x-amz-version-id, x-amz-function-error, x-amz-log-result, x-amz-executed-version, \
                       x-amzn-query-error, x-amzn-trace-id, x-gureum-hint";

/// A browser's question whether a page may send what it wants to send.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The headers of the answer to a preflight.
pub(crate) fn preflight(site: &Site, request: &HeaderMap, answer: &mut HeaderMap) {
    if !allow(site, answer) {
        return;
    }
    answer.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
    if let Some(asked) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        answer.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    // Private Network Access: a public page that asks for a loopback address has to be allowed twice.
    if request.contains_key("access-control-request-private-network") {
        let name = HeaderName::from_static("access-control-allow-private-network");
        answer.insert(name, HeaderValue::from_static("true"));
    }
}

/// The headers of any other answer to a page.
pub(crate) fn expose(site: &Site, answer: &mut HeaderMap) {
    if allow(site, answer) {
        answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}

fn allow(site: &Site, answer: &mut HeaderMap) -> bool {
    let Site::Page { origin } = site else { return false };
    let Ok(origin) = HeaderValue::from_str(origin) else { return false };
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    answer.append(VARY, HeaderValue::from_static("Origin"));
    true
}
