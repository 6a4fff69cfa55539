//! GetAccountAuthorizationDetails: everything of an account at once, page by page.

use api_iam::types as api;
use kernel::Cx;
use store::KeyRange;

use super::{instance_profiles, views};
use crate::directory::{Directory, Scope};
use crate::error::Error;
use crate::limits::{GROUPS_MAX, POLICIES_MAX, ROLES_MAX, USERS_MAX};
use crate::model::aws_policies::{self, AwsPolicy};
use crate::model::entity::Entity;
use crate::model::names;
use crate::records::{self, Common, Group, Policy, Read, Role, User, kind};

/// One thing of the list.
enum Detail {
    User(Box<User>),
    Group(Box<Group>),
    Role(Box<Role>),
    Policy(Box<Policy>),
    AwsPolicy(&'static AwsPolicy),
}

impl Detail {
    /// Where it stands: by kind, then by name.
    fn place(&self) -> String {
        match self {
            Self::User(user) => format!("1 {}", user.common.name.to_lowercase()),
            Self::Group(group) => format!("2 {}", group.common.name.to_lowercase()),
            Self::Role(role) => format!("3 {}", role.common.name.to_lowercase()),
            Self::Policy(policy) => format!("4 {}", policy.name.to_lowercase()),
            Self::AwsPolicy(policy) => format!("5 {}", policy.name.to_lowercase()),
        }
    }
}

pub async fn get(
    directory: &Directory,
    cx: &Cx,
    input: api::GetAccountAuthorizationDetailsRequest,
) -> Result<api::GetAccountAuthorizationDetailsResponse, Error> {
    let scope = directory.scope(cx);
    let filter = input.filter.unwrap_or_default();
    let details = collect(directory, cx, &scope, &filter)?;
    let page = directory
        .question(cx, "GetAccountAuthorizationDetails", format!("{filter:?}"), input.marker, input.max_items)
        .of(details, Detail::place)?;
    let (mut users, mut groups, mut roles, mut policies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for detail in &page.items {
        match detail {
            Detail::User(record) => users.push(user(&scope, record)),
            Detail::Group(record) => groups.push(group(&scope, record)),
            Detail::Role(record) => roles.push(role(directory, cx, &scope, record)?),
            Detail::Policy(record) => policies.push(policy(&scope, record)),
            Detail::AwsPolicy(known) => policies.push(aws_policy(&scope, known)),
        }
    }
    Ok(api::GetAccountAuthorizationDetailsResponse {
        user_detail_list: Some(users),
        group_detail_list: Some(groups),
        role_detail_list: Some(roles),
        policies: Some(policies),
        is_truncated: page.truncated(),
        marker: page.marker,
    })
}

/// What the filter wants; of AWS's policies those that are attached somewhere.
fn collect(directory: &Directory, cx: &Cx, scope: &Scope, filter: &[api::EntityType]) -> Result<Vec<Detail>, Error> {
    let wants = |kind: api::EntityType| filter.is_empty() || filter.contains(&kind);
    let below = |word: &str| KeyRange::prefix(&records::all(&cx.account, word));
    let store = &directory.store;
    let mut details = Vec::new();
    if wants(api::EntityType::User) {
        let found = store.records::<User>(&below("user"), USERS_MAX)?;
        details.extend(found.into_iter().map(|(_, user)| Detail::User(Box::new(user))));
    }
    if wants(api::EntityType::Group) {
        let found = store.records::<Group>(&below("group"), GROUPS_MAX)?;
        details.extend(found.into_iter().map(|(_, group)| Detail::Group(Box::new(group))));
    }
    if wants(api::EntityType::Role) {
        let found = store.records::<Role>(&below("role"), ROLES_MAX)?;
        details.extend(found.into_iter().map(|(_, role)| Detail::Role(Box::new(role))));
    }
    if wants(api::EntityType::LocalManagedPolicy) {
        let found = store.records::<Policy>(&below(kind::POLICY), POLICIES_MAX)?;
        details.extend(found.into_iter().map(|(_, policy)| Detail::Policy(Box::new(policy))));
    }
    if wants(api::EntityType::AWSManagedPolicy) {
        for policy in aws_policies::all() {
            let arn = views::aws_policy_arn(scope, policy);
            let uses = KeyRange::prefix(&records::all(&cx.account, kind::ATTACHMENT).part(arn));
            if !store.scan(&uses, 1, store::Direction::Forward)?.is_empty() {
                details.push(Detail::AwsPolicy(policy));
            }
        }
    }
    Ok(details)
}

fn inline(common: &Common) -> Option<Vec<api::PolicyDetail>> {
    let detail = |(name, text): (&String, &String)| api::PolicyDetail {
        policy_name: Some(name.clone()),
        policy_document: Some(names::encoded(text)),
    };
    Some(common.inline.iter().map(detail).collect())
}

fn attached(common: &Common) -> Option<Vec<api::AttachedPolicy>> {
    Some(common.attached.iter().map(|arn| views::attached(arn)).collect())
}

fn user(scope: &Scope, user: &User) -> api::UserDetail {
    let common = &user.common;
    api::UserDetail {
        path: Some(common.path.clone()),
        user_name: Some(common.name.clone()),
        user_id: Some(common.id.clone()),
        arn: Some(user.arn(scope.partition, &scope.account)),
        create_date: Some(common.created),
        user_policy_list: inline(common),
        group_list: Some(user.groups.clone()),
        attached_managed_policies: attached(common),
        permissions_boundary: views::boundary(common.boundary.as_ref()),
        tags: Some(views::tags(&common.tags)),
    }
}

fn group(scope: &Scope, group: &Group) -> api::GroupDetail {
    let common = &group.common;
    api::GroupDetail {
        path: Some(common.path.clone()),
        group_name: Some(common.name.clone()),
        group_id: Some(common.id.clone()),
        arn: Some(group.arn(scope.partition, &scope.account)),
        create_date: Some(common.created),
        group_policy_list: inline(common),
        attached_managed_policies: attached(common),
    }
}

fn role(directory: &Directory, cx: &Cx, scope: &Scope, role: &Role) -> Result<api::RoleDetail, Error> {
    let common = &role.common;
    let mut profiles = Vec::new();
    for name in &role.profiles {
        let profile = instance_profiles::find(&directory.store, &cx.account, name)?;
        profiles.push(instance_profiles::listed(directory, cx, &profile)?);
    }
    Ok(api::RoleDetail {
        path: Some(common.path.clone()),
        role_name: Some(common.name.clone()),
        role_id: Some(common.id.clone()),
        arn: Some(role.arn(scope.partition, &scope.account)),
        create_date: Some(common.created),
        assume_role_policy_document: Some(names::encoded(&role.trust)),
        instance_profile_list: Some(profiles),
        role_policy_list: inline(common),
        attached_managed_policies: attached(common),
        permissions_boundary: views::boundary(common.boundary.as_ref()),
        tags: Some(views::tags(&common.tags)),
        role_last_used: Some(api::RoleLastUsed::default()),
    })
}

fn policy(scope: &Scope, policy: &Policy) -> api::ManagedPolicyDetail {
    let versions = policy.versions.iter().rev().map(|version| api::PolicyVersion {
        document: Some(names::encoded(&version.document)),
        ..views::listed_version(policy, version)
    });
    api::ManagedPolicyDetail {
        policy_name: Some(policy.name.clone()),
        policy_id: Some(policy.id.clone()),
        arn: Some(views::policy_arn(scope, policy)),
        path: Some(policy.path.clone()),
        default_version_id: Some(format!("v{}", policy.default)),
        is_attachable: Some(true),
        description: policy.description.clone(),
        create_date: Some(policy.created),
        update_date: Some(policy.updated),
        policy_version_list: Some(versions.collect()),
        ..api::ManagedPolicyDetail::default()
    }
}

fn aws_policy(scope: &Scope, policy: &AwsPolicy) -> api::ManagedPolicyDetail {
    let version = policy.document.map(|document| api::PolicyVersion {
        document: Some(names::encoded(document)),
        version_id: Some(policy.version.to_owned()),
        is_default_version: Some(true),
        create_date: Some(policy.updated),
    });
    api::ManagedPolicyDetail {
        policy_name: Some(policy.name.to_owned()),
        policy_id: Some(policy.id.clone()),
        arn: Some(views::aws_policy_arn(scope, policy)),
        path: Some(policy.path.clone()),
        default_version_id: Some(policy.version.to_owned()),
        is_attachable: Some(true),
        description: policy.description.map(str::to_owned),
        create_date: Some(policy.created),
        update_date: Some(policy.updated),
        policy_version_list: Some(version.into_iter().collect()),
        ..api::ManagedPolicyDetail::default()
    }
}
