//! What one entry of a pattern's list says about a value.

use std::net::IpAddr;

use serde_json::{Number, Value};

use crate::address::{Block, address};
use crate::number::millionths_of;
use crate::wildcard::Wildcard;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Matcher {
    Null,
    Bool(bool),
    /// Addresses are compared as addresses: `::1` is `0:0:0:0:0:0:0:1`.
    Text(String, Option<IpAddr>),
    Number(Numeral),
    Affix(Affix),
    EqualsIgnoreCase(String),
    Wildcard(Wildcard),
    Range(Range),
    Block(Block),
    /// Any value but these; of any other type, too.
    AnythingBut(Vec<Matcher>),
    Exists,
    /// Asked of the whole event, not of a value.
    Absent,
}

/// A number that is written as a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Numeral {
    Millionths(i64),
    /// One that cannot be compared, as it is written.
    Written(String),
}

/// The beginning or the end of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Affix {
    pub text: String,
    pub at_end: bool,
    pub ignores_case: bool,
}

/// Bounds in millionths, each with whether it belongs to the range itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub bottom: Option<(i64, bool)>,
    pub top: Option<(i64, bool)>,
}

impl Matcher {
    pub(crate) fn text(text: String) -> Self {
        let address = address(&text);
        Self::Text(text, address)
    }

    /// Whether a value that is no object and no array fits.
    pub(crate) fn fits(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Exists, _) => true,
            (Self::Absent, _) => false,
            (Self::AnythingBut(others), _) => !others.iter().any(|other| other.fits(value)),
            (Self::Null, Value::Null) => true,
            (Self::Bool(expected), Value::Bool(value)) => expected == value,
            (Self::Number(numeral), Value::Number(number)) => numeral.fits(number),
            (Self::Range(range), Value::Number(number)) => millionths_of(number).is_some_and(|it| range.contains(it)),
            (_, Value::String(text)) => self.fits_text(text),
            _ => false,
        }
    }

    fn fits_text(&self, text: &str) -> bool {
        match self {
            Self::Text(expected, None) => expected == text,
            Self::Text(expected, Some(expected_address)) => {
                expected == text || address(text) == Some(*expected_address)
            }
            Self::Affix(affix) => affix.fits(text),
            Self::EqualsIgnoreCase(expected) => *expected == case_ignored(text),
            Self::Wildcard(wildcard) => wildcard.matches(text),
            Self::Block(block) => block.contains(text),
            _ => false,
        }
    }
}

impl Numeral {
    fn fits(&self, number: &Number) -> bool {
        match self {
            Self::Millionths(expected) => millionths_of(number) == Some(*expected),
            Self::Written(expected) => number.to_string() == *expected,
        }
    }
}

impl Affix {
    pub(crate) fn new(text: &str, at_end: bool, ignores_case: bool) -> Self {
        let text = if ignores_case { case_ignored(text) } else { text.to_owned() };
        Self { text, at_end, ignores_case }
    }

    fn fits(&self, text: &str) -> bool {
        let folded = self.ignores_case.then(|| case_ignored(text));
        let text = folded.as_deref().unwrap_or(text);
        match self.at_end {
            true => text.ends_with(&self.text),
            false => text.starts_with(&self.text),
        }
    }
}

impl Range {
    fn contains(self, it: i64) -> bool {
        let above = self.bottom.is_none_or(|(bottom, included)| it > bottom || (included && it == bottom));
        let below = self.top.is_none_or(|(top, included)| it < top || (included && it == top));
        above && below
    }
}

/// Text in which cases do not differ any more.
pub(crate) fn case_ignored(text: &str) -> String {
    text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}
