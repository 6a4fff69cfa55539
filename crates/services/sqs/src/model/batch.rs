//! The rules that every batch has. Source: SQS API Reference, SendMessageBatch; recorded answers.

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::limits::{BATCH_ENTRIES_MAX, BATCH_ID_CHARS_MAX};

/// Checks the entries' ids, each named by `id`.
pub(crate) fn check<T>(entries: &[T], kind: &'static str, id: impl Fn(&T) -> Option<&str>) -> Result<()> {
    if entries.is_empty() {
        return Err(Error::EmptyBatch(kind));
    }
    if entries.len() > BATCH_ENTRIES_MAX {
        return Err(Error::TooManyEntries(entries.len()));
    }
    let mut seen = BTreeSet::new();
    for (at, entry) in entries.iter().enumerate() {
        let id = id(entry).ok_or_else(|| Error::Missing(format!("{kind}.{}.Id", at + 1)))?;
        let allowed = id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if id.is_empty() || id.len() > BATCH_ID_CHARS_MAX || !allowed {
            return Err(Error::BatchId);
        }
        if !seen.insert(id) {
            return Err(Error::NotDistinct(id.to_owned()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(ids: &[&str]) -> std::result::Result<(), String> {
        check(ids, "SendMessageBatchRequestEntry", |id| Some(id)).map_err(|error| error.to_string())
    }

    #[test]
    fn ids_are_distinct_short_and_plain() {
        assert_eq!(outcome(&["a", "B-1_"]), Ok(()));
        assert_eq!(outcome(&["a", "a"]), Err("Id a repeated.".to_owned()));
        let words = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 \
                     letters long.";
        for id in ["", "a:b", &"x".repeat(81)] {
            assert_eq!(outcome(&[id]), Err(words.to_owned()));
        }
    }

    #[test]
    fn a_batch_has_one_to_ten_entries() {
        assert_eq!(
            outcome(&[]),
            Err("There should be at least one SendMessageBatchRequestEntry in the request.".to_owned())
        );
        let ids: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        assert_eq!(outcome(&ids), Err("Maximum number of entries per request are 10. You have sent 20.".to_owned()));
        assert_eq!(outcome(&ids[..10]), Ok(()));
    }
}
