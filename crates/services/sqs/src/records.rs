//! Keys and values on disk. Everything of a queue that can be many hangs on the queue's number, so that a deleted queue is
//! gone with one record and its messages are swept later.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use kernel::{AccountId, Region};
use serde::{Deserialize, Serialize};
use store::{Key, Record};

use crate::model::attributes::Attributes;
use crate::model::name::QueueName;

pub(crate) const SERVICE: &str = "sqs";

/// An account and a region: every key begins with them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub account: AccountId,
    pub region: Region,
}

impl Place {
    pub(crate) fn of(name: &QueueName) -> Self {
        Self { account: name.account.clone(), region: name.region.clone() }
    }

    fn kind(&self, kind: &str) -> Key {
        Key::new(&self.account, &self.region, SERVICE, kind)
    }

    pub(crate) fn queues(&self) -> Key {
        self.kind("queue")
    }

    pub(crate) fn queue(&self, name: &str) -> Key {
        self.queues().part(name)
    }

    /// When a queue of this name was deleted.
    pub(crate) fn deleted(&self, name: &str) -> Key {
        self.kind("deleted").part(name)
    }

    /// Queues of which something is to be swept.
    pub(crate) fn leftovers(&self) -> Key {
        self.kind("leftover")
    }

    pub(crate) fn leftover(&self, number: u64, name: &str) -> Key {
        self.leftovers().part_u64(number).part(name)
    }

    /// Move tasks by the queue that they empty, the oldest first.
    pub(crate) fn all_tasks(&self) -> Key {
        self.kind("task")
    }

    pub(crate) fn tasks(&self, queue: u64) -> Key {
        self.all_tasks().part_u64(queue)
    }

    pub(crate) fn task(&self, queue: u64, started: i64, id: &str) -> Key {
        self.tasks(queue).part_u64(u64::try_from(started).unwrap_or(0)).part(id)
    }
}

/// One queue of all that ever were: its name may have belonged to another before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct QueueId(Arc<Inner>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Inner {
    number: u64,
    name: QueueName,
}

impl QueueId {
    pub(crate) fn new(name: QueueName, number: u64) -> Self {
        Self(Arc::new(Inner { number, name }))
    }

    pub(crate) fn name(&self) -> &QueueName {
        &self.0.name
    }

    pub(crate) fn number(&self) -> u64 {
        self.0.number
    }
}

impl fmt::Display for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.name.arn(), self.0.number)
    }
}

/// Where everything of one queue is.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub queue: Key,
    pub deleted: Key,
    pub leftover: Key,
    /// How far the queue has come.
    pub mark: Key,
    pub messages: Key,
    pub bodies: Key,
    pub states: Key,
    pub taken: Key,
}

impl Keys {
    pub(crate) fn of(id: &QueueId) -> Self {
        let place = Place::of(id.name());
        let of = |kind: &str| place.kind(kind).part_u64(id.number());
        Self {
            queue: place.queue(&id.name().name),
            deleted: place.deleted(&id.name().name),
            leftover: place.leftover(id.number(), &id.name().name),
            mark: of("mark"),
            messages: of("message"),
            bodies: of("body"),
            states: of("state"),
            taken: of("taken"),
        }
    }

    pub(crate) fn message(&self, sequence: u64) -> Key {
        self.messages.clone().part_u64(sequence)
    }

    pub(crate) fn body(&self, sequence: u64) -> Key {
        self.bodies.clone().part_u64(sequence)
    }

    pub(crate) fn state(&self, sequence: u64) -> Key {
        self.states.clone().part_u64(sequence)
    }

    /// What a FIFO queue has taken lately.
    pub(crate) fn taken(&self, sequence: u64) -> Key {
        self.taken.clone().part_u64(sequence)
    }
}

/// A queue, without its messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Queue {
    pub number: u64,
    pub attributes: Attributes,
    pub tags: BTreeMap<String, String>,
    /// Seconds.
    pub created: i64,
    pub modified: i64,
    /// Grows with every change: of two copies the newer is known.
    pub revision: u64,
}

impl Record for Queue {
    const VERSION: u8 = 1;
}

/// Milliseconds at which a queue was deleted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Deleted {
    pub at: i64,
}

impl Record for Deleted {
    const VERSION: u8 = 1;
}

/// What of a queue is to be swept. A deleted queue goes as a whole.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Leftover {
    pub whole: bool,
    /// Numbers from here (inclusive) to there (exclusive) are of no message any more.
    pub from: u64,
    pub to: u64,
    /// Which kind of record is being swept, and from where on: nothing that was deleted is read again.
    pub stage: usize,
    pub at: u64,
}

impl Leftover {
    pub(crate) fn new(whole: bool, from: u64, to: u64) -> Self {
        Self { whole, from, to, stage: 0, at: from }
    }
}

impl Record for Leftover {
    const VERSION: u8 = 1;
}

/// How far a queue has come. Standard: every message before `cursor` without a state is gone. FIFO: every message before it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Mark {
    pub cursor: u64,
    /// No state stands before it.
    pub low: u64,
    /// No number from here on was ever given.
    pub next: u64,
    /// Nothing that was taken stands before it.
    pub taken_low: u64,
    /// Milliseconds of the last purge.
    pub purged: i64,
}

impl Mark {
    const VERSION: u8 = 1;

    pub(crate) fn encode(&self) -> Bytes {
        let mut out = vec![Self::VERSION];
        for field in [self.cursor, self.low, self.next, self.taken_low] {
            out.extend_from_slice(&field.to_le_bytes());
        }
        out.extend_from_slice(&self.purged.to_le_bytes());
        out.into()
    }

    pub(crate) fn decode(record: &[u8]) -> Option<Self> {
        let (version, fields) = record.split_first()?;
        if *version != Self::VERSION || fields.len() != 5 * 8 {
            return None;
        }
        let mut fields = fields.chunks_exact(8).map(<[u8; 8]>::try_from);
        let mut next = || fields.next()?.ok();
        Some(Self {
            cursor: u64::from_le_bytes(next()?),
            low: u64::from_le_bytes(next()?),
            next: u64::from_le_bytes(next()?),
            taken_low: u64::from_le_bytes(next()?),
            purged: i64::from_le_bytes(next()?),
        })
    }
}

/// A message move task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MoveTask {
    pub id: String,
    pub status: MoveStatus,
    pub source_arn: String,
    pub destination_arn: Option<String>,
    pub per_second: Option<u32>,
    /// Milliseconds.
    pub started: i64,
    pub to_move: u64,
    pub moved: u64,
    pub failure: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MoveStatus {
    Running,
    Completed,
    Cancelling,
    Cancelled,
    Failed,
}

impl MoveStatus {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Cancelling => "CANCELLING",
            Self::Cancelled => "CANCELLED",
            Self::Failed => "FAILED",
        }
    }
}

impl Record for MoveTask {
    const VERSION: u8 = 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back() {
        let mark = Mark { cursor: 1, low: 2, next: 3, taken_low: 4, purged: -5 };
        assert_eq!(Mark::decode(&mark.encode()), Some(mark));
        assert_eq!(Mark::decode(&mark.encode()[1..]), None);
    }
}
