//! Two questions that services ask of one policy alone.

use super::evaluate::{Layer, find};
use super::{Context, Decision, Effect, Policy, Principal, Question};

/// Whether a role's trust policy lets the principal assume it, by `sts:AssumeRole`. Whether the principal's own policies let
/// it is another question, which matters for principals of another account and for trust in a whole account: such a trust
/// is an allow here.
pub fn may_assume(trust: &Policy, principal: &Principal, context: &Context) -> Decision {
    alone("trust policy", trust, &Question { principal, action: "sts:AssumeRole", resource: "*", context })
}

/// Whether a resource's policy by itself allows the action: what a service principal needs, and one half of what a
/// principal of another account needs.
pub fn resource_allows(
    policy: &Policy,
    principal: &Principal,
    action: &str,
    resource: &str,
    context: &Context,
) -> Decision {
    alone("resource policy", policy, &Question { principal, action, resource, context })
}

fn alone(name: &str, policy: &Policy, question: &Question<'_>) -> Decision {
    if let Some((matched, _)) = find(question, Layer::Resource, [(name, policy)], Effect::Deny) {
        return Decision::ExplicitDeny(matched);
    }
    match find(question, Layer::Resource, [(name, policy)], Effect::Allow) {
        Some((matched, _)) => Decision::Allow(matched),
        None => Decision::ImplicitDeny(Layer::Resource),
    }
}
