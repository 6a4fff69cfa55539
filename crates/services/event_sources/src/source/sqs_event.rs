//! A message as functions get it.
//! Source: shared recordings `lambda_esm/*sqs*`; Lambda Developer Guide, "Using Lambda with Amazon SQS", the example events.

use api_sqs::types::{Message, MessageAttributeValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Region;

/// The order in which AWS writes system attributes: that of a Java hash map, which its documented samples agree with.
const SYSTEM_ATTRIBUTES: [&str; 9] = [
    "DeadLetterQueueSourceArn",
    "ApproximateReceiveCount",
    "AWSTraceHeader",
    "SentTimestamp",
    "SequenceNumber",
    "MessageGroupId",
    "SenderId",
    "MessageDeduplicationId",
    "ApproximateFirstReceiveTimestamp",
];

/// The JSON of one record, its members in AWS's order.
pub(super) fn record(message: &Message, queue_arn: &str, region: &Region) -> String {
    let body = message.body.as_deref().unwrap_or_default();
    let mut out = String::with_capacity(body.len() + 640);
    out.push_str("{\"messageId\":");
    text(&mut out, message.message_id.as_deref().unwrap_or_default());
    out.push_str(",\"receiptHandle\":");
    text(&mut out, message.receipt_handle.as_deref().unwrap_or_default());
    out.push_str(",\"body\":");
    text(&mut out, body);
    out.push_str(",\"attributes\":{");
    let given = message.attributes.as_ref();
    let attributes = SYSTEM_ATTRIBUTES.iter().filter_map(|name| Some((*name, given?.get(*name)?)));
    members(&mut out, attributes, |out, value| text(out, value));
    out.push_str("},\"messageAttributes\":{");
    let mut attributes: Vec<_> = message.message_attributes.iter().flatten().collect();
    attributes.sort_by_key(|(name, _)| java_bucket(name));
    members(&mut out, attributes.into_iter().map(|(name, value)| (name.as_str(), value)), attribute);
    out.push_str("},\"md5OfMessageAttributes\":");
    match &message.md5_of_message_attributes {
        Some(md5) => text(&mut out, md5),
        None => out.push_str("null"),
    }
    out.push_str(",\"md5OfBody\":");
    text(&mut out, message.md5_of_body.as_deref().unwrap_or_default());
    out.push_str(",\"eventSource\":\"aws:sqs\",\"eventSourceARN\":");
    text(&mut out, queue_arn);
    out.push_str(",\"awsRegion\":");
    text(&mut out, region.as_str());
    out.push('}');
    out
}

fn members<'a, T>(out: &mut String, members: impl Iterator<Item = (&'a str, T)>, write: impl Fn(&mut String, T)) {
    for (at, (name, value)) in members.enumerate() {
        if at > 0 {
            out.push(',');
        }
        text(out, name);
        out.push(':');
        write(out, value);
    }
}

/// `stringValue` or `binaryValue`, the two lists that SQS does not fill, `dataType`.
fn attribute(out: &mut String, value: &MessageAttributeValue) {
    out.push('{');
    if let Some(string) = &value.string_value {
        out.push_str("\"stringValue\":");
        text(out, string);
        out.push(',');
    }
    if let Some(binary) = &value.binary_value {
        out.push_str("\"binaryValue\":");
        text(out, &STANDARD.encode(binary));
        out.push(',');
    }
    out.push_str("\"stringListValues\":[],\"binaryListValues\":[],\"dataType\":");
    text(out, value.data_type.as_deref().unwrap_or_default());
    out.push('}');
}

fn text(out: &mut String, value: &str) {
    // A string can always be written as JSON.
    out.push_str(&serde_json::to_string(value).unwrap_or_default());
}

/// Where a Java hash map of up to twelve entries keeps a key: a message has at most ten attributes.
fn java_bucket(key: &str) -> u32 {
    let hash = key.encode_utf16().fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
    (hash ^ (hash >> 16)) & 15
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn message() -> Message {
        let attributes = [("SenderId", "AIDA"), ("SentTimestamp", "1"), ("ApproximateReceiveCount", "2")];
        Message {
            message_id: Some("m".to_owned()),
            receipt_handle: Some("r".to_owned()),
            body: Some("{\"a\": \"ä\"}\n".to_owned()),
            md5_of_body: Some("b".to_owned()),
            attributes: Some(attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into()),
            ..Message::default()
        }
    }

    #[test]
    fn a_record_is_written_as_aws_writes_it() {
        let expected = concat!(
            r#"{"messageId":"m","receiptHandle":"r","body":"{\"a\": \"ä\"}\n","attributes":{"ApproximateReceiveCount":"2","#,
            r#""SentTimestamp":"1","SenderId":"AIDA"},"messageAttributes":{},"md5OfMessageAttributes":null,"md5OfBody":"b","#,
            r#""eventSource":"aws:sqs","eventSourceARN":"arn:q","awsRegion":"us-east-1"}"#
        );
        assert_eq!(record(&message(), "arn:q", &Region::default()), expected);
    }

    #[test]
    fn attributes_have_their_types_and_empty_lists() {
        let value = |string: Option<&str>, binary: Option<&'static [u8]>, kind: &str| MessageAttributeValue {
            string_value: string.map(str::to_owned),
            binary_value: binary.map(Bytes::from_static),
            data_type: Some(kind.to_owned()),
            ..MessageAttributeValue::default()
        };
        let attributes = [
            ("blob".to_owned(), value(None, Some(b"\x01\x02"), "Binary.gif")),
            ("trace".to_owned(), value(Some("7"), None, "Number")),
        ];
        let message = Message {
            message_attributes: Some(attributes.into()),
            md5_of_message_attributes: Some("x".to_owned()),
            ..message()
        };
        let record: serde_json::Value = serde_json::from_str(&record(&message, "q", &Region::default())).unwrap();
        let shown = serde_json::to_string(&record["messageAttributes"]["blob"]).unwrap();
        assert_eq!(
            shown,
            r#"{"binaryValue":"AQI=","stringListValues":[],"binaryListValues":[],"dataType":"Binary.gif"}"#
        );
        assert_eq!(record["messageAttributes"]["trace"]["stringValue"], "7");
        assert_eq!(record["md5OfMessageAttributes"], "x");
    }

    #[test]
    fn the_documented_order_of_system_attributes_is_that_of_a_java_hash_map() {
        let buckets: Vec<u32> = SYSTEM_ATTRIBUTES.iter().map(|name| java_bucket(name)).collect();
        assert!(buckets.is_sorted(), "{buckets:?}");
    }
}
