//! The one way in for every call of a function: room is asked for, and what becomes of it is told as metrics and facts.

use std::sync::Arc;

use kernel::{CallerKind, Cx, Timestamp};
use runtime::{InvocationError, Outcome};
use telemetry::{Fact, Via, What};

use crate::access::LAMBDA;
use crate::concurrency::Permit;
use crate::functions::Function;
use crate::metrics::{Called, Metric, Metrics, Series};
use crate::model::room::{Asking, Provisioned, Refusal};
use crate::records::{Place, VersionRecord};
use crate::service::Shared;

/// Names an event source mapping in the ARN of whom a service calls for.
const MAPPING: &str = ":event-source-mapping:";

/// A call of a function that has been routed to a version.
pub struct Call<'a> {
    pub function: &'a Function,
    pub version: &'a VersionRecord,
    pub qualifier: Option<&'a str>,
    pub request_id: &'a str,
    pub via: Via,
}

/// A call that was let in. Dropping it gives its room back.
pub struct Admitted {
    permit: Permit,
    called: Arc<Called>,
    began: Timestamp,
    metrics: Arc<Metrics>,
}

impl Shared {
    /// Lets a call in. Errors: the limit that it met, of which a fact tells who held the room.
    pub fn admit(&self, call: &Call<'_>) -> Result<Admitted, Refusal> {
        let (place, function) = (&call.function.place, call.function.record.name.as_str());
        let version = call.version.version.as_str();
        let called = call.function.called(call.qualifier, version);
        let now = self.clock.now();
        let synchronous = call.via != Via::Event;
        let asking = Asking { function, version, request_id: call.request_id, synchronous };
        match self.concurrency.acquire(place, asking, now) {
            Ok(permit) => {
                let began = self.clock.wall();
                self.metrics.running(began, &called, &permit.seen());
                Ok(Admitted { permit, called, began, metrics: self.metrics.clone() })
            }
            Err(refusal) => {
                self.metrics.count(&called.call, Metric::Throttles);
                let (limit, holders) = (refusal.limit, refusal.holders.clone());
                let what = What::Throttled { function: function.to_owned(), via: call.via, limit, holders };
                self.tell(place, call.request_id, now, what);
                Err(refusal)
            }
        }
    }

    /// Keeps a fact about one request.
    pub fn tell(&self, place: &Place, request_id: &str, at: Timestamp, what: What) {
        let Place { account, region } = place.clone();
        self.facts.tell(Fact {
            at,
            account,
            region,
            requests: vec![request_id.to_owned()],
            messages: Vec::new(),
            what,
        });
    }

    /// Counts one of a metric that needs no version.
    pub fn count(&self, place: &Place, function: &str, qualifier: Option<&str>, metric: Metric) {
        self.metrics.count(&Arc::new(Series::called(place, function, qualifier, None)), metric);
    }
}

impl Admitted {
    /// The invocation has ended. What could not be run at all counts as none.
    pub fn ended(self, outcome: &Outcome) {
        let failed = match &outcome.result {
            Ok(_) => 0.0,
            Err(InvocationError::Function(_)) => 1.0,
            Err(InvocationError::Environment(_)) => return,
        };
        let mut values = Vec::with_capacity(8);
        values.extend([(Metric::Invocations, 1.0), (Metric::Errors, failed), (Metric::Throttles, 0.0)]);
        // To the hundredth of a millisecond, as REPORT has it.
        let duration =
            outcome.report.as_ref().map(|report| (report.duration.as_secs_f64() * 100_000.0).round() / 100.0);
        values.extend(duration.map(|ms| (Metric::Duration, ms)));
        let seen = self.permit.seen();
        match self.permit.provisioned() {
            Provisioned::No => {}
            Provisioned::Used => values.push((Metric::ProvisionedConcurrencyInvocations, 1.0)),
            Provisioned::SpilledOver => values.push((Metric::ProvisionedConcurrencySpilloverInvocations, 1.0)),
        }
        if seen.provisioned_ready > 0 {
            let (running, ready) = (f64::from(seen.provisioned_running), f64::from(seen.provisioned_ready));
            values.push((Metric::ProvisionedConcurrentExecutions, running));
            values.push((Metric::ProvisionedConcurrencyUtilization, running / ready));
        }
        self.metrics.add(self.began, &[(&self.called.call, &values)]);
    }
}

/// How a caller of Invoke calls: mappings say for whom they do.
pub fn via(cx: &Cx) -> Via {
    let for_mapping = cx.source_arn.as_ref().is_some_and(|arn| arn.contains(MAPPING));
    let own = cx.caller.kind == CallerKind::Service && cx.caller.arn == LAMBDA;
    if for_mapping || own { Via::EventSourceMapping } else { Via::Invoke }
}
