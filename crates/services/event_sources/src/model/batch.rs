//! Gathering what was read into batches.
//! Source: Lambda Developer Guide, "Batching behavior": a batch goes when it is full, when its window is over, or when its event
//! would be too big.

use std::collections::VecDeque;
use std::time::Duration;

use kernel::Timestamp;

/// A record of a source, as far as the engine knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub id: String,
    /// By which the source settles it.
    pub handle: String,
    /// As it stands in the event.
    pub json: String,
    /// `X-Amzn-Trace-Id` of whoever sent it.
    pub trace: Option<String>,
    pub read_at: Timestamp,
}

/// `{"Records":[` and `]}`.
const FRAME_BYTES: usize = 14;

/// What one batch may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Measure {
    pub size: usize,
    pub window: Duration,
    /// Of the event.
    pub bytes: usize,
    /// What one read brought must not run in parallel.
    pub ordered: bool,
}

/// What was read and has not left.
#[derive(Debug)]
pub(crate) struct Gathered {
    measure: Measure,
    entries: VecDeque<Entry>,
}

impl Gathered {
    pub(crate) fn new(measure: Measure) -> Self {
        Self { measure, entries: VecDeque::new() }
    }

    /// A record that was read before, and came back meanwhile, counts once: by its latest handle.
    pub(crate) fn add(&mut self, read: Vec<Entry>) {
        for entry in read {
            match self.entries.iter_mut().find(|known| known.id == entry.id) {
                Some(known) => *known = Entry { read_at: known.read_at, ..entry },
                None => self.entries.push_back(entry),
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many records still find room.
    pub(crate) fn room(&self) -> usize {
        if self.bytes() >= self.measure.bytes { 0 } else { self.measure.size.saturating_sub(self.entries.len()) }
    }

    /// When a batch leaves: in the past if it is full. `None`: nothing was read.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        let first = self.entries.front()?.read_at;
        Some(if self.room() == 0 { first } else { first + self.measure.window })
    }

    /// The next batch. Shape: parts that run one after the other; more than one only where order counts.
    pub(crate) fn take(&mut self) -> Vec<Vec<Entry>> {
        let mut parts = Vec::new();
        while !self.entries.is_empty() && (parts.is_empty() || self.measure.ordered) {
            parts.push(self.take_part());
        }
        parts
    }

    fn take_part(&mut self) -> Vec<Entry> {
        let (mut part, mut bytes) = (Vec::new(), FRAME_BYTES);
        while let Some(entry) = self.entries.front() {
            bytes += entry.json.len() + 1;
            let fits = part.len() < self.measure.size && bytes <= self.measure.bytes;
            // One that is too big alone goes alone, and is refused by Invoke.
            if !fits && !part.is_empty() {
                break;
            }
            part.extend(self.entries.pop_front());
        }
        part
    }

    fn bytes(&self) -> usize {
        FRAME_BYTES + self.entries.iter().map(|entry| entry.json.len() + 1).sum::<usize>()
    }
}

/// The event of a batch.
pub(crate) fn event(entries: &[Entry]) -> String {
    let bytes = FRAME_BYTES + entries.iter().map(|entry| entry.json.len() + 1).sum::<usize>();
    let mut event = String::with_capacity(bytes);
    event.push_str("{\"Records\":[");
    for (at, entry) in entries.iter().enumerate() {
        if at > 0 {
            event.push(',');
        }
        event.push_str(&entry.json);
    }
    event.push_str("]}");
    event
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(id: usize, bytes: usize, ms: i64) -> Entry {
        Entry {
            id: id.to_string(),
            handle: format!("h{id}-{ms}"),
            json: "x".repeat(bytes),
            trace: None,
            read_at: Timestamp::from_millis(ms),
        }
    }

    fn measure(size: usize, window_s: u64, ordered: bool) -> Measure {
        Measure { size, window: Duration::from_secs(window_s), bytes: 1_000, ordered }
    }

    #[test]
    fn without_a_window_a_batch_leaves_with_what_there_is() {
        let mut gathered = Gathered::new(measure(10, 0, false));
        assert_eq!(gathered.due(), None);
        gathered.add(vec![entry(1, 5, 100), entry(2, 5, 100)]);
        assert_eq!(gathered.due(), Some(Timestamp::from_millis(100)));
        assert_eq!(gathered.take().concat().len(), 2);
        assert!(gathered.is_empty());
    }

    #[test]
    fn a_window_begins_with_the_first_record_and_ends_when_the_batch_is_full() {
        let mut gathered = Gathered::new(measure(3, 2, false));
        gathered.add(vec![entry(1, 5, 100)]);
        gathered.add(vec![entry(2, 5, 1_900)]);
        assert_eq!(gathered.due(), Some(Timestamp::from_millis(2_100)));
        gathered.add(vec![entry(3, 5, 2_000), entry(4, 5, 2_000)]);
        assert_eq!(gathered.due(), Some(Timestamp::from_millis(100)), "full");
        assert_eq!(gathered.take().concat().len(), 3);
        assert_eq!(gathered.due(), Some(Timestamp::from_millis(4_000)), "the rest waits for a window of its own");
    }

    #[test]
    fn an_event_keeps_below_its_bytes() {
        let mut gathered = Gathered::new(measure(100, 60, false));
        gathered.add((0..5).map(|n| entry(n, 400, 0)).collect());
        assert_eq!(gathered.room(), 0);
        let sizes: Vec<usize> = std::iter::from_fn(|| gathered.take().pop().map(|part| part.len())).collect();
        assert_eq!(sizes, [2, 2, 1]);
        gathered.add(vec![entry(9, 5_000, 0)]);
        assert_eq!(gathered.take().concat().len(), 1, "alone");
    }

    #[test]
    fn where_order_counts_what_was_read_together_stays_together() {
        let mut gathered = Gathered::new(measure(10, 0, true));
        gathered.add((0..5).map(|n| entry(n, 400, 0)).collect());
        let parts: Vec<usize> = gathered.take().iter().map(Vec::len).collect();
        assert_eq!(parts, [2, 2, 1]);
    }

    #[test]
    fn what_came_back_while_it_was_gathered_counts_once() {
        let mut gathered = Gathered::new(measure(10, 60, false));
        gathered.add(vec![entry(1, 5, 0)]);
        gathered.add(vec![entry(1, 5, 30_000)]);
        assert_eq!(gathered.due(), Some(Timestamp::from_millis(60_000)));
        let batch = gathered.take().concat();
        assert_eq!((batch.len(), batch[0].handle.as_str()), (1, "h1-30000"));
    }

    #[test]
    fn an_event_is_its_records_in_order() {
        assert_eq!(event(&[entry(1, 2, 0), entry(2, 3, 0)]), r#"{"Records":[xx,xxx]}"#);
    }

    proptest! {
        #[test]
        fn every_record_leaves_once_in_order_and_within_bounds(
            reads in proptest::collection::vec(proptest::collection::vec(1_usize..900, 0..10), 0..20),
            size in 1_usize..20,
            ordered: bool,
        ) {
            let mut gathered = Gathered::new(measure(size, 0, ordered));
            let (mut next, mut seen) = (0, Vec::new());
            for read in reads {
                let read: Vec<Entry> = read.into_iter().map(|bytes| { next += 1; entry(next, bytes, 0) }).collect();
                gathered.add(read);
                while gathered.due().is_some() {
                    for part in gathered.take() {
                        prop_assert!(!part.is_empty() && part.len() <= size);
                        prop_assert!(part.len() == 1 || event(&part).len() <= 1_000);
                        seen.extend(part.into_iter().map(|entry| entry.id));
                    }
                }
            }
            prop_assert_eq!(seen, (1..=next).map(|id| id.to_string()).collect::<Vec<_>>());
        }
    }
}
