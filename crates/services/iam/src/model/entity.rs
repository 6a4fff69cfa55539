//! Users, groups and roles: what differs between them is data, so that policies and tags are written once.

use std::fmt;

use kernel::AccountId;

use crate::error::{Noun, Quota};
use crate::limits;
use crate::records::{Common, Group, Role, User};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityKind {
    User,
    Group,
    Role,
}

impl EntityKind {
    /// The word in keys, ARNs and texts.
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        }
    }

    /// The word as names of quotas and some texts spell it.
    pub fn title(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Group => "Group",
            Self::Role => "Role",
        }
    }

    pub fn noun(self) -> Noun {
        match self {
            Self::User => Noun::User,
            Self::Group => Noun::Group,
            Self::Role => Noun::Role,
        }
    }

    /// The first letters of its ids. Source: IAM User Guide, "Understanding unique ID prefixes".
    pub fn id_prefix(self) -> &'static str {
        match self {
            Self::User => "AIDA",
            Self::Group => "AGPA",
            Self::Role => "AROA",
        }
    }

    /// How many of them an account may have, and the quota's name.
    pub fn per_account(self) -> (Quota, usize) {
        match self {
            Self::User => (Quota::Users, limits::USERS_MAX),
            Self::Group => (Quota::Groups, limits::GROUPS_MAX),
            Self::Role => (Quota::Roles, limits::ROLES_MAX),
        }
    }

    /// The size of all its inline policies together, in characters without white space.
    pub fn inline_chars_max(self) -> usize {
        match self {
            Self::User => limits::USER_POLICIES_CHARS_MAX,
            Self::Group => limits::GROUP_POLICIES_CHARS_MAX,
            Self::Role => limits::ROLE_POLICIES_CHARS_MAX,
        }
    }
}

impl fmt::Display for EntityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A user, group or role on disk.
pub trait Entity: store::Record + Clone + Send + 'static {
    const KIND: EntityKind;

    fn common(&self) -> &Common;
    fn common_mut(&mut self) -> &mut Common;

    /// The service that alone may change it.
    fn protected(&self) -> bool {
        false
    }

    fn arn(&self, partition: &str, account: &AccountId) -> String {
        let Common { path, name, .. } = self.common();
        format!("arn:{partition}:iam::{account}:{}{path}{name}", Self::KIND)
    }
}

macro_rules! entity {
    ($record:ident) => {
        impl Entity for $record {
            const KIND: EntityKind = EntityKind::$record;

            fn common(&self) -> &Common {
                &self.common
            }

            fn common_mut(&mut self) -> &mut Common {
                &mut self.common
            }
        }
    };
}

entity!(User);
entity!(Group);

impl Entity for Role {
    const KIND: EntityKind = EntityKind::Role;

    fn common(&self) -> &Common {
        &self.common
    }

    fn common_mut(&mut self) -> &mut Common {
        &mut self.common
    }

    fn protected(&self) -> bool {
        self.linked_to.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_holds_the_path() {
        let role = Role {
            common: Common { name: "worker".into(), path: "/service-role/".into(), ..Common::default() },
            ..Role::default()
        };
        let account = AccountId::parse("123456789012").unwrap();
        assert_eq!(role.arn("aws", &account), "arn:aws:iam::123456789012:role/service-role/worker");
    }
}
