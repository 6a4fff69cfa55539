use crate::{Doc, Kind, Member, Model, ProtocolKind, ShapeId};

/// Writes a structure with all its members.
pub(crate) fn encode(model: &Model, shape: ShapeId, doc: &Doc, protocol: ProtocolKind) -> Vec<u8> {
    let mut writer = Writer::open(protocol);
    writer.members(model, shape, doc);
    writer.finish()
}

/// Writes a map whose length is left open, as AWS does for structures.
pub(crate) struct Writer {
    out: Vec<u8>,
    millis: bool,
}

const OPEN_MAP: u8 = 0xbf;
const BREAK: u8 = 0xff;
const NULL: u8 = 0xf6;

impl Writer {
    pub(crate) fn open(protocol: ProtocolKind) -> Self {
        let mut out = Vec::with_capacity(256);
        out.push(OPEN_MAP);
        Self { out, millis: protocol == ProtocolKind::AwsCbor11 }
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.out.push(BREAK);
        self.out
    }

    pub(crate) fn text_pair(&mut self, key: &str, value: &str) {
        self.text(key);
        self.text(value);
    }

    pub(crate) fn members(&mut self, model: &Model, shape: ShapeId, doc: &Doc) {
        let Doc::Struct(slots) = doc else { return };
        for (member, slot) in model.members(shape).iter().zip(slots) {
            if let Some(value) = slot {
                self.text(member.wire_name);
                self.value(model, member, value);
            }
        }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // Widths and units of the format.
    fn value(&mut self, model: &Model, member: &Member, doc: &Doc) {
        match (doc, &model.shape(member.shape).kind) {
            (Doc::Bool(value), _) => self.out.push(if *value { 0xf5 } else { 0xf4 }),
            (Doc::Int(value), _) => self.integer(*value),
            (Doc::Float(value), Kind::Float) => {
                self.out.push(0xfa);
                self.out.extend_from_slice(&(*value as f32).to_be_bytes());
            }
            (Doc::Float(value), _) => self.double(*value),
            (Doc::Str(text), _) => self.text(text),
            (Doc::Blob(bytes), _) => {
                self.head(2, bytes.len() as u64);
                self.out.extend_from_slice(bytes);
            }
            (Doc::Time(at), _) => {
                self.out.push(0xc1);
                match at.millis() {
                    millis if self.millis => self.integer(millis),
                    millis if millis % 1000 == 0 => self.integer(millis / 1000),
                    millis => self.double(millis as f64 / 1000.0),
                }
            }
            (Doc::List(items), Kind::List(item)) => {
                self.head(4, items.len() as u64);
                for value in items {
                    self.slot(model, item, value.as_ref());
                }
            }
            (Doc::Map(entries), Kind::Map(_, of)) => {
                self.head(5, entries.len() as u64);
                for (key, value) in entries {
                    self.text(key);
                    self.slot(model, of, value.as_ref());
                }
            }
            (Doc::Struct(_), _) => {
                self.out.push(OPEN_MAP);
                self.members(model, member.shape, doc);
                self.out.push(BREAK);
            }
            (Doc::Json(value), _) => self.text(&value.to_string()),
            // A value that is not of its shape: a fault of ours that must not break the answer's syntax.
            (Doc::List(_) | Doc::Map(_), _) => self.out.push(NULL),
        }
    }

    fn slot(&mut self, model: &Model, member: &Member, slot: Option<&Doc>) {
        match slot {
            Some(value) => self.value(model, member, value),
            None => self.out.push(NULL),
        }
    }

    fn double(&mut self, value: f64) {
        self.out.push(0xfb);
        self.out.extend_from_slice(&value.to_be_bytes());
    }

    fn integer(&mut self, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.head(0, value),
            Err(_) => self.head(1, value.unsigned_abs() - 1),
        }
    }

    fn text(&mut self, text: &str) {
        self.head(3, text.len() as u64);
        self.out.extend_from_slice(text.as_bytes());
    }

    /// A major type with its argument in the shortest form.
    #[allow(clippy::cast_possible_truncation)] // Each arm's range fits its width.
    fn head(&mut self, major: u8, argument: u64) {
        let major = major << 5;
        match argument {
            0..=23 => self.out.push(major | argument as u8),
            24..=0xff => self.out.extend_from_slice(&[major | 24, argument as u8]),
            0x100..=0xffff => {
                self.out.push(major | 25);
                self.out.extend_from_slice(&(argument as u16).to_be_bytes());
            }
            0x1_0000..=0xffff_ffff => {
                self.out.push(major | 26);
                self.out.extend_from_slice(&(argument as u32).to_be_bytes());
            }
            _ => {
                self.out.push(major | 27);
                self.out.extend_from_slice(&argument.to_be_bytes());
            }
        }
    }
}
