//! AddPermission, RemovePermission.

use api_sqs::types::*;
use kernel::Cx;

use crate::access::Action;
use crate::error::{Result, required};
use crate::model::permission;
use crate::service::Service;

impl Service {
    pub(crate) async fn permit(&self, cx: &Cx, input: AddPermissionRequest) -> Result<()> {
        let known = self.named(cx, input.queue_url, Action::Own("AddPermission"))?;
        let label = required(input.label.filter(|label| !label.is_empty()), "Label")?;
        let accounts = required(input.aws_account_ids.filter(|ids| !ids.is_empty()), "AWSAccountIds")?;
        let actions = required(input.actions.filter(|actions| !actions.is_empty()), "Actions")?;
        let arn = known.arn();
        self.change(&known, move |queue| {
            let policy = queue.attributes.policy.as_deref();
            queue.attributes.policy = Some(permission::added(policy, &arn, &label, &accounts, &actions)?);
            Ok(())
        })
        .await
    }

    pub(crate) async fn forbid(&self, cx: &Cx, input: RemovePermissionRequest) -> Result<()> {
        let known = self.named(cx, input.queue_url, Action::Own("RemovePermission"))?;
        let label = required(input.label.filter(|label| !label.is_empty()), "Label")?;
        self.change(&known, move |queue| {
            queue.attributes.policy = permission::removed(queue.attributes.policy.as_deref(), &label)?;
            Ok(())
        })
        .await
    }
}
