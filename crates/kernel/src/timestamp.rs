use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::macros::format_description;

/// A point in time in UTC. Units: milliseconds since 1970-01-01T00:00:00Z, the finest unit that AWS's APIs show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Time from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The form of IAM, STS and most XML answers: `2015-01-31T12:00:00Z`, with `.123` only when it is not a whole second.
    pub fn iso8601(self) -> String {
        let whole = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
        let millis = self.0.rem_euclid(1000);
        match (self.utc().format(whole), millis) {
            (Ok(text), 0) => format!("{text}Z"),
            (Ok(text), millis) => format!("{text}.{millis:03}Z"),
            (Err(_), _) => String::new(),
        }
    }

    /// The form of Lambda's `LastModified`: `2015-01-31T12:00:00.000+0000`.
    pub fn iso8601_offset(self) -> String {
        let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]+0000");
        self.utc().format(form).unwrap_or_default()
    }

    /// The form of a runtime's log lines: `2015-01-31T12:00:00.000Z`, always with milliseconds.
    pub fn iso8601_millis(self) -> String {
        let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
        self.utc().format(form).unwrap_or_default()
    }

    /// RFC 7231's fixed form, e.g. `Sat, 31 Jan 2015 12:00:00 GMT`, with `.123` when it is not a whole second.
    pub fn http_date(self) -> String {
        let form =
            format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second]");
        let text = self.utc().format(form).unwrap_or_default();
        match self.0.rem_euclid(1000) {
            0 => format!("{text} GMT"),
            millis => format!("{text}.{millis:03} GMT"),
        }
    }

    /// SigV4's `x-amz-date`: `20150131T120000Z`.
    pub fn basic(self) -> String {
        self.utc().format(format_description!("[year][month][day]T[hour][minute][second]Z")).unwrap_or_default()
    }

    /// The form of access logs, and of events that stand for HTTP requests: `31/Jan/2015:12:00:00 +0000`.
    pub fn access_log(self) -> String {
        let form = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
        self.utc().format(form).unwrap_or_default()
    }

    /// A log stream's day: `2015/01/31`.
    pub fn day_path(self) -> String {
        self.utc().format(format_description!("[year]/[month]/[day]")).unwrap_or_default()
    }

    /// Reads RFC 3339 with any offset.
    pub fn parse_iso8601(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(Self::from_utc)
    }

    /// Reads RFC 7231's fixed form, fractions of a second allowed.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let (whole, millis) = match text.split_once('.') {
            Some((whole, rest)) => {
                let digits: String =
                    rest.chars().take_while(char::is_ascii_digit).chain("000".chars()).take(3).collect();
                (format!("{whole} GMT"), digits.parse::<i64>().ok()?)
            }
            None => (text.to_owned(), 0),
        };
        let parsed = OffsetDateTime::parse(&whole.replace("GMT", "+0000"), &Rfc2822).ok()?;
        Some(Self(Self::from_utc(parsed).0 + millis))
    }

    /// Reads SigV4's `20150131T120000Z`.
    pub fn parse_basic(text: &str) -> Option<Self> {
        let form = format_description!("[year][month][day]T[hour][minute][second]Z");
        time::PrimitiveDateTime::parse(text, form).ok().map(|t| Self::from_utc(t.assume_utc()))
    }

    fn utc(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    fn from_utc(at: OffsetDateTime) -> Self {
        Self(i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, more: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(more.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, less: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(less.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iso8601_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_of_one_moment() {
        let at = Timestamp::from_millis(1_422_705_600_123);
        assert_eq!(at.iso8601(), "2015-01-31T12:00:00.123Z");
        assert_eq!(Timestamp::from_secs(at.secs()).iso8601(), "2015-01-31T12:00:00Z");
        assert_eq!(at.iso8601_offset(), "2015-01-31T12:00:00.123+0000");
        assert_eq!(at.http_date(), "Sat, 31 Jan 2015 12:00:00.123 GMT");
        assert_eq!(at.basic(), "20150131T120000Z");
        assert_eq!(at.day_path(), "2015/01/31");
        assert_eq!(at.access_log(), "31/Jan/2015:12:00:00 +0000");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(millis in 0_i64..253_402_300_799_999) {
            let at = Timestamp::from_millis(millis);
            prop_assert_eq!(Timestamp::parse_iso8601(&at.iso8601()), Some(at));
            prop_assert_eq!(Timestamp::parse_http_date(&at.http_date()), Some(at));
            prop_assert_eq!(Timestamp::parse_basic(&at.basic()), Some(Timestamp::from_secs(at.secs())));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = (Timestamp::parse_iso8601(&text), Timestamp::parse_http_date(&text), Timestamp::parse_basic(&text));
        }
    }
}
