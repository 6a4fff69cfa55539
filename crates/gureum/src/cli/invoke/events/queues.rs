//! Messages and records of SQS, SNS and Kinesis.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::id;
use md5::{Digest, Md5};
use serde_json::{Map, Value, json};

use super::{Around, With};

/// Digits of a Kinesis sequence number. Source: the fourth post; Kinesis API Reference, PutRecord.
const SEQUENCE_DIGITS: usize = 56;

/// Source: Lambda Developer Guide, "Using Lambda with Amazon SQS".
pub fn sqs(body: &str, with: &With, around: &Around<'_>) -> Value {
    let now = around.now.millis().to_string();
    let mut attributes = Map::new();
    for (name, value) in with.below("attribute") {
        let attribute =
            json!({ "stringValue": value, "stringListValues": [], "binaryListValues": [], "dataType": "String" });
        attributes.insert(name.to_owned(), attribute);
    }
    json!({
        "messageId": id::uuid(around.rng),
        "receiptHandle": STANDARD.encode(around.rng.bytes::<96>()),
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": now,
            "SenderId": around.account(),
            "ApproximateFirstReceiveTimestamp": now,
        },
        "messageAttributes": attributes,
        "md5OfBody": format!("{:x}", Md5::digest(body.as_bytes())),
        "eventSource": "aws:sqs",
        "eventSourceARN": around.arn("sqs", with.get("queue", "queue")),
        "awsRegion": around.region,
    })
}

/// Source: Lambda Developer Guide, "Invoking Lambda functions with Amazon SNS notifications"; the fourth post shows the order.
pub fn sns(message: &str, with: &With, around: &Around<'_>) -> Value {
    let topic = around.arn("sns", with.get("topic", "topic"));
    let subscription = format!("{topic}:{}", id::uuid(around.rng));
    let host = format!("https://sns.{}.amazonaws.com", around.region);
    let attributes: Map<String, Value> = with
        .below("attribute")
        .map(|(name, value)| (name.to_owned(), json!({ "Type": "String", "Value": value })))
        .collect();
    let subject = with.get("subject", "");
    json!({
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
        "Sns": {
            "Type": "Notification",
            "MessageId": id::uuid(around.rng),
            "TopicArn": topic,
            "Subject": if subject.is_empty() { Value::Null } else { json!(subject) },
            "Message": message,
            "Timestamp": around.now.iso8601_millis(),
            "SignatureVersion": "1",
            // Nobody signs what no topic has sent: a function that checks it has to see that.
            "Signature": "EXAMPLE",
            "SigningCertUrl": format!("{host}/SimpleNotificationService-EXAMPLE.pem"),
            "UnsubscribeUrl": format!("{host}/?Action=Unsubscribe&SubscriptionArn={subscription}"),
            "MessageAttributes": attributes,
        },
    })
}

/// Source: Lambda Developer Guide, "Using Lambda to process records from Amazon Kinesis Data Streams".
pub fn kinesis(data: &str, with: &With, around: &Around<'_>) -> Value {
    let sequence = format!("4{}", digits(around, SEQUENCE_DIGITS - 1));
    let seconds = around.now.millis() as f64 / 1000.0;
    let role = format!("arn:aws:iam::{}:role/{}", around.account(), with.get("role", "lambda"));
    json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": with.get("partition-key", "partition"),
            "sequenceNumber": sequence,
            "data": STANDARD.encode(data),
            "approximateArrivalTimestamp": seconds,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": format!("shardId-000000000000:{sequence}"),
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": role,
        "awsRegion": around.region,
        "eventSourceARN": around.arn("kinesis", &format!("stream/{}", with.get("stream", "stream"))),
    })
}

pub fn digits(around: &Around<'_>, count: usize) -> String {
    (0..count).map(|_| char::from_digit(around.rng.below(10), 10).unwrap_or('0')).collect()
}
