//! Event source mappings: what reads queues and streams for functions.
//!
//! Implements the operations of Lambda that are about mappings; services/lambda hands them on through the generated client.

use std::sync::Arc;

use kernel::{BoxFuture, Clock, PageTokens, Principals, Rng};
use store::Store;
use telemetry::{Facts, Meter};

/// What the room needs from outside.
pub struct Needs {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub page_tokens: PageTokens,
    pub principals: Arc<dyn Principals>,
    pub iam: api_iam::Client,
    pub lambda: api_lambda::Client,
    pub sqs: api_sqs::Client,
    pub meter: Arc<dyn Meter>,
    pub facts: Arc<dyn Facts>,
}

/// Event source mappings. Their work is in [`Service::tasks`].
pub struct Service {}

impl Service {
    pub fn new(_needs: Needs) -> Self {
        Self {}
    }

    /// Background work by name; `gureum` starts it and drops it at the end.
    pub fn tasks(self: &Arc<Self>) -> Vec<(&'static str, BoxFuture<'static, ()>)> {
        Vec::new()
    }
}

impl api_lambda::Lambda for Service {}
