//! What can be said of a message at a moment.

use super::messages::{Message, Moment};
use super::{Call, Ledger};

impl Ledger {
    /// How often a message may have been received on a queue at most.
    pub(super) fn receives_at_most(&self, n: usize, queue: usize) -> u32 {
        let message = &self.messages[n];
        if self.plan.queues[queue].mapping.is_some() {
            return u32::MAX;
        }
        let Some(first_asked) = message.first_asked else { return 0 };
        let known = message.receives.iter().filter(|receive| receive.queue == queue).count();
        let unknown = self.queues[queue].unknown.iter().filter(|unknown| unknown.ended >= first_asked.shown).count();
        let open = self
            .pending
            .values()
            .filter(|pending| matches!(pending.call, Call::Receive { queue: q, .. } if q == queue));
        u32::try_from(known + unknown + open.count()).unwrap_or(u32::MAX)
    }

    /// Whether a message may have been received too often.
    pub(super) fn may_be_buried(&self, n: usize) -> bool {
        let message = &self.messages[n];
        let dead = self.plan.queues[message.queue].dead;
        message.buried.is_some() || dead.is_some_and(|(_, most)| self.receives_at_most(n, message.queue) >= most)
    }

    /// A move task may have taken it up: then it begins anew.
    pub(super) fn may_be_redriven(&self, n: usize) -> bool {
        let dead = self.plan.queues[self.messages[n].queue].dead;
        dead.is_some_and(|(dead, _)| self.queues[dead].redriven) && self.may_be_buried(n)
    }

    pub(super) fn delay_ms(&self, message: &Message) -> i64 {
        message.own_delay_s.unwrap_or(self.plan.queues[message.queue].delay_s) * 1000
    }

    pub(super) fn retention_ms(&self, message: &Message) -> i64 {
        self.plan.queues[message.queue].retention_s * 1000
    }

    pub(super) fn may_have_expired(&self, n: usize, shown: i64) -> bool {
        let message = &self.messages[n];
        message.first_asked.is_some_and(|asked| shown >= asked.shown + self.retention_ms(message))
    }

    /// Surely on its first queue and visible, from `asked` on.
    pub(super) fn is_surely_visible(&self, n: usize, asked: Moment, answered: Moment) -> bool {
        let message = &self.messages[n];
        let Some(accepted) = &message.accepted else { return false };
        accepted.answered.at <= asked.at
            && accepted.answered.shown + self.delay_ms(message) <= asked.shown
            && !message.may_be_gone()
            && !message.maybe_twice
            && !self.may_be_buried(n)
            && !self.may_have_expired(n, answered.shown)
            && !self.may_be_hidden(n, asked)
            && message.group.is_none_or(|_| !self.is_group_blocked(n, asked))
    }

    fn may_be_hidden(&self, n: usize, asked: Moment) -> bool {
        let message = &self.messages[n];
        let unknown = &self.queues[message.queue].unknown;
        message.receives.iter().any(|receive| receive.hidden_at_most > asked.shown)
            || unknown.iter().any(|unknown| unknown.hidden_until.max(unknown.ended) > asked.shown)
    }

    /// FIFO: something of the same group may be in flight, or stand before it and wait.
    fn is_group_blocked(&self, n: usize, asked: Moment) -> bool {
        let message = &self.messages[n];
        self.plan.queues[message.queue].fifo
            && self.messages.iter().enumerate().any(|(other_n, other)| {
                other_n != n
                    && (other.queue, other.group) == (message.queue, message.group)
                    && other.gone.is_none_or(|gone| gone.at > asked.at)
                    && (self.may_be_hidden(other_n, asked)
                        || other.leaving > 0
                        || other
                            .first_asked
                            .is_some_and(|first| first.shown + self.delay_ms(other) + 5_000 > asked.shown))
            })
    }
}
