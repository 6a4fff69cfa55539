//! AWS Signature Version 4: reading, verifying and making signatures. Pure: keys and times are arguments.
//! Source: IAM User Guide, "AWS Signature Version 4 for API requests"; S3 API Reference, "Authenticating requests".

mod canonical;
mod chunk;
mod error;
mod head;
mod key;
mod parse;
mod payload;
mod sign;
mod verify;

pub(crate) use key::same_secret;

pub use canonical::{canonical_path, canonical_query};
pub use chunk::{ChunkHeader, ChunkSigner, MalformedChunk, parse_chunk_header};
pub use error::SignatureError;
pub use head::Head;
pub use key::{SigningKey, SigningKeys, derive_signing_key};
pub use parse::{Form, Presented, Scope, Signature, presented};
pub use payload::{PayloadCheck, PayloadHash};
pub use sign::{Credentials, Signer};
pub use verify::{Expected, Verified};

/// The one algorithm served. SigV4A (`AWS4-ECDSA-P256-SHA256`) is not.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The last part of a credential scope.
pub const TERMINATOR: &str = "aws4_request";
