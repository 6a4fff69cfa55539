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
