//! Bounds of this room, each with its unit and source.
//! Source, unless another is named: IAM User Guide, "IAM and AWS STS quotas" (the default of each quota).

use std::time::Duration;

/// Entities per account.
pub const USERS_MAX: usize = 5_000;
pub const GROUPS_MAX: usize = 300;
pub const ROLES_MAX: usize = 1_000;
pub const POLICIES_MAX: usize = 1_500;
pub const INSTANCE_PROFILES_MAX: usize = 1_000;

/// Managed policies attached to one user, group or role.
pub const ATTACHED_POLICIES_MAX: usize = 10;

/// Versions of one managed policy.
pub const POLICY_VERSIONS_MAX: usize = 5;

/// Groups that one user is in.
pub const GROUPS_PER_USER_MAX: usize = 10;

/// Access keys of one user, and of the account's root.
pub const ACCESS_KEYS_MAX: usize = 2;

/// Roles in one instance profile.
pub const ROLES_PER_INSTANCE_PROFILE_MAX: usize = 1;

/// Service-specific credentials of one user for one service.
/// Source: IAM User Guide, "Service-specific credentials".
pub const SERVICE_CREDENTIALS_MAX: usize = 2;

/// Policy sizes, in characters that are not white space. The inline ones are sums over all policies of the entity.
pub const MANAGED_POLICY_CHARS_MAX: usize = 6_144;
pub const USER_POLICIES_CHARS_MAX: usize = 2_048;
pub const GROUP_POLICIES_CHARS_MAX: usize = 5_120;
pub const ROLE_POLICIES_CHARS_MAX: usize = 10_240;
pub const TRUST_POLICY_CHARS_MAX: usize = 2_048;

/// A session policy, in characters as sent. Source: STS API Reference, "AssumeRole".
pub const SESSION_POLICY_CHARS_MAX: usize = 2_048;

/// Managed policies that one session names. Source: STS API Reference, "AssumeRole", PolicyArns.
pub const SESSION_POLICY_ARNS_MAX: usize = 10;

/// Tags of one entity; session tags of one session.
pub const TAGS_MAX: usize = 50;

/// Items of a page when the request does not say. Source: IAM API Reference, MaxItems.
pub const PAGE_ITEMS: usize = 100;

/// `MaxSessionDuration` of a role that was made without one, in seconds. Source: IAM API Reference, "CreateRole".
pub const SESSION_DURATION_S: i32 = 3_600;

/// Sessions of roles that were assumed by a session of a role. Source: IAM User Guide, "Role chaining".
pub const CHAINED_SESSION: Duration = Duration::from_secs(3_600);

/// GetSessionToken and GetFederationToken: the default, and the most that root gets.
/// Source: STS API Reference, "GetSessionToken".
pub const SESSION_TOKEN: Duration = Duration::from_secs(43_200);
pub const ROOT_SESSION_TOKEN: Duration = Duration::from_secs(3_600);

/// Credentials that a service takes for its own work on a user's behalf: they outlive every environment that gets them.
/// Ours, following what functions on AWS are given.
pub const SERVICE_SESSION: Duration = Duration::from_secs(43_200);

/// How long a session is remembered after its end, so that its key is said to have expired rather than to be unknown.
pub const EXPIRED_SESSION_KEPT: Duration = Duration::from_secs(36 * 3_600);

/// Forgotten sessions that one new session clears away: more than one, so that none pile up.
pub const SESSIONS_CLEARED: usize = 8;

/// Deletions of service-linked roles that are remembered per account.
pub const DELETION_TASKS_MAX: usize = 100;
