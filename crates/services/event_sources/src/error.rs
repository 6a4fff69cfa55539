//! The one table from what went wrong to what AWS answers.

use api_lambda::errors as aws;
use kernel::TagError;
use store::StoreError;
use wire::{ApiError, Doc};

use crate::limits::{FILTERS_MAX, SQS_BATCH_SIZE_UNWINDOWED_MAX};
use crate::model::settings::Refused;

/// What an operation can answer instead of success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("no such mapping")]
    NotFound,
    #[error("the function does not exist")]
    FunctionNotFound,
    #[error("the ARN names nothing that can be read")]
    UnknownSource,
    #[error("{0} cannot be a source yet")]
    SourceNotServed(&'static str),
    #[error("{0} does not go with the source")]
    Unsupported(&'static str),
    #[error("a queue has no place to start from")]
    StartingPosition,
    #[error("the settings cannot be: {0:?}")]
    Settings(Refused),
    #[error("a mapping of {source_arn} for {function} exists: {uuid}")]
    Exists { source_arn: String, function: String, uuid: String },
    #[error("the mapping is changing and cannot be {0}")]
    InUse(&'static str),
    #[error("the queue cannot be read: {code}: {words}")]
    Queue { code: String, words: String },
    #[error("the queue is in {queue}, the function in {function}")]
    OtherRegion { queue: String, function: String },
    #[error("a visibility timeout of {visibility_s} s, a timeout of {timeout_s} s")]
    Visibility { visibility_s: u64, timeout_s: i32 },
    #[error("the role may not {0}")]
    RoleMayNot(String),
    #[error("a page token of another list")]
    PageToken,
    #[error("{0}")]
    Tags(#[from] TagError),
    /// As another room answered it.
    #[error("{0}")]
    Other(ApiError),
    #[error("{0}")]
    Store(#[from] StoreError),
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

fn user(error: ApiError) -> ApiError {
    error.with("Type", Doc::Str("User".to_owned()))
}

fn invalid(words: impl Into<String>) -> ApiError {
    user(aws::invalid_parameter_value_exception(words))
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => user(aws::resource_not_found_exception("The resource you requested does not exist.")),
            Error::FunctionNotFound => invalid("Function does not exist"),
            Error::UnknownSource => invalid("Unrecognized event source."),
            Error::SourceNotServed(source) => {
                Self::not_implemented("lambda", &format!("event source mappings of {source}"))
            }
            Error::Unsupported(parameter) => {
                invalid(format!("Unsupported {parameter} parameter for given event source mapping type."))
            }
            // Source: AWS's answer in motdotla/node-lambda, issue 466.
            Error::StartingPosition => invalid("StartingPosition is not valid for SQS event sources."),
            Error::Settings(refused) => invalid(settings(refused)),
            Error::Exists { source_arn, function, uuid } => user(aws::resource_conflict_exception(format!(
                "An event source mapping with SQS arn (\" {source_arn} \") and function (\" {function} \") already exists. \
                 Please update or delete the existing mapping with UUID {uuid}"
            ))),
            Error::InUse(done) => user(aws::resource_in_use_exception(format!(
                "Cannot {done} the event source mapping because it is in use."
            ))),
            Error::Queue { code, words } => invalid(format!(
                "Error occurred while ReceiveMessage. SQS Error Code: {code}. SQS Error Message: {words}"
            )),
            Error::OtherRegion { queue, function } => invalid(format!(
                "The queue and the function must be in the same region: the queue is in {queue}, the function in {function}."
            )),
            Error::Visibility { visibility_s, timeout_s } => invalid(format!(
                "Queue visibility timeout: {visibility_s} seconds is less than Function timeout: {timeout_s} seconds"
            )),
            Error::RoleMayNot(words) => invalid(words),
            Error::PageToken => invalid("Invalid pagination token."),
            Error::Tags(error) => invalid(match error {
                TagError::TooMany { .. } => "Number of tags exceeds resource tag limit.".to_owned(),
                TagError::Reserved { .. } => "System tags cannot be added/updated by requester.".to_owned(),
                TagError::Duplicate { .. } => error.to_string(),
            }),
            Error::Other(error) => error,
            Error::Store(error) => Self::internal(error),
        }
    }
}

/// The first three and the filters' are AWS's words; of the others it is known that AWS refuses, not how.
fn settings(refused: Refused) -> String {
    match refused {
        Refused::WindowMissing => format!(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than \
             {SQS_BATCH_SIZE_UNWINDOWED_MAX}"
        ),
        Refused::FifoWindow => "Batching window is not supported for FIFO queues".to_owned(),
        Refused::Filter => "Invalid filter pattern definition.".to_owned(),
        Refused::FifoBatchSize => {
            format!("Maximum batch size for FIFO queues is {SQS_BATCH_SIZE_UNWINDOWED_MAX}")
        }
        Refused::TooManyFilters => format!("A mapping can have at most {FILTERS_MAX} filters."),
        Refused::TwoScalings => "ScalingConfig and ProvisionedPollerConfig cannot be used together.".to_owned(),
        Refused::Pollers => {
            "MinimumPollers must be at least 2, and MaximumPollers must be at least MinimumPollers.".to_owned()
        }
    }
}
