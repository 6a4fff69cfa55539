//! Answers: bodies, headers and statuses of every protocol, for success and for errors.

mod error;
mod success;

pub(crate) use success::rpc_structure;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use crate::{Answer, ApiError, Body, Model, OperationId, Protocol, ProtocolKind, RequestIdStyle};

/// Writes the answer of an operation. Never fails: what cannot be written becomes an internal failure in the log.
pub fn encode(
    model: &'static Model,
    protocol: Protocol,
    operation: OperationId,
    result: Result<Answer, ApiError>,
    request_id: &str,
) -> Response<Body> {
    match result {
        Ok(answer) => success::encode(model, protocol, operation, answer, request_id),
        Err(error) => error::encode(Some(model), protocol, &error, request_id),
    }
}

/// Writes an error that came up before an operation was known, such as a bad signature or a body that is too large.
/// `model` is none while not even the service is known.
pub fn encode_error(
    model: Option<&'static Model>,
    protocol: Protocol,
    error: &ApiError,
    request_id: &str,
) -> Response<Body> {
    error::encode(model, protocol, error, request_id)
}

/// What `Content-Type` a protocol's bodies have.
pub(crate) fn content_type(protocol: ProtocolKind) -> &'static str {
    match protocol {
        ProtocolKind::AwsJson10 => "application/x-amz-json-1.0",
        ProtocolKind::AwsJson11 => "application/x-amz-json-1.1",
        ProtocolKind::RestJson1 => "application/json",
        ProtocolKind::AwsQuery => "text/xml",
        ProtocolKind::RestXml => "application/xml",
        ProtocolKind::RpcV2Cbor => "application/cbor",
        ProtocolKind::AwsCbor11 => "application/x-amz-cbor-1.1",
    }
}

/// What stands before the XML of a query service: SQS alone declares it. Source: an answer of AWS's shown in
/// softwaremill/elasticmq#574.
fn query_declaration(model: &Model) -> &'static str {
    if model.endpoint.service == "sqs" { "<?xml version=\"1.0\"?>" } else { "" }
}

/// Puts an answer together: the headers that every one has go on last.
fn finish(
    model: Option<&Model>,
    protocol: ProtocolKind,
    status: u16,
    mut headers: HeaderMap,
    body: Body,
    request_id: &str,
) -> Response<Body> {
    let style = model.map(|model| model.endpoint.error_style);
    if protocol == ProtocolKind::RpcV2Cbor {
        headers.insert(HeaderName::from_static("smithy-protocol"), HeaderValue::from_static("rpc-v2-cbor"));
    }
    let request_id_style = style.map_or(RequestIdStyle::Uuid, |style| style.request_id);
    add_request_id(&mut headers, request_id_style, request_id);
    if let (Some(true), Body::Bytes(bytes)) = (style.map(|style| style.crc32), &body) {
        set(&mut headers, "x-amz-crc32", &crc32fast::hash(bytes).to_string());
    }
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

fn add_request_id(headers: &mut HeaderMap, style: RequestIdStyle, request_id: &str) {
    match style {
        RequestIdStyle::Uuid | RequestIdStyle::Base32 => set(headers, "x-amzn-requestid", request_id),
        RequestIdStyle::S3 => {
            set(headers, "x-amz-request-id", request_id);
            set(headers, "x-amz-id-2", &host_id(request_id));
        }
    }
}

/// S3's second id, base64 of 56 bytes that follow from the first id, so that body and header agree.
fn host_id(request_id: &str) -> String {
    let mut state = request_id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut bytes = Vec::with_capacity(56);
    for _ in 0..7 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&(state ^ (state >> 29)).to_be_bytes());
    }
    crate::scalar::base64_of(&bytes)
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// Sets the content type, unless a member of the output has.
fn set_content_type(headers: &mut HeaderMap, value: &'static str) {
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(value));
}
