/// Why a signature is refused. The text is AWS's for every service but S3; `access::Refusal` gives codes and statuses.
/// Source: IAM User Guide, "Troubleshoot Signature Version 4 signing for AWS API requests"; answers that users of the SDKs
/// have published.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SignatureError {
    #[error("Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")]
    BothForms,
    #[error("Request is missing Authentication Token")]
    Missing,
    /// A signature of another kind: Signature Version 2.
    #[error("The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")]
    Unsupported,
    #[error("'{part}' not a valid key=value pair (missing equal-sign) in Authorization header: '{header}'.")]
    NotKeyValue { part: String, header: String },
    /// `missing` is one sentence for each part.
    #[error("{} Authorization={header}", missing.join(" "))]
    HeaderIncomplete { missing: Vec<&'static str>, header: String },
    #[error("{} Re-examine the query-string parameters.", missing.join(" "))]
    QueryIncomplete { missing: Vec<&'static str> },
    #[error(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{got}'"
    )]
    CredentialMalformed { got: String },
    #[error("Date must be in ISO-8601 'basic format'. Got '{got}'. See http://en.wikipedia.org/wiki/ISO_8601")]
    DateMalformed { got: String },
    /// `X-Amz-Expires` is not a number of seconds between 1 and 604800.
    #[error("X-Amz-Expires must be a number between 1 and 604800 seconds. Got '{got}'.")]
    ExpiresMalformed { got: String },
    #[error("Signature expired: {signed} is now earlier than {earliest} ({now} - {allowed})")]
    Expired { signed: String, earliest: String, now: String, allowed: String, presigned: bool },
    #[error("Signature not yet current: {signed} is still later than {latest} ({now} + {allowed})")]
    NotYetCurrent { signed: String, latest: String, now: String, allowed: String },
    #[error("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")]
    HostNotSigned,
    /// S3 wants every `x-amz-*` header signed.
    #[error("There were headers present in the request which were not signed")]
    HeadersNotSigned(Vec<String>),
    #[error("Unsupported AWS 'algorithm': '{0}'.")]
    UnsupportedAlgorithm(String),
    #[error(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope}' != '{day}', from '{date}'."
    )]
    ScopeDate { scope: String, day: String, date: String },
    #[error("Credential should be scoped to a valid region, not '{0}'. ")]
    ScopeRegion(String),
    #[error("Credential should be scoped to correct service: '{0}'. ")]
    ScopeService(String),
    #[error("Credential should be scoped with a valid terminator: 'aws4_request', not '{0}'. ")]
    ScopeTerminator(String),
    /// The key is not ours, is inactive, or the session token is not the key's.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    #[error("The security token included in the request is invalid.")]
    TokenInvalid,
    #[error("The security token included in the request is expired")]
    TokenExpired,
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'{canonical}'\n\nThe String-to-Sign should have been\n'{string_to_sign}'\n"
    )]
    Mismatch { canonical: String, string_to_sign: String },
    /// The body is not the one whose hash was signed.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    BodyMismatch,
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your key and signing method."
    )]
    ChunkMismatch,
}
