//! Put-, Update-, Get-, List- and DeleteFunctionEventInvokeConfig.

use api_lambda::types::{
    DeleteFunctionEventInvokeConfigRequest, DeleteFunctionEventInvokeConfigResponse, DestinationConfig,
    FunctionEventInvokeConfig, GetFunctionEventInvokeConfigRequest, ListFunctionEventInvokeConfigsRequest,
    ListFunctionEventInvokeConfigsResponse, PutFunctionEventInvokeConfigRequest,
    UpdateFunctionEventInvokeConfigRequest,
};
use kernel::Cx;

use super::pages::page_size;
use crate::access::check_destination;
use crate::error::Error;
use crate::limits::PAGE_MAX;
use crate::model::name::FunctionRef;
use crate::present;
use crate::records::{EventInvokeRecord, Place};
use crate::service::{Shared, existing};

/// Services that a destination may be of. Source: Lambda API Reference, DestinationConfig.
const DESTINATIONS: [&str; 5] = ["lambda", "sqs", "sns", "events", "s3"];

impl Shared {
    /// Replaces the whole configuration.
    pub async fn put_function_event_invoke_config(
        &self,
        cx: &Cx,
        input: PutFunctionEventInvokeConfigRequest,
    ) -> Result<FunctionEventInvokeConfig, Error> {
        let named = self.named(cx, &input.function_name, input.qualifier.as_deref(), "PutFunctionEventInvokeConfig")?;
        let (retries, age) = (input.maximum_retry_attempts, input.maximum_event_age_in_seconds);
        let change = self.event_invoke_change(cx, &named, retries, age, input.destination_config).await?;
        self.write_event_invoke(cx, named, false, move |record| change.replace(record)).await
    }

    /// Changes what the request names; there must be a configuration.
    pub async fn update_function_event_invoke_config(
        &self,
        cx: &Cx,
        input: UpdateFunctionEventInvokeConfigRequest,
    ) -> Result<FunctionEventInvokeConfig, Error> {
        let action = "UpdateFunctionEventInvokeConfig";
        let named = self.named(cx, &input.function_name, input.qualifier.as_deref(), action)?;
        let (retries, age) = (input.maximum_retry_attempts, input.maximum_event_age_in_seconds);
        let change = self.event_invoke_change(cx, &named, retries, age, input.destination_config).await?;
        self.write_event_invoke(cx, named, true, move |record| change.merge(record)).await
    }

    pub async fn get_function_event_invoke_config(
        &self,
        cx: &Cx,
        input: GetFunctionEventInvokeConfigRequest,
    ) -> Result<FunctionEventInvokeConfig, Error> {
        let named = self.named(cx, &input.function_name, input.qualifier.as_deref(), "GetFunctionEventInvokeConfig")?;
        let (place, qualifier) = (Place::of(cx), named.qualifier_or_latest());
        let function = self.functions.find(&place, &named.name)?;
        let config = function.as_ref().and_then(|function| function.event_invokes.get(qualifier));
        let config = config.ok_or_else(|| none_of(&named))?;
        Ok(present::event_invoke(&place, &named.name, qualifier, config))
    }

    pub async fn list_function_event_invoke_configs(
        &self,
        cx: &Cx,
        input: ListFunctionEventInvokeConfigsRequest,
    ) -> Result<ListFunctionEventInvokeConfigsResponse, Error> {
        let operation = "ListFunctionEventInvokeConfigs";
        let named = self.named(cx, &input.function_name, None, operation)?;
        let place = Place::of(cx);
        let function = self.functions.find(&place, &named.name)?.ok_or(Error::EventInvokeFunctionNotFound)?;
        let start = self.page_start(cx, operation, &named.name, input.marker.as_deref())?;
        let items = function
            .event_invokes
            .iter()
            .filter(|(qualifier, _)| start.as_ref().is_none_or(|start| *qualifier > start))
            .map(|(qualifier, c)| (qualifier.clone(), present::event_invoke(&place, &named.name, qualifier, c)));
        let max = page_size(input.max_items, PAGE_MAX);
        let (configs, next_marker) = self.page(cx, operation, &named.name, items, max);
        Ok(ListFunctionEventInvokeConfigsResponse { function_event_invoke_configs: Some(configs), next_marker })
    }

    pub async fn delete_function_event_invoke_config(
        &self,
        cx: &Cx,
        input: DeleteFunctionEventInvokeConfigRequest,
    ) -> Result<DeleteFunctionEventInvokeConfigResponse, Error> {
        let action = "DeleteFunctionEventInvokeConfig";
        let named = self.named(cx, &input.function_name, input.qualifier.as_deref(), action)?;
        let place = Place::of(cx);
        let here = place.clone();
        let name = named.name.clone();
        self.change(&place, &name, move |txn| {
            let key = here.event_invoke(&named.name, named.qualifier_or_latest());
            if txn.get(&key)?.is_none() {
                return Err(none_of(&named));
            }
            txn.delete(key);
            Ok(())
        })
        .await?;
        Ok(DeleteFunctionEventInvokeConfigResponse {})
    }

    async fn write_event_invoke(
        &self,
        cx: &Cx,
        named: FunctionRef,
        must_exist: bool,
        change: impl FnOnce(&mut EventInvokeRecord) + Send + 'static,
    ) -> Result<FunctionEventInvokeConfig, Error> {
        let (place, now) = (Place::of(cx), self.clock.wall());
        let (here, name) = (place.clone(), named.name.clone());
        let written = self.change(&place, &name, move |txn| {
            existing(txn, &here, &named.name).map_err(|_| Error::EventInvokeFunctionNotFound)?;
            let qualifier = named.qualifier_or_latest().to_owned();
            let key = here.event_invoke(&named.name, &qualifier);
            let found: Option<EventInvokeRecord> = txn.get_record(&key)?;
            if must_exist && found.is_none() {
                return Err(none_of(&named));
            }
            let mut record = found.unwrap_or_else(|| empty(now));
            change(&mut record);
            record.last_modified = now;
            txn.put_record(key, &record)?;
            Ok((qualifier, record))
        });
        let (qualifier, record) = written.await?;
        Ok(present::event_invoke(&place, &name, &qualifier, &record))
    }

    async fn event_invoke_change(
        &self,
        cx: &Cx,
        named: &FunctionRef,
        retries: Option<i32>,
        age_s: Option<i32>,
        destinations: Option<DestinationConfig>,
    ) -> Result<Change, Error> {
        if retries.is_none() && age_s.is_none() && destinations.is_none() {
            return Err(Error::invalid("You must specify at least one of error handling or destination setting."));
        }
        let function = self.functions.find(&Place::of(cx), &named.name)?.ok_or(Error::EventInvokeFunctionNotFound)?;
        let version = function.qualified(named.qualifier.as_deref()).ok_or(Error::EventInvokeFunctionNotFound)?;
        if let Some(destinations) = &destinations {
            self.check_destinations(named, destinations)?;
            let (success, failure) = targets(destinations);
            for target in [success, failure].into_iter().flatten() {
                check_destination(cx, &self.iam, &*self.principals, &version.config.role, &target).await?;
            }
        }
        Ok(Change { retries, age_s, destinations })
    }

    fn check_destinations(&self, named: &FunctionRef, config: &DestinationConfig) -> Result<(), Error> {
        let (success, failure) = targets(config);
        for arn in [&success, &failure].into_iter().flatten() {
            let service = arn.split(':').nth(2).unwrap_or_default();
            if !DESTINATIONS.contains(&service) {
                return Err(Error::invalid(format!("The provided destination config {} is invalid.", printed(config))));
            }
            if service == "lambda" {
                self.check_function_destination(named, arn)?;
            }
        }
        Ok(())
    }

    fn check_function_destination(&self, named: &FunctionRef, arn: &str) -> Result<(), Error> {
        let invalid = || Error::invalid(format!("The destination ARN {arn} is invalid."));
        let target = FunctionRef::read(&named.account, &named.region, arn, None).map_err(|_| invalid())?;
        if target.arn() == named.arn() {
            return Err(Error::invalid("You can't specify the function as a destination for itself."));
        }
        let place = Place { account: target.account.clone(), region: target.region.clone() };
        self.functions.find(&place, &target.name)?.map(|_| ()).ok_or_else(invalid)
    }
}

struct Change {
    retries: Option<i32>,
    age_s: Option<i32>,
    destinations: Option<DestinationConfig>,
}

impl Change {
    fn replace(self, record: &mut EventInvokeRecord) {
        (record.retries, record.age_s) = (self.retries, self.age_s);
        (record.on_success, record.on_failure) = self.destinations.as_ref().map(targets).unwrap_or_default();
    }

    fn merge(self, record: &mut EventInvokeRecord) {
        record.retries = self.retries.or(record.retries);
        record.age_s = self.age_s.or(record.age_s);
        if let Some(destinations) = self.destinations {
            let (success, failure) = targets(&destinations);
            if destinations.on_success.is_some() {
                record.on_success = success;
            }
            if destinations.on_failure.is_some() {
                record.on_failure = failure;
            }
        }
    }
}

fn targets(config: &DestinationConfig) -> (Option<String>, Option<String>) {
    let kept = |destination: Option<String>| destination.filter(|arn| !arn.is_empty());
    (
        kept(config.on_success.clone().and_then(|target| target.destination)),
        kept(config.on_failure.clone().and_then(|target| target.destination)),
    )
}

/// As AWS's own program prints it in the refusal.
fn printed(config: &DestinationConfig) -> String {
    let side = |kind: &str, destination: Option<Option<String>>| match destination {
        None => "null".to_owned(),
        Some(destination) => format!("{kind}(destination={})", destination.as_deref().unwrap_or("null")),
    };
    format!(
        "DestinationConfig(onSuccess={}, onFailure={})",
        side("OnSuccess", config.on_success.clone().map(|target| target.destination)),
        side("OnFailure", config.on_failure.clone().map(|target| target.destination))
    )
}

fn none_of(named: &FunctionRef) -> Error {
    Error::NoEventInvokeConfig { arn: format!("{}:{}", named.arn(), named.qualifier_or_latest()) }
}

fn empty(now: kernel::Timestamp) -> EventInvokeRecord {
    EventInvokeRecord { last_modified: now, retries: None, age_s: None, on_success: None, on_failure: None }
}
