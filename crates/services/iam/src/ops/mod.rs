//! The operations, one file per family.

pub mod access_keys;
pub mod account;
pub mod attachments;
pub mod authorization_details;
pub mod boundaries;
pub mod groups;
pub mod inline_policies;
pub mod instance_profiles;
pub mod linked_roles;
pub mod login_profiles;
pub mod managed_policies;
pub mod policy_versions;
pub mod roles;
pub mod service_credentials;
pub mod simulate;
pub mod tagging;
pub mod users;
pub mod views;
