//! Room for invocations: who is refused, what metrics and facts say of it.

mod world;

use std::sync::Arc;

use api_lambda::Lambda;
use api_lambda::types::*;
use kernel::{OsRng, VirtualClock};
use store::Store;
use telemetry::{Limit, Via, What};
use world::*;

fn small(limit: u32) -> World {
    let clock = Arc::new(VirtualClock::default());
    let store = Store::memory(clock.clone(), Arc::new(OsRng));
    World::over(store, clock, limit)
}

#[tokio::test]
async fn invocations_errors_and_durations_are_metrics_of_the_function_and_of_all() {
    let world = World::new();
    world.create("f").await;
    world.create("g").await;
    world.invoke("f", "{}").await.unwrap();
    world.engine.answer(|_, _| failure("boom"));
    world.invoke("f", "{}").await.unwrap();
    world.invoke("g", "{}").await.unwrap();
    for (metric, sum) in [
        ("Invocations{FunctionName=f}", 2.0),
        ("Invocations{FunctionName=f,Resource=f}", 2.0),
        ("Invocations{}", 3.0),
        ("Errors{FunctionName=f}", 1.0),
        ("Errors{}", 2.0),
        ("Throttles{}", 0.0),
        ("Duration{FunctionName=g}", 12.35),
    ] {
        assert_eq!(world.sum(metric), sum, "{metric}");
    }
    assert_eq!(world.highest("ConcurrentExecutions{FunctionName=f}"), Some(1.0));
    assert_eq!(world.highest("ClaimedAccountConcurrency{}"), Some(1.0));
}

#[tokio::test]
async fn an_alias_has_metrics_of_its_own_and_of_the_version_behind_it() {
    let world = World::new();
    world.create("f").await;
    let publish = PublishVersionRequest { function_name: "f".to_owned(), ..PublishVersionRequest::default() };
    world.lambda.publish_version(&cx(), publish).await.unwrap();
    let alias = CreateAliasRequest {
        function_name: "f".to_owned(),
        name: "live".to_owned(),
        function_version: "1".to_owned(),
        ..CreateAliasRequest::default()
    };
    world.lambda.create_alias(&cx(), alias).await.unwrap();
    world.invoke("f:live", "{}").await.unwrap();
    world.invoke("f:1", "{}").await.unwrap();
    assert_eq!(world.sum("Invocations{FunctionName=f}"), 2.0);
    assert_eq!(world.sum("Invocations{FunctionName=f,Resource=f:live}"), 1.0);
    assert_eq!(world.sum("Invocations{ExecutedVersion=1,FunctionName=f,Resource=f:live}"), 1.0);
    assert_eq!(world.sum("Invocations{FunctionName=f,Resource=f:1}"), 1.0);
}

#[tokio::test]
async fn a_throttle_is_no_invocation_and_its_fact_names_who_held_the_room() {
    let world = small(1);
    world.create("slow").await;
    world.create("late").await;
    world.engine.gate.send_replace(false);
    let (lambda, slow) = (world.lambda.clone(), cx());
    let holder = slow.request_id.to_string();
    let running = tokio::spawn(async move { lambda.invoke(&slow, invocation("slow", "{}", "RequestResponse")).await });
    world.ran(1).await;
    let late = cx();
    let error = world.lambda.invoke(&late, invocation("late", "{}", "RequestResponse")).await.unwrap_err();
    assert_eq!((error.name(), error.status), ("TooManyRequestsException", 429));
    world.engine.gate.send_replace(true);
    running.await.unwrap().unwrap();
    assert_eq!(world.sum("Throttles{FunctionName=late}"), 1.0);
    assert_eq!((world.sum("Invocations{FunctionName=late}"), world.sum("Errors{}")), (0.0, 0.0));
    let facts = world.told.facts.lock().unwrap();
    let [fact] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!(fact.requests, [late.request_id.to_string()]);
    let What::Throttled { function, via, limit, holders } = &fact.what else { panic!("{fact:?}") };
    assert_eq!((function.as_str(), *via), ("late", Via::Invoke));
    assert_eq!(*limit, Limit::Account { concurrency: 1, unreserved: 1 });
    assert_eq!((holders[0].function.as_str(), holders[0].running), ("slow", 1));
    assert_eq!(holders[0].requests, [holder]);
}

#[tokio::test]
async fn a_mapping_says_for_whom_it_calls() {
    let world = small(1);
    world.create("f").await;
    let mut mapping = cx();
    mapping.source_arn = Some("arn:aws:lambda:us-east-1:000000000000:event-source-mapping:1".into());
    world.engine.gate.send_replace(false);
    let lambda = world.lambda.clone();
    let running = tokio::spawn(async move { lambda.invoke(&cx(), invocation("f", "{}", "RequestResponse")).await });
    world.ran(1).await;
    world.lambda.invoke(&mapping, invocation("f", "{}", "RequestResponse")).await.unwrap_err();
    world.engine.gate.send_replace(true);
    running.await.unwrap().unwrap();
    let facts = world.told.facts.lock().unwrap();
    assert!(matches!(facts[0].what, What::Throttled { via: Via::EventSourceMapping, .. }), "{facts:?}");
}

#[tokio::test]
async fn an_event_that_is_throttled_runs_when_there_is_room() {
    let world = small(1).start();
    world.create("f").await;
    world.engine.gate.send_replace(false);
    world.send("f", "{}").await.unwrap();
    world.ran(1).await;
    world.send("f", "{}").await.unwrap();
    until(|| world.told.facts.lock().unwrap().len() == 1).await;
    world.engine.gate.send_replace(true);
    until(|| world.lambda.events_open() == 1).await;
    world.advance(2);
    world.no_events().await;
    assert_eq!(world.engine.runs(), 2);
    for (metric, sum) in [
        ("AsyncEventsReceived{FunctionName=f}", 2.0),
        ("Throttles{FunctionName=f}", 1.0),
        ("Invocations{FunctionName=f}", 2.0),
        ("AsyncEventsDropped{}", 0.0),
    ] {
        assert_eq!(world.sum(metric), sum, "{metric}");
    }
    assert!(world.highest("AsyncEventAge{FunctionName=f}").unwrap() >= 2_000.0);
    let facts = world.told.facts.lock().unwrap();
    assert!(matches!(facts[0].what, What::Throttled { via: Via::Event, .. }), "{facts:?}");
}

#[tokio::test]
async fn an_event_that_is_given_up_is_dropped_in_metrics_and_facts() {
    let world = World::new().start();
    world.create("f").await;
    let zero = PutFunctionConcurrencyRequest { function_name: "f".to_owned(), reserved_concurrent_executions: 0 };
    world.lambda.put_function_concurrency(&cx(), zero).await.unwrap();
    let answer = cx();
    world.lambda.invoke(&answer, invocation("f", "{}", "Event")).await.unwrap();
    world.no_events().await;
    assert_eq!((world.engine.runs(), world.sum("AsyncEventsDropped{FunctionName=f}")), (0, 1.0));
    let facts = world.told.facts.lock().unwrap();
    let dropped = facts.iter().find(|fact| matches!(fact.what, What::EventDropped { .. })).unwrap();
    assert_eq!(dropped.requests, [answer.request_id.to_string()]);
    let condition = "ZeroReservedConcurrency".to_owned();
    assert_eq!(dropped.what, What::EventDropped { function: "f".to_owned(), condition, runs: 0 });
}
