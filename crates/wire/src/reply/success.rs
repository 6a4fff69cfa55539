use bytes::Bytes;
use http::{HeaderMap, Response};

use super::{content_type, finish, set_content_type};
use crate::xml::{Names, Writer};
use crate::{
    Answer, Body, Doc, Kind, Location, Member, Model, Operation, OperationId, Protocol, ProtocolKind, ShapeId, cbor,
    event_stream, json, rest,
};

pub(super) fn encode(
    model: &'static Model,
    protocol: Protocol,
    id: OperationId,
    answer: Answer,
    request_id: &str,
) -> Response<Body> {
    let operation = model.operation(id);
    let mut headers = HeaderMap::new();
    let mut status = operation.status;
    let kind = protocol.kind;
    if matches!(kind, ProtocolKind::RestJson1 | ProtocolKind::RestXml)
        && let Some(shape) = operation.output
    {
        status = rest::encode_head(model, shape, &answer.output, &mut headers).unwrap_or(status);
    }
    let body = match (answer.events, operation.output) {
        (Some(events), Some(shape)) => {
            set_content_type(&mut headers, "application/vnd.amazon.eventstream");
            Body::Stream(event_stream::encode(model, kind, shape, answer.output, events))
        }
        _ => body(model, kind, operation, answer.output, request_id, status, &mut headers),
    };
    finish(Some(model), kind, status, headers, body, request_id)
}

fn body(
    model: &Model,
    protocol: ProtocolKind,
    operation: &Operation,
    output: Doc,
    request_id: &str,
    status: u16,
    headers: &mut HeaderMap,
) -> Body {
    if matches!(protocol, ProtocolKind::RestJson1 | ProtocolKind::RestXml) {
        return match operation.output {
            // HTTP forbids these a body.
            Some(shape) if !matches!(status, 204 | 304) => rest_body(model, protocol, shape, output, headers),
            _ => Body::empty(),
        };
    }
    set_content_type(headers, content_type(protocol));
    match protocol {
        ProtocolKind::AwsQuery => query_body(model, operation, &output, request_id).into_bytes().into(),
        // AWS sends nothing at all where the model has no output.
        _ => match operation.output {
            None => Body::empty(),
            Some(shape) => rpc_structure(model, protocol, shape, &output).into(),
        },
    }
}

/// The members of a structure as the body of an RPC protocol.
pub(crate) fn rpc_structure(model: &Model, protocol: ProtocolKind, shape: ShapeId, doc: &Doc) -> Vec<u8> {
    match protocol {
        ProtocolKind::RpcV2Cbor | ProtocolKind::AwsCbor11 => cbor::encode(model, shape, doc, protocol),
        _ => json::encode(model, shape, doc).into_bytes(),
    }
}

fn rest_body(model: &Model, protocol: ProtocolKind, shape: ShapeId, output: Doc, headers: &mut HeaderMap) -> Body {
    let members = model.members(shape);
    if let Some(at) = members.iter().position(|member| member.location == Location::Payload) {
        let Doc::Struct(mut slots) = output else { return Body::empty() };
        let value = slots.get_mut(at).and_then(Option::take);
        return payload(model, protocol, &members[at], value, headers);
    }
    // Path and query have no meaning in an answer: such members stand in its body.
    let in_body = |member: &Member| matches!(member.location, Location::Body | Location::Uri | Location::Query);
    match protocol {
        ProtocolKind::RestXml => {
            if !members.iter().any(in_body) {
                return Body::empty();
            }
            set_content_type(headers, content_type(protocol));
            let mut writer = xml_writer(model);
            let name = model.shape(shape).name;
            writer.structure(name, model.endpoint.xml_namespace, shape, &output, in_body);
            writer.out.into_bytes().into()
        }
        _ => {
            set_content_type(headers, content_type(protocol));
            let mut out = String::with_capacity(256);
            json::encode_structure(model, shape, &output, &mut out, in_body);
            out.into_bytes().into()
        }
    }
}

fn xml_writer(model: &Model) -> Writer<'_> {
    // The newline matters to clients that cut the declaration off line by line.
    Writer { model, names: Names::Rest, out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned() }
}

/// A body that is one member: bytes and text as they are, everything else in the protocol's format.
fn payload(
    model: &Model,
    protocol: ProtocolKind,
    member: &Member,
    value: Option<Doc>,
    headers: &mut HeaderMap,
) -> Body {
    let shape = model.shape(member.shape);
    let bytes = match (value, protocol) {
        (None, _) if matches!(shape.kind, Kind::Structure(_)) && protocol == ProtocolKind::RestJson1 => {
            set_content_type(headers, content_type(protocol));
            Bytes::from_static(b"{}")
        }
        (None, _) => return Body::empty(),
        (Some(Doc::Blob(bytes)), _) => {
            // What services hand through is JSON far more often than not, and they say so where it is not.
            let streams = matches!(shape.kind, Kind::Stream) || protocol == ProtocolKind::RestXml;
            set_content_type(headers, if streams { "application/octet-stream" } else { "application/json" });
            bytes
        }
        (Some(Doc::Str(text)), _) => {
            set_content_type(headers, "text/plain");
            text.into()
        }
        (Some(value), ProtocolKind::RestXml) => {
            set_content_type(headers, content_type(protocol));
            let mut writer = xml_writer(model);
            let name = if member.wire_name == member.name { shape.name } else { member.wire_name };
            let namespace = member.xml_namespace.unwrap_or(model.endpoint.xml_namespace);
            writer.value(name, Some(namespace), member, &value);
            writer.out.into()
        }
        (Some(value), _) => {
            set_content_type(headers, content_type(protocol));
            let mut out = String::with_capacity(256);
            json::write(model, member, &value, &mut out);
            out.into()
        }
    };
    Body::Bytes(bytes)
}

/// `<OpResponse><OpResult>…</OpResult><ResponseMetadata>…`
fn query_body(model: &Model, operation: &Operation, output: &Doc, request_id: &str) -> String {
    let mut writer = Writer { model, names: Names::Query, out: String::with_capacity(512) };
    writer.out.push_str(super::query_declaration(model));
    let response = format!("{}Response", operation.name);
    let outer = writer.start(&response, model.endpoint.xml_namespace);
    if let Some(shape) = operation.output {
        match operation.result_wrapper {
            "" => writer.members(shape, output, |_| true),
            wrapper => {
                let inner = writer.start(wrapper, "");
                writer.members(shape, output, |_| true);
                writer.end(wrapper, inner);
            }
        }
    }
    let metadata = writer.start("ResponseMetadata", "");
    writer.text("RequestId", request_id);
    writer.end("ResponseMetadata", metadata);
    writer.end(&response, outer);
    writer.out
}
