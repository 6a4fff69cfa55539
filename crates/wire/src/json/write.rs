use crate::scalar::{base64_into, epoch_text, float_text, timestamp_format, timestamp_text};
use crate::{Doc, Kind, Member, Model, ShapeId, TimestampFormat};

/// Writes a structure with all its members.
pub(crate) fn encode(model: &Model, shape: ShapeId, doc: &Doc) -> String {
    let mut out = String::with_capacity(256);
    encode_structure(model, shape, doc, &mut out, |_| true);
    out
}

/// Writes the members of a structure that `takes` lets through.
pub(crate) fn encode_structure(
    model: &Model,
    shape: ShapeId,
    doc: &Doc,
    out: &mut String,
    takes: impl Fn(&Member) -> bool,
) {
    let Doc::Struct(slots) = doc else {
        out.push_str("{}");
        return;
    };
    let mut before = '{';
    for (member, slot) in model.members(shape).iter().zip(slots) {
        let Some(value) = slot else { continue };
        if takes(member) {
            out.push(std::mem::replace(&mut before, ','));
            write_string(member.wire_name, out);
            out.push(':');
            write(model, member, value, out);
        }
    }
    close(before, '{', '}', out);
}

fn close(before: char, open: char, close: char, out: &mut String) {
    if before == open {
        out.push(open);
    }
    out.push(close);
}

/// Writes one value.
pub(crate) fn write(model: &Model, member: &Member, doc: &Doc, out: &mut String) {
    use std::fmt::Write;
    let shape = model.shape(member.shape);
    match (doc, &shape.kind) {
        (Doc::Bool(value), _) => out.push_str(if *value { "true" } else { "false" }),
        (Doc::Int(value), _) => drop(write!(out, "{value}")),
        (Doc::Float(value), kind) if value.is_finite() => out.push_str(&float_text(*value, kind)),
        (Doc::Float(value), kind) => write_string(&float_text(*value, kind), out),
        (Doc::Str(text), _) => write_string(text, out),
        (Doc::Blob(bytes), _) => {
            out.push('"');
            base64_into(bytes, out);
            out.push('"');
        }
        (Doc::Time(at), _) => match timestamp_format(member, shape, TimestampFormat::Epoch) {
            TimestampFormat::Epoch => epoch_text(*at, out),
            format => write_string(&timestamp_text(*at, format), out),
        },
        (Doc::List(items), Kind::List(item)) => {
            let mut before = '[';
            for value in items {
                out.push(std::mem::replace(&mut before, ','));
                write_slot(model, item, value.as_ref(), out);
            }
            close(before, '[', ']', out);
        }
        (Doc::Map(entries), Kind::Map(_, of)) => {
            let mut before = '{';
            for (key, value) in entries {
                out.push(std::mem::replace(&mut before, ','));
                write_string(key, out);
                out.push(':');
                write_slot(model, of, value.as_ref(), out);
            }
            close(before, '{', '}', out);
        }
        (Doc::Struct(_), _) => encode_structure(model, member.shape, doc, out, |_| true),
        (Doc::Json(value), _) if member.json_value => write_string(&value.to_string(), out),
        (Doc::Json(value), _) => out.push_str(&value.to_string()),
        // A value that is not of its shape: a fault of ours that must not break the answer's syntax.
        (Doc::List(_) | Doc::Map(_), _) => out.push_str("null"),
    }
}

fn write_slot(model: &Model, member: &Member, slot: Option<&Doc>, out: &mut String) {
    match slot {
        Some(value) => write(model, member, value, out),
        None => out.push_str("null"),
    }
}

/// Writes a string with its quotes.
pub(crate) fn write_string(text: &str, out: &mut String) {
    use std::fmt::Write;
    out.push('"');
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0..=0x1f => "",
            _ => continue,
        };
        out.push_str(text.get(from..at).unwrap_or_default());
        match escape {
            "" => drop(write!(out, "\\u{byte:04x}")),
            escape => out.push_str(escape),
        }
        from = at + 1;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out.push('"');
}
