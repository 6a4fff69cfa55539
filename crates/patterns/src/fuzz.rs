//! Body of the fuzz target: it takes any bytes and must come back.

use crate::{Dialect, Pattern};

/// A pattern in the first line, an event in the rest.
pub fn pattern(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (pattern, event) = text.split_once('\n').unwrap_or((&text, "{}"));
    let event = serde_json::from_str(event).unwrap_or_default();
    for dialect in [Dialect::EventBridge, Dialect::Lambda, Dialect::SnsAttributes, Dialect::SnsBody] {
        match Pattern::parse_as(dialect, pattern) {
            Ok(pattern) => {
                let matches = pattern.matches(&event);
                assert!(matches || !pattern.matches_content(&event, "body"), "content only narrows");
            }
            Err(malformed) => assert!(!malformed.to_string().is_empty()),
        }
    }
}
