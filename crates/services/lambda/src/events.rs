//! Accepted events in memory: which are due when. What is here is on disk too.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kernel::Timestamp;
use tokio::sync::Notify;

use crate::records::Place;

/// One accepted event, and how often in a row it could not be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub place: Place,
    pub function: String,
    /// As it was called, so that it can be asked for room without reading it.
    pub qualifier: Option<String>,
    pub request_id: String,
    pub put_off: u32,
}

#[derive(Default)]
pub struct Events {
    waiting: Mutex<Waiting>,
    /// A new event, or one that comes earlier than all others.
    wake: Notify,
    open: AtomicUsize,
}

#[derive(Default)]
struct Waiting {
    /// In the order of their times, and of their coming within one.
    events: BTreeMap<(Timestamp, u64), Event>,
    next: u64,
}

impl Events {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an event that the disk has.
    pub fn accepted(&self, event: Event, due: Timestamp) {
        self.open.fetch_add(1, Ordering::SeqCst);
        self.again(event, due);
    }

    /// Puts an event back until `due`.
    pub fn again(&self, event: Event, due: Timestamp) {
        let mut waiting = self.waiting();
        let number = waiting.next;
        waiting.next += 1;
        waiting.events.insert((due, number), event);
        drop(waiting);
        self.wake.notify_one();
    }

    /// An event is over: the disk does not have it any more.
    pub fn finished(&self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }

    /// Events that wait or run.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// Takes the first event that is due; else says when the next one will be.
    pub fn take(&self, now: Timestamp) -> Result<Event, Option<Timestamp>> {
        let mut waiting = self.waiting();
        match waiting.events.first_entry() {
            Some(first) if first.key().0 <= now => Ok(first.remove()),
            Some(first) => Err(Some(first.key().0)),
            None => Err(None),
        }
    }

    /// Returns when something was put in since the last time.
    pub async fn woken(&self) {
        self.wake.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{AccountId, Region};

    #[test]
    fn events_come_in_the_order_of_their_times() {
        let (events, place) = (Events::default(), Place { account: AccountId::default(), region: Region::default() });
        for (id, due) in [("late", 20), ("first", 10), ("second", 10)] {
            let (place, function, request_id) = (place.clone(), "f".to_owned(), id.to_owned());
            let event = Event { place, function, qualifier: None, request_id, put_off: 0 };
            events.accepted(event, Timestamp::from_secs(due));
        }
        let take = |now| events.take(Timestamp::from_secs(now)).map(|event| event.request_id);
        assert_eq!(take(9), Err(Some(Timestamp::from_secs(10))));
        assert_eq!(take(10), Ok("first".to_owned()));
        assert_eq!(take(10), Ok("second".to_owned()));
        assert_eq!(take(10), Err(Some(Timestamp::from_secs(20))));
        assert_eq!(take(30), Ok("late".to_owned()));
        assert_eq!(take(30), Err(None));
        assert_eq!(events.open(), 3);
    }
}
