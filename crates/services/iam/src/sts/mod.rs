//! STS: who a caller is, and credentials for a while.

mod assume_role;
mod error;
mod federation;
mod sessions;

use std::sync::Arc;

use api_sts::types as api;
use kernel::{CallerKind, Cx};
use wire::ApiError;

pub use error::Error;
pub(crate) use sessions::key as session_key;

use crate::directory::Directory;
use crate::model::names;

/// The STS service.
pub struct Sts(pub(crate) Arc<Directory>);

impl Sts {
    pub fn new(directory: Arc<Directory>) -> Self {
        Self(directory)
    }
}

impl api_sts::Sts for Sts {
    async fn get_caller_identity(
        &self,
        cx: &Cx,
        _input: api::GetCallerIdentityRequest,
    ) -> Result<api::GetCallerIdentityResponse, ApiError> {
        if cx.caller.kind == CallerKind::Anonymous {
            return Err(Error::NotSigned.into());
        }
        Ok(api::GetCallerIdentityResponse {
            user_id: Some(cx.caller.principal_id.clone()),
            account: Some(cx.account.to_string()),
            arn: Some(cx.caller.arn.clone()),
        })
    }

    async fn assume_role(&self, cx: &Cx, input: api::AssumeRoleRequest) -> Result<api::AssumeRoleResponse, ApiError> {
        Ok(assume_role::assume_role(&self.0, cx, input).await?)
    }

    async fn get_session_token(
        &self,
        cx: &Cx,
        input: api::GetSessionTokenRequest,
    ) -> Result<api::GetSessionTokenResponse, ApiError> {
        Ok(federation::get_session_token(&self.0, cx, input).await?)
    }

    async fn get_federation_token(
        &self,
        cx: &Cx,
        input: api::GetFederationTokenRequest,
    ) -> Result<api::GetFederationTokenResponse, ApiError> {
        Ok(federation::get_federation_token(&self.0, cx, input).await?)
    }

    /// The account is read from the id itself, as AWS's ids and ours tell it.
    async fn get_access_key_info(
        &self,
        _cx: &Cx,
        input: api::GetAccessKeyInfoRequest,
    ) -> Result<api::GetAccessKeyInfoResponse, ApiError> {
        let account = names::account_of_key(&input.access_key_id);
        let account = account.ok_or_else(|| Error::Invalid(format!("{} is not a valid key", input.access_key_id)))?;
        Ok(api::GetAccessKeyInfoResponse { account: Some(account.to_string()) })
    }
}
