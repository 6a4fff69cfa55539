use std::sync::Arc;

use kernel::{Access, AccountId, Arn, BoxFuture, Caller, CallerKind, Cx, Principals, Region, Rng, RoleRefused, id};

use crate::policy::{Context, Policy, Principal, may_assume};

/// Where roles are found. Implemented by services/iam.
pub trait Roles: Send + Sync + 'static {
    /// `None` when no role of this ARN exists.
    fn role<'a>(&'a self, role_arn: &'a str) -> BoxFuture<'a, Option<Role>>;
}

/// What it takes to act as a role.
#[derive(Clone, Debug)]
pub struct Role {
    /// `AROA…`.
    pub role_id: String,
    pub trust_policy: Arc<Policy>,
}

/// Makes the [`Cx`] of calls that services make of their own.
pub struct ServicePrincipals {
    access: Access,
    roles: Arc<dyn Roles>,
    rng: Arc<dyn Rng>,
}

impl ServicePrincipals {
    /// `access` is the server's: in open access a role that is missing or does not trust the service is taken all the same,
    /// and a hint says so.
    pub fn new(access: Access, roles: Arc<dyn Roles>, rng: Arc<dyn Rng>) -> Self {
        Self { access, roles, rng }
    }

    fn context(&self, account: AccountId, region: &Region, caller: Caller) -> Cx {
        Cx::new(&id::uuid(self.rng.as_ref()), account, region.clone(), caller, self.access)
    }

    async fn assume(&self, service: &str, role_arn: &str, session: &str, region: &Region) -> Result<Cx, RoleRefused> {
        let missing = || RoleRefused::NoSuchRole(role_arn.to_owned());
        let arn: Arn = role_arn.parse().map_err(|_| missing())?;
        let account = AccountId::parse(&arn.account).map_err(|_| missing())?;
        let path = arn.resource.strip_prefix("role/").filter(|_| arn.service == "iam").ok_or_else(missing)?;
        let name = path.rsplit('/').next().unwrap_or(path);
        let (role_id, refused) = match self.roles.role(role_arn).await {
            None => ("AROA".to_owned(), Some(missing())),
            Some(Role { role_id, trust_policy }) => {
                let trusted = may_assume(&trust_policy, &Principal::service(service), &about(&account)).is_allow();
                let refused = RoleRefused::NotTrusted { role: role_arn.to_owned(), service: service.to_owned() };
                (role_id, (!trusted).then_some(refused))
            }
        };
        let hint = match refused {
            Some(refused) if self.access == Access::Strict => return Err(refused),
            refused => refused.map(|refused| refused.to_string()),
        };
        let caller = Caller {
            kind: CallerKind::AssumedRole,
            arn: format!("arn:{}:sts::{account}:assumed-role/{name}/{session}", arn.partition),
            principal_id: format!("{role_id}:{session}"),
            access_key_id: None,
            session_policies: Vec::new(),
        };
        let cx = self.context(account, region, caller);
        if let Some(hint) = hint {
            cx.hint("AccessDenied", hint);
        }
        Ok(cx)
    }
}

/// What a trust policy may ask of a service that assumes a role for its own account.
fn about(account: &AccountId) -> Context {
    Context::default().with("aws:SourceAccount", account.as_str()).with("aws:PrincipalIsAWSService", "true")
}

impl Principals for ServicePrincipals {
    fn as_service(&self, name: &str, account: &AccountId, region: &Region) -> Cx {
        let mut cx = self.context(account.clone(), region, Caller::service(name));
        cx.secure_transport = true;
        cx
    }

    fn as_role<'a>(
        &'a self,
        service: &'a str,
        role_arn: &'a str,
        session: &'a str,
        region: &'a Region,
    ) -> BoxFuture<'a, Result<Cx, RoleRefused>> {
        Box::pin(self.assume(service, role_arn, session, region))
    }
}
