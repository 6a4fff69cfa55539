//! Reads a pattern's JSON piece by piece, and knows at each refusal the place that AWS names.
//!
//! AWS's reader runs ahead: with a field's name it has already taken the first piece of its value (all of a number or
//! word, the opening quote of a string), and a string's text is taken only when it is asked for. The columns that its
//! refusals name follow from that, so this one reads likewise.

use crate::malformed::{Malformed, Place};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    StartObject,
    EndObject,
    StartArray,
    EndArray,
    Name(String),
    /// Its text comes from [`Scanner::text`].
    Text,
    Number(String),
    True,
    False,
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    Object,
    Array,
}

pub(crate) struct Scanner<'a> {
    text: &'a str,
    /// How far it has read, in bytes.
    at: usize,
    inside: Vec<Inside>,
    /// Whether a value stands before this place in the innermost object or array.
    filled: bool,
    /// What was taken together with a name.
    ahead: Option<Token>,
    /// Whether a string's quote has been read and its text has not.
    text_due: bool,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0, inside: Vec::new(), filled: false, ahead: None, text_due: false }
    }

    /// Objects and arrays that are open.
    pub(crate) fn depth(&self) -> usize {
        self.inside.len()
    }

    /// A refusal at this place.
    pub(crate) fn refuse<T>(&self, message: impl Into<String>) -> Result<T, Malformed> {
        Err(Malformed { message: message.into(), place: Some(Place::of(self.text, self.at)) })
    }

    /// The next piece.
    pub(crate) fn next(&mut self) -> Result<Token, Malformed> {
        if let Some(token) = self.ahead.take() {
            return Ok(self.entered(token));
        }
        if self.text_due {
            self.text()?;
        }
        self.skip_space();
        match (self.inside.last().copied(), self.peek()) {
            (Some(Inside::Object), Some('}')) => self.left(Token::EndObject),
            (Some(Inside::Array), Some(']')) => self.left(Token::EndArray),
            (Some(Inside::Object), _) => {
                self.comma("Object entries")?;
                self.name()
            }
            (Some(Inside::Array), _) => {
                self.comma("Array entries")?;
                let token = self.value()?;
                Ok(self.entered(token))
            }
            (None, _) => {
                let token = self.value()?;
                Ok(self.entered(token))
            }
        }
    }

    /// The text of the string that has just been met.
    pub(crate) fn text(&mut self) -> Result<String, Malformed> {
        self.text_due = false;
        let mut text = String::new();
        loop {
            match self.take() {
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escaped()?),
                Some(char) if char < ' ' => {
                    let message = format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {})): has to be escaped using backslash to be included in string value",
                        u32::from(char)
                    );
                    return self.refuse(message);
                }
                Some(char) => text.push(char),
                None => return self.refuse("Unexpected end-of-input: was expecting closing quote for a string value"),
            }
        }
    }

    /// Nothing but space follows the pattern.
    pub(crate) fn finish(mut self) -> Result<(), Malformed> {
        self.skip_space();
        match self.take() {
            None => Ok(()),
            Some(char) => self.unexpected(char, "was expecting the end of the pattern"),
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.at += char.len_utf8();
        Some(char)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.at += 1;
        }
    }

    fn unexpected<T>(&self, char: char, expecting: &str) -> Result<T, Malformed> {
        self.refuse(format!("Unexpected character ('{char}' (code {})): {expecting}", u32::from(char)))
    }

    fn ended<T>(&self) -> Result<T, Malformed> {
        let open = match self.inside.last() {
            Some(Inside::Object) => ": expected close marker for Object",
            Some(Inside::Array) => ": expected close marker for Array",
            None => "",
        };
        self.refuse(format!("Unexpected end-of-input{open}"))
    }

    fn entered(&mut self, token: Token) -> Token {
        match token {
            Token::StartObject => self.inside.push(Inside::Object),
            Token::StartArray => self.inside.push(Inside::Array),
            _ => {}
        }
        self.filled = !matches!(token, Token::StartObject | Token::StartArray);
        token
    }

    fn left(&mut self, token: Token) -> Result<Token, Malformed> {
        self.at += 1;
        self.inside.pop();
        self.filled = true;
        Ok(token)
    }

    fn comma(&mut self, between: &str) -> Result<(), Malformed> {
        if !self.filled {
            return Ok(());
        }
        match self.take() {
            Some(',') => {
                self.skip_space();
                Ok(())
            }
            Some(char) => self.unexpected(char, &format!("was expecting comma to separate {between}")),
            None => self.ended(),
        }
    }

    fn name(&mut self) -> Result<Token, Malformed> {
        match self.take() {
            Some('"') => {}
            Some(char) => return self.unexpected(char, "was expecting double-quote to start field name"),
            None => return self.ended(),
        }
        let name = self.text()?;
        self.skip_space();
        match self.take() {
            Some(':') => {}
            Some(char) => return self.unexpected(char, "was expecting a colon to separate field name and value"),
            None => return self.ended(),
        }
        self.skip_space();
        self.ahead = Some(self.value()?);
        Ok(Token::Name(name))
    }

    fn value(&mut self) -> Result<Token, Malformed> {
        let start = self.at;
        match self.take() {
            Some('{') => Ok(Token::StartObject),
            Some('[') => Ok(Token::StartArray),
            Some('"') => {
                self.text_due = true;
                Ok(Token::Text)
            }
            Some('-' | '0'..='9') => self.number(start),
            Some(char) if char.is_alphabetic() => self.word(start),
            Some(char) => self.unexpected(
                char,
                "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
            ),
            None => self.ended(),
        }
    }

    fn word(&mut self, start: usize) -> Result<Token, Malformed> {
        while self.peek().is_some_and(|char| char.is_alphanumeric() || char == '_' || char == '$') {
            self.take();
        }
        match self.text.get(start..self.at).unwrap_or_default() {
            "true" => Ok(Token::True),
            "false" => Ok(Token::False),
            "null" => Ok(Token::Null),
            word => self.refuse(format!(
                "Unrecognized token '{word}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
            )),
        }
    }

    fn number(&mut self, start: usize) -> Result<Token, Malformed> {
        while matches!(self.peek(), Some('0'..='9' | '.' | 'e' | 'E' | '+' | '-')) {
            self.at += 1;
        }
        let number = self.text.get(start..self.at).unwrap_or_default();
        match is_number(number) {
            true => Ok(Token::Number(number.to_owned())),
            false => self.refuse(format!("Invalid numeric value: {number}")),
        }
    }

    fn escaped(&mut self) -> Result<char, Malformed> {
        match self.take() {
            Some(same @ ('"' | '\\' | '/')) => Ok(same),
            Some('b') => Ok('\u{8}'),
            Some('f') => Ok('\u{c}'),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('u') => self.code_point(),
            Some(char) => self.refuse(format!("Unrecognized character escape '{char}' (code {})", u32::from(char))),
            None => self.refuse("Unexpected end-of-input in character escape sequence"),
        }
    }

    fn code_point(&mut self) -> Result<char, Malformed> {
        let first = self.code_unit()?;
        if !(0xd800..0xdc00).contains(&first) {
            // A lone half of a pair has no place in a string here.
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        if !self.text.get(self.at..).unwrap_or_default().starts_with("\\u") {
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        self.at += 2;
        let second = self.code_unit()?;
        let pair = 0x10000 + ((first - 0xd800) << 10) + second.wrapping_sub(0xdc00);
        match (0xdc00..0xe000).contains(&second) {
            true => Ok(char::from_u32(pair).unwrap_or(char::REPLACEMENT_CHARACTER)),
            false => Ok(char::REPLACEMENT_CHARACTER),
        }
    }

    fn code_unit(&mut self) -> Result<u32, Malformed> {
        let digits =
            self.text.get(self.at..self.at + 4).filter(|four| four.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(unit) => {
                self.at += 4;
                Ok(unit)
            }
            None => self.refuse("Unexpected character: expected a hex-digit for character escape sequence"),
        }
    }
}

/// JSON's grammar of numbers.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    digits(whole) && !leading_zero && fraction.is_none_or(digits) && exponent.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Result<Vec<Token>, Malformed> {
        let mut scanner = Scanner::new(text);
        let mut tokens = vec![scanner.next()?];
        while scanner.depth() > 0 {
            tokens.push(scanner.next()?);
        }
        scanner.finish()?;
        Ok(tokens)
    }

    #[test]
    fn every_piece_of_json_is_met_in_order() {
        let met = tokens(r#" {"a": ["x", 1.5e3, true], "b": {"c": null}} "#).unwrap();
        let name = |name: &str| Token::Name(name.to_owned());
        let expected = [
            Token::StartObject,
            name("a"),
            Token::StartArray,
            Token::Text,
            Token::Number("1.5e3".to_owned()),
            Token::True,
            Token::EndArray,
            name("b"),
            Token::StartObject,
            name("c"),
            Token::Null,
            Token::EndObject,
            Token::EndObject,
        ];
        assert_eq!(met, expected);
    }

    #[test]
    fn broken_json_is_refused_with_its_place() {
        for (text, message, column) in [
            ("", "Unexpected end-of-input", 1),
            (
                "single-string",
                "Unrecognized token 'single': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
                7,
            ),
            ("[1 2]", "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries", 5),
            ("[01]", "Invalid numeric value: 01", 4),
            (
                r#"{"a" 1}"#,
                "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value",
                7,
            ),
            ("[1", "Unexpected end-of-input: expected close marker for Array", 3),
        ] {
            let malformed = tokens(text).unwrap_err();
            assert_eq!((malformed.message.as_str(), malformed.place.unwrap().column), (message, column), "{text}");
        }
    }

    #[test]
    fn escapes_and_pairs_are_read_as_characters() {
        let mut scanner = Scanner::new(r#""a\n\u00e9\ud83d\ude00\ud83d""#);
        assert_eq!(scanner.next().unwrap(), Token::Text);
        assert_eq!(scanner.text().unwrap(), "a\né😀\u{fffd}");
    }
}
