//! What metrics must say of a history that no kill has blurred.

use super::{Answer, Call, Ledger};

/// What was answered, and what may have been done beside it.
#[derive(Clone, Copy, Default)]
struct Sum {
    surely: usize,
    perhaps: usize,
}

/// Calls of clients on one queue.
#[derive(Default)]
pub(super) struct Counts {
    sent: Sum,
    received: Sum,
    deleted: Sum,
}

/// What one metric, or several together, must come to.
pub struct Expected {
    pub names: &'static [&'static str],
    /// The dimension.
    pub of: (&'static str, &'static str),
    pub at_least: usize,
    pub at_most: usize,
}

impl Ledger {
    pub(super) fn count(&mut self, call: &Call, answer: &Answer) {
        let lost = matches!(answer, Answer::Unknown);
        let perhaps = |most: usize| Sum { surely: 0, perhaps: if lost { most } else { 0 } };
        let surely = |surely: usize| Sum { surely, perhaps: 0 };
        let (sum, found) = match call {
            Call::Send { queue, messages } => {
                let found = match answer {
                    Answer::Sent(sent) => surely(sent.iter().flatten().count()),
                    _ => perhaps(messages.len()),
                };
                (&mut self.queues[*queue].counts.sent, found)
            }
            Call::Receive { queue, most, .. } => {
                let found = match answer {
                    Answer::Received(got) => surely(got.len()),
                    _ => perhaps(usize::try_from(*most).unwrap_or(0)),
                };
                (&mut self.queues[*queue].counts.received, found)
            }
            Call::Delete { queue, entries, .. } => {
                let found = match answer {
                    Answer::Settled(done) => surely(done.iter().filter(|done| **done).count()),
                    _ => perhaps(entries.len()),
                };
                (&mut self.queues[*queue].counts.deleted, found)
            }
            _ => return,
        };
        sum.surely += found.surely;
        sum.perhaps += found.perhaps;
    }

    /// What the metrics of this history must say.
    pub fn expected(&self) -> Vec<Expected> {
        let mut all = Vec::new();
        for (at, queue) in self.plan.queues.iter().enumerate() {
            let counts = &self.queues[at].counts;
            let refilled = queue.dead.is_some_and(|(dead, _)| self.queues[dead].redriven);
            let of = ("QueueName", queue.name);
            let mut expect = |names: &'static [&'static str], sum: Sum| {
                all.push(Expected { names, of, at_least: sum.surely, at_most: sum.surely + sum.perhaps });
            };
            if !refilled {
                // A message that was sent twice counts apart.
                expect(&["NumberOfMessagesSent", "NumberOfDeduplicatedSentMessages"], counts.sent);
            }
            // Move tasks and mappings receive and delete, too.
            if queue.mapping.is_none() && !self.queues[at].redriven {
                expect(&["NumberOfMessagesReceived"], counts.received);
                expect(&["NumberOfMessagesDeleted"], counts.deleted);
            }
        }
        all.extend(self.expected_of_events());
        all
    }
}
