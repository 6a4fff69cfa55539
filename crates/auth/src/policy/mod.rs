//! The language of IAM policies: parsing, patterns, conditions and evaluation. Pure.
//! Source: IAM User Guide, "IAM JSON policy element reference" and "Policy evaluation logic".

mod access;
mod condition;
mod context;
mod document;
mod evaluate;
mod malformed;
mod parse;
mod pattern;
mod principal;
mod statement;

pub use access::{may_assume, resource_allows};
pub use condition::{Condition, Operator, Qualifier, Test};
pub use context::Context;
pub use document::{Effect, Element, NamedPolicy, Policy, PolicyKind, Statement, Version};
pub use evaluate::{Decision, Layer, Matched, Policies, Question, ResourcePolicy, evaluate};
pub use malformed::MalformedPolicy;
pub use pattern::Pattern;
pub use principal::{Grant, Principal, PrincipalPattern};
