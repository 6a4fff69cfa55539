//! The constraints of the model, checked in AWS's order and wording.
//!
//! `{n} validation error(s) detected: Value '{v}' at '{path}' failed to satisfy constraint: {text}; …`, with paths as the
//! services' own Java names them. Source: answers recorded from AWS.

mod java;
mod pattern;

use std::fmt::Write;

use crate::limits::VIOLATIONS_MAX;
use crate::{ApiError, Doc, ErrorClass, Kind, Member, Model, Shape, ShapeId};

/// Checks an input. Errors: the service's validation error, which lists at most [`VIOLATIONS_MAX`] violations.
pub(crate) fn check(model: &Model, shape: ShapeId, input: &Doc) -> Result<(), ApiError> {
    let mut found = Found { model, violations: Vec::new() };
    found.structure(model.members(shape), input, None);
    if found.violations.is_empty() {
        return Ok(());
    }
    let violations = &found.violations;
    let plural = if violations.len() == 1 { "" } else { "s" };
    let message = format!("{} validation error{plural} detected: {}", violations.len(), violations.join("; "));
    let code = model.endpoint.error_style.validation_code;
    // The query protocol's name for it; the others call it as every service of theirs does. Recorded for CloudWatch.
    let json_name = (code == "ValidationError").then_some("ValidationException");
    Err(ApiError { class: ErrorClass::Validation, json_name, ..ApiError::unmodeled(400, code, message) })
}

/// Where a value stands. Lives on the stack and becomes text only when something is wrong.
#[derive(Clone, Copy)]
struct Path<'a> {
    parent: Option<&'a Self>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Member(&'a str),
    /// Counted from 1.
    Item(usize),
    Key(&'a str),
}

impl Path<'_> {
    fn write(&self, out: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(out);
            out.push('.');
        }
        let _ = match self.step {
            Step::Member(name) => write!(out, "{}", java::lower_first(name)),
            Step::Item(at) => write!(out, "{at}.member"),
            Step::Key(key) => write!(out, "{key}.member"),
        };
    }
}

struct Found<'a> {
    model: &'a Model,
    violations: Vec<String>,
}

impl Found<'_> {
    fn structure(&mut self, members: &[Member], doc: &Doc, parent: Option<&Path<'_>>) {
        let Doc::Struct(slots) = doc else { return };
        for (member, slot) in members.iter().zip(slots) {
            let path = Path { parent, step: Step::Member(member.name) };
            match slot {
                Some(value) => self.value(member.shape, value, &path),
                None if member.required => self.report("null", &path, "Member must not be null"),
                None => {}
            }
        }
    }

    fn value(&mut self, shape: ShapeId, doc: &Doc, path: &Path<'_>) {
        let model = self.model;
        let facts = model.shape(shape);
        constraints(facts, doc, |text| {
            let value = java::value(model, shape, doc);
            self.report(&value, path, &text);
        });
        match (&facts.kind, doc) {
            (Kind::Structure(members) | Kind::Union(members), _) => self.structure(members, doc, Some(path)),
            (Kind::List(item), Doc::List(items)) => {
                if is_scalar(model.shape(item.shape)) {
                    return self.list_of_scalars(shape, item, items, doc, path);
                }
                for (at, value) in items.iter().enumerate() {
                    let step = Step::Item(at + 1);
                    if let Some(value) = value {
                        self.value(item.shape, value, &Path { parent: Some(path), step });
                    }
                }
            }
            (Kind::Map(key, of), Doc::Map(entries)) => self.map(shape, key, of, entries, doc, path),
            _ => {}
        }
    }

    /// One violation stands for all items, with every rule of an item whether broken or not.
    fn list_of_scalars(&mut self, shape: ShapeId, item: &Member, items: &[Option<Doc>], doc: &Doc, path: &Path<'_>) {
        let facts = self.model.shape(item.shape);
        if items.iter().flatten().any(|value| is_broken(facts, value)) {
            let value = java::value(self.model, shape, doc);
            self.report(&value, path, &format!("Member must satisfy constraint: [{}]", rules(facts).join(", ")));
        }
    }

    fn map(
        &mut self,
        shape: ShapeId,
        key: &Member,
        of: &Member,
        entries: &[(String, Option<Doc>)],
        doc: &Doc,
        path: &Path<'_>,
    ) {
        let (keys, values) = (self.model.shape(key.shape), self.model.shape(of.shape));
        if has_rules(keys) && entries.iter().any(|(name, _)| is_broken_text(keys, name)) {
            let value = java::value(self.model, shape, doc);
            let text = format!("Map keys must satisfy constraint: [{}]", rules(keys).join(", "));
            self.report(&value, path, &text);
        }
        if is_scalar(values) {
            if entries.iter().filter_map(|(_, value)| value.as_ref()).any(|value| is_broken(values, value)) {
                let value = java::value(self.model, shape, doc);
                let text = format!("Map value must satisfy constraint: [{}]", rules(values).join(", "));
                self.report(&value, path, &text);
            }
            return;
        }
        for (name, value) in entries {
            if let Some(value) = value {
                self.value(of.shape, value, &Path { parent: Some(path), step: Step::Key(name) });
            }
        }
    }

    /// `value` is as it stands in the message, quotes included; empty for one that is never shown.
    fn report(&mut self, value: &str, path: &Path<'_>, text: &str) {
        if self.violations.len() == VIOLATIONS_MAX {
            return;
        }
        let mut line = String::from("Value ");
        line.push_str(value);
        if !value.is_empty() {
            line.push(' ');
        }
        line.push_str("at '");
        path.write(&mut line);
        let _ = write!(line, "' failed to satisfy constraint: {text}");
        self.violations.push(line);
    }
}

fn is_scalar(shape: &Shape) -> bool {
    !matches!(shape.kind, Kind::List(_) | Kind::Map(..) | Kind::Structure(_) | Kind::Union(_))
}

fn has_rules(shape: &Shape) -> bool {
    shape.min.is_some() || shape.max.is_some() || shape.pattern.is_some() || matches!(shape.kind, Kind::Enum(_))
}

fn is_broken(shape: &Shape, doc: &Doc) -> bool {
    let mut broken = false;
    constraints(shape, doc, |_| broken = true);
    broken
}

fn is_broken_text(shape: &Shape, text: &str) -> bool {
    let mut broken = false;
    text_constraints(shape, text, &mut |_| broken = true);
    broken
}

/// Calls `broken` with every rule of the shape that the value breaks.
fn constraints(shape: &Shape, doc: &Doc, mut broken: impl FnMut(String)) {
    match doc {
        Doc::Str(text) => text_constraints(shape, text, &mut broken),
        Doc::Int(value) => bounds(shape, *value, &mut broken),
        #[allow(clippy::cast_precision_loss)] // Bounds of the model are small whole numbers.
        Doc::Float(value) => {
            if shape.max.is_some_and(|max| *value > max as f64) {
                shape.max.map(value_most).into_iter().for_each(&mut broken);
            }
            if shape.min.is_some_and(|min| *value < min as f64) {
                shape.min.map(value_least).into_iter().for_each(&mut broken);
            }
        }
        Doc::Blob(bytes) => length(shape, bytes.len(), &mut broken),
        Doc::List(items) => length(shape, items.len(), &mut broken),
        Doc::Map(entries) => length(shape, entries.len(), &mut broken),
        Doc::Bool(_) | Doc::Time(_) | Doc::Struct(_) | Doc::Json(_) => {}
    }
}

fn text_constraints(shape: &Shape, text: &str, broken: &mut impl FnMut(String)) {
    if let Some(pattern) = shape.pattern
        && !pattern::matches(pattern, text)
    {
        broken(pattern_rule(pattern));
    }
    if shape.min.is_some() || shape.max.is_some() {
        length(shape, text.chars().count(), broken);
    }
    if let Kind::Enum(values) = shape.kind
        && !values.contains(&text)
    {
        broken(enum_rule(values));
    }
}

fn length(shape: &Shape, length: usize, broken: &mut impl FnMut(String)) {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    if let Some(max) = shape.max.filter(|max| length > *max) {
        broken(length_most(max));
    }
    if let Some(min) = shape.min.filter(|min| length < *min) {
        broken(length_least(min));
    }
}

fn bounds(shape: &Shape, value: i64, broken: &mut impl FnMut(String)) {
    if let Some(max) = shape.max.filter(|max| value > *max) {
        broken(value_most(max));
    }
    if let Some(min) = shape.min.filter(|min| value < *min) {
        broken(value_least(min));
    }
}

/// Every rule of a shape, in the order in which AWS lists them for the items of a list.
fn rules(shape: &Shape) -> Vec<String> {
    let is_number = matches!(shape.kind, Kind::Integer | Kind::Long | Kind::Float | Kind::Double);
    let (most, least) = if is_number {
        (shape.max.map(value_most), shape.min.map(value_least))
    } else {
        (shape.max.map(length_most), shape.min.map(length_least))
    };
    let mut rules: Vec<String> = most.into_iter().chain(least).collect();
    rules.extend(shape.pattern.map(pattern_rule));
    if let Kind::Enum(values) = shape.kind {
        rules.push(enum_rule(values));
    }
    rules
}

fn length_most(max: i64) -> String {
    format!("Member must have length less than or equal to {max}")
}

fn length_least(min: i64) -> String {
    format!("Member must have length greater than or equal to {min}")
}

fn value_most(max: i64) -> String {
    format!("Member must have value less than or equal to {max}")
}

fn value_least(min: i64) -> String {
    format!("Member must have value greater than or equal to {min}")
}

fn pattern_rule(pattern: &str) -> String {
    format!("Member must satisfy regular expression pattern: {pattern}")
}

fn enum_rule(values: &[&str]) -> String {
    format!("Member must satisfy enum value set: [{}]", values.join(", "))
}
