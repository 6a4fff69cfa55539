//! What SNS asks of filter policies beyond the language.

use serde_json::Value;

use super::Read;
use crate::dialect::Dialect;
use crate::limits::{POLICY_BYTES_MAX, POLICY_COMBINATIONS_MAX, POLICY_KEYS_MAX};
use crate::malformed::Malformed;
use crate::pattern::Branch;
use crate::scan::{Scanner, Token};

/// SNS writes a policy anew, without spaces, before the engine reads it: refusals quote that.
/// Source: recorded: sns, validate_policy.
pub(super) fn compact(text: &str) -> Result<String, Malformed> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(Malformed::without_place("FilterPolicy is too long"));
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value) => Ok(value.to_string()),
        Err(error) => Err(unreadable(text).unwrap_or_else(|| Malformed::without_place(error.to_string()))),
    }
}

/// The refusal of text that is no JSON, in the reader's words.
fn unreadable(text: &str) -> Option<Malformed> {
    let mut scanner = Scanner::new(text);
    let mut read = || -> Result<(), Malformed> {
        loop {
            let token = scanner.next()?;
            if token == Token::Text {
                scanner.text()?;
            }
            if scanner.depth() == 0 {
                return Ok(());
            }
        }
    };
    let malformed = read().err().or_else(|| scanner.finish().err())?;
    Some(Malformed { message: format!("failed to parse JSON. {}", malformed.message), ..malformed })
}

pub(super) fn checked(dialect: Dialect, read: Read) -> Result<Vec<Branch>, Malformed> {
    if read.keys.len() > POLICY_KEYS_MAX {
        let message = format!("Filter policy can not have more than {POLICY_KEYS_MAX} keys");
        return Err(Malformed::without_place(message));
    }
    if dialect == Dialect::SnsAttributes && read.is_nested {
        let message = "Filter policy scope MessageAttributes does not support nested filter policy";
        return Err(Malformed::without_place(message));
    }
    if combinations(&read.branches) > POLICY_COMBINATIONS_MAX {
        return Err(Malformed::without_place("Filter policy is too complex"));
    }
    Ok(read.branches)
}

/// The values of each key times its nesting, multiplied; branches of `$or` add up.
fn combinations(branches: &[Branch]) -> usize {
    let of_branch = |branch: &Branch| {
        branch.values().fold(1_usize, |product, said| product.saturating_mul(said.matchers.len() * said.nesting))
    };
    branches.iter().map(of_branch).fold(0, usize::saturating_add)
}
