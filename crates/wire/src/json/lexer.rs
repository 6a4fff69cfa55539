use std::borrow::Cow;

use crate::limits::DEPTH_MAX;
use crate::malformed::Malformed;

/// The tokens of a JSON text, read one after the other without building a tree.
pub(super) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

/// What a value starts with, in the words that AWS's messages use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Object,
    Array,
    String,
    Number,
    True,
    False,
    Null,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.byte(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        self.skip_space();
        if self.byte() != Some(byte) {
            return Err(Malformed::Syntax);
        }
        self.at += 1;
        Ok(())
    }

    /// Looks at the next value without taking it.
    pub(super) fn peek(&mut self) -> Result<Token, Malformed> {
        self.skip_space();
        Ok(match self.byte() {
            Some(b'{') => Token::Object,
            Some(b'[') => Token::Array,
            Some(b'"') => Token::String,
            Some(b'-' | b'0'..=b'9') => Token::Number,
            Some(b't') => Token::True,
            Some(b'f') => Token::False,
            Some(b'n') => Token::Null,
            _ => return Err(Malformed::Syntax),
        })
    }

    /// Takes the next value if it is null.
    pub(super) fn null(&mut self) -> Result<bool, Malformed> {
        if self.peek()? != Token::Null {
            return Ok(false);
        }
        self.word(b"null")?;
        Ok(true)
    }

    pub(super) fn bool(&mut self) -> Result<bool, Malformed> {
        match self.peek()? {
            Token::True => self.word(b"true").map(|()| true),
            _ => self.word(b"false").map(|()| false),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), Malformed> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            return Err(Malformed::Syntax);
        }
        self.at += word.len();
        Ok(())
    }

    /// The text of a number, checked against JSON's grammar.
    pub(super) fn number(&mut self) -> Result<&'a str, Malformed> {
        self.skip_space();
        let from = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        match self.byte() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        let text = self.bytes.get(from..self.at).unwrap_or_default();
        std::str::from_utf8(text).map_err(|_| Malformed::Syntax)
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let from = self.at;
        while self.byte().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == from { Err(Malformed::Syntax) } else { Ok(()) }
    }

    pub(super) fn string(&mut self) -> Result<Cow<'a, str>, Malformed> {
        self.expect(b'"')?;
        let from = self.at;
        loop {
            self.skip_plain();
            match self.byte() {
                Some(b'"') => {
                    let text = self.bytes.get(from..self.at).unwrap_or_default();
                    self.at += 1;
                    return std::str::from_utf8(text).map(Cow::Borrowed).map_err(|_| Malformed::Syntax);
                }
                Some(b'\\') => return self.escaped(from).map(Cow::Owned),
                Some(0..=0x1f) | None => return Err(Malformed::Syntax),
                Some(_) => self.at += 1,
            }
        }
    }

    /// Passes over whole blocks of a string in which nothing ends or escapes it. The compiler turns the test of a block
    /// into a few vector instructions: zips come as strings of many megabytes.
    fn skip_plain(&mut self) {
        const BLOCK: usize = 32;
        while let Some(block) = self.bytes.get(self.at..self.at + BLOCK) {
            let special = block.iter().fold(false, |found, &b| found | (b == b'"') | (b == b'\\') | (b < 0x20));
            if special {
                return;
            }
            self.at += BLOCK;
        }
    }

    /// The rest of a string that has escapes, from its first one.
    fn escaped(&mut self, from: usize) -> Result<String, Malformed> {
        let mut text = self.bytes.get(from..self.at).unwrap_or_default().to_vec();
        loop {
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return String::from_utf8(text).map_err(|_| Malformed::Syntax);
                }
                Some(b'\\') => {
                    self.at += 1;
                    let letter = self.escape()?;
                    text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Some(0..=0x1f) | None => return Err(Malformed::Syntax),
                Some(byte) => {
                    self.at += 1;
                    text.push(byte);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, Malformed> {
        let byte = self.byte().ok_or(Malformed::Syntax)?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode()?,
            _ => return Err(Malformed::Syntax),
        })
    }

    /// `\uXXXX`, or two of them that are a surrogate pair; half a pair becomes the replacement character.
    fn unicode(&mut self) -> Result<char, Malformed> {
        let first = self.hex4()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let before = self.at;
        if self.word(b"\\u").is_ok() {
            let second = self.hex4()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self) -> Result<u32, Malformed> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or(Malformed::Syntax)?;
        self.at += 4;
        digits.iter().try_fold(0, |code, digit| {
            let digit = char::from(*digit).to_digit(16).ok_or(Malformed::Syntax)?;
            Ok(code * 16 + digit)
        })
    }

    /// Takes the bracket that opens an object or array. Errors: nested deeper than [`DEPTH_MAX`].
    pub(super) fn open(&mut self, bracket: u8) -> Result<(), Malformed> {
        self.expect(bracket)?;
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(Malformed::Syntax) } else { Ok(()) }
    }

    /// Whether another item follows; takes the comma before it, or the bracket that closes.
    pub(super) fn more(&mut self, first: &mut bool, close: u8) -> Result<bool, Malformed> {
        self.skip_space();
        if self.byte() == Some(close) {
            self.at += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if !std::mem::take(first) {
            self.expect(b',')?;
        }
        Ok(true)
    }

    /// An object's key and the colon after it.
    pub(super) fn key(&mut self) -> Result<Cow<'a, str>, Malformed> {
        let key = self.string()?;
        self.expect(b':')?;
        Ok(key)
    }

    /// Takes a whole value that nobody reads, and gives its bytes.
    pub(super) fn skip(&mut self) -> Result<&'a [u8], Malformed> {
        let token = self.peek()?;
        let from = self.at;
        let mut first = true;
        match token {
            Token::Object => {
                self.open(b'{')?;
                while self.more(&mut first, b'}')? {
                    self.key()?;
                    self.skip()?;
                }
            }
            Token::Array => {
                self.open(b'[')?;
                while self.more(&mut first, b']')? {
                    self.skip()?;
                }
            }
            Token::String => drop(self.string()?),
            Token::Number => drop(self.number()?),
            Token::True | Token::False => drop(self.bool()?),
            Token::Null => self.word(b"null")?,
        }
        Ok(self.bytes.get(from..self.at).unwrap_or_default())
    }

    /// Nothing but space may follow the value.
    pub(super) fn end(&mut self) -> Result<(), Malformed> {
        self.skip_space();
        if self.at == self.bytes.len() { Ok(()) } else { Err(Malformed::Syntax) }
    }

    pub(super) fn is_blank(&mut self) -> bool {
        self.end().is_ok()
    }
}
