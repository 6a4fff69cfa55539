//! What PutLogEvents takes and what it leaves out.

use std::ops::Range;
use std::time::Duration;

use kernel::Timestamp;

use crate::error::{Error, Result};
use crate::limits::{
    BATCH_BYTES_MAX, BATCH_SPAN_MAX, EVENT_AGE_MAX, EVENT_AHEAD_MAX, EVENT_BYTES_MAX, EVENT_OVERHEAD_BYTES,
};

/// Which events of a batch are taken, and why the others are not.
#[derive(Debug, PartialEq)]
pub(crate) struct Sorted {
    pub taken: Range<usize>,
    /// Exclusive.
    pub too_old_end: Option<usize>,
    /// Exclusive.
    pub expired_end: Option<usize>,
    /// Inclusive.
    pub too_new_start: Option<usize>,
}

/// What an event counts for: its message, and what surrounds it.
pub(crate) fn event_bytes(message: &str) -> usize {
    message.len() + EVENT_OVERHEAD_BYTES
}

/// Checks a batch of (time, message) at the time `now`, for a group that keeps events for `retention`.
/// Errors: `InvalidParameterException` for size, order and span. Source: API reference, PutLogEvents.
pub(crate) fn sort(events: &[(i64, &str)], now: Timestamp, retention: Option<Duration>) -> Result<Sorted> {
    let mut bytes = 0;
    for (_, message) in events {
        let event = event_bytes(message);
        if event > EVENT_BYTES_MAX {
            return Err(Error::EventTooLarge { bytes: event, max: EVENT_BYTES_MAX });
        }
        bytes += event;
    }
    if bytes > BATCH_BYTES_MAX {
        return Err(Error::BatchTooLarge { bytes, max: BATCH_BYTES_MAX });
    }
    if !events.is_sorted_by_key(|(at, _)| *at) {
        return Err(Error::NotChronological);
    }
    let too_old = events.partition_point(|(at, _)| *at < before(now, EVENT_AGE_MAX));
    let expired = retention.map_or(0, |kept| events.partition_point(|(at, _)| *at < before(now, kept)));
    let too_new = events.partition_point(|(at, _)| *at <= (now + EVENT_AHEAD_MAX).millis());
    let start = too_old.max(expired);
    let taken = start..too_new.max(start);
    if let Some([(first, _), .., (last, _)]) = events.get(taken.clone())
        && Timestamp::from_millis(*last).since(Timestamp::from_millis(*first)) > BATCH_SPAN_MAX
    {
        return Err(Error::BatchSpan);
    }
    Ok(Sorted {
        taken,
        too_old_end: (too_old > 0).then_some(too_old),
        expired_end: (expired > too_old).then_some(expired),
        too_new_start: (too_new < events.len()).then_some(too_new),
    })
}

fn before(now: Timestamp, age: Duration) -> i64 {
    now.millis().saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;
    const NOW: i64 = 1_800_000_000_000;

    fn check(offsets: &[i64], retention_days: Option<u64>) -> Result<Sorted> {
        let events: Vec<(i64, &str)> = offsets.iter().map(|offset| (NOW + offset, "m")).collect();
        sort(&events, Timestamp::from_millis(NOW), retention_days.map(|days| Duration::from_secs(days * 86_400)))
    }

    fn taken(range: Range<usize>) -> Sorted {
        Sorted { taken: range, too_old_end: None, expired_end: None, too_new_start: None }
    }

    #[test]
    fn events_of_the_last_fourteen_days_and_the_next_two_hours_are_taken() {
        assert_eq!(check(&[-HOUR, 0, 2 * HOUR], None).unwrap(), taken(0..3));
        assert_eq!(check(&[-14 * DAY], None).unwrap(), taken(0..1));
        assert_eq!(check(&[-14 * DAY - 1, -1, 0], None).unwrap(), Sorted { too_old_end: Some(1), ..taken(1..3) });
        assert_eq!(check(&[0, 2 * HOUR + 1], None).unwrap(), Sorted { too_new_start: Some(1), ..taken(0..1) });
        assert_eq!(
            check(&[-20 * DAY, -15 * DAY, 0, 3 * HOUR], None).unwrap(),
            Sorted { too_old_end: Some(2), too_new_start: Some(3), ..taken(2..3) }
        );
        assert_eq!(check(&[-20 * DAY], None).unwrap(), Sorted { too_old_end: Some(1), ..taken(1..1) });
        assert_eq!(check(&[5 * HOUR], None).unwrap(), Sorted { too_new_start: Some(0), ..taken(0..0) });
    }

    #[test]
    fn events_before_the_retention_are_expired() {
        assert_eq!(check(&[-4 * DAY, 0], Some(3)).unwrap(), Sorted { expired_end: Some(1), ..taken(1..2) });
        assert_eq!(
            check(&[-15 * DAY, -4 * DAY, 0], Some(3)).unwrap(),
            Sorted { too_old_end: Some(1), expired_end: Some(2), ..taken(2..3) }
        );
    }

    #[test]
    fn order_span_and_size_are_refused_in_aws_words() {
        for (outcome, words) in [
            (
                check(&[0, -2 * DAY], None),
                "Log events in a single PutLogEvents request must be in chronological order.",
            ),
            (
                check(&[-DAY - 1, 0], None),
                "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
            ),
        ] {
            assert_eq!(outcome.unwrap_err().to_string(), words);
        }
        assert_eq!(check(&[-DAY, 0], None).unwrap(), taken(0..2));
        let now = Timestamp::from_millis(NOW);
        let half = "x".repeat(BATCH_BYTES_MAX / 2 - EVENT_OVERHEAD_BYTES);
        assert!(sort(&[(NOW, &half), (NOW, &half)], now, None).is_ok());
        let more = format!("{half}x");
        assert_eq!(
            sort(&[(NOW, &half), (NOW, &more)], now, None).unwrap_err().to_string(),
            "Upload too large: 1048577 bytes exceeds limit of 1048576"
        );
        let large = "x".repeat(EVENT_BYTES_MAX);
        assert_eq!(
            sort(&[(NOW, &large)], now, None).unwrap_err().to_string(),
            "Log event too large: 1048602 bytes exceeds limit of 1048576"
        );
    }
}
