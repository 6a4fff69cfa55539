//! aws-chunked: a body in chunks of its own, with signatures, and headers behind it. A parser that takes bytes as they come.
//! Source: S3 API Reference, "Signature calculations … transferring payload in multiple chunks" and "… trailing headers".

use auth::sigv4::{ChunkSigner, parse_chunk_header};
use sha2::{Digest, Sha256};

use super::checksum::{Algorithm, Checksum};
use crate::limits::{CHUNK_LINE_BYTES_MAX, TRAILER_BYTES_MAX};

/// What the request's head promises of its chunks.
#[derive(Default)]
pub struct Expectations {
    /// Chunks are signed, in this chain.
    pub signer: Option<ChunkSigner>,
    /// The trailer is signed too.
    pub signed_trailer: bool,
    /// `x-amz-trailer`: the checksums that will come behind.
    pub checksums: Vec<Algorithm>,
    /// `x-amz-decoded-content-length`.
    pub decoded_bytes: Option<u64>,
    /// Bytes that the decoded body may have.
    pub decoded_bytes_max: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkedError {
    #[error("the chunked body is malformed")]
    Malformed,
    #[error("the chunked body is larger than it may be")]
    TooLarge,
    #[error("the chunked body ends early or has not the promised length")]
    Incomplete,
    #[error("the chunk's signature does not match")]
    SignatureMismatch,
    #[error("the trailer is malformed")]
    MalformedTrailer,
    #[error("the checksum in the trailer does not match")]
    ChecksumMismatch(Algorithm),
}

/// Where the decoder stands between two pieces of input.
enum State {
    Line,
    Data {
        left: u64,
    },
    /// The line end that follows a chunk's data.
    DataEnd,
    Trailer,
}

/// Takes an aws-chunked body apart, piece by piece.
pub struct Decoder {
    expected: Expectations,
    state: State,
    /// An unfinished line, or the trailer so far.
    held: Vec<u8>,
    decoded: u64,
    signature: Option<String>,
    chunk_hash: Sha256,
    checksums: Vec<(Algorithm, Checksum)>,
}

impl Decoder {
    pub fn new(expected: Expectations) -> Self {
        let checksums = expected.checksums.iter().map(|a| (*a, Checksum::new(*a))).collect();
        Self {
            expected,
            state: State::Line,
            held: Vec::new(),
            decoded: 0,
            signature: None,
            chunk_hash: Sha256::new(),
            checksums,
        }
    }

    /// Takes the next piece and appends what it holds of the body to `decoded`.
    /// Errors: after one the decoder is of no further use.
    pub fn feed(&mut self, mut input: &[u8], decoded: &mut Vec<u8>) -> Result<(), ChunkedError> {
        while !input.is_empty() {
            input = match self.state {
                State::Line => self.line(input)?,
                State::Data { left } => self.data(input, left, decoded)?,
                State::DataEnd => self.data_end(input)?,
                State::Trailer => {
                    if self.held.len() + input.len() > TRAILER_BYTES_MAX {
                        return Err(ChunkedError::TooLarge);
                    }
                    self.held.extend_from_slice(input);
                    &[]
                }
            };
        }
        Ok(())
    }

    /// After the last piece. Errors: an early end, a length, checksum or trailer that is not as promised.
    pub fn finish(mut self) -> Result<(), ChunkedError> {
        if !matches!(self.state, State::Trailer) {
            return Err(ChunkedError::Incomplete);
        }
        if self.expected.decoded_bytes.is_some_and(|promised| promised != self.decoded) {
            return Err(ChunkedError::Incomplete);
        }
        let trailer = Trailer::parse(&self.held)?;
        if self.expected.signed_trailer
            && let Some(signer) = &mut self.expected.signer
        {
            let signature = trailer.signature.ok_or(ChunkedError::MalformedTrailer)?;
            signer.verify_trailer(&trailer.signed, signature).map_err(|_| ChunkedError::SignatureMismatch)?;
        }
        for (algorithm, checksum) in self.checksums {
            let promised = trailer.checksum(algorithm).ok_or(ChunkedError::MalformedTrailer)?;
            if checksum.finish() != promised {
                return Err(ChunkedError::ChecksumMismatch(algorithm));
            }
        }
        Ok(())
    }

    fn line<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], ChunkedError> {
        let Some((piece, rest)) = split_line(input) else {
            self.hold(input)?;
            return Ok(&[]);
        };
        self.hold(piece)?;
        let line = std::mem::take(&mut self.held);
        let line = line.strip_suffix(b"\r").ok_or(ChunkedError::Malformed)?;
        let header = parse_chunk_header(line).map_err(|_| ChunkedError::Malformed)?;
        let decoded = self.decoded.checked_add(header.size).ok_or(ChunkedError::TooLarge)?;
        if decoded > self.expected.decoded_bytes_max {
            return Err(ChunkedError::TooLarge);
        }
        self.decoded = decoded;
        self.signature = header.signature.map(str::to_owned);
        if header.size == 0 {
            self.check_chunk()?;
            self.state = State::Trailer;
        } else {
            self.state = State::Data { left: header.size };
        }
        Ok(rest)
    }

    fn hold(&mut self, piece: &[u8]) -> Result<(), ChunkedError> {
        if self.held.len() + piece.len() > CHUNK_LINE_BYTES_MAX {
            return Err(ChunkedError::Malformed);
        }
        self.held.extend_from_slice(piece);
        Ok(())
    }

    fn data<'a>(&mut self, input: &'a [u8], left: u64, decoded: &mut Vec<u8>) -> Result<&'a [u8], ChunkedError> {
        let take = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let (piece, rest) = input.split_at(take);
        decoded.extend_from_slice(piece);
        if self.expected.signer.is_some() {
            self.chunk_hash.update(piece);
        }
        for (_, checksum) in &mut self.checksums {
            checksum.update(piece);
        }
        self.state = match left - take as u64 {
            0 => State::DataEnd,
            left => State::Data { left },
        };
        Ok(rest)
    }

    fn data_end<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], ChunkedError> {
        let expected: &[u8] = if self.held.is_empty() { b"\r" } else { b"\n" };
        let rest = input.strip_prefix(expected).ok_or(ChunkedError::Malformed)?;
        if expected == b"\r" {
            self.held.push(b'\r');
            return Ok(rest);
        }
        self.held.clear();
        self.check_chunk()?;
        self.state = State::Line;
        Ok(rest)
    }

    fn check_chunk(&mut self) -> Result<(), ChunkedError> {
        let Some(signer) = &mut self.expected.signer else { return Ok(()) };
        let hash: [u8; 32] = std::mem::take(&mut self.chunk_hash).finalize().into();
        let signature = self.signature.take().ok_or(ChunkedError::Malformed)?;
        signer.verify(&hash, &signature).map_err(|_| ChunkedError::SignatureMismatch)
    }
}

/// The bytes before the first line feed, and those after it.
fn split_line(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = input.iter().position(|b| *b == b'\n')?;
    let (line, rest) = input.split_at(at);
    Some((line, rest.get(1..).unwrap_or_default()))
}

/// The headers behind the last chunk. Lines end in CRLF or, as AWS's own examples show before the signature, in LF.
struct Trailer<'a> {
    headers: Vec<(&'a str, &'a str)>,
    signature: Option<&'a str>,
    /// What the signature covers: `name:value\n` for each header but itself.
    signed: Vec<u8>,
}

impl<'a> Trailer<'a> {
    fn parse(held: &'a [u8]) -> Result<Self, ChunkedError> {
        let text = std::str::from_utf8(held).map_err(|_| ChunkedError::MalformedTrailer)?;
        let mut trailer = Self { headers: Vec::new(), signature: None, signed: Vec::new() };
        for line in text.split('\n').map(|line| line.trim_end_matches('\r')).filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').ok_or(ChunkedError::MalformedTrailer)?;
            let (name, value) = (name.trim(), value.trim());
            if name.eq_ignore_ascii_case("x-amz-trailer-signature") {
                trailer.signature = Some(value);
                continue;
            }
            trailer.signed.extend_from_slice(format!("{}:{value}\n", name.to_ascii_lowercase()).as_bytes());
            trailer.headers.push((name, value));
        }
        Ok(trailer)
    }

    fn checksum(&self, algorithm: Algorithm) -> Option<&'a str> {
        let same = |name: &str| Algorithm::of_header(name) == Some(algorithm);
        self.headers.iter().find(|(name, _)| same(name)).map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(body: &[u8], piece: usize, expected: Expectations) -> Result<Vec<u8>, ChunkedError> {
        let (mut decoder, mut decoded) = (Decoder::new(expected), Vec::new());
        for piece in body.chunks(piece.max(1)) {
            decoder.feed(piece, &mut decoded)?;
        }
        decoder.finish().map(|()| decoded)
    }

    fn up_to(decoded_bytes_max: u64) -> Expectations {
        Expectations { decoded_bytes_max, ..Expectations::default() }
    }

    fn with(checksum: Algorithm) -> Expectations {
        Expectations { checksums: vec![checksum], ..up_to(100) }
    }

    #[test]
    fn chunks_and_their_trailer_are_taken_apart_however_they_arrive() {
        let body = b"5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
        for piece in 1..body.len() {
            assert_eq!(decode(body, piece, with(Algorithm::Crc32)).unwrap(), b"hello world");
        }
    }

    #[test]
    fn a_wrong_missing_or_unreadable_checksum_is_refused() {
        for (trailer, error) in [
            ("x-amz-checksum-crc32:AAAAAA==\r\n", ChunkedError::ChecksumMismatch(Algorithm::Crc32)),
            ("x-amz-checksum-crc32c:AAAAAA==\r\n", ChunkedError::MalformedTrailer),
            ("", ChunkedError::MalformedTrailer),
            ("no colon\r\n", ChunkedError::MalformedTrailer),
        ] {
            let body = format!("5\r\nhello\r\n0\r\n{trailer}\r\n");
            assert_eq!(decode(body.as_bytes(), 7, with(Algorithm::Crc32)), Err(error), "{trailer}");
        }
    }

    #[test]
    fn lengths_are_held_to_what_was_promised() {
        let body = b"5\r\nhello\r\n0\r\n\r\n";
        let promised = |bytes| Expectations { decoded_bytes: Some(bytes), ..up_to(100) };
        assert_eq!(decode(body, 3, promised(5)).unwrap(), b"hello");
        assert_eq!(decode(body, 3, promised(6)), Err(ChunkedError::Incomplete));
        assert_eq!(decode(b"5\r\nhel", 3, up_to(100)), Err(ChunkedError::Incomplete));
        assert_eq!(decode(b"", 3, up_to(100)), Err(ChunkedError::Incomplete));
        assert_eq!(decode(body, 3, up_to(4)), Err(ChunkedError::TooLarge));
        assert_eq!(decode(b"ffffffffffffffff\r\n", 3, up_to(4)), Err(ChunkedError::TooLarge));
    }

    /// The body of AWS's own example with a signed trailer: 65 kB and 1 kB of `a`.
    fn documented(trailer: &str) -> Vec<u8> {
        let mut body = Vec::new();
        for (length, signature) in [
            (65_536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
            (1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
            (0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
        ] {
            body.extend_from_slice(format!("{length:x};chunk-signature={signature}\r\n").as_bytes());
            body.extend_from_slice(&vec![b'a'; length]);
            body.extend_from_slice(if length == 0 { b"" } else { b"\r\n" });
        }
        body.extend_from_slice(trailer.as_bytes());
        body
    }

    fn documented_expectations() -> Expectations {
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let scope = auth::sigv4::Scope {
            date: "20130524".to_owned(),
            region: "us-east-1".to_owned(),
            service: "s3".to_owned(),
        };
        let key = auth::sigv4::derive_signing_key(secret, &scope);
        let seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e";
        let signer = ChunkSigner::new(key, "20130524T000000Z", &scope.to_string(), seed);
        Expectations {
            signer: Some(signer),
            signed_trailer: true,
            checksums: vec![Algorithm::Crc32c],
            decoded_bytes: Some(66_560),
            decoded_bytes_max: 100_000,
        }
    }

    #[test]
    fn signed_chunks_and_their_signed_trailer_hold_to_their_chain() {
        let signature = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";
        for separator in ["\n", "\r\n", "\n\r\n"] {
            let trailer =
                format!("x-amz-checksum-crc32c:sOO8/Q=={separator}x-amz-trailer-signature:{signature}\r\n\r\n");
            let decoded = decode(&documented(&trailer), 1000, documented_expectations());
            assert_eq!(decoded.unwrap(), vec![b'a'; 66_560]);
        }
        let unsigned = documented("x-amz-checksum-crc32c:sOO8/Q==\r\n\r\n");
        assert_eq!(decode(&unsigned, 1000, documented_expectations()), Err(ChunkedError::MalformedTrailer));
        let other = format!("x-amz-checksum-crc32c:AAAAAA==\r\nx-amz-trailer-signature:{signature}\r\n\r\n");
        assert_eq!(decode(&documented(&other), 1000, documented_expectations()), Err(ChunkedError::SignatureMismatch));
        let mut changed = documented("\r\n");
        if let Some(byte) = changed.get_mut(200) {
            *byte = b'b';
        }
        assert_eq!(decode(&changed, 1000, documented_expectations()), Err(ChunkedError::SignatureMismatch));
    }

    #[test]
    fn malformed_chunks_are_refused() {
        let long = vec![b'0'; CHUNK_LINE_BYTES_MAX + 1];
        for body in [b"5\nhello\r\n0\r\n\r\n".as_slice(), b"x\r\n", b"5\r\nhelloXX0\r\n\r\n", b"\r\n", &long] {
            assert_eq!(decode(body, 4, up_to(100)), Err(ChunkedError::Malformed));
        }
    }

    proptest! {
        #[test]
        fn any_body_survives_chunking(body in proptest::collection::vec(any::<u8>(), 0..300), size in 1_usize..50, piece in 1_usize..50) {
            let mut wire = Vec::new();
            for chunk in body.chunks(size) {
                wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                wire.extend_from_slice(chunk);
                wire.extend_from_slice(b"\r\n");
            }
            wire.extend_from_slice(b"0\r\n\r\n");
            prop_assert_eq!(decode(&wire, piece, up_to(300)).unwrap(), body);
        }
    }
}
