//! GetFunction, GetFunctionConfiguration.

use api_lambda::types::{
    Concurrency, FunctionCodeLocation, FunctionConfiguration, GetFunctionConfigurationRequest, GetFunctionRequest,
    GetFunctionResponse,
};
use kernel::Cx;

use crate::error::Error;
use crate::service::Shared;

impl Shared {
    pub async fn get_function(&self, cx: &Cx, input: GetFunctionRequest) -> Result<GetFunctionResponse, Error> {
        let (named, function) = self.own(cx, &input.function_name, input.qualifier.as_deref(), "GetFunction")?;
        let qualifier = named.qualifier.as_deref();
        let version =
            function.qualified(qualifier).ok_or_else(|| Error::FunctionNotFound { arn: named.qualified_arn() })?;
        let tags = Some(function.record.tags.clone()).filter(|tags| !tags.is_empty());
        let reserved = function.record.reserved_concurrency.and_then(|reserved| i32::try_from(reserved).ok());
        Ok(GetFunctionResponse {
            configuration: Some(self.settled(&function.place, &named.name, version, qualifier)),
            code: Some(FunctionCodeLocation {
                repository_type: Some("S3".to_owned()),
                location: Some(self.code.location(&version.code.blob)),
                ..FunctionCodeLocation::default()
            }),
            tags,
            concurrency: reserved.map(|reserved| Concurrency { reserved_concurrent_executions: Some(reserved) }),
            ..GetFunctionResponse::default()
        })
    }

    pub async fn get_function_configuration(
        &self,
        cx: &Cx,
        input: GetFunctionConfigurationRequest,
    ) -> Result<FunctionConfiguration, Error> {
        let action = "GetFunctionConfiguration";
        let (named, function) = self.own(cx, &input.function_name, input.qualifier.as_deref(), action)?;
        let qualifier = named.qualifier.as_deref();
        let version =
            function.qualified(qualifier).ok_or_else(|| Error::FunctionNotFound { arn: named.qualified_arn() })?;
        Ok(self.settled(&function.place, &named.name, version, qualifier))
    }
}
