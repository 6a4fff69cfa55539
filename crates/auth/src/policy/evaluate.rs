//! From all the policies that apply to one answer.
//! Source: IAM User Guide, "How AWS enforcement code logic evaluates requests to allow or deny access", "Policy evaluation
//! for requests within a single account", "Cross-account policy evaluation logic".

use std::fmt;

use super::{Context, Effect, Grant, NamedPolicy, Policy, Principal};

/// May this principal do this to that?
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub principal: &'a Principal,
    /// `lambda:InvokeFunction`.
    pub action: &'a str,
    /// An ARN, or `*` for actions that have no resource.
    pub resource: &'a str,
    pub context: &'a Context,
}

/// The policies that apply to a question.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policies<'a> {
    /// Of the principal and its groups, inline and managed. Of a session: of its role or user.
    pub identity: &'a [NamedPolicy],
    /// The permissions boundary, where one is set.
    pub boundary: Option<&'a NamedPolicy>,
    /// The session's policies, where it was given any: together they are the most that it may do.
    pub session: Option<&'a [NamedPolicy]>,
    pub resource: Option<ResourcePolicy<'a>>,
}

/// The policy of the resource.
#[derive(Clone, Copy, Debug)]
pub struct ResourcePolicy<'a> {
    pub policy: &'a NamedPolicy,
    /// The account that owns the resource.
    pub account: &'a str,
    /// Without its allow nothing is allowed, whatever identities say: roles' trust policies, KMS keys.
    pub required: bool,
}

/// Which kind of policy decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    Identity,
    Resource,
    Boundary,
    Session,
    /// No policy: root may do everything in its account.
    Root,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Identity => "identity-based policy",
            Self::Resource => "resource-based policy",
            Self::Boundary => "permissions boundary",
            Self::Session => "session policy",
            Self::Root => "root user",
        })
    }
}

/// The statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    pub layer: Layer,
    /// The policy's name; empty for [`Layer::Root`].
    pub policy: String,
    /// The statement's place in its policy, from 0.
    pub statement: usize,
    pub sid: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    Allow(Matched),
    ExplicitDeny(Matched),
    /// No statement allows it in the layer that had to.
    ImplicitDeny(Layer),
}

impl Decision {
    pub fn is_allow(&self) -> bool {
        matches!(self, Self::Allow(_))
    }

    /// AWS's sentence for a refusal; `None` for an allow.
    /// Source: IAM User Guide, "Troubleshoot access denied error messages".
    pub fn denial(&self, question: &Question<'_>) -> Option<String> {
        let Question { principal, action, resource, .. } = question;
        let start = format!("User: {principal} is not authorized to perform: {action} on resource: {resource}");
        match self {
            Self::Allow(_) => None,
            Self::ExplicitDeny(matched) => {
                let article = if matched.layer == Layer::Identity { "an" } else { "a" };
                Some(format!("{start} with an explicit deny in {article} {}", matched.layer))
            }
            Self::ImplicitDeny(layer) => Some(format!("{start} because no {layer} allows the {action} action")),
        }
    }
}

/// Decides. A deny anywhere wins; then each layer that must allow is asked.
pub fn evaluate(question: &Question<'_>, policies: &Policies<'_>) -> Decision {
    let session = policies.session.unwrap_or_default();
    let resource = policies.resource.map(|resource| std::slice::from_ref(resource.policy)).unwrap_or_default();
    let boundary = policies.boundary.map(std::slice::from_ref).unwrap_or_default();
    let layers = [
        (Layer::Resource, resource),
        (Layer::Identity, policies.identity),
        (Layer::Boundary, boundary),
        (Layer::Session, session),
    ];
    for (layer, policies) in layers {
        if let Some((matched, _)) = find(question, layer, named(policies), Effect::Deny) {
            return Decision::ExplicitDeny(matched);
        }
    }
    let granted = find(question, Layer::Resource, named(resource), Effect::Allow);
    if policies.resource.is_some_and(|resource| must_allow(question.principal, &resource)) && granted.is_none() {
        return Decision::ImplicitDeny(Layer::Resource);
    }
    match granted {
        Some((matched, grant)) if stands_alone(question.principal, policies, grant) => {
            narrowed(question, policies, grant, matched)
        }
        _ => by_identity(question, policies),
    }
}

/// Whether nothing is allowed without the resource's policy: it is required, or the principal is of another account or none.
fn must_allow(principal: &Principal, resource: &ResourcePolicy<'_>) -> bool {
    resource.required || principal.account() != Some(resource.account)
}

/// Whether a grant of the resource's policy needs no identity policy beside it.
fn stands_alone(principal: &Principal, policies: &Policies<'_>, grant: Grant) -> bool {
    match principal.account() {
        None => true,
        Some(account) => {
            let same = policies.resource.is_some_and(|resource| resource.account == account);
            same && grant > Grant::Account
        }
    }
}

/// What may still narrow an allow of the resource's policy within an account.
fn narrowed(question: &Question<'_>, policies: &Policies<'_>, grant: Grant, matched: Matched) -> Decision {
    if grant == Grant::Direct {
        return Decision::Allow(matched);
    }
    limits(question, policies).unwrap_or(Decision::Allow(matched))
}

/// Identity policies, boundary and session policies: each must allow.
fn by_identity(question: &Question<'_>, policies: &Policies<'_>) -> Decision {
    let matched = match question.principal {
        Principal::Root { .. } => Some(Matched { layer: Layer::Root, policy: String::new(), statement: 0, sid: None }),
        Principal::User { .. } | Principal::RoleSession { .. } | Principal::FederatedUser { .. } => {
            find(question, Layer::Identity, named(policies.identity), Effect::Allow).map(|(matched, _)| matched)
        }
        Principal::Service { .. } | Principal::Federated { .. } | Principal::Anonymous => {
            return Decision::ImplicitDeny(Layer::Resource);
        }
    };
    match matched {
        None => Decision::ImplicitDeny(Layer::Identity),
        Some(matched) => limits(question, policies).unwrap_or(Decision::Allow(matched)),
    }
}

/// The refusal of a boundary or of session policies that are set and do not allow.
fn limits(question: &Question<'_>, policies: &Policies<'_>) -> Option<Decision> {
    let boundary = policies.boundary.map(|boundary| (Layer::Boundary, std::slice::from_ref(boundary)));
    let session = policies.session.map(|session| (Layer::Session, session));
    [boundary, session].into_iter().flatten().find_map(|(layer, policies)| {
        let allowed = find(question, layer, named(policies), Effect::Allow).is_some();
        (!allowed).then_some(Decision::ImplicitDeny(layer))
    })
}

/// The statement of this effect that names the principal most directly.
pub(super) fn find<'a>(
    question: &Question<'_>,
    layer: Layer,
    policies: impl IntoIterator<Item = (&'a str, &'a Policy)>,
    effect: Effect,
) -> Option<(Matched, Grant)> {
    let mut best: Option<(Matched, Grant)> = None;
    for (name, Policy { statements, .. }) in policies {
        for (nth, statement) in statements.iter().enumerate().filter(|(_, statement)| statement.effect == effect) {
            let Some(grant) = statement.applies(question) else { continue };
            if best.as_ref().is_none_or(|(_, so_far)| grant > *so_far) {
                let matched = Matched { layer, policy: name.to_owned(), statement: nth, sid: statement.sid.clone() };
                best = Some((matched, grant));
            }
        }
    }
    best
}

fn named(policies: &[NamedPolicy]) -> impl Iterator<Item = (&str, &Policy)> {
    policies.iter().map(|named| (named.name.as_str(), &named.policy))
}
