//! Functions whose runtime is being fetched: `Pending` until it is here, `Failed` when it cannot be had.

use std::sync::Arc;

use api_lambda::types::{FunctionConfiguration, LastUpdateStatus, LastUpdateStatusReasonCode, State, StateReasonCode};
use runtime::Readiness;

use crate::error::Error;
use crate::limits::{RUNTIME_FETCH_MAX, RUNTIME_LOOK_MAX};
use crate::present::{BEING_CREATED, Moment, configuration};
use crate::records::{Place, VersionRecord};
use crate::service::Shared;

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
        let mut shown = configuration(place, name, version, qualifier, Moment::Settled);
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
