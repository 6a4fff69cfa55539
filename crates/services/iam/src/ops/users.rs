//! Users.

use api_iam::types as api;
use kernel::{CallerKind, Cx, id};
use store::{KeyRange, Txn};

use super::{boundaries, views};
use crate::directory::{Directory, Scope, check_new, load, save};
use crate::error::{Blocker, Error};
use crate::model::entity::{Entity, EntityKind};
use crate::model::tags;
use crate::records::{self, AccessKey, Common, Group, Use, User, kind};

pub async fn create(
    directory: &Directory,
    cx: &Cx,
    input: api::CreateUserRequest,
) -> Result<api::CreateUserResponse, Error> {
    let scope = directory.scope(cx);
    let user = User {
        common: Common {
            name: input.user_name,
            id: id::iam(&*directory.rng, EntityKind::User.id_prefix()),
            path: input.path.unwrap_or_else(|| "/".to_owned()),
            created: scope.now,
            tags: views::tags_of_request(input.tags),
            ..Common::default()
        },
        ..User::default()
    };
    tags::check(&user.common.tags)?;
    let user = directory
        .change({
            let scope = scope.clone();
            move |txn| {
                check_new::<User>(txn, &scope.account, &user.common.name)?;
                let mut user = user;
                if let Some(arn) = input.permissions_boundary {
                    boundaries::set(txn, &scope, &mut user, arn)?;
                }
                save(txn, &scope.account, &user)?;
                Ok(user)
            }
        })
        .await?;
    Ok(api::CreateUserResponse { user: Some(views::whole_user(&scope, &user)) })
}

pub async fn get(directory: &Directory, cx: &Cx, input: api::GetUserRequest) -> Result<api::GetUserResponse, Error> {
    let scope = directory.scope(cx);
    if input.user_name.is_none() && cx.caller.kind == CallerKind::Root {
        return Ok(api::GetUserResponse { user: root(&scope) });
    }
    let user: User = directory.entity(cx, &name_or_caller(cx, input.user_name)?)?;
    Ok(api::GetUserResponse { user: views::whole_user(&scope, &user) })
}

/// The account's root, which is no user on disk. It has neither path nor name.
fn root(scope: &Scope) -> api::User {
    api::User {
        user_id: scope.account.to_string(),
        arn: format!("arn:{}:iam::{}:root", scope.partition, scope.account),
        ..api::User::default()
    }
}

/// The name that a request gives, else the caller's own. Errors: `UserNameNeeded`, the caller is no user.
pub fn name_or_caller(cx: &Cx, name: Option<String>) -> Result<String, Error> {
    match name {
        Some(name) => Ok(name),
        None if cx.caller.kind == CallerKind::User => {
            let name = cx.caller.arn.rsplit('/').next().unwrap_or_default();
            Ok(name.to_owned())
        }
        None => Err(Error::UserNameNeeded),
    }
}

pub async fn update(
    directory: &Directory,
    cx: &Cx,
    input: api::UpdateUserRequest,
) -> Result<api::UpdateUserResponse, Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let old: User = load(txn, &account, &input.user_name)?;
            let mut user = old.clone();
            if let Some(name) = input.new_user_name {
                if !name.eq_ignore_ascii_case(&user.common.name) {
                    check_new::<User>(txn, &account, &name)?;
                }
                user.common.name = name;
            }
            if let Some(path) = input.new_path {
                user.common.path = path;
            }
            rename(txn, &account, &old, &mut user)
        })
        .await?;
    Ok(api::UpdateUserResponse {})
}

/// Moves a user and everything that points at it by name.
fn rename(txn: &mut Txn, account: &kernel::AccountId, old: &User, user: &mut User) -> Result<(), Error> {
    txn.delete(records::named(account, kind_word(), &old.common.name));
    for group in &user.groups {
        let members = records::all(account, kind::MEMBER).part(group);
        txn.delete(members.clone().part(old.common.name.to_lowercase()));
        txn.put_record(members.part(user.common.name.to_lowercase()), &use_of(&user.common))?;
    }
    boundaries::move_uses::<User>(txn, account, &old.common, &user.common)?;
    for id in &user.access_keys {
        let key = records::all(account, kind::ACCESS_KEY).part(id);
        if let Some(mut record) = txn.get_record::<AccessKey>(&key)? {
            record.user = Some(user.common.name.to_lowercase());
            txn.put_record(key, &record)?;
        }
    }
    for credential in &mut user.service_credentials {
        let number = credential.user_name.strip_prefix(&old.common.name).map(str::to_owned);
        if let Some(rest) = number {
            credential.user_name = format!("{}{rest}", user.common.name);
        }
    }
    save(txn, account, user)
}

fn kind_word() -> &'static str {
    EntityKind::User.word()
}

pub fn use_of(common: &Common) -> Use {
    Use { name: common.name.clone(), id: common.id.clone(), path: common.path.clone() }
}

pub async fn delete(
    directory: &Directory,
    cx: &Cx,
    input: api::DeleteUserRequest,
) -> Result<api::DeleteUserResponse, Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let user: User = load(txn, &account, &input.user_name)?;
            check_deletable(&user)?;
            boundaries::forget::<User>(txn, &account, &user.common);
            txn.delete(records::named(&account, kind_word(), &user.common.name));
            Ok(())
        })
        .await?;
    Ok(api::DeleteUserResponse {})
}

fn check_deletable(user: &User) -> Result<(), Error> {
    let blockers = [
        (!user.groups.is_empty(), Blocker::GroupMembership),
        (!user.common.attached.is_empty(), Blocker::AttachedPolicies),
        (!user.common.inline.is_empty(), Blocker::InlinePolicies),
        (!user.access_keys.is_empty(), Blocker::AccessKeys),
        (user.login.is_some(), Blocker::LoginProfile),
        (!user.service_credentials.is_empty(), Blocker::ServiceCredentials),
    ];
    match blockers.into_iter().find(|(blocks, _)| *blocks) {
        Some((_, blocker)) => Err(Error::Blocked(blocker)),
        None => Ok(()),
    }
}

pub async fn list(
    directory: &Directory,
    cx: &Cx,
    input: api::ListUsersRequest,
) -> Result<api::ListUsersResponse, Error> {
    let scope = directory.scope(cx);
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    let page = directory.question(cx, "ListUsers", prefix.clone(), input.marker, input.max_items).records(
        &directory.store,
        &records::all(&cx.account, kind_word()),
        |user: &User| user.common.path.starts_with(&prefix),
    )?;
    Ok(api::ListUsersResponse {
        is_truncated: page.truncated(),
        users: page.items.iter().map(|user| views::user(&scope, user)).collect(),
        marker: page.marker,
    })
}

pub async fn list_groups(
    directory: &Directory,
    cx: &Cx,
    input: api::ListGroupsForUserRequest,
) -> Result<api::ListGroupsForUserResponse, Error> {
    let scope = directory.scope(cx);
    let user: User = directory.entity(cx, &input.user_name)?;
    let groups: Vec<Group> = user.groups.iter().map(|name| directory.entity(cx, name)).collect::<Result<_, _>>()?;
    let page = directory
        .question(cx, "ListGroupsForUser", input.user_name, input.marker, input.max_items)
        .of(groups, |group| group.common().name.to_lowercase())?;
    Ok(api::ListGroupsForUserResponse {
        is_truncated: page.truncated(),
        groups: page.items.iter().map(|group| views::group(&scope, group)).collect(),
        marker: page.marker,
    })
}

/// The members of a group, by the index.
pub fn members(group: &Group, account: &kernel::AccountId) -> KeyRange {
    KeyRange::prefix(&records::all(account, kind::MEMBER).part(group.common.name.to_lowercase()))
}
