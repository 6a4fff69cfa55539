//! What the tests of this room share.

use std::time::Duration;

use kernel::{
    Access, AccountId, BoxFuture, Caller, Clock, Cx, Principals, Region, RoleRefused, Timestamp, VirtualClock,
};

/// A clock of which both times move together.
#[derive(Default)]
pub struct Moving(pub VirtualClock);

impl Clock for Moving {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn wall(&self) -> Timestamp {
        self.0.now()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    fn sleep_until(&self, due: Timestamp) -> BoxFuture<'static, ()> {
        self.0.sleep_until(due)
    }
}

/// Services may call; there are no roles.
pub struct Services;

impl Principals for Services {
    fn as_service(&self, name: &str, account: &AccountId, region: &Region) -> Cx {
        Cx::new("inside", account.clone(), region.clone(), Caller::service(name), Access::Open)
    }

    fn as_role<'a>(
        &'a self,
        _: &'a str,
        role_arn: &'a str,
        _: &'a str,
        _: &'a Region,
    ) -> BoxFuture<'a, Result<Cx, RoleRefused>> {
        Box::pin(std::future::ready(Err(RoleRefused::NoSuchRole(role_arn.to_owned()))))
    }
}
