//! Code signing configurations, and which function has which.
//!
//! They are kept and shown, and guard nothing: there is no AWS Signer here, so no signature can be checked, whatever
//! the policy says.
//! Source: Lambda API Reference, CreateCodeSigningConfig and the operations beside it.

use std::collections::BTreeMap;

use api_lambda::types::{
    AllowedPublishers, CodeSigningConfig, CodeSigningPolicies, CodeSigningPolicy, CreateCodeSigningConfigRequest,
    CreateCodeSigningConfigResponse, DeleteCodeSigningConfigRequest, DeleteCodeSigningConfigResponse,
    DeleteFunctionCodeSigningConfigRequest, DeleteFunctionCodeSigningConfigResponse, GetCodeSigningConfigRequest,
    GetCodeSigningConfigResponse, GetFunctionCodeSigningConfigRequest, GetFunctionCodeSigningConfigResponse,
    ListCodeSigningConfigsRequest, ListCodeSigningConfigsResponse, ListFunctionsByCodeSigningConfigRequest,
    ListFunctionsByCodeSigningConfigResponse, PutFunctionCodeSigningConfigRequest,
    PutFunctionCodeSigningConfigResponse, UpdateCodeSigningConfigRequest, UpdateCodeSigningConfigResponse,
};
use kernel::{Cx, id};
use store::backend::Direction;
use store::{KeyRange, Txn};

use super::pages::page_size;
use super::tags;
use crate::error::Error;
use crate::limits::LONG_PAGE_MAX;
use crate::records::{CodeSigningRecord, FunctionRecord, Place};
use crate::service::{Shared, existing};

/// Characters after `csc-`. Source: Lambda API Reference, CodeSigningConfig.
const ID_CHARS: usize = 17;

impl Shared {
    pub async fn create_code_signing_config(
        &self,
        cx: &Cx,
        input: CreateCodeSigningConfigRequest,
    ) -> Result<CreateCodeSigningConfigResponse, Error> {
        let place = Place::of(cx);
        let config = CodeSigningRecord {
            id: format!("csc-{}", id::lower_alnum(&*self.rng, ID_CHARS)),
            description: input.description,
            publishers: input.allowed_publishers.signing_profile_version_arns,
            untrusted: policy(input.code_signing_policies).unwrap_or(CodeSigningPolicy::Warn).to_string(),
            last_modified: self.clock.wall(),
            tags: tags::checked(input.tags.unwrap_or_default())?,
        };
        let (key, kept) = (place.code_signing(&config.id), config.clone());
        self.store.transact::<_, Error, _>(move |txn| Ok(txn.put_record(key, &kept)?)).await?;
        Ok(CreateCodeSigningConfigResponse { code_signing_config: shown(&place, &config) })
    }

    pub async fn get_code_signing_config(
        &self,
        cx: &Cx,
        input: GetCodeSigningConfigRequest,
    ) -> Result<GetCodeSigningConfigResponse, Error> {
        let place = Place::of(cx);
        let config = self.code_signing(&place, &input.code_signing_config_arn)?;
        Ok(GetCodeSigningConfigResponse { code_signing_config: shown(&place, &config) })
    }

    /// Changes what the request names, and nothing else.
    pub async fn update_code_signing_config(
        &self,
        cx: &Cx,
        input: UpdateCodeSigningConfigRequest,
    ) -> Result<UpdateCodeSigningConfigResponse, Error> {
        let (place, now) = (Place::of(cx), self.clock.wall());
        let here = place.clone();
        let changed = self.store.transact(move |txn| {
            let arn = input.code_signing_config_arn;
            let mut config = found(txn, &here, &arn)?.ok_or(Error::CodeSigningMissing { arn })?;
            config.description = input.description.or(config.description);
            if let Some(publishers) = input.allowed_publishers {
                config.publishers = publishers.signing_profile_version_arns;
            }
            if let Some(policy) = policy(input.code_signing_policies) {
                config.untrusted = policy.to_string();
            }
            config.last_modified = now;
            txn.put_record(here.code_signing(&config.id), &config)?;
            Ok::<_, Error>(config)
        });
        Ok(UpdateCodeSigningConfigResponse { code_signing_config: shown(&place, &changed.await?) })
    }

    /// Errors: a function has it.
    pub async fn delete_code_signing_config(
        &self,
        cx: &Cx,
        input: DeleteCodeSigningConfigRequest,
    ) -> Result<DeleteCodeSigningConfigResponse, Error> {
        let place = Place::of(cx);
        self.store
            .transact(move |txn| {
                let arn = input.code_signing_config_arn;
                let Some(config) = found(txn, &place, &arn)? else { return Err(Error::CodeSigningMissing { arn }) };
                let functions: Vec<(_, FunctionRecord)> =
                    txn.scan_records(&KeyRange::prefix(&place.functions()), usize::MAX, Direction::Forward)?;
                if functions.iter().any(|(_, function)| function.code_signing.as_ref() == Some(&config.id)) {
                    return Err(Error::CodeSigningInUse { arn });
                }
                txn.delete(place.code_signing(&config.id));
                Ok(())
            })
            .await?;
        Ok(DeleteCodeSigningConfigResponse {})
    }

    pub async fn list_code_signing_configs(
        &self,
        cx: &Cx,
        input: ListCodeSigningConfigsRequest,
    ) -> Result<ListCodeSigningConfigsResponse, Error> {
        let (operation, place) = ("ListCodeSigningConfigs", Place::of(cx));
        let start = self.page_start(cx, operation, "", input.marker.as_deref())?;
        let max = page_size(input.max_items, LONG_PAGE_MAX);
        let prefix = place.code_signings();
        let range = match start {
            Some(id) => KeyRange::after(&prefix, &place.code_signing(&id)),
            None => KeyRange::prefix(&prefix),
        };
        let configs = self.store.scan_records::<CodeSigningRecord>(&range, max + 1, Direction::Forward)?;
        let items = configs.into_iter().map(|(_, config)| (config.id.clone(), shown(&place, &config)));
        let (page, next_marker) = self.page(cx, operation, "", items, max);
        Ok(ListCodeSigningConfigsResponse { next_marker, code_signing_configs: Some(page) })
    }

    pub async fn list_functions_by_code_signing_config(
        &self,
        cx: &Cx,
        input: ListFunctionsByCodeSigningConfigRequest,
    ) -> Result<ListFunctionsByCodeSigningConfigResponse, Error> {
        let (operation, place) = ("ListFunctionsByCodeSigningConfig", Place::of(cx));
        let config = self.code_signing(&place, &input.code_signing_config_arn)?;
        let start = self.page_start(cx, operation, &config.id, input.marker.as_deref())?;
        let functions = self.functions_of(&place)?;
        let items = functions
            .into_iter()
            .filter(|(_, function)| function.code_signing.as_ref() == Some(&config.id))
            .filter(|(_, function)| start.as_ref().is_none_or(|start| function.name > *start))
            .map(|(_, function)| (function.name.clone(), place.arn(&function.name)));
        let max = page_size(input.max_items, LONG_PAGE_MAX);
        let (page, next_marker) = self.page(cx, operation, &config.id, items, max);
        Ok(ListFunctionsByCodeSigningConfigResponse { next_marker, function_arns: Some(page) })
    }

    pub async fn put_function_code_signing_config(
        &self,
        cx: &Cx,
        input: PutFunctionCodeSigningConfigRequest,
    ) -> Result<PutFunctionCodeSigningConfigResponse, Error> {
        let (named, _) = self.own(cx, &input.function_name, None, "PutFunctionCodeSigningConfig")?;
        let (place, name, arn) = (Place::of(cx), named.name, input.code_signing_config_arn);
        let (here, function, wanted) = (place.clone(), name.clone(), arn.clone());
        self.change(&place, &name, move |txn| {
            let mut record = existing(txn, &here, &function)?;
            record.code_signing = Some(of_function(txn, &here, &wanted)?);
            Ok(txn.put_record(here.function(&function), &record)?)
        })
        .await?;
        Ok(PutFunctionCodeSigningConfigResponse { code_signing_config_arn: arn, function_name: name })
    }

    /// A function without one answers an empty ARN.
    pub async fn get_function_code_signing_config(
        &self,
        cx: &Cx,
        input: GetFunctionCodeSigningConfigRequest,
    ) -> Result<GetFunctionCodeSigningConfigResponse, Error> {
        let (named, function) = self.own(cx, &input.function_name, None, "GetFunctionCodeSigningConfig")?;
        let arn = function.record.code_signing.as_deref().map(|id| function.place.code_signing_arn(id));
        Ok(GetFunctionCodeSigningConfigResponse {
            code_signing_config_arn: arn.unwrap_or_default(),
            function_name: named.name,
        })
    }

    pub async fn delete_function_code_signing_config(
        &self,
        cx: &Cx,
        input: DeleteFunctionCodeSigningConfigRequest,
    ) -> Result<DeleteFunctionCodeSigningConfigResponse, Error> {
        let (named, function) = self.own(cx, &input.function_name, None, "DeleteFunctionCodeSigningConfig")?;
        let (here, name) = (function.place.clone(), named.name.clone());
        self.change(&function.place, &named.name, move |txn| {
            let mut record = existing(txn, &here, &name)?;
            record.code_signing = None;
            Ok(txn.put_record(here.function(&name), &record)?)
        })
        .await?;
        Ok(DeleteFunctionCodeSigningConfigResponse {})
    }

    pub(super) fn code_signing(&self, place: &Place, arn: &str) -> Result<CodeSigningRecord, Error> {
        let missing = || Error::CodeSigningMissing { arn: arn.to_owned() };
        let id = id_of(place, arn).ok_or_else(missing)?;
        self.store.get_record(&place.code_signing(id))?.ok_or_else(missing)
    }

    pub(super) async fn change_code_signing_tags(
        &self,
        place: Place,
        arn: String,
        change: impl FnOnce(&mut BTreeMap<String, String>) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        self.store
            .transact(move |txn| {
                let mut config = found(txn, &place, &arn)?.ok_or(Error::CodeSigningMissing { arn })?;
                change(&mut config.tags)?;
                Ok(txn.put_record(place.code_signing(&config.id), &config)?)
            })
            .await
    }
}

/// The id of the configuration that a function shall have. Errors: there is none of this ARN.
pub(super) fn of_function(txn: &Txn, place: &Place, arn: &str) -> Result<String, Error> {
    let config = found(txn, place, arn)?;
    config.map(|config| config.id).ok_or_else(|| Error::CodeSigningNotFound { arn: arn.to_owned() })
}

fn found(txn: &Txn, place: &Place, arn: &str) -> Result<Option<CodeSigningRecord>, Error> {
    match id_of(place, arn) {
        Some(id) => Ok(txn.get_record(&place.code_signing(id))?),
        None => Ok(None),
    }
}

/// The id in an ARN of this account and region.
fn id_of<'a>(place: &Place, arn: &'a str) -> Option<&'a str> {
    let id = arn.rsplit(':').next()?;
    (place.code_signing_arn(id) == arn).then_some(id)
}

fn policy(policies: Option<CodeSigningPolicies>) -> Option<CodeSigningPolicy> {
    policies.and_then(|policies| policies.untrusted_artifact_on_deployment)
}

fn shown(place: &Place, config: &CodeSigningRecord) -> CodeSigningConfig {
    CodeSigningConfig {
        code_signing_config_id: config.id.clone(),
        code_signing_config_arn: place.code_signing_arn(&config.id),
        description: config.description.clone(),
        allowed_publishers: AllowedPublishers { signing_profile_version_arns: config.publishers.clone() },
        code_signing_policies: CodeSigningPolicies {
            untrusted_artifact_on_deployment: Some(config.untrusted.as_str().into()),
        },
        last_modified: config.last_modified.iso8601_offset(),
    }
}
