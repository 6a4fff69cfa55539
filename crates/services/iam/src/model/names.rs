//! Ids, ARNs and encodings.

use kernel::{AccountId, Arn, Rng};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Error;

/// Everything but RFC 3986's unreserved characters, which is how IAM answers policy documents.
const DOCUMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A policy document as answers carry it. Source: IAM API Reference, "GetRolePolicy": URL-encoded by RFC 3986.
pub fn encoded(document: &str) -> String {
    utf8_percent_encode(document, DOCUMENT).to_string()
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Bits of an access key id's 80 that say the account: AWS's ids tell it to whoever decodes them.
const ACCOUNT_SHIFT: u32 = 80 - 1 - 40;

/// An access key id of `account`: the prefix (`AKIA`, `ASIA`) and 16 characters of base32.
///
/// Shape: one bit set, 40 bits of account number, 39 bits of chance. The account can be read back from it, as from AWS's
/// own, so that a key is found without an index over all accounts.
pub fn access_key_id(rng: &dyn Rng, prefix: &str, account: &AccountId) -> String {
    let number: u128 = account.as_str().parse().unwrap_or_default();
    let chance = u128::from(u64::from_le_bytes(rng.bytes())) & ((1 << ACCOUNT_SHIFT) - 1);
    let bits: u128 = 1 << 79 | number << ACCOUNT_SHIFT | chance;
    let characters = (0..16).rev().map(|at| char::from(BASE32[((bits >> (at * 5)) & 31) as usize]));
    prefix.chars().chain(characters).collect()
}

/// The account that an access key id was made for, of ours and of AWS's since 2019.
pub fn account_of_key(id: &str) -> Option<AccountId> {
    let digits = id.get(4..).filter(|rest| rest.len() == 16)?;
    let mut bits: u128 = 0;
    for character in digits.bytes() {
        let value = BASE32.iter().position(|known| *known == character)?;
        bits = bits << 5 | value as u128;
    }
    let number = (bits >> ACCOUNT_SHIFT) & ((1 << 40) - 1);
    AccountId::parse(&format!("{number:012}")).ok()
}

/// A managed policy's ARN, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyArn {
    pub text: String,
    /// `None` for AWS's own policies.
    pub account: Option<AccountId>,
    pub path: String,
    pub name: String,
}

impl PolicyArn {
    /// Errors: `UnreadableArn` for what has not the form of an ARN, `NoSuchPolicy` for the ARN of anything else.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let arn: Arn = text.parse().map_err(|_| Error::UnreadableArn(text.to_owned()))?;
        let missing = || Error::NoSuchPolicy(text.to_owned());
        let resource = arn.resource.strip_prefix("policy/").ok_or_else(missing)?;
        if arn.service != "iam" || !arn.region.is_empty() {
            return Err(missing());
        }
        let account = match arn.account.as_str() {
            "aws" => None,
            number => Some(AccountId::parse(number).map_err(|_| missing())?),
        };
        let (path, name) = split_path(resource);
        Ok(Self { text: text.to_owned(), account, path, name: name.to_owned() })
    }
}

/// `a/b/name` → (`/a/b/`, `name`).
pub fn split_path(resource: &str) -> (String, &str) {
    match resource.rsplit_once('/') {
        Some((path, name)) => (format!("/{path}/"), name),
        None => ("/".to_owned(), resource),
    }
}

/// The ARN of a customer's policy or of an instance profile.
pub fn arn(partition: &str, account: &AccountId, word: &str, path: &str, name: &str) -> String {
    format!("arn:{partition}:iam::{account}:{word}{path}{name}")
}

/// `v7` → 7.
pub fn version_number(id: &str) -> Option<u32> {
    id.strip_prefix('v')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::OsRng;
    use proptest::prelude::*;

    #[test]
    fn documents_are_encoded_as_aws_does() {
        assert_eq!(encoded(r#"{"Action": "s3:*"}"#), "%7B%22Action%22%3A%20%22s3%3A%2A%22%7D");
        assert_eq!(encoded("a%3Ab-_.~é"), "a%253Ab-_.~%C3%A9");
    }

    #[test]
    fn policy_arns_are_read() {
        let aws = PolicyArn::parse("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole").unwrap();
        assert_eq!(
            (aws.account, aws.path.as_str(), aws.name.as_str()),
            (None, "/service-role/", "AWSLambdaBasicExecutionRole")
        );
        let own = PolicyArn::parse("arn:aws:iam::123456789012:policy/mine").unwrap();
        assert_eq!((own.account, own.path.as_str()), (AccountId::parse("123456789012").ok(), "/"));
        assert!(matches!(PolicyArn::parse("longpolicynamebutnoarn"), Err(Error::UnreadableArn(_))));
        assert!(matches!(PolicyArn::parse("arn:aws:iam::123456789012:role/mine"), Err(Error::NoSuchPolicy(_))));
    }

    #[test]
    fn the_account_of_aws_documented_key_ids_is_read() {
        assert_eq!(account_of_key("ASIAQNZGKIQY56JQ7WML").unwrap().as_str(), "029608264753");
    }

    proptest! {
        #[test]
        fn a_key_id_says_its_account(number in 0_u64..1_000_000_000_000) {
            let account = AccountId::parse(&format!("{number:012}")).unwrap();
            let id = access_key_id(&OsRng, "AKIA", &account);
            prop_assert_eq!(id.len(), 20);
            prop_assert_eq!(account_of_key(&id), Some(account));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            let _ = (account_of_key(&text), PolicyArn::parse(&text), version_number(&text));
        }
    }
}
