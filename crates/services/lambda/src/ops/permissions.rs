//! AddPermission, RemovePermission, GetPolicy.

use api_lambda::types::{
    AddPermissionRequest, AddPermissionResponse, GetPolicyRequest, GetPolicyResponse, RemovePermissionRequest,
    RemovePermissionResponse,
};
use kernel::{Cx, id};

use crate::error::Error;
use crate::functions::Function;
use crate::limits::POLICY_BYTES_MAX;
use crate::model::name::{FunctionRef, LATEST, version_number};
use crate::model::statement;
use crate::records::PolicyRecord;
use crate::service::{Shared, existing};

impl Shared {
    pub async fn add_permission(&self, cx: &Cx, input: AddPermissionRequest) -> Result<AddPermissionResponse, Error> {
        let (named, function) = self.own(cx, &input.function_name, input.qualifier.as_deref(), "AddPermission")?;
        let subject = subject(&named, &function)?;
        let added = statement::build(&input, &named.qualified_arn(), cx.region.partition())?;
        let shown = added.to_string();
        let (here, name, rng) = (function.place.clone(), named.name.clone(), self.rng.clone());
        let of_resource = subject.revision_id;
        self.change(&function.place, &named.name, move |txn| {
            existing(txn, &here, &name)?;
            let key = here.policy(&name, &subject.qualifier);
            let found: Option<PolicyRecord> = txn.get_record(&key)?;
            let current = found.as_ref().map_or(&of_resource, |policy| &policy.revision_id);
            if input.revision_id.as_ref().is_some_and(|asked| asked != current) {
                return Err(Error::PolicyRevision);
            }
            let mut statements = found.map(|policy| policy.statements).unwrap_or_default();
            if statements.iter().any(|known| statement::sid(known) == input.statement_id) {
                return Err(Error::StatementExists { sid: input.statement_id });
            }
            statements.push(added);
            let bytes = statement::document(&statements).len();
            if bytes > POLICY_BYTES_MAX {
                return Err(Error::PolicyTooLong { bytes });
            }
            txn.put_record(key, &PolicyRecord { revision_id: id::uuid(&*rng), statements })?;
            Ok(())
        })
        .await?;
        Ok(AddPermissionResponse { statement: Some(shown) })
    }

    pub async fn remove_permission(
        &self,
        cx: &Cx,
        input: RemovePermissionRequest,
    ) -> Result<RemovePermissionResponse, Error> {
        let (named, function) = self.own(cx, &input.function_name, input.qualifier.as_deref(), "RemovePermission")?;
        let (here, name, rng) = (function.place.clone(), named.name.clone(), self.rng.clone());
        let qualifier = policy_qualifier(&named);
        self.change(&function.place, &named.name, move |txn| {
            existing(txn, &here, &name)?;
            let key = here.policy(&name, &qualifier);
            let mut policy: PolicyRecord = txn.get_record(&key)?.ok_or(Error::NoPolicyAtAll)?;
            if input.revision_id.is_some_and(|asked| asked != policy.revision_id) {
                return Err(Error::PolicyRevision);
            }
            let before = policy.statements.len();
            policy.statements.retain(|known| statement::sid(known) != input.statement_id);
            if policy.statements.len() == before {
                return Err(Error::StatementNotFound { sid: input.statement_id });
            }
            policy.revision_id = id::uuid(&*rng);
            if policy.statements.is_empty() {
                txn.delete(key);
            } else {
                txn.put_record(key, &policy)?;
            }
            Ok(())
        })
        .await?;
        Ok(RemovePermissionResponse {})
    }

    pub async fn get_policy(&self, cx: &Cx, input: GetPolicyRequest) -> Result<GetPolicyResponse, Error> {
        let named = self.named(cx, &input.function_name, input.qualifier.as_deref(), "GetPolicy")?;
        let function = self.functions.find(&crate::records::Place::of(cx), &named.name)?.ok_or(Error::NoPolicy)?;
        let policy = function.policies.get(&policy_qualifier(&named)).ok_or(Error::NoPolicy)?;
        Ok(GetPolicyResponse {
            policy: Some(statement::document(&policy.statements)),
            revision_id: Some(policy.revision_id.clone()),
        })
    }
}

/// Policies hang on the function, a version or an alias; the function's is that of `$LATEST`.
fn policy_qualifier(named: &FunctionRef) -> String {
    named.qualifier.clone().filter(|qualifier| qualifier != LATEST).unwrap_or_default()
}

struct Subject {
    qualifier: String,
    /// What `RevisionId` means before there is a policy.
    revision_id: String,
}

fn subject(named: &FunctionRef, function: &Function) -> Result<Subject, Error> {
    let Some(qualifier) = named.qualifier.clone() else {
        return Ok(Subject { qualifier: String::new(), revision_id: function.record.latest.revision_id.clone() });
    };
    if qualifier == LATEST {
        return Err(Error::invalid("We currently do not support adding policies for $LATEST."));
    }
    let arn = named.qualified_arn();
    let revision_id = match version_number(&qualifier) {
        Some(number) => {
            function.versions.get(&number).map(|v| v.revision_id.clone()).ok_or(Error::FunctionNotFound { arn })?
        }
        None => {
            function.aliases.get(&qualifier).map(|a| a.revision_id.clone()).ok_or(Error::CannotFindAlias { arn })?
        }
    };
    Ok(Subject { qualifier, revision_id })
}
