use super::expression::Expression;
use super::operand::{Comparison, Operand, REGEX_PER_PATTERN_MAX, number};
use super::scanner::Scanner;
use super::{Extracted, InvalidPattern};

/// `[ip, user, ..., status=4*, bytes>1000]`: as many slots as the message has fields, `...` for any number of them.
#[derive(Debug)]
pub(super) struct FieldPattern {
    before: Vec<Slot>,
    /// The slots after `...`, when there is one.
    after: Option<Vec<Slot>>,
}

#[derive(Debug, Default)]
struct Slot {
    name: Option<String>,
    expression: Option<Expression<Condition>>,
}

#[derive(Debug)]
struct Condition {
    name: String,
    comparison: Comparison,
    operand: Operand,
}

impl FieldPattern {
    pub(super) fn parse(inside: &str) -> Result<Self, InvalidPattern> {
        let mut scanner = Scanner::new(inside);
        let (mut before, mut after) = (Vec::new(), None::<Vec<Slot>>);
        loop {
            scanner.skip_space();
            if scanner.eat("...") || scanner.eat("…") {
                if after.replace(Vec::new()).is_some() {
                    return Err(InvalidPattern::Syntax);
                }
            } else {
                let slot = Slot::scan(&mut scanner)?;
                after.as_mut().unwrap_or(&mut before).push(slot);
            }
            scanner.skip_space();
            if scanner.is_done() {
                break;
            }
            scanner.expect(",")?;
        }
        let pattern = Self { before, after };
        pattern.check()?;
        Ok(pattern)
    }

    fn slots(&self) -> impl Iterator<Item = &Slot> {
        self.before.iter().chain(self.after.iter().flatten())
    }

    /// A condition may only speak of a field that the pattern names.
    fn check(&self) -> Result<(), InvalidPattern> {
        let conditions: Vec<&Condition> =
            self.slots().filter_map(|slot| slot.expression.as_ref()).flat_map(Expression::conditions).collect();
        let known = |name: &str| self.slots().any(|slot| slot.name.as_deref() == Some(name));
        let regexes = conditions.iter().filter(|condition| condition.operand.is_regex()).count();
        if conditions.iter().all(|condition| known(&condition.name)) && regexes <= REGEX_PER_PATTERN_MAX {
            Ok(())
        } else {
            Err(InvalidPattern::Syntax)
        }
    }

    /// The message's fields by name, when it has the right number of them and every condition holds.
    pub(super) fn extract(&self, message: &str) -> Option<Extracted> {
        let fields = split(message);
        let slots = self.aligned(fields.len())?;
        let value = |name: &str| {
            slots.iter().zip(&fields).find(|(slot, _)| slot.is_some_and(|s| s.name.as_deref() == Some(name)))
        };
        let holds = |condition: &Condition| {
            value(&condition.name)
                .is_some_and(|(_, text)| condition.operand.compare(condition.comparison, text, number(text)))
        };
        if !self.slots().filter_map(|slot| slot.expression.as_ref()).all(|expression| expression.holds(&holds)) {
            return None;
        }
        let named = slots.iter().zip(&fields).enumerate().map(|(at, (slot, text))| {
            let name = slot.and_then(|slot| slot.name.clone()).unwrap_or_else(|| (at + 1).to_string());
            (format!("${name}"), (*text).to_owned())
        });
        Some(named.collect())
    }

    /// The slot of each of `count` fields; none for those that `...` swallows.
    fn aligned(&self, count: usize) -> Option<Vec<Option<&Slot>>> {
        let after = self.after.as_deref().unwrap_or_default();
        let swallowed = count.checked_sub(self.before.len() + after.len())?;
        if swallowed > 0 && self.after.is_none() {
            return None;
        }
        let slots = self.before.iter().map(Some);
        Some(slots.chain(std::iter::repeat_n(None, swallowed)).chain(after.iter().map(Some)).collect())
    }
}

impl Slot {
    fn scan(scanner: &mut Scanner<'_>) -> Result<Self, InvalidPattern> {
        if matches!(scanner.peek(), None | Some(',')) {
            return Ok(Self::default());
        }
        if scanner.peek() != Some('(') {
            let name = scan_name(scanner)?;
            scanner.skip_space();
            if matches!(scanner.peek(), None | Some(',')) {
                return Ok(Self { name: Some(name), expression: None });
            }
            return Self::conditional(scanner, Some(name));
        }
        Self::conditional(scanner, None)
    }

    /// The rest of a slot whose first name has been read already.
    fn conditional(scanner: &mut Scanner<'_>, first: Option<String>) -> Result<Self, InvalidPattern> {
        let pending = std::cell::RefCell::new(first);
        let expression = Expression::scan(scanner, &|scanner| {
            let name = match pending.take() {
                Some(name) => name,
                None => scan_name(scanner)?,
            };
            scanner.skip_space();
            let comparison = Comparison::scan(scanner).ok_or(InvalidPattern::Syntax)?;
            scanner.skip_space();
            Ok(Condition { name, comparison, operand: Operand::scan(scanner, comparison)? })
        })?;
        let name = expression.conditions().first().map(|condition| condition.name.clone());
        Ok(Self { name, expression: Some(expression) })
    }
}

fn scan_name(scanner: &mut Scanner<'_>) -> Result<String, InvalidPattern> {
    let name = scanner.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
    if !name.is_empty() {
        return Ok(name.to_owned());
    }
    let wrong = scanner.take_while(|c| !c.is_whitespace() && c != ',');
    Err(InvalidPattern::Term(wrong.to_owned()))
}

/// Splits at white space; what stands between two quotes or between brackets is one field, without them.
fn split(message: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let mut rest = message.trim();
    while let Some(first) = rest.chars().next() {
        let closed = match first {
            '"' => rest.get(1..).and_then(|inner| inner.split_once('"')),
            '[' => rest.get(1..).and_then(|inner| inner.split_once(']')),
            _ => None,
        };
        let (field, left) = closed.unwrap_or_else(|| rest.split_once(char::is_whitespace).unwrap_or((rest, "")));
        fields.push(field);
        rest = left.trim_start();
    }
    fields
}
