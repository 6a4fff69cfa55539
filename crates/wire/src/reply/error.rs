use http::{HeaderMap, Response};

use super::{content_type, finish, host_id, set, set_content_type};
use crate::route::UNKNOWN_OPERATION;
use crate::xml::{Names, Writer};
use crate::{
    ApiError, Body, Doc, ErrorClass, Fault, Kind, Location, Member, Model, Protocol, ProtocolKind, RequestIdStyle,
    ShapeId, cbor, json, rest,
};

pub(super) fn encode(
    model: Option<&'static Model>,
    protocol: Protocol,
    error: &ApiError,
    request_id: &str,
) -> Response<Body> {
    let mut headers = HeaderMap::new();
    let kind = protocol.kind;
    let filled = model.and_then(|model| Filled::new(model, error));
    if let (true, Some(filled)) = (is_rest(kind), &filled) {
        rest::encode_head(filled.model, filled.shape, &filled.doc, &mut headers);
    }
    if kind == ProtocolKind::RestJson1 {
        set(&mut headers, "x-amzn-errortype", error.name());
    }
    if protocol.query_compatible && kind != ProtocolKind::AwsQuery {
        set(&mut headers, "x-amzn-query-error", &format!("{};{}", error.code, sender(error)));
    }
    let status = status(protocol, error);
    if matches!(status, 204 | 304) {
        return finish(model, kind, status, headers, Body::empty(), request_id);
    }
    set_content_type(&mut headers, content_type(kind));
    let body = match kind {
        ProtocolKind::AwsJson10 | ProtocolKind::AwsJson11 | ProtocolKind::RestJson1 => {
            json_body(model, kind, error, filled.as_ref()).into_bytes()
        }
        ProtocolKind::RpcV2Cbor | ProtocolKind::AwsCbor11 => cbor_body(model, kind, error, filled.as_ref()),
        ProtocolKind::AwsQuery | ProtocolKind::RestXml => {
            xml_body(model, kind, error, filled.as_ref(), request_id).into_bytes()
        }
    };
    finish(model, kind, status, headers, body.into(), request_id)
}

fn is_rest(protocol: ProtocolKind) -> bool {
    matches!(protocol, ProtocolKind::RestJson1 | ProtocolKind::RestXml)
}

fn sender(error: &ApiError) -> &'static str {
    match error.fault {
        Fault::Client => "Sender",
        Fault::Server => "Receiver",
    }
}

/// The status in the tables is the query protocol's; the other protocols of such a service answer 400 to every fault of
/// the client.
fn status(protocol: Protocol, error: &ApiError) -> u16 {
    let plain = protocol.query_compatible && protocol.kind != ProtocolKind::AwsQuery;
    if plain && error.fault == Fault::Client { 400 } else { error.status }
}

/// The members of a modelled error, with its message among them.
struct Filled {
    model: &'static Model,
    shape: ShapeId,
    doc: Doc,
    holds_message: bool,
}

impl Filled {
    fn new(model: &'static Model, error: &ApiError) -> Option<Self> {
        let shape = error.facts?.shape;
        let members = model.members(shape);
        let mut slots = vec![None; members.len()];
        let mut holds_message = false;
        for (member, slot) in members.iter().zip(&mut slots) {
            let given = error.members.iter().find(|(name, _)| *name == member.name);
            *slot = given.map(|(_, value)| value.clone());
            let is_text = matches!(model.shape(member.shape).kind, Kind::String | Kind::Enum(_));
            if is_text && member.name.eq_ignore_ascii_case("message") {
                *slot = slot.take().or_else(|| error.message.clone().map(Doc::Str));
                holds_message |= slot.is_some();
            }
        }
        Some(Self { model, shape, doc: Doc::Struct(slots), holds_message })
    }
}

fn in_body(member: &Member) -> bool {
    matches!(member.location, Location::Body | Location::Payload)
}

/// The code with its namespace, as `__type` has it.
fn full_name(model: Option<&Model>, error: &ApiError) -> String {
    let style = model.map(|model| model.endpoint.error_style);
    let namespace = style.map_or("", |style| match error.class {
        ErrorClass::Service => style.namespace,
        ErrorClass::Framework => style.framework_namespace,
        ErrorClass::Validation => style.validation_namespace,
    });
    format!("{namespace}{}", error.name())
}

/// The name and text of a message that no member of the error's shape takes.
fn loose_message<'a>(
    model: Option<&Model>,
    protocol: ProtocolKind,
    error: &'a ApiError,
    filled: Option<&Filled>,
) -> Option<(&'static str, &'a str)> {
    if filled.is_some_and(|filled| filled.holds_message) {
        return None;
    }
    let name = match model {
        // The reader of REST requests is the same everywhere and writes it so.
        _ if protocol == ProtocolKind::RestJson1 && error.code == "SerializationException" => "Message",
        Some(model) => model.endpoint.error_style.message_member,
        None => "message",
    };
    error.message.as_deref().map(|text| (name, text))
}

fn json_body(
    model: Option<&'static Model>,
    protocol: ProtocolKind,
    error: &ApiError,
    filled: Option<&Filled>,
) -> String {
    let mut out = String::with_capacity(256);
    let mut add = |name: &str, text: &str| {
        out.push(if out.is_empty() { '{' } else { ',' });
        json::write_string(name, &mut out);
        out.push(':');
        json::write_string(text, &mut out);
    };
    if protocol != ProtocolKind::RestJson1 {
        add("__type", &full_name(model, error));
    }
    if let Some((name, text)) = loose_message(model, protocol, error, filled) {
        add(name, text);
    }
    if let Some(filled) = filled {
        let mut members = String::new();
        json::encode_structure(filled.model, filled.shape, &filled.doc, &mut members, in_body);
        let members = members.strip_prefix('{').unwrap_or("}");
        if members != "}" {
            out.push(if out.is_empty() { '{' } else { ',' });
            out.push_str(members);
            return out;
        }
    }
    if out.is_empty() {
        out.push('{');
    }
    out.push('}');
    out
}

fn cbor_body(
    model: Option<&'static Model>,
    protocol: ProtocolKind,
    error: &ApiError,
    filled: Option<&Filled>,
) -> Vec<u8> {
    let mut writer = cbor::Writer::open(protocol);
    writer.text_pair("__type", &full_name(model, error));
    if let Some((name, text)) = loose_message(model, protocol, error, filled) {
        writer.text_pair(name, text);
    }
    if let Some(filled) = filled {
        writer.members(filled.model, filled.shape, &filled.doc);
    }
    writer.finish()
}

/// `<ErrorResponse><Error>…</Error><RequestId/></ErrorResponse>`, or S3's bare `<Error>`.
fn xml_body(
    model: Option<&'static Model>,
    protocol: ProtocolKind,
    error: &ApiError,
    filled: Option<&Filled>,
    request_id: &str,
) -> String {
    if protocol == ProtocolKind::AwsQuery && error.code == UNKNOWN_OPERATION {
        return format!("<{UNKNOWN_OPERATION}/>");
    }
    let is_s3 = model.is_some_and(|model| model.endpoint.error_style.request_id == RequestIdStyle::S3);
    let names = if protocol == ProtocolKind::AwsQuery { Names::Query } else { Names::Rest };
    let declaration = match model {
        _ if is_s3 => "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        Some(model) if protocol == ProtocolKind::AwsQuery => super::query_declaration(model),
        _ => "",
    };
    let mut writer = Writer { model: model.unwrap_or(&NO_MODEL), names, out: declaration.to_owned() };
    let namespace = model.map_or("", |model| model.endpoint.xml_namespace);
    let outer = if is_s3 { 0 } else { writer.start("ErrorResponse", namespace) };
    let inner = writer.start("Error", "");
    if !is_s3 {
        writer.text("Type", sender(error));
    }
    writer.text("Code", &error.code);
    if let Some(message) = &error.message {
        writer.text("Message", message);
    }
    if error.empty_detail {
        writer.text("Detail", "");
    }
    if let Some(filled) = filled {
        let takes = |member: &Member| in_body(member) && !member.name.eq_ignore_ascii_case("message");
        writer.members(filled.shape, &filled.doc, takes);
    }
    if is_s3 {
        writer.text("RequestId", request_id);
        writer.text("HostId", &host_id(request_id));
        writer.end("Error", inner);
        return writer.out;
    }
    writer.end("Error", inner);
    writer.text("RequestId", request_id);
    writer.end("ErrorResponse", outer);
    writer.out
}

/// Stands where no service is known; nothing is looked up in it.
static NO_MODEL: Model = Model::EMPTY;
