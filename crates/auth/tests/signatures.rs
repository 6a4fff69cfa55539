//! Signatures against Amazon's own examples, and every refusal in AWS's order and words.
//! Sources: SigV4 test suite (`AKIDEXAMPLE`), IAM User Guide "Create a signed AWS API request", S3 API Reference
//! "Signature calculations for the Authorization header" and "Authenticating requests: using query parameters".

use std::time::Duration;

use auth::sigv4::{
    Credentials, Expected, Form, Head, PayloadCheck, Signature, SignatureError, Signer, SigningKeys, presented,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request, Uri};
use kernel::Timestamp;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const S3_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Request<Vec<u8>> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Vec::new()).unwrap()
}

fn at(basic: &str) -> Timestamp {
    Timestamp::parse_basic(basic).unwrap()
}

/// Finds, checks and verifies, as the gate does.
fn verify(request: &Request<Vec<u8>>, secret: &str, wall: Timestamp) -> Result<PayloadCheck, SignatureError> {
    let head = Head::of(request);
    let signature = Signature::find(&head)?.ok_or(SignatureError::Missing)?;
    signature.check(&head, &Expected { wall, service: None })?;
    let verified = signature.verify(&head, Some(request.body()), secret, &SigningKeys::default())?;
    Ok(verified.payload)
}

#[test]
fn amazons_iam_example_verifies() {
    let request = request(
        "GET",
        "/?Action=ListUsers&Version=2010-05-08",
        &[
            ("host", "iam.amazonaws.com"),
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("x-amz-date", "20150830T123600Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
            ),
        ],
    );
    assert!(verify(&request, SECRET, at("20150830T123600Z")).is_ok());
}

#[test]
fn amazons_test_suite_verifies() {
    let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    let header = |signature: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature={signature}"
        )
    };
    for (name, method, uri, signature) in [
        ("get-vanilla", "GET", "/", vanilla),
        ("get-vanilla-empty-query-key", "GET", "/?", vanilla),
        (
            "get-vanilla-query-order-key-case",
            "GET",
            "/?Param2=value2&Param1=value1",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        ("post-vanilla", "POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("get-slash", "GET", "//", vanilla),
        ("get-relative", "GET", "/example/..", vanilla),
        ("get-slash-dot-slash", "GET", "/./", vanilla),
    ] {
        let authorization = header(signature);
        let headers =
            [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z"), ("authorization", &authorization)];
        let request = request(method, uri, &headers);
        assert!(verify(&request, SECRET, at("20150830T123600Z")).is_ok(), "{name}");
    }
}

#[test]
fn amazons_s3_examples_verify() {
    let put = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    for (method, uri, extra, hash, signed_headers, signature) in [
        (
            "GET",
            "/test.txt",
            &[("range", "bytes=0-9")][..],
            EMPTY,
            "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test%24file.text",
            &[("date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
            put,
            "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET",
            "/?lifecycle",
            &[],
            EMPTY,
            "host;x-amz-content-sha256;x-amz-date",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET",
            "/?max-keys=2&prefix=J",
            &[],
            EMPTY,
            "host;x-amz-content-sha256;x-amz-date",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ] {
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders={signed_headers},Signature={signature}"
        );
        let mut headers = vec![
            ("host", "examplebucket.s3.amazonaws.com"),
            ("x-amz-date", "20130524T000000Z"),
            ("x-amz-content-sha256", hash),
            ("authorization", authorization.as_str()),
        ];
        headers.extend_from_slice(extra);
        let mut request = request(method, uri, &headers);
        if hash == put {
            *request.body_mut() = b"Welcome to Amazon S3.".to_vec();
        }
        let outcome = verify(&request, S3_SECRET, at("20130524T001459Z"));
        assert!(matches!(outcome, Ok(PayloadCheck::Done)), "{method} {uri}: {outcome:?}");
    }
}

const PRESIGNED: &str = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";

#[test]
fn amazons_presigned_url_verifies_until_it_expires() {
    let request = request("GET", PRESIGNED, &[("host", "examplebucket.s3.amazonaws.com")]);
    assert!(verify(&request, S3_SECRET, at("20130525T000000Z")).is_ok());
    let late = verify(&request, S3_SECRET, at("20130525T000001Z")).unwrap_err();
    assert!(matches!(late, SignatureError::Expired { presigned: true, .. }), "{late}");
}

#[test]
fn amazons_presigned_url_is_what_we_make() {
    let credentials = Credentials {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_access_key: S3_SECRET.to_owned(),
        session_token: None,
    };
    let signer = Signer { credentials: &credentials, region: "us-east-1", service: "s3", at: at("20130524T000000Z") };
    let url: Uri = "https://examplebucket.s3.amazonaws.com/test.txt".parse().unwrap();
    let signed = signer.presign(&Method::GET, &url, Duration::from_secs(86_400)).unwrap();
    assert_eq!(signed, format!("https://examplebucket.s3.amazonaws.com{PRESIGNED}"));
}

#[test]
fn amazons_chunked_upload_verifies_its_head_and_hands_on_the_chain() {
    let request = request(
        "PUT",
        "/examplebucket/chunkObject.txt",
        &[
            ("host", "s3.amazonaws.com"),
            ("x-amz-date", "20130524T000000Z"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class,Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
            ),
            ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            ("content-encoding", "aws-chunked"),
            ("x-amz-decoded-content-length", "66560"),
            ("content-length", "66824"),
        ],
    );
    let check = verify(&request, S3_SECRET, at("20130524T000000Z")).unwrap();
    let PayloadCheck::SignedChunks { mut signer, trailer: false } = check else { panic!("{check:?}") };
    let data: [u8; 32] = Sha256::digest(vec![b'a'; 65_536]).into();
    assert_eq!(signer.sign(&data), "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648");
}

fn credentials() -> Credentials {
    Credentials {
        access_key_id: "AKIAEXAMPLE".to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: Some("the/token+=".to_owned()),
    }
}

fn signed(service: &str, uri: &str, body: &[u8]) -> Request<Vec<u8>> {
    let mut request = request("POST", uri, &[("host", "localhost:4566"), ("x-amz-target", "a  b   c")]);
    *request.body_mut() = body.to_vec();
    let credentials = credentials();
    let region = "ap-northeast-2";
    Signer { credentials: &credentials, region, service, at: at("20240101T000000Z") }.sign(&mut request);
    request
}

fn refusal(request: &Request<Vec<u8>>, wall: &str) -> String {
    verify(request, SECRET, at(wall)).unwrap_err().to_string()
}

#[test]
fn a_signed_body_may_not_change() {
    let mut lambda =
        signed("lambda", "/2015-03-31/functions/arn%3Aaws%3Alambda/invocations?Qualifier=%24LATEST", b"{}");
    assert!(verify(&lambda, SECRET, at("20240101T000000Z")).is_ok());
    *lambda.body_mut() = b"{ }".to_vec();
    assert!(matches!(verify(&lambda, SECRET, at("20240101T000000Z")), Err(SignatureError::Mismatch { .. })));
    let mut s3 = signed("s3", "/bucket/a%20b//../k", b"data");
    assert!(verify(&s3, SECRET, at("20240101T000000Z")).is_ok());
    *s3.body_mut() = b"date".to_vec();
    assert_eq!(verify(&s3, SECRET, at("20240101T000000Z")).unwrap_err(), SignatureError::BodyMismatch);
}

#[test]
fn a_body_that_is_still_to_come_is_checked_at_its_end() {
    let request = signed("s3", "/bucket/key", b"data");
    let head = Head::of(&request);
    let signature = Signature::find(&head).unwrap().unwrap();
    let check = signature.verify(&head, None, SECRET, &SigningKeys::default()).unwrap().payload;
    assert_eq!(check.finish(&Sha256::digest(b"data").into()), Ok(()));
    assert_eq!(check.finish(&Sha256::digest(b"date").into()), Err(SignatureError::BodyMismatch));
}

#[test]
fn dates_are_five_minutes_wide_and_fifteen_for_s3_and_sts() {
    let lambda = signed("lambda", "/", b"");
    assert!(verify(&lambda, SECRET, at("20240101T000500Z")).is_ok());
    assert_eq!(
        refusal(&lambda, "20240101T000501Z"),
        "Signature expired: 20240101T000000Z is now earlier than 20240101T000001Z (20240101T000501Z - 5 min.)"
    );
    assert!(verify(&lambda, SECRET, at("20231231T235500Z")).is_ok());
    assert_eq!(
        refusal(&lambda, "20231231T235459Z"),
        "Signature not yet current: 20240101T000000Z is still later than 20231231T235959Z (20231231T235459Z + 5 min.)"
    );
    for service in ["s3", "sts"] {
        let request = signed(service, "/", b"");
        assert!(verify(&request, SECRET, at("20240101T001500Z")).is_ok(), "{service}");
        assert!(refusal(&request, "20240101T001501Z").ends_with("(20240101T001501Z - 15 min.)"), "{service}");
    }
}

/// Signs, then changes one header.
fn with_authorization(change: impl Fn(&str) -> String) -> Request<Vec<u8>> {
    let mut request = signed("dynamodb", "/", b"{}");
    let header = request.headers()["authorization"].to_str().unwrap().to_owned();
    request.headers_mut().insert("authorization", change(&header).parse().unwrap());
    request
}

#[test]
fn refusals_are_in_awss_words() {
    for (request, expected) in [
        (request("POST", "/", &[]), "Request is missing Authentication Token"),
        (request("POST", "/", &[("authorization", "Bearer x")]), "Request is missing Authentication Token"),
        (
            request("POST", "/?X-Amz-Algorithm=a", &[("authorization", "AWS4-HMAC-SHA256 Credential=a")]),
            "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
        ),
        (
            request("POST", "/", &[("authorization", "AWS4-HMAC-SHA256")]),
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256",
        ),
        (
            request("POST", "/", &[("authorization", "AWS4-HMAC-SHA256 Credential=a b")]),
            "'b' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 Credential=a b'.",
        ),
        (
            request("POST", "/?X-Amz-Algorithm=a&X-Amz-Date=b", &[]),
            "AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. Re-examine the query-string parameters.",
        ),
        (
            with_authorization(|header| header.replace("/aws4_request", "")),
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKIAEXAMPLE/20240101/ap-northeast-2/dynamodb'",
        ),
        (
            with_authorization(|header| header.replace("host;", "")),
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        (
            with_authorization(|header| header.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")),
            "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.",
        ),
        (
            with_authorization(|header| header.replace("/20240101/", "/20240102/")),
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20240102' != '20240101', from '20240101T000000Z'.",
        ),
        (
            with_authorization(|header| header.replace("/aws4_request", "/aws5_request")),
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. ",
        ),
    ] {
        assert_eq!(refusal(&request, "20240101T000000Z"), expected);
    }
}

#[test]
fn a_scope_of_another_service_is_refused_where_the_service_is_known() {
    let request = signed("sqs", "/", b"");
    let head = Head::of(&request);
    let signature = Signature::find(&head).unwrap().unwrap();
    let expected = Expected { wall: at("20240101T000000Z"), service: Some("lambda") };
    let error = signature.check(&head, &expected).unwrap_err();
    assert_eq!(error, SignatureError::ScopeService("lambda".to_owned()));
}

#[test]
fn a_wrong_signature_is_told_what_was_signed() {
    let request = with_authorization(|header| header.replace("Signature=", "Signature=0"));
    let told = refusal(&request, "20240101T000000Z");
    let start = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nhost:localhost:4566\n";
    assert!(told.starts_with(start), "{told}");
    assert!(told.contains("\nx-amz-target:a b c\n"), "{told}");
    assert!(told.contains("The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20240101T000000Z\n20240101/ap-northeast-2/dynamodb/aws4_request\n"), "{told}");
}

#[test]
fn s3_wants_its_own_headers_signed() {
    let mut request = signed("s3", "/b/k", b"");
    request.headers_mut().insert("x-amz-acl", "public-read".parse().unwrap());
    let error = verify(&request, SECRET, at("20240101T000000Z")).unwrap_err();
    assert_eq!(error, SignatureError::HeadersNotSigned(vec!["x-amz-acl".to_owned()]));
}

#[test]
fn the_key_that_a_request_names_is_read_leniently() {
    let named = |uri: &str, header: Option<&str>| {
        let headers: Vec<(&str, &str)> = header.iter().map(|value| ("authorization", *value)).collect();
        presented(&Head::of(&request("GET", uri, &headers))).map(|p| (p.access_key_id, p.region))
    };
    let some = |key: &str, region: Option<&str>| Some((key.to_owned(), region.map(str::to_owned)));
    assert_eq!(named("/", None), None);
    assert_eq!(named("/", Some("Bearer x")), None);
    assert_eq!(named("/", Some("AWS4-HMAC-SHA256 Credential=test/x/eu-west-1/s3")), some("test", Some("eu-west-1")));
    assert_eq!(named("/", Some("AWS4-HMAC-SHA256 Credential=test")), some("test", None));
    assert_eq!(named("/", Some("AWS4-HMAC-SHA256 Credential=test/d/a%00b/s3/x,")), some("test", None));
    assert_eq!(named("/?X-Amz-Credential=k%2F20240101%2Fus-east-1%2Fs3%2F", None), some("k", Some("us-east-1")));
    assert_eq!(named("/", Some("AWS 111111111111:sig")), some("111111111111", None));
    assert_eq!(named("/?AWSAccessKeyId=k&Signature=s&Expires=1", None), some("k", None));
    assert_eq!(named("/?AWSAccessKeyId=k", None), None);
}

#[test]
fn a_presigned_lifetime_is_at_most_seven_days() {
    for (expires, valid) in
        [("1", true), ("604800", true), ("604801", false), ("0", false), ("-1", false), ("x", false)]
    {
        let uri = PRESIGNED.replace("Expires=86400", &format!("Expires={expires}"));
        let found = Signature::find(&Head::of(&request("GET", &uri, &[])));
        assert_eq!(found.is_ok(), valid, "{expires}");
    }
}

/// Requests as boto3's clients send them: botocore 1.43.11, endpoint `http://localhost:4566`, odd names in paths and queries.
#[test]
fn what_botocore_signs_verifies() {
    let vectors: Vec<serde_json::Value> = serde_json::from_str(include_str!("botocore.json")).unwrap();
    for vector in vectors {
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let mut signed = request(&text(&vector["method"]), &text(&vector["uri"]), &[]);
        for header in vector["headers"].as_array().unwrap() {
            let name: http::HeaderName = text(&header[0]).parse().unwrap();
            signed.headers_mut().append(name, text(&header[1]).parse().unwrap());
        }
        *signed.body_mut() = STANDARD.decode(text(&vector["body"])).unwrap();
        let signed_at = Signature::find(&Head::of(&signed)).unwrap().unwrap().signed_at;
        let outcome = verify(&signed, SECRET, signed_at);
        assert!(outcome.is_ok(), "{}: {outcome:?}", vector["uri"]);
    }
}

#[test]
fn a_body_that_nothing_was_said_of_must_be_the_one_that_was_signed() {
    let request = signed("lambda", "/", b"");
    let head = Head::of(&request);
    let signature = Signature::find(&head).unwrap().unwrap();
    let check = signature.verify(&head, None, SECRET, &SigningKeys::default()).unwrap().payload;
    assert_eq!(check.finish(&Sha256::digest(b"").into()), Ok(()));
    assert_eq!(check.finish(&Sha256::digest(b"added").into()), Err(SignatureError::BodyMismatch));
}

proptest! {
    #[test]
    fn what_we_sign_verifies(
        path in "(/[a-zA-Z0-9%._~:+*()-]{0,8}){1,4}",
        query in "([a-z]{1,3}=[a-zA-Z0-9%+._~/-]{0,6}&){0,4}",
        value in "[ -~]{0,20}",
        body in proptest::collection::vec(any::<u8>(), 0..64),
        service in prop_oneof![Just("s3"), Just("lambda")],
    ) {
        let Ok(uri) = format!("{path}?{query}").parse::<Uri>() else { return Ok(()) };
        let mut request = Request::post(uri).header("host", "h").header("x-amz-meta-a", value).body(body).unwrap();
        let credentials = credentials();
        Signer { credentials: &credentials, region: "r", service, at: at("20240101T000000Z") }.sign(&mut request);
        prop_assert!(verify(&request, SECRET, at("20240101T000000Z")).is_ok());
        prop_assert!(verify(&request, "another", at("20240101T000000Z")).is_err());
    }

    #[test]
    fn presigned_urls_verify_and_change_of_anything_breaks_them(
        path in "(/[a-zA-Z0-9_~-]{1,8}){1,4}", value in "[a-z0-9]{1,8}", service in prop_oneof![Just("s3"), Just("sts")],
    ) {
        let url: Uri = format!("http://localhost:4566{path}?versionId={value}").parse().unwrap();
        let credentials = credentials();
        let signer = Signer { credentials: &credentials, region: "r", service, at: at("20240101T000000Z") };
        let signed = signer.presign(&Method::GET, &url, Duration::from_secs(600)).unwrap();
        let request_of = |uri: &str| request("GET", uri, &[("host", "localhost:4566")]);
        let good = request_of(&signed);
        prop_assert_eq!(Signature::find(&Head::of(&good)).unwrap().unwrap().form, Form::Query);
        prop_assert!(verify(&good, SECRET, at("20240101T000900Z")).is_ok());
        for bad in [signed.replace("versionId=", "versionId=0"), signed.replacen("4566/", "4566/x", 1)] {
            prop_assert!(verify(&request_of(&bad), SECRET, at("20240101T000900Z")).is_err());
        }
    }
}
