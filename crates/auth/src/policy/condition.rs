//! Conditions. Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "… Set operators for multivalued
//! context keys".

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kernel::Timestamp;

use super::{Context, Pattern};

/// One key under one operator: `"StringEquals": {"aws:username": ["a", "b"]}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    pub operator: Operator,
    pub key: String,
    /// Any of them is enough.
    pub values: Vec<Pattern>,
}

/// An operator's name taken apart: `ForAnyValue:StringNotLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    pub qualifier: Qualifier,
    pub test: Test,
    /// The `Not` in the name.
    pub negated: bool,
    pub if_exists: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualifier {
    None,
    /// `ForAllValues:`: true when the request has no value.
    ForAllValues,
    /// `ForAnyValue:`
    ForAnyValue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    StringEquals,
    StringEqualsIgnoreCase,
    StringLike,
    NumericEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    DateEquals,
    DateLessThan,
    DateLessThanEquals,
    DateGreaterThan,
    DateGreaterThanEquals,
    Bool,
    BinaryEquals,
    IpAddress,
    /// `ArnEquals` and `ArnLike` are the same.
    ArnLike,
    Null,
}

impl Operator {
    /// Reads an operator's name. `None` for what AWS has not.
    pub fn parse(name: &str) -> Option<Self> {
        let (qualifier, rest) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Qualifier::ForAllValues, rest),
            Some(("ForAnyValue", rest)) => (Qualifier::ForAnyValue, rest),
            Some(_) => return None,
            None => (Qualifier::None, name),
        };
        let (base, if_exists) = rest.strip_suffix("IfExists").map_or((rest, false), |base| (base, true));
        let (test, negated) = match base {
            "StringEquals" => (Test::StringEquals, false),
            "StringNotEquals" => (Test::StringEquals, true),
            "StringEqualsIgnoreCase" => (Test::StringEqualsIgnoreCase, false),
            "StringNotEqualsIgnoreCase" => (Test::StringEqualsIgnoreCase, true),
            "StringLike" => (Test::StringLike, false),
            "StringNotLike" => (Test::StringLike, true),
            "NumericEquals" => (Test::NumericEquals, false),
            "NumericNotEquals" => (Test::NumericEquals, true),
            "NumericLessThan" => (Test::NumericLessThan, false),
            "NumericLessThanEquals" => (Test::NumericLessThanEquals, false),
            "NumericGreaterThan" => (Test::NumericGreaterThan, false),
            "NumericGreaterThanEquals" => (Test::NumericGreaterThanEquals, false),
            "DateEquals" => (Test::DateEquals, false),
            "DateNotEquals" => (Test::DateEquals, true),
            "DateLessThan" => (Test::DateLessThan, false),
            "DateLessThanEquals" => (Test::DateLessThanEquals, false),
            "DateGreaterThan" => (Test::DateGreaterThan, false),
            "DateGreaterThanEquals" => (Test::DateGreaterThanEquals, false),
            "Bool" => (Test::Bool, false),
            "BinaryEquals" => (Test::BinaryEquals, false),
            "IpAddress" => (Test::IpAddress, false),
            "NotIpAddress" => (Test::IpAddress, true),
            "ArnEquals" | "ArnLike" => (Test::ArnLike, false),
            "ArnNotEquals" | "ArnNotLike" => (Test::ArnLike, true),
            "Null" if !if_exists && qualifier == Qualifier::None => (Test::Null, false),
            _ => return None,
        };
        Some(Self { qualifier, test, negated, if_exists })
    }
}

impl Condition {
    /// Whether the condition holds. A key that the request lacks fails what must match, and passes what must not.
    pub fn holds(&self, context: &Context) -> bool {
        let present = context.get(&self.key);
        let Operator { qualifier, test, negated, if_exists } = self.operator;
        if test == Test::Null {
            return self.values.iter().any(|value| {
                value.literal(context).is_some_and(|text| text.eq_ignore_ascii_case("true") == present.is_empty())
            });
        }
        if present.is_empty() {
            return if_exists
                || match qualifier {
                    Qualifier::None => negated,
                    Qualifier::ForAllValues => true,
                    Qualifier::ForAnyValue => false,
                };
        }
        let matches = |sent: &String| self.values.iter().any(|own| test.matches(own, sent, context));
        match qualifier {
            Qualifier::None => present.iter().any(matches) != negated,
            Qualifier::ForAllValues => present.iter().all(|sent| matches(sent) != negated),
            Qualifier::ForAnyValue => present.iter().any(|sent| matches(sent) != negated),
        }
    }
}

impl Test {
    /// Whether one value of the request matches one of the policy. What cannot be read matches nothing.
    fn matches(self, own: &Pattern, sent: &str, context: &Context) -> bool {
        match self {
            Self::StringEquals => own.is(sent, context),
            Self::StringLike => own.is_like(sent, context),
            Self::ArnLike => own.is_like_arn(sent, context, false),
            _ => own.literal(context).is_some_and(|own| self.matches_text(&own, sent)),
        }
    }

    fn matches_text(self, own: &str, sent: &str) -> bool {
        let numbers = |holds: fn(&f64, &f64) -> bool| both(sent, own, |text| text.trim().parse().ok(), holds);
        let dates = |holds: fn(&Timestamp, &Timestamp) -> bool| both(sent, own, read_date, holds);
        match self {
            Self::StringEqualsIgnoreCase => own.to_lowercase() == sent.to_lowercase(),
            Self::NumericEquals => numbers(f64::eq),
            Self::NumericLessThan => numbers(f64::lt),
            Self::NumericLessThanEquals => numbers(f64::le),
            Self::NumericGreaterThan => numbers(f64::gt),
            Self::NumericGreaterThanEquals => numbers(f64::ge),
            Self::DateEquals => dates(Timestamp::eq),
            Self::DateLessThan => dates(Timestamp::lt),
            Self::DateLessThanEquals => dates(Timestamp::le),
            Self::DateGreaterThan => dates(Timestamp::gt),
            Self::DateGreaterThanEquals => dates(Timestamp::ge),
            Self::Bool => own.eq_ignore_ascii_case(sent),
            Self::BinaryEquals => both(sent, own, |text| STANDARD.decode(text).ok(), Vec::eq),
            Self::IpAddress => read_network(own).zip(sent.parse().ok()).is_some_and(|(own, sent)| own.contains(sent)),
            Self::StringEquals | Self::StringLike | Self::ArnLike | Self::Null => false,
        }
    }
}

fn both<T>(sent: &str, own: &str, read: impl Fn(&str) -> Option<T>, holds: impl Fn(&T, &T) -> bool) -> bool {
    read(sent).zip(read(own)).is_some_and(|(sent, own)| holds(&sent, &own))
}

/// Seconds since 1970, or W3C's profile of ISO 8601: a day, a minute, a second or less, with an offset.
fn read_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(Timestamp::from_secs(seconds));
    }
    let (day, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
    let offset_at = time.find(['Z', '+', '-'])?;
    let (time, offset) = time.split_at_checked(offset_at)?;
    let seconds = if time.len() == 5 { ":00" } else { "" };
    Timestamp::parse_iso8601(&format!("{day}T{time}{seconds}{offset}"))
}

/// `203.0.113.0/24`, `2001:db8::/32`, or one address.
struct Network {
    address: IpAddr,
    bits: u32,
}

fn read_network(text: &str) -> Option<Network> {
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().ok()?;
    let width = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.map_or(Some(width), |bits| bits.parse().ok())?;
    (bits <= width).then_some(Network { address, bits })
}

impl Network {
    fn contains(&self, other: IpAddr) -> bool {
        let (own, other, width) = match (self.address, other) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (u128::from(own.to_bits()), u128::from(other.to_bits()), 32),
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
            _ => return false,
        };
        let shift = width - self.bits;
        own.checked_shr(shift).unwrap_or(0) == other.checked_shr(shift).unwrap_or(0)
    }
}
