//! Keys and values on disk. Every record says its version; records of any released version open for ever.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use kernel::{AccountId, Region, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{BlobId, Key, Record, StoreError, Txn};

use crate::model::name::{LATEST, function_arn};

mod code_signing;
mod configuration;
mod event;
mod provisioned;

pub use code_signing::CodeSigningRecord;
#[cfg(test)]
pub(crate) use configuration::test_config;
pub use configuration::{ConfigRecord, FileSystemRecord, JsonLogsRecord, VpcRecord};
pub use event::{EndedRecord, EventRecord};
pub use provisioned::ProvisionedRecord;

const SERVICE: &str = "lambda";

/// A function and its `$LATEST`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionRecord {
    pub name: String,
    /// Tells a function from an earlier one of the same name.
    pub id: String,
    pub latest: VersionRecord,
    /// The number of the last published version, even if it has been deleted; 0 when there was none.
    pub last_version: u64,
    pub tags: BTreeMap<String, String>,
    pub reserved_concurrency: Option<u32>,
    /// `Allow` or `Terminate`; `None` when none was ever given.
    pub recursive_loop: Option<String>,
    /// The id of its code signing configuration.
    #[serde(default)]
    pub code_signing: Option<String>,
}

/// `$LATEST` or a published version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionRecord {
    /// `$LATEST` or a number.
    pub version: String,
    pub revision_id: String,
    /// What the answer to the change that made this revision called it: AWS names another once its work is done.
    #[serde(default)]
    pub answered_revision_id: Option<String>,
    /// Changes with code and configuration, not with tags or publishing.
    pub generation: String,
    pub last_modified: Timestamp,
    pub code: CodeRecord,
    pub config: ConfigRecord,
    pub runtime_update: Option<RuntimeUpdateRecord>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuntimeUpdateRecord {
    /// `Auto`, `FunctionUpdate` or `Manual`.
    pub update_on: String,
    pub version_arn: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodeRecord {
    /// The zip as it was uploaded.
    pub blob: BlobId,
    /// Of the zip, in bytes.
    pub size: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AliasRecord {
    pub name: String,
    pub version: String,
    pub description: String,
    /// Shares of other versions, 0 to 1.
    pub weights: BTreeMap<String, f64>,
    pub revision_id: String,
}

/// The resource policy of a function, a version or an alias.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyRecord {
    pub revision_id: String,
    /// In the order in which they were added, each as AWS prints it.
    pub statements: Vec<Value>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventInvokeRecord {
    pub last_modified: Timestamp,
    pub retries: Option<i32>,
    pub age_s: Option<i32>,
    pub on_success: Option<String>,
    pub on_failure: Option<String>,
}

/// Says that an account has functions in a region: what a start reads first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlaceRecord {}

macro_rules! first_version {
    ($($record:ty),*) => { $(impl Record for $record { const VERSION: u8 = 1; })* };
}
first_version!(FunctionRecord, VersionRecord, AliasRecord, PolicyRecord, EventInvokeRecord, EventRecord, PlaceRecord);

/// Where functions live: every key begins with it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub account: AccountId,
    pub region: Region,
}

impl Place {
    pub fn of(cx: &kernel::Cx) -> Self {
        Self { account: cx.account.clone(), region: cx.region.clone() }
    }

    pub(crate) fn kind(&self, kind: &str) -> Key {
        Key::new(&self.account, &self.region, SERVICE, kind)
    }

    pub fn arn(&self, name: &str) -> String {
        function_arn(&self.account, &self.region, name)
    }

    pub fn functions(&self) -> Key {
        self.kind("function")
    }

    pub fn function(&self, name: &str) -> Key {
        self.functions().part(name)
    }

    /// Of one function.
    pub fn versions(&self, name: &str) -> Key {
        self.kind("version").part(name)
    }

    /// Of every function.
    pub fn all_versions(&self) -> Key {
        self.kind("version")
    }

    pub fn version(&self, name: &str, number: u64) -> Key {
        self.versions(name).part_u64(number)
    }

    pub fn aliases(&self, name: &str) -> Key {
        self.kind("alias").part(name)
    }

    pub fn alias(&self, name: &str, alias: &str) -> Key {
        self.aliases(name).part(alias)
    }

    pub fn policies(&self, name: &str) -> Key {
        self.kind("policy").part(name)
    }

    /// `qualifier` is empty for the policy of the function itself.
    pub fn policy(&self, name: &str, qualifier: &str) -> Key {
        self.policies(name).part(qualifier)
    }

    pub fn event_invokes(&self, name: &str) -> Key {
        self.kind("event-invoke").part(name)
    }

    pub fn event_invoke(&self, name: &str, qualifier: &str) -> Key {
        self.event_invokes(name).part(qualifier)
    }

    pub fn events(&self) -> Key {
        self.kind("event")
    }

    pub fn event(&self, name: &str, request_id: &str) -> Key {
        self.events().part(name).part(request_id)
    }

    pub fn event_payload(&self, name: &str, request_id: &str) -> Key {
        self.kind("event-payload").part(name).part(request_id)
    }
}

/// All places: under a region that no request can name, so that no account's own lists show them.
pub fn places() -> Key {
    Key::new(&AccountId::default(), &Region::new(".gureum"), SERVICE, "place")
}

pub fn place(place: &Place) -> Key {
    places().part(place.account.as_str()).part(place.region.as_str())
}

/// Says that a version's code is the zip: what keeps the zip from being deleted.
pub fn code_use(blob: &BlobId, here: &Place, name: &str, version: &str) -> Key {
    code_uses(blob).part(here.account.as_str()).part(here.region.as_str()).part(name).part(version)
}

/// Every use of a zip, in all accounts.
pub fn code_uses(blob: &BlobId) -> Key {
    Key::new(&AccountId::default(), &Region::new(".gureum"), SERVICE, "code-use").part(blob.as_str())
}

/// Reads a key that `place` made.
pub fn read_place(key: &Key) -> Option<Place> {
    let parts = key.parts().ok()?;
    let [.., account, region] = parts.as_slice() else { return None };
    Some(Place { account: AccountId::parse(account.text()?).ok()?, region: Region::new(region.text()?) })
}

impl VersionRecord {
    /// A revision that no answer has called otherwise.
    pub fn set_revision(&mut self, revision_id: String) {
        self.revision_id = revision_id;
        self.answered_revision_id = None;
    }

    /// Whether a request that was made for this revision is still good.
    pub fn is_revision(&self, asked: &str) -> bool {
        self.revision_id == asked || self.answered_revision_id.as_deref() == Some(asked)
    }

    pub fn is_latest(&self) -> bool {
        self.version == LATEST
    }

    /// Its code and its layers.
    pub fn blobs(&self) -> BTreeSet<BlobId> {
        let layers = self.config.layers.iter().map(|layer| layer.code.blob.clone());
        std::iter::once(self.code.blob.clone()).chain(layers).collect()
    }
}

/// Says of every zip of a version that it is in use.
pub fn put_uses(txn: &mut Txn, here: &Place, name: &str, version: &VersionRecord) -> Result<(), StoreError> {
    for blob in version.blobs() {
        txn.put(code_use(&blob, here, name, &version.version), Bytes::new())?;
    }
    Ok(())
}

/// Takes that back. Answers the zips, which may be used by nobody now.
pub fn drop_uses(txn: &mut Txn, here: &Place, name: &str, version: &VersionRecord) -> BTreeSet<BlobId> {
    let blobs = version.blobs();
    for blob in &blobs {
        txn.delete(code_use(blob, here, name, &version.version));
    }
    blobs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_back_from_its_key() {
        let here = Place { account: AccountId::default(), region: Region::new("ap-northeast-2") };
        assert_eq!(read_place(&place(&here)), Some(here));
        assert_eq!(read_place(&places()), None);
    }
}
