//! What IAM and STS share: the store, the clock, chance, and the reading and writing of entities.

use std::sync::Arc;

use kernel::{AccountId, Clock, Cx, PageTokens, Rng, Timestamp};
use store::{KeyRange, Store, StoreError, Txn};

use crate::error::{Error, Quota};
use crate::model::entity::Entity;
use crate::paging::Question;
use crate::records::{self, Read};

/// The identities of all accounts.
pub struct Directory {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) tokens: PageTokens,
}

/// Whose entities a call is about, and when it came.
#[derive(Clone)]
pub struct Scope {
    pub account: AccountId,
    pub partition: &'static str,
    /// Whole seconds: the finest time that IAM shows.
    pub now: Timestamp,
}

impl Directory {
    /// Errors: the data folder's secrets cannot be read.
    pub fn new(store: Store, clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Result<Arc<Self>, StoreError> {
        let tokens = PageTokens::new(store.secret("page-tokens")?);
        Ok(Arc::new(Self { store, clock, rng, tokens }))
    }

    pub(crate) fn scope(&self, cx: &Cx) -> Scope {
        let now = Timestamp::from_secs(self.clock.wall().secs());
        Scope { account: cx.account.clone(), partition: cx.region.partition(), now }
    }

    /// Runs `body` as one transaction.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        body: impl FnOnce(&mut Txn) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.transact(body).await
    }

    pub(crate) fn question<'a>(
        &'a self,
        cx: &'a Cx,
        operation: &'a str,
        parameters: String,
        marker: Option<String>,
        max_items: Option<i32>,
    ) -> Question<'a> {
        Question { cx, tokens: &self.tokens, operation, parameters, marker, max_items }
    }

    pub(crate) fn entity<E: Entity>(&self, cx: &Cx, name: &str) -> Result<E, Error> {
        load(&self.store, &cx.account, name)
    }
}

/// Errors: `NoSuch`.
pub(crate) fn load<E: Entity>(read: &impl Read, account: &AccountId, name: &str) -> Result<E, Error> {
    let key = records::named(account, E::KIND.word(), name);
    read.record(&key)?.ok_or_else(|| Error::NoSuch(E::KIND.noun(), name.to_owned()))
}

/// An entity that may be changed. Errors: `NoSuch`; `ProtectedRole`, a service-linked role.
pub(crate) fn load_to_change<E: Entity>(txn: &Txn, account: &AccountId, name: &str) -> Result<E, Error> {
    let entity: E = load(txn, account, name)?;
    if entity.protected() {
        return Err(Error::ProtectedRole(entity.common().name.clone()));
    }
    Ok(entity)
}

pub(crate) fn save<E: Entity>(txn: &mut Txn, account: &AccountId, entity: &E) -> Result<(), Error> {
    let key = records::named(account, E::KIND.word(), &entity.common().name);
    Ok(txn.put_record(key, entity)?)
}

/// Errors: the name is taken (case counts for nothing), or the account has as many as it may.
pub(crate) fn check_new<E: Entity>(txn: &Txn, account: &AccountId, name: &str) -> Result<(), Error> {
    let key = records::named(account, E::KIND.word(), name);
    if txn.record::<E>(&key)?.is_some() {
        return Err(Error::Exists(E::KIND.noun(), name.to_owned()));
    }
    let (quota, max) = E::KIND.per_account();
    check_quota(txn, account, E::KIND.word(), quota, max)
}

/// Errors: `Quota`, when there are `max` of `kind` already.
pub(crate) fn check_quota(txn: &Txn, account: &AccountId, kind: &str, quota: Quota, max: usize) -> Result<(), Error> {
    if count(txn, account, kind, max)? >= max { Err(Error::Quota(quota, max)) } else { Ok(()) }
}

/// How many of a kind an account has, counted up to `max`.
pub(crate) fn count(txn: &Txn, account: &AccountId, kind: &str, max: usize) -> Result<usize, Error> {
    let range = KeyRange::prefix(&records::all(account, kind));
    Ok(txn.scan(&range, max, store::Direction::Forward)?.len())
}
