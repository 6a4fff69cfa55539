//! CreateAlias, UpdateAlias, GetAlias, ListAliases, DeleteAlias.

use std::sync::Arc;

use api_lambda::types::{
    AliasConfiguration, AliasRoutingConfiguration, CreateAliasRequest, DeleteAliasRequest, DeleteAliasResponse,
    GetAliasRequest, ListAliasesRequest, ListAliasesResponse, UpdateAliasRequest,
};
use kernel::Cx;
use store::Txn;

use super::pages::page_size;
use super::provisioned::check_alone;
use crate::error::Error;
use crate::limits::{LONG_PAGE_MAX, PAGE_MAX};
use crate::model::name::{LATEST, version_number};
use crate::model::routing;
use crate::present;
use crate::records::{AliasRecord, Place};
use crate::service::{Shared, existing};

impl Shared {
    pub async fn create_alias(&self, cx: &Cx, input: CreateAliasRequest) -> Result<AliasConfiguration, Error> {
        let (named, function) = self.own(cx, &input.function_name, None, "CreateAlias")?;
        let alias = AliasRecord {
            name: input.name,
            version: input.function_version,
            description: input.description.unwrap_or_default(),
            weights: input.routing_config.and_then(|config| config.additional_version_weights).unwrap_or_default(),
            revision_id: self.uuid(),
        };
        routing::check(&alias.version, &alias.weights)?;
        let place = function.place.clone();
        let (here, name) = (place.clone(), named.name.clone());
        let made = self.change(&place, &named.name, move |txn| {
            existing(txn, &here, &name)?;
            check_versions(txn, &here, &name, &alias)?;
            let key = here.alias(&name, &alias.name);
            if txn.get(&key)?.is_some() {
                return Err(Error::AliasExists { arn: alias_arn(&here, &name, &alias.name) });
            }
            txn.put_record(key, &alias)?;
            Ok(alias)
        });
        Ok(present::alias(&place, &named.name, &made.await?))
    }

    pub async fn update_alias(
        self: &Arc<Self>,
        cx: &Cx,
        input: UpdateAliasRequest,
    ) -> Result<AliasConfiguration, Error> {
        let (named, function) = self.own(cx, &input.function_name, None, "UpdateAlias")?;
        if let Some(version) =
            input.function_version.as_deref().filter(|_| function.provisioned.contains_key(&input.name))
        {
            check_alone(&function, &input.name, version)?;
        }
        let place = function.place.clone();
        let (here, name, revision_id) = (place.clone(), named.name.clone(), self.uuid());
        let made = self.change(&place, &named.name, move |txn| {
            let key = here.alias(&name, &input.name);
            let mut alias: AliasRecord = txn
                .get_record(&key)?
                .ok_or_else(|| Error::AliasNotFound { arn: alias_arn(&here, &name, &input.name) })?;
            if input.revision_id.is_some_and(|asked| asked != alias.revision_id) {
                return Err(Error::FunctionRevision);
            }
            if let Some(AliasRoutingConfiguration { additional_version_weights }) = input.routing_config {
                alias.weights = additional_version_weights.unwrap_or_default();
            }
            alias.version = input.function_version.unwrap_or(alias.version);
            alias.description = input.description.unwrap_or(alias.description);
            alias.revision_id = revision_id;
            routing::check(&alias.version, &alias.weights)?;
            check_versions(txn, &here, &name, &alias)?;
            txn.put_record(key, &alias)?;
            Ok(alias)
        });
        let made = made.await?;
        self.provision(&place, &named.name, None)?;
        Ok(present::alias(&place, &named.name, &made))
    }

    pub async fn get_alias(&self, cx: &Cx, input: GetAliasRequest) -> Result<AliasConfiguration, Error> {
        let (named, function) = self.own(cx, &input.function_name, None, "GetAlias")?;
        let arn = alias_arn(&function.place, &named.name, &input.name);
        let alias = function.aliases.get(&input.name).ok_or(Error::CannotFindAlias { arn })?;
        Ok(present::alias(&function.place, &named.name, alias))
    }

    pub async fn list_aliases(&self, cx: &Cx, input: ListAliasesRequest) -> Result<ListAliasesResponse, Error> {
        let (named, function) = self.own(cx, &input.function_name, None, "ListAliases")?;
        let version = input.function_version.as_deref();
        let parameters = format!("{}\n{}", named.name, version.unwrap_or_default());
        let start = self.page_start(cx, "ListAliases", &parameters, input.marker.as_deref())?;
        let items = function
            .aliases
            .values()
            .filter(|alias| {
                version.is_none_or(|version| alias.version == version || alias.weights.contains_key(version))
            })
            .filter(|alias| start.as_ref().is_none_or(|start| alias.name > *start))
            .map(|alias| (alias.name.clone(), present::alias(&function.place, &named.name, alias)));
        let max = page_size(input.max_items, LONG_PAGE_MAX).min(PAGE_MAX);
        let (aliases, next_marker) = self.page(cx, "ListAliases", &parameters, items, max);
        Ok(ListAliasesResponse { next_marker, aliases: Some(aliases) })
    }

    /// An alias that is not there is no error.
    pub async fn delete_alias(
        self: &Arc<Self>,
        cx: &Cx,
        input: DeleteAliasRequest,
    ) -> Result<DeleteAliasResponse, Error> {
        let (named, function) = self.own(cx, &input.function_name, None, "DeleteAlias")?;
        let (here, name) = (function.place.clone(), named.name.clone());
        self.change(&function.place, &named.name, move |txn| {
            existing(txn, &here, &name)?;
            for key in [
                here.alias(&name, &input.name),
                here.policy(&name, &input.name),
                here.event_invoke(&name, &input.name),
                here.provisioned_of(&name, &input.name),
            ] {
                txn.delete(key);
            }
            Ok(())
        })
        .await?;
        self.provision(&function.place, &named.name, None)?;
        Ok(DeleteAliasResponse {})
    }
}

fn alias_arn(place: &Place, name: &str, alias: &str) -> String {
    format!("{}:{alias}", place.arn(name))
}

/// Every version that the alias names must be there.
fn check_versions(txn: &Txn, place: &Place, name: &str, alias: &AliasRecord) -> Result<(), Error> {
    for version in std::iter::once(&alias.version).chain(alias.weights.keys()).filter(|version| *version != LATEST) {
        let there = match version_number(version) {
            Some(number) => txn.get(&place.version(name, number))?.is_some(),
            None => false,
        };
        if !there {
            return Err(Error::FunctionNotFound { arn: format!("{}:{version}", place.arn(name)) });
        }
    }
    Ok(())
}
