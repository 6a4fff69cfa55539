use std::collections::BTreeMap;

use kernel::{Caller, CallerKind, Cx, Timestamp};

use super::Principal;

/// What is known of a request beside principal, action and resource: condition keys and their values.
/// Names of keys count no case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    values: BTreeMap<String, Vec<String>>,
}

impl Context {
    /// The global keys of a call. Service keys are added by whoever asks.
    /// Source: IAM User Guide, "AWS global condition context keys".
    pub fn of(cx: &Cx, now: Timestamp) -> Self {
        let mut context = Self::default()
            .with("aws:CurrentTime", now.iso8601())
            .with("aws:EpochTime", now.secs().to_string())
            .with("aws:RequestedRegion", cx.region.as_str())
            .with("aws:SecureTransport", cx.secure_transport.to_string())
            .with_caller(&cx.caller);
        if let Some(ip) = cx.source_ip {
            context = context.with("aws:SourceIp", ip.to_canonical().to_string());
        }
        match &cx.user_agent {
            Some(agent) => context.with("aws:UserAgent", agent.as_ref()),
            None => context,
        }
    }

    fn with_caller(self, caller: &Caller) -> Self {
        let principal = Principal::of(caller);
        let service = caller.kind == CallerKind::Service;
        let kind = match caller.kind {
            CallerKind::Root => Some("Account"),
            CallerKind::User => Some("User"),
            CallerKind::AssumedRole => Some("AssumedRole"),
            CallerKind::FederatedUser => Some("FederatedUser"),
            CallerKind::Anonymous => Some("Anonymous"),
            CallerKind::Service => None,
        };
        let mut context = self.with("aws:PrincipalIsAWSService", service.to_string());
        context = match kind {
            Some(kind) => context.with("aws:PrincipalType", kind),
            None => context.with("aws:PrincipalServiceName", caller.arn.as_str()),
        };
        if let Some(account) = principal.account() {
            context = context.with("aws:PrincipalAccount", account).with("aws:userid", caller.principal_id.as_str());
        }
        if let Some(arn) = principal.policy_arn() {
            context = context.with("aws:PrincipalArn", arn);
        }
        match caller.arn.rsplit_once('/') {
            Some((_, name)) if caller.kind == CallerKind::User => context.with("aws:username", name),
            _ => context,
        }
    }

    /// Sets a key to one value.
    #[must_use]
    pub fn with(self, key: &str, value: impl Into<String>) -> Self {
        self.with_values(key, [value.into()])
    }

    /// Sets a key to several values (`aws:TagKeys`). None at all is as if the key were absent.
    #[must_use]
    pub fn with_values(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.values.insert(key.to_ascii_lowercase(), values.into_iter().collect());
        self
    }

    /// The values of a key; none when it is absent.
    pub fn get(&self, key: &str) -> &[String] {
        self.values.get(&key.to_ascii_lowercase()).map_or(&[], Vec::as_slice)
    }
}
