//! The private channel's frames.
//!
//! A frame is three big-endian 32-bit numbers (kind, bytes of head, bytes of body), a head in JSON, and a body.

use bytes::{Buf, Bytes, BytesMut};
use serde::Deserialize;

use super::state::{Call, Payload};
use crate::limits::{FRAME_HEAD_BYTES_MAX, RESPONSE_BYTES_MAX};

const PREFIX: usize = 12;
const NEXT: u32 = 1;
const RESPONSE: u32 = 2;
const ERROR: u32 = 3;
const EVENT: u32 = 16;

/// The runtime wrote something that is no frame; nothing that follows can be trusted.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("the runtime broke the channel's protocol: {0}")]
pub struct Broken(&'static str);

#[derive(Deserialize)]
struct Head {
    id: String,
}

/// Turns bytes into calls. A body over the limit is counted and dropped while it comes in, never kept.
#[derive(Default)]
pub struct Decoder {
    buffer: BytesMut,
    dropping: Option<(Call, usize)>,
}

impl Decoder {
    /// Where the next bytes are read into.
    pub fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    /// The next whole call, or `None` while more bytes are needed.
    pub fn next_call(&mut self) -> Result<Option<Call>, Broken> {
        if let Some((call, left)) = self.dropping.take() {
            let now = left.min(self.buffer.len());
            self.buffer.advance(now);
            if now < left {
                self.dropping = Some((call, left - now));
                return Ok(None);
            }
            return Ok(Some(call));
        }
        let Some(mut prefix) = self.buffer.get(..PREFIX) else { return Ok(None) };
        let (kind, head, body) = (prefix.get_u32(), prefix.get_u32() as usize, prefix.get_u32() as usize);
        if head > FRAME_HEAD_BYTES_MAX {
            return Err(Broken("the head is too long"));
        }
        let too_large = body > RESPONSE_BYTES_MAX;
        let needed = PREFIX + head + if too_large { 0 } else { body };
        if self.buffer.len() < needed {
            self.buffer.reserve(needed - self.buffer.len());
            return Ok(None);
        }
        let mut frame = self.buffer.split_to(needed).freeze();
        frame.advance(PREFIX);
        let head = frame.split_to(head);
        if !too_large {
            return call(kind, &head, Payload::Whole(frame)).map(Some);
        }
        self.dropping = Some((call(kind, &head, Payload::TooLarge)?, body));
        self.next_call()
    }
}

fn call(kind: u32, head: &[u8], payload: Payload) -> Result<Call, Broken> {
    let id = || serde_json::from_slice::<Head>(head).map(|h| h.id).map_err(|_| Broken("the head names no invocation"));
    match kind {
        NEXT => Ok(Call::Next),
        RESPONSE => Ok(Call::Response { id: id()?, payload }),
        ERROR => Ok(Call::Error { id: id()?, payload }),
        _ => Err(Broken("no such kind of frame")),
    }
}

/// An event on its way to the runtime: the prefix with the head, and the body apart, so that it is not copied.
pub fn encode_event(headers: &[(&'static str, String)], body: &Bytes) -> [Bytes; 2] {
    let head: serde_json::Map<String, serde_json::Value> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
    let head = serde_json::Value::Object(head).to_string();
    let mut start = Vec::with_capacity(PREFIX + head.len());
    for number in [EVENT as usize, head.len(), body.len()] {
        start.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes());
    }
    start.extend_from_slice(head.as_bytes());
    [start.into(), body.clone()]
}

/// Any bytes, in any pieces, give calls or `Broken`, the same as in one piece.
#[doc(hidden)]
pub fn fuzz_frames(data: &[u8]) {
    let whole = decode_all([data].into_iter());
    let pieces = decode_all(data.chunks(7));
    assert_eq!(whole, pieces);
}

fn decode_all<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Call>, Option<Broken>) {
    let (mut decoder, mut calls) = (Decoder::default(), Vec::new());
    for piece in pieces {
        decoder.buffer().extend_from_slice(piece);
        loop {
            match decoder.next_call() {
                Ok(Some(call)) => calls.push(call),
                Ok(None) => break,
                Err(broken) => return (calls, Some(broken)),
            }
        }
    }
    (calls, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u32, head: &str, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in [kind, head.len() as u32, body.len() as u32] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(head.as_bytes());
        bytes.extend_from_slice(body);
        bytes
    }

    #[test]
    fn calls_come_out_in_order_whatever_the_pieces() {
        let mut bytes = frame(NEXT, "", b"");
        bytes.extend(frame(RESPONSE, r#"{"id":"a"}"#, b"{}"));
        bytes.extend(frame(ERROR, r#"{"id":"b","xray":"x"}"#, b"null"));
        let expected = vec![
            Call::Next,
            Call::Response { id: "a".into(), payload: Payload::Whole(Bytes::from_static(b"{}")) },
            Call::Error { id: "b".into(), payload: Payload::Whole(Bytes::from_static(b"null")) },
        ];
        for size in [1, 5, 13, 1000] {
            assert_eq!(decode_all(bytes.chunks(size)), (expected.clone(), None));
        }
    }

    #[test]
    fn a_body_over_the_limit_is_dropped_and_the_next_call_read() {
        let mut bytes = frame(RESPONSE, r#"{"id":"a"}"#, &vec![b'x'; RESPONSE_BYTES_MAX + 1]);
        bytes.extend(frame(NEXT, "", b""));
        let (calls, broken) = decode_all(bytes.chunks(65536));
        assert_eq!(calls, vec![Call::Response { id: "a".into(), payload: Payload::TooLarge }, Call::Next]);
        assert_eq!(broken, None);
    }

    #[test]
    fn what_is_no_frame_is_broken() {
        assert!(decode_all([&frame(9, "", b"")[..]].into_iter()).1.is_some());
        assert!(decode_all([&frame(RESPONSE, "{}", b"")[..]].into_iter()).1.is_some());
        assert!(decode_all([&[0xff; 12][..]].into_iter()).1.is_some());
    }
}
