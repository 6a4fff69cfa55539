//! PublishVersion, and what becomes of versions.

use std::collections::BTreeSet;

use api_lambda::types::{FunctionConfiguration, PublishVersionRequest};
use kernel::{Cx, Rng, id};
use store::backend::Direction;
use store::{BlobId, KeyRange, Txn};

use super::functions::{check_code, check_revision};
use crate::error::Error;
use crate::present::{Moment, configuration as shown};
use crate::records::{AliasRecord, FunctionRecord, Place, VersionRecord, drop_uses, put_uses};
use crate::service::{Shared, existing};

impl Shared {
    pub async fn publish_version(&self, cx: &Cx, input: PublishVersionRequest) -> Result<FunctionConfiguration, Error> {
        let named = self.named(cx, &input.function_name, None, "PublishVersion")?;
        if input.publish_to.is_some() {
            return Err(Error::NotServed("PublishVersion with PublishTo".to_owned()));
        }
        let place = Place::of(cx);
        let (here, name, rng) = (place.clone(), named.name.clone(), self.rng.clone());
        let made = self.change(&place, &named.name, move |txn| {
            let mut function = existing(txn, &here, &name)?;
            check_revision(input.revision_id.as_deref(), &function)?;
            check_code(input.code_sha256.as_deref(), &function.latest)?;
            let made = publish(txn, &here, &mut function, input.description, &*rng)?;
            txn.put_record(here.function(&name), &function)?;
            Ok(made)
        });
        let made = made.await?;
        Ok(shown(&place, &named.name, &made, Some(&made.version), Moment::Settled))
    }
}

/// Makes `$LATEST` a version, or answers the last one when nothing has changed since.
/// Source: Lambda API Reference, PublishVersion.
pub(super) fn publish(
    txn: &mut Txn,
    place: &Place,
    function: &mut FunctionRecord,
    description: Option<String>,
    rng: &dyn Rng,
) -> Result<VersionRecord, Error> {
    let last = txn.get_record::<VersionRecord>(&place.version(&function.name, function.last_version))?;
    if let Some(last) = last.filter(|last| last.generation == function.latest.generation) {
        return Ok(last);
    }
    function.last_version += 1;
    let mut version = function.latest.clone();
    version.version = function.last_version.to_string();
    version.set_revision(id::uuid(rng));
    if let Some(description) = description {
        version.config.description = description;
    }
    function.latest.set_revision(id::uuid(rng));
    txn.put_record(place.version(&function.name, function.last_version), &version)?;
    put_uses(txn, place, &function.name, &version)?;
    Ok(version)
}

/// Deletes a version with what hangs on it. One that is not there is no error. Errors: an alias uses it.
///
/// Answers the zips that it used.
pub(super) fn delete(txn: &mut Txn, place: &Place, name: &str, number: u64) -> Result<BTreeSet<BlobId>, Error> {
    existing(txn, place, name)?;
    let version = number.to_string();
    let aliases =
        txn.scan_records::<AliasRecord>(&KeyRange::prefix(&place.aliases(name)), usize::MAX, Direction::Forward)?;
    let using: Vec<String> = aliases
        .into_iter()
        .filter(|(_, alias)| alias.version == version || alias.weights.contains_key(&version))
        .map(|(_, alias)| alias.name)
        .collect();
    if !using.is_empty() {
        return Err(Error::VersionInUse { aliases: using });
    }
    let Some(gone) = txn.get_record::<VersionRecord>(&place.version(name, number))? else {
        return Ok(BTreeSet::new());
    };
    let used = drop_uses(txn, place, name, &gone);
    txn.delete(place.version(name, number));
    txn.delete(place.policy(name, &version));
    txn.delete(place.event_invoke(name, &version));
    txn.delete(place.provisioned_of(name, &version));
    Ok(used)
}
