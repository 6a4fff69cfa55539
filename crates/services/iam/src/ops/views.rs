//! Records as answers show them. An operation that lists shows less than one that gets.

use api_iam::types as api;

use crate::directory::Scope;
use crate::model::aws_policies::AwsPolicy;
use crate::model::entity::Entity;
use crate::model::names;
use crate::records::{Group, InstanceProfile, Policy, PolicyVersion, Role, Tag, User};

pub fn tags(tags: &[Tag]) -> Vec<api::Tag> {
    tags.iter().map(|tag| api::Tag { key: tag.key.clone(), value: tag.value.clone() }).collect()
}

/// Tags where there are some: IAM leaves the list out otherwise.
pub fn some_tags(list: &[Tag]) -> Option<Vec<api::Tag>> {
    if list.is_empty() { None } else { Some(tags(list)) }
}

pub fn tags_of_request(tags: Option<Vec<api::Tag>>) -> Vec<Tag> {
    tags.unwrap_or_default().into_iter().map(|tag| Tag { key: tag.key, value: tag.value }).collect()
}

pub fn boundary(arn: Option<&String>) -> Option<api::AttachedPermissionsBoundary> {
    arn.map(|arn| api::AttachedPermissionsBoundary {
        permissions_boundary_type: Some(api::PermissionsBoundaryAttachmentType::PermissionsBoundaryPolicy),
        permissions_boundary_arn: Some(arn.clone()),
    })
}

/// A user as a list shows it.
pub fn user(scope: &Scope, user: &User) -> api::User {
    let common = &user.common;
    api::User {
        path: Some(common.path.clone()),
        user_name: Some(common.name.clone()),
        user_id: common.id.clone(),
        arn: user.arn(scope.partition, &scope.account),
        create_date: common.created,
        ..api::User::default()
    }
}

pub fn whole_user(scope: &Scope, record: &User) -> api::User {
    api::User {
        permissions_boundary: boundary(record.common.boundary.as_ref()),
        tags: some_tags(&record.common.tags),
        ..user(scope, record)
    }
}

pub fn group(scope: &Scope, group: &Group) -> api::Group {
    let common = &group.common;
    api::Group {
        path: common.path.clone(),
        group_name: common.name.clone(),
        group_id: common.id.clone(),
        arn: group.arn(scope.partition, &scope.account),
        create_date: common.created,
    }
}

/// A role as an instance profile shows it, and as a new one is answered.
pub fn plain_role(scope: &Scope, role: &Role) -> api::Role {
    let common = &role.common;
    api::Role {
        path: common.path.clone(),
        role_name: common.name.clone(),
        role_id: common.id.clone(),
        arn: role.arn(scope.partition, &scope.account),
        create_date: common.created,
        assume_role_policy_document: Some(names::encoded(&role.trust)),
        ..api::Role::default()
    }
}

/// A role as a list shows it.
pub fn listed_role(scope: &Scope, role: &Role) -> api::Role {
    api::Role {
        description: role.description.clone(),
        max_session_duration: Some(role.session_duration_s),
        ..plain_role(scope, role)
    }
}

pub fn whole_role(scope: &Scope, role: &Role) -> api::Role {
    api::Role {
        permissions_boundary: boundary(role.common.boundary.as_ref()),
        tags: some_tags(&role.common.tags),
        role_last_used: Some(api::RoleLastUsed::default()),
        ..listed_role(scope, role)
    }
}

/// `roles`: those that the profile holds.
pub fn instance_profile(scope: &Scope, profile: &InstanceProfile, roles: &[Role]) -> api::InstanceProfile {
    api::InstanceProfile {
        path: profile.path.clone(),
        instance_profile_name: profile.name.clone(),
        instance_profile_id: profile.id.clone(),
        arn: names::arn(scope.partition, &scope.account, "instance-profile", &profile.path, &profile.name),
        create_date: profile.created,
        roles: roles.iter().map(|role| plain_role(scope, role)).collect(),
        tags: some_tags(&profile.tags),
    }
}

/// How often a managed policy is used.
#[derive(Clone, Copy, Default)]
pub struct Uses {
    pub attachments: usize,
    pub boundaries: usize,
}

fn whole_number(count: usize) -> Option<i32> {
    Some(i32::try_from(count).unwrap_or(i32::MAX))
}

/// A customer's policy as a list shows it.
pub fn listed_policy(scope: &Scope, policy: &Policy, uses: Uses) -> api::Policy {
    api::Policy {
        policy_name: Some(policy.name.clone()),
        policy_id: Some(policy.id.clone()),
        arn: Some(policy_arn(scope, policy)),
        path: Some(policy.path.clone()),
        default_version_id: Some(format!("v{}", policy.default)),
        attachment_count: whole_number(uses.attachments),
        permissions_boundary_usage_count: whole_number(uses.boundaries),
        is_attachable: Some(true),
        create_date: Some(policy.created),
        update_date: Some(policy.updated),
        ..api::Policy::default()
    }
}

pub fn policy_arn(scope: &Scope, policy: &Policy) -> String {
    names::arn(scope.partition, &scope.account, "policy", &policy.path, &policy.name)
}

/// AWS's own policy as a list shows it.
pub fn listed_aws_policy(scope: &Scope, policy: &AwsPolicy, uses: Uses) -> api::Policy {
    api::Policy {
        policy_name: Some(policy.name.to_owned()),
        policy_id: Some(policy.id.clone()),
        arn: Some(aws_policy_arn(scope, policy)),
        path: Some(policy.path.clone()),
        default_version_id: Some(policy.version.to_owned()),
        attachment_count: whole_number(uses.attachments),
        permissions_boundary_usage_count: whole_number(uses.boundaries),
        is_attachable: Some(true),
        create_date: Some(policy.created),
        update_date: Some(policy.updated),
        ..api::Policy::default()
    }
}

pub fn aws_policy_arn(scope: &Scope, policy: &AwsPolicy) -> String {
    format!("arn:{}:iam::aws:policy{}{}", scope.partition, policy.path, policy.name)
}

/// A version as a list shows it, without its document.
pub fn listed_version(policy: &Policy, version: &PolicyVersion) -> api::PolicyVersion {
    api::PolicyVersion {
        document: None,
        version_id: Some(format!("v{}", version.number)),
        is_default_version: Some(version.number == policy.default),
        create_date: Some(version.created),
    }
}

/// `AttachedPolicy` of an ARN: the name is its last part.
pub fn attached(arn: &str) -> api::AttachedPolicy {
    let name = arn.rsplit_once('/').map_or(arn, |(_, name)| name);
    api::AttachedPolicy { policy_name: Some(name.to_owned()), policy_arn: Some(arn.to_owned()) }
}
