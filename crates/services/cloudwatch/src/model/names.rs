//! What names of metrics, their namespaces and dimensions may be, in AWS's words.
//! Source: CloudWatch API Reference, Dimension and PutMetricData; the texts as users have reported them
//! (cloudposse-archives/prometheus-to-cloudwatch#14, awslabs/amazon-kinesis-producer#594, LeonAdato/xk6-output-statsd#8).

use api_cloudwatch::types::{Dimension, DimensionFilter};

use super::faults::Faults;
use crate::limits::{DIMENSION_VALUE_CHARACTERS_MAX, DIMENSIONS_MAX, NAME_CHARACTERS_MAX};

/// A metric's name: ASCII that is not blank.
pub(crate) fn check_name(at: &str, name: &str, faults: &mut Faults) {
    check_text(at, name, NAME_CHARACTERS_MAX, faults);
}

/// A namespace neither begins with a colon nor holds what cannot be seen.
pub(crate) fn check_namespace(at: &str, namespace: &str, faults: &mut Faults) {
    check_text(at, namespace, NAME_CHARACTERS_MAX, faults);
    if namespace.starts_with(':') || has_control(namespace) {
        faults.invalid(at, namespace);
    }
}

pub(crate) fn check_dimensions(at: &str, dimensions: &[Dimension], faults: &mut Faults) {
    faults.size(at, dimensions.len(), DIMENSIONS_MAX);
    for (number, dimension) in dimensions.iter().enumerate().take(DIMENSIONS_MAX) {
        let at = format!("{at}.member.{}", number + 1);
        check_dimension_name(&at, &dimension.name, faults);
        check_dimension_value(&at, &dimension.value, faults);
    }
}

pub(crate) fn check_filters(filters: &[DimensionFilter], faults: &mut Faults) {
    for (number, filter) in filters.iter().enumerate() {
        let at = format!("Dimensions.member.{}", number + 1);
        check_dimension_name(&at, &filter.name, faults);
        if let Some(value) = &filter.value {
            check_dimension_value(&at, value, faults);
        }
    }
}

fn check_dimension_name(at: &str, name: &str, faults: &mut Faults) {
    let at = format!("{at}.Name");
    check_text(&at, name, NAME_CHARACTERS_MAX, faults);
    if name.starts_with(':') || has_control(name) {
        faults.invalid(&at, name);
    }
}

fn check_dimension_value(at: &str, value: &str, faults: &mut Faults) {
    let at = format!("{at}.Value");
    check_text(&at, value, DIMENSION_VALUE_CHARACTERS_MAX, faults);
    if has_control(value) {
        faults.invalid(&at, value);
    }
}

fn check_text(at: &str, text: &str, most: usize, faults: &mut Faults) {
    if text.trim().is_empty() {
        return faults.missing(at);
    }
    if !text.is_ascii() {
        faults.not_ascii(at);
    }
    if text.chars().count() > most {
        faults.too_long(at, most);
    }
}

fn has_control(text: &str) -> bool {
    !text.trim().is_empty() && text.bytes().any(|byte| byte.is_ascii_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str, expected: &str) {
        let mut faults = Faults::default();
        check_dimensions("D", &[Dimension { name: name.into(), value: value.into() }], &mut faults);
        assert_eq!(faults.result().map_or_else(|error| error.to_string(), |()| String::new()), expected);
    }

    #[test]
    fn dimensions_are_ascii_that_is_not_blank() {
        check("a b", "c:d", "");
        check("a", " ", "The parameter D.member.1.Value is required.");
        check("", "b", "The parameter D.member.1.Name is required.");
        check(":a", "b", "The value :a for parameter D.member.1.Name is invalid.");
        check("a", "b\u{7}", "The value b\u{7} for parameter D.member.1.Value is invalid.");
        check(&"n".repeat(256), "b", "The parameter D.member.1.Name must be shorter than 256 characters.");
        let long = "\u{ae30}".repeat(1025);
        let both = "The value for parameter D.member.1.Value contains non-ASCII characters.\n\
                    The parameter D.member.1.Value must be shorter than 1025 characters.";
        check("a", &long, both);
    }
}
