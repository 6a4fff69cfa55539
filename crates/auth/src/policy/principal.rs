use kernel::{AccountId, Arn, Caller, CallerKind};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// An account's root user.
    Root {
        account: String,
    },
    /// `arn:aws:iam::…:user/path/name`.
    User {
        arn: String,
    },
    /// A role that somebody has assumed: `arn:aws:sts::…:assumed-role/name/session`.
    RoleSession {
        arn: String,
    },
    /// `arn:aws:sts::…:federated-user/name`.
    FederatedUser {
        arn: String,
    },
    /// `lambda.amazonaws.com`.
    Service {
        name: String,
    },
    /// Whoever an identity provider vouches for: the provider's ARN or name.
    Federated {
        provider: String,
    },
    Anonymous,
}

/// How a statement names a principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalPattern {
    /// `*`, `{"AWS": "*"}`.
    Everyone,
    /// `123456789012`, `arn:aws:iam::123456789012:root`: the account may hand the permission on.
    Account(String),
    /// The ARN of a user, role, role session or federated user.
    Arn(String),
    Service(String),
    Federated(String),
    /// Kinds and ids that name nobody here: `CanonicalUser`, unique ids of the deleted.
    Other(String),
}

/// How directly a statement names who asks. Within an account it decides what else may narrow an allow.
/// Source: IAM User Guide, "Policy evaluation for requests within a single account", "Resource-based policies".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// Its account: the identity's own policies must allow too.
    Account,
    /// Its role, or everyone: boundaries and session policies narrow it.
    Role,
    /// The very user or session: nothing but a deny narrows it.
    Direct,
}

impl Principal {
    /// The principal of a call.
    pub fn of(caller: &Caller) -> Self {
        let arn = caller.arn.clone();
        match caller.kind {
            CallerKind::Root => Self::Root { account: account_of(&arn).unwrap_or_default().to_owned() },
            CallerKind::User => Self::User { arn },
            CallerKind::AssumedRole => Self::RoleSession { arn },
            CallerKind::FederatedUser => Self::FederatedUser { arn },
            CallerKind::Service => Self::Service { name: arn },
            CallerKind::Anonymous => Self::Anonymous,
        }
    }

    pub fn service(name: &str) -> Self {
        Self::Service { name: name.to_owned() }
    }

    /// The account that the principal belongs to.
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Root { account } => Some(account),
            Self::User { arn } | Self::RoleSession { arn } | Self::FederatedUser { arn } => account_of(arn),
            Self::Service { .. } | Self::Federated { .. } | Self::Anonymous => None,
        }
    }

    /// How a statement reaches a principal that it does not name, by `*` or `NotPrincipal`.
    pub(super) fn unnamed_grant(&self) -> Grant {
        match self {
            Self::RoleSession { .. } | Self::FederatedUser { .. } => Grant::Role,
            _ => Grant::Direct,
        }
    }

    /// `aws:PrincipalArn`: of a session, the role's.
    pub fn policy_arn(&self) -> Option<String> {
        match self {
            Self::Root { account } => Some(format!("arn:aws:iam::{account}:root")),
            Self::User { arn } | Self::FederatedUser { arn } => Some(arn.clone()),
            Self::RoleSession { arn } => {
                let parsed: Arn = arn.parse().ok()?;
                let role = session_role(&parsed)?;
                Some(format!("arn:{}:iam::{}:role/{role}", parsed.partition, parsed.account))
            }
            Self::Service { .. } | Self::Federated { .. } | Self::Anonymous => None,
        }
    }
}

impl std::fmt::Display for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Root { account } => write!(f, "arn:aws:iam::{account}:root"),
            Self::User { arn } | Self::RoleSession { arn } | Self::FederatedUser { arn } => f.write_str(arn),
            Self::Service { name } => f.write_str(name),
            Self::Federated { provider } => f.write_str(provider),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}

impl PrincipalPattern {
    /// How the pattern names the principal, if at all.
    pub fn grant(&self, principal: &Principal) -> Option<Grant> {
        match (self, principal) {
            (Self::Everyone, _) => Some(principal.unnamed_grant()),
            (Self::Account(own), Principal::Root { account }) if own == account => Some(Grant::Direct),
            (Self::Account(own), principal) if principal.account() == Some(own.as_str()) => Some(Grant::Account),
            (Self::Arn(own), Principal::User { arn } | Principal::FederatedUser { arn }) if own == arn => {
                Some(Grant::Direct)
            }
            (Self::Arn(own), Principal::RoleSession { arn }) if own == arn => Some(Grant::Direct),
            (Self::Arn(own), Principal::RoleSession { arn }) if is_role_of(own, arn) => Some(Grant::Role),
            (Self::Service(own), Principal::Service { name }) if own.eq_ignore_ascii_case(name) => Some(Grant::Direct),
            (Self::Federated(own), Principal::Federated { provider }) if own == provider => Some(Grant::Direct),
            _ => None,
        }
    }

    /// Reads an `AWS` principal. `None` for what is neither `*`, an account, an ARN with an account, nor a unique id.
    pub(super) fn of_aws(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::Everyone);
        }
        if AccountId::parse(text).is_ok() {
            return Some(Self::Account(text.to_owned()));
        }
        if let Ok(arn) = text.parse::<Arn>() {
            // CloudFront's origin access identities are users of an account of that name.
            let account = AccountId::parse(&arn.account).is_ok() || arn.account == "cloudfront";
            let named = matches!(arn.service.as_str(), "iam" | "sts") && account && !text.contains('*');
            return named.then(|| match arn.resource.as_str() {
                "root" => Self::Account(arn.account),
                _ => Self::Arn(text.to_owned()),
            });
        }
        let unique_id = text.len() >= 16 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        unique_id.then(|| Self::Other(text.to_owned()))
    }
}

fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

/// `assumed-role/name/session` → `name`.
fn session_role(session: &Arn) -> Option<&str> {
    let (name, _) = session.resource.strip_prefix("assumed-role/")?.split_once('/')?;
    Some(name)
}

/// Whether the session is one of this role. A session's ARN has lost the role's path; names are unique in an account.
fn is_role_of(role: &str, session: &str) -> bool {
    let (Ok(role), Ok(session)) = (role.parse::<Arn>(), session.parse::<Arn>()) else { return false };
    let Some(path) = role.resource.strip_prefix("role/") else { return false };
    let name = path.rsplit('/').next();
    role.service == "iam" && role.account == session.account && name.is_some() && session_role(&session) == name
}
