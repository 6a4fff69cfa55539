//! Sends and receives: what may be delivered, to whom, when and in which order.

use super::lives::NO_QUEUE;
use super::messages::{Accepted, Moment, Receive, Unknown};
use super::{Answer, Call, Delivered, Ledger, Sending};

/// Milliseconds in which a deduplication id counts. Source: SQS Developer Guide, "Using the message deduplication ID".
const DEDUPLICATION_MS: i64 = 300_000;
/// Milliseconds that a request without a client may still take to reach its queue.
const ON_ITS_WAY_MS: i64 = 5_000;

impl Ledger {
    pub(super) fn begin_send(&mut self, messages: &[usize], asked: Moment) {
        for n in messages {
            self.messages[*n].first_asked.get_or_insert(asked);
        }
    }

    pub(super) fn end_send(
        &mut self,
        queue: usize,
        messages: &[usize],
        asked: Moment,
        answered: Moment,
        answer: &Answer,
    ) {
        match answer {
            Answer::Sent(sent) => {
                for (n, sending) in messages.iter().zip(sent) {
                    match sending {
                        Some(sending) => self.sent(queue, *n, asked, answered, sending),
                        None => self.breaks(format!("message {n} of a batch was refused")),
                    }
                }
            }
            Answer::Refused(code) if code == NO_QUEUE => {}
            Answer::Refused(code) => self.breaks(format!("a send was refused: {code}")),
            _ => {
                for n in messages {
                    self.note_age(*n, answered.shown + ON_ITS_WAY_MS);
                }
            }
        }
    }

    /// A send this late may have been let in beside an earlier one.
    fn note_age(&mut self, n: usize, latest: i64) {
        let message = &mut self.messages[n];
        let first = message.first_asked.map_or(i64::MAX, |asked| asked.shown);
        message.maybe_twice |= latest >= first.saturating_add(DEDUPLICATION_MS);
    }

    fn sent(&mut self, queue: usize, n: usize, asked: Moment, answered: Moment, sending: &Sending) {
        self.note_age(n, answered.shown);
        let accepted = Accepted { asked, answered, id: sending.id.clone(), sequence: sending.sequence };
        if let Some(before) = self.messages[n].accepted.clone() {
            let (same, surely) = (before.id == accepted.id, answered.shown < before.asked.shown + DEDUPLICATION_MS);
            if surely && !(same && before.sequence == accepted.sequence) {
                self.breaks(format!("message {n} was let in twice within five minutes: {before:?}, {accepted:?}"));
            }
            if same {
                return;
            }
        } else if let Some(sequence) = sending.sequence {
            let older = self.messages.iter().filter(|other| other.queue == queue).filter_map(|m| m.accepted.as_ref());
            let passed = older.filter(|other| other.answered.at <= asked.at && other.sequence > Some(sequence)).count();
            let first = self.messages[n].first_asked == Some(asked) && !self.plan.queues[queue].renewed;
            if first && passed > 0 {
                self.breaks(format!("message {n} has a lower number than {passed} that were sent before it"));
            }
        }
        self.messages[n].accepted = Some(accepted);
    }

    pub(super) fn receive_lost(
        &mut self,
        queue: usize,
        wait_s: i64,
        visibility_s: i64,
        asked: Moment,
        answered: Moment,
    ) {
        let ended = asked.shown.max(answered.shown) + wait_s * 1000 + ON_ITS_WAY_MS;
        self.queues[queue].unknown.push(Unknown { ended, hidden_until: ended + visibility_s * 1000 });
    }

    pub(super) fn received(
        &mut self,
        queue: usize,
        most: i32,
        visibility_s: i64,
        asked: Moment,
        answered: Moment,
        got: Vec<Delivered>,
    ) {
        if got.len() > usize::try_from(most).unwrap_or(0) {
            self.breaks(format!("{} messages were given where {most} were asked for", got.len()));
        }
        if got.is_empty() {
            return self.check_nothing_was_there(queue, asked, answered);
        }
        let numbers: Vec<Option<usize>> = got.iter().map(|delivered| delivered.n).collect();
        for (at, delivered) in got.iter().enumerate() {
            let Some(n) = delivered.n.filter(|n| self.messages.get(*n).is_some_and(|m| m.first_asked.is_some())) else {
                self.breaks(format!("nobody has sent {:?}", delivered.id));
                continue;
            };
            self.check_delivery(queue, n, delivered, asked, answered);
            if self.plan.queues[queue].fifo {
                self.check_order(queue, n, delivered, &numbers[..at], asked, answered);
            }
        }
        for delivered in got {
            let Some(n) = delivered.n.filter(|n| *n < self.messages.len()) else { continue };
            let draining = self.draining;
            let is_dead = queue != self.messages[n].queue;
            let message = &mut self.messages[n];
            if is_dead {
                message.buried.get_or_insert(answered);
            }
            message.found += u32::from(draining);
            message.receives.push(Receive {
                queue,
                answered,
                count: delivered.receives,
                handle: delivered.handle,
                hidden_at_least: asked.shown + visibility_s * 1000,
                hidden_at_most: answered.shown + visibility_s * 1000,
                changing: 0,
                contested: false,
                sure: true,
            });
        }
    }

    fn check_delivery(&mut self, queue: usize, n: usize, delivered: &Delivered, asked: Moment, answered: Moment) {
        let message = &self.messages[n];
        let (name, origin) = (self.plan.queues[queue].name, message.queue);
        let mut faults = Vec::new();
        if !delivered.whole {
            faults.push("without its whole body".to_owned());
        }
        if message.gone.is_some_and(|gone| gone.at <= asked.at) {
            faults.push("after it was deleted, purged or found".to_owned());
        }
        if self.is_surely_handled(n) {
            faults.push("after its function had succeeded".to_owned());
        }
        let redriven = self.may_be_redriven(n);
        if queue != origin {
            let dead = self.plan.queues[origin].dead.filter(|(dead, _)| *dead == queue);
            match dead {
                None => faults.push("although it was sent elsewhere".to_owned()),
                Some((_, most)) if self.receives_at_most(n, origin) < most => {
                    faults.push(format!("before it was received {most} times"));
                }
                Some(_) => {}
            }
        } else if !redriven {
            if message.buried.is_some_and(|buried| buried.at <= asked.at) {
                faults.push("although it is a dead letter".to_owned());
            }
            if self.plan.queues[origin].dead.is_some_and(|(_, most)| delivered.receives > most) {
                faults.push(format!("for the {}th time", delivered.receives));
            }
            let first = message.first_asked.map_or(0, |first| first.shown);
            if answered.shown < first + self.delay_ms(message) {
                faults.push("before its delay was over".to_owned());
            }
        }
        let accepted = message.accepted.as_ref();
        if queue == origin && !redriven && !message.maybe_twice {
            if accepted.is_some_and(|a| asked.shown >= a.answered.shown + self.retention_ms(message)) {
                faults.push("after its retention".to_owned());
            }
            if accepted.is_some_and(|accepted| accepted.id != delivered.id) {
                faults.push("under another id".to_owned());
            }
        }
        if !redriven && !message.maybe_twice {
            self.check_receives(queue, n, delivered, asked, answered, &mut faults);
        }
        for fault in faults {
            self.breaks(format!("message {n} was delivered from {name} {fault}"));
        }
    }

    /// Counts and visibility, against the other receives of the message on this queue.
    fn check_receives(
        &self,
        queue: usize,
        n: usize,
        delivered: &Delivered,
        asked: Moment,
        answered: Moment,
        faults: &mut Vec<String>,
    ) {
        let (message, count) = (&self.messages[n], delivered.receives);
        for other in message.receives.iter().filter(|other| other.queue == queue && other.sure) {
            if other.count == count || (other.count > count && other.answered.at <= asked.at) {
                faults.push(format!("with the count {count} after {}", other.count));
            }
            if other.count < count && answered.shown < other.hidden_at_least {
                faults.push(format!("although a receive hides it until {}", other.hidden_at_least));
            }
        }
        // Dead letters bring their count along.
        let brought = if queue == message.queue { 0 } else { self.receives_at_most(n, message.queue) };
        // This very receive is not open any more.
        let at_most = self.receives_at_most(n, queue).saturating_add(brought).saturating_add(1);
        if count > at_most {
            faults.push(format!("with the count {count}, where at most {at_most} are possible"));
        }
    }

    /// FIFO: whoever is older and of the same group has left, or comes in the same answer before it.
    fn check_order(
        &mut self,
        queue: usize,
        n: usize,
        delivered: &Delivered,
        before: &[Option<usize>],
        asked: Moment,
        answered: Moment,
    ) {
        let group = self.messages[n].group;
        let passed = self.messages.iter().enumerate().find(|(other_n, other)| {
            *other_n != n
                && (other.queue, other.group) == (queue, group)
                && other.accepted.as_ref().is_some_and(|a| a.sequence < delivered.sequence && a.answered.at <= asked.at)
                && !other.may_be_gone()
                && !other.maybe_twice
                && !self.may_be_buried(*other_n)
                && !self.may_have_expired(*other_n, answered.shown)
                && !before.contains(&Some(*other_n))
        });
        if let Some((other, _)) = passed.filter(|_| !self.may_be_redriven(n) && !self.messages[n].maybe_twice) {
            let name = self.plan.queues[queue].name;
            self.breaks(format!(
                "message {n} was delivered from {name} before {other}, which is older and of its group"
            ));
        }
    }

    /// Nothing that was surely visible all the time may be kept from somebody who asks alone.
    fn check_nothing_was_there(&mut self, queue: usize, asked: Moment, answered: Moment) {
        let beside = self.queues[queue].receives.iter().filter(|(began, ended)| {
            began.at <= answered.at && ended.is_none_or(|ended| ended.at >= asked.at) && *began != asked
        });
        let open = self.pending.values().any(|p| matches!(p.call, Call::Redrive { queue: q } if q == queue));
        if beside.count() > 0 || open || self.queues[queue].redriven {
            return;
        }
        let visible = (0..self.messages.len())
            .find(|n| self.messages[*n].queue == queue && self.is_surely_visible(*n, asked, answered));
        if let Some(n) = visible {
            let name = self.plan.queues[queue].name;
            self.breaks(format!("a receive from {name} found nothing, and message {n} was there"));
        }
    }

    /// The power was cut: what was answered as written shortly before may never have happened.
    pub fn power_cut(&mut self) {
        // A count that was lost is given again.
        self.ran.clear();
        let now = self.now();
        let slow = self.slow_until + std::time::Duration::from_secs(2) > now.at;
        // 100 ms until the sync begins, and two syncs: one that was under way, and its own.
        let lost_ms = if slow { 1_000 } else { 110 };
        for receive in self.messages.iter_mut().flat_map(|message| &mut message.receives) {
            if receive.answered.at + std::time::Duration::from_millis(lost_ms) > now.at {
                receive.sure = false;
                receive.hidden_at_least = i64::MIN;
            }
        }
    }
}
