//! What can go wrong in STS, and the one table to AWS's codes and texts.

use api_sts::errors as sts;
use store::StoreError;
use wire::ApiError;

use crate::error::{access_denied, validation};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the request is not signed")]
    NotSigned,
    #[error("'{0}' is not an ARN")]
    UnreadableArn(String),
    #[error("{caller} may not {action} {resource}")]
    NotAllowed { caller: String, action: &'static str, resource: String },
    #[error("root asks for the role")]
    RootAsksForRole,
    #[error("{0} is for long-term keys")]
    SessionAsks(&'static str),
    #[error("the session is longer than the role allows")]
    LongerThanRole,
    #[error("the session is longer than a chained one may be")]
    LongerThanChained,
    #[error("the policy is malformed: {0}")]
    MalformedPolicy(String),
    #[error("the session's policies and tags take {0} % of what they may")]
    TooLarge(usize),
    #[error("the policy {0} does not exist")]
    NoSuchPolicy(String),
    #[error("the document of {0} is not known")]
    DocumentUnknown(String),
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Iam(#[from] crate::error::Error),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        use Error as E;
        match error {
            E::NotSigned => {
                ApiError::unmodeled(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
            }
            E::UnreadableArn(arn) => validation(format!("{arn} is invalid")),
            E::NotAllowed { caller, action, resource } => {
                access_denied(format!("User: {caller} is not authorized to perform: {action} on resource: {resource}"))
            }
            E::RootAsksForRole => access_denied("Roles may not be assumed by root accounts."),
            E::SessionAsks(operation) => access_denied(format!("Cannot call {operation} with session credentials")),
            E::LongerThanRole => {
                validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
            }
            E::LongerThanChained => validation(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
            ),
            E::MalformedPolicy(text) => sts::malformed_policy_document_exception(text),
            E::TooLarge(percent) => sts::packed_policy_too_large_exception(format!(
                "Packed policy consumes {percent}% of allotted space, please use smaller policy."
            )),
            E::NoSuchPolicy(arn) => validation(format!("Policy {arn} does not exist or is not attachable.")),
            E::DocumentUnknown(arn) => ApiError::unmodeled(
                501,
                "NotImplementedException",
                format!("gureum does not have the document of {arn} yet"),
            ),
            E::Invalid(text) => validation(text),
            E::Store(error) => ApiError::internal(format!("{error:?}")),
            E::Iam(error) => ApiError::internal(format!("{error:?}")),
        }
    }
}
