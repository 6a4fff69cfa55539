//! The vectors' own values as `Doc`, and answers in a form that compares.

use serde_json::Value;
use wire::{Bytes, Doc, Kind, Model, ShapeId, Timestamp};

/// A parameter or result of a vector, read by its shape.
pub fn doc(model: &Model, shape: ShapeId, value: &Value) -> Option<Doc> {
    if value.is_null() && !matches!(model.shape(shape).kind, Kind::Document) {
        return None;
    }
    Some(match model.shape(shape).kind {
        Kind::Structure(members) | Kind::Union(members) => {
            let given = value.as_object().unwrap_or_else(|| panic!("{value} is no structure"));
            let slots = members.iter().map(|m| given.get(m.name).and_then(|value| member(model, m, value)));
            Doc::Struct(slots.collect())
        }
        Kind::List(item) => Doc::List(value.as_array().unwrap().iter().map(|v| doc(model, item.shape, v)).collect()),
        Kind::Map(_, of) => {
            let entries = value.as_object().unwrap().iter();
            Doc::Map(entries.map(|(key, value)| (key.clone(), doc(model, of.shape, value))).collect())
        }
        Kind::Boolean => Doc::Bool(value.as_bool().unwrap()),
        Kind::Integer | Kind::Long => Doc::Int(value.as_i64().unwrap()),
        Kind::Float | Kind::Double => Doc::Float(match value.as_str() {
            Some("NaN") => f64::NAN,
            Some("Infinity") => f64::INFINITY,
            Some(_) => f64::NEG_INFINITY,
            None => value.as_f64().unwrap(),
        }),
        Kind::Blob | Kind::Stream => Doc::Blob(Bytes::copy_from_slice(value.as_str().unwrap().as_bytes())),
        Kind::Timestamp(_) => Doc::Time(Timestamp::from_millis((value.as_f64().unwrap() * 1000.0).round() as i64)),
        Kind::Document => Doc::Json(Box::new(value.clone())),
        Kind::String | Kind::Enum(_) => Doc::Str(value.as_str().unwrap().to_owned()),
    })
}

fn member(model: &Model, member: &wire::Member, value: &Value) -> Option<Doc> {
    match value.as_str() {
        // The vectors give such values as JSON texts.
        Some(text) if member.json_value => serde_json::from_str(text).ok().map(Doc::Json),
        _ if member.json_value => Some(Doc::Json(Box::new(value.clone()))),
        _ => doc(model, member.shape, value),
    }
}

/// A value as text in which maps are sorted and NaN equals NaN.
pub fn canonical(doc: &Doc) -> String {
    format!("{:#?}", sorted(doc.clone()))
}

fn sorted(doc: Doc) -> Doc {
    let all = |slots: Vec<Option<Doc>>| slots.into_iter().map(|slot| slot.map(sorted)).collect();
    match doc {
        Doc::List(items) => Doc::List(all(items)),
        Doc::Struct(slots) => Doc::Struct(all(slots)),
        Doc::Map(mut entries) => {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Doc::Map(entries.into_iter().map(|(key, value)| (key, value.map(sorted))).collect())
        }
        other => other,
    }
}

/// JSON with numbers of one kind and keys in order.
pub fn canonical_json(text: &str) -> String {
    fn normal(value: &Value) -> Value {
        match value {
            Value::Number(number) => number.as_f64().map_or(Value::Null, Value::from),
            Value::Array(items) => items.iter().map(normal).collect(),
            Value::Object(entries) => {
                let mut entries: Vec<_> = entries.iter().map(|(key, value)| (key.clone(), normal(value))).collect();
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                Value::Object(entries.into_iter().collect())
            }
            other => other.clone(),
        }
    }
    let value: Result<Value, _> = serde_json::from_str(text);
    value.map_or_else(|_| text.to_owned(), |value| format!("{:#}", normal(&value)))
}

/// XML with its elements and attributes in order and without the space between elements. Elements of one name keep
/// theirs.
pub fn canonical_xml(text: &str, ignored: &[&str]) -> String {
    use quick_xml::events::Event;
    struct Open {
        name: String,
        namespace: String,
        head: String,
        text: String,
        children: Vec<(String, String)>,
    }
    let mut reader = quick_xml::Reader::from_str(text);
    let new = |name: String, namespace: String, head: String| Open {
        name,
        namespace,
        head,
        text: String::new(),
        children: Vec::new(),
    };
    let mut open = vec![new(String::new(), String::new(), String::new())];
    let close = |open: &mut Vec<Open>| {
        let mut done = open.pop().unwrap();
        done.children.sort_by(|a, b| a.0.cmp(&b.0));
        let inner: String = if done.children.is_empty() && !done.text.trim().is_empty() {
            done.text
        } else {
            done.children.into_iter().map(|(_, child)| child).collect()
        };
        if !ignored.contains(&done.name.as_str()) {
            let element = format!("<{}>{inner}</{}>\n", done.head, done.name);
            open.last_mut().unwrap().children.push((done.name, element));
        }
    };
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return format!("not XML: {error}: {text}"),
        };
        let is_empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(start) | Event::Empty(start) => {
                let name = String::from_utf8(start.name().as_ref().to_vec()).unwrap();
                let attributes = start.attributes().map(|attribute| {
                    let attribute = attribute.unwrap();
                    let value = attribute.unescape_value().unwrap().into_owned();
                    (String::from_utf8(attribute.key.as_ref().to_vec()).unwrap(), value)
                });
                let mut attributes: Vec<(String, String)> = attributes.collect();
                attributes.sort();
                let outer = open.last().unwrap().namespace.clone();
                let own = attributes.iter().find(|(key, _)| key == "xmlns").map(|(_, uri)| uri.clone());
                // The vectors' metadata does not say the namespace of their root elements; below them, a namespace
                // that is in force already says nothing.
                attributes.retain(|(key, uri)| key != "xmlns" || open.len() > 1 && *uri != outer);
                let attributes: String = attributes.iter().map(|(key, value)| format!(" {key}={value}")).collect();
                open.push(new(name.clone(), own.unwrap_or(outer), format!("{name}{attributes}")));
                if is_empty {
                    close(&mut open);
                }
            }
            Event::End(_) => close(&mut open),
            Event::Text(text) => open.last_mut().unwrap().text.push_str(&text.decode().unwrap()),
            Event::CData(text) => open.last_mut().unwrap().text.push_str(&text.decode().unwrap()),
            Event::GeneralRef(name) => {
                let name = name.decode().unwrap();
                open.last_mut().unwrap().text.push_str(&quick_xml::escape::unescape(&format!("&{name};")).unwrap());
            }
            Event::Eof => break,
            _ => {}
        }
    }
    open.pop().unwrap().children.into_iter().map(|(_, child)| child).collect()
}
