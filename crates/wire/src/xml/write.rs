use crate::scalar::print;
use crate::{Doc, Kind, Member, Model, ShapeId, TimestampFormat};

/// Which names elements carry: awsQuery has its own where a model's other protocols differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    Query,
    Rest,
}

/// Writes values as elements.
pub(crate) struct Writer<'a> {
    pub(crate) model: &'a Model,
    pub(crate) names: Names,
    pub(crate) out: String,
}

impl Writer<'_> {
    fn name<'m>(&self, member: &'m Member) -> &'m str {
        match (self.names, member.query_name) {
            (Names::Query, Some(name)) => name,
            _ => member.wire_name,
        }
    }

    /// A structure as an element of its own. `namespace` is `uri` or `prefix=uri`; empty for none.
    pub(crate) fn structure(
        &mut self,
        name: &str,
        namespace: &str,
        shape: ShapeId,
        doc: &Doc,
        takes: impl Fn(&Member) -> bool,
    ) {
        let members = self.model.members(shape);
        let slots: &[Option<Doc>] = if let Doc::Struct(slots) = doc { slots } else { &[] };
        self.out.push('<');
        self.out.push_str(name);
        self.namespace(namespace);
        for (member, slot) in members.iter().zip(slots) {
            if let (true, Some(value)) = (member.xml_attribute && takes(member), slot) {
                let text = print(self.model, member, value, TimestampFormat::Iso8601);
                self.attribute(self.name(member), &text);
            }
        }
        self.out.push('>');
        let content = self.out.len();
        self.members(shape, doc, |member| !member.xml_attribute && takes(member));
        self.end(name, content);
    }

    /// The members of a structure, without an element around them.
    pub(crate) fn members(&mut self, shape: ShapeId, doc: &Doc, takes: impl Fn(&Member) -> bool) {
        let Doc::Struct(slots) = doc else { return };
        for (member, slot) in self.model.members(shape).iter().zip(slots) {
            if let (true, Some(value)) = (takes(member), slot) {
                self.member(member, value);
            }
        }
    }

    fn member(&mut self, member: &Member, doc: &Doc) {
        let name = self.name(member);
        match (doc, &self.model.shape(member.shape).kind, member.flat) {
            (Doc::List(items), Kind::List(item), true) => {
                for value in items.iter().flatten() {
                    self.value(name, item.xml_namespace.or(member.xml_namespace), item, value);
                }
            }
            (Doc::Map(entries), Kind::Map(key, of), true) => {
                for entry in entries {
                    self.entry(name, member.xml_namespace, key, of, entry);
                }
            }
            _ => self.value(name, member.xml_namespace, member, doc),
        }
    }

    /// A value in an element of the given name.
    pub(crate) fn value(&mut self, name: &str, namespace: Option<&str>, member: &Member, doc: &Doc) {
        let namespace = namespace.unwrap_or_default();
        if let Doc::Struct(_) = doc {
            return self.structure(name, namespace, member.shape, doc, |_| true);
        }
        self.out.push('<');
        self.out.push_str(name);
        self.namespace(namespace);
        self.out.push('>');
        let content = self.out.len();
        match (doc, &self.model.shape(member.shape).kind) {
            (Doc::List(items), Kind::List(item)) => {
                for value in items.iter().flatten() {
                    self.value(self.name(item), item.xml_namespace, item, value);
                }
            }
            (Doc::Map(entries), Kind::Map(key, of)) => {
                for entry in entries {
                    self.entry("entry", None, key, of, entry);
                }
            }
            (Doc::Str(text), _) => escape(text, &mut self.out),
            _ => {
                let text = print(self.model, member, doc, TimestampFormat::Iso8601);
                escape(&text, &mut self.out);
            }
        }
        self.end(name, content);
    }

    fn entry(
        &mut self,
        name: &str,
        namespace: Option<&str>,
        key: &Member,
        of: &Member,
        (text, value): &(String, Option<Doc>),
    ) {
        self.out.push('<');
        self.out.push_str(name);
        self.namespace(namespace.unwrap_or_default());
        self.out.push('>');
        let content = self.out.len();
        self.value(self.name(key), key.xml_namespace, key, &Doc::Str(text.clone()));
        if let Some(value) = value {
            self.value(self.name(of), of.xml_namespace, of, value);
        }
        self.end(name, content);
    }

    /// An element that holds text.
    pub(crate) fn text(&mut self, name: &str, text: &str) {
        self.out.push('<');
        self.out.push_str(name);
        self.out.push('>');
        let content = self.out.len();
        escape(text, &mut self.out);
        self.end(name, content);
    }

    pub(crate) fn start(&mut self, name: &str, namespace: &str) -> usize {
        self.out.push('<');
        self.out.push_str(name);
        self.namespace(namespace);
        self.out.push('>');
        self.out.len()
    }

    /// Closes an element whose content began at `content`; one without content closes itself.
    pub(crate) fn end(&mut self, name: &str, content: usize) {
        if self.out.len() == content {
            self.out.pop();
            self.out.push_str("/>");
            return;
        }
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    fn namespace(&mut self, namespace: &str) {
        match namespace.split_once('=') {
            _ if namespace.is_empty() => {}
            // `http://x?a=b` has the sign too, but no prefix holds a colon.
            Some((prefix, uri)) if !prefix.contains(':') => self.attribute(&format!("xmlns:{prefix}"), uri),
            _ => self.attribute("xmlns", namespace),
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        escape(value, &mut self.out);
        self.out.push('"');
    }
}

/// Escapes as AWS does in text and attributes alike. What XML cannot carry becomes the replacement character.
pub(crate) fn escape(text: &str, out: &mut String) {
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\r' => "&#xD;",
            b'\n' | b'\t' => continue,
            0..=0x1f => "\u{fffd}",
            _ => continue,
        };
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(escaped);
        from = at + 1;
    }
    out.push_str(text.get(from..).unwrap_or_default());
}
