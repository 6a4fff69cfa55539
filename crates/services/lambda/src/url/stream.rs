//! Answers of URLs whose invoke mode is `RESPONSE_STREAM`.
//!
//! Source: Lambda Developer Guide, "Response streaming for Lambda functions" and "Building a custom runtime for AWS Lambda".

use std::io;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use runtime::{InvocationError, Outcome, Piece};
use wire::Body;

use super::answer::{Answer, of_prelude};
use super::refused::Refused;
use crate::limits::URL_PRELUDE_BYTES_MAX;
use crate::streamed::{Next, Streamed};

/// What a stream is that begins with a prelude: status and headers as JSON, then [`DELIMITER`], then the body.
const WITH_PRELUDE: &str = "application/vnd.awslambda.http-integration-response";

pub const DELIMITER: [u8; 8] = [0; 8];

const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// The head of the response, and its body as it comes. What a handler returns whole is the body itself: in this mode AWS
/// looks for no status in it.
/// Errors: the function failed before its first byte, or its prelude is none.
pub async fn answer(mut streamed: Streamed) -> Result<(Answer, Body), Refused> {
    let content_type = match streamed.next().await? {
        Next::Piece(Piece::Began { content_type }) => content_type,
        Next::Piece(Piece::Bytes(bytes)) => return Ok((head(OCTETS), body(bytes, streamed))),
        Next::End(outcome) => {
            let payload = ended(*outcome)?;
            return Ok((head(HeaderValue::from_static("application/json")), Body::Bytes(payload)));
        }
    };
    if content_type != WITH_PRELUDE {
        let content_type = HeaderValue::from_str(&content_type).unwrap_or(OCTETS);
        // A handler that fails before it writes has begun all the same.
        return match streamed.next().await? {
            Next::Piece(Piece::Bytes(bytes)) => Ok((head(content_type), body(bytes, streamed))),
            Next::Piece(Piece::Began { .. }) => Ok((head(content_type), body(Bytes::new(), streamed))),
            Next::End(outcome) => Ok((head(content_type), Body::Bytes(ended(*outcome)?))),
        };
    }
    let (prelude, rest) = prelude(&mut streamed).await?;
    let mut answer = read(&prelude).ok_or(Refused::Failed)?;
    answer.headers.entry(CONTENT_TYPE).or_insert(OCTETS);
    Ok((answer, body(rest, streamed)))
}

/// Reads a prelude's JSON.
pub fn read(prelude: &[u8]) -> Option<Answer> {
    of_prelude(&serde_json::from_slice(prelude).ok()?).ok()
}

/// Everything before the delimiter, and what came after it in the same piece.
async fn prelude(streamed: &mut Streamed) -> Result<(Bytes, Bytes), Refused> {
    let mut read = BytesMut::new();
    loop {
        match streamed.next().await? {
            Next::Piece(Piece::Bytes(bytes)) => {
                let from = read.len().saturating_sub(DELIMITER.len());
                read.extend_from_slice(&bytes);
                if let Some(at) = find(read.get(from..).unwrap_or_default()) {
                    let mut rest = read.split_off(from + at);
                    let body = rest.split_off(DELIMITER.len());
                    return Ok((read.freeze(), body.freeze()));
                }
                if read.len() > URL_PRELUDE_BYTES_MAX {
                    return Err(Refused::Failed);
                }
            }
            Next::Piece(Piece::Began { .. }) => {}
            Next::End(outcome) => {
                ended(*outcome)?;
                return Err(Refused::Failed);
            }
        }
    }
}

/// Where the delimiter begins.
pub fn find(bytes: &[u8]) -> Option<usize> {
    bytes.windows(DELIMITER.len()).position(|window| window == DELIMITER)
}

fn head(content_type: HeaderValue) -> Answer {
    Answer { status: StatusCode::OK, headers: HeaderMap::from_iter([(CONTENT_TYPE, content_type)]), body: Bytes::new() }
}

/// The pieces until the end. One that is not the function's own end breaks the connection, so that the client sees it.
fn body(first: Bytes, streamed: Streamed) -> Body {
    let begun = (Some(first).filter(|bytes| !bytes.is_empty()), Some(streamed));
    Body::Stream(Box::pin(stream::unfold(begun, |(first, streamed)| async move {
        if let Some(first) = first {
            return Some((Ok(first), (None, streamed)));
        }
        let mut streamed = streamed?;
        loop {
            match streamed.next().await {
                Ok(Next::Piece(Piece::Bytes(bytes))) => return Some((Ok(bytes), (None, Some(streamed)))),
                Ok(Next::Piece(Piece::Began { .. })) => {}
                Ok(Next::End(outcome)) => {
                    return match ended(*outcome) {
                        Ok(rest) if rest.is_empty() => None,
                        Ok(rest) => Some((Ok(rest), (None, None))),
                        Err(_) => Some((Err(io::Error::other("the function failed on the way")), (None, None))),
                    };
                }
                Err(error) => return Some((Err(io::Error::other(error.to_string())), (None, None))),
            }
        }
    })))
}

fn ended(outcome: Outcome) -> Result<Bytes, Refused> {
    match outcome.result {
        Ok(payload) => Ok(payload),
        Err(InvocationError::Function(_)) => Err(Refused::Failed),
        Err(InvocationError::Environment(error)) => Err(Refused::NotRun(error.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prelude_ends_at_eight_zeros() {
        assert_eq!(find(b"{}\0\0\0\0\0\0\0\0x"), Some(2));
        assert_eq!(find(b"{}\0\0\0\0\0\0\0x"), None);
        assert_eq!(find(b""), None);
    }

    #[test]
    fn a_prelude_without_a_status_code_means_200() {
        let answer = read(br#"{"status":404,"headers":{"content-type":"text/html"},"cookies":["a=1"]}"#).unwrap();
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.headers["content-type"], "text/html");
        assert!(read(b"[]").is_none() && read(b"{").is_none());
    }
}
