//! The grammar of policy documents, as far as IAM checks it when one is put, in IAM's words.
//! Source: IAM User Guide, "Grammar of the IAM JSON policy language". What a policy means is `auth::policy`'s subject.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::error::Error;

type Statement = Map<String, Value>;

const SYNTAX: &str = "Syntax errors in policy.";

/// Elements that a statement may have.
const ELEMENTS: [&str; 10] = [
    "Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal", "NotPrincipal", "Id",
];

/// Checks a policy that gives permissions: managed, inline, of a session, a boundary.
pub fn check_permissions(text: &str) -> Result<(), Error> {
    let policy = object(text)?;
    if policy.get("Version").and_then(Value::as_str) != Some("2012-10-17") {
        return Err(malformed("Policy document must be version 2012-10-17 or greater."));
    }
    for statement in statements(&policy)? {
        if statement.contains_key("Principal") || statement.contains_key("NotPrincipal") {
            return Err(malformed("Policy document should not specify a principal."));
        }
        let actions = either(statement, "Action", "NotAction", "Policy statement must contain actions.")?;
        actions.iter().try_for_each(|action| check_action(action))?;
        let resources = either(statement, "Resource", "NotResource", "Policy statement must contain resources.")?;
        resources.iter().try_for_each(|resource| check_resource(resource))?;
    }
    Ok(())
}

/// Checks a role's trust policy.
pub fn check_trust(text: &str) -> Result<(), Error> {
    let policy = object(text)?;
    let version = policy.get("Version").map(Value::as_str);
    if !matches!(version, None | Some(Some("2012-10-17" | "2008-10-17"))) {
        return Err(malformed(SYNTAX));
    }
    for statement in statements(&policy)? {
        if statement.contains_key("Resource") || statement.contains_key("NotResource") {
            return Err(malformed("Has prohibited field Resource"));
        }
        let principal = statement.get("Principal").or_else(|| statement.get("NotPrincipal"));
        check_principal(principal.ok_or_else(|| malformed("Missing required field Principal"))?)?;
        let actions = either(statement, "Action", "NotAction", "Missing required field Action")?;
        if !actions.iter().all(|action| may_be_trusted(action)) {
            return Err(malformed("AssumeRole policy may only specify STS AssumeRole actions."));
        }
    }
    Ok(())
}

/// Characters that are not white space: what quotas count.
pub fn chars(text: &str) -> usize {
    text.chars().filter(|character| !character.is_whitespace()).count()
}

fn malformed(text: impl Into<String>) -> Error {
    Error::MalformedPolicy(text.into())
}

fn object(text: &str) -> Result<Statement, Error> {
    match serde_json::from_str(text) {
        Ok(Value::Object(policy)) => Ok(policy),
        Ok(_) => Err(malformed(SYNTAX)),
        Err(_) => Err(malformed("This policy contains invalid Json")),
    }
}

fn statements(policy: &Statement) -> Result<Vec<&Statement>, Error> {
    if policy.keys().any(|key| !matches!(key.as_str(), "Version" | "Id" | "Statement")) {
        return Err(malformed(SYNTAX));
    }
    let statements: Vec<&Statement> = match policy.get("Statement") {
        Some(Value::Object(statement)) => vec![statement],
        Some(Value::Array(items)) => {
            items.iter().map(Value::as_object).collect::<Option<_>>().ok_or_else(|| malformed(SYNTAX))?
        }
        _ => Vec::new(),
    };
    if statements.is_empty() {
        return Err(malformed(SYNTAX));
    }
    statements.iter().try_for_each(|statement| check_elements(statement))?;
    check_ids(&statements)?;
    Ok(statements)
}

fn check_elements(statement: &Statement) -> Result<(), Error> {
    let known = statement.keys().all(|key| ELEMENTS.contains(&key.as_str()));
    let effect = matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny"));
    let condition = statement.get("Condition").is_none_or(is_condition);
    if known && effect && condition { Ok(()) } else { Err(malformed(SYNTAX)) }
}

/// Operators, each with keys, each with one or more plain values.
fn is_condition(condition: &Value) -> bool {
    let plain = |value: &Value| value.is_string() || value.is_boolean() || value.is_number();
    let values = |value: &Value| plain(value) || value.as_array().is_some_and(|items| items.iter().all(plain));
    condition.as_object().is_some_and(|operators| {
        operators.values().all(|keys| keys.as_object().is_some_and(|keys| keys.values().all(values)))
    })
}

fn check_ids(statements: &[&Statement]) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for id in statements.iter().filter_map(|statement| statement.get("Sid")) {
        let id = id.as_str().ok_or_else(|| malformed(SYNTAX))?;
        if !id.chars().all(|character| character.is_ascii_alphanumeric()) {
            return Err(malformed(
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression \
                 [0-9A-Za-z]*",
            ));
        }
        if !id.is_empty() && !seen.insert(id) {
            return Err(malformed("Statement IDs (SID) in a single policy must be unique."));
        }
    }
    Ok(())
}

/// The values of whichever of two elements is there: exactly one must be, and not be empty.
fn either<'a>(statement: &'a Statement, one: &str, other: &str, missing: &str) -> Result<Vec<&'a str>, Error> {
    let value = match (statement.get(one), statement.get(other)) {
        (Some(value), None) | (None, Some(value)) => value,
        (None, None) => return Err(malformed(missing)),
        (Some(_), Some(_)) => return Err(malformed(SYNTAX)),
    };
    let texts = texts(value).ok_or_else(|| malformed(SYNTAX))?;
    if texts.is_empty() { Err(malformed(missing)) } else { Ok(texts) }
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn check_action(action: &str) -> Result<(), Error> {
    if action == "*" {
        return Ok(());
    }
    let Some((vendor, name)) = action.split_once(':') else {
        return Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
    };
    let of_vendor = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if vendor.is_empty() || !vendor.chars().all(of_vendor) {
        return Err(malformed(format!("Vendor {vendor} is not valid")));
    }
    let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '*' | '?' | '_' | '-');
    if name.is_empty() || !name.chars().all(of_name) {
        return Err(malformed("Actions/Condition can contain only one colon."));
    }
    Ok(())
}

fn check_resource(resource: &str) -> Result<(), Error> {
    if resource == "*" || resource.starts_with("arn:") || resource.starts_with('*') {
        return Ok(());
    }
    Err(malformed(format!("Resource {resource} must be in ARN format or \"*\".")))
}

fn may_be_trusted(action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    ["sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext", "sts:*"]
        .iter()
        .any(|known| action.starts_with(known))
}

fn check_principal(principal: &Value) -> Result<(), Error> {
    match principal {
        Value::String(all) if all == "*" => Ok(()),
        Value::Object(kinds) if !kinds.is_empty() => kinds.iter().try_for_each(|(kind, value)| {
            let named = texts(value).filter(|named| !named.is_empty()).ok_or_else(|| malformed(SYNTAX))?;
            named.iter().try_for_each(|name| check_principal_name(kind, name))
        }),
        _ => Err(malformed(SYNTAX)),
    }
}

fn check_principal_name(kind: &str, name: &str) -> Result<(), Error> {
    let good = match kind {
        "AWS" => name == "*" || is_account(name) || name.starts_with("arn:") || is_unique_id(name),
        "Service" => is_service(name),
        "Federated" | "CanonicalUser" => !name.is_empty(),
        _ => return Err(malformed(SYNTAX)),
    };
    if good {
        return Ok(());
    }
    let kind = if kind == "Service" { "SERVICE" } else { kind };
    Err(malformed(format!("Invalid principal in policy: \"{kind}\":\"{name}\"")))
}

fn is_account(name: &str) -> bool {
    name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// What a deleted principal's ARN turns into.
fn is_unique_id(name: &str) -> bool {
    name.len() >= 16 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// `lambda.amazonaws.com`, also with a region or China's domain. Which services exist is not checked.
fn is_service(name: &str) -> bool {
    let before = [".amazonaws.com", ".amazonaws.com.cn", ".aws.internal", ".amazon.com", ".aws"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix));
    before.is_some_and(|service| {
        !service.is_empty() && service.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(result: Result<(), Error>, expected: Option<&str>) {
        let message = match result {
            Ok(()) => None,
            Err(Error::MalformedPolicy(text)) => Some(text),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(message.as_deref(), expected);
    }

    #[test]
    fn permissions_are_checked_in_iams_words() {
        let document = |statement: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let cases = [
            (r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#, None),
            (r#"{"Effect":"Deny","NotAction":["iam:*"],"NotResource":["arn:aws:s3:::b/*"]}"#, None),
            (r#"{"Effect":"allow","Action":"s3:*","Resource":"*"}"#, Some(SYNTAX)),
            (r#"{"Effect":"Allow","Resource":"*"}"#, Some("Policy statement must contain actions.")),
            (r#"{"Effect":"Allow","Action":"s3:*"}"#, Some("Policy statement must contain resources.")),
            (r#"{"Effect":"Allow","Action":[],"Resource":"*"}"#, Some("Policy statement must contain actions.")),
            (
                r#"{"Effect":"Allow","Action":"invalid","Resource":"*"}"#,
                Some("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
            ),
            (
                r#"{"Effect":"Allow","Action":"s3:*","Resource":"bucket"}"#,
                Some(r#"Resource bucket must be in ARN format or "*"."#),
            ),
            (
                r#"{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}"#,
                Some("Policy document should not specify a principal."),
            ),
            (r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Extra":1}"#, Some(SYNTAX)),
            (r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":1}}"#, Some(SYNTAX)),
        ];
        for (statement, expected) in cases {
            check(check_permissions(&document(statement)), expected);
        }
        check(check_permissions("{"), Some("This policy contains invalid Json"));
        check(check_permissions("[]"), Some(SYNTAX));
        let old = r#"{"Version":"2008-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
        check(check_permissions(old), Some("Policy document must be version 2012-10-17 or greater."));
        let twice = r#"{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
        check(
            check_permissions(&document(&format!("{twice},{twice}"))),
            Some("Statement IDs (SID) in a single policy must be unique."),
        );
    }

    #[test]
    fn trust_is_checked_in_iams_words() {
        let document = |statement: &str| format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
        let cases = [
            (r#"{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}"#, None),
            (r#"{"Effect":"Allow","Principal":{"AWS":["123456789012","*"]},"Action":["sts:TagSession"]}"#, None),
            (r#"{"Effect":"Allow","Action":"sts:AssumeRole"}"#, Some("Missing required field Principal")),
            (
                r#"{"Effect":"Allow","Principal":{"Service":"lambda"},"Action":"sts:AssumeRole"}"#,
                Some(r#"Invalid principal in policy: "SERVICE":"lambda""#),
            ),
            (
                r#"{"Effect":"Allow","Principal":{"AWS":"someone"},"Action":"sts:AssumeRole"}"#,
                Some(r#"Invalid principal in policy: "AWS":"someone""#),
            ),
            (r#"{"Effect":"Allow","Principal":"*"}"#, Some("Missing required field Action")),
            (
                r#"{"Effect":"Allow","Principal":"*","Action":"s3:*"}"#,
                Some("AssumeRole policy may only specify STS AssumeRole actions."),
            ),
            (
                r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}"#,
                Some("Has prohibited field Resource"),
            ),
        ];
        for (statement, expected) in cases {
            check(check_trust(&document(statement)), expected);
        }
    }

    #[test]
    fn white_space_does_not_count() {
        assert_eq!(chars("{ \"a\" :\n\t1 }"), 7);
    }

    proptest! {
        #[test]
        fn no_document_panics(text in "[{}\\[\\]:,\"a-zA-Z0-9 *]{0,200}") {
            let _ = (check_permissions(&text), check_trust(&text));
        }
    }
}
