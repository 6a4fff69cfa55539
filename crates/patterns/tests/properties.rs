//! What holds of any pattern and any event.

use patterns::{Dialect, Pattern, fuzz};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn plain() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-5_i64..5).prop_map(Value::from),
        "[ab.*]{0,3}".prop_map(Value::from),
    ]
}

fn event() -> impl Strategy<Value = Value> {
    let nested = plain().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[ab](\\.[ab])?", inner, 0..4).prop_map(|fields| json!(fields)),
        ]
    });
    prop::collection::btree_map("[ab](\\.[ab])?", nested, 0..4).prop_map(|fields| json!(fields))
}

/// A pattern that asks for every value of an event, in its place.
fn asking_for(event: &Value) -> Option<Value> {
    match event {
        Value::Object(fields) => {
            let asked: Map<String, Value> =
                fields.iter().filter_map(|(name, value)| Some((name.clone(), asking_for(value)?))).collect();
            (!asked.is_empty()).then_some(Value::Object(asked))
        }
        Value::Array(elements) => elements.iter().find_map(asking_for),
        value => Some(json!([value])),
    }
}

proptest! {
    #[test]
    fn an_event_matches_the_pattern_that_is_made_of_it(event in event()) {
        if let Some(pattern) = asking_for(&event) {
            let pattern = pattern.to_string();
            prop_assert!(Pattern::parse(&pattern).unwrap().matches(&event), "{} {}", pattern, event);
        }
    }

    #[test]
    fn a_value_either_matches_or_is_anything_but(value in plain(), other in "[ab.*]{0,2}") {
        let event = json!({"a": value});
        let same = Pattern::parse(&json!({"a": [other]}).to_string()).unwrap().matches(&event);
        let but = Pattern::parse(&json!({"a": [{"anything-but": other}]}).to_string()).unwrap().matches(&event);
        prop_assert_ne!(same, but);
    }

    #[test]
    fn a_field_is_there_or_absent(event in event(), name in "[ab](\\.[ab]){0,2}") {
        let there = Pattern::parse(&json!({name.clone(): [{"exists": true}]}).to_string()).unwrap().matches(&event);
        let absent = Pattern::parse(&json!({name: [{"exists": false}]}).to_string()).unwrap().matches(&event);
        prop_assert_ne!(there, absent);
    }

    #[test]
    fn more_fields_never_take_more_events(event in event(), a in plain(), b in plain()) {
        let both = Pattern::parse(&json!({"a": [a], "b": [b]}).to_string()).unwrap();
        let one = Pattern::parse(&json!({"a": [a]}).to_string()).unwrap();
        prop_assert!(!both.matches(&event) || one.matches(&event));
    }

    #[test]
    fn or_is_the_same_as_two_patterns(event in event(), a in plain(), b in plain()) {
        let one = |name: &str, value: &Value| Pattern::parse(&json!({name: [value]}).to_string()).unwrap().matches(&event);
        let or = json!({"$or": [{"a": [a]}, {"b": [b]}]}).to_string();
        prop_assert_eq!(Pattern::parse(&or).unwrap().matches(&event), one("a", &a) || one("b", &b));
    }

    #[test]
    fn content_of_the_other_form_is_all_that_a_match_by_content_leaves_out(event in event(), a in plain()) {
        let is_json = event.get("a").is_some_and(|value| value.is_object() || value.is_array());
        for (pattern, wants_json) in [(json!({"a": [a, {"exists": false}]}), false), (json!({"a": {"b": [a, {"exists": false}]}}), true)] {
            let pattern = Pattern::parse(&pattern.to_string()).unwrap();
            let expected = pattern.matches(&event) && is_json == wants_json;
            prop_assert_eq!(pattern.matches_content(&event, "a"), expected);
            prop_assert_eq!(pattern.matches_content(&event, "c"), pattern.matches(&event));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        let _ = Pattern::parse(&text);
        fuzz::pattern(text.as_bytes());
    }

    #[test]
    fn what_looks_like_a_pattern_is_read_or_refused(text in "[\\[\\]{}\",:a0-9.<>=$or -]{0,40}") {
        for dialect in [Dialect::EventBridge, Dialect::SnsAttributes] {
            if let Err(malformed) = Pattern::parse_as(dialect, &text) {
                prop_assert!(!malformed.message.is_empty());
            }
        }
    }
}
