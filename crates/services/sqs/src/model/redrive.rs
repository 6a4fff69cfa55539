//! Redrive policies: where a queue sends what it could not get consumed, and who may send here.
//! Source: SQS API Reference, SetQueueAttributes; Developer Guide, "Using dead-letter queues in Amazon SQS".

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::name::QueueName;
use crate::error::{Result, invalid};
use crate::limits::{ALLOWED_SOURCES_MAX, RECEIVE_COUNT};

/// `RedrivePolicy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Redrive {
    pub target_arn: String,
    pub max_receives: u32,
}

impl Redrive {
    /// An empty text takes the policy away.
    pub(crate) fn read(text: &str) -> Result<Option<Self>> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let wrong = |reason: &str| invalid("RedrivePolicy", text, reason);
        let Ok(Value::Object(policy)) = serde_json::from_str(text) else {
            return Err(wrong("Redrive policy is not a valid JSON map."));
        };
        let member = |name: &str| {
            let missing = || wrong(&format!("Redrive policy does not contain mandatory attribute: {name}."));
            policy.get(name).filter(|value| !value.is_null()).ok_or_else(missing)
        };
        let target_arn = member("deadLetterTargetArn")?.as_str().unwrap_or_default().to_owned();
        let count = member("maxReceiveCount")?;
        // Clients send it as a number or as text.
        let number = count.as_u64().or_else(|| count.as_str()?.parse().ok()).and_then(|n| u32::try_from(n).ok());
        let Some(max_receives) = number.filter(|n| RECEIVE_COUNT.contains(n)) else {
            let shown = count.as_str().map_or_else(|| count.to_string(), str::to_owned);
            let words =
                format!("Invalid value for maxReceiveCount: {shown}, valid values are from 1 to 1000 both inclusive.");
            return Err(wrong(&words));
        };
        if QueueName::of_arn(&target_arn).is_none() {
            return Err(wrong("Invalid value for deadLetterTargetArn."));
        }
        Ok(Some(Self { target_arn, max_receives }))
    }

    pub(crate) fn text(&self) -> String {
        json!({"deadLetterTargetArn": self.target_arn, "maxReceiveCount": self.max_receives}).to_string()
    }

    pub(crate) fn target(&self) -> Option<QueueName> {
        QueueName::of_arn(&self.target_arn)
    }
}

/// `RedriveAllowPolicy`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum RedriveAllow {
    All,
    Nobody,
    Sources(Vec<String>),
}

impl RedriveAllow {
    /// An empty text takes the policy away.
    pub(crate) fn read(text: &str) -> Result<Option<Self>> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let wrong = |reason: &str| invalid("RedriveAllowPolicy", text, reason);
        let format = || wrong("Amazon SQS can't create the redrive allow policy, as it's in an unsupported format.");
        let Ok(Value::Object(policy)) = serde_json::from_str(text) else { return Err(format()) };
        let sources = policy.get("sourceQueueArns");
        match (policy.get("redrivePermission").and_then(Value::as_str), sources) {
            (Some("allowAll"), None) => Ok(Some(Self::All)),
            (Some("denyAll"), None) => Ok(Some(Self::Nobody)),
            (Some("byQueue"), Some(Value::Array(arns))) if (1..=ALLOWED_SOURCES_MAX).contains(&arns.len()) => {
                let arns = arns.iter().map(|arn| arn.as_str().filter(|arn| QueueName::of_arn(arn).is_some()));
                let arns = arns.map(|arn| arn.map(str::to_owned)).collect::<Option<_>>();
                arns.map(|arns| Some(Self::Sources(arns))).ok_or_else(format)
            }
            _ => Err(format()),
        }
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Self::All => json!({"redrivePermission": "allowAll"}),
            Self::Nobody => json!({"redrivePermission": "denyAll"}),
            Self::Sources(arns) => json!({"redrivePermission": "byQueue", "sourceQueueArns": arns}),
        }
        .to_string()
    }

    pub(crate) fn allows(&self, source_arn: &str) -> bool {
        match self {
            Self::All => true,
            Self::Nobody => false,
            Self::Sources(arns) => arns.iter().any(|arn| arn == source_arn),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ARN: &str = "arn:aws:sqs:us-east-1:111111111111:dead";

    #[test]
    fn a_count_may_be_text_and_is_shown_as_a_number() {
        let read = Redrive::read(&json!({"deadLetterTargetArn": ARN, "maxReceiveCount": "3"}).to_string());
        let redrive = read.unwrap().unwrap();
        assert_eq!(redrive.text(), format!("{{\"deadLetterTargetArn\":\"{ARN}\",\"maxReceiveCount\":3}}"));
        assert_eq!(Redrive::read("").unwrap(), None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, reason) in [
            ("{}", "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."),
            ("[]", "Redrive policy is not a valid JSON map."),
        ] {
            let error = Redrive::read(text).unwrap_err().to_string();
            assert_eq!(error, format!("Value {text} for parameter RedrivePolicy is invalid. Reason: {reason}"));
        }
        let zero = json!({"deadLetterTargetArn": ARN, "maxReceiveCount": 0}).to_string();
        assert!(Redrive::read(&zero).unwrap_err().to_string().contains("Invalid value for maxReceiveCount: 0"));
        assert!(RedriveAllow::read("{\"redrivePermission\":\"byQueue\"}").is_err());
        assert!(RedriveAllow::read("{\"redrivePermission\":\"denyAll\",\"sourceQueueArns\":[]}").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            let _ = (Redrive::read(&text), RedriveAllow::read(&text));
        }
    }
}
