//! Provisioned concurrency.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Key, Record};

use super::Place;

/// How many environments a version or an alias shall have. That they are there is not kept: a start makes them again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProvisionedRecord {
    pub requested: u32,
    pub last_modified: Timestamp,
}

impl Record for ProvisionedRecord {
    const VERSION: u8 = 1;
}

impl Place {
    /// Of every function.
    pub fn all_provisioned(&self) -> Key {
        self.kind("provisioned")
    }

    /// Of one function.
    pub fn provisioned(&self, name: &str) -> Key {
        self.all_provisioned().part(name)
    }

    pub fn provisioned_of(&self, name: &str, qualifier: &str) -> Key {
        self.provisioned(name).part(qualifier)
    }
}
