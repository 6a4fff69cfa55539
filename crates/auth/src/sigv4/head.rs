use std::borrow::Cow;

use http::{HeaderMap, Method, Request, Uri, header};

/// What a signature covers beside the body.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    pub method: &'a Method,
    /// As it came: the path and query have not been decoded or tidied.
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
}

impl<'a> Head<'a> {
    pub fn of<B>(request: &'a Request<B>) -> Self {
        Self { method: request.method(), uri: request.uri(), headers: request.headers() }
    }

    /// The `Host` header, or HTTP/2's `:authority`. `None` when there is neither, or when it is not text.
    pub fn host(&self) -> Option<&'a str> {
        match self.headers.get(header::HOST) {
            Some(host) => host.to_str().ok(),
            None => self.uri.authority().map(http::uri::Authority::as_str),
        }
    }

    /// A header's text; not-UTF-8 bytes are replaced.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()))
    }

    /// A query parameter's decoded value: the first of that name. Names count case.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.uri.query()?;
        let (_, value) = super::canonical::parameters(query).find(|(key, _)| decoded(key) == name)?;
        Some(decoded(value))
    }
}

fn decoded(text: &str) -> String {
    String::from_utf8_lossy(&super::canonical::decode_parameter(text)).into_owned()
}
