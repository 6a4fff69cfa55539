//! What mappings may give to functions.

use testkit::Ended;

use super::{Fed, Ledger};

/// An invocation that has not ended.
pub(super) struct Run {
    pub queue: usize,
    pub messages: Vec<(usize, u32)>,
}

impl Ledger {
    pub fn begin_run(&mut self, function: &str, fed: &[Fed]) -> u64 {
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
            messages.push((n, fed.receives));
        }
        self.runs.insert(number, Run { queue, messages });
        self.check_concurrency(queue, function);
        number
    }

    fn check_concurrency(&mut self, queue: usize, function: &str) {
        let running = self.runs.values().filter(|run| run.queue == queue).count();
        let most = self.plan.queues[queue].mapping.and_then(|mapping| mapping.concurrency);
        if let Some(most) = most.filter(|most| running > *most as usize) {
            self.breaks(format!("{running} batches run of {function}, whose mapping may have {most}"));
        }
        if self.runs.len() > self.plan.concurrency as usize {
            let (all, most) = (self.runs.len(), self.plan.concurrency);
            self.breaks(format!("{all} functions run in an account that may have {most}"));
        }
    }

    fn check_fed(&mut self, queue: usize, n: usize, fed: &Fed, before: &[(usize, u32)], shown: i64) {
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
        let passed = self.messages.iter().enumerate().find(|(other_n, other)| {
            self.plan.queues[queue].fifo
                && (other.queue, other.group) == (queue, message.group)
                && other.accepted.as_ref().is_some_and(|accepted| accepted.sequence < fed.sequence)
                && !other.may_be_gone()
                && !other.maybe_twice
                && !message.maybe_twice
                && !self.may_be_buried(*other_n)
                && !before.iter().any(|(n, _)| n == other_n)
        });
        if let Some((other, _)) = passed {
            faults.push(format!("before {other}, which is older, of its group, and never succeeded"));
        }
        for fault in faults {
            let name = self.plan.queues[queue].name;
            self.breaks(format!("message {n} of {name} was fed {fault}"));
        }
    }

    pub fn end_run(&mut self, number: u64, ended: &Ended) {
        let Some(run) = self.runs.remove(&number) else { return };
        self.trace.say(format_args!("function: {number} ended {ended:?}"));
        match ended {
            Ended::Answered(_) => {
                for (n, _) in &run.messages {
                    // Consumed. Whether it is deleted too nobody outside knows.
                    self.messages[*n].maybe_gone = true;
                }
            }
            // It has not run: the same receive may try again.
            Ended::NotStarted => return,
            _ => {}
        }
        self.ran.extend(run.messages);
    }

    /// From now on every function succeeds.
    pub fn calm(&mut self) {
        self.calm = true;
    }

    pub fn is_calm(&self) -> bool {
        self.calm
    }
}
