//! A statement of a function's resource policy, as AddPermission makes it and AWS prints it.

use api_lambda::types::{AddLayerVersionPermissionRequest, AddPermissionRequest};
use serde_json::{Map, Value, json};

use crate::error::Error;

/// The statement's JSON, members in AWS's order.
/// Source: Lambda Developer Guide, "Viewing resource-based IAM policies in Lambda", and AWS's answers.
pub fn build(input: &AddPermissionRequest, resource: &str, partition: &str) -> Result<Value, Error> {
    let mut statement = Map::new();
    statement.insert("Sid".to_owned(), json!(input.statement_id));
    statement.insert("Effect".to_owned(), json!("Allow"));
    statement.insert("Principal".to_owned(), principal(&input.principal, partition)?);
    statement.insert("Action".to_owned(), json!(input.action));
    statement.insert("Resource".to_owned(), json!(resource));
    let condition = condition(input);
    if !condition.is_empty() {
        statement.insert("Condition".to_owned(), Value::Object(condition));
    }
    Ok(Value::Object(statement))
}

/// The same for a version of a layer, as AddLayerVersionPermission makes it.
pub fn of_layer(input: &AddLayerVersionPermissionRequest, resource: &str, partition: &str) -> Result<Value, Error> {
    let mut statement = Map::new();
    statement.insert("Sid".to_owned(), json!(input.statement_id));
    statement.insert("Effect".to_owned(), json!("Allow"));
    statement.insert("Principal".to_owned(), principal(&input.principal, partition)?);
    statement.insert("Action".to_owned(), json!(input.action));
    statement.insert("Resource".to_owned(), json!(resource));
    if let Some(organization) = &input.organization_id {
        let condition = json!({ "StringEquals": { "aws:PrincipalOrgID": organization } });
        statement.insert("Condition".to_owned(), condition);
    }
    Ok(Value::Object(statement))
}

fn principal(text: &str, partition: &str) -> Result<Value, Error> {
    if text == "*" {
        return Ok(json!("*"));
    }
    if kernel::AccountId::parse(text).is_ok() {
        return Ok(json!({ "AWS": format!("arn:{partition}:iam::{text}:root") }));
    }
    if text.starts_with("arn:") && text.parse::<kernel::Arn>().is_ok() {
        return Ok(json!({ "AWS": text }));
    }
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    if text.contains('.') && text.chars().all(is_host) {
        return Ok(json!({ "Service": text }));
    }
    Err(Error::invalid("The provided principal was invalid. Please check the principal and try again."))
}

fn condition(input: &AddPermissionRequest) -> Map<String, Value> {
    let mut equals = Map::new();
    let mut add = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            equals.insert(key.to_owned(), json!(value));
        }
    };
    add("AWS:SourceAccount", input.source_account.as_deref());
    add("lambda:EventSourceToken", input.event_source_token.as_deref());
    add("aws:PrincipalOrgID", input.principal_org_id.as_deref());
    add("lambda:FunctionUrlAuthType", input.function_url_auth_type.as_ref().map(|auth_type| auth_type.as_str()));
    let mut condition = Map::new();
    if !equals.is_empty() {
        condition.insert("StringEquals".to_owned(), Value::Object(equals));
    }
    if let Some(source) = &input.source_arn {
        condition.insert("ArnLike".to_owned(), json!({ "AWS:SourceArn": source }));
    }
    if let Some(through_url) = input.invoked_via_function_url {
        condition.insert("Bool".to_owned(), json!({ "lambda:InvokedViaFunctionUrl": through_url.to_string() }));
    }
    condition
}

/// The policy's document around its statements.
pub fn document(statements: &[Value]) -> String {
    json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements }).to_string()
}

/// The `Sid` of a statement.
pub fn sid(statement: &Value) -> &str {
    statement.get("Sid").and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(change: impl FnOnce(&mut AddPermissionRequest)) -> String {
        let mut input = AddPermissionRequest {
            function_name: "f".to_owned(),
            statement_id: "s".to_owned(),
            action: "lambda:InvokeFunction".to_owned(),
            principal: "s3.amazonaws.com".to_owned(),
            ..AddPermissionRequest::default()
        };
        change(&mut input);
        build(&input, "arn:f", "aws").unwrap().to_string()
    }

    #[test]
    fn a_service_with_a_source_prints_as_aws_prints_it() {
        let text = statement(|input| {
            input.source_arn = Some("arn:aws:s3:::b".to_owned());
            input.source_account = Some("111111111111".to_owned());
        });
        assert_eq!(
            text,
            r#"{"Sid":"s","Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"lambda:InvokeFunction","Resource":"arn:f","Condition":{"StringEquals":{"AWS:SourceAccount":"111111111111"},"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::b"}}}"#
        );
    }

    #[test]
    fn every_kind_of_principal() {
        let of = |principal: &str| principal_of(&statement(|input| input.principal = principal.to_owned()));
        assert_eq!(of("*"), r#""*""#);
        assert_eq!(of("111111111111"), r#"{"AWS":"arn:aws:iam::111111111111:root"}"#);
        assert_eq!(of("arn:aws:iam::111111111111:role/x"), r#"{"AWS":"arn:aws:iam::111111111111:role/x"}"#);
        assert!(principal("not a principal", "aws").is_err());
    }

    fn principal_of(text: &str) -> String {
        let value: Value = serde_json::from_str(text).unwrap();
        value["Principal"].to_string()
    }
}
