//! `models/*.api`: one fact a line, so that a new version of an API is a readable diff.
//!
//! Words are separated by blanks; in a word `\_` is a blank and `\\` a backslash. A pattern is raw and ends its line.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};

use super::{ErrorFacts, Facts, Kind, Member, Operation, Service, Shape};

pub fn escape(word: &str) -> String {
    word.replace('\\', "\\\\").replace(' ', "\\_").replace('\n', "\\n")
}

pub fn unescape(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, false) => out.push(c),
            (_, true) => match chars.next() {
                Some('_') => out.push(' '),
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
        }
    }
    out
}

pub fn print(facts: &Facts) -> String {
    let mut out = String::new();
    let s = &facts.service;
    let _ = writeln!(
        out,
        "service {} {} id={} sign={} endpoint={}",
        s.name,
        s.api_version,
        escape(&s.sdk_id),
        s.signing_name,
        s.endpoint_prefix
    );
    let compatible = if s.query_compatible { " query-compatible" } else { "" };
    let _ = writeln!(out, "protocols {}{compatible}", s.protocols.join(","));
    if !s.target_prefix.is_empty() {
        let _ = writeln!(out, "target {}", s.target_prefix);
    }
    if !s.xml_namespace.is_empty() {
        let _ = writeln!(out, "xmlns {}", s.xml_namespace);
    }
    out.push('\n');
    for operation in &facts.operations {
        print_operation(&mut out, operation);
    }
    out.push('\n');
    for shape in &facts.shapes {
        print_shape(&mut out, shape);
    }
    out
}

fn print_operation(out: &mut String, op: &Operation) {
    let _ = write!(out, "op {} {} {}", op.name, op.method, op.uri);
    if op.status != 200 {
        let _ = write!(out, " status={}", op.status);
    }
    for (key, value) in [("in", &op.input), ("out", &op.output)] {
        if let Some(value) = value {
            let _ = write!(out, " {key}={value}");
        }
    }
    for (key, value) in [("wrapper", &op.result_wrapper), ("host", &op.host_prefix)] {
        if !value.is_empty() {
            let _ = write!(out, " {key}={value}");
        }
    }
    if op.checksum_required {
        out.push_str(" checksum");
    }
    if !op.errors.is_empty() {
        let _ = write!(out, " err={}", op.errors.join(","));
    }
    out.push('\n');
}

fn print_shape(out: &mut String, shape: &Shape) {
    let word = match &shape.kind {
        Kind::Boolean => "boolean",
        Kind::Integer => "integer",
        Kind::Long => "long",
        Kind::Float => "float",
        Kind::Double => "double",
        Kind::String => "string",
        Kind::Enum(_) => "enum",
        Kind::Blob => "blob",
        Kind::Stream => "stream",
        Kind::Timestamp(_) => "timestamp",
        Kind::List(_) => "list",
        Kind::Map(..) => "map",
        Kind::Structure(_) if shape.error.is_some() => "error",
        Kind::Structure(_) => "struct",
        Kind::Union(_) => "union",
        Kind::Document => "document",
    };
    let _ = write!(out, "{word} {}", shape.name);
    if let Some(error) = &shape.error {
        let _ = write!(out, " status={}", error.status);
        if error.code != shape.name {
            let _ = write!(out, " code={}", escape(&error.code));
        }
        if error.server_fault {
            out.push_str(" server");
        }
    }
    if shape.min.is_some() || shape.max.is_some() {
        let end = |bound: Option<i64>| bound.map(|n| n.to_string()).unwrap_or_default();
        let _ = write!(out, " len={}..{}", end(shape.min), end(shape.max));
    }
    if shape.sensitive {
        out.push_str(" sensitive");
    }
    match &shape.kind {
        Kind::Enum(values) => {
            let values: Vec<String> = values.iter().map(|v| escape(v)).collect();
            let _ = write!(out, " values={}", values.join("|"));
        }
        Kind::Timestamp(format) if !format.is_empty() => {
            let _ = write!(out, " ts={format}");
        }
        _ => {}
    }
    if let Some(pattern) = &shape.pattern {
        let _ = write!(out, " pattern={}", pattern.replace('\n', "\\n"));
    }
    out.push('\n');
    match &shape.kind {
        Kind::List(member) => print_member(out, member),
        Kind::Map(key, value) => {
            print_member(out, key);
            print_member(out, value);
        }
        kind => kind.members().iter().for_each(|member| print_member(out, member)),
    }
}

fn print_member(out: &mut String, member: &Member) {
    let star = if member.required { "*" } else { "" };
    let _ = write!(out, "  {}{star} {}", member.name, member.shape);
    for (key, value) in [("wire", &member.wire_name), ("qname", &member.query_name), ("xmlns", &member.xml_namespace)] {
        if let Some(value) = value {
            let _ = write!(out, " {key}={value}");
        }
    }
    for (key, value) in [("loc", &member.location), ("ts", &member.timestamp), ("event", &member.event)] {
        if !value.is_empty() {
            let _ = write!(out, " {key}={value}");
        }
    }
    for (word, set) in [
        ("flat", member.flat),
        ("attr", member.xml_attribute),
        ("jsonvalue", member.json_value),
        ("eventstream", member.event_stream),
    ] {
        if set {
            let _ = write!(out, " {word}");
        }
    }
    out.push('\n');
}

/// The words of a line, with a raw `pattern=` at its end.
pub struct Words<'a> {
    words: Vec<&'a str>,
    pattern: Option<&'a str>,
}

impl<'a> Words<'a> {
    pub fn of(line: &'a str) -> Self {
        let (head, pattern) = match line.split_once(" pattern=") {
            Some((head, pattern)) => (head, Some(pattern)),
            None => (line, None),
        };
        Self { words: head.split_whitespace().collect(), pattern }
    }

    pub fn at(&self, index: usize) -> Result<&'a str> {
        self.words.get(index).copied().with_context(|| format!("the line has no word {index}"))
    }

    pub fn value(&self, key: &str) -> Option<String> {
        if key == "pattern" {
            return self.pattern.map(|p| p.replace("\\n", "\n"));
        }
        self.words.iter().find_map(|w| w.strip_prefix(key)?.strip_prefix('=')).map(unescape)
    }

    pub fn has(&self, word: &str) -> bool {
        self.words.contains(&word)
    }
}

pub fn parse(source: &str) -> Result<Facts> {
    let mut facts = Facts::default();
    for (number, line) in source.lines().enumerate() {
        let context = || format!("line {}: {line}", number + 1);
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let words = Words::of(line);
        if line.starts_with(' ') {
            let shape = facts.shapes.last_mut().context("a member without a shape").with_context(context)?;
            add_member(shape, parse_member(&words).with_context(context)?).with_context(context)?;
            continue;
        }
        match words.at(0)? {
            "service" => facts.service = parse_service(&words).with_context(context)?,
            "protocols" => {
                facts.service.protocols = words.at(1)?.split(',').map(str::to_owned).collect();
                facts.service.query_compatible = words.has("query-compatible");
            }
            "target" => facts.service.target_prefix = words.at(1)?.to_owned(),
            "xmlns" => facts.service.xml_namespace = words.at(1)?.to_owned(),
            "op" => facts.operations.push(parse_operation(&words).with_context(context)?),
            kind => facts.shapes.push(parse_shape(kind, &words).with_context(context)?),
        }
    }
    Ok(facts)
}

fn parse_service(words: &Words) -> Result<Service> {
    Ok(Service {
        name: words.at(1)?.to_owned(),
        api_version: words.at(2)?.to_owned(),
        sdk_id: words.value("id").unwrap_or_default(),
        signing_name: words.value("sign").unwrap_or_default(),
        endpoint_prefix: words.value("endpoint").unwrap_or_default(),
        ..Service::default()
    })
}

fn parse_operation(words: &Words) -> Result<Operation> {
    let errors = words.value("err").unwrap_or_default();
    Ok(Operation {
        name: words.at(1)?.to_owned(),
        method: words.at(2)?.to_owned(),
        uri: words.at(3)?.to_owned(),
        status: words.value("status").map_or(Ok(200), |s| s.parse())?,
        input: words.value("in"),
        output: words.value("out"),
        result_wrapper: words.value("wrapper").unwrap_or_default(),
        errors: errors.split(',').filter(|e| !e.is_empty()).map(str::to_owned).collect(),
        host_prefix: words.value("host").unwrap_or_default(),
        checksum_required: words.has("checksum"),
    })
}

fn parse_shape(word: &str, words: &Words) -> Result<Shape> {
    let name = words.at(1)?.to_owned();
    let kind = match word {
        "boolean" => Kind::Boolean,
        "integer" => Kind::Integer,
        "long" => Kind::Long,
        "float" => Kind::Float,
        "double" => Kind::Double,
        "string" => Kind::String,
        "enum" => {
            let raw = words.words.iter().find_map(|w| w.strip_prefix("values=")).unwrap_or_default();
            Kind::Enum(raw.split('|').map(unescape).collect())
        }
        "blob" => Kind::Blob,
        "stream" => Kind::Stream,
        "timestamp" => Kind::Timestamp(words.value("ts").unwrap_or_default()),
        "list" => Kind::List(Box::default()),
        "map" => Kind::Map(Box::default(), Box::default()),
        "struct" | "error" => Kind::Structure(Vec::new()),
        "union" => Kind::Union(Vec::new()),
        "document" => Kind::Document,
        other => bail!("'{other}' is not a kind of line"),
    };
    let error = (word == "error").then(|| ErrorFacts {
        code: words.value("code").unwrap_or_else(|| name.clone()),
        status: words.value("status").and_then(|s| s.parse().ok()).unwrap_or(400),
        server_fault: words.has("server"),
    });
    let (min, max) = match words.value("len") {
        Some(range) => {
            let (min, max) = range.split_once("..").context("len is MIN..MAX")?;
            let end = |text: &str| if text.is_empty() { Ok(None) } else { text.parse().map(Some) };
            (end(min)?, end(max)?)
        }
        None => (None, None),
    };
    Ok(Shape {
        name,
        kind,
        min,
        max,
        pattern: words.value("pattern"),
        sensitive: words.has("sensitive"),
        open: false,
        error,
    })
}

fn parse_member(words: &Words) -> Result<Member> {
    let name = words.at(0)?;
    Ok(Member {
        name: name.trim_end_matches('*').to_owned(),
        required: name.ends_with('*'),
        shape: words.at(1)?.to_owned(),
        wire_name: words.value("wire"),
        query_name: words.value("qname"),
        location: words.value("loc").unwrap_or_default(),
        flat: words.has("flat"),
        xml_attribute: words.has("attr"),
        xml_namespace: words.value("xmlns"),
        timestamp: words.value("ts").unwrap_or_default(),
        json_value: words.has("jsonvalue"),
        event: words.value("event").unwrap_or_default(),
        event_stream: words.has("eventstream"),
    })
}

fn add_member(shape: &mut Shape, member: Member) -> Result<()> {
    match &mut shape.kind {
        Kind::List(element) => **element = member,
        Kind::Map(key, _) if member.name == "key" => **key = member,
        Kind::Map(_, value) => **value = member,
        Kind::Structure(members) | Kind::Union(members) => members.push(member),
        _ => bail!("{} has no members", shape.name),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        let source = "service demo 2020-01-01 id=Demo\\_One sign=demo endpoint=demo\nprotocols json1.0,query query-compatible\n\
            target Demo\nxmlns http://demo/\n\nop Do POST /x/{Key+}?list status=202 in=A out=B wrapper=DoResult err=E\n\n\
            struct A\n  Key* K loc=uri\n  Tags M qname=Tag flat\nlist B\n  member A wire=item\n\
            error E status=404 code=Not\\_There\n  message K\nenum K sensitive values=a\\_b|c\n\
            map M len=..3\n  key K\n  value P\nstring P len=1.. pattern=[a b]+\\d\n";
        let facts = parse(source).unwrap();
        assert_eq!(print(&facts), source);
        assert_eq!(parse(&print(&facts)).unwrap(), facts);
    }
}
