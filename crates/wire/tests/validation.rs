//! Type errors and constraint violations in AWS's wording.

mod tables;

use tables::run;

fn message(body: &str) -> String {
    run(body).unwrap_err().message.unwrap_or_default()
}

#[test]
fn a_valid_input_is_read_into_its_slots() {
    let body = r#"{"Unknown":[1,{"x":null}],"Name":"ab\u0063","Size":3.0,"Data":"aGk=","At":1.5,"Names":["ab","cd"],
        "Flag":true,"Ratio":"NaN","Tags":{"ab":"é"},"Inners":[{"Key":"k","__type":"x"}],"State":null}"#;
    let doc = run(body).unwrap();
    let slot = |name| tables::slot(&doc, tables::RUN_INPUT, name);
    assert_eq!(slot("Name"), Some(wire::Doc::Str("abc".into())));
    assert_eq!(slot("Size"), Some(wire::Doc::Int(3)));
    assert_eq!(slot("Data"), Some(wire::Doc::Blob("hi".into())));
    assert_eq!(slot("At"), Some(wire::Doc::Time(wire::Timestamp::from_millis(1500))));
    assert_eq!(slot("State"), None);
}

#[test]
fn types_are_named_before_any_constraint() {
    for (body, expected) in [
        (r#"{"Name":1}"#, "NUMBER_VALUE cannot be converted to String"),
        (r#"{"Name":true}"#, "TRUE_VALUE cannot be converted to String"),
        (r#"{"Name":{}}"#, "Start of structure or map found where not expected"),
        (r#"{"Name":[]}"#, "Unrecognized collection type class java.lang.String"),
        (r#"{"Size":"1"}"#, "STRING_VALUE cannot be converted to Integer"),
        (r#"{"Size":99999999999}"#, "Numeric value (99999999999) out of range of int"),
        (r#"{"Data":1}"#, "Unexpected field type"),
        (r#"{"Data":"aGVsb"}"#, "Base64 encoded length is expected a multiple of 4 bytes but found: 5"),
        (r#"{"Names":"x"}"#, "Unexpected field type"),
        (r#"{"Names":{}}"#, "Start of structure or map found where not expected"),
        (r#"{"Inners":["x"]}"#, "Unexpected field type"),
        (r#"{"Flag":"true"}"#, "STRING_VALUE cannot be converted to Boolean"),
    ] {
        let error = run(body).unwrap_err();
        assert_eq!(error.code, "SerializationException", "{body}");
        assert_eq!(error.message.as_deref(), Some(expected), "{body}");
    }
}

#[test]
fn what_is_no_json_has_no_message() {
    let deep = format!(r#"{{"Inners":{}"#, r#"[{"Deeper":"#.repeat(200));
    for body in ["{", r#"{"Name":"a}"#, r#"{"Name" "a"}"#, r#"{"Name":"a",}"#, "{}{}", &deep] {
        let error = run(body).unwrap_err();
        assert_eq!((error.code.as_ref(), error.message), ("SerializationException", None), "{body}");
    }
}

#[test]
fn violations_come_in_the_order_of_the_model() {
    assert_eq!(
        message(r#"{"Size":11,"State":"Broken","Inners":[{"Key":"a"},{"Size":0}]}"#),
        "5 validation errors detected: Value null at 'name' failed to satisfy constraint: Member must not be null; \
         Value '11' at 'size' failed to satisfy constraint: Member must have value less than or equal to 10; \
         Value 'Broken' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [On, Off]; \
         Value null at 'inners.2.member.key' failed to satisfy constraint: Member must not be null; \
         Value '0' at 'inners.2.member.size' failed to satisfy constraint: \
         Member must have value greater than or equal to 1"
    );
}

#[test]
fn one_violation_stands_for_a_list_of_scalars() {
    assert_eq!(
        message(r#"{"Name":"ab","Names":["ok","Wrong"]}"#),
        "1 validation error detected: Value '[ok, Wrong]' at 'names' failed to satisfy constraint: \
         Member must satisfy constraint: [Member must have length less than or equal to 5, \
         Member must have length greater than or equal to 2, \
         Member must satisfy regular expression pattern: [a-z]\\w*]"
    );
    assert_eq!(
        message(r#"{"Name":"ab","States":["On","x"]}"#),
        "1 validation error detected: Value '[On, x]' at 'states' failed to satisfy constraint: \
         Member must satisfy constraint: [Member must satisfy enum value set: [On, Off]]"
    );
}

#[test]
fn keys_of_maps_are_checked() {
    assert_eq!(
        message(r#"{"Name":"ab","Tags":{"1a":"b"}}"#),
        "1 validation error detected: Value '{1a=b}' at 'tags' failed to satisfy constraint: \
         Map keys must satisfy constraint: [Member must have length less than or equal to 5, \
         Member must have length greater than or equal to 2, \
         Member must satisfy regular expression pattern: [a-z]\\w*]"
    );
}

#[test]
fn sensitive_values_are_never_shown() {
    assert_eq!(
        message(r#"{"Name":"ab","Secret":"hunter2"}"#),
        "1 validation error detected: Value at 'secret' failed to satisfy constraint: \
         Member must have length less than or equal to 3"
    );
}

#[test]
fn structures_and_blobs_are_printed_as_java_does() {
    let message = message(r#"{"Name":"ab","Data":"aGVsbG8=","Inners":[{"Key":"a","Size":1},{"Key":"b"},{"Key":"c"}]}"#);
    assert!(message.contains("Value 'java.nio.HeapByteBuffer[pos=0 lim=5 cap=5]' at 'data'"), "{message}");
    assert!(message.contains("Value '[Inner(key=a, size=1, deeper=null), Inner(key=b"), "{message}");
}

#[test]
fn no_more_than_ten_violations_are_listed() {
    let inner = r#"{"Size":0},"#.repeat(20);
    let message = message(&format!(r#"{{"Name":"ab","Inners":[{}]}}"#, inner.trim_end_matches(',')));
    assert!(message.starts_with("10 validation errors detected: "), "{message}");
}
