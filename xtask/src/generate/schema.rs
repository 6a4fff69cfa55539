//! `schema.rs`: the tables that the codecs read. Nobody needs to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{HEADER, Selection};
use crate::facts::{Kind, Member, Shape};

pub fn emit(selection: &Selection) -> String {
    let ids: BTreeMap<&str, usize> =
        selection.shapes.iter().enumerate().map(|(id, shape)| (shape.name.as_str(), id)).collect();
    let mut out = String::from(HEADER);
    out.push_str("//! The tables of the served operations.\n\n#[allow(unused_imports)]\nuse wire::{\n    Endpoint, ErrorFacts, ErrorStyle, EventPlace, Fault, Kind, Location, MEMBER, Member, Model, Operation, Protocol, ProtocolKind,\n    RequestIdStyle, SHAPE, Shape, TimestampFormat,\n};\n\n");
    emit_model(&mut out, selection);
    emit_operations(&mut out, selection, &ids);
    emit_errors(&mut out, selection, &ids);
    let _ = writeln!(out, "static SHAPES: [Shape; {}] = [", selection.shapes.len());
    for shape in &selection.shapes {
        emit_shape(&mut out, shape, &ids);
    }
    out.push_str("];\n\n");
    let rest = selection.facts.service.protocols.iter().any(|p| p.starts_with("rest"));
    let unserved: Vec<String> = selection
        .unserved
        .iter()
        .map(|op| {
            if rest {
                format!("{:?}", format!("{} {} {}", op.name, op.method, op.uri))
            } else {
                format!("{:?}", op.name)
            }
        })
        .collect();
    let _ = writeln!(out, "static UNSERVED: [&str; {}] = [{}];", unserved.len(), unserved.join(", "));
    out
}

fn emit_model(out: &mut String, selection: &Selection) {
    let s = &selection.facts.service;
    let protocols: Vec<String> = s
        .protocols
        .iter()
        .map(|p| {
            let kind = match p.as_str() {
                "json1.0" => "AwsJson10",
                "json1.1" => "AwsJson11",
                "query" => "AwsQuery",
                "rest-json" => "RestJson1",
                "rest-xml" => "RestXml",
                "cbor" => "RpcV2Cbor",
                _ => "AwsCbor11",
            };
            let compatible = s.query_compatible && p != "query";
            format!("Protocol {{ kind: ProtocolKind::{kind}, query_compatible: {compatible} }}")
        })
        .collect();
    let or = |text: &str, default: &str| if text.is_empty() { default.to_owned() } else { text.to_owned() };
    let request_id = match s.style.request_id.as_str() {
        "base32" => "Base32",
        "s3" => "S3",
        _ => "Uuid",
    };
    let _ = write!(
        out,
        "pub static MODEL: Model = Model {{\n    endpoint: Endpoint {{\n        service: {:?},\n        sdk_id: {:?},\n        \
         api_version: {:?},\n        signing_name: {:?},\n        endpoint_prefix: {:?},\n        target_prefix: {:?},\n        \
         protocols: &[{}],\n        xml_namespace: {:?},\n        error_style: ErrorStyle {{\n            namespace: {:?},\n            \
         framework_namespace: {:?},\n            validation_code: {:?},\n            validation_namespace: {:?},\n            \
         message_member: {:?},\n            crc32: {},\n            request_id: RequestIdStyle::{request_id},\n        }},\n    }},\n    \
         shapes: &SHAPES,\n    operations: &OPERATIONS,\n    errors: &ERRORS,\n    unserved: &UNSERVED,\n}};\n\n",
        s.name,
        s.sdk_id,
        s.api_version,
        s.signing_name,
        s.endpoint_prefix,
        s.target_prefix,
        protocols.join(", "),
        s.xml_namespace,
        s.style.namespace,
        s.style.framework_namespace,
        or(&s.style.validation_code, "ValidationException"),
        s.style.validation_namespace,
        or(&s.style.message_member, "message"),
        s.style.crc32,
    );
}

fn id_of(ids: &BTreeMap<&str, usize>, name: &str) -> usize {
    ids.get(name).copied().unwrap_or_default()
}

fn emit_operations(out: &mut String, selection: &Selection, ids: &BTreeMap<&str, usize>) {
    let _ = writeln!(out, "static OPERATIONS: [Operation; {}] = [", selection.operations.len());
    for op in &selection.operations {
        let shape = |name: &Option<String>| match name {
            Some(name) => format!("Some({})", id_of(ids, name)),
            None => "None".to_owned(),
        };
        let errors: Vec<String> = op
            .errors
            .iter()
            .filter_map(|e| selection.errors.iter().position(|s| s.name == *e))
            .map(|at| at.to_string())
            .collect();
        let _ = writeln!(
            out,
            "    Operation {{ name: {:?}, method: {:?}, uri: {:?}, status: {}, input: {}, output: {}, result_wrapper: {:?}, \
             errors: &[{}], host_prefix: {:?}, checksum_required: {} }},",
            op.name,
            op.method,
            op.uri,
            op.status,
            shape(&op.input),
            shape(&op.output),
            op.result_wrapper,
            errors.join(", "),
            op.host_prefix,
            op.checksum_required
        );
    }
    out.push_str("];\n\n");
}

fn emit_errors(out: &mut String, selection: &Selection, ids: &BTreeMap<&str, usize>) {
    let _ = writeln!(out, "pub(crate) static ERRORS: [ErrorFacts; {}] = [", selection.errors.len());
    for shape in &selection.errors {
        let Some(error) = &shape.error else { continue };
        let fault = if error.server_fault { "Server" } else { "Client" };
        let _ = writeln!(
            out,
            "    ErrorFacts {{ name: {:?}, code: {:?}, status: {}, fault: Fault::{fault}, shape: {} }},",
            shape.name,
            error.code,
            error.status,
            id_of(ids, &shape.name)
        );
    }
    out.push_str("];\n\n");
}

fn timestamp(format: &str) -> &'static str {
    match format {
        "epoch" => "TimestampFormat::Epoch",
        "iso" => "TimestampFormat::Iso8601",
        "http" => "TimestampFormat::HttpDate",
        _ => "TimestampFormat::Default",
    }
}

fn emit_shape(out: &mut String, shape: &Shape, ids: &BTreeMap<&str, usize>) {
    let kind = match &shape.kind {
        Kind::Boolean => "Kind::Boolean".to_owned(),
        Kind::Integer => "Kind::Integer".to_owned(),
        Kind::Long => "Kind::Long".to_owned(),
        Kind::Float => "Kind::Float".to_owned(),
        Kind::Double => "Kind::Double".to_owned(),
        Kind::String => "Kind::String".to_owned(),
        // A service that checks the values itself, in its own words.
        Kind::Enum(_) if shape.open => "Kind::String".to_owned(),
        Kind::Enum(values) => format!("Kind::Enum(&{values:?})"),
        Kind::Blob => "Kind::Blob".to_owned(),
        Kind::Stream => "Kind::Stream".to_owned(),
        Kind::Timestamp(format) => format!("Kind::Timestamp({})", timestamp(format)),
        Kind::List(element) => format!("Kind::List(&{})", member(element, ids)),
        Kind::Map(key, value) => format!("Kind::Map(&{}, &{})", member(key, ids), member(value, ids)),
        Kind::Structure(list) => format!("Kind::Structure(&[{}])", members(list, ids)),
        Kind::Union(list) => format!("Kind::Union(&[{}])", members(list, ids)),
        Kind::Document => "Kind::Document".to_owned(),
    };
    let mut line = format!("    Shape {{ name: {:?}, kind: {kind}", shape.name);
    for (key, bound) in [("min", shape.min), ("max", shape.max)] {
        if let Some(bound) = bound {
            let _ = write!(line, ", {key}: Some({bound})");
        }
    }
    if let Some(pattern) = &shape.pattern {
        let _ = write!(line, ", pattern: Some({pattern:?})");
    }
    if shape.sensitive {
        line.push_str(", sensitive: true");
    }
    let _ = writeln!(out, "{line}, ..SHAPE }},");
}

fn members(list: &[Member], ids: &BTreeMap<&str, usize>) -> String {
    let list: Vec<String> = list.iter().map(|m| format!("\n        {}", member(m, ids))).collect();
    list.join(",")
}

fn member(m: &Member, ids: &BTreeMap<&str, usize>) -> String {
    let wire = m.wire_name.as_deref().unwrap_or(&m.name);
    let mut text = format!("Member {{ name: {:?}, shape: {}, wire_name: {wire:?}", m.name, id_of(ids, &m.shape));
    if let Some(query) = &m.query_name {
        let _ = write!(text, ", query_name: Some({query:?})");
    }
    if let Some(namespace) = &m.xml_namespace {
        let _ = write!(text, ", xml_namespace: Some({namespace:?})");
    }
    let location = match m.location.as_str() {
        "header" => "Header",
        "prefix" => "Prefix",
        "uri" => "Uri",
        "query" => "Query",
        "status" => "Status",
        "payload" => "Payload",
        _ => "",
    };
    if !location.is_empty() {
        let _ = write!(text, ", location: Location::{location}");
    }
    if !m.timestamp.is_empty() {
        let _ = write!(text, ", timestamp: {}", timestamp(&m.timestamp));
    }
    match m.event.as_str() {
        "payload" => text.push_str(", event: EventPlace::Payload"),
        "header" => text.push_str(", event: EventPlace::Header"),
        _ => {}
    }
    for (word, set) in [
        ("required", m.required),
        ("flat", m.flat),
        ("xml_attribute", m.xml_attribute),
        ("json_value", m.json_value),
        ("event_stream", m.event_stream),
    ] {
        if set {
            let _ = write!(text, ", {word}: true");
        }
    }
    text.push_str(", ..MEMBER }");
    text
}
