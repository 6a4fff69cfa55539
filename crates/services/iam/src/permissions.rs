//! The policies that speak for a principal, read for evaluation.

use auth::policy::{NamedPolicy, Policy};
use kernel::AccountId;

use crate::directory::{Scope, load};
use crate::error::Error;
use crate::model::document;
use crate::model::entity::Entity;
use crate::ops::managed_policies::{self, Found};
use crate::records::{Common, Group, Read, Role, User};

/// What a principal may do: its own policies and those of its groups, and its boundary.
#[derive(Debug, Default)]
pub struct Permissions {
    pub identity: Vec<NamedPolicy>,
    pub boundary: Option<NamedPolicy>,
}

/// Of a user, its groups included. Errors: `NoSuch`; `Evaluation`, a stored policy that cannot be read.
pub fn of_user(read: &impl Read, scope: &Scope, name: &str) -> Result<Permissions, Error> {
    let user: User = load(read, &scope.account, name)?;
    let mut permissions = of_entity(read, scope, &user.common)?;
    for group in &user.groups {
        let group: Group = load(read, &scope.account, group)?;
        permissions.identity.extend(of_entity(read, scope, &group.common)?.identity);
    }
    Ok(permissions)
}

/// Of a group or role. Errors: as [`of_user`].
pub fn of<E: Entity>(read: &impl Read, scope: &Scope, name: &str) -> Result<Permissions, Error> {
    let entity: E = load(read, &scope.account, name)?;
    of_entity(read, scope, entity.common())
}

/// The trust policy of a role. Errors: `NoSuch`; `Evaluation`.
pub fn trust_of(read: &impl Read, account: &AccountId, name: &str) -> Result<(Role, Policy), Error> {
    let role: Role = load(read, account, name)?;
    let policy = document::check_trust(&role.trust).map_err(|error| Error::Evaluation(error.to_string()))?;
    Ok((role, policy))
}

fn of_entity(read: &impl Read, scope: &Scope, common: &Common) -> Result<Permissions, Error> {
    let inline = common.inline.iter().map(|(name, text)| named(name, text));
    let mut identity: Vec<NamedPolicy> = inline.collect::<Result<_, _>>()?;
    for arn in &common.attached {
        identity.extend(managed(read, scope, arn)?);
    }
    let boundary = common.boundary.as_ref().map(|arn| managed(read, scope, arn)).transpose()?.flatten();
    Ok(Permissions { identity, boundary })
}

/// The default version of a managed policy; `None` where it is gone, or is AWS's own and its document is not known.
pub fn managed(read: &impl Read, scope: &Scope, arn: &str) -> Result<Option<NamedPolicy>, Error> {
    match managed_policies::find(read, scope, arn)? {
        Found::Own(policy) => {
            let version = policy.versions.iter().find(|version| version.number == policy.default);
            version.map(|version| named(arn, &version.document)).transpose()
        }
        Found::Aws(policy) => policy.document.map(|document| named(arn, document)).transpose(),
        Found::None => Ok(None),
    }
}

fn named(name: &str, text: &str) -> Result<NamedPolicy, Error> {
    let policy = document::check_permissions(text).map_err(|error| Error::Evaluation(format!("{name}: {error}")))?;
    Ok(NamedPolicy { name: name.to_owned(), policy })
}
