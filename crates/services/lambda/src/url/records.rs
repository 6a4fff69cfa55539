//! Function URLs on disk: by function and qualifier, and by the id in their name.

use kernel::{AccountId, Region, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Key, Record, StoreError, Txn};

use crate::records::Place;

/// The URL of a function's `$LATEST` or of an alias.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UrlRecord {
    /// The first label of its name. Stays the same as long as the URL is there.
    pub id: String,
    /// Whether callers must sign (`AWS_IAM`), or not (`NONE`).
    pub signed: bool,
    pub cors: Option<CorsRecord>,
    /// `BUFFERED` or `RESPONSE_STREAM`; `None` when none was ever given: AWS then shows none.
    pub invoke_mode: Option<String>,
    pub created: Timestamp,
    pub modified: Timestamp,
}

/// As it was given: what was left out is not shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CorsRecord {
    pub allow_credentials: Option<bool>,
    pub allow_headers: Option<Vec<String>>,
    pub allow_methods: Option<Vec<String>>,
    pub allow_origins: Option<Vec<String>>,
    pub expose_headers: Option<Vec<String>>,
    /// Seconds.
    pub max_age_s: Option<i32>,
}

/// Where the URL with an id belongs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UrlOwnerRecord {
    pub account: String,
    pub region: String,
    pub function: String,
    pub qualifier: Option<String>,
}

impl Record for UrlRecord {
    const VERSION: u8 = 1;
}

impl Record for UrlOwnerRecord {
    const VERSION: u8 = 1;
}

/// All of a function.
pub fn urls(place: &Place, function: &str) -> Key {
    place.kind("url").part(function)
}

/// `qualifier` is empty for `$LATEST`.
fn url(place: &Place, function: &str, qualifier: &str) -> Key {
    urls(place, function).part(qualifier)
}

/// Whose the id is: under a region that no request can name.
pub fn owner(id: &str) -> Key {
    Key::new(&AccountId::default(), &Region::new(".gureum"), "lambda", "url-owner").part(id)
}

pub fn find(
    txn: &Txn,
    place: &Place,
    function: &str,
    qualifier: Option<&str>,
) -> Result<Option<UrlRecord>, StoreError> {
    txn.get_record(&url(place, function, qualifier.unwrap_or_default()))
}

pub fn put(
    txn: &mut Txn,
    place: &Place,
    function: &str,
    qualifier: Option<&str>,
    record: &UrlRecord,
) -> Result<(), StoreError> {
    let owned = UrlOwnerRecord {
        account: place.account.to_string(),
        region: place.region.to_string(),
        function: function.to_owned(),
        qualifier: qualifier.map(str::to_owned),
    };
    txn.put_record(owner(&record.id), &owned)?;
    txn.put_record(url(place, function, qualifier.unwrap_or_default()), record)
}

pub fn delete(txn: &mut Txn, place: &Place, function: &str, qualifier: Option<&str>, record: &UrlRecord) {
    txn.delete(owner(&record.id));
    txn.delete(url(place, function, qualifier.unwrap_or_default()));
}
