use api_logs::errors as aws;
use wire::ApiError;

use crate::limits::RETENTION_DAYS;
use crate::patterns::InvalidPattern;

/// Everything that an operation can refuse, worded as AWS words it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("The specified log group does not exist.")]
    NoSuchGroup,
    #[error("The specified log stream does not exist.")]
    NoSuchStream,
    #[error("The specified log group already exists")]
    GroupExists,
    #[error("The specified log stream already exists")]
    StreamExists,
    #[error("Resource limit exceeded.")]
    LimitExceeded,
    #[error("The specified nextToken is invalid.")]
    InvalidToken,
    #[error("LogGroup name and LogGroup ARN are mutually exclusive parameters.")]
    NameAndIdentifier,
    #[error("LogGroup name or LogGroup ARN must be specified.")]
    NoGroupGiven,
    #[error("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")]
    PrefixAndPattern,
    #[error("Log stream names and log stream name prefix are mutually exclusive parameters.")]
    NamesAndPrefix,
    #[error("Cannot order by LastEventTime with a logStreamNamePrefix.")]
    PrefixWithEventTime,
    #[error("Log events in a single PutLogEvents request must be in chronological order.")]
    NotChronological,
    #[error("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")]
    BatchSpan,
    #[error("Upload too large: {bytes} bytes exceeds limit of {max}")]
    BatchTooLarge { bytes: usize, max: usize },
    #[error("Log event too large: {bytes} bytes exceeds limit of {max}")]
    EventTooLarge { bytes: usize, max: usize },
    #[error("Invalid retention value. Valid values are: {RETENTION_DAYS:?}")]
    Retention,
    #[error("Log groups starting with AWS/ are reserved for AWS.")]
    ReservedName,
    #[error("startFromHead cannot be false for a startTime before January 1, 2024.")]
    TooOldForNewestFirst,
    #[error(transparent)]
    Pattern(#[from] InvalidPattern),
    #[error("Invalid filter pattern: {0}")]
    LiveTailPattern(InvalidPattern),
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Validation(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Conflict(String),
    #[error("{0}")]
    AccessDenied(&'static str),
    #[error("{0}")]
    TooManyTags(String),
    #[error(transparent)]
    Api(Box<ApiError>),
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error("a stored chunk of events is damaged")]
    DamagedChunk,
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let words = error.to_string();
        match error {
            Error::NoSuchGroup | Error::NoSuchStream | Error::NotFound(_) => aws::resource_not_found_exception(words),
            Error::GroupExists | Error::StreamExists => aws::resource_already_exists_exception(words),
            Error::LimitExceeded => aws::limit_exceeded_exception(words),
            Error::NameAndIdentifier | Error::Validation(_) => aws::validation_exception(words),
            Error::Conflict(_) => aws::conflict_exception(words),
            Error::AccessDenied(_) => aws::access_denied_exception(words),
            Error::TooManyTags(_) => aws::too_many_tags_exception(words),
            Error::Api(error) => *error,
            Error::Store(_) | Error::DamagedChunk => Self::internal(words),
            Error::InvalidToken
            | Error::NoGroupGiven
            | Error::PrefixAndPattern
            | Error::NamesAndPrefix
            | Error::PrefixWithEventTime
            | Error::NotChronological
            | Error::BatchSpan
            | Error::BatchTooLarge { .. }
            | Error::EventTooLarge { .. }
            | Error::Retention
            | Error::ReservedName
            | Error::TooOldForNewestFirst
            | Error::Pattern(_)
            | Error::LiveTailPattern(_)
            | Error::Invalid(_) => aws::invalid_parameter_exception(words),
        }
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}
