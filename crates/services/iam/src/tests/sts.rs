use std::time::Duration;

use api_iam::Iam as _;
use api_iam::types as iam;
use api_sts::Sts as _;
use api_sts::types as sts;
use auth::access::{Keys as _, Roles as _};
use kernel::Clock as _;

use super::*;

#[tokio::test]
async fn a_service_gets_a_trusting_roles_credentials_and_they_are_known_after_a_restart() {
    let world = world();
    let made = role(&world, &a(), "r", service_trust("lambda.amazonaws.com")).await;
    let lambda = as_caller(Caller::service("lambda.amazonaws.com"), Access::Strict);
    let input = sts::AssumeRoleRequest { role_session_name: "my-function".into(), ..assume(&made.arn) };
    let credentials = world.sts.assume_role(&lambda, input).await.unwrap().credentials.unwrap();

    let restarted = over(world.store.clone(), world.clock.clone());
    let key = restarted.directory.lookup(&credentials.access_key_id).unwrap();
    assert_eq!(key.session_token.as_deref(), Some(credentials.session_token.as_str()));
    assert_eq!(key.caller.arn, "arn:aws:sts::111111111111:assumed-role/r/my-function");
    assert_eq!(key.caller.principal_id, format!("{}:my-function", made.role_id));
    assert_eq!(key.expires, Some(credentials.expiration));

    let other = as_caller(Caller::service("events.amazonaws.com"), Access::Strict);
    refused(
        world.sts.assume_role(&other, assume(&made.arn)).await,
        "AccessDenied",
        &format!("User: events.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: {}", made.arn),
    );
    let found = restarted.directory.role(&made.arn).await.unwrap();
    assert_eq!(found.role_id, made.role_id);
    assert!(restarted.directory.role("arn:aws:iam::111111111111:role/other/r").await.is_none());
}

fn assume(arn: &str) -> sts::AssumeRoleRequest {
    sts::AssumeRoleRequest { role_arn: arn.into(), role_session_name: "s1".into(), ..Default::default() }
}

#[tokio::test]
async fn open_access_lets_a_missing_role_pass_and_says_so() {
    let world = world();
    let missing = "arn:aws:iam::111111111111:role/missing";
    let lambda = as_caller(Caller::service("lambda.amazonaws.com"), Access::Open);
    let answer = world.sts.assume_role(&lambda, assume(missing)).await.unwrap();
    let key = answer.credentials.unwrap().access_key_id;
    assert_eq!(caller_of(&world, &key).arn, "arn:aws:sts::111111111111:assumed-role/missing/s1");
    assert_eq!(lambda.hints()[0].code, "AccessDenied");
    let strict = as_caller(Caller::service("lambda.amazonaws.com"), Access::Strict);
    assert_eq!(world.sts.assume_role(&strict, assume(missing)).await.unwrap_err().code, "AccessDenied");
}

#[tokio::test]
async fn sessions_have_their_bounds() {
    let world = world();
    user(&world, &a(), "u").await;
    let input = iam::CreateAccessKeyRequest { user_name: Some("u".into()) };
    let key = world.iam.create_access_key(&a(), input).await.unwrap().access_key;
    let as_user = as_caller(caller_of(&world, &key.access_key_id), Access::Strict);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:user/u"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"e-1"}}}]}"#;
    let made = role(&world, &a(), "r", trust.to_owned()).await;
    let with_id = |input: sts::AssumeRoleRequest| sts::AssumeRoleRequest { external_id: Some("e-1".into()), ..input };

    assert_eq!(world.sts.assume_role(&as_user, assume(&made.arn)).await.unwrap_err().code, "AccessDenied");
    let long = sts::AssumeRoleRequest { duration_seconds: Some(7200), ..with_id(assume(&made.arn)) };
    refused(
        world.sts.assume_role(&as_user, long.clone()).await,
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
    let session = world.sts.assume_role(&as_user, with_id(assume(&made.arn))).await.unwrap();
    let session_key = session.credentials.unwrap().access_key_id;
    assert_eq!(world.directory.lookup(&session_key).unwrap().issued_to, Some(key.access_key_id.clone()));
    let as_session = as_caller(caller_of(&world, &session_key), Access::Open);
    refused(
        world.sts.assume_role(&as_session, long).await,
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    );
    refused(
        world.sts.get_session_token(&as_session, Default::default()).await,
        "AccessDenied",
        "Cannot call GetSessionToken with session credentials",
    );
    let own = world.sts.get_session_token(&as_user, Default::default()).await.unwrap().credentials.unwrap();
    assert_eq!(caller_of(&world, &own.access_key_id).arn, "arn:aws:iam::111111111111:user/u");
    let root = as_caller(Caller::root(&account("111111111111")), Access::Strict);
    refused(
        world.sts.assume_role(&root, assume(&made.arn)).await,
        "AccessDenied",
        "Roles may not be assumed by root accounts.",
    );
}

#[tokio::test]
async fn ended_sessions_are_cleared_by_new_ones() {
    let world = world();
    let open = || async {
        let input = sts::GetFederationTokenRequest {
            name: "someone".into(),
            duration_seconds: Some(900),
            ..Default::default()
        };
        world.sts.get_federation_token(&a(), input).await.unwrap()
    };
    let first = open().await;
    let user = first.federated_user.unwrap();
    assert_eq!(user.arn, "arn:aws:sts::111111111111:federated-user/someone");
    assert_eq!((user.federated_user_id.as_str(), first.packed_policy_size), ("111111111111:someone", Some(0)));
    let key = first.credentials.unwrap().access_key_id;
    world.clock.advance(Duration::from_secs(3600));
    open().await;
    let ended = world.directory.lookup(&key).expect("still known, so that it is said to have ended");
    assert!(ended.expires.unwrap() < world.clock.now());
    world.clock.advance(Duration::from_secs(48 * 3600));
    open().await;
    assert!(world.directory.lookup(&key).is_none());
}

#[tokio::test]
async fn malformed_role_arns_are_named() {
    let (world, cx) = (world(), a());
    for arn in ["nothing-valid-in-here", "arn::b:::something/test-role", "arn:a::::something/test-role"] {
        refused(world.sts.assume_role(&cx, assume(arn)).await, "ValidationError", &format!("{arn} is invalid"));
    }
}
