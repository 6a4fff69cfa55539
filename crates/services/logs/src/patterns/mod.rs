//! The filter-pattern language of metric filters, subscription filters, FilterLogEvents and Live Tail. Pure.
//!
//! Source: CloudWatch Logs User Guide, "Filter pattern syntax for metric filters, subscription filters, filter log events,
//! and Live Tail". Its three forms are told apart by the first character: `{` JSON, `[` space-delimited, else terms.

mod expression;
mod fields;
mod json;
mod operand;
mod scanner;
mod terms;

use std::collections::BTreeMap;

use fields::FieldPattern;
use json::JsonPattern;
use terms::TermPattern;

/// A compiled filter pattern.
#[derive(Debug)]
pub struct Pattern(Form);

#[derive(Debug)]
enum Form {
    Everything,
    Terms(TermPattern),
    Json(JsonPattern),
    Fields(FieldPattern),
}

/// Why a text is not a filter pattern, in AWS's words.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidPattern {
    #[error("Invalid filter pattern")]
    Syntax,
    #[error("Invalid character(s) in term '{0}'")]
    Term(String),
    #[error("If a filter pattern starts with '{open}' it must end with '{close}'")]
    Unclosed { open: char, close: char },
}

/// What a space-delimited pattern takes out of a message: `$name`, or `$7` for a field without a name.
pub type Extracted = BTreeMap<String, String>;

impl Pattern {
    /// Errors: a text that AWS refuses too.
    pub fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let trimmed = text.trim();
        let form = match trimmed.chars().next() {
            None => Form::Everything,
            Some('{') => Form::Json(JsonPattern::parse(inside(trimmed, '{', '}')?)?),
            Some('[') => Form::Fields(FieldPattern::parse(inside(trimmed, '[', ']')?)?),
            Some(_) => Form::Terms(TermPattern::parse(trimmed)?),
        };
        Ok(Self(form))
    }

    /// Whether it tells the parts of a message apart: JSON and space-delimited patterns do.
    pub fn has_fields(&self) -> bool {
        matches!(self.0, Form::Json(_) | Form::Fields(_))
    }

    pub fn matches(&self, message: &str) -> bool {
        match &self.0 {
            Form::Everything => true,
            Form::Terms(terms) => terms.matches(message),
            Form::Json(json) => json.matches(message),
            Form::Fields(fields) => fields.extract(message).is_some(),
        }
    }

    /// The fields of a message that matches; none for patterns that are not space-delimited.
    pub fn extract(&self, message: &str) -> Option<Extracted> {
        match &self.0 {
            Form::Fields(fields) => fields.extract(message),
            _ => self.matches(message).then(Extracted::new),
        }
    }
}

fn inside(text: &str, open: char, close: char) -> Result<&str, InvalidPattern> {
    text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).ok_or(InvalidPattern::Unclosed { open, close })
}

#[cfg(test)]
mod tests;
