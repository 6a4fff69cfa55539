//! What happens on its own time: deliveries to functions, retention, the sweeper, Live Tail.

mod world;

use std::time::Duration;

use api_lambda::types::InvocationType;
use api_logs::Logs;
use api_logs::types::*;
use futures_util::StreamExt;
use kernel::{Clock, Region};
use store::{Direction, Key, KeyRange};
use wire::ApiError;
use world::{ACCOUNT, World, refusal, refused, until};

const FUNCTION: &str = "arn:aws:lambda:us-east-1:111111111111:function:f";
const DAY: Duration = Duration::from_secs(24 * 3600);

fn subscribe(name: &str, pattern: &str, destination: &str) -> PutSubscriptionFilterRequest {
    PutSubscriptionFilterRequest {
        log_group_name: "g".into(),
        filter_name: name.into(),
        filter_pattern: pattern.into(),
        destination_arn: destination.into(),
        ..Default::default()
    }
}

async fn world_with_stream() -> World {
    let world = World::new();
    world.group("g").await;
    world.stream("g", "s").await;
    world
}

/// Keys of one kind, of the account of these tests.
fn stored(world: &World, kind: &str) -> usize {
    let prefix = Key::new(&world.cx.account, &Region::default(), "logs", kind);
    world.store.scan(&KeyRange::prefix(&prefix), 10_000, Direction::Forward).unwrap().len()
}

#[tokio::test]
async fn a_subscribed_function_gets_the_matching_events_in_the_form_of_aws() {
    let world = world_with_stream().await;
    world.logs.put_subscription_filter(&world.cx, subscribe("only-errors", "ERROR", FUNCTION)).await.unwrap();
    world.start_tasks();
    let now = world.wall();
    world.put("g", "s", &[(now, "ERROR one"), (now, "fine"), (now + 1, "ERROR two")]).await;
    world.put("g", "s", &[(now + 2, "nothing here")]).await;
    until(|| stored(&world, "outbox") == 0).await;
    let delivered = world.lambda.delivered();
    assert_eq!(delivered.len(), 1);
    let ids: Vec<&str> = [0, 1].map(|n| delivered[0]["logEvents"][n]["id"].as_str().unwrap()).to_vec();
    assert_eq!(
        delivered[0],
        serde_json::json!({
            "messageType": "DATA_MESSAGE",
            "owner": ACCOUNT,
            "logGroup": "g",
            "logStream": "s",
            "subscriptionFilters": ["only-errors"],
            "logEvents": [
                {"id": ids[0], "timestamp": now, "message": "ERROR one"},
                {"id": ids[1], "timestamp": now + 1, "message": "ERROR two"},
            ],
        })
    );
    let calls = world.lambda.calls.lock().unwrap().clone();
    assert_eq!(calls[0].input.invocation_type, Some(InvocationType::DryRun));
    let call = &calls[1];
    assert_eq!(call.input.invocation_type, Some(InvocationType::Event));
    assert_eq!(call.input.function_name, FUNCTION);
    assert_eq!(call.caller, "logs.amazonaws.com");
    assert_eq!(call.source_arn.as_deref(), Some("arn:aws:logs:us-east-1:111111111111:log-group:g:*"));
}

#[tokio::test]
async fn a_function_may_name_the_regional_principal() {
    let world = world_with_stream().await;
    *world.lambda.admits.lock().unwrap() = Some("logs.us-east-1.amazonaws.com".into());
    world.logs.put_subscription_filter(&world.cx, subscribe("all", "", FUNCTION)).await.unwrap();
    world.start_tasks();
    world.put("g", "s", &[(world.wall(), "m")]).await;
    until(|| !world.lambda.delivered().is_empty() && stored(&world, "outbox") == 0).await;
}

#[tokio::test]
async fn a_filter_is_refused_when_its_function_cannot_be_executed() {
    let world = world_with_stream().await;
    let put = |input| world.logs.put_subscription_filter(&world.cx, input);
    let not_executable = refused(
        "InvalidParameterException",
        "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.",
    );
    *world.lambda.admits.lock().unwrap() = Some("events.amazonaws.com".into());
    assert_eq!(refusal(put(subscribe("x", "", FUNCTION)).await), not_executable);
    *world.lambda.admits.lock().unwrap() = None;
    world.lambda.failures.lock().unwrap().push(ApiError::unmodeled(404, "ResourceNotFoundException", "none"));
    assert_eq!(refusal(put(subscribe("x", "", FUNCTION)).await), not_executable);

    let elsewhere = subscribe("x", "", "arn:aws:lambda:us-east-1:222222222222:function:f");
    let cross = refused(
        "AccessDeniedException",
        "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross account \
         lambda triggers.",
    );
    let no_group = PutSubscriptionFilterRequest { log_group_name: "none".into(), ..elsewhere.clone() };
    assert_eq!(refusal(put(elsewhere).await), cross);
    assert_eq!(refusal(put(no_group).await), cross);
    let stream = subscribe("x", "", "arn:aws:kinesis:us-east-1:111111111111:stream/s");
    assert_eq!(
        refusal(put(stream.clone()).await),
        refused("InvalidParameterException", "destinationArn for vendor kinesis cannot be used without roleArn")
    );
    let with_role = PutSubscriptionFilterRequest { role_arn: Some("arn:aws:iam::1:role/r".into()), ..stream };
    assert_eq!(refusal(put(with_role).await).0, "NotImplementedException");
    assert_eq!(refusal(put(subscribe("x", "{", FUNCTION)).await).0, "InvalidParameterException");
    for name in ["a", "b", "a"] {
        put(subscribe(name, "", FUNCTION)).await.unwrap();
    }
    assert_eq!(
        refusal(put(subscribe("c", "", FUNCTION)).await),
        refused("LimitExceededException", "Resource limit exceeded.")
    );

    let describe = DescribeSubscriptionFiltersRequest { log_group_name: "g".into(), ..Default::default() };
    let shown =
        world.logs.describe_subscription_filters(&world.cx, describe).await.unwrap().subscription_filters.unwrap();
    assert_eq!(shown.len(), 2);
    assert_eq!(
        (shown[0].distribution.clone(), shown[0].apply_on_transformed_logs),
        (Some(Distribution::ByLogStream), Some(false))
    );
    let delete = DeleteSubscriptionFilterRequest { log_group_name: "g".into(), filter_name: "a".into() };
    world.logs.delete_subscription_filter(&world.cx, delete.clone()).await.unwrap();
    assert_eq!(refusal(world.logs.delete_subscription_filter(&world.cx, delete).await).0, "ResourceNotFoundException");
    let describe = DescribeSubscriptionFiltersRequest { log_group_name: "none".into(), ..Default::default() };
    assert_eq!(
        refusal(world.logs.describe_subscription_filters(&world.cx, describe).await),
        refused("ResourceNotFoundException", "The specified log group does not exist.")
    );
}

#[tokio::test]
async fn a_delivery_that_failed_is_tried_again_and_survives_a_restart() {
    let world = world_with_stream().await;
    world.logs.put_subscription_filter(&world.cx, subscribe("all", "", FUNCTION)).await.unwrap();
    world.put("g", "s", &[(world.wall(), "kept")]).await;
    assert_eq!(stored(&world, "outbox"), 1);
    // Nothing was delivered yet; another server starts over the same store.
    let world = World::over(world.store.clone(), world.clock.clone());
    let throttled = ApiError::unmodeled(429, "TooManyRequestsException", "later");
    world.lambda.failures.lock().unwrap().extend([throttled.clone(), throttled]);
    world.start_tasks();
    until(|| world.lambda.calls.lock().unwrap().len() == 1).await;
    // The first pause is a second, the next two.
    until(|| {
        world.clock.advance(Duration::from_secs(1));
        stored(&world, "outbox") == 0
    })
    .await;
    assert_eq!(world.lambda.calls.lock().unwrap().len(), 3);
    assert_eq!(world.lambda.delivered().last().unwrap()["logEvents"][0]["message"], "kept");
}

#[tokio::test]
async fn a_delivery_is_dropped_when_the_function_is_gone_or_a_day_has_passed() {
    let world = world_with_stream().await;
    world.logs.put_subscription_filter(&world.cx, subscribe("all", "", FUNCTION)).await.unwrap();
    world.start_tasks();
    world.lambda.failures.lock().unwrap().push(ApiError::unmodeled(404, "ResourceNotFoundException", "none"));
    world.put("g", "s", &[(world.wall(), "dropped")]).await;
    until(|| stored(&world, "outbox") == 0).await;
    let calls = world.lambda.calls.lock().unwrap().len();

    let busy = ApiError::unmodeled(500, "ServiceException", "busy");
    *world.lambda.failures.lock().unwrap() = vec![busy; 1000];
    world.put("g", "s", &[(world.wall(), "tried for a day")]).await;
    until(|| world.lambda.calls.lock().unwrap().len() > calls).await;
    world.clock.advance(DAY + DAY);
    until(|| stored(&world, "outbox") == 0).await;
}

#[tokio::test]
async fn retention_hides_events_when_they_are_due_and_deletes_them() {
    let world = world_with_stream().await;
    world.start_tasks();
    let retention = PutRetentionPolicyRequest { log_group_name: "g".into(), retention_in_days: 3 };
    world.logs.put_retention_policy(&world.cx, retention).await.unwrap();
    world.put("g", "s", &[(world.wall() - 1000, "soon gone")]).await;
    world.clock.advance(2 * DAY);
    assert_eq!(world.filtered("g", "").await, ["soon gone"]);
    // Written when the due clock is two days ahead: it has three more days.
    world.put("g", "s", &[(world.wall(), "stays longer")]).await;
    assert_eq!(stored(&world, "chunk"), 2);
    world.clock.advance(DAY);
    assert_eq!(world.filtered("g", "").await, ["stays longer"]);
    until(|| stored(&world, "chunk") == 1).await;
    world.clock.advance(3 * DAY);
    assert!(world.filtered("g", "").await.is_empty());
    until(|| stored(&world, "chunk") == 0).await;
    let groups = world.logs.describe_log_groups(&world.cx, DescribeLogGroupsRequest::default()).await.unwrap();
    assert_eq!(groups.log_groups.unwrap()[0].stored_bytes, Some(0));
}

#[tokio::test]
async fn without_retention_events_stay() {
    let world = world_with_stream().await;
    world.start_tasks();
    world.put("g", "s", &[(world.wall(), "for ever")]).await;
    world.clock.advance(4000 * DAY);
    assert_eq!(world.filtered("g", "").await, ["for ever"]);
}

#[tokio::test]
async fn the_sweeper_removes_what_deleted_groups_and_streams_leave() {
    let world = world_with_stream().await;
    for n in 0..700 {
        world.put("g", "s", &[(world.wall(), &n.to_string())]).await;
    }
    world.stream("g", "t").await;
    world.put("g", "t", &[(world.wall(), "stays")]).await;
    let delete = DeleteLogStreamRequest { log_group_name: "g".into(), log_stream_name: "s".into() };
    world.logs.delete_log_stream(&world.cx, delete).await.unwrap();
    assert_eq!(stored(&world, "chunk"), 701);
    world.start_tasks();
    until(|| stored(&world, "leftover") == 0).await;
    assert_eq!((stored(&world, "chunk"), world.filtered("g", "").await), (1, vec!["stays".to_owned()]));
    world.logs.delete_log_group(&world.cx, DeleteLogGroupRequest { log_group_name: "g".into() }).await.unwrap();
    until(|| stored(&world, "leftover") == 0).await;
    for kind in ["group", "stream", "chunk", "size"] {
        assert_eq!(stored(&world, kind), 0, "{kind}");
    }
}

#[tokio::test]
async fn live_tail_starts_a_session_and_shows_what_arrives() {
    let world = world_with_stream().await;
    world.stream("g", "other").await;
    let arn = "arn:aws:logs:us-east-1:111111111111:log-group:g".to_owned();
    let input = StartLiveTailRequest {
        log_group_identifiers: vec![arn.clone()],
        log_stream_names: Some(vec!["s".into()]),
        log_event_filter_pattern: Some("-debug".into()),
        ..Default::default()
    };
    world.put("g", "s", &[(world.wall(), "before")]).await;
    let mut events = world.logs.start_live_tail(&world.cx, input.clone()).await.unwrap().response_stream.0;
    let Some(Ok(StartLiveTailResponseStream::SessionStart(start))) = events.next().await else { panic!("no start") };
    assert_eq!(start.log_group_identifiers, Some(vec![arn.clone()]));
    assert_eq!(start.session_id.unwrap().len(), 36);
    let now = world.wall();
    world.put("g", "s", &[(now, "seen"), (now, "debug")]).await;
    world.put("g", "other", &[(now, "elsewhere")]).await;
    let Some(Ok(StartLiveTailResponseStream::SessionUpdate(update))) = events.next().await else { panic!("no update") };
    assert_eq!(update.session_metadata.unwrap().sampled, Some(false));
    let results = update.session_results.unwrap();
    assert_eq!(results.len(), 1);
    assert_eq!((results[0].message.as_deref(), results[0].timestamp), (Some("seen"), Some(now)));
    assert_eq!(results[0].log_group_identifier.as_ref(), Some(&arn));

    let many: Vec<(i64, &str)> = (0..600).map(|_| (now, "flood")).collect();
    world.put("g", "s", &many).await;
    let Some(Ok(StartLiveTailResponseStream::SessionUpdate(update))) = events.next().await else { panic!("no update") };
    assert_eq!((update.session_metadata.unwrap().sampled, update.session_results.unwrap().len()), (Some(true), 500));

    let open: Vec<_> =
        futures_util::future::join_all((0..14).map(|_| world.logs.start_live_tail(&world.cx, input.clone()))).await;
    assert!(open.iter().all(Result::is_ok));
    assert_eq!(refusal(world.logs.start_live_tail(&world.cx, input.clone()).await).0, "LimitExceededException");
    drop((open, events));
    assert!(world.logs.start_live_tail(&world.cx, input.clone()).await.is_ok());
    let bad = StartLiveTailRequest { log_event_filter_pattern: Some("\"\"".into()), ..input.clone() };
    assert_eq!(
        refusal(world.logs.start_live_tail(&world.cx, bad).await),
        refused("InvalidParameterException", "Invalid filter pattern: Invalid character(s) in term '\"\"'")
    );
    let none = StartLiveTailRequest { log_group_identifiers: vec![format!("{arn}x")], ..input };
    assert_eq!(refusal(world.logs.start_live_tail(&world.cx, none).await).0, "ResourceNotFoundException");
}

#[tokio::test]
async fn every_subscription_and_event_is_there_after_a_restart() {
    let world = world_with_stream().await;
    world.logs.put_subscription_filter(&world.cx, subscribe("all", "", FUNCTION)).await.unwrap();
    let now = world.wall();
    world.put("g", "s", &[(now, "one")]).await;
    let again = World::over(world.store.clone(), world.clock.clone());
    again.put("g", "s", &[(now, "two")]).await;
    assert_eq!(again.filtered("g", "").await, ["one", "two"]);
    assert!(again.clock.wall().millis() >= now);
}
