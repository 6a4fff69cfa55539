use fancy_regex::Regex;

use super::InvalidPattern;
use super::operand::compile;
use super::scanner::Scanner;

/// `ERROR "exact phrase" -excluded ?either ?or %regex%`: every plain term must be in the message and no excluded one.
/// Optional terms count only when there is nothing else.
#[derive(Debug)]
pub(super) struct TermPattern {
    required: Vec<Needle>,
    excluded: Vec<Needle>,
    optional: Vec<Needle>,
}

#[derive(Debug)]
enum Needle {
    Text(String),
    Regex(Box<Regex>),
}

impl Needle {
    fn is_in(&self, message: &str) -> bool {
        match self {
            Self::Text(text) => message.contains(text.as_str()),
            Self::Regex(regex) => regex.is_match(message).unwrap_or(false),
        }
    }

    fn scan(scanner: &mut Scanner<'_>) -> Result<Self, InvalidPattern> {
        if scanner.eat("\"") {
            let phrase = scanner.quoted()?;
            return if phrase.is_empty() { Err(InvalidPattern::Term("\"\"".into())) } else { Ok(Self::Text(phrase)) };
        }
        if scanner.eat("%") {
            return Ok(Self::Regex(Box::new(compile(scanner.until_percent()?)?)));
        }
        let term = scanner.take_while(|c| !c.is_whitespace());
        if !term.is_empty() && term.chars().all(|c| c.is_alphanumeric() || c == '_') {
            Ok(Self::Text(term.to_owned()))
        } else {
            Err(InvalidPattern::Term(term.to_owned()))
        }
    }
}

impl TermPattern {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let mut scanner = Scanner::new(text);
        let mut pattern = Self { required: Vec::new(), excluded: Vec::new(), optional: Vec::new() };
        scanner.skip_space();
        while !scanner.is_done() {
            let kind = if scanner.eat("-") {
                scanner.skip_space();
                &mut pattern.excluded
            } else if scanner.eat("?") {
                &mut pattern.optional
            } else {
                &mut pattern.required
            };
            kind.push(Needle::scan(&mut scanner)?);
            scanner.skip_space();
        }
        Ok(pattern)
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        if self.required.is_empty() && self.excluded.is_empty() {
            return self.optional.iter().any(|needle| needle.is_in(message));
        }
        self.required.iter().all(|needle| needle.is_in(message))
            && !self.excluded.iter().any(|needle| needle.is_in(message))
    }
}
