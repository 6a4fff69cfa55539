//! A function's output becomes log events: framed messages stay whole, raw output is cut into lines.

use std::collections::VecDeque;

use bytes::{Buf, BytesMut};

use crate::limits::{LOG_EVENT_BYTES_MAX, TAIL_BYTES_MAX};

/// The upper bytes of a telemetry frame's type; the lowest byte tells level and format.
const FRAME_TYPE: u32 = 0xa55a_0000;
const FRAME_PREFIX: usize = 16;

/// Cuts raw output (stdout, stderr) into lines. Empty lines are dropped, as AWS drops them; too long ones are split.
#[derive(Default)]
pub struct Lines {
    pub buffer: BytesMut,
}

impl Lines {
    pub fn next_line(&mut self) -> Option<String> {
        loop {
            let end = self.buffer.iter().take(LOG_EVENT_BYTES_MAX).position(|byte| *byte == b'\n');
            let line = match end {
                Some(end) => self.buffer.split_to(end + 1),
                None if self.buffer.len() >= LOG_EVENT_BYTES_MAX => self.buffer.split_to(LOG_EVENT_BYTES_MAX),
                None => return None,
            };
            if line.as_ref() != b"\n" {
                return Some(String::from_utf8_lossy(&line).into_owned());
            }
        }
    }

    /// What stands there without a newline, once nothing more will come.
    pub fn rest(&mut self) -> Option<String> {
        let rest = self.buffer.split();
        (!rest.is_empty()).then(|| String::from_utf8_lossy(&rest).into_owned())
    }
}

/// Reads what a runtime client writes to `_LAMBDA_TELEMETRY_LOG_FD`: type, length, microseconds, message, big-endian.
#[derive(Default)]
pub struct Frames {
    pub buffer: BytesMut,
    /// Bytes still to come of a message whose beginning was long enough for an event.
    left: usize,
}

impl Frames {
    /// The next message, whole; one over the limit comes in pieces. What is no frame is taken as raw text.
    pub fn next_message(&mut self) -> Option<String> {
        if self.left > 0 {
            return self.piece();
        }
        let mut prefix = self.buffer.get(..FRAME_PREFIX)?;
        let (kind, length) = (prefix.get_u32(), prefix.get_u32() as usize);
        if kind & 0xffff_ff00 != FRAME_TYPE {
            return Some(String::from_utf8_lossy(&self.buffer.split()).into_owned());
        }
        if self.buffer.len() < FRAME_PREFIX + length.min(LOG_EVENT_BYTES_MAX) {
            return None;
        }
        self.buffer.advance(FRAME_PREFIX);
        self.left = length;
        if length == 0 { self.next_message() } else { self.piece() }
    }

    fn piece(&mut self) -> Option<String> {
        let size = self.left.min(LOG_EVENT_BYTES_MAX);
        if self.buffer.len() < size {
            return None;
        }
        self.left -= size;
        Some(String::from_utf8_lossy(&self.buffer.split_to(size)).into_owned())
    }
}

/// The end of an invocation's log.
#[derive(Default)]
pub struct Tail {
    bytes: VecDeque<u8>,
}

impl Tail {
    pub fn push(&mut self, message: &str) {
        self.bytes.extend(message.bytes());
        let over = self.bytes.len().saturating_sub(TAIL_BYTES_MAX);
        self.bytes.drain(..over);
    }

    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes).into()
    }
}

/// Any bytes give messages no longer than an event, and no panic.
#[doc(hidden)]
pub fn fuzz_telemetry(data: &[u8]) {
    let mut frames = Frames::default();
    let mut lines = Lines::default();
    for piece in data.chunks(5) {
        frames.buffer.extend_from_slice(piece);
        lines.buffer.extend_from_slice(piece);
        while frames.next_message().is_some() {}
        while let Some(line) = lines.next_line() {
            assert!(line != "\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(message: &[u8]) -> Vec<u8> {
        let mut bytes = 0xa55a_0003_u32.to_be_bytes().to_vec();
        bytes.extend((message.len() as u32).to_be_bytes());
        bytes.extend(7_u64.to_be_bytes());
        bytes.extend(message);
        bytes
    }

    #[test]
    fn raw_output_is_cut_at_newlines_and_empty_lines_are_dropped() {
        let mut lines = Lines::default();
        lines.buffer.extend_from_slice(b"\nmulti\nline\nstring\nanother\rline\n\nend");
        let all: Vec<String> = std::iter::from_fn(|| lines.next_line()).collect();
        assert_eq!(all, ["multi\n", "line\n", "string\n", "another\rline\n"]);
        assert_eq!(lines.rest().as_deref(), Some("end"));
        assert_eq!(lines.rest(), None);
    }

    #[test]
    fn a_framed_message_is_one_event_whatever_its_newlines() {
        let mut frames = Frames::default();
        for byte in frame(b"a\nb\n").into_iter().chain(frame(b"c")) {
            frames.buffer.extend_from_slice(&[byte]);
        }
        assert_eq!(frames.next_message().as_deref(), Some("a\nb\n"));
        assert_eq!(frames.next_message().as_deref(), Some("c"));
        assert_eq!(frames.next_message(), None);
    }

    #[test]
    fn a_message_over_the_limit_comes_in_pieces() {
        let mut frames = Frames::default();
        frames.buffer.extend_from_slice(&frame(&vec![b'x'; LOG_EVENT_BYTES_MAX + 3]));
        assert_eq!(frames.next_message().map(|m| m.len()), Some(LOG_EVENT_BYTES_MAX));
        assert_eq!(frames.next_message().as_deref(), Some("xxx"));
    }

    #[test]
    fn the_tail_is_the_last_four_kilobytes() {
        let mut tail = Tail::default();
        tail.push(&"a".repeat(5000));
        tail.push("end\n");
        let bytes = tail.take();
        assert_eq!(bytes.len(), TAIL_BYTES_MAX);
        assert!(bytes.ends_with(b"aend\n"));
    }
}
