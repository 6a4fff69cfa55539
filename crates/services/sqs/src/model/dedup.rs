//! What a FIFO queue has taken in the last five minutes.
//! Source: SQS Developer Guide, "Exactly-once processing in Amazon SQS", "High throughput for FIFO queues".

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};

use super::message::{Reader, Writer};

const VERSION: u8 = 1;

/// Within what an id counts once: the queue, or with `DeduplicationScope` `messageGroup` the group.
pub(crate) type Scope = Option<Arc<str>>;

/// A message that was taken, as it is kept on disk.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Taken {
    pub scope: Scope,
    pub deduplication_id: String,
    pub message: [u8; 16],
    pub at: i64,
}

impl Taken {
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = Writer(BytesMut::with_capacity(128));
        out.0.extend_from_slice(&[VERSION]);
        out.optional(self.scope.as_deref());
        out.text(&self.deduplication_id);
        out.0.extend_from_slice(&self.message);
        out.0.extend_from_slice(&self.at.to_le_bytes());
        out.0.freeze()
    }

    pub(crate) fn decode(record: &[u8]) -> Option<Self> {
        let mut rest = Reader(record);
        if rest.byte()? != VERSION {
            return None;
        }
        let taken = Self {
            scope: rest.optional()?.map(Into::into),
            deduplication_id: rest.text()?,
            message: rest.array()?,
            at: i64::from_le_bytes(rest.array()?),
        };
        rest.0.is_empty().then_some(taken)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Dedup {
    taken: BTreeMap<(Scope, String), (u64, [u8; 16], i64)>,
    /// In the order in which they are forgotten.
    order: VecDeque<(u64, Taken)>,
}

impl Dedup {
    /// The message that was taken under the same id, not before `since`.
    pub(crate) fn find(&self, scope: &Scope, id: &str, since: i64) -> Option<(u64, [u8; 16])> {
        let (sequence, message, at) = self.taken.get(&(scope.clone(), id.to_owned()))?;
        (*at > since).then_some((*sequence, *message))
    }

    pub(crate) fn take(&mut self, sequence: u64, taken: Taken) {
        self.taken.insert((taken.scope.clone(), taken.deduplication_id.clone()), (sequence, taken.message, taken.at));
        self.order.push_back((sequence, taken));
    }

    /// Forgets what was taken before `before`, at most `most`. Answers their numbers.
    pub(crate) fn forget(&mut self, before: i64, most: usize) -> Vec<u64> {
        let mut forgotten = Vec::new();
        while forgotten.len() < most && self.order.front().is_some_and(|(_, taken)| taken.at <= before) {
            let Some((sequence, Taken { scope, deduplication_id, .. })) = self.order.pop_front() else { break };
            let key = (scope, deduplication_id);
            if self.taken.get(&key).is_some_and(|(s, ..)| *s == sequence) {
                self.taken.remove(&key);
            }
            forgotten.push(sequence);
        }
        forgotten
    }
}

/// The id of a message whose queue looks at contents.
pub(crate) fn of_content(body: &str) -> String {
    hex::encode(Sha256::digest(body.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(scope: Option<&str>, id: &str, at: i64) -> Taken {
        Taken { scope: scope.map(Into::into), deduplication_id: id.to_owned(), message: [1; 16], at }
    }

    #[test]
    fn an_id_counts_once_within_its_scope_until_it_is_forgotten() {
        let mut dedup = Dedup::default();
        dedup.take(1, taken(None, "x", 10));
        dedup.take(2, taken(Some("g"), "x", 20));
        assert_eq!(dedup.find(&None, "x", 0), Some((1, [1; 16])));
        assert_eq!(dedup.find(&None, "x", 10), None);
        assert_eq!(dedup.find(&Some("g".into()), "x", 10), Some((2, [1; 16])));
        assert_eq!(dedup.find(&Some("h".into()), "x", 0), None);
        assert!(dedup.forget(9, 10).is_empty());
        assert_eq!(dedup.forget(10, 10), [1]);
        assert_eq!(dedup.find(&None, "x", 0), None);
    }

    #[test]
    fn what_was_taken_reads_back() {
        let kept = taken(Some("g"), "id", 7);
        assert_eq!(Taken::decode(&kept.encode()), Some(kept.clone()));
        assert_eq!(Taken::decode(&kept.encode()[1..]), None);
    }
}
