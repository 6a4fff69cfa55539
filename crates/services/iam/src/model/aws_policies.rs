//! AWS's own managed policies: those of `models/aws-managed-policies.txt` with their documents, and those of the
//! service-linked roles, of which only name and path are known.

use std::sync::LazyLock;

use kernel::Timestamp;

use super::linked_roles;
use super::names::PolicyArn;

const TABLE: &str = include_str!("../../../../../models/aws-managed-policies.txt");

#[derive(Clone, Debug, PartialEq)]
pub struct AwsPolicy {
    pub name: &'static str,
    pub path: String,
    pub id: String,
    pub version: &'static str,
    pub created: Timestamp,
    pub updated: Timestamp,
    pub description: Option<&'static str>,
    pub document: Option<&'static str>,
}

/// Sorted by name.
static POLICIES: LazyLock<Vec<AwsPolicy>> = LazyLock::new(|| {
    let blocks = TABLE.split("\n\n").filter_map(block);
    let of_roles = linked_roles::table().iter().map(|role| nameless(role.policy));
    let mut policies: Vec<AwsPolicy> = blocks.chain(of_roles).collect();
    policies.sort_by(|a, b| a.name.cmp(b.name));
    policies.dedup_by(|a, b| a.name == b.name);
    policies
});

pub fn all() -> &'static [AwsPolicy] {
    &POLICIES
}

pub fn find(arn: &PolicyArn) -> Option<&'static AwsPolicy> {
    if arn.account.is_some() {
        return None;
    }
    POLICIES.iter().find(|policy| policy.name == arn.name && policy.path == arn.path)
}

fn block(text: &'static str) -> Option<AwsPolicy> {
    let text = text.trim_start();
    let mut words = text.lines().next()?.strip_prefix("policy ")?.split(' ');
    let (name, path, id, version) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let created = words.next().and_then(Timestamp::parse_iso8601);
    let updated = Timestamp::parse_iso8601(words.next()?)?;
    let line = |word: &str| text.lines().find_map(|line| line.strip_prefix(word));
    Some(AwsPolicy {
        name,
        path: path.to_owned(),
        id: if id == "-" { derived_id(name) } else { id.to_owned() },
        version,
        created: created.unwrap_or(updated),
        updated,
        description: line("description "),
        document: line("document "),
    })
}

/// A policy of which nothing is known but its name. Its date is that of the first service-linked roles.
fn nameless(name: &'static str) -> AwsPolicy {
    let date = Timestamp::parse_iso8601("2017-04-19T00:00:00Z").unwrap_or_default();
    AwsPolicy {
        name,
        path: "/aws-service-role/".to_owned(),
        id: derived_id(name),
        version: "v1",
        created: date,
        updated: date,
        description: None,
        document: None,
    }
}

/// An id in AWS's form, the same for a name every time (FNV-1a, continued for each character).
fn derived_id(name: &str) -> String {
    const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut state = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, step);
    let characters = (0..17).map(|at| {
        state = step(state, at);
        char::from(BASE32[(state >> 59) as usize])
    });
    "ANPA".chars().chain(characters).collect()
}

fn step(state: u64, byte: u8) -> u64 {
    (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document;

    #[test]
    fn lambdas_policies_are_present() {
        for name in [
            "service-role/AWSLambdaBasicExecutionRole",
            "service-role/AWSLambdaVPCAccessExecutionRole",
            "service-role/AWSLambdaSQSQueueExecutionRole",
            "service-role/AWSLambdaKinesisExecutionRole",
            "service-role/AWSLambdaDynamoDBExecutionRole",
            "service-role/AWSLambdaRole",
            "AWSLambda_FullAccess",
            "AWSLambda_ReadOnlyAccess",
            "AWSLambdaInvocation-DynamoDB",
            "AWSXRayDaemonWriteAccess",
            "CloudWatchLogsFullAccess",
            "AdministratorAccess",
        ] {
            let arn = PolicyArn::parse(&format!("arn:aws:iam::aws:policy/{name}")).unwrap();
            assert!(find(&arn).is_some_and(|policy| policy.document.is_some()), "{name}");
        }
    }

    #[test]
    fn every_document_is_well_formed_and_every_id_has_aws_form() {
        assert_eq!(TABLE.matches("\npolicy ").count(), all().iter().filter(|p| p.document.is_some()).count());
        for policy in all() {
            assert!(policy.id.starts_with("ANPA") && policy.id.len() == 21, "{policy:?}");
            assert!(policy.updated >= policy.created, "{policy:?}");
            if let Some(text) = policy.document {
                document::check_permissions(text).map(drop).unwrap_or_else(|error| panic!("{}: {error}", policy.name));
            }
        }
    }
}
