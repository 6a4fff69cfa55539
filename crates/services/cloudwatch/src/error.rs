use api_cloudwatch::errors as aws;
use wire::{ApiError, ErrorClass};

/// Everything that an operation can refuse, worded as AWS words it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Invalid(String),
    #[error("{0}")]
    Combination(String),
    #[error("{0}")]
    Missing(String),
    /// GetMetricData words its faults as violations of its model.
    #[error("{0}")]
    Validation(String),
    #[error("The specified nextToken is invalid.")]
    InvalidToken,
    /// Said without words.
    #[error("there is no such alarm")]
    NoSuchAlarm,
    #[error("{0} does not exist")]
    NoSuchResource(String),
    #[error("{0}")]
    Format(&'static str),
    #[error(transparent)]
    Api(Box<ApiError>),
    #[error(transparent)]
    Store(#[from] store::StoreError),
    #[error("a stored point is damaged")]
    Damaged,
}

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let words = error.to_string();
        match error {
            Error::Invalid(_) => aws::invalid_parameter_value_exception(words),
            Error::Combination(_) => aws::invalid_parameter_combination_exception(words),
            Error::Missing(_) => aws::missing_required_parameter_exception(words),
            Error::Validation(_) => {
                let error = Self::unmodeled(400, "ValidationError", words);
                Self { json_name: Some("ValidationException"), class: ErrorClass::Validation, ..error }
            }
            Error::InvalidToken => aws::invalid_next_token(words),
            Error::NoSuchAlarm => Self { message: None, ..aws::resource_not_found(words) },
            Error::NoSuchResource(_) => aws::resource_not_found_exception(words),
            Error::Format(_) => aws::invalid_format_fault(words),
            Error::Api(error) => *error,
            Error::Store(_) | Error::Damaged => Self::internal(words),
        }
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}
