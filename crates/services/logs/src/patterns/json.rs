use std::borrow::Cow;

use serde_json::Value;

use super::InvalidPattern;
use super::expression::Expression;
use super::operand::{Comparison, Operand, REGEX_PER_PATTERN_MAX};
use super::scanner::Scanner;

/// `{ $.a.b[0] = "x" && ($.n > 5 || $.k IS NULL) }`. A message that is not a JSON object or array never matches.
#[derive(Debug)]
pub(super) struct JsonPattern(Expression<Condition>);

#[derive(Debug)]
struct Condition {
    selector: Vec<Step>,
    test: Test,
}

#[derive(Debug)]
enum Step {
    Property(String),
    Element(usize),
    AnyElement,
    AnyProperty,
}

#[derive(Debug)]
enum Test {
    Compare(Comparison, Operand),
    IsTrue,
    IsFalse,
    IsNull,
    Exists,
    NotExists,
}

impl JsonPattern {
    pub(super) fn parse(inside: &str) -> Result<Self, InvalidPattern> {
        let mut scanner = Scanner::new(inside);
        let expression = Expression::scan(&mut scanner, &Condition::scan)?;
        let regexes = expression
            .conditions()
            .into_iter()
            .filter(|condition| matches!(&condition.test, Test::Compare(_, operand) if operand.is_regex()))
            .count();
        if scanner.is_done() && regexes <= REGEX_PER_PATTERN_MAX {
            Ok(Self(expression))
        } else {
            Err(InvalidPattern::Syntax)
        }
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        if !message.trim_start().starts_with(['{', '[']) {
            return false;
        }
        match serde_json::from_str::<Value>(message) {
            Ok(event) => self.0.holds(&|condition| condition.holds(&event)),
            Err(_) => false,
        }
    }
}

impl Condition {
    fn scan(scanner: &mut Scanner<'_>) -> Result<Self, InvalidPattern> {
        let selector = scan_selector(scanner)?;
        scanner.skip_space();
        let test = match Comparison::scan(scanner) {
            Some(comparison) => {
                scanner.skip_space();
                Test::Compare(comparison, Operand::scan(scanner, comparison)?)
            }
            None => scan_words(scanner)?,
        };
        Ok(Self { selector, test })
    }

    fn holds(&self, event: &Value) -> bool {
        let found = select(event, &self.selector);
        let any = |test: &dyn Fn(&Value) -> bool| found.iter().any(|value| test(value));
        match &self.test {
            Test::Exists => !found.is_empty(),
            Test::NotExists => found.is_empty(),
            Test::IsNull => any(&Value::is_null),
            Test::IsTrue => any(&|value| value == &Value::Bool(true)),
            Test::IsFalse => any(&|value| value == &Value::Bool(false)),
            Test::Compare(comparison, operand) => {
                any(&|value| scalar(value).is_some_and(|text| operand.compare(*comparison, &text, value.as_f64())))
            }
        }
    }
}

/// What a comparison sees of a value; nothing of null, arrays and objects: they match neither `=` nor `!=`.
fn scalar(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(true) => Some(Cow::Borrowed("true")),
        Value::Bool(false) => Some(Cow::Borrowed("false")),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn select<'a>(event: &'a Value, steps: &[Step]) -> Vec<&'a Value> {
    let mut found = vec![event];
    for step in steps {
        found = found.into_iter().flat_map(|value| take_step(value, step)).collect();
    }
    found
}

fn take_step<'a>(value: &'a Value, step: &Step) -> Vec<&'a Value> {
    match (step, value) {
        (Step::Property(name), Value::Object(members)) => members.get(name).into_iter().collect(),
        (Step::Element(at), Value::Array(elements)) => elements.get(*at).into_iter().collect(),
        (Step::AnyElement, Value::Array(elements)) => elements.iter().collect(),
        (Step::AnyProperty, Value::Object(members)) => members.values().collect(),
        _ => Vec::new(),
    }
}

fn scan_selector(scanner: &mut Scanner<'_>) -> Result<Vec<Step>, InvalidPattern> {
    scanner.expect("$")?;
    let mut steps = Vec::new();
    loop {
        if scanner.eat(".") {
            // `$.['a b']` and `$.[0]` are written too; the dot adds nothing then.
            if scanner.peek() == Some('[') {
                continue;
            }
            if scanner.eat("*") {
                steps.push(Step::AnyProperty);
                continue;
            }
            let name = scanner.take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '@' | '#' | '$'));
            if name.is_empty() {
                return Err(InvalidPattern::Syntax);
            }
            steps.push(Step::Property(name.to_owned()));
        } else if scanner.eat("[") {
            steps.push(scan_bracket(scanner)?);
        } else {
            break;
        }
    }
    if steps.is_empty() { Err(InvalidPattern::Syntax) } else { Ok(steps) }
}

fn scan_bracket(scanner: &mut Scanner<'_>) -> Result<Step, InvalidPattern> {
    scanner.skip_space();
    let step = if scanner.eat("*") {
        Step::AnyElement
    } else if scanner.eat("\"") {
        Step::Property(scanner.quoted()?)
    } else if scanner.eat("'") {
        let name = scanner.take_while(|c| c != '\'').to_owned();
        scanner.expect("'")?;
        Step::Property(name)
    } else {
        Step::Element(scanner.take_while(|c| c.is_ascii_digit()).parse().map_err(|_| InvalidPattern::Syntax)?)
    };
    scanner.skip_space();
    scanner.expect("]")?;
    Ok(step)
}

fn scan_words(scanner: &mut Scanner<'_>) -> Result<Test, InvalidPattern> {
    let first = scanner.take_while(|c| c.is_ascii_alphabetic());
    if first.eq_ignore_ascii_case("EXISTS") {
        return Ok(Test::Exists);
    }
    scanner.skip_space();
    let second = scanner.take_while(|c| c.is_ascii_alphabetic());
    let words = format!("{first} {second}").to_ascii_uppercase();
    match words.as_str() {
        "IS TRUE" => Ok(Test::IsTrue),
        "IS FALSE" => Ok(Test::IsFalse),
        "IS NULL" => Ok(Test::IsNull),
        "NOT EXISTS" => Ok(Test::NotExists),
        _ => Err(InvalidPattern::Syntax),
    }
}
