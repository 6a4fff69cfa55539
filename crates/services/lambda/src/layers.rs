//! Layers as functions use them: which may be named together, and whether they fit.
//!
//! Source: Lambda Developer Guide, "Managing Lambda dependencies with layers" and "Lambda quotas"; AWS's answers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use auth::policy::{Context, Policy, PolicyKind, Principal, resource_allows};
use kernel::Cx;
use store::{BlobId, Txn};

use crate::error::Error;
use crate::layer_records::{LayerUseRecord, LayerVersionRecord};
use crate::limits::{LAYERS_MAX, UNZIPPED_BYTES_MAX};
use crate::model::layer::LayerVersionRef;
use crate::model::statement;
use crate::records::PolicyRecord;
use crate::service::Shared;

/// The only thing that a layer's policy can allow.
pub const GET_LAYER_VERSION: &str = "lambda:GetLayerVersion";

impl Shared {
    /// What a function keeps of the layers that a request names. Errors: too many, of another region, two versions of one,
    /// one that is not there or not for this account.
    pub fn layers_of(&self, cx: &Cx, arns: &[String]) -> Result<Vec<LayerUseRecord>, Error> {
        if arns.len() > LAYERS_MAX {
            return Err(Error::invalid(format!("Cannot reference more than {LAYERS_MAX} layers.")));
        }
        let mut named: BTreeMap<_, &String> = BTreeMap::new();
        let mut layers = Vec::new();
        for arn in arns {
            let missing = || Error::invalid(format!("Layer version {arn} does not exist."));
            let version = LayerVersionRef::read(arn).map_err(|_| missing())?;
            if version.layer.region != cx.region {
                return Err(Error::invalid(format!(
                    "Layers are not in the same region as the function. Layers are expected to be in region {}.",
                    cx.region
                )));
            }
            self.check_layer_use(cx, &version, GET_LAYER_VERSION)?;
            let record: LayerVersionRecord = self.store.get_record(&version.key())?.ok_or_else(missing)?;
            if let Some(other) = named.insert(version.layer, arn) {
                return Err(Error::invalid(format!(
                    "Two different versions of the same layer are not allowed to be referenced in the same function. \
                     {other} and {arn} are versions of the same layer."
                )));
            }
            layers.push(LayerUseRecord { arn: arn.clone(), code: record.code, unzipped_bytes: record.unzipped_bytes });
        }
        Ok(layers)
    }

    /// Errors: code and layers together are more than a function may have.
    pub async fn check_with_layers(&self, code: &BlobId, layers: &[LayerUseRecord]) -> Result<(), Error> {
        if layers.is_empty() {
            return Ok(());
        }
        let of_layers: u64 = layers.iter().map(|layer| layer.unzipped_bytes).sum();
        if of_layers > UNZIPPED_BYTES_MAX {
            return Err(Error::invalid(format!(
                "Layers consume more than the available size of {UNZIPPED_BYTES_MAX} bytes"
            )));
        }
        let all = of_layers.saturating_add(self.code.unzipped_bytes(code).await?);
        if all > UNZIPPED_BYTES_MAX {
            return Err(Error::invalid(format!(
                "Function code combined with layers exceeds the maximum allowed size of {UNZIPPED_BYTES_MAX} bytes. The \
                 actual size is {all} bytes."
            )));
        }
        Ok(())
    }

    /// Other accounts need the version's policy. What is not there is refused in the same words, so that nobody learns which
    /// layers others have.
    pub fn check_layer_use(&self, cx: &Cx, version: &LayerVersionRef, action: &str) -> Result<(), Error> {
        if cx.account == version.layer.account {
            return Ok(());
        }
        let policy: Option<PolicyRecord> = self.store.get_record(&version.policy_key())?;
        let document = policy.map(|policy| statement::document(&policy.statements));
        let parsed = document.and_then(|document| Policy::parse(&document, PolicyKind::Resource).ok());
        let context = Context::of(cx, self.clock.now());
        let allowed = parsed.is_some_and(|policy| {
            resource_allows(&policy, &Principal::of(&cx.caller), action, &version.arn(), &context).is_allow()
        });
        if allowed {
            return Ok(());
        }
        Err(Error::AccessDenied { caller: cx.caller.to_string(), action: action.to_owned(), resource: version.arn() })
    }

    /// The folders of a version's layers, unpacked again where one is gone; the last lies uppermost.
    pub async fn layer_folders(&self, layers: &[LayerUseRecord]) -> Result<Vec<PathBuf>, Error> {
        let mut folders = Vec::with_capacity(layers.len());
        for layer in layers {
            folders.push(self.code.folder(&layer.code.blob).await?);
        }
        Ok(folders)
    }
}

/// Errors: a layer's version was deleted since the request was looked at, and its zip may be gone.
pub fn still_there(txn: &Txn, layers: &[LayerUseRecord]) -> Result<(), Error> {
    for layer in layers {
        let there = match LayerVersionRef::read(&layer.arn) {
            Ok(version) => txn.get(&version.key())?.is_some(),
            Err(_) => false,
        };
        if !there {
            return Err(Error::invalid(format!("Layer version {} does not exist.", layer.arn)));
        }
    }
    Ok(())
}
