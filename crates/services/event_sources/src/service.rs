//! The service: what every operation and every mapping's task shares, and the generated trait's door to the operations.

use std::sync::Arc;
use std::time::Duration;

use api_lambda::types::*;
use kernel::{BoxFuture, Clock, Cx, PageTokens, Principals, Rng};
use store::{Store, StoreError};
use telemetry::{Facts, Meter};
use wire::ApiError;

use crate::engine::{Wanted, supervise};
use crate::error::Error;
use crate::records::{MappingId, MappingRecord};

/// The principal that reads sources and invokes.
pub(crate) const LAMBDA: &str = "lambda.amazonaws.com";

/// The pause after a task failed on the disk.
const FAILURE_PAUSE: Duration = Duration::from_secs(5);

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
pub struct Service {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) page_tokens: PageTokens,
    pub(crate) principals: Arc<dyn Principals>,
    pub(crate) iam: api_iam::Client,
    pub(crate) lambda: api_lambda::Client,
    pub(crate) sqs: api_sqs::Client,
    pub(crate) meter: Arc<dyn Meter>,
    pub(crate) facts: Arc<dyn Facts>,
    pub(crate) wanted: Wanted,
}

impl Service {
    pub fn new(needs: Needs) -> Self {
        let Needs { store, clock, rng, page_tokens, principals, iam, lambda, sqs, meter, facts } = needs;
        let wanted = Wanted::default();
        Self { store, clock, rng, page_tokens, principals, iam, lambda, sqs, meter, facts, wanted }
    }

    /// Background work by name; `gureum` starts it once functions can run, and drops it at the end. Mappings that were there
    /// before go on then.
    pub fn tasks(self: &Arc<Self>) -> Vec<(&'static str, BoxFuture<'static, ()>)> {
        vec![("event-sources", Box::pin(supervise(self.clone())))]
    }

    /// Whether the mapping is there and wants to read. When in doubt it does.
    pub(crate) fn is_enabled(&self, id: &MappingId) -> bool {
        let record = self.store.get_record::<MappingRecord>(&id.key());
        record.map_or(true, |record| record.is_some_and(|record| record.enabled))
    }

    /// Waits after a failure; for ever when the store has ended, because then the task is about to be dropped.
    pub(crate) async fn recover(&self, error: Error) {
        if matches!(error, Error::Store(StoreError::Ended)) {
            return std::future::pending().await;
        }
        tracing::error!(%error, "background work failed");
        self.clock.pause(FAILURE_PAUSE).await;
    }
}

macro_rules! door {
    ($($operation:ident: $input:ty => $output:ty;)*) => {
        impl api_lambda::Lambda for Service {
            $(async fn $operation(&self, cx: &Cx, input: $input) -> Result<$output, ApiError> {
                Service::$operation(self, cx, input).await.map_err(ApiError::from)
            })*
        }
    };
}

door! {
    create_event_source_mapping: CreateEventSourceMappingRequest => EventSourceMappingConfiguration;
    get_event_source_mapping: GetEventSourceMappingRequest => EventSourceMappingConfiguration;
    update_event_source_mapping: UpdateEventSourceMappingRequest => EventSourceMappingConfiguration;
    delete_event_source_mapping: DeleteEventSourceMappingRequest => EventSourceMappingConfiguration;
    list_event_source_mappings: ListEventSourceMappingsRequest => ListEventSourceMappingsResponse;
    tag_resource: TagResourceRequest => TagResourceResponse;
    untag_resource: UntagResourceRequest => UntagResourceResponse;
    list_tags: ListTagsRequest => ListTagsResponse;
}
