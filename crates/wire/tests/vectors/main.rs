//! The public protocol vectors, from the server's side: requests are read and compared with the parameters, results are
//! written and compared with the responses.

mod excluded;
mod source;
mod tables;
mod values;

use bytes::Bytes;
use http::request::Parts;
use serde_json::Value;
use tables::{ANSWER, CASE, Tables};
use wire::{Answer, ApiError, Body, Doc, ProtocolKind};

struct Counts {
    passed: usize,
    excluded: usize,
    errors: usize,
    failures: Vec<String>,
}

#[test]
fn public_vectors_hold() {
    let folder = source::folder();
    let mut counts = Counts { passed: 0, excluded: 0, errors: 0, failures: Vec::new() };
    for side in ["input", "output"] {
        let files = std::fs::read_dir(folder.join(side)).expect("the folder of vectors can be read");
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| !file.ends_with("ec2.json")) {
            run_file(side, file, &mut counts);
        }
    }
    let total = counts.passed + counts.excluded + counts.failures.len();
    println!(
        "{total} vectors: {} passed ({} of them errors), {} excluded, {} failed",
        counts.passed,
        counts.errors,
        counts.excluded,
        counts.failures.len()
    );
    let listed: usize = excluded::EXCLUDED.iter().map(|(_, _, ids)| ids.len()).sum();
    assert!(counts.failures.is_empty(), "{}", counts.failures.join("\n"));
    assert_eq!(total, 674, "the pinned distribution has 674 vectors");
    assert_eq!(counts.excluded, listed, "the list of exclusions names cases that do not exist");
    assert!(counts.excluded <= excluded::MAX, "{} are excluded", counts.excluded);
}

fn run_file(side: &str, file: &std::path::Path, counts: &mut Counts) {
    let suites: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).expect("vectors are JSON");
    let name = file.file_stem().unwrap().to_string_lossy();
    for suite in suites.as_array().unwrap() {
        for case in suite["cases"].as_array().unwrap() {
            let id = case["id"].as_str().unwrap();
            let key = format!("{side}/{name}");
            if excluded::EXCLUDED.iter().any(|(file, _, ids)| *file == key && ids.contains(&id)) {
                counts.excluded += 1;
                continue;
            }
            let outcome =
                std::panic::catch_unwind(|| if side == "input" { request(suite, case) } else { response(suite, case) });
            let outcome = outcome.unwrap_or_else(|_| Err("panicked".to_owned()));
            match outcome {
                Ok(()) => {
                    counts.passed += 1;
                    counts.errors += usize::from(case["error"].is_object());
                }
                Err(why) => counts.failures.push(format!("== {key} {id}: {why}")),
            }
        }
    }
}

fn body(kind: ProtocolKind, value: &Value) -> Bytes {
    use base64::Engine;
    let text = value.as_str().unwrap_or_default();
    match kind {
        ProtocolKind::RpcV2Cbor => base64::engine::general_purpose::STANDARD.decode(text).unwrap().into(),
        _ => Bytes::copy_from_slice(text.as_bytes()),
    }
}

fn head(method: &str, uri: &str, headers: &Value) -> Parts {
    let uri: String = uri.chars().map(|c| if c == ' ' { "%20".to_owned() } else { c.to_string() }).collect();
    let mut request = http::Request::builder().method(method).uri(uri);
    for (name, value) in headers.as_object().into_iter().flatten() {
        request = request.header(name, value.as_str().unwrap());
    }
    request.body(()).unwrap().into_parts().0
}

fn equal(what: &str, actual: &str, expected: &str) -> Result<(), String> {
    if actual == expected { Ok(()) } else { Err(format!("{what}: wanted\n{expected}\nbut got\n{actual}")) }
}

fn request(suite: &Value, case: &Value) -> Result<(), String> {
    let tables = Tables::new(suite, case);
    let sent = &case["serialized"];
    let head = head(sent["method"].as_str().unwrap_or("POST"), sent["uri"].as_str().unwrap(), &sent["headers"]);
    let kind = tables.protocol.kind;
    let body = body(kind, &sent["body"]);
    let is_named =
        kind != ProtocolKind::AwsJson10 && kind != ProtocolKind::AwsJson11 || head.headers.contains_key("x-amz-target");
    if is_named {
        let found = wire::find_operation(tables.model, tables.protocol, &head, &body);
        equal("operation", &format!("{found:?}"), "Ok(0)")?;
    }
    let decoded = wire::decode(tables.model, tables.protocol, CASE, &head, body).map_err(|error| error.to_string())?;
    let expected = match tables.model.operation(CASE).input {
        Some(input) => values::doc(tables.model, input, &case["params"]).unwrap(),
        None => Doc::Struct(Vec::new()),
    };
    equal("input", &values::canonical(&decoded), &values::canonical(&expected))
}

fn response(suite: &Value, case: &Value) -> Result<(), String> {
    let tables = Tables::new(suite, case);
    let result = if case["error"].is_object() { Err(error(&tables, case)) } else { Ok(answer(&tables, case)) };
    let expected = &case["response"];
    let request_id = expected["headers"]["X-Amzn-Requestid"].as_str().unwrap_or("foo-id");
    let response = wire::encode(tables.model, tables.protocol, CASE, result, request_id);
    let status = expected["status_code"].as_u64().unwrap_or(200);
    equal("status", &response.status().as_u16().to_string(), &status.to_string())?;
    if excluded::is_named_alike(case["id"].as_str().unwrap()) {
        return same_error(&tables, &response, expected);
    }
    headers(&response, &expected["headers"])?;
    same_body(&tables, case, response.body().as_bytes().unwrap(), &expected["body"])
}

fn answer(tables: &Tables, case: &Value) -> Answer {
    let output = match tables.model.operation(CASE).output {
        Some(output) => values::doc(tables.model, output, &case["result"]).unwrap(),
        None => Doc::Struct(Vec::new()),
    };
    Answer { output, events: None }
}

fn error(tables: &Tables, case: &Value) -> ApiError {
    let name = tables::error_name(case);
    let facts = tables.model.errors.iter().find(|facts| facts.name == name).expect("the error is in the tables");
    let given = values::doc(tables.model, tables.id(name), &case["error"]).unwrap();
    let mut error = ApiError::modeled(facts, "");
    error.message = case["errorMessage"].as_str().map(str::to_owned);
    let Doc::Struct(slots) = given else { return error };
    for (member, slot) in tables.model.members(facts.shape).iter().zip(slots) {
        if let Some(value) = slot {
            error = error.with(member.name, value);
        }
    }
    error
}

fn headers(response: &http::Response<Body>, expected: &Value) -> Result<(), String> {
    for (name, value) in expected.as_object().into_iter().flatten() {
        let actual = response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        // The listener writes the length.
        let length = || response.body().as_bytes().unwrap().len().to_string();
        let actual = actual.or_else(|| name.eq_ignore_ascii_case("content-length").then(length));
        equal(name, &actual.unwrap_or_default(), value.as_str().unwrap())?;
    }
    Ok(())
}

/// Compares bodies as what they say. A vector without a body leaves it open.
fn same_body(tables: &Tables, case: &Value, actual: &Bytes, expected: &Value) -> Result<(), String> {
    let Some(text) = expected.as_str() else { return Ok(()) };
    let actual_text = String::from_utf8_lossy(actual);
    let kind = tables.protocol.kind;
    let is_xml = text.trim_start().starts_with('<');
    if kind == ProtocolKind::RpcV2Cbor || excluded::is_read_alike(case["id"].as_str().unwrap()) {
        let actual = read_back(tables, actual.clone())?;
        let expected = read_back(tables, body(kind, expected))?;
        return equal("body", &actual, &without_namespace(&expected));
    }
    match kind {
        ProtocolKind::AwsQuery => {
            let ignored = ["ResponseMetadata"];
            equal("body", &values::canonical_xml(&actual_text, &ignored), &values::canonical_xml(text, &ignored))
        }
        ProtocolKind::RestXml if is_xml => {
            equal("body", &values::canonical_xml(&actual_text, &[]), &values::canonical_xml(text, &[]))
        }
        ProtocolKind::RestXml => equal("body", &actual_text, text),
        _ => equal("body", &values::canonical_json(&actual_text), &values::canonical_json(text)),
    }
}

/// Compares errors as clients understand them: by their code and their members.
fn same_error(tables: &Tables, response: &http::Response<Body>, expected: &Value) -> Result<(), String> {
    let ours = String::from_utf8_lossy(response.body().as_bytes().unwrap()).into_owned();
    let theirs = expected["body"].as_str().unwrap_or_default();
    let our_type = response.headers().get("x-amzn-errortype").map(|value| value.to_str().unwrap());
    let their_type = expected["headers"]["X-Amzn-Errortype"].as_str();
    equal("code", &error_code(our_type, &ours), &error_code(their_type, theirs))?;
    equal("members", &error_members(tables, &ours)?, &error_members(tables, theirs)?)
}

/// The header, else what the body says; without a namespace before it or a URL after it.
fn error_code(header: Option<&str>, body: &str) -> String {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let in_xml = || body.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let named = header.or(json["__type"].as_str()).or(json["code"].as_str()).or_else(in_xml);
    let name = named.unwrap_or_default().split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default().to_owned()
}

fn error_members(tables: &Tables, body: &str) -> Result<String, String> {
    let inner = body.find("<Error>").zip(body.find("</Error>"));
    let body = inner.map_or(body, |(from, to)| &body[from..to + "</Error>".len()]);
    // The type is compared as part of the code.
    let untyped = serde_json::from_str::<serde_json::Map<String, Value>>(body).map(|mut members| {
        members.remove("__type");
        Value::Object(members).to_string()
    });
    read_back(tables, untyped.unwrap_or_else(|_| body.to_owned()).into())
}

/// What a body says, read as the input of an operation that takes just that.
fn read_back(tables: &Tables, body: Bytes) -> Result<String, String> {
    let head = head("POST", "/answer", &Value::Null);
    let read = wire::decode(tables.model, tables.protocol, ANSWER, &head, body);
    read.map(|doc| values::canonical(&doc)).map_err(|error| error.to_string())
}

/// The suites' metadata does not say the namespace of their errors.
fn without_namespace(text: &str) -> String {
    text.replace("smithy.protocoltests.rpcv2Cbor#", "").replace("aws.protocoltests.rpcv2cbor#", "")
}
