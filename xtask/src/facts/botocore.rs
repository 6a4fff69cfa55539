//! Reads botocore's `service-2.json` (Apache-2.0, see models/SOURCE). Documentation is left behind: only facts are taken.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{ErrorFacts, Facts, Kind, Member, Operation, Service, Shape};

/// `name` is our room's name for the service; `api` the parsed JSON.
pub fn extract(name: &str, api: &Value) -> Result<Facts> {
    let raw_shapes = api["shapes"].as_object().context("the model has no shapes")?;
    let mut shapes: Vec<Shape> = raw_shapes
        .iter()
        .map(|(name, raw)| shape(name, raw, raw_shapes).with_context(|| format!("shape {name}")))
        .collect::<Result<_>>()?;
    shapes.sort_by(|a, b| a.name.cmp(&b.name));
    let operations = api["operations"].as_object().context("the model has no operations")?;
    let mut operations: Vec<Operation> = operations.iter().map(|(name, raw)| operation(name, raw)).collect();
    operations.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Facts { service: service(name, &api["metadata"])?, operations, shapes })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or(false)
}

fn optional(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn service(name: &str, metadata: &Value) -> Result<Service> {
    let json = format!("json{}", metadata["jsonVersion"].as_str().unwrap_or("1.1"));
    let named: Vec<&str> = match metadata["protocols"].as_array() {
        Some(list) => list.iter().filter_map(Value::as_str).collect(),
        None => metadata["protocol"].as_str().into_iter().collect(),
    };
    let mut protocols: Vec<String> = Vec::new();
    for protocol in named {
        protocols.push(match protocol {
            "json" => json.clone(),
            "query" | "rest-json" | "rest-xml" => protocol.to_owned(),
            "smithy-rpc-v2-cbor" => "cbor".to_owned(),
            other => bail!("protocol {other} is not known"),
        });
    }
    // Today's SDKs pick JSON before CBOR where a service has both.
    protocols.sort_by_key(|p| !p.starts_with("json"));
    let endpoint_prefix = text(&metadata["endpointPrefix"]);
    Ok(Service {
        name: name.to_owned(),
        api_version: text(&metadata["apiVersion"]),
        sdk_id: text(&metadata["serviceId"]),
        signing_name: optional(&metadata["signingName"]).unwrap_or_else(|| endpoint_prefix.clone()),
        endpoint_prefix,
        target_prefix: text(&metadata["targetPrefix"]),
        xml_namespace: text(&metadata["xmlNamespace"]),
        protocols,
        query_compatible: !metadata["awsQueryCompatible"].is_null(),
        style: super::Style::default(),
    })
}

fn operation(name: &str, raw: &Value) -> Operation {
    let http = &raw["http"];
    let errors = raw["errors"].as_array().into_iter().flatten().map(|e| text(&e["shape"])).collect();
    Operation {
        name: name.to_owned(),
        method: text(&http["method"]),
        uri: text(&http["requestUri"]),
        status: http["responseCode"].as_u64().and_then(|s| u16::try_from(s).ok()).unwrap_or(200),
        input: optional(&raw["input"]["shape"]),
        output: optional(&raw["output"]["shape"]),
        result_wrapper: text(&raw["output"]["resultWrapper"]),
        errors,
        host_prefix: text(&raw["endpoint"]["hostPrefix"]),
        checksum_required: flag(&raw["httpChecksumRequired"]) || flag(&raw["httpChecksum"]["requestChecksumRequired"]),
    }
}

fn shape(name: &str, raw: &Value, all: &serde_json::Map<String, Value>) -> Result<Shape> {
    let kind = match raw["type"].as_str().unwrap_or_default() {
        "boolean" => Kind::Boolean,
        "integer" => Kind::Integer,
        "long" => Kind::Long,
        "float" => Kind::Float,
        "double" | "bigdecimal" => Kind::Double,
        "string" | "character" => match raw["enum"].as_array() {
            Some(values) => Kind::Enum(values.iter().map(text).collect()),
            None => Kind::String,
        },
        "blob" if flag(&raw["streaming"]) => Kind::Stream,
        "blob" => Kind::Blob,
        "timestamp" => Kind::Timestamp(timestamp(&raw["timestampFormat"])),
        "list" => Kind::List(Box::new(element("member", &raw["member"], raw, all))),
        "map" => Kind::Map(
            Box::new(element("key", &raw["key"], raw, all)),
            Box::new(element("value", &raw["value"], raw, all)),
        ),
        "structure" if flag(&raw["document"]) => Kind::Document,
        "structure" => structure(raw, all),
        other => bail!("type {other} is not known"),
    };
    Ok(Shape {
        name: name.to_owned(),
        kind,
        min: bound(&raw["min"]),
        max: bound(&raw["max"]),
        pattern: optional(&raw["pattern"]),
        sensitive: flag(&raw["sensitive"]),
        open: false,
        error: error(name, raw),
    })
}

/// Bounds are whole numbers in every model that we use; botocore writes some as floats.
#[allow(clippy::cast_possible_truncation)]
fn bound(raw: &Value) -> Option<i64> {
    raw.as_i64().or_else(|| raw.as_f64().map(|f| f as i64))
}

fn timestamp(format: &Value) -> String {
    match format.as_str().unwrap_or_default() {
        "unixTimestamp" => "epoch",
        "iso8601" => "iso",
        "rfc822" => "http",
        _ => "",
    }
    .to_owned()
}

fn error(name: &str, raw: &Value) -> Option<ErrorFacts> {
    if !flag(&raw["exception"]) && raw["error"].is_null() {
        return None;
    }
    let server_fault = flag(&raw["fault"]);
    let status = raw["error"]["httpStatusCode"].as_u64().and_then(|s| u16::try_from(s).ok());
    Some(ErrorFacts {
        code: optional(&raw["error"]["code"]).unwrap_or_else(|| name.to_owned()),
        status: status.unwrap_or(if server_fault { 500 } else { 400 }),
        server_fault: server_fault || status.is_some_and(|s| s >= 500),
    })
}

fn structure(raw: &Value, all: &serde_json::Map<String, Value>) -> Kind {
    let required: Vec<&str> = raw["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let payload = raw["payload"].as_str();
    let members = raw["members"].as_object().into_iter().flatten();
    let members = members
        .map(|(name, raw)| {
            let mut member = member(name, raw, all);
            member.required = required.contains(&name.as_str());
            if payload == Some(name) {
                member.location = "payload".to_owned();
            }
            member
        })
        .collect();
    if flag(&raw["union"]) || flag(&raw["eventstream"]) { Kind::Union(members) } else { Kind::Structure(members) }
}

fn element(name: &str, raw: &Value, parent: &Value, all: &serde_json::Map<String, Value>) -> Member {
    let mut element = member(name, raw, all);
    element.flat = flag(&parent["flattened"]);
    element
}

fn member(name: &str, raw: &Value, all: &serde_json::Map<String, Value>) -> Member {
    let shape = text(&raw["shape"]);
    let target = all.get(&shape).unwrap_or(&Value::Null);
    let namespace = [&raw["xmlNamespace"], &target["xmlNamespace"]].into_iter().find_map(|ns| {
        let uri = ns["uri"].as_str()?;
        Some(match ns["prefix"].as_str() {
            Some(prefix) => format!("{prefix}={uri}"),
            None => uri.to_owned(),
        })
    });
    Member {
        name: name.to_owned(),
        wire_name: optional(&raw["locationName"]).filter(|wire| wire != name),
        query_name: optional(&raw["queryName"]),
        location: match raw["location"].as_str().unwrap_or_default() {
            "headers" => "prefix",
            "querystring" => "query",
            "statusCode" => "status",
            other => other,
        }
        .to_owned(),
        required: false,
        flat: flag(&raw["flattened"]) || flag(&target["flattened"]),
        xml_attribute: flag(&raw["xmlAttribute"]),
        xml_namespace: namespace,
        timestamp: timestamp(&raw["timestampFormat"]),
        json_value: flag(&raw["jsonvalue"]),
        event: if flag(&raw["eventpayload"]) {
            "payload"
        } else if flag(&raw["eventheader"]) {
            "header"
        } else {
            ""
        }
        .to_owned(),
        event_stream: flag(&target["eventstream"]),
        shape,
    }
}
