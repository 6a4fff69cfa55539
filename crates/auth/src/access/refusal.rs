use wire::{ApiError, Doc, ProtocolKind};

use crate::sigv4::SignatureError;

/// Why a call was not let in.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error(
        "A page of {origin} may not use this endpoint. If it should, start gureum with --cors-origin and that page's origin."
    )]
    CrossSite { origin: String },
    #[error(
        "'{host}' is not a name of this server, so an unsigned request to it is refused. If it should be, start gureum with --host {host}, or sign with a key of its own."
    )]
    ForeignHost { host: String },
}

/// How a family of services words its refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalStyle {
    /// awsJson and CBOR: `…Exception`, 400.
    Json,
    /// restJson1: `…Exception`, 403.
    Rest,
    /// awsQuery: codes without `Exception`, 403.
    Query,
    /// S3's own codes and texts.
    S3,
}

impl From<ProtocolKind> for RefusalStyle {
    fn from(kind: ProtocolKind) -> Self {
        match kind {
            ProtocolKind::AwsQuery => Self::Query,
            ProtocolKind::RestJson1 => Self::Rest,
            ProtocolKind::RestXml => Self::S3,
            ProtocolKind::AwsJson10 | ProtocolKind::AwsJson11 | ProtocolKind::RpcV2Cbor | ProtocolKind::AwsCbor11 => {
                Self::Json
            }
        }
    }
}

/// The generic codes: awsJson's and restJson1's, and awsQuery's with its status.
struct Codes {
    exception: &'static str,
    query: &'static str,
    query_status: u16,
}

impl Refusal {
    /// The answer that AWS gives, in the words of the protocol that asked.
    /// Source: "Common errors" of the IAM, STS, DynamoDB and Lambda API references; S3 API Reference, "Error responses".
    pub fn to_api_error(&self, style: RefusalStyle) -> ApiError {
        match (self, style) {
            (Self::Signature(error), RefusalStyle::S3) => s3(error),
            (Self::Signature(error), style) => generic(error, style),
            (Self::CrossSite { .. } | Self::ForeignHost { .. }, RefusalStyle::Json | RefusalStyle::Rest) => {
                ApiError::framework(403, "AccessDeniedException", self.to_string())
            }
            (Self::CrossSite { .. } | Self::ForeignHost { .. }, _) => {
                ApiError::framework(403, "AccessDenied", self.to_string())
            }
        }
    }
}

fn codes(error: &SignatureError) -> Codes {
    use SignatureError as E;
    let (exception, query, query_status) = match error {
        E::Missing => ("MissingAuthenticationTokenException", "MissingAuthenticationToken", 403),
        E::NotKeyValue { .. }
        | E::HeaderIncomplete { .. }
        | E::QueryIncomplete { .. }
        | E::CredentialMalformed { .. }
        | E::DateMalformed { .. }
        | E::ExpiresMalformed { .. }
        | E::UnsupportedAlgorithm(_)
        | E::Unsupported => ("IncompleteSignatureException", "IncompleteSignature", 400),
        E::UnknownKey | E::TokenInvalid => ("UnrecognizedClientException", "InvalidClientTokenId", 403),
        E::TokenExpired => ("ExpiredTokenException", "ExpiredToken", 403),
        E::BothForms
        | E::Expired { .. }
        | E::NotYetCurrent { .. }
        | E::HostNotSigned
        | E::HeadersNotSigned(_)
        | E::ScopeDate { .. }
        | E::ScopeRegion(_)
        | E::ScopeService(_)
        | E::ScopeTerminator(_)
        | E::Mismatch { .. }
        | E::BodyMismatch
        | E::ChunkMismatch => ("InvalidSignatureException", "SignatureDoesNotMatch", 403),
    };
    Codes { exception, query, query_status }
}

fn generic(error: &SignatureError, style: RefusalStyle) -> ApiError {
    let codes = codes(error);
    match style {
        RefusalStyle::Query => ApiError::framework(codes.query_status, codes.query, error.to_string()),
        RefusalStyle::Rest if *error == SignatureError::Missing => {
            ApiError::framework(403, codes.exception, "Missing Authentication Token")
        }
        RefusalStyle::Rest => ApiError::framework(403, codes.exception, error.to_string()),
        RefusalStyle::Json | RefusalStyle::S3 => ApiError::framework(400, codes.exception, error.to_string()),
    }
}

fn s3(error: &SignatureError) -> ApiError {
    use SignatureError as E;
    let denied = |message: &str| ApiError::framework(403, "AccessDenied", message);
    match error {
        E::Missing => denied("Access Denied"),
        E::HeadersNotSigned(names) => denied(&error.to_string()).with("HeadersNotSigned", Doc::Str(names.join(", "))),
        E::Expired { presigned: true, .. } => denied("Request has expired"),
        E::Expired { .. } | E::NotYetCurrent { .. } => ApiError::framework(
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        ),
        E::UnknownKey => ApiError::framework(
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        E::TokenInvalid => {
            ApiError::framework(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
        }
        E::TokenExpired => ApiError::framework(400, "ExpiredToken", "The provided token has expired."),
        E::BodyMismatch => ApiError::framework(400, "XAmzContentSHA256Mismatch", error.to_string()),
        E::Mismatch { canonical, string_to_sign } => ApiError::framework(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
        )
        .with("StringToSign", Doc::Str(string_to_sign.clone()))
        .with("CanonicalRequest", Doc::Str(canonical.clone())),
        E::ChunkMismatch => ApiError::framework(403, "SignatureDoesNotMatch", error.to_string()),
        E::Unsupported | E::BothForms => ApiError::framework(400, "InvalidRequest", error.to_string()),
        E::QueryIncomplete { .. } => ApiError::framework(
            400,
            "AuthorizationQueryParametersError",
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        ),
        E::ExpiresMalformed { .. } => {
            ApiError::framework(400, "AuthorizationQueryParametersError", error.to_string())
        }
        E::HeaderIncomplete { .. } => ApiError::framework(
            400,
            "AuthorizationHeaderMalformed",
            "The authorization header is malformed; the authorization header requires three components: Credential, SignedHeaders, and Signature.",
        ),
        E::NotKeyValue { .. }
        | E::CredentialMalformed { .. }
        | E::DateMalformed { .. }
        | E::HostNotSigned
        | E::UnsupportedAlgorithm(_)
        | E::ScopeDate { .. }
        | E::ScopeRegion(_)
        | E::ScopeService(_)
        | E::ScopeTerminator(_) => ApiError::framework(400, "AuthorizationHeaderMalformed", error.to_string()),
    }
}
