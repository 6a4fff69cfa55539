//! Permissions boundaries, and the two indexes of who uses a managed policy.

use api_iam::types as api;
use kernel::{AccountId, Cx};
use store::{Key, Txn};

use super::managed_policies::{self, Found};
use super::users::use_of;
use crate::directory::{Directory, Scope, load_to_change, save};
use crate::error::Error;
use crate::model::entity::Entity;
use crate::records::{self, Common, Role, User, kind};

/// The entry of one entity in an index (`kind::ATTACHMENT` or `kind::BOUNDARY`).
pub fn use_key<E: Entity>(account: &AccountId, index: &str, policy: &str, name: &str) -> Key {
    records::all(account, index).part(policy).part(E::KIND.word()).part(name.to_lowercase())
}

/// Gives an entity its boundary. Errors: `NoSuchBoundary`, no such policy.
pub fn set<E: Entity>(txn: &mut Txn, scope: &Scope, entity: &mut E, arn: String) -> Result<(), Error> {
    if matches!(managed_policies::find(txn, scope, &arn)?, Found::None) {
        return Err(Error::NoSuchBoundary(arn));
    }
    clear::<E>(txn, &scope.account, entity);
    let common = entity.common_mut();
    txn.put_record(use_key::<E>(&scope.account, kind::BOUNDARY, &arn, &common.name), &use_of(common))?;
    common.boundary = Some(arn);
    Ok(())
}

fn clear<E: Entity>(txn: &mut Txn, account: &AccountId, entity: &mut E) -> bool {
    let common = entity.common_mut();
    let Some(old) = common.boundary.take() else { return false };
    txn.delete(use_key::<E>(account, kind::BOUNDARY, &old, &common.name));
    true
}

/// Takes an entity that goes out of the index.
pub fn forget<E: Entity>(txn: &mut Txn, account: &AccountId, common: &Common) {
    if let Some(arn) = &common.boundary {
        txn.delete(use_key::<E>(account, kind::BOUNDARY, arn, &common.name));
    }
}

/// Moves the entries of an entity whose name or path changes, in both indexes.
pub fn move_uses<E: Entity>(txn: &mut Txn, account: &AccountId, old: &Common, new: &Common) -> Result<(), Error> {
    let attached = old.attached.iter().map(|arn| (kind::ATTACHMENT, arn));
    for (index, arn) in attached.chain(old.boundary.iter().map(|arn| (kind::BOUNDARY, arn))) {
        txn.delete(use_key::<E>(account, index, arn, &old.name));
        txn.put_record(use_key::<E>(account, index, arn, &new.name), &use_of(new))?;
    }
    Ok(())
}

async fn put<E: Entity>(directory: &Directory, cx: &Cx, name: String, arn: String) -> Result<(), Error> {
    let scope = directory.scope(cx);
    directory
        .change(move |txn| {
            let mut entity: E = load_to_change(txn, &scope.account, &name)?;
            set(txn, &scope, &mut entity, arn)?;
            save(txn, &scope.account, &entity)
        })
        .await
}

async fn delete<E: Entity>(directory: &Directory, cx: &Cx, name: String) -> Result<(), Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let mut entity: E = load_to_change(txn, &account, &name)?;
            if !clear(txn, &account, &mut entity) {
                return Err(Error::NoBoundary { kind: E::KIND, name });
            }
            save(txn, &account, &entity)
        })
        .await
}

pub async fn put_user(
    directory: &Directory,
    cx: &Cx,
    input: api::PutUserPermissionsBoundaryRequest,
) -> Result<api::PutUserPermissionsBoundaryResponse, Error> {
    put::<User>(directory, cx, input.user_name, input.permissions_boundary).await?;
    Ok(api::PutUserPermissionsBoundaryResponse {})
}

pub async fn put_role(
    directory: &Directory,
    cx: &Cx,
    input: api::PutRolePermissionsBoundaryRequest,
) -> Result<api::PutRolePermissionsBoundaryResponse, Error> {
    put::<Role>(directory, cx, input.role_name, input.permissions_boundary).await?;
    Ok(api::PutRolePermissionsBoundaryResponse {})
}

pub async fn delete_user(
    directory: &Directory,
    cx: &Cx,
    input: api::DeleteUserPermissionsBoundaryRequest,
) -> Result<api::DeleteUserPermissionsBoundaryResponse, Error> {
    delete::<User>(directory, cx, input.user_name).await?;
    Ok(api::DeleteUserPermissionsBoundaryResponse {})
}

pub async fn delete_role(
    directory: &Directory,
    cx: &Cx,
    input: api::DeleteRolePermissionsBoundaryRequest,
) -> Result<api::DeleteRolePermissionsBoundaryResponse, Error> {
    delete::<Role>(directory, cx, input.role_name).await?;
    Ok(api::DeleteRolePermissionsBoundaryResponse {})
}
