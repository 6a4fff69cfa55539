//! A message, and its form on disk.
//!
//! A version byte, then fields in their order: numbers little-endian, texts with their length before them. Not JSON: a
//! message is written and read once per cycle, and its body is most of it.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::limits::INLINE_BODY_BYTES_MAX;

const VERSION: u8 = 1;

/// What is kept of a message as long as it is in a queue.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Message {
    pub id: [u8; 16],
    /// Milliseconds of `SentTimestamp`.
    pub sent: i64,
    /// `SenderId`.
    pub sender: String,
    pub body: Body,
    pub body_md5: [u8; 16],
    /// By name.
    pub attributes: Vec<(String, Attribute)>,
    pub trace_header: Option<String>,
    pub group: Option<Arc<str>>,
    pub deduplication_id: Option<String>,
    pub moved: Option<Moved>,
}

/// A message's id as clients see it.
pub(crate) fn uuid(id: &[u8; 16]) -> String {
    let hex = hex::encode(id);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// What a dead-letter queue shows of a message's life before.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Moved {
    pub source_arn: String,
    pub receives: u32,
    pub first_received: i64,
}

/// A body, or where it is: large ones have a record of their own.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    Here(String),
    Apart,
}

impl Default for Body {
    fn default() -> Self {
        Self::Here(String::new())
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Attribute {
    pub data_type: String,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Binary(Bytes),
}

impl Value {
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

impl Message {
    /// What of its id a receipt handle holds.
    pub(crate) fn mark(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.id;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    /// Whether the body has a record of its own.
    pub(crate) fn is_apart(&self) -> bool {
        match &self.body {
            Body::Here(body) => body.len() > INLINE_BODY_BYTES_MAX,
            Body::Apart => true,
        }
    }

    /// Bytes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        let body = if let Body::Here(body) = &self.body { body.len() } else { 0 };
        let attributes = self.attributes.iter().map(|(name, a)| name.len() + a.data_type.len() + a.value.bytes().len());
        256 + body + attributes.sum::<usize>()
    }

    pub(crate) fn encode(&self) -> Bytes {
        let mut out = Writer(BytesMut::with_capacity(self.weight()));
        out.0.extend_from_slice(&[VERSION]);
        out.0.extend_from_slice(&self.id);
        out.0.extend_from_slice(&self.sent.to_le_bytes());
        out.text(&self.sender);
        out.0.extend_from_slice(&self.body_md5);
        out.optional(match &self.body {
            Body::Here(body) => Some(body.as_str()),
            Body::Apart => None,
        });
        out.length(self.attributes.len());
        for (name, Attribute { data_type, value }) in &self.attributes {
            out.text(name);
            out.text(data_type);
            out.0.extend_from_slice(&[u8::from(matches!(value, Value::Binary(_)))]);
            out.bytes(value.bytes());
        }
        out.optional(self.trace_header.as_deref());
        out.optional(self.group.as_deref());
        out.optional(self.deduplication_id.as_deref());
        out.0.extend_from_slice(&[u8::from(self.moved.is_some())]);
        if let Some(Moved { source_arn, receives, first_received }) = &self.moved {
            out.text(source_arn);
            out.0.extend_from_slice(&receives.to_le_bytes());
            out.0.extend_from_slice(&first_received.to_le_bytes());
        }
        out.0.freeze()
    }

    /// `None` for bytes that no version has written.
    pub(crate) fn decode(record: &[u8]) -> Option<Self> {
        let mut rest = Reader(record);
        if rest.byte()? != VERSION {
            return None;
        }
        let id = rest.array()?;
        let sent = i64::from_le_bytes(rest.array()?);
        let sender = rest.text()?;
        let body_md5 = rest.array()?;
        let body = rest.optional()?.map_or(Body::Apart, Body::Here);
        let mut attributes = Vec::new();
        for _ in 0..rest.length()? {
            let (name, data_type, binary) = (rest.text()?, rest.text()?, rest.byte()? == 1);
            let value =
                if binary { Value::Binary(Bytes::copy_from_slice(rest.bytes()?)) } else { Value::Text(rest.text()?) };
            attributes.push((name, Attribute { data_type, value }));
        }
        let (trace_header, group, deduplication_id) = (rest.optional()?, rest.optional()?, rest.optional()?);
        let moved = match rest.byte()? {
            1 => Some(Moved {
                source_arn: rest.text()?,
                receives: u32::from_le_bytes(rest.array()?),
                first_received: i64::from_le_bytes(rest.array()?),
            }),
            _ => None,
        };
        let group = group.map(Into::into);
        rest.0.is_empty().then_some(Self {
            id,
            sent,
            sender,
            body,
            body_md5,
            attributes,
            trace_header,
            group,
            deduplication_id,
            moved,
        })
    }
}

pub(super) struct Writer(pub(super) BytesMut);

impl Writer {
    pub(super) fn length(&mut self, length: usize) {
        self.0.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    pub(super) fn optional(&mut self, text: Option<&str>) {
        self.0.extend_from_slice(&[u8::from(text.is_some())]);
        if let Some(text) = text {
            self.text(text);
        }
    }
}

pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(super) fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.array()?)).ok()
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    pub(super) fn optional(&mut self) -> Option<Option<String>> {
        match self.byte()? {
            0 => Some(None),
            _ => self.text().map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attribute() -> impl Strategy<Value = (String, Attribute)> {
        let value = prop_oneof![
            "\\PC{0,20}".prop_map(Value::Text),
            proptest::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| Value::Binary(bytes.into())),
        ];
        ("[a-z]{1,5}", "[A-Z]{1,5}", value).prop_map(|(name, data_type, value)| (name, Attribute { data_type, value }))
    }

    proptest! {
        #[test]
        fn a_message_reads_back_as_it_was(
            id in any::<[u8; 16]>(),
            sent in any::<i64>(),
            body in proptest::option::of("\\PC{0,60}"),
            attributes in proptest::collection::vec(attribute(), 0..4),
            group in proptest::option::of("[a-z]{1,8}"),
            moved in proptest::option::of((any::<u32>(), any::<i64>())),
        ) {
            let message = Message {
                id,
                sent,
                sender: "AROA:me".to_owned(),
                body: body.map_or(Body::Apart, Body::Here),
                body_md5: [7; 16],
                attributes,
                trace_header: group.clone(),
                group: group.map(Into::into),
                deduplication_id: None,
                moved: moved.map(|(receives, first_received)| Moved { source_arn: "arn".to_owned(), receives, first_received }),
            };
            let record = message.encode();
            prop_assert_eq!(Message::decode(&record), Some(message));
            for cut in 0..record.len() {
                prop_assert_eq!(Message::decode(&record[..cut]), None);
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Message::decode(&bytes);
        }
    }
}
