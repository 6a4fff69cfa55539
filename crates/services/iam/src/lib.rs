//! IAM and STS: users, groups, roles, policies, keys and sessions.
//!
//! [`Directory`] is what both share; [`Iam`] and [`Sts`] serve the generated traits over it, and it answers `auth`'s two
//! questions (whose key, which role). What a policy means is `auth::policy`'s subject; that every call asks it is not here
//! either: its place is between edge and the services.

mod directory;
mod error;
mod keys;
pub mod limits;
mod model;
mod ops;
mod paging;
mod permissions;
mod records;
mod service;
mod sts;
#[cfg(test)]
mod tests;

pub use directory::Directory;
pub use error::{Blocker, Error, Noun, Quota};
pub use keys::{RootKey, RootKeyEntry};
pub use model::entity::EntityKind;
pub use service::Iam;
pub use sts::{Error as StsError, Sts};
