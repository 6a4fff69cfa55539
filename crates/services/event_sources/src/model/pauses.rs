//! Pauses that grow.

use std::time::Duration;

/// The pause after so many failures in a row: `first`, then always twice the one before, up to `longest`.
pub(crate) fn growing(failures_before: u32, first: Duration, longest: Duration) -> Duration {
    first.saturating_mul(1_u32.checked_shl(failures_before.min(16)).unwrap_or(u32::MAX)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_stop_growing() {
        let pause = |n| growing(n, Duration::from_millis(200), Duration::from_secs(10)).as_millis();
        assert_eq!([0, 1, 2, 5, 6, 100].map(pause), [200, 400, 800, 6_400, 10_000, 10_000]);
    }
}
