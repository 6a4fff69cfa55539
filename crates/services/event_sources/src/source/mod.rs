//! What a mapping reads from. A new kind of source is an implementation of [`Source`]; the engine stays.

mod sqs;
mod sqs_event;

use std::sync::Arc;
use std::time::Duration;

use kernel::{BoxFuture, Cx, Principals, Region, RoleRefused};

pub(crate) use sqs::{SqsSource, queue_url};

use crate::model::batch::Entry;

/// Records that come back by themselves when they are not settled in time.
pub(crate) trait Source: Send + Sync {
    /// The member of a record that holds what the sender wrote: filters read it as JSON.
    fn content(&self) -> &'static str;

    /// Up to `most` records, as soon as there is one; none after `wait`. Dropping the future ends the wait.
    fn read(&self, most: usize, wait: Duration) -> BoxFuture<'static, Result<Vec<Entry>, SourceError>>;

    /// These have been handled and are not to come back.
    fn settle(&self, handles: Vec<String>) -> BoxFuture<'static, Result<(), SourceError>>;

    /// How long what is read now stays hidden from other readers.
    fn hidden_for(&self) -> BoxFuture<'static, Result<Duration, SourceError>>;
}

/// Why a source could not be read or settled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("Lambda failed to assume your function execution role: {0}")]
    Role(#[from] RoleRefused),
    #[error("{0}")]
    Refused(String),
}

/// The function's role: what a mapping reads and invokes as.
#[derive(Clone)]
pub(crate) struct Role {
    pub principals: Arc<dyn Principals>,
    pub arn: String,
    /// The function's name.
    pub session: String,
    pub region: Region,
}

impl Role {
    /// Each call gets a request id of its own.
    pub(crate) async fn cx(&self) -> Result<Cx, RoleRefused> {
        self.principals.as_role("lambda.amazonaws.com", &self.arn, &self.session, &self.region).await
    }
}
