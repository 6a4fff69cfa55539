//! DeleteMessage, ChangeMessageVisibility, and both for batches.

use api_sqs::types::*;
use kernel::Cx;
use telemetry::What;

use super::batches::failed;
use crate::access::Action;
use crate::error::{Error, Result, invalid, required};
use crate::limits::VISIBILITY_SECONDS;
use crate::machine::{Command, Out, Settled, fact};
use crate::model::batch;
use crate::model::message::Message;
use crate::model::receipt::Receipt;
use crate::records::Keys;
use crate::service::{Known, Service};

const DELETE_ENTRY: &str = "DeleteMessageBatchRequestEntry";
const CHANGE_ENTRY: &str = "ChangeMessageVisibilityBatchRequestEntry";

impl Service {
    pub(crate) async fn delete_one(&self, cx: &Cx, input: DeleteMessageRequest) -> Result<()> {
        let known = self.named(cx, input.queue_url, Action::Shared("DeleteMessage"))?;
        let handle = required(input.receipt_handle, "ReceiptHandle")?;
        let receipt = read(&known, &handle)?;
        let settled = self.settle(cx, &known, Command::Delete(vec![receipt])).await?;
        known.tally.deleted(done(&settled));
        outcome(settled.first().copied(), &handle, 0)
    }

    pub(crate) async fn delete_many(
        &self,
        cx: &Cx,
        input: DeleteMessageBatchRequest,
    ) -> Result<DeleteMessageBatchResult> {
        let known = self.named(cx, input.queue_url, Action::Shared("DeleteMessage"))?;
        // The query protocol cannot say that there is a list and nothing in it.
        let entries = input.entries.unwrap_or_default();
        batch::check(&entries, DELETE_ENTRY, |entry| entry.id.as_deref())?;
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for DeleteMessageBatchRequestEntry { id, receipt_handle } in entries {
            let id = id.unwrap_or_default();
            let handle = required(receipt_handle, &format!("{DELETE_ENTRY}.1.ReceiptHandle"));
            match handle.and_then(|handle| Ok((read(&known, &handle)?, handle))) {
                Ok((receipt, handle)) => good.push((id, handle, receipt)),
                Err(error) => bad.push(failed(id, error)),
            }
        }
        let receipts = good.iter().map(|(_, _, receipt)| *receipt).collect();
        let settled =
            if good.is_empty() { Vec::new() } else { self.settle(cx, &known, Command::Delete(receipts)).await? };
        let counted = if kernel::sabotaged!("deletions of a batch count as one") { 1 } else { done(&settled) };
        known.tally.deleted(counted);
        let mut successful = Vec::new();
        for ((id, handle, _), settled) in good.into_iter().zip(settled) {
            match outcome(Some(settled), &handle, 0) {
                Ok(()) => successful.push(DeleteMessageBatchResultEntry { id }),
                Err(error) => bad.push(failed(id, error)),
            }
        }
        Ok(DeleteMessageBatchResult { successful, failed: (!bad.is_empty()).then_some(bad) })
    }

    pub(crate) async fn hide_one(&self, cx: &Cx, input: ChangeMessageVisibilityRequest) -> Result<()> {
        let known = self.named(cx, input.queue_url, Action::Shared("ChangeMessageVisibility"))?;
        let handle = required(input.receipt_handle, "ReceiptHandle")?;
        let seconds = check_visibility(required(input.visibility_timeout, "VisibilityTimeout")?)?;
        let receipt = read(&known, &handle)?;
        let settled = self.settle(cx, &known, Command::Change(vec![(receipt, seconds)])).await?;
        outcome(settled.first().copied(), &handle, seconds)
    }

    pub(crate) async fn hide_many(
        &self,
        cx: &Cx,
        input: ChangeMessageVisibilityBatchRequest,
    ) -> Result<ChangeMessageVisibilityBatchResult> {
        let known = self.named(cx, input.queue_url, Action::Shared("ChangeMessageVisibility"))?;
        // The query protocol cannot say that there is a list and nothing in it.
        let entries = input.entries.unwrap_or_default();
        batch::check(&entries, CHANGE_ENTRY, |entry| entry.id.as_deref())?;
        let (mut good, mut bad) = (Vec::new(), Vec::new());
        for ChangeMessageVisibilityBatchRequestEntry { id, receipt_handle, visibility_timeout } in entries {
            let id = id.unwrap_or_default();
            let change = || {
                let handle = required(receipt_handle, &format!("{CHANGE_ENTRY}.1.ReceiptHandle"))?;
                let seconds = required(visibility_timeout, &format!("{CHANGE_ENTRY}.1.VisibilityTimeout"))?;
                Ok((read(&known, &handle)?, check_visibility(seconds)?, handle))
            };
            match change() {
                Ok((receipt, seconds, handle)) => good.push((id, handle, receipt, seconds)),
                Err(error) => bad.push(failed(id, error)),
            }
        }
        let changes = good.iter().map(|(_, _, receipt, seconds)| (*receipt, *seconds)).collect();
        let settled =
            if good.is_empty() { Vec::new() } else { self.settle(cx, &known, Command::Change(changes)).await? };
        let mut successful = Vec::new();
        for ((id, handle, _, seconds), settled) in good.into_iter().zip(settled) {
            match outcome(Some(settled), &handle, seconds) {
                Ok(()) => successful.push(ChangeMessageVisibilityBatchResultEntry { id }),
                Err(error) => bad.push(failed(id, error)),
            }
        }
        Ok(ChangeMessageVisibilityBatchResult { successful, failed: (!bad.is_empty()).then_some(bad) })
    }

    async fn settle(&self, cx: &Cx, known: &Known, command: Command) -> Result<Vec<Settled>> {
        let Out::Settled(mut settled) = self.call(&known.id, command).await? else { return Err(Error::Damaged) };
        for settled in &mut settled {
            if let Settled::Late { sequence, receives, late_ms } = *settled {
                self.tell_late(cx, known, sequence, receives, late_ms)?;
                // A standard queue takes the handle, and keeps the message.
                *settled = if known.is_fifo() { Settled::Expired } else { Settled::Done };
            }
        }
        Ok(settled)
    }

    /// For `gureum why`: whoever comes late has worked while another did the same. A handle that nobody was given comes late for
    /// nothing.
    fn tell_late(&self, cx: &Cx, known: &Known, sequence: u64, receives: u32, late_ms: u64) -> Result<()> {
        if receives < 2 {
            return Ok(());
        }
        let record = self.store.get(&Keys::of(&known.id).message(sequence))?;
        if let Some(message) = record.and_then(|record| Message::decode(&record)) {
            let (queue, receiver) = (known.arn(), cx.caller.arn.clone());
            let what = What::SettledLate { queue, receives, late_ms, receiver };
            self.facts.tell(fact(&known.id, self.now(), &cx.request_id, &message, what));
        }
        Ok(())
    }
}

/// Errors: no handle of ours, or one of another queue.
fn read(known: &Known, handle: &str) -> Result<Receipt> {
    let receipt = Receipt::read(handle).filter(|receipt| receipt.queue == known.id.number());
    receipt.ok_or_else(|| Error::Receipt(handle.to_owned()))
}

fn done(settled: &[Settled]) -> usize {
    settled.iter().filter(|one| **one == Settled::Done).count()
}

fn outcome(settled: Option<Settled>, handle: &str, seconds: u32) -> Result<()> {
    match settled {
        Some(Settled::Done) => Ok(()),
        Some(Settled::Expired | Settled::Late { .. }) => {
            Err(invalid("ReceiptHandle", handle, "The receipt handle has expired."))
        }
        Some(Settled::Unavailable) => {
            let reason = "Message does not exist or is not available for visibility timeout change.";
            Err(invalid("ReceiptHandle", handle, reason))
        }
        Some(Settled::TooLong) => {
            let reason = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]";
            Err(invalid("VisibilityTimeout", seconds, reason))
        }
        None => Err(Error::Damaged),
    }
}

fn check_visibility(seconds: i32) -> Result<u32> {
    let checked = u32::try_from(seconds).ok().filter(|seconds| VISIBILITY_SECONDS.contains(seconds));
    checked.ok_or_else(|| {
        invalid("VisibilityTimeout", seconds, "VisibilityTimeout must be an integer between 0 and 43200.")
    })
}
