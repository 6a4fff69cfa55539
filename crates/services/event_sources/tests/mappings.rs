//! A mapping's task: concurrency, failures, throttles, problems, changes under way.

mod world;

use api_lambda::Lambda;
use api_lambda::types::*;
use telemetry::What;
use world::*;

fn one_at_a_time(request: &mut CreateEventSourceMappingRequest) {
    request.batch_size = Some(1);
}

#[tokio::test]
async fn a_message_is_handled_once_and_deleted() {
    let world = World::new().start();
    let uuid = world.map(|_| {}).await;
    world.comes_to(&uuid, "Enabled").await;
    world.sqs.send("1");
    until(|| world.sqs.left().is_empty()).await;
    assert_eq!(world.lambda.bodies(), ["1"]);
    assert!(world.facts.whats().is_empty(), "successes are no facts");
}

#[tokio::test]
async fn five_batches_are_out_at_first_and_one_more_every_200_ms() {
    let world = World::new().start();
    world.lambda.gate.send_replace(false);
    world.map(one_at_a_time).await;
    (0..50).for_each(|n| drop(world.sqs.send(&n.to_string())));
    world.ran(5).await;
    for runs in 6..=20 {
        world.advance(200);
        world.ran(runs).await;
    }
    world.lambda.gate.send_replace(true);
    until(|| world.sqs.left().is_empty()).await;
    assert_eq!(world.lambda.runs(), 50);
}

#[tokio::test]
async fn maximum_concurrency_holds_however_long_the_backlog_stays() {
    let world = World::new().start();
    world.lambda.gate.send_replace(false);
    let uuid = world
        .map(|request| {
            one_at_a_time(request);
            request.scaling_config = Some(ScalingConfig { maximum_concurrency: Some(2) });
        })
        .await;
    (0..10).for_each(|n| drop(world.sqs.send(&n.to_string())));
    world.ran(2).await;
    for _ in 0..10 {
        world.advance(1_000);
        world.comes_to(&uuid, "Enabled").await;
    }
    assert_eq!(world.lambda.runs(), 2);
}

#[tokio::test]
async fn a_failed_batch_comes_back_by_its_visibility_and_is_told() {
    let world = World::new().start();
    world.lambda.answer(|_| failed());
    let uuid = world.map(|_| {}).await;
    let message = world.sqs.send("1");
    until(|| world.facts.whats().len() == 1).await;
    let fact = world.facts.0.lock().unwrap()[0].clone();
    assert_eq!(fact.messages, [message]);
    assert_eq!(fact.requests.len(), 1);
    assert_eq!(
        fact.what,
        What::BatchFailed { mapping: uuid, function: FUNCTION.to_owned(), queue: QUEUE.to_owned(), partly: false }
    );
    world.lambda.answer(|_| ok("null"));
    world.advance(30_000);
    until(|| world.sqs.left().is_empty()).await;
    assert_eq!(world.lambda.bodies(), ["1", "1"]);
}

#[tokio::test]
async fn a_throttled_batch_is_tried_again_until_its_visibility_is_over_and_then_dropped() {
    let world = World::new().start();
    world.lambda.answer(|_| throttled());
    world.map(|_| {}).await;
    world.sqs.send("1");
    for (runs, pause) in [(1, 200), (2, 400), (3, 800), (4, 1_600)] {
        world.ran(runs).await;
        assert!(world.facts.whats().is_empty());
        world.advance(pause);
    }
    world.ran(5).await;
    world.advance(30_000);
    until(|| !world.facts.whats().is_empty()).await;
    let What::BatchDropped { throttles, waited_ms, .. } = world.facts.whats()[0] else { panic!("dropped") };
    assert!(throttles >= 5 && waited_ms >= 30_000, "{throttles} {waited_ms}");
    until(|| world.sqs.left().get("1").is_some_and(|receives| *receives >= 2)).await;
}

#[tokio::test]
async fn a_throttled_batch_runs_as_soon_as_there_is_room() {
    let world = World::new().start();
    world.lambda.answer(|_| throttled());
    world.map(|_| {}).await;
    world.sqs.send("1");
    world.ran(1).await;
    world.lambda.answer(|_| ok("null"));
    world.advance(200);
    until(|| world.sqs.left().is_empty()).await;
    assert!(world.facts.whats().is_empty());
}

#[tokio::test]
async fn reported_failures_stay_and_the_others_are_deleted() {
    let world = World::new().start();
    world.lambda.answer(|records| {
        let failed = records.iter().find(|record| record["body"] == "bad").map(|record| record["messageId"].clone());
        let items: Vec<_> = failed.into_iter().map(|id| serde_json::json!({ "itemIdentifier": id })).collect();
        let answer = serde_json::json!({ "batchItemFailures": items }).to_string();
        Ok(InvocationResponse { payload: Some(answer.into()), ..InvocationResponse::default() })
    });
    for body in ["good", "bad", "fine"] {
        world.sqs.send(body);
    }
    world
        .map(|request| request.function_response_types = Some(vec![FunctionResponseType::ReportBatchItemFailures]))
        .await;
    until(|| world.sqs.left() == [("bad".to_owned(), 1)].into()).await;
    assert!(matches!(world.facts.whats()[..], [What::BatchFailed { partly: true, .. }]));
}

#[tokio::test]
async fn a_mapping_whose_function_is_gone_reads_nothing_and_says_so() {
    let world = World::new().start();
    let uuid = world.map(|_| {}).await;
    world.comes_to(&uuid, "Enabled").await;
    world.lambda.answer(|_| Err(api_lambda::errors::resource_not_found_exception("Function not found")));
    *world.lambda.exists.lock().unwrap() = false;
    world.sqs.send("1");
    let result = async || world.shown(&uuid).await.unwrap().last_processing_result;
    until_async(async || result().await.as_deref() == Some("PROBLEM: Function not found")).await;
    let reads = *world.sqs.reads.lock().unwrap();
    for _ in 0..5 {
        world.advance(31_000);
        until_async(async || result().await.is_some()).await;
    }
    assert_eq!(*world.sqs.reads.lock().unwrap(), reads, "no receive is wasted");
    *world.lambda.exists.lock().unwrap() = true;
    world.lambda.answer(|_| ok("null"));
    until(|| {
        world.advance(1_000);
        world.sqs.left().is_empty()
    })
    .await;
    until_async(async || result().await.is_none()).await;
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_and_a_queue_that_is_gone_are_said_too() {
    let world = World::new().start();
    let uuid = world.map(|_| {}).await;
    world.comes_to(&uuid, "Enabled").await;
    let result = async || world.shown(&uuid).await.unwrap().last_processing_result;
    *world.principals.trusts.lock().unwrap() = false;
    world.sqs.send("1");
    let words = "PROBLEM: Lambda failed to assume your function execution role";
    until_async(async || result().await.as_deref() == Some(words)).await;
    *world.principals.trusts.lock().unwrap() = true;
    *world.sqs.gone.lock().unwrap() = true;
    let words = "PROBLEM: The specified queue does not exist.";
    until_async(async || {
        world.advance(500);
        result().await.as_deref() == Some(words)
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_is_out_ends_as_it_would_have_when_its_mapping_is_deleted() {
    let world = World::new().start();
    world.lambda.gate.send_replace(false);
    let uuid = world.map(|_| {}).await;
    world.sqs.send("1");
    world.ran(1).await;
    world.comes_to(&uuid, "Enabled").await;
    let request = DeleteEventSourceMappingRequest { uuid: uuid.clone() };
    let deleted = Lambda::delete_event_source_mapping(&*world.service, &cx(), request).await.unwrap();
    assert_eq!(deleted.state.as_deref(), Some("Deleting"));
    until_async(async || world.shown(&uuid).await.is_err()).await;
    world.sqs.send("2");
    world.lambda.gate.send_replace(true);
    until(|| world.sqs.left() == [("2".to_owned(), 0)].into()).await;
}

#[tokio::test]
async fn mappings_go_on_after_a_restart_and_deleted_ones_do_not_come_back() {
    let world = World::new();
    let uuid = world.map(|_| {}).await;
    assert_eq!(world.shown(&uuid).await.unwrap().state.as_deref(), Some("Creating"));
    let world = world.restart().await;
    world.comes_to(&uuid, "Enabled").await;
    world.sqs.send("1");
    until(|| world.sqs.left().is_empty()).await;
    let request = DeleteEventSourceMappingRequest { uuid: uuid.clone() };
    Lambda::delete_event_source_mapping(&*world.service, &cx(), request).await.unwrap();
    let world = world.restart().await;
    until_async(async || world.shown(&uuid).await.is_err()).await;
}

#[tokio::test]
async fn what_is_changing_cannot_be_changed() {
    let world = World::new();
    let uuid = world.map(|_| {}).await;
    let request =
        UpdateEventSourceMappingRequest { uuid, enabled: Some(false), ..UpdateEventSourceMappingRequest::default() };
    let refused = Lambda::update_event_source_mapping(&*world.service, &cx(), request).await.unwrap_err();
    assert_eq!(refused.name(), "ResourceInUseException");
    let words = "Cannot update the event source mapping because it is in use.";
    assert_eq!(refused.message.as_deref(), Some(words));
}

#[tokio::test]
async fn a_window_is_waited_for_by_the_clock() {
    let world = World::new().start();
    let uuid = world
        .map(|request| {
            request.batch_size = Some(100);
            request.maximum_batching_window_in_seconds = Some(300);
        })
        .await;
    world.comes_to(&uuid, "Enabled").await;
    for n in 0..25 {
        world.sqs.send(&n.to_string());
    }
    until(|| world.sqs.left().values().all(|receives| *receives == 1)).await;
    assert_eq!(world.lambda.runs(), 0);
    world.advance(300_000);
    world.ran(1).await;
    assert_eq!(world.lambda.ran.lock().unwrap()[0].len(), 25);
}

#[tokio::test]
async fn messages_that_no_filter_wants_are_deleted_unseen() {
    let world = World::new().start();
    world
        .map(|request| {
            let pattern = Some(r#"{"body":{"kind":["wanted"]}}"#.to_owned());
            request.filter_criteria = Some(FilterCriteria { filters: Some(vec![Filter { pattern }]) });
        })
        .await;
    for body in ["plain", r#"{"kind":"other"}"#, r#"{"kind":"wanted"}"#] {
        world.sqs.send(body);
    }
    until(|| world.sqs.left().is_empty()).await;
    assert_eq!(world.lambda.bodies(), [r#"{"kind":"wanted"}"#]);
}

#[tokio::test]
async fn no_later_message_of_a_group_passes_one_that_failed() {
    let world = World::new().start();
    world.lambda.answer(|records| if records.iter().any(|r| r["body"] == "a2") { failed() } else { ok("null") });
    for (group, body) in [("a", "a1"), ("a", "a2"), ("b", "b1"), ("a", "a3")] {
        world.sqs.send_to(Some(group), body);
    }
    world
        .map(|request| {
            request.event_source_arn = Some(format!("{QUEUE}.fifo"));
            request.batch_size = Some(1);
        })
        .await;
    until(|| !world.facts.whats().is_empty()).await;
    world.lambda.answer(|_| ok("null"));
    world.advance(30_000);
    until(|| world.sqs.left().is_empty()).await;
    let of_a: Vec<String> = world.lambda.bodies().into_iter().filter(|body| body.starts_with('a')).collect();
    assert_eq!(of_a, ["a1", "a2", "a2", "a3"]);
}

#[tokio::test]
async fn events_are_counted_for_who_asks() {
    let world = World::new().start();
    world.lambda.answer(|records| if records[0]["body"] == r#"{"kind":"bad"}"# { failed() } else { ok("null") });
    world
        .map(|request| {
            one_at_a_time(request);
            let pattern = Some(r#"{"body":{"kind":["good","bad"]}}"#.to_owned());
            request.filter_criteria = Some(FilterCriteria { filters: Some(vec![Filter { pattern }]) });
            request.metrics_config =
                Some(EventSourceMappingMetricsConfig { metrics: Some(vec![EventSourceMappingMetric::EventCount]) });
        })
        .await;
    for body in [r#"{"kind":"good"}"#, r#"{"kind":"bad"}"#, "other"] {
        world.sqs.send(body);
    }
    let expected = [
        ("DeletedEventCount", 1.0),
        ("FailedInvokeEventCount", 1.0),
        ("FilteredOutEventCount", 1.0),
        ("InvokedEventCount", 2.0),
        ("PolledEventCount", 3.0),
    ];
    let expected = expected.map(|(metric, count)| (metric.to_owned(), count)).into();
    until(|| *world.measured.0.lock().unwrap() == expected).await;
}

#[tokio::test]
async fn nobody_counts_what_nobody_asked_for() {
    let world = World::new().start();
    world.map(|_| {}).await;
    world.sqs.send("1");
    until(|| world.sqs.left().is_empty()).await;
    assert!(world.measured.0.lock().unwrap().is_empty());
}
