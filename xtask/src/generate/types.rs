//! `types.rs`: what people read.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::names::{camel, snake, type_name};
use super::{HEADER, Selection};
use crate::facts::{Kind, Member, Shape};

pub fn emit(selection: &Selection) -> String {
    let mut out = String::from(HEADER);
    out.push_str(
        "//! The shapes of the served operations.\n\n#[allow(unused_imports)]\nuse wire::{Bytes, Events, Map, Timestamp};\n",
    );
    for shape in &selection.shapes {
        match &shape.kind {
            Kind::Structure(members) if shape.error.is_none() => emit_struct(&mut out, selection, shape, members),
            Kind::Union(members) => emit_union(&mut out, selection, shape, members),
            Kind::Enum(values) => emit_enum(&mut out, shape, values),
            _ => {}
        }
    }
    for operation in &selection.operations {
        for (shape, suffix) in [(&operation.input, "Request"), (&operation.output, "Response")] {
            if shape.is_none() {
                let _ = write!(
                    out,
                    "\n/// {} has none.\n#[derive(Clone, Debug, Default, PartialEq)]\npub struct {}{suffix} {{}}\n\
                     wire::structure!({}{suffix} {{}});\n",
                    operation.name, operation.name, operation.name
                );
            }
        }
    }
    out
}

fn emit_struct(out: &mut String, selection: &Selection, shape: &Shape, members: &[Member]) {
    let streams = members.iter().any(|m| m.event_stream);
    let derives = if streams { "Debug, Default" } else { "Clone, Debug, Default, PartialEq" };
    let _ = writeln!(out, "\n#[derive({derives})]\npub struct {} {{", type_name(&shape.name));
    for member in members {
        let _ = writeln!(out, "    pub {}: {},", snake(&member.name), field_type(selection, &shape.name, member));
    }
    let fields: Vec<String> = members.iter().map(|m| snake(&m.name)).collect();
    let _ = writeln!(out, "}}\nwire::structure!({} {{ {} }});", type_name(&shape.name), fields.join(", "));
}

fn emit_union(out: &mut String, selection: &Selection, shape: &Shape, members: &[Member]) {
    let _ = writeln!(out, "\n#[derive(Clone, Debug, Default, PartialEq)]\npub enum {} {{", type_name(&shape.name));
    for member in members {
        let value = match selection.facts.shape(&member.shape) {
            // Errors in an event stream end it: they are not values.
            Some(target) if target.error.is_some() => "wire::NoValue".to_owned(),
            _ => value_type(selection, &shape.name, member),
        };
        let _ = writeln!(out, "    {}({value}),", camel(&member.name));
    }
    let variants: Vec<String> = members.iter().map(|m| camel(&m.name)).collect();
    let _ = writeln!(
        out,
        "    /// None of the members that the model has.\n    #[default]\n    Unset,\n}}\nwire::union!({} {{ {} }});",
        type_name(&shape.name),
        variants.join(", ")
    );
}

fn emit_enum(out: &mut String, shape: &Shape, values: &[String]) {
    let mut taken = BTreeSet::from(["Other".to_owned()]);
    let mut variants = Vec::new();
    for value in values {
        let mut variant = camel(value);
        while !taken.insert(variant.clone()) {
            variant.push('_');
        }
        variants.push(format!("{variant} = {value:?}"));
    }
    let _ = writeln!(out, "\nwire::string_enum!({} {{ {} }});", type_name(&shape.name), variants.join(", "));
}

fn field_type(selection: &Selection, owner: &str, member: &Member) -> String {
    if member.event_stream {
        return format!("Events<{}>", type_name(&member.shape));
    }
    let value = value_type(selection, owner, member);
    if member.required { value } else { format!("Option<{value}>") }
}

fn value_type(selection: &Selection, owner: &str, member: &Member) -> String {
    let value = if member.json_value { "wire::Json".to_owned() } else { shape_type(selection, &member.shape) };
    if selection.is_recursive(owner, &member.shape) { format!("Box<{value}>") } else { value }
}

fn shape_type(selection: &Selection, name: &str) -> String {
    let Some(shape) = selection.facts.shape(name) else { return "wire::Json".to_owned() };
    match &shape.kind {
        Kind::Boolean => "bool".to_owned(),
        Kind::Integer => "i32".to_owned(),
        Kind::Long => "i64".to_owned(),
        Kind::Float => "f32".to_owned(),
        Kind::Double => "f64".to_owned(),
        Kind::String => "String".to_owned(),
        Kind::Enum(_) | Kind::Structure(_) | Kind::Union(_) => type_name(&shape.name),
        Kind::Blob | Kind::Stream => "Bytes".to_owned(),
        Kind::Timestamp(_) => "Timestamp".to_owned(),
        Kind::List(member) => format!("Vec<{}>", shape_type(selection, &member.shape)),
        Kind::Map(_, value) => format!("Map<{}>", shape_type(selection, &value.shape)),
        Kind::Document => "wire::Json".to_owned(),
    }
}
