//! A request's body: read whole within a bound, then unwrapped (aws-chunked, gzip).

pub mod checksum;
pub mod chunked;
mod read;
mod room;

use std::io::Read;

use auth::sigv4::PayloadCheck;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use self::checksum::Algorithm;
use self::chunked::{ChunkedError, Decoder, Expectations};

pub(crate) use read::{Bounds, discard, read};
pub(crate) use room::Room;

/// Why a body cannot be had. The service's family words it: see `refuse`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("the body is larger than it may be")]
    TooLarge,
    #[error("the body did not arrive in time")]
    TooSlow,
    #[error("larger bodies of others took all the room")]
    NoRoom,
    #[error("the body broke off")]
    Broken,
    #[error("the body is not the gzip that its Content-Encoding says")]
    Gzip,
    #[error(transparent)]
    Chunked(#[from] ChunkedError),
}

/// Takes off what a body was wrapped in on its way: aws-chunked first, which signatures go with, then gzip, which is the
/// request's own. `keep_gzip` leaves the latter: to S3 it is a property of the object.
pub fn unwrap(
    headers: &HeaderMap,
    body: Bytes,
    payload: PayloadCheck,
    keep_gzip: bool,
    bytes_max: usize,
) -> Result<Bytes, BodyError> {
    let body = match expectations(headers, payload, bytes_max) {
        Some(expected) => dechunk(&body, expected)?,
        None => body,
    };
    if !keep_gzip && is_gzip(headers) {
        return gunzip(&body, bytes_max);
    }
    Ok(body)
}

/// Bytes that a body may have when it is unwrapped.
pub(crate) fn unwrapped_bytes_max(headers: &HeaderMap, body: &[u8], bytes_max: usize) -> usize {
    if is_gzip(headers) { body.len().saturating_mul(DEFLATE_RATIO_MAX).min(bytes_max) } else { 0 }
}

/// No byte of deflate stands for more. Source: zlib's technical details, "Maximum Compression Factor" (1032).
const DEFLATE_RATIO_MAX: usize = 1032;

fn is_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(CONTENT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|coding| coding.trim().eq_ignore_ascii_case("gzip"))
}

/// `None` for a body that is not aws-chunked.
fn expectations(headers: &HeaderMap, payload: PayloadCheck, bytes_max: usize) -> Option<Expectations> {
    let (signer, signed_trailer) = match payload {
        PayloadCheck::SignedChunks { signer, trailer } => (Some(signer), trailer),
        PayloadCheck::UnsignedChunks => (None, false),
        _ => return None,
    };
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let trailers = headers.get_all("x-amz-trailer").iter().filter_map(|value| value.to_str().ok());
    let checksums = trailers.flat_map(|value| value.split(',')).filter_map(|name| Algorithm::of_header(name.trim()));
    Some(Expectations {
        signer,
        signed_trailer,
        checksums: checksums.collect(),
        decoded_bytes: number("x-amz-decoded-content-length"),
        decoded_bytes_max: bytes_max as u64,
    })
}

fn dechunk(body: &[u8], expected: Expectations) -> Result<Bytes, BodyError> {
    // Never more than the body itself: what is promised is not yet there.
    let mut decoded = Vec::with_capacity(body.len());
    let mut decoder = Decoder::new(expected);
    decoder.feed(body, &mut decoded)?;
    decoder.finish()?;
    Ok(decoded.into())
}

fn gunzip(body: &[u8], bytes_max: usize) -> Result<Bytes, BodyError> {
    let mut inflated = Vec::new();
    // One byte beyond the bound tells a body that fills it from one that goes on.
    let bound = (bytes_max as u64).saturating_add(1);
    MultiGzDecoder::new(body).take(bound).read_to_end(&mut inflated).map_err(|_| BodyError::Gzip)?;
    if inflated.len() > bytes_max { Err(BodyError::TooLarge) } else { Ok(inflated.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(data: &[u8]) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap().into()
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (http::HeaderName::from_static(n), http::HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn gzip_is_taken_off_within_a_bound() {
        let encoded = headers(&[("content-encoding", "gzip")]);
        let unwrap = |body, max| unwrap(&encoded, body, PayloadCheck::Done, false, max);
        assert_eq!(unwrap(gzip(b"hello"), 5).unwrap(), "hello");
        assert_eq!(unwrap(gzip(b"hello!"), 5), Err(BodyError::TooLarge));
        assert_eq!(unwrap(gzip(&vec![0; 50_000_000]), 1_000_000), Err(BodyError::TooLarge));
        assert_eq!(unwrap(Bytes::from_static(b"hello"), 5), Err(BodyError::Gzip));
        let cut = gzip(b"hello").slice(..12);
        assert_eq!(unwrap(cut, 5), Err(BodyError::Gzip));
    }

    #[test]
    fn chunks_come_off_before_gzip_and_s3_keeps_gzip() {
        let zipped = gzip(b"hello");
        let mut body = format!("{:x}\r\n", zipped.len()).into_bytes();
        body.extend_from_slice(&zipped);
        body.extend_from_slice(b"\r\n0\r\n\r\n");
        let encoded = headers(&[("content-encoding", "gzip,aws-chunked")]);
        let unwrap = |keep| unwrap(&encoded, body.clone().into(), PayloadCheck::UnsignedChunks, keep, 1000);
        assert_eq!(unwrap(false).unwrap(), "hello");
        assert_eq!(unwrap(true).unwrap(), zipped);
    }

    #[test]
    fn announced_checksums_and_lengths_are_held_to() {
        let body = || Bytes::from_static(b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n");
        let said = headers(&[("x-amz-trailer", "x-amz-checksum-crc32"), ("x-amz-decoded-content-length", "5")]);
        assert_eq!(unwrap(&said, body(), PayloadCheck::UnsignedChunks, true, 100).unwrap(), "hello");
        let said = headers(&[("x-amz-trailer", "x-amz-checksum-sha1")]);
        let missing = Err(BodyError::Chunked(ChunkedError::MalformedTrailer));
        assert_eq!(unwrap(&said, body(), PayloadCheck::UnsignedChunks, true, 100), missing);
    }
}
