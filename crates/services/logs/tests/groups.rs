//! Groups, streams, tags, and what is kept beside them.

mod world;

use std::collections::BTreeMap;

use api_logs::Logs;
use api_logs::types::*;
use world::{World, refusal, refused};

fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

async fn names(world: &World, input: DescribeLogGroupsRequest) -> Vec<String> {
    let answer = world.logs.describe_log_groups(&world.cx, input).await.unwrap();
    answer.log_groups.unwrap().into_iter().map(|group| group.log_group_name.unwrap()).collect()
}

#[tokio::test]
async fn a_new_group_is_described_as_aws_describes_it() {
    let world = World::new();
    let before = world.wall();
    let input = CreateLogGroupRequest {
        log_group_name: "/aws/lambda/f".into(),
        kms_key_id: Some("key".into()),
        ..Default::default()
    };
    world.logs.create_log_group(&world.cx, input.clone()).await.unwrap();
    let answer = world.logs.describe_log_groups(&world.cx, DescribeLogGroupsRequest::default()).await.unwrap();
    let group = answer.log_groups.unwrap().remove(0);
    assert!(group.creation_time.unwrap() >= before);
    assert_eq!(
        group,
        LogGroup {
            log_group_name: Some("/aws/lambda/f".into()),
            creation_time: group.creation_time,
            metric_filter_count: Some(0),
            arn: Some("arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/f:*".into()),
            stored_bytes: Some(0),
            kms_key_id: Some("key".into()),
            log_group_class: Some(LogGroupClass::Standard),
            log_group_arn: Some("arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/f".into()),
            ..Default::default()
        }
    );
    assert_eq!(
        refusal(world.logs.create_log_group(&world.cx, input).await),
        refused("ResourceAlreadyExistsException", "The specified log group already exists")
    );
    let protected = CreateLogGroupRequest {
        log_group_name: "p".into(),
        deletion_protection_enabled: Some(true),
        ..Default::default()
    };
    assert_eq!(refusal(world.logs.create_log_group(&world.cx, protected).await).0, "NotImplementedException");
}

#[tokio::test]
async fn groups_are_listed_by_name_page_by_page_and_by_prefix_pattern_class_and_identifier() {
    let world = World::new();
    for n in 0..7 {
        world.group(&format!("app/{n}")).await;
    }
    let rare = CreateLogGroupRequest {
        log_group_name: "rare".into(),
        log_group_class: Some(LogGroupClass::InfrequentAccess),
        tags: Some(tags(&[("team", "blue")])),
        ..Default::default()
    };
    world.logs.create_log_group(&world.cx, rare).await.unwrap();
    let mut input =
        DescribeLogGroupsRequest { log_group_name_prefix: Some("app/".into()), limit: Some(3), ..Default::default() };
    let mut seen = Vec::new();
    loop {
        let page = world.logs.describe_log_groups(&world.cx, input.clone()).await.unwrap();
        seen.push(page.log_groups.unwrap().len());
        match page.next_token {
            Some(token) => input.next_token = Some(token),
            None => break,
        }
    }
    assert_eq!(seen, [3, 3, 1]);
    input.next_token = Some("junk".into());
    assert_eq!(refusal(world.logs.describe_log_groups(&world.cx, input).await).0, "InvalidParameterException");

    let pattern = DescribeLogGroupsRequest { log_group_name_pattern: Some("p/3".into()), ..Default::default() };
    assert_eq!(names(&world, pattern).await, ["app/3"]);
    let class =
        DescribeLogGroupsRequest { log_group_class: Some(LogGroupClass::InfrequentAccess), ..Default::default() };
    assert_eq!(names(&world, class).await, ["rare"]);
    let arn = "arn:aws:logs:us-east-1:111111111111:log-group:app/1".to_owned();
    let identifiers =
        DescribeLogGroupsRequest { log_group_identifiers: Some(vec!["rare".into(), arn]), ..Default::default() };
    assert_eq!(names(&world, identifiers).await, ["app/1", "rare"]);
    let both = DescribeLogGroupsRequest {
        log_group_name_prefix: Some("a".into()),
        log_group_name_pattern: Some("a".into()),
        ..Default::default()
    };
    assert_eq!(refusal(world.logs.describe_log_groups(&world.cx, both).await).0, "InvalidParameterException");

    let list = |input: ListLogGroupsRequest| async {
        let answer = world.logs.list_log_groups(&world.cx, input).await.unwrap();
        answer.log_groups.unwrap().into_iter().map(|group| group.log_group_name.unwrap()).collect::<Vec<_>>()
    };
    let pattern = ListLogGroupsRequest { log_group_name_pattern: Some("^rar|p/2".into()), ..Default::default() };
    assert_eq!(list(pattern).await, ["app/2", "rare"]);
    let tagged = |value: &str| ListLogGroupsRequest {
        log_group_tags: Some(vec![TagFilter { key: "team".into(), values: Some(vec![value.into()]) }]),
        ..Default::default()
    };
    assert_eq!(list(tagged("bl*")).await, ["rare"]);
    assert!(list(tagged("!blue")).await.is_empty());
}

#[tokio::test]
async fn a_deleted_group_is_gone_and_a_new_one_of_its_name_is_empty() {
    let world = World::new();
    world.group("g").await;
    world.stream("g", "s").await;
    world.put("g", "s", &[(world.wall(), "old")]).await;
    let delete = DeleteLogGroupRequest { log_group_name: "g".into() };
    world.logs.delete_log_group(&world.cx, delete.clone()).await.unwrap();
    assert_eq!(
        refusal(world.logs.delete_log_group(&world.cx, delete).await),
        refused("ResourceNotFoundException", "The specified log group does not exist.")
    );
    world.group("g").await;
    assert!(world.filtered("g", "").await.is_empty());
    let streams = DescribeLogStreamsRequest { log_group_name: Some("g".into()), ..Default::default() };
    assert_eq!(world.logs.describe_log_streams(&world.cx, streams).await.unwrap().log_streams, Some(Vec::new()));
}

#[tokio::test]
async fn streams_are_listed_by_name_or_by_their_last_event() {
    let world = World::new();
    world.group("g").await;
    let now = world.wall();
    for (stream, at) in [("a", now - 5), ("b", now - 9), ("c", now - 1)] {
        world.stream("g", stream).await;
        world.put("g", stream, &[(at, "m")]).await;
    }
    let list = |change: fn(&mut DescribeLogStreamsRequest)| {
        let mut input = DescribeLogStreamsRequest { log_group_identifier: Some("g".into()), ..Default::default() };
        change(&mut input);
        let world = &world;
        async move {
            let mut seen = String::new();
            loop {
                let page = world.logs.describe_log_streams(&world.cx, input.clone()).await.unwrap();
                page.log_streams.unwrap().iter().for_each(|stream| seen += stream.log_stream_name.as_deref().unwrap());
                match page.next_token {
                    Some(token) => input.next_token = Some(token),
                    None => return seen,
                }
            }
        }
    };
    assert_eq!(list(|_| {}).await, "abc");
    assert_eq!(list(|input| input.limit = Some(1)).await, "abc");
    assert_eq!(list(|input| input.descending = Some(true)).await, "cba");
    assert_eq!(list(|input| input.log_stream_name_prefix = Some("b".into())).await, "b");
    assert_eq!(list(|input| input.order_by = Some(OrderBy::LastEventTime)).await, "bac");
    let newest_first = |input: &mut DescribeLogStreamsRequest| {
        (input.order_by, input.descending, input.limit) = (Some(OrderBy::LastEventTime), Some(true), Some(2));
    };
    assert_eq!(list(newest_first).await, "cab");
    let both = DescribeLogStreamsRequest {
        log_group_name: Some("g".into()),
        log_stream_name_prefix: Some("b".into()),
        order_by: Some(OrderBy::LastEventTime),
        ..Default::default()
    };
    assert_eq!(
        refusal(world.logs.describe_log_streams(&world.cx, both).await),
        refused("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.")
    );
    let twice = DescribeLogStreamsRequest {
        log_group_name: Some("g".into()),
        log_group_identifier: Some("g".into()),
        ..Default::default()
    };
    assert_eq!(
        refusal(world.logs.describe_log_streams(&world.cx, twice).await),
        refused("ValidationException", "LogGroup name and LogGroup ARN are mutually exclusive parameters.")
    );
}

#[tokio::test]
async fn a_stream_tells_its_first_and_last_event_and_can_be_deleted() {
    let world = World::new();
    world.group("g").await;
    world.stream("g", "s").await;
    let input = DescribeLogStreamsRequest { log_group_name: Some("g".into()), ..Default::default() };
    let described =
        world.logs.describe_log_streams(&world.cx, input.clone()).await.unwrap().log_streams.unwrap().remove(0);
    let fresh = LogStream {
        log_stream_name: Some("s".into()),
        creation_time: described.creation_time,
        arn: Some("arn:aws:logs:us-east-1:111111111111:log-group:g:log-stream:s".into()),
        stored_bytes: Some(0),
        ..Default::default()
    };
    assert_eq!(described, fresh);
    let now = world.wall();
    world.put("g", "s", &[(now, "a"), (now + 7, "b")]).await;
    let described =
        world.logs.describe_log_streams(&world.cx, input.clone()).await.unwrap().log_streams.unwrap().remove(0);
    assert_eq!((described.first_event_timestamp, described.last_event_timestamp), (Some(now), Some(now + 7)));
    assert!(described.last_ingestion_time.unwrap() >= now);

    let twice = CreateLogStreamRequest { log_group_name: "g".into(), log_stream_name: "s".into() };
    assert_eq!(
        refusal(world.logs.create_log_stream(&world.cx, twice).await),
        refused("ResourceAlreadyExistsException", "The specified log stream already exists")
    );
    let delete = DeleteLogStreamRequest { log_group_name: "g".into(), log_stream_name: "s".into() };
    world.logs.delete_log_stream(&world.cx, delete.clone()).await.unwrap();
    assert_eq!(world.logs.describe_log_streams(&world.cx, input).await.unwrap().log_streams, Some(Vec::new()));
    assert!(world.filtered("g", "").await.is_empty());
    assert_eq!(
        refusal(world.logs.delete_log_stream(&world.cx, delete).await),
        refused("ResourceNotFoundException", "The specified log stream does not exist.")
    );
}

#[tokio::test]
async fn both_ways_of_tagging_see_the_same_tags() {
    let world = World::new();
    let create =
        CreateLogGroupRequest { log_group_name: "g".into(), tags: Some(tags(&[("env", "one")])), ..Default::default() };
    world.logs.create_log_group(&world.cx, create).await.unwrap();
    let arn = "arn:aws:logs:us-east-1:111111111111:log-group:g".to_owned();
    let add = TagResourceRequest { resource_arn: arn.clone(), tags: tags(&[("a", "1"), ("b", "2")]) };
    world.logs.tag_resource(&world.cx, add).await.unwrap();
    let add = TagLogGroupRequest { log_group_name: "g".into(), tags: tags(&[("c", "3"), ("a", "9")]) };
    world.logs.tag_log_group(&world.cx, add).await.unwrap();
    world
        .logs
        .untag_log_group(&world.cx, UntagLogGroupRequest { log_group_name: "g".into(), tags: vec!["c".into()] })
        .await
        .unwrap();
    world
        .logs
        .untag_resource(&world.cx, UntagResourceRequest { resource_arn: arn.clone(), tag_keys: vec!["env".into()] })
        .await
        .unwrap();
    let old = world
        .logs
        .list_tags_log_group(&world.cx, ListTagsLogGroupRequest { log_group_name: "g".into() })
        .await
        .unwrap();
    let new = world
        .logs
        .list_tags_for_resource(&world.cx, ListTagsForResourceRequest { resource_arn: arn.clone() })
        .await
        .unwrap();
    assert_eq!(old.tags, Some(tags(&[("a", "9"), ("b", "2")])));
    assert_eq!(new.tags, old.tags);
    let reserved = TagResourceRequest { resource_arn: arn.clone(), tags: tags(&[("aws:x", "1")]) };
    assert_eq!(refusal(world.logs.tag_resource(&world.cx, reserved).await).0, "InvalidParameterException");
    let many = (0..51).map(|n| (n.to_string(), String::new())).collect();
    let many = TagResourceRequest { resource_arn: arn, tags: many };
    assert_eq!(refusal(world.logs.tag_resource(&world.cx, many).await).0, "TooManyTagsException");
    for elsewhere in
        ["arn:aws:logs:us-east-1:222222222222:log-group:g", "arn:aws:logs:us-east-1:111111111111:log-group:none"]
    {
        let input = ListTagsForResourceRequest { resource_arn: elsewhere.into() };
        assert_eq!(refusal(world.logs.list_tags_for_resource(&world.cx, input).await).0, "ResourceNotFoundException");
    }
}

#[tokio::test]
async fn keys_and_retention_are_shown_and_taken_back() {
    let world = World::new();
    world.group("g").await;
    let key = AssociateKmsKeyRequest {
        resource_identifier: Some("arn:aws:logs:us-east-1:111111111111:log-group:g".into()),
        kms_key_id: "k".into(),
        ..Default::default()
    };
    world.logs.associate_kms_key(&world.cx, key).await.unwrap();
    let retention = |days| PutRetentionPolicyRequest { log_group_name: "g".into(), retention_in_days: days };
    world.logs.put_retention_policy(&world.cx, retention(14)).await.unwrap();
    let group = || async {
        let input = DescribeLogGroupsRequest::default();
        world.logs.describe_log_groups(&world.cx, input).await.unwrap().log_groups.unwrap().remove(0)
    };
    let shown = group().await;
    assert_eq!((shown.kms_key_id.as_deref(), shown.retention_in_days), (Some("k"), Some(14)));
    assert_eq!(
        refusal(world.logs.put_retention_policy(&world.cx, retention(10)).await),
        refused(
            "InvalidParameterException",
            "Invalid retention value. Valid values are: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, \
             1096, 1827, 2192, 2557, 2922, 3288, 3653]"
        )
    );
    let key = DisassociateKmsKeyRequest { log_group_name: Some("g".into()), ..Default::default() };
    world.logs.disassociate_kms_key(&world.cx, key).await.unwrap();
    world
        .logs
        .delete_retention_policy(&world.cx, DeleteRetentionPolicyRequest { log_group_name: "g".into() })
        .await
        .unwrap();
    let shown = group().await;
    assert_eq!((shown.kms_key_id, shown.retention_in_days), (None, None));
}

#[tokio::test]
async fn metric_filters_are_kept_counted_and_tested() {
    let world = World::new();
    world.group("g").await;
    world.group("h").await;
    let put = |group: &str, name: &str, pattern: &str| PutMetricFilterRequest {
        log_group_name: group.into(),
        filter_name: name.into(),
        filter_pattern: pattern.into(),
        metric_transformations: vec![MetricTransformation {
            metric_name: "m".into(),
            metric_namespace: "n".into(),
            metric_value: "1".into(),
            default_value: Some(0.0),
            ..Default::default()
        }],
        ..Default::default()
    };
    for (group, name) in [("g", "one"), ("g", "two"), ("g", "two"), ("h", "one")] {
        world.logs.put_metric_filter(&world.cx, put(group, name, " ")).await.unwrap();
    }
    assert_eq!(
        refusal(world.logs.put_metric_filter(&world.cx, put("g", "bad", "{ $.a")).await),
        refused("InvalidParameterException", "If a filter pattern starts with '{' it must end with '}'")
    );
    assert_eq!(
        refusal(world.logs.put_metric_filter(&world.cx, put("none", "x", "")).await).0,
        "ResourceNotFoundException"
    );
    let describe = |input: DescribeMetricFiltersRequest| async {
        world.logs.describe_metric_filters(&world.cx, input).await.unwrap().metric_filters.unwrap()
    };
    let of_g = DescribeMetricFiltersRequest { log_group_name: Some("g".into()), ..Default::default() };
    let shown = describe(of_g.clone()).await;
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[0].filter_pattern.as_deref(), Some(" "));
    assert_eq!(shown[0].apply_on_transformed_logs, Some(false));
    let by_prefix = DescribeMetricFiltersRequest { filter_name_prefix: Some("one".into()), ..of_g.clone() };
    assert_eq!(describe(by_prefix.clone()).await.len(), 1);
    let without_group = DescribeMetricFiltersRequest { log_group_name: None, ..by_prefix };
    assert_eq!(describe(without_group).await.len(), 3, "a prefix counts only with a group");
    let by_metric = DescribeMetricFiltersRequest {
        metric_name: Some("m".into()),
        metric_namespace: Some("other".into()),
        ..Default::default()
    };
    assert!(describe(by_metric).await.is_empty());
    let groups = world.logs.describe_log_groups(&world.cx, DescribeLogGroupsRequest::default()).await.unwrap();
    assert_eq!(groups.log_groups.unwrap()[0].metric_filter_count, Some(2));

    let delete = DeleteMetricFilterRequest { log_group_name: "g".into(), filter_name: "one".into() };
    world.logs.delete_metric_filter(&world.cx, delete.clone()).await.unwrap();
    assert_eq!(refusal(world.logs.delete_metric_filter(&world.cx, delete).await).0, "ResourceNotFoundException");
    world.logs.delete_log_group(&world.cx, DeleteLogGroupRequest { log_group_name: "g".into() }).await.unwrap();
    assert_eq!(describe(DescribeMetricFiltersRequest::default()).await.len(), 1);

    let test = TestMetricFilterRequest {
        filter_pattern: "[ip, ..., status=4*]".into(),
        log_event_messages: vec!["1.1.1.1 x 200".into(), "2.2.2.2 y 404".into()],
    };
    let matches = world.logs.test_metric_filter(&world.cx, test).await.unwrap().matches.unwrap();
    assert_eq!(matches.len(), 1);
    assert_eq!(matches[0].event_number, Some(1));
    assert_eq!(matches[0].extracted_values, Some(tags(&[("$ip", "2.2.2.2"), ("$2", "y"), ("$status", "404")])));
}

#[tokio::test]
async fn resource_policies_are_kept_by_name() {
    let world = World::new();
    let put = |name: &str, document: &str| PutResourcePolicyRequest {
        policy_name: Some(name.into()),
        policy_document: Some(document.into()),
        ..Default::default()
    };
    for n in 0..10 {
        world.logs.put_resource_policy(&world.cx, put(&n.to_string(), "{}")).await.unwrap();
    }
    let again = world.logs.put_resource_policy(&world.cx, put("3", r#"{"Version":"2012-10-17"}"#)).await.unwrap();
    assert_eq!(again.resource_policy.unwrap().policy_document.as_deref(), Some(r#"{"Version":"2012-10-17"}"#));
    assert_eq!(refusal(world.logs.put_resource_policy(&world.cx, put("x", "{}")).await).0, "LimitExceededException");
    assert_eq!(refusal(world.logs.put_resource_policy(&world.cx, put("3", "no")).await).0, "InvalidParameterException");
    let all =
        world.logs.describe_resource_policies(&world.cx, DescribeResourcePoliciesRequest::default()).await.unwrap();
    assert_eq!(all.resource_policies.unwrap().len(), 10);
    let delete = |name: &str| DeleteResourcePolicyRequest { policy_name: Some(name.into()), ..Default::default() };
    world.logs.delete_resource_policy(&world.cx, delete("3")).await.unwrap();
    assert_eq!(
        refusal(world.logs.delete_resource_policy(&world.cx, delete("3")).await),
        refused("ResourceNotFoundException", "Policy with name [3] does not exist.")
    );
}

#[tokio::test]
async fn destinations_are_kept_with_their_policy_and_tags() {
    let world = World::new();
    let put = PutDestinationRequest {
        destination_name: "d".into(),
        target_arn: "arn:aws:kinesis:us-east-1:111111111111:stream/s".into(),
        role_arn: "arn:aws:iam::111111111111:role/r".into(),
        tags: Some(tags(&[("a", "1")])),
    };
    let made = world.logs.put_destination(&world.cx, put).await.unwrap().destination.unwrap();
    let arn = made.arn.clone().unwrap();
    assert_eq!(arn, "arn:aws:logs:us-east-1:111111111111:destination:d");
    let policy = PutDestinationPolicyRequest {
        destination_name: "d".into(),
        access_policy: r#"{"Statement":[]}"#.into(),
        force_update: None,
    };
    world.logs.put_destination_policy(&world.cx, policy.clone()).await.unwrap();
    let input = DescribeDestinationsRequest { destination_name_prefix: Some("d".into()), ..Default::default() };
    let shown = world.logs.describe_destinations(&world.cx, input).await.unwrap().destinations.unwrap();
    assert_eq!(shown, [Destination { access_policy: Some(policy.access_policy), ..made }]);
    let listed =
        world.logs.list_tags_for_resource(&world.cx, ListTagsForResourceRequest { resource_arn: arn }).await.unwrap();
    assert_eq!(listed.tags, Some(tags(&[("a", "1")])));
    let delete = DeleteDestinationRequest { destination_name: "d".into() };
    world.logs.delete_destination(&world.cx, delete.clone()).await.unwrap();
    assert_eq!(refusal(world.logs.delete_destination(&world.cx, delete).await).0, "ResourceNotFoundException");
}

#[tokio::test]
async fn deliveries_join_a_source_and_a_destination() {
    let world = World::new();
    let source = PutDeliverySourceRequest {
        name: "src".into(),
        resource_arn: "arn:aws:cloudfront::111111111111:distribution/E1".into(),
        log_type: "ACCESS_LOGS".into(),
        ..Default::default()
    };
    let source = world.logs.put_delivery_source(&world.cx, source).await.unwrap().delivery_source.unwrap();
    assert_eq!(source.service.as_deref(), Some("cloudfront"));
    let target = |arn: &str| PutDeliveryDestinationRequest {
        name: "dst".into(),
        delivery_destination_configuration: Some(DeliveryDestinationConfiguration {
            destination_resource_arn: arn.into(),
        }),
        ..Default::default()
    };
    for bucket in ["arn:aws:s3:::one", "arn:aws:s3:::two"] {
        let answer = world.logs.put_delivery_destination(&world.cx, target(bucket)).await.unwrap();
        assert_eq!(
            answer.delivery_destination.unwrap(),
            DeliveryDestination {
                name: Some("dst".into()),
                arn: Some("arn:aws:logs:us-east-1:111111111111:delivery-destination:dst".into()),
                delivery_destination_type: Some(DeliveryDestinationType::S3),
                delivery_destination_configuration: target(bucket).delivery_destination_configuration,
                ..Default::default()
            }
        );
    }
    let create = CreateDeliveryRequest {
        delivery_source_name: "src".into(),
        delivery_destination_arn: "arn:aws:logs:us-east-1:111111111111:delivery-destination:dst".into(),
        ..Default::default()
    };
    let delivery = world.logs.create_delivery(&world.cx, create.clone()).await.unwrap().delivery.unwrap();
    let id = delivery.id.clone().unwrap();
    assert_eq!(refusal(world.logs.create_delivery(&world.cx, create).await).0, "ConflictException");
    let update =
        UpdateDeliveryConfigurationRequest { id: id.clone(), field_delimiter: Some(",".into()), ..Default::default() };
    world.logs.update_delivery_configuration(&world.cx, update).await.unwrap();
    let read = world.logs.get_delivery(&world.cx, GetDeliveryRequest { id: id.clone() }).await.unwrap().delivery;
    assert_eq!(read, Some(Delivery { field_delimiter: Some(",".into()), ..delivery }));
    let listed = world.logs.describe_deliveries(&world.cx, DescribeDeliveriesRequest::default()).await.unwrap();
    assert_eq!(listed.deliveries.unwrap().len(), 1);

    let policy = PutDeliveryDestinationPolicyRequest {
        delivery_destination_name: "dst".into(),
        delivery_destination_policy: "{}".into(),
    };
    world.logs.put_delivery_destination_policy(&world.cx, policy).await.unwrap();
    let input = GetDeliveryDestinationPolicyRequest { delivery_destination_name: "dst".into() };
    let policy = world.logs.get_delivery_destination_policy(&world.cx, input).await.unwrap().policy.unwrap();
    assert_eq!(policy.delivery_destination_policy.as_deref(), Some("{}"));
    let input = DeleteDeliveryDestinationPolicyRequest { delivery_destination_name: "dst".into() };
    world.logs.delete_delivery_destination_policy(&world.cx, input).await.unwrap();

    let input = DeleteDeliverySourceRequest { name: "src".into() };
    assert_eq!(refusal(world.logs.delete_delivery_source(&world.cx, input.clone()).await).0, "ConflictException");
    world.logs.delete_delivery(&world.cx, DeleteDeliveryRequest { id }).await.unwrap();
    world.logs.delete_delivery_source(&world.cx, input).await.unwrap();
    let input = DeleteDeliveryDestinationRequest { name: "dst".into() };
    world.logs.delete_delivery_destination(&world.cx, input.clone()).await.unwrap();
    let gone = refused("ResourceNotFoundException", "Requested Delivery Destination does not exist in this account.");
    assert_eq!(refusal(world.logs.delete_delivery_destination(&world.cx, input).await), gone);
    let input = GetDeliveryDestinationRequest { name: "dst".into() };
    assert_eq!(refusal(world.logs.get_delivery_destination(&world.cx, input).await), gone);
}

#[tokio::test]
async fn saved_queries_are_kept() {
    let world = World::new();
    let put = |id: Option<String>, text: &str| PutQueryDefinitionRequest {
        name: "errors".into(),
        query_definition_id: id,
        query_string: text.into(),
        ..Default::default()
    };
    let id =
        world.logs.put_query_definition(&world.cx, put(None, "fields @message")).await.unwrap().query_definition_id;
    world.logs.put_query_definition(&world.cx, put(id.clone(), "fields @timestamp")).await.unwrap();
    let input =
        DescribeQueryDefinitionsRequest { query_definition_name_prefix: Some("err".into()), ..Default::default() };
    let shown = world.logs.describe_query_definitions(&world.cx, input).await.unwrap().query_definitions.unwrap();
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0].query_string.as_deref(), Some("fields @timestamp"));
    let delete = DeleteQueryDefinitionRequest { query_definition_id: id.unwrap() };
    world.logs.delete_query_definition(&world.cx, delete.clone()).await.unwrap();
    assert_eq!(
        refusal(world.logs.delete_query_definition(&world.cx, delete.clone()).await).0,
        "ResourceNotFoundException"
    );
    let unknown = put(Some(delete.query_definition_id), "x");
    assert_eq!(refusal(world.logs.put_query_definition(&world.cx, unknown).await).0, "ResourceNotFoundException");
}
