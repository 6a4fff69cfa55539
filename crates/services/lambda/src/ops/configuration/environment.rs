//! The function's own environment variables.

use std::collections::BTreeMap;

use api_lambda::types::Environment;
use serde_json::json;

use crate::error::Error;
use crate::limits::ENVIRONMENT_BYTES_MAX;

/// Variables that Lambda sets itself.
/// Source: Lambda Developer Guide, "Defined runtime environment variables".
const RESERVED_VARIABLES: [&str; 18] = [
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

pub fn variables(environment: Environment) -> Result<BTreeMap<String, String>, Error> {
    let variables = environment.variables.unwrap_or_default();
    let reserved: Vec<&str> =
        RESERVED_VARIABLES.into_iter().filter(|reserved| variables.contains_key(*reserved)).collect();
    let start = "Lambda was unable to configure your environment variables because the environment variables you have";
    if !reserved.is_empty() {
        return Err(Error::invalid(format!(
            "{start} provided contains reserved keys that are currently not supported for modification. Reserved keys \
             used in this request: {}",
            reserved.join(", ")
        )));
    }
    let measured = json!(variables).to_string();
    if measured.len() > ENVIRONMENT_BYTES_MAX {
        return Err(Error::invalid(format!("{start} provided exceeded the 4KB limit. String measured: {measured}")));
    }
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(size: usize) -> Environment {
        Environment { variables: Some(BTreeMap::from([("LARGE_VAR".to_owned(), "x".repeat(size))])) }
    }

    #[test]
    fn four_kilobytes_of_json_and_no_byte_more() {
        assert!(variables(environment(4_080)).is_ok());
        assert!(variables(environment(4_081)).unwrap_err().to_string().contains("exceeded the 4KB limit"));
    }

    #[test]
    fn reserved_variables_are_named() {
        let environment = Environment { variables: Some(BTreeMap::from([("AWS_REGION".to_owned(), "x".to_owned())])) };
        assert!(
            variables(environment).unwrap_err().to_string().ends_with("Reserved keys used in this request: AWS_REGION")
        );
    }
}
