//! What is known of a mapping that is changed while it works.

use std::time::Duration;

use testkit::Dice;

use super::{Answer, Call, Ledger};
use crate::plan::Stance;

/// After so long a change is everywhere, where no fault is at work. A task that failed on the disk pauses five seconds.
const UNTIL_SETTLED: Duration = Duration::from_secs(10);
/// Parts of one batch of a FIFO queue run one after the other.
const PARTS_MAX: u32 = 10;

pub(super) struct Feeding {
    /// What was acknowledged last.
    sure: Stance,
    /// What may be true instead: it was before, or is asked for, or was asked for and nobody knows.
    also: Vec<Stance>,
    /// When the last change was answered.
    since: Duration,
    is_changing: bool,
    unknown: bool,
}

impl Feeding {
    pub(super) fn new(sure: Stance) -> Self {
        Self { sure, also: Vec::new(), since: Duration::ZERO, is_changing: false, unknown: false }
    }
}

impl Ledger {
    /// One change at a time of each mapping.
    pub fn remap(&mut self, dice: &mut Dice) -> Option<Call> {
        let mapped: Vec<usize> = (0..self.queues.len()).filter(|at| self.queues[*at].feeding.is_some()).collect();
        let queue = *dice.pick(&mapped)?;
        let feeding = self.queues[queue].feeding.as_ref().filter(|feeding| !feeding.is_changing)?;
        let anew = self.plan.queues[queue].mapping?.at_first;
        let to = if feeding.sure.there { feeding.sure.changed(dice) } else { anew };
        Some(Call::Remap { queue, to })
    }

    pub(super) fn begin_remap(&mut self, queue: usize, to: Stance) {
        let settled = self.is_settled(queue);
        if let Some(feeding) = &mut self.queues[queue].feeding {
            if settled {
                feeding.also.clear();
            }
            feeding.also.push(to);
            feeding.is_changing = true;
        }
    }

    pub(super) fn end_remap(&mut self, queue: usize, to: Stance, answer: &Answer) {
        let now = self.now().at;
        let name = self.plan.queues[queue].name;
        let Some(feeding) = &mut self.queues[queue].feeding else { return };
        feeding.is_changing = false;
        match answer {
            Answer::Done => {
                let before = std::mem::replace(&mut feeding.sure, to);
                feeding.also.push(before);
                feeding.unknown = false;
                feeding.since = now;
            }
            Answer::Refused(code) => {
                feeding.also.pop();
                let missing = code == "it is not there";
                if missing && feeding.sure.there && !feeding.unknown {
                    self.breaks(format!("the mapping of {name} is gone"));
                } else if missing && feeding.unknown {
                    feeding.also.push(std::mem::replace(&mut feeding.sure, Stance::GONE));
                    feeding.unknown = false;
                    feeding.since = now;
                }
            }
            _ => feeding.unknown = true,
        }
    }

    /// Whether the last change is everywhere.
    fn is_settled(&self, queue: usize) -> bool {
        let Some(feeding) = &self.queues[queue].feeding else { return true };
        let quiet_since = feeding.since.max(self.disturbances.end());
        let timeout_s = self.plan.queues[queue].mapping.map_or(0, |mapping| mapping.timeout_s.unsigned_abs());
        let parts = if self.plan.queues[queue].fifo { PARTS_MAX } else { 0 };
        let settled = quiet_since + UNTIL_SETTLED + Duration::from_secs((timeout_s * parts).into());
        !feeding.is_changing && !feeding.unknown && settled < self.now().at
    }

    /// All that the mapping of a queue may be now.
    fn stances(&self, queue: usize) -> Vec<Stance> {
        let Some(feeding) = &self.queues[queue].feeding else { return Vec::new() };
        let also = feeding.also.iter().filter(|_| !self.is_settled(queue));
        also.chain([&feeding.sure]).copied().collect()
    }

    /// Whether a batch may start now, so large, beside those that run.
    pub(super) fn check_batch(&mut self, queue: usize, messages: usize) {
        let (name, stances) = (self.plan.queues[queue].name, self.stances(queue));
        let allowed: Vec<_> = stances.iter().filter(|stance| stance.there && stance.enabled).collect();
        if allowed.is_empty() {
            return self.breaks(format!("a batch of {name} runs, whose mapping is disabled or deleted"));
        }
        let batch = stances.iter().map(|stance| stance.batch).max().unwrap_or(0);
        if messages > usize::try_from(batch).unwrap_or(0) {
            self.breaks(format!("a batch of {name} has {messages} messages, and may have {batch}"));
        }
        if stances.iter().any(|stance| !stance.there) {
            // What a deleted mapping has let out runs beside what the new one does.
            return;
        }
        let running = self.runs.values().filter(|run| run.queue == Some(queue)).count();
        let most = stances.iter().map(|stance| stance.concurrency.unwrap_or(i32::MAX)).max().unwrap_or(0);
        if running > usize::try_from(most).unwrap_or(0) {
            self.breaks(format!("{running} batches run of {name}, whose mapping may have {most}"));
        }
    }
}
