//! What S3, DynamoDB and EventBridge tell of what happened.

use kernel::{Timestamp, id};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::queues::digits;
use super::{Around, With, json_of};
use crate::cli::Failure;
use crate::text::failures as text;

/// What stays as it is in a key, but a space, which becomes `+`. Source: S3 User Guide, "Event message structure".
const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b'/').remove(b' ');
/// Digits of a stream's sequence number.
const SEQUENCE_DIGITS: usize = 24;

/// Source: S3 User Guide, "Event message structure", version 2.1.
pub fn s3(key: &str, with: &With, around: &Around<'_>) -> Value {
    let bucket = with.get("bucket", "bucket");
    let key = utf8_percent_encode(if key.is_empty() { "key" } else { key }, KEY).to_string().replace(' ', "+");
    let owner = id::ten(around.rng);
    json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": around.region,
        "eventTime": around.now.iso8601_millis(),
        "eventName": with.get("event", "ObjectCreated:Put"),
        "userIdentity": { "principalId": format!("AWS:{}", around.account()) },
        "requestParameters": { "sourceIPAddress": "127.0.0.1" },
        "responseElements": {
            "x-amz-request-id": id::hex_digits(around.rng, 16).to_ascii_uppercase(),
            "x-amz-id-2": id::hex_digits(around.rng, 64),
        },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": id::uuid(around.rng),
            "bucket": {
                "name": bucket,
                "ownerIdentity": { "principalId": owner },
                "arn": format!("arn:aws:s3:::{bucket}"),
            },
            "object": {
                "key": key,
                "size": with.get("size", "0").parse::<u64>().unwrap_or(0),
                "eTag": id::hex_digits(around.rng, 32),
                "sequencer": id::hex_digits(around.rng, 18).to_ascii_uppercase(),
            },
        },
    })
}

/// Source: Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB"; DynamoDB Streams API Reference, Record.
pub fn dynamodb(item: &str, with: &With, around: &Around<'_>) -> Result<Value, Failure> {
    let Value::Object(item) = json_of(item)? else {
        return Err(Failure::Usage { what: text::item_not_object(), hint: text::item_form() });
    };
    let size = json!(item).to_string().len();
    let named = with.get("keys", if item.contains_key("id") { "id" } else { item.keys().next().map_or("", |k| k) });
    let keys: Map<String, Value> =
        named.split(',').filter_map(|name| Some((name.to_owned(), attribute(item.get(name)?)))).collect();
    let image = attributes(&item);
    let name = with.get("event", "INSERT");
    let mut change = Map::new();
    change.insert("ApproximateCreationDateTime".to_owned(), json!(around.now.secs()));
    change.insert("Keys".to_owned(), Value::Object(keys));
    let image_name = if name == "REMOVE" { "OldImage" } else { "NewImage" };
    change.insert(image_name.to_owned(), image);
    change.insert("SequenceNumber".to_owned(), json!(format!("1{}", digits(around, SEQUENCE_DIGITS - 1))));
    change.insert("SizeBytes".to_owned(), json!(size));
    change.insert("StreamViewType".to_owned(), json!("NEW_AND_OLD_IMAGES"));
    let label = around.now.iso8601_millis();
    let stream = format!("table/{}/stream/{}", with.get("table", "table"), label.trim_end_matches('Z'));
    Ok(json!({
        "eventID": id::hex_digits(around.rng, 32),
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": around.region,
        "dynamodb": change,
        "eventSourceARN": around.arn("dynamodb", &stream),
    }))
}

fn attributes(item: &Map<String, Value>) -> Value {
    Value::Object(item.iter().map(|(name, value)| (name.clone(), attribute(value))).collect())
}

/// A value of JSON as DynamoDB writes it. One that is written so already stays.
fn attribute(value: &Value) -> Value {
    match value {
        Value::Null => json!({ "NULL": true }),
        Value::Bool(value) => json!({ "BOOL": value }),
        Value::Number(number) => json!({ "N": number.to_string() }),
        Value::String(text) => json!({ "S": text }),
        Value::Array(items) => json!({ "L": items.iter().map(attribute).collect::<Vec<_>>() }),
        Value::Object(map) if is_typed(map) => value.clone(),
        Value::Object(map) => json!({ "M": attributes(map) }),
    }
}

/// `{"S": "…"}` and its kin.
fn is_typed(map: &Map<String, Value>) -> bool {
    const TYPES: [&str; 10] = ["S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"];
    map.len() == 1 && map.keys().all(|name| TYPES.contains(&name.as_str()))
}

/// Source: EventBridge User Guide, "Events in Amazon EventBridge", structure reference.
pub fn eventbridge(detail: &str, with: &With, around: &Around<'_>) -> Result<Value, Failure> {
    let detail = json_of(detail)?;
    Ok(enveloped(with.get("detail-type", "gureum"), with.get("source", "gureum.invoke"), &[], &detail, around))
}

/// Source: EventBridge User Guide, "Creating a scheduled rule", the event of a schedule.
pub fn schedule(with: &With, around: &Around<'_>) -> Value {
    let rule = around.arn("events", &format!("rule/{}", with.get("rule", "schedule")));
    enveloped("Scheduled Event", "aws.events", &[rule], &json!({}), around)
}

fn enveloped(kind: &str, source: &str, resources: &[String], detail: &Value, around: &Around<'_>) -> Value {
    json!({
        "version": "0",
        "id": id::uuid(around.rng),
        "detail-type": kind,
        "source": source,
        "account": around.account(),
        "time": Timestamp::from_secs(around.now.secs()).iso8601(),
        "region": around.region,
        "resources": resources,
        "detail": detail,
    })
}
