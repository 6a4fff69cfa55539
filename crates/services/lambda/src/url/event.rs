//! The event that a request to a function URL becomes: payload format 2.0.
//!
//! Source: Lambda Developer Guide, "Invoking Lambda function URLs", request payload format.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, COOKIE, HOST, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, Version};
use kernel::{Cx, Timestamp};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

/// Between the connection's two ends only; what the function sees has none of them.
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// What an event is made of.
pub struct Source<'a> {
    /// The URL's id.
    pub id: &'a str,
    pub parts: &'a Parts,
    pub body: &'a Bytes,
    pub peer: IpAddr,
    pub tls: bool,
    pub request_id: &'a str,
    pub at: Timestamp,
    /// `Root=1-…`
    pub trace: &'a str,
    /// Who signed, and the account of the function; `None` where nobody has to.
    pub signer: Option<(&'a Cx, &'a str)>,
}

impl Source<'_> {
    /// The event as JSON, members in AWS's order.
    pub fn event(&self) -> String {
        let mut event = Map::new();
        let query = self.parts.uri.query().unwrap_or_default();
        event.insert("version".to_owned(), json!("2.0"));
        event.insert("routeKey".to_owned(), json!("$default"));
        event.insert("rawPath".to_owned(), json!(self.path()));
        event.insert("rawQueryString".to_owned(), json!(query));
        let cookies = cookies(&self.parts.headers);
        if !cookies.is_empty() {
            event.insert("cookies".to_owned(), json!(cookies));
        }
        event.insert("headers".to_owned(), Value::Object(self.headers()));
        if !query.is_empty() {
            event.insert("queryStringParameters".to_owned(), Value::Object(parameters(query)));
        }
        event.insert("requestContext".to_owned(), Value::Object(self.context()));
        let text = is_text(&self.parts.headers).then(|| std::str::from_utf8(self.body).ok()).flatten();
        if !self.body.is_empty() {
            let body = text.map_or_else(|| STANDARD.encode(self.body), str::to_owned);
            event.insert("body".to_owned(), json!(body));
        }
        let encoded = !self.body.is_empty() && text.is_none();
        event.insert("isBase64Encoded".to_owned(), json!(encoded));
        Value::Object(event).to_string()
    }

    fn path(&self) -> &str {
        match self.parts.uri.path() {
            "" => "/",
            path => path,
        }
    }

    /// Host and port as the client named them.
    fn authority(&self) -> String {
        let header = self.parts.headers.get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
        header.or_else(|| self.parts.uri.authority().map(ToString::to_string)).unwrap_or_default()
    }

    fn headers(&self) -> Map<String, Value> {
        let mut headers = Map::new();
        for name in self.parts.headers.keys() {
            if *name == COOKIE || HOP_BY_HOP.contains(&name.as_str()) {
                continue;
            }
            headers.insert(name.to_string(), json!(joined(&self.parts.headers, name.as_str())));
        }
        let authority = self.authority();
        let (scheme, port) = if self.tls { ("https", "443") } else { ("http", "80") };
        let port = authority.rsplit_once(':').map_or(port, |(_, port)| port).to_owned();
        let through = joined(&self.parts.headers, "x-forwarded-for");
        let peer = self.peer.to_canonical().to_string();
        let through = if through.is_empty() { peer } else { format!("{through}, {peer}") };
        headers.insert("host".to_owned(), json!(authority));
        headers.insert("x-forwarded-for".to_owned(), json!(through));
        headers.insert("x-forwarded-port".to_owned(), json!(port));
        headers.insert("x-forwarded-proto".to_owned(), json!(scheme));
        headers.insert("x-amzn-trace-id".to_owned(), json!(self.trace));
        headers
    }

    fn context(&self) -> Map<String, Value> {
        let authority = self.authority();
        let domain = authority.split(':').next().unwrap_or_default();
        let protocol = if self.parts.version == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" };
        let agent = self.parts.headers.get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        let mut context = Map::new();
        let mut put = |name: &str, value: Value| context.insert(name.to_owned(), value);
        put("accountId", json!(self.signer.map_or("anonymous", |(_, account)| account)));
        put("apiId", json!(self.id));
        if let Some((cx, _)) = self.signer {
            put("authentication", Value::Null);
            put(
                "authorizer",
                json!({ "iam": {
                    "accessKey": cx.caller.access_key_id,
                    "accountId": cx.account.as_str(),
                    "callerId": cx.caller.principal_id,
                    "cognitoIdentity": null,
                    "principalOrgId": null,
                    "userArn": cx.caller.arn,
                    "userId": cx.caller.principal_id,
                } }),
            );
        }
        put("domainName", json!(domain));
        put("domainPrefix", json!(self.id));
        put(
            "http",
            json!({
                "method": self.parts.method.as_str(),
                "path": self.path(),
                "protocol": protocol,
                "sourceIp": self.peer.to_canonical().to_string(),
                "userAgent": agent,
            }),
        );
        put("requestId", json!(self.request_id));
        put("routeKey", json!("$default"));
        put("stage", json!("$default"));
        put("time", json!(self.at.access_log()));
        put("timeEpoch", json!(self.at.millis()));
        context
    }
}

fn joined(headers: &HeaderMap, name: &str) -> String {
    let values: Vec<_> = headers.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes())).collect();
    values.join(",")
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(COOKIE).iter().map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned());
    let pairs = lines.flat_map(|line| line.split(';').map(|pair| pair.trim().to_owned()).collect::<Vec<_>>());
    pairs.filter(|pair| !pair.is_empty()).collect()
}

/// Decoded; the values of a name that comes several times are joined by commas.
fn parameters(query: &str) -> Map<String, Value> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let mut parameters: Map<String, Value> = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name), decoded(value));
        let value = match parameters.get(&name).and_then(Value::as_str) {
            Some(before) => format!("{before},{value}"),
            None => value,
        };
        parameters.insert(name, json!(value));
    }
    parameters
}

/// Whether a body goes into the event as it is. Forms do not: on AWS they come in base64, too.
fn is_text(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media.starts_with("text/")
        || media.ends_with("+json")
        || media.ends_with("+xml")
        || ["application/json", "application/xml", "application/javascript"].contains(&media.as_str())
}

/// Reads any head as a request: the body of a fuzz target.
pub fn fuzz(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let Ok(uri) = lines.next().unwrap_or_default().parse::<http::Uri>() else { return };
    let mut request = http::Request::new(());
    *request.uri_mut() = uri;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { continue };
        if let (Ok(name), Ok(value)) = (name.parse::<http::HeaderName>(), value.parse::<http::HeaderValue>()) {
            request.headers_mut().append(name, value);
        }
    }
    let (parts, body) = (request.into_parts().0, Bytes::copy_from_slice(bytes));
    let source = Source {
        id: "id",
        parts: &parts,
        body: &body,
        peer: IpAddr::from([127, 0, 0, 1]),
        tls: false,
        request_id: "r",
        at: Timestamp::from_secs(0),
        trace: "Root=1",
        signer: None,
    };
    assert!(serde_json::from_str::<Value>(&source.event()).is_ok(), "an event is JSON");
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;
    use proptest::prelude::*;

    fn event(request: Request<&str>) -> Value {
        let (parts, body) = request.into_parts();
        let body = Bytes::copy_from_slice(body.as_bytes());
        let source = Source {
            id: "abc",
            parts: &parts,
            body: &body,
            peer: IpAddr::from([10, 0, 0, 7]),
            tls: true,
            request_id: "r-1",
            at: Timestamp::from_millis(1_583_348_638_390),
            trace: "Root=1-a-b",
            signer: None,
        };
        serde_json::from_str(&source.event()).unwrap()
    }

    #[test]
    fn a_request_becomes_the_event_that_aws_makes_of_it() {
        let request = Request::post("/my/path?a=1&a=2&b=x%20y+z")
            .header("Host", "abc.lambda-url.us-east-1.on.aws")
            .header("Content-Type", "text/plain")
            .header("X-Two", "1")
            .header("X-Two", "2")
            .header("Cookie", "c=1; d=2")
            .header("User-Agent", "agent")
            .body("Hello")
            .unwrap();
        assert_eq!(
            event(request),
            json!({
                "version": "2.0",
                "routeKey": "$default",
                "rawPath": "/my/path",
                "rawQueryString": "a=1&a=2&b=x%20y+z",
                "cookies": ["c=1", "d=2"],
                "headers": {
                    "host": "abc.lambda-url.us-east-1.on.aws",
                    "content-type": "text/plain",
                    "x-two": "1,2",
                    "user-agent": "agent",
                    "x-forwarded-for": "10.0.0.7",
                    "x-forwarded-port": "443",
                    "x-forwarded-proto": "https",
                    "x-amzn-trace-id": "Root=1-a-b",
                },
                "queryStringParameters": { "a": "1,2", "b": "x y z" },
                "requestContext": {
                    "accountId": "anonymous",
                    "apiId": "abc",
                    "domainName": "abc.lambda-url.us-east-1.on.aws",
                    "domainPrefix": "abc",
                    "http": {
                        "method": "POST",
                        "path": "/my/path",
                        "protocol": "HTTP/1.1",
                        "sourceIp": "10.0.0.7",
                        "userAgent": "agent",
                    },
                    "requestId": "r-1",
                    "routeKey": "$default",
                    "stage": "$default",
                    "time": "04/Mar/2020:19:03:58 +0000",
                    "timeEpoch": 1_583_348_638_390_i64,
                },
                "body": "Hello",
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn bodies_that_are_no_text_come_in_base64() {
        let of = |kind: &str, body| event(Request::post("/").header("content-type", kind).body(body).unwrap());
        for (kind, encoded) in [
            ("application/json; charset=utf-8", false),
            ("application/problem+json", false),
            ("application/x-www-form-urlencoded", true),
            ("image/png", true),
        ] {
            let event = of(kind, "a=1");
            assert_eq!(event["isBase64Encoded"], encoded, "{kind}");
            assert_eq!(event["body"], if encoded { "YT0x" } else { "a=1" }, "{kind}");
        }
        assert_eq!(of("image/png", "").get("body"), None);
    }

    proptest! {
        #[test]
        fn any_head_makes_an_event(bytes in "/[ -~]{0,40}(\\n[a-z-]{1,10}:[ -~]{0,20}){0,4}") {
            fuzz(bytes.as_bytes());
        }
    }
}
