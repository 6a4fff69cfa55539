//! What `auth` asks of the directory: whose key this is, and what role that is.

use std::sync::Arc;

use auth::access::{Key, Keys, Role, Roles};
use kernel::{AccountId, Arn, BoxFuture, Caller, CallerKind};
use store::StoreError;

use crate::directory::Directory;
use crate::error::Error;
use crate::model::entity::Entity;
use crate::model::names::{account_of_key, split_path};
use crate::ops::access_keys::{self, Owner};
use crate::permissions;
use crate::records::{self, AccessKey, Read, Session, SessionPrincipal, User};
use crate::sts;

/// A root key as it is shown once.
pub struct RootKey {
    pub access_key_id: String,
    pub secret_access_key: String,
}

/// A root key as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootKeyEntry {
    pub access_key_id: String,
    pub active: bool,
    pub created: kernel::Timestamp,
}

impl Directory {
    /// Makes a key of the account's root. Errors: `Quota`, there are two.
    pub async fn create_root_key(&self, account: &AccountId) -> Result<RootKey, Error> {
        let now = kernel::Timestamp::from_secs(self.clock.wall().secs());
        let key = access_keys::make(self, account, Owner::Root, now).await?;
        Ok(RootKey { access_key_id: key.id, secret_access_key: key.secret })
    }

    /// The keys of the account's root, oldest first.
    pub fn root_keys(&self, account: &AccountId) -> Result<Vec<RootKeyEntry>, Error> {
        let keys = access_keys::keys_of(self, account, &Owner::Root)?;
        Ok(keys
            .into_iter()
            .map(|key| RootKeyEntry { access_key_id: key.id, active: key.active, created: key.created })
            .collect())
    }

    /// Errors: `NoSuch`, no key of the account's root has this id.
    pub async fn delete_root_key(&self, account: &AccountId, access_key_id: &str) -> Result<(), Error> {
        access_keys::remove(self, account, Owner::Root, access_key_id.to_owned()).await
    }

    fn find_key(&self, id: &str) -> Result<Option<Key>, StoreError> {
        let Some(account) = account_of_key(id) else { return Ok(None) };
        if let Some(record) = self.store.record::<AccessKey>(&access_keys::key(&account, id))? {
            return self.long_term(account, record);
        }
        let session: Option<Session> = self.store.record(&sts::session_key(&account, id))?;
        Ok(session.map(|session| temporary(account, session)))
    }

    fn long_term(&self, account: AccountId, record: AccessKey) -> Result<Option<Key>, StoreError> {
        let caller = match &record.user {
            None => Caller::root(&account),
            Some(name) => {
                let user: Option<User> = self.store.record(&records::named(&account, User::KIND.word(), name))?;
                let Some(user) = user else { return Ok(None) };
                Caller {
                    kind: CallerKind::User,
                    arn: user.arn("aws", &account),
                    principal_id: user.common.id,
                    access_key_id: None,
                    session_policies: Vec::new(),
                }
            }
        };
        Ok(Some(Key {
            secret_access_key: record.secret,
            account,
            caller: Caller { access_key_id: Some(record.id), ..caller },
            session_token: None,
            expires: None,
            active: record.active,
            issued_to: None,
        }))
    }
}

fn temporary(account: AccountId, session: Session) -> Key {
    let kind = match session.principal {
        SessionPrincipal::Root => CallerKind::Root,
        SessionPrincipal::User => CallerKind::User,
        SessionPrincipal::AssumedRole => CallerKind::AssumedRole,
        SessionPrincipal::FederatedUser => CallerKind::FederatedUser,
    };
    Key {
        secret_access_key: session.secret,
        account,
        caller: Caller {
            kind,
            arn: session.arn,
            principal_id: session.principal_id,
            access_key_id: Some(session.id),
            session_policies: session.policies,
        },
        session_token: Some(session.token),
        expires: Some(session.expires),
        active: true,
        issued_to: session.issued_to,
    }
}

impl Keys for Directory {
    /// A key that cannot be read is no key: the caller is refused, the cause goes to the log.
    fn lookup(&self, access_key_id: &str) -> Option<Key> {
        self.find_key(access_key_id).unwrap_or_else(|error| {
            tracing::error!(?error, "read an access key");
            None
        })
    }
}

impl Roles for Directory {
    fn role<'a>(&'a self, role_arn: &'a str) -> BoxFuture<'a, Option<Role>> {
        Box::pin(std::future::ready(find_role(self, role_arn)))
    }
}

fn find_role(directory: &Directory, role_arn: &str) -> Option<Role> {
    let arn: Arn = role_arn.parse().ok()?;
    let account = AccountId::parse(&arn.account).ok()?;
    let (_, name) = split_path(arn.resource.strip_prefix("role/")?);
    match permissions::trust_of(&directory.store, &account, name) {
        Ok((role, trust)) if role.arn(&arn.partition, &account) == role_arn => {
            Some(Role { role_id: role.common.id, trust_policy: Arc::new(trust) })
        }
        Ok(_) | Err(Error::NoSuch(..)) => None,
        Err(error) => {
            tracing::error!(%error, "read a role");
            None
        }
    }
}
