use std::fmt;
use std::str::FromStr;

use crate::{AccountId, Region};

/// `arn:partition:service:region:account:resource`; region and account may be empty (IAM has no region, S3 neither).
/// Source: IAM User Guide, "Identify AWS resources with Amazon Resource Names (ARNs)".
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    pub partition: String,
    pub service: String,
    pub region: String,
    pub account: String,
    pub resource: String,
}

#[derive(Debug, thiserror::Error, PartialEq)]
#[error("'{0}' is not an ARN")]
pub struct InvalidArn(pub String);

impl Arn {
    /// An ARN of a regional resource in `region`'s partition.
    pub fn regional(service: &str, region: &Region, account: &AccountId, resource: impl Into<String>) -> Self {
        Self {
            partition: region.partition().to_owned(),
            service: service.to_owned(),
            region: region.to_string(),
            account: account.to_string(),
            resource: resource.into(),
        }
    }

    /// An ARN of a resource that lives in no region (IAM, STS).
    pub fn global(service: &str, partition: &str, account: &AccountId, resource: impl Into<String>) -> Self {
        Self {
            partition: partition.to_owned(),
            service: service.to_owned(),
            region: String::new(),
            account: account.to_string(),
            resource: resource.into(),
        }
    }

    /// The resource after its type: `role/path/name` → (`role`, `path/name`), `function:echo` → (`function`, `echo`).
    pub fn resource_parts(&self) -> (&str, &str) {
        match self.resource.find(['/', ':']) {
            Some(at) => (&self.resource[..at], &self.resource[at + 1..]),
            None => ("", &self.resource),
        }
    }
}

impl FromStr for Arn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        let invalid = || InvalidArn(text.to_owned());
        let mut parts = text.splitn(6, ':');
        let mut next = || parts.next().map(str::to_owned).ok_or_else(invalid);
        if next()? != "arn" {
            return Err(invalid());
        }
        let arn = Self { partition: next()?, service: next()?, region: next()?, account: next()?, resource: next()? };
        let complete = !arn.partition.is_empty() && !arn.service.is_empty() && !arn.resource.is_empty();
        if complete { Ok(arn) } else { Err(invalid()) }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:{}:{}:{}:{}", self.partition, self.service, self.region, self.account, self.resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parts_of_a_resource() {
        let role: Arn = "arn:aws:iam::123456789012:role/service-role/worker".parse().unwrap();
        assert_eq!(role.resource_parts(), ("role", "service-role/worker"));
        let function: Arn = "arn:aws:lambda:us-east-1:123456789012:function:echo:prod".parse().unwrap();
        assert_eq!(function.resource_parts(), ("function", "echo:prod"));
    }

    #[test]
    fn what_is_not_an_arn_is_refused() {
        for bad in ["", "arn", "arn:aws:iam::1:", "urn:aws:iam::1:x", "arn::iam::1:x", "arn:aws::r:1:x"] {
            assert_eq!(bad.parse::<Arn>(), Err(InvalidArn(bad.to_owned())), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_parsing_round_trip(text in "\\PC{0,80}") {
            if let Ok(arn) = text.parse::<Arn>() {
                prop_assert_eq!(arn.to_string(), text);
            }
        }

        #[test]
        fn any_resource_survives(resource in "[ -~]{1,60}") {
            let arn = Arn::regional("lambda", &Region::default(), &AccountId::default(), resource);
            prop_assert_eq!(arn.to_string().parse::<Arn>().unwrap(), arn);
        }
    }
}
