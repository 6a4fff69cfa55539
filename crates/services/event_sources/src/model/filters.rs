//! Which records a mapping wants.
//! Source: Lambda Developer Guide, "Control which events Lambda sends to your function", "Using event filtering with an Amazon SQS
//! event source".

use patterns::{Dialect, Pattern};
use serde_json::Value;

/// A record passes if one of the patterns matches it, or if there is none.
pub(crate) struct Filters(Vec<Pattern>);

impl Filters {
    /// Errors: one of them is no pattern.
    pub(crate) fn parse(patterns: &[String]) -> Result<Self, patterns::Malformed> {
        patterns.iter().map(|text| Pattern::parse_as(Dialect::Lambda, text)).collect::<Result<_, _>>().map(Self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the record, as it stands in the event, passes. The member that holds what the sender wrote is matched as JSON where
    /// it is an object or a list, and as text otherwise: a pattern for the one form drops the other.
    pub(crate) fn pass(&self, record: &str, content: &str) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let Ok(mut record) = serde_json::from_str::<Value>(record) else { return false };
        if let Some(held) = record.get_mut(content) {
            let read = held.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
            if let Some(read) = read.filter(|read| read.is_object() || read.is_array()) {
                *held = read;
            }
        }
        self.0.iter().any(|pattern| pattern.matches_content(&record, content))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(patterns: &[&str], body: &str) -> bool {
        let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let record = serde_json::json!({ "messageId": "m", "body": body }).to_string();
        Filters::parse(&patterns).ok().unwrap().pass(&record, "body")
    }

    #[test]
    fn a_pattern_for_json_drops_text_and_the_other_way_round() {
        assert!(passes(&[], "anything"));
        assert!(passes(&[r#"{"body":{"code":["BBBB"]}}"#], r#"{"code":"BBBB"}"#));
        assert!(!passes(&[r#"{"body":{"code":["BBBB"]}}"#], r#"{"code":"AAAA"}"#));
        assert!(!passes(&[r#"{"body":{"code":["BBBB"]}}"#], "BBBB"));
        assert!(passes(&[r#"{"body":["plain"]}"#], "plain"));
        assert!(!passes(&[r#"{"body":["plain"]}"#], r#"{"plain":"plain"}"#));
        assert!(!passes(&[r#"{"body":{"code":[{"exists":false}]}}"#], "BBBB"), "absent from JSON, not from a text");
        assert!(passes(&[r#"{"body":{"code":[{"exists":false}]}}"#], "[]"));
        assert!(!passes(&[r#"{"body":[{"exists":false}]}"#], r#"{"code":"BBBB"}"#));
        assert!(passes(&[r#"{"$or":[{"body":{"a":["1"]}},{"body":["plain"]}]}"#], "plain"));
        assert!(passes(&[r#"{"messageId":["m"]}"#], "BBBB") && passes(&[r#"{"messageId":["m"]}"#], "{}"));
    }

    #[test]
    fn one_pattern_that_matches_is_enough() {
        assert!(passes(&[r#"{"body":{"a":["1"]}}"#, r#"{"body":{"a":["2"]}}"#], r#"{"a":"2"}"#));
    }
}
