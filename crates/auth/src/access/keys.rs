use std::fmt;

use kernel::{AccountId, Caller, Timestamp};

/// Where keys are found. Implemented by services/iam, over what it holds in memory: asked on every signed call.
pub trait Keys: Send + Sync + 'static {
    /// A key of ours; `None` for every other.
    fn lookup(&self, access_key_id: &str) -> Option<Key>;
}

/// A key of ours and whom it speaks for.
#[derive(Clone)]
pub struct Key {
    pub secret_access_key: String,
    pub account: AccountId,
    pub caller: Caller,
    /// Temporary keys come with a token that every request must carry.
    pub session_token: Option<String>,
    /// When a temporary key ends, in the time of due things (`Clock::now`).
    pub expires: Option<Timestamp>,
    /// False for a key that `UpdateAccessKey` has made inactive.
    pub active: bool,
    /// The key that asked STS for this one: a function may use what it got by its own credentials.
    pub issued_to: Option<String>,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, caller, expires, active, .. } = self;
        f.debug_struct("Key")
            .field("account", account)
            .field("caller", &caller.arn)
            .field("expires", expires)
            .field("active", active)
            .finish_non_exhaustive()
    }
}
