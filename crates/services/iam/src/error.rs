//! What can go wrong, and the one table to AWS's codes and texts.

use api_iam::errors as iam;
use store::StoreError;
use wire::ApiError;

use crate::model::entity::EntityKind;

/// A thing that has a name of its own in IAM's texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noun {
    User,
    Group,
    Role,
    InstanceProfile,
    LoginProfile,
    AccessKey,
}

/// What must go before something can be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocker {
    AttachedPolicies,
    InlinePolicies,
    InstanceProfiles,
    RolesInProfile,
    GroupMembership,
    AccessKeys,
    LoginProfile,
    ServiceCredentials,
    PolicyAttachments,
    PolicyVersions,
    DefaultVersion,
}

/// A quota, by the name that LimitExceeded says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    Users,
    Groups,
    Roles,
    Policies,
    PolicyVersions,
    InstanceProfiles,
    GroupsPerUser,
    AccessKeysPerUser,
    AttachedPolicies(EntityKind),
    PolicySize,
    TrustPolicySize,
    RolesPerInstanceProfile,
    ServiceCredentials,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0:?} {1} does not exist")]
    NoSuch(Noun, String),
    #[error("the {0} policy {1} does not exist")]
    NoSuchInlinePolicy(EntityKind, String),
    #[error("the policy {0} does not exist")]
    NoSuchPolicy(String),
    #[error("version {version} of the policy {arn} does not exist")]
    NoSuchPolicyVersion { arn: String, version: String },
    #[error("the policy {0} cannot be attached")]
    NotAttachable(String),
    #[error("the policy {0} cannot be a permissions boundary")]
    NoSuchBoundary(String),
    #[error("the {kind} {name} has no permissions boundary")]
    NoBoundary { kind: EntityKind, name: String },
    #[error("the credential {0} does not exist")]
    NoSuchServiceCredential(String),
    #[error("{0} has no service-specific credentials")]
    ServiceWithoutCredentials(String),
    #[error("the alias {0} is not the account's")]
    NoSuchAlias(String),
    #[error("the account {0} has no password policy")]
    NoPasswordPolicy(String),
    #[error("the deletion task {0} does not exist")]
    NoSuchDeletionTask(String),
    #[error("the role {role} is not in the instance profile {profile}")]
    RoleNotInProfile { role: String, profile: String },
    #[error("{0:?} {1} exists")]
    Exists(Noun, String),
    #[error("the policy {0} exists")]
    PolicyExists(String),
    #[error("the alias {0} is taken")]
    AliasTaken(String),
    #[error("{0:?} must go first")]
    Blocked(Blocker),
    #[error("the quota {0:?} of {1} is used up")]
    Quota(Quota, usize),
    #[error("the inline policies of the {kind} {name} are larger than {max} characters")]
    InlinePoliciesTooLarge { kind: EntityKind, name: String, max: usize },
    #[error("the tags are more than {0}")]
    TooManyTags(usize),
    #[error("a tag's key appears twice")]
    DuplicateTags,
    #[error("the tag {0} is reserved")]
    ReservedTag(String),
    #[error("the policy is malformed: {0}")]
    MalformedPolicy(String),
    #[error("'{0}' is not an ARN")]
    UnreadableArn(String),
    #[error("the policy {0} is AWS's own")]
    PolicyOfAws(String),
    #[error("the role {0} belongs to a service")]
    ProtectedRole(String),
    #[error("the name {0} is taken")]
    LinkedRoleTaken(String),
    #[error("{0} has no service-linked role")]
    NotLinkable(String),
    #[error("{0} takes no suffix")]
    SuffixNotAllowed(String),
    #[error("the marker is not one of ours")]
    InvalidMarker,
    #[error("the caller is no user: a name is needed")]
    UserNameNeeded,
    #[error("the document of {0} is not known")]
    DocumentUnknown(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("a stored policy cannot be evaluated: {0}")]
    Evaluation(String),
    #[error("{0}")]
    Invalid(String),
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        use Error as E;
        match error {
            E::NoSuch(noun, name) => iam::no_such_entity_exception(noun.missing(&name)),
            E::NoSuchInlinePolicy(kind, name) => {
                iam::no_such_entity_exception(format!("The {kind} policy with name {name} cannot be found."))
            }
            E::NoSuchPolicy(arn) => iam::no_such_entity_exception(format!("Policy {arn} was not found.")),
            E::NoSuchPolicyVersion { arn, version } => iam::no_such_entity_exception(format!(
                "Policy {arn} version {version} does not exist or is not attachable."
            )),
            E::NotAttachable(arn) => {
                iam::no_such_entity_exception(format!("Policy {arn} does not exist or is not attachable."))
            }
            E::NoSuchBoundary(arn) => {
                iam::no_such_entity_exception(format!("Scope ARN: {arn} does not exist or is not attachable."))
            }
            E::NoBoundary { kind, name } => {
                iam::no_such_entity_exception(format!("{} {name} does not have a permission boundary", kind.title()))
            }
            E::NoSuchServiceCredential(id) => iam::no_such_entity_exception(format!("No such credential {id} exists")),
            E::ServiceWithoutCredentials(service) => iam::no_such_entity_exception(format!(
                "No such service {service} is supported for Service Specific Credentials"
            )),
            E::NoSuchAlias(alias) => {
                iam::no_such_entity_exception(format!("The account alias {alias} could not be found."))
            }
            E::NoPasswordPolicy(account) => iam::no_such_entity_exception(format!(
                "The Password Policy with domain name {account} cannot be found."
            )),
            E::NoSuchDeletionTask(task) => {
                iam::no_such_entity_exception(format!("Deletion task {task} cannot be found."))
            }
            E::RoleNotInProfile { role, profile } => {
                iam::no_such_entity_exception(format!("Role {role} in Instance Profile {profile} cannot be found."))
            }
            E::Exists(noun, name) => iam::entity_already_exists_exception(noun.exists(&name)),
            E::PolicyExists(name) => iam::entity_already_exists_exception(format!(
                "A policy called {name} already exists. Duplicate names are not allowed."
            )),
            E::AliasTaken(alias) => {
                iam::entity_already_exists_exception(format!("The account alias {alias} already exists."))
            }
            E::Blocked(blocker) => iam::delete_conflict_exception(blocker.text()),
            E::Quota(Quota::ServiceCredentials, max) => iam::limit_exceeded_exception(format!(
                "Cannot exceed quota for ServiceSpecificCredentialsPerUser: {max}"
            )),
            E::Quota(Quota::AttachedPolicies(kind), max) => {
                iam::limit_exceeded_exception(format!("Cannot exceed quota for PoliciesPer{}: {max}", kind.title()))
            }
            E::Quota(Quota::PolicyVersions, max) => iam::limit_exceeded_exception(format!(
                "A managed policy can have up to {max} versions. Before you create a new version, you must delete an \
                 existing version."
            )),
            E::Quota(quota, max) => {
                iam::limit_exceeded_exception(format!("Cannot exceed quota for {}: {max}", quota.name()))
            }
            E::InlinePoliciesTooLarge { kind, name, max } => {
                iam::limit_exceeded_exception(format!("Maximum policy size of {max} bytes exceeded for {kind} {name}"))
            }
            E::TooManyTags(_) => iam::limit_exceeded_exception("The number of tags has reached the maximum limit."),
            E::DuplicateTags => iam::invalid_input_exception(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            ),
            E::ReservedTag(key) => {
                iam::invalid_input_exception(format!("Tag keys beginning with aws: are reserved: {key}"))
            }
            E::MalformedPolicy(text) => iam::malformed_policy_document_exception(text),
            E::UnreadableArn(_) => validation("Invalid ARN:  Could not be parsed!"),
            E::PolicyOfAws(_) => access_denied("Policy is outside your own account."),
            E::ProtectedRole(name) => iam::unmodifiable_entity_exception(format!(
                "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
            )),
            E::LinkedRoleTaken(name) => iam::invalid_input_exception(format!(
                "Service role name {name} has been taken in this account, please try a different suffix."
            )),
            E::NotLinkable(service) => {
                iam::invalid_input_exception(format!("Service {service} does not support service-linked roles."))
            }
            E::SuffixNotAllowed(service) => {
                iam::invalid_input_exception(format!("Custom suffix is not allowed for {service}"))
            }
            E::InvalidMarker => validation("Invalid Marker."),
            E::UserNameNeeded => validation("Must specify userName when calling with non-User credentials"),
            E::DocumentUnknown(arn) => ApiError::unmodeled(
                501,
                "NotImplementedException",
                format!("gureum does not have the document of {arn} yet"),
            ),
            E::Store(error) => ApiError::internal(format!("{error:?}")),
            E::Evaluation(cause) => ApiError::internal(cause),
            E::Invalid(text) => validation(text),
        }
    }
}

/// IAM's and STS's way to say that a value is wrong. The model has no shape for it.
pub fn validation(message: impl Into<String>) -> ApiError {
    ApiError { class: wire::ErrorClass::Validation, ..ApiError::unmodeled(400, "ValidationError", message) }
}

/// Refused by policy. The model has no shape for it.
pub fn access_denied(message: impl Into<String>) -> ApiError {
    ApiError::unmodeled(403, "AccessDenied", message)
}

impl Noun {
    fn missing(self, name: &str) -> String {
        match self {
            Self::User => format!("The user with name {name} cannot be found."),
            Self::Group => format!("The group with name {name} cannot be found."),
            Self::Role => format!("The role with name {name} cannot be found."),
            Self::InstanceProfile => format!("Instance Profile {name} cannot be found."),
            Self::LoginProfile => format!("Login Profile for User {name} cannot be found."),
            Self::AccessKey => format!("The Access Key with id {name} cannot be found."),
        }
    }

    fn exists(self, name: &str) -> String {
        match self {
            Self::User => format!("User with name {name} already exists."),
            Self::Group => format!("Group with name {name} already exists."),
            Self::Role => format!("Role with name {name} already exists."),
            Self::InstanceProfile => format!("Instance Profile {name} already exists."),
            Self::LoginProfile => format!("Login Profile for user {name} already exists."),
            Self::AccessKey => format!("Access Key with id {name} already exists."),
        }
    }
}

impl Blocker {
    fn text(self) -> &'static str {
        match self {
            Self::AttachedPolicies => "Cannot delete entity, must detach all policies first.",
            Self::InlinePolicies => "Cannot delete entity, must delete policies first.",
            Self::InstanceProfiles | Self::RolesInProfile => {
                "Cannot delete entity, must remove roles from instance profile first."
            }
            Self::GroupMembership => "Cannot delete entity, must remove users from group first.",
            Self::AccessKeys => "Cannot delete entity, must delete access keys first.",
            Self::LoginProfile => "Cannot delete entity, must delete login profile first.",
            Self::ServiceCredentials => "Cannot delete entity, must remove referenced objects first.",
            Self::PolicyAttachments => "Cannot delete a policy attached to entities.",
            Self::PolicyVersions => {
                "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                 versions. The default version is deleted with the policy."
            }
            Self::DefaultVersion => "Cannot delete the default version of a policy.",
        }
    }
}

impl Quota {
    fn name(self) -> &'static str {
        match self {
            Self::Users => "UsersPerAccount",
            Self::Groups => "GroupsPerAccount",
            Self::Roles => "RolesPerAccount",
            Self::Policies => "PoliciesPerAccount",
            Self::PolicyVersions => "VersionsPerPolicy",
            Self::InstanceProfiles => "InstanceProfilesPerAccount",
            Self::GroupsPerUser => "GroupsPerUser",
            Self::AccessKeysPerUser => "AccessKeysPerUser",
            Self::AttachedPolicies(_) => "PoliciesPerEntity",
            Self::PolicySize => "PolicySize",
            Self::TrustPolicySize => "ACLSizePerRole",
            Self::RolesPerInstanceProfile => "InstanceSessionsPerInstanceProfile",
            Self::ServiceCredentials => "ServiceSpecificCredentialsPerUser",
        }
    }
}
