//! Bounds of this room, each with its unit and source.

use std::time::Duration;

/// How far a signature's date may lie from ours, either way. Source: IAM User Guide, "Signature Version 4 signing
/// elements" (five minutes); texts of answers say `- 5 min.`.
pub const SKEW_MAX: Duration = Duration::from_secs(5 * 60);

/// The same for S3 and for STS, which give fifteen minutes. Source: S3 API Reference, "RequestTimeTooSkewed"; STS answers
/// `- 15 min.`.
pub const SKEW_MAX_LONG: Duration = Duration::from_secs(15 * 60);

/// `X-Amz-Expires`, in seconds: seven days. Source: S3 API Reference, "Authenticating requests: using query parameters".
pub const EXPIRES_MAX_S: u64 = 604_800;

/// Derived signing keys kept, in each of two generations.
pub const SIGNING_KEYS_MAX: usize = 1024;

/// The length of a region's name that is taken from a credential scope, in bytes. Ours: AWS's longest has 14.
pub const REGION_BYTES_MAX: usize = 40;

/// A chunk's header line, without CRLF, in bytes: sixteen digits of size and the longest extension with room to spare.
pub const CHUNK_HEADER_BYTES_MAX: usize = 256;

/// How far back a key may come from another through sessions (a role assumed by a role, and so on).
pub const SESSION_CHAIN_MAX: usize = 16;

/// The address of the proxy that a user had before `exec`, with its credentials, in bytes. Ours: what fits a header line.
pub const FORMER_PROXY_BYTES_MAX: usize = 2048;
