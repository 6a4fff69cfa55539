//! Which events fit which patterns.

use patterns::{Dialect, Pattern};
use serde_json::{Value, json};

fn matches(pattern: &Value, event: &Value) -> bool {
    Pattern::parse(&pattern.to_string()).unwrap_or_else(|malformed| panic!("{malformed}")).matches(event)
}

/// What `a` may say, the values of `a` that fit, and those that do not.
fn check(list: Value, fitting: &[Value], others: &[Value]) {
    let pattern = json!({"a": list});
    for value in fitting {
        assert!(matches(&pattern, &json!({"a": value, "z": 1})), "{pattern} should take {value}");
    }
    for value in others {
        assert!(!matches(&pattern, &json!({"a": value})), "{pattern} should not take {value}");
    }
}

#[test]
fn values_match_exactly_and_by_type() {
    check(json!(["x"]), &[json!("x"), json!(["y", "x"])], &[json!("X"), json!(null), json!({"x": 1}), json!([])]);
    check(json!([""]), &[json!("")], &[json!(null), json!(" ")]);
    check(json!([null]), &[json!(null)], &[json!("null"), json!(""), json!(0)]);
    check(json!([true]), &[json!(true)], &[json!("true"), json!(false)]);
    check(json!(["1"]), &[json!("1")], &[json!(1)]);
    check(json!([{"exactly": "x"}]), &[json!("x")], &[json!("xy")]);
}

#[test]
fn numbers_match_by_value_and_those_out_of_range_as_written() {
    check(json!([300]), &[json!(300), json!(300.0)], &[json!("300"), json!(301)]);
    let event: Value = serde_json::from_str(r#"{"a": 3.0e2}"#).unwrap();
    assert!(matches(&json!({"a": [300]}), &event));
    check(json!([123456789012_i64]), &[json!(123456789012_i64)], &[json!(123456789013_i64)]);
    check(json!([0.30000000000000004]), &[json!(0.30000000000000004)], &[json!(0.3)]);
}

#[test]
fn prefixes_and_suffixes_match_texts_only() {
    check(
        json!([{"prefix": "us-"}]),
        &[json!("us-east-1"), json!("us-")],
        &[json!("US-east-1"), json!("eu-us-"), json!(1)],
    );
    check(json!([{"prefix": ""}]), &[json!(""), json!("x")], &[json!(null), json!(1)]);
    check(json!([{"suffix": ".png"}]), &[json!("a.png")], &[json!("a.PNG"), json!(".png2")]);
    check(json!([{"prefix": {"equals-ignore-case": "EventB"}}]), &[json!("EVENTBridge")], &[json!("event")]);
    check(json!([{"suffix": {"equals-ignore-case": ".PNG"}}]), &[json!("a.png"), json!("b.Png")], &[json!("png")]);
    check(json!([{"equals-ignore-case": "ALICE"}]), &[json!("alice"), json!("Alice")], &[json!("alices")]);
    check(json!([{"equals-ignore-case": "ÄPFEL"}]), &[json!("äpfel")], &[json!("apfel")]);
    check(json!([{"wildcard": "dir/*.png"}]), &[json!("dir/x.png")], &[json!("dir/x.jpg"), json!(null)]);
}

#[test]
fn numeric_ranges_keep_their_bounds() {
    check(
        json!([{"numeric": [">", 0, "<=", 5]}]),
        &[json!(5), json!(0.000001), json!([9, 3])],
        &[json!(0), json!(5.1), json!("3")],
    );
    check(json!([{"numeric": ["<", 10]}]), &[json!(9.999999), json!(-10)], &[json!(10)]);
    check(json!([{"numeric": ["=", 301.8]}]), &[json!(301.8)], &[json!(301.80001)]);
    check(json!([{"numeric": [">=", -1.5]}]), &[json!(-1.5)], &[json!(-1.6), json!(6_000_000_000_i64)]);
}

#[test]
fn anything_but_takes_every_other_value_of_any_type() {
    check(
        json!([{"anything-but": "x"}]),
        &[json!("y"), json!(null), json!(1), json!(["x", "y"])],
        &[json!("x"), json!(["x"]), json!([])],
    );
    check(json!([{"anything-but": ["x", "y"]}]), &[json!("z"), json!(false)], &[json!("x"), json!("y")]);
    check(json!([{"anything-but": 100}]), &[json!(101), json!("100")], &[json!(100), json!(100.0)]);
    check(json!([{"anything-but": [100, 200]}]), &[json!(150)], &[json!(200)]);
    check(json!([{"anything-but": {"prefix": "init"}}]), &[json!("running"), json!(5)], &[json!("initializing")]);
    check(json!([{"anything-but": {"prefix": ["a", "b"]}}]), &[json!("c")], &[json!("ab"), json!("b")]);
    check(json!([{"anything-but": {"suffix": ".png"}}]), &[json!("a.jpg")], &[json!("a.png")]);
    check(json!([{"anything-but": {"equals-ignore-case": ["A", "b"]}}]), &[json!("c")], &[json!("a"), json!("B")]);
    check(json!([{"anything-but": {"wildcard": "*/lib/*"}}]), &[json!("/bin/x")], &[json!("/usr/lib/x")]);
    assert!(
        !matches(&json!({"a": [{"anything-but": "x"}]}), &json!({"b": 1})),
        "a field that is absent is no other value"
    );
}

#[test]
fn addresses_match_as_addresses() {
    check(
        json!([{"cidr": "10.0.0.0/24"}]),
        &[json!("10.0.0.255")],
        &[json!("10.0.0.256"), json!("10.0.1.0"), json!(10)],
    );
    check(json!(["::1"]), &[json!("0:0:0:0:0:0:0:1")], &[json!("::2")]);
    check(json!(["10.0.0.1"]), &[json!("10.0.0.1"), json!("10.0.0.01")], &[json!("10.0.0.10")]);
}

#[test]
fn exists_asks_for_values_not_for_objects() {
    let there = json!({"a": {"b": [{"exists": true}]}});
    let absent = json!({"a": {"b": [{"exists": false}]}});
    for (event, is_there) in [
        (json!({"a": {"b": null}}), true),
        (json!({"a": {"b": [1]}}), true),
        (json!({"a": [{"c": 1}, {"b": 1}]}), true),
        (json!({"a": {"b": {"c": 1}}}), false),
        (json!({"a": {"b": []}}), false),
        (json!({"a": {"c": 1}}), false),
        (json!({"a": 1}), false),
        (json!({}), false),
    ] {
        assert_eq!(matches(&there, &event), is_there, "exists: true and {event}");
        assert_eq!(matches(&absent, &event), !is_there, "exists: false and {event}");
    }
    let value_or_absent = json!({"a": [{"exists": false}, "x"], "b": [1]});
    assert!(matches(&value_or_absent, &json!({"b": 1})));
    assert!(matches(&value_or_absent, &json!({"a": "x", "b": 1})));
    assert!(!matches(&value_or_absent, &json!({"a": "y", "b": 1})));
    assert!(!matches(&json!({"a": [null]}), &json!({})), "null is a value");
}

#[test]
fn all_fields_of_an_object_have_to_match() {
    let pattern = json!({"a": {"b": ["x"], "c": ["y"]}, "d": ["z"]});
    assert!(matches(&pattern, &json!({"a": {"b": "x", "c": "y", "e": 1}, "d": "z"})));
    assert!(!matches(&pattern, &json!({"a": {"b": "x"}, "d": "z"})));
    assert!(!matches(&pattern, &json!({"a": {"b": "x", "c": "y"}})));
    assert!(!matches(&pattern, &json!("x")) && !matches(&pattern, &json!([1])) && !matches(&pattern, &Value::Null));
}

#[test]
fn one_element_of_an_array_has_to_match_all_of_its_fields() {
    let people = json!({"people": [
        {"first": "John", "last": "Doe"}, [{"first": "Anna", "last": "Smith"}], {"first": "Peter", "last": "Jones"},
    ]});
    assert!(matches(&json!({"people": {"first": ["Anna"]}}), &people));
    assert!(matches(&json!({"people": {"first": ["Anna"], "last": ["Smith"]}}), &people));
    assert!(!matches(&json!({"people": {"first": ["Anna"], "last": ["Jones"]}}), &people));
    let mixed = json!({"a": ["x", {"b": 1}, {"c": 2}]});
    assert!(matches(&json!({"a": ["x"], "a.b": [1]}), &mixed));
    assert!(!matches(&json!({"a.b": [1], "a.c": [2]}), &mixed));
}

#[test]
fn dots_in_names_are_the_same_as_objects() {
    let pattern = json!({"object.nested.test": ["v"]});
    for event in [
        json!({"object": {"nested": {"test": "v"}}}),
        json!({"object.nested.test": "v"}),
        json!({"object.nested": {"test": "v"}}),
        json!({"object": {"nested.test": "v"}}),
        json!({"object": [{"nested.test": ["w", "v"]}]}),
    ] {
        assert!(matches(&pattern, &event), "{event}");
    }
    assert!(!matches(&pattern, &json!({"object": {"nested": {"test": "w"}}})));
    assert!(!matches(&pattern, &json!({"object.nestedx.test": "v"})));
    let two = json!({"a": {"b": [1], "c": [2]}});
    assert!(matches(&two, &json!({"a.b": 1, "a.c": 2})) && matches(&two, &json!({"a": {"c": 2}, "a.b": 1})));
    assert!(!matches(&two, &json!({"a.b": 1, "a": {"c": 3}})));
}

#[test]
fn or_takes_any_of_its_alternatives() {
    let pattern = json!({
        "source": ["s"],
        "$or": [{"a": [1]}, {"b": [2], "$or": [{"c": [3]}, {"d": [4]}]}],
        "detail": {"$or": [{"x": ["y"]}, {"x": [{"exists": false}]}]},
    });
    assert!(matches(&pattern, &json!({"source": "s", "a": 1})));
    assert!(matches(&pattern, &json!({"source": "s", "b": 2, "d": 4, "detail": {"x": "y"}})));
    assert!(!matches(&pattern, &json!({"source": "s", "b": 2})));
    assert!(!matches(&pattern, &json!({"source": "s", "a": 1, "detail": {"x": "z"}})));
    assert!(!matches(&pattern, &json!({"a": 1})));
}

#[test]
fn dialects_refuse_what_their_service_does_not_read() {
    let wildcard = r#"{"a": [{"wildcard": "x*"}]}"#;
    let not_prefix = r#"{"a": [{"anything-but": {"prefix": "x"}}]}"#;
    for text in [wildcard, not_prefix] {
        assert!(Pattern::parse_as(Dialect::Lambda, text).is_err(), "{text}");
        assert!(Pattern::parse_as(Dialect::SnsBody, text).is_ok(), "{text}");
    }
    let nested = r#"{"a": {"b": ["x"]}}"#;
    assert!(Pattern::parse_as(Dialect::Lambda, nested).is_ok());
    assert!(Pattern::parse_as(Dialect::SnsBody, nested).is_ok());
    assert!(Pattern::parse_as(Dialect::SnsAttributes, nested).is_err());
}

#[test]
fn filter_policies_have_bounds_of_their_own() {
    let refused = |dialect, policy: Value| Pattern::parse_as(dialect, &policy.to_string()).unwrap_err().to_string();
    let six = json!({"a": [1], "b": [1], "c": [1], "d": [1], "e": [1], "f": [1]});
    assert_eq!(refused(Dialect::SnsAttributes, six), "Filter policy can not have more than 5 keys");
    let values: Vec<u32> = (0..51).collect();
    let complex = json!({"k": values, "l": [1, 2, 3]});
    assert_eq!(refused(Dialect::SnsAttributes, complex.clone()), "Filter policy is too complex");
    assert!(Pattern::parse(&complex.to_string()).is_ok());
    let nested = json!({"a": {"b": {"c": ["1", "2", "3", "4"]}}, "d": {"e": ["1", "2", "3"]}, "f": [1]});
    assert!(Pattern::parse_as(Dialect::SnsBody, &nested.to_string()).is_ok(), "4 x 3 x 3 x 2 is 72");
}

#[test]
fn alternatives_are_bounded() {
    let two = json!([{"a": [1]}, {"b": [2]}]);
    let nine: Value = (0..9).fold(json!({}), |inner, at| {
        let mut object = json!({"$or": two});
        object[format!("n{at}")] = if inner == json!({}) { json!([1]) } else { inner };
        object
    });
    assert!(Pattern::parse(&nine.to_string()).is_ok());
    let eleven: Value = json!({"x": nine, "$or": two, "y": {"$or": two}});
    let refusal = Pattern::parse(&eleven.to_string()).unwrap_err();
    assert_eq!(refusal.message, "$or relationship makes more than 1000 combinations");
    let deep = format!("{}[1]{}", "{\"a\":".repeat(5000), "}".repeat(5000));
    assert_eq!(Pattern::parse(&deep).unwrap_err().message, "Pattern is nested too deeply");
}

#[test]
fn long_arrays_and_many_alternatives_take_no_time_worth_naming() {
    let elements: Vec<Value> = (0..20_000).map(|n| json!({"b": n, "d": [n, n]})).collect();
    let event = json!({"a": elements});
    assert!(!matches(&json!({"a": {"b": [-1], "c": [{"exists": false}], "d": [1]}}), &event));
    assert!(matches(&json!({"a": {"b": [19_999], "c": [{"exists": false}]}}), &event));
    let fields: Vec<String> = (0..30_000).map(|n| format!("\"{n}\":[1]")).collect();
    let alternatives = vec![format!("{{{}}}", fields.join(",")); 8].join(",");
    let refusal = Pattern::parse_as(Dialect::SnsBody, &format!("{{\"$or\":[{alternatives}]}}")).unwrap_err();
    assert_eq!(refusal.message, "FilterPolicy is too long");
    assert_eq!(Pattern::parse(&format!("{{\"$or\":[{alternatives}]}}")).unwrap_err().message, "Pattern is too complex");
}
