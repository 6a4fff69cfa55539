//! The edge's own refusals, in the words of the service's family.

use wire::{ApiError, ProtocolKind};

use crate::body::BodyError;
use crate::body::chunked::ChunkedError;

/// What a body that cannot be had is answered with.
/// Source: Lambda API Reference, `RequestEntityTooLargeException`; S3 API Reference, "Error responses".
pub(crate) fn body_error(error: &BodyError, protocol: ProtocolKind, operation: &str, bytes_max: usize) -> ApiError {
    let s3 = protocol == ProtocolKind::RestXml;
    match error {
        BodyError::TooLarge | BodyError::Chunked(ChunkedError::TooLarge) if s3 => {
            ApiError::framework(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.")
        }
        BodyError::TooLarge | BodyError::Chunked(ChunkedError::TooLarge) => ApiError::framework(
            413,
            if protocol == ProtocolKind::AwsQuery { "RequestEntityTooLarge" } else { "RequestEntityTooLargeException" },
            format!("Request must be smaller than {bytes_max} bytes for the {operation} operation"),
        ),
        BodyError::TooSlow => ApiError::framework(
            400,
            if s3 { "RequestTimeout" } else { "RequestTimeoutException" },
            "Your socket connection to the server was not read from or written to within the timeout period.",
        ),
        BodyError::NoRoom if s3 => ApiError::framework(503, "SlowDown", "Please reduce your request rate."),
        BodyError::NoRoom => ApiError::framework(
            503,
            "ServiceUnavailable",
            "The request has failed due to a temporary failure of the server.",
        ),
        BodyError::Broken | BodyError::Chunked(ChunkedError::Incomplete) => ApiError::framework(
            400,
            "IncompleteBody",
            "You did not provide the number of bytes specified by the Content-Length HTTP header.",
        ),
        BodyError::Gzip => ApiError::framework(400, "SerializationException", "The request body is not valid gzip."),
        BodyError::Chunked(error) => chunked_error(error),
    }
}

fn chunked_error(error: &ChunkedError) -> ApiError {
    match error {
        ChunkedError::SignatureMismatch => ApiError::framework(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        ),
        ChunkedError::ChecksumMismatch(algorithm) => ApiError::framework(
            400,
            "BadDigest",
            format!("The {} you specified did not match the calculated checksum.", algorithm.name()),
        ),
        ChunkedError::MalformedTrailer => ApiError::framework(
            400,
            "MalformedTrailerError",
            "The request contained trailing data that was not well-formed or did not conform to our published schema.",
        ),
        _ => ApiError::framework(400, "InvalidRequest", "The chunked body is malformed."),
    }
}

/// A service of AWS that nothing serves in this build.
pub(crate) fn unserved(service: &str) -> ApiError {
    ApiError::unmodeled(501, "NotImplementedException", format!("gureum does not serve {service} yet"))
}
