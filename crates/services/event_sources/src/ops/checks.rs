//! What must be there before a mapping can be.

use api_lambda::types::{FunctionConfiguration, GetFunctionConfigurationRequest};
use api_sqs::types::GetQueueAttributesRequest;
use kernel::Cx;

use crate::access::role_may_not;
use crate::error::{Error, Result};
use crate::model::names::SourceKind;
use crate::service::{LAMBDA, Service};
use crate::source::queue_url;

impl Service {
    /// The function that a request names, asked for as the caller.
    pub(super) async fn named_function(&self, cx: &Cx, name: &str) -> Result<FunctionConfiguration> {
        let asked = GetFunctionConfigurationRequest { function_name: name.to_owned(), qualifier: None };
        self.lambda.get_function_configuration(cx, asked).await.map_err(|error| match error.name() {
            "ResourceNotFoundException" => Error::FunctionNotFound,
            _ => Error::Other(error),
        })
    }

    /// Errors: the source is not served, not there, not to be read by the function's role, or hides messages for too short a time.
    pub(super) async fn check_source(
        &self,
        cx: &Cx,
        kind: &SourceKind,
        arn: &str,
        function: &FunctionConfiguration,
    ) -> Result<()> {
        let (account, region, queue) = match kind {
            SourceKind::NotServed(source) => return Err(Error::SourceNotServed(source)),
            SourceKind::Sqs { account, region, queue } => (account, region, queue),
        };
        if *region != cx.region {
            return Err(Error::OtherRegion { queue: region.to_string(), function: cx.region.to_string() });
        }
        let role = function.role.as_deref().unwrap_or_default();
        self.check_role(cx, role, arn).await?;
        let session = function.function_name.as_deref().unwrap_or_default();
        let as_role = self.principals.as_role(LAMBDA, role, session, region).await;
        let as_role = as_role.map_err(|_| Error::RoleMayNot(role_may_not("ReceiveMessage")))?;
        let visibility_s = self.visibility_s(&as_role, &queue_url(account, region, queue)).await?;
        let timeout_s = function.timeout.unwrap_or_default();
        if u64::try_from(timeout_s).unwrap_or(0) > visibility_s {
            return Err(Error::Visibility { visibility_s, timeout_s });
        }
        Ok(())
    }

    async fn visibility_s(&self, cx: &Cx, queue_url: &str) -> Result<u64> {
        let request = GetQueueAttributesRequest {
            queue_url: Some(queue_url.to_owned()),
            attribute_names: Some(vec!["VisibilityTimeout".into()]),
        };
        let answer = self
            .sqs
            .get_queue_attributes(cx, request)
            .await
            .map_err(|error| Error::Queue { code: error.code.to_string(), words: error.message.unwrap_or_default() })?;
        let seconds = answer.attributes.as_ref().and_then(|attributes| attributes.get("VisibilityTimeout"));
        Ok(seconds.and_then(|seconds| seconds.parse().ok()).unwrap_or_default())
    }
}
