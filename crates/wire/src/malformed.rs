use crate::ApiError;

/// A request that cannot be read as its shapes say. Becomes AWS's `SerializationException`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    /// The bytes are not of the format at all: AWS gives no message.
    #[error("malformed body")]
    Syntax,
    /// A value of the wrong type, in AWS's words.
    #[error("{0}")]
    Type(String),
}

impl Malformed {
    pub(crate) fn of_type(text: impl Into<String>) -> Self {
        Self::Type(text.into())
    }
}

impl From<Malformed> for ApiError {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::Syntax => {
                Self { message: None, ..Self::framework(400, "SerializationException", String::new()) }
            }
            Malformed::Type(text) => Self::framework(400, "SerializationException", text),
        }
    }
}
