//! Layers on disk. What a function needs of a layer stands in the function's own record, so that a version goes on
//! working in functions after it has been deleted.

use bytes::Bytes;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use store::{BlobId, Key, Record, StoreError, Txn};

use crate::model::layer::{LayerRef, LayerVersionRef};
use crate::records::{CodeRecord, Place, PolicyRecord, code_use};

/// Says how far a layer's versions have been counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerRecord {
    pub name: String,
    /// The number of the last published version, even if it has been deleted.
    pub last_version: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerVersionRecord {
    pub number: u64,
    pub created: Timestamp,
    pub description: String,
    pub license: Option<String>,
    /// `None` when none was given: AWS then shows none.
    pub runtimes: Option<Vec<String>>,
    pub architectures: Option<Vec<String>>,
    pub code: CodeRecord,
    /// What the zip holds when unpacked, in bytes.
    pub unzipped_bytes: u64,
}

/// A version as a function uses it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerUseRecord {
    /// Of the version.
    pub arn: String,
    pub code: CodeRecord,
    pub unzipped_bytes: u64,
}

impl Record for LayerRecord {
    const VERSION: u8 = 1;
}

impl Record for LayerVersionRecord {
    const VERSION: u8 = 1;
}

impl LayerRef {
    pub fn place(&self) -> Place {
        Place { account: self.account.clone(), region: self.region.clone() }
    }

    pub fn key(&self) -> Key {
        layers(&self.place()).part(&self.name)
    }

    pub fn versions(&self) -> Key {
        all_layer_versions(&self.place()).part(&self.name)
    }

    /// What stands in the place of a function's name among the uses of a zip: no function is called so.
    fn user(&self) -> String {
        format!("layer:{}", self.name)
    }
}

impl LayerVersionRef {
    pub fn key(&self) -> Key {
        self.layer.versions().part_u64(self.number)
    }

    /// Where its resource policy is kept, as [`PolicyRecord`].
    pub fn policy_key(&self) -> Key {
        self.layer.place().kind("layer-policy").part(&self.layer.name).part_u64(self.number)
    }

    pub fn keep(&self, txn: &mut Txn, version: &LayerVersionRecord) -> Result<(), StoreError> {
        txn.put(self.use_key(&version.code.blob), Bytes::new())?;
        txn.put_record(self.key(), version)
    }

    pub fn forget(&self, txn: &mut Txn, version: &LayerVersionRecord) {
        txn.delete(self.use_key(&version.code.blob));
        txn.delete(self.policy_key());
        txn.delete(self.key());
    }

    pub fn policy(&self, txn: &Txn) -> Result<Option<PolicyRecord>, StoreError> {
        txn.get_record(&self.policy_key())
    }

    fn use_key(&self, blob: &BlobId) -> Key {
        code_use(blob, &self.layer.place(), &self.layer.user(), &self.number.to_string())
    }
}

/// All layers of a place.
pub fn layers(place: &Place) -> Key {
    place.kind("layer")
}

/// The versions of all layers of a place.
pub fn all_layer_versions(place: &Place) -> Key {
    place.kind("layer-version")
}
