//! Who may do what, through each kind of listener. Source: ARCHITECTURE.md, "Who may do what".

use std::sync::Arc;

use auth::access::{Admitted, Call, Gate, Key, Keys, Listener, Refusal, RefusalStyle, Settings};
use auth::sigv4::{Credentials, Head, PayloadCheck, SignatureError, Signer};
use http::Request;
use kernel::{Access, AccountId, Caller, CallerKind, Timestamp};

const NOW: Timestamp = Timestamp::from_secs(1_704_067_200);

/// Four keys: a user's, a function's, one that the function's got by AssumeRole, and an inactive one.
struct FourKeys;

impl Keys for FourKeys {
    fn lookup(&self, access_key_id: &str) -> Option<Key> {
        let account = AccountId::parse("111111111111").unwrap();
        let caller = Caller { kind: CallerKind::User, arn: format!("arn:{access_key_id}"), ..Caller::root(&account) };
        let temporary = access_key_id.starts_with("ASIA");
        let known = ["AKIAUSER", "AKIAINACTIVE", "ASIAFUNCTION", "ASIAASSUMED"].contains(&access_key_id);
        known.then(|| Key {
            secret_access_key: format!("secret of {access_key_id}"),
            account,
            caller,
            session_token: temporary.then(|| "token".to_owned()),
            expires: temporary.then_some(Timestamp::from_secs(NOW.secs() + 3600)),
            active: access_key_id != "AKIAINACTIVE",
            issued_to: (access_key_id == "ASIAASSUMED").then(|| "ASIAFUNCTION".to_owned()),
        })
    }
}

fn gate() -> Gate {
    Gate::new(Settings::default(), Arc::new(FourKeys))
}

fn unsigned(host: &str) -> Request<Vec<u8>> {
    Request::post("/").header("host", host).body(b"{}".to_vec()).unwrap()
}

fn signed_with(key: &str, secret: &str, token: Option<&str>) -> Request<Vec<u8>> {
    let mut request = unsigned("localhost:4566");
    let credentials = Credentials {
        access_key_id: key.to_owned(),
        secret_access_key: secret.to_owned(),
        session_token: token.map(str::to_owned),
    };
    let signer = Signer { credentials: &credentials, region: "ap-northeast-2", service: "lambda", at: NOW };
    signer.sign(&mut request);
    request
}

fn signed(key: &str) -> Request<Vec<u8>> {
    signed_with(key, &format!("secret of {key}"), key.starts_with("ASIA").then_some("token"))
}

fn call<'a>(listener: &'a Listener, request: &'a Request<Vec<u8>>, now: Timestamp) -> Call<'a> {
    Call {
        request_id: "r",
        listener,
        head: Head::of(request),
        body: Some(request.body()),
        service: Some("lambda"),
        unsigned_allowed: false,
        wall: NOW,
        now,
        source_ip: None,
        secure_transport: false,
    }
}

fn admit_at(listener: &Listener, request: &Request<Vec<u8>>, now: Timestamp) -> Result<Admitted, Refusal> {
    gate().admit(&call(listener, request, now))
}

fn admit(listener: &Listener, request: &Request<Vec<u8>>) -> Result<Admitted, Refusal> {
    admit_at(listener, request, NOW)
}

fn sandbox(any_key: bool) -> Listener {
    Listener::Sandbox { access_key_id: "ASIAFUNCTION".to_owned(), any_key, access: Access::Open }
}

fn signature(error: SignatureError) -> Refusal {
    Refusal::Signature(error)
}

#[test]
fn open_takes_the_unsigned_and_the_unknown_as_root() {
    let cx = admit(&Listener::Open, &unsigned("localhost:4566")).unwrap().cx;
    assert_eq!((cx.account.as_str(), cx.region.as_str(), cx.access), ("000000000000", "us-east-1", Access::Open));
    assert_eq!(cx.caller.kind, CallerKind::Root);
    let cx = admit(&Listener::Open, &unsigned("lambda.eu-west-1.amazonaws.com:443")).unwrap().cx;
    assert_eq!(cx.region.as_str(), "eu-west-1");
    let cx = admit(&Listener::Open, &signed_with("test", "test", None)).unwrap().cx;
    assert_eq!((cx.account.as_str(), cx.region.as_str()), ("000000000000", "ap-northeast-2"));
    let cx = admit(&Listener::Open, &signed_with("123456789012", "anything", Some("any"))).unwrap().cx;
    assert_eq!(cx.account.as_str(), "123456789012");
    assert_eq!(cx.caller.arn, "arn:aws:iam::123456789012:root");
    assert_eq!(cx.caller.access_key_id.as_deref(), Some("123456789012"));
}

#[test]
fn open_takes_what_is_no_signature_at_all_as_unsigned() {
    for authorization in
        ["Bearer x", "AWS4-HMAC-SHA256 Credential=test/20240101/us-east-1/lambda/aws4_request", "AWS k:s"]
    {
        let mut request = unsigned("localhost");
        request.headers_mut().insert("authorization", authorization.parse().unwrap());
        assert!(admit(&Listener::Open, &request).is_ok(), "{authorization}");
    }
}

#[test]
fn a_signer_signs_whatever_the_listener() {
    let gate = gate();
    let ask = |listener: &Listener, request: &Request<Vec<u8>>| gate.signer(&call(listener, request, NOW));
    for listener in [Listener::Open, Listener::Strict, sandbox(false), sandbox(true)] {
        let missing = ask(&listener, &unsigned("localhost")).unwrap_err();
        assert_eq!(missing, signature(SignatureError::Missing), "{listener:?}");
        assert_eq!(gate.anybody(&call(&listener, &unsigned("x.example"), NOW)).caller.kind, CallerKind::Anonymous);
    }
    assert_eq!(ask(&Listener::Open, &signed("AKIAUSER")).unwrap().account.as_str(), "111111111111");
    assert_eq!(ask(&Listener::Open, &signed_with("123456789012", "x", None)).unwrap().account.as_str(), "123456789012");
    assert!(ask(&Listener::Open, &signed_with("AKIAUSER", "guess", None)).is_err());
    assert!(ask(&Listener::Strict, &signed_with("123456789012", "x", None)).is_err());
    assert!(ask(&sandbox(false), &signed("AKIAUSER")).is_err(), "only the environment's own key counts");
}

#[test]
fn open_verifies_a_key_of_ours() {
    let cx = admit(&Listener::Open, &signed("AKIAUSER")).unwrap().cx;
    assert_eq!((cx.account.as_str(), cx.caller.arn.as_str()), ("111111111111", "arn:AKIAUSER"));
    let forged = admit(&Listener::Open, &signed_with("AKIAUSER", "guess", None)).unwrap_err();
    assert!(matches!(forged, Refusal::Signature(SignatureError::Mismatch { .. })), "{forged}");
    let mut bare = unsigned("localhost");
    bare.headers_mut().insert("authorization", "AWS4-HMAC-SHA256 Credential=AKIAUSER/x".parse().unwrap());
    assert!(matches!(admit(&Listener::Open, &bare), Err(Refusal::Signature(_))));
}

#[test]
fn strict_takes_only_keys_of_ours() {
    let refused = |request: &Request<Vec<u8>>| admit(&Listener::Strict, request).unwrap_err();
    assert_eq!(refused(&unsigned("localhost")), signature(SignatureError::Missing));
    assert_eq!(refused(&signed_with("123456789012", "test", None)), signature(SignatureError::UnknownKey));
    assert_eq!(refused(&signed("AKIAINACTIVE")), signature(SignatureError::UnknownKey));
    let cx = admit(&Listener::Strict, &signed("AKIAUSER")).unwrap().cx;
    assert_eq!((cx.access, cx.region.as_str()), (Access::Strict, "ap-northeast-2"));
}

#[test]
fn strict_lets_an_operation_that_aws_serves_unsigned_through_as_nobody() {
    let request = unsigned("localhost");
    let call = Call {
        request_id: "r",
        listener: &Listener::Strict,
        head: Head::of(&request),
        body: None,
        service: None,
        unsigned_allowed: true,
        wall: NOW,
        now: NOW,
        source_ip: None,
        secure_transport: true,
    };
    assert_eq!(gate().admit(&call).unwrap().cx.caller.kind, CallerKind::Anonymous);
    let inside = Call { listener: &sandbox(false), ..call };
    assert_eq!(gate().admit(&inside).unwrap_err(), signature(SignatureError::Missing));
}

#[test]
fn a_session_needs_its_token_and_ends() {
    let admit = |key: &str, token: Option<&str>, now: Timestamp| {
        admit_at(&Listener::Strict, &signed_with(key, &format!("secret of {key}"), token), now).map(|_| ())
    };
    let (end, invalid) = (Timestamp::from_secs(NOW.secs() + 3600), Err(signature(SignatureError::TokenInvalid)));
    assert_eq!(admit("ASIAFUNCTION", Some("token"), NOW), Ok(()));
    assert_eq!(admit("ASIAFUNCTION", None, NOW), invalid);
    assert_eq!(admit("ASIAFUNCTION", Some("other"), NOW), invalid);
    assert_eq!(admit("AKIAUSER", Some("token"), NOW), invalid);
    assert_eq!(admit("ASIAFUNCTION", Some("token"), end), Err(signature(SignatureError::TokenExpired)));
}

#[test]
fn a_sandbox_acts_as_itself_only() {
    let inside = sandbox(false);
    assert_eq!(admit(&inside, &signed("ASIAFUNCTION")).unwrap().cx.caller.arn, "arn:ASIAFUNCTION");
    assert!(admit(&inside, &signed("ASIAASSUMED")).is_ok(), "what it got from STS by its own key");
    assert_eq!(admit(&inside, &unsigned("localhost")).unwrap_err(), signature(SignatureError::Missing));
    for other in ["test", "123456789012", "AKIAUSER"] {
        assert_eq!(admit(&inside, &signed(other)).unwrap_err(), signature(SignatureError::UnknownKey), "{other}");
    }
    let forged = admit(&inside, &signed_with("ASIAFUNCTION", "guess", Some("token"))).unwrap_err();
    assert!(matches!(forged, Refusal::Signature(SignatureError::Mismatch { .. })));
}

#[test]
fn any_key_gives_a_sandbox_the_open_rule() {
    assert!(admit(&sandbox(true), &unsigned("localhost")).is_ok());
    assert!(admit(&sandbox(true), &signed_with("test", "test", None)).is_ok());
    assert!(admit(&sandbox(true), &signed_with("AKIAUSER", "guess", None)).is_err());
}

#[test]
fn a_foreign_host_is_refused_unless_a_key_of_ours_signed() {
    let foreign = admit(&Listener::Open, &unsigned("evil.com:4566")).unwrap_err();
    assert_eq!(foreign, Refusal::ForeignHost { host: "evil.com:4566".to_owned() });
    let mut twice = unsigned("localhost");
    twice.headers_mut().append("host", "evil.com".parse().unwrap());
    assert!(matches!(admit(&Listener::Open, &twice), Err(Refusal::ForeignHost { .. })));
    let credentials = Credentials {
        access_key_id: "AKIAUSER".to_owned(),
        secret_access_key: "secret of AKIAUSER".to_owned(),
        session_token: None,
    };
    let mut request = unsigned("gureum.example.com");
    Signer { credentials: &credentials, region: "r", service: "lambda", at: NOW }.sign(&mut request);
    assert!(admit(&Listener::Open, &request).is_ok());
}

#[test]
fn another_web_site_is_refused_even_when_it_signs() {
    let mut request = signed("AKIAUSER");
    request.headers_mut().insert("origin", "https://evil.com".parse().unwrap());
    for listener in [Listener::Open, Listener::Strict, sandbox(true)] {
        let refused = admit(&listener, &request).unwrap_err();
        assert_eq!(refused, Refusal::CrossSite { origin: "https://evil.com".to_owned() });
        assert_eq!(refused.to_api_error(RefusalStyle::Json).status, 403);
    }
}

#[test]
fn chunks_of_an_unknown_key_are_still_chunks() {
    let mut request = unsigned("localhost");
    request.headers_mut().insert("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD".parse().unwrap());
    let admitted = admit(&Listener::Open, &request).unwrap();
    assert!(matches!(admitted.payload, PayloadCheck::UnsignedChunks));
}

#[test]
fn refusals_carry_each_protocols_code_and_status() {
    for (error, json, rest, query, s3) in [
        (
            SignatureError::Missing,
            (400, "MissingAuthenticationTokenException"),
            (403, "MissingAuthenticationTokenException"),
            (403, "MissingAuthenticationToken"),
            (403, "AccessDenied"),
        ),
        (
            SignatureError::UnknownKey,
            (400, "UnrecognizedClientException"),
            (403, "UnrecognizedClientException"),
            (403, "InvalidClientTokenId"),
            (403, "InvalidAccessKeyId"),
        ),
        (
            SignatureError::TokenExpired,
            (400, "ExpiredTokenException"),
            (403, "ExpiredTokenException"),
            (403, "ExpiredToken"),
            (400, "ExpiredToken"),
        ),
        (
            SignatureError::Mismatch { canonical: String::new(), string_to_sign: String::new() },
            (400, "InvalidSignatureException"),
            (403, "InvalidSignatureException"),
            (403, "SignatureDoesNotMatch"),
            (403, "SignatureDoesNotMatch"),
        ),
    ] {
        for (style, (status, code)) in [
            (RefusalStyle::Json, json),
            (RefusalStyle::Rest, rest),
            (RefusalStyle::Query, query),
            (RefusalStyle::S3, s3),
        ] {
            let answer = Refusal::Signature(error.clone()).to_api_error(style);
            assert_eq!((answer.status, answer.code.as_ref()), (status, code), "{error:?} {style:?}");
        }
    }
}
