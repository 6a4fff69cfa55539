//! AddLayerVersionPermission, GetLayerVersionPolicy, RemoveLayerVersionPermission.

use api_lambda::types::{
    AddLayerVersionPermissionRequest, AddLayerVersionPermissionResponse, GetLayerVersionPolicyRequest,
    GetLayerVersionPolicyResponse, RemoveLayerVersionPermissionRequest, RemoveLayerVersionPermissionResponse,
};
use kernel::{Cx, id};
use store::Txn;

use crate::error::Error;
use crate::limits::POLICY_BYTES_MAX;
use crate::model::layer::LayerVersionRef;
use crate::model::statement;
use crate::records::PolicyRecord;
use crate::service::Shared;

impl Shared {
    /// Source: Lambda API Reference, AddLayerVersionPermission.
    pub async fn add_layer_version_permission(
        &self,
        cx: &Cx,
        input: AddLayerVersionPermissionRequest,
    ) -> Result<AddLayerVersionPermissionResponse, Error> {
        let layer = self.own_layer(cx, &input.layer_name, "AddLayerVersionPermission")?;
        let version = layer.version(input.version_number)?;
        let added = statement::of_layer(&input, &version.arn(), cx.region.partition())?;
        let (shown, revision_id) = (added.to_string(), id::uuid(&*self.rng));
        let made = revision_id.clone();
        self.store
            .transact::<_, Error, _>(move |txn| {
                exists(txn, &version)?;
                let policy = version.policy(txn)?;
                check_revision(input.revision_id.as_deref(), policy.as_ref())?;
                let mut statements = policy.map(|policy| policy.statements).unwrap_or_default();
                if statements.iter().any(|known| statement::sid(known) == input.statement_id) {
                    return Err(Error::StatementExists { sid: input.statement_id });
                }
                statements.push(added);
                let bytes = statement::document(&statements).len();
                if bytes > POLICY_BYTES_MAX {
                    return Err(Error::PolicyTooLong { bytes });
                }
                Ok(txn.put_record(version.policy_key(), &PolicyRecord { revision_id: made, statements })?)
            })
            .await?;
        Ok(AddLayerVersionPermissionResponse { statement: Some(shown), revision_id: Some(revision_id) })
    }

    /// Source: Lambda API Reference, GetLayerVersionPolicy.
    pub async fn get_layer_version_policy(
        &self,
        cx: &Cx,
        input: GetLayerVersionPolicyRequest,
    ) -> Result<GetLayerVersionPolicyResponse, Error> {
        let layer = self.own_layer(cx, &input.layer_name, "GetLayerVersionPolicy")?;
        let version = layer.version(input.version_number)?;
        if self.store.get(&version.key())?.is_none() {
            return Err(Error::LayerVersionNotFound { arn: version.arn() });
        }
        let policy: PolicyRecord = self.store.get_record(&version.policy_key())?.ok_or(Error::NoPolicyAtAll)?;
        Ok(GetLayerVersionPolicyResponse {
            policy: Some(statement::document(&policy.statements)),
            revision_id: Some(policy.revision_id),
        })
    }

    /// Source: Lambda API Reference, RemoveLayerVersionPermission.
    pub async fn remove_layer_version_permission(
        &self,
        cx: &Cx,
        input: RemoveLayerVersionPermissionRequest,
    ) -> Result<RemoveLayerVersionPermissionResponse, Error> {
        let layer = self.own_layer(cx, &input.layer_name, "RemoveLayerVersionPermission")?;
        let version = layer.version(input.version_number)?;
        let revision_id = id::uuid(&*self.rng);
        self.store
            .transact::<_, Error, _>(move |txn| {
                exists(txn, &version)?;
                let mut policy = version.policy(txn)?.ok_or(Error::NoPolicyAtAll)?;
                check_revision(input.revision_id.as_deref(), Some(&policy))?;
                let before = policy.statements.len();
                policy.statements.retain(|known| statement::sid(known) != input.statement_id);
                if policy.statements.len() == before {
                    return Err(Error::StatementNotFound { sid: input.statement_id });
                }
                policy.revision_id = revision_id;
                if policy.statements.is_empty() {
                    txn.delete(version.policy_key());
                } else {
                    txn.put_record(version.policy_key(), &policy)?;
                }
                Ok(())
            })
            .await?;
        Ok(RemoveLayerVersionPermissionResponse {})
    }
}

fn exists(txn: &Txn, version: &LayerVersionRef) -> Result<(), Error> {
    match txn.get(&version.key())? {
        Some(_) => Ok(()),
        None => Err(Error::LayerVersionNotFound { arn: version.arn() }),
    }
}

/// Errors: the request was made for another revision of the policy, or for one where there is none.
fn check_revision(asked: Option<&str>, policy: Option<&PolicyRecord>) -> Result<(), Error> {
    let current = policy.map(|policy| policy.revision_id.as_str());
    match asked {
        Some(asked) if Some(asked) != current => Err(Error::LayerPolicyRevision),
        _ => Ok(()),
    }
}
