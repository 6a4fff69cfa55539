//! Service-linked roles: one rule, and the table of facts in `models/service-linked-roles.txt`.

use std::sync::LazyLock;

use crate::error::Error;

const TABLE: &str = include_str!("../../../../../models/service-linked-roles.txt");

/// What CreateServiceLinkedRole makes for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedRole {
    pub service: &'static str,
    pub name: &'static str,
    /// Below `arn:aws:iam::aws:policy/aws-service-role/`.
    pub policy: &'static str,
    pub suffix_allowed: bool,
    /// What the role says when the request says nothing.
    pub description: Option<&'static str>,
}

static ROLES: LazyLock<Vec<LinkedRole>> = LazyLock::new(|| TABLE.lines().filter_map(row).collect());

fn row(line: &'static str) -> Option<LinkedRole> {
    if line.starts_with('#') {
        return None;
    }
    let mut cells = line.split(" | ");
    Some(LinkedRole {
        service: cells.next()?,
        name: cells.next()?,
        policy: cells.next()?,
        suffix_allowed: cells.next()? == "suffix",
        description: cells.next().filter(|text| *text != "-"),
    })
}

pub fn table() -> &'static [LinkedRole] {
    &ROLES
}

impl LinkedRole {
    /// Errors: `NotLinkable`, a service that the table does not have; `SuffixNotAllowed`.
    pub fn of(service: &str, suffix: Option<&str>) -> Result<&'static Self, Error> {
        let role =
            ROLES.iter().find(|role| role.service == service).ok_or_else(|| Error::NotLinkable(service.to_owned()))?;
        if suffix.is_some() && !role.suffix_allowed {
            return Err(Error::SuffixNotAllowed(service.to_owned()));
        }
        Ok(role)
    }

    pub fn role_name(&self, suffix: Option<&str>) -> String {
        match suffix {
            Some(suffix) => format!("{}_{suffix}", self.name),
            None => self.name.to_owned(),
        }
    }

    pub fn path(&self) -> String {
        format!("/aws-service-role/{}/", self.service)
    }

    /// Its members stand in the order in which AWS answers them.
    pub fn trust(&self) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{}"}},"Action":"sts:AssumeRole"}}]}}"#,
            self.service
        )
    }

    pub fn policy_arn(&self, partition: &str) -> String {
        format!("arn:{partition}:iam::aws:policy/aws-service-role/{}", self.policy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_read() {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(table().len(), rows);
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            assert_eq!(line.split(" | ").count(), 6, "{line}");
        }
    }

    #[test]
    fn a_suffix_is_only_for_those_that_allow_it() {
        let role = LinkedRole::of("autoscaling.amazonaws.com", Some("mine")).unwrap();
        assert_eq!(role.role_name(Some("mine")), "AWSServiceRoleForAutoScaling_mine");
        assert!(matches!(LinkedRole::of("ecs.amazonaws.com", Some("x")), Err(Error::SuffixNotAllowed(_))));
        assert!(matches!(LinkedRole::of("nobody.amazonaws.com", None), Err(Error::NotLinkable(_))));
    }
}
