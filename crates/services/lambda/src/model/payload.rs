//! Whether a payload is JSON, and what is wrong with it in the words of the parser that AWS uses.

use crate::error::Error;

const SOURCE: &str = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled)";
const VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

/// Accepts JSON and nothing at all. Errors: `InvalidRequestContentException`.
/// Source: AWS's answers; kinds of damage that none of them shows are worded as the parser words its commonest ones.
pub fn check(payload: &[u8]) -> Result<(), Error> {
    if payload.is_empty() || serde_json::from_slice::<serde::de::IgnoredAny>(payload).is_ok() {
        return Ok(());
    }
    Err(Error::PayloadNotJson(complaint(payload)))
}

fn complaint(payload: &[u8]) -> String {
    let start = payload.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(payload.len());
    match payload.get(start) {
        None => format!("No content to map due to end-of-input\n at {SOURCE}; line: 1]"),
        Some(&b) if b.is_ascii_alphabetic() => bare_word(payload, start),
        Some(&b) if b"{[\"-".contains(&b) || b.is_ascii_digit() => inside(payload),
        Some(&b) => {
            let name = character(b);
            place(payload, start, &format!("Unexpected character ({name}): expected a valid value {VALUES}"))
        }
    }
}

/// A word where a value should be: AWS's parser reads it while its bytes are a name's, and stumbles over what is no UTF-8.
fn bare_word(payload: &[u8], start: usize) -> String {
    let rest = payload.get(start..).unwrap_or_default();
    let end = rest.iter().position(|b| !(b.is_ascii_alphanumeric() || *b == b'_' || *b == b'$')).unwrap_or(rest.len());
    if let Some(at) = bad_utf8(rest).filter(|at| *at == end) {
        let byte = rest.get(at).copied().unwrap_or_default();
        return not_utf8(payload, start + at, byte);
    }
    let word = String::from_utf8_lossy(rest.get(..end).unwrap_or_default());
    place(payload, start + end, &format!("Unrecognized token '{word}': was expecting {VALUES}"))
}

fn inside(payload: &[u8]) -> String {
    if let Some(at) = bad_utf8(payload) {
        let byte = payload.get(at).copied().unwrap_or_default();
        return not_utf8(payload, at, byte);
    }
    let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(payload) else { return String::new() };
    if error.is_eof() {
        return place(payload, payload.len(), "Unexpected end-of-input");
    }
    let at = offset(payload, error.line(), error.column());
    match payload.get(at) {
        Some(&b) => {
            place(payload, at, &format!("Unexpected character ({}): was expecting a valid value", character(b)))
        }
        None => place(payload, payload.len(), "Unexpected end-of-input"),
    }
}

fn offset(payload: &[u8], line: usize, column: usize) -> usize {
    let before: usize = payload.split(|b| *b == b'\n').take(line.saturating_sub(1)).map(|l| l.len() + 1).sum();
    before + column.saturating_sub(1)
}

fn bad_utf8(bytes: &[u8]) -> Option<usize> {
    std::str::from_utf8(bytes).err().map(|error| error.valid_up_to())
}

/// The parser has read the byte when it complains, so its column is the one after.
fn not_utf8(payload: &[u8], at: usize, byte: u8) -> String {
    place(payload, at + 1, &format!("Invalid UTF-8 start byte 0x{byte:x}"))
}

fn character(byte: u8) -> String {
    if !(0x20..0x80).contains(&byte) {
        format!("(CTRL-CHAR, code {byte})")
    } else {
        format!("'{}' (code {byte})", char::from(byte))
    }
}

fn place(payload: &[u8], at: usize, words: &str) -> String {
    let before = payload.get(..at).unwrap_or(payload);
    let line = 1 + before.iter().filter(|b| **b == b'\n').count();
    let column = 1 + before.iter().rev().take_while(|b| **b != b'\n').count();
    format!("{words}\n at {SOURCE}; line: {line}, column: {column}]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn said(payload: &[u8]) -> String {
        match check(payload) {
            Err(Error::PayloadNotJson(words)) => words,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn json_and_nothing_pass() {
        for good in [&b""[..], b"{}", b"null", b" [1, \"a\"]\n", b"7"] {
            assert!(check(good).is_ok());
        }
    }

    #[test]
    fn broken_bytes_are_named_as_aws_names_them() {
        assert_eq!(
            said(b"\x99\xeb,j\x07\xa1zYh"),
            "Unexpected character ((CTRL-CHAR, code 153)): expected a valid value (JSON String, Number, Array, Object or \
             token 'null', 'true' or 'false')\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` \
             disabled); line: 1, column: 1]"
        );
        assert_eq!(
            said(b"n\x87r\x9e\xe9\xb5"),
            "Invalid UTF-8 start byte 0x87\n at [Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` \
             disabled); line: 1, column: 3]"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = check(&bytes);
        }

        #[test]
        fn broken_json_is_worded(text in "[{\\[\"a:,1\n é]{1,30}") {
            let _ = check(text.as_bytes());
        }
    }
}
