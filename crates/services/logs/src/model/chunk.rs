//! Events packed for the disk: a few bytes beside each message, and no parsing on the way in.
//!
//! Form, version 1: the version byte; then numbers in base 128: the last event's time as distance from the first, the
//! distance of the due clock from the wall clock, the time of ingestion, the call's sequence, the first event's index, the
//! number of events; then for each event the distance from the time before, the length of the message, the message.

use bytes::Bytes;

use super::position::Position;
use crate::error::{Error, Result};

const VERSION: u8 = 1;

/// What a chunk says of itself; its stream and its first event's time are in its key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Header {
    pub last_timestamp: i64,
    /// Milliseconds by which the due clock was ahead of the wall clock at ingestion: retention counts in due time.
    pub clock_ahead: i64,
    pub ingestion: i64,
    pub sequence: u64,
    pub first_index: u32,
    count: u64,
}

/// One event as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub position: Position,
    pub message: Bytes,
}

impl Event {
    pub(crate) fn timestamp(&self) -> i64 {
        i64::try_from(self.position.timestamp).unwrap_or(i64::MAX)
    }

    pub(crate) fn ingestion(&self) -> i64 {
        i64::try_from(self.position.ingestion).unwrap_or(i64::MAX)
    }

    /// Errors: the message is not what was written.
    pub(crate) fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.message).map_err(|_| Error::DamagedChunk)
    }
}

impl Header {
    pub(crate) fn new(ingestion: i64, clock_ahead: i64, sequence: u64, first_index: u32) -> Self {
        Self { last_timestamp: 0, clock_ahead, ingestion, sequence, first_index, count: 0 }
    }
}

/// Packs events, which are in order of time. Answers nothing for no events.
pub(crate) fn encode(header: Header, events: &[(i64, &str)]) -> Option<Bytes> {
    let (&(first, _), &(last, _)) = (events.first()?, events.last()?);
    let messages: usize = events.iter().map(|(_, message)| message.len() + 6).sum();
    let mut out = Vec::with_capacity(messages + 40);
    out.push(VERSION);
    push_signed(&mut out, last.wrapping_sub(first));
    push_signed(&mut out, header.clock_ahead);
    push_signed(&mut out, header.ingestion);
    push(&mut out, header.sequence);
    push(&mut out, u64::from(header.first_index));
    push(&mut out, events.len() as u64);
    let mut before = first;
    for (at, message) in events {
        push_signed(&mut out, at.wrapping_sub(before));
        before = *at;
        push(&mut out, message.len() as u64);
        out.extend_from_slice(message.as_bytes());
    }
    Some(out.into())
}

/// Reads the header of a chunk that begins at `first`, and leaves the events.
pub(crate) fn header(first: i64, chunk: &mut Bytes) -> Result<Header> {
    let version = take(chunk, 1)?;
    if version.as_ref() != [VERSION] {
        return Err(Error::DamagedChunk);
    }
    let last_timestamp = first.wrapping_add(pull_signed(chunk)?);
    let (clock_ahead, ingestion, sequence) = (pull_signed(chunk)?, pull_signed(chunk)?, pull(chunk)?);
    let first_index = u32::try_from(pull(chunk)?).map_err(|_| Error::DamagedChunk)?;
    Ok(Header { last_timestamp, clock_ahead, ingestion, sequence, first_index, count: pull(chunk)? })
}

/// Unpacks a chunk of `stream` that begins at `first`; the messages share its memory.
pub(crate) fn decode(stream: u32, first: i64, mut chunk: Bytes) -> Result<(Header, Vec<Event>)> {
    let header = header(first, &mut chunk)?;
    // A damaged count must not reserve memory; every event takes at least two bytes.
    let count = usize::try_from(header.count).unwrap_or(usize::MAX).min(chunk.len() / 2);
    let mut events = Vec::with_capacity(count);
    let mut at = first;
    for offset in 0..header.count {
        at = at.wrapping_add(pull_signed(&mut chunk)?);
        let length = usize::try_from(pull(&mut chunk)?).map_err(|_| Error::DamagedChunk)?;
        let message = take(&mut chunk, length)?;
        let index = u32::try_from(offset).ok().and_then(|offset| header.first_index.checked_add(offset));
        let position = Position {
            timestamp: u64::try_from(at).map_err(|_| Error::DamagedChunk)?,
            ingestion: u64::try_from(header.ingestion).map_err(|_| Error::DamagedChunk)?,
            stream,
            sequence: header.sequence,
            index: index.ok_or(Error::DamagedChunk)?,
        };
        events.push(Event { position, message });
    }
    Ok((header, events))
}

fn take(chunk: &mut Bytes, length: usize) -> Result<Bytes> {
    if length > chunk.len() { Err(Error::DamagedChunk) } else { Ok(chunk.split_to(length)) }
}

#[allow(clippy::cast_possible_truncation)] // Seven bits at a time.
fn push(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number as u8) | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn pull(chunk: &mut Bytes) -> Result<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let byte = *chunk.first().ok_or(Error::DamagedChunk)?;
        let _ = chunk.split_to(1);
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Error::DamagedChunk)
}

#[allow(clippy::cast_sign_loss)] // Zigzag: small distances of either sign are short.
fn push_signed(out: &mut Vec<u8>, number: i64) {
    push(out, ((number << 1) ^ (number >> 63)) as u64);
}

#[allow(clippy::cast_possible_wrap)]
fn pull_signed(chunk: &mut Bytes) -> Result<i64> {
    let number = pull(chunk)?;
    Ok(((number >> 1) as i64) ^ -((number & 1) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn events_read_back_as_they_were_packed(
            mut events in proptest::collection::vec((0i64..1 << 47, "\\PC{1,30}"), 1..20),
            ingestion in 0i64..1 << 47, ahead in -9_000i64..1 << 40, sequence in 0u64..1 << 40, index in 0u32..1 << 20,
        ) {
            events.sort_by_key(|(at, _)| *at);
            let given: Vec<(i64, &str)> = events.iter().map(|(at, message)| (*at, message.as_str())).collect();
            let chunk = encode(Header::new(ingestion, ahead, sequence, index), &given).unwrap();
            let (header, read) = decode(7, given[0].0, chunk).unwrap();
            prop_assert_eq!((header.clock_ahead, header.last_timestamp), (ahead, given[given.len() - 1].0));
            prop_assert_eq!(read.len(), given.len());
            for (offset, (event, (at, message))) in read.iter().zip(&given).enumerate() {
                prop_assert_eq!((event.timestamp(), event.ingestion(), event.text().unwrap()), (*at, ingestion, *message));
                prop_assert_eq!(event.position.index, index + u32::try_from(offset).unwrap());
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), first in any::<i64>()) {
            let _ = decode(0, first, bytes.clone().into());
            let mut versioned = vec![VERSION];
            versioned.extend(bytes);
            let _ = decode(0, first, versioned.into());
        }
    }

    #[test]
    fn a_short_line_costs_few_bytes_beside_its_text() {
        let line = "START RequestId: 8f507cfc-example Version: $LATEST";
        let one = encode(Header::new(1_800_000_000_000, 0, 3, 0), &[(1_800_000_000_000, line)]).unwrap();
        let two =
            encode(Header::new(1_800_000_000_000, 0, 3, 0), &[(1_800_000_000_000, line), (1_800_000_000_001, line)])
                .unwrap();
        assert!(one.len() <= line.len() + 16, "{}", one.len());
        assert_eq!(two.len() - one.len(), line.len() + 2);
    }
}
