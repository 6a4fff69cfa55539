//! CloudWatch: metrics.

use std::sync::Arc;

use kernel::{BoxFuture, Clock, PageTokens};
use store::Store;
use telemetry::{Meter, Sample};

/// What the room needs from outside.
pub struct Needs {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub page_tokens: PageTokens,
}

/// CloudWatch. Its background work is in [`Service::tasks`].
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

impl Meter for Service {
    fn record(&self, _: &Sample<'_>) {}
}

impl api_cloudwatch::Cloudwatch for Service {}
