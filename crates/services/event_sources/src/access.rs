//! What a function's role must be allowed, so that a mapping can read for it.
//! Source: Lambda Developer Guide, "Execution role permissions" of SQS event source mappings.

use api_iam::types::{PolicyEvaluationDecisionType, SimulatePrincipalPolicyRequest};
use kernel::{Access, Cx};
use wire::ApiError;

use crate::error::{Error, Result};
use crate::service::{LAMBDA, Service};

/// In the order in which AWS complains.
const SQS_ACTIONS: [&str; 3] = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"];

/// AWS's words of a role without a right.
pub(crate) fn role_may_not(action: &str) -> String {
    format!("The function execution role does not have permissions to call {action} on SQS")
}

impl Service {
    /// Errors in strict access: AWS's refusal; open access notes it.
    pub(crate) async fn check_role(&self, cx: &Cx, role: &str, queue_arn: &str) -> Result<()> {
        for action in SQS_ACTIONS {
            if self.may(cx, role, &format!("sqs:{action}"), queue_arn).await {
                continue;
            }
            let refused = Error::RoleMayNot(format!(
                "The function execution role does not have permissions to call {action} on SQS"
            ));
            if cx.access == Access::Strict {
                return Err(refused);
            }
            cx.hint("InvalidParameterValueException", ApiError::from(refused).message.unwrap_or_default());
            return Ok(());
        }
        Ok(())
    }

    /// Asks IAM, as any client would. A role that it does not know may nothing.
    async fn may(&self, cx: &Cx, role: &str, action: &str, resource: &str) -> bool {
        let own = self.principals.as_service(LAMBDA, &cx.account, &cx.region);
        let question = SimulatePrincipalPolicyRequest {
            policy_source_arn: role.to_owned(),
            action_names: vec![action.to_owned()],
            resource_arns: Some(vec![resource.to_owned()]),
            ..SimulatePrincipalPolicyRequest::default()
        };
        let answer = self.iam.simulate_principal_policy(&own, question).await;
        answer.ok().and_then(|answer| answer.evaluation_results).is_some_and(|results| {
            !results.is_empty() && results.iter().all(|r| r.eval_decision == PolicyEvaluationDecisionType::Allowed)
        })
    }
}
