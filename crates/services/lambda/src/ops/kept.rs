//! Settings that are kept with a function: recursion, and runtime management, which changes nothing here yet.

use api_lambda::types::{
    GetFunctionRecursionConfigRequest, GetFunctionRecursionConfigResponse, GetRuntimeManagementConfigRequest,
    GetRuntimeManagementConfigResponse, PutFunctionRecursionConfigRequest, PutFunctionRecursionConfigResponse,
    PutRuntimeManagementConfigRequest, PutRuntimeManagementConfigResponse, RecursiveLoop, UpdateRuntimeOn,
};
use kernel::Cx;

use crate::error::Error;
use crate::model::name::{LATEST, version_number};
use crate::records::{RuntimeUpdateRecord, VersionRecord};
use crate::service::{Shared, existing};

impl Shared {
    /// Whether the function may go on in a loop of calls.
    pub async fn put_function_recursion_config(
        &self,
        cx: &Cx,
        input: PutFunctionRecursionConfigRequest,
    ) -> Result<PutFunctionRecursionConfigResponse, Error> {
        let (named, function) = self.own(cx, &input.function_name, None, "PutFunctionRecursionConfig")?;
        let (here, name, kept) = (function.place.clone(), named.name.clone(), input.recursive_loop.to_string());
        self.change(&function.place, &named.name, move |txn| {
            let mut record = existing(txn, &here, &name)?;
            record.recursive_loop = Some(kept);
            Ok(txn.put_record(here.function(&name), &record)?)
        })
        .await?;
        Ok(PutFunctionRecursionConfigResponse { recursive_loop: Some(input.recursive_loop) })
    }

    pub async fn get_function_recursion_config(
        &self,
        cx: &Cx,
        input: GetFunctionRecursionConfigRequest,
    ) -> Result<GetFunctionRecursionConfigResponse, Error> {
        let (_, function) = self.own(cx, &input.function_name, None, "GetFunctionRecursionConfig")?;
        let kept = function.record.recursive_loop.as_deref().map_or(RecursiveLoop::Terminate, RecursiveLoop::from);
        Ok(GetFunctionRecursionConfigResponse { recursive_loop: Some(kept) })
    }

    /// Kept; runtimes change here only when they are installed anew.
    pub async fn put_runtime_management_config(
        &self,
        cx: &Cx,
        input: PutRuntimeManagementConfigRequest,
    ) -> Result<PutRuntimeManagementConfigResponse, Error> {
        let action = "PutRuntimeManagementConfig";
        let (named, function) = self.own(cx, &input.function_name, input.qualifier.as_deref(), action)?;
        let manual = input.update_runtime_on == UpdateRuntimeOn::Manual;
        if manual != input.runtime_version_arn.is_some() {
            return Err(Error::invalid(if manual {
                "RuntimeVersionArn is required when UpdateRuntimeOn is set to Manual."
            } else {
                "RuntimeVersionArn is only allowed when UpdateRuntimeOn is set to Manual."
            }));
        }
        let arn = named.qualified_arn();
        let (here, name, qualifier) =
            (function.place.clone(), named.name.clone(), named.qualifier_or_latest().to_owned());
        let kept = RuntimeUpdateRecord {
            update_on: input.update_runtime_on.to_string(),
            version_arn: input.runtime_version_arn.clone(),
        };
        let missing = Error::FunctionNotFound { arn: arn.clone() };
        self.change(&function.place, &named.name, move |txn| {
            let mut record = existing(txn, &here, &name)?;
            let number = match qualifier.as_str() {
                LATEST => {
                    record.latest.runtime_update = Some(kept);
                    return Ok(txn.put_record(here.function(&name), &record)?);
                }
                qualifier => version_number(qualifier),
            };
            let Some(key) = number.map(|number| here.version(&name, number)) else { return Err(missing) };
            let Some(mut version) = txn.get_record::<VersionRecord>(&key)? else { return Err(missing) };
            version.runtime_update = Some(kept);
            Ok(txn.put_record(key, &version)?)
        })
        .await?;
        Ok(PutRuntimeManagementConfigResponse {
            update_runtime_on: input.update_runtime_on,
            function_arn: arn,
            runtime_version_arn: input.runtime_version_arn,
        })
    }

    pub async fn get_runtime_management_config(
        &self,
        cx: &Cx,
        input: GetRuntimeManagementConfigRequest,
    ) -> Result<GetRuntimeManagementConfigResponse, Error> {
        let action = "GetRuntimeManagementConfig";
        let (named, function) = self.own(cx, &input.function_name, input.qualifier.as_deref(), action)?;
        let arn = named.qualified_arn();
        let version = function.version(named.qualifier_or_latest());
        let kept = version.ok_or_else(|| Error::FunctionNotFound { arn: arn.clone() })?.runtime_update.clone();
        Ok(GetRuntimeManagementConfigResponse {
            update_runtime_on: Some(kept.as_ref().map_or(UpdateRuntimeOn::Auto, |k| k.update_on.as_str().into())),
            runtime_version_arn: kept.and_then(|kept| kept.version_arn),
            function_arn: Some(arn),
        })
    }
}
