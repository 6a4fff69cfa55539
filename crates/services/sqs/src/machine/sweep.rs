//! Deleting, piece by piece, what purges and deleted queues have left.

use store::{Direction, Effects, Key, KeyRange, Reply, StoreError, Txn};

use super::{Out, QueueMachine};
use crate::limits::MESSAGES_AT_ONCE;
use crate::records::Leftover;

impl QueueMachine {
    /// Deletes one piece. Answers whether there is more.
    pub(super) fn sweep(&mut self, stored: &Txn, fx: &mut Effects<Self>) -> Result<Reply<Out>, StoreError> {
        let Some(mut leftover) = stored.get_record::<Leftover>(&self.keys.leftover)? else {
            return Ok(Reply::now(Out::Done));
        };
        let keys = &self.keys;
        let kinds = [&keys.messages, &keys.bodies, &keys.states, &keys.taken];
        // What a FIFO queue has taken is not let in again because of a purge.
        let stages = if leftover.whole { kinds.len() } else { kinds.len() - 1 };
        let Some(kind) = kinds.get(leftover.stage).filter(|_| leftover.stage < stages) else {
            fx.delete(keys.leftover.clone());
            if leftover.whole {
                fx.delete(keys.mark.clone());
            }
            return Ok(Reply::written(Out::Done));
        };
        let first = (*kind).clone().part_u64(leftover.at);
        let found = stored.scan(&KeyRange::prefix(kind).starting_at(&first), MESSAGES_AT_ONCE, Direction::Forward)?;
        let complete = found.len() < MESSAGES_AT_ONCE;
        let dead = found.into_iter().map(|(key, _)| key);
        let dead: Vec<Key> = dead.filter(|key| key.last_u64().is_some_and(|number| number < leftover.to)).collect();
        match dead.last().and_then(Key::last_u64) {
            Some(last) if !complete && dead.len() == MESSAGES_AT_ONCE => leftover.at = last + 1,
            _ => (leftover.stage, leftover.at) = (leftover.stage + 1, leftover.from),
        }
        dead.into_iter().for_each(|key| fx.delete(key));
        fx.put_record(keys.leftover.clone(), &leftover);
        Ok(Reply::written(Out::SweepOn))
    }
}
