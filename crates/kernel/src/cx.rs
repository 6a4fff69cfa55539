use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use crate::{AccountId, BoxFuture, Region};

/// Who is calling, on whose account, where, and under which rules: no operation runs without one.
/// Only `auth` (and `testkit`) makes one; `cargo xtask layers` checks it.
#[derive(Clone, Debug)]
pub struct Cx {
    pub request_id: Arc<str>,
    pub account: AccountId,
    pub region: Region,
    pub caller: Caller,
    pub access: Access,
    /// The peer's address, where there is one.
    pub source_ip: Option<IpAddr>,
    /// Whether the request came over TLS.
    pub secure_transport: bool,
    pub user_agent: Option<Arc<str>>,
    /// The host that the client named, with its port: answers that hold URLs of ours name it again.
    pub host: Option<Arc<str>>,
    /// The request's path, still encoded: SQS's older clients name the queue by it.
    pub path: Option<Arc<str>>,
    /// `X-Amzn-Trace-Id`, as the caller sent it.
    pub trace_header: Option<Arc<str>>,
    /// For whom a service calls (`aws:SourceArn`): the log group, queue or topic that made it call.
    pub source_arn: Option<Arc<str>>,
    /// The client that waits for the answer; none where a service calls another.
    pub peer: Option<Arc<dyn Peer>>,
    hints: Arc<Mutex<Vec<Hint>>>,
}

/// Who waits for an answer, as far as its connection tells.
pub trait Peer: fmt::Debug + Send + Sync {
    /// Resolves when nobody is there any more who could read the answer.
    fn gone(&self) -> BoxFuture<'_, ()>;
}

/// What open access let pass and AWS would have refused: shown in a response header and by `why`.
#[derive(Clone, Debug, PartialEq)]
pub struct Hint {
    /// The AWS error code that strict access answers.
    pub code: &'static str,
    pub message: String,
}

/// Hints kept per request.
const HINTS_MAX: usize = 16;

impl Cx {
    pub fn new(request_id: &str, account: AccountId, region: Region, caller: Caller, access: Access) -> Self {
        Self {
            request_id: request_id.into(),
            account,
            region,
            caller,
            access,
            source_ip: None,
            secure_transport: false,
            user_agent: None,
            host: None,
            path: None,
            trace_header: None,
            source_arn: None,
            peer: None,
            hints: Arc::default(),
        }
    }

    /// Resolves when the client has hung up: for operations that wait, and would then wait for nobody.
    pub async fn abandoned(&self) {
        match &self.peer {
            Some(peer) => peer.gone().await,
            None => std::future::pending().await,
        }
    }

    /// Notes what would have been refused in strict access.
    pub fn hint(&self, code: &'static str, message: impl Into<String>) {
        let mut hints = self.hints.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if hints.len() < HINTS_MAX {
            hints.push(Hint { code, message: message.into() });
        }
    }

    /// The hints so far, oldest first.
    pub fn hints(&self) -> Vec<Hint> {
        self.hints.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

/// Which rules hold: ARCHITECTURE.md, "Who may do what".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Open,
    Strict,
}

/// The principal of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    pub kind: CallerKind,
    /// `arn:aws:iam::…:root`, `…:user/x`, `arn:aws:sts::…:assumed-role/r/s`, `…:federated-user/x`, or a service's name.
    pub arn: String,
    /// `AIDA…`, `AROA…:session`, the account for root.
    pub principal_id: String,
    pub access_key_id: Option<String>,
    /// Policies that narrow a session, as JSON: of AssumeRole, GetFederationToken.
    pub session_policies: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerKind {
    Root,
    User,
    AssumedRole,
    FederatedUser,
    Service,
    Anonymous,
}

impl Caller {
    pub fn root(account: &AccountId) -> Self {
        Self {
            kind: CallerKind::Root,
            arn: format!("arn:aws:iam::{account}:root"),
            principal_id: account.to_string(),
            access_key_id: None,
            session_policies: Vec::new(),
        }
    }

    /// An AWS service that calls of its own, e.g. `lambda.amazonaws.com`.
    pub fn service(name: &str) -> Self {
        Self {
            kind: CallerKind::Service,
            arn: name.to_owned(),
            principal_id: name.to_owned(),
            access_key_id: None,
            session_policies: Vec::new(),
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}

/// Where a service takes the `Cx` of a call that it makes of its own. Implemented by `auth`.
pub trait Principals: Send + Sync + 'static {
    /// As the service itself, e.g. `lambda.amazonaws.com` writing a function's log.
    fn as_service(&self, name: &str, account: &AccountId, region: &Region) -> Cx;

    /// As a role that has been given to the service: a function's destination, a rule's target.
    /// Errors: the role does not exist, or may not be assumed by `service`.
    fn as_role<'a>(
        &'a self,
        service: &'a str,
        role_arn: &'a str,
        session: &'a str,
        region: &'a Region,
    ) -> BoxFuture<'a, Result<Cx, RoleRefused>>;
}

#[derive(Debug, thiserror::Error, PartialEq)]
pub enum RoleRefused {
    #[error("the role {0} does not exist")]
    NoSuchRole(String),
    #[error("the role {role} cannot be assumed by {service}")]
    NotTrusted { role: String, service: String },
}
