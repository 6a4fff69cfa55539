//! Putting and reading events.

mod world;

use api_logs::Logs;
use api_logs::types::*;
use world::{World, batch, cx, refusal, refused};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn get(group: &str, stream: &str) -> GetLogEventsRequest {
    GetLogEventsRequest { log_group_name: Some(group.into()), log_stream_name: stream.into(), ..Default::default() }
}

fn messages(answer: &GetLogEventsResponse) -> Vec<&str> {
    answer.events.iter().flatten().map(|event| event.message.as_deref().unwrap()).collect()
}

async fn world_with_stream() -> World {
    let world = World::new();
    world.group("g").await;
    world.stream("g", "s").await;
    world
}

#[tokio::test]
async fn events_are_read_in_order_of_time_whatever_order_they_came_in() {
    let world = world_with_stream().await;
    let now = world.wall();
    world.put("g", "s", &[(now - 10, "c"), (now - 5, "e")]).await;
    world.put("g", "s", &[(now - 20, "a"), (now - 7, "d"), (now, "f")]).await;
    world.put("g", "s", &[(now - 15, "b"), (now, "g")]).await;
    let answer = world.logs.get_log_events(&world.cx, get("g", "s")).await.unwrap();
    assert_eq!(messages(&answer), ["a", "b", "c", "d", "e", "f", "g"]);
    assert_eq!(world.filtered("g", "").await, ["a", "b", "c", "d", "e", "f", "g"]);
    let event = &answer.events.as_ref().unwrap()[0];
    assert_eq!(event.timestamp, Some(now - 20));
    assert!(event.ingestion_time.unwrap() >= now);
}

#[tokio::test]
async fn forward_tokens_reach_the_end_and_stay_there() {
    let world = world_with_stream().await;
    let now = world.wall();
    let texts: Vec<String> = (0..25).map(|n| n.to_string()).collect();
    let events: Vec<(i64, &str)> = texts.iter().zip(0..).map(|(text, n)| (now + n / 5, text.as_str())).collect();
    world.put("g", "s", &events).await;
    let (mut input, mut seen) = (get("g", "s"), Vec::new());
    input.limit = Some(10);
    input.start_from_head = Some(true);
    loop {
        let answer = world.logs.get_log_events(&world.cx, input.clone()).await.unwrap();
        seen.extend(messages(&answer).into_iter().map(str::to_owned));
        if answer.next_forward_token == input.next_token {
            break;
        }
        input.next_token = answer.next_forward_token;
    }
    assert_eq!(seen, texts);
    // What comes later is seen from the same token.
    world.put("g", "s", &[(now + 100, "later")]).await;
    let answer = world.logs.get_log_events(&world.cx, input).await.unwrap();
    assert_eq!(messages(&answer), ["later"]);
}

#[tokio::test]
async fn backward_tokens_start_at_the_end_and_reach_the_beginning() {
    let world = world_with_stream().await;
    let now = world.wall();
    let texts: Vec<String> = (0..25).map(|n| n.to_string()).collect();
    for (text, n) in texts.iter().zip(0..) {
        world.put("g", "s", &[(now + n, text)]).await;
    }
    let (mut input, mut pages) = (get("g", "s"), Vec::new());
    input.limit = Some(10);
    loop {
        let answer = world.logs.get_log_events(&world.cx, input.clone()).await.unwrap();
        pages.push(messages(&answer).into_iter().map(str::to_owned).collect::<Vec<_>>());
        if answer.next_backward_token == input.next_token {
            break;
        }
        input.next_token = answer.next_backward_token;
    }
    assert_eq!(pages.len(), 4);
    assert_eq!(pages[0], texts[15..]);
    pages.reverse();
    assert_eq!(pages.concat(), texts);
}

#[tokio::test]
async fn tokens_have_the_form_of_aws_and_others_are_refused() {
    let world = world_with_stream().await;
    let answer = world.logs.get_log_events(&world.cx, get("g", "s")).await.unwrap();
    let zeros = "0".repeat(56);
    assert_eq!(answer.next_forward_token, Some(format!("f/{zeros}/s")));
    assert_eq!(answer.next_backward_token, Some(format!("b/{zeros}/s")));
    // The token of an empty stream sees what comes.
    let mut later = get("g", "s");
    later.next_token = answer.next_forward_token;
    world.put("g", "s", &[(world.wall(), "m")]).await;
    assert_eq!(messages(&world.logs.get_log_events(&world.cx, later.clone()).await.unwrap()), ["m"]);
    later.next_token = Some("invalid-token".into());
    assert_eq!(
        refusal(world.logs.get_log_events(&world.cx, later).await),
        refused("InvalidParameterException", "The specified nextToken is invalid.")
    );
}

#[tokio::test]
async fn the_start_is_inclusive_and_the_end_is_not() {
    let world = world_with_stream().await;
    let now = world.wall();
    world.put("g", "s", &[(now, "a"), (now + 1, "b"), (now + 2, "c")]).await;
    let mut input = get("g", "s");
    (input.start_time, input.end_time) = (Some(now + 1), Some(now + 2));
    assert_eq!(messages(&world.logs.get_log_events(&world.cx, input).await.unwrap()), ["b"]);
    let input = FilterLogEventsRequest {
        log_group_name: Some("g".into()),
        start_time: Some(now + 1),
        end_time: Some(now + 2),
        ..Default::default()
    };
    let answer = world.logs.filter_log_events(&world.cx, input).await.unwrap();
    // FilterLogEvents also returns what is at the end.
    assert_eq!(answer.events.unwrap().len(), 2);
}

#[tokio::test]
async fn a_search_pages_through_all_streams_in_order_of_time() {
    let world = world_with_stream().await;
    world.stream("g", "t").await;
    let now = world.wall();
    let mut expected = Vec::new();
    for n in 0..40 {
        let (stream, text) =
            (if n % 3 == 0 { "s" } else { "t" }, format!("line {n} {}", if n % 2 == 0 { "even" } else { "odd" }));
        world.put("g", stream, &[(now + n, &text)]).await;
        if n % 2 == 0 {
            expected.push((stream.to_owned(), text));
        }
    }
    let mut input = FilterLogEventsRequest {
        log_group_name: Some("g".into()),
        filter_pattern: Some("even".into()),
        limit: Some(7),
        ..Default::default()
    };
    let (mut seen, mut ids, mut pages) = (Vec::new(), std::collections::BTreeSet::new(), 0);
    loop {
        let answer = world.logs.filter_log_events(&world.cx, input.clone()).await.unwrap();
        assert_eq!(answer.searched_log_streams, Some(Vec::new()));
        pages += 1;
        for event in answer.events.unwrap() {
            let id = event.event_id.unwrap();
            assert_eq!(id.len(), 56);
            ids.insert(id);
            seen.push((event.log_stream_name.unwrap(), event.message.unwrap()));
        }
        match answer.next_token {
            Some(token) => input.next_token = Some(token),
            None => break,
        }
    }
    assert_eq!((seen.len(), ids.len(), pages), (20, 20, 3));
    assert_eq!(seen, expected);
    // A token is good for its own search only.
    let first = FilterLogEventsRequest { next_token: None, ..input.clone() };
    let token = world.logs.filter_log_events(&world.cx, first).await.unwrap().next_token;
    let other = FilterLogEventsRequest { next_token: token, filter_pattern: Some("odd".into()), ..input };
    assert_eq!(
        refusal(world.logs.filter_log_events(&world.cx, other).await),
        refused("InvalidParameterException", "The specified nextToken is invalid.")
    );
}

#[tokio::test]
async fn a_search_takes_named_streams_or_a_prefix_of_their_names() {
    let world = world_with_stream().await;
    world.stream("g", "s2").await;
    world.stream("g", "t").await;
    let now = world.wall();
    for stream in ["s", "s2", "t"] {
        world.put("g", stream, &[(now, stream)]).await;
    }
    let search = |names: Option<&[&str]>, prefix: Option<&str>| {
        let input = FilterLogEventsRequest {
            log_group_identifier: Some("arn:aws:logs:us-east-1:111111111111:log-group:g".into()),
            log_stream_names: names.map(|names| names.iter().map(|name| (*name).into()).collect()),
            log_stream_name_prefix: prefix.map(Into::into),
            ..Default::default()
        };
        world.logs.filter_log_events(&world.cx, input)
    };
    let found = |answer: FilterLogEventsResponse| {
        answer.events.unwrap().into_iter().map(|event| event.message.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(found(search(Some(&["t", "s", "t"]), None).await.unwrap()).len(), 2);
    assert_eq!(found(search(None, Some("s")).await.unwrap()), ["s", "s2"]);
    assert_eq!(
        refusal(search(Some(&["none"]), None).await),
        refused("ResourceNotFoundException", "The specified log stream does not exist.")
    );
    assert_eq!(refusal(search(Some(&["s"]), Some("s")).await).0, "InvalidParameterException");
}

#[tokio::test]
async fn what_is_too_old_or_too_new_is_told_and_left_out() {
    let world = world_with_stream().await;
    let now = world.wall();
    let answer = world.put("g", "s", &[(now - 15 * DAY, "old"), (now, "kept"), (now + 3 * HOUR, "new")]).await;
    let rejected = answer.rejected_log_events_info.unwrap();
    assert_eq!(rejected.too_old_log_event_end_index, Some(1));
    assert_eq!(rejected.too_new_log_event_start_index, Some(2));
    assert_eq!(rejected.expired_log_event_end_index, None);
    assert_eq!(world.filtered("g", "").await, ["kept"]);
    let answer = world.put("g", "s", &[(now, "again")]).await;
    assert_eq!(answer.rejected_log_events_info, None);
    assert_eq!(answer.next_sequence_token.unwrap().len(), 56);
}

#[tokio::test]
async fn a_batch_that_is_not_allowed_changes_nothing() {
    let world = world_with_stream().await;
    let now = world.wall();
    let put = |events: &[(i64, &str)]| world.logs.put_log_events(&world.cx, batch("g", "s", events));
    assert_eq!(
        refusal(put(&[(now, "a"), (now - 2 * DAY, "b")]).await),
        refused(
            "InvalidParameterException",
            "Log events in a single PutLogEvents request must be in chronological order."
        )
    );
    assert_eq!(refusal(put(&[(now - 25 * HOUR, "a"), (now, "b")]).await).0, "InvalidParameterException");
    assert!(world.filtered("g", "").await.is_empty());
    for (group, stream, words) in [
        ("none", "s", "The specified log group does not exist."),
        ("g", "none", "The specified log stream does not exist."),
    ] {
        let answer = world.logs.put_log_events(&world.cx, batch(group, stream, &[(now, "m")])).await;
        assert_eq!(refusal(answer), refused("ResourceNotFoundException", words));
        let answer = world.logs.get_log_events(&world.cx, get(group, stream)).await;
        assert_eq!(refusal(answer), refused("ResourceNotFoundException", words));
    }
}

#[tokio::test]
async fn a_large_batch_is_cut_into_chunks_and_reads_back_whole() {
    let world = world_with_stream().await;
    let now = world.wall();
    let lines: Vec<String> = (0..5000).map(|n| format!("{n} {}", "x".repeat(120))).collect();
    let events: Vec<(i64, &str)> = lines.iter().zip(0..).map(|(line, n)| (now + n / 700, line.as_str())).collect();
    world.put("g", "s", &events).await;
    assert_eq!(world.filtered("g", "").await, lines);
    let described = DescribeLogGroupsRequest::default();
    let groups = world.logs.describe_log_groups(&world.cx, described).await.unwrap().log_groups.unwrap();
    let bytes: usize = lines.iter().map(|line| line.len() + 26).sum();
    assert_eq!(groups[0].stored_bytes, Some(i64::try_from(bytes).unwrap()));
}

#[tokio::test]
async fn a_page_holds_at_most_a_megabyte() {
    let world = world_with_stream().await;
    let now = world.wall();
    let line = "x".repeat(300_000);
    for n in 0..5 {
        world.put("g", "s", &[(now + n, &line)]).await;
    }
    let answer = world.logs.get_log_events(&world.cx, get("g", "s")).await.unwrap();
    assert_eq!(answer.events.unwrap().len(), 3);
    let mut input = FilterLogEventsRequest { log_group_name: Some("g".into()), ..Default::default() };
    let first = world.logs.filter_log_events(&world.cx, input.clone()).await.unwrap();
    assert_eq!(first.events.unwrap().len(), 3);
    input.next_token = first.next_token;
    let second = world.logs.filter_log_events(&world.cx, input).await.unwrap();
    assert_eq!((second.events.unwrap().len(), second.next_token), (2, None));
}

#[tokio::test]
async fn accounts_and_regions_see_nothing_of_one_another() {
    let world = world_with_stream().await;
    world.put("g", "s", &[(world.wall(), "mine")]).await;
    for other in [cx("222222222222", "us-east-1"), cx(world::ACCOUNT, "eu-west-1")] {
        let listed = world.logs.describe_log_groups(&other, DescribeLogGroupsRequest::default()).await.unwrap();
        assert_eq!(listed.log_groups, Some(Vec::new()));
        let answer = world.logs.get_log_events(&other, get("g", "s")).await;
        assert_eq!(refusal(answer).0, "ResourceNotFoundException");
        let by_arn = FilterLogEventsRequest {
            log_group_identifier: Some("arn:aws:logs:us-east-1:111111111111:log-group:g".into()),
            ..Default::default()
        };
        assert_eq!(refusal(world.logs.filter_log_events(&other, by_arn).await).0, "ResourceNotFoundException");
    }
}
