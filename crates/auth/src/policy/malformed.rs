/// What is wrong with a policy's text. The message of IAM's `MalformedPolicyDocument`.
/// Source: answers that users of IAM have published; golden cases where they exist.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum MalformedPolicy {
    #[error("This policy contains invalid Json")]
    InvalidJson,
    /// Elements that are unknown, missing, of the wrong type, or exclude each other.
    #[error("Syntax errors in policy.")]
    Syntax,
    #[error("Policy statement must contain actions.")]
    NoActions,
    /// In a trust policy.
    #[error("Missing required field Action")]
    NoTrustedActions,
    #[error("Policy statement must contain resources.")]
    NoResources,
    #[error("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")]
    ActionWithoutVendor,
    #[error("Actions/Condition can contain only one colon.")]
    ActionWithTwoColons,
    #[error("Vendor {0} is not valid")]
    InvalidVendor(String),
    #[error("Resource {0} must be in ARN format or \"*\".")]
    ResourceNotArn(String),
    #[error("The policy failed legacy parsing")]
    LegacyParsing,
    #[error("Policy document should not specify a principal.")]
    PrincipalInIdentityPolicy,
    #[error("Missing required field Principal")]
    NoPrincipal,
    #[error("Has prohibited field Resource")]
    ResourceInTrustPolicy,
    #[error("AssumeRole policy may only specify STS AssumeRole actions.")]
    NotAnAssumeRoleAction,
    /// `kind` is `AWS`, `SERVICE`, `FEDERATED`.
    #[error("Invalid principal in policy: \"{kind}\":\"{value}\"")]
    InvalidPrincipal { kind: &'static str, value: String },
    #[error(
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
    )]
    SidNotAlphanumeric,
    #[error("Statement IDs (SID) in a single policy must be unique.")]
    SidNotUnique,
    #[error("Invalid Condition type : {0}.")]
    UnknownOperator(String),
}
