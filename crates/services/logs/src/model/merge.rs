//! Events of several streams in one order, without unpacking more chunks than are needed.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::chunk::Event;
use super::position::Position;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    OldestFirst,
    NewestFirst,
}

/// Takes events in lots as they are read and gives them out in order, as soon as nothing unread can come before.
pub(crate) struct Merge {
    order: Order,
    /// Per source that has more to read: the nearest time that its next event can have.
    bounds: BinaryHeap<Reverse<(u64, usize)>>,
    events: BinaryHeap<Reverse<Ranked>>,
}

struct Ranked {
    rank: Position,
    source: usize,
    event: Event,
}

/// What the merge needs next.
pub(crate) enum Step {
    Give(usize, Event),
    /// Read on in this source, then call `lot`.
    Read(usize),
    End,
}

impl Merge {
    pub(crate) fn new(order: Order) -> Self {
        Self { order, bounds: BinaryHeap::new(), events: BinaryHeap::new() }
    }

    /// Adds a source, or events of it; `bound` is the nearest time of what is unread, `None` when nothing is.
    pub(crate) fn lot(&mut self, source: usize, events: impl IntoIterator<Item = Event>, bound: Option<i64>) {
        let order = self.order;
        self.events.extend(
            events.into_iter().map(|event| Reverse(Ranked { rank: rank(order, event.position), source, event })),
        );
        if let Some(bound) = bound {
            let bound = rank(order, Position::start_of(bound)).timestamp;
            self.bounds.push(Reverse((bound, source)));
        }
    }

    pub(crate) fn step(&mut self) -> Step {
        let nearest = self.events.peek().map(|Reverse(ranked)| ranked.rank.timestamp);
        match (nearest, self.bounds.peek()) {
            (nearest, Some(Reverse((bound, source)))) if nearest.is_none_or(|nearest| nearest >= *bound) => {
                let source = *source;
                self.bounds.pop();
                Step::Read(source)
            }
            (Some(_), _) => match self.events.pop() {
                Some(Reverse(ranked)) => Step::Give(ranked.source, ranked.event),
                None => Step::End,
            },
            (None, _) => Step::End,
        }
    }
}

/// Small is near: for the newest first, everything is turned round.
fn rank(order: Order, position: Position) -> Position {
    match order {
        Order::OldestFirst => position,
        Order::NewestFirst => Position {
            timestamp: u64::MAX - position.timestamp,
            ingestion: u64::MAX - position.ingestion,
            stream: u32::MAX - position.stream,
            sequence: u64::MAX - position.sequence,
            index: u32::MAX - position.index,
        },
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.rank == other.rank
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank.cmp(&other.rank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(stream: usize, sequence: usize, timestamp: u64) -> Event {
        let position = Position {
            timestamp,
            ingestion: sequence as u64,
            stream: u32::try_from(stream).unwrap(),
            sequence: sequence as u64,
            index: 0,
        };
        Event { position, message: bytes::Bytes::new() }
    }

    /// Reads sources chunk by chunk, as the reader does, and answers what came out and how many chunks were read.
    fn run(order: Order, sources: &[Vec<Vec<Event>>], limit: usize) -> (Vec<Position>, usize) {
        let first = |chunk: &Vec<Event>| chunk.iter().map(Event::timestamp).min().unwrap();
        let last = |chunk: &Vec<Event>| chunk.iter().map(Event::timestamp).max().unwrap();
        let span = sources.iter().flatten().map(|chunk| last(chunk) - first(chunk)).max().unwrap_or(0);
        let bound = |chunk: &Vec<Event>| match order {
            Order::OldestFirst => first(chunk),
            Order::NewestFirst => first(chunk) + span,
        };
        let mut unread: Vec<Vec<Vec<Event>>> = sources.to_vec();
        for source in &mut unread {
            source.sort_by_key(first);
            // The next chunk is the last of the list.
            if order == Order::OldestFirst {
                source.reverse();
            }
        }
        let mut merge = Merge::new(order);
        for (at, source) in unread.iter().enumerate() {
            merge.lot(at, [], source.last().map(bound));
        }
        let (mut given, mut read) = (Vec::new(), 0);
        while given.len() < limit {
            match merge.step() {
                Step::End => break,
                Step::Give(_, event) => given.push(event.position),
                Step::Read(at) => {
                    let chunk = unread[at].pop().unwrap();
                    read += 1;
                    let next = unread[at].last().map(bound);
                    merge.lot(at, chunk, next);
                }
            }
        }
        (given, read)
    }

    proptest! {
        #[test]
        fn events_come_out_in_order_and_none_is_lost(times in proptest::collection::vec(proptest::collection::vec(proptest::collection::vec(0u64..60, 1..4), 0..6), 0..4)) {
            let mut sources: Vec<Vec<Vec<Event>>> = Vec::new();
            for (stream, chunks) in times.into_iter().enumerate() {
                let numbered = chunks.into_iter().enumerate();
                let chunk = |(n, times): (usize, Vec<u64>)| times.into_iter().enumerate().map(|(i, at)| event(stream, n * 10 + i, at)).collect();
                sources.push(numbered.map(chunk).collect());
            }
            let mut all: Vec<Position> = sources.iter().flatten().flatten().map(|event| event.position).collect();
            all.sort();
            prop_assert_eq!(run(Order::OldestFirst, &sources, usize::MAX).0, all.clone());
            all.reverse();
            prop_assert_eq!(run(Order::NewestFirst, &sources, usize::MAX).0, all);
        }
    }

    #[test]
    fn only_the_chunks_that_are_needed_are_read() {
        let source: Vec<Vec<Event>> =
            (0..100).map(|n| vec![event(0, n, 10 * n as u64), event(0, n, 10 * n as u64 + 3)]).collect();
        let sources = [source];
        assert_eq!(run(Order::OldestFirst, &sources, 5).1, 3);
        assert_eq!(run(Order::NewestFirst, &sources, 5).1, 3);
    }
}
