//! aws-chunked: the signatures of chunks and trailing headers, each made from the one before.
//! Source: S3 API Reference, "Signature calculations: transferring payload in multiple chunks" and "… trailing headers".

use super::canonical::sha256_hex;
use super::key::same_secret;
use super::{SignatureError, SigningKey};
use crate::limits::CHUNK_HEADER_BYTES_MAX;

/// The state of a chain: each signature takes in the one before, beginning with that of the head.
#[derive(Clone, Debug)]
pub struct ChunkSigner {
    key: SigningKey,
    /// `20130524T000000Z`.
    date: String,
    /// `20130524/us-east-1/s3/aws4_request`.
    scope: String,
    previous: String,
}

impl ChunkSigner {
    /// `seed` is the signature of the request's head.
    pub fn new(key: SigningKey, date: &str, scope: &str, seed: &str) -> Self {
        Self { key, date: date.to_owned(), scope: scope.to_owned(), previous: seed.to_owned() }
    }

    /// The next chunk's signature. `data_sha256` is the hash of the chunk's data; the last chunk has none.
    pub fn sign(&mut self, data_sha256: &[u8; 32]) -> String {
        self.next("PAYLOAD", &format!("{}\n{}", sha256_hex(b""), hex::encode(data_sha256)))
    }

    /// The trailer's signature. `trailer` is what arrived, as `name:value\n` for each header but the signature.
    pub fn sign_trailer(&mut self, trailer: &[u8]) -> String {
        self.next("TRAILER", &sha256_hex(trailer))
    }

    /// Checks the next chunk. Errors: `ChunkMismatch`.
    pub fn verify(&mut self, data_sha256: &[u8; 32], signature: &str) -> Result<(), SignatureError> {
        let expected = self.sign(data_sha256);
        if same_secret(&expected, signature) { Ok(()) } else { Err(SignatureError::ChunkMismatch) }
    }

    /// Checks the trailer. Errors: `ChunkMismatch`.
    pub fn verify_trailer(&mut self, trailer: &[u8], signature: &str) -> Result<(), SignatureError> {
        let expected = self.sign_trailer(trailer);
        if same_secret(&expected, signature) { Ok(()) } else { Err(SignatureError::ChunkMismatch) }
    }

    fn next(&mut self, kind: &str, rest: &str) -> String {
        let Self { key, date, scope, previous } = self;
        let text = format!("{}-{kind}\n{date}\n{scope}\n{previous}\n{rest}", super::ALGORITHM);
        let signature = key.sign(text.as_bytes());
        previous.clone_from(&signature);
        signature
    }
}

/// The line before a chunk's data: `10000;chunk-signature=ad80…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkHeader<'a> {
    /// In bytes; zero ends the chunks.
    pub size: u64,
    pub signature: Option<&'a str>,
}

#[derive(Debug, thiserror::Error, PartialEq)]
#[error("the chunk's header is malformed")]
pub struct MalformedChunk;

/// Reads a chunk's header line, without its CRLF. Unknown extensions are passed over.
/// Errors: a size that is not 1 to 16 hexadecimal digits, a line longer than `limits::CHUNK_HEADER_BYTES_MAX`.
pub fn parse_chunk_header(line: &[u8]) -> Result<ChunkHeader<'_>, MalformedChunk> {
    if line.len() > CHUNK_HEADER_BYTES_MAX {
        return Err(MalformedChunk);
    }
    let line = std::str::from_utf8(line).map_err(|_| MalformedChunk)?;
    let mut parts = line.split(';');
    let size = parts.next().unwrap_or_default().trim();
    if size.len() > 16 || !size.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(MalformedChunk);
    }
    let size = u64::from_str_radix(size, 16).map_err(|_| MalformedChunk)?;
    let signature = parts.find_map(|part| part.trim().strip_prefix("chunk-signature="));
    Ok(ChunkHeader { size, signature })
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::super::{Scope, derive_signing_key};
    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn signer(seed: &str) -> ChunkSigner {
        let scope = Scope { date: "20130524".to_owned(), region: "us-east-1".to_owned(), service: "s3".to_owned() };
        ChunkSigner::new(derive_signing_key(SECRET, &scope), "20130524T000000Z", &scope.to_string(), seed)
    }

    fn hash(data: &[u8]) -> [u8; 32] {
        Sha256::digest(data).into()
    }

    #[test]
    fn the_documented_three_chunks_verify() {
        let mut chain = signer("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
        for (length, signature) in [
            (65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
            (1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
            (0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
        ] {
            assert_eq!(chain.verify(&hash(&vec![b'a'; length]), signature), Ok(()), "{length}");
        }
    }

    #[test]
    fn the_documented_trailer_verifies() {
        let mut chain = signer("106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
        for (length, signature) in [
            (65_536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
            (1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
            (0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"),
        ] {
            assert_eq!(chain.verify(&hash(&vec![b'a'; length]), signature), Ok(()), "{length}");
        }
        let trailer = b"x-amz-checksum-crc32c:sOO8/Q==\n";
        let signature = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";
        assert_eq!(chain.verify_trailer(trailer, signature), Ok(()));
    }

    #[test]
    fn a_changed_chunk_is_refused() {
        let mut chain = signer("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
        let signature = "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648";
        assert_eq!(chain.verify(&hash(b"other"), signature), Err(SignatureError::ChunkMismatch));
    }

    #[test]
    fn chunk_headers_are_read() {
        let read = |line: &'static str| parse_chunk_header(line.as_bytes());
        assert_eq!(read("10000;chunk-signature=ab"), Ok(ChunkHeader { size: 65_536, signature: Some("ab") }));
        assert_eq!(read("0"), Ok(ChunkHeader { size: 0, signature: None }));
        assert_eq!(read("ffffffffffffffff"), Ok(ChunkHeader { size: u64::MAX, signature: None }));
        for bad in ["", "-1", "+1", "0x10", "g", "10000000000000000", ";chunk-signature=ab", "1 2"] {
            assert_eq!(read(bad), Err(MalformedChunk), "{bad}");
        }
    }
}
