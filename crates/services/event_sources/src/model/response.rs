//! What a function that reports failures says of its batch.
//! Source: Lambda Developer Guide, "Implementing partial batch responses", success and failure conditions. An empty text and an
//! empty list are the guide's "empty EventResponse" too: AWS's reader takes both for no object.

use std::collections::BTreeSet;

use serde_json::Value;

/// How a batch ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Succeeded,
    /// Of these items; all others succeeded.
    FailedPartly(BTreeSet<String>),
    Failed,
}

/// Reads the answer of a function. An answer that cannot be understood, or names what was not in the batch, fails all of it.
pub(crate) fn read(payload: &[u8], ids: &BTreeSet<&str>) -> Verdict {
    if payload.iter().all(u8::is_ascii_whitespace) {
        return Verdict::Succeeded;
    }
    let answer = match serde_json::from_slice(payload) {
        Ok(Value::Object(answer)) => answer,
        Ok(answer) if is_nothing(&answer) => return Verdict::Succeeded,
        _ => return Verdict::Failed,
    };
    let failures = match answer.get("batchItemFailures") {
        None | Some(Value::Null) => return Verdict::Succeeded,
        Some(Value::Array(failures)) => failures,
        Some(_) => return Verdict::Failed,
    };
    let named: Option<BTreeSet<String>> = failures
        .iter()
        .map(|failure| failure.get("itemIdentifier")?.as_str().filter(|id| ids.contains(id)).map(str::to_owned))
        .collect();
    match named {
        None => Verdict::Failed,
        Some(named) if named.is_empty() => Verdict::Succeeded,
        Some(named) => Verdict::FailedPartly(named),
    }
}

fn is_nothing(answer: &Value) -> bool {
    answer.is_null() || answer.as_str() == Some("") || answer.as_array().is_some_and(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn verdict(payload: &str) -> Verdict {
        read(payload.as_bytes(), &BTreeSet::from(["a", "b", "c"]))
    }

    #[test]
    fn nothing_null_and_empty_lists_are_success() {
        for payload in
            ["", " ", "null", "\"\"", "[]", "{}", r#"{"batchItemFailures":null}"#, r#"{"batchItemFailures":[]}"#]
        {
            assert_eq!(verdict(payload), Verdict::Succeeded, "{payload}");
        }
        assert_eq!(verdict(r#"{"statusCode":200}"#), Verdict::Succeeded);
    }

    #[test]
    fn named_items_fail_alone() {
        let some = r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"b"},{"itemIdentifier":"c"}]}"#;
        assert_eq!(verdict(some), Verdict::FailedPartly(["b", "c"].map(str::to_owned).into()));
    }

    #[test]
    fn what_cannot_be_understood_fails_the_whole_batch() {
        for payload in [
            "not json",
            "\"done\"",
            "[1]",
            "7",
            r#"{"batchItemFailures":"b"}"#,
            r#"{"batchItemFailures":["b"]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"id":"b"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"z"}]}"#,
        ] {
            assert_eq!(verdict(payload), Verdict::Failed, "{payload}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_panics_or_names_a_stranger(payload in ".{0,80}") {
            if let Verdict::FailedPartly(named) = verdict(&payload) {
                prop_assert!(!named.is_empty() && named.iter().all(|id| ["a", "b", "c"].contains(&id.as_str())));
            }
        }
    }
}
