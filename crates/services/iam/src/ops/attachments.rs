//! Managed policies attached to users, groups and roles.

use api_iam::types as api;
use kernel::Cx;

use super::boundaries::use_key;
use super::managed_policies::{self, Found};
use super::users::use_of;
use super::views;
use crate::directory::{Directory, load_to_change, save};
use crate::error::{Error, Quota};
use crate::limits::ATTACHED_POLICIES_MAX;
use crate::model::entity::Entity;
use crate::model::names::PolicyArn;
use crate::paging::Page;
use crate::records::{Group, Role, User, kind};

/// Attaching what is attached already changes nothing.
async fn attach<E: Entity>(directory: &Directory, cx: &Cx, name: String, arn: String) -> Result<(), Error> {
    let scope = directory.scope(cx);
    PolicyArn::parse(&arn).or_else(|error| unless_unreadable(error, &arn))?;
    directory
        .change(move |txn| {
            let mut entity: E = load_to_change(txn, &scope.account, &name)?;
            if matches!(managed_policies::find(txn, &scope, &arn)?, Found::None) {
                return Err(Error::NotAttachable(arn));
            }
            let common = entity.common_mut();
            if common.attached.contains(&arn) {
                return Ok(());
            }
            if common.attached.len() >= ATTACHED_POLICIES_MAX {
                return Err(Error::Quota(Quota::AttachedPolicies(E::KIND), ATTACHED_POLICIES_MAX));
            }
            txn.put_record(use_key::<E>(&scope.account, kind::ATTACHMENT, &arn, &common.name), &use_of(common))?;
            common.attached.push(arn);
            save(txn, &scope.account, &entity)
        })
        .await
}

/// What is an ARN, but of no policy, cannot be attached either.
fn unless_unreadable(error: Error, arn: &str) -> Result<PolicyArn, Error> {
    match error {
        Error::NoSuchPolicy(_) => Err(Error::NotAttachable(arn.to_owned())),
        other => Err(other),
    }
}

async fn detach<E: Entity>(directory: &Directory, cx: &Cx, name: String, arn: String) -> Result<(), Error> {
    let account = cx.account.clone();
    PolicyArn::parse(&arn)?;
    directory
        .change(move |txn| {
            let mut entity: E = load_to_change(txn, &account, &name)?;
            let common = entity.common_mut();
            if !common.attached.contains(&arn) {
                return Err(Error::NoSuchPolicy(arn));
            }
            txn.delete(use_key::<E>(&account, kind::ATTACHMENT, &arn, &common.name));
            common.attached.retain(|other| *other != arn);
            save(txn, &account, &entity)
        })
        .await
}

struct ListQuestion {
    name: String,
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<i32>,
}

fn list<E: Entity>(
    directory: &Directory,
    cx: &Cx,
    operation: &str,
    input: ListQuestion,
) -> Result<Page<api::AttachedPolicy>, Error> {
    let entity: E = directory.entity(cx, &input.name)?;
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    let below = |arn: &&String| PolicyArn::parse(arn).is_ok_and(|arn| arn.path.starts_with(&prefix));
    let mut attached: Vec<&String> = entity.common().attached.iter().filter(below).collect();
    attached.sort_by_key(|arn| arn.rsplit('/').next().unwrap_or_default().to_owned());
    directory
        .question(cx, operation, format!("{} {prefix}", input.name), input.marker, input.max_items)
        .numbered(attached.into_iter().map(|arn| views::attached(arn)).collect())
}

macro_rules! for_entity {
    ($entity:ident, $name:ident, $attach:ident $attach_in:ident $attach_out:ident,
     $detach:ident $detach_in:ident $detach_out:ident, $list:ident $list_in:ident $list_out:ident $operation:literal) => {
        pub async fn $attach(
            directory: &Directory,
            cx: &Cx,
            input: api::$attach_in,
        ) -> Result<api::$attach_out, Error> {
            attach::<$entity>(directory, cx, input.$name, input.policy_arn).await?;
            Ok(api::$attach_out {})
        }

        pub async fn $detach(
            directory: &Directory,
            cx: &Cx,
            input: api::$detach_in,
        ) -> Result<api::$detach_out, Error> {
            detach::<$entity>(directory, cx, input.$name, input.policy_arn).await?;
            Ok(api::$detach_out {})
        }

        pub async fn $list(directory: &Directory, cx: &Cx, input: api::$list_in) -> Result<api::$list_out, Error> {
            let question = ListQuestion {
                name: input.$name,
                path_prefix: input.path_prefix,
                marker: input.marker,
                max_items: input.max_items,
            };
            let page = list::<$entity>(directory, cx, $operation, question)?;
            Ok(api::$list_out {
                is_truncated: page.truncated(),
                attached_policies: Some(page.items),
                marker: page.marker,
            })
        }
    };
}

for_entity!(
    User, user_name,
    attach_user AttachUserPolicyRequest AttachUserPolicyResponse,
    detach_user DetachUserPolicyRequest DetachUserPolicyResponse,
    list_user ListAttachedUserPoliciesRequest ListAttachedUserPoliciesResponse "ListAttachedUserPolicies"
);
for_entity!(
    Group, group_name,
    attach_group AttachGroupPolicyRequest AttachGroupPolicyResponse,
    detach_group DetachGroupPolicyRequest DetachGroupPolicyResponse,
    list_group ListAttachedGroupPoliciesRequest ListAttachedGroupPoliciesResponse "ListAttachedGroupPolicies"
);
for_entity!(
    Role, role_name,
    attach_role AttachRolePolicyRequest AttachRolePolicyResponse,
    detach_role DetachRolePolicyRequest DetachRolePolicyResponse,
    list_role ListAttachedRolePoliciesRequest ListAttachedRolePoliciesResponse "ListAttachedRolePolicies"
);
