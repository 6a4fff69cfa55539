//! `application/vnd.amazon.eventstream`: framed messages with headers and two checksums.

use std::pin::Pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use crate::reply::{content_type, rpc_structure};
use crate::{ApiError, Doc, EventPlace, Events, Kind, Member, Model, ProtocolKind, ShapeId, json, xml};

type Frames = Pin<Box<dyn Stream<Item = Result<Bytes, std::io::Error>> + Send>>;

/// Writes an answer's events as frames. RPC protocols send the output's other members first, as `initial-response`; an
/// error is the last frame.
pub(crate) fn encode(
    model: &'static Model,
    protocol: ProtocolKind,
    output: ShapeId,
    doc: Doc,
    events: Events<Doc>,
) -> Frames {
    let union = model.members(output).iter().find(|member| member.event_stream).map(|member| member.shape);
    let rest = matches!(protocol, ProtocolKind::RestJson1 | ProtocolKind::RestXml);
    let first = (!rest).then(|| {
        let payload = rpc_structure(model, protocol, output, &doc);
        let headers = [(":message-type", "event"), (":event-type", "initial-response")];
        Ok(frame_of(&headers, content_type(protocol), &payload))
    });
    let mut ended = false;
    let frames = events.0.take_while(move |event| {
        let goes_on = !ended;
        ended |= event.is_err();
        std::future::ready(goes_on)
    });
    let frames = frames.map(move |event| {
        Ok(match event {
            Ok(event) => union.map(|union| event_frame(model, protocol, union, event)).unwrap_or_default(),
            Err(error) => error_frame(model, protocol, union, &error),
        })
    });
    Box::pin(stream::iter(first).chain(frames))
}

fn event_frame(model: &'static Model, protocol: ProtocolKind, union: ShapeId, event: Doc) -> Bytes {
    let Doc::Struct(slots) = event else { return Bytes::new() };
    let variants = model.members(union).iter().zip(slots);
    let Some((variant, value)) = variants.into_iter().find_map(|(member, slot)| Some((member, slot?))) else {
        return Bytes::new();
    };
    let mut headers = Headers::default();
    headers.text(":message-type", "event");
    headers.text(":event-type", variant.name);
    let (kind, payload) = event_payload(model, protocol, variant.shape, &value, &mut headers);
    if !kind.is_empty() {
        headers.text(":content-type", kind);
    }
    frame(&headers.0, &payload)
}

/// The payload of an event with its content type; members that are headers go there.
fn event_payload(
    model: &Model,
    protocol: ProtocolKind,
    shape: ShapeId,
    value: &Doc,
    headers: &mut Headers,
) -> (&'static str, Vec<u8>) {
    let Doc::Struct(slots) = value else { return ("", Vec::new()) };
    let members = model.members(shape);
    for (member, slot) in members.iter().zip(slots) {
        if let (EventPlace::Header, Some(value)) = (member.event, slot) {
            headers.value(member.name, value);
        }
    }
    let payload = members.iter().zip(slots).find(|(member, _)| member.event == EventPlace::Payload);
    match payload {
        None if members.iter().all(|member| member.event == EventPlace::Header) => ("", Vec::new()),
        None => (content_type(protocol), structure(model, protocol, shape, value)),
        Some((_, None)) => ("", Vec::new()),
        Some((_, Some(Doc::Blob(bytes)))) => ("application/octet-stream", bytes.to_vec()),
        Some((_, Some(Doc::Str(text)))) => ("text/plain", text.clone().into_bytes()),
        Some((member, Some(value))) => (content_type(protocol), structure(model, protocol, member.shape, value)),
    }
}

fn structure(model: &Model, protocol: ProtocolKind, shape: ShapeId, doc: &Doc) -> Vec<u8> {
    let takes = |member: &Member| member.event != EventPlace::Header;
    match protocol {
        ProtocolKind::RestJson1 => {
            let mut out = String::new();
            json::encode_structure(model, shape, doc, &mut out, takes);
            out.into_bytes()
        }
        ProtocolKind::RestXml => {
            let mut writer = xml::Writer { model, names: xml::Names::Rest, out: String::new() };
            writer.structure(model.shape(shape).name, model.endpoint.xml_namespace, shape, doc, takes);
            writer.out.into_bytes()
        }
        _ => rpc_structure(model, protocol, shape, doc),
    }
}

/// A modelled exception of the stream, or a bare error code where the stream has no such member.
fn error_frame(model: &'static Model, protocol: ProtocolKind, union: Option<ShapeId>, error: &ApiError) -> Bytes {
    let message = error.message.as_deref().unwrap_or_default();
    let shape = error.facts.map(|facts| facts.shape);
    let member = union.and_then(|union| model.members(union).iter().find(|member| Some(member.shape) == shape));
    let Some(member) = member else {
        let mut headers = Headers::default();
        headers.text(":message-type", "error");
        headers.text(":error-code", error.name());
        headers.text(":error-message", message);
        return frame(&headers.0, &[]);
    };
    let members = model.members(member.shape);
    let slots = members.iter().map(|facts| {
        let given = error.members.iter().find(|(name, _)| *name == facts.name).map(|(_, value)| value.clone());
        let is_message = facts.name.eq_ignore_ascii_case("message")
            && matches!(model.shape(facts.shape).kind, Kind::String | Kind::Enum(_));
        given.or_else(|| is_message.then(|| Doc::Str(message.to_owned())))
    });
    let payload = structure(model, protocol, member.shape, &Doc::Struct(slots.collect()));
    let headers = [(":message-type", "exception"), (":exception-type", member.name)];
    frame_of(&headers, content_type(protocol), &payload)
}

fn frame_of(texts: &[(&str, &str)], kind: &str, payload: &[u8]) -> Bytes {
    let mut headers = Headers::default();
    for (name, value) in texts {
        headers.text(name, value);
    }
    headers.text(":content-type", kind);
    frame(&headers.0, payload)
}

/// The headers of a frame: name, type, value.
#[derive(Default)]
struct Headers(Vec<u8>);

impl Headers {
    fn name(&mut self, name: &str, value_type: u8) {
        self.0.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        self.0.extend(name.bytes().take(255));
        self.0.push(value_type);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend(bytes.iter().take(usize::from(length)));
    }

    fn text(&mut self, name: &str, value: &str) {
        self.name(name, 7);
        self.bytes(value.as_bytes());
    }

    #[allow(clippy::cast_possible_truncation)] // Checked by the guard.
    fn value(&mut self, name: &str, value: &Doc) {
        match value {
            Doc::Bool(value) => self.name(name, u8::from(!value)),
            Doc::Int(value) if i32::try_from(*value).is_ok() => {
                self.name(name, 4);
                self.0.extend_from_slice(&(*value as i32).to_be_bytes());
            }
            Doc::Int(value) => {
                self.name(name, 5);
                self.0.extend_from_slice(&value.to_be_bytes());
            }
            Doc::Blob(bytes) => {
                self.name(name, 6);
                self.bytes(bytes);
            }
            Doc::Str(text) => self.text(name, text),
            Doc::Time(at) => {
                self.name(name, 8);
                self.0.extend_from_slice(&at.millis().to_be_bytes());
            }
            Doc::Float(_) | Doc::List(_) | Doc::Map(_) | Doc::Struct(_) | Doc::Json(_) => {}
        }
    }
}

/// Lengths, their checksum, headers, payload, the checksum of all.
fn frame(headers: &[u8], payload: &[u8]) -> Bytes {
    let total = 16 + headers.len() + payload.len();
    let mut out = Vec::with_capacity(total);
    out.extend_from_slice(&u32::try_from(total).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(&u32::try_from(headers.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.into()
}
