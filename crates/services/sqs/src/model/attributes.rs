//! A queue's attributes: their forms, their ranges, and what of them is shown.
//! Source: SQS API Reference, CreateQueue, SetQueueAttributes, GetQueueAttributes.

use std::ops::RangeInclusive;

use auth::policy::{Policy, PolicyKind};
use serde::{Deserialize, Serialize};
use wire::Map;

use super::redrive::{Redrive, RedriveAllow};
use crate::error::{Error, Result};
use crate::limits::{
    DELAY_SECONDS, KMS_REUSE_SECONDS, KMS_REUSE_SECONDS_DEFAULT, MESSAGE_BYTES, RETENTION_SECONDS,
    RETENTION_SECONDS_DEFAULT, VISIBILITY_SECONDS, VISIBILITY_SECONDS_DEFAULT, WAIT_SECONDS,
};

/// What can be set on a queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attributes {
    pub delay_seconds: u32,
    pub message_bytes_max: u32,
    pub retention_seconds: u32,
    pub wait_seconds: u32,
    pub visibility_seconds: u32,
    /// As it was given.
    pub policy: Option<String>,
    pub redrive: Option<Redrive>,
    pub redrive_allow: Option<RedriveAllow>,
    pub kms_key: Option<String>,
    pub kms_reuse_seconds: Option<u32>,
    pub managed_sse: bool,
    pub fifo: Option<Fifo>,
}

/// What only FIFO queues have.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fifo {
    pub by_content: bool,
    /// `DeduplicationScope` is `messageGroup`.
    pub per_group: bool,
    /// `FifoThroughputLimit` is `perMessageGroupId`.
    pub high_throughput: bool,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            delay_seconds: 0,
            message_bytes_max: *MESSAGE_BYTES.end(),
            retention_seconds: RETENTION_SECONDS_DEFAULT,
            wait_seconds: 0,
            visibility_seconds: VISIBILITY_SECONDS_DEFAULT,
            policy: None,
            redrive: None,
            redrive_allow: None,
            kms_key: None,
            kms_reuse_seconds: None,
            managed_sse: true,
            fifo: None,
        }
    }
}

const POLICY: &str = "Policy";
const REDRIVE: &str = "RedrivePolicy";
const REDRIVE_ALLOW: &str = "RedriveAllowPolicy";
const KMS_KEY: &str = "KmsMasterKeyId";
const KMS_REUSE: &str = "KmsDataKeyReusePeriodSeconds";
const MANAGED_SSE: &str = "SqsManagedSseEnabled";
const FIFO: &str = "FifoQueue";
const BY_CONTENT: &str = "ContentBasedDeduplication";
const SCOPE: &str = "DeduplicationScope";
const THROUGHPUT: &str = "FifoThroughputLimit";

/// What GetQueueAttributes can be asked for beside what can be set.
pub(crate) const COUNTED: [&str; 6] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];

const SETTABLE: [&str; 15] = [
    "DelaySeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "VisibilityTimeout",
    POLICY,
    REDRIVE,
    REDRIVE_ALLOW,
    KMS_KEY,
    KMS_REUSE,
    MANAGED_SSE,
    FIFO,
    BY_CONTENT,
    SCOPE,
    THROUGHPUT,
];

/// Whether GetQueueAttributes knows the name.
pub(crate) fn is_known(name: &str) -> bool {
    name == "All" || SETTABLE.contains(&name) || COUNTED.contains(&name)
}

impl Attributes {
    /// A new queue's. Errors: a value that AWS refuses, or attributes that do not go together.
    pub(crate) fn created(given: &Map<String>) -> Result<Self> {
        let mut attributes = Self::default();
        if let Some(fifo) = given.get(FIFO) {
            if !boolean(FIFO, fifo)? {
                return Err(Error::UnknownAttribute(FIFO.to_owned()));
            }
            attributes.fifo = Some(Fifo::default());
        }
        attributes.with(given)
    }

    /// These, with some of them set anew.
    pub(crate) fn with(&self, given: &Map<String>) -> Result<Self> {
        let mut attributes = self.clone();
        for (name, value) in given {
            attributes.set(name, value)?;
        }
        if given.contains_key(KMS_KEY) && attributes.kms_key.is_some() {
            let both = given.get(MANAGED_SSE).is_some_and(|value| value.eq_ignore_ascii_case("true"));
            if both {
                let words = "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE \
                             or SQS SSE.";
                return Err(Error::AttributeValue(words.to_owned()));
            }
            attributes.managed_sse = false;
        } else if attributes.managed_sse && given.contains_key(MANAGED_SSE) {
            (attributes.kms_key, attributes.kms_reuse_seconds) = (None, None);
        }
        match &attributes.fifo {
            Some(fifo) if fifo.high_throughput && !fifo.per_group => Err(refused(THROUGHPUT)),
            _ => Ok(attributes),
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "DelaySeconds" => self.delay_seconds = number("DelaySeconds", value, &DELAY_SECONDS)?,
            "MaximumMessageSize" => self.message_bytes_max = number("MaximumMessageSize", value, &MESSAGE_BYTES)?,
            "MessageRetentionPeriod" => {
                self.retention_seconds = number("MessageRetentionPeriod", value, &RETENTION_SECONDS)?;
            }
            "ReceiveMessageWaitTimeSeconds" => {
                self.wait_seconds = number("ReceiveMessageWaitTimeSeconds", value, &WAIT_SECONDS)?;
            }
            "VisibilityTimeout" => {
                self.visibility_seconds = number("VisibilityTimeout", value, &VISIBILITY_SECONDS)?;
            }
            POLICY => self.policy = policy(value)?,
            REDRIVE => self.redrive = Redrive::read(value)?,
            REDRIVE_ALLOW => self.redrive_allow = RedriveAllow::read(value)?,
            KMS_KEY => self.kms_key = (!value.is_empty()).then(|| value.to_owned()),
            KMS_REUSE => self.kms_reuse_seconds = Some(number(KMS_REUSE, value, &KMS_REUSE_SECONDS)?),
            MANAGED_SSE => self.managed_sse = boolean(MANAGED_SSE, value)?,
            FIFO if self.fifo.is_some() => {
                if !boolean(FIFO, value)? {
                    let words =
                        "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.";
                    return Err(Error::AttributeValue(words.to_owned()));
                }
            }
            BY_CONTENT | SCOPE | THROUGHPUT => match &mut self.fifo {
                Some(fifo) => set_fifo(fifo, name, value)?,
                None => return Err(Error::UnknownAttribute(name.to_owned())),
            },
            _ => return Err(Error::UnknownAttribute(name.to_owned())),
        }
        Ok(())
    }

    /// What is set, as GetQueueAttributes shows it.
    pub(crate) fn shown(&self) -> Vec<(&'static str, String)> {
        let mut shown = vec![
            ("DelaySeconds", self.delay_seconds.to_string()),
            ("MaximumMessageSize", self.message_bytes_max.to_string()),
            ("MessageRetentionPeriod", self.retention_seconds.to_string()),
            ("ReceiveMessageWaitTimeSeconds", self.wait_seconds.to_string()),
            ("VisibilityTimeout", self.visibility_seconds.to_string()),
            (MANAGED_SSE, self.managed_sse.to_string()),
        ];
        shown.extend(self.policy.clone().map(|policy| (POLICY, policy)));
        shown.extend(self.redrive.as_ref().map(|redrive| (REDRIVE, redrive.text())));
        shown.extend(self.redrive_allow.as_ref().map(|allow| (REDRIVE_ALLOW, allow.text())));
        if let Some(key) = &self.kms_key {
            shown.push((KMS_KEY, key.clone()));
            let reuse = self.kms_reuse_seconds.unwrap_or(KMS_REUSE_SECONDS_DEFAULT);
            shown.push((KMS_REUSE, reuse.to_string()));
        }
        if let Some(Fifo { by_content, per_group, high_throughput }) = &self.fifo {
            shown.push((FIFO, "true".to_owned()));
            shown.push((BY_CONTENT, by_content.to_string()));
            shown.push((SCOPE, if *per_group { "messageGroup" } else { "queue" }.to_owned()));
            let throughput = if *high_throughput { "perMessageGroupId" } else { "perQueue" };
            shown.push((THROUGHPUT, throughput.to_owned()));
        }
        shown
    }

    /// The first attribute that differs, in AWS's order of names.
    pub(crate) fn difference(&self, other: &Self) -> Option<&'static str> {
        let (mine, others) = (self.shown(), other.shown());
        let differs = |name: &&'static str| {
            let value =
                |shown: &[(&'static str, String)]| shown.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
            value(&mine) != value(&others)
        };
        SETTABLE.into_iter().find(differs)
    }
}

fn set_fifo(fifo: &mut Fifo, name: &str, value: &str) -> Result<()> {
    match (name, value) {
        (BY_CONTENT, _) => fifo.by_content = boolean(BY_CONTENT, value)?,
        (SCOPE, "messageGroup" | "queue") => fifo.per_group = value == "messageGroup",
        (SCOPE, _) => return Err(refused(SCOPE)),
        (_, "perMessageGroupId" | "perQueue") => fifo.high_throughput = value == "perMessageGroupId",
        _ => return Err(refused(THROUGHPUT)),
    }
    Ok(())
}

fn refused(name: &str) -> Error {
    Error::AttributeValue(format!("Invalid value for the parameter {name}."))
}

fn number(name: &str, value: &str, range: &RangeInclusive<u32>) -> Result<u32> {
    value.trim().parse().ok().filter(|number| range.contains(number)).ok_or_else(|| refused(name))
}

/// Recorded: `True` counts as `true`.
fn boolean(name: &str, value: &str) -> Result<bool> {
    match () {
        () if value.eq_ignore_ascii_case("true") => Ok(true),
        () if value.eq_ignore_ascii_case("false") => Ok(false),
        () => Err(refused(name)),
    }
}

fn policy(value: &str) -> Result<Option<String>> {
    if value.trim().is_empty() {
        return Ok(None);
    }
    Policy::parse(value, PolicyKind::Resource).map_err(|_| refused(POLICY))?;
    Ok(Some(value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)]) -> Map<String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn shown(attributes: &Attributes, name: &str) -> Option<String> {
        attributes.shown().into_iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    #[test]
    fn what_is_set_is_shown() {
        let pairs = [
            ("DelaySeconds", "900"),
            ("MaximumMessageSize", "1024"),
            ("MessageRetentionPeriod", "60"),
            ("ReceiveMessageWaitTimeSeconds", "20"),
            ("VisibilityTimeout", "0"),
            ("KmsMasterKeyId", "alias/aws/sqs"),
            ("KmsDataKeyReusePeriodSeconds", "86400"),
        ];
        let attributes = Attributes::created(&given(&pairs)).unwrap();
        for (name, value) in pairs {
            assert_eq!(shown(&attributes, name).as_deref(), Some(value), "{name}");
        }
        assert_eq!(shown(&attributes, "SqsManagedSseEnabled").as_deref(), Some("false"));
        let again = attributes.with(&given(&[("SqsManagedSseEnabled", "true")])).unwrap();
        assert_eq!(shown(&again, "KmsMasterKeyId"), None);
    }

    #[test]
    fn values_out_of_range_are_refused_by_name() {
        for (name, value) in [
            ("DelaySeconds", "901"),
            ("MaximumMessageSize", "1023"),
            ("MaximumMessageSize", "1048577"),
            ("MessageRetentionPeriod", "59"),
            ("ReceiveMessageWaitTimeSeconds", "21"),
            ("VisibilityTimeout", "43201"),
            ("VisibilityTimeout", "-1"),
            ("VisibilityTimeout", "x"),
            ("SqsManagedSseEnabled", "yes"),
            ("Policy", "{}"),
        ] {
            let error = Attributes::created(&given(&[(name, value)])).unwrap_err();
            assert_eq!(error.to_string(), format!("Invalid value for the parameter {name}."), "{value}");
        }
    }

    #[test]
    fn fifo_attributes_belong_to_fifo_queues() {
        for name in ["FifoQueue", "ContentBasedDeduplication", "DeduplicationScope"] {
            let error = Attributes::default().with(&given(&[(name, "false")])).unwrap_err();
            assert_eq!(error.to_string(), format!("Unknown Attribute {name}."));
        }
        let fifo =
            Attributes::created(&given(&[("FifoQueue", "True"), ("DeduplicationScope", "messageGroup")])).unwrap();
        assert_eq!(shown(&fifo, "FifoThroughputLimit").as_deref(), Some("perQueue"));
        let fast = given(&[("FifoThroughputLimit", "perMessageGroupId")]);
        assert!(fifo.with(&fast).is_ok());
        assert!(Attributes::created(&given(&[("FifoQueue", "true")])).unwrap().with(&fast).is_err());
    }

    #[test]
    fn the_attribute_that_differs_is_named() {
        let one = Attributes::created(&given(&[("VisibilityTimeout", "2")])).unwrap();
        let other = one.with(&given(&[("VisibilityTimeout", "5")])).unwrap();
        assert_eq!(one.difference(&other), Some("VisibilityTimeout"));
        assert_eq!(one.difference(&one), None);
    }
}
