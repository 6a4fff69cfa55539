//! AssumeRole.

use std::time::Duration;

use api_sts::types as api;
use auth::policy::{Context, Policy, Principal, may_assume, resource_allows};
use kernel::{Access, AccountId, Arn, CallerKind, Cx, id};
use store::Release;
use wire::ApiError;

use super::error::Error;
use super::sessions::{self, NewSession};
use crate::directory::Directory;
use crate::limits::{CHAINED_SESSION, SERVICE_SESSION, SESSION_DURATION_S};
use crate::model::entity::{Entity, EntityKind};
use crate::model::names::split_path;
use crate::permissions;
use crate::records::{Role, SessionPrincipal};

/// A role as a request names it.
struct Named {
    arn: Arn,
    account: AccountId,
    name: String,
}

impl Named {
    /// Errors: `UnreadableArn`; `NotAllowed` for the ARN of anything but a role, which is how AWS answers it.
    fn parse(cx: &Cx, text: &str) -> Result<Self, Error> {
        let arn: Arn = text.parse().map_err(|_| Error::UnreadableArn(text.to_owned()))?;
        let no_role = || not_allowed(cx, text);
        let account = AccountId::parse(&arn.account).map_err(|_| no_role())?;
        let resource = arn.resource.strip_prefix("role/").filter(|_| arn.service == "iam").ok_or_else(no_role)?;
        let name = split_path(resource).1.to_owned();
        Ok(Self { account, name, arn })
    }
}

fn not_allowed(cx: &Cx, role_arn: &str) -> Error {
    Error::NotAllowed { caller: cx.caller.arn.clone(), action: "sts:AssumeRole", resource: role_arn.to_owned() }
}

pub async fn assume_role(
    directory: &Directory,
    cx: &Cx,
    input: api::AssumeRoleRequest,
) -> Result<api::AssumeRoleResponse, Error> {
    let named = Named::parse(cx, &input.role_arn)?;
    let found = find(directory, &named, &input.role_arn)?;
    if let Err(refusal) = check(directory, cx, &input, found.as_ref().map(|(_, trust)| trust)) {
        if cx.access == Access::Strict {
            return Err(refusal);
        }
        cx.hint("AccessDenied", ApiError::from(refusal).message.unwrap_or_default());
    }
    let role = found.map(|(role, _)| role);
    let duration = duration(cx, role.as_ref(), input.duration_seconds)?;
    let scope = directory.scope(cx);
    let narrowing = sessions::narrowing(directory, &scope, input.policy, input.policy_arns, input.tags)?;
    // A role that open access lets pass although it does not exist has an id for this session only.
    let role_id = match role {
        Some(role) => role.common.id,
        None => id::iam(&*directory.rng, EntityKind::Role.id_prefix()),
    };
    let session = input.role_session_name;
    let arn = format!("arn:{}:sts::{}:assumed-role/{}/{session}", named.arn.partition, named.account, named.name);
    let assumed_role_user = api::AssumedRoleUser { assumed_role_id: format!("{role_id}:{session}"), arn };
    let packed_policy_size = narrowing.is_some().then(|| narrowing.percent());
    let new = NewSession {
        account: named.account,
        principal: SessionPrincipal::AssumedRole,
        arn: assumed_role_user.arn.clone(),
        principal_id: assumed_role_user.assumed_role_id.clone(),
        duration,
        narrowing,
        release: release(cx),
    };
    Ok(api::AssumeRoleResponse {
        credentials: Some(sessions::open(directory, cx, new).await?),
        assumed_role_user: Some(assumed_role_user),
        packed_policy_size,
        source_identity: input.source_identity,
        ..api::AssumeRoleResponse::default()
    })
}

/// A service's credentials end with the process that it gives them to, so nothing is lost with them in a power cut.
fn release(cx: &Cx) -> Release {
    if cx.caller.kind == CallerKind::Service { Release::Written } else { Release::Durable }
}

/// The role of exactly this ARN, path included, and its trust policy.
fn find(directory: &Directory, named: &Named, arn: &str) -> Result<Option<(Role, Policy)>, Error> {
    match permissions::trust_of(&directory.store, &named.account, &named.name) {
        Ok((role, trust)) => {
            let same = role.arn(&named.arn.partition, &named.account) == arn;
            Ok(same.then_some((role, trust)))
        }
        Err(crate::error::Error::NoSuch(..)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether AWS would let the caller have the role. Errors: `RootAsksForRole`, `NotAllowed`.
fn check(directory: &Directory, cx: &Cx, input: &api::AssumeRoleRequest, trust: Option<&Policy>) -> Result<(), Error> {
    if cx.caller.kind == CallerKind::Root {
        return Err(Error::RootAsksForRole);
    }
    let trust = trust.ok_or_else(|| not_allowed(cx, &input.role_arn))?;
    let principal = Principal::of(&cx.caller);
    let context = context(directory, cx, input);
    if !may_assume(trust, &principal, &context).is_allow() {
        return Err(not_allowed(cx, &input.role_arn));
    }
    let tags = input.tags.as_ref().is_some_and(|tags| !tags.is_empty());
    let may_tag = || resource_allows(trust, &principal, "sts:TagSession", &input.role_arn, &context).is_allow();
    if tags && !may_tag() {
        let (caller, resource) = (cx.caller.arn.clone(), input.role_arn.clone());
        return Err(Error::NotAllowed { caller, action: "sts:TagSession", resource });
    }
    Ok(())
}

/// The keys that a trust policy may ask about. Source: IAM User Guide, "IAM and AWS STS condition context keys".
fn context(directory: &Directory, cx: &Cx, input: &api::AssumeRoleRequest) -> Context {
    let mut context =
        Context::of(cx, directory.clock.wall()).with("sts:RoleSessionName", input.role_session_name.clone());
    if let Some(id) = &input.external_id {
        context = context.with("sts:ExternalId", id.clone());
    }
    if let Some(identity) = &input.source_identity {
        context = context.with("sts:SourceIdentity", identity.clone());
    }
    if cx.caller.kind == CallerKind::Service {
        context = context.with("aws:SourceAccount", cx.account.as_str());
    }
    let tags = input.tags.as_deref().unwrap_or_default();
    let context = context
        .with_values("aws:TagKeys", tags.iter().map(|tag| tag.key.clone()))
        .with_values("sts:TransitiveTagKeys", input.transitive_tag_keys.clone().unwrap_or_default());
    tags.iter().fold(context, |context, tag| context.with(&format!("aws:RequestTag/{}", tag.key), tag.value.clone()))
}

/// How long the session lasts. Errors: `LongerThanRole`, `LongerThanChained`.
fn duration(cx: &Cx, role: Option<&Role>, asked_s: Option<i32>) -> Result<Duration, Error> {
    let seconds = |seconds: i32| Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    if cx.caller.kind == CallerKind::Service {
        return Ok(asked_s.map_or(SERVICE_SESSION, seconds));
    }
    let asked = seconds(asked_s.unwrap_or(SESSION_DURATION_S));
    if cx.caller.kind == CallerKind::AssumedRole && asked > CHAINED_SESSION {
        return Err(Error::LongerThanChained);
    }
    if role.is_some_and(|role| asked > seconds(role.session_duration_s)) {
        return Err(Error::LongerThanRole);
    }
    Ok(asked)
}
