use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize};

use kernel::{Arn, Clock, Cx, PageTokens, Principals, Rng, Timestamp};
use store::{Direction, Key, KeyRange, Record, Store};
use tokio::sync::{Notify, broadcast};

use crate::error::{Error, Result};
use crate::limits::{LIVE_TAIL_BATCHES_BEHIND_MAX, RECORDS_PER_SCAN};
use crate::records::{Group, LiveBatch, Place};

/// What the room needs from outside.
pub struct Needs {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub rng: Arc<dyn Rng>,
    pub page_tokens: PageTokens,
    pub principals: Arc<dyn Principals>,
    /// Subscribed functions are called through it.
    pub lambda: api_lambda::Client,
}

/// CloudWatch Logs. Its background work is in [`Service::tasks`].
pub struct Service {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) rng: Arc<dyn Rng>,
    pub(crate) page_tokens: PageTokens,
    pub(crate) principals: Arc<dyn Principals>,
    pub(crate) lambda: api_lambda::Client,
    pub(crate) live: broadcast::Sender<Arc<LiveBatch>>,
    pub(crate) live_sessions: Arc<AtomicUsize>,
    /// Wakes the delivery of subscriptions.
    pub(crate) outbox: Notify,
    /// Wakes the sweeper.
    pub(crate) sweep: Notify,
    /// Due time, in milliseconds, at which the sweeper wakes by itself.
    pub(crate) sweep_due: AtomicI64,
}

/// A page of records, and the token of the next one.
pub(crate) type Page<R> = (Vec<(Key, R)>, Option<String>);

/// Which records a page is made of.
pub(crate) struct Listing<'a> {
    pub operation: &'a str,
    /// What must be the same on the next page.
    pub parameters: String,
    pub range: KeyRange,
    pub direction: Direction,
    pub limit: usize,
    pub token: Option<&'a str>,
}

impl Service {
    pub fn new(needs: Needs) -> Self {
        let Needs { store, clock, rng, page_tokens, principals, lambda } = needs;
        Self {
            store,
            clock,
            rng,
            page_tokens,
            principals,
            lambda,
            live: broadcast::channel(LIVE_TAIL_BATCHES_BEHIND_MAX).0,
            live_sessions: Arc::default(),
            outbox: Notify::new(),
            sweep: Notify::new(),
            sweep_due: AtomicI64::new(i64::MAX),
        }
    }

    /// The time that records carry.
    pub(crate) fn wall(&self) -> i64 {
        self.clock.wall().millis()
    }

    /// The time by which things are due.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn find_group(&self, cx: &Cx, name: &str) -> Result<Group> {
        self.store.get_record(&Place::of(cx).group(name))?.ok_or(Error::NoSuchGroup)
    }

    /// Reads a page of records that `keep` takes.
    /// Errors: a token that was not given for this listing.
    pub(crate) fn page<R: Record>(
        &self,
        cx: &Cx,
        listing: Listing<'_>,
        keep: impl Fn(&Key, &R) -> bool,
    ) -> Result<Page<R>> {
        let Listing { operation, parameters, range, direction, limit, token } = listing;
        let beyond = |range: KeyRange, last: &Key| match direction {
            Direction::Forward => range.continued_after(last),
            Direction::Backward => range.continued_before(last),
        };
        let mut range = match self.open_token(cx, operation, &parameters, token)? {
            Some(last) => beyond(range, &Key::from_bytes(last)),
            None => range,
        };
        let mut kept: Vec<(Key, R)> = Vec::new();
        while !range.is_empty() && kept.len() <= limit {
            let read = self.store.scan_records::<R>(&range, RECORDS_PER_SCAN, direction)?;
            let Some((last, _)) = read.last() else { break };
            let whole = read.len() < RECORDS_PER_SCAN;
            range = beyond(range, last);
            kept.extend(read.into_iter().filter(|(key, record)| keep(key, record)));
            if whole {
                break;
            }
        }
        let more = kept.len() > limit;
        kept.truncate(limit);
        let next = kept.last().filter(|_| more);
        let next = next.map(|(last, _)| self.give_token(cx, operation, &parameters, last.as_bytes()));
        Ok((kept, next))
    }

    pub(crate) fn open_token(
        &self,
        cx: &Cx,
        operation: &str,
        parameters: &str,
        token: Option<&str>,
    ) -> Result<Option<Vec<u8>>> {
        let open = |token| self.page_tokens.open(&cx.account, &cx.region, operation, parameters, token);
        token.map(open).transpose().map_err(|_| Error::InvalidToken)
    }

    pub(crate) fn give_token(&self, cx: &Cx, operation: &str, parameters: &str, position: &[u8]) -> String {
        self.page_tokens.issue(&cx.account, &cx.region, operation, parameters, position)
    }
}

/// The ARN of something of this service where the call goes to.
pub(crate) fn arn(cx: &Cx, resource: impl Into<String>) -> String {
    Arn::regional("logs", &cx.region, &cx.account, resource).to_string()
}

/// The ARN of a log group without `:*`.
pub(crate) fn group_arn(cx: &Cx, name: &str) -> String {
    arn(cx, format!("log-group:{name}"))
}

/// The name in an identifier that is a name or an ARN of a log group of the caller's account and region.
/// Errors: an ARN of elsewhere names no group here.
pub(crate) fn group_of_identifier(cx: &Cx, identifier: &str) -> Result<String> {
    if !identifier.starts_with("arn:") {
        return Ok(identifier.to_owned());
    }
    let arn: Arn = identifier.parse().map_err(|_| Error::NoSuchGroup)?;
    let here = arn.service == "logs" && arn.region == cx.region.as_str() && arn.account == cx.account.as_str();
    let name = arn.resource.strip_prefix("log-group:").filter(|_| here).ok_or(Error::NoSuchGroup)?;
    Ok(name.strip_suffix(":*").unwrap_or(name).to_owned())
}

/// The group that a request names by exactly one of its two members.
pub(crate) fn group_named(cx: &Cx, name: Option<String>, identifier: Option<String>) -> Result<String> {
    match (name, identifier) {
        (Some(_), Some(_)) => Err(Error::NameAndIdentifier),
        (Some(name), None) => Ok(name),
        (None, Some(identifier)) => group_of_identifier(cx, &identifier),
        (None, None) => Err(Error::NoGroupGiven),
    }
}

/// A `limit` of a request; the model has checked it.
pub(crate) fn limit_of(limit: Option<i32>, default: usize) -> usize {
    limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(default)
}
