//! Keys and values on disk. Facts of one account and region are numbered in the order in which they were told.

use kernel::{AccountId, Region, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Key, KeyRange, Record};

use crate::Fact;
use crate::limits::ID_BYTES_MAX;

pub(crate) const SERVICE: &str = "facts";
const FACT: &str = "fact";
const BY_REQUEST: &str = "by-request";
const BY_MESSAGE: &str = "by-message";
const EXTENT: &str = "extent";

/// An entry by id says everything with its key.
pub(crate) const ENTRY: &[u8] = &[1];

/// An account and a region: every key begins with them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub account: AccountId,
    pub region: Region,
}

impl Place {
    fn kind(&self, kind: &str) -> Key {
        Key::new(&self.account, &self.region, SERVICE, kind)
    }

    pub fn extent(&self) -> Key {
        self.kind(EXTENT)
    }

    pub fn fact(&self, number: u64) -> Key {
        self.kind(FACT).part_u64(number)
    }

    /// Facts from this number on.
    pub fn facts_from(&self, number: u64) -> KeyRange {
        KeyRange::prefix(&self.kind(FACT)).starting_at(&self.fact(number))
    }

    pub fn by_request(&self, id: &str) -> Key {
        self.kind(BY_REQUEST).part(id)
    }

    pub fn by_message(&self, id: &str) -> Key {
        self.kind(BY_MESSAGE).part(id)
    }

    /// The entries by which a fact is found.
    pub fn entries(&self, fact: &Fact, number: u64) -> Vec<Key> {
        let short = |id: &&String| id.len() <= ID_BYTES_MAX;
        let requests = fact.requests.iter().filter(short).map(|id| self.by_request(id));
        let messages = fact.messages.iter().filter(short).map(|id| self.by_message(id));
        requests.chain(messages).map(|key| key.part_u64(number)).collect()
    }
}

impl Record for Fact {
    const VERSION: u8 = 1;
}

/// The facts that a place has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extent {
    /// The oldest fact's number, and when that was.
    pub first: u64,
    pub oldest: Timestamp,
    /// The number that the next fact gets.
    pub next: u64,
    pub bytes: u64,
}

impl Record for Extent {
    const VERSION: u8 = 1;
}

/// A fact as it is stored. Errors: it is no JSON, which no fact can be.
pub(crate) fn encode(fact: &Fact) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = vec![Fact::VERSION];
    serde_json::to_writer(&mut bytes, fact)?;
    Ok(bytes)
}

/// What a fact takes on the disk.
pub(crate) fn size(key: &Key, value: &[u8], entries: &[Key]) -> u64 {
    let entries: usize = entries.iter().map(|entry| entry.as_bytes().len() + ENTRY.len()).sum();
    (key.as_bytes().len() + value.len() + entries) as u64
}
