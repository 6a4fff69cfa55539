//! What an account has once: its alias, its password policy, its summary.

use api_iam::types as api;
use kernel::{AccountId, Cx};
use store::{Key, KeyRange, Txn};
use wire::Map;

use crate::directory::Directory;
use crate::error::Error;
use crate::limits;
use crate::records::{self, Account, AliasOwner, PasswordPolicy, Policy, Read, kind};

/// Aliases are unique among all accounts: they stand in the account that nobody is asked for.
fn alias_key(alias: &str) -> Key {
    records::all(&AccountId::default(), kind::ALIAS).part(alias)
}

fn read(source: &impl Read, account: &AccountId) -> Result<Account, Error> {
    Ok(source.record(&records::all(account, kind::ACCOUNT))?.unwrap_or_default())
}

fn write(txn: &mut Txn, account: &AccountId, record: &Account) -> Result<(), Error> {
    Ok(txn.put_record(records::all(account, kind::ACCOUNT), record)?)
}

pub async fn create_alias(
    directory: &Directory,
    cx: &Cx,
    input: api::CreateAccountAliasRequest,
) -> Result<api::CreateAccountAliasResponse, Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let alias = input.account_alias;
            if let Some(owner) = txn.get_record::<AliasOwner>(&alias_key(&alias))? {
                return if owner.account == account.as_str() { Ok(()) } else { Err(Error::AliasTaken(alias)) };
            }
            let mut record = read(txn, &account)?;
            // A new alias takes the old one's place.
            if let Some(old) = record.alias.replace(alias.clone()) {
                txn.delete(alias_key(&old));
            }
            txn.put_record(alias_key(&alias), &AliasOwner { account: account.to_string() })?;
            write(txn, &account, &record)
        })
        .await?;
    Ok(api::CreateAccountAliasResponse {})
}

pub async fn delete_alias(
    directory: &Directory,
    cx: &Cx,
    input: api::DeleteAccountAliasRequest,
) -> Result<api::DeleteAccountAliasResponse, Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let mut record = read(txn, &account)?;
            if record.alias.as_ref() != Some(&input.account_alias) {
                return Err(Error::NoSuchAlias(input.account_alias));
            }
            record.alias = None;
            txn.delete(alias_key(&input.account_alias));
            write(txn, &account, &record)
        })
        .await?;
    Ok(api::DeleteAccountAliasResponse {})
}

pub async fn list_aliases(
    directory: &Directory,
    cx: &Cx,
    input: api::ListAccountAliasesRequest,
) -> Result<api::ListAccountAliasesResponse, Error> {
    let aliases = read(&directory.store, &cx.account)?.alias.into_iter().collect();
    let page = directory
        .question(cx, "ListAccountAliases", String::new(), input.marker, input.max_items)
        .of(aliases, String::clone)?;
    Ok(api::ListAccountAliasesResponse {
        is_truncated: page.truncated(),
        account_aliases: page.items,
        marker: page.marker,
    })
}

pub async fn update_password_policy(
    directory: &Directory,
    cx: &Cx,
    input: api::UpdateAccountPasswordPolicyRequest,
) -> Result<api::UpdateAccountPasswordPolicyResponse, Error> {
    let account = cx.account.clone();
    let policy = PasswordPolicy {
        length_min: input.minimum_password_length.unwrap_or(6),
        symbols: input.require_symbols.unwrap_or(false),
        numbers: input.require_numbers.unwrap_or(false),
        uppercase: input.require_uppercase_characters.unwrap_or(false),
        lowercase: input.require_lowercase_characters.unwrap_or(false),
        users_may_change: input.allow_users_to_change_password.unwrap_or(false),
        age_days_max: input.max_password_age,
        reuse_prevention: input.password_reuse_prevention,
        hard_expiry: input.hard_expiry,
    };
    directory
        .change(move |txn| {
            let mut record = read(txn, &account)?;
            record.password_policy = Some(policy);
            write(txn, &account, &record)
        })
        .await?;
    Ok(api::UpdateAccountPasswordPolicyResponse {})
}

pub async fn get_password_policy(
    directory: &Directory,
    cx: &Cx,
    _input: api::GetAccountPasswordPolicyRequest,
) -> Result<api::GetAccountPasswordPolicyResponse, Error> {
    let policy = read(&directory.store, &cx.account)?.password_policy;
    let policy = policy.ok_or_else(|| Error::NoPasswordPolicy(cx.account.to_string()))?;
    let password_policy = api::PasswordPolicy {
        minimum_password_length: Some(policy.length_min),
        require_symbols: Some(policy.symbols),
        require_numbers: Some(policy.numbers),
        require_uppercase_characters: Some(policy.uppercase),
        require_lowercase_characters: Some(policy.lowercase),
        allow_users_to_change_password: Some(policy.users_may_change),
        expire_passwords: Some(policy.age_days_max.is_some()),
        max_password_age: policy.age_days_max,
        password_reuse_prevention: policy.reuse_prevention,
        hard_expiry: policy.hard_expiry,
    };
    Ok(api::GetAccountPasswordPolicyResponse { password_policy })
}

pub async fn delete_password_policy(
    directory: &Directory,
    cx: &Cx,
    _input: api::DeleteAccountPasswordPolicyRequest,
) -> Result<api::DeleteAccountPasswordPolicyResponse, Error> {
    let account = cx.account.clone();
    directory
        .change(move |txn| {
            let mut record = read(txn, &account)?;
            if record.password_policy.take().is_none() {
                return Err(Error::NoPasswordPolicy(account.to_string()));
            }
            write(txn, &account, &record)
        })
        .await?;
    Ok(api::DeleteAccountPasswordPolicyResponse {})
}

/// Counts of what there is, and the quotas. What this build does not keep (MFA, certificates, providers) counts zero.
pub async fn summary(
    directory: &Directory,
    cx: &Cx,
    _input: api::GetAccountSummaryRequest,
) -> Result<api::GetAccountSummaryResponse, Error> {
    let count = |word: &str, max: usize| -> Result<usize, Error> {
        let range = KeyRange::prefix(&records::all(&cx.account, word));
        Ok(directory.store.scan(&range, max, store::Direction::Forward)?.len())
    };
    let policies = KeyRange::prefix(&records::all(&cx.account, kind::POLICY));
    let policies = directory.store.records::<Policy>(&policies, limits::POLICIES_MAX)?;
    let versions: usize = policies.iter().map(|(_, policy)| policy.versions.len()).sum();
    let root_has_key = !read(&directory.store, &cx.account)?.root_keys.is_empty();
    let entries = [
        ("Users", count("user", limits::USERS_MAX)?),
        ("UsersQuota", limits::USERS_MAX),
        ("Groups", count("group", limits::GROUPS_MAX)?),
        ("GroupsQuota", limits::GROUPS_MAX),
        ("Roles", count("role", limits::ROLES_MAX)?),
        ("RolesQuota", limits::ROLES_MAX),
        ("Policies", policies.len()),
        ("PoliciesQuota", limits::POLICIES_MAX),
        ("PolicyVersionsInUse", versions),
        ("PolicyVersionsInUseQuota", 10_000),
        ("InstanceProfiles", count(kind::INSTANCE_PROFILE, limits::INSTANCE_PROFILES_MAX)?),
        ("InstanceProfilesQuota", limits::INSTANCE_PROFILES_MAX),
        ("VersionsPerPolicyQuota", limits::POLICY_VERSIONS_MAX),
        ("PolicySizeQuota", limits::MANAGED_POLICY_CHARS_MAX),
        ("UserPolicySizeQuota", limits::USER_POLICIES_CHARS_MAX),
        ("GroupPolicySizeQuota", limits::GROUP_POLICIES_CHARS_MAX),
        ("RolePolicySizeQuota", limits::ROLE_POLICIES_CHARS_MAX),
        ("AssumeRolePolicySizeQuota", limits::TRUST_POLICY_CHARS_MAX),
        ("AttachedPoliciesPerUserQuota", limits::ATTACHED_POLICIES_MAX),
        ("AttachedPoliciesPerGroupQuota", limits::ATTACHED_POLICIES_MAX),
        ("AttachedPoliciesPerRoleQuota", limits::ATTACHED_POLICIES_MAX),
        ("GroupsPerUserQuota", limits::GROUPS_PER_USER_MAX),
        ("AccessKeysPerUserQuota", limits::ACCESS_KEYS_MAX),
        ("AccountAccessKeysPresent", usize::from(root_has_key)),
        ("AccountPasswordPresent", 0),
        ("AccountSigningCertificatesPresent", 0),
        ("AccountMFAEnabled", 0),
        ("MFADevices", 0),
        ("MFADevicesInUse", 0),
        ("Providers", 0),
        ("ServerCertificates", 0),
        ("ServerCertificatesQuota", 20),
        ("SigningCertificatesPerUserQuota", 2),
        ("GlobalEndpointTokenVersion", 1),
    ];
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let summary_map: Map<i32> = entries.into_iter().map(|(name, count)| (name.to_owned(), number(count))).collect();
    Ok(api::GetAccountSummaryResponse { summary_map: Some(summary_map) })
}
