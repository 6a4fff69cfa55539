//! Cross-origin requests: answered by the platform as the URL is set, whatever the function says.
//!
//! Source: Lambda Developer Guide, "Creating and managing Lambda function URLs", cross-origin resource sharing.

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::records::CorsRecord;

const ALL: &str = "*";

/// A browser's question whether a page may send what it wants to send.
pub fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The headers of the answer to a preflight: none for an origin that is not allowed.
pub fn preflight(cors: &CorsRecord, request: &HeaderMap) -> HeaderMap {
    let mut answer = HeaderMap::new();
    if !allow(cors, request, &mut answer) {
        return answer;
    }
    let lists =
        [(ACCESS_CONTROL_ALLOW_METHODS, &cors.allow_methods), (ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers)];
    for (name, values) in lists {
        list(&mut answer, name, values.as_deref());
    }
    if let Some(seconds) = cors.max_age_s {
        answer.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(seconds));
    }
    answer
}

/// Puts the URL's own headers into a function's answer, in place of the function's.
pub fn apply(cors: &CorsRecord, request: &HeaderMap, answer: &mut HeaderMap) {
    let own = [
        ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_ALLOW_CREDENTIALS,
        ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_MAX_AGE,
    ];
    for name in own {
        answer.remove(name);
    }
    if allow(cors, request, answer) {
        list(answer, ACCESS_CONTROL_EXPOSE_HEADERS, cors.expose_headers.as_deref());
    }
}

fn allow(cors: &CorsRecord, request: &HeaderMap, answer: &mut HeaderMap) -> bool {
    let Some(origin) = request.get(ORIGIN) else { return false };
    let origins = cors.allow_origins.as_deref().unwrap_or_default();
    let everybody = origins.iter().any(|allowed| allowed == ALL);
    if !everybody && !origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()) {
        return false;
    }
    let credentials = cors.allow_credentials == Some(true);
    // Browsers take no `*` where credentials are allowed.
    let shown = if everybody && !credentials { HeaderValue::from_static(ALL) } else { origin.clone() };
    answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, shown);
    answer.append(VARY, HeaderValue::from_static("Origin"));
    if credentials {
        answer.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    true
}

fn list(answer: &mut HeaderMap, name: HeaderName, values: Option<&[String]>) {
    let text = values.unwrap_or_default().join(",");
    if let Some(value) = HeaderValue::from_str(&text).ok().filter(|value| !value.is_empty()) {
        answer.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(origin: &'static str) -> HeaderMap {
        HeaderMap::from_iter([
            (ORIGIN, HeaderValue::from_static(origin)),
            (ACCESS_CONTROL_REQUEST_METHOD, HeaderValue::from_static("PUT")),
        ])
    }

    fn set(origins: &[&str]) -> CorsRecord {
        let list = |all: &[&str]| Some(all.iter().map(|one| (*one).to_owned()).collect());
        CorsRecord {
            allow_origins: list(origins),
            allow_methods: list(&["GET", "PUT"]),
            allow_headers: list(&["x-a"]),
            expose_headers: list(&["x-b"]),
            max_age_s: Some(60),
            ..CorsRecord::default()
        }
    }

    #[test]
    fn a_preflight_is_answered_for_origins_that_are_allowed() {
        let answer = preflight(&set(&["https://a.example"]), &page("https://a.example"));
        assert_eq!(answer[ACCESS_CONTROL_ALLOW_ORIGIN], "https://a.example");
        assert_eq!(answer[ACCESS_CONTROL_ALLOW_METHODS], "GET,PUT");
        assert_eq!(answer[ACCESS_CONTROL_ALLOW_HEADERS], "x-a");
        assert_eq!(answer[ACCESS_CONTROL_MAX_AGE], "60");
        assert!(preflight(&set(&["https://a.example"]), &page("https://b.example")).is_empty());
        assert!(is_preflight(&Method::OPTIONS, &page("x")) && !is_preflight(&Method::OPTIONS, &HeaderMap::new()));
    }

    #[test]
    fn the_url_s_word_comes_before_the_function_s() {
        let mut answer =
            HeaderMap::from_iter([(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("https://mine"))]);
        apply(&set(&["*"]), &page("https://a.example"), &mut answer);
        assert_eq!(answer[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(answer[ACCESS_CONTROL_EXPOSE_HEADERS], "x-b");
        let cors = CorsRecord { allow_credentials: Some(true), ..set(&["*"]) };
        apply(&cors, &page("https://a.example"), &mut answer);
        assert_eq!(answer[ACCESS_CONTROL_ALLOW_ORIGIN], "https://a.example");
        assert_eq!(answer[ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
    }
}
