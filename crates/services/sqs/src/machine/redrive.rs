//! Dead letters and move tasks: what leaves one queue for another does so in one commit.

use std::sync::Arc;

use store::{Effects, Reply, StoreError, Txn};

use super::{Command, Line, MoveOn, Out, QueueMachine};
use crate::model::attributes::Attributes;
use crate::model::flight::State;
use crate::model::message::{Body, Message, Moved, uuid};
use crate::model::name::QueueName;
use crate::records::{MoveStatus, MoveTask, Place, Queue, QueueId};

/// Messages on their way to the dead-letter queue.
pub(super) struct Burial {
    pub max_receives: u32,
    pub to: QueueId,
    messages: Vec<Message>,
}

impl Burial {
    pub(super) fn hand_on(self, fx: &mut Effects<QueueMachine>) {
        if !self.messages.is_empty() {
            fx.hand_on(self.to, Command::Take(self.messages));
        }
    }
}

impl QueueMachine {
    /// Where messages go that were received too often; nowhere while that queue is not there.
    pub(super) fn burial(&self, attributes: &Attributes, stored: &Txn) -> Result<Option<Burial>, StoreError> {
        let Some(redrive) = &attributes.redrive else { return Ok(None) };
        let to = match redrive.target() {
            Some(name) => find(name, stored)?,
            None => None,
        };
        Ok(to.map(|to| Burial { max_receives: redrive.max_receives, to, messages: Vec::new() }))
    }

    pub(super) fn bury(
        &mut self,
        sequence: u64,
        state: &State,
        message: Arc<Message>,
        burial: &mut Burial,
        stored: &Txn,
        fx: &mut Effects<Self>,
    ) -> Result<(), StoreError> {
        let mut message = self.whole(sequence, message, stored, fx)?;
        self.remove(sequence, true, fx);
        // So that two that happen to have the same are both kept. Source: Developer Guide, "Learn how to configure a dead-letter
        // queue redrive".
        message.deduplication_id = message.deduplication_id.map(|_| uuid(&message.id));
        let before = message.moved.take().unwrap_or_default();
        message.moved = Some(Moved {
            source_arn: self.id.name().arn().to_string(),
            receives: before.receives.saturating_add(state.receives),
            first_received: if before.receives > 0 { before.first_received } else { state.first_received },
        });
        if kernel::sabotaged!("a dead letter arrives twice") {
            burial.messages.push(message.clone());
        }
        burial.messages.push(message);
        Ok(())
    }

    /// A message with its body, which may have come by this very command.
    fn whole(
        &self,
        sequence: u64,
        message: Arc<Message>,
        stored: &Txn,
        fx: &Effects<Self>,
    ) -> Result<Message, StoreError> {
        let mut message = Arc::unwrap_or_clone(message);
        if message.body == Body::Apart {
            let key = self.keys.body(sequence);
            let body = match fx.put_by_now(&key) {
                Some(body) => body.clone(),
                None => stored.get(&key)?.unwrap_or_default(),
            };
            message.body = Body::Here(String::from_utf8_lossy(&body).into_owned());
        }
        Ok(message)
    }

    /// One step of a move task. Messages in flight stay; the task ends when nothing is visible.
    pub(super) fn move_on(
        &mut self,
        step: MoveOn,
        attributes: &Attributes,
        stored: &Txn,
        fx: &mut Effects<Self>,
    ) -> Result<Reply<Out>, StoreError> {
        let MoveOn { key, to, ids } = step;
        let Some(mut task) = stored.get_record::<MoveTask>(&key)?.filter(|task| task.status == MoveStatus::Running)
        else {
            return Ok(Reply::now(Out::Done));
        };
        let now = fx.now().millis();
        let mut current = None;
        let mut moved = 0;
        for id in ids {
            let picked = match &mut self.line {
                Line::Standard(standard) => standard.pick(),
                Line::Fifo(fifo, _) => fifo.pick(now, super::delay_ms(attributes), &mut current),
            };
            let Some(sequence) = picked else {
                task.status = MoveStatus::Completed;
                break;
            };
            let Some(message) = self.message(sequence, stored, fx)? else {
                self.hide_and_remove(sequence, now, fx);
                continue;
            };
            let mut message = self.whole(sequence, message, stored, fx)?;
            let source = message.moved.take().map(|moved| moved.source_arn);
            let target = match (&to, source.as_deref().and_then(QueueName::of_arn)) {
                (Some(to), _) => find(to.name().clone(), stored)?.filter(|found| found == to),
                (None, Some(name)) => find(name, stored)?,
                (None, None) => None,
            };
            let Some(target) = target else {
                let code = if to.is_none() && source.is_none() { NO_SOURCE } else { NO_QUEUE };
                (task.status, task.failure) = (MoveStatus::Failed, Some(code.to_owned()));
                self.put_back(sequence, now);
                break;
            };
            self.hide_and_remove(sequence, now, fx);
            // Source: Developer Guide, "Dead-letter queue redrive": they count as new messages.
            (message.id, message.sent) = (id, now);
            fx.hand_on(target, Command::Take(vec![message]));
            moved += 1;
        }
        task.moved += moved;
        fx.put_record(key, &task);
        Ok(Reply::durable(Out::Done))
    }

    /// What was picked and stays.
    fn put_back(&mut self, sequence: u64, now: i64) {
        if let Some((state, _)) = self.line.flight().get(sequence) {
            let state = state.clone();
            self.line.set(sequence, state, now);
        }
    }

    /// A message leaves that nobody has received: the cursor learns of it by its state.
    pub(super) fn hide_and_remove(&mut self, sequence: u64, now: i64, fx: &mut Effects<Self>) {
        self.line.set(sequence, State { visible_at: i64::MAX, receives: 1, ..State::default() }, now);
        self.remove(sequence, true, fx);
        self.advance(fx);
    }
}

const NO_QUEUE: &str = "AWS.SimpleQueueService.NonExistentQueue";
/// A message that came by no dead-letter queue has nowhere to go back to.
const NO_SOURCE: &str = "CouldNotDetermineMessageSource";

fn find(name: QueueName, stored: &Txn) -> Result<Option<QueueId>, StoreError> {
    let queue = stored.get_record::<Queue>(&Place::of(&name).queue(&name.name))?;
    Ok(queue.map(|queue| QueueId::new(name, queue.number)))
}
