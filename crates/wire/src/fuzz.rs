//! Bodies of the fuzz targets: plain functions, so that tests run them too. None may panic, whatever it is given.

use bytes::Bytes;

use crate::sample::{BOUND_EVERYWHERE, ECHO, MODEL, head, protocol};
use crate::{Answer, OperationId, ProtocolKind, decode, encode, find_operation};

/// Reads a body; what could be read is answered, and what was refused is answered as an error.
fn run(kind: ProtocolKind, operation: OperationId, method: &str, uri: &str, data: &[u8]) {
    let Some(head) = head(method, uri, &[("x-amz-target", "Sample.Echo")]) else { return };
    let body = Bytes::copy_from_slice(data);
    let protocol = protocol(kind);
    let _ = find_operation(&MODEL, protocol, &head, &body);
    let result = decode(&MODEL, protocol, operation, &head, body).map(|output| Answer { output, events: None });
    let response = encode(&MODEL, protocol, operation, result, "request-id");
    std::hint::black_box(response);
}

/// awsJson bodies.
pub fn fuzz_json(data: &[u8]) {
    run(ProtocolKind::AwsJson10, ECHO, "POST", "/", data);
}

/// rpcv2Cbor and Kinesis' CBOR bodies.
pub fn fuzz_cbor(data: &[u8]) {
    run(ProtocolKind::RpcV2Cbor, ECHO, "POST", "/service/Sample/operation/Echo", data);
    run(ProtocolKind::AwsCbor11, ECHO, "POST", "/", data);
}

/// restXml bodies.
pub fn fuzz_xml(data: &[u8]) {
    run(ProtocolKind::RestXml, ECHO, "POST", "/echo", data);
}

/// awsQuery forms.
pub fn fuzz_query(data: &[u8]) {
    run(ProtocolKind::AwsQuery, ECHO, "POST", "/", data);
}

/// Paths, queries and headers of REST requests: lines of the input are the path with its query, and header values.
pub fn fuzz_rest(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.lines();
    let uri = format!("/{}", lines.next().unwrap_or_default());
    let headers: Vec<(&str, &str)> = ["x-at", "x-names", "x-label-a"].into_iter().zip(lines).collect();
    let heads = [head("PUT", &uri, &headers), head("PUT", &format!("/bound{uri}"), &headers)];
    for head in heads.into_iter().flatten() {
        for kind in [ProtocolKind::RestJson1, ProtocolKind::RestXml] {
            let _ = find_operation(&MODEL, protocol(kind), &head, &Bytes::new());
            let input = decode(&MODEL, protocol(kind), BOUND_EVERYWHERE, &head, Bytes::new());
            std::hint::black_box(input).ok();
        }
    }
}
