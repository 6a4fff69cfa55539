//! Console passwords of users. They are accepted and forgotten: there is no console to sign in to with them.

use api_iam::types as api;
use kernel::Cx;

use super::users::name_or_caller;
use crate::directory::{Directory, load, save};
use crate::error::{Error, Noun};
use crate::records::{Login, User};

fn shown(user: &User, login: &Login) -> api::LoginProfile {
    api::LoginProfile {
        user_name: user.common.name.clone(),
        create_date: login.created,
        password_reset_required: Some(login.reset_required),
    }
}

/// Changes a user's login profile: what `change` leaves is kept.
async fn change(
    directory: &Directory,
    cx: &Cx,
    name: String,
    change: impl FnOnce(Option<Login>) -> Result<Option<Login>, Noun> + Send + 'static,
) -> Result<User, Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let mut user: User = load(txn, &account, &name)?;
            let had_one = user.login.is_some();
            user.login = change(user.login.take()).map_err(|noun| match had_one {
                true => Error::Exists(noun, user.common.name.clone()),
                false => Error::NoSuch(noun, user.common.name.clone()),
            })?;
            save(txn, &account, &user)?;
            Ok(user)
        })
        .await
}

pub async fn create(
    directory: &Directory,
    cx: &Cx,
    input: api::CreateLoginProfileRequest,
) -> Result<api::CreateLoginProfileResponse, Error> {
    let name = name_or_caller(cx, input.user_name)?;
    let login =
        Login { created: directory.scope(cx).now, reset_required: input.password_reset_required.unwrap_or(false) };
    let new = login.clone();
    let user = change(directory, cx, name, move |old| match old {
        Some(_) => Err(Noun::LoginProfile),
        None => Ok(Some(new)),
    })
    .await?;
    Ok(api::CreateLoginProfileResponse { login_profile: shown(&user, &login) })
}

pub async fn get(
    directory: &Directory,
    cx: &Cx,
    input: api::GetLoginProfileRequest,
) -> Result<api::GetLoginProfileResponse, Error> {
    let user: User = directory.entity(cx, &name_or_caller(cx, input.user_name)?)?;
    match &user.login {
        Some(login) => Ok(api::GetLoginProfileResponse { login_profile: shown(&user, login) }),
        None => Err(Error::NoSuch(Noun::LoginProfile, user.common.name)),
    }
}

pub async fn update(
    directory: &Directory,
    cx: &Cx,
    input: api::UpdateLoginProfileRequest,
) -> Result<api::UpdateLoginProfileResponse, Error> {
    change(directory, cx, input.user_name, move |old| {
        let mut login = old.ok_or(Noun::LoginProfile)?;
        login.reset_required = input.password_reset_required.unwrap_or(login.reset_required);
        Ok(Some(login))
    })
    .await?;
    Ok(api::UpdateLoginProfileResponse {})
}

pub async fn delete(
    directory: &Directory,
    cx: &Cx,
    input: api::DeleteLoginProfileRequest,
) -> Result<api::DeleteLoginProfileResponse, Error> {
    let name = name_or_caller(cx, input.user_name)?;
    change(directory, cx, name, |old| match old {
        Some(_) => Ok(None),
        None => Err(Noun::LoginProfile),
    })
    .await?;
    Ok(api::DeleteLoginProfileResponse {})
}
