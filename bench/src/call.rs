//! Decode, validate and encode of a small call, without sockets.

use std::time::Instant;

use api_logs::MODEL;
use api_logs::types::{DescribeLogStreamsRequest, DescribeLogStreamsResponse, LogStream};
use bytes::Bytes;
use wire::{Answer, Protocol, ProtocolKind, Shaped};

const ROUNDS: u32 = 20_000;
/// The best of so many: what the code costs, not what else the machine does.
const TRIES: usize = 9;

const PROTOCOL: Protocol = Protocol { kind: ProtocolKind::AwsJson11, query_compatible: false };
const BODY: &[u8] =
    br#"{"logGroupName":"/aws/lambda/echoTest","orderBy":"LastEventTime","descending":true,"limit":50}"#;

pub fn run() {
    let request = http::Request::post("/").header("x-amz-target", "Logs_20140328.DescribeLogStreams").body(());
    let Ok((head, ())) = request.map(http::Request::into_parts) else { return };
    let mut best = f64::MAX;
    for _ in 0..TRIES {
        let began = Instant::now();
        for _ in 0..ROUNDS {
            if !one(&head) {
                println!("the small call does not decode");
                return;
            }
        }
        best = best.min(began.elapsed().as_secs_f64() / f64::from(ROUNDS));
    }
    crate::figure("decode + validate + encode of a small call", &format!("{:.2} µs", best * 1e6), "≤ 5 µs");
}

fn one(head: &http::request::Parts) -> bool {
    let body = Bytes::from_static(BODY);
    let Ok(operation) = wire::find_operation(&MODEL, PROTOCOL, head, &body) else { return false };
    let Ok(input) = wire::decode(&MODEL, PROTOCOL, operation, head, body) else { return false };
    let input = DescribeLogStreamsRequest::from_slot(Some(input));
    let stream = LogStream { log_stream_name: input.log_group_name, stored_bytes: Some(0), ..Default::default() };
    let output = DescribeLogStreamsResponse { log_streams: Some(vec![stream]), ..Default::default() };
    let answer =
        wire::encode(&MODEL, PROTOCOL, operation, Ok(Answer::of(output)), "094d4d3e-0c4f-41e7-ab68-a96f2d3f979f");
    answer.status().is_success()
}
