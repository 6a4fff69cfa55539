//! Names and lengths as a person reads them.

use crate::text::{Language, why as text};

/// A length of time. Units: milliseconds.
pub(super) fn length(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 if ms % 1_000 < 50 || ms % 1_000 >= 950 => format!("{} s", (ms + 500) / 1_000),
        1_000..120_000 => format!("{:.1} s", ms as f64 / 1_000.0),
        120_000..7_200_000 => format!("{} min", (ms + 30_000) / 60_000),
        _ => format!("{} h", ms.saturating_add(1_800_000) / 3_600_000),
    }
}

pub(super) fn seconds(seconds: u32) -> String {
    length(u64::from(seconds) * 1_000)
}

pub(super) fn sentence(clause: impl AsRef<str>) -> String {
    format!("{}.", clause.as_ref())
}

pub(super) fn times(count: impl TryInto<u64>, language: Language) -> String {
    match count.try_into().unwrap_or(u64::MAX) {
        1 => text::once(language),
        count => text::times(language, count),
    }
}

pub(super) fn messages(count: usize, language: Language) -> String {
    if count == 1 { text::one_message(language) } else { text::messages(language, count) }
}

/// The name at the end of an ARN; a name is its own.
pub(super) fn name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

/// A function's name, with version or alias where the ARN has one; a name is its own.
pub(super) fn function(arn: &str) -> &str {
    arn.split_once(":function:").map_or(arn, |(_, name)| name)
}

/// `SyntaxError: Unexpected token`, whichever part there is.
pub(super) fn error(kind: &str, message: &str) -> String {
    // A sentence ends it.
    let message = message.lines().next().unwrap_or_default().trim_end_matches('.');
    match (kind.is_empty(), message.is_empty()) {
        (false, false) => format!("{kind}: {message}"),
        (true, false) => message.to_owned(),
        _ => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_rounded_to_what_a_person_would_say() {
        let expected = [
            (0, "0 ms"),
            (350, "350 ms"),
            (6000, "6 s"),
            (6020, "6 s"),
            (4210, "4.2 s"),
            (12_960, "13 s"),
            (150_000, "3 min"),
            (21_600_000, "6 h"),
        ];
        for (ms, text) in expected {
            assert_eq!(length(ms), text);
        }
    }

    #[test]
    fn an_error_has_the_parts_that_there_are() {
        assert_eq!(error("A", "b.\nc"), "A: b");
        assert_eq!(error("", "b"), "b");
        assert_eq!(error("A", ""), "A");
        assert_eq!(name("arn:aws:sqs:us-east-1:000000000000:jobs"), "jobs");
        assert_eq!(function("arn:aws:lambda:us-east-1:000000000000:function:worker:live"), "worker:live");
        assert_eq!(function("worker"), "worker");
    }
}
