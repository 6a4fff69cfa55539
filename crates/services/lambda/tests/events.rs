//! Accepted events: durable, retried as AWS retries, given up as AWS gives up.

mod world;

use std::sync::Arc;

use api_lambda::Lambda;
use api_lambda::types::*;
use kernel::VirtualClock;
use world::*;

const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:failed";

fn config(retries: Option<i32>, age: Option<i32>) -> PutFunctionEventInvokeConfigRequest {
    PutFunctionEventInvokeConfigRequest {
        function_name: "f".to_owned(),
        maximum_retry_attempts: retries,
        maximum_event_age_in_seconds: age,
        destination_config: Some(DestinationConfig {
            on_failure: Some(OnFailure { destination: Some(QUEUE.to_owned()) }),
            on_success: None,
        }),
        ..PutFunctionEventInvokeConfigRequest::default()
    }
}

fn told(world: &World) -> Vec<serde_json::Value> {
    world
        .sqs
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|sent| serde_json::from_str(sent.message_body.as_ref().unwrap()).unwrap())
        .collect()
}

#[tokio::test]
async fn an_event_is_answered_at_once_and_runs() {
    let world = World::new().start();
    world.create("f").await;
    let answer = world.send("f", "{\"n\":1}").await.unwrap();
    assert_eq!(answer, InvocationResponse { status_code: Some(202), ..InvocationResponse::default() });
    world.no_events().await;
    assert_eq!(world.engine.ran.lock().unwrap()[0].1.payload, "{\"n\":1}");
    let deprecated = InvokeAsyncRequest { function_name: "f".to_owned(), invoke_args: "{}".into() };
    assert_eq!(world.lambda.invoke_async(&cx(), deprecated).await.unwrap().status, Some(202));
    world.ran(2).await;
}

#[tokio::test]
async fn two_retries_after_one_and_two_minutes_with_the_same_request_id() {
    let world = World::new().start();
    world.create("f").await;
    world.lambda.put_function_event_invoke_config(&cx(), config(None, None)).await.unwrap();
    world.engine.answer(|_, _| failure("boom"));
    world.send("f", "{\"a\":1}").await.unwrap();
    world.ran(1).await;
    for (pause, runs) in [(59, 1), (2, 2), (118, 2), (3, 3)] {
        world.advance(pause);
        world.ran(runs).await;
        assert_eq!(world.engine.runs(), runs);
    }
    world.no_events().await;
    let ids: Vec<String> = world.engine.ran.lock().unwrap().iter().map(|ran| ran.1.request_id.clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    let told = told(&world);
    assert_eq!(told[0]["requestContext"]["condition"], "RetriesExhausted");
    assert_eq!(told[0]["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(told[0]["requestContext"]["requestId"], ids[0].as_str());
    assert_eq!(told[0]["requestPayload"]["a"], 1);
    assert_eq!(told[0]["responseContext"]["functionError"], "Unhandled");
    assert_eq!(told[0]["responsePayload"]["errorMessage"], "boom");
}

#[tokio::test]
async fn an_event_that_grows_too_old_is_given_up() {
    let world = World::new().start();
    world.create("f").await;
    world.lambda.put_function_event_invoke_config(&cx(), config(Some(2), Some(60))).await.unwrap();
    world.engine.answer(|_, _| failure("boom"));
    world.send("f", "{}").await.unwrap();
    world.no_events().await;
    assert_eq!(told(&world)[0]["requestContext"]["condition"], "EventAgeExceeded");
    assert_eq!(world.engine.runs(), 1);
}

#[tokio::test]
async fn no_retries_when_the_function_wants_none() {
    let world = World::new().start();
    world.create("f").await;
    world.lambda.put_function_event_invoke_config(&cx(), config(Some(0), None)).await.unwrap();
    world.engine.answer(|_, _| failure("boom"));
    world.send("f", "{}").await.unwrap();
    world.no_events().await;
    assert_eq!((world.engine.runs(), told(&world).len()), (1, 1));
}

#[tokio::test]
async fn a_throttled_event_waits_for_room() {
    let world = World::new().start();
    world.create("f").await;
    let reserve = PutFunctionConcurrencyRequest { function_name: "f".to_owned(), reserved_concurrent_executions: 1 };
    world.lambda.put_function_concurrency(&cx(), reserve).await.unwrap();
    world.engine.gate.send_replace(false);
    world.send("f", "1").await.unwrap();
    world.ran(1).await;
    world.send("f", "2").await.unwrap();
    world.engine.gate.send_replace(true);
    world.no_events_within_backoff().await;
    assert_eq!(world.engine.runs(), 2);
}

#[tokio::test]
async fn an_event_that_found_no_room_in_time_is_told_with_what_was_sent() {
    let world = World::new().start();
    world.create("f").await;
    world.lambda.put_function_event_invoke_config(&cx(), config(None, Some(60))).await.unwrap();
    let reserve = PutFunctionConcurrencyRequest { function_name: "f".to_owned(), reserved_concurrent_executions: 1 };
    world.lambda.put_function_concurrency(&cx(), reserve).await.unwrap();
    world.engine.gate.send_replace(false);
    world.send("f", "{\"n\":1}").await.unwrap();
    world.ran(1).await;
    world.send("f", "{\"n\":2}").await.unwrap();
    until(|| {
        world.advance(1);
        !world.sqs.0.lock().unwrap().is_empty()
    })
    .await;
    let told = told(&world);
    assert_eq!(told[0]["requestContext"]["condition"], "EventAgeExceeded");
    assert_eq!(told[0]["requestContext"]["approximateInvokeCount"], 0);
    assert_eq!(told[0]["requestPayload"], serde_json::json!({ "n": 2 }));
    assert_eq!((told[0].get("responseContext"), told[0].get("responsePayload")), (None, None));
    world.engine.gate.send_replace(true);
    world.no_events().await;
}

#[tokio::test]
async fn an_event_without_a_payload_dies_as_the_empty_object_that_the_function_got() {
    let world = World::new().start();
    let mut request = new_function("f");
    request.dead_letter_config = Some(DeadLetterConfig { target_arn: Some(QUEUE.to_owned()) });
    world.lambda.create_function(&cx(), request).await.unwrap();
    world.lambda.put_function_event_invoke_config(&cx(), config(Some(0), None)).await.unwrap();
    world.engine.answer(|_, _| failure("boom"));
    world.send("f", "").await.unwrap();
    world.no_events().await;
    let told = told(&world);
    assert_eq!((&told[0]["requestPayload"], &told[1]), (&serde_json::json!({}), &serde_json::json!({})));
}

impl World {
    /// Moves the clock on while an event backs off.
    async fn no_events_within_backoff(&self) {
        until(|| {
            self.advance(1);
            self.lambda.events_open() == 0
        })
        .await;
    }
}

#[tokio::test]
async fn a_function_that_may_never_run_gives_its_events_up() {
    let world = World::new().start();
    world.create("f").await;
    world.lambda.put_function_event_invoke_config(&cx(), config(None, None)).await.unwrap();
    let reserve = PutFunctionConcurrencyRequest { function_name: "f".to_owned(), reserved_concurrent_executions: 0 };
    world.lambda.put_function_concurrency(&cx(), reserve).await.unwrap();
    world.send("f", "{}").await.unwrap();
    world.no_events().await;
    assert_eq!(world.engine.runs(), 0);
    assert_eq!(told(&world)[0]["requestContext"]["condition"], "ZeroReservedConcurrency");
}

#[tokio::test]
async fn a_dead_letter_queue_gets_the_event_itself() {
    let world = World::new().start();
    let mut request = new_function("f");
    request.dead_letter_config = Some(DeadLetterConfig { target_arn: Some(QUEUE.to_owned()) });
    world.lambda.create_function(&cx(), request).await.unwrap();
    let retries = PutFunctionEventInvokeConfigRequest { destination_config: None, ..config(Some(0), None) };
    world.lambda.put_function_event_invoke_config(&cx(), retries).await.unwrap();
    world.engine.answer(|_, _| failure("boom"));
    world.send("f", "{\"a\":1}").await.unwrap();
    world.no_events().await;
    let sent = world.sqs.0.lock().unwrap();
    assert_eq!(sent[0].message_body.as_deref(), Some("{\"a\":1}"));
    assert_eq!(sent[0].queue_url.as_deref(), Some("https://sqs.us-east-1.amazonaws.com/000000000000/failed"));
    let attributes = sent[0].message_attributes.as_ref().unwrap();
    assert_eq!(attributes["ErrorMessage"].string_value.as_deref(), Some("boom"));
}

#[tokio::test]
async fn a_success_is_told_to_a_function() {
    let world = World::new().start();
    world.create("f").await;
    world.create("next").await;
    let target = "arn:aws:lambda:us-east-1:000000000000:function:next".to_owned();
    let on_success = DestinationConfig { on_success: Some(OnSuccess { destination: Some(target) }), on_failure: None };
    let config = PutFunctionEventInvokeConfigRequest { destination_config: Some(on_success), ..config(None, None) };
    world.lambda.put_function_event_invoke_config(&cx(), config).await.unwrap();
    world.send("f", "{}").await.unwrap();
    world.ran(2).await;
    let ran = world.engine.ran.lock().unwrap();
    assert_eq!(ran[1].0.function_name, "next");
    let told: serde_json::Value = serde_json::from_slice(&ran[1].1.payload).unwrap();
    assert_eq!(told["requestContext"]["condition"], "Success");
    assert_eq!(told["responseContext"], serde_json::json!({ "statusCode": 200, "executedVersion": "$LATEST" }));
}

#[tokio::test]
async fn the_events_of_a_deleted_function_end_with_it() {
    let world = World::new().start();
    world.create("f").await;
    world.engine.answer(|_, _| failure("boom"));
    world.send("f", "{}").await.unwrap();
    world.ran(1).await;
    let delete = DeleteFunctionRequest { function_name: "f".to_owned(), qualifier: None };
    world.lambda.delete_function(&cx(), delete).await.unwrap();
    world.create("f").await;
    until(|| {
        world.advance(30);
        world.lambda.events_open() == 0
    })
    .await;
    assert_eq!(world.engine.runs(), 1, "the new function of that name does not get them");
}

#[tokio::test]
async fn accepted_events_and_functions_survive_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let clock = Arc::new(VirtualClock::default());
    let before = World::over(reopen(dir.path(), &clock).await, clock.clone(), 1_000);
    before.create("f").await;
    let reserve = PutFunctionConcurrencyRequest { function_name: "f".to_owned(), reserved_concurrent_executions: 7 };
    before.lambda.put_function_concurrency(&cx(), reserve).await.unwrap();
    before.engine.answer(|_, _| failure("boom"));
    let before = before.start();
    before.send("f", "{\"n\":0}").await.unwrap();
    before.ran(1).await;
    until(|| before.lambda.events_open() == 1).await;
    for _ in 0..20 {
        before.send("f", "{\"n\":1}").await.unwrap();
    }
    // Nothing is told to end: the server is gone between one moment and the next.
    before.store.close().await;
    drop(before);
    let after = World::over(reopen(dir.path(), &clock).await, clock, 1_000).start();
    assert_eq!(after.lambda.events_open(), 21);
    until(|| {
        after.advance(10);
        after.lambda.events_open() == 0
    })
    .await;
    assert!(after.engine.runs() >= 21);
    let settings = after.lambda.get_account_settings(&cx(), GetAccountSettingsRequest {}).await.unwrap();
    assert_eq!(settings.account_limit.unwrap().unreserved_concurrent_executions, Some(993));
    assert_eq!(after.invoke("f", "1").await.unwrap().payload.unwrap(), "1", "its code was unpacked again");
    // The store must be done with its folder before the folder goes.
    after.store.close().await;
}

#[tokio::test]
async fn event_invoke_configurations_are_kept_per_qualifier() {
    let world = World::new();
    world.create("f").await;
    let made = world.lambda.put_function_event_invoke_config(&cx(), config(Some(1), Some(60))).await.unwrap();
    assert!(made.function_arn.unwrap().ends_with(":$LATEST"));
    let update = UpdateFunctionEventInvokeConfigRequest {
        function_name: "f".to_owned(),
        maximum_retry_attempts: Some(0),
        ..UpdateFunctionEventInvokeConfigRequest::default()
    };
    let updated = world.lambda.update_function_event_invoke_config(&cx(), update).await.unwrap();
    assert_eq!((updated.maximum_retry_attempts, updated.maximum_event_age_in_seconds), (Some(0), Some(60)));
    let get = GetFunctionEventInvokeConfigRequest { function_name: "f".to_owned(), qualifier: None };
    assert_eq!(world.lambda.get_function_event_invoke_config(&cx(), get).await.unwrap(), updated);
    let list = ListFunctionEventInvokeConfigsRequest { function_name: "f".to_owned(), ..Default::default() };
    let listed = world.lambda.list_function_event_invoke_configs(&cx(), list).await.unwrap();
    assert_eq!(listed.function_event_invoke_configs.unwrap().len(), 1);
    let delete = DeleteFunctionEventInvokeConfigRequest { function_name: "f".to_owned(), qualifier: None };
    world.lambda.delete_function_event_invoke_config(&cx(), delete.clone()).await.unwrap();
    let gone = world.lambda.delete_function_event_invoke_config(&cx(), delete).await.unwrap_err();
    assert!(message(&gone).ends_with(":$LATEST doesn't have an EventInvokeConfig"));
}
