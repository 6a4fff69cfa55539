//! How bad patterns are refused: sentence and place as AWS gives them.

use patterns::{Dialect, Malformed, Pattern};

fn refusal(text: &str) -> Malformed {
    Pattern::parse(text).expect_err(text)
}

#[test]
fn each_mistake_has_the_engines_sentence() {
    for (text, message) in [
        ("[]", "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        (r#"{"a": {}}"#, "Empty objects are not allowed"),
        (r#"{"a": []}"#, "Empty arrays are not allowed"),
        (r#"{"a": "x"}"#, r#""a" must be an object or an array"#),
        (r#"{"a": [["x"]]}"#, "Match value must be String, number, true, false, or null"),
        (r#"{"a": [{}]}"#, "Match expression name not found"),
        (r#"{"a": [{"like": "x"}]}"#, "Unrecognized match type like"),
        (r#"{"a": [{"prefix": 1}]}"#, "prefix match pattern must be a string"),
        (r#"{"a": [{"prefix": {"suffix": "x"}}]}"#, "Unsupported prefix pattern: suffix"),
        (r#"{"a": [{"prefix": "x", "suffix": "y"}]}"#, "Only one key allowed in match expression"),
        (r#"{"a": [{"equals-ignore-case": true}]}"#, "equals-ignore-case match pattern must be a string"),
        (r#"{"a": [{"wildcard": "a**b"}]}"#, "Consecutive wildcard characters at pos 2"),
        (r#"{"a": [{"exists": "true"}]}"#, "exists match pattern must be either true or false."),
        (r#"{"a": [{"numeric": "x"}]}"#, "Value of numeric must be an array."),
        (r#"{"a": [{"numeric": ["<", 1e10]}]}"#, "Value must be between -5.0E9 and 5.0E9, inclusive"),
        (r#"{"a": [{"anything-but": true}]}"#, "Value of anything-but must be an array or single string/number value."),
        (
            r#"{"a": [{"anything-but": []}]}"#,
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        ),
        (
            r#"{"a": [{"anything-but": ["x", 1]}]}"#,
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        ),
        (r#"{"a": [{"anything-but": [null]}]}"#, "Inside anything but list, start|null|boolean is not supported."),
        (r#"{"a": [{"anything-but": {"numeric": ["<", 1]}}]}"#, "Unsupported anything-but pattern: numeric"),
        (r#"{"a": [{"anything-but": {"prefix": ""}}]}"#, "Null prefix/suffix not allowed"),
        (r#"{"a": [{"cidr": "10.0.0.0"}]}"#, "Malformed CIDR, one '/' required"),
        (r#"{"$or": {"a": [1]}}"#, "It must be an Array followed with $or."),
        (r#"{"$or": [{"a": [1]}]}"#, "There must have at least 2 Objects in $or relationship."),
        (r#"{"$or": [{"a": [1]}, 1]}"#, "Only JSON object is allowed in array of $or relationship."),
        (
            r#"{"$or": [{"a": [1]}, {"prefix": ["x"]}]}"#,
            "prefix is Ruler reserved fieldName which cannot be used inside $or.",
        ),
        (r#"{"a": [1]} x"#, "Unexpected character ('x' (code 120)): was expecting the end of the pattern"),
    ] {
        assert_eq!(refusal(text).message, message, "{text}");
    }
}

#[test]
fn a_refusal_names_line_and_column() {
    let text = "{ \"detail-type\": [ \"Build Started\" ],\n  \"detail\": {\n    \"slug\": \"some\" } }";
    let place = refusal(text).place.expect("a place");
    assert_eq!((place.line, place.column), (3, 14));
    let ends = refusal("{\"a\":[]}").to_string();
    assert_eq!(ends, "Empty arrays are not allowed\n at [Source: (String)\"{\"a\":[]}\"; line: 1, column: 8]");
}

#[test]
fn long_patterns_are_quoted_in_part() {
    let text = format!("{{\"a\":[[\"{}\"]]}}", "x".repeat(600));
    let quoted = refusal(&text).to_string();
    assert!(quoted.contains("\"[truncated 112 chars]; line: 1"), "{quoted}");
}

#[test]
fn policies_are_quoted_without_their_spaces() {
    let refused =
        Pattern::parse_as(Dialect::SnsBody, r#"{ "key": [ { "numeric": [ ">", 3, "<", 1 ] } ] }"#).unwrap_err();
    let expected = "Bottom must be less than top\n at [Source: (String)\"{\"key\":[{\"numeric\":[\">\",3,\"<\",1]}]}\"; line: 1, column: 33]";
    assert_eq!(refused.to_string(), expected);
    let broken = Pattern::parse_as(Dialect::SnsBody, "{\"key\"").unwrap_err();
    assert!(broken.message.starts_with("failed to parse JSON. "), "{broken}");
}
