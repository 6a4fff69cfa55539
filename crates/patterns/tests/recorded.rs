//! AWS's own verdicts, where the recorded answers lie beside the checkout; without them these tests say nothing.

use std::path::PathBuf;

use patterns::{Dialect, Pattern};
use serde_json::{Value, json};

/// The recorded cases of a group whose name has a part in it.
fn cases(group: &str, part: &str) -> Vec<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/recorded").join(group);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("no recorded answers beside the checkout");
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.to_string_lossy().contains(part));
    paths.sort();
    assert!(!paths.is_empty(), "no case {part} in {}", folder.display());
    paths.iter().map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()).collect()
}

fn calls<'a>(case: &'a Value, operation: &'a str) -> impl Iterator<Item = &'a Value> {
    case["calls"].as_array().unwrap().iter().filter(move |call| call["op"] == operation)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}"))
}

/// Bodies of all messages that arrived, in the order of the answers' names.
fn arrived(case: &Value) -> Vec<Value> {
    let answers = case["recorded_on_aws"].as_object().unwrap().values();
    let lists = answers.filter_map(|answer| answer["Messages"].as_array().or(answer.as_array()));
    lists.flatten().map(|message| message["Body"].clone()).collect()
}

#[test]
fn test_event_pattern_answers_as_aws_did() {
    for case in cases("events", "test_event_pattern_source").iter().chain(&cases("events", "large_and_complex_payload"))
    {
        for call in calls(case, "TestEventPattern") {
            let expected = &case["recorded_on_aws"][text(&call["recorded_as"][0])]["Result"];
            let pattern = Pattern::parse(text(&call["params"]["EventPattern"])).unwrap();
            // One event is too long for its recording; that its patterns are read is all it can show.
            if let Ok(event) = serde_json::from_str(text(&call["params"]["Event"])) {
                assert_eq!(json!(pattern.matches(&event)), *expected, "{}", call["params"]["EventPattern"]);
            }
        }
    }
}

#[test]
fn a_rule_takes_the_events_that_aws_sent_to_its_target() {
    for case in cases("events", "rule_pattern_anything_but") {
        let rule = calls(&case, "PutRule").next().unwrap();
        let pattern = Pattern::parse(text(&rule["params"]["EventPattern"])).unwrap();
        let taken: Vec<Value> = calls(&case, "PutEvents")
            .map(|call| &call["params"]["Entries"][0])
            .map(|entry| {
                let detail: Value = serde_json::from_str(text(&entry["Detail"])).unwrap();
                json!({"source": entry["Source"], "detail-type": entry["DetailType"], "detail": detail})
            })
            .filter(|event| pattern.matches(event))
            .map(|event| event["detail"].clone())
            .collect();
        let expected: Vec<Value> = arrived(&case).iter().map(|body| body["detail"].clone()).collect();
        assert_eq!(taken, expected);
    }
}

#[test]
fn a_policy_on_bodies_lets_through_what_aws_delivered() {
    for case in cases("sns", "TestSNSFilterPolicyBody") {
        let mut policy = None;
        let mut delivered = 0;
        for call in case["calls"].as_array().unwrap() {
            let params = &call["params"];
            if params["AttributeName"] == "FilterPolicy" {
                policy = Some(Pattern::parse_as(Dialect::SnsBody, text(&params["AttributeValue"])).unwrap());
            }
            if call["op"] == "Publish" {
                let body = serde_json::from_str(text(&params["Message"])).unwrap_or(Value::Null);
                delivered += usize::from(policy.as_ref().unwrap().matches(&body));
            }
        }
        assert_eq!(delivered, arrived(&case).len(), "{}", case["id"]);
    }
}

#[test]
fn a_policy_on_attributes_lets_through_what_aws_delivered() {
    for case in cases("sns", "TestSNSFilterPolicyAttributes") {
        let mut verdicts = Vec::new();
        let mut policy = None;
        for call in case["calls"].as_array().unwrap() {
            let params = &call["params"];
            if params["AttributeName"] == "FilterPolicy" {
                let written = text(&params["AttributeValue"]);
                policy = (!written.is_empty()).then(|| Pattern::parse_as(Dialect::SnsAttributes, written).unwrap());
            }
            if call["op"] == "Publish" {
                let attribute = &params["MessageAttributes"]["attr1"];
                let number = attribute["StringValue"].as_str().map(|number| number.parse::<i64>().unwrap());
                let event = number.map_or(json!({}), |number| json!({"attr1": number}));
                verdicts.push(policy.as_ref().is_none_or(|policy| policy.matches(&event)));
            }
        }
        assert_eq!(verdicts, [true, false, false, true], "{}", case["id"]);
    }
}

#[test]
fn bad_policies_are_refused_with_the_text_that_aws_gave() {
    for case in cases("sns", "TestSNSFilterPolicyConditions.test_validate") {
        for call in calls(&case, "Subscribe") {
            let policy = text(&call["params"]["Attributes"]["FilterPolicy"]);
            let expected = &case["recorded_on_aws"][text(&call["recorded_as"][0])]["Error"]["Message"];
            let refusal = Pattern::parse_as(Dialect::SnsAttributes, policy).expect_err(policy);
            assert_eq!(format!("Invalid parameter: Attributes Reason: FilterPolicy: {refusal}"), text(expected));
        }
    }
}

#[test]
fn bad_filters_of_mappings_are_refused() {
    for case in cases("lambda_esm", "invalid_event_filter") {
        for call in calls(&case, "CreateEventSourceMapping") {
            let filter = text(&call["params"]["FilterCriteria"]["Filters"][0]["Pattern"]);
            assert!(Pattern::parse_as(Dialect::Lambda, filter).is_err(), "{filter}");
        }
    }
}
