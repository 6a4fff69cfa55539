//! Long-term keys of users and of root.

use std::sync::Arc;

use api_iam::types as api;
use kernel::{AccountId, CallerKind, Cx, Rng, Timestamp, id};
use store::{Key, Txn};

use super::users::name_or_caller;
use crate::directory::{Directory, load, save};
use crate::error::{Error, Noun, Quota};
use crate::limits::ACCESS_KEYS_MAX;
use crate::model::names;
use crate::records::{self, AccessKey, Account, Read, User, kind};

/// Whose keys: a user's, or the account's root's.
#[derive(Clone, Debug)]
pub enum Owner {
    User(String),
    Root,
}

impl Owner {
    /// The user that a request names, else the caller.
    fn of(cx: &Cx, name: Option<String>) -> Result<Self, Error> {
        if name.is_none() && cx.caller.kind == CallerKind::Root {
            return Ok(Self::Root);
        }
        name_or_caller(cx, name).map(Self::User)
    }

    /// The name that answers show. Root has none.
    fn shown(&self) -> Option<String> {
        match self {
            Self::User(name) => Some(name.clone()),
            Self::Root => None,
        }
    }
}

pub fn key(account: &AccountId, id: &str) -> Key {
    records::all(account, kind::ACCESS_KEY).part(id)
}

/// Changes the list of an owner's keys.
fn with_ids<T>(
    txn: &mut Txn,
    account: &AccountId,
    owner: &Owner,
    change: impl FnOnce(&mut Txn, &mut Vec<String>, Option<String>) -> Result<T, Error>,
) -> Result<T, Error> {
    match owner {
        Owner::User(name) => {
            let mut user: User = load(txn, account, name)?;
            let answer = change(txn, &mut user.access_keys, Some(user.common.name.to_lowercase()))?;
            save(txn, account, &user)?;
            Ok(answer)
        }
        Owner::Root => {
            let place = records::all(account, kind::ACCOUNT);
            let mut record: Account = txn.get_record(&place)?.unwrap_or_default();
            let answer = change(txn, &mut record.root_keys, None)?;
            txn.put_record(place, &record)?;
            Ok(answer)
        }
    }
}

/// Makes a key. Errors: `NoSuch`; `Quota`, there are two.
pub async fn make(
    directory: &Directory,
    account: &AccountId,
    owner: Owner,
    now: Timestamp,
) -> Result<AccessKey, Error> {
    let rng: Arc<dyn Rng> = directory.rng.clone();
    let account = account.clone();
    directory
        .change(move |txn| {
            with_ids(txn, &account, &owner, |txn, ids, user| {
                if ids.len() >= ACCESS_KEYS_MAX {
                    return Err(Error::Quota(Quota::AccessKeysPerUser, ACCESS_KEYS_MAX));
                }
                let id = names::access_key_id(&*rng, "AKIA", &account);
                let record = AccessKey { id, secret: id::secret_key(&*rng), user, active: true, created: now };
                txn.put_record(key(&account, &record.id), &record)?;
                ids.push(record.id.clone());
                Ok(record)
            })
        })
        .await
}

/// The keys of an owner, oldest first. Errors: `NoSuch`.
pub fn keys_of(directory: &Directory, account: &AccountId, owner: &Owner) -> Result<Vec<AccessKey>, Error> {
    let ids = match owner {
        Owner::User(name) => load::<User>(&directory.store, account, name)?.access_keys,
        Owner::Root => {
            let record: Option<Account> = directory.store.record(&records::all(account, kind::ACCOUNT))?;
            record.unwrap_or_default().root_keys
        }
    };
    let found = ids.iter().map(|id| directory.store.record(&key(account, id)));
    Ok(found.collect::<Result<Vec<Option<AccessKey>>, _>>()?.into_iter().flatten().collect())
}

/// Takes a key away. Errors: `NoSuch`, of the owner or of the key.
pub async fn remove(directory: &Directory, account: &AccountId, owner: Owner, id: String) -> Result<(), Error> {
    let account = account.clone();
    directory
        .change(move |txn| {
            with_ids(txn, &account, &owner, |txn, ids, _| {
                if !ids.contains(&id) {
                    return Err(Error::NoSuch(Noun::AccessKey, id));
                }
                ids.retain(|other| *other != id);
                txn.delete(key(&account, &id));
                Ok(())
            })
        })
        .await
}

fn status(key: &AccessKey) -> api::StatusType {
    if key.active { api::StatusType::Active } else { api::StatusType::Inactive }
}

pub async fn create(
    directory: &Directory,
    cx: &Cx,
    input: api::CreateAccessKeyRequest,
) -> Result<api::CreateAccessKeyResponse, Error> {
    let owner = Owner::of(cx, input.user_name)?;
    let key = make(directory, &cx.account, owner.clone(), directory.scope(cx).now).await?;
    let access_key = api::AccessKey {
        user_name: owner.shown(),
        status: status(&key),
        access_key_id: key.id,
        secret_access_key: key.secret,
        create_date: Some(key.created),
    };
    Ok(api::CreateAccessKeyResponse { access_key })
}

pub async fn update(
    directory: &Directory,
    cx: &Cx,
    input: api::UpdateAccessKeyRequest,
) -> Result<api::UpdateAccessKeyResponse, Error> {
    let owner = Owner::of(cx, input.user_name)?;
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            with_ids(txn, &account, &owner, |txn, ids, _| {
                let place = key(&account, &input.access_key_id);
                let record = txn.get_record::<AccessKey>(&place)?.filter(|key| ids.contains(&key.id));
                let missing = || Error::NoSuch(Noun::AccessKey, input.access_key_id.clone());
                let mut record = record.ok_or_else(missing)?;
                record.active = input.status == api::StatusType::Active;
                Ok(txn.put_record(place, &record)?)
            })
        })
        .await?;
    Ok(api::UpdateAccessKeyResponse {})
}

pub async fn delete(
    directory: &Directory,
    cx: &Cx,
    input: api::DeleteAccessKeyRequest,
) -> Result<api::DeleteAccessKeyResponse, Error> {
    let owner = Owner::of(cx, input.user_name)?;
    remove(directory, &cx.account, owner, input.access_key_id).await?;
    Ok(api::DeleteAccessKeyResponse {})
}

pub async fn list(
    directory: &Directory,
    cx: &Cx,
    input: api::ListAccessKeysRequest,
) -> Result<api::ListAccessKeysResponse, Error> {
    let owner = Owner::of(cx, input.user_name)?;
    let keys = keys_of(directory, &cx.account, &owner)?;
    let page = directory
        .question(cx, "ListAccessKeys", format!("{owner:?}"), input.marker, input.max_items)
        .of(keys, |key| format!("{:020} {}", key.created.millis(), key.id))?;
    let shown = page.items.iter().map(|key| api::AccessKeyMetadata {
        user_name: owner.shown(),
        access_key_id: Some(key.id.clone()),
        status: Some(status(key)),
        create_date: Some(key.created),
    });
    Ok(api::ListAccessKeysResponse {
        access_key_metadata: shown.collect(),
        is_truncated: page.truncated(),
        marker: page.marker,
    })
}

/// When a key was last used is not recorded: the answer is the one of a key that never was.
pub async fn last_used(
    directory: &Directory,
    cx: &Cx,
    input: api::GetAccessKeyLastUsedRequest,
) -> Result<api::GetAccessKeyLastUsedResponse, Error> {
    let record: Option<AccessKey> = directory.store.record(&key(&cx.account, &input.access_key_id))?;
    let record = record.ok_or(Error::NoSuch(Noun::AccessKey, input.access_key_id))?;
    let user = record.user.map(|name| directory.entity::<User>(cx, &name)).transpose()?;
    let never = "N/A".to_owned();
    Ok(api::GetAccessKeyLastUsedResponse {
        user_name: user.map(|user| user.common.name),
        access_key_last_used: Some(api::AccessKeyLastUsed {
            last_used_date: None,
            service_name: never.clone(),
            region: never,
        }),
    })
}
