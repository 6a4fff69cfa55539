//! Temporary credentials of execution roles, from STS as any client would get them.

use std::sync::Arc;

use api_sts::types::AssumeRoleRequest;
use kernel::{BoxFuture, Principals};
use runtime::{CredentialSource, Credentials, FunctionSpec};

use crate::access::LAMBDA;

/// The shortest name of a session. Source: STS API Reference, AssumeRole.
const SESSION_CHARS_MIN: usize = 2;

/// Gives environments the credentials of their function's role; none when the role cannot be assumed.
pub struct RoleCredentials {
    sts: api_sts::Client,
    principals: Arc<dyn Principals>,
}

impl RoleCredentials {
    pub fn new(sts: api_sts::Client, principals: Arc<dyn Principals>) -> Self {
        Self { sts, principals }
    }
}

impl CredentialSource for RoleCredentials {
    fn credentials<'a>(&'a self, spec: &'a FunctionSpec) -> BoxFuture<'a, Option<Credentials>> {
        Box::pin(async move {
            let cx = self.principals.as_service(LAMBDA, &spec.account, &spec.region);
            let request = AssumeRoleRequest {
                role_arn: spec.role_arn.clone(),
                role_session_name: session_name(&spec.function_name),
                ..AssumeRoleRequest::default()
            };
            match self.sts.assume_role(&cx, request).await {
                Ok(answer) => answer.credentials.map(|given| Credentials {
                    access_key_id: given.access_key_id,
                    secret_access_key: given.secret_access_key,
                    session_token: given.session_token,
                    expires: given.expiration,
                }),
                Err(error) => {
                    tracing::info!(%error, role = spec.role_arn, "the execution role gives no credentials");
                    None
                }
            }
        })
    }
}

/// The function's name; one that is too short for a session is made longer as AWS makes it.
fn session_name(function: &str) -> String {
    if function.len() < SESSION_CHARS_MIN { format!("{function}@lambda_function") } else { function.to_owned() }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_session_is_named_after_its_function() {
        assert_eq!(super::session_name("W"), "W@lambda_function");
        assert_eq!(super::session_name("mm"), "mm");
    }
}
