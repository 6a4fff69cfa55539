use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use kernel::{Clock, Cx, PageTokens, Principals, Timestamp};
use store::Store;
use telemetry::{Meter, Pending, Sample};
use tokio::sync::Notify;

use crate::error::{Error, Result};
use crate::limits::{KNOWN_METRICS_MAX, SEEN_GRAIN};
use crate::meter::Open;
use crate::model::series::SeriesId;
use crate::records::Place;

/// What the room needs from outside.
pub struct Needs {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub page_tokens: PageTokens,
    pub principals: Arc<dyn Principals>,
    /// Functions that alarms invoke are called through it.
    pub lambda: api_lambda::Client,
}

/// CloudWatch. Its background work is in [`Service::tasks`].
pub struct Service {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) page_tokens: PageTokens,
    pub(crate) principals: Arc<dyn Principals>,
    pub(crate) lambda: api_lambda::Client,
    pub(crate) open: Open,
    /// Alarms that are to be evaluated without waiting for their time.
    pub(crate) unchecked: Mutex<BTreeSet<(Place, String)>>,
    /// Wakes the task that evaluates alarms.
    pub(crate) alarms: Notify,
    /// Wakes the task that takes their actions.
    pub(crate) actions: Notify,
    /// Seconds at which the records of users' metrics were last written.
    known: Mutex<BTreeMap<(Place, SeriesId), i64>>,
    /// Wakes the task that writes samples.
    pub(crate) samples: Notify,
    /// Wakes the sweeper.
    pub(crate) sweep: Notify,
}

impl Service {
    pub fn new(needs: Needs) -> Self {
        let Needs { store, clock, page_tokens, principals, lambda } = needs;
        Self {
            open: Open::new(clock.wall()),
            store,
            clock,
            page_tokens,
            principals,
            lambda,
            unchecked: Mutex::default(),
            alarms: Notify::new(),
            actions: Notify::new(),
            known: Mutex::default(),
            samples: Notify::new(),
            sweep: Notify::new(),
        }
    }

    /// The time that values carry, and by which they age: a virtual clock does not move it.
    pub(crate) fn wall(&self) -> Timestamp {
        self.clock.wall()
    }

    /// Whether the metric's record was written lately.
    pub(crate) fn is_fresh(&self, place: &Place, series: SeriesId) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let grain = i64::try_from(SEEN_GRAIN.as_secs()).unwrap_or(i64::MAX);
        known.get(&(place.clone(), series)).is_some_and(|at| self.wall().secs() - at < grain)
    }

    /// The metric's record was written now.
    pub(crate) fn remember(&self, place: &Place, series: SeriesId) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_METRICS_MAX {
            known.clear();
        }
        known.insert((place.clone(), series), self.wall().secs());
    }

    pub(crate) fn open_token(
        &self,
        cx: &Cx,
        operation: &str,
        parameters: &str,
        token: Option<&str>,
    ) -> Result<Option<Vec<u8>>> {
        let open = |token| self.page_tokens.open(&cx.account, &cx.region, operation, parameters, token);
        token.map(open).transpose().map_err(|_| Error::InvalidToken)
    }

    pub(crate) fn give_token(&self, cx: &Cx, operation: &str, parameters: &str, position: &[u8]) -> String {
        self.page_tokens.issue(&cx.account, &cx.region, operation, parameters, position)
    }
}

impl Meter for Service {
    fn record(&self, sample: &Sample<'_>) {
        if self.open.add(sample) {
            self.samples.notify_one();
        }
    }

    fn watch(&self, who: Weak<dyn Pending>) {
        self.open.watch(who);
    }
}
