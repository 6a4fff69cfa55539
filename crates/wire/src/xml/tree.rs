use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::limits::DEPTH_MAX;
use crate::malformed::Malformed;

/// One element of a parsed body. Prefixes stay on the names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Element>,
    pub(crate) text: String,
}

impl Element {
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.name == name || self.name.rsplit_once(':').is_some_and(|(_, local)| local == name)
    }

    pub(crate) fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.is_named(name))
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.is_named(name))
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a body into its root element. Document types are refused, so no entity can expand; so is what nests deeper than
/// [`DEPTH_MAX`].
pub(crate) fn parse(bytes: &[u8]) -> Result<Element, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|_| Malformed::Syntax)?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        match reader.read_event().map_err(|_| Malformed::Syntax)? {
            Event::Start(start) => {
                if open.len() == DEPTH_MAX || root.is_some() {
                    return Err(Malformed::Syntax);
                }
                open.push(element(&start)?);
            }
            Event::Empty(start) => close(element(&start)?, &mut open, &mut root)?,
            Event::End(_) => {
                let element = open.pop().ok_or(Malformed::Syntax)?;
                close(element, &mut open, &mut root)?;
            }
            Event::Text(text) => {
                let text = text.decode().map_err(|_| Malformed::Syntax)?;
                add_text(&text, &mut open)?;
            }
            Event::CData(data) => {
                let text = data.decode().map_err(|_| Malformed::Syntax)?;
                add_text(&text, &mut open)?;
            }
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|_| Malformed::Syntax)?;
                add_text(&resolve(&name)?, &mut open)?;
            }
            Event::DocType(_) => return Err(Malformed::Syntax),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    if open.is_empty() { root.ok_or(Malformed::Syntax) } else { Err(Malformed::Syntax) }
}

fn element(start: &BytesStart<'_>) -> Result<Element, Malformed> {
    let name = std::str::from_utf8(start.name().into_inner()).map_err(|_| Malformed::Syntax)?.to_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| Malformed::Syntax)?;
        let key = std::str::from_utf8(attribute.key.into_inner()).map_err(|_| Malformed::Syntax)?.to_owned();
        let value = attribute.unescape_value().map_err(|_| Malformed::Syntax)?.into_owned();
        attributes.push((key, value));
    }
    Ok(Element { name, attributes, ..Element::default() })
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) -> Result<(), Malformed> {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None if root.is_none() => *root = Some(element),
        None => return Err(Malformed::Syntax),
    }
    Ok(())
}

fn add_text(text: &str, open: &mut [Element]) -> Result<(), Malformed> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(Malformed::Syntax),
    }
    Ok(())
}

/// The five entities of XML itself and character references; there are no others without a document type.
fn resolve(name: &str) -> Result<Cow<'static, str>, Malformed> {
    Ok(Cow::Borrowed(match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => {
            let digits = name.strip_prefix('#').ok_or(Malformed::Syntax)?;
            let code = match digits.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => digits.parse(),
            };
            let letter = code.ok().and_then(char::from_u32).ok_or(Malformed::Syntax)?;
            return Ok(Cow::Owned(letter.to_string()));
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_character_data_become_text() {
        let root = parse(b"<?xml version='1.0'?><a x='1&amp;2'> &lt;b&#x41;&#66;<![CDATA[<&]]><c/></a>").unwrap();
        assert_eq!(root.attribute("x"), Some("1&2"));
        assert_eq!(root.text, " <bAB<&");
        assert!(root.child("c").is_some());
    }

    #[test]
    fn entities_of_ones_own_are_refused() {
        let bomb = b"<!DOCTYPE a [<!ENTITY x 'xx'>]><a>&x;</a>";
        assert_eq!(parse(bomb), Err(Malformed::Syntax));
        assert_eq!(parse(b"<a>&x;</a>"), Err(Malformed::Syntax));
    }

    #[test]
    fn depth_has_a_bound_and_tags_must_close() {
        assert_eq!(parse("<a>".repeat(1000).as_bytes()), Err(Malformed::Syntax));
        assert_eq!(parse(b"<a><b></a>"), Err(Malformed::Syntax));
        assert_eq!(parse(b"<a/><b/>"), Err(Malformed::Syntax));
        assert_eq!(parse(b""), Err(Malformed::Syntax));
    }
}
