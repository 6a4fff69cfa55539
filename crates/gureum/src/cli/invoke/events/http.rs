//! Requests as API Gateway and function URLs hand them on.

use kernel::id;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::{Around, With};

/// What stays as it is in a query. Source: RFC 3986, unreserved characters.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const AGENT: &str = "gureum";
const SOURCE_IP: &str = "127.0.0.1";
/// Length of the ids of APIs and of their resources, deployments and stages.
const API_ID_LENGTH: usize = 10;

struct Request<'a> {
    method: &'a str,
    path: &'a str,
    body: &'a str,
    with: &'a With,
    around: &'a Around<'a>,
}

impl<'a> Request<'a> {
    fn new(body: &'a str, with: &'a With, around: &'a Around<'a>) -> Self {
        let method = with.get("method", if body.is_empty() { "GET" } else { "POST" });
        Self { method, path: with.get("path", "/"), body, with, around }
    }

    /// In the order in which clients send them, with the caller's own last.
    fn headers(&self, host: &str) -> Vec<(String, String)> {
        let mut headers = vec![("host".to_owned(), host.to_owned()), ("user-agent".to_owned(), AGENT.to_owned())];
        if serde_json::from_str::<serde::de::IgnoredAny>(self.body).is_ok() {
            headers.push(("content-type".to_owned(), "application/json".to_owned()));
        }
        for (name, value) in self.with.below("header") {
            headers.retain(|(own, _)| !own.eq_ignore_ascii_case(name));
            headers.push((name.to_owned(), value.to_owned()));
        }
        headers
    }

    fn body(&self) -> Value {
        if self.body.is_empty() { Value::Null } else { json!(self.body) }
    }
}

/// `None` where there is nothing.
fn single<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Value> {
    let map: Map<String, Value> = pairs.map(|(name, value)| (name.to_owned(), json!(value))).collect();
    (!map.is_empty()).then_some(Value::Object(map))
}

fn multiple<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Value> {
    let map: Map<String, Value> = pairs.map(|(name, value)| (name.to_owned(), json!([value]))).collect();
    (!map.is_empty()).then_some(Value::Object(map))
}

/// Source: API Gateway Developer Guide, "Input format of a Lambda function for proxy integration".
pub fn rest(body: &str, with: &With, around: &Around<'_>) -> Value {
    let request = Request::new(body, with, around);
    let (api, stage) = (id::lower_alnum(around.rng, API_ID_LENGTH), with.get("stage", "dev"));
    let host = format!("{api}.execute-api.{}.amazonaws.com", around.region);
    let headers = request.headers(&host);
    let headers = || headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let resource = with.get("resource", request.path);
    json!({
        "resource": resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": single(headers()),
        "multiValueHeaders": multiple(headers()),
        "queryStringParameters": single(with.below("query")),
        "multiValueQueryStringParameters": multiple(with.below("query")),
        "pathParameters": single(with.below("parameter")),
        "stageVariables": null,
        "requestContext": {
            "resourceId": id::lower_alnum(around.rng, 6),
            "resourcePath": resource,
            "httpMethod": request.method,
            "extendedRequestId": id::hex_digits(around.rng, 16),
            "requestTime": around.now.access_log(),
            "path": format!("/{stage}{}", request.path),
            "accountId": around.account(),
            "protocol": "HTTP/1.1",
            "stage": stage,
            "domainPrefix": api,
            "requestTimeEpoch": around.now.millis(),
            "requestId": id::uuid(around.rng),
            "identity": {
                "cognitoIdentityPoolId": null,
                "accountId": null,
                "cognitoIdentityId": null,
                "caller": null,
                "sourceIp": SOURCE_IP,
                "principalOrgId": null,
                "accessKey": null,
                "cognitoAuthenticationType": null,
                "cognitoAuthenticationProvider": null,
                "userArn": null,
                "userAgent": AGENT,
                "user": null,
            },
            "domainName": host,
            "deploymentId": id::lower_alnum(around.rng, 6),
            "apiId": api,
        },
        "body": request.body(),
        "isBase64Encoded": false,
    })
}

/// Source: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs", payload format 2.0.
pub fn version_2(body: &str, with: &With, around: &Around<'_>) -> Value {
    let request = Request::new(body, with, around);
    let api = id::lower_alnum(around.rng, API_ID_LENGTH);
    let host = format!("{api}.execute-api.{}.amazonaws.com", around.region);
    let route = format!("{} {}", request.method, request.path);
    let stage = with.get("stage", "$default");
    let context = Context { account: around.account(), api, host, route: with.get("route", &route), stage };
    payload_2(&request, context, single(with.below("parameter")))
}

/// Source: Lambda Developer Guide, "Invoking Lambda function URLs", request payload format.
pub fn url(body: &str, with: &With, around: &Around<'_>) -> Value {
    let request = Request::new(body, with, around);
    let api = id::function_url(around.rng);
    let host = format!("{api}.lambda-url.{}.on.aws", around.region);
    // Of an unsigned caller, which is what AuthType NONE lets in.
    let context = Context { account: "anonymous".to_owned(), api, host, route: "$default", stage: "$default" };
    payload_2(&request, context, None)
}

struct Context<'a> {
    account: String,
    api: String,
    host: String,
    route: &'a str,
    stage: &'a str,
}

/// What is not there is left out, as AWS leaves it out.
fn payload_2(request: &Request<'_>, context: Context<'_>, parameters: Option<Value>) -> Value {
    let Context { account, api, host, route, stage } = context;
    let (with, around) = (request.with, request.around);
    let encode = |text: &str| utf8_percent_encode(text, QUERY).to_string();
    let query: Vec<String> =
        with.below("query").map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let headers: Map<String, Value> =
        request.headers(&host).into_iter().map(|(name, value)| (name.to_ascii_lowercase(), json!(value))).collect();
    let mut event = Map::new();
    let mut put = |name: &str, value: Value| {
        if !value.is_null() {
            event.insert(name.to_owned(), value);
        }
    };
    put("version", json!("2.0"));
    put("routeKey", json!(route));
    put("rawPath", json!(request.path));
    put("rawQueryString", json!(query.join("&")));
    put("headers", Value::Object(headers));
    put("queryStringParameters", single(with.below("query")).unwrap_or_default());
    put(
        "requestContext",
        json!({
            "accountId": account,
            "apiId": api,
            "domainName": host,
            "domainPrefix": api,
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": SOURCE_IP,
                "userAgent": AGENT,
            },
            "requestId": id::uuid(around.rng),
            "routeKey": route,
            "stage": stage,
            "time": around.now.access_log(),
            "timeEpoch": around.now.millis(),
        }),
    );
    put("pathParameters", parameters.unwrap_or_default());
    put("body", request.body());
    put("isBase64Encoded", json!(false));
    Value::Object(event)
}
