//! Functions whose runtime is being fetched: `Pending` until it is here, `Failed` when it cannot be had.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use api_lambda::types::{FunctionConfiguration, LastUpdateStatus, LastUpdateStatusReasonCode, State, StateReasonCode};
use kernel::Timestamp;
use runtime::Readiness;

use crate::error::Error;
use crate::limits::{PUBLISHED_SETTLES, RUNTIME_FETCH_MAX, RUNTIME_LOOK_MAX};
use crate::present::{BEING_CREATED, Moment, configuration};
use crate::records::{Place, VersionRecord};
use crate::service::Shared;

/// Updates that published a version just now: what AWS shows as under way for a moment.
#[derive(Default)]
pub struct Settling {
    /// By function: the version that came with it, and when it is over.
    updates: Mutex<BTreeMap<(Place, String), (String, Timestamp)>>,
}

impl Settling {
    pub fn begin(&self, place: &Place, name: &str, version: &str, now: Timestamp) {
        let mut updates = self.updates.lock().unwrap_or_else(PoisonError::into_inner);
        updates.retain(|_, (_, over)| *over > now);
        updates.insert((place.clone(), name.to_owned()), (version.to_owned(), now + PUBLISHED_SETTLES));
    }

    /// Which moment of a version's life this is.
    fn moment(&self, place: &Place, name: &str, version: &VersionRecord, now: Timestamp) -> Moment {
        let updates = self.updates.lock().unwrap_or_else(PoisonError::into_inner);
        if updates.is_empty() {
            return Moment::Settled;
        }
        match updates.get(&(place.clone(), name.to_owned())) {
            Some((_, over)) if *over <= now => Moment::Settled,
            Some((published, _)) if *published == version.version => Moment::Created,
            Some(_) if version.is_latest() => Moment::Updated,
            _ => Moment::Settled,
        }
    }
}

impl Shared {
    /// Has the engine fetch what a function needs that was just made or changed. Waits only as long as it takes to find out
    /// that nothing is missing.
    pub async fn begin_runtime(&self, runtime: &str) {
        let (engine, runtime) = (Arc::clone(&self.engine), runtime.to_owned());
        // Goes on when nobody waits any more; how it went is asked for by `settled`.
        let prepared = tokio::spawn(async move { engine.prepare(&runtime).await });
        let _ = self.clock.timeout(RUNTIME_LOOK_MAX, prepared).await;
    }

    /// Waits until functions of this runtime can run. Errors: they cannot, or not soon.
    pub async fn await_runtime(&self, runtime: &str) -> Result<(), Error> {
        match self.clock.timeout(RUNTIME_FETCH_MAX, self.engine.prepare(runtime)).await {
            Ok(prepared) => prepared.map_err(Error::RuntimeUnavailable),
            Err(_) => Err(Error::Pending),
        }
    }

    /// A version as it is now.
    pub fn settled(
        &self,
        place: &Place,
        name: &str,
        version: &VersionRecord,
        qualifier: Option<&str>,
    ) -> FunctionConfiguration {
        let moment = self.settling.moment(place, name, version, self.clock.now());
        let mut shown = configuration(place, name, version, qualifier, moment);
        match self.engine.readiness(&version.config.runtime) {
            Readiness::Ready => {}
            Readiness::Fetching => {
                shown.state = Some(State::Pending);
                shown.state_reason = Some(BEING_CREATED.to_owned());
                shown.state_reason_code = Some(StateReasonCode::Creating);
                shown.last_update_status = Some(LastUpdateStatus::InProgress);
                shown.last_update_status_reason = Some(BEING_CREATED.to_owned());
                shown.last_update_status_reason_code = Some(LastUpdateStatusReasonCode::from("Creating"));
            }
            Readiness::Failed(reason) => {
                shown.state = Some(State::Failed);
                shown.state_reason = Some(reason.clone());
                shown.state_reason_code = Some(StateReasonCode::InternalError);
                shown.last_update_status = Some(LastUpdateStatus::Failed);
                shown.last_update_status_reason = Some(reason);
                shown.last_update_status_reason_code = Some(LastUpdateStatusReasonCode::InternalError);
            }
        }
        shown
    }
}
