use api_sqs::types::BatchResultErrorEntry;

use crate::error::Error;

/// An entry that could not be done, while others were.
pub(super) fn failed(id: String, error: Error) -> BatchResultErrorEntry {
    let sender_fault = !matches!(error, Error::Store(_) | Error::Damaged);
    let (code, message) = error.into_parts();
    BatchResultErrorEntry { id, sender_fault, code, message: Some(message) }
}
