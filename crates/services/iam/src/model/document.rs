//! What IAM checks of a policy document when it is put. The language itself is read by `auth::policy`.

use auth::policy::{Policy, PolicyKind, Version};

use crate::error::Error;

/// Reads a policy that gives permissions: managed, inline, of a session, a boundary.
/// Errors: `MalformedPolicy`, also for the language of 2008, which IAM takes in trust policies only.
pub fn check_permissions(text: &str) -> Result<Policy, Error> {
    let policy = parse(text, PolicyKind::Identity)?;
    if policy.version == Version::V2008 {
        return Err(Error::MalformedPolicy("Policy document must be version 2012-10-17 or greater.".to_owned()));
    }
    Ok(policy)
}

/// Reads a role's trust policy. Errors: `MalformedPolicy`.
pub fn check_trust(text: &str) -> Result<Policy, Error> {
    parse(text, PolicyKind::Trust)
}

/// Reads a resource's policy. Errors: `MalformedPolicy`.
pub fn check_resource(text: &str) -> Result<Policy, Error> {
    parse(text, PolicyKind::Resource)
}

fn parse(text: &str, kind: PolicyKind) -> Result<Policy, Error> {
    Policy::parse(text, kind).map_err(|malformed| Error::MalformedPolicy(malformed.to_string()))
}

/// Characters that are not white space: what quotas count.
pub fn chars(text: &str) -> usize {
    text.chars().filter(|character| !character.is_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(result: Result<Policy, Error>, expected: Option<&str>) {
        let message = match result {
            Ok(_) => None,
            Err(Error::MalformedPolicy(text)) => Some(text),
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(message.as_deref(), expected);
    }

    #[test]
    fn permissions_want_the_language_of_2012() {
        let statement = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#;
        let document = |version: &str| format!(r#"{{{version}"Statement":[{statement}]}}"#);
        check(check_permissions(&document(r#""Version":"2012-10-17","#)), None);
        let old = Some("Policy document must be version 2012-10-17 or greater.");
        check(check_permissions(&document("")), old);
        check(check_permissions(&document(r#""Version":"2008-10-17","#)), old);

        check(check_permissions("{}"), Some("Syntax errors in policy."));
    }

    #[test]
    fn trust_takes_either_language() {
        let statement =
            r#"{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}"#;
        for version in ["2012-10-17", "2008-10-17"] {
            check(check_trust(&format!(r#"{{"Version":"{version}","Statement":[{statement}]}}"#)), None);
        }
        let anyone = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}"#;
        check(check_trust(anyone), Some("Missing required field Principal"));
    }

    #[test]
    fn white_space_does_not_count() {
        assert_eq!(chars("{ \"a\" :\n\t1 }"), 7);
    }
}
