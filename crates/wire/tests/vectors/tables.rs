//! Tables from a suite's own metadata and shapes, as the generator makes them from models.

use serde_json::Value;
use wire::{
    Endpoint, ErrorFacts, ErrorStyle, Fault, Kind, Location, MEMBER, Member, Model, Operation, Protocol, ProtocolKind,
    RequestIdStyle, SHAPE, Shape, ShapeId, TimestampFormat,
};

/// The operation of a case.
pub const CASE: u16 = 0;
/// An operation whose input is the case's output: reads answers back.
pub const ANSWER: u16 = 1;

pub struct Tables {
    pub model: &'static Model,
    pub protocol: Protocol,
    names: Vec<String>,
}

fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

impl Tables {
    pub fn new(suite: &Value, case: &Value) -> Self {
        let (metadata, given) = (&suite["metadata"], &case["given"]);
        let shapes = suite["shapes"].as_object().expect("a suite has shapes");
        let names: Vec<String> = shapes.keys().cloned().collect();
        let protocol = protocol(metadata);
        let builder = Builder { names: &names, shapes: &suite["shapes"] };
        let mut table: Vec<Shape> = names.iter().map(|name| builder.shape(name)).collect();
        let output = given["output"]["shape"].as_str().or_else(|| case["error"].is_object().then(|| error_name(case)));
        let string = ShapeId::try_from(table.len()).unwrap();
        let answer = string + 1;
        table.push(SHAPE);
        table.push(with_type(string, output.map_or(&[], |name| members(&table, builder.id(name)))));
        let input = given["input"]["shape"].as_str().map(|name| builder.id(name));
        let case_operation = operation(given, input, given["output"]["shape"].as_str().map(|name| builder.id(name)));
        let answer_operation =
            Operation { name: "Answer", uri: "/answer", input: Some(answer), ..operation(given, None, None) };
        let errors = given["errors"].as_array().map_or(&[][..], Vec::as_slice);
        let errors = errors.iter().map(|error| builder.error(text(error, "shape"), protocol)).collect::<Vec<_>>();
        let model = Model {
            endpoint: endpoint(metadata, suite, case),
            shapes: table.leak(),
            operations: vec![case_operation, answer_operation].leak(),
            errors: errors.leak(),
            unserved: &[],
        };
        Self { model: Box::leak(Box::new(model)), protocol, names }
    }

    pub fn id(&self, name: &str) -> ShapeId {
        ShapeId::try_from(self.names.iter().position(|known| known == name).expect("the shape is known")).unwrap()
    }
}

/// The name of the error that a case answers: its operation has but one.
pub fn error_name(case: &Value) -> &str {
    text(&case["given"]["errors"][0], "shape")
}

fn members(table: &[Shape], id: ShapeId) -> &'static [Member] {
    match table[usize::from(id)].kind {
        Kind::Structure(members) | Kind::Union(members) => members,
        _ => &[],
    }
}

/// The members of an answer or error, and the error's type before them.
fn with_type(string: ShapeId, members: &'static [Member]) -> Shape {
    let string = Member { name: "__type", wire_name: "__type", shape: string, ..MEMBER };
    let all: Vec<Member> = std::iter::once(string).chain(members.iter().map(|m| Member { ..*m })).collect();
    Shape { name: "Answer", kind: Kind::Structure(all.leak()), ..SHAPE }
}

fn protocol(metadata: &Value) -> Protocol {
    let kind = match text(metadata, "protocol") {
        "json" if text(metadata, "jsonVersion") == "1.0" => ProtocolKind::AwsJson10,
        "json" => ProtocolKind::AwsJson11,
        "query" => ProtocolKind::AwsQuery,
        "rest-json" => ProtocolKind::RestJson1,
        "rest-xml" => ProtocolKind::RestXml,
        "smithy-rpc-v2-cbor" => ProtocolKind::RpcV2Cbor,
        other => panic!("unknown protocol {other}"),
    };
    Protocol { kind, query_compatible: metadata["awsQueryCompatible"].is_object() }
}

fn namespace(value: &Value) -> Option<&'static str> {
    let uri = value["xmlNamespace"].as_str().or_else(|| value["xmlNamespace"]["uri"].as_str())?;
    Some(match value["xmlNamespace"]["prefix"].as_str() {
        Some(prefix) => leak(&format!("{prefix}={uri}")),
        None => leak(uri),
    })
}

fn endpoint(metadata: &Value, suite: &Value, case: &Value) -> Endpoint {
    let output = &suite["shapes"][text(&case["given"]["output"], "shape")];
    Endpoint {
        service: "vectors",
        sdk_id: "Vectors",
        api_version: leak(text(metadata, "apiVersion")),
        signing_name: "vectors",
        endpoint_prefix: "vectors",
        target_prefix: leak(text(metadata, "targetPrefix")),
        protocols: &[],
        xml_namespace: namespace(output).or_else(|| namespace(metadata)).unwrap_or_default(),
        error_style: ErrorStyle {
            // The vectors' metadata does not say the namespace that their errors carry.
            namespace: leak(&error_namespace(case)),
            framework_namespace: "",
            validation_code: "ValidationException",
            validation_namespace: "",
            message_member: "message",
            crc32: false,
            request_id: RequestIdStyle::Uuid,
        },
    }
}

fn operation(given: &Value, input: Option<ShapeId>, output: Option<ShapeId>) -> Operation {
    let name = leak(text(given, "name"));
    Operation {
        name,
        method: leak(text(&given["http"], "method")),
        uri: leak(text(&given["http"], "requestUri")),
        status: given["http"]["responseCode"].as_u64().map_or(200, |code| u16::try_from(code).unwrap()),
        input,
        output,
        result_wrapper: leak(&format!("{name}Result")),
        errors: &[0],
        host_prefix: "",
        checksum_required: false,
    }
}

fn error_namespace(case: &Value) -> String {
    let body = text(&case["response"], "body");
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    match text(&json, "__type").split_once('#') {
        Some((namespace, _)) => format!("{namespace}#"),
        None => String::new(),
    }
}

struct Builder<'a> {
    names: &'a [String],
    shapes: &'a Value,
}

impl Builder<'_> {
    fn id(&self, name: &str) -> ShapeId {
        let at = self.names.iter().position(|known| known == name);
        ShapeId::try_from(at.unwrap_or_else(|| panic!("no shape {name}"))).unwrap()
    }

    fn error(&self, name: &str, protocol: Protocol) -> ErrorFacts {
        let error = &self.shapes[name]["error"];
        let is_server = self.shapes[name]["fault"].as_bool() == Some(true);
        let default = if is_server { 500 } else { 400 };
        let name = leak(name);
        // awsJson's models have the query protocol's code too, and only query-compatible services speak it.
        let code = error["code"].as_str().map_or(name, leak);
        let has_status = protocol.kind != ProtocolKind::AwsJson11 || error["httpStatusCode"].is_u64();
        let status = error["httpStatusCode"].as_u64().filter(|_| has_status).unwrap_or(default);
        let fault = if is_server { Fault::Server } else { Fault::Client };
        ErrorFacts { name, code, status: u16::try_from(status).unwrap(), fault, shape: self.id(name) }
    }

    fn shape(&self, name: &str) -> Shape {
        let facts = &self.shapes[name];
        let name = leak(facts["locationName"].as_str().unwrap_or(name));
        Shape { name, kind: self.kind(facts), ..SHAPE }
    }

    fn kind(&self, facts: &Value) -> Kind {
        match text(facts, "type") {
            "structure" if facts["document"].as_bool() == Some(true) => Kind::Document,
            "structure" if facts["union"].as_bool() == Some(true) => Kind::Union(self.members(facts)),
            "structure" => Kind::Structure(self.members(facts)),
            "list" => Kind::List(Box::leak(Box::new(self.member("member", &facts["member"], "")))),
            "map" => Kind::Map(
                Box::leak(Box::new(self.member("key", &facts["key"], ""))),
                Box::leak(Box::new(self.member("value", &facts["value"], ""))),
            ),
            "string" | "character" => match facts["enum"].as_array() {
                Some(values) => Kind::Enum(values.iter().map(|v| leak(v.as_str().unwrap())).collect::<Vec<_>>().leak()),
                None => Kind::String,
            },
            "boolean" => Kind::Boolean,
            "integer" => Kind::Integer,
            "long" => Kind::Long,
            "float" => Kind::Float,
            "double" => Kind::Double,
            "blob" => Kind::Blob,
            "timestamp" => Kind::Timestamp(format(facts)),
            other => panic!("unknown type {other}"),
        }
    }

    fn members(&self, facts: &Value) -> &'static [Member] {
        let members = facts["members"].as_object().expect("a structure has members");
        let payload = text(facts, "payload");
        let members: Vec<Member> = members.iter().map(|(name, member)| self.member(name, member, payload)).collect();
        members.leak()
    }

    fn member(&self, name: &str, facts: &Value, payload: &str) -> Member {
        let target = &self.shapes[text(facts, "shape")];
        let is_payload = !payload.is_empty() && payload == name;
        let location = match text(facts, "location") {
            "uri" => Location::Uri,
            "querystring" => Location::Query,
            "header" => Location::Header,
            "headers" => Location::Prefix,
            "statusCode" => Location::Status,
            _ if is_payload => Location::Payload,
            _ => Location::Body,
        };
        let wire_name = facts["locationName"].as_str().unwrap_or(name);
        Member {
            name: leak(name),
            shape: self.id(text(facts, "shape")),
            wire_name: leak(wire_name),
            location,
            flat: facts["flattened"].as_bool() == Some(true) || target["flattened"].as_bool() == Some(true),
            xml_attribute: facts["xmlAttribute"].as_bool() == Some(true),
            xml_namespace: namespace(facts).or_else(|| namespace(target).filter(|_| is_payload)),
            timestamp: format(facts),
            json_value: facts["jsonvalue"].as_bool() == Some(true),
            ..MEMBER
        }
    }
}

fn format(facts: &Value) -> TimestampFormat {
    match text(facts, "timestampFormat") {
        "unixTimestamp" => TimestampFormat::Epoch,
        "iso8601" => TimestampFormat::Iso8601,
        "rfc822" => TimestampFormat::HttpDate,
        _ => TimestampFormat::Default,
    }
}
