//! Scalars as text: what headers, queries, labels, XML and query parameters share.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::Timestamp;

use crate::malformed::Malformed;
use crate::{Doc, Kind, Member, Model, Shape, TimestampFormat};

/// Reads a scalar from its text. `default` is the timestamp format of the place.
pub(crate) fn parse(model: &Model, member: &Member, text: &str, default: TimestampFormat) -> Result<Doc, Malformed> {
    let shape = model.shape(member.shape);
    Ok(match shape.kind {
        Kind::Boolean => Doc::Bool(match text {
            "true" => true,
            "false" => false,
            _ => return Err(not_a("Boolean")),
        }),
        Kind::Integer => Doc::Int(text.parse::<i32>().map_err(|_| not_a("Integer"))?.into()),
        Kind::Long => Doc::Int(text.parse().map_err(|_| not_a("Long"))?),
        Kind::Float => Doc::Float(parse_float(text).ok_or_else(|| not_a("Float"))?),
        Kind::Double => Doc::Float(parse_float(text).ok_or_else(|| not_a("Double"))?),
        Kind::String | Kind::Enum(_) => Doc::Str(text.to_owned()),
        Kind::Blob | Kind::Stream => Doc::Blob(parse_base64(text)?.into()),
        Kind::Timestamp(_) => {
            let format = timestamp_format(member, shape, default);
            Doc::Time(parse_timestamp(text, format).ok_or_else(|| not_a("Timestamp"))?)
        }
        Kind::Document => Doc::Json(serde_json::from_str(text).map_err(|_| Malformed::Syntax)?),
        Kind::List(_) | Kind::Map(..) | Kind::Structure(_) | Kind::Union(_) => {
            return Err(Malformed::of_type("Unexpected field type"));
        }
    })
}

fn not_a(java_type: &str) -> Malformed {
    Malformed::of_type(format!("STRING_VALUE cannot be converted to {java_type}"))
}

/// Reads a float as every protocol writes it, `NaN` and `Infinity` among them.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        // Rust would read `inf` and `nan` too.
        _ if text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) => text.parse().ok(),
        _ => None,
    }
}

/// Reads base64 with the texts of AWS's decoder. An unpadded value is refused, as there.
pub(crate) fn parse_base64(text: &str) -> Result<Vec<u8>, Malformed> {
    if !text.len().is_multiple_of(4) {
        let text = format!("Base64 encoded length is expected a multiple of 4 bytes but found: {}", text.len());
        return Err(Malformed::Type(text));
    }
    STANDARD.decode(text).map_err(|error| match error {
        base64::DecodeError::InvalidByte(_, byte) => {
            Malformed::of_type(format!("Invalid Base64 character: '{}'", char::from(byte)))
        }
        _ => Malformed::of_type("Invalid last non-pad Base64 character dectected"),
    })
}

pub(crate) fn base64_into(bytes: &[u8], out: &mut String) {
    STANDARD.encode_string(bytes, out);
}

pub(crate) fn base64_of(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The format of a timestamp: the member's, else the shape's, else the place's.
pub(crate) fn timestamp_format(member: &Member, shape: &Shape, default: TimestampFormat) -> TimestampFormat {
    match (member.timestamp, &shape.kind) {
        (TimestampFormat::Default, Kind::Timestamp(TimestampFormat::Default)) => default,
        (TimestampFormat::Default, Kind::Timestamp(format)) => *format,
        (format, _) => format,
    }
}

/// Reads a timestamp. A form other than the expected one is taken too, as AWS does.
pub(crate) fn parse_timestamp(text: &str, format: TimestampFormat) -> Option<Timestamp> {
    match format {
        TimestampFormat::HttpDate => Timestamp::parse_http_date(text),
        TimestampFormat::Epoch => from_epoch(parse_float(text)?),
        TimestampFormat::Iso8601 | TimestampFormat::Default => Timestamp::parse_iso8601(text),
    }
    .or_else(|| from_epoch(parse_float(text)?))
    .or_else(|| Timestamp::parse_iso8601(text))
    .or_else(|| Timestamp::parse_http_date(text))
}

/// Seconds since the epoch, with fractions. None outside of what a timestamp can hold.
#[allow(clippy::cast_possible_truncation)] // The range is checked first.
pub(crate) fn from_epoch(seconds: f64) -> Option<Timestamp> {
    let millis = (seconds * 1000.0).round();
    (millis.abs() < 9.0e18).then(|| Timestamp::from_millis(millis as i64))
}

/// Seconds since the epoch, with milliseconds only where there are some.
pub(crate) fn epoch_text(at: Timestamp, out: &mut String) {
    use std::fmt::Write;
    let (whole, millis) = (at.millis() / 1000, (at.millis() % 1000).unsigned_abs());
    let sign = if at.millis() < 0 && whole == 0 { "-" } else { "" };
    let _ = match millis {
        0 => write!(out, "{whole}"),
        _ => write!(out, "{sign}{whole}.{millis:03}"),
    };
    if millis != 0 {
        out.truncate(out.trim_end_matches('0').len());
    }
}

pub(crate) fn timestamp_text(at: Timestamp, format: TimestampFormat) -> String {
    match format {
        TimestampFormat::HttpDate => at.http_date(),
        TimestampFormat::Epoch => {
            let mut text = String::new();
            epoch_text(at, &mut text);
            text
        }
        TimestampFormat::Iso8601 | TimestampFormat::Default => at.iso8601(),
    }
}

/// A float as text: the shortest form that reads back, `NaN` and `Infinity` by name.
#[allow(clippy::cast_possible_truncation)] // A float of the model is 32 bits wide.
pub(crate) fn float_text(value: f64, kind: &Kind) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let number = match kind {
        Kind::Float => serde_json::to_string(&(value as f32)),
        _ => serde_json::to_string(&value),
    };
    number.unwrap_or_default()
}

/// A scalar as text. Empty for what is none.
pub(crate) fn print(model: &Model, member: &Member, doc: &Doc, default: TimestampFormat) -> String {
    let shape = model.shape(member.shape);
    match doc {
        Doc::Bool(value) => value.to_string(),
        Doc::Int(value) => value.to_string(),
        Doc::Float(value) => float_text(*value, &shape.kind),
        Doc::Str(text) => text.clone(),
        Doc::Blob(bytes) => base64_of(bytes),
        Doc::Time(at) => timestamp_text(*at, timestamp_format(member, shape, default)),
        Doc::Json(value) => value.to_string(),
        Doc::List(_) | Doc::Map(_) | Doc::Struct(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epoch_seconds_keep_their_milliseconds_and_no_more() {
        let check = |millis, expected: &str| {
            let mut text = String::new();
            epoch_text(Timestamp::from_millis(millis), &mut text);
            assert_eq!(text, expected);
            assert_eq!(parse_timestamp(&text, TimestampFormat::Epoch), Some(Timestamp::from_millis(millis)));
        };
        check(1_422_705_600_123, "1422705600.123");
        check(1_422_705_600_120, "1422705600.12");
        check(1_422_705_600_000, "1422705600");
        check(-1500, "-1.5");
        check(-500, "-0.5");
        check(0, "0");
    }

    #[test]
    fn base64_is_refused_in_the_words_of_aws() {
        let text = |input| parse_base64(input).unwrap_err().to_string();
        assert_eq!(text("aGVsb"), "Base64 encoded length is expected a multiple of 4 bytes but found: 5");
        assert_eq!(text("ab=="), "Invalid last non-pad Base64 character dectected");
        assert_eq!(parse_base64("aGk=").unwrap(), b"hi");
    }

    #[test]
    fn floats_have_names_only_where_aws_has_them() {
        assert_eq!(parse_float("-Infinity"), Some(f64::NEG_INFINITY));
        assert_eq!(parse_float("inf"), None);
        assert_eq!(parse_float("1.5e3"), Some(1500.0));
        assert_eq!(float_text(f64::from(1.1_f32), &Kind::Float), "1.1");
    }
}
