use api_sqs::errors as aws;
use wire::{ApiError, ErrorClass};

use crate::limits::{BATCH_BYTES_MAX, IN_FLIGHT_MAX};

/// Everything that an operation can refuse, worded as AWS words it.
/// Source: SQS API Reference, what AWS was recorded to answer, and what users have reported of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("The specified queue does not exist.")]
    NoSuchQueue,
    #[error("You must wait 60 seconds after deleting a queue before you can create another with the same name.")]
    DeletedRecently,
    #[error("A queue already exists with the same name and a different value for {0}")]
    QueueExists(String),
    #[error("Unknown Attribute {0}.")]
    UnknownAttribute(String),
    #[error("{0}")]
    AttributeValue(String),
    /// `InvalidParameterValue` in words of its own.
    #[error("{0}")]
    Invalid(String),
    #[error("The request must contain the parameter {0}.")]
    Missing(String),
    #[error("The address {0} is not valid for this endpoint.")]
    Address(String),
    #[error("Only one PurgeQueue operation on {0} is allowed every 60 seconds.")]
    PurgeInProgress(String),
    #[error("The input receipt handle \"{0}\" is not a valid receipt handle.")]
    Receipt(String),
    #[error("{0}")]
    Contents(String),
    #[error("{0}")]
    Unsupported(&'static str),
    #[error("Too many messages in flight. The maximum number of in flight messages is {IN_FLIGHT_MAX}.")]
    InFlight,
    #[error("{0}")]
    OverLimit(String),
    #[error("There should be at least one {0} in the request.")]
    EmptyBatch(&'static str),
    #[error("Maximum number of entries per request are 10. You have sent {0}.")]
    TooManyEntries(usize),
    #[error("Id {0} repeated.")]
    NotDistinct(String),
    #[error(
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters \
         long."
    )]
    BatchId,
    #[error("Batch requests cannot be longer than {BATCH_BYTES_MAX} bytes. You have sent {0} bytes.")]
    BatchTooLong(usize),
    /// Asked of a queue's URL, and about no queue.
    #[error("The action {0} is not valid for this endpoint.")]
    NotHere(&'static str),
    #[error("{0}")]
    NotFound(&'static str),
    #[error("User: {caller} is not authorized to perform: {action} on resource: {resource}{because}")]
    AccessDenied { caller: String, action: String, resource: String, because: &'static str },
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error("a stored message is damaged")]
    Damaged,
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// `Value 901 for parameter DelaySeconds is invalid. Reason: …`
pub(crate) fn invalid(parameter: &str, value: impl std::fmt::Display, reason: &str) -> Error {
    Error::Invalid(format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"))
}

/// A parameter that must be there.
pub(crate) fn required<T>(value: Option<T>, parameter: &str) -> Result<T> {
    value.ok_or_else(|| Error::Missing(parameter.to_owned()))
}

impl Error {
    /// The code of a failed entry of a batch.
    pub(crate) fn into_parts(self) -> (String, String) {
        let error = ApiError::from(self);
        (error.code.into_owned(), error.message.unwrap_or_default())
    }
}

/// An error of the framework: JSON calls it otherwise than the query protocol.
fn framework(code: &'static str, json_name: &'static str, words: String) -> ApiError {
    let error = ApiError::unmodeled(400, code, words);
    ApiError { json_name: Some(json_name), class: ErrorClass::Framework, empty_detail: true, ..error }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let words = error.to_string();
        let detailed = |error: ApiError| ApiError { empty_detail: true, ..error };
        match error {
            Error::NoSuchQueue => detailed(aws::queue_does_not_exist(words)),
            Error::DeletedRecently => detailed(aws::queue_deleted_recently(words)),
            Error::QueueExists(_) => detailed(aws::queue_name_exists(words)),
            Error::UnknownAttribute(_) => detailed(aws::invalid_attribute_name(words)),
            Error::AttributeValue(_) => detailed(aws::invalid_attribute_value(words)),
            Error::Invalid(_) => framework("InvalidParameterValue", "InvalidParameterValueException", words),
            Error::Missing(_) => framework("MissingParameter", "MissingRequiredParameterException", words),
            Error::Address(_) => detailed(aws::invalid_address(words)),
            Error::PurgeInProgress(_) => detailed(aws::purge_queue_in_progress(words)),
            Error::Receipt(_) => detailed(aws::receipt_handle_is_invalid(words)),
            Error::Contents(_) => detailed(aws::invalid_message_contents(words)),
            Error::Unsupported(_) => detailed(aws::unsupported_operation(words)),
            Error::InFlight | Error::OverLimit(_) => detailed(aws::over_limit(words)),
            // Recorded without a detail.
            Error::EmptyBatch(_) => aws::empty_batch_request(words),
            Error::TooManyEntries(_) => aws::too_many_entries_in_batch_request(words),
            Error::NotDistinct(_) => aws::batch_entry_ids_not_distinct(words),
            Error::BatchId => aws::invalid_batch_entry_id(words),
            Error::BatchTooLong(_) => aws::batch_request_too_long(words),
            Error::NotHere(_) => framework("InvalidAction", "InvalidAction", words),
            Error::NotFound(_) => detailed(aws::resource_not_found_exception(words)),
            Error::AccessDenied { .. } => {
                let error = ApiError::unmodeled(403, "AccessDenied", words);
                ApiError { json_name: Some("AccessDeniedException"), class: ErrorClass::Framework, ..error }
            }
            Error::Store(_) | Error::Damaged => Self::internal(words),
        }
    }
}
