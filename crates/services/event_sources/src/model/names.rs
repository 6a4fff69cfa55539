//! ARNs of functions and of what can be a source.

use kernel::{AccountId, Arn, Region};

/// The ARN of the function that a request names: by name, partial ARN or ARN, each with or without a qualifier. What is no name
/// comes back as it is: no mapping has it.
/// Source: Lambda API Reference, CreateEventSourceMapping, `FunctionName`.
pub(crate) fn function_arn(account: &AccountId, region: &Region, name: &str) -> String {
    let parts: Vec<&str> = name.split(':').collect();
    let (account, rest) = match parts.as_slice() {
        ["arn", ..] => return name.to_owned(),
        [account, "function", rest @ ..] | [_, account, "function", rest @ ..] => (*account, rest),
        ["function", rest @ ..] => (account.as_str(), rest),
        [account, rest @ ..] if !rest.is_empty() && AccountId::parse(account).is_ok() => (*account, rest),
        rest => (account.as_str(), rest),
    };
    format!("arn:{}:lambda:{region}:{account}:function:{}", partition(region), rest.join(":"))
}

fn partition(region: &Region) -> String {
    Arn::regional("lambda", region, &AccountId::default(), "").partition
}

/// The name in a function's ARN, without a qualifier.
pub(crate) fn function_name(arn: &str) -> &str {
    arn.split(':').nth(6).unwrap_or(arn)
}

/// What a mapping can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SourceKind {
    Sqs {
        account: AccountId,
        region: Region,
        queue: String,
    },
    /// By the name that AWS gives it.
    NotServed(&'static str),
}

impl SourceKind {
    /// Errors: nothing that Lambda reads.
    pub(crate) fn of_arn(text: &str) -> Option<Self> {
        let arn: Arn = text.parse().ok()?;
        match arn.service.as_str() {
            "sqs" => {
                let (account, region) = (AccountId::parse(&arn.account).ok()?, Region::new(&arn.region));
                let plain = !arn.resource.is_empty() && !arn.resource.contains([':', '/']);
                plain.then_some(Self::Sqs { account, region, queue: arn.resource })
            }
            "kinesis" => Some(Self::NotServed("Amazon Kinesis")),
            "dynamodb" => Some(Self::NotServed("Amazon DynamoDB Streams")),
            "kafka" => Some(Self::NotServed("Amazon MSK")),
            "mq" => Some(Self::NotServed("Amazon MQ")),
            "rds" => Some(Self::NotServed("Amazon DocumentDB")),
            _ => None,
        }
    }

    pub(crate) fn is_fifo(&self) -> bool {
        matches!(self, Self::Sqs { queue, .. } if queue.ends_with(".fifo"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_by_name_partial_arn_and_arn() {
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
        let read = |name: &str| function_arn(&AccountId::default(), &Region::default(), name);
        let owned = ["000000000000:f", "000000000000:function:f", "us-east-1:000000000000:function:f"];
        for name in ["f", "function:f", arn].into_iter().chain(owned) {
            assert_eq!(read(name), arn, "{name}");
        }
        assert_eq!(read("f:live"), format!("{arn}:live"));
        assert_eq!(function_name(&format!("{arn}:live")), "f");
    }

    #[test]
    fn sources_are_told_by_their_arn() {
        let kind = |arn: &str| SourceKind::of_arn(arn);
        assert!(kind("arn:aws:sqs:us-east-1:000000000000:jobs.fifo").is_some_and(|kind| kind.is_fifo()));
        assert_eq!(
            kind("arn:aws:kinesis:us-east-1:000000000000:stream/s"),
            Some(SourceKind::NotServed("Amazon Kinesis"))
        );
        assert_eq!(kind("arn:aws:s3:::bucket"), None);
        assert_eq!(kind("arn:aws:sqs:us-east-1:000000000000:a:b"), None);
        assert_eq!(kind("no arn"), None);
    }
}
