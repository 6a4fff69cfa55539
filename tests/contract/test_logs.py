"""CloudWatch Logs by boto3: every operation, and the errors that users meet."""

import base64
import gzip
import json
import time

import pytest
from botocore.exceptions import ClientError

from conftest import ACCOUNT, eventually, zipped

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)


@pytest.fixture
def logs(client):
    return client("logs")


@pytest.fixture
def group(logs, name):
    logs.create_log_group(logGroupName=name)
    yield name
    try:
        logs.delete_log_group(logGroupName=name)
    except logs.exceptions.ResourceNotFoundException:
        pass


@pytest.fixture
def stream(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    return "s"


def refusal(call, **params):
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def now_ms():
    return int(time.time() * 1000)


def put(logs, group, stream, *messages, at=None):
    at = at or now_ms()
    events = [{"timestamp": at + i, "message": m} for i, m in enumerate(messages)]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def found(logs, group, pattern="", **more):
    answer = logs.filter_log_events(logGroupName=group, filterPattern=pattern, **more)
    return [event["message"] for event in answer["events"]]


def group_arn(name):
    return f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{name}"


def test_groups_are_made_described_and_deleted(logs, name):
    logs.create_log_group(logGroupName=name, tags={"a": "1"})
    [described] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert abs(described.pop("creationTime") - now_ms()) < 60_000
    assert described == {
        "logGroupName": name,
        "metricFilterCount": 0,
        "arn": group_arn(name) + ":*",
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
        "logGroupArn": group_arn(name),
    }
    assert refusal(logs.create_log_group, logGroupName=name) == (
        "ResourceAlreadyExistsException",
        "The specified log group already exists",
    )
    [listed] = logs.list_log_groups(logGroupNamePattern=name[:24])["logGroups"]
    assert listed == {"logGroupName": name, "logGroupArn": group_arn(name), "logGroupClass": "STANDARD"}
    logs.delete_log_group(logGroupName=name)
    assert refusal(logs.delete_log_group, logGroupName=name) == (
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    )


def test_names_outside_the_model_are_refused_in_aws_words(logs):
    code, words = refusal(logs.create_log_group, logGroupName="with space")
    assert code == "InvalidParameterException"
    assert words == (
        "1 validation error detected: Value 'with space' at 'logGroupName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"
    )


def test_names_of_aws_are_not_to_be_had(logs, name):
    for reserved in [f"aws/{name}", f"AWS/{name}"]:
        assert refusal(logs.create_log_group, logGroupName=reserved) == (
            "InvalidParameterException",
            "Log groups starting with AWS/ are reserved for AWS.",
        )
    logs.create_log_group(logGroupName=f"/aws/{name}")
    logs.delete_log_group(logGroupName=f"/aws/{name}")


def test_groups_are_paged(logs, name):
    for n in range(5):
        logs.create_log_group(logGroupName=f"{name}/{n}")
    pages = list(
        logs.get_paginator("describe_log_groups").paginate(
            logGroupNamePrefix=name, PaginationConfig={"PageSize": 2}
        )
    )
    assert [len(page["logGroups"]) for page in pages] == [2, 2, 1]
    assert refusal(logs.describe_log_groups, nextToken="junk") == (
        "InvalidParameterException",
        "The specified nextToken is invalid.",
    )


def test_retention_is_set_refused_and_taken_back(logs, group):
    logs.put_retention_policy(logGroupName=group, retentionInDays=7)
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["retentionInDays"] == 7
    assert refusal(logs.put_retention_policy, logGroupName=group, retentionInDays=8)[0] == "InvalidParameterException"
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]


def test_both_ways_of_tagging_see_the_same_tags(logs, group):
    arn = group_arn(group)
    logs.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    logs.tag_log_group(logGroupName=group, tags={"c": "3"})
    logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    logs.untag_log_group(logGroupName=group, tags=["b"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"c": "3"}
    assert logs.list_tags_log_group(logGroupName=group)["tags"] == {"c": "3"}


def test_a_key_is_kept_by_name(logs, group):
    logs.associate_kms_key(logGroupName=group, kmsKeyId="arn:aws:kms:us-east-1:000000000000:key/k")
    assert logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["kmsKeyId"].endswith("key/k")
    logs.disassociate_kms_key(logGroupName=group)
    assert "kmsKeyId" not in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]


def test_streams_are_made_described_and_deleted(logs, group):
    for stream in ["b", "a"]:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    put(logs, group, "b", "later", at=now_ms())
    put(logs, group, "a", "sooner", at=now_ms() - 60_000)
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert [stream["logStreamName"] for stream in streams] == ["a", "b"]
    assert streams[0]["arn"] == group_arn(group) + ":log-stream:a"
    latest = logs.describe_log_streams(logGroupName=group, orderBy="LastEventTime", descending=True, limit=1)
    assert latest["logStreams"][0]["logStreamName"] == "b"
    assert refusal(logs.create_log_stream, logGroupName=group, logStreamName="a") == (
        "ResourceAlreadyExistsException",
        "The specified log stream already exists",
    )
    logs.delete_log_stream(logGroupName=group, logStreamName="a")
    assert refusal(logs.delete_log_stream, logGroupName=group, logStreamName="a") == (
        "ResourceNotFoundException",
        "The specified log stream does not exist.",
    )


def test_events_are_paged_forward_to_the_end(logs, group, stream):
    lines = [f"line {n}" for n in range(25)]
    put(logs, group, stream, *lines)
    params = {"logGroupName": group, "logStreamName": stream, "startFromHead": True, "limit": 10}
    seen, token = [], None
    while True:
        page = logs.get_log_events(**params, **({"nextToken": token} if token else {}))
        seen += [event["message"] for event in page["events"]]
        assert page["nextForwardToken"].startswith("f/") and page["nextForwardToken"].endswith("/s")
        if page["nextForwardToken"] == token:
            break
        token = page["nextForwardToken"]
    assert seen == lines
    put(logs, group, stream, "more", at=now_ms() + 1000)
    assert [e["message"] for e in logs.get_log_events(**params, nextToken=token)["events"]] == ["more"]
    latest = logs.get_log_events(logGroupName=group, logStreamName=stream, limit=1)
    assert [event["message"] for event in latest["events"]] == ["more"]
    assert latest["nextBackwardToken"].startswith("b/")
    assert refusal(logs.get_log_events, logGroupName=group, logStreamName=stream, nextToken="x") == (
        "InvalidParameterException",
        "The specified nextToken is invalid.",
    )


def test_what_is_too_old_or_too_new_is_told(logs, group, stream):
    now, day = now_ms(), 24 * 3600 * 1000
    events = [(now - 15 * day, "old"), (now, "kept"), (now + day, "new")]
    events = [{"timestamp": at, "message": message} for at, message in events]
    answer = logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 2}
    assert found(logs, group) == ["kept"]
    assert refusal(logs.put_log_events, logGroupName=group, logStreamName=stream, logEvents=events[::-1]) == (
        "InvalidParameterException",
        "Log events in a single PutLogEvents request must be in chronological order.",
    )


@pytest.mark.parametrize(
    "pattern, expected",
    [
        ("ERROR", ["ERROR one", '{"level":"ERROR","code":500}']),
        ("ERROR -one", ['{"level":"ERROR","code":500}']),
        ("?one ?two", ["ERROR one", "WARN two"]),
        ('"WARN two"', ["WARN two"]),
        ("%^[EW]%", ["ERROR one", "WARN two"]),
        ('{ $.level = "ERR*" && $.code >= 500 }', ['{"level":"ERROR","code":500}']),
        ("{ $.nothing NOT EXISTS }", ['{"level":"ERROR","code":500}']),
        ("[level=WARN, what]", ["WARN two"]),
    ],
)
def test_patterns_choose_events(logs, group, stream, pattern, expected):
    put(logs, group, stream, "ERROR one", "WARN two", '{"level":"ERROR","code":500}')
    assert found(logs, group, pattern) == expected


def test_a_search_pages_over_all_streams_in_order_of_time(logs, group):
    at = now_ms()
    for n in range(20):
        if n < 2:
            logs.create_log_stream(logGroupName=group, logStreamName=f"s{n}")
        put(logs, group, f"s{n % 2}", f"line {n}", at=at + n)
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, PaginationConfig={"PageSize": 7})
    events = [event for page in pages for event in page["events"]]
    assert [event["message"] for event in events] == [f"line {n}" for n in range(20)]
    assert len({event["eventId"] for event in events}) == 20
    assert found(logs, group, logStreamNames=["s1"]) == [f"line {n}" for n in range(1, 20, 2)]
    assert len(found(logs, group, logStreamNamePrefix="s0")) == 10
    assert refusal(logs.filter_log_events, logGroupName=group, filterPattern="/aws") == (
        "InvalidParameterException",
        "Invalid character(s) in term '/aws'",
    )
    assert refusal(logs.filter_log_events, logGroupName="none") == (
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    )


def test_a_search_goes_on_in_the_direction_of_its_token(logs, group, stream):
    put(logs, group, stream, *[f"line {n}" for n in range(5)])
    seen, token = [], {"startFromHead": False}
    while token:
        page = logs.filter_log_events(logGroupName=group, limit=2, **token)
        seen += [event["message"] for event in page["events"]]
        token = {"nextToken": page["nextToken"]} if "nextToken" in page else None
    assert seen == [f"line {n}" for n in reversed(range(5))]
    first = logs.filter_log_events(logGroupName=group, limit=2)
    again = logs.filter_log_events(logGroupName=group, nextToken=first["nextToken"], startFromHead=False)
    assert [event["message"] for event in again["events"]] == [f"line {n}" for n in range(2, 5)]
    code, _ = refusal(logs.filter_log_events, logGroupName=group, startFromHead=False, startTime=1_704_067_199_999)
    assert code == "InvalidParameterException"


def test_events_are_there_after_a_kill(fresh, name):
    server = fresh()
    logs = server.client("logs")
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    lines = [f"{n} " + "x" * 200 for n in range(100)]
    for line in lines:
        put(logs, name, "s", line)
    server.kill()
    assert found(server.start().client("logs"), name) == lines


def test_live_tail_shows_what_arrives(client, logs, group, stream):
    # The host prefix of AWS's endpoints would make another host of ours.
    tail = client("logs", inject_host_prefix=False).start_live_tail(
        logGroupIdentifiers=[group_arn(group)], logEventFilterPattern="ERROR"
    )
    events = iter(tail["responseStream"])
    assert next(events)["sessionStart"]["logGroupIdentifiers"] == [group_arn(group)]
    put(logs, group, stream, "ERROR seen", "fine")
    for event in events:
        results = event["sessionUpdate"]["sessionResults"]
        if results:
            break
    assert [result["message"] for result in results] == ["ERROR seen"]
    tail["responseStream"].close()


def test_metric_filters_are_kept_and_tested(logs, group):
    transformation = {"metricName": "m", "metricNamespace": "n", "metricValue": "1", "defaultValue": 0}
    logs.put_metric_filter(
        logGroupName=group, filterName="f", filterPattern="[ip, ..., code=4*]", metricTransformations=[transformation]
    )
    [kept] = logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    assert kept["metricTransformations"] == [{**transformation, "defaultValue": 0.0}]
    [match] = logs.test_metric_filter(
        filterPattern=kept["filterPattern"], logEventMessages=["1.1.1.1 x 200", "2.2.2.2 y 404"]
    )["matches"]
    assert match["extractedValues"] == {"$ip": "2.2.2.2", "$2": "y", "$code": "404"}
    logs.delete_metric_filter(logGroupName=group, filterName="f")
    assert refusal(logs.delete_metric_filter, logGroupName=group, filterName="f")[0] == "ResourceNotFoundException"


def test_dimensions_of_a_metric_filter_need_a_pattern_with_fields(logs, group):
    def why(pattern, **more):
        transformation = {"metricName": "m", "metricNamespace": "n", "metricValue": "1", **more}
        code, message = refusal(
            logs.put_metric_filter,
            logGroupName=group,
            filterName="f",
            filterPattern=pattern,
            metricTransformations=[transformation],
        )
        assert code == "InvalidParameterException"
        return message

    assert why("ERROR", dimensions={"d": "$.d"}) == "The specified filter pattern does not support dimensions"
    assert why("{ $.d = * }", dimensions={"d": "$.d"}, defaultValue=0) == (
        "Invalid metric transformation: dimensions and default value are mutually exclusive properties."
    )
    assert "at most 3" in why("{ $.d = * }", dimensions={d: "$.d" for d in "abcd"})
    assert logs.describe_metric_filters(logGroupName=group)["metricFilters"] == []


def test_the_prefix_of_metric_filters_counts_only_with_a_group(logs, group):
    transformation = {"metricName": group, "metricNamespace": "n", "metricValue": "1"}
    logs.put_metric_filter(
        logGroupName=group, filterName="f", filterPattern="", metricTransformations=[transformation]
    )
    names = lambda **more: [f["filterName"] for f in logs.describe_metric_filters(**more)["metricFilters"]]
    assert names(logGroupName=group, filterNamePrefix="x") == []
    assert names(metricName=group, metricNamespace="n", filterNamePrefix="x") == ["f"]


def test_a_subscribed_function_gets_the_events(client, logs, group, stream, name):
    lambda_ = client("lambda")
    code = "exports.handler = async event => console.log(JSON.stringify(event))"
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    function = lambda_.create_function(
        FunctionName=name,
        Runtime="nodejs20.x",
        Handler="index.handler",
        Role=role,
        Code={"ZipFile": zipped({"index.js": code})},
    )["FunctionArn"]
    filter_of = {"logGroupName": group, "filterName": "errors", "filterPattern": "ERROR", "destinationArn": function}
    assert refusal(logs.put_subscription_filter, **filter_of) == (
        "InvalidParameterException",
        "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your "
        "function.",
    )
    lambda_.add_permission(
        FunctionName=name,
        StatementId="logs",
        Action="lambda:InvokeFunction",
        Principal="logs.us-east-1.amazonaws.com",
        SourceArn=group_arn(group) + ":*",
        SourceAccount=ACCOUNT,
    )
    logs.put_subscription_filter(**filter_of)
    [kept] = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    assert (kept["distribution"], kept["destinationArn"]) == ("ByLogStream", function)
    put(logs, group, stream, "ERROR one", "fine")

    def delivered():
        try:
            return found(logs, f"/aws/lambda/{name}", "awslogs")
        except logs.exceptions.ResourceNotFoundException:
            return None

    lines = eventually(delivered)
    data = json.loads(lines[0].split("\tINFO\t")[1])["awslogs"]["data"]
    payload = json.loads(gzip.decompress(base64.b64decode(data)))
    assert [event["message"] for event in payload["logEvents"]] == ["ERROR one"]
    assert (payload["messageType"], payload["owner"], payload["logGroup"]) == ("DATA_MESSAGE", ACCOUNT, group)
    assert (payload["logStream"], payload["subscriptionFilters"]) == (stream, ["errors"])
    logs.delete_subscription_filter(logGroupName=group, filterName="errors")
    lambda_.delete_function(FunctionName=name)


def test_a_filter_to_another_account_or_without_a_role_is_refused(logs, group):
    params = {"logGroupName": "not-existing", "filterName": "f", "filterPattern": ""}
    elsewhere = "arn:aws:lambda:us-east-1:111111111111:function:f"
    assert refusal(logs.put_subscription_filter, **params, destinationArn=elsewhere) == (
        "AccessDeniedException",
        "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross "
        "account lambda triggers.",
    )
    stream = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/unknown"
    assert refusal(logs.put_subscription_filter, **{**params, "logGroupName": group}, destinationArn=stream) == (
        "InvalidParameterException",
        "destinationArn for vendor kinesis cannot be used without roleArn",
    )
    assert refusal(logs.describe_subscription_filters, logGroupName="not-existing") == (
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    )


def test_resource_policies_are_kept(logs, name):
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    logs.put_resource_policy(policyName=name, policyDocument=document)
    kept = {policy["policyName"]: policy for policy in logs.describe_resource_policies()["resourcePolicies"]}
    assert kept[name]["policyDocument"] == document
    logs.delete_resource_policy(policyName=name)
    assert refusal(logs.delete_resource_policy, policyName=name) == (
        "ResourceNotFoundException",
        f"Policy with name [{name}] does not exist.",
    )


def test_destinations_are_kept_with_their_policy(logs, name):
    logs.put_destination(
        destinationName=name,
        targetArn=f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s",
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/r",
    )
    logs.put_destination_policy(destinationName=name, accessPolicy="{}")
    [kept] = logs.describe_destinations(DestinationNamePrefix=name)["destinations"]
    assert (kept["accessPolicy"], kept["arn"]) == ("{}", f"arn:aws:logs:us-east-1:{ACCOUNT}:destination:{name}")
    logs.delete_destination(destinationName=name)
    assert refusal(logs.delete_destination, destinationName=name)[0] == "ResourceNotFoundException"


def test_deliveries_join_a_source_and_a_destination(logs, name):
    logs.put_delivery_source(
        name=name, resourceArn=f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1", logType="ACCESS_LOGS"
    )
    assert logs.get_delivery_source(name=name)["deliverySource"]["service"] == "cloudfront"
    assert name in [source["name"] for source in logs.describe_delivery_sources()["deliverySources"]]
    configuration = {"destinationResourceArn": "arn:aws:s3:::bucket"}
    made = logs.put_delivery_destination(name=name, deliveryDestinationConfiguration=configuration)
    assert made["deliveryDestination"] == logs.get_delivery_destination(name=name)["deliveryDestination"]
    assert made["deliveryDestination"]["deliveryDestinationType"] == "S3"
    everything = logs.describe_delivery_destinations()["deliveryDestinations"]
    assert made["deliveryDestination"] in everything
    logs.put_delivery_destination_policy(deliveryDestinationName=name, deliveryDestinationPolicy="{}")
    policy = logs.get_delivery_destination_policy(deliveryDestinationName=name)["policy"]
    assert policy == {"deliveryDestinationPolicy": "{}"}
    logs.delete_delivery_destination_policy(deliveryDestinationName=name)

    arn = made["deliveryDestination"]["arn"]
    delivery = logs.create_delivery(deliverySourceName=name, deliveryDestinationArn=arn)["delivery"]
    logs.update_delivery_configuration(id=delivery["id"], fieldDelimiter=",")
    assert logs.get_delivery(id=delivery["id"])["delivery"] == {**delivery, "fieldDelimiter": ","}
    assert delivery["id"] in [one["id"] for one in logs.describe_deliveries()["deliveries"]]
    assert refusal(logs.delete_delivery_source, name=name)[0] == "ConflictException"
    logs.delete_delivery(id=delivery["id"])
    logs.delete_delivery_source(name=name)
    logs.delete_delivery_destination(name=name)
    gone = ("ResourceNotFoundException", "Requested Delivery Destination does not exist in this account.")
    assert refusal(logs.delete_delivery_destination, name=name) == gone


def test_saved_queries_are_kept(logs, name):
    saved = logs.put_query_definition(name=name, queryString="fields @message")["queryDefinitionId"]
    [kept] = logs.describe_query_definitions(queryDefinitionNamePrefix=name)["queryDefinitions"]
    assert (kept["queryDefinitionId"], kept["queryString"]) == (saved, "fields @message")
    assert logs.delete_query_definition(queryDefinitionId=saved)["success"] is True


def test_what_is_not_served_says_so(logs, group):
    with pytest.raises(ClientError) as caught:
        logs.start_query(logGroupName=group, startTime=0, endTime=1, queryString="fields @message")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "StartQuery" in caught.value.response["Error"]["Message"]


def test_accounts_see_nothing_of_one_another(client, logs, group, stream):
    put(logs, group, stream, "mine")
    other = client("logs", key="222222222222")
    assert other.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
    assert refusal(other.filter_log_events, logGroupName=group)[0] == "ResourceNotFoundException"
    assert client("logs", region="eu-west-1").describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []
