use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;
use wire::{Endpoint, ErrorStyle, Model, Operation, Protocol, ProtocolKind, RequestIdStyle};

use super::*;

const STYLE: ErrorStyle = ErrorStyle {
    namespace: "",
    framework_namespace: "",
    validation_code: "ValidationException",
    validation_namespace: "",
    message_member: "message",
    crc32: false,
    request_id: RequestIdStyle::Uuid,
};

const fn endpoint(
    service: &'static str,
    names: (&'static str, &'static str, &'static str),
    version: &'static str,
    protocols: &'static [Protocol],
) -> Endpoint {
    Endpoint {
        service,
        sdk_id: service,
        api_version: version,
        signing_name: names.0,
        endpoint_prefix: names.1,
        target_prefix: names.2,
        protocols,
        xml_namespace: "",
        error_style: STYLE,
    }
}

const fn of(kind: ProtocolKind) -> Protocol {
    Protocol { kind, query_compatible: false }
}

const fn op(name: &'static str, method: &'static str, uri: &'static str) -> Operation {
    Operation {
        name,
        method,
        uri,
        status: 200,
        input: None,
        output: None,
        result_wrapper: "",
        errors: &[],
        host_prefix: "",
        checksum_required: false,
    }
}

const fn model(endpoint: Endpoint, operations: &'static [Operation]) -> Model {
    Model { endpoint, shapes: &[], operations, errors: &[], unserved: &[] }
}

static LAMBDA: Model = model(
    endpoint("lambda", ("lambda", "lambda", ""), "2015-03-31", &[of(ProtocolKind::RestJson1)]),
    &[
        op("GetFunction", "GET", "/2015-03-31/functions/{FunctionName}"),
        op("ListFunctions", "GET", "/2015-03-31/functions/"),
        op("Invoke", "POST", "/2015-03-31/functions/{FunctionName}/invocations"),
    ],
);
static LOGS: Model = model(
    endpoint("logs", ("logs", "logs", "Logs_20140328"), "2014-03-28", &[of(ProtocolKind::AwsJson11)]),
    &[Operation { host_prefix: "streaming-", ..op("StartLiveTail", "POST", "/") }],
);
static SQS: Model = model(
    endpoint(
        "sqs",
        ("sqs", "sqs", "AmazonSQS"),
        "2012-11-05",
        &[Protocol { kind: ProtocolKind::AwsJson10, query_compatible: true }, of(ProtocolKind::AwsQuery)],
    ),
    &[op("SendMessage", "POST", "/")],
);
static IAM: Model = model(
    endpoint("iam", ("iam", "iam", ""), "2010-05-08", &[of(ProtocolKind::AwsQuery)]),
    &[op("CreateUser", "POST", "/"), op("TagResource", "POST", "/")],
);
static STS: Model = model(
    endpoint("sts", ("sts", "sts", ""), "2011-06-15", &[of(ProtocolKind::AwsQuery)]),
    &[op("GetCallerIdentity", "POST", "/"), op("TagResource", "POST", "/")],
);
static CLOUDWATCH: Model = model(
    endpoint(
        "cloudwatch",
        ("monitoring", "monitoring", "GraniteServiceVersion20100801"),
        "2010-08-01",
        &[of(ProtocolKind::RpcV2Cbor), of(ProtocolKind::AwsJson10), of(ProtocolKind::AwsQuery)],
    ),
    &[op("PutMetricData", "POST", "/")],
);
static GATEWAY: Model = model(
    endpoint("apigateway", ("apigateway", "apigateway", ""), "2015-07-09", &[of(ProtocolKind::RestJson1)]),
    &[op("GetRestApi", "GET", "/restapis/{restapi_id}"), op("TagResource", "PUT", "/tags/{resource_arn}")],
);
static GATEWAY_V2: Model = model(
    endpoint("apigatewayv2", ("apigateway", "apigateway", ""), "2018-11-29", &[of(ProtocolKind::RestJson1)]),
    &[op("GetApi", "GET", "/v2/apis/{ApiId}")],
);
static MANAGEMENT: Model = model(
    endpoint(
        "apigatewaymanagementapi",
        ("execute-api", "execute-api", ""),
        "2018-11-29",
        &[of(ProtocolKind::RestJson1)],
    ),
    &[op("PostToConnection", "POST", "/@connections/{ConnectionId}")],
);

static MODELS: [&Model; 9] = [&LAMBDA, &LOGS, &SQS, &IAM, &STS, &CLOUDWATCH, &GATEWAY, &GATEWAY_V2, &MANAGEMENT];

fn router() -> Router {
    let hosts = HostFacts { own: vec!["gureum.test".to_owned()], custom_domains: vec!["api.example.com".to_owned()] };
    Router::new(&MODELS, hosts)
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    headers
}

/// `target` is `METHOD host/path?query`.
fn route(target: &str, pairs: &[(&str, &str)]) -> Destination {
    let (method, rest) = target.split_once(' ').unwrap();
    let (host, rest) = rest.split_at(rest.find('/').unwrap());
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (method, headers) = (Method::from_bytes(method.as_bytes()).unwrap(), headers(pairs));
    router().route(&Head { method: &method, host, path, query, headers: &headers })
}

fn served(model: &'static Model, kind: ProtocolKind) -> Destination {
    let at = MODELS.iter().position(|m| std::ptr::eq(*m, model)).unwrap();
    let protocol = model.endpoint.protocols.iter().find(|p| p.kind == kind).copied().unwrap_or(of(kind));
    Destination::Api { service: ServiceIndex(at), protocol }
}

fn signed(service: &str) -> (&'static str, String) {
    let credential = format!("AKIAEXAMPLE/20260101/us-east-1/{service}/aws4_request");
    ("authorization", format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=ab"))
}

#[test]
fn hosts_say_what_they_are() {
    let facts = router();
    let kind = |host: &str| facts.hosts().kind(host);
    let bucket = |name: &str| HostKind::S3 { bucket: Some(name.to_owned()) };
    let service = |prefix: &str| HostKind::Service { prefix: prefix.to_owned(), bucket: None };
    for (host, expected) in [
        ("a1b2.execute-api.us-east-1.amazonaws.com", HostKind::ExecuteApi { api: "a1b2".to_owned() }),
        ("A1B2.execute-api.localhost.localstack.cloud", HostKind::ExecuteApi { api: "a1b2".to_owned() }),
        ("a1b2.execute-api.localhost", HostKind::ExecuteApi { api: "a1b2".to_owned() }),
        ("xyz.lambda-url.eu-west-1.on.aws", HostKind::FunctionUrl { id: "xyz".to_owned() }),
        ("site.s3-website-us-east-1.amazonaws.com", HostKind::Website { bucket: "site".to_owned() }),
        ("site.s3-website.eu-central-1.amazonaws.com", HostKind::Website { bucket: "site".to_owned() }),
        ("b.s3.amazonaws.com", bucket("b")),
        ("my.dotted.b.s3.us-east-1.amazonaws.com", bucket("my.dotted.b")),
        ("b.s3.dualstack.us-east-1.amazonaws.com", bucket("b")),
        ("b.s3-us-west-2.amazonaws.com", bucket("b")),
        ("b.s3.localhost.localstack.cloud", bucket("b")),
        ("s3.amazonaws.com", HostKind::S3 { bucket: None }),
        ("s3-us-west-2.amazonaws.com", HostKind::S3 { bucket: None }),
        ("sqs.us-east-1.amazonaws.com", service("sqs")),
        ("us-east-1.queue.amazonaws.com", service("sqs")),
        ("queue.amazonaws.com", service("sqs")),
        ("iam.amazonaws.com", service("iam")),
        ("lambda.us-east-1.api.aws", service("lambda")),
        ("lambda-fips.us-east-1.amazonaws.com", service("lambda")),
        ("streaming-logs.us-east-1.amazonaws.com", service("streaming-logs")),
        ("api.ecr.us-east-1.amazonaws.com", service("api.ecr")),
        ("execute-api.us-east-1.amazonaws.com", service("execute-api")),
        ("api.example.com", HostKind::CustomDomain { name: "api.example.com".to_owned() }),
        ("localhost", HostKind::Endpoint),
        ("localhost.localstack.cloud", HostKind::Endpoint),
        ("127.0.0.1", HostKind::Endpoint),
        ("::1", HostKind::Endpoint),
        ("gureum", HostKind::Endpoint),
        ("GUREUM.test", HostKind::Endpoint),
        ("a1b2.execute-api.gureum.test", HostKind::ExecuteApi { api: "a1b2".to_owned() }),
        ("b.s3.gureum.test", bucket("b")),
        ("", HostKind::Endpoint),
        ("example.org", HostKind::Foreign),
        ("sqs.us-east-1.amazonaws.com.evil.org", HostKind::Foreign),
    ] {
        assert_eq!(kind(host), expected, "{host}");
    }
}

#[test]
fn ports_are_cut_from_hosts() {
    for (authority, host) in
        [("a:1", "a"), ("[::1]:4566", "::1"), ("::1", "::1"), ("a", "a"), ("", ""), ("a:x", "a"), ("[::1", "::1")]
    {
        assert_eq!(split_port(authority), host);
    }
}

#[test]
fn calls_on_the_control_plane_find_their_service() {
    let json10 = ("content-type", "application/x-amz-json-1.0");
    let form = ("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    let (authorization, sts) = signed("sts");
    let (_, iam) = signed("iam");
    let (_, lambda) = signed("lambda");
    let (_, gateway) = signed("apigateway");
    let (_, execute) = signed("execute-api");
    use ProtocolKind::*;
    for (target, pairs, expected) in [
        ("POST localhost/", &[("x-amz-target", "AmazonSQS.SendMessage"), json10][..], served(&SQS, AwsJson10)),
        ("POST localhost/", &[("x-amz-target", "amazonsqs.SendMessage"), json10], served(&SQS, AwsJson10)),
        ("POST localhost/", &[("x-amz-target", "Logs_20140328.PutLogEvents")], served(&LOGS, AwsJson11)),
        (
            "POST localhost/service/GraniteServiceVersion20100801/operation/PutMetricData",
            &[("smithy-protocol", "rpc-v2-cbor")],
            served(&CLOUDWATCH, RpcV2Cbor),
        ),
        ("POST localhost/", &[form, (authorization, &sts)], served(&STS, AwsQuery)),
        ("POST localhost/", &[form, (authorization, &iam)], served(&IAM, AwsQuery)),
        ("GET localhost/2015-03-31/functions/f", &[(authorization, &lambda)], served(&LAMBDA, RestJson1)),
        ("GET localhost/2015-03-31/functions/f", &[], served(&LAMBDA, RestJson1)),
        ("GET localhost/2015-03-31/functions", &[], served(&LAMBDA, RestJson1)),
        ("PATCH localhost/2015-03-31/nonsense", &[], served(&LAMBDA, RestJson1)),
        ("GET localhost/v2/apis/a", &[(authorization, &gateway)], served(&GATEWAY_V2, RestJson1)),
        ("GET localhost/restapis/a", &[(authorization, &gateway)], served(&GATEWAY, RestJson1)),
        ("GET localhost/v2/apis/a", &[], served(&GATEWAY_V2, RestJson1)),
        ("POST localhost/@connections/c", &[(authorization, &execute)], served(&MANAGEMENT, RestJson1)),
        ("POST sqs.us-east-1.amazonaws.com/", &[form], served(&SQS, AwsQuery)),
        ("POST localhost/000000000000/jobs", &[form], served(&SQS, AwsQuery)),
        ("GET localhost/000000000000/jobs?Action=SendMessage", &[], served(&SQS, AwsQuery)),
        ("POST streaming-logs.us-east-1.amazonaws.com/", &[], served(&LOGS, AwsJson11)),
        (
            "GET localhost/?Action=GetCallerIdentity&X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2Fsts%2Faws4_request",
            &[],
            served(&STS, AwsQuery),
        ),
        ("POST localhost/", &[form], Destination::Query { signing_name: None }),
        ("GET localhost/?Action=GetCallerIdentity&Version=2011-06-15", &[], Destination::Query { signing_name: None }),
        ("GET localhost/_localstack/health", &[], Destination::Internal),
        ("POST localhost/_gureum/v1/reset", &[("x-amz-target", "AmazonSQS.SendMessage")], Destination::Internal),
    ] {
        assert_eq!(route(target, pairs), expected, "{target} {pairs:?}");
    }
}

#[test]
fn what_is_not_served_is_named() {
    let unserved = |service: &str| Destination::Unserved { service: service.to_owned() };
    let (authorization, kms) = signed("kms");
    assert_eq!(route("POST localhost/", &[("x-amz-target", "TrentService.Encrypt")]), unserved("kms"));
    assert_eq!(route("POST localhost/", &[("x-amz-target", "Nobody_2020.Do")]), unserved("Nobody_2020"));
    assert_eq!(route("POST localhost/", &[(authorization, &kms)]), unserved("kms"));
    assert_eq!(route("POST api.ecr.us-east-1.amazonaws.com/", &[]), unserved("ecr"));
}

#[test]
fn the_rest_is_s3() {
    let s3 = |bucket: Option<&str>| Destination::S3 { bucket: bucket.map(str::to_owned) };
    let (authorization, signature) = signed("s3");
    assert_eq!(route("GET localhost/bucket//a//b", &[]), s3(None));
    assert_eq!(route("PUT localhost/bucket/key", &[(authorization, &signature)]), s3(None));
    assert_eq!(route("PUT bucket.localhost/key", &[(authorization, &signature)]), s3(Some("bucket")));
    assert_eq!(route("PUT bucket.localhost/key", &[]), s3(Some("bucket")));
    assert_eq!(route("PUT bucket.gureum.test/key", &[]), s3(Some("bucket")));
    assert_eq!(route("GET bucket.s3.amazonaws.com/_localstack/health", &[]), s3(Some("bucket")));
    assert_eq!(route("GET 127.0.0.1/", &[]), s3(None));
}

#[test]
fn forms_find_their_service_by_action_and_version() {
    let router = router();
    let find = |name, action, version| router.find_query(name, action, version).map(|s| MODELS[s.0].endpoint.service);
    assert_eq!(find(None, "CreateUser", None), Some("iam"));
    assert_eq!(find(None, "TagResource", Some("2011-06-15")), Some("sts"));
    assert_eq!(find(None, "TagResource", Some("2010-05-08")), Some("iam"));
    assert_eq!(find(Some("sts"), "CreateUser", Some("2010-05-08")), None);
    assert_eq!(find(None, "Nonsense", None), None);
}

fn header_pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    let names = prop_oneof![
        Just("x-amz-target".to_owned()),
        Just("authorization".to_owned()),
        Just("smithy-protocol".to_owned()),
        Just("content-type".to_owned()),
        Just("x-forwarded-host".to_owned()),
        "[a-z][a-z-]{0,12}",
    ];
    let values = prop_oneof![
        Just("AmazonSQS.SendMessage".to_owned()),
        Just(signed("iam").1),
        Just("rpc-v2-cbor".to_owned()),
        Just("application/x-www-form-urlencoded".to_owned()),
        "[ -~]{0,40}",
    ];
    proptest::collection::vec((names, values), 0..6)
}

fn data_plane_target() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("abc.execute-api.us-east-1.amazonaws.com/prod/produce"),
        Just("abc.execute-api.localhost/service/GraniteServiceVersion20100801/operation/PutMetricData"),
        Just("abc.execute-api.localhost/_localstack/health"),
        Just("xyz.lambda-url.us-east-1.on.aws/2015-03-31/functions/f/invocations"),
        Just("site.s3-website-us-east-1.amazonaws.com/_gureum/v1/reset"),
        Just("api.example.com/000000000000/jobs"),
        Just("localhost/restapis/abc/prod/_user_request_/_localstack/health"),
        Just("localhost/_aws/execute-api/abc/prod/"),
        Just("bucket.s3.us-east-1.amazonaws.com/2015-03-31/functions/f"),
    ]
    .prop_map(str::to_owned)
}

proptest! {
    #[test]
    fn nothing_moves_a_request_off_the_data_plane(
        target in data_plane_target(),
        method in prop_oneof![Just("GET"), Just("POST"), Just("PUT"), Just("OPTIONS")],
        query in prop_oneof![Just("Action=CreateUser&Version=2010-05-08".to_owned()), "[ -~&&[^#? ]]{0,30}"],
        pairs in header_pairs(),
    ) {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let plain = route(&format!("GET {target}"), &[]);
        let is_bucket = matches!(plain, Destination::S3 { bucket: Some(_) });
        prop_assert!(plain.is_data_plane() || is_bucket);
        prop_assert_eq!(route(&format!("{method} {target}?{query}"), &pairs), plain);
    }

    #[test]
    fn any_head_has_a_destination(data in proptest::collection::vec(any::<u8>(), 0..200), text in "[ -~\n]{0,200}") {
        crate::fuzz::router_head(&data);
        crate::fuzz::router_head(text.as_bytes());
    }

    #[test]
    fn any_chunked_body_is_read_or_refused(data in proptest::collection::vec(any::<u8>(), 0..200), text in "[0-9a-f;\r\n:-]{0,200}") {
        crate::fuzz::chunked_body(&data);
        crate::fuzz::chunked_body(text.as_bytes());
    }
}
