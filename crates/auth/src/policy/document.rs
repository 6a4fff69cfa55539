use super::{Condition, Pattern, PrincipalPattern};

/// A policy, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    pub version: Version,
    pub id: Option<String>,
    pub statements: Vec<Statement>,
}

/// The version of the language. Variables exist since 2012; what says nothing is of 2008.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V2008,
    V2012,
}

/// What a policy hangs on, which decides what it must and must not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// Of a user, group or role, a permissions boundary, or a session: no principals.
    Identity,
    /// Of a role, saying who may assume it: principals and STS actions, no resources.
    Trust,
    /// Of any other resource: principals.
    Resource,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub sid: Option<String>,
    pub effect: Effect,
    pub principals: Element<PrincipalPattern>,
    /// Patterns such as `lambda:Invoke*`. Case counts for nothing.
    pub actions: Element<Pattern>,
    pub resources: Element<Pattern>,
    /// All must hold.
    pub conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`, `Principal` or `NotPrincipal`, or neither.
#[derive(Clone, Debug, PartialEq)]
pub enum Element<T> {
    Unstated,
    AnyOf(Vec<T>),
    NoneOf(Vec<T>),
}

impl<T> Element<T> {
    /// Whether the element holds: what is not stated holds for everything.
    pub(super) fn holds(&self, matches: impl FnMut(&T) -> bool) -> bool {
        match self {
            Self::Unstated => true,
            Self::AnyOf(items) => items.iter().any(matches),
            Self::NoneOf(items) => !items.iter().any(matches),
        }
    }
}

/// A policy with the name that explanations call it by: its ARN, or its name where it is inline.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedPolicy {
    pub name: String,
    pub policy: Policy,
}
