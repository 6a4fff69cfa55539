//! Young messages, kept in memory because most are received soon.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::limits::{ALL_YOUNG_BYTES_MAX, YOUNG_BYTES_MAX};
use crate::model::message::Message;

/// What young messages of all queues take.
#[derive(Clone, Default)]
pub(crate) struct Rooms(Arc<AtomicUsize>);

/// Part of it, given back when it goes.
pub(crate) struct Room {
    of: Arc<AtomicUsize>,
    bytes: usize,
}

impl Rooms {
    pub(crate) fn take(&self, bytes: usize) -> Option<Room> {
        let room = Room { of: self.0.clone(), bytes };
        let before = self.0.fetch_add(bytes, Ordering::Relaxed);
        (before + bytes <= ALL_YOUNG_BYTES_MAX).then_some(room)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.of.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// One queue's.
#[derive(Default)]
pub(super) struct Young {
    messages: BTreeMap<u64, (Arc<Message>, Room)>,
    bytes: usize,
}

impl Young {
    pub(super) fn keep(&mut self, sequence: u64, message: Arc<Message>, room: Room) {
        self.bytes += room.bytes;
        self.messages.insert(sequence, (message, room));
        while self.bytes > YOUNG_BYTES_MAX {
            // Those that have waited longest are the ones that the store has for certain.
            let Some((_, (_, room))) = self.messages.pop_first() else { break };
            self.bytes -= room.bytes;
        }
    }

    pub(super) fn take(&mut self, sequence: u64) -> Option<Arc<Message>> {
        let (message, room) = self.messages.remove(&sequence)?;
        self.bytes -= room.bytes;
        Some(message)
    }

    pub(super) fn sent(&self, sequence: u64) -> Option<i64> {
        self.messages.get(&sequence).map(|(message, _)| message.sent)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_room_and_give_theirs_back() {
        let (rooms, mut young) = (Rooms::default(), Young::default());
        let half = YOUNG_BYTES_MAX / 2;
        for sequence in 0..3 {
            young.keep(sequence, Arc::default(), rooms.take(half).unwrap());
        }
        assert!(young.take(0).is_none());
        assert_eq!(rooms.0.load(Ordering::Relaxed), 2 * half);
        assert!(young.take(1).is_some() && young.take(2).is_some());
        assert_eq!(rooms.0.load(Ordering::Relaxed), 0);
        assert!(rooms.take(ALL_YOUNG_BYTES_MAX + 1).is_none());
        assert_eq!(rooms.0.load(Ordering::Relaxed), 0);
    }
}
