//! A small service of our own making, with a member of every kind that the tests need.
#![allow(dead_code)] // Each test binary uses its part.

use bytes::Bytes;
use http::Request;
use http::request::Parts;
use wire::{
    Answer, ApiError, Body, Doc, Endpoint, ErrorFacts, ErrorStyle, Fault, Kind, Location, MEMBER, Member, Model,
    Operation, Protocol, ProtocolKind, RequestIdStyle, SHAPE, Shape,
};

pub const STRING: u16 = 0;
pub const NAME: u16 = 1;
pub const SIZE: u16 = 2;
pub const STATE: u16 = 3;
pub const BLOB: u16 = 4;
pub const TIME: u16 = 5;
pub const NAMES: u16 = 6;
pub const SECRET: u16 = 7;
pub const INNER: u16 = 8;
pub const INNERS: u16 = 9;
pub const TAGS: u16 = 10;
pub const RUN_INPUT: u16 = 11;
pub const RUN_OUTPUT: u16 = 12;
pub const NOT_FOUND: u16 = 13;
pub const THROTTLED: u16 = 14;
pub const INVOKE_INPUT: u16 = 15;
pub const INVOKE_OUTPUT: u16 = 16;
pub const NUMBER: u16 = 17;
pub const STATES: u16 = 18;
pub const FLAG: u16 = 19;
pub const DOUBLE: u16 = 20;

const fn member(name: &'static str, shape: u16) -> Member {
    Member { name, shape, wire_name: name, ..MEMBER }
}

const fn at(name: &'static str, shape: u16, location: Location, wire_name: &'static str) -> Member {
    Member { name, shape, wire_name, location, ..MEMBER }
}

pub static FACTS: [ErrorFacts; 2] = [
    ErrorFacts {
        name: "NotFoundException",
        code: "Thing.NotFound",
        status: 404,
        fault: Fault::Client,
        shape: NOT_FOUND,
    },
    ErrorFacts {
        name: "ThrottledException",
        code: "ThrottledException",
        status: 429,
        fault: Fault::Client,
        shape: THROTTLED,
    },
];

pub static SHAPES: [Shape; 21] = [
    SHAPE,
    Shape { name: "Name", min: Some(2), max: Some(5), pattern: Some(r"[a-z]\w*"), ..SHAPE },
    Shape { name: "Size", kind: Kind::Integer, min: Some(1), max: Some(10), ..SHAPE },
    Shape { name: "State", kind: Kind::Enum(&["On", "Off"]), ..SHAPE },
    Shape { name: "Blob", kind: Kind::Blob, max: Some(4), ..SHAPE },
    Shape { name: "Time", kind: Kind::Timestamp(wire::TimestampFormat::Default), ..SHAPE },
    Shape { name: "Names", kind: Kind::List(&member("member", NAME)), max: Some(3), ..SHAPE },
    Shape { name: "Secret", max: Some(3), sensitive: true, ..SHAPE },
    Shape {
        name: "Inner",
        kind: Kind::Structure(&[
            Member { required: true, ..member("Key", STRING) },
            member("Size", SIZE),
            member("Deeper", INNERS),
        ]),
        ..SHAPE
    },
    Shape { name: "Inners", kind: Kind::List(&member("member", INNER)), max: Some(2), ..SHAPE },
    Shape { name: "Tags", kind: Kind::Map(&member("key", NAME), &member("value", STRING)), ..SHAPE },
    Shape {
        name: "RunRequest",
        kind: Kind::Structure(&[
            Member { required: true, ..member("Name", NAME) },
            member("Size", SIZE),
            member("State", STATE),
            member("Data", BLOB),
            member("At", TIME),
            member("Names", NAMES),
            member("Secret", SECRET),
            member("Inners", INNERS),
            member("Tags", TAGS),
            member("States", STATES),
            member("Flag", FLAG),
            member("Ratio", DOUBLE),
            member("Count", NUMBER),
        ]),
        ..SHAPE
    },
    Shape {
        name: "RunResponse",
        kind: Kind::Structure(&[member("Id", STRING), member("At", TIME), member("Names", NAMES)]),
        ..SHAPE
    },
    Shape {
        name: "NotFoundException",
        kind: Kind::Structure(&[member("Type", STRING), member("Message", STRING)]),
        ..SHAPE
    },
    Shape {
        name: "ThrottledException",
        kind: Kind::Structure(&[
            at("retryAfterSeconds", STRING, Location::Header, "Retry-After"),
            member("Type", STRING),
            member("message", STRING),
            member("Reason", STRING),
        ]),
        ..SHAPE
    },
    Shape {
        name: "InvokeRequest",
        kind: Kind::Structure(&[
            Member { required: true, ..at("FunctionName", STRING, Location::Uri, "FunctionName") },
            at("LogType", STATE, Location::Header, "X-Amz-Log-Type"),
            at("Payload", BLOB, Location::Payload, "Payload"),
            at("Qualifier", STRING, Location::Query, "Qualifier"),
        ]),
        ..SHAPE
    },
    Shape {
        name: "InvokeResponse",
        kind: Kind::Structure(&[
            at("StatusCode", NUMBER, Location::Status, "StatusCode"),
            at("FunctionError", STRING, Location::Header, "X-Amz-Function-Error"),
            at("Payload", BLOB, Location::Payload, "Payload"),
        ]),
        ..SHAPE
    },
    Shape { name: "Number", kind: Kind::Integer, ..SHAPE },
    Shape { name: "States", kind: Kind::List(&member("member", STATE)), ..SHAPE },
    Shape { name: "Flag", kind: Kind::Boolean, ..SHAPE },
    Shape { name: "Double", kind: Kind::Double, ..SHAPE },
];

const OPERATION: Operation = Operation {
    name: "",
    method: "POST",
    uri: "/",
    status: 200,
    input: None,
    output: None,
    result_wrapper: "",
    errors: &[],
    host_prefix: "",
    checksum_required: false,
};

pub const RUN: u16 = 0;
pub const INVOKE: u16 = 1;
pub const STOP: u16 = 2;

pub static OPERATIONS: [Operation; 5] = [
    Operation {
        name: "Run",
        uri: "/things",
        input: Some(RUN_INPUT),
        output: Some(RUN_OUTPUT),
        result_wrapper: "RunResult",
        ..OPERATION
    },
    Operation {
        name: "Invoke",
        uri: "/functions/{FunctionName}/invocations",
        input: Some(INVOKE_INPUT),
        output: Some(INVOKE_OUTPUT),
        ..OPERATION
    },
    Operation { name: "Stop", method: "DELETE", uri: "/things", status: 204, ..OPERATION },
    Operation { name: "GetAny", method: "GET", uri: "/things/{Key+}", ..OPERATION },
    Operation { name: "GetList", method: "GET", uri: "/things/{Key+}?list", ..OPERATION },
];

pub static MODEL: Model = Model {
    endpoint: Endpoint {
        service: "things",
        sdk_id: "Things",
        api_version: "2020-01-01",
        signing_name: "things",
        endpoint_prefix: "things",
        target_prefix: "Things_2020",
        protocols: &[],
        xml_namespace: "https://things.example/doc/",
        error_style: ErrorStyle {
            namespace: "com.example#",
            framework_namespace: "com.amazon.coral.service#",
            validation_code: "ValidationException",
            validation_namespace: "com.amazon.coral.validate#",
            message_member: "message",
            crc32: false,
            request_id: RequestIdStyle::Uuid,
        },
    },
    shapes: &SHAPES,
    operations: &OPERATIONS,
    errors: &FACTS,
    unserved: &["Fly", "Swim PUT /swimmers/{Name}"],
};

pub const fn protocol(kind: ProtocolKind) -> Protocol {
    Protocol { kind, query_compatible: false }
}

pub fn head(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

/// The input that an awsJson body of `Run` gives.
pub fn run(body: &str) -> Result<Doc, ApiError> {
    let head = head("POST", "/", &[("x-amz-target", "Things_2020.Run")]);
    wire::decode(&MODEL, protocol(ProtocolKind::AwsJson10), RUN, &head, Bytes::copy_from_slice(body.as_bytes()))
}

/// The value of a member of `Run`'s input.
pub fn slot(doc: &Doc, shape: u16, name: &str) -> Option<Doc> {
    let Doc::Struct(slots) = doc else { return None };
    let at = MODEL.members(shape).iter().position(|member| member.name == name)?;
    slots.get(at)?.clone()
}

pub fn text(response: &http::Response<Body>) -> String {
    String::from_utf8(response.body().as_bytes().unwrap().to_vec()).unwrap()
}

pub fn header<'a>(response: &'a http::Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

pub fn error(kind: ProtocolKind, error: ApiError) -> http::Response<Body> {
    wire::encode(&MODEL, protocol(kind), RUN, Err(error), "r-1")
}

pub fn answer(output: Doc) -> Result<Answer, ApiError> {
    Ok(Answer { output, events: None })
}
