//! Deleting, hiding, purging, and the end of it all.

use super::messages::Moment;
use super::{Answer, Ledger};

impl Ledger {
    pub(super) fn begin_delete(&mut self, entries: &[(usize, String)]) {
        for (n, _) in entries {
            self.messages[*n].leaving += 1;
        }
    }

    pub(super) fn end_delete(&mut self, queue: usize, entries: &[(usize, String)], answered: Moment, answer: &Answer) {
        for (at, (n, handle)) in entries.iter().enumerate() {
            let surely_ours = self.holds(*n, handle, answered);
            let twice = self.messages[*n].maybe_twice;
            let message = &mut self.messages[*n];
            message.leaving -= 1;
            match answer {
                Answer::Settled(done) if done.get(at) == Some(&true) => {
                    if surely_ours && !twice {
                        message.gone.get_or_insert(answered);
                    } else {
                        message.maybe_gone = true;
                    }
                }
                Answer::Settled(_) => {
                    if surely_ours && !message.may_be_gone() && self.plan.queues[queue].retention_s > 60 {
                        self.breaks(format!("message {n} could not be deleted by whoever held it"));
                    }
                }
                _ => message.maybe_gone = true,
            }
        }
    }

    /// Whether nobody else can have received it since, until `answered`.
    fn holds(&self, n: usize, handle: &str, answered: Moment) -> bool {
        let message = &self.messages[n];
        let latest = message.receives.iter().max_by_key(|receive| (receive.answered.at, receive.count));
        let by_count = message.latest();
        latest.zip(by_count).is_some_and(|(latest, by_count)| {
            let same = latest.handle == handle && (by_count.handle == handle || self.may_be_redriven(n));
            same && latest.sure && latest.hidden_at_least > answered.shown
        })
    }

    pub(super) fn begin_change(&mut self, entries: &[(usize, String)]) {
        for (n, handle) in entries {
            if let Some(receive) = self.messages[*n].by_handle(handle) {
                receive.hidden_at_least = i64::MIN;
                receive.hidden_at_most = i64::MAX;
                receive.contested |= receive.changing > 0;
                receive.changing += 1;
            }
        }
    }

    pub(super) fn end_change(
        &mut self,
        entries: &[(usize, String)],
        seconds: i64,
        asked: Moment,
        answered: Moment,
        answer: &Answer,
    ) {
        for (at, (n, handle)) in entries.iter().enumerate() {
            let latest = self.messages[*n].latest().is_some_and(|receive| receive.handle == *handle);
            let gone = self.messages[*n].may_be_gone();
            let Some(receive) = self.messages[*n].by_handle(handle) else { continue };
            receive.changing = receive.changing.saturating_sub(1);
            let contested = receive.contested;
            receive.contested &= receive.changing > 0;
            let changed = matches!(answer, Answer::Settled(done) if done.get(at) == Some(&true));
            if changed && latest && !gone && receive.sure && !contested {
                receive.hidden_at_least = asked.shown + seconds * 1000;
                receive.hidden_at_most = answered.shown + seconds * 1000;
            }
        }
    }

    pub(super) fn begin_purge(&mut self, queue: usize) {
        for n in 0..self.messages.len() {
            if self.may_be_on(n, queue) {
                self.messages[n].leaving += 1;
            }
        }
    }

    pub(super) fn end_purge(&mut self, queue: usize, asked: Moment, answered: Moment, answer: &Answer) {
        let done = matches!(answer, Answer::Done);
        let refused = matches!(answer, Answer::Refused(_));
        for n in 0..self.messages.len() {
            if !self.may_be_on(n, queue) {
                continue;
            }
            let before = self.messages[n].first_asked.is_none_or(|first| first.at <= asked.at);
            let mapped = self.plan.queues[queue].mapping.is_some();
            let elsewhere = mapped || self.may_be_buried(n) || self.messages[n].maybe_twice;
            let message = &mut self.messages[n];
            if before {
                message.leaving = message.leaving.saturating_sub(1);
            }
            let there = message.accepted.as_ref().is_some_and(|accepted| accepted.answered.at <= asked.at);
            if done && there && message.queue == queue && !elsewhere {
                message.gone.get_or_insert(answered);
            } else if !refused {
                message.maybe_gone = true;
            }
        }
    }

    /// On its own queue, or where that buries its dead.
    fn may_be_on(&self, n: usize, queue: usize) -> bool {
        let origin = self.messages[n].queue;
        origin == queue || self.plan.queues[origin].dead.is_some_and(|(dead, _)| dead == queue)
    }

    /// Everything was received and deleted: what was accepted and not taken away has been found, once.
    pub fn check_the_end(&mut self) {
        let now = self.now();
        for n in 0..self.messages.len() {
            let message = &self.messages[n];
            let name = self.plan.queues[message.queue].name;
            if message.found > 1 && !message.maybe_twice {
                self.breaks(format!("message {n} of {name} was there {} times", self.messages[n].found));
                continue;
            }
            let expired = self.may_have_expired(n, now.shown);
            let dropped = message.wanted == Some(false);
            let taken = message.maybe_gone || message.gone.is_some() || dropped;
            if message.accepted.is_some() && message.found == 0 && !taken && !expired {
                self.breaks(format!("message {n} of {name} was accepted, and is lost"));
            }
        }
    }
}
