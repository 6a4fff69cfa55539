//! The policy statements that AddPermission writes and RemovePermission takes away.
//! Source: SQS API Reference, AddPermission; the policies that AWS shows after it.

use serde_json::{Value, json};

use crate::error::{Error, Result, invalid};
use crate::limits::{ID_CHARS, PERMISSION_ACTIONS_MAX, POLICY_STATEMENTS_MAX};

/// What may be given to other accounts. Source: Developer Guide, "Amazon SQS API permissions".
const ACTIONS: [&str; 7] = [
    "*",
    "SendMessage",
    "ReceiveMessage",
    "DeleteMessage",
    "ChangeMessageVisibility",
    "GetQueueAttributes",
    "GetQueueUrl",
];

/// The policy with a statement more. Errors: the label is taken, or an action that only the owner may do.
pub(crate) fn added(
    policy: Option<&str>,
    queue_arn: &str,
    label: &str,
    accounts: &[String],
    actions: &[String],
) -> Result<String> {
    if !ID_CHARS.contains(&label.len()) || !label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
        let reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
        return Err(invalid("Label", label, reason));
    }
    for account in accounts {
        if kernel::AccountId::parse(account).is_err() {
            return Err(invalid("PrincipalId", format!("[{account}]"), "Unable to verify."));
        }
    }
    for action in actions {
        if !ACTIONS.contains(&action.as_str()) {
            let reason = "Only the queue owner is allowed to invoke this action.";
            return Err(invalid("ActionName", format!("SQS:{action}"), reason));
        }
    }
    if actions.len() > PERMISSION_ACTIONS_MAX {
        let words = format!("{} Actions were found, maximum allowed is {PERMISSION_ACTIONS_MAX}.", actions.len());
        return Err(Error::OverLimit(words));
    }
    let mut document = policy.and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_else(
        || json!({"Version": "2008-10-17", "Id": format!("{queue_arn}/SQSDefaultPolicy"), "Statement": []}),
    );
    let statements = statements(&mut document);
    if statements.iter().any(|statement| statement["Sid"] == label) {
        return Err(invalid("Label", label, "Already exists."));
    }
    if statements.len() >= POLICY_STATEMENTS_MAX {
        let words =
            format!("{POLICY_STATEMENTS_MAX} statements were found, maximum allowed is {POLICY_STATEMENTS_MAX}.");
        return Err(Error::OverLimit(words));
    }
    let partition = queue_arn.split(':').nth(1).unwrap_or("aws");
    statements.push(json!({
        "Sid": label,
        "Effect": "Allow",
        "Principal": {"AWS": one_or_many(accounts.iter().map(|a| format!("arn:{partition}:iam::{a}:root")).collect())},
        "Action": one_or_many(actions.iter().map(|action| format!("SQS:{action}")).collect()),
        "Resource": queue_arn,
    }));
    Ok(document.to_string())
}

/// The policy without the statement of that label; none when it was the last one.
pub(crate) fn removed(policy: Option<&str>, label: &str) -> Result<Option<String>> {
    let unknown = || invalid("Label", label, "can't find label on existing policy.");
    let mut document = policy.and_then(|text| serde_json::from_str::<Value>(text).ok()).ok_or_else(unknown)?;
    let statements = statements(&mut document);
    let before = statements.len();
    statements.retain(|statement| statement["Sid"] != label);
    match statements.len() {
        after if after == before => Err(unknown()),
        0 => Ok(None),
        _ => Ok(Some(document.to_string())),
    }
}

/// A policy may have one statement that stands in no list.
fn statements(document: &mut Value) -> &mut Vec<Value> {
    let place = &mut document["Statement"];
    if !place.is_array() {
        *place = Value::Array(Some(place.take()).filter(|only| !only.is_null()).into_iter().collect());
    }
    place.as_array_mut().expect("it was made an array")
}

fn one_or_many(mut items: Vec<String>) -> Value {
    if items.len() == 1 { json!(items.remove(0)) } else { json!(items) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sqs:us-east-1:111111111111:jobs";

    fn add(policy: Option<&str>, label: &str, action: &str) -> Result<String> {
        added(policy, ARN, label, &["222222222222".to_owned()], &[action.to_owned()])
    }

    #[test]
    fn a_permission_is_a_statement_that_can_be_taken_away_by_its_label() {
        let one = add(None, "a", "SendMessage").unwrap();
        let two = add(Some(&one), "b", "*").unwrap();
        let shown: Value = serde_json::from_str(&two).unwrap();
        assert_eq!(shown["Statement"][0]["Action"], "SQS:SendMessage");
        assert_eq!(shown["Statement"][1]["Principal"]["AWS"], "arn:aws:iam::222222222222:root");
        assert_eq!(removed(Some(&two), "b").unwrap().as_deref(), Some(one.as_str()));
        assert_eq!(removed(Some(&one), "a").unwrap(), None);
    }

    #[test]
    fn a_label_counts_once_and_the_owners_actions_are_not_given_away() {
        let one = add(None, "a", "SendMessage").unwrap();
        assert!(add(Some(&one), "a", "SendMessage").unwrap_err().to_string().ends_with("Already exists."));
        assert!(add(None, "a", "DeleteQueue").is_err());
        assert!(removed(Some(&one), "b").is_err());
        assert!(removed(None, "b").is_err());
    }
}
