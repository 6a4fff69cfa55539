//! Provisioned concurrency: configurations, what they claim, and what the engine is asked to keep.

mod world;

use std::sync::Arc;

use api_lambda::Lambda;
use api_lambda::types::ProvisionedConcurrencyStatusEnum as Status;
use api_lambda::types::*;
use kernel::{OsRng, VirtualClock};
use runtime::KeepFailure;
use store::Store;
use wire::ApiError;
use world::*;

/// A function with one version, and alias `live` of it.
async fn published(limit: u32) -> World {
    let clock = Arc::new(VirtualClock::default());
    let store = Store::memory(clock.clone(), Arc::new(OsRng));
    let world = World::over(store, clock, limit);
    world.create("f").await;
    publish(&world, "1").await;
    let alias = CreateAliasRequest {
        function_name: "f".to_owned(),
        name: "live".to_owned(),
        function_version: "1".to_owned(),
        ..CreateAliasRequest::default()
    };
    world.lambda.create_alias(&cx(), alias).await.unwrap();
    world
}

async fn publish(world: &World, number: &str) {
    let request = PublishVersionRequest { function_name: "f".to_owned(), ..PublishVersionRequest::default() };
    assert_eq!(world.lambda.publish_version(&cx(), request).await.unwrap().version.as_deref(), Some(number));
}

async fn put(world: &World, qualifier: &str, count: i32) -> Result<PutProvisionedConcurrencyConfigResponse, ApiError> {
    let request = PutProvisionedConcurrencyConfigRequest {
        function_name: "f".to_owned(),
        qualifier: qualifier.to_owned(),
        provisioned_concurrent_executions: count,
    };
    world.lambda.put_provisioned_concurrency_config(&cx(), request).await
}

async fn get(world: &World, qualifier: &str) -> Result<GetProvisionedConcurrencyConfigResponse, ApiError> {
    let request =
        GetProvisionedConcurrencyConfigRequest { function_name: "f".to_owned(), qualifier: qualifier.to_owned() };
    world.lambda.get_provisioned_concurrency_config(&cx(), request).await
}

async fn delete(world: &World, qualifier: &str) -> Result<DeleteProvisionedConcurrencyConfigResponse, ApiError> {
    let request =
        DeleteProvisionedConcurrencyConfigRequest { function_name: "f".to_owned(), qualifier: qualifier.to_owned() };
    world.lambda.delete_provisioned_concurrency_config(&cx(), request).await
}

async fn becomes(world: &World, qualifier: &str, status: Status) -> GetProvisionedConcurrencyConfigResponse {
    for _ in 0..1_000 {
        let shown = get(world, qualifier).await.unwrap();
        if shown.status == Some(status.clone()) {
            return shown;
        }
        tokio::task::yield_now().await;
    }
    panic!("{qualifier} does not become {status:?}");
}

#[tokio::test]
async fn a_configuration_is_in_progress_until_its_environments_are_there() {
    let world = published(1_000).await;
    let made = put(&world, "1", 5).await.unwrap();
    assert_eq!((made.status, made.allocated_provisioned_concurrent_executions), (Some(Status::InProgress), Some(0)));
    until(|| world.engine.keeps("f:1") == Some(5)).await;
    world.engine.stands("f:1", 5, None);
    let ready = becomes(&world, "1", Status::Ready).await;
    assert_eq!(ready.allocated_provisioned_concurrent_executions, Some(5));
    assert_eq!(ready.available_provisioned_concurrent_executions, Some(5));
    world.engine.stands("f:1", 4, None);
    tokio::task::yield_now().await;
    let again = becomes(&world, "1", Status::Ready).await;
    assert_eq!(again.allocated_provisioned_concurrent_executions, Some(5));
    world.engine.stands("f:1", 0, Some(KeepFailure::Init));
    let failed = becomes(&world, "1", Status::Failed).await;
    assert_eq!(failed.status_reason.as_deref(), Some("FUNCTION_ERROR_INIT_FAILURE"));
    delete(&world, "1").await.unwrap();
    delete(&world, "1").await.unwrap();
    assert_eq!(world.engine.keeps("f:1"), None);
    let gone = get(&world, "1").await.unwrap_err();
    assert_eq!((gone.name(), gone.status), ("ProvisionedConcurrencyConfigNotFoundException", 404));
    assert_eq!(message(&gone), "No Provisioned Concurrency Config found for this function");
}

#[tokio::test]
async fn what_cannot_have_it_is_refused_in_awss_words() {
    let world = published(573).await;
    publish(&world, "1").await;
    for (qualifier, count, words) in [
        ("$LATEST", 1, "Provisioned Concurrency Configs cannot be applied to unpublished function versions."),
        ("7", 1, "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f:7"),
        ("no", 1, "Cannot find alias arn: arn:aws:lambda:us-east-1:000000000000:function:f:no"),
        (
            "1",
            574,
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [573].",
        ),
        (
            "1",
            573,
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its \
             minimum value of [100].",
        ),
    ] {
        let error = put(&world, qualifier, count).await.unwrap_err();
        assert_eq!(message(&error), words);
    }
    put(&world, "live", 2).await.unwrap();
    let twice = put(&world, "1", 1).await.unwrap_err();
    assert_eq!((twice.status, message(&twice)), (409, "Version is pointed by a Provisioned Concurrency alias"));
    let lower = PutFunctionConcurrencyRequest { function_name: "f".to_owned(), reserved_concurrent_executions: 1 };
    let error = world.lambda.put_function_concurrency(&cx(), lower).await.unwrap_err();
    assert!(message(&error).ends_with("should not be lower than function's total provisioned concurrency [2]."));
    let reserve = PutFunctionConcurrencyRequest { function_name: "f".to_owned(), reserved_concurrent_executions: 2 };
    world.lambda.put_function_concurrency(&cx(), reserve).await.unwrap();
    let more = put(&world, "live", 3).await.unwrap_err();
    assert!(message(&more).starts_with("Requested Provisioned Concurrency should not be greater"), "{more}");
}

#[tokio::test]
async fn an_alias_takes_its_environments_along() {
    let world = published(1_000).await;
    put(&world, "live", 2).await.unwrap();
    until(|| world.engine.keeps("f:1") == Some(2)).await;
    let update = UpdateFunctionConfigurationRequest {
        function_name: "f".to_owned(),
        description: Some("changed".to_owned()),
        ..UpdateFunctionConfigurationRequest::default()
    };
    world.lambda.update_function_configuration(&cx(), update).await.unwrap();
    publish(&world, "2").await;
    let change = |version: &str| UpdateAliasRequest {
        function_name: "f".to_owned(),
        name: "live".to_owned(),
        function_version: Some(version.to_owned()),
        ..UpdateAliasRequest::default()
    };
    world.lambda.update_alias(&cx(), change("2")).await.unwrap();
    until(|| world.engine.keeps("f:2") == Some(2)).await;
    assert_eq!(world.engine.keeps("f:1"), None);
    put(&world, "1", 1).await.unwrap();
    let taken = world.lambda.update_alias(&cx(), change("1")).await.unwrap_err();
    assert!(message(&taken).starts_with("Alias can't be used for Provisioned Concurrency"), "{taken}");
    let list = ListProvisionedConcurrencyConfigsRequest { function_name: "f".to_owned(), ..Default::default() };
    let listed = world.lambda.list_provisioned_concurrency_configs(&cx(), list).await.unwrap();
    let listed = listed.provisioned_concurrency_configs.unwrap();
    let arns: Vec<_> = listed.iter().map(|config| config.function_arn.clone().unwrap()).collect();
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    assert_eq!(arns, [format!("{arn}:1"), format!("{arn}:live")]);
    let all = DeleteFunctionRequest { function_name: "f".to_owned(), qualifier: None };
    world.lambda.delete_function(&cx(), all).await.unwrap();
    assert_eq!((world.engine.keeps("f:1"), world.engine.keeps("f:2")), (None, None));
    world.create("f").await;
    publish(&world, "1").await;
    assert!(get(&world, "1").await.is_err(), "a new function of that name has none");
}

#[tokio::test]
async fn a_restart_makes_the_environments_again_and_claims_their_room_at_once() {
    let clock = Arc::new(VirtualClock::default());
    let store = Store::memory(clock.clone(), Arc::new(OsRng));
    let world = World::over(store.clone(), clock.clone(), 110);
    world.create("f").await;
    publish(&world, "1").await;
    put(&world, "1", 10).await.unwrap();
    let again = World::over(store, clock, 110);
    world.create("g").await;
    let reserve = PutFunctionConcurrencyRequest { function_name: "g".to_owned(), reserved_concurrent_executions: 1 };
    assert!(again.lambda.put_function_concurrency(&cx(), reserve).await.is_err());
    assert_eq!(get(&again, "1").await.unwrap().status, Some(Status::InProgress));
    let again = again.start();
    until(|| again.engine.keeps("f:1") == Some(10)).await;
}

#[tokio::test]
async fn calls_of_the_version_use_it_and_spill_over() {
    let world = published(1_000).await;
    put(&world, "live", 1).await.unwrap();
    until(|| world.engine.keeps("f:1") == Some(1)).await;
    world.engine.stands("f:1", 1, None);
    becomes(&world, "live", Status::Ready).await;
    world.engine.gate.send_replace(false);
    let lambda = world.lambda.clone();
    let first = tokio::spawn(async move { lambda.invoke(&cx(), invocation("f:live", "{}", "RequestResponse")).await });
    world.ran(1).await;
    let lambda = world.lambda.clone();
    let more = tokio::spawn(async move { lambda.invoke(&cx(), invocation("f:live", "{}", "RequestResponse")).await });
    world.ran(2).await;
    world.engine.gate.send_replace(true);
    first.await.unwrap().unwrap();
    more.await.unwrap().unwrap();
    world.invoke("f", "{}").await.unwrap();
    for (metric, sum) in [
        ("ProvisionedConcurrencyInvocations{FunctionName=f,Resource=f:live}", 1.0),
        ("ProvisionedConcurrencySpilloverInvocations{FunctionName=f,Resource=f:live}", 1.0),
        ("ProvisionedConcurrencyInvocations{FunctionName=f,Resource=f}", 0.0),
        ("Invocations{FunctionName=f}", 3.0),
    ] {
        assert_eq!(world.sum(metric), sum, "{metric}");
    }
    assert_eq!(world.highest("ProvisionedConcurrencyUtilization{FunctionName=f,Resource=f:live}"), Some(1.0));
}
