//! What a mapping counts for its user, where `MetricsConfig` asks for it.
//! Source: Lambda Developer Guide, "Event source mapping metrics".

use std::sync::Arc;

use kernel::Clock;
use telemetry::{Meter, Sample, Unit};

use crate::records::MappingId;

/// The metrics of `EventCount` that a queue can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Polled,
    FilteredOut,
    Invoked,
    FailedInvoke,
    Deleted,
}

impl Count {
    fn metric(self) -> &'static str {
        match self {
            Self::Polled => "PolledEventCount",
            Self::FilteredOut => "FilteredOutEventCount",
            Self::Invoked => "InvokedEventCount",
            Self::FailedInvoke => "FailedInvokeEventCount",
            Self::Deleted => "DeletedEventCount",
        }
    }
}

/// Counts of one mapping; of one that does not ask for them, nothing.
pub(super) struct Counts {
    meter: Option<Arc<dyn Meter>>,
    clock: Arc<dyn Clock>,
    id: MappingId,
}

impl Counts {
    pub(super) fn new(
        meter: &Arc<dyn Meter>,
        clock: &Arc<dyn Clock>,
        id: &MappingId,
        asked: Option<&[String]>,
    ) -> Self {
        let asked = asked.is_some_and(|metrics| metrics.iter().any(|metric| metric == "EventCount"));
        Self { meter: asked.then(|| meter.clone()), clock: clock.clone(), id: id.clone() }
    }

    pub(super) fn add(&self, count: Count, events: usize) {
        let (Some(meter), true) = (&self.meter, events > 0) else { return };
        // A batch has at most 10,000 events.
        let events = u32::try_from(events).map_or(f64::MAX, f64::from);
        meter.record(&Sample {
            account: &self.id.place.account,
            region: &self.id.place.region,
            namespace: "AWS/Lambda",
            metric: count.metric(),
            dimensions: &[("EventSourceMappingUUID", &self.id.uuid)],
            unit: Unit::Count,
            values: &[(events, 1.0)],
            at: self.clock.wall(),
        });
    }
}
