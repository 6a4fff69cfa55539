//! The other side: signing requests and URLs. For URLs that we hand out, and for tests.

use std::fmt;
use std::time::Duration;

use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, Uri};
use kernel::Timestamp;

use super::canonical::{canonical_request, encode_parameter, sha256_hex, string_to_sign};
use super::{ALGORITHM, Head, Scope, derive_signing_key};

/// A key that signs.
#[derive(Clone)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: String,
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Signs for one region and service at one moment.
#[derive(Clone, Debug)]
pub struct Signer<'a> {
    pub credentials: &'a Credentials,
    pub region: &'a str,
    /// The signing name, e.g. `lambda`.
    pub service: &'a str,
    pub at: Timestamp,
}

impl Signer<'_> {
    fn scope(&self) -> Scope {
        let date = self.at.basic().get(..8).unwrap_or_default().to_owned();
        Scope { date, region: self.region.to_owned(), service: self.service.to_owned() }
    }

    /// Signs a request in its headers: adds `x-amz-date`, the session token, for S3 the body's hash, and `Authorization`.
    /// Every header that is there is signed. The request needs a `Host` header or an absolute URI.
    pub fn sign<B: AsRef<[u8]>>(&self, request: &mut Request<B>) {
        let hash = sha256_hex(request.body().as_ref());
        let date = self.at.basic();
        insert(request.headers_mut(), "x-amz-date", &date);
        if let Some(token) = &self.credentials.session_token {
            insert(request.headers_mut(), "x-amz-security-token", token);
        }
        if self.service == "s3" && !request.headers().contains_key("x-amz-content-sha256") {
            insert(request.headers_mut(), "x-amz-content-sha256", &hash);
        }
        let said = request.headers().get("x-amz-content-sha256").and_then(|v| v.to_str().ok()).map(str::to_owned);
        let names = signed_names(request.headers());
        let signature = self.signature(&Head::of(request), &names, &said.unwrap_or(hash));
        let value = format!(
            "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={signature}",
            self.credentials.access_key_id,
            self.scope(),
            names.join(";")
        );
        insert(request.headers_mut(), AUTHORIZATION.as_str(), &value);
    }

    /// Signs a URL: whoever has it may make this one request, with no body that is covered for S3 and an empty one
    /// elsewhere, for as long as it says.
    /// Shape:  `url` is absolute, and may have a query already.
    /// Units:  `expires` whole seconds, at most `limits::EXPIRES_MAX_S`.
    /// Errors: a `url` without a host gives `None`.
    pub fn presign(&self, method: &Method, url: &Uri, expires: Duration) -> Option<String> {
        let host = url.authority()?.as_str();
        let names = vec!["host".to_owned()];
        let credential = format!("{}/{}", self.credentials.access_key_id, self.scope());
        let mut query = url.query().map(|query| format!("{query}&")).unwrap_or_default();
        query.push_str(&format!(
            "X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={}&X-Amz-Date={}&X-Amz-Expires={}",
            encode_parameter(&credential),
            self.at.basic(),
            expires.as_secs()
        ));
        if let Some(token) = &self.credentials.session_token {
            query.push_str(&format!("&X-Amz-Security-Token={}", encode_parameter(token)));
        }
        query.push_str("&X-Amz-SignedHeaders=host");
        let unsigned: Uri = format!("{}?{query}", url.path()).parse().ok()?;
        let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_str(host).ok()?)]);
        let head = Head { method, uri: &unsigned, headers: &headers };
        let payload = if self.service == "s3" { "UNSIGNED-PAYLOAD".to_owned() } else { sha256_hex(b"") };
        let signature = self.signature(&head, &names, &payload);
        let scheme = url.scheme_str().unwrap_or("http");
        Some(format!("{scheme}://{host}{}?{query}&X-Amz-Signature={signature}", url.path()))
    }

    fn signature(&self, head: &Head<'_>, names: &[String], payload_hash: &str) -> String {
        let scope = self.scope();
        let canonical = canonical_request(head, self.service == "s3", names, payload_hash);
        let text = string_to_sign(&self.at.basic(), &scope.to_string(), &canonical);
        derive_signing_key(&self.credentials.secret_access_key, &scope).sign(text.as_bytes())
    }
}

fn insert(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn signed_names(headers: &HeaderMap) -> Vec<String> {
    let mut names: Vec<String> = headers.keys().map(|name| name.as_str().to_owned()).collect();
    names.push("host".to_owned());
    names.retain(|name| name != AUTHORIZATION.as_str());
    names.sort();
    names.dedup();
    names
}
