//! A pattern, and whether an event fits it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::dialect::Dialect;
use crate::malformed::Malformed;
use crate::matcher::Matcher;
use crate::parse;

/// A pattern that was understood.
///
/// Shape:  matches when one of its branches does; `$or` makes the branches, every field of a branch has to match.
///         A field's name may have dots: `{"a.b": …}` and `{"a": {"b": …}}` are the same, in patterns and in events.
///         Where an event has an array, one element has to match everything that the pattern says below it.
/// Source: EventBridge User Guide, "Comparison operators", "Arrays in event patterns"; aws/event-ruler, README "JSON Array
///         Matching", "Compiled rules and JSON keys with dots"; recorded: events and sns filter policies.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern {
    branches: Vec<Alternative>,
}

/// A pattern without `$or`.
#[derive(Clone, Debug, PartialEq)]
struct Alternative {
    root: Field,
    /// Where values may be absent. Asked once of an event, not again for each element of its arrays.
    absent: Vec<Vec<String>>,
}

/// What is said about one place in an event.
#[derive(Clone, Debug, Default, PartialEq)]
struct Field {
    /// Which of the alternative's places this is, if the event may go without it.
    absence: Option<usize>,
    /// One of them has to fit; none: nothing is said about the value itself.
    matchers: Arc<[Matcher]>,
    below: BTreeMap<String, Field>,
}

/// A branch as the parser writes it down: names from the root, and what may stand there.
pub(crate) type Branch = BTreeMap<Vec<String>, Said>;

#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// Shared by all branches that say so.
    pub matchers: Arc<[Matcher]>,
    /// Names from the root; one with dots counts once.
    pub nesting: usize,
}

impl Pattern {
    /// Reads a pattern of the whole language, as EventBridge's rules are written.
    /// Errors: [`Malformed`], in the engine's words.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        Self::parse_as(Dialect::EventBridge, text)
    }

    /// Reads a pattern in a service's dialect.
    pub fn parse_as(dialect: Dialect, text: &str) -> Result<Self, Malformed> {
        Ok(Self { branches: parse::pattern(dialect, text)?.into_iter().map(Alternative::of).collect() })
    }

    /// Whether an event fits. One that is no object never does.
    pub fn matches(&self, event: &Value) -> bool {
        event.is_object() && self.branches.iter().any(|branch| branch.matches(event))
    }

    /// Whether an event fits in which one member is what somebody sent. What is said of its fields takes only JSON, what is said of
    /// it as a whole takes only a text, even where the one or the other is to be absent.
    pub fn matches_content(&self, event: &Value, member: &str) -> bool {
        let is_json = event.get(member).is_some_and(is_nested);
        event.is_object() && self.branches.iter().any(|branch| branch.takes(member, is_json) && branch.matches(event))
    }
}

impl Alternative {
    fn of(branch: Branch) -> Self {
        let (mut root, mut absent) = (Field::default(), Vec::new());
        for (path, said) in branch {
            let field = path.iter().fold(&mut root, |field, name| field.below.entry(name.clone()).or_default());
            if said.matchers.contains(&Matcher::Absent) {
                field.absence = Some(absent.len());
                absent.push(path);
            }
            field.matchers = said.matchers;
        }
        Self { root, absent }
    }

    /// Whether what is said of a member at the top is of the form that it has.
    fn takes(&self, member: &str, is_json: bool) -> bool {
        let said = self.root.below.get(member);
        said.is_none_or(|said| if is_json { said.matchers.is_empty() } else { said.below.is_empty() })
    }

    fn matches(&self, event: &Value) -> bool {
        let event = View::Value(event);
        let is_absent: Vec<bool> = self.absent.iter().map(|path| !has_value(event, path)).collect();
        self.root.holds(event, &is_absent)
    }
}

impl Field {
    /// Whether everything said here and below holds in this part of the event.
    fn holds(&self, part: View<'_>, absent: &[bool]) -> bool {
        self.holds_given(part, self.asks_nothing_of_the_value(absent), absent)
    }

    /// `met`: what is said about the value itself holds already.
    fn holds_given(&self, part: View<'_>, met: bool, absent: &[bool]) -> bool {
        match part {
            View::Value(Value::Array(elements)) => {
                // A plain element meets what is said about the value, whichever element meets the rest.
                let plain = elements.iter().filter(|element| !is_nested(element));
                let met = met || plain.into_iter().any(|element| self.fits(element));
                let mut nested = elements.iter().filter(|element| is_nested(element));
                (met && self.asks_nothing_below(absent))
                    || nested.any(|element| self.holds_given(View::Value(element), met, absent))
            }
            View::Value(Value::Object(_)) | View::Named(..) => {
                met && self.below.iter().all(|(name, field)| field.holds_in_any(&part.named(name), absent))
            }
            View::Value(value) => (met || self.fits(value)) && self.asks_nothing_below(absent),
        }
    }

    /// Whether the field holds in one of the parts that its name leads to: none when it may be absent, more than one
    /// only when names with dots and nested names lead to the same place.
    fn holds_in_any(&self, parts: &[View<'_>], absent: &[bool]) -> bool {
        if self.asks_nothing(absent) || parts.iter().any(|part| self.holds(*part, absent)) {
            return true;
        }
        parts.len() > 1 && self.holds_across(parts, absent)
    }

    /// Different fields may then be met by different parts; elements of arrays are not kept apart in this corner.
    fn holds_across(&self, parts: &[View<'_>], absent: &[bool]) -> bool {
        let parts: Vec<View<'_>> = parts.iter().flat_map(|part| part.without_arrays()).collect();
        let fits = |part: &View<'_>| matches!(part, View::Value(value) if !is_nested(value) && self.fits(value));
        (self.asks_nothing_of_the_value(absent) || parts.iter().any(fits))
            && self.below.iter().all(|(name, field)| {
                let next: Vec<View<'_>> = parts.iter().flat_map(|part| part.named(name)).collect();
                field.asks_nothing(absent) || field.holds_across(&next, absent)
            })
    }

    fn fits(&self, value: &Value) -> bool {
        self.matchers.iter().any(|matcher| matcher.fits(value))
    }

    /// Whether the event may go without it: `exists: false`, and no value at its path.
    fn asks_nothing_of_the_value(&self, absent: &[bool]) -> bool {
        let goes_without = self.absence.and_then(|place| absent.get(place)).copied().unwrap_or(false);
        self.matchers.is_empty() || goes_without
    }

    fn asks_nothing_below(&self, absent: &[bool]) -> bool {
        self.below.values().all(|field| field.asks_nothing(absent))
    }

    fn asks_nothing(&self, absent: &[bool]) -> bool {
        self.asks_nothing_of_the_value(absent) && self.asks_nothing_below(absent)
    }
}

/// A part of an event. A name with dots is taken apart: after its first step, the rest still leads to the value.
#[derive(Clone, Copy, Debug)]
enum View<'a> {
    Value(&'a Value),
    Named(&'a str, &'a Value),
}

impl<'a> View<'a> {
    /// Where a name leads to from here.
    fn named(self, name: &str) -> Vec<View<'a>> {
        match self {
            View::Value(Value::Object(fields)) => Self::among(fields, name),
            View::Named(rest, value) => step(rest, name, value).into_iter().collect(),
            View::Value(_) => Vec::new(),
        }
    }

    fn among(fields: &'a Map<String, Value>, name: &str) -> Vec<View<'a>> {
        let dotted = fields.iter().filter(|(key, _)| key.len() > name.len());
        let exact = fields.get(name).map(View::Value);
        exact.into_iter().chain(dotted.filter_map(|(key, value)| step(key, name, value))).collect()
    }

    fn without_arrays(self) -> Vec<View<'a>> {
        match self {
            View::Value(Value::Array(elements)) => {
                elements.iter().flat_map(|element| View::Value(element).without_arrays()).collect()
            }
            other => vec![other],
        }
    }
}

fn step<'a>(key: &'a str, name: &str, value: &'a Value) -> Option<View<'a>> {
    match key.strip_prefix(name)? {
        "" => Some(View::Value(value)),
        rest => rest.strip_prefix('.').map(|rest| View::Named(rest, value)),
    }
}

fn is_nested(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

/// Whether a plain value stands at the end of a path, in whichever element of the arrays on the way.
fn has_value(part: View<'_>, path: &[String]) -> bool {
    let mut parts = part.without_arrays().into_iter();
    match path.split_first() {
        None => parts.any(|part| matches!(part, View::Value(value) if !is_nested(value))),
        Some((name, rest)) => parts.any(|part| part.named(name).into_iter().any(|next| has_value(next, rest))),
    }
}
