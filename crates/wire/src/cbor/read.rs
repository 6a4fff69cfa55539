use std::borrow::Cow;

use kernel::Timestamp;

use crate::budget::Budget;
use crate::limits::DEPTH_MAX;
use crate::malformed::Malformed;
use crate::scalar::{from_epoch, parse_timestamp};
use crate::{Doc, Kind, Member, Model, ProtocolKind, ShapeId, TimestampFormat};

/// Reads a body as a structure. No bytes at all are an empty one.
pub(crate) fn decode(model: &Model, protocol: ProtocolKind, shape: ShapeId, bytes: &[u8]) -> Result<Doc, Malformed> {
    let mut reader =
        Reader { model, bytes, depth: 0, budget: Budget::new(), millis: protocol == ProtocolKind::AwsCbor11 };
    if bytes.is_empty() {
        return Ok(Doc::empty(model.members(shape).len()));
    }
    let head = reader.head()?;
    let doc = reader.structure(shape, head)?;
    if reader.bytes.is_empty() { Ok(doc) } else { Err(Malformed::Syntax) }
}

/// The first bytes of an item: its major type, and its argument where it has one.
#[derive(Clone, Copy, Debug)]
struct Head {
    major: u8,
    info: u8,
    /// None where the length is open.
    argument: Option<u64>,
}

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;

const FALSE: u8 = 20;
const TRUE: u8 = 21;
const NULL: u8 = 22;
const UNDEFINED: u8 = 23;
const HALF: u8 = 25;
const SINGLE: u8 = 26;
const DOUBLE: u8 = 27;
const OPEN: u8 = 31;

impl Head {
    fn is_null(self) -> bool {
        self.major == SIMPLE && matches!(self.info, NULL | UNDEFINED)
    }

    fn is_break(self) -> bool {
        self.major == SIMPLE && self.info == OPEN
    }
}

struct Reader<'a> {
    model: &'a Model,
    bytes: &'a [u8],
    depth: usize,
    budget: Budget,
    /// Timestamps are milliseconds, not seconds.
    millis: bool,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: u64) -> Result<&'a [u8], Malformed> {
        let count = usize::try_from(count).map_err(|_| Malformed::Syntax)?;
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(Malformed::Syntax)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn head(&mut self) -> Result<Head, Malformed> {
        let first = self.take(1)?.first().copied().ok_or(Malformed::Syntax)?;
        let (major, info) = (first >> 5, first & 0x1f);
        let argument = match info {
            0..=23 => Some(u64::from(info)),
            24..=27 => {
                let bytes = self.take(1 << (info - 24))?;
                Some(bytes.iter().fold(0, |value, byte| (value << 8) | u64::from(*byte)))
            }
            OPEN if matches!(major, BYTES | TEXT | ARRAY | MAP | SIMPLE) => None,
            _ => return Err(Malformed::Syntax),
        };
        Ok(Head { major, info, argument })
    }

    /// The head of the next value, past any tags, with the last tag.
    fn untagged(&mut self, mut head: Head) -> Result<(Head, Option<u64>), Malformed> {
        let mut tag = None;
        while head.major == TAG {
            tag = head.argument;
            head = self.head()?;
        }
        Ok((head, tag))
    }

    fn down(&mut self) -> Result<(), Malformed> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(Malformed::Syntax) } else { Ok(()) }
    }

    /// The head of the next item of a collection; none when it has ended.
    fn next(&mut self, left: &mut Option<u64>) -> Result<Option<Head>, Malformed> {
        match left {
            Some(0) => return Ok(None),
            Some(left) => *left -= 1,
            None => {}
        }
        let head = self.head()?;
        if !head.is_break() {
            return Ok(Some(head));
        }
        if left.is_none() { Ok(None) } else { Err(Malformed::Syntax) }
    }

    fn string(&mut self, head: Head) -> Result<Cow<'a, [u8]>, Malformed> {
        if let Some(length) = head.argument {
            return self.take(length).map(Cow::Borrowed);
        }
        let mut whole = Vec::new();
        loop {
            let chunk = self.head()?;
            if chunk.is_break() {
                return Ok(Cow::Owned(whole));
            }
            match chunk.argument {
                Some(length) if chunk.major == head.major => whole.extend_from_slice(self.take(length)?),
                _ => return Err(Malformed::Syntax),
            }
        }
    }

    fn text(&mut self, head: Head) -> Result<Cow<'a, str>, Malformed> {
        match self.string(head)? {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Malformed::Syntax),
            Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| Malformed::Syntax),
        }
    }

    fn key(&mut self, head: Head) -> Result<Cow<'a, str>, Malformed> {
        if head.major == TEXT { self.text(head) } else { Err(Malformed::Syntax) }
    }

    fn structure(&mut self, shape: ShapeId, head: Head) -> Result<Doc, Malformed> {
        let (head, _) = self.untagged(head)?;
        if head.major != MAP {
            return Err(Malformed::of_type(match head.major {
                ARRAY => "Start of list found where not expected",
                _ => "Unexpected field type",
            }));
        }
        self.down()?;
        let members = self.model.members(shape);
        self.budget.take(members.len())?;
        let mut slots = vec![None; members.len()];
        let mut left = head.argument;
        while let Some(head) = self.next(&mut left)? {
            let key = self.key(head)?;
            let value = self.head()?;
            match members.iter().zip(&mut slots).find(|(member, _)| member.wire_name == key) {
                Some((member, slot)) => *slot = self.slot(member, value)?,
                None => self.skip(value)?,
            }
        }
        self.depth -= 1;
        Ok(Doc::Struct(slots))
    }

    fn slot(&mut self, member: &Member, head: Head) -> Result<Option<Doc>, Malformed> {
        let (head, tag) = self.untagged(head)?;
        if head.is_null() { Ok(None) } else { self.value(member, head, tag).map(Some) }
    }

    fn value(&mut self, member: &Member, head: Head, tag: Option<u64>) -> Result<Doc, Malformed> {
        let kind = &self.model.shape(member.shape).kind;
        match (kind, head.major) {
            (Kind::String | Kind::Enum(_), TEXT) => Ok(Doc::Str(self.text(head)?.into_owned())),
            (Kind::Blob | Kind::Stream, BYTES) => Ok(Doc::Blob(self.string(head)?.into_owned().into())),
            (Kind::Boolean, SIMPLE) if matches!(head.info, FALSE | TRUE) => Ok(Doc::Bool(head.info == TRUE)),
            (Kind::Integer | Kind::Long, UNSIGNED | NEGATIVE) => integer(kind, head).map(Doc::Int),
            (Kind::Integer | Kind::Long, SIMPLE) | (Kind::Float | Kind::Double, UNSIGNED | NEGATIVE | SIMPLE) => {
                number(head).map(|number| as_kind(kind, number)).ok_or_else(|| wrong_type(kind, head))
            }
            (Kind::Timestamp(_), UNSIGNED | NEGATIVE | SIMPLE) => {
                let seconds = number(head).ok_or_else(|| wrong_type(kind, head))?;
                let seconds = if self.millis { seconds / 1000.0 } else { seconds };
                from_epoch(seconds).map(Doc::Time).ok_or_else(|| wrong_type(kind, head))
            }
            (Kind::Timestamp(_), TEXT) if tag == Some(0) => {
                let text = self.text(head)?;
                let at: Option<Timestamp> = parse_timestamp(&text, TimestampFormat::Iso8601);
                at.map(Doc::Time).ok_or_else(|| wrong_type(kind, head))
            }
            (Kind::List(item), ARRAY) => self.list(item, head),
            (Kind::Map(_, of), MAP) => self.map(of, head),
            (Kind::Structure(_) | Kind::Union(_), MAP) => self.structure(member.shape, head),
            _ => Err(wrong_type(kind, head)),
        }
    }

    fn list(&mut self, item: &Member, head: Head) -> Result<Doc, Malformed> {
        self.down()?;
        let (mut left, mut items) = (head.argument, Vec::new());
        while let Some(head) = self.next(&mut left)? {
            self.budget.take(1)?;
            items.push(self.slot(item, head)?);
        }
        self.depth -= 1;
        Ok(Doc::List(items))
    }

    fn map(&mut self, of: &Member, head: Head) -> Result<Doc, Malformed> {
        self.down()?;
        let (mut left, mut entries) = (head.argument, Vec::new());
        while let Some(head) = self.next(&mut left)? {
            self.budget.take(1)?;
            let key = self.key(head)?.into_owned();
            let value = self.head()?;
            entries.push((key, self.slot(of, value)?));
        }
        self.depth -= 1;
        Ok(Doc::Map(entries))
    }

    /// Takes a whole value that nobody reads.
    fn skip(&mut self, head: Head) -> Result<(), Malformed> {
        let (head, _) = self.untagged(head)?;
        match head.major {
            BYTES | TEXT => drop(self.string(head)?),
            ARRAY | MAP => {
                self.down()?;
                let mut left = head.argument;
                while let Some(item) = self.next(&mut left)? {
                    self.skip(item)?;
                    if head.major == MAP {
                        let value = self.head()?;
                        self.skip(value)?;
                    }
                }
                self.depth -= 1;
            }
            SIMPLE if head.is_break() => return Err(Malformed::Syntax),
            _ => {}
        }
        Ok(())
    }
}

fn integer(kind: &Kind, head: Head) -> Result<i64, Malformed> {
    let magnitude = head.argument.and_then(|argument| i64::try_from(argument).ok());
    let value = magnitude.map(|value| if head.major == NEGATIVE { -1 - value } else { value });
    value.filter(|value| matches!(kind, Kind::Long) || i32::try_from(*value).is_ok()).ok_or_else(|| {
        let java = if matches!(kind, Kind::Long) { "long" } else { "int" };
        Malformed::Type(format!("Numeric value out of range of {java}"))
    })
}

/// Any number as a float.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)] // The lower bits are what the width says.
fn number(head: Head) -> Option<f64> {
    let argument = head.argument?;
    match (head.major, head.info) {
        (UNSIGNED, _) => Some(argument as f64),
        (NEGATIVE, _) => Some(-1.0 - argument as f64),
        (SIMPLE, HALF) => Some(half(argument as u16)),
        (SIMPLE, SINGLE) => Some(f64::from(f32::from_bits(argument as u32))),
        (SIMPLE, DOUBLE) => Some(f64::from_bits(argument)),
        _ => None,
    }
}

#[allow(clippy::cast_possible_truncation)] // Fractions are cut off, as AWS's reader does.
fn as_kind(kind: &Kind, number: f64) -> Doc {
    match kind {
        Kind::Integer | Kind::Long => Doc::Int(number as i64),
        _ => Doc::Float(number),
    }
}

/// IEEE 754's 16-bit floats.
fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from((bits >> 10) & 0x1f), f64::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2.0_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * 2.0_f64.powi(exponent - 15),
    }
}

fn wrong_type(kind: &Kind, head: Head) -> Malformed {
    let found = match (head.major, head.info) {
        (UNSIGNED | NEGATIVE, _) | (SIMPLE, HALF | SINGLE | DOUBLE) => "NUMBER_VALUE",
        (TEXT, _) => "STRING_VALUE",
        (SIMPLE, TRUE) => "TRUE_VALUE",
        (SIMPLE, FALSE) => "FALSE_VALUE",
        (MAP, _) => return Malformed::of_type("Start of structure or map found where not expected"),
        (ARRAY, _) => return Malformed::of_type("Start of list found where not expected"),
        _ => return Malformed::of_type("Unexpected field type"),
    };
    let java = match kind {
        Kind::Boolean => "Boolean",
        Kind::Integer => "Integer",
        Kind::Long => "Long",
        Kind::Float => "Float",
        Kind::Double => "Double",
        Kind::String | Kind::Enum(_) => "String",
        Kind::Timestamp(_) => "Timestamp",
        _ => return Malformed::of_type("Unexpected field type"),
    };
    Malformed::Type(format!("{found} cannot be converted to {java}"))
}
