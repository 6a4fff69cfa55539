//! The trace header that goes along a chain of calls, and its lineage: how often each function has been called in the chain.
//!
//! Shape: `Root=1-…;Parent=…;Sampled=0;Lineage=1:HASH:COUNT|1:HASH:COUNT`. SDKs inside a function pass on what it was given.
//! Source: Lambda Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops".

use kernel::{Rng, Timestamp, id};
use sha2::{Digest, Sha256};

use crate::limits::{LINEAGE_FUNCTIONS_MAX, TRACE_HEADER_BYTES_MAX};

/// One call in a chain.
#[derive(Debug, PartialEq)]
pub struct Step {
    /// What the function gets.
    pub header: String,
    /// How often it had been called in the chain before.
    pub calls_before: u32,
}

/// The next call of a chain: `function` is its ARN without a qualifier, `incoming` what the caller sent.
pub fn step(incoming: Option<&str>, function: &str, now: Timestamp, rng: &dyn Rng) -> Step {
    let incoming = incoming.filter(|header| header.len() <= TRACE_HEADER_BYTES_MAX).unwrap_or_default();
    let part = |key: &str| {
        let parts = incoming.split(';').map(str::trim);
        parts.filter_map(|part| part.split_once('=')).find(|(name, _)| *name == key).map(|(_, value)| value)
    };
    let new_root = || format!("1-{:08x}-{}", now.secs(), id::hex_digits(rng, 24));
    let root = part("Root").filter(|root| root.starts_with("1-")).map_or_else(new_root, str::to_owned);
    let sampled = part("Sampled").filter(|sampled| *sampled == "1").unwrap_or("0");
    let hash = hash_of(function);
    let mut lineage: Vec<(String, u32)> = part("Lineage").unwrap_or_default().split('|').filter_map(entry).collect();
    let calls_before = match lineage.iter_mut().find(|(known, _)| *known == hash) {
        Some((_, count)) => {
            *count = count.saturating_add(1);
            *count
        }
        None => {
            lineage.push((hash, 0));
            0
        }
    };
    let oldest = lineage.len().saturating_sub(LINEAGE_FUNCTIONS_MAX);
    let entries: Vec<String> = lineage.iter().skip(oldest).map(|(hash, count)| format!("1:{hash}:{count}")).collect();
    let parent = id::hex_digits(rng, 16);
    Step {
        header: format!("Root={root};Parent={parent};Sampled={sampled};Lineage={}", entries.join("|")),
        calls_before,
    }
}

fn entry(text: &str) -> Option<(String, u32)> {
    let (rest, count) = text.rsplit_once(':')?;
    let hash =
        rest.rsplit(':').next().filter(|hash| !hash.is_empty() && hash.bytes().all(|b| b.is_ascii_hexdigit()))?;
    Some((hash.to_owned(), count.parse().ok()?))
}

fn hash_of(function: &str) -> String {
    hex::encode(Sha256::digest(function)).chars().take(8).collect()
}

/// Any header gives one that is counted on: the body of a fuzz target.
pub fn fuzz(header: &str) {
    let now = Timestamp::from_secs(0);
    let once = step(Some(header), "f", now, &kernel::OsRng);
    let twice = step(Some(&once.header), "f", now, &kernel::OsRng);
    assert!(once.header.len() <= TRACE_HEADER_BYTES_MAX);
    assert!(twice.calls_before > once.calls_before || once.calls_before == u32::MAX);
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::OsRng;
    use proptest::prelude::*;

    const T0: Timestamp = Timestamp::from_secs(1);

    #[test]
    fn a_chain_counts_each_of_its_functions() {
        let first = step(None, "f", T0, &OsRng);
        assert_eq!(first.calls_before, 0);
        assert!(first.header.starts_with("Root=1-00000001-"), "{}", first.header);
        let other = step(Some(&first.header), "g", T0, &OsRng);
        assert_eq!(other.calls_before, 0);
        let again = step(Some(&other.header), "f", T0, &OsRng);
        assert_eq!(again.calls_before, 1);
        assert_eq!(step(Some(&again.header), "f", T0, &OsRng).calls_before, 2);
        assert_eq!(step(Some(&again.header), "g", T0, &OsRng).calls_before, 1);
        let root = |step: &Step| step.header.split(';').next().map(str::to_owned);
        assert_eq!(root(&first), root(&again), "a chain is one trace");
    }

    proptest! {
        #[test]
        fn any_header_gives_a_good_one(sent in "\\PC{0,80}", lineage in "[0-9a-f:|]{0,60}") {
            fuzz(&sent);
            fuzz(&format!("Root=1-a;Lineage={lineage}"));
        }
    }
}
