use subtle::ConstantTimeEq;

use super::{ChunkSigner, Form, Head, SignatureError, canonical::sha256_hex};

/// What a signature says of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayloadHash {
    /// Nothing is said: the hash is that of the body which arrives.
    OfBody,
    /// This hash, whatever arrives: it must be the body's.
    Sha256(String),
    /// `UNSIGNED-PAYLOAD`.
    Unsigned,
    /// aws-chunked, each chunk signed; with `trailer`, signed trailing headers.
    SignedChunks { trailer: bool },
    /// aws-chunked without chunk signatures, with trailing headers: `STREAMING-UNSIGNED-PAYLOAD-TRAILER`.
    UnsignedChunks,
}

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
const CHUNKS: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
const CHUNKS_TRAILER: &str = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
const UNSIGNED_CHUNKS: &str = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

impl PayloadHash {
    /// Reads `x-amz-content-sha256`. Without one a presigned URL of S3 leaves the body open, and everything else covers it.
    pub(super) fn of(head: &Head<'_>, form: Form, is_s3: bool) -> Self {
        let said = head.text("x-amz-content-sha256").map(|text| text.trim().to_owned());
        let said = said.or_else(|| match form {
            Form::Query => head.parameter("X-Amz-Content-Sha256"),
            Form::Header => None,
        });
        match said.as_deref() {
            None if form == Form::Query && is_s3 => Self::Unsigned,
            None => Self::OfBody,
            Some(UNSIGNED) => Self::Unsigned,
            Some(CHUNKS) => Self::SignedChunks { trailer: false },
            Some(CHUNKS_TRAILER) => Self::SignedChunks { trailer: true },
            Some(UNSIGNED_CHUNKS) => Self::UnsignedChunks,
            Some(hash) => Self::Sha256(hash.to_owned()),
        }
    }

    /// The last line of the canonical request.
    pub(super) fn line(&self, body: &[u8]) -> String {
        match self {
            Self::OfBody => sha256_hex(body),
            Self::Sha256(hash) => hash.clone(),
            Self::Unsigned => UNSIGNED.to_owned(),
            Self::SignedChunks { trailer: false } => CHUNKS.to_owned(),
            Self::SignedChunks { trailer: true } => CHUNKS_TRAILER.to_owned(),
            Self::UnsignedChunks => UNSIGNED_CHUNKS.to_owned(),
        }
    }
}

/// What is left to check of a body once the head is verified.
#[derive(Clone, Debug)]
pub enum PayloadCheck {
    /// Nothing: the body was covered, or is not.
    Done,
    /// The body's SHA-256 must be this, in hexadecimal: ask [`PayloadCheck::finish`] when it has all arrived.
    Sha256(String),
    /// Every chunk must verify; with `trailer`, the trailing headers too.
    SignedChunks { signer: ChunkSigner, trailer: bool },
    /// aws-chunked without signatures.
    UnsignedChunks,
}

impl PayloadCheck {
    /// What to do with a body whose signature nobody can check: chunks are still chunks.
    pub(crate) fn unproven(head: &Head<'_>) -> Self {
        match PayloadHash::of(head, Form::Header, true) {
            PayloadHash::SignedChunks { .. } | PayloadHash::UnsignedChunks => Self::UnsignedChunks,
            PayloadHash::OfBody | PayloadHash::Sha256(_) | PayloadHash::Unsigned => Self::Done,
        }
    }

    /// Compares the SHA-256 of a body that was streamed with the promised one.
    /// Errors: `BodyMismatch`.
    pub fn finish(&self, body_sha256: &[u8; 32]) -> Result<(), SignatureError> {
        match self {
            Self::Sha256(promised) => {
                let came = hex::encode(body_sha256);
                let same: bool = came.as_bytes().ct_eq(promised.to_ascii_lowercase().as_bytes()).into();
                if same { Ok(()) } else { Err(SignatureError::BodyMismatch) }
            }
            _ => Ok(()),
        }
    }
}
