//! Managed policies: a customer's own, and AWS's.

use api_iam::types as api;
use kernel::{AccountId, Cx, id};
use store::{Key, KeyRange};

use super::views::{self, Uses};
use crate::directory::{Directory, Scope, check_quota};
use crate::error::{Blocker, Error, Quota};
use crate::limits::{GROUPS_MAX, MANAGED_POLICY_CHARS_MAX, POLICIES_MAX, ROLES_MAX, USERS_MAX};
use crate::model::aws_policies::{self, AwsPolicy};
use crate::model::entity::EntityKind;
use crate::model::names::PolicyArn;
use crate::model::{document, tags};
use crate::records::{self, Policy, PolicyVersion, Read, Use, kind};

/// Entries that an index can hold for one policy.
const USES_MAX: usize = USERS_MAX + GROUPS_MAX + ROLES_MAX;

/// What an ARN names.
pub enum Found {
    Aws(&'static AwsPolicy),
    Own(Box<Policy>),
    None,
}

/// Finds a policy that the account may use. Errors: `UnreadableArn`.
pub fn find(read: &impl Read, scope: &Scope, arn: &str) -> Result<Found, Error> {
    let arn = match PolicyArn::parse(arn) {
        Ok(arn) => arn,
        Err(Error::NoSuchPolicy(_)) => return Ok(Found::None),
        Err(error) => return Err(error),
    };
    if let Some(policy) = aws_policies::find(&arn) {
        return Ok(Found::Aws(policy));
    }
    if arn.account.as_ref() != Some(&scope.account) {
        return Ok(Found::None);
    }
    let policy: Option<Policy> = read.record(&key(&scope.account, &arn.name))?;
    Ok(policy.filter(|policy| policy.path == arn.path).map_or(Found::None, |policy| Found::Own(Box::new(policy))))
}

/// A policy of the account that may be changed. Errors: `NoSuchPolicy`; `PolicyOfAws`.
pub fn find_own(read: &impl Read, scope: &Scope, arn: &str) -> Result<Policy, Error> {
    match find(read, scope, arn)? {
        Found::Own(policy) => Ok(*policy),
        Found::Aws(_) => Err(Error::PolicyOfAws(arn.to_owned())),
        Found::None => Err(Error::NoSuchPolicy(arn.to_owned())),
    }
}

pub fn key(account: &AccountId, name: &str) -> Key {
    records::named(account, kind::POLICY, name)
}

/// Errors: `MalformedPolicy`; `Quota`, a policy that is too long.
pub fn check_document(text: &str) -> Result<(), Error> {
    document::check_permissions(text)?;
    if document::chars(text) > MANAGED_POLICY_CHARS_MAX {
        return Err(Error::Quota(Quota::PolicySize, MANAGED_POLICY_CHARS_MAX));
    }
    Ok(())
}

fn uses_of(read: &impl Read, account: &AccountId, index: &str, arn: &str) -> Result<Vec<(Key, Use)>, Error> {
    Ok(read.records(&KeyRange::prefix(&records::all(account, index).part(arn)), USES_MAX)?)
}

fn count_uses(read: &impl Read, account: &AccountId, arn: &str) -> Result<Uses, Error> {
    Ok(Uses {
        attachments: uses_of(read, account, kind::ATTACHMENT, arn)?.len(),
        boundaries: uses_of(read, account, kind::BOUNDARY, arn)?.len(),
    })
}

pub async fn create(
    directory: &Directory,
    cx: &Cx,
    input: api::CreatePolicyRequest,
) -> Result<api::CreatePolicyResponse, Error> {
    let scope = directory.scope(cx);
    check_document(&input.policy_document)?;
    let policy = Policy {
        name: input.policy_name,
        id: id::iam(&*directory.rng, "ANPA"),
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        created: scope.now,
        updated: scope.now,
        description: input.description,
        tags: views::tags_of_request(input.tags),
        default: 1,
        next: 2,
        versions: vec![PolicyVersion { number: 1, document: input.policy_document, created: scope.now }],
    };
    tags::check(&policy.tags)?;
    let account = cx.account.clone();
    let policy = directory
        .change(move |txn| {
            let key = key(&account, &policy.name);
            if txn.record::<Policy>(&key)?.is_some() {
                return Err(Error::PolicyExists(policy.name));
            }
            check_quota(txn, &account, kind::POLICY, Quota::Policies, POLICIES_MAX)?;
            txn.put_record(key, &policy)?;
            Ok(policy)
        })
        .await?;
    let answer =
        api::Policy { tags: views::some_tags(&policy.tags), ..views::listed_policy(&scope, &policy, Uses::default()) };
    Ok(api::CreatePolicyResponse { policy: Some(answer) })
}

pub async fn get(
    directory: &Directory,
    cx: &Cx,
    input: api::GetPolicyRequest,
) -> Result<api::GetPolicyResponse, Error> {
    let scope = directory.scope(cx);
    let arn = input.policy_arn;
    let uses = count_uses(&directory.store, &cx.account, &arn)?;
    let policy = match find(&directory.store, &scope, &arn)? {
        Found::Own(policy) => api::Policy {
            description: policy.description.clone(),
            tags: Some(views::tags(&policy.tags)),
            ..views::listed_policy(&scope, &policy, uses)
        },
        Found::Aws(policy) => api::Policy {
            description: policy.description.map(str::to_owned),
            tags: Some(Vec::new()),
            ..views::listed_aws_policy(&scope, policy, uses)
        },
        Found::None => return Err(Error::NoSuchPolicy(arn)),
    };
    Ok(api::GetPolicyResponse { policy: Some(policy) })
}

pub async fn delete(
    directory: &Directory,
    cx: &Cx,
    input: api::DeletePolicyRequest,
) -> Result<api::DeletePolicyResponse, Error> {
    let scope = directory.scope(cx);
    directory
        .change(move |txn| {
            let policy = find_own(txn, &scope, &input.policy_arn)?;
            let uses = count_uses(txn, &scope.account, &input.policy_arn)?;
            if uses.attachments + uses.boundaries > 0 {
                return Err(Error::Blocked(Blocker::PolicyAttachments));
            }
            if policy.versions.len() > 1 {
                return Err(Error::Blocked(Blocker::PolicyVersions));
            }
            txn.delete(key(&scope.account, &policy.name));
            Ok(())
        })
        .await?;
    Ok(api::DeletePolicyResponse {})
}

pub async fn list(
    directory: &Directory,
    cx: &Cx,
    input: api::ListPoliciesRequest,
) -> Result<api::ListPoliciesResponse, Error> {
    let scope = directory.scope(cx);
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    let wanted_scope = input.scope.unwrap_or(api::PolicyScopeType::All);
    let mut policies = Vec::new();
    if wanted_scope != api::PolicyScopeType::Aws {
        let range = KeyRange::prefix(&records::all(&cx.account, kind::POLICY));
        for (_, policy) in directory.store.records::<Policy>(&range, POLICIES_MAX)? {
            let uses = count_uses(&directory.store, &cx.account, &views::policy_arn(&scope, &policy))?;
            policies.push((views::listed_policy(&scope, &policy, uses), uses));
        }
    }
    if wanted_scope != api::PolicyScopeType::Local {
        for policy in aws_policies::all() {
            let uses = count_uses(&directory.store, &cx.account, &views::aws_policy_arn(&scope, policy))?;
            policies.push((views::listed_aws_policy(&scope, policy, uses), uses));
        }
    }
    let only_attached = input.only_attached.unwrap_or(false);
    let filter = input.policy_usage_filter;
    policies.retain(|(policy, uses)| {
        let below = policy.path.as_ref().is_some_and(|path| path.starts_with(&prefix));
        let used = match &filter {
            Some(api::PolicyUsageType::PermissionsBoundary) => uses.boundaries > 0,
            Some(_) => uses.attachments > 0,
            None => true,
        };
        below && used && (!only_attached || uses.attachments > 0)
    });
    let parameters = format!("{wanted_scope} {prefix} {only_attached} {filter:?}");
    let page = directory.question(cx, "ListPolicies", parameters, input.marker, input.max_items).of(
        policies,
        |(policy, _)| {
            // A customer's policy may have the name of one of AWS's.
            let of_aws = policy.arn.as_ref().is_some_and(|arn| arn.contains("::aws:policy/"));
            format!("{} {}", policy.policy_name.as_deref().unwrap_or_default(), u8::from(of_aws))
        },
    )?;
    Ok(api::ListPoliciesResponse {
        is_truncated: page.truncated(),
        policies: Some(page.items.into_iter().map(|(policy, _)| policy).collect()),
        marker: page.marker,
    })
}

pub async fn list_entities(
    directory: &Directory,
    cx: &Cx,
    input: api::ListEntitiesForPolicyRequest,
) -> Result<api::ListEntitiesForPolicyResponse, Error> {
    let arn = input.policy_arn;
    if matches!(find(&directory.store, &directory.scope(cx), &arn)?, Found::None) {
        return Err(Error::NoSuchPolicy(arn));
    }
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    let indexes: &[&str] = match &input.policy_usage_filter {
        Some(api::PolicyUsageType::PermissionsPolicy) => &[kind::ATTACHMENT],
        Some(api::PolicyUsageType::PermissionsBoundary) => &[kind::BOUNDARY],
        _ => &[kind::ATTACHMENT, kind::BOUNDARY],
    };
    let mut found: Vec<(EntityKind, Use)> = Vec::new();
    for index in indexes {
        for (key, entry) in uses_of(&directory.store, &cx.account, index, &arn)? {
            let Some(entity) = entity_of(&key) else { continue };
            if entry.path.starts_with(&prefix) && wanted(input.entity_filter.as_ref(), entity) {
                found.push((entity, entry));
            }
        }
    }
    let name = |(entity, entry): &(EntityKind, Use)| format!("{entity} {}", entry.name.to_lowercase());
    found.sort_by_key(name);
    found.dedup_by_key(|item| name(item));
    let parameters = format!("{arn} {:?} {prefix} {indexes:?}", input.entity_filter);
    let page =
        directory.question(cx, "ListEntitiesForPolicy", parameters, input.marker, input.max_items).of(found, name)?;
    let of = |wanted: EntityKind| {
        let entries = page.items.iter().filter(move |(entity, _)| *entity == wanted);
        entries.map(|(_, entry)| (Some(entry.name.clone()), Some(entry.id.clone())))
    };
    Ok(api::ListEntitiesForPolicyResponse {
        policy_groups: Some(
            of(EntityKind::Group).map(|(group_name, group_id)| api::PolicyGroup { group_name, group_id }).collect(),
        ),
        policy_users: Some(
            of(EntityKind::User).map(|(user_name, user_id)| api::PolicyUser { user_name, user_id }).collect(),
        ),
        policy_roles: Some(
            of(EntityKind::Role).map(|(role_name, role_id)| api::PolicyRole { role_name, role_id }).collect(),
        ),
        is_truncated: page.truncated(),
        marker: page.marker,
    })
}

/// Keys of the indexes end in the entity's kind and its name.
fn entity_of(key: &Key) -> Option<EntityKind> {
    let parts = key.parts().ok()?;
    let word = parts.len().checked_sub(2).and_then(|at| parts.get(at))?.text()?;
    [EntityKind::User, EntityKind::Group, EntityKind::Role].into_iter().find(|entity| entity.word() == word)
}

fn wanted(filter: Option<&api::EntityType>, entity: EntityKind) -> bool {
    match filter {
        None => true,
        Some(filter) => filter.as_str() == entity.title(),
    }
}
