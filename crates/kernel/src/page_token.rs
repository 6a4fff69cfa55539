use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::{AccountId, Region};

const TAG_BYTES: usize = 16;

/// Makes and reads page tokens: opaque to the client, bound to the account, region, operation and parameters that they
/// were given for, and valid after a restart because the key is part of the data folder.
#[derive(Clone)]
pub struct PageTokens {
    key: [u8; 32],
}

/// The token is not one of ours, or was given for another question. Each service words it in its own way.
#[derive(Debug, thiserror::Error, PartialEq)]
#[error("the page token is not valid for this request")]
pub struct InvalidPageToken;

impl PageTokens {
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// `parameters` is what must be the same on the next page (filters, prefixes), in any stable form;
    /// `position` is where the next page starts.
    pub fn issue(
        &self,
        account: &AccountId,
        region: &Region,
        operation: &str,
        parameters: &str,
        position: &[u8],
    ) -> String {
        let tag = self.mac(account, region, operation, parameters, position).finalize().into_bytes();
        let mut token = tag[..TAG_BYTES].to_vec();
        token.extend_from_slice(position);
        URL_SAFE_NO_PAD.encode(token)
    }

    /// The position that `issue` was given. Errors: a token made for anything else, or by anyone else.
    pub fn open(
        &self,
        account: &AccountId,
        region: &Region,
        operation: &str,
        parameters: &str,
        token: &str,
    ) -> Result<Vec<u8>, InvalidPageToken> {
        let token = URL_SAFE_NO_PAD.decode(token).map_err(|_| InvalidPageToken)?;
        let (tag, position) = token.split_at_checked(TAG_BYTES).ok_or(InvalidPageToken)?;
        self.mac(account, region, operation, parameters, position)
            .verify_truncated_left(tag)
            .map_err(|_| InvalidPageToken)?;
        Ok(position.to_vec())
    }

    fn mac(
        &self,
        account: &AccountId,
        region: &Region,
        operation: &str,
        parameters: &str,
        position: &[u8],
    ) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any length");
        for part in [account.as_str(), region.as_str(), operation, parameters] {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part.as_bytes());
        }
        mac.update(position);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_token_opens_only_for_its_own_question(position in proptest::collection::vec(any::<u8>(), 0..40), junk in "[A-Za-z0-9_-]{0,60}") {
            let (tokens, account, region) = (PageTokens::new([7; 32]), AccountId::default(), Region::default());
            let token = tokens.issue(&account, &region, "ListRoles", "/p/", &position);
            prop_assert_eq!(tokens.open(&account, &region, "ListRoles", "/p/", &token), Ok(position));
            prop_assert_eq!(tokens.open(&account, &region, "ListRoles", "/q/", &token), Err(InvalidPageToken));
            prop_assert_eq!(tokens.open(&account, &Region::new("eu-west-1"), "ListRoles", "/p/", &token), Err(InvalidPageToken));
            let other = AccountId::parse("111111111111").unwrap();
            prop_assert_eq!(tokens.open(&other, &region, "ListRoles", "/p/", &token), Err(InvalidPageToken));
            prop_assert_eq!(tokens.open(&account, &region, "ListRoles", "/p/", &junk), Err(InvalidPageToken));
        }
    }
}
