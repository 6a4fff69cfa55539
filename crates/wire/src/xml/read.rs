use super::tree::{self, Element};
use crate::budget::Budget;
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
    let mut reader = Reader { model, budget: Budget::new() };
    for (member, slot) in model.members(shape).iter().zip(slots) {
        if member.location == Location::Body {
            *slot = reader.find(member, &root)?;
        }
    }
    Ok(())
}

/// Reads a body that is one value, under whatever root element it came.
pub(crate) fn decode_payload(model: &Model, member: &Member, bytes: &[u8]) -> Result<Option<Doc>, Malformed> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    Reader { model, budget: Budget::new() }.value(member, &tree::parse(bytes)?).map(Some)
}

struct Reader<'a> {
    model: &'a Model,
    budget: Budget,
}

impl Reader<'_> {
    /// The value of a member among the children (or attributes) of its structure's element.
    fn find(&mut self, member: &Member, parent: &Element) -> Result<Option<Doc>, Malformed> {
        if member.xml_attribute {
            let text = parent.attribute(member.wire_name);
            return text.map(|text| parse(self.model, member, text, TimestampFormat::Iso8601)).transpose();
        }
        let mut found = parent.children_named(member.wire_name).peekable();
        if found.peek().is_none() {
            return Ok(None);
        }
        match (&self.model.shape(member.shape).kind, member.flat) {
            (Kind::List(item), true) => self.list(item, found).map(Some),
            (Kind::Map(key, of), true) => self.map(key, of, found).map(Some),
            _ => found.next().map(|element| self.value(member, element)).transpose(),
        }
    }

    fn value(&mut self, member: &Member, element: &Element) -> Result<Doc, Malformed> {
        match &self.model.shape(member.shape).kind {
            Kind::List(item) => self.list(item, element.children_named(item.wire_name)),
            Kind::Map(key, of) => self.map(key, of, element.children_named("entry")),
            Kind::Structure(members) | Kind::Union(members) => {
                self.budget.take(members.len())?;
                let slots = members.iter().map(|member| self.find(member, element));
                slots.collect::<Result<_, _>>().map(Doc::Struct)
            }
            Kind::String | Kind::Enum(_) => Ok(Doc::Str(element.text.clone())),
            _ => parse(self.model, member, element.text.trim(), TimestampFormat::Iso8601),
        }
    }

    fn list<'e>(&mut self, item: &Member, found: impl Iterator<Item = &'e Element>) -> Result<Doc, Malformed> {
        let items = found.map(|element| {
            self.budget.take(1)?;
            self.value(item, element).map(Some)
        });
        items.collect::<Result<_, _>>().map(Doc::List)
    }

    fn map<'e>(
        &mut self,
        key: &Member,
        of: &Member,
        entries: impl Iterator<Item = &'e Element>,
    ) -> Result<Doc, Malformed> {
        let mut read = Vec::new();
        for entry in entries {
            self.budget.take(1)?;
            let Some(name) = entry.child(key.wire_name) else { continue };
            let value = entry.child(of.wire_name).map(|element| self.value(of, element)).transpose()?;
            read.push((name.text.clone(), value));
        }
        Ok(Doc::Map(read))
    }
}
