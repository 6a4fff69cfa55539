//! The events that AWS's services send to functions, around the user's data.

mod http;
mod queues;
mod records;

use std::collections::BTreeMap;

use kernel::{AccountId, Rng, Timestamp};
use serde_json::Value;

use crate::cli::Failure;
use crate::text::failures as text;

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    Sqs,
    Sns,
    Kinesis,
    /// API Gateway, REST API (payload 1.0)
    Apigw,
    /// API Gateway, HTTP API (payload 2.0)
    Apigwv2,
    /// A function URL
    Url,
    /// An object was created; the data is its key
    S3,
    /// An item was inserted; the data is the item
    Dynamodb,
    /// A custom event; the data is its detail
    Eventbridge,
    /// A scheduled rule
    Schedule,
}

impl Kind {
    /// Parts that `--with` may set. One that ends with a dot stands for every name below it.
    fn parts(self) -> &'static [&'static str] {
        match self {
            Self::Sqs => &["queue", "attribute."],
            Self::Sns => &["topic", "subject", "attribute."],
            Self::Kinesis => &["stream", "partition-key", "role"],
            Self::Apigw => &["method", "path", "resource", "stage", "header.", "query.", "parameter."],
            Self::Apigwv2 => &["method", "path", "route", "stage", "header.", "query.", "parameter."],
            Self::Url => &["method", "path", "header.", "query."],
            Self::S3 => &["bucket", "size", "event"],
            Self::Dynamodb => &["table", "event", "keys"],
            Self::Eventbridge => &["source", "detail-type"],
            Self::Schedule => &["rule"],
        }
    }
}

/// What an event says that is not the data.
pub struct Around<'a> {
    pub function: &'a str,
    pub region: &'a str,
    /// An account, where the caller's key is one.
    pub account: &'a str,
    pub now: Timestamp,
    pub rng: &'a dyn Rng,
}

impl Around<'_> {
    fn account(&self) -> String {
        let of_function = self.function.split(':').nth(4).and_then(|account| AccountId::parse(account).ok());
        let account = of_function.or_else(|| AccountId::parse(self.account).ok());
        account.unwrap_or_default().to_string()
    }

    /// `arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE`
    fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.region, self.account())
    }
}

/// What `--with` sets.
pub struct With(BTreeMap<String, String>);

impl With {
    /// Errors: a part that this kind does not have, with all that it has.
    pub fn parse(kind: Kind, given: &[String]) -> Result<Self, Failure> {
        let parts = kind.parts();
        let known = |name: &str| {
            parts.iter().any(|part| match part.strip_suffix('.') {
                Some(_) => name.len() > part.len() && name.starts_with(part),
                None => *part == name,
            })
        };
        let mut set = BTreeMap::new();
        for pair in given {
            match pair.split_once('=').filter(|(name, _)| known(name)) {
                Some((name, value)) => set.insert(name.to_owned(), value.to_owned()),
                None => {
                    let parts: Vec<String> = parts.iter().map(|part| part.replace('.', ".NAME")).collect();
                    return Err(Failure::Usage { what: text::wrong_part(pair), hint: text::parts(parts.join(", ")) });
                }
            };
        }
        Ok(Self(set))
    }

    fn get<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        self.0.get(name).map_or(default, String::as_str)
    }

    /// The values below `prefix.`, by name.
    fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .iter()
            .filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?.strip_prefix('.')?, value.as_str())))
    }
}

/// `data`: one text for each record. Errors: data that the kind cannot carry.
pub fn event(kind: Kind, data: &[String], with: &With, around: &Around<'_>) -> Result<Value, Failure> {
    let nothing = [String::new()];
    let each = if data.is_empty() { &nothing } else { data };
    let first = each.first().map_or("", String::as_str);
    let many = matches!(kind, Kind::Sqs | Kind::Sns | Kind::Kinesis | Kind::S3 | Kind::Dynamodb);
    if !many && data.len() > 1 {
        return Err(Failure::Usage { what: text::several_events(), hint: text::several_events_hint() });
    }
    Ok(match kind {
        Kind::Sqs => records_of(each, |data| Ok(queues::sqs(data, with, around)))?,
        Kind::Sns => records_of(each, |data| Ok(queues::sns(data, with, around)))?,
        Kind::Kinesis => records_of(each, |data| Ok(queues::kinesis(data, with, around)))?,
        Kind::S3 => records_of(each, |data| Ok(records::s3(data, with, around)))?,
        Kind::Dynamodb => records_of(each, |data| records::dynamodb(data, with, around))?,
        Kind::Apigw => http::rest(first, with, around),
        Kind::Apigwv2 => http::version_2(first, with, around),
        Kind::Url => http::url(first, with, around),
        Kind::Eventbridge => records::eventbridge(first, with, around)?,
        Kind::Schedule => records::schedule(with, around),
    })
}

fn records_of(data: &[String], record: impl Fn(&str) -> Result<Value, Failure>) -> Result<Value, Failure> {
    let records = data.iter().map(|data| record(data)).collect::<Result<Vec<_>, _>>()?;
    Ok(serde_json::json!({ "Records": records }))
}

fn json_of(data: &str) -> Result<Value, Failure> {
    if data.is_empty() {
        return Ok(serde_json::json!({}));
    }
    serde_json::from_str(data).map_err(|cause| Failure::Usage {
        what: format!("{}: {cause}", text::event_not_json()),
        hint: text::event_form(),
    })
}

#[cfg(test)]
mod tests;
