//! Roles and their trust policies.

use api_iam::types as api;
use kernel::{Cx, id};

use super::{boundaries, views};
use crate::directory::{Directory, check_new, load, load_to_change, save};
use crate::error::{Blocker, Error, Quota};
use crate::limits::{SESSION_DURATION_S, TRUST_POLICY_CHARS_MAX};
use crate::model::entity::EntityKind;
use crate::model::{document, tags};
use crate::records::{self, Common, Role};

const WORD: &str = "role";

pub async fn create(
    directory: &Directory,
    cx: &Cx,
    input: api::CreateRoleRequest,
) -> Result<api::CreateRoleResponse, Error> {
    let scope = directory.scope(cx);
    let trust = input.assume_role_policy_document;
    check_trust(&trust)?;
    let role = Role {
        common: Common {
            name: input.role_name,
            id: id::iam(&*directory.rng, EntityKind::Role.id_prefix()),
            path: input.path.unwrap_or_else(|| "/".to_owned()),
            created: scope.now,
            tags: views::tags_of_request(input.tags),
            ..Common::default()
        },
        trust,
        description: input.description.filter(|text| !text.is_empty()),
        session_duration_s: input.max_session_duration.unwrap_or(SESSION_DURATION_S),
        ..Role::default()
    };
    tags::check(&role.common.tags)?;
    let role = directory
        .change({
            let scope = scope.clone();
            move |txn| {
                check_new::<Role>(txn, &scope.account, &role.common.name)?;
                let mut role = role;
                if let Some(arn) = input.permissions_boundary {
                    boundaries::set(txn, &scope, &mut role, arn)?;
                }
                save(txn, &scope.account, &role)?;
                Ok(role)
            }
        })
        .await?;
    let answer = api::Role {
        description: role.description.clone(),
        max_session_duration: input.max_session_duration,
        permissions_boundary: views::boundary(role.common.boundary.as_ref()),
        tags: views::some_tags(&role.common.tags),
        ..views::plain_role(&scope, &role)
    };
    Ok(api::CreateRoleResponse { role: answer })
}

/// Errors: `MalformedPolicy`; `Quota`, a policy that is too long.
fn check_trust(policy: &str) -> Result<(), Error> {
    document::check_trust(policy)?;
    if document::chars(policy) > TRUST_POLICY_CHARS_MAX {
        return Err(Error::Quota(Quota::TrustPolicySize, TRUST_POLICY_CHARS_MAX));
    }
    Ok(())
}

pub async fn get(directory: &Directory, cx: &Cx, input: api::GetRoleRequest) -> Result<api::GetRoleResponse, Error> {
    let role: Role = directory.entity(cx, &input.role_name)?;
    Ok(api::GetRoleResponse { role: views::whole_role(&directory.scope(cx), &role) })
}

pub async fn list(
    directory: &Directory,
    cx: &Cx,
    input: api::ListRolesRequest,
) -> Result<api::ListRolesResponse, Error> {
    let scope = directory.scope(cx);
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    let page = directory.question(cx, "ListRoles", prefix.clone(), input.marker, input.max_items).records(
        &directory.store,
        &records::all(&cx.account, WORD),
        |role: &Role| role.common.path.starts_with(&prefix),
    )?;
    Ok(api::ListRolesResponse {
        is_truncated: page.truncated(),
        roles: page.items.iter().map(|role| views::listed_role(&scope, role)).collect(),
        marker: page.marker,
    })
}

/// What of a role changes.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// Of a service-linked role too. Source: IAM User Guide, "Edit a service-linked role description".
    Description,
    Anything,
}

/// Changes one role in a transaction.
async fn change(
    directory: &Directory,
    cx: &Cx,
    name: String,
    part: Part,
    body: impl FnOnce(&mut Role) + Send + 'static,
) -> Result<Role, Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let mut role: Role = match part {
                Part::Description => load(txn, &account, &name)?,
                Part::Anything => load_to_change(txn, &account, &name)?,
            };
            body(&mut role);
            save(txn, &account, &role)?;
            Ok(role)
        })
        .await
}

pub async fn update(
    directory: &Directory,
    cx: &Cx,
    input: api::UpdateRoleRequest,
) -> Result<api::UpdateRoleResponse, Error> {
    let part = if input.max_session_duration.is_none() { Part::Description } else { Part::Anything };
    change(directory, cx, input.role_name, part, move |role| {
        if let Some(text) = input.description {
            role.description = Some(text).filter(|text| !text.is_empty());
        }
        role.session_duration_s = input.max_session_duration.unwrap_or(role.session_duration_s);
    })
    .await?;
    Ok(api::UpdateRoleResponse {})
}

pub async fn update_description(
    directory: &Directory,
    cx: &Cx,
    input: api::UpdateRoleDescriptionRequest,
) -> Result<api::UpdateRoleDescriptionResponse, Error> {
    let role = change(directory, cx, input.role_name, Part::Description, move |role| {
        role.description = Some(input.description).filter(|text| !text.is_empty());
    })
    .await?;
    Ok(api::UpdateRoleDescriptionResponse { role: Some(views::listed_role(&directory.scope(cx), &role)) })
}

pub async fn update_trust(
    directory: &Directory,
    cx: &Cx,
    input: api::UpdateAssumeRolePolicyRequest,
) -> Result<api::UpdateAssumeRolePolicyResponse, Error> {
    check_trust(&input.policy_document)?;
    change(directory, cx, input.role_name, Part::Anything, move |role| role.trust = input.policy_document).await?;
    Ok(api::UpdateAssumeRolePolicyResponse {})
}

pub async fn delete(
    directory: &Directory,
    cx: &Cx,
    input: api::DeleteRoleRequest,
) -> Result<api::DeleteRoleResponse, Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let role: Role = load_to_change(txn, &account, &input.role_name)?;
            let blockers = [
                (!role.profiles.is_empty(), Blocker::InstanceProfiles),
                (!role.common.attached.is_empty(), Blocker::AttachedPolicies),
                (!role.common.inline.is_empty(), Blocker::InlinePolicies),
            ];
            if let Some((_, blocker)) = blockers.into_iter().find(|(blocks, _)| *blocks) {
                return Err(Error::Blocked(blocker));
            }
            boundaries::forget::<Role>(txn, &account, &role.common);
            txn.delete(records::named(&account, WORD, &role.common.name));
            Ok(())
        })
        .await?;
    Ok(api::DeleteRoleResponse {})
}
