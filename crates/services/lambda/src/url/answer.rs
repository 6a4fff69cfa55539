//! What a function answered, as an HTTP response.
//!
//! Source: Lambda Developer Guide, "Invoking Lambda function URLs", response payload format.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::stream;

/// Headers that are the platform's own word, whatever a function says.
const PLATFORM: [&str; 6] =
    ["connection", "content-length", "date", "keep-alive", "transfer-encoding", "x-amzn-requestid"];

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A response without what the platform adds.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The function answered something that is no response: its caller gets 502.
#[derive(Debug, PartialEq)]
pub struct NoResponse;

/// Reads a payload. One without `statusCode` is the body itself, with status 200.
pub fn of_payload(payload: Bytes) -> Result<Answer, NoResponse> {
    let Ok(value) = serde_json::from_slice::<Value>(&payload) else { return of_whole_stream(&payload) };
    let Value::Object(fields) = value else { return Ok(inferred(payload)) };
    if !fields.contains_key("statusCode") {
        return Ok(inferred(payload));
    }
    let mut answer = of_prelude(&fields)?;
    answer.headers.entry(CONTENT_TYPE).or_insert(JSON);
    let body = match fields.get("body") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    answer.body = match fields.get("isBase64Encoded") {
        Some(Value::Bool(true)) => STANDARD.decode(body).map_err(|_| NoResponse)?.into(),
        _ => body.into(),
    };
    Ok(answer)
}

/// What a streaming handler wrote, where the URL takes answers whole.
fn of_whole_stream(payload: &Bytes) -> Result<Answer, NoResponse> {
    let at = stream::find(payload).ok_or(NoResponse)?;
    let mut answer = stream::read(&payload.slice(..at)).ok_or(NoResponse)?;
    answer.headers.entry(CONTENT_TYPE).or_insert(JSON);
    answer.body = payload.slice(at + stream::DELIMITER.len()..);
    Ok(answer)
}

/// Reads status, headers and cookies: all of a streamed response that stands before its body.
pub fn of_prelude(fields: &Map<String, Value>) -> Result<Answer, NoResponse> {
    let status = match fields.get("statusCode") {
        None => Some(200),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    let status = status.and_then(|status| u16::try_from(status).ok()).filter(|status| (100..600).contains(status));
    let status = status.and_then(|status| StatusCode::from_u16(status).ok()).ok_or(NoResponse)?;
    let mut headers = HeaderMap::new();
    match fields.get("headers") {
        None | Some(Value::Null) => {}
        Some(Value::Object(given)) => {
            for (name, value) in given {
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| NoResponse)?;
                if !PLATFORM.contains(&name.as_str()) {
                    headers.insert(name, header(value)?);
                }
            }
        }
        Some(_) => return Err(NoResponse),
    }
    match fields.get("cookies") {
        None | Some(Value::Null) => {}
        Some(Value::Array(cookies)) => {
            for cookie in cookies {
                headers.append(SET_COOKIE, header(cookie)?);
            }
        }
        Some(_) => return Err(NoResponse),
    }
    Ok(Answer { status, headers, body: Bytes::new() })
}

fn inferred(body: Bytes) -> Answer {
    Answer { status: StatusCode::OK, headers: HeaderMap::from_iter([(CONTENT_TYPE, JSON)]), body }
}

fn header(value: &Value) -> Result<HeaderValue, NoResponse> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return Err(NoResponse),
    };
    HeaderValue::from_bytes(text.as_bytes()).map_err(|_| NoResponse)
}

/// Reads any bytes as a response: the body of a fuzz target.
pub fn fuzz(bytes: &[u8]) {
    if let Ok(answer) = of_payload(Bytes::copy_from_slice(bytes)) {
        assert!(answer.headers.contains_key(CONTENT_TYPE), "every answer says what it is");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn read(payload: Value) -> Result<Answer, NoResponse> {
        of_payload(payload.to_string().into())
    }

    #[test]
    fn what_has_no_status_is_the_body() {
        for payload in [json!("Hello, world!"), json!({ "message": "Hello" }), json!(null), json!([1])] {
            let answer = read(payload.clone()).unwrap();
            assert_eq!((answer.status, &answer.headers[CONTENT_TYPE]), (StatusCode::OK, &JSON));
            assert_eq!(answer.body, payload.to_string());
        }
        assert_eq!(of_payload(Bytes::from_static(b"text")), Err(NoResponse));
        let streamed = of_payload(Bytes::from_static(b"{\"statusCode\":201}\0\0\0\0\0\0\0\0body")).unwrap();
        assert_eq!((streamed.status.as_u16(), &streamed.body[..]), (201, &b"body"[..]));
    }

    #[test]
    fn status_headers_cookies_and_body_are_the_functions() {
        let answer = read(json!({
            "statusCode": 201,
            "headers": { "My-Header": "Value", "Content-Type": "text/html", "X-Number": 7, "Content-Length": "999" },
            "cookies": ["a=1; Secure", "b=2"],
            "body": "PGI+",
            "isBase64Encoded": true,
        }));
        let answer = answer.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (201, &b"<b>"[..]));
        assert_eq!(answer.headers["my-header"], "Value");
        assert_eq!(answer.headers["x-number"], "7");
        assert_eq!(answer.headers[CONTENT_TYPE], "text/html");
        assert!(!answer.headers.contains_key("content-length"));
        assert_eq!(answer.headers.get_all(SET_COOKIE).iter().count(), 2);
    }

    #[test]
    fn what_is_no_response_is_none() {
        for payload in [
            json!({ "statusCode": "x" }),
            json!({ "statusCode": 9 }),
            json!({ "statusCode": 200, "headers": [] }),
            json!({ "statusCode": 200, "headers": { "a b": "c" } }),
            json!({ "statusCode": 200, "headers": { "a": "x\ny" } }),
            json!({ "statusCode": 200, "cookies": "a=1" }),
            json!({ "statusCode": 200, "body": "%", "isBase64Encoded": true }),
        ] {
            assert_eq!(read(payload.clone()), Err(NoResponse), "{payload}");
        }
        assert_eq!(read(json!({ "statusCode": "204" })).unwrap().status, StatusCode::NO_CONTENT);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(text in "\\{?[\"statusCodehr:{}\\[\\]0-9, ]{0,60}") {
            fuzz(text.as_bytes());
        }
    }
}
