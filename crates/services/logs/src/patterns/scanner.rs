use super::InvalidPattern;

/// Walks over a pattern's text, character by character.
pub(super) struct Scanner<'a> {
    rest: &'a str,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    pub(super) fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes `token` when it comes next.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    pub(super) fn expect(&mut self, token: &str) -> Result<(), InvalidPattern> {
        if self.eat(token) { Ok(()) } else { Err(InvalidPattern::Syntax) }
    }

    /// Takes characters as long as `wanted` holds.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// After an opening quote: the text up to the closing one, `\"` and `\\` unescaped.
    pub(super) fn quoted(&mut self) -> Result<String, InvalidPattern> {
        let mut text = String::new();
        loop {
            match self.bump().ok_or(InvalidPattern::Syntax)? {
                '"' => return Ok(text),
                '\\' if matches!(self.peek(), Some('"' | '\\')) => text.extend(self.bump()),
                other => text.push(other),
            }
        }
    }

    /// After an opening `%`: the regular expression up to the closing one.
    pub(super) fn until_percent(&mut self) -> Result<&'a str, InvalidPattern> {
        let body = self.take_while(|c| c != '%');
        self.expect("%")?;
        Ok(body)
    }
}
