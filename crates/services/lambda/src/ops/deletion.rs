//! DeleteFunction: a version, or a function with everything that hangs on it.

use std::collections::BTreeSet;
use std::sync::Arc;

use api_lambda::types::{DeleteFunctionRequest, DeleteFunctionResponse};
use kernel::Cx;
use store::backend::Direction;
use store::{BlobId, KeyRange, Txn};

use super::versions;
use crate::error::Error;
use crate::functions::Function;
use crate::model::name::{LATEST, version_number};
use crate::records::{Place, VersionRecord, drop_uses};
use crate::service::{Shared, existing};
use crate::url::records::{UrlRecord, owner, urls};

impl Shared {
    /// A version that is not there is no error; a function that is not there is.
    pub async fn delete_function(
        self: &Arc<Self>,
        cx: &Cx,
        input: DeleteFunctionRequest,
    ) -> Result<DeleteFunctionResponse, Error> {
        let mut named = self.named(cx, &input.function_name, input.qualifier.as_deref(), "DeleteFunction")?;
        let qualifier = named.qualifier.take();
        let function = self.functions.get(&named)?;
        let place = Place::of(cx);
        let (here, name) = (place.clone(), named.name.clone());
        match qualifier.as_deref() {
            None => {
                let unused = self.change(&place, &named.name, move |txn| delete_all(txn, &here, &name)).await?;
                self.provision(&place, &named.name, None)?;
                self.concurrency.forget(&place, &named.name);
                self.retire_all(&function);
                self.code.drop_all_unused(unused).await;
            }
            Some(LATEST) => {
                return Err(Error::invalid("$LATEST version cannot be deleted without deleting the function."));
            }
            Some(qualifier) => {
                let Some(number) = version_number(qualifier) else {
                    return Err(Error::invalid("Deletion of aliases is not currently supported."));
                };
                let body = move |txn: &mut Txn| versions::delete(txn, &here, &name, number);
                let unused = self.change(&place, &named.name, body).await?;
                self.provision(&place, &named.name, None)?;
                self.engine.retire(&format!("{}:{number}", function.arn()), None);
                self.code.drop_all_unused(unused).await;
            }
        }
        Ok(DeleteFunctionResponse { status_code: Some(204) })
    }

    fn retire_all(&self, function: &Function) {
        let arn = function.arn();
        self.engine.retire(&format!("{arn}:{LATEST}"), None);
        for number in function.versions.keys() {
            self.engine.retire(&format!("{arn}:{number}"), None);
        }
    }
}

/// Everything of a function; its accepted events find out for themselves. Answers the zips that it used.
fn delete_all(txn: &mut Txn, place: &Place, name: &str) -> Result<BTreeSet<BlobId>, Error> {
    let function = existing(txn, place, name)?;
    let versions: Vec<(_, VersionRecord)> =
        txn.scan_records(&KeyRange::prefix(&place.versions(name)), usize::MAX, Direction::Forward)?;
    let mut used = BTreeSet::new();
    for version in std::iter::once(function.latest).chain(versions.into_iter().map(|(_, version)| version)) {
        used.extend(drop_uses(txn, place, name, &version));
    }
    let urls: Vec<(_, UrlRecord)> =
        txn.scan_records(&KeyRange::prefix(&urls(place, name)), usize::MAX, Direction::Forward)?;
    for (key, url) in urls {
        txn.delete(owner(&url.id));
        txn.delete(key);
    }
    txn.delete(place.function(name));
    for prefix in [
        place.versions(name),
        place.aliases(name),
        place.policies(name),
        place.event_invokes(name),
        place.provisioned(name),
    ] {
        for (key, _) in txn.scan(&KeyRange::prefix(&prefix), usize::MAX, Direction::Forward)? {
            txn.delete(key);
        }
    }
    Ok(used)
}
