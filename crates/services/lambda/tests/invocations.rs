//! Invocations: answers, limits, permissions.

mod world;

use std::sync::Arc;

use api_lambda::Lambda;
use api_lambda::types::*;
use bytes::Bytes;
use kernel::{Access, AccountId, Caller, OsRng, VirtualClock};
use store::Store;
use wire::Doc;
use world::*;

#[tokio::test]
async fn the_answer_is_the_functions_to_the_byte() {
    let world = World::new();
    world.create("f").await;
    let answer = world.invoke("f", "{ \"a\" :  1.0 }").await.unwrap();
    assert_eq!(answer.payload, Some(Bytes::from_static(b"{ \"a\" :  1.0 }")));
    assert_eq!((answer.status_code, answer.executed_version.as_deref()), (Some(200), Some("$LATEST")));
    assert_eq!(answer.log_result, None);
    let mut request = invocation("f", "", "RequestResponse");
    request.log_type = Some(LogType::Tail);
    request.client_context = Some("eyJhIjoxfQ==".to_owned());
    let answer = world.lambda.invoke(&cx(), request).await.unwrap();
    assert_eq!((answer.payload, answer.log_result.as_deref()), (Some(Bytes::from_static(b"{}")), Some("RU5E")));
    let ran = world.engine.ran.lock().unwrap();
    assert_eq!(ran[1].1.client_context.as_deref(), Some(r#"{"a":1}"#));
    assert!(Arc::ptr_eq(&ran[0].0, &ran[1].0), "a warm invocation reads nothing");
}

#[tokio::test]
async fn a_failed_function_is_an_answer_with_function_error() {
    let world = World::new();
    world.create("f").await;
    world.engine.answer(|_, _| failure("boom"));
    let answer = world.invoke("f", "{}").await.unwrap();
    assert_eq!((answer.status_code, answer.function_error.as_deref()), (Some(200), Some("Unhandled")));
}

#[tokio::test]
async fn the_function_sees_the_arn_that_was_asked_for() {
    let world = World::new();
    let arn = world.create("f").await.function_arn.unwrap();
    for (name, seen) in [
        ("f", arn.clone()),
        ("f:$LATEST", format!("{arn}:$LATEST")),
        ("000000000000:function:f", arn.clone()),
        (arn.as_str(), arn.clone()),
    ] {
        world.invoke(name, "{}").await.unwrap();
        assert_eq!(world.engine.ran.lock().unwrap().last().unwrap().1.invoked_arn, seen);
    }
}

#[tokio::test]
async fn a_dry_run_runs_nothing() {
    let world = World::new();
    world.create("f").await;
    let answer = world.lambda.invoke(&cx(), invocation("f", "{}", "DryRun")).await.unwrap();
    assert_eq!(answer.status_code, Some(204));
    assert_eq!(world.engine.runs(), 0);
}

#[tokio::test]
async fn what_cannot_be_invoked_is_said_as_aws_says_it() {
    let world = World::new();
    let missing = world.invoke("f", "{}").await.unwrap_err();
    assert_eq!(message(&missing), "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f");
    world.create("f").await;
    let missing = world.invoke("f:7", "{}").await.unwrap_err();
    assert_eq!(message(&missing), "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:7");
    let broken = world.invoke("f", "{'id':'7'}").await.unwrap_err();
    assert_eq!(broken.name(), "InvalidRequestContentException");
    assert!(message(&broken).starts_with("Could not parse request body into json: "));
    let mut java = new_function("j");
    java.runtime = Some("java21".into());
    world.lambda.create_function(&cx(), java).await.unwrap();
    let unavailable = world.invoke("j", "{}").await.unwrap_err();
    assert_eq!((unavailable.status, message(&unavailable)), (502, "no Java here"));
}

#[tokio::test]
async fn payloads_have_their_limits() {
    let world = World::new();
    world.create("f").await;
    for (bytes, kind, fits) in [
        (6 << 20, "RequestResponse", true),
        ((6 << 20) + 1, "RequestResponse", false),
        (1 << 20, "Event", true),
        ((1 << 20) + 1, "Event", false),
    ] {
        let mut request = invocation("f", "", kind);
        request.payload = Some(format!("\"{}\"", "x".repeat(bytes - 2)).into());
        let answer = world.lambda.invoke(&cx(), request).await;
        assert_eq!(answer.is_ok(), fits, "{bytes} {kind}");
        if let Err(error) = answer {
            let name = if kind == "Event" { "RequestEntityTooLargeException" } else { "RequestTooLargeException" };
            assert_eq!((error.status, error.name()), (413, name));
        }
    }
}

#[tokio::test]
async fn reserved_concurrency_throttles_with_its_reason() {
    let world = World::new();
    world.create("f").await;
    let reserve =
        |n| PutFunctionConcurrencyRequest { function_name: "f".to_owned(), reserved_concurrent_executions: n };
    world.lambda.put_function_concurrency(&cx(), reserve(1)).await.unwrap();
    world.engine.gate.send_replace(false);
    let lambda = world.lambda.clone();
    let first = tokio::spawn(async move { lambda.invoke(&cx(), invocation("f", "1", "RequestResponse")).await });
    world.ran(1).await;
    let throttled = world.invoke("f", "2").await.unwrap_err();
    assert_eq!((throttled.status, message(&throttled)), (429, "Rate Exceeded."));
    let reason = "ReservedFunctionConcurrentInvocationLimitExceeded".to_owned();
    assert!(throttled.members.contains(&("Reason", Doc::Str(reason))));
    world.engine.gate.send_replace(true);
    assert!(first.await.unwrap().is_ok());
    assert!(world.invoke("f", "3").await.is_ok(), "the permit came back");
    let refused = world.lambda.put_function_concurrency(&cx(), reserve(901)).await.unwrap_err();
    assert!(message(&refused).ends_with("below its minimum value of [100]."));
}

#[tokio::test]
async fn the_accounts_concurrency_throttles_functions_without_a_reservation() {
    let clock = Arc::new(VirtualClock::default());
    let world = World::over(Store::memory(clock.clone(), Arc::new(OsRng)), clock, 1);
    world.create("f").await;
    world.create("g").await;
    world.engine.gate.send_replace(false);
    let lambda = world.lambda.clone();
    let first = tokio::spawn(async move { lambda.invoke(&cx(), invocation("f", "1", "RequestResponse")).await });
    world.ran(1).await;
    let throttled = world.invoke("g", "2").await.unwrap_err();
    let reason = "ConcurrentInvocationLimitExceeded".to_owned();
    assert!(throttled.members.contains(&("Reason", Doc::Str(reason))));
    world.engine.gate.send_replace(true);
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_invocation_goes_on_when_its_caller_goes_away() {
    let world = World::new();
    world.create("f").await;
    world.engine.gate.send_replace(false);
    let lambda = world.lambda.clone();
    let caller = tokio::spawn(async move { lambda.invoke(&cx(), invocation("f", "1", "RequestResponse")).await });
    world.ran(1).await;
    caller.abort();
    let ended = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let seen = ended.clone();
    world.engine.answer(move |_, _| {
        seen.store(true, std::sync::atomic::Ordering::SeqCst);
        Ok(Bytes::new())
    });
    world.engine.gate.send_replace(true);
    until(|| ended.load(std::sync::atomic::Ordering::SeqCst)).await;
}

fn permission(function: &str, principal: &str, source: Option<&str>) -> AddPermissionRequest {
    AddPermissionRequest {
        function_name: function.to_owned(),
        statement_id: "s".to_owned(),
        action: "lambda:InvokeFunction".to_owned(),
        principal: principal.to_owned(),
        source_arn: source.map(str::to_owned),
        ..AddPermissionRequest::default()
    }
}

#[tokio::test]
async fn a_service_needs_a_permission_for_its_source() {
    let world = World::new();
    world.create("f").await;
    let service = |source: &str| {
        let mut cx = cx_of(Caller::service("logs.amazonaws.com"), Access::Open);
        cx.source_arn = Some(source.into());
        cx
    };
    let ours = "arn:aws:logs:us-east-1:000000000000:log-group:g:*";
    let event = || invocation("f", "{}", "Event");
    assert_eq!(world.lambda.invoke(&service(ours), event()).await.unwrap_err().status, 403);
    world.lambda.add_permission(&cx(), permission("f", "logs.amazonaws.com", Some(ours))).await.unwrap();
    assert!(world.lambda.invoke(&service(ours), event()).await.is_ok());
    assert_eq!(world.lambda.invoke(&service("arn:aws:logs:x"), event()).await.unwrap_err().status, 403);
    let remove = RemovePermissionRequest {
        function_name: "f".to_owned(),
        statement_id: "s".to_owned(),
        ..RemovePermissionRequest::default()
    };
    world.lambda.remove_permission(&cx(), remove.clone()).await.unwrap();
    assert_eq!(world.lambda.remove_permission(&cx(), remove).await.unwrap_err().status, 404);
    assert_eq!(world.lambda.invoke(&service(ours), event()).await.unwrap_err().status, 403);
}

#[tokio::test]
async fn another_account_needs_a_permission() {
    let world = World::new();
    let arn = world.create("f").await.function_arn.unwrap();
    let stranger = cx_in("111111111111", "us-east-1");
    let request = InvocationRequest { function_name: arn, ..invocation("f", "{}", "RequestResponse") };
    assert_eq!(world.lambda.invoke(&stranger, request.clone()).await.unwrap_err().status, 403);
    world.lambda.add_permission(&cx(), permission("f", "111111111111", None)).await.unwrap();
    assert!(world.lambda.invoke(&stranger, request).await.is_ok());
    let _ = AccountId::default();
}

#[tokio::test]
async fn policies_are_printed_and_bound_to_their_qualifier() {
    let world = World::new();
    world.create("f").await;
    let none = GetPolicyRequest { function_name: "f".to_owned(), qualifier: None };
    let missing = world.lambda.get_policy(&cx(), none.clone()).await.unwrap_err();
    assert_eq!(message(&missing), "The resource you requested does not exist.");
    world.lambda.add_permission(&cx(), permission("f", "s3.amazonaws.com", None)).await.unwrap();
    let twice = world.lambda.add_permission(&cx(), permission("f", "s3.amazonaws.com", None)).await.unwrap_err();
    assert_eq!(twice.status, 409);
    let policy = world.lambda.get_policy(&cx(), none).await.unwrap();
    assert!(policy.policy.unwrap().starts_with(r#"{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"s""#));
    let latest = permission("f:$LATEST", "s3.amazonaws.com", None);
    assert_eq!(world.lambda.add_permission(&cx(), latest).await.unwrap_err().status, 400);
    let version = permission("f:1", "s3.amazonaws.com", None);
    assert_eq!(world.lambda.add_permission(&cx(), version).await.unwrap_err().status, 404);
}
