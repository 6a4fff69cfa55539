//! Code signing configurations.

use std::collections::BTreeMap;

use kernel::{Arn, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Key, Record};

use super::Place;

/// Who may have signed code, and what becomes of other code. Kept as it was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodeSigningRecord {
    /// `csc-` and 17 characters.
    pub id: String,
    pub description: Option<String>,
    /// ARNs of signing profile versions.
    pub publishers: Vec<String>,
    /// `Warn` or `Enforce`.
    pub untrusted: String,
    pub last_modified: Timestamp,
    pub tags: BTreeMap<String, String>,
}

impl Record for CodeSigningRecord {
    const VERSION: u8 = 1;
}

impl Place {
    pub fn code_signings(&self) -> Key {
        self.kind("code-signing")
    }

    pub fn code_signing(&self, id: &str) -> Key {
        self.code_signings().part(id)
    }

    pub fn code_signing_arn(&self, id: &str) -> String {
        Arn::regional("lambda", &self.region, &self.account, format!("code-signing-config:{id}")).to_string()
    }
}
