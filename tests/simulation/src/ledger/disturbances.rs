//! When faults were at work: what takes a moment elsewhere may then take longer, or not happen.

use std::time::Duration;

use super::Ledger;
use crate::plan::Fault;

/// What a slow disk was asked shortly before its end may still take so long.
const AFTER_SLOW: Duration = Duration::from_secs(2);

/// Spans of monotonic time, in the order of their beginnings.
#[derive(Default)]
pub(super) struct Disturbances {
    spans: Vec<(Duration, Duration)>,
    /// The disk refuses writes, as far as is known.
    refusing: bool,
    /// When it did last.
    refused: Option<Duration>,
    /// When a process ended last.
    ended: Option<Duration>,
}

impl Disturbances {
    fn add(&mut self, from: Duration, until: Duration) {
        self.spans.push((from, until));
    }

    /// When the last one ends.
    pub(super) fn end(&self) -> Duration {
        self.spans.iter().map(|(_, until)| *until).max().unwrap_or_default()
    }
}

impl Ledger {
    pub fn disturbed_by(&mut self, fault: Fault) {
        let now = self.now().at;
        let until = if let Fault::SlowDisk { time } = fault { now + time + AFTER_SLOW } else { now };
        self.disturbances.add(now, until);
        if matches!(fault, Fault::RefuseWrites { .. }) {
            self.disturbances.refusing = true;
            self.disturbances.refused = Some(now);
        }
    }

    /// Looks whether the disk still refuses. Until somebody looks it may have.
    pub(super) fn look_at_disk(&mut self) {
        if self.disturbances.refusing {
            let now = self.now().at;
            if let Some((_, until)) = self.disturbances.spans.last_mut() {
                *until = now.max(*until);
            }
            self.disturbances.refused = Some(now);
            self.disturbances.refusing = self.disk.moods().refuse_commits > 0;
        }
    }

    pub(super) fn disturbed_by_end(&mut self) {
        let now = self.now().at;
        self.disturbances.add(now, now);
        self.disturbances.ended = Some(now);
    }

    /// Whether the process that was there then still is.
    pub(super) fn lives_since(&self, at: Duration) -> bool {
        self.disturbances.ended.is_none_or(|ended| ended < at)
    }

    /// Whether writes may have been refused since.
    pub(super) fn may_have_refused_since(&self, at: Duration) -> bool {
        self.disturbances.refused.is_some_and(|refused| refused >= at)
    }

    /// Whether no fault was at work between two moments.
    pub(super) fn is_undisturbed(&self, from: Duration, until: Duration) -> bool {
        !self.disturbances.spans.iter().any(|(began, ended)| *began <= until && *ended >= from)
    }
}
