//! A keep-alive HTTP client for one server.

use anyhow::{Result, bail};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as Hyper;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

#[derive(Clone)]
pub struct Client {
    endpoint: String,
    http: Hyper<HttpConnector, Full<Bytes>>,
}

impl Client {
    pub fn new(endpoint: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self { endpoint: endpoint.to_owned(), http: Hyper::builder(TokioExecutor::new()).build(connector) }
    }

    /// Errors: any status but 2xx, with the body.
    pub async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Result<Bytes> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.endpoint));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.http.request(request.body(Full::new(body))?).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            bail!("{path}: {status} {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }
}
