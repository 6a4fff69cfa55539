//! Versions of managed policies. AWS's own have their default version only.

use api_iam::types as api;
use kernel::Cx;
use store::Txn;

use super::managed_policies::{self, Found};
use super::views;
use crate::directory::{Directory, Scope};
use crate::error::{Blocker, Error, Quota};
use crate::limits::POLICY_VERSIONS_MAX;
use crate::model::names;
use crate::records::{Policy, PolicyVersion};

pub async fn create(
    directory: &Directory,
    cx: &Cx,
    input: api::CreatePolicyVersionRequest,
) -> Result<api::CreatePolicyVersionResponse, Error> {
    let scope = directory.scope(cx);
    managed_policies::check_document(&input.policy_document)?;
    let (policy, version) = directory
        .change(move |txn| {
            let mut policy = managed_policies::find_own(txn, &scope, &input.policy_arn)?;
            if policy.versions.len() >= POLICY_VERSIONS_MAX {
                return Err(Error::Quota(Quota::PolicyVersions, POLICY_VERSIONS_MAX));
            }
            let version = PolicyVersion { number: policy.next, document: input.policy_document, created: scope.now };
            policy.next += 1;
            policy.updated = scope.now;
            if input.set_as_default.unwrap_or(false) {
                policy.default = version.number;
            }
            policy.versions.push(version.clone());
            save(txn, &scope, &policy)?;
            Ok((policy, version))
        })
        .await?;
    Ok(api::CreatePolicyVersionResponse { policy_version: Some(views::listed_version(&policy, &version)) })
}

fn save(txn: &mut Txn, scope: &Scope, policy: &Policy) -> Result<(), Error> {
    Ok(txn.put_record(managed_policies::key(&scope.account, &policy.name), policy)?)
}

fn position(policy: &Policy, arn: &str, version: &str) -> Result<usize, Error> {
    let number = names::version_number(version);
    let found = policy.versions.iter().position(|known| Some(known.number) == number);
    found.ok_or_else(|| Error::NoSuchPolicyVersion { arn: arn.to_owned(), version: version.to_owned() })
}

pub async fn get(
    directory: &Directory,
    cx: &Cx,
    input: api::GetPolicyVersionRequest,
) -> Result<api::GetPolicyVersionResponse, Error> {
    let arn = input.policy_arn;
    let missing = || Error::NoSuchPolicyVersion { arn: arn.clone(), version: input.version_id.clone() };
    let version = match managed_policies::find(&directory.store, &directory.scope(cx), &arn)? {
        Found::Own(policy) => {
            let at = position(&policy, &arn, &input.version_id)?;
            let version = policy.versions.get(at).ok_or_else(missing)?;
            api::PolicyVersion {
                document: Some(names::encoded(&version.document)),
                ..views::listed_version(&policy, version)
            }
        }
        Found::Aws(policy) if policy.version == input.version_id => {
            let document = policy.document.ok_or_else(|| Error::DocumentUnknown(arn.clone()))?;
            api::PolicyVersion {
                document: Some(names::encoded(document)),
                version_id: Some(policy.version.to_owned()),
                is_default_version: Some(true),
                create_date: Some(policy.updated),
            }
        }
        Found::Aws(_) => return Err(missing()),
        Found::None => return Err(Error::NoSuchPolicy(arn)),
    };
    Ok(api::GetPolicyVersionResponse { policy_version: Some(version) })
}

pub async fn list(
    directory: &Directory,
    cx: &Cx,
    input: api::ListPolicyVersionsRequest,
) -> Result<api::ListPolicyVersionsResponse, Error> {
    let arn = input.policy_arn;
    let versions = match managed_policies::find(&directory.store, &directory.scope(cx), &arn)? {
        Found::Own(policy) => policy.versions.iter().map(|version| views::listed_version(&policy, version)).collect(),
        Found::Aws(policy) => vec![api::PolicyVersion {
            document: None,
            version_id: Some(policy.version.to_owned()),
            is_default_version: Some(true),
            create_date: Some(policy.updated),
        }],
        Found::None => return Err(Error::NoSuchPolicy(arn)),
    };
    // The newest comes first: numbers are sorted by what is left to the largest.
    let newest_first = |version: &api::PolicyVersion| {
        let number = version.version_id.as_deref().and_then(names::version_number).unwrap_or_default();
        format!("{:010}", u32::MAX - number)
    };
    let page =
        directory.question(cx, "ListPolicyVersions", arn, input.marker, input.max_items).of(versions, newest_first)?;
    Ok(api::ListPolicyVersionsResponse {
        is_truncated: page.truncated(),
        versions: Some(page.items),
        marker: page.marker,
    })
}

pub async fn set_default(
    directory: &Directory,
    cx: &Cx,
    input: api::SetDefaultPolicyVersionRequest,
) -> Result<api::SetDefaultPolicyVersionResponse, Error> {
    let scope = directory.scope(cx);
    directory
        .change(move |txn| {
            let mut policy = managed_policies::find_own(txn, &scope, &input.policy_arn)?;
            let at = position(&policy, &input.policy_arn, &input.version_id)?;
            policy.default = policy.versions.get(at).map_or(policy.default, |version| version.number);
            policy.updated = scope.now;
            save(txn, &scope, &policy)
        })
        .await?;
    Ok(api::SetDefaultPolicyVersionResponse {})
}

pub async fn delete(
    directory: &Directory,
    cx: &Cx,
    input: api::DeletePolicyVersionRequest,
) -> Result<api::DeletePolicyVersionResponse, Error> {
    let scope = directory.scope(cx);
    directory
        .change(move |txn| {
            let mut policy = managed_policies::find_own(txn, &scope, &input.policy_arn)?;
            let at = position(&policy, &input.policy_arn, &input.version_id)?;
            if policy.versions.remove(at).number == policy.default {
                return Err(Error::Blocked(Blocker::DefaultVersion));
            }
            policy.updated = scope.now;
            save(txn, &scope, &policy)
        })
        .await?;
    Ok(api::DeletePolicyVersionResponse {})
}
