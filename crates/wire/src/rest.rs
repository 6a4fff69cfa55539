//! HTTP bindings: which members stand in the path, the query, headers and the status, for restJson1 and restXml.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::malformed::Malformed;
use crate::scalar::{base64_of, parse, print};
use crate::{Doc, Kind, Location, Member, Model, OperationId, ShapeId, TimestampFormat, form, json, route, xml};

/// What the body of a REST protocol is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Xml,
}

/// Reads an input from all its places.
pub(crate) fn decode(
    model: &'static Model,
    id: OperationId,
    input: ShapeId,
    head: &Parts,
    body: Bytes,
    format: Format,
) -> Result<Doc, Malformed> {
    let members = model.members(input);
    let labels = route::routes(model).of(id).and_then(|route| route.labels(head.uri.path())).unwrap_or_default();
    let query: Vec<_> = form::pairs(head.uri.query().unwrap_or_default()).collect();
    let mut slots = vec![None; members.len()];
    for (member, slot) in members.iter().zip(&mut slots) {
        *slot = match member.location {
            Location::Uri => label(model, member, &labels)?,
            Location::Query => query_member(model, member, &query)?,
            Location::Header => header_member(model, member, &head.headers)?,
            Location::Prefix => prefixed_headers(member, &head.headers),
            Location::Payload => payload(model, member, &body, format)?,
            Location::Body | Location::Status => None,
        };
    }
    if members.iter().any(|member| member.location == Location::Body) {
        match format {
            Format::Json => json::decode_into(model, input, &body, &mut slots)?,
            Format::Xml => xml::decode_into(model, input, &body, &mut slots)?,
        }
    }
    Ok(Doc::Struct(slots))
}

fn label(model: &Model, member: &Member, labels: &[(&str, &str)]) -> Result<Option<Doc>, Malformed> {
    let found = labels.iter().find(|(name, _)| *name == member.wire_name);
    let text = found.map(|(_, raw)| route::label_value(raw));
    text.map(|text| parse(model, member, &text, TimestampFormat::Iso8601)).transpose()
}

fn query_member(model: &Model, member: &Member, query: &form::Pairs<'_>) -> Result<Option<Doc>, Malformed> {
    let read = |member: &Member, text: &str| parse(model, member, text, TimestampFormat::Iso8601);
    let values = query.iter().filter(|(name, _)| name == member.wire_name).map(|(_, value)| value);
    match model.shape(member.shape).kind {
        Kind::List(item) => {
            let items = values.map(|text| read(item, text).map(Some)).collect::<Result<Vec<_>, _>>()?;
            Ok((!items.is_empty()).then_some(Doc::List(items)))
        }
        Kind::Map(_, value) => query_map(model, value, query),
        _ => values.take(1).map(|text| read(member, text)).next().transpose(),
    }
}

/// Every query parameter, those of other members too: so Smithy asks of servers.
fn query_map(model: &Model, value: &Member, query: &form::Pairs<'_>) -> Result<Option<Doc>, Malformed> {
    let mut entries: Vec<(String, Option<Doc>)> = Vec::new();
    for (name, text) in query {
        let known = entries.iter_mut().find(|(key, _)| key == name);
        match (model.shape(value.shape).list_item(), known) {
            (Some(item), Some((_, Some(Doc::List(items))))) => {
                items.push(Some(parse(model, item, text, TimestampFormat::Iso8601)?));
            }
            (Some(item), _) => {
                let first = parse(model, item, text, TimestampFormat::Iso8601)?;
                entries.push((name.to_string(), Some(Doc::List(vec![Some(first)]))));
            }
            (None, Some(_)) => {}
            (None, None) => {
                entries.push((name.to_string(), Some(parse(model, value, text, TimestampFormat::Iso8601)?)));
            }
        }
    }
    Ok((!entries.is_empty()).then_some(Doc::Map(entries)))
}

fn header_text(value: &HeaderValue) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

fn header_member(model: &Model, member: &Member, headers: &HeaderMap) -> Result<Option<Doc>, Malformed> {
    let Kind::List(item) = model.shape(member.shape).kind else {
        let Some(value) = headers.get(member.wire_name) else { return Ok(None) };
        let text = header_text(value);
        let text = text.trim();
        if member.json_value {
            let decoded = crate::scalar::parse_base64(text)?;
            return serde_json::from_slice(&decoded).map(|v| Some(Doc::Json(v))).map_err(|_| Malformed::Syntax);
        }
        return parse(model, member, text, TimestampFormat::HttpDate).map(Some);
    };
    let mut items = Vec::new();
    for value in headers.get_all(member.wire_name) {
        let text = header_text(value);
        for part in split_list(model, item, &text) {
            items.push(Some(parse(model, item, &part, TimestampFormat::HttpDate)?));
        }
    }
    Ok((!items.is_empty()).then_some(Doc::List(items)))
}

/// The items of a header's list: at commas, save those inside quotes and the one inside each HTTP date.
fn split_list(model: &Model, item: &Member, text: &str) -> Vec<String> {
    let shape = model.shape(item.shape);
    let format = crate::scalar::timestamp_format(item, shape, TimestampFormat::HttpDate);
    if matches!(shape.kind, Kind::Timestamp(_)) && format == TimestampFormat::HttpDate {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        return parts.chunks(2).map(|pair| pair.join(", ")).collect();
    }
    let (mut items, mut item, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted || item.trim().is_empty() => quoted = !quoted,
            '\\' if quoted => item.extend(letters.next()),
            ',' if !quoted => items.push(std::mem::take(&mut item)),
            _ => item.push(letter),
        }
    }
    items.push(item);
    items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

fn prefixed_headers(member: &Member, headers: &HeaderMap) -> Option<Doc> {
    let prefix = member.wire_name.to_ascii_lowercase();
    let entries: Vec<_> = headers
        .iter()
        .filter_map(|(name, value)| {
            let key = name.as_str().strip_prefix(&prefix)?;
            Some((key.to_owned(), Some(Doc::Str(header_text(value).into_owned()))))
        })
        .collect();
    (!entries.is_empty()).then_some(Doc::Map(entries))
}

fn payload(model: &Model, member: &Member, body: &Bytes, format: Format) -> Result<Option<Doc>, Malformed> {
    match model.shape(member.shape).kind {
        Kind::Blob | Kind::Stream => Ok((!body.is_empty()).then(|| Doc::Blob(body.clone()))),
        Kind::String | Kind::Enum(_) if body.is_empty() => Ok(None),
        Kind::String | Kind::Enum(_) => {
            let text = String::from_utf8(body.to_vec()).map_err(|_| Malformed::Syntax)?;
            Ok(Some(Doc::Str(text)))
        }
        _ => match format {
            Format::Json => json::decode_payload(model, member, body),
            Format::Xml => xml::decode_payload(model, member, body),
        },
    }
}

/// Writes the members that stand in headers, and gives the status of one that stands for it.
pub(crate) fn encode_head(model: &Model, shape: ShapeId, doc: &Doc, headers: &mut HeaderMap) -> Option<u16> {
    let Doc::Struct(slots) = doc else { return None };
    let mut status = None;
    for (member, slot) in model.members(shape).iter().zip(slots) {
        let Some(value) = slot else { continue };
        match (member.location, value) {
            (Location::Status, Doc::Int(code)) => status = u16::try_from(*code).ok(),
            (Location::Header, _) => {
                if let Some(text) = header_value(model, member, value) {
                    insert(headers, member.wire_name, &text);
                }
            }
            (Location::Prefix, Doc::Map(entries)) => {
                for (key, value) in entries {
                    if let Some(Doc::Str(text)) = value {
                        insert(headers, &format!("{}{key}", member.wire_name), text);
                    }
                }
            }
            _ => {}
        }
    }
    status
}

/// Sets a header. Names and values that HTTP cannot carry are left out, never sent broken.
fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    let name = HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes());
    let value = HeaderValue::from_bytes(value.as_bytes());
    if let (Ok(name), Ok(value)) = (name, value) {
        headers.insert(name, value);
    }
}

fn header_value(model: &Model, member: &Member, value: &Doc) -> Option<String> {
    match (value, &model.shape(member.shape).kind) {
        (Doc::Json(json), _) => Some(base64_of(json.to_string().as_bytes())),
        (Doc::Str(text), _) if text.is_empty() => None,
        (Doc::List(items), Kind::List(item)) => {
            let texts = items.iter().flatten().map(|value| {
                let text = print(model, item, value, TimestampFormat::HttpDate);
                if matches!(value, Doc::Str(_)) { quote(text) } else { text }
            });
            let texts: Vec<String> = texts.collect();
            (!texts.is_empty()).then(|| texts.join(", "))
        }
        _ => Some(print(model, member, value, TimestampFormat::HttpDate)),
    }
}

/// Quotes an item of a list that would fall apart at its comma.
fn quote(text: String) -> String {
    if text.contains([',', '"']) {
        return format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    }
    text
}
