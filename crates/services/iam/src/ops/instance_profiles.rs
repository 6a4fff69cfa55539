//! Instance profiles: kept, as nothing here runs instances.

use api_iam::types as api;
use kernel::{AccountId, Cx, id};
use store::{Key, Txn};

use super::views;
use crate::directory::{Directory, check_quota, load, load_to_change, save};
use crate::error::{Blocker, Error, Noun, Quota};
use crate::limits::{INSTANCE_PROFILES_MAX, ROLES_PER_INSTANCE_PROFILE_MAX};
use crate::model::tags;
use crate::records::{self, InstanceProfile, Read, Role, kind};

pub fn key(account: &AccountId, name: &str) -> Key {
    records::named(account, kind::INSTANCE_PROFILE, name)
}

/// Errors: `NoSuch`.
pub fn find(read: &impl Read, account: &AccountId, name: &str) -> Result<InstanceProfile, Error> {
    let missing = || Error::NoSuch(Noun::InstanceProfile, name.to_owned());
    read.record(&key(account, name))?.ok_or_else(missing)
}

fn roles_of(directory: &Directory, cx: &Cx, profile: &InstanceProfile) -> Result<Vec<Role>, Error> {
    profile.roles.iter().map(|name| directory.entity(cx, name)).collect()
}

fn shown(directory: &Directory, cx: &Cx, profile: &InstanceProfile) -> Result<api::InstanceProfile, Error> {
    Ok(views::instance_profile(&directory.scope(cx), profile, &roles_of(directory, cx, profile)?))
}

/// As lists show it: without tags.
pub fn listed(directory: &Directory, cx: &Cx, profile: &InstanceProfile) -> Result<api::InstanceProfile, Error> {
    Ok(api::InstanceProfile { tags: None, ..shown(directory, cx, profile)? })
}

pub async fn create(
    directory: &Directory,
    cx: &Cx,
    input: api::CreateInstanceProfileRequest,
) -> Result<api::CreateInstanceProfileResponse, Error> {
    let scope = directory.scope(cx);
    let profile = InstanceProfile {
        name: input.instance_profile_name,
        id: id::iam(&*directory.rng, "AIPA"),
        path: input.path.unwrap_or_else(|| "/".to_owned()),
        created: scope.now,
        tags: views::tags_of_request(input.tags),
        roles: Vec::new(),
    };
    tags::check(&profile.tags)?;
    let account = cx.account.clone();
    let profile = directory
        .change(move |txn| {
            let key = key(&account, &profile.name);
            if txn.record::<InstanceProfile>(&key)?.is_some() {
                return Err(Error::Exists(Noun::InstanceProfile, profile.name));
            }
            check_quota(txn, &account, kind::INSTANCE_PROFILE, Quota::InstanceProfiles, INSTANCE_PROFILES_MAX)?;
            txn.put_record(key, &profile)?;
            Ok(profile)
        })
        .await?;
    Ok(api::CreateInstanceProfileResponse { instance_profile: views::instance_profile(&scope, &profile, &[]) })
}

pub async fn get(
    directory: &Directory,
    cx: &Cx,
    input: api::GetInstanceProfileRequest,
) -> Result<api::GetInstanceProfileResponse, Error> {
    let profile = find(&directory.store, &cx.account, &input.instance_profile_name)?;
    Ok(api::GetInstanceProfileResponse { instance_profile: shown(directory, cx, &profile)? })
}

pub async fn list(
    directory: &Directory,
    cx: &Cx,
    input: api::ListInstanceProfilesRequest,
) -> Result<api::ListInstanceProfilesResponse, Error> {
    let prefix = input.path_prefix.unwrap_or_else(|| "/".to_owned());
    let page = directory.question(cx, "ListInstanceProfiles", prefix.clone(), input.marker, input.max_items).records(
        &directory.store,
        &records::all(&cx.account, kind::INSTANCE_PROFILE),
        |profile: &InstanceProfile| profile.path.starts_with(&prefix),
    )?;
    let profiles = page.items.iter().map(|profile| listed(directory, cx, profile)).collect::<Result<_, _>>()?;
    Ok(api::ListInstanceProfilesResponse {
        is_truncated: page.truncated(),
        instance_profiles: profiles,
        marker: page.marker,
    })
}

pub async fn list_for_role(
    directory: &Directory,
    cx: &Cx,
    input: api::ListInstanceProfilesForRoleRequest,
) -> Result<api::ListInstanceProfilesForRoleResponse, Error> {
    let role: Role = directory.entity(cx, &input.role_name)?;
    let profiles = role.profiles.iter().map(|name| find(&directory.store, &cx.account, name));
    let profiles: Vec<InstanceProfile> = profiles.collect::<Result<_, _>>()?;
    let page = directory
        .question(cx, "ListInstanceProfilesForRole", input.role_name, input.marker, input.max_items)
        .of(profiles, |profile| profile.name.to_lowercase())?;
    let profiles = page.items.iter().map(|profile| listed(directory, cx, profile)).collect::<Result<_, _>>()?;
    Ok(api::ListInstanceProfilesForRoleResponse {
        is_truncated: page.truncated(),
        instance_profiles: profiles,
        marker: page.marker,
    })
}

pub async fn delete(
    directory: &Directory,
    cx: &Cx,
    input: api::DeleteInstanceProfileRequest,
) -> Result<api::DeleteInstanceProfileResponse, Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let profile = find(txn, &account, &input.instance_profile_name)?;
            if !profile.roles.is_empty() {
                return Err(Error::Blocked(Blocker::RolesInProfile));
            }
            txn.delete(key(&account, &profile.name));
            Ok(())
        })
        .await?;
    Ok(api::DeleteInstanceProfileResponse {})
}

pub async fn add_role(
    directory: &Directory,
    cx: &Cx,
    input: api::AddRoleToInstanceProfileRequest,
) -> Result<api::AddRoleToInstanceProfileResponse, Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let mut profile = find(txn, &account, &input.instance_profile_name)?;
            let mut role: Role = load_to_change(txn, &account, &input.role_name)?;
            if profile.roles.len() >= ROLES_PER_INSTANCE_PROFILE_MAX {
                return Err(Error::Quota(Quota::RolesPerInstanceProfile, ROLES_PER_INSTANCE_PROFILE_MAX));
            }
            profile.roles.push(role.common.name.to_lowercase());
            role.profiles.push(profile.name.to_lowercase());
            save_both(txn, &account, &profile, &role)
        })
        .await?;
    Ok(api::AddRoleToInstanceProfileResponse {})
}

pub async fn remove_role(
    directory: &Directory,
    cx: &Cx,
    input: api::RemoveRoleFromInstanceProfileRequest,
) -> Result<api::RemoveRoleFromInstanceProfileResponse, Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let mut profile = find(txn, &account, &input.instance_profile_name)?;
            let mut role: Role = load(txn, &account, &input.role_name)?;
            let name = role.common.name.to_lowercase();
            if !profile.roles.contains(&name) {
                return Err(Error::RoleNotInProfile { role: input.role_name, profile: profile.name });
            }
            profile.roles.retain(|other| *other != name);
            let profile_name = profile.name.to_lowercase();
            role.profiles.retain(|other| *other != profile_name);
            save_both(txn, &account, &profile, &role)
        })
        .await?;
    Ok(api::RemoveRoleFromInstanceProfileResponse {})
}

fn save_both(txn: &mut Txn, account: &AccountId, profile: &InstanceProfile, role: &Role) -> Result<(), Error> {
    txn.put_record(key(account, &profile.name), profile)?;
    save(txn, account, role)
}
