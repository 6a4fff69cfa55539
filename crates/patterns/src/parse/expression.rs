//! What stands in braces in a list: `{"prefix": "a"}` and its kind. Refusals are in the engine's words, at its places.

use super::Parser;
use crate::address::Block;
use crate::limits::{NUMBER_MILLIONTHS_MAX, POLICY_NUMBER_MILLIONTHS_MAX};
use crate::malformed::Malformed;
use crate::matcher::{Affix, Matcher, Numeral, Range, case_ignored};
use crate::number::{Incomparable, millionths};
use crate::scan::Token;
use crate::wildcard::Wildcard;

const ONE_KEY: &str = "Only one key allowed in match expression";
const TOO_MANY: &str = "Too many elements in numeric expression";
const MIXED: &str = "Inside anything but list, either all values are number or string, mixed type is not supported";
const NOT_PLAIN: &str = "Inside anything but list, start|null|boolean is not supported.";

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Result<Matcher, Malformed> {
        let Token::Name(name) = self.scanner.next()? else {
            return self.scanner.refuse("Match expression name not found");
        };
        match name.as_str() {
            "exactly" => {
                let text = self.string("exact match pattern must be a string")?;
                self.closed(ONE_KEY, Matcher::Text(text, None))
            }
            "prefix" => self.affix(false),
            "suffix" => self.affix(true),
            "equals-ignore-case" => {
                let text = self.string("equals-ignore-case match pattern must be a string")?;
                self.closed(ONE_KEY, Matcher::EqualsIgnoreCase(case_ignored(&text)))
            }
            "wildcard" if !self.dialect.is_of_pollers() => {
                let matcher = self.wildcard()?;
                self.closed(ONE_KEY, matcher)
            }
            "cidr" => {
                let text = self.string("prefix match pattern must be a string")?;
                let block = Block::parse(&text).map_err(Malformed::without_place)?;
                self.closed(ONE_KEY, Matcher::Block(block))
            }
            "exists" => self.exists(),
            "numeric" => self.numeric(),
            "anything-but" => self.anything_but(),
            _ => self.scanner.refuse(format!("Unrecognized match type {name}")),
        }
    }

    pub(super) fn number_max(&self) -> i64 {
        if self.dialect.is_sns() { POLICY_NUMBER_MILLIONTHS_MAX } else { NUMBER_MILLIONTHS_MAX }
    }

    fn closed(&mut self, otherwise: &str, matcher: Matcher) -> Result<Matcher, Malformed> {
        match self.scanner.next()? {
            Token::EndObject => Ok(matcher),
            _ => self.scanner.refuse(otherwise),
        }
    }

    fn string(&mut self, otherwise: &str) -> Result<String, Malformed> {
        match self.scanner.next()? {
            Token::Text => self.scanner.text(),
            _ => self.scanner.refuse(otherwise),
        }
    }

    fn affix(&mut self, at_end: bool) -> Result<Matcher, Malformed> {
        let word = if at_end { "suffix" } else { "prefix" };
        match self.scanner.next()? {
            Token::Text => {
                let text = self.scanner.text()?;
                self.closed(ONE_KEY, Matcher::Affix(Affix::new(&text, at_end, false)))
            }
            Token::StartObject => {
                match self.scanner.next()? {
                    Token::Name(name) if name == "equals-ignore-case" => {}
                    Token::Name(name) => return self.scanner.refuse(format!("Unsupported {word} pattern: {name}")),
                    _ => {
                        let capital = if at_end { "Suffix" } else { "Prefix" };
                        return self.scanner.refuse(format!("{capital} expression name not found"));
                    }
                }
                let text = self.string("equals-ignore-case match pattern must be a string")?;
                let matcher = self.closed(ONE_KEY, Matcher::Affix(Affix::new(&text, at_end, true)))?;
                self.closed(ONE_KEY, matcher)
            }
            _ => self.scanner.refuse(format!("{word} match pattern must be a string")),
        }
    }

    fn wildcard(&mut self) -> Result<Matcher, Malformed> {
        let text = self.string("wildcard match pattern must be a string")?;
        self.wildcard_of(&text)
    }

    fn wildcard_of(&self, text: &str) -> Result<Matcher, Malformed> {
        match Wildcard::parse(text) {
            Ok(wildcard) => Ok(Matcher::Wildcard(wildcard)),
            Err(message) => self.scanner.refuse(message),
        }
    }

    fn exists(&mut self) -> Result<Matcher, Malformed> {
        let matcher = match self.scanner.next()? {
            Token::True => Matcher::Exists,
            Token::False => Matcher::Absent,
            _ => return self.scanner.refuse("exists match pattern must be either true or false."),
        };
        self.closed(ONE_KEY, matcher)
    }

    fn incomparable(&self, why: Incomparable) -> String {
        match why {
            Incomparable::TooPrecise => "Only values upto 6 decimals are supported".to_owned(),
            Incomparable::TooBig if self.dialect.is_sns() => {
                "Value must be between -1.0E9 and 1.0E9, inclusive".to_owned()
            }
            Incomparable::TooBig => "Value must be between -5.0E9 and 5.0E9, inclusive".to_owned(),
        }
    }

    fn comparable(&self, written: &str) -> Result<i64, Malformed> {
        match millionths(written, self.number_max()) {
            Ok(value) => Ok(value),
            Err(why) => self.scanner.refuse(self.incomparable(why)),
        }
    }

    fn numeric(&mut self) -> Result<Matcher, Malformed> {
        if self.scanner.next()? != Token::StartArray {
            return self.scanner.refuse("Value of numeric must be an array.");
        }
        let first = self.scanner.next()?;
        if first != Token::Text {
            let met = self.written(first)?;
            return self.scanner.refuse(format!("Invalid member in numeric match: {met}"));
        }
        let operator = self.scanner.text()?;
        let value = self.scanner.next()?;
        let range = match operator.as_str() {
            "=" => {
                let value = self.bound(value, "equals", TOO_MANY)?;
                Range { bottom: Some((value, true)), top: Some((value, true)) }
            }
            "<" | "<=" => {
                let value = self.bound(value, &operator, TOO_MANY)?;
                Range { bottom: None, top: Some((value, operator == "<=")) }
            }
            ">" | ">=" => self.range_above(value, &operator)?,
            _ => return self.scanner.refuse(format!("Unrecognized numeric range operator: {operator}")),
        };
        self.closed(TOO_MANY, Matcher::Range(range))
    }

    /// The last number of a range, and its list's end.
    fn bound(&mut self, value: Token, operator: &str, otherwise: &str) -> Result<i64, Malformed> {
        let Token::Number(written) = value else {
            return self.scanner.refuse(format!("Value of {operator} must be numeric"));
        };
        match self.scanner.next()? {
            Token::EndArray => self.comparable(&written),
            _ => self.scanner.refuse(otherwise),
        }
    }

    fn range_above(&mut self, value: Token, operator: &str) -> Result<Range, Malformed> {
        let Token::Number(bottom) = value else {
            return self.scanner.refuse(format!("Value of {operator} must be numeric"));
        };
        let included = operator == ">=";
        match self.scanner.next()? {
            Token::EndArray => Ok(Range { bottom: Some((self.comparable(&bottom)?, included)), top: None }),
            Token::Text => {
                let second = self.scanner.text()?;
                if second != "<" && second != "<=" {
                    return self.scanner.refuse(format!("Bad numeric range operator: {second}"));
                }
                let value = self.scanner.next()?;
                let top = self.bound(value, &second, "Too many terms in numeric range expression")?;
                let bottom = self.comparable(&bottom)?;
                match bottom < top {
                    true => Ok(Range { bottom: Some((bottom, included)), top: Some((top, second == "<=")) }),
                    false => self.scanner.refuse("Bottom must be less than top"),
                }
            }
            other => {
                let met = self.written(other)?;
                self.scanner.refuse(format!("Bad value in numeric range: {met}"))
            }
        }
    }

    fn written(&mut self, token: Token) -> Result<String, Malformed> {
        Ok(match token {
            Token::StartObject => "{".to_owned(),
            Token::EndObject => "}".to_owned(),
            Token::StartArray => "[".to_owned(),
            Token::EndArray => "]".to_owned(),
            Token::Text => self.scanner.text()?,
            Token::Name(text) | Token::Number(text) => text,
            Token::True => "true".to_owned(),
            Token::False => "false".to_owned(),
            Token::Null => "null".to_owned(),
        })
    }

    fn anything_but(&mut self) -> Result<Matcher, Malformed> {
        let mut value = self.scanner.next()?;
        let mut inner = None;
        if value == Token::StartObject {
            match self.scanner.next()? {
                Token::Name(name) if !self.dialect.is_of_pollers() && Inner::of(&name).is_some() => {
                    inner = Inner::of(&name)
                }
                Token::Name(name) => return self.scanner.refuse(format!("Unsupported anything-but pattern: {name}")),
                _ => return self.scanner.refuse("Anything-But expression name not found"),
            }
            value = self.scanner.next()?;
        }
        let others = match (value, inner) {
            (Token::StartArray, None) => self.plain_list()?,
            (Token::StartArray, Some(inner)) => self.inner_list(inner)?,
            (Token::Text, None) => vec![Matcher::Text(self.scanner.text()?, None)],
            (Token::Number(written), None) => vec![self.plain_number(&written)?],
            (value @ (Token::Text | Token::Number(_)), Some(inner)) => vec![self.inner(inner, value)?],
            _ => return self.scanner.refuse("Value of anything-but must be an array or single string/number value."),
        };
        if inner.is_some() {
            self.closed(TOO_MANY, Matcher::Null)?;
        }
        self.closed(TOO_MANY, Matcher::AnythingBut(others))
    }

    /// The engine names no place for a single number that it cannot compare.
    fn plain_number(&self, written: &str) -> Result<Matcher, Malformed> {
        match millionths(written, self.number_max()) {
            Ok(value) => Ok(Matcher::Number(Numeral::Millionths(value))),
            Err(why) => Err(Malformed::without_place(self.incomparable(why))),
        }
    }

    fn plain_list(&mut self) -> Result<Vec<Matcher>, Malformed> {
        let (mut texts, mut numbers) = (Vec::new(), Vec::new());
        loop {
            match self.scanner.next()? {
                Token::EndArray => break,
                Token::Text => texts.push(Matcher::Text(self.scanner.text()?, None)),
                Token::Number(written) => {
                    numbers.push(Matcher::Number(Numeral::Millionths(self.comparable(&written)?)))
                }
                _ => return self.scanner.refuse(NOT_PLAIN),
            }
        }
        match (texts.is_empty(), numbers.is_empty()) {
            (false, true) => Ok(texts),
            (true, false) => Ok(numbers),
            _ => self.scanner.refuse(MIXED),
        }
    }

    fn inner_list(&mut self, inner: Inner) -> Result<Vec<Matcher>, Malformed> {
        let mut others = Vec::new();
        loop {
            match self.scanner.next()? {
                Token::EndArray => return Ok(others),
                token => others.push(self.inner(inner, token)?),
            }
        }
    }

    fn inner(&mut self, inner: Inner, token: Token) -> Result<Matcher, Malformed> {
        if token != Token::Text {
            return self.scanner.refuse(match inner {
                Inner::EqualsIgnoreCase => {
                    "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
                }
                Inner::Wildcard => "wildcard match pattern must be a string",
                Inner::Prefix | Inner::Suffix => "prefix/suffix match pattern must be a string",
            });
        }
        let text = self.scanner.text()?;
        match inner {
            Inner::Prefix | Inner::Suffix if text.is_empty() => self.scanner.refuse("Null prefix/suffix not allowed"),
            Inner::Prefix => Ok(Matcher::Affix(Affix::new(&text, false, false))),
            Inner::Suffix => Ok(Matcher::Affix(Affix::new(&text, true, false))),
            Inner::EqualsIgnoreCase => Ok(Matcher::EqualsIgnoreCase(case_ignored(&text))),
            Inner::Wildcard => self.wildcard_of(&text),
        }
    }
}

/// What `anything-but` may have inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inner {
    Prefix,
    Suffix,
    EqualsIgnoreCase,
    Wildcard,
}

impl Inner {
    fn of(name: &str) -> Option<Self> {
        match name {
            "prefix" => Some(Self::Prefix),
            "suffix" => Some(Self::Suffix),
            "equals-ignore-case" => Some(Self::EqualsIgnoreCase),
            "wildcard" => Some(Self::Wildcard),
            _ => None,
        }
    }
}
