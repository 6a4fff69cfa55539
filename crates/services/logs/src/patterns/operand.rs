//! What a condition compares with: a text with wildcards at its ends, a number, a regular expression.

use fancy_regex::{Regex, RegexBuilder};

use super::InvalidPattern;
use super::scanner::Scanner;

/// Bytes of a compiled regular expression; a repetition of repetitions is refused instead of eating memory.
const REGEX_COMPILED_BYTES_MAX: usize = 1 << 20;
/// Regular expressions in one JSON or space-delimited pattern. Source: CloudWatch Logs User Guide, filter pattern syntax.
pub(super) const REGEX_PER_PATTERN_MAX: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug)]
pub(super) enum Operand {
    Text(Wildcard),
    Number { value: f64, text: String },
    Regex(Box<Regex>),
}

/// A text that may begin and end with `*`; a star in the middle is itself.
#[derive(Debug)]
pub(super) struct Wildcard {
    open_start: bool,
    open_end: bool,
    text: String,
}

impl Wildcard {
    fn new(text: &str) -> Self {
        if text.chars().all(|c| c == '*') && !text.is_empty() {
            return Self { open_start: true, open_end: true, text: String::new() };
        }
        let (open_start, text) = text.strip_prefix('*').map_or((false, text), |rest| (true, rest));
        let (open_end, text) = text.strip_suffix('*').map_or((false, text), |rest| (true, rest));
        Self { open_start, open_end, text: text.to_owned() }
    }

    fn matches(&self, value: &str) -> bool {
        match (self.open_start, self.open_end) {
            (false, false) => value == self.text,
            (false, true) => value.starts_with(&self.text),
            (true, false) => value.ends_with(&self.text),
            (true, true) => value.contains(&self.text),
        }
    }
}

impl Comparison {
    pub(super) fn scan(scanner: &mut Scanner<'_>) -> Option<Self> {
        const TOKENS: [(&str, Comparison); 7] = [
            ("=!", Comparison::NotEqual),
            ("!=", Comparison::NotEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<=", Comparison::LessOrEqual),
            ("=", Comparison::Equal),
            (">", Comparison::Greater),
            ("<", Comparison::Less),
        ];
        TOKENS.into_iter().find(|(token, _)| scanner.eat(token)).map(|(_, comparison)| comparison)
    }

    fn is_ordering(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

impl Operand {
    /// Reads a quoted text, a regular expression between `%`, a number, or a bare text.
    /// Errors: an ordering against anything but a number; characters that need quotes.
    pub(super) fn scan(scanner: &mut Scanner<'_>, comparison: Comparison) -> Result<Self, InvalidPattern> {
        let operand = if scanner.eat("\"") {
            Self::Text(Wildcard::new(&scanner.quoted()?))
        } else if scanner.eat("%") {
            Self::Regex(Box::new(compile(scanner.until_percent()?)?))
        } else {
            let text = scanner.take_while(is_bare);
            match (text.is_empty(), number(text)) {
                (true, _) => return Err(InvalidPattern::Syntax),
                (false, Some(value)) => Self::Number { value, text: text.to_owned() },
                (false, None) => Self::Text(Wildcard::new(text)),
            }
        };
        if comparison.is_ordering() && !matches!(operand, Self::Number { .. }) {
            return Err(InvalidPattern::Syntax);
        }
        Ok(operand)
    }

    /// Whether `text`, whose value as a number is `value`, stands in this relation to the operand.
    pub(super) fn compare(&self, comparison: Comparison, text: &str, value: Option<f64>) -> bool {
        match comparison {
            Comparison::Equal => self.equals(text, value),
            Comparison::NotEqual => !self.equals(text, value),
            ordering => match (self, value) {
                (Self::Number { value: bound, .. }, Some(value)) => match ordering {
                    Comparison::Less => value < *bound,
                    Comparison::LessOrEqual => value <= *bound,
                    Comparison::Greater => value > *bound,
                    _ => value >= *bound,
                },
                _ => false,
            },
        }
    }

    fn equals(&self, text: &str, value: Option<f64>) -> bool {
        match self {
            Self::Text(wildcard) => wildcard.matches(text),
            #[allow(clippy::float_cmp)] // AWS compares the numbers that were written, not measurements.
            Self::Number { value: wanted, text: written } => value.map_or(text == written, |value| value == *wanted),
            Self::Regex(regex) => regex.is_match(text).unwrap_or(false),
        }
    }

    pub(super) fn is_regex(&self) -> bool {
        matches!(self, Self::Regex(_))
    }
}

/// Texts need quotes unless they are made of these.
fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '*' | '+' | ':' | '/')
}

/// An integer or decimal with an optional sign and exponent; nothing else that Rust reads as a float.
pub(super) fn number(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    let digit = text.bytes().next().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.'));
    if plain && digit { text.parse().ok() } else { None }
}

/// Compiles a regular expression of AWS's subset: no groups, no multi-byte characters, few symbols and classes.
pub(super) fn compile(body: &str) -> Result<Regex, InvalidPattern> {
    let refused = || InvalidPattern::Term(format!("%{body}%"));
    let mut characters = body.chars();
    // Possessive repetition would leave the linear-time engine.
    let possessive = ["*+", "++", "?+", "}+"].into_iter().any(|pair| body.contains(pair));
    while let Some(c) = characters.next() {
        let allowed = match c {
            '\\' => characters.next().is_some_and(|escaped| {
                matches!(escaped, 'd' | 'D' | 's' | 'S' | 'w' | 'W' | 'x') || escaped.is_ascii_punctuation()
            }),
            _ => c.is_ascii_alphanumeric() || ":_#=@/;,-^$?[]{}|*+. ".contains(c),
        };
        if !allowed {
            return Err(refused());
        }
    }
    if body.is_empty() || possessive {
        return Err(refused());
    }
    RegexBuilder::new(body).delegate_size_limit(REGEX_COMPILED_BYTES_MAX).build().map_err(|_| refused())
}
