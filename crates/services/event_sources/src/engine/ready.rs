//! What a mapping's task needs while it reads: found out once after every change.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use api_lambda::types::{FunctionConfiguration, GetFunctionConfigurationRequest};
use wire::ApiError;

use super::metrics::Counts;
use crate::model::batch::Measure;
use crate::model::filters::Filters;
use crate::model::names::{SourceKind, function_name};
use crate::model::scaling::Bounds;
use crate::records::{MappingId, MappingRecord, Place};
use crate::service::{LAMBDA, Service};
use crate::source::{Role, Source, SourceError, SqsSource, queue_url};

pub(super) struct Ready {
    pub id: MappingId,
    pub source: Arc<dyn Source>,
    pub source_arn: String,
    pub function_arn: String,
    pub filters: Filters,
    pub measure: Measure,
    pub bounds: Bounds,
    pub reports_failures: bool,
    pub counts: Counts,
    /// Batches that wait because they were not let run.
    pub throttled: AtomicUsize,
}

impl Ready {
    /// Errors: what keeps the mapping from working, in the words of `LastProcessingResult`.
    pub(super) async fn prepare(
        service: &Service,
        id: &MappingId,
        record: &MappingRecord,
    ) -> Result<Arc<Self>, String> {
        let function = service.function(&id.place, &record.function_arn).await.map_err(|error| match error.name() {
            "ResourceNotFoundException" => FUNCTION_GONE.to_owned(),
            _ => problem(error.message.as_deref().unwrap_or_default()),
        })?;
        let role = Role {
            principals: service.principals.clone(),
            arn: function.role.unwrap_or_default(),
            session: function_name(&record.function_arn).to_owned(),
            region: id.place.region.clone(),
        };
        let kind = SourceKind::of_arn(&record.event_source_arn);
        let Some(SourceKind::Sqs { account, region, queue }) = &kind else {
            return Err(problem("The event source cannot be read"));
        };
        let source = SqsSource {
            sqs: service.sqs.clone(),
            clock: service.clock.clone(),
            role,
            queue_arn: record.event_source_arn.as_str().into(),
            queue_url: queue_url(account, region, queue).into(),
        };
        // Whether the queue is there, and may be asked.
        source.hidden_for().await.map_err(|error| source_problem(&error))?;
        let filters = Filters::parse(&record.settings.filters).map_err(|error| problem(&error.to_string()))?;
        let kind = SourceKind::Sqs { account: account.clone(), region: region.clone(), queue: queue.clone() };
        Ok(Arc::new(Self {
            id: id.clone(),
            source: Arc::new(source),
            source_arn: record.event_source_arn.clone(),
            function_arn: record.function_arn.clone(),
            filters,
            measure: record.settings.measure(&kind),
            bounds: record.settings.bounds(),
            reports_failures: record.settings.reports_failures,
            counts: Counts::new(&service.meter, &service.clock, id, record.settings.metrics.as_deref()),
            throttled: AtomicUsize::new(0),
        }))
    }
}

/// What `LastProcessingResult` says of a function that is gone.
pub(super) const FUNCTION_GONE: &str = "PROBLEM: Function not found";

pub(super) fn problem(words: &str) -> String {
    format!("PROBLEM: {words}")
}

pub(super) fn source_problem(error: &SourceError) -> String {
    match error {
        // AWS's words, without the name of the role.
        SourceError::Role(_) => problem("Lambda failed to assume your function execution role"),
        SourceError::Refused(words) => problem(words),
    }
}

impl Service {
    /// The function or version that a mapping invokes.
    pub(crate) async fn function(&self, place: &Place, arn: &str) -> Result<FunctionConfiguration, ApiError> {
        let own = self.principals.as_service(LAMBDA, &place.account, &place.region);
        let asked = GetFunctionConfigurationRequest { function_name: arn.to_owned(), qualifier: None };
        self.lambda.get_function_configuration(&own, asked).await
    }
}
