use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::strip_aws_suffix;

/// A twelve-digit AWS account number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(Arc<str>);

#[derive(Debug, thiserror::Error, PartialEq)]
#[error("'{0}' is not an account: an account is exactly 12 digits")]
pub struct InvalidAccountId(pub String);

impl AccountId {
    /// Errors: anything but twelve ASCII digits.
    pub fn parse(text: &str) -> Result<Self, InvalidAccountId> {
        if text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidAccountId(text.to_owned()))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for AccountId {
    /// `000000000000`, the account of whoever does not say which.
    fn default() -> Self {
        Self("000000000000".into())
    }
}

impl TryFrom<String> for AccountId {
    type Error = InvalidAccountId;

    fn try_from(text: String) -> Result<Self, InvalidAccountId> {
        Self::parse(&text)
    }
}

impl From<AccountId> for String {
    fn from(account: AccountId) -> Self {
        account.as_str().to_owned()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A region's name as it stands in a credential scope or an ARN, e.g. `ap-northeast-2`.
/// Any name is taken as given: new regions appear faster than tables of them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Region(Arc<str>);

impl Region {
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `text` has a region's form, words and a number: `ap-northeast-2`, `us-gov-west-1`.
    pub fn is_form(text: &str) -> bool {
        let mut parts = text.split('-').rev();
        let number = parts.next().is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        let words: Vec<&str> = parts.collect();
        number && words.len() >= 2 && words.iter().all(|w| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase()))
    }

    /// The region that a name of AWS's says: `lambda.ap-northeast-2.amazonaws.com`. `None` for every other name.
    pub fn of_aws_host(name: &str) -> Option<Self> {
        let before = strip_aws_suffix(name)?.to_ascii_lowercase();
        // The last one: a bucket's own labels stand before.
        before.rsplit('.').find(|label| Self::is_form(label)).map(Self::new)
    }

    /// The partition that the region belongs to: `aws`, `aws-cn` or `aws-us-gov`.
    pub fn partition(&self) -> &'static str {
        if self.0.starts_with("cn-") {
            "aws-cn"
        } else if self.0.starts_with("us-gov-") {
            "aws-us-gov"
        } else {
            "aws"
        }
    }
}

impl Default for Region {
    /// `us-east-1`, as AWS's own tools fall back to.
    fn default() -> Self {
        Self::new("us-east-1")
    }
}

impl From<String> for Region {
    fn from(name: String) -> Self {
        Self::new(&name)
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.as_str().to_owned()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_twelve_digits() {
        assert_eq!(AccountId::parse("123456789012").unwrap().as_str(), "123456789012");
        for bad in ["", "12345678901", "1234567890123", "12345678901a"] {
            assert_eq!(AccountId::parse(bad), Err(InvalidAccountId(bad.to_owned())));
        }
    }

    #[test]
    fn a_name_of_aws_says_its_region() {
        let region = |name| Region::of_aws_host(name).map(|region| region.to_string());
        assert_eq!(region("lambda.ap-northeast-2.amazonaws.com").as_deref(), Some("ap-northeast-2"));
        assert_eq!(region("us-east-1.s3.EU-west-1.amazonaws.com").as_deref(), Some("eu-west-1"));
        assert_eq!(region("x.lambda-url.us-gov-west-1.on.aws").as_deref(), Some("us-gov-west-1"));
        for none in ["iam.amazonaws.com", "lambda.ap-northeast-2.example.com", "localhost", "s3-2.amazonaws.com"] {
            assert_eq!(region(none), None, "{none}");
        }
    }
}
