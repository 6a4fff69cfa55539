//! Reads the events of some streams of a log group in order, chunk by chunk.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;
use store::{Direction, Key, KeyRange, Store};

use crate::error::{Error, Result};
use crate::limits::{CHUNK_BYTES_MAX, CHUNKS_PER_READ};
use crate::model::chunk::{self, Event};
use crate::model::merge::{Merge, Order, Step};
use crate::model::position::Position;
use crate::records::{Place, Stream, chunk_first};

/// What to read.
pub(crate) struct Wanted {
    pub order: Order,
    /// Event times in milliseconds.
    pub window: Range<i64>,
    /// Only events beyond this one, in the order of reading.
    pub beyond: Option<Position>,
    /// In due time: events before it have passed their retention.
    pub expired_before: Option<i64>,
}

pub(crate) struct Reader<'a> {
    store: &'a Store,
    wanted: Wanted,
    sources: Vec<Source>,
    merge: Merge,
    bytes_read: usize,
}

struct Source {
    stream: u32,
    span: i64,
    prefix: Key,
    unread: KeyRange,
    loaded: VecDeque<(i64, Bytes)>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(
        store: &'a Store,
        place: &Place,
        group: u64,
        streams: impl IntoIterator<Item = Stream>,
        mut wanted: Wanted,
    ) -> Self {
        if let Some(beyond) = wanted.beyond {
            let at = i64::try_from(beyond.timestamp).unwrap_or(i64::MAX);
            match wanted.order {
                Order::OldestFirst => wanted.window.start = wanted.window.start.max(at),
                Order::NewestFirst => wanted.window.end = wanted.window.end.min(at.saturating_add(1)),
            }
        }
        let mut merge = Merge::new(wanted.order);
        let mut sources = Vec::new();
        for stream in streams {
            let (Some(first), Some(last)) = (stream.first, stream.last) else { continue };
            if last < wanted.window.start || first >= wanted.window.end {
                continue;
            }
            let bound = match wanted.order {
                Order::OldestFirst => first.max(wanted.window.start),
                Order::NewestFirst => last.min(wanted.window.end.saturating_sub(1)),
            };
            merge.lot(sources.len(), [], Some(bound));
            sources.push(Source::new(place.chunks(group, stream.id), &stream, &wanted.window));
        }
        Self { store, wanted, sources, merge, bytes_read: 0 }
    }

    /// Bytes of chunks that were unpacked so far.
    pub(crate) fn bytes_read(&self) -> usize {
        self.bytes_read
    }

    /// The next event, and which of the given streams it is of (by number).
    pub(crate) async fn next(&mut self) -> Result<Option<(u32, Event)>> {
        loop {
            match self.merge.step() {
                Step::End => return Ok(None),
                Step::Give(source, event) => {
                    return Ok(self.sources.get(source).map(|source| (source.stream, event)));
                }
                Step::Read(at) => {
                    let Some(source) = self.sources.get_mut(at) else { continue };
                    if source.loaded.is_empty() {
                        source.load(self.store, self.wanted.order)?;
                    }
                    let Some((first, chunk)) = source.loaded.pop_front() else { continue };
                    let before = self.bytes_read / CHUNK_BYTES_MAX;
                    self.bytes_read += chunk.len();
                    if self.bytes_read / CHUNK_BYTES_MAX > before {
                        // A long search gives way to other requests.
                        tokio::task::yield_now().await;
                    }
                    let (header, events) = chunk::decode(source.stream, first, chunk)?;
                    let clock_ahead = header.clock_ahead;
                    let wanted = &self.wanted;
                    let kept = events.into_iter().filter(|event| wanted.takes(event, clock_ahead));
                    if source.loaded.is_empty() {
                        source.load(self.store, self.wanted.order)?;
                    }
                    self.merge.lot(at, kept, source.bound(self.wanted.order));
                }
            }
        }
    }
}

impl Wanted {
    fn takes(&self, event: &Event, clock_ahead: i64) -> bool {
        let at = event.timestamp();
        let beyond = self.beyond.is_none_or(|beyond| match self.order {
            Order::OldestFirst => event.position > beyond,
            Order::NewestFirst => event.position < beyond,
        });
        let alive = self.expired_before.is_none_or(|before| at.saturating_add(clock_ahead) >= before);
        self.window.contains(&at) && beyond && alive
    }
}

impl Source {
    fn new(prefix: Key, stream: &Stream, window: &Range<i64>) -> Self {
        let at = |time: i64| prefix.clone().part_u64(u64::try_from(time).unwrap_or(0));
        // A chunk that begins before the window can reach into it.
        let unread = KeyRange::between(&at(window.start.saturating_sub(stream.span)), &at(window.end));
        Self { stream: stream.id, span: stream.span, prefix, unread, loaded: VecDeque::new() }
    }

    fn load(&mut self, store: &Store, order: Order) -> Result<()> {
        if self.unread.is_empty() {
            return Ok(());
        }
        let direction = match order {
            Order::OldestFirst => Direction::Forward,
            Order::NewestFirst => Direction::Backward,
        };
        let read = store.scan(&self.unread, CHUNKS_PER_READ, direction)?;
        let unread = self.unread.clone();
        self.unread = match read.last() {
            Some((last, _)) if read.len() == CHUNKS_PER_READ => match order {
                Order::OldestFirst => unread.continued_after(last),
                Order::NewestFirst => unread.continued_before(last),
            },
            _ => KeyRange::between(&self.prefix, &self.prefix),
        };
        for (key, chunk) in read {
            self.loaded.push_back((chunk_first(&key).ok_or(Error::DamagedChunk)?, chunk));
        }
        Ok(())
    }

    /// The nearest time that an event of an unread chunk can have.
    fn bound(&self, order: Order) -> Option<i64> {
        self.loaded.front().map(|(first, _)| match order {
            Order::OldestFirst => *first,
            Order::NewestFirst => first.saturating_add(self.span),
        })
    }
}
