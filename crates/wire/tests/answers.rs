//! Which operation a request means, and what answers look like, per protocol.

mod tables;

use bytes::Bytes;
use tables::{FACTS, INVOKE, MODEL, RUN, STOP, answer, error, head, header, protocol, text};
use wire::{ApiError, Doc, ProtocolKind, Timestamp};

fn found(kind: ProtocolKind, head: &http::request::Parts, body: &str) -> Result<&'static str, ApiError> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    wire::find_operation(&MODEL, protocol(kind), head, &body).map(|id| MODEL.operation(id).name)
}

#[test]
fn operations_are_found_in_every_protocol() {
    let target = |target| head("POST", "/", &[("x-amz-target", target)]);
    assert_eq!(found(ProtocolKind::AwsJson11, &target("Things_2020.Run"), "").unwrap(), "Run");
    let cbor = head("POST", "/service/Things_2020/operation/Run", &[]);
    assert_eq!(found(ProtocolKind::RpcV2Cbor, &cbor, "").unwrap(), "Run");
    let query = found(ProtocolKind::AwsQuery, &head("POST", "/", &[]), "Version=2020-01-01&Action=Run");
    assert_eq!(query.unwrap(), "Run");
    for (method, uri, name) in [
        ("POST", "/things", "Run"),
        ("POST", "/things/", "Run"),
        ("DELETE", "/things", "Stop"),
        ("POST", "/functions/arn%3Aaws%3Alambda/invocations?Qualifier=1", "Invoke"),
        ("GET", "/things/a/b//c", "GetAny"),
        ("GET", "/things/a/b?list", "GetList"),
    ] {
        assert_eq!(found(ProtocolKind::RestJson1, &head(method, uri, &[]), "").unwrap(), name, "{method} {uri}");
    }
}

#[test]
fn real_operations_that_are_not_served_answer_501_and_others_are_unknown() {
    let target = |target| head("POST", "/", &[("x-amz-target", target)]);
    let unserved = found(ProtocolKind::AwsJson10, &target("Things_2020.Fly"), "").unwrap_err();
    assert_eq!((unserved.status, unserved.message.unwrap().contains("things Fly")), (501, true));
    let by_path = found(ProtocolKind::RestJson1, &head("PUT", "/swimmers/a", &[]), "").unwrap_err();
    assert_eq!((by_path.status, by_path.message.unwrap().contains("things Swim")), (501, true));
    assert!(MODEL.is_unserved("Swim") && !MODEL.is_unserved("Swi"));
    for wrong in ["Things_2020.Dream", "Other.Run", "", "Run"] {
        let unknown = found(ProtocolKind::AwsJson10, &target(wrong), "").unwrap_err();
        assert_eq!((unknown.status, unknown.code.as_ref()), (400, "UnknownOperationException"));
    }
    let rest = found(ProtocolKind::RestJson1, &head("PATCH", "/things", &[]), "").unwrap_err();
    assert_eq!((rest.status, rest.code.as_ref()), (404, "UnknownOperationException"));
    let query = found(ProtocolKind::AwsQuery, &head("POST", "/", &[]), "Action=Dream&Version=1").unwrap_err();
    assert_eq!(query.to_string(), "InvalidAction: Could not find operation Dream for version 1");
}

#[test]
fn json_errors_carry_their_namespace() {
    let body = |e| text(&error(ProtocolKind::AwsJson10, e));
    let missing = ApiError::modeled(&FACTS[0], "gone");
    assert_eq!(body(missing), r#"{"__type":"com.example#NotFoundException","Message":"gone"}"#);
    let invalid = tables::run("{}").unwrap_err();
    assert!(body(invalid).starts_with(r#"{"__type":"com.amazon.coral.validate#ValidationException","message":"1 val"#));
    let unread = tables::run("{").unwrap_err();
    assert_eq!(body(unread), r#"{"__type":"com.amazon.coral.service#SerializationException"}"#);
}

#[test]
fn rest_errors_have_type_header_and_the_members_of_their_shape() {
    let missing = error(ProtocolKind::RestJson1, ApiError::modeled(&FACTS[0], "Function not found: f"));
    assert_eq!(missing.status(), 404);
    assert_eq!(header(&missing, "x-amzn-errortype"), Some("NotFoundException"));
    assert_eq!(header(&missing, "x-amzn-requestid"), Some("r-1"));
    assert_eq!(text(&missing), r#"{"Message":"Function not found: f"}"#);
    let slow = ApiError::modeled(&FACTS[1], "slow")
        .with("retryAfterSeconds", Doc::Str("3".into()))
        .with("Type", Doc::Str("User".into()))
        .with("Reason", Doc::Str("Concurrent".into()));
    let slow = error(ProtocolKind::RestJson1, slow);
    assert_eq!(header(&slow, "retry-after"), Some("3"));
    assert_eq!(text(&slow), r#"{"Type":"User","message":"slow","Reason":"Concurrent"}"#);
    let invalid = error(ProtocolKind::RestJson1, ApiError::unmodeled(400, "ValidationException", "bad"));
    assert_eq!(text(&invalid), r#"{"message":"bad"}"#);
    let body = Bytes::from_static(br#"{"Name":7}"#);
    let unread = wire::decode(&MODEL, protocol(ProtocolKind::RestJson1), RUN, &head("POST", "/things", &[]), body);
    let unread = error(ProtocolKind::RestJson1, unread.unwrap_err());
    assert_eq!(text(&unread), r#"{"Message":"NUMBER_VALUE can not be converted to a String"}"#);
}

#[test]
fn query_compatible_errors_name_the_old_code_and_answer_400() {
    let compatible = wire::Protocol { kind: ProtocolKind::AwsJson10, query_compatible: true };
    let response = wire::encode(&MODEL, compatible, RUN, Err(ApiError::modeled(&FACTS[0], "gone")), "r-1");
    assert_eq!(response.status(), 400);
    assert_eq!(header(&response, "x-amzn-query-error"), Some("Thing.NotFound;Sender"));
}

#[test]
fn query_errors_and_answers_are_xml_with_the_request_id() {
    let gone = error(ProtocolKind::AwsQuery, ApiError::modeled(&FACTS[0], "\"gone\"\r"));
    assert_eq!(gone.status(), 404);
    assert_eq!(
        text(&gone),
        "<ErrorResponse xmlns=\"https://things.example/doc/\"><Error><Type>Sender</Type><Code>Thing.NotFound</Code>\
         <Message>&quot;gone&quot;&#xD;</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
    );
    let names = Doc::List(vec![Some(Doc::Str("a".into())), Some(Doc::Str("b".into()))]);
    let output = Doc::Struct(vec![Some(Doc::Str("<1>".into())), Some(Doc::Time(Timestamp::from_secs(1))), Some(names)]);
    let response = wire::encode(&MODEL, protocol(ProtocolKind::AwsQuery), RUN, answer(output), "r-1");
    assert_eq!(header(&response, "content-type"), Some("text/xml"));
    assert_eq!(
        text(&response),
        "<RunResponse xmlns=\"https://things.example/doc/\"><RunResult><Id>&lt;1&gt;</Id><At>1970-01-01T00:00:01Z</At>\
         <Names><member>a</member><member>b</member></Names></RunResult>\
         <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></RunResponse>"
    );
}

#[test]
fn an_error_before_any_service_is_known_has_a_form_too() {
    let refused = ApiError::framework(403, "MissingAuthenticationToken", "Request is missing Authentication Token");
    for (kind, expected) in [
        (ProtocolKind::AwsJson10, r#"{"__type":"MissingAuthenticationToken","message":"Request is"#),
        (ProtocolKind::RestJson1, r#"{"message":"Request is"#),
        (ProtocolKind::AwsQuery, "<ErrorResponse><Error><Type>Sender</Type><Code>MissingAuthenticationToken</Code>"),
    ] {
        let response = wire::encode_error(None, protocol(kind), &refused, "r-1");
        assert_eq!(response.status(), 403);
        assert!(text(&response).starts_with(expected), "{}", text(&response));
    }
}

#[test]
fn a_payload_passes_byte_for_byte() {
    let head = head("POST", "/functions/f%2F1/invocations?Qualifier=%24LATEST", &[("x-amz-log-type", "On")]);
    let body = Bytes::from_static(b"\x00\xff");
    let input = wire::decode(&MODEL, protocol(ProtocolKind::RestJson1), INVOKE, &head, body.clone()).unwrap();
    assert_eq!(
        input,
        Doc::Struct(vec![
            Some(Doc::Str("f/1".into())),
            Some(Doc::Str("On".into())),
            Some(Doc::Blob(body.clone())),
            Some(Doc::Str("$LATEST".into())),
        ])
    );
    let output =
        Doc::Struct(vec![Some(Doc::Int(202)), Some(Doc::Str("Unhandled".into())), Some(Doc::Blob(body.clone()))]);
    let response = wire::encode(&MODEL, protocol(ProtocolKind::RestJson1), INVOKE, answer(output), "r-1");
    assert_eq!(response.status(), 202);
    assert_eq!(header(&response, "x-amz-function-error"), Some("Unhandled"));
    assert_eq!(response.body().as_bytes(), Some(&body));
}

#[test]
fn no_content_means_no_body() {
    let response = wire::encode(&MODEL, protocol(ProtocolKind::RestJson1), STOP, answer(Doc::Struct(vec![])), "r-1");
    assert_eq!((response.status().as_u16(), text(&response)), (204, String::new()));
}
