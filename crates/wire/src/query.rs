//! awsQuery: a form whose names are paths, such as `Attributes.entry.1.key`.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::request::Parts;

use crate::budget::Budget;
use crate::limits::{DEPTH_MAX, QUERY_INDEX_MAX};
use crate::malformed::Malformed;
use crate::scalar::parse;
use crate::{Doc, Kind, Member, Model, ShapeId, TimestampFormat, form};

/// Reads an input from the form in the body, or in the URL of a GET.
pub(crate) fn decode(model: &Model, shape: ShapeId, head: &Parts, body: &Bytes) -> Result<Doc, Malformed> {
    let body = std::str::from_utf8(body).map_err(|_| Malformed::Syntax)?;
    let mut root = Node::default();
    for (name, value) in form::pairs(head.uri.query().unwrap_or_default()).chain(form::pairs(body.trim())) {
        root.add(&name, &value)?;
    }
    Reader { model, budget: Budget::new() }.structure(model.members(shape), &root)
}

/// One step of the paths.
#[derive(Debug, Default)]
struct Node {
    value: Option<String>,
    children: BTreeMap<String, Node>,
}

impl Node {
    fn add(&mut self, path: &str, value: &str) -> Result<(), Malformed> {
        let mut node = self;
        for (depth, step) in path.split('.').enumerate() {
            if depth == DEPTH_MAX {
                return Err(Malformed::Syntax);
            }
            node = node.children.entry(step.to_owned()).or_default();
        }
        node.value = Some(value.to_owned());
        Ok(())
    }

    fn child(&self, name: &str) -> Option<&Node> {
        self.children.get(name)
    }

    fn is_something(&self) -> bool {
        self.value.as_ref().is_some_and(|value| !value.is_empty()) || !self.children.is_empty()
    }

    /// The numbered children in the order of their numbers.
    fn items(&self) -> Vec<&Node> {
        let numbered = self.children.iter().filter_map(|(step, node)| {
            let at = step.parse::<usize>().ok().filter(|at| *at <= QUERY_INDEX_MAX)?;
            Some((at, node))
        });
        let mut numbered: Vec<_> = numbered.collect();
        numbered.sort_by_key(|(at, _)| *at);
        numbered.into_iter().map(|(_, node)| node).collect()
    }
}

fn name(member: &Member) -> &'static str {
    member.query_name.unwrap_or(member.wire_name)
}

struct Reader<'a> {
    model: &'a Model,
    budget: Budget,
}

impl Reader<'_> {
    fn structure(&mut self, members: &[Member], node: &Node) -> Result<Doc, Malformed> {
        self.budget.take(members.len())?;
        let slots = members.iter().map(|member| match node.child(name(member)) {
            Some(child) => self.value(member, child),
            None => Ok(None),
        });
        slots.collect::<Result<_, _>>().map(Doc::Struct)
    }

    fn value(&mut self, member: &Member, node: &Node) -> Result<Option<Doc>, Malformed> {
        let model = self.model;
        match &model.shape(member.shape).kind {
            Kind::Structure(members) | Kind::Union(members) => self.structure(members, node).map(Some),
            Kind::List(item) => {
                let items = numbered(node, member.flat, name(item));
                let items = items.into_iter().map(|node| self.value(item, node));
                items.collect::<Result<_, _>>().map(|items| Some(Doc::List(items)))
            }
            Kind::Map(key, of) => {
                let mut entries = Vec::new();
                for entry in numbered(node, member.flat, "entry") {
                    let Some(text) = entry.child(name(key)).and_then(|node| node.value.clone()) else { continue };
                    let value = entry.child(name(of)).map(|node| self.value(of, node)).transpose()?;
                    entries.push((text, value.flatten()));
                }
                Ok(Some(Doc::Map(entries)))
            }
            _ => node.value.as_deref().map(|text| parse(model, member, text, TimestampFormat::Iso8601)).transpose(),
        }
    }
}

/// The items below `step`, or right here for flattened lists. Clients that flatten where they should not are understood, and
/// so is a lone item without a number, `Attribute.Name=…`. Source: SQS API Reference of 2012, SetQueueAttributes, "Examples".
fn numbered<'a>(node: &'a Node, flat: bool, step: &str) -> Vec<&'a Node> {
    match node.child(step) {
        Some(list) if !flat => list.items(),
        _ => match node.items() {
            items if flat && items.is_empty() && node.is_something() => vec![node],
            items => items,
        },
    }
}
