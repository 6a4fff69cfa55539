//! What a queue is asked, and what it answers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use store::Key;
use tokio::sync::oneshot;

use super::facts::Receiver;
use super::young::Room;
use crate::model::flight::{Phase, State};
use crate::model::message::Message;
use crate::model::receipt::Receipt;
use crate::records::QueueId;

pub(crate) enum Command {
    Send(Vec<Outgoing>),
    Receive(Receive),
    /// A receive that waits at this place does so no more.
    Leave(u64),
    Delete(Vec<Receipt>),
    Change(Vec<(Receipt, u32)>),
    Count,
    /// How it stands, for its metrics.
    Measure,
    /// Messages from a number on as they stand: nobody receives them.
    Peek(u64),
    /// The body of a message, as far as the queue has come.
    Body(u64),
    /// Unless it was purged within this time.
    Purge(Duration),
    /// The queue's record was changed.
    Refresh,
    DeleteQueue,
    /// Messages that come from another queue.
    Take(Vec<Message>),
    Move(MoveOn),
    /// Deletes a piece of what is left over.
    Sweep,
}

/// A message on its way in.
pub(crate) struct Outgoing {
    pub message: Arc<Message>,
    /// The message as it is kept.
    pub record: Bytes,
    /// A body that is too large to stand in the record.
    pub body: Option<Bytes>,
    /// The message's own delay; else the queue's.
    pub delay_seconds: Option<u32>,
    /// Room to keep the message in memory.
    pub room: Option<Room>,
}

#[derive(Clone)]
pub(crate) struct Receive {
    pub by: Arc<Receiver>,
    pub most: usize,
    /// Else the queue's.
    pub visibility_seconds: Option<u32>,
    pub wait_ms: i64,
    /// Of the handles that are given out.
    pub nonce: u64,
    pub attempt: Option<String>,
}

/// One step of a move task.
pub(crate) struct MoveOn {
    /// Of the task's record.
    pub key: Key,
    /// Where to, unless each message goes back where it came from.
    pub to: Option<QueueId>,
    /// Messages of this step, and the ids that they get.
    pub ids: Vec<[u8; 16]>,
}

pub(crate) enum Out {
    Done,
    NoQueue,
    Sent(Vec<Accepted>),
    Received(Vec<Delivery>),
    /// The receive's place in the line, and the messages, which come when there are some.
    Waiting(u64, oneshot::Receiver<Vec<Delivery>>),
    TooManyInFlight,
    Settled(Vec<Settled>),
    Counts(Counts),
    Measured(Box<Measures>),
    Peeked(Peeked),
    Body(Option<Bytes>),
    /// A purge came too soon after another.
    PurgedLately,
    /// Something is still left over.
    SweepOn,
}

/// A message that was taken, or that had been taken before.
pub(crate) struct Accepted {
    pub sequence: u64,
    pub message: [u8; 16],
}

#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub sequence: u64,
    pub state: State,
    pub message: Arc<Message>,
}

impl Delivery {
    /// The handle that its receiver gets.
    pub(crate) fn receipt(&self, queue: u64) -> Receipt {
        let Self { sequence, state, message } = self;
        let (nonce, receives) = (state.nonce, state.receives);
        Receipt { queue, sequence: *sequence, nonce, receives, message: message.mark(), apart: message.is_apart() }
    }
}

/// Messages that were looked at, and where to look on, if there is more.
pub(crate) struct Peeked {
    pub seen: Vec<Seen>,
    pub next: Option<u64>,
}

/// One of them. Its state is that of a message that nobody has touched, if nobody has.
pub(crate) struct Seen {
    pub delivery: Delivery,
    pub phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    Done,
    /// The handle is of an earlier receive: the message was handed out again since, so many milliseconds ago.
    Late {
        sequence: u64,
        receives: u32,
        late_ms: u64,
    },
    /// FIFO: the message is not in flight under this handle any more.
    Expired,
    /// There is no such message, or it is not this receive's.
    Unavailable,
    /// It would be invisible for more than 12 hours in all.
    TooLong,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub visible: u64,
    pub in_flight: u64,
    pub delayed: u64,
}

/// What the metrics of a queue tell once a minute. Times are milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Measures {
    pub counts: Counts,
    pub oldest_sent: Option<i64>,
    /// FIFO.
    pub groups_in_flight: Option<u64>,
    /// Standard, where messages have groups.
    pub quiet: Option<Quiet>,
}

/// What is not of noisy groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quiet {
    pub noisy_groups: u64,
    pub counts: Counts,
    pub oldest_sent: Option<i64>,
}
