//! Bodies of the fuzz targets: they take any bytes and must come back.

use crate::model::chunk;
use crate::model::position::Token;
use crate::patterns::Pattern;

/// The first line is a filter pattern, the rest a message.
pub fn filter_pattern(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (pattern, message) = text.split_once('\n').unwrap_or((&text, ""));
    if let Ok(pattern) = Pattern::parse(pattern) {
        assert_eq!(pattern.matches(message), pattern.extract(message).is_some());
    }
}

/// A token of GetLogEvents: what is read prints as it was, but for leading zeros.
pub fn page_token(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(token) = Token::parse(&text) {
        assert_eq!(Token::parse(&token.to_string()), Some(token));
    }
}

/// A stored chunk.
pub fn stored_chunk(data: &[u8]) {
    let _ = chunk::decode(0, 0, bytes::Bytes::copy_from_slice(data));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn no_target_panics(data in proptest::collection::vec(any::<u8>(), 0..120), text in "[fb]/[0-9]{0,60}/s|[\\[{?%\"a$. =\\n\\]}]{0,40}") {
            for input in [data.as_slice(), text.as_bytes()] {
                super::filter_pattern(input);
                super::page_token(input);
                super::stored_chunk(input);
            }
        }
    }
}
