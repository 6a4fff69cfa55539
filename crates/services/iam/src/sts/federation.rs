//! GetSessionToken and GetFederationToken: sessions of whoever holds a long-term key.

use std::time::Duration;

use api_sts::types as api;
use kernel::{CallerKind, Cx};
use store::Release;

use super::error::Error;
use super::sessions::{self, Narrowing, NewSession};
use crate::directory::Directory;
use crate::limits::{ROOT_SESSION_TOKEN, SESSION_TOKEN};
use crate::records::{Read, Session, SessionPrincipal};

pub async fn get_session_token(
    directory: &Directory,
    cx: &Cx,
    input: api::GetSessionTokenRequest,
) -> Result<api::GetSessionTokenResponse, Error> {
    let principal = long_term_caller(directory, cx, "GetSessionToken")?;
    let new = NewSession {
        account: cx.account.clone(),
        principal,
        arn: cx.caller.arn.clone(),
        principal_id: cx.caller.principal_id.clone(),
        duration: duration(principal, input.duration_seconds),
        narrowing: Narrowing::default(),
        release: Release::Durable,
    };
    let credentials = sessions::open(directory, cx, new).await?;
    Ok(api::GetSessionTokenResponse { credentials: Some(credentials), ..api::GetSessionTokenResponse::default() })
}

pub async fn get_federation_token(
    directory: &Directory,
    cx: &Cx,
    input: api::GetFederationTokenRequest,
) -> Result<api::GetFederationTokenResponse, Error> {
    let principal = long_term_caller(directory, cx, "GetFederationToken")?;
    let scope = directory.scope(cx);
    let narrowing = sessions::narrowing(directory, &scope, input.policy, input.policy_arns, input.tags)?;
    let federated_user = api::FederatedUser {
        federated_user_id: format!("{}:{}", cx.account, input.name),
        arn: format!("arn:{}:sts::{}:federated-user/{}", scope.partition, cx.account, input.name),
    };
    let packed_policy_size = Some(narrowing.percent());
    let new = NewSession {
        account: cx.account.clone(),
        principal: SessionPrincipal::FederatedUser,
        arn: federated_user.arn.clone(),
        principal_id: federated_user.federated_user_id.clone(),
        duration: duration(principal, input.duration_seconds),
        narrowing,
        release: Release::Durable,
    };
    Ok(api::GetFederationTokenResponse {
        credentials: Some(sessions::open(directory, cx, new).await?),
        federated_user: Some(federated_user),
        packed_policy_size,
        ..api::GetFederationTokenResponse::default()
    })
}

/// Whether the caller is a user or root, by a key that is no session's. Errors: `SessionAsks`.
fn long_term_caller(directory: &Directory, cx: &Cx, operation: &'static str) -> Result<SessionPrincipal, Error> {
    let principal = match cx.caller.kind {
        CallerKind::Root => SessionPrincipal::Root,
        CallerKind::User => SessionPrincipal::User,
        _ => return Err(Error::SessionAsks(operation)),
    };
    if let Some(id) = &cx.caller.access_key_id {
        let session: Option<Session> = directory.store.record(&sessions::key(&cx.account, id))?;
        if session.is_some() {
            return Err(Error::SessionAsks(operation));
        }
    }
    Ok(principal)
}

/// Root gets an hour at most, whatever it asks for. Source: STS API Reference, "GetSessionToken", DurationSeconds.
fn duration(principal: SessionPrincipal, asked_s: Option<i32>) -> Duration {
    let asked = asked_s.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
    match principal {
        SessionPrincipal::Root => asked.unwrap_or(ROOT_SESSION_TOKEN).min(ROOT_SESSION_TOKEN),
        _ => asked.unwrap_or(SESSION_TOKEN),
    }
}
