use api_logs::types::{
    DeleteResourcePolicyRequest, DescribeResourcePoliciesRequest, DescribeResourcePoliciesResponse, PolicyScope,
    PutResourcePolicyRequest, PutResourcePolicyResponse,
};
use kernel::{Cx, id};
use store::{Direction, KeyRange};

use crate::error::{Error, Result};
use crate::limits::{DESCRIBE_MAX, RESOURCE_POLICIES_MAX};
use crate::records::{Place, ResourcePolicy};
use crate::service::{Listing, Service, limit_of};

impl Service {
    /// Keeps the policy under its name, or under the group's ARN that it is for.
    pub(crate) async fn put_resource_policy(
        &self,
        cx: &Cx,
        input: PutResourcePolicyRequest,
    ) -> Result<PutResourcePolicyResponse> {
        let document = input.policy_document.unwrap_or_default();
        if serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&document).is_err() {
            return Err(Error::Invalid("Invalid resource policy document.".to_owned()));
        }
        let name = named(input.policy_name, input.resource_arn.as_deref())?;
        let policy = ResourcePolicy {
            document,
            updated: self.wall(),
            resource_arn: input.resource_arn,
            revision: id::uuid(&*self.rng),
        };
        let (place, expected, kept, key_name) =
            (Place::of(cx), input.expected_revision_id, policy.clone(), name.clone());
        self.store
            .transact(move |txn| {
                let key = place.resource_policies().part(&key_name);
                match txn.get_record::<ResourcePolicy>(&key)? {
                    Some(before) => check_revision(&before, expected.as_deref())?,
                    None if kept.resource_arn.is_none() => {
                        let all = KeyRange::prefix(&place.resource_policies());
                        let all: Vec<(_, ResourcePolicy)> = txn.scan_records(&all, usize::MAX, Direction::Forward)?;
                        let of_account = all.iter().filter(|(_, policy)| policy.resource_arn.is_none()).count();
                        if of_account >= RESOURCE_POLICIES_MAX {
                            return Err(Error::LimitExceeded);
                        }
                    }
                    None => {}
                }
                Ok(txn.put_record(key, &kept)?)
            })
            .await?;
        let revision_id = policy.resource_arn.is_some().then(|| policy.revision.clone());
        Ok(PutResourcePolicyResponse { resource_policy: Some(describe(name, policy)), revision_id })
    }

    pub(crate) fn describe_resource_policies(
        &self,
        cx: &Cx,
        input: DescribeResourcePoliciesRequest,
    ) -> Result<DescribeResourcePoliciesResponse> {
        let DescribeResourcePoliciesRequest { next_token, limit, resource_arn, policy_scope } = input;
        let of_resources = policy_scope == Some(PolicyScope::Resource) || resource_arn.is_some();
        let listing = Listing {
            operation: "DescribeResourcePolicies",
            parameters: format!("{resource_arn:?} {of_resources}"),
            range: KeyRange::prefix(&Place::of(cx).resource_policies()),
            direction: Direction::Forward,
            limit: limit_of(limit, DESCRIBE_MAX),
            token: next_token.as_deref(),
        };
        let (page, next_token) = self.page::<ResourcePolicy>(cx, listing, |_, policy| {
            policy.resource_arn.is_some() == of_resources
                && (resource_arn.is_none() || policy.resource_arn == resource_arn)
        })?;
        let policies = page.into_iter().map(|(key, policy)| describe(key.last_text().unwrap_or_default(), policy));
        Ok(DescribeResourcePoliciesResponse { resource_policies: Some(policies.collect()), next_token })
    }

    pub(crate) async fn delete_resource_policy(&self, cx: &Cx, input: DeleteResourcePolicyRequest) -> Result<()> {
        let name = named(input.policy_name, input.resource_arn.as_deref())?;
        let (place, expected) = (Place::of(cx), input.expected_revision_id);
        self.store
            .transact(move |txn| {
                let key = place.resource_policies().part(&name);
                let policy = txn
                    .get_record::<ResourcePolicy>(&key)?
                    .ok_or_else(|| Error::NotFound(format!("Policy with name [{name}] does not exist.")))?;
                check_revision(&policy, expected.as_deref())?;
                txn.delete(key);
                Ok(())
            })
            .await
    }
}

fn named(name: Option<String>, resource_arn: Option<&str>) -> Result<String> {
    let missing = || Error::Invalid("Either policyName or resourceArn must be specified.".to_owned());
    name.or_else(|| resource_arn.map(str::to_owned)).ok_or_else(missing)
}

fn check_revision(policy: &ResourcePolicy, expected: Option<&str>) -> Result<()> {
    match expected {
        Some(expected) if expected != policy.revision => {
            Err(Error::Invalid("The specified expectedRevisionId does not match the current revision.".to_owned()))
        }
        _ => Ok(()),
    }
}

fn describe(name: String, policy: ResourcePolicy) -> api_logs::types::ResourcePolicy {
    let of_resource = policy.resource_arn.is_some();
    api_logs::types::ResourcePolicy {
        policy_name: (!of_resource).then_some(name),
        policy_document: Some(policy.document),
        last_updated_time: Some(policy.updated),
        policy_scope: Some(if of_resource { PolicyScope::Resource } else { PolicyScope::Account }),
        resource_arn: policy.resource_arn,
        revision_id: of_resource.then_some(policy.revision),
    }
}
