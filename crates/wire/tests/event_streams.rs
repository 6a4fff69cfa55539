//! Frames of event streams, read by the format's own rules.

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use wire::{
    Answer, ApiError, Body, Doc, Endpoint, ErrorFacts, ErrorStyle, EventPlace, Events, Fault, Kind, Location, MEMBER,
    Member, Model, Operation, ProtocolKind, RequestIdStyle, SHAPE, Shape,
};

const STRING: u16 = 0;
const BLOB: u16 = 1;
const CHUNK: u16 = 2;
const DONE: u16 = 3;
const BROKEN: u16 = 4;
const STREAM: u16 = 5;
const OUTPUT: u16 = 6;

const fn member(name: &'static str, shape: u16) -> Member {
    Member { name, shape, wire_name: name, ..MEMBER }
}

static SHAPES: [Shape; 7] = [
    SHAPE,
    Shape { name: "Blob", kind: Kind::Blob, ..SHAPE },
    Shape {
        name: "Chunk",
        kind: Kind::Structure(&[
            Member { event: EventPlace::Header, ..member("Part", STRING) },
            Member { event: EventPlace::Payload, ..member("Payload", BLOB) },
        ]),
        ..SHAPE
    },
    Shape { name: "Done", kind: Kind::Structure(&[member("ErrorCode", STRING)]), ..SHAPE },
    Shape { name: "BrokenException", kind: Kind::Structure(&[member("message", STRING)]), ..SHAPE },
    Shape {
        name: "Stream",
        kind: Kind::Union(&[member("PayloadChunk", CHUNK), member("Complete", DONE), member("Broken", BROKEN)]),
        ..SHAPE
    },
    Shape {
        name: "Output",
        kind: Kind::Structure(&[
            Member { location: Location::Header, ..member("X-Version", STRING) },
            member("Id", STRING),
            Member { location: Location::Payload, event_stream: true, ..member("Events", STREAM) },
        ]),
        ..SHAPE
    },
];

static ERRORS: [ErrorFacts; 1] =
    [ErrorFacts { name: "BrokenException", code: "Broken", status: 400, fault: Fault::Client, shape: BROKEN }];

static OPERATIONS: [Operation; 1] = [Operation {
    name: "Follow",
    method: "POST",
    uri: "/",
    status: 200,
    input: None,
    output: Some(OUTPUT),
    result_wrapper: "",
    errors: &[0],
    host_prefix: "",
    checksum_required: false,
}];

static MODEL: Model = Model {
    endpoint: Endpoint {
        service: "streams",
        sdk_id: "Streams",
        api_version: "",
        signing_name: "",
        endpoint_prefix: "",
        target_prefix: "",
        protocols: &[],
        xml_namespace: "",
        error_style: ErrorStyle {
            namespace: "",
            framework_namespace: "",
            validation_code: "ValidationException",
            validation_namespace: "",
            message_member: "message",
            crc32: true,
            request_id: RequestIdStyle::Uuid,
        },
    },
    shapes: &SHAPES,
    operations: &OPERATIONS,
    errors: &ERRORS,
    unserved: &[],
};

fn string(text: &str) -> Option<Doc> {
    Some(Doc::Str(text.to_owned()))
}

fn follow(kind: ProtocolKind, events: Vec<Result<Doc, ApiError>>) -> (http::response::Parts, Vec<Frame>) {
    let output = Doc::Struct(vec![string("7"), string("i-1"), None]);
    let answer = Answer { output, events: Some(Events(Box::pin(stream::iter(events)))) };
    let response = wire::encode(&MODEL, wire::sample::protocol(kind), 0, Ok(answer), "r-1");
    let (head, body) = response.into_parts();
    let Body::Stream(body) = body else { panic!("events come as a stream") };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let chunks: Vec<Bytes> = runtime.block_on(body.map(Result::unwrap).collect());
    (head, frames(&chunks.concat()))
}

/// Headers as `name=value`, and the payload.
type Frame = (Vec<String>, String);

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |value, byte| value << 8 | usize::from(*byte))
}

fn frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let total = number(&bytes[..4]);
        let (frame, rest) = bytes.split_at(total);
        assert_eq!(number(&frame[8..12]), crc32fast::hash(&frame[..8]) as usize, "checksum of the prelude");
        assert_eq!(number(&frame[total - 4..]), crc32fast::hash(&frame[..total - 4]) as usize, "checksum of all");
        let (mut headers, payload) = frame[12..total - 4].split_at(number(&frame[4..8]));
        let mut texts = Vec::new();
        while !headers.is_empty() {
            let (name, after) = headers[1..].split_at(usize::from(headers[0]));
            assert_eq!(after[0], 7, "a string");
            let (value, after) = after[3..].split_at(number(&after[1..3]));
            texts.push(format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value)));
            headers = after;
        }
        frames.push((texts, String::from_utf8_lossy(payload).into_owned()));
        bytes = rest;
    }
    frames
}

fn frame(headers: &[&str], payload: &str) -> Frame {
    (headers.iter().map(|&header| header.to_owned()).collect(), payload.to_owned())
}

#[test]
fn rest_streams_start_with_their_first_event() {
    let chunk = Doc::Struct(vec![Some(Doc::Struct(vec![string("p1"), Some(Doc::Blob("hello".into()))])), None, None]);
    let done = Doc::Struct(vec![None, Some(Doc::Struct(vec![string("E")])), None]);
    let (head, frames) = follow(ProtocolKind::RestJson1, vec![Ok(chunk), Ok(done)]);
    assert_eq!(head.headers["content-type"], "application/vnd.amazon.eventstream");
    assert_eq!(head.headers["x-version"], "7");
    assert!(!head.headers.contains_key("x-amz-crc32"));
    assert_eq!(
        frames,
        [
            frame(
                &[
                    ":message-type=event",
                    ":event-type=PayloadChunk",
                    "Part=p1",
                    ":content-type=application/octet-stream"
                ],
                "hello"
            ),
            frame(
                &[":message-type=event", ":event-type=Complete", ":content-type=application/json"],
                r#"{"ErrorCode":"E"}"#
            ),
        ]
    );
}

#[test]
fn rpc_streams_send_the_other_members_first_and_end_with_their_error() {
    let broken = ApiError::modeled(&ERRORS[0], "torn");
    let never = Doc::Struct(vec![None, Some(Doc::Struct(vec![None])), None]);
    let (_, frames) = follow(ProtocolKind::AwsJson11, vec![Err(broken), Ok(never)]);
    let kind = ":content-type=application/x-amz-json-1.1";
    assert_eq!(
        frames,
        [
            frame(&[":message-type=event", ":event-type=initial-response", kind], r#"{"X-Version":"7","Id":"i-1"}"#),
            frame(&[":message-type=exception", ":exception-type=Broken", kind], r#"{"message":"torn"}"#),
        ]
    );
}

#[test]
fn an_error_that_the_stream_does_not_know_is_a_bare_code() {
    let (_, frames) = follow(ProtocolKind::RestJson1, vec![Err(ApiError::unmodeled(500, "InternalFailure", "oh"))]);
    let headers = [":message-type=error", ":error-code=InternalFailure", ":error-message=oh"];
    assert_eq!(frames, [frame(&headers, "")]);
}
