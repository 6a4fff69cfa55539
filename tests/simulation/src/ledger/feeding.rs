//! What mappings may give to functions.

use std::time::Duration;

use super::messages::Moment;
use super::{Fed, Ledger};

/// What has succeeded is deleted within so long, where no fault is at work.
const UNTIL_DELETED: Duration = Duration::from_secs(1);

/// What a run came to.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It has not run: the same receive may try again.
    NotRun,
    /// Nothing of the batch was handled.
    Failed,
    /// All was handled but these.
    Handled { but: Vec<usize> },
}

/// An invocation that has not ended.
pub(super) struct Run {
    pub queue: Option<usize>,
    pub messages: Vec<One>,
    pub event: Option<usize>,
}

/// One message of an invocation, and when it is hidden no more, where that is known (shown).
#[derive(Clone, Copy)]
pub(super) struct One {
    n: usize,
    receives: u32,
    hidden_until: Option<i64>,
}

impl Ledger {
    /// Answers its number, and whether the function's word on failures counts.
    pub fn begin_run(&mut self, function: &str, fed: &[Fed]) -> (u64, bool) {
        self.look_at_disk();
        let now = self.now();
        self.calls += 1;
        let number = self.calls;
        self.trace.say(format_args!("function {function}: {number} {fed:?}"));
        let queue = self.plan.queues.iter().position(|queue| queue.function() == Some(function)).unwrap_or(0);
        let mut messages = Vec::new();
        for fed in fed {
            let known = fed.n.filter(|n| self.messages.get(*n).is_some_and(|m| m.queue == queue));
            let Some(n) = known else {
                self.breaks(format!("{function} was fed with something else: {fed:?}"));
                continue;
            };
            self.check_fed(queue, n, fed, &messages, now.shown);
            // Only of the first receive it is said when it was.
            let first = fed.first_received.filter(|_| fed.receives == 1);
            let hidden_until = first.map(|first| first + self.plan.queues[queue].visibility_s * 1000);
            messages.push(One { n, receives: fed.receives, hidden_until });
        }
        self.runs.insert(number, Run { queue: Some(queue), messages, event: None });
        self.check_batch(queue, fed.len());
        self.check_concurrency();
        (number, self.plan.queues[queue].mapping.is_some_and(|mapping| mapping.reports))
    }

    pub(super) fn check_concurrency(&mut self) {
        if self.runs.len() > self.plan.concurrency as usize {
            let (all, most) = (self.runs.len(), self.plan.concurrency);
            self.breaks(format!("{all} functions run in an account that may have {most}"));
        }
    }

    fn check_fed(&mut self, queue: usize, n: usize, fed: &Fed, before: &[One], shown: i64) {
        let message = &self.messages[n];
        let mut faults = Vec::new();
        let first = message.first_asked.map_or(i64::MAX, |asked| asked.shown);
        let anew =
            self.may_be_redriven(n) && self.plan.queues[queue].dead.is_some_and(|(dead, _)| self.queues[dead].redriven);
        if !anew && shown < first.saturating_add(self.delay_ms(message)) {
            faults.push("before its delay was over".to_owned());
        }
        if !anew && self.plan.queues[queue].dead.is_some_and(|(_, most)| fed.receives > most) {
            faults.push(format!("for the {}th time", fed.receives));
        }
        if !anew && !message.maybe_twice && self.ran.contains(&(n, fed.receives)) {
            faults.push(format!("again by its receive {}", fed.receives));
        }
        if message.wanted == Some(false) {
            faults.push("although its filter drops it".to_owned());
        }
        if self.is_surely_handled(n) {
            faults.push("after it was handled".to_owned());
        }
        let passed = self.messages.iter().enumerate().find(|(other_n, other)| {
            self.plan.queues[queue].fifo
                && (other.queue, other.group) == (queue, message.group)
                && other.accepted.as_ref().is_some_and(|accepted| accepted.sequence < fed.sequence)
                && !other.may_be_gone()
                && other.wanted != Some(false)
                && !other.maybe_twice
                && !message.maybe_twice
                && !self.may_be_buried(*other_n)
                && !before.iter().any(|one| one.n == *other_n)
        });
        if let Some((other, _)) = passed {
            faults.push(format!("before {other}, which is older, of its group, and never succeeded"));
        }
        for fault in faults {
            let name = self.plan.queues[queue].name;
            self.breaks(format!("message {n} of {name} was fed {fault}"));
        }
    }

    pub fn end_run(&mut self, number: u64, verdict: &Verdict) {
        let Some(run) = self.runs.remove(&number) else { return };
        self.look_at_disk();
        let now = self.now();
        self.trace.say(format_args!("function: {number} ended {verdict:?}"));
        if let Some(event) = run.event {
            return self.end_errand(event, verdict);
        }
        match verdict {
            Verdict::NotRun => return,
            Verdict::Failed => {}
            Verdict::Handled { but } => {
                for one in run.messages.iter().filter(|one| !but.contains(&one.n)) {
                    self.handled(*one, now);
                }
            }
        }
        self.ran.extend(run.messages.iter().map(|one| (one.n, one.receives)));
    }

    /// Whether it is deleted too nobody outside knows, unless it was hidden from all others until it must have been.
    fn handled(&mut self, one: One, now: Moment) {
        let surely = one.hidden_until.is_some_and(|until| now.shown + millis(UNTIL_DELETED) < until);
        let message = &mut self.messages[one.n];
        message.maybe_gone = true;
        if surely && !message.maybe_twice {
            message.handled.get_or_insert(now);
        }
    }

    /// Its function has succeeded, and nothing has kept the mapping from deleting it.
    pub(super) fn is_surely_handled(&self, n: usize) -> bool {
        let message = &self.messages[n];
        let anew = message.maybe_twice || self.may_be_redriven(n);
        !anew
            && message.handled.is_some_and(|handled| {
                let deleted = handled.at + UNTIL_DELETED;
                deleted < self.now().at && self.is_undisturbed(handled.at, deleted)
            })
    }

    /// From now on every function succeeds.
    pub fn calm(&mut self) {
        self.calm = true;
    }

    pub fn is_calm(&self) -> bool {
        self.calm
    }
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
