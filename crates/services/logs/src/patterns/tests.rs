use proptest::prelude::*;

use super::{Extracted, InvalidPattern, Pattern};

fn check(pattern: &str, message: &str, expected: bool) {
    let compiled = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    assert_eq!(compiled.matches(message), expected, "{pattern} on {message}");
}

#[test]
fn terms_must_all_be_there() {
    let [both, error, warn] = ["ERROR WARN message", "ERROR message", "WARN message"];
    for (pattern, expected) in [
        ("", [true, true, true]),
        ("  ", [true, true, true]),
        ("\" \"", [true, true, true]),
        ("ERROR", [true, true, false]),
        ("error", [false, false, false]),
        ("ERR", [true, true, false]),
        ("ERROR WARN", [true, false, false]),
        ("\"ERROR\" \"WARN\"", [true, false, false]),
        ("\"ERROR message\"", [false, true, false]),
        ("?ERROR ?WARN", [true, true, true]),
        ("?ERROR ?nothing", [true, true, false]),
        ("ERROR -WARN", [false, true, false]),
        ("\"ERROR\" - \"WARN\"", [false, true, false]),
        ("-ERROR", [false, false, true]),
        // Optional terms beside others do not count.
        ("?WARN ERROR", [true, true, false]),
        ("%^ERROR%", [true, true, false]),
        ("%ERR[A-Z]+ m%", [false, true, false]),
        ("%W.RN%", [true, false, true]),
    ] {
        for (message, wanted) in [both, error, warn].into_iter().zip(expected) {
            check(pattern, message, wanted);
        }
    }
    check(r#""say \"hi\"""#, r#"they say "hi" to all"#, true);
}

const TRAIL: &str = r#"{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","arrayKey":["value","another value"],
"objectList":[{"name":"a","id":1},{"name":"b","id":2}],"SomeObject":null,"ThisFlag":true,"n":-1.5,"latency":500,
"nested":{"deep":{"er":[[0,1],[4,5]]}},"a key":"x","status":"404"}"#;

#[test]
fn json_selectors_find_what_they_name() {
    for (pattern, expected) in [
        (r#"{ $.eventType = "UpdateTrail" }"#, true),
        (r#"{$.eventType=UpdateTrail}"#, true),
        (r#"{ $.eventType = "Update*" }"#, true),
        (r#"{ $.eventType = *Trail }"#, true),
        (r#"{ $.eventType = *date* }"#, true),
        (r#"{ $.eventType = Up*ail }"#, false),
        (r#"{ $.eventType = %^Upd.*l$% }"#, true),
        (r#"{ $.eventType != %Trail% }"#, false),
        (r#"{ $.sourceIPAddress != 123.123.* }"#, true),
        (r#"{ $.sourceIPAddress = 111.111.* }"#, true),
        (r#"{ $.arrayKey[0] = "value" }"#, true),
        (r#"{ $.arrayKey[1] = "value" }"#, false),
        (r#"{ $.arrayKey[*] = "another value" }"#, true),
        (r#"{ $.objectList[1].id = 2 }"#, true),
        (r#"{ $.objectList[*].name = "b" }"#, true),
        (r#"{ $.nested.*.er[1][0] = 4 }"#, true),
        (r#"{ $['a key'] = x }"#, true),
        (r#"{ $.SomeObject IS NULL }"#, true),
        (r#"{ $.eventType IS NULL }"#, false),
        (r#"{ $.Nowhere IS NULL }"#, false),
        (r#"{ $.Nowhere NOT EXISTS }"#, true),
        (r#"{ $.SomeObject NOT EXISTS }"#, false),
        (r#"{ $.ThisFlag IS TRUE }"#, true),
        (r#"{ $.ThisFlag IS FALSE }"#, false),
        // What points to no value, or to an array, takes part in no comparison.
        (r#"{ $.arrayKey = 1 }"#, false),
        (r#"{ $.arrayKey != 1 }"#, false),
        (r#"{ $.Nowhere != 1 }"#, false),
        (r#"{ $.latency = * }"#, true),
        (r#"{ $.latency >= 500 }"#, true),
        (r#"{ $.latency > 500 }"#, false),
        (r#"{ $.latency < 10e3 }"#, true),
        (r#"{ $.latency < 10e-3 }"#, false),
        (r#"{ $.latency > +100 }"#, true),
        (r#"{ $.latency = 5e2 }"#, true),
        (r#"{ $.latency != 500 }"#, false),
        (r#"{ $.n <= -1.5 }"#, true),
        (r#"{ $.status = 404 }"#, true),
        (r#"{ $.status > 400 }"#, false),
        (r#"{ $.latency = 5* }"#, true),
        (r#"{ ($.latency = 500) && ($.objectList[0].id = 1) }"#, true),
        (r#"{ ($.latency = 1 && $.n = 2) || $.arrayKey[0] = "none" }"#, false),
        (r#"{ $.latency = 500 || $.n = 7 && $.n = 8 }"#, true),
        (r#"{ ($.latency = 500 || $.n = 7) && $.n = 8 }"#, false),
    ] {
        check(pattern, TRAIL, expected);
    }
    check("{ $.a = 1 }", "not json", false);
    check("{ $.a NOT EXISTS }", "not json", false);
    check("{ $.a NOT EXISTS }", "\"a\"", false);
}

#[test]
fn space_delimited_slots_take_the_fields_in_order() {
    let line = r#"127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;
    for (pattern, expected) in [
        ("[ip, id, user, timestamp, request, status_code, size]", true),
        ("[ip, id, user, timestamp, request, status_code]", false),
        ("[ip, id, user, timestamp, request, status_code, size, more]", false),
        ("[ip, user, ...]", true),
        ("[..., status_code, bytes]", true),
        ("[ip, user, ..., status_code, bytes]", true),
        ("[ip, user, username, timestamp, request, status_code = 4*, bytes]", true),
        ("[ip, user, username, timestamp, request = *html*, status_code = 4*, bytes]", true),
        ("[..., status_code = 4*, bytes > 1000]", true),
        ("[..., status_code = 4*, bytes > 1534]", false),
        ("[..., status_code = 4* && bytes > 1000, bytes]", true),
        ("[..., status_code = 4* && status_code != 404, bytes]", false),
        ("[..., status_code = 500 || status_code = 404, bytes]", true),
        ("[..., status_code = %4[0-9]{2}%, bytes]", true),
        ("[ip=\"127.*\", ...]", true),
        ("[ip != 127.0.0.1, ...]", false),
    ] {
        check(pattern, line, expected);
    }
    check("[w1=ERROR, w2]", "ERROR message", true);
    check("[w1=ERROR, w2]", "ERROR WARN message", false);
    check("[w1=ERROR || w1=WARN, w2]", "WARN message", true);
    check("[w1!=ERROR && w1!=WARN, w2]", "INFO message", true);
}

#[test]
fn fields_without_a_name_are_numbered_in_what_is_extracted() {
    let line = r#"127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;
    let extracted = Pattern::parse("[..., request=*.html*, status_code=4*,]").unwrap().extract(line).unwrap();
    let expected = [
        ("$1", "127.0.0.1"),
        ("$2", "-"),
        ("$3", "frank"),
        ("$4", "10/Oct/2000:13:25:15 -0700"),
        ("$request", "GET /index.html HTTP/1.0"),
        ("$status_code", "404"),
        ("$7", "1534"),
    ];
    assert_eq!(extracted, Extracted::from(expected.map(|(k, v)| (k.to_owned(), v.to_owned()))));
    assert_eq!(Pattern::parse("GET").unwrap().extract(line), Some(Extracted::new()));
}

#[test]
fn what_is_no_pattern_is_refused_in_aws_words() {
    for (pattern, words) in [
        ("/aws", "Invalid character(s) in term '/aws'"),
        ("a && b", "Invalid character(s) in term '&&'"),
        ("\"\"", "Invalid character(s) in term '\"\"'"),
        ("{$.a=1", "If a filter pattern starts with '{' it must end with '}'"),
        ("[a, b", "If a filter pattern starts with '[' it must end with ']'"),
        ("\"open", "Invalid filter pattern"),
        ("{}", "Invalid filter pattern"),
        ("{ a = 1 }", "Invalid filter pattern"),
        ("{ $.a }", "Invalid filter pattern"),
        ("{ $.a = }", "Invalid filter pattern"),
        ("{ $.a > x }", "Invalid filter pattern"),
        ("{ $.a = 1 && }", "Invalid filter pattern"),
        ("{ ($.a = 1 }", "Invalid filter pattern"),
        ("{ $.a = %a% || $.a = %b% || $.a = %c% }", "Invalid filter pattern"),
        ("[..., a, ...]", "Invalid filter pattern"),
        ("[status = 4* && bytes > 1000]", "Invalid filter pattern"),
        ("%something!%", "Invalid character(s) in term '%something!%'"),
        ("%(a)%", "Invalid character(s) in term '%(a)%'"),
        ("%[%", "Invalid character(s) in term '%[%'"),
        ("%[a-z]{90000}%", "Invalid character(s) in term '%[a-z]{90000}%'"),
        ("%a++b%", "Invalid character(s) in term '%a++b%'"),
    ] {
        let error = Pattern::parse(pattern).expect_err(pattern);
        assert_eq!(error.to_string(), words, "{pattern}");
    }
    assert_eq!(
        Pattern::parse(&format!("{{{}", "(".repeat(500))).err(),
        Some(InvalidPattern::Unclosed { open: '{', close: '}' })
    );
    let deep = format!("{{{}$.a = 1{}}}", "(".repeat(400), ")".repeat(400));
    assert_eq!(Pattern::parse(&deep).err(), Some(InvalidPattern::Syntax));
}

proptest! {
    #[test]
    fn any_text_is_a_pattern_or_refused(pattern in "\\PC{0,60}", message in "\\PC{0,80}") {
        if let Ok(pattern) = Pattern::parse(&pattern) {
            prop_assert_eq!(pattern.matches(&message), pattern.extract(&message).is_some());
        }
    }

    #[test]
    fn likely_texts_are_a_pattern_or_refused(pattern in "[\\[{(]?[$.a-c%*=!<>&|\" ,0-9()\\[\\]-]{0,40}[\\]})]?", message in "[{\\[]?[a-c0-9\":, ]{0,30}[\\]}]?") {
        if let Ok(pattern) = Pattern::parse(&pattern) {
            prop_assert_eq!(pattern.matches(&message), pattern.extract(&message).is_some());
        }
    }

    #[test]
    fn a_quoted_phrase_matches_exactly_where_it_stands(phrase in "[ a-zA-Z0-9/@.-]{1,20}", before in "[a-z ]{0,9}", after in "[a-z ]{0,9}") {
        let pattern = Pattern::parse(&format!("\"{phrase}\"")).unwrap();
        let message = format!("{before}{phrase}{after}");
        prop_assert!(pattern.matches(&message));
        let message = format!("{before}#{after}");
        prop_assert_eq!(pattern.matches(&message), message.contains(&phrase));
    }

    #[test]
    fn a_number_compares_as_a_number(value in -1_000_000i64..1_000_000, bound in -1_000_000i64..1_000_000) {
        let message = format!("{{\"n\": {value}}}");
        for (sign, expected) in [("<", value < bound), ("<=", value <= bound), ("=", value == bound), (">", value > bound)] {
            let pattern = Pattern::parse(&format!("{{ $.n {sign} {bound} }}")).unwrap();
            prop_assert_eq!(pattern.matches(&message), expected);
            let fields = Pattern::parse(&format!("[n {sign} {bound}]")).unwrap();
            prop_assert_eq!(fields.matches(&value.to_string()), expected);
        }
    }
}
