//! What a caller of a function URL gets instead of the function's answer.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};
use wire::ApiError;

use super::answer::Answer;
use crate::error::{Error, Throttle};
use crate::limits::SYNC_PAYLOAD_BYTES_MAX;

#[derive(Debug)]
pub enum Refused {
    /// There is no URL of that id.
    NoUrl,
    /// The policy lets nobody in, or what the URL stands for is gone.
    Forbidden,
    /// The signature is missing or wrong.
    Signature(ApiError),
    TooLarge,
    Throttled(Throttle),
    /// The function failed, ran out of time, or answered what is no response.
    Failed,
    /// It could not be run.
    NotRun(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::Throttled(throttle) => Self::Throttled(throttle),
            error => Self::NotRun(error),
        }
    }
}

impl Refused {
    /// Source: recorded answers (403); Lambda Developer Guide, "Creating and managing Lambda function URLs" (429) and
    /// "Monitoring Lambda function URLs" (502). The bodies of 404, 413 and 429 are ours.
    pub fn answer(self) -> Answer {
        match self {
            Self::NoUrl => json_of(404, "ResourceNotFoundException", json!({ "Message": null })),
            Self::Forbidden => json_of(
                403,
                "AccessDeniedException",
                json!({ "Message": "Forbidden. For troubleshooting Function URL authorization issues, see: \
                                    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html" }),
            ),
            Self::Signature(error) => json_of(403, &error.code, json!({ "message": error.message })),
            Self::TooLarge => json_of(
                413,
                "RequestEntityTooLargeException",
                json!({ "Message": format!(
                    "Request must be smaller than {SYNC_PAYLOAD_BYTES_MAX} bytes for the InvokeFunction operation"
                ) }),
            ),
            Self::Throttled(throttle) => json_of(
                429,
                "TooManyRequestsException",
                json!({ "Reason": throttle.reason(), "Type": "User", "message": "Rate Exceeded." }),
            ),
            Self::Failed => failed(),
            Self::NotRun(error) => {
                tracing::info!(%error, "a function behind a URL could not be run");
                failed()
            }
        }
    }
}

fn failed() -> Answer {
    Answer {
        status: StatusCode::BAD_GATEWAY,
        headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
        body: Bytes::from_static(b"Internal Server Error"),
    }
}

fn json_of(status: u16, kind: &str, body: Value) -> Answer {
    let mut headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
    if let Ok(kind) = HeaderValue::from_str(kind) {
        headers.insert(HeaderName::from_static("x-amzn-errortype"), kind);
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Answer { status, headers, body: body.to_string().into() }
}
