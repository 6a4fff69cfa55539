//! `models/overlay/*.api`: what AWS does and botocore does not say, kept by hand, each line reviewable.
//!
//! ```text
//! style validation=ValidationException namespace=com.amazonaws.sqs#
//! protocols json1.0,query query-compatible
//! member SendMessageRequest.MessageAttributes qname=MessageAttribute flat
//! error QueueDoesNotExist code=AWS.SimpleQueueService.NonExistentQueue status=400
//! enum Runtime nodejs8.10|nodejs10.x
//! set Runtime open
//! ```

use anyhow::{Context, Result, bail};

use super::text::{Words, unescape};
use super::{Facts, Kind, Shape};

pub fn apply(facts: &mut Facts, overlay: &str) -> Result<()> {
    for (number, line) in overlay.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        apply_line(facts, line).with_context(|| format!("overlay line {}: {line}", number + 1))?;
    }
    Ok(())
}

fn apply_line(facts: &mut Facts, line: &str) -> Result<()> {
    let words = Words::of(line);
    match words.at(0)? {
        "style" => style(facts, &words),
        "protocols" => {
            facts.service.protocols = words.at(1)?.split(',').map(str::to_owned).collect();
            facts.service.query_compatible = words.has("query-compatible");
        }
        "target" => facts.service.target_prefix = words.at(1)?.to_owned(),
        "xmlns" => facts.service.xml_namespace = words.at(1)?.to_owned(),
        "sign" => facts.service.signing_name = words.at(1)?.to_owned(),
        "op" => operation(facts, &words)?,
        "member" => member(facts, &words)?,
        "error" => error(facts, &words)?,
        "enum" => {
            let values = words.at(2)?.split('|').map(unescape).collect();
            shape(facts, words.at(1)?)?.kind = Kind::Enum(values);
        }
        "set" => constraints(shape(facts, words.at(1)?)?, &words)?,
        other => bail!("'{other}' is not an overlay line"),
    }
    Ok(())
}

fn shape<'a>(facts: &'a mut Facts, name: &str) -> Result<&'a mut Shape> {
    facts.shapes.iter_mut().find(|s| s.name == name).with_context(|| format!("there is no shape {name}"))
}

fn style(facts: &mut Facts, words: &Words) {
    let style = &mut facts.service.style;
    for (key, field) in [
        ("namespace", &mut style.namespace),
        ("framework", &mut style.framework_namespace),
        ("validation", &mut style.validation_code),
        ("validation-namespace", &mut style.validation_namespace),
        ("message", &mut style.message_member),
        ("request-id", &mut style.request_id),
    ] {
        if let Some(value) = words.value(key) {
            *field = value;
        }
    }
    style.crc32 |= words.has("crc32");
}

fn operation(facts: &mut Facts, words: &Words) -> Result<()> {
    let name = words.at(1)?;
    let operation = facts.operations.iter_mut().find(|o| o.name == name);
    let operation = operation.with_context(|| format!("there is no operation {name}"))?;
    if let Some(status) = words.value("status") {
        operation.status = status.parse()?;
    }
    if let Some(uri) = words.value("uri") {
        operation.uri = uri;
    }
    if let Some(wrapper) = words.value("wrapper") {
        operation.result_wrapper = wrapper;
    }
    Ok(())
}

fn member(facts: &mut Facts, words: &Words) -> Result<()> {
    let (owner, name) = words.at(1)?.split_once('.').context("member is SHAPE.MEMBER")?;
    let owner = shape(facts, owner)?;
    let member = match &mut owner.kind {
        Kind::Structure(members) | Kind::Union(members) => members.iter_mut().find(|m| m.name == name),
        Kind::List(element) => Some(&mut **element),
        Kind::Map(key, value) => Some(&mut **(if name == "key" { key } else { value })),
        _ => None,
    };
    let member = member.with_context(|| format!("there is no member {name}"))?;
    if let Some(wire) = words.value("wire") {
        member.wire_name = Some(wire);
    }
    if let Some(query) = words.value("qname") {
        member.query_name = Some(query);
    }
    if let Some(format) = words.value("ts") {
        member.timestamp = format;
    }
    if let Some(namespace) = words.value("xmlns") {
        member.xml_namespace = Some(namespace);
    }
    if let Some(shape) = words.value("shape") {
        member.shape = shape;
    }
    member.flat |= words.has("flat");
    member.required = (member.required || words.has("required")) && !words.has("optional");
    Ok(())
}

fn error(facts: &mut Facts, words: &Words) -> Result<()> {
    let error = shape(facts, words.at(1)?)?.error.as_mut().context("the shape is no error")?;
    if let Some(code) = words.value("code") {
        error.code = code;
    }
    if let Some(status) = words.value("status") {
        error.status = status.parse()?;
    }
    Ok(())
}

fn constraints(shape: &mut Shape, words: &Words) -> Result<()> {
    if let Some(range) = words.value("len") {
        let (min, max) = range.split_once("..").context("len is MIN..MAX")?;
        shape.min = min.parse().ok();
        shape.max = max.parse().ok();
    }
    if let Some(pattern) = words.value("pattern") {
        shape.pattern = if pattern.is_empty() { None } else { Some(pattern) };
    }
    shape.open |= words.has("open");
    shape.sensitive = (shape.sensitive || words.has("sensitive")) && !words.has("plain");
    Ok(())
}
