//! How a queue stands, for its metrics.

use store::{Reply, StoreError, Txn};

use super::{Counts, Line, Measures, Out, QueueMachine, Quiet};
use crate::limits::POISON_RECEIVES;
use crate::model::attributes::Attributes;
use crate::model::message::Message;

impl QueueMachine {
    /// Source: SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS": a message of a standard queue that was received
    /// three times is left out of the age.
    pub(super) fn measure(&self, attributes: &Attributes, now: i64, stored: &Txn) -> Result<Reply<Out>, StoreError> {
        let counts = self.counts(now, attributes);
        let measures = match &self.line {
            Line::Fifo(fifo, _) => Measures {
                counts,
                oldest_sent: fifo.oldest().map(|(_, sent)| sent),
                groups_in_flight: Some(fifo.flight.groups_in_flight() as u64),
                quiet: None,
            },
            Line::Standard(standard) => {
                let touched = |healthy: &dyn Fn(Option<&str>) -> bool| {
                    let wanted = |group: Option<&str>, receives| receives < POISON_RECEIVES && healthy(group);
                    standard.flight.oldest_where(wanted)
                };
                let untouched = match standard.oldest_untouched() {
                    Some(sequence) => self.sent(sequence, stored)?,
                    None => None,
                };
                let oldest_sent = [touched(&|_| true), untouched].into_iter().flatten().min();
                let quiet = standard.quiet().map(|(noisy_groups, visible, in_flight, delayed)| {
                    let is_quiet = |group: Option<&str>| !standard.is_noisy(group);
                    let next_quiet = standard.oldest_untouched().is_some_and(|next| is_quiet(standard.group_of(next)));
                    let untouched = untouched.filter(|_| next_quiet);
                    let oldest_sent = [touched(&is_quiet), untouched].into_iter().flatten().min();
                    Quiet { noisy_groups, counts: Counts { visible, in_flight, delayed }, oldest_sent }
                });
                Measures { counts, oldest_sent, groups_in_flight: None, quiet }
            }
        };
        Ok(Reply::now(Out::Measured(Box::new(measures))))
    }

    /// When an untouched message was sent.
    fn sent(&self, sequence: u64, stored: &Txn) -> Result<Option<i64>, StoreError> {
        if let Some(sent) = self.young.sent(sequence) {
            return Ok(Some(sent));
        }
        let record = stored.get(&self.keys.message(sequence))?;
        Ok(record.and_then(|record| Message::decode(&record)).map(|message| message.sent))
    }
}
