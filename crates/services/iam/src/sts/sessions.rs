//! Sessions: making them, and what narrows them.

use std::time::Duration;

use api_sts::types as api;
use auth::policy::{Policy, PolicyKind};
use kernel::{AccountId, Cx, Timestamp, id};
use store::{Direction, Key, KeyRange, Release, Txn};

use super::error::Error;
use crate::directory::{Directory, Scope};
use crate::limits::{
    EXPIRED_SESSION_KEPT, SESSION_POLICY_ARNS_MAX, SESSION_POLICY_CHARS_MAX, SESSIONS_CLEARED, TAGS_MAX,
};
use crate::model::names;
use crate::ops::managed_policies::{self, Found};
use crate::records::{self, Nothing, Session, SessionPrincipal, Tag, kind};

/// Whom a new session speaks for, and for how long.
pub struct NewSession {
    pub account: AccountId,
    pub principal: SessionPrincipal,
    pub arn: String,
    pub principal_id: String,
    pub duration: Duration,
    pub narrowing: Narrowing,
    /// When the answer may leave.
    pub release: Release,
}

/// The policies and tags that a request gives to a session.
#[derive(Default)]
pub struct Narrowing {
    pub policies: Vec<String>,
    pub tags: Vec<Tag>,
    /// How much of the room for them is used, in percent.
    pub percent: usize,
}

impl Narrowing {
    pub fn percent(&self) -> i32 {
        i32::try_from(self.percent).unwrap_or(i32::MAX)
    }

    /// Whether the request gave anything.
    pub fn is_some(&self) -> bool {
        !self.policies.is_empty() || !self.tags.is_empty()
    }
}

/// Reads what narrows a session. AWS packs policies and tags in a form that it does not publish; here the share is that of
/// their characters.
/// Errors: `MalformedPolicy`, `NoSuchPolicy`, `DocumentUnknown`, `TooLarge`, `Invalid`.
pub fn narrowing(
    directory: &Directory,
    scope: &Scope,
    policy: Option<String>,
    arns: Option<Vec<api::PolicyDescriptorType>>,
    tags: Option<Vec<api::Tag>>,
) -> Result<Narrowing, Error> {
    let tags = session_tags(tags)?;
    let mut policies = Vec::new();
    let mut chars: usize = tags.iter().map(|tag| tag.key.len() + tag.value.len()).sum();
    if let Some(text) = policy {
        Policy::parse(&text, PolicyKind::Identity).map_err(|wrong| Error::MalformedPolicy(wrong.to_string()))?;
        chars += text.chars().count();
        policies.push(text);
    }
    let arns: Vec<String> = arns.unwrap_or_default().into_iter().filter_map(|descriptor| descriptor.arn).collect();
    if arns.len() > SESSION_POLICY_ARNS_MAX {
        return Err(Error::Invalid(format!(
            "At most {SESSION_POLICY_ARNS_MAX} managed session policies can be passed."
        )));
    }
    for arn in arns {
        chars += arn.len();
        policies.push(managed(directory, scope, arn)?);
    }
    let percent = (chars * 100).div_ceil(SESSION_POLICY_CHARS_MAX);
    if percent > 100 { Err(Error::TooLarge(percent)) } else { Ok(Narrowing { policies, tags, percent }) }
}

/// The document of a managed policy that a session names.
fn managed(directory: &Directory, scope: &Scope, arn: String) -> Result<String, Error> {
    match managed_policies::find(&directory.store, scope, &arn) {
        Ok(Found::Own(policy)) => {
            let version = policy.versions.iter().find(|version| version.number == policy.default);
            version.map(|version| version.document.clone()).ok_or(Error::NoSuchPolicy(arn))
        }
        Ok(Found::Aws(policy)) => policy.document.map(str::to_owned).ok_or(Error::DocumentUnknown(arn)),
        Ok(Found::None) => Err(Error::NoSuchPolicy(arn)),
        Err(crate::error::Error::UnreadableArn(_)) => Err(Error::UnreadableArn(arn)),
        Err(error) => Err(error.into()),
    }
}

fn session_tags(tags: Option<Vec<api::Tag>>) -> Result<Vec<Tag>, Error> {
    let tags: Vec<Tag> = tags.unwrap_or_default().into_iter().map(|t| Tag { key: t.key, value: t.value }).collect();
    let mut keys: Vec<String> = tags.iter().map(|tag| tag.key.to_lowercase()).collect();
    keys.sort();
    keys.dedup();
    if keys.len() < tags.len() {
        return Err(Error::Invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.".into()));
    }
    if tags.len() > TAGS_MAX {
        return Err(Error::Invalid(format!("At most {TAGS_MAX} session tags can be passed.")));
    }
    Ok(tags)
}

pub fn key(account: &AccountId, id: &str) -> Key {
    records::all(account, kind::SESSION).part(id)
}

fn end_key(account: &AccountId, session: &Session) -> Key {
    let end = u64::try_from(session.expires.millis()).unwrap_or_default();
    records::all(account, kind::SESSION_END).part_u64(end).part(&session.id)
}

/// Makes a session and keeps it, so that its key is known after a restart.
pub async fn open(directory: &Directory, cx: &Cx, new: NewSession) -> Result<api::Credentials, Error> {
    let now = directory.clock.now();
    let rng = &*directory.rng;
    let session = Session {
        id: names::access_key_id(rng, "ASIA", &new.account),
        secret: id::secret_key(rng),
        token: token(directory),
        principal: new.principal,
        arn: new.arn,
        principal_id: new.principal_id,
        policies: new.narrowing.policies,
        tags: new.narrowing.tags,
        expires: Timestamp::from_secs((now + new.duration).secs()),
        issued_to: cx.caller.access_key_id.clone(),
    };
    let (account, release) = (new.account, new.release);
    let session = directory
        .store
        .transact(move |txn| {
            txn.put_record(key(&account, &session.id), &session)?;
            txn.put_record(end_key(&account, &session), &Nothing {})?;
            clear(txn, &account, now)?;
            txn.release(release);
            Ok::<_, Error>(session)
        })
        .await?;
    Ok(api::Credentials {
        access_key_id: session.id,
        secret_access_key: session.secret,
        session_token: session.token,
        expiration: session.expires,
    })
}

/// Forgets some sessions that ended long ago.
fn clear(txn: &mut Txn, account: &AccountId, now: Timestamp) -> Result<(), Error> {
    let prefix = records::all(account, kind::SESSION_END);
    let long_ago = u64::try_from((now - EXPIRED_SESSION_KEPT).millis()).unwrap_or_default();
    let range = KeyRange::between(&prefix, &prefix.clone().part_u64(long_ago));
    for (place, _) in txn.scan(&range, SESSIONS_CLEARED, Direction::Forward)? {
        if let Some(id) = place.last_text() {
            txn.delete(key(account, &id));
        }
        txn.delete(place);
    }
    Ok(())
}

/// An opaque token of AWS's look and length.
fn token(directory: &Directory) -> String {
    const PARTS: usize = 8;
    let rng = &*directory.rng;
    let parts = (0..PARTS).map(|_| id::secret_key(rng));
    format!("IQoJb3JpZ2luX2Vj{}==", parts.collect::<String>())
}
