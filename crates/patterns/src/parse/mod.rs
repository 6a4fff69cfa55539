//! Patterns from their text: the shape of objects and `$or` here, what a list may say in `expression`.

mod expression;
mod policy;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::dialect::Dialect;
use crate::limits::{COMBINATIONS_MAX, FIELDS_MAX, NESTING_MAX};
use crate::malformed::Malformed;
use crate::matcher::{Matcher, Numeral};
use crate::number::millionths;
use crate::pattern::{Branch, Said};
use crate::scan::{Scanner, Token};

/// Words of the language that cannot name a field inside `$or`; some are kept for later.
/// Source: aws/event-ruler, README "The $or Primitive".
const RESERVED_IN_OR: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// Reads a pattern into its branches.
pub(crate) fn pattern(dialect: Dialect, text: &str) -> Result<Vec<Branch>, Malformed> {
    if dialect.is_sns() {
        let compact = policy::compact(text)?;
        return policy::checked(dialect, Parser::read(dialect, &compact)?);
    }
    Ok(Parser::read(dialect, text)?.branches)
}

/// What a pattern's text said.
pub(crate) struct Read {
    pub branches: Vec<Branch>,
    /// Names at the top, those inside `$or` included.
    pub keys: BTreeSet<String>,
    pub is_nested: bool,
}

pub(crate) struct Parser<'a> {
    dialect: Dialect,
    scanner: Scanner<'a>,
    branches: Vec<Branch>,
    path: Vec<String>,
    /// Names on the way here; a name with dots is one.
    nesting: usize,
    keys: BTreeSet<String>,
    is_nested: bool,
    /// Fields written down in all branches so far.
    fields: usize,
}

impl<'a> Parser<'a> {
    fn read(dialect: Dialect, text: &'a str) -> Result<Read, Malformed> {
        let mut parser = Self {
            dialect,
            scanner: Scanner::new(text),
            branches: vec![Branch::new()],
            path: Vec::new(),
            nesting: 0,
            keys: BTreeSet::new(),
            is_nested: false,
            fields: 0,
        };
        if parser.scanner.next()? != Token::StartObject {
            return parser.scanner.refuse("Filter is not an object");
        }
        parser.object(false)?;
        let Self { scanner, branches, keys, is_nested, .. } = parser;
        scanner.finish()?;
        Ok(Read { branches, keys, is_nested })
    }

    fn object(&mut self, inside_or: bool) -> Result<(), Malformed> {
        if self.scanner.depth() > NESTING_MAX {
            return self.scanner.refuse("Pattern is nested too deeply");
        }
        let mut is_empty = true;
        while let Token::Name(name) = self.scanner.next()? {
            is_empty = false;
            match name.as_str() {
                "$or" => self.alternatives()?,
                _ => self.field(name, inside_or)?,
            }
        }
        match is_empty {
            true => self.scanner.refuse("Empty objects are not allowed"),
            false => Ok(()),
        }
    }

    fn field(&mut self, name: String, inside_or: bool) -> Result<(), Malformed> {
        if inside_or && RESERVED_IN_OR.contains(&name.as_str()) {
            return self.scanner.refuse(format!("{name} is Ruler reserved fieldName which cannot be used inside $or."));
        }
        if self.path.is_empty() {
            self.keys.insert(name.clone());
        }
        let value = self.scanner.next()?;
        self.path.extend(name.split('.').map(str::to_owned));
        self.nesting += 1;
        match value {
            Token::StartObject => {
                self.is_nested = true;
                self.object(inside_or)?;
            }
            Token::StartArray => self.list()?,
            _ => return self.scanner.refuse(format!("\"{name}\" must be an object or an array")),
        }
        self.path.truncate(self.path.len() - name.split('.').count());
        self.nesting -= 1;
        Ok(())
    }

    /// `$or`: every branch so far goes on with each of the alternatives.
    fn alternatives(&mut self) -> Result<(), Malformed> {
        if self.scanner.next()? != Token::StartArray {
            return self.scanner.refuse("It must be an Array followed with $or.");
        }
        let before = std::mem::take(&mut self.branches);
        let mut after = Vec::new();
        let mut count = 0;
        loop {
            match self.scanner.next()? {
                Token::EndArray => break,
                Token::StartObject => {
                    count += 1;
                    self.count(before.iter().map(Branch::len).sum())?;
                    self.branches = before.clone();
                    self.object(true)?;
                    after.append(&mut self.branches);
                }
                _ => return self.scanner.refuse("Only JSON object is allowed in array of $or relationship."),
            }
            if after.len() > COMBINATIONS_MAX {
                return self
                    .scanner
                    .refuse(format!("$or relationship makes more than {COMBINATIONS_MAX} combinations"));
            }
        }
        self.branches = after;
        match count {
            0 | 1 => self.scanner.refuse("There must have at least 2 Objects in $or relationship."),
            _ => Ok(()),
        }
    }

    /// Bounds what alternatives of alternatives may multiply to.
    fn count(&mut self, fields: usize) -> Result<(), Malformed> {
        self.fields = self.fields.saturating_add(fields);
        match self.fields > FIELDS_MAX {
            true => self.scanner.refuse("Pattern is too complex"),
            false => Ok(()),
        }
    }

    fn list(&mut self) -> Result<(), Malformed> {
        let mut matchers = Vec::new();
        loop {
            matchers.push(match self.scanner.next()? {
                Token::EndArray => break,
                Token::StartObject => self.expression()?,
                Token::Text => Matcher::text(self.scanner.text()?),
                Token::Number(written) => Matcher::Number(self.numeral(&written)),
                Token::Null => Matcher::Null,
                Token::True => Matcher::Bool(true),
                Token::False => Matcher::Bool(false),
                _ => return self.scanner.refuse("Match value must be String, number, true, false, or null"),
            });
        }
        if matchers.is_empty() {
            return self.scanner.refuse("Empty arrays are not allowed");
        }
        self.count(self.branches.len())?;
        let matchers: Arc<[Matcher]> = matchers.into();
        for branch in &mut self.branches {
            branch.insert(self.path.clone(), Said { matchers: matchers.clone(), nesting: self.nesting });
        }
        Ok(())
    }

    /// A number as a value: one that cannot be compared, such as an account, is taken as it is written.
    fn numeral(&self, written: &str) -> Numeral {
        match millionths(written, self.number_max()) {
            Ok(value) => Numeral::Millionths(value),
            Err(_) => {
                let as_events_write_it = serde_json::from_str::<serde_json::Number>(written);
                Numeral::Written(as_events_write_it.map_or_else(|_| written.to_owned(), |number| number.to_string()))
            }
        }
    }
}
