//! What is written is read back, and nothing that can be sent makes a codec panic.

use bytes::Bytes;
use proptest::prelude::*;
use wire::sample::{ECHO, MODEL, head, protocol};
use wire::{Answer, Doc, ProtocolKind, Timestamp, fuzz};

fn text() -> impl Strategy<Value = Doc> {
    "(\\PC|[\n\r\t]){0,12}".prop_map(Doc::Str)
}

fn name() -> impl Strategy<Value = Doc> {
    "[a-zA-Z0-9_-]{1,12}".prop_map(Doc::Str)
}

fn names(count: std::ops::Range<usize>) -> impl Strategy<Value = Doc> {
    prop::collection::vec(name().prop_map(Some), count).prop_map(Doc::List)
}

fn scalars() -> impl Strategy<Value = Vec<Option<Doc>>> {
    let finite = prop::num::f64::NORMAL | prop::num::f64::ZERO;
    let scalar = (
        name().prop_map(Some),
        prop::option::of((-1_000_000_i64..=1_000_000).prop_map(Doc::Int)),
        prop::option::of(any::<i64>().prop_map(Doc::Int)),
        // Quarters: 32 bits hold them and their shortest decimal form is exact.
        prop::option::of((-2_000_000_i32..2_000_000).prop_map(|v| Doc::Float(f64::from(v) / 4.0))),
        prop::option::of(finite.prop_map(Doc::Float)),
        prop::option::of(any::<bool>().prop_map(Doc::Bool)),
        prop::option::of(prop::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| Doc::Blob(bytes.into()))),
        prop::option::of((0_i64..4_102_444_800_000).prop_map(|at| Doc::Time(Timestamp::from_millis(at)))),
        prop::option::of(prop::sample::select(vec!["Active", "Inactive"]).prop_map(|s| Doc::Str(s.to_owned()))),
    );
    scalar.prop_map(|(a, b, c, d, e, f, g, h, i)| vec![a, b, c, d, e, f, g, h, i])
}

fn labels() -> impl Strategy<Value = Doc> {
    let entry = ("\\PC{1,8}", text().prop_map(Some));
    prop::collection::btree_map(entry.0, entry.1, 0..4).prop_map(|map| Doc::Map(map.into_iter().collect()))
}

/// A value of the sample's Thing, nested a few levels deep.
fn thing() -> impl Strategy<Value = Doc> {
    let flat = (
        scalars(),
        prop::option::of(names(0..4)),
        prop::option::of(names(1..4)),
        prop::option::of(labels()),
        prop::option::of(name()),
    );
    let leaf = flat.prop_map(|(mut slots, names, flat, labels, attribute)| {
        slots.extend([names, flat, labels, None, None, attribute]);
        Doc::Struct(slots)
    });
    leaf.prop_recursive(3, 12, 3, |inner| {
        let things = || prop::collection::vec(inner.clone().prop_map(Some), 0..3).prop_map(Doc::List);
        let choice = prop_oneof![
            text().prop_map(|v| Doc::Struct(vec![Some(v), None, None])),
            any::<i64>().prop_map(|v| Doc::Struct(vec![None, Some(Doc::Int(v)), None])),
            things().prop_map(|v| Doc::Struct(vec![None, None, Some(v)])),
        ];
        (scalars(), prop::option::of(choice), prop::option::of(things())).prop_map(|(mut slots, choice, things)| {
            slots.extend([None, None, None, choice, things, None]);
            Doc::Struct(slots)
        })
    })
}

/// Answers a value and reads the answer's body as an input.
fn there_and_back(kind: ProtocolKind, value: &Doc) -> Result<Doc, wire::ApiError> {
    let answer = Answer { output: value.clone(), events: None };
    let response = wire::encode(&MODEL, protocol(kind), ECHO, Ok(answer), "r-1");
    let body = response.body().as_bytes().unwrap().clone();
    wire::decode(&MODEL, protocol(kind), ECHO, &head("POST", "/echo", &[]).unwrap(), body)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_is_read_back(value in thing()) {
        for kind in [
            ProtocolKind::AwsJson11,
            ProtocolKind::RestJson1,
            ProtocolKind::RestXml,
            ProtocolKind::RpcV2Cbor,
            ProtocolKind::AwsCbor11,
        ] {
            let back = there_and_back(kind, &value).map_err(|error| error.to_string());
            prop_assert_eq!(back, Ok(value.clone()), "{:?}", kind);
        }
    }

    #[test]
    fn broken_bodies_are_refused_and_never_panic(value in thing(), cut in any::<prop::sample::Index>(), byte: u8) {
        for kind in [ProtocolKind::AwsJson10, ProtocolKind::RestXml, ProtocolKind::RpcV2Cbor] {
            let answer = Answer { output: value.clone(), events: None };
            let response = wire::encode(&MODEL, protocol(kind), ECHO, Ok(answer), "r-1");
            let body = response.body().as_bytes().unwrap();
            let at = cut.index(body.len());
            let head = head("POST", "/echo", &[]).unwrap();
            if at > 0 {
                prop_assert!(wire::decode(&MODEL, protocol(kind), ECHO, &head, body.slice(..at)).is_err(), "{:?}", kind);
            }
            let mut changed = body.to_vec();
            changed[at] = byte;
            let _ = wire::decode(&MODEL, protocol(kind), ECHO, &head, Bytes::from(changed));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_codec_panic(data in prop::collection::vec(any::<u8>(), 0..64)) {
        fuzz::fuzz_json(&data);
        fuzz::fuzz_cbor(&data);
        fuzz::fuzz_xml(&data);
        fuzz::fuzz_query(&data);
        fuzz::fuzz_rest(&data);
    }

    #[test]
    fn no_text_near_a_format_makes_a_codec_panic(
        json in r#"(\{|\}|\[|\]|:|,|"Name"|"Things"|"Choice"|"a"|\\|\\u12|-|1e9|null|true| ){0,20}"#,
        xml in r#"(<Thing>|</Thing>|<Things>|<member>|</member>|<Name/>|&amp;|&#x0;|&#x110000;|<!DOCTYPE a>|<!\[CDATA\[|\]\]>|<\?|x){0,16}"#,
        form in "(Name|Things|member|entry|key|value|\\.|=|&|1|99999999999999999999|%|%4|\\+|a){0,24}",
        rest in "(bound|/|%2F|%|\\?|size=|names=|&|1|\n|\"|,|Sat, 31 Jan 2015|true){0,24}",
    ) {
        fuzz::fuzz_json(json.as_bytes());
        fuzz::fuzz_xml(xml.as_bytes());
        fuzz::fuzz_query(form.as_bytes());
        fuzz::fuzz_rest(rest.as_bytes());
    }
}

#[test]
fn depth_is_bounded_in_every_format() {
    let deep = 100_000;
    fuzz::fuzz_json(r#"{"Things":["#.repeat(deep).as_bytes());
    fuzz::fuzz_json("[".repeat(deep).as_bytes());
    fuzz::fuzz_json(format!(r#"{{"x":{}"#, "[".repeat(deep)).as_bytes());
    fuzz::fuzz_cbor(&b"\xbf\x66Things\x9f".repeat(deep));
    fuzz::fuzz_cbor(&[b"\xbf\x61x".as_slice(), &b"\x9f".repeat(deep)].concat());
    fuzz::fuzz_cbor(&b"\xc1".repeat(deep));
    fuzz::fuzz_xml("<Things>".repeat(deep).as_bytes());
    fuzz::fuzz_query("Things.".repeat(deep).as_bytes());
}

#[test]
fn a_small_body_cannot_ask_for_much_memory() {
    let many = 1_000_000;
    let decode = |kind, body: Vec<u8>| {
        wire::decode(&MODEL, protocol(kind), ECHO, &head("POST", "/echo", &[]).unwrap(), body.into()).unwrap_err()
    };
    let json = format!(r#"{{"Name":"a","Things":[{}{{}}]}}"#, "{},".repeat(many));
    let cbor = [b"\xa1\x66Things\x9f".as_slice(), &b"\xa0".repeat(many), b"\xff"].concat();
    let xml = format!("<T><Things>{}</Things></T>", "<member/>".repeat(many / 3));
    for (kind, body) in [
        (ProtocolKind::AwsJson10, json.into_bytes()),
        (ProtocolKind::RpcV2Cbor, cbor),
        (ProtocolKind::RestXml, xml.into_bytes()),
    ] {
        let error = decode(kind, body);
        assert!(["SerializationException", "MalformedXML"].contains(&error.code.as_ref()), "{kind:?}: {error}");
    }
}
