//! Numbers as patterns compare them: exactly, in millionths.

use serde_json::Number;

use crate::limits::{MILLIONTHS, NUMBER_DIGITS_MAX, NUMBER_MILLIONTHS_MAX};

/// Why a number cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Incomparable {
    TooPrecise,
    TooBig,
}

/// A JSON number in millionths: 300, 300.0 and 3.0e2 are one number.
///
/// Units:  millionths.
/// Source: EventBridge User Guide, "Numeric matching"; the engine (aws/event-ruler, README "Numeric matching").
/// Note:   the guides also say that numbers are compared as they are written. The engine does that only with numbers
///         that it cannot compare, such as an account's twelve digits.
pub(crate) fn millionths(text: &str, max: i64) -> Result<i64, Incomparable> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().map_err(|_| Incomparable::TooBig)?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all: String = [whole, fraction].concat();
    let significant = all.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    if significant.len() > NUMBER_DIGITS_MAX {
        return Err(Incomparable::TooPrecise);
    }
    let trailing = i64::try_from(all.len() - all.trim_end_matches('0').len()).unwrap_or(i64::MAX);
    let decimals = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let power = exponent.saturating_add(trailing).saturating_sub(decimals).saturating_add(6);
    let power =
        u32::try_from(power).map_err(|_| if power < 0 { Incomparable::TooPrecise } else { Incomparable::TooBig })?;
    let digits: i64 = significant.parse().map_err(|_| Incomparable::TooBig)?;
    let value = 10_i64.checked_pow(power).and_then(|factor| digits.checked_mul(factor)).ok_or(Incomparable::TooBig)?;
    match value <= max {
        true => Ok(if negative { -value } else { value }),
        false => Err(Incomparable::TooBig),
    }
}

/// An event's number, where it can be compared.
pub(crate) fn millionths_of(number: &Number) -> Option<i64> {
    match number.as_i64() {
        Some(whole) => whole.checked_mul(MILLIONTHS).filter(|value| value.abs() <= NUMBER_MILLIONTHS_MAX),
        None => millionths(&number.to_string(), NUMBER_MILLIONTHS_MAX).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Result<i64, Incomparable>) {
        assert_eq!(millionths(text, NUMBER_MILLIONTHS_MAX), expected, "{text}");
    }

    #[test]
    fn numbers_are_compared_by_value_not_by_how_they_are_written() {
        for text in ["300", "300.0", "3.0e2", "3E+2", "0.3e3", "30000e-2"] {
            check(text, Ok(300 * MILLIONTHS));
        }
        check("-0", Ok(0));
        check("-1.5", Ok(-1_500_000));
        check("0.000001", Ok(1));
        check("5000000000", Ok(NUMBER_MILLIONTHS_MAX));
    }

    #[test]
    fn too_big_or_too_precise_numbers_cannot_be_compared() {
        check("5000000000.000001", Err(Incomparable::TooBig));
        check("111111111111", Err(Incomparable::TooBig));
        check("1e999", Err(Incomparable::TooBig));
        check("0.0000001", Err(Incomparable::TooPrecise));
        check("0.30000000000000004", Err(Incomparable::TooPrecise));
        check("1e-999", Err(Incomparable::TooPrecise));
    }

    proptest! {
        #[test]
        fn millionths_keep_the_order_of_numbers(a in -5_000_000_000_000_000_i64..=5_000_000_000_000_000, shift in 0_u32..6) {
            let text = format!("{}{}.{:06}", if a < 0 { "-" } else { "" }, a.abs() / MILLIONTHS, a.abs() % MILLIONTHS);
            prop_assert_eq!(millionths(&text, NUMBER_MILLIONTHS_MAX), Ok(a));
            let scaled = format!("{a}e-{}", 6 + shift);
            if a % 10_i64.pow(shift) == 0 {
                prop_assert_eq!(millionths(&scaled, NUMBER_MILLIONTHS_MAX), Ok(a / 10_i64.pow(shift)));
            }
        }
    }
}
