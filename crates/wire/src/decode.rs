use bytes::Bytes;
use http::request::Parts;

use crate::json::TypeWords;
use crate::malformed::Malformed;
use crate::{ApiError, Doc, Model, OperationId, Protocol, ProtocolKind, ShapeId, cbor, json, query, rest, validate};

/// Reads the input of an operation and checks it against the model.
///
/// Shape:  types are checked before constraints, as AWS does; an operation without input gives an empty structure.
/// Errors: `SerializationException`, and the service's validation error in AWS's wording.
pub fn decode(
    model: &'static Model,
    protocol: Protocol,
    operation: OperationId,
    head: &Parts,
    body: Bytes,
) -> Result<Doc, ApiError> {
    let Some(input) = model.operation(operation).input else { return Ok(Doc::Struct(Vec::new())) };
    let doc =
        read(model, protocol.kind, operation, input, head, body).map_err(|error| in_protocol(error, protocol.kind))?;
    validate::check(model, input, &doc)?;
    Ok(doc)
}

fn read(
    model: &'static Model,
    protocol: ProtocolKind,
    operation: OperationId,
    input: ShapeId,
    head: &Parts,
    body: Bytes,
) -> Result<Doc, Malformed> {
    match protocol {
        ProtocolKind::AwsJson10 | ProtocolKind::AwsJson11 => json::decode(model, input, &body, TypeWords::Rpc),
        ProtocolKind::RestJson1 => rest::decode(model, operation, input, head, body, rest::Format::Json),
        ProtocolKind::RestXml => rest::decode(model, operation, input, head, body, rest::Format::Xml),
        ProtocolKind::AwsQuery => query::decode(model, input, head, &body),
        ProtocolKind::RpcV2Cbor | ProtocolKind::AwsCbor11 => cbor::decode(model, protocol, input, &body),
    }
}

/// Query services call what they cannot read `MalformedInput`, S3 `MalformedXML`.
fn in_protocol(error: Malformed, protocol: ProtocolKind) -> ApiError {
    match protocol {
        ProtocolKind::AwsQuery => {
            let text = if error == Malformed::Syntax { String::new() } else { error.to_string() };
            ApiError::framework(400, "MalformedInput", text)
        }
        ProtocolKind::RestXml => ApiError::framework(
            400,
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
        ),
        _ => error.into(),
    }
}
