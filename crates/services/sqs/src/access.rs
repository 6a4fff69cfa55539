//! Who may do what to a queue: its own account may; services and other accounts need the queue's policy.
//! Source: SQS Developer Guide, "Overview of managing access in Amazon SQS", "Amazon SQS API permissions".

use auth::policy::{Context, Principal, resource_allows};
use kernel::{Access, CallerKind, Cx, Timestamp};

use crate::error::{Error, Result};
use crate::service::Known;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// By name, e.g. `SendMessage`: a policy can give it to others.
    Shared(&'static str),
    /// Of the owner alone.
    Own(&'static str),
}

/// Errors: `AccessDenied`. Services are refused in open access too, as AWS's own ones are what policies are written for.
pub(crate) fn check(cx: &Cx, known: &Known, action: Action, now: Timestamp) -> Result<()> {
    let (Action::Shared(name) | Action::Own(name)) = action;
    let own = cx.account == known.name().account;
    if own && cx.caller.kind != CallerKind::Service {
        return Ok(());
    }
    if matches!(action, Action::Shared(_)) && policy_allows(cx, known, name, now) {
        return Ok(());
    }
    let denied = Error::AccessDenied {
        caller: cx.caller.to_string(),
        action: format!("sqs:{}", name.to_ascii_lowercase()),
        resource: known.arn(),
        because: " because no resource-based policy allows it",
    };
    if cx.access == Access::Strict || cx.caller.kind == CallerKind::Service {
        return Err(denied);
    }
    cx.hint("AccessDenied", denied.to_string());
    Ok(())
}

fn policy_allows(cx: &Cx, known: &Known, action: &str, now: Timestamp) -> bool {
    let Some(policy) = &known.policy else { return false };
    let mut context = Context::of(cx, now).with("aws:SourceAccount", cx.account.as_str());
    if let Some(source) = &cx.source_arn {
        context = context.with("aws:SourceArn", source.as_ref());
    }
    resource_allows(policy, &Principal::of(&cx.caller), &format!("sqs:{action}"), &known.arn(), &context).is_allow()
}
