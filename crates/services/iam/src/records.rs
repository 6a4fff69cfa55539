//! Keys and values on disk. IAM is global: everything stands below the region `aws-global`.
//!
//! An entity is one document with its inline policies, attachments and tags, so that most operations touch one key.
//! Three indexes stand beside: who has a managed policy attached, who has it as a boundary, and who is in a group.
//! Names are keys in lower case: IAM keeps their case, and tells none apart by it.

use std::collections::BTreeMap;

use kernel::{AccountId, Region, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Direction, Key, KeyRange, Record, StoreError};

/// Where a value is read from: inside a transaction, or as of the last commit.
pub trait Read {
    fn record<R: Record>(&self, key: &Key) -> Result<Option<R>, StoreError>;
    fn records<R: Record>(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, R)>, StoreError>;
}

impl Read for store::Store {
    fn record<R: Record>(&self, key: &Key) -> Result<Option<R>, StoreError> {
        self.get_record(key)
    }

    fn records<R: Record>(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, R)>, StoreError> {
        self.scan_records(range, limit, Direction::Forward)
    }
}

impl Read for store::Txn {
    fn record<R: Record>(&self, key: &Key) -> Result<Option<R>, StoreError> {
        self.get_record(key)
    }

    fn records<R: Record>(&self, range: &KeyRange, limit: usize) -> Result<Vec<(Key, R)>, StoreError> {
        self.scan_records(range, limit, Direction::Forward)
    }
}

/// The first parts of every key of one kind in one account.
pub fn all(account: &AccountId, kind: &str) -> Key {
    Key::new(account, &Region::new("aws-global"), "iam", kind)
}

/// The key of an entity by its name.
pub fn named(account: &AccountId, kind: &str, name: &str) -> Key {
    all(account, kind).part(name.to_lowercase())
}

/// Kinds of keys, as they stand on disk.
pub mod kind {
    pub const ACCOUNT: &str = "account";
    pub const ALIAS: &str = "account-alias";
    pub const ACCESS_KEY: &str = "access-key";
    pub const INSTANCE_PROFILE: &str = "instance-profile";
    pub const POLICY: &str = "policy";
    /// policy ARN / entity kind / entity name → [`super::Use`]
    pub const ATTACHMENT: &str = "attachment";
    /// policy ARN / entity kind / entity name → [`super::Use`]
    pub const BOUNDARY: &str = "boundary";
    /// group / user → [`super::Use`]
    pub const MEMBER: &str = "group-member";
    pub const DELETION_TASK: &str = "deletion-task";
    pub const SESSION: &str = "session";
    /// end of the session / its key id → nothing
    pub const SESSION_END: &str = "session-end";
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    pub key: String,
    pub value: String,
}

/// What users, groups and roles have in common.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Common {
    pub name: String,
    pub id: String,
    pub path: String,
    pub created: Timestamp,
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Inline policies by name: the text as it was put.
    #[serde(default)]
    pub inline: BTreeMap<String, String>,
    /// ARNs of managed policies, in the order of attaching.
    #[serde(default)]
    pub attached: Vec<String>,
    #[serde(default)]
    pub boundary: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub common: Common,
    /// Lower-case names.
    #[serde(default)]
    pub groups: Vec<String>,
    #[serde(default)]
    pub access_keys: Vec<String>,
    #[serde(default)]
    pub login: Option<Login>,
    #[serde(default)]
    pub service_credentials: Vec<ServiceCredential>,
}

/// A console password. There is no console to sign in to: the password itself is not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Login {
    pub created: Timestamp,
    pub reset_required: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceCredential {
    pub id: String,
    pub service: String,
    pub user_name: String,
    pub password: String,
    pub active: bool,
    pub created: Timestamp,
    /// Of the services that give tokens instead of passwords.
    #[serde(default)]
    pub expires: Option<Timestamp>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    pub common: Common,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Role {
    pub common: Common,
    /// The trust policy as it was put.
    pub trust: String,
    pub description: Option<String>,
    pub session_duration_s: i32,
    /// The service whose service-linked role this is.
    #[serde(default)]
    pub linked_to: Option<String>,
    /// Lower-case names of the instance profiles that hold it.
    #[serde(default)]
    pub profiles: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InstanceProfile {
    pub name: String,
    pub id: String,
    pub path: String,
    pub created: Timestamp,
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// Lower-case names.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// A customer's managed policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    pub name: String,
    pub id: String,
    pub path: String,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub description: Option<String>,
    #[serde(default)]
    pub tags: Vec<Tag>,
    /// The number of the default version.
    pub default: u32,
    /// The number that the next version gets: numbers are never used twice.
    pub next: u32,
    /// Oldest first.
    pub versions: Vec<PolicyVersion>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyVersion {
    pub number: u32,
    pub document: String,
    pub created: Timestamp,
}

/// An entry of an index: who uses something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Use {
    pub name: String,
    pub id: String,
    pub path: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccessKey {
    pub id: String,
    pub secret: String,
    /// The user's name in lower case; `None` is the account's root.
    pub user: Option<String>,
    pub active: bool,
    pub created: Timestamp,
}

/// What an account has once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Account {
    #[serde(default)]
    pub root_keys: Vec<String>,
    #[serde(default)]
    pub alias: Option<String>,
    #[serde(default)]
    pub password_policy: Option<PasswordPolicy>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PasswordPolicy {
    pub length_min: i32,
    pub symbols: bool,
    pub numbers: bool,
    pub uppercase: bool,
    pub lowercase: bool,
    pub users_may_change: bool,
    pub age_days_max: Option<i32>,
    pub reuse_prevention: Option<i32>,
    pub hard_expiry: Option<bool>,
}

/// Which account has an alias. Aliases are unique among all accounts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AliasOwner {
    pub account: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeletionTask {
    pub created: Timestamp,
}

/// Temporary credentials that STS gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub id: String,
    pub secret: String,
    pub token: String,
    pub principal: SessionPrincipal,
    pub arn: String,
    pub principal_id: String,
    pub policies: Vec<String>,
    pub tags: Vec<Tag>,
    pub expires: Timestamp,
    /// The key that asked for it.
    pub issued_to: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionPrincipal {
    Root,
    User,
    AssumedRole,
    FederatedUser,
}

/// The value of an index whose keys say everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nothing {}

macro_rules! first_version {
    ($($record:ty),* $(,)?) => { $(impl Record for $record { const VERSION: u8 = 1; })* };
}

first_version!(
    User,
    Group,
    Role,
    InstanceProfile,
    Policy,
    Use,
    AccessKey,
    Account,
    AliasOwner,
    DeletionTask,
    Session,
    Nothing,
);
