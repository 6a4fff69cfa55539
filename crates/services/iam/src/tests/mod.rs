//! The operations, driven directly with typed values over a store in memory.

mod iam;
mod paging;
mod records;
mod sts;

use std::sync::Arc;

use api_iam::Iam as _;
use api_iam::types as model;
use auth::access::Keys as _;
use kernel::{Access, AccountId, Caller, Cx, OsRng, Region, VirtualClock};
use store::Store;
use wire::ApiError;

use crate::{Directory, Iam, Sts};

const PERMISSIONS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;

struct World {
    directory: Arc<Directory>,
    iam: Iam,
    sts: Sts,
    clock: Arc<VirtualClock>,
    store: Store,
}

fn world() -> World {
    let clock = Arc::new(VirtualClock::default());
    let store = Store::memory(clock.clone(), Arc::new(OsRng));
    over(store, clock)
}

fn over(store: Store, clock: Arc<VirtualClock>) -> World {
    let directory = Directory::new(store.clone(), clock.clone(), Arc::new(OsRng)).unwrap();
    World { iam: Iam::new(directory.clone()), sts: Sts::new(directory.clone()), directory, clock, store }
}

fn account(number: &str) -> AccountId {
    AccountId::parse(number).unwrap()
}

fn cx(number: &str) -> Cx {
    let account = account(number);
    let caller = Caller::root(&account);
    Cx::new("r", account, Region::default(), caller, Access::Open)
}

fn a() -> Cx {
    cx("111111111111")
}

fn as_caller(caller: Caller, access: Access) -> Cx {
    Cx::new("r", account("111111111111"), Region::default(), caller, access)
}

fn service_trust(service: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{service}"}},"Action":"sts:AssumeRole"}}]}}"#
    )
}

async fn role(world: &World, cx: &Cx, name: &str, trust: String) -> model::Role {
    let input =
        model::CreateRoleRequest { role_name: name.into(), assume_role_policy_document: trust, ..Default::default() };
    world.iam.create_role(cx, input).await.unwrap().role
}

async fn user(world: &World, cx: &Cx, name: &str) -> model::User {
    let input = model::CreateUserRequest { user_name: name.into(), ..Default::default() };
    world.iam.create_user(cx, input).await.unwrap().user.unwrap()
}

async fn policy(world: &World, cx: &Cx, name: &str) -> String {
    let input = model::CreatePolicyRequest {
        policy_name: name.into(),
        policy_document: PERMISSIONS.into(),
        ..Default::default()
    };
    world.iam.create_policy(cx, input).await.unwrap().policy.unwrap().arn.unwrap()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, ApiError>, code: &str, message: &str) {
    let error = result.expect_err("refused");
    assert_eq!((error.code.as_ref(), error.message.as_deref()), (code, Some(message)));
}

fn caller_of(world: &World, key_id: &str) -> Caller {
    world.directory.lookup(key_id).expect("a key of ours").caller
}
