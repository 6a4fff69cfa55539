use std::net::IpAddr;
use std::sync::Arc;

use http::header::{HeaderName, USER_AGENT};
use kernel::{Access, AccountId, Caller, CallerKind, Cx, Region, Timestamp};

use super::{
    Key, Keys, ProxyCall, ProxyPass, ProxyRefusal, Refusal, Site, check_site, host::split_port, is_own_host, proxy,
};
use crate::limits::SESSION_CHAIN_MAX;
use crate::sigv4::{Expected, Head, PayloadCheck, Presented, Signature, SignatureError, SigningKeys, presented};

const TRACE_HEADER: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// The kind of listener that a call came in by: access follows the address that we listen on, never the peer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listener {
    /// On loopback: an unsigned request or a key that is not ours is root.
    Open,
    /// Everything is signed by a key of ours.
    Strict,
    /// A sandbox's own: only the credentials of its execution environment, and what they got from STS.
    Sandbox {
        access_key_id: String,
        /// `--sandbox-any-key`: the open rule here too.
        any_key: bool,
        /// The server's access: what is recorded, and what is refused, of the roles behind the call.
        access: Access,
    },
}

/// What the gate knows of the server.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `--account`: of callers that do not say which.
    pub account: AccountId,
    /// `--region`: of calls that do not say which.
    pub region: Region,
    /// `--host`: public names of this server, each with the names below it.
    pub hosts: Vec<String>,
    /// `--cors-origin`: `https://app.example.com`, as browsers write it.
    pub origins: Vec<String>,
    /// What `exec` puts into the proxy addresses that it hands out; without it the port leads to AWS's names only.
    pub proxy_token: Option<String>,
}

/// One request at the gate.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    pub request_id: &'a str,
    pub listener: &'a Listener,
    pub head: Head<'a>,
    /// The whole body as it came (before gzip is undone), or `None` while it is unread: see [`Admitted::payload`].
    pub body: Option<&'a [u8]>,
    /// The signing name of the service that is called; `None` takes any scope.
    pub service: Option<&'a str>,
    /// The operation is one that AWS serves unsigned, e.g. AssumeRoleWithWebIdentity.
    pub unsigned_allowed: bool,
    /// `Clock::wall`: for the signature's date.
    pub wall: Timestamp,
    /// `Clock::now`: for the expiry of temporary keys.
    pub now: Timestamp,
    pub source_ip: Option<IpAddr>,
    pub secure_transport: bool,
}

/// A call that was let in.
#[derive(Debug)]
pub struct Admitted {
    pub cx: Cx,
    /// What is left to check of the body.
    pub payload: PayloadCheck,
    /// The page that the call comes from, for CORS answers.
    pub site: Site,
}

/// Decides on every call. One for the whole server.
pub struct Gate {
    settings: Settings,
    keys: Arc<dyn Keys>,
    signing_keys: SigningKeys,
}

impl Gate {
    pub fn new(settings: Settings, keys: Arc<dyn Keys>) -> Self {
        Self { settings, keys, signing_keys: SigningKeys::default() }
    }

    /// The cross-site rule alone: for requests that no caller is behind (preflights, `/_…` paths, upgrades).
    /// Errors: `CrossSite`.
    pub fn check_site(&self, head: &Head<'_>) -> Result<Site, Refusal> {
        check_site(head, &self.settings.hosts, &self.settings.origins)
    }

    /// Decides whether a request is led where it asks to be led.
    /// Errors: every [`ProxyRefusal`].
    pub fn admit_proxy(&self, call: &ProxyCall<'_>) -> Result<ProxyPass, ProxyRefusal> {
        proxy::admit(call, self.settings.proxy_token.as_deref())
    }

    /// Decides who is calling, or refuses.
    /// Errors: every [`Refusal`], in this order: the page's site, the signature's form, date, signed headers, algorithm and
    /// scope, the key, its session, the signature, the Host of what nobody signed.
    pub fn admit(&self, call: &Call<'_>) -> Result<Admitted, Refusal> {
        let site = self.check_site(&call.head)?;
        let (cx, payload) = match call.listener {
            Listener::Open => self.admit_open(call)?,
            Listener::Strict => self.admit_signed(call, Access::Strict, None)?,
            Listener::Sandbox { any_key: true, .. } => self.admit_open(call)?,
            Listener::Sandbox { access_key_id, access, .. } => {
                self.admit_signed(call, *access, Some(access_key_id.as_str()))?
            }
        };
        Ok(Admitted { cx, payload, site })
    }

    /// Who signed a request to somebody's application. Any page may have sent it, by any of its names: that is the
    /// application's business.
    /// Errors: what is not signed, on every listener; then as [`Gate::admit`].
    pub fn signer(&self, call: &Call<'_>) -> Result<Cx, Refusal> {
        let Some(presented) = presented(&call.head) else { return Err(SignatureError::Missing.into()) };
        let open = match call.listener {
            Listener::Open | Listener::Sandbox { any_key: true, .. } => true,
            Listener::Strict | Listener::Sandbox { .. } => false,
        };
        if !open {
            let (access, own) = match call.listener {
                Listener::Sandbox { access_key_id, access, .. } => (*access, Some(access_key_id.as_str())),
                Listener::Open | Listener::Strict => (Access::Strict, None),
            };
            return Ok(self.admit_signed(call, access, own)?.0);
        }
        match self.keys.lookup(&presented.access_key_id) {
            Some(key) => Ok(self.verify(call, Access::Open, &key)?.0),
            None => Ok(self.root(call, Some(presented))),
        }
    }

    /// The sender of a request to somebody's application that asks nobody who they are.
    pub fn anybody(&self, call: &Call<'_>) -> Cx {
        let access = match call.listener {
            Listener::Open => Access::Open,
            Listener::Strict => Access::Strict,
            Listener::Sandbox { access, .. } => *access,
        };
        self.anonymous(call, access).0
    }

    /// A key of ours is verified; whatever else is root.
    fn admit_open(&self, call: &Call<'_>) -> Result<(Cx, PayloadCheck), Refusal> {
        let presented = presented(&call.head);
        if let Some(key) = presented.as_ref().and_then(|presented| self.keys.lookup(&presented.access_key_id)) {
            return self.verify(call, Access::Open, &key);
        }
        self.check_host(&call.head)?;
        Ok((self.root(call, presented), PayloadCheck::unproven(&call.head)))
    }

    /// The root user of the account that a key which is not ours names.
    fn root(&self, call: &Call<'_>, presented: Option<Presented>) -> Cx {
        let account = presented.as_ref().and_then(|presented| AccountId::parse(&presented.access_key_id).ok());
        let account = account.unwrap_or_else(|| self.settings.account.clone());
        let region = presented.as_ref().and_then(|presented| presented.region.as_deref());
        // Without a signature the name that was asked for says it, as a curl to AWS's own host has it.
        let of_host = || call.head.host().and_then(split_port).and_then(|(name, _)| Region::of_aws_host(name));
        let region = region.map(Region::new).or_else(of_host).unwrap_or_else(|| self.settings.region.clone());
        let access_key_id = presented.map(|Presented { access_key_id, .. }| access_key_id);
        let caller = Caller { access_key_id, ..Caller::root(&account) };
        context(call, account, region, caller, Access::Open)
    }

    /// Signed by a key of ours or not at all; with `own`, by that key or one that it led to.
    fn admit_signed(&self, call: &Call<'_>, access: Access, own: Option<&str>) -> Result<(Cx, PayloadCheck), Refusal> {
        let Some(signature) = Signature::find(&call.head)? else {
            if call.unsigned_allowed && own.is_none() {
                self.check_host(&call.head)?;
                return Ok(self.anonymous(call, access));
            }
            return Err(SignatureError::Missing.into());
        };
        signature.check(&call.head, &expected(call))?;
        let key = self.keys.lookup(&signature.access_key_id).ok_or(SignatureError::UnknownKey)?;
        if own.is_some_and(|own| !self.leads_to(own, &signature.access_key_id, &key)) {
            return Err(SignatureError::UnknownKey.into());
        }
        self.verify_with(call, access, &key, &signature)
    }

    fn verify(&self, call: &Call<'_>, access: Access, key: &Key) -> Result<(Cx, PayloadCheck), Refusal> {
        let signature = Signature::find(&call.head)?.ok_or(SignatureError::Missing)?;
        signature.check(&call.head, &expected(call))?;
        self.verify_with(call, access, key, &signature)
    }

    fn verify_with(
        &self,
        call: &Call<'_>,
        access: Access,
        key: &Key,
        signature: &Signature,
    ) -> Result<(Cx, PayloadCheck), Refusal> {
        check_session(key, signature, call.now)?;
        let verified = signature.verify(&call.head, call.body, &key.secret_access_key, &self.signing_keys)?;
        let caller = Caller { access_key_id: Some(signature.access_key_id.clone()), ..key.caller.clone() };
        let region = Region::new(&signature.scope.region);
        Ok((context(call, key.account.clone(), region, caller, access), verified.payload))
    }

    /// Whether `own` is the key itself, or asked for it, or for one that did.
    fn leads_to(&self, own: &str, access_key_id: &str, key: &Key) -> bool {
        let mut id = access_key_id.to_owned();
        let mut issued_to = key.issued_to.clone();
        for _ in 0..SESSION_CHAIN_MAX {
            if id == own {
                return true;
            }
            let Some(parent) = issued_to else { return false };
            issued_to = self.keys.lookup(&parent).and_then(|key| key.issued_to);
            id = parent;
        }
        false
    }

    fn anonymous(&self, call: &Call<'_>, access: Access) -> (Cx, PayloadCheck) {
        let caller = Caller {
            kind: CallerKind::Anonymous,
            arn: "*".to_owned(),
            principal_id: "ANONYMOUS".to_owned(),
            access_key_id: None,
            session_policies: Vec::new(),
        };
        let Settings { account, region, .. } = self.settings.clone();
        (context(call, account, region, caller, access), PayloadCheck::unproven(&call.head))
    }

    /// The Host rule, for calls that no key of ours has signed.
    fn check_host(&self, head: &Head<'_>) -> Result<(), Refusal> {
        // A request without a Host is no browser's: DNS rebinding cannot leave it out.
        let has_host = head.headers.contains_key("host") || head.uri.authority().is_some();
        let several = head.headers.get_all("host").iter().count() > 1;
        let host = head.host().unwrap_or_default();
        if has_host && (several || !is_own_host(host, &self.settings.hosts)) {
            return Err(Refusal::ForeignHost { host: host.to_owned() });
        }
        Ok(())
    }
}

fn expected<'a>(call: &Call<'a>) -> Expected<'a> {
    Expected { wall: call.wall, service: call.service }
}

/// The key is active, its token came along, and it has not run out.
fn check_session(key: &Key, signature: &Signature, now: Timestamp) -> Result<(), SignatureError> {
    if !key.active {
        return Err(SignatureError::UnknownKey);
    }
    match (&key.session_token, &signature.security_token) {
        (None, None) => {}
        (Some(own), Some(sent)) if crate::sigv4::same_secret(own, sent) => {}
        _ => return Err(SignatureError::TokenInvalid),
    }
    match key.expires {
        Some(expires) if now >= expires => Err(SignatureError::TokenExpired),
        _ => Ok(()),
    }
}

fn context(call: &Call<'_>, account: AccountId, region: Region, caller: Caller, access: Access) -> Cx {
    let mut cx = Cx::new(call.request_id, account, region, caller, access);
    cx.source_ip = call.source_ip;
    cx.secure_transport = call.secure_transport;
    cx.trace_header = call.head.headers.get(TRACE_HEADER).and_then(|trace| trace.to_str().ok()).map(Into::into);
    cx.user_agent = call.head.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).map(Into::into);
    cx.host = call.head.host().map(Into::into);
    cx.path = Some(call.head.uri.path().into());
    cx
}
