use super::tree::{self, Element};
use crate::malformed::Malformed;
use crate::scalar::parse;
use crate::{Doc, Kind, Location, Member, Model, ShapeId, TimestampFormat};

/// Reads the members that a REST request carries in its body; the others keep what they have.
pub(crate) fn decode_into(
    model: &Model,
    shape: ShapeId,
    bytes: &[u8],
    slots: &mut [Option<Doc>],
) -> Result<(), Malformed> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let root = tree::parse(bytes)?;
    for (member, slot) in model.members(shape).iter().zip(slots) {
        if member.location == Location::Body {
            *slot = find(model, member, &root)?;
        }
    }
    Ok(())
}

/// Reads a body that is one value, under whatever root element it came.
pub(crate) fn decode_payload(model: &Model, member: &Member, bytes: &[u8]) -> Result<Option<Doc>, Malformed> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    value(model, member, &tree::parse(bytes)?).map(Some)
}

/// The value of a member among the children (or attributes) of its structure's element.
fn find(model: &Model, member: &Member, parent: &Element) -> Result<Option<Doc>, Malformed> {
    if member.xml_attribute {
        let text = parent.attribute(member.wire_name);
        return text.map(|text| parse(model, member, text, TimestampFormat::Iso8601)).transpose();
    }
    let mut found = parent.children_named(member.wire_name).peekable();
    if found.peek().is_none() {
        return Ok(None);
    }
    match (&model.shape(member.shape).kind, member.flat) {
        (Kind::List(item), true) => list(model, item, found).map(Some),
        (Kind::Map(key, of), true) => map(model, key, of, found).map(Some),
        _ => found.next().map(|element| value(model, member, element)).transpose(),
    }
}

fn value(model: &Model, member: &Member, element: &Element) -> Result<Doc, Malformed> {
    let shape = model.shape(member.shape);
    match &shape.kind {
        Kind::List(item) => list(model, item, element.children_named(item.wire_name)),
        Kind::Map(key, of) => map(model, key, of, element.children_named("entry")),
        Kind::Structure(members) | Kind::Union(members) => {
            let slots = members.iter().map(|member| find(model, member, element));
            slots.collect::<Result<_, _>>().map(Doc::Struct)
        }
        Kind::String | Kind::Enum(_) => Ok(Doc::Str(element.text.clone())),
        _ => parse(model, member, element.text.trim(), TimestampFormat::Iso8601),
    }
}

fn list<'a>(model: &Model, item: &Member, found: impl Iterator<Item = &'a Element>) -> Result<Doc, Malformed> {
    found.map(|element| value(model, item, element).map(Some)).collect::<Result<_, _>>().map(Doc::List)
}

fn map<'a>(
    model: &Model,
    key: &Member,
    of: &Member,
    entries: impl Iterator<Item = &'a Element>,
) -> Result<Doc, Malformed> {
    let mut read = Vec::new();
    for entry in entries {
        let Some(name) = entry.child(key.wire_name) else { continue };
        let value = entry.child(of.wire_name).map(|element| value(model, of, element)).transpose()?;
        read.push((name.text.clone(), value));
    }
    Ok(Doc::Map(read))
}
