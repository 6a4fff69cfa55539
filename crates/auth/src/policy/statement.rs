//! Whether a statement applies to a question.

use super::{Context, Effect, Element, Grant, Pattern, Principal, Question, Statement};

impl Statement {
    /// How directly the statement names who asks, if it applies: `None` when principal, action, resource or a condition do
    /// not fit. A statement without principals (an identity's) names its bearer.
    pub(super) fn applies(&self, question: &Question<'_>) -> Option<Grant> {
        let grant = self.grant(question.principal)?;
        let action = |own: &Pattern| own.is_like_ignoring_case(question.action, question.context);
        let applies = self.actions.holds(action)
            && self.fits_resource(question.resource, question.context)
            && self.conditions.iter().all(|condition| condition.holds(question.context));
        applies.then_some(grant)
    }

    fn grant(&self, principal: &Principal) -> Option<Grant> {
        match &self.principals {
            Element::Unstated => Some(Grant::Direct),
            Element::AnyOf(patterns) => patterns.iter().filter_map(|own| own.grant(principal)).max(),
            Element::NoneOf(patterns) => {
                let named = patterns.iter().any(|own| own.grant(principal).is_some());
                (!named).then_some(principal.unnamed_grant())
            }
        }
    }

    /// A variable without a value spoils its pattern: an allow then does not apply. A deny by `NotResource` would apply the
    /// wider for it, which errs on the safe side; an allow by `NotResource` must not.
    fn fits_resource(&self, resource: &str, context: &Context) -> bool {
        if let (Element::NoneOf(patterns), Effect::Allow) = (&self.resources, self.effect)
            && patterns.iter().any(|own| own.literal(context).is_none())
        {
            return false;
        }
        self.resources.holds(|own| own.is_like_arn(resource, context, true))
    }
}
