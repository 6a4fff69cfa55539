//! A name may belong to one queue after another.

use super::messages::Moment;
use super::{Answer, Call, Ledger};

pub(super) const NO_QUEUE: &str = "AWS.SimpleQueueService.NonExistentQueue";
const DELETED_LATELY: &str = "AWS.SimpleQueueService.QueueDeletedRecently";
/// Milliseconds. Source: SQS API Reference, DeleteQueue.
const NAME_TAKEN_MS: i64 = 60_000;

/// Whether a queue is there.
#[derive(Default)]
pub(super) struct Life {
    gone: bool,
    unknown: bool,
    is_changing: bool,
    /// When it was last made or deleted.
    since: Option<Moment>,
    /// The last deletion: it happened between these.
    dropped: Option<(Moment, Moment)>,
}

impl Ledger {
    /// Deletes the queue that may be, or makes it anew. One client at a time.
    pub fn renew(&self) -> Option<Call> {
        let queue = self.plan.queues.iter().position(|queue| queue.renewed)?;
        let life = &self.queues[queue].life;
        let call = if life.gone { Call::Make { queue } } else { Call::Drop { queue } };
        (!life.is_changing).then_some(call)
    }

    pub(super) fn begin_drop(&mut self, queue: usize) {
        self.queues[queue].life.is_changing = true;
        self.begin_purge(queue);
    }

    pub(super) fn end_drop(&mut self, queue: usize, asked: Moment, answered: Moment, answer: &Answer) {
        self.end_purge(queue, asked, answered, answer);
        let life = &mut self.queues[queue].life;
        life.is_changing = false;
        match answer {
            Answer::Done => {
                (life.gone, life.unknown) = (true, false);
                (life.since, life.dropped) = (Some(answered), Some((asked, answered)));
            }
            // It was deleted by somebody who never heard of it.
            Answer::Refused(code) if code == NO_QUEUE => {
                (life.gone, life.unknown, life.since) = (true, false, Some(answered));
            }
            Answer::Refused(code) => self.breaks(format!("a queue could not be deleted: {code}")),
            _ => {
                life.unknown = true;
                life.dropped = Some((asked, answered));
            }
        }
    }

    pub(super) fn begin_make(&mut self, queue: usize) {
        self.queues[queue].life.is_changing = true;
    }

    pub(super) fn end_make(&mut self, queue: usize, asked: Moment, answered: Moment, answer: &Answer) {
        let name = self.plan.queues[queue].name;
        let life = &mut self.queues[queue].life;
        life.is_changing = false;
        let dropped = life.dropped.unwrap_or((answered, asked));
        match answer {
            Answer::Done => {
                let early = life.gone && !life.unknown && answered.shown < dropped.0.shown + NAME_TAKEN_MS;
                (life.gone, life.unknown, life.since) = (false, false, Some(answered));
                if early {
                    self.breaks(format!("{name} was made anew within a minute"));
                }
            }
            Answer::Refused(code) if code == DELETED_LATELY => {
                let late = asked.shown >= dropped.1.shown + NAME_TAKEN_MS;
                (life.gone, life.unknown, life.since) = (true, false, Some(answered));
                if late {
                    self.breaks(format!("{name} could not be made more than a minute after it was deleted"));
                }
            }
            Answer::Refused(code) => self.breaks(format!("{name} could not be made anew: {code}")),
            _ => life.unknown = true,
        }
    }

    /// A queue that is there answers, and one that is not does not.
    pub(super) fn check_life(&mut self, call: &Call, asked: Moment, answer: &Answer) {
        let (Call::Send { queue, .. }
        | Call::Receive { queue, .. }
        | Call::Purge { queue }
        | Call::Drop { queue }
        | Call::Count { queue }) = call
        else {
            return;
        };
        let (life, name) = (&self.queues[*queue].life, self.plan.queues[*queue].name);
        let other = life.is_changing && !matches!(call, Call::Drop { .. });
        if other || life.unknown || life.since.is_some_and(|since| since.at > asked.at) {
            return;
        }
        match answer {
            Answer::Refused(code) if code == NO_QUEUE && !life.gone => self.breaks(format!("{name} is gone")),
            Answer::Sent(_) | Answer::Received(_) | Answer::Counted(_) | Answer::Done if life.gone => {
                self.breaks(format!("{name} answers, and was deleted"));
            }
            _ => {}
        }
    }
}
