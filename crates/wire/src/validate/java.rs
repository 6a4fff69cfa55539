//! Values and names as Java prints them, since that is what AWS's messages show.

use std::borrow::Cow;
use std::fmt::Write;

use crate::scalar::float_text;
use crate::{Doc, Kind, Model, ShapeId};

/// `FunctionName` → `functionName`.
pub(super) fn lower_first(name: &str) -> Cow<'_, str> {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) if first.is_uppercase() => Cow::Owned(first.to_lowercase().chain(letters).collect()),
        _ => Cow::Borrowed(name),
    }
}

/// The value in quotes, or nothing when it, or anything inside it, must not be shown.
pub(super) fn value(model: &Model, shape: ShapeId, doc: &Doc) -> String {
    let mut out = String::from("'");
    if print(model, shape, Some(doc), &mut out).is_none() {
        return String::new();
    }
    out.push('\'');
    out
}

/// None when something sensitive came up.
fn print(model: &Model, shape: ShapeId, doc: Option<&Doc>, out: &mut String) -> Option<()> {
    let facts = model.shape(shape);
    if facts.sensitive {
        return None;
    }
    let Some(doc) = doc else {
        out.push_str("null");
        return Some(());
    };
    let _ = match doc {
        Doc::Bool(value) => write!(out, "{value}"),
        Doc::Int(value) => write!(out, "{value}"),
        Doc::Float(value) => write!(out, "{}", float_text(*value, &facts.kind)),
        Doc::Str(text) => write!(out, "{text}"),
        Doc::Blob(bytes) => write!(out, "java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", bytes.len()),
        Doc::Time(at) => write!(out, "{}", at.iso8601()),
        Doc::Json(value) => write!(out, "{value}"),
        Doc::List(items) => return list(model, &facts.kind, items, out),
        Doc::Map(entries) => return map(model, &facts.kind, entries, out),
        Doc::Struct(slots) => return structure(model, shape, slots, out),
    };
    Some(())
}

fn list(model: &Model, kind: &Kind, items: &[Option<Doc>], out: &mut String) -> Option<()> {
    let Kind::List(item) = kind else { return Some(()) };
    out.push('[');
    for (at, value) in items.iter().enumerate() {
        out.push_str(if at == 0 { "" } else { ", " });
        print(model, item.shape, value.as_ref(), out)?;
    }
    out.push(']');
    Some(())
}

fn map(model: &Model, kind: &Kind, entries: &[(String, Option<Doc>)], out: &mut String) -> Option<()> {
    let Kind::Map(key, of) = kind else { return Some(()) };
    if model.shape(key.shape).sensitive {
        return None;
    }
    out.push('{');
    for (at, (name, value)) in entries.iter().enumerate() {
        out.push_str(if at == 0 { "" } else { ", " });
        out.push_str(name);
        out.push('=');
        print(model, of.shape, value.as_ref(), out)?;
    }
    out.push('}');
    Some(())
}

fn structure(model: &Model, shape: ShapeId, slots: &[Option<Doc>], out: &mut String) -> Option<()> {
    let _ = write!(out, "{}(", model.shape(shape).name);
    for (at, (member, slot)) in model.members(shape).iter().zip(slots).enumerate() {
        let _ = write!(out, "{}{}=", if at == 0 { "" } else { ", " }, lower_first(member.name));
        print(model, member.shape, slot.as_ref(), out)?;
    }
    out.push(')');
    Some(())
}
