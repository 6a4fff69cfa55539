use std::sync::Arc;

use crate::key::Key;
use crate::record::RecordError;

/// Why the store could not answer. To a client all of these are the service's internal failure.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    #[error("{0} on disk failed")]
    Io(&'static str, #[source] Arc<std::io::Error>),
    #[error("the record at {0:?} cannot be read")]
    Record(Key, #[source] Arc<RecordError>),
    #[error("{what} of {bytes} bytes is larger than {max}")]
    TooLarge { what: &'static str, bytes: usize, max: usize },
    #[error("the write was refused and nothing of it was kept: {0}")]
    Refused(Arc<str>),
    /// The store was closed, or ended after a write that the disk refused.
    #[error("the store has ended")]
    Ended,
    /// The transaction's own code panicked; nothing of it was kept.
    #[error("the transaction was abandoned")]
    Abandoned,
}

impl StoreError {
    pub(crate) fn io(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::Io(what, Arc::new(error))
    }

    pub(crate) fn record(key: &Key) -> impl FnOnce(RecordError) -> Self {
        let key = key.clone();
        move |error| Self::Record(key, Arc::new(error))
    }
}
