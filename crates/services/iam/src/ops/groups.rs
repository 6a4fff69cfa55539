//! Groups and who is in them.

use api_iam::types as api;
use kernel::{AccountId, Cx, id};
use store::{Direction, Txn};

use super::{boundaries, users, views};
use crate::directory::{Directory, check_new, load, save};
use crate::error::{Blocker, Error, Quota};
use crate::limits::{GROUPS_PER_USER_MAX, USERS_MAX};
use crate::model::entity::EntityKind;
use crate::records::{self, Common, Group, Use, User, kind};

const WORD: &str = "group";

pub async fn create(
    directory: &Directory,
    cx: &Cx,
    input: api::CreateGroupRequest,
) -> Result<api::CreateGroupResponse, Error> {
    let scope = directory.scope(cx);
    let group = Group {
        common: Common {
            name: input.group_name,
            id: id::iam(&*directory.rng, EntityKind::Group.id_prefix()),
            path: input.path.unwrap_or_else(|| "/".to_owned()),
            created: scope.now,
            ..Common::default()
        },
    };
    let account = cx.account.clone();
    let group = directory
        .change(move |txn| {
            check_new::<Group>(txn, &account, &group.common.name)?;
            save(txn, &account, &group)?;
            Ok(group)
        })
        .await?;
    Ok(api::CreateGroupResponse { group: views::group(&scope, &group) })
}

pub async fn get(directory: &Directory, cx: &Cx, input: api::GetGroupRequest) -> Result<api::GetGroupResponse, Error> {
    let scope = directory.scope(cx);
    let group: Group = directory.entity(cx, &input.group_name)?;
    let prefix = records::all(&cx.account, kind::MEMBER).part(group.common.name.to_lowercase());
    let page = directory.question(cx, "GetGroup", input.group_name, input.marker, input.max_items).records(
        &directory.store,
        &prefix,
        |_: &Use| true,
    )?;
    let users: Vec<User> =
        page.items.iter().map(|member| directory.entity(cx, &member.name)).collect::<Result<_, _>>()?;
    Ok(api::GetGroupResponse {
        group: views::group(&scope, &group),
        users: users.iter().map(|user| views::user(&scope, user)).collect(),
        is_truncated: page.truncated(),
        marker: page.marker,
    })
}

pub async fn list(
    directory: &Directory,
    cx: &Cx,
    input: api::ListGroupsRequest,
) -> Result<api::ListGroupsResponse, Error> {
    let scope = directory.scope(cx);
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    let page = directory.question(cx, "ListGroups", prefix.clone(), input.marker, input.max_items).records(
        &directory.store,
        &records::all(&cx.account, WORD),
        |group: &Group| group.common.path.starts_with(&prefix),
    )?;
    Ok(api::ListGroupsResponse {
        is_truncated: page.truncated(),
        groups: page.items.iter().map(|group| views::group(&scope, group)).collect(),
        marker: page.marker,
    })
}

pub async fn update(
    directory: &Directory,
    cx: &Cx,
    input: api::UpdateGroupRequest,
) -> Result<api::UpdateGroupResponse, Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let old: Group = load(txn, &account, &input.group_name)?;
            let mut group = old.clone();
            if let Some(name) = input.new_group_name {
                if !name.eq_ignore_ascii_case(&group.common.name) {
                    check_new::<Group>(txn, &account, &name)?;
                }
                group.common.name = name;
            }
            if let Some(path) = input.new_path {
                group.common.path = path;
            }
            rename(txn, &account, &old, &group)
        })
        .await?;
    Ok(api::UpdateGroupResponse {})
}

/// Moves a group, its members' lists and the index.
fn rename(txn: &mut Txn, account: &AccountId, old: &Group, group: &Group) -> Result<(), Error> {
    let (before, after) = (old.common.name.to_lowercase(), group.common.name.to_lowercase());
    txn.delete(records::named(account, WORD, &before));
    boundaries::move_uses::<Group>(txn, account, &old.common, &group.common)?;
    if before != after {
        let index = records::all(account, kind::MEMBER).part(&after);
        for (key, member) in txn.scan_records::<Use>(&users::members(old, account), USERS_MAX, Direction::Forward)? {
            let mut user: User = load(txn, account, &member.name)?;
            user.groups.iter_mut().filter(|name| **name == before).for_each(|name| name.clone_from(&after));
            save(txn, account, &user)?;
            txn.delete(key);
            txn.put_record(index.clone().part(member.name.to_lowercase()), &member)?;
        }
    }
    save(txn, account, group)
}

pub async fn delete(
    directory: &Directory,
    cx: &Cx,
    input: api::DeleteGroupRequest,
) -> Result<api::DeleteGroupResponse, Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let group: Group = load(txn, &account, &input.group_name)?;
            let has_members = !txn.scan(&users::members(&group, &account), 1, Direction::Forward)?.is_empty();
            let blockers = [
                (has_members, Blocker::GroupMembership),
                (!group.common.attached.is_empty(), Blocker::AttachedPolicies),
                (!group.common.inline.is_empty(), Blocker::InlinePolicies),
            ];
            if let Some((_, blocker)) = blockers.into_iter().find(|(blocks, _)| *blocks) {
                return Err(Error::Blocked(blocker));
            }
            txn.delete(records::named(&account, WORD, &group.common.name));
            Ok(())
        })
        .await?;
    Ok(api::DeleteGroupResponse {})
}

pub async fn add_user(
    directory: &Directory,
    cx: &Cx,
    input: api::AddUserToGroupRequest,
) -> Result<api::AddUserToGroupResponse, Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let group: Group = load(txn, &account, &input.group_name)?;
            let mut user: User = load(txn, &account, &input.user_name)?;
            let name = group.common.name.to_lowercase();
            if user.groups.contains(&name) {
                return Ok(());
            }
            if user.groups.len() >= GROUPS_PER_USER_MAX {
                return Err(Error::Quota(Quota::GroupsPerUser, GROUPS_PER_USER_MAX));
            }
            let key = records::all(&account, kind::MEMBER).part(&name).part(user.common.name.to_lowercase());
            txn.put_record(key, &users::use_of(&user.common))?;
            user.groups.push(name);
            save(txn, &account, &user)
        })
        .await?;
    Ok(api::AddUserToGroupResponse {})
}

pub async fn remove_user(
    directory: &Directory,
    cx: &Cx,
    input: api::RemoveUserFromGroupRequest,
) -> Result<api::RemoveUserFromGroupResponse, Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let group: Group = load(txn, &account, &input.group_name)?;
            let mut user: User = load(txn, &account, &input.user_name)?;
            let name = group.common.name.to_lowercase();
            user.groups.retain(|other| *other != name);
            txn.delete(records::all(&account, kind::MEMBER).part(&name).part(user.common.name.to_lowercase()));
            save(txn, &account, &user)
        })
        .await?;
    Ok(api::RemoveUserFromGroupResponse {})
}
