use std::time::Duration;

use auth::sigv4::{Credentials, Signer};
use bytes::Bytes;
use config::Environment;
use http::{Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kernel::{Clock, RealClock};
use serde_json::Value;

use super::{Failure, RunNote};
use crate::text::failures as text;

/// An answer longer than this is not one of ours. Units: bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The server that a command talks to, and the key that it signs with.
pub struct Connection {
    pub endpoint: String,
    pub region: String,
    pub credentials: Credentials,
    client: Client<HttpConnector, Full<Bytes>>,
    clock: RealClock,
}

/// An answer with its whole body.
pub struct Reply {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Bytes,
}

impl Connection {
    /// `--endpoint` > `GUREUM_ENDPOINT` > `AWS_ENDPOINT_URL` > the note of the running server > port 4566.
    pub fn find(flag: Option<&str>, environment: &Environment) -> Result<Self, Failure> {
        let note = RunNote::read(&environment.state_dir());
        let endpoint = flag
            .or_else(|| environment.get("GUREUM_ENDPOINT"))
            .or_else(|| environment.get("AWS_ENDPOINT_URL"))
            .map(str::to_owned)
            .or_else(|| note.as_ref().map(|note| note.endpoint.clone()))
            .unwrap_or_else(|| "http://127.0.0.1:4566".to_owned());
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        if !endpoint.starts_with("http://") {
            return Err(Failure::Usage { what: text::not_http(endpoint), hint: text::give_http() });
        }
        let region = environment.get("AWS_REGION").or_else(|| environment.get("AWS_DEFAULT_REGION"));
        let region = region.map(str::to_owned).or_else(|| note.map(|note| note.region));
        Ok(Self {
            endpoint,
            region: region.unwrap_or_else(|| "us-east-1".to_owned()),
            credentials: credentials(environment),
            client: Client::builder(TokioExecutor::new()).build_http(),
            clock: RealClock::default(),
        })
    }

    /// A call of a JSON service (`X-Amz-Target`), e.g. CloudWatch Logs.
    pub async fn json(&self, service: &str, target: &str, input: &Value) -> Result<Value, Failure> {
        let reply = self.stream(service, target, input).await?;
        let reply = collect(reply).await?;
        // SQS has operations that answer nothing at all.
        if reply.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&reply.body).map_err(|cause| Failure::broken(text::answer_not_json(), cause))
    }

    /// As `json`, for answers that do not end by themselves.
    pub async fn stream(
        &self,
        service: &str,
        target: &str,
        input: &Value,
    ) -> Result<http::Response<Incoming>, Failure> {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        let response = self.send(service, Method::POST, "/", &headers, Bytes::from(input.to_string())).await?;
        if response.status().is_success() { Ok(response) } else { Err(failure(&collect(response).await?)) }
    }

    /// A call by method and path.
    pub async fn rest(
        &self,
        service: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Reply, Failure> {
        let reply = collect(self.send(service, method, path, headers, body).await?).await?;
        if (200..300).contains(&reply.status) { Ok(reply) } else { Err(failure(&reply)) }
    }

    async fn send(
        &self,
        service: &str,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<http::Response<Incoming>, Failure> {
        let uri: Uri = format!("{}{path}", self.endpoint)
            .parse()
            .map_err(|cause| Failure::broken(text::not_an_address(&self.endpoint), cause))?;
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let host = self.endpoint.trim_start_matches("http://");
        let mut request = request
            .header("host", host)
            .body(body)
            .map_err(|cause| Failure::broken(text::request_impossible(), cause))?;
        let signer = Signer { credentials: &self.credentials, region: &self.region, service, at: self.clock.wall() };
        signer.sign(&mut request);
        self.client
            .request(request.map(Full::new))
            .await
            .map_err(|_| Failure::NotRunning { endpoint: self.endpoint.clone() })
    }

    /// The same server, called as root of an account by its number: what open access understands.
    pub fn as_account(&self, account: &str) -> Self {
        let key = account.to_owned();
        self.with_keys(Credentials { access_key_id: key.clone(), secret_access_key: key, session_token: None })
    }

    /// What `gureum status` shows.
    pub async fn status(&self) -> Result<Value, Failure> {
        let reply = self.rest("gureum", Method::GET, "/_gureum/v1/status", &[], Bytes::new()).await?;
        serde_json::from_slice(&reply.body).map_err(|cause| Failure::broken(text::status_not_json(), cause))
    }

    /// Whether the server has issued this key. Asked with a wrong secret: only of a key that it knows can a server say that
    /// the signature does not match, and the right secret stays out of it.
    pub async fn knows(&self, keys: &Credentials) -> Result<bool, Failure> {
        let wrong = Credentials { secret_access_key: "not the secret".to_owned(), ..keys.clone() };
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let call = Bytes::from_static(b"Action=GetCallerIdentity&Version=2011-06-15");
        match self.with_keys(wrong).rest("sts", Method::POST, "/", &form, call).await {
            Err(Failure::Api { code, .. }) => Ok(code == "SignatureDoesNotMatch"),
            Err(other) => Err(other),
            Ok(_) => Ok(false),
        }
    }

    fn with_keys(&self, credentials: Credentials) -> Self {
        Self {
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            credentials,
            client: self.client.clone(),
            clock: RealClock::default(),
        }
    }

    /// Waits before something is asked again.
    pub async fn pause(&self, time: Duration) {
        self.clock.pause(time).await;
    }

    pub fn elapsed(&self) -> Duration {
        self.clock.monotonic()
    }
}

/// The key of the environment, else the one that means "whoever": open access takes it for root.
fn credentials(environment: &Environment) -> Credentials {
    match (environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")) {
        (Some(id), Some(secret)) => Credentials {
            access_key_id: id.to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: environment.get("AWS_SESSION_TOKEN").map(str::to_owned),
        },
        _ => fallback_keys(environment),
    }
}

/// The root key that the first strict start has left, else "whoever".
pub fn fallback_keys(environment: &Environment) -> Credentials {
    super::root_key::stored(&environment.state_dir()).unwrap_or_else(|| Credentials {
        access_key_id: "gureum".to_owned(),
        secret_access_key: "gureum".to_owned(),
        session_token: None,
    })
}

async fn collect(response: http::Response<Incoming>) -> Result<Reply, Failure> {
    let (parts, body) = response.into_parts();
    let body = http_body_util::Limited::new(body, ANSWER_BYTES_MAX);
    let body = body.collect().await.map_err(|cause| Failure::broken(text::answer_broke_off(), cause))?.to_bytes();
    Ok(Reply { status: parts.status.as_u16(), headers: parts.headers, body })
}

fn failure(reply: &Reply) -> Failure {
    if let Some((code, message)) = xml_error(&reply.body) {
        return Failure::Api { code, message, status: reply.status };
    }
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let header = reply.headers.get("x-amzn-errortype").and_then(|v| v.to_str().ok());
    let code = header.or(body["__type"].as_str()).or(body["code"].as_str()).unwrap_or("Failed");
    let code = code.rsplit('#').next().unwrap_or(code).split(':').next().unwrap_or(code);
    let message = body["message"].as_str().or(body["Message"].as_str());
    let message = message.map_or_else(|| text::server_answered(reply.status), str::to_owned);
    Failure::Api { code: code.to_owned(), message, status: reply.status }
}

/// Code and message of awsQuery's `ErrorResponse`.
fn xml_error(body: &[u8]) -> Option<(String, String)> {
    let text = std::str::from_utf8(body).ok()?;
    let between = |element: &str| {
        let rest = text.split_once(&format!("<{element}>"))?.1;
        Some(rest.split_once(&format!("</{element}>"))?.0.to_owned())
    };
    Some((between("Code")?, between("Message").unwrap_or_default()))
}
