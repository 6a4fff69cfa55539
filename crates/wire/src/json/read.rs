use super::lexer::{Lexer, Token};
use crate::budget::Budget;
use crate::malformed::Malformed;
use crate::scalar::{parse_base64, parse_float, parse_timestamp, timestamp_format};
use crate::{Doc, Kind, Location, Member, Model, ShapeId, TimestampFormat};

/// How a value of the wrong type is named. AWS's RPC services and its REST services differ in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TypeWords {
    /// `NUMBER_VALUE cannot be converted to String`
    Rpc,
    /// `NUMBER_VALUE can not be converted to a String`
    Rest,
}

/// Reads a body as a structure. No bytes at all are an empty one.
pub(crate) fn decode(model: &Model, shape: ShapeId, bytes: &[u8], words: TypeWords) -> Result<Doc, Malformed> {
    let mut slots = vec![None; model.members(shape).len()];
    let mut reader = Reader { model, lexer: Lexer::new(bytes), words, budget: Budget::new() };
    if !reader.lexer.is_blank() {
        reader.structure(shape, &mut slots, |_| true)?;
        reader.lexer.end()?;
    }
    Ok(Doc::Struct(slots))
}

/// Reads the members that a REST request carries in its body; the others keep what they have.
pub(crate) fn decode_into(
    model: &Model,
    shape: ShapeId,
    bytes: &[u8],
    slots: &mut [Option<Doc>],
) -> Result<(), Malformed> {
    let mut reader = Reader { model, lexer: Lexer::new(bytes), words: TypeWords::Rest, budget: Budget::new() };
    if reader.lexer.is_blank() {
        return Ok(());
    }
    reader.structure(shape, slots, |member| member.location == Location::Body)?;
    reader.lexer.end()
}

/// Reads a body that is one value.
pub(crate) fn decode_payload(model: &Model, member: &Member, bytes: &[u8]) -> Result<Option<Doc>, Malformed> {
    let mut reader = Reader { model, lexer: Lexer::new(bytes), words: TypeWords::Rest, budget: Budget::new() };
    if reader.lexer.is_blank() {
        return Ok(None);
    }
    let value = reader.slot(member)?;
    reader.lexer.end()?;
    Ok(value)
}

struct Reader<'a> {
    model: &'a Model,
    lexer: Lexer<'a>,
    words: TypeWords,
    budget: Budget,
}

impl Reader<'_> {
    fn structure(
        &mut self,
        shape: ShapeId,
        slots: &mut [Option<Doc>],
        takes: impl Fn(&Member) -> bool,
    ) -> Result<(), Malformed> {
        if self.lexer.peek()? != Token::Object {
            return Err(self.not_a_collection(shape));
        }
        let members = self.model.members(shape);
        self.lexer.open(b'{')?;
        let (mut first, mut guess) = (true, 0);
        while self.lexer.more(&mut first, b'}')? {
            let key = self.lexer.key()?;
            // SDKs write members nearly in the model's order: look first where the last one was found.
            let found = (guess..members.len()).chain(0..guess.min(members.len()));
            let found = found.map(|at| (at, &members[at])).find(|(_, m)| m.wire_name == key && takes(m));
            match found {
                Some((at, member)) => {
                    guess = at + 1;
                    let value = self.slot(member)?;
                    if let Some(slot) = slots.get_mut(at) {
                        *slot = value;
                    }
                }
                None => drop(self.lexer.skip()?),
            }
        }
        Ok(())
    }

    /// A value, or none for null.
    fn slot(&mut self, member: &Member) -> Result<Option<Doc>, Malformed> {
        if self.lexer.null()? {
            let is_document = matches!(self.model.shape(member.shape).kind, Kind::Document);
            return Ok(is_document.then_some(Doc::Json(Box::default())));
        }
        self.value(member).map(Some)
    }

    fn value(&mut self, member: &Member) -> Result<Doc, Malformed> {
        let shape = self.model.shape(member.shape);
        let token = self.lexer.peek()?;
        match (&shape.kind, token) {
            (Kind::String | Kind::Enum(_), Token::String) => self.text(member),
            (Kind::Boolean, Token::True | Token::False) => self.lexer.bool().map(Doc::Bool),
            (Kind::Integer | Kind::Long, Token::Number) => self.integer(&shape.kind),
            (Kind::Float | Kind::Double, Token::Number) => {
                let text = self.lexer.number()?;
                text.parse().map(Doc::Float).map_err(|_| Malformed::Syntax)
            }
            (Kind::Float | Kind::Double, Token::String) => {
                let text = self.lexer.string()?;
                let named = parse_float(&text).filter(|number| !number.is_finite());
                named.map(Doc::Float).ok_or_else(|| self.wrong_type(Token::String, &shape.kind))
            }
            (Kind::Blob | Kind::Stream, Token::String) => {
                let text = self.lexer.string()?;
                Ok(Doc::Blob(parse_base64(&text)?.into()))
            }
            (Kind::Timestamp(_), Token::Number | Token::String) => {
                let text = if token == Token::Number { self.lexer.number()?.into() } else { self.lexer.string()? };
                let format = timestamp_format(member, shape, TimestampFormat::Epoch);
                parse_timestamp(&text, format).map(Doc::Time).ok_or_else(|| self.wrong_type(token, &shape.kind))
            }
            (Kind::List(item), Token::Array) => self.list(item),
            (Kind::Map(key, value), Token::Object) => self.map(key, value),
            (Kind::Structure(members) | Kind::Union(members), Token::Object) => {
                self.budget.take(members.len())?;
                let mut slots = vec![None; members.len()];
                self.structure(member.shape, &mut slots, |_| true)?;
                Ok(Doc::Struct(slots))
            }
            (Kind::Document, _) => {
                let text = self.lexer.skip()?;
                serde_json::from_slice(text).map(Doc::Json).map_err(|_| Malformed::Syntax)
            }
            (Kind::List(_) | Kind::Map(..) | Kind::Structure(_) | Kind::Union(_), _) => {
                Err(self.not_a_collection(member.shape))
            }
            (kind, _) => Err(self.wrong_type(token, kind)),
        }
    }

    fn text(&mut self, member: &Member) -> Result<Doc, Malformed> {
        let text = self.lexer.string()?;
        if member.json_value {
            return serde_json::from_str(&text).map(Doc::Json).map_err(|_| Malformed::Syntax);
        }
        Ok(Doc::Str(text.into_owned()))
    }

    /// A whole number; a fraction is cut off, as AWS's reader does.
    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // Out of range is refused before.
    fn integer(&mut self, kind: &Kind) -> Result<Doc, Malformed> {
        let text = self.lexer.number()?;
        let value = match text.parse::<i64>() {
            Ok(value) => Some(value),
            Err(_) => text.parse::<f64>().ok().map(f64::trunc).filter(|v| v.abs() < i64::MAX as f64).map(|v| v as i64),
        };
        match (value, kind) {
            (Some(value), Kind::Integer) if i32::try_from(value).is_err() => {
                Err(Malformed::Type(format!("Numeric value ({text}) out of range of int")))
            }
            (Some(value), _) => Ok(Doc::Int(value)),
            (None, Kind::Integer) => Err(Malformed::Type(format!("Numeric value ({text}) out of range of int"))),
            (None, _) => Err(Malformed::Type(format!("Numeric value ({text}) out of range of long"))),
        }
    }

    fn list(&mut self, item: &Member) -> Result<Doc, Malformed> {
        self.lexer.open(b'[')?;
        let (mut first, mut items) = (true, Vec::new());
        while self.lexer.more(&mut first, b']')? {
            self.budget.take(1)?;
            items.push(self.slot(item)?);
        }
        Ok(Doc::List(items))
    }

    fn map(&mut self, key: &Member, value: &Member) -> Result<Doc, Malformed> {
        debug_assert!(matches!(self.model.shape(key.shape).kind, Kind::String | Kind::Enum(_)));
        self.lexer.open(b'{')?;
        let (mut first, mut entries) = (true, Vec::<(String, Option<Doc>)>::new());
        while self.lexer.more(&mut first, b'}')? {
            self.budget.take(1)?;
            let key = self.lexer.key()?.into_owned();
            entries.push((key, self.slot(value)?));
        }
        Ok(Doc::Map(entries))
    }

    fn wrong_type(&self, token: Token, kind: &Kind) -> Malformed {
        let (java, article) = match kind {
            Kind::Boolean => ("Boolean", "a"),
            Kind::Integer => ("Integer", "an"),
            Kind::Long => ("Long", "a"),
            Kind::Float => ("Float", "a"),
            Kind::Double => ("Double", "a"),
            Kind::String | Kind::Enum(_) => ("String", "a"),
            Kind::Timestamp(_) => ("Timestamp", "a"),
            _ => return Malformed::of_type("Unexpected field type"),
        };
        let found = match token {
            Token::Object => return Malformed::of_type("Start of structure or map found where not expected"),
            Token::Array => {
                return Malformed::of_type(match self.words {
                    TypeWords::Rpc => format!("Unrecognized collection type class java.lang.{java}"),
                    TypeWords::Rest => "Start of list found where not expected".to_owned(),
                });
            }
            Token::String => "STRING_VALUE",
            Token::Number => "NUMBER_VALUE",
            Token::True => "TRUE_VALUE",
            Token::False => "FALSE_VALUE",
            Token::Null => "VALUE_NULL",
        };
        Malformed::Type(match self.words {
            TypeWords::Rpc => format!("{found} cannot be converted to {java}"),
            TypeWords::Rest => format!("{found} can not be converted to {article} {java}"),
        })
    }

    /// A list, map or structure was expected and something else is there.
    fn not_a_collection(&mut self, shape: ShapeId) -> Malformed {
        let is_list = matches!(self.model.shape(shape).kind, Kind::List(_));
        Malformed::of_type(match self.lexer.peek() {
            Err(error) => return error,
            Ok(Token::Object) => "Start of structure or map found where not expected",
            Ok(Token::Array) if !is_list => "Start of list found where not expected",
            Ok(_) => "Unexpected field type",
        })
    }
}
