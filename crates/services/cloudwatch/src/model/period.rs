//! Which points a period is made of, and where it begins. Times are whole seconds.

use crate::limits::RETENTION;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// Periods that a caller may ask for: 1, 5, 10, 20, 30 and multiples of 60 seconds.
pub(crate) fn is_period(seconds: i32) -> bool {
    matches!(seconds, 1 | 5 | 10 | 20 | 30) || (seconds > 0 && seconds % 60 == 0)
}

/// Where the first period begins.
/// Source: CloudWatch API Reference, GetMetricStatistics, `StartTime`: whole minutes, five minutes after 15 days, hours after
/// 63 days; periods of seconds begin at their own multiple.
pub(crate) fn round_start(start: i64, period: u32, now: i64) -> i64 {
    let grain = match now.saturating_sub(start) {
        age if age > 63 * DAY => 3_600,
        age if age > 15 * DAY => 300,
        _ if period < 60 => i64::from(period),
        _ => 60,
    };
    start.div_euclid(grain) * grain
}

/// Lengths of the points that a period can be made of.
pub(crate) fn lengths(period: u32) -> impl Iterator<Item = u32> {
    let all = RETENTION.iter().map(|(length, ..)| *length);
    all.filter(move |length| if period < 60 { *length == 1 } else { *length >= 60 && period.is_multiple_of(*length) })
}

/// Whether points of this length and start are still kept.
pub(crate) fn is_kept(length: u32, start: i64, now: i64) -> bool {
    kept_from(length, now) <= start
}

/// The first start that is still kept.
pub(crate) fn kept_from(length: u32, now: i64) -> i64 {
    let age = RETENTION.iter().find(|(known, ..)| *known == length).map_or(0, |(_, age, _)| age.as_secs());
    now.saturating_sub(i64::try_from(age).unwrap_or(i64::MAX))
}

/// The start of the period of this length that a time lies in.
pub(crate) fn floor(at: i64, length: u32) -> i64 {
    at.div_euclid(i64::from(length)) * i64::from(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_seconds_of_high_resolution_or_whole_minutes() {
        assert!([1, 5, 10, 20, 30, 60, 120, 86_400].into_iter().all(is_period));
        assert!(![0, -60, 2, 15, 45, 61, 90].into_iter().any(is_period));
    }

    #[test]
    fn a_start_is_rounded_by_its_age() {
        let now = 100 * DAY;
        assert_eq!(round_start(now - 61, 60, now), now - 120);
        assert_eq!(round_start(now - 61, 10, now), now - 70);
        assert_eq!(round_start(now - 16 * DAY + 301, 60, now), now - 16 * DAY + 300);
        assert_eq!(round_start(now - 64 * DAY + 3_601, 60, now), now - 64 * DAY + 3_600);
    }

    #[test]
    fn a_period_is_made_of_points_that_fit_into_it() {
        let of = |period| lengths(period).collect::<Vec<_>>();
        assert_eq!(of(10), [1]);
        assert_eq!(of(60), [60]);
        assert_eq!(of(900), [60, 300]);
        assert_eq!(of(7_200), [60, 300, 3_600]);
    }
}
