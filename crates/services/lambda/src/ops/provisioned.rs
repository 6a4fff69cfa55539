//! PutProvisionedConcurrencyConfig, GetProvisionedConcurrencyConfig, ListProvisionedConcurrencyConfigs,
//! DeleteProvisionedConcurrencyConfig.
//!
//! Source: Lambda Developer Guide, "Configuring provisioned concurrency for a function", and recorded answers.

use std::sync::Arc;

use api_lambda::types::{
    DeleteProvisionedConcurrencyConfigRequest, DeleteProvisionedConcurrencyConfigResponse,
    GetProvisionedConcurrencyConfigRequest, GetProvisionedConcurrencyConfigResponse,
    ListProvisionedConcurrencyConfigsRequest, ListProvisionedConcurrencyConfigsResponse,
    ProvisionedConcurrencyConfigListItem, ProvisionedConcurrencyStatusEnum as Status,
    PutProvisionedConcurrencyConfigRequest, PutProvisionedConcurrencyConfigResponse,
};
use kernel::Cx;

use super::pages::page_size;
use crate::error::Error;
use crate::functions::Function;
use crate::limits::PAGE_MAX;
use crate::model::name::{LATEST, version_number};
use crate::model::room::TooMuch;
use crate::records::ProvisionedRecord;
use crate::service::{Shared, existing};

/// What Get and Delete say of `$LATEST`.
const NOT_PUBLISHED: &str = "The function resource provided must be an alias or a published version.";

/// What a configuration is for: a published version, by itself or by an alias.
struct Target {
    function: Arc<Function>,
    name: String,
    qualifier: String,
    version: String,
}

/// A configuration as answers show it.
struct Shown {
    requested: i32,
    available: i32,
    allocated: i32,
    status: Status,
    status_reason: Option<String>,
    last_modified: String,
}

impl Shared {
    /// Answers `IN_PROGRESS` at once; environments are initialised afterwards.
    pub async fn put_provisioned_concurrency_config(
        self: &Arc<Self>,
        cx: &Cx,
        input: PutProvisionedConcurrencyConfigRequest,
    ) -> Result<PutProvisionedConcurrencyConfigResponse, Error> {
        let action = "PutProvisionedConcurrencyConfig";
        let unpublished = "Provisioned Concurrency Configs cannot be applied to unpublished function versions.";
        let Target { function, name, qualifier, version } =
            self.target(cx, &input.function_name, &input.qualifier, action, unpublished)?;
        check_alone(&function, &qualifier, &version)?;
        let wanted = u32::try_from(input.provisioned_concurrent_executions).unwrap_or(0);
        let place = &function.place;
        // Claimed before it is written, so that two requests at once cannot have the same room.
        self.concurrency.try_claim(place, &name, &version, wanted).map_err(|why| refused(&why))?;
        let record = ProvisionedRecord { requested: wanted, last_modified: self.clock.wall() };
        let before = function.provisioned.get(&qualifier).map_or(0, |record| record.requested);
        let (here, own, kept) = (place.clone(), name.clone(), record.clone());
        let written = self.change(place, &name, move |txn| {
            existing(txn, &here, &own)?;
            Ok(txn.put_record(here.provisioned_of(&own, &qualifier), &kept)?)
        });
        if let Err(error) = written.await {
            self.concurrency.claim(place, &name, &version, before);
            return Err(error);
        }
        self.provision(place, &name, Some(&version))?;
        let shown = self.shown(&function, &version, &record);
        Ok(PutProvisionedConcurrencyConfigResponse {
            requested_provisioned_concurrent_executions: Some(shown.requested),
            available_provisioned_concurrent_executions: Some(shown.available),
            allocated_provisioned_concurrent_executions: Some(shown.allocated),
            status: Some(shown.status),
            status_reason: shown.status_reason,
            last_modified: Some(shown.last_modified),
        })
    }

    pub async fn get_provisioned_concurrency_config(
        &self,
        cx: &Cx,
        input: GetProvisionedConcurrencyConfigRequest,
    ) -> Result<GetProvisionedConcurrencyConfigResponse, Error> {
        let action = "GetProvisionedConcurrencyConfig";
        let Target { function, qualifier, version, .. } =
            self.target(cx, &input.function_name, &input.qualifier, action, NOT_PUBLISHED)?;
        let record = function.provisioned.get(&qualifier).ok_or(Error::NotProvisioned)?;
        let shown = self.shown(&function, &version, record);
        Ok(GetProvisionedConcurrencyConfigResponse {
            requested_provisioned_concurrent_executions: Some(shown.requested),
            available_provisioned_concurrent_executions: Some(shown.available),
            allocated_provisioned_concurrent_executions: Some(shown.allocated),
            status: Some(shown.status),
            status_reason: shown.status_reason,
            last_modified: Some(shown.last_modified),
        })
    }

    pub async fn list_provisioned_concurrency_configs(
        &self,
        cx: &Cx,
        input: ListProvisionedConcurrencyConfigsRequest,
    ) -> Result<ListProvisionedConcurrencyConfigsResponse, Error> {
        let operation = "ListProvisionedConcurrencyConfigs";
        let (named, function) = self.own(cx, &input.function_name, None, operation)?;
        let start = self.page_start(cx, operation, &named.name, input.marker.as_deref())?;
        let items = function
            .provisioned
            .iter()
            .filter(|(qualifier, _)| start.as_ref().is_none_or(|start| *qualifier > start))
            .map(|(qualifier, record)| (qualifier.clone(), self.listed(&function, qualifier, record)));
        let max = page_size(input.max_items, PAGE_MAX);
        let (configs, next_marker) = self.page(cx, operation, &named.name, items, max);
        Ok(ListProvisionedConcurrencyConfigsResponse { provisioned_concurrency_configs: Some(configs), next_marker })
    }

    /// A configuration that is not there is no error.
    pub async fn delete_provisioned_concurrency_config(
        self: &Arc<Self>,
        cx: &Cx,
        input: DeleteProvisionedConcurrencyConfigRequest,
    ) -> Result<DeleteProvisionedConcurrencyConfigResponse, Error> {
        let action = "DeleteProvisionedConcurrencyConfig";
        let Target { function, name, qualifier, .. } =
            self.target(cx, &input.function_name, &input.qualifier, action, NOT_PUBLISHED)?;
        let key = function.place.provisioned_of(&name, &qualifier);
        self.change(&function.place, &name, move |txn| {
            txn.delete(key);
            Ok(())
        })
        .await?;
        self.provision(&function.place, &name, None)?;
        Ok(DeleteProvisionedConcurrencyConfigResponse {})
    }

    /// What a request names. Errors: it is not there, is not published (in the words of `unpublished`), or shares between two
    /// versions.
    fn target(
        &self,
        cx: &Cx,
        function: &str,
        qualifier: &str,
        action: &str,
        unpublished: &str,
    ) -> Result<Target, Error> {
        let (named, function) = self.own(cx, function, Some(qualifier), action)?;
        let qualifier = named.qualifier_or_latest();
        if qualifier == LATEST {
            return Err(Error::invalid(unpublished));
        }
        let version = function.qualified(Some(qualifier)).ok_or_else(|| match version_number(qualifier) {
            Some(_) => Error::FunctionNotFound { arn: named.qualified_arn() },
            None => Error::CannotFindAlias { arn: named.qualified_arn() },
        })?;
        if function.aliases.get(qualifier).is_some_and(|alias| !alias.weights.is_empty()) {
            return Err(Error::invalid("Alias with weights can not be used with Provisioned Concurrency"));
        }
        let (qualifier, version) = (qualifier.to_owned(), version.version.clone());
        Ok(Target { function, name: named.name, qualifier, version })
    }

    fn listed(
        &self,
        function: &Function,
        qualifier: &str,
        record: &ProvisionedRecord,
    ) -> ProvisionedConcurrencyConfigListItem {
        let version = function.qualified(Some(qualifier)).map_or("", |version| version.version.as_str());
        let shown = self.shown(function, version, record);
        ProvisionedConcurrencyConfigListItem {
            function_arn: Some(format!("{}:{qualifier}", function.arn())),
            requested_provisioned_concurrent_executions: Some(shown.requested),
            available_provisioned_concurrent_executions: Some(shown.available),
            allocated_provisioned_concurrent_executions: Some(shown.allocated),
            status: Some(shown.status),
            status_reason: shown.status_reason,
            last_modified: Some(shown.last_modified),
        }
    }

    fn shown(&self, function: &Function, version: &str, record: &ProvisionedRecord) -> Shown {
        let standing = self.provisioning.standing(&function.place, &function.record.name, version);
        let number = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
        let allocated = if standing.was_complete { record.requested } else { standing.ready };
        Shown {
            requested: number(record.requested),
            available: number(standing.ready),
            allocated: number(allocated),
            status: standing.status(),
            status_reason: standing.failure,
            last_modified: record.last_modified.iso8601_offset(),
        }
    }
}

/// Errors: another qualifier has provisioned concurrency for the same version.
/// Source: Lambda Developer Guide, "Configuring provisioned concurrency for a function"; the words are from memory.
pub(super) fn check_alone(function: &Function, qualifier: &str, version: &str) -> Result<(), Error> {
    let same = |other: &String| function.qualified(Some(other)).is_some_and(|found| found.version == version);
    match function.provisioned.keys().find(|other| *other != qualifier && same(other)) {
        None => Ok(()),
        Some(_) if version_number(qualifier).is_some() => {
            Err(Error::Conflict("Version is pointed by a Provisioned Concurrency alias"))
        }
        Some(_) => Err(Error::Conflict(
            "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
        )),
    }
}

/// Source: recorded answers; the first from memory, with the `Type` that all but the recorded ones have.
fn refused(why: &TooMuch) -> Error {
    match why {
        TooMuch::Reserved | TooMuch::Claimed(_) => Error::invalid(
            "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
        ),
        TooMuch::Unreserved { left } => Error::NoRoomToProvision(format!(
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [{left}]."
        )),
        TooMuch::Least(least) => Error::NoRoomToProvision(format!(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its \
             minimum value of [{least}]."
        )),
    }
}
