//! Credentials of users for single services: kept, as none of those services runs here.

use api_iam::types as api;
use kernel::{Cx, id};
use store::KeyRange;

use super::users::name_or_caller;
use crate::directory::{Directory, load, save};
use crate::error::{Error, Quota};
use crate::limits::{SERVICE_CREDENTIALS_MAX, USERS_MAX};
use crate::model::entity::Entity;
use crate::records::{self, Read, ServiceCredential, User};

/// The services that have such credentials. Source: IAM API Reference, "CreateServiceSpecificCredential".
/// Bedrock and CloudWatch Logs give a secret instead of a password; they are not offered.
const SERVICES: [&str; 2] = ["codecommit.amazonaws.com", "cassandra.amazonaws.com"];

fn status(credential: &ServiceCredential) -> api::StatusType {
    if credential.active { api::StatusType::Active } else { api::StatusType::Inactive }
}

/// With the password: when it is made and when it is reset.
fn shown(user: &User, credential: &ServiceCredential) -> api::ServiceSpecificCredential {
    api::ServiceSpecificCredential {
        create_date: credential.created,
        expiration_date: credential.expires,
        service_name: credential.service.clone(),
        service_user_name: Some(credential.user_name.clone()),
        service_password: Some(credential.password.clone()),
        service_specific_credential_id: credential.id.clone(),
        user_name: user.common.name.clone(),
        status: status(credential),
        ..api::ServiceSpecificCredential::default()
    }
}

fn listed(user: &User, credential: &ServiceCredential) -> api::ServiceSpecificCredentialMetadata {
    api::ServiceSpecificCredentialMetadata {
        user_name: user.common.name.clone(),
        status: status(credential),
        service_user_name: Some(credential.user_name.clone()),
        create_date: credential.created,
        expiration_date: credential.expires,
        service_specific_credential_id: credential.id.clone(),
        service_name: credential.service.clone(),
        ..api::ServiceSpecificCredentialMetadata::default()
    }
}

fn check_service(service: &str) -> Result<(), Error> {
    if SERVICES.contains(&service) { Ok(()) } else { Err(Error::ServiceWithoutCredentials(service.to_owned())) }
}

pub async fn create(
    directory: &Directory,
    cx: &Cx,
    input: api::CreateServiceSpecificCredentialRequest,
) -> Result<api::CreateServiceSpecificCredentialResponse, Error> {
    directory.entity::<User>(cx, &input.user_name)?;
    check_service(&input.service_name)?;
    let scope = directory.scope(cx);
    let (new_id, password) = (id::iam(&*directory.rng, "ACCA"), password(directory));
    let (user, credential) = directory
        .change(move |txn| {
            let mut user: User = load(txn, &scope.account, &input.user_name)?;
            let of_service = user.service_credentials.iter().filter(|known| known.service == input.service_name);
            let nth = of_service.count();
            if nth >= SERVICE_CREDENTIALS_MAX {
                return Err(Error::Quota(Quota::ServiceCredentials, SERVICE_CREDENTIALS_MAX));
            }
            // The second one of a service gets a number between user and account.
            let plus = if nth == 0 { String::new() } else { format!("+{nth}") };
            let credential = ServiceCredential {
                id: new_id,
                service: input.service_name,
                user_name: format!("{}{plus}-at-{}", user.common.name, scope.account),
                password,
                active: true,
                created: scope.now,
                expires: None,
            };
            user.service_credentials.push(credential.clone());
            save(txn, &scope.account, &user)?;
            Ok((user, credential))
        })
        .await?;
    Ok(api::CreateServiceSpecificCredentialResponse { service_specific_credential: Some(shown(&user, &credential)) })
}

/// 44 characters that end in `=`, as AWS's do: 32 bytes in base64.
fn password(directory: &Directory) -> String {
    format!("{}{}=", id::secret_key(&*directory.rng), id::hex_digits(&*directory.rng, 3))
}

pub async fn list(
    directory: &Directory,
    cx: &Cx,
    input: api::ListServiceSpecificCredentialsRequest,
) -> Result<api::ListServiceSpecificCredentialsResponse, Error> {
    if let Some(service) = &input.service_name {
        check_service(service)?;
    }
    let all = input.all_users.unwrap_or(false);
    let users = if all { every_user(directory, cx)? } else { vec![of_name(directory, cx, input.user_name)?] };
    let wanted = |known: &&ServiceCredential| input.service_name.as_ref().is_none_or(|name| *name == known.service);
    let of = |user: &User| -> Vec<_> {
        user.service_credentials.iter().filter(wanted).map(|one| listed(user, one)).collect()
    };
    let credentials: Vec<_> = users.iter().flat_map(of).collect();
    let asked = users.first().filter(|_| !all).map(|user| &user.common.name);
    let parameters = format!("{asked:?} {:?}", input.service_name);
    let page = directory
        .question(cx, "ListServiceSpecificCredentials", parameters, input.marker, input.max_items)
        .of(credentials, |one| one.service_specific_credential_id.clone())?;
    Ok(api::ListServiceSpecificCredentialsResponse {
        is_truncated: page.truncated(),
        service_specific_credentials: Some(page.items),
        marker: page.marker,
    })
}

fn of_name(directory: &Directory, cx: &Cx, name: Option<String>) -> Result<User, Error> {
    directory.entity(cx, &name_or_caller(cx, name)?)
}

fn every_user(directory: &Directory, cx: &Cx) -> Result<Vec<User>, Error> {
    let range = KeyRange::prefix(&records::all(&cx.account, User::KIND.word()));
    Ok(directory.store.records::<User>(&range, USERS_MAX)?.into_iter().map(|(_, user)| user).collect())
}

/// Changes one credential of a user. Errors: `NoSuchServiceCredential`.
async fn change(
    directory: &Directory,
    cx: &Cx,
    name: Option<String>,
    id: String,
    body: impl FnOnce(&mut ServiceCredential) + Send + 'static,
) -> Result<(User, ServiceCredential), Error> {
    let name = name_or_caller(cx, name)?;
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let mut user: User = load(txn, &account, &name)?;
            let found = user.service_credentials.iter_mut().find(|known| known.id == id);
            let credential = found.ok_or_else(|| Error::NoSuchServiceCredential(id.clone()))?;
            body(credential);
            let credential = credential.clone();
            save(txn, &account, &user)?;
            Ok((user, credential))
        })
        .await
}

pub async fn update(
    directory: &Directory,
    cx: &Cx,
    input: api::UpdateServiceSpecificCredentialRequest,
) -> Result<api::UpdateServiceSpecificCredentialResponse, Error> {
    let active = input.status == api::StatusType::Active;
    change(directory, cx, input.user_name, input.service_specific_credential_id, move |one| one.active = active)
        .await?;
    Ok(api::UpdateServiceSpecificCredentialResponse {})
}

pub async fn reset(
    directory: &Directory,
    cx: &Cx,
    input: api::ResetServiceSpecificCredentialRequest,
) -> Result<api::ResetServiceSpecificCredentialResponse, Error> {
    let password = password(directory);
    let (user, credential) = change(directory, cx, input.user_name, input.service_specific_credential_id, move |one| {
        one.password = password;
    })
    .await?;
    Ok(api::ResetServiceSpecificCredentialResponse { service_specific_credential: Some(shown(&user, &credential)) })
}

pub async fn delete(
    directory: &Directory,
    cx: &Cx,
    input: api::DeleteServiceSpecificCredentialRequest,
) -> Result<api::DeleteServiceSpecificCredentialResponse, Error> {
    let name = name_or_caller(cx, input.user_name)?;
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let mut user: User = load(txn, &account, &name)?;
            let id = input.service_specific_credential_id;
            if !user.service_credentials.iter().any(|known| known.id == id) {
                return Err(Error::NoSuchServiceCredential(id));
            }
            user.service_credentials.retain(|known| known.id != id);
            save(txn, &account, &user)
        })
        .await?;
    Ok(api::DeleteServiceSpecificCredentialResponse {})
}
