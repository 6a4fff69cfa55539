//! A small service of our own making, for fuzzing and property tests. Nothing serves it.

use http::Request;
use http::request::Parts;

use crate::{
    Endpoint, ErrorStyle, Kind, Location, MEMBER, Member, Model, Operation, OperationId, Protocol, ProtocolKind,
    RequestIdStyle, SHAPE, Shape, ShapeId, TimestampFormat,
};

const STRING: ShapeId = 0;
const NAME: ShapeId = 1;
const INTEGER: ShapeId = 2;
const LONG: ShapeId = 3;
const FLOAT: ShapeId = 4;
const DOUBLE: ShapeId = 5;
const BOOLEAN: ShapeId = 6;
const BLOB: ShapeId = 7;
const TIME: ShapeId = 8;
const STATE: ShapeId = 9;
const NAMES: ShapeId = 10;
const LABELS: ShapeId = 11;
const CHOICE: ShapeId = 12;
const THINGS: ShapeId = 13;
/// A structure with a member of every kind, and itself inside lists.
pub const THING: ShapeId = 14;
const SEND: ShapeId = 15;
const SENT: ShapeId = 16;
const ATTRIBUTE: ShapeId = 17;
const ATTRIBUTES: ShapeId = 18;
const BOUND: ShapeId = 19;

const fn member(name: &'static str, shape: ShapeId) -> Member {
    Member { name, shape, wire_name: name, ..MEMBER }
}

const fn bound(name: &'static str, shape: ShapeId, location: Location, wire_name: &'static str) -> Member {
    Member { name, shape, wire_name, location, ..MEMBER }
}

const fn plain(name: &'static str, kind: Kind) -> Shape {
    Shape { name, kind, ..SHAPE }
}

static SHAPES: [Shape; 20] = [
    SHAPE,
    Shape { name: "Name", min: Some(1), max: Some(80), pattern: Some(r"[\w-]+"), ..SHAPE },
    Shape { min: Some(-1_000_000), max: Some(1_000_000), ..plain("Integer", Kind::Integer) },
    plain("Long", Kind::Long),
    plain("Float", Kind::Float),
    plain("Double", Kind::Double),
    plain("Boolean", Kind::Boolean),
    plain("Blob", Kind::Blob),
    plain("Time", Kind::Timestamp(TimestampFormat::Default)),
    plain("State", Kind::Enum(&["Active", "Inactive"])),
    plain("Names", Kind::List(&member("member", NAME))),
    plain("Labels", Kind::Map(&member("key", STRING), &member("value", STRING))),
    plain("Choice", Kind::Union(&[member("Text", STRING), member("Number", LONG), member("Things", THINGS)])),
    Shape { max: Some(50), ..plain("Things", Kind::List(&member("member", THING))) },
    plain(
        "Thing",
        Kind::Structure(&[
            Member { required: true, ..member("Name", NAME) },
            member("Size", INTEGER),
            member("Total", LONG),
            member("Share", FLOAT),
            member("Ratio", DOUBLE),
            member("Flag", BOOLEAN),
            member("Data", BLOB),
            member("At", TIME),
            member("State", STATE),
            member("Names", NAMES),
            Member { flat: true, ..member("Flat", NAMES) },
            member("Labels", LABELS),
            member("Choice", CHOICE),
            member("Things", THINGS),
            Member { xml_attribute: true, ..member("Attribute", NAME) },
        ]),
    ),
    plain(
        "SendRequest",
        Kind::Structure(&[
            Member { required: true, ..member("QueueUrl", STRING) },
            Member { required: true, ..member("MessageBody", STRING) },
            member("DelaySeconds", INTEGER),
            member("MessageAttributes", ATTRIBUTES),
        ]),
    ),
    plain("SendResult", Kind::Structure(&[member("MessageId", STRING), member("MD5OfMessageBody", STRING)])),
    plain(
        "Attribute",
        Kind::Structure(&[Member { required: true, ..member("DataType", NAME) }, member("StringValue", STRING)]),
    ),
    plain("Attributes", Kind::Map(&member("key", NAME), &member("value", ATTRIBUTE))),
    plain(
        "BoundRequest",
        Kind::Structure(&[
            Member { required: true, ..bound("Name", NAME, Location::Uri, "Name") },
            bound("Size", INTEGER, Location::Query, "size"),
            bound("Names", NAMES, Location::Query, "names"),
            bound("At", TIME, Location::Header, "x-at"),
            bound("Flags", NAMES, Location::Header, "x-names"),
            bound("Labels", LABELS, Location::Prefix, "x-label-"),
            member("Thing", THING),
        ]),
    ),
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

/// Takes a thing and answers it.
pub const ECHO: OperationId = 0;
/// SQS's SendMessage in small.
pub const SEND_MESSAGE: OperationId = 1;
/// Has members in every place of a request.
pub const BOUND_EVERYWHERE: OperationId = 2;

static OPERATIONS: [Operation; 3] = [
    Operation { name: "Echo", uri: "/echo", input: Some(THING), output: Some(THING), ..OPERATION },
    Operation { name: "SendMessage", uri: "/send", input: Some(SEND), output: Some(SENT), ..OPERATION },
    Operation { name: "Bound", method: "PUT", uri: "/bound/{Name}", input: Some(BOUND), ..OPERATION },
];

pub static MODEL: Model = Model {
    endpoint: Endpoint {
        service: "sample",
        sdk_id: "Sample",
        api_version: "2020-01-01",
        signing_name: "sample",
        endpoint_prefix: "sample",
        target_prefix: "Sample",
        protocols: &[],
        xml_namespace: "https://sample.example/doc/2020-01-01/",
        error_style: ErrorStyle {
            namespace: "",
            framework_namespace: "",
            validation_code: "ValidationException",
            validation_namespace: "",
            message_member: "message",
            crc32: false,
            request_id: RequestIdStyle::Uuid,
        },
    },
    shapes: &SHAPES,
    operations: &OPERATIONS,
    errors: &[],
    unserved: &[],
};

/// A protocol with nothing special.
pub const fn protocol(kind: ProtocolKind) -> Protocol {
    Protocol { kind, query_compatible: false }
}

/// A request's head without a body.
pub fn head(method: &str, uri: &str, headers: &[(&str, &str)]) -> Option<Parts> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Some(request.body(()).ok()?.into_parts().0)
}
