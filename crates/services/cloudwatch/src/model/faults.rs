//! What is wrong with a request, gathered: AWS answers all faults of one kind, a line each.

use crate::error::{Error, Result};
use crate::limits::VALUE_EXPONENT_MAX;

#[derive(Default)]
pub(crate) struct Faults {
    missing: Vec<String>,
    combinations: Vec<String>,
    values: Vec<String>,
}

impl Faults {
    /// Errors: the faults of the first kind that there are any of.
    pub(crate) fn result(self) -> Result<()> {
        if !self.missing.is_empty() {
            return Err(Error::Missing(self.missing.join("\n")));
        }
        if !self.combinations.is_empty() {
            return Err(Error::Combination(self.combinations.join("\n")));
        }
        if !self.values.is_empty() {
            return Err(Error::Invalid(self.values.join("\n")));
        }
        Ok(())
    }

    /// Every line, for operations that answer all of them as one kind.
    pub(crate) fn lines(self) -> impl Iterator<Item = String> {
        self.missing.into_iter().chain(self.combinations).chain(self.values)
    }

    pub(crate) fn missing(&mut self, at: &str) {
        self.missing.push(format!("The parameter {at} is required."));
    }

    pub(crate) fn combination(&mut self, words: String) {
        self.combinations.push(words);
    }

    pub(crate) fn both(&mut self, at: &str, one: &str, other: &str) {
        self.combination(format!(
            "The parameters {at}.{one} and {at}.{other} are mutually exclusive and you have specified both."
        ));
    }

    pub(crate) fn words(&mut self, words: String) {
        self.values.push(words);
    }

    pub(crate) fn invalid(&mut self, at: &str, value: &str) {
        self.words(format!("The value {value} for parameter {at} is invalid."));
    }

    pub(crate) fn not_ascii(&mut self, at: &str) {
        self.words(format!("The value for parameter {at} contains non-ASCII characters."));
    }

    pub(crate) fn too_long(&mut self, at: &str, most: usize) {
        self.words(format!("The parameter {at} must be shorter than {} characters.", most + 1));
    }

    pub(crate) fn size(&mut self, at: &str, size: usize, most: usize) {
        if size > most {
            self.words(format!("The collection {at} must not have a size greater than {most}."));
        }
    }

    pub(crate) fn value(&mut self, at: &str, value: f64) {
        if value.is_nan() || value.abs() > 2f64.powi(VALUE_EXPONENT_MAX) {
            self.invalid(at, &java(value));
        }
    }

    pub(crate) fn count(&mut self, at: &str, count: f64) {
        if !(0.0..=2f64.powi(VALUE_EXPONENT_MAX)).contains(&count) {
            self.invalid(at, &java(count));
        }
    }
}

/// A double as Java prints it.
pub(crate) fn java(value: f64) -> String {
    let text = format!("{value:?}");
    match text.split_once('e') {
        Some((digits, power)) if digits.contains('.') => format!("{digits}E{power}"),
        Some((digits, power)) => format!("{digits}.0E{power}"),
        None if value.is_infinite() => text.replace("inf", "Infinity"),
        None => text,
    }
}
