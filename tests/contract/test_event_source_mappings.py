"""Event source mappings by boto3: queues that feed functions."""

import json
import os
import subprocess
import sys

import pytest
from conftest import ACCOUNT, ROLE, eventually, refused, zipped

# Says every event in its log, then does what the environment asks for.
WORKER = """
exports.handler = async (event) => {
  console.log('EVENT ' + JSON.stringify(event));
  const bodies = event.Records.map((record) => record.body);
  if (bodies.some((body) => body.includes('poison'))) throw new Error('poison');
  if (bodies.some((body) => body.includes('slow'))) await new Promise((done) => setTimeout(done, 60000));
  const failed = event.Records.filter((record) => record.body.includes('fail'));
  return { batchItemFailures: failed.map((record) => ({ itemIdentifier: record.messageId })) };
};
"""


@pytest.fixture
def sqs(client):
    return client("sqs")


@pytest.fixture
def queue(sqs, name):
    """Makes queues and answers (URL, ARN)."""
    made = []

    def make(suffix="", **attributes):
        given = {key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()}
        made.append(sqs.create_queue(QueueName=name + suffix, Attributes=given)["QueueUrl"])
        return made[-1], f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}{suffix}"

    yield make
    for url in made:
        sqs.delete_queue(QueueUrl=url)


@pytest.fixture
def mapping(awslambda):
    """Makes mappings, waits until they read, and answers their UUIDs."""
    made = []

    def make(source, function, **more):
        answer = awslambda.create_event_source_mapping(EventSourceArn=source, FunctionName=function, **more)
        made.append(answer["UUID"])
        assert state_of(awslambda, made[-1], "Enabled", "Disabled")
        return made[-1]

    yield make
    for uuid in made:
        gone(awslambda, uuid)


@pytest.fixture
def events(client):
    """The events that a function has said in its log."""
    logs = client("logs")

    def seen(function):
        return events_of(logs, function)

    return seen


def events_of(logs, function):
    try:
        lines = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    said = [line["message"].split("EVENT ", 1) for line in lines]
    return [json.loads(parts[1]) for parts in said if len(parts) == 2]


def bodies(batches):
    return [[record["body"] for record in batch["Records"]] for batch in batches]


def state_of(awslambda, uuid, *states):
    return eventually(lambda: awslambda.get_event_source_mapping(UUID=uuid)["State"] in states)


def gone(awslambda, uuid):
    try:
        awslambda.delete_event_source_mapping(UUID=uuid)
    except (awslambda.exceptions.ResourceNotFoundException, awslambda.exceptions.ResourceInUseException):
        pass

    def missing():
        try:
            awslambda.get_event_source_mapping(UUID=uuid)
        except awslambda.exceptions.ResourceNotFoundException:
            return True

    assert eventually(missing)


def left(sqs, url):
    """(visible, in flight)"""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return tuple(int(attributes[name]) for name in names)


def test_a_message_reaches_the_function_in_aws_words_and_is_gone(sqs, queue, function, mapping, events, name):
    url, arn = queue()
    function(WORKER)
    mapping(arn, name)
    attributes = {
        "colour": {"DataType": "String", "StringValue": "blue"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x01\x02"},
    }
    sent = sqs.send_message(QueueUrl=url, MessageBody="hello ☃", MessageAttributes=attributes)
    [event] = eventually(lambda: events(name))
    [record] = event["Records"]
    assert list(record) == [
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfMessageAttributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    ]
    assert (record["messageId"], record["body"]) == (sent["MessageId"], "hello ☃")
    assert record["md5OfBody"] == sent["MD5OfMessageBody"]
    assert record["md5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert (record["eventSource"], record["eventSourceARN"], record["awsRegion"]) == ("aws:sqs", arn, "us-east-1")
    assert list(record["attributes"]) == [
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
    ]
    assert record["messageAttributes"]["colour"] == {
        "stringValue": "blue",
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": "String",
    }
    assert record["messageAttributes"]["raw"]["binaryValue"] == "AQI="
    assert eventually(lambda: left(sqs, url) == (0, 0))


def test_a_mapping_is_made_shown_listed_changed_and_deleted(client, name):
    key = "100000000801"
    awslambda, sqs = client("lambda", key=key), client("sqs", key=key)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{key}:{name}"
    make_function(awslambda, name, Role=ROLE.replace(ACCOUNT, key))
    made = awslambda.create_event_source_mapping(EventSourceArn=arn, FunctionName=name, Tags={"team": "a"})
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 202
    uuid = made["UUID"]
    shown = {key: value for key, value in made.items() if key not in ("ResponseMetadata", "LastModified")}
    assert shown == {
        "UUID": uuid,
        "EventSourceMappingArn": f"arn:aws:lambda:us-east-1:{key}:event-source-mapping:{uuid}",
        "EventSourceArn": arn,
        "FunctionArn": f"arn:aws:lambda:us-east-1:{key}:function:{name}",
        "BatchSize": 10,
        "MaximumBatchingWindowInSeconds": 0,
        "FunctionResponseTypes": [],
        "State": "Creating",
        "StateTransitionReason": "USER_INITIATED",
    }
    assert state_of(awslambda, uuid, "Enabled")
    names = [name, made["FunctionArn"], f"{key}:{name}", f"{key}:function:{name}", f"us-east-1:{key}:function:{name}"]
    for question in [{}, {"EventSourceArn": arn}, *({"FunctionName": each} for each in names)]:
        listed = awslambda.list_event_source_mappings(**question)["EventSourceMappings"]
        assert [each["UUID"] for each in listed] == [uuid], question
    assert awslambda.list_event_source_mappings(FunctionName="other")["EventSourceMappings"] == []

    changed = awslambda.update_event_source_mapping(
        UUID=uuid,
        BatchSize=20,
        MaximumBatchingWindowInSeconds=1,
        FilterCriteria={"Filters": [{"Pattern": '{"body":{"a":["b"]}}'}]},
        FunctionResponseTypes=["ReportBatchItemFailures"],
        ScalingConfig={"MaximumConcurrency": 2},
    )
    assert (changed["State"], changed["BatchSize"], changed["ScalingConfig"]) == (
        "Updating",
        20,
        {"MaximumConcurrency": 2},
    )
    assert state_of(awslambda, uuid, "Enabled")
    assert awslambda.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    assert state_of(awslambda, uuid, "Disabled")
    assert awslambda.update_event_source_mapping(UUID=uuid, Enabled=True)["State"] == "Enabling"
    assert state_of(awslambda, uuid, "Enabled")
    plain = awslambda.update_event_source_mapping(UUID=uuid, ScalingConfig={}, FilterCriteria={"Filters": []})
    assert "ScalingConfig" not in plain and "FilterCriteria" not in plain
    assert plain["FunctionResponseTypes"] == ["ReportBatchItemFailures"]

    resource = made["EventSourceMappingArn"]
    awslambda.tag_resource(Resource=resource, Tags={"stage": "test"})
    assert awslambda.list_tags(Resource=resource)["Tags"] == {"team": "a", "stage": "test"}
    awslambda.untag_resource(Resource=resource, TagKeys=["team"])
    assert awslambda.list_tags(Resource=resource)["Tags"] == {"stage": "test"}

    assert state_of(awslambda, uuid, "Enabled")
    assert awslambda.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    gone(awslambda, uuid)
    assert awslambda.list_event_source_mappings()["EventSourceMappings"] == []
    sqs.delete_queue(QueueUrl=url)


def test_lists_come_in_pages(client, name):
    key = "100000000802"
    awslambda, sqs = client("lambda", key=key), client("sqs", key=key)
    make_function(awslambda, name, Role=ROLE.replace(ACCOUNT, key))
    made = set()
    for number in range(3):
        sqs.create_queue(QueueName=f"{name}-{number}")
        arn = f"arn:aws:sqs:us-east-1:{key}:{name}-{number}"
        made.add(awslambda.create_event_source_mapping(EventSourceArn=arn, FunctionName=name, Enabled=False)["UUID"])
    pages = list(awslambda.get_paginator("list_event_source_mappings").paginate(PaginationConfig={"PageSize": 2}))
    assert [len(page["EventSourceMappings"]) for page in pages] == [2, 1]
    assert {each["UUID"] for page in pages for each in page["EventSourceMappings"]} == made


def test_what_aws_refuses_is_refused_in_its_words(client, awslambda, queue, function, mapping, name):
    _, arn = queue(VisibilityTimeout="30")
    _, fifo = queue(".fifo", FifoQueue="true")
    function(WORKER, Timeout=31)
    function(WORKER, suffix="-short")
    create = awslambda.create_event_source_mapping
    invalid = ("InvalidParameterValueException", 400)

    def words(**request):
        code, status, message = refused(create, **{"FunctionName": name + "-short", "EventSourceArn": arn, **request})
        assert (code, status) == invalid, (code, status, message)
        return message

    assert words(FunctionName="none", EventSourceArn="arn:aws:sqs:us-east-1:000000000000:none") == (
        "Function does not exist"
    )
    assert words(DestinationConfig={"OnFailure": {"Destination": arn}}) == (
        "Unsupported DestinationConfig parameter for given event source mapping type."
    )
    assert words(StartingPosition="LATEST") == "StartingPosition is not valid for SQS event sources."
    assert words(FunctionName=name) == (
        "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds"
    )
    assert words(BatchSize=11) == (
        "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
    )
    assert words(EventSourceArn=fifo, MaximumBatchingWindowInSeconds=1) == "Batching window is not supported for FIFO queues"
    assert words(FilterCriteria={"Filters": [{"Pattern": "single-string"}]}) == "Invalid filter pattern definition."
    assert "NonExistentQueue" in words(EventSourceArn="arn:aws:sqs:us-east-1:000000000000:none")
    assert words(EventSourceArn="arn:aws:s3:::bucket") == "Unrecognized event source."
    code, status, message = refused(create, FunctionName=name + "-short")
    assert (code, message) == ("InvalidParameterValueException", "Unrecognized event source.")
    unchecked = client("lambda", parameter_validation=False).create_event_source_mapping
    for parameter in ({"MaximumBatchingWindowInSeconds": 301}, {"ScalingConfig": {"MaximumConcurrency": 1}}):
        code, status, _ = refused(unchecked, FunctionName=name + "-short", EventSourceArn=arn, **parameter)
        assert (code, status) == ("ValidationException", 400), parameter
    code, status, message = refused(
        create,
        FunctionName=name + "-short",
        EventSourceArn="arn:aws:kinesis:us-east-1:000000000000:stream/s",
        StartingPosition="LATEST",
    )
    assert status == 501 and "Amazon Kinesis" in message

    first = mapping(arn, name + "-short", Enabled=False)
    assert refused(create, FunctionName=name + "-short", EventSourceArn=arn) == (
        "ResourceConflictException",
        409,
        f'An event source mapping with SQS arn (" {arn} ") and function (" {name}-short ") already exists. '
        f"Please update or delete the existing mapping with UUID {first}",
    )
    update = awslambda.update_event_source_mapping
    assert refused(update, UUID=first, BatchSize=11)[0] == "InvalidParameterValueException"
    assert refused(update, UUID=first, FunctionName=name)[2].startswith("Queue visibility timeout: 30 seconds")
    unknown = "c1090feb-0ca1-4aa3-8839-dfa091a8f77e"
    missing = ("ResourceNotFoundException", 404, "The resource you requested does not exist.")
    assert refused(awslambda.get_event_source_mapping, UUID=unknown) == missing
    assert refused(update, UUID=unknown, Enabled=False) == missing
    assert refused(awslambda.delete_event_source_mapping, UUID=unknown) == missing


def test_messages_that_no_filter_wants_are_dropped(sqs, queue, function, mapping, events, name):
    url, arn = queue()
    function(WORKER)
    mapping(arn, name, FilterCriteria={"Filters": [{"Pattern": '{"body":{"kind":["wanted"]}}'}]})
    for body in ("plain", '{"kind":"other"}', '{"kind":"wanted","n":1}'):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    assert eventually(lambda: bodies(events(name)) == [['{"kind":"wanted","n":1}']])
    assert eventually(lambda: left(sqs, url) == (0, 0))


def test_a_filter_for_json_takes_no_text_and_a_filter_for_text_no_json(sqs, queue, function, mapping, events, name):
    json_url, for_json = queue("-json")
    text_url, for_text = queue("-text")
    function(WORKER)
    function(WORKER, suffix="-text")
    mapping(for_json, name, FilterCriteria={"Filters": [{"Pattern": '{"body":{"kind":[{"exists":false}]}}'}]})
    mapping(for_text, name + "-text", FilterCriteria={"Filters": [{"Pattern": '{"body":[{"anything-but":"no"}]}'}]})
    for body in ("text", '{"other":1}', '{"kind":1}', "no"):
        sqs.send_message(QueueUrl=json_url, MessageBody=body)
        sqs.send_message(QueueUrl=text_url, MessageBody=body)
    assert eventually(lambda: left(sqs, json_url) == (0, 0) and left(sqs, text_url) == (0, 0))
    assert eventually(lambda: bodies(events(name)) == [['{"other":1}']])
    assert eventually(lambda: bodies(events(name + "-text")) == [["text"]])


def test_messages_of_one_window_come_together(sqs, queue, function, mapping, events, name):
    url, arn = queue()
    function(WORKER)
    mapping(arn, name, BatchSize=100, MaximumBatchingWindowInSeconds=2)
    for number in range(12):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    [batch] = eventually(lambda: bodies(events(name)))
    assert sorted(batch, key=int) == [str(number) for number in range(12)]


def test_a_full_batch_does_not_wait_for_its_window(sqs, queue, function, mapping, events, name):
    url, arn = queue()
    function(WORKER)
    mapping(arn, name, BatchSize=2, MaximumBatchingWindowInSeconds=300)
    for number in range(4):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    assert eventually(lambda: [len(batch) for batch in bodies(events(name))] == [2, 2])


def test_reported_failures_come_back_and_the_others_do_not(sqs, queue, function, mapping, events, name):
    dead_url, dead = queue("-dead")
    url, arn = queue(VisibilityTimeout="3", RedrivePolicy={"deadLetterTargetArn": dead, "maxReceiveCount": "2"})
    function(WORKER)
    entries = [{"Id": body, "MessageBody": body} for body in ("good", "fail", "fine")]
    sqs.send_message_batch(QueueUrl=url, Entries=entries)
    mapping(arn, name, FunctionResponseTypes=["ReportBatchItemFailures"])
    assert eventually(lambda: left(sqs, dead_url) == (1, 0))
    [dead_letter] = sqs.receive_message(QueueUrl=dead_url, AttributeNames=["All"])["Messages"]
    assert dead_letter["Body"] == "fail"
    assert left(sqs, url) == (0, 0)
    assert eventually(lambda: sorted(sum(bodies(events(name)), [])) == ["fail", "fail", "fine", "good"])


# Answers what its message says, `$ID` being the message's own.
PARROT = """
exports.handler = async ({ Records: [{ body, messageId }] }) => {
  if (body === 'raise') throw new Error(body);
  return JSON.parse(body.replaceAll('$ID', messageId));
};
"""


def test_a_batch_is_done_unless_the_answer_says_otherwise(awslambda, sqs, queue, function, mapping, name):
    url, arn = queue(VisibilityTimeout="600")
    function(PARROT)
    done = ["null", '""', "[]", "{}", '{"batchItemFailures":[]}', '{"batchItemFailures":null}', '{"statusCode":500}']
    done += ['{"BatchItemFailures":[{"ItemIdentifier":"$ID"}]}']
    failed = ["raise", '"done"', "7", "[1]", '{"batchItemFailures":"$ID"}', '{"batchItemFailures":["$ID"]}']
    for failure in ('"$ID"', '""', "null", "7", '"unknown"', '"$ID"},{"itemIdentifier":"unknown"'):
        failed += [f'{{"batchItemFailures":[{{"itemIdentifier":{failure}}}]}}']
    failed += ['{"batchItemFailures":[{"id":"$ID"}]}', '{"batchItemFailures":[null]}', '{"batchItemFailures":[{}]}']
    for answer in done + failed:
        sqs.send_message(QueueUrl=url, MessageBody=answer)
    uuid = mapping(arn, name, BatchSize=1, FunctionResponseTypes=["ReportBatchItemFailures"])
    assert eventually(lambda: left(sqs, url) == (0, len(failed)))
    gone(awslambda, uuid)
    # Nothing is in flight any more, so what is there has not been deleted.
    assert left(sqs, url) == (0, len(failed))


def test_without_the_setting_only_an_error_fails_a_batch(awslambda, sqs, queue, function, mapping, name):
    url, arn = queue(VisibilityTimeout="600")
    function(PARROT)
    for answer in ("raise", '{"batchItemFailures":[{"itemIdentifier":"$ID"}]}', '"done"', "7"):
        sqs.send_message(QueueUrl=url, MessageBody=answer)
    uuid = mapping(arn, name, BatchSize=1)
    assert eventually(lambda: left(sqs, url) == (0, 1))
    gone(awslambda, uuid)
    assert left(sqs, url) == (0, 1)


def test_a_batch_whose_handler_fails_ends_in_the_dead_letter_queue(sqs, queue, function, mapping, events, name):
    dead_url, dead = queue("-dead")
    url, arn = queue(VisibilityTimeout="3", RedrivePolicy={"deadLetterTargetArn": dead, "maxReceiveCount": "2"})
    function(WORKER)
    mapping(arn, name)
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    assert eventually(lambda: left(sqs, dead_url) == (1, 0))
    counts = [batch["Records"][0]["attributes"]["ApproximateReceiveCount"] for batch in events(name)]
    assert counts == ["1", "2"]


def test_fifo_keeps_the_order_of_a_group_over_a_failure(sqs, queue, function, mapping, events, name):
    dead_url, dead = queue("-dead.fifo", FifoQueue="true")
    url, arn = queue(
        ".fifo",
        FifoQueue="true",
        ContentBasedDeduplication="true",
        VisibilityTimeout="3",
        RedrivePolicy={"deadLetterTargetArn": dead, "maxReceiveCount": "2"},
    )
    function(WORKER)
    mapping(arn, name, BatchSize=1)
    for group, body in [("a", "a1"), ("a", "a2 poison"), ("b", "b1"), ("a", "a3"), ("b", "b2")]:
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group)
    assert eventually(lambda: left(sqs, url) == (0, 0) and left(sqs, dead_url) == (1, 0))

    def of(group):
        return [body for body in sum(bodies(events(name)), []) if body.startswith(group)]

    assert eventually(lambda: of("a") == ["a1", "a2 poison", "a2 poison", "a3"] and of("b") == ["b1", "b2"])
    record = events(name)[0]["Records"][0]
    assert list(record["attributes"]) == [
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SequenceNumber",
        "MessageGroupId",
        "SenderId",
        "MessageDeduplicationId",
        "ApproximateFirstReceiveTimestamp",
    ]


def test_a_fifo_batch_that_fails_in_part_leaves_the_rest_in_order(sqs, queue, function, mapping, events, name):
    dead_url, dead = queue("-dead.fifo", FifoQueue="true")
    redrive = {"deadLetterTargetArn": dead, "maxReceiveCount": "1"}
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "3"}
    url, arn = queue(".fifo", RedrivePolicy=redrive, **fifo)
    function(WORKER)
    function(WORKER, suffix="-dead")
    for body in ("one", "fail two", "fail three", "four"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    mapping(arn, name, FunctionResponseTypes=["ReportBatchItemFailures"])
    assert eventually(lambda: left(sqs, url) == (0, 0) and left(sqs, dead_url) == (2, 0))
    assert bodies(events(name)) == [["one", "fail two", "fail three", "four"]]
    mapping(dead, name + "-dead", FunctionResponseTypes=["ReportBatchItemFailures"])
    [batch] = eventually(lambda: events(name + "-dead"))
    assert bodies([batch]) == [["fail two", "fail three"]]
    assert {record["attributes"]["DeadLetterQueueSourceArn"] for record in batch["Records"]} == {arn}


def test_an_alias_is_invoked_as_itself(awslambda, sqs, queue, function, mapping, client, name):
    url, arn = queue()
    function("exports.handler = async (_, c) => console.log('EVENT ' + JSON.stringify(c.invokedFunctionArn));")
    awslambda.get_waiter("function_active_v2").wait(FunctionName=name)
    version = awslambda.publish_version(FunctionName=name)["Version"]
    alias = awslambda.create_alias(FunctionName=name, Name="live", FunctionVersion=version)["AliasArn"]
    uuid = mapping(arn, name + ":live")
    assert awslambda.get_event_source_mapping(UUID=uuid)["FunctionArn"] == alias
    listed = awslambda.list_event_source_mappings(FunctionName=alias)["EventSourceMappings"]
    assert [each["UUID"] for each in listed] == [uuid]
    assert awslambda.list_event_source_mappings(FunctionName=name)["EventSourceMappings"] == []
    sqs.send_message(QueueUrl=url, MessageBody="1")
    assert eventually(lambda: events_of(client("logs"), name)) == [alias]
    # Another qualifier of the function is another function to a mapping.
    other = mapping(arn, f"{name}:{version}", Enabled=False)
    assert refused(awslambda.update_event_source_mapping, UUID=other, FunctionName=alias)[0] == "ResourceConflictException"


def test_two_functions_share_the_messages_of_a_queue(sqs, queue, function, mapping, events, name):
    url, arn = queue()
    function(WORKER)
    function(WORKER, suffix="-other")
    mapping(arn, name, BatchSize=1)
    mapping(arn, name + "-other", BatchSize=1)
    for number in range(20):
        sqs.send_message(QueueUrl=url, MessageBody=str(number))
    both = lambda: sum(bodies(events(name)) + bodies(events(name + "-other")), [])  # noqa: E731
    assert eventually(lambda: sorted(both(), key=int) == [str(number) for number in range(20)])
    assert left(sqs, url) == (0, 0)


def test_no_more_batches_are_out_than_the_maximum_concurrency(sqs, queue, function, mapping, name):
    url, arn = queue(VisibilityTimeout="60")
    function(WORKER, Timeout=60)
    for number in range(6):
        sqs.send_message(QueueUrl=url, MessageBody=f"slow {number}")
    mapping(arn, name, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    assert eventually(lambda: left(sqs, url) == (4, 2))
    assert left(sqs, url) == (4, 2)


def test_an_event_has_at_most_six_megabytes(sqs, queue, function, mapping, client, name):
    url, arn = queue()
    function("exports.handler = async ({ Records }) => console.log(`EVENT ${Records.length}`);", MemorySize=512)
    for _ in range(10):
        sqs.send_message(QueueUrl=url, MessageBody="x" * 1_000_000)
    mapping(arn, name)
    sizes = eventually(lambda: (sizes := events_of(client("logs"), name)) and sum(sizes) == 10 and sizes)
    assert max(sizes) <= 6
    assert eventually(lambda: left(sqs, url) == (0, 0))


def test_a_disabled_mapping_reads_nothing_until_it_is_enabled(awslambda, sqs, queue, function, mapping, events, name):
    url, arn = queue()
    function(WORKER)
    uuid = mapping(arn, name, Enabled=False)
    sqs.send_message(QueueUrl=url, MessageBody="1")
    awslambda.update_event_source_mapping(UUID=uuid, Enabled=True)
    assert eventually(lambda: bodies(events(name)) == [["1"]])
    assert state_of(awslambda, uuid, "Enabled")
    awslambda.update_event_source_mapping(UUID=uuid, Enabled=False)
    assert state_of(awslambda, uuid, "Disabled")
    sqs.send_message(QueueUrl=url, MessageBody="2")
    assert left(sqs, url) == (1, 0)
    [message] = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert message["Attributes"]["ApproximateReceiveCount"] == "1", "nobody had received it before"


def test_a_slow_function_stalls_no_other(sqs, queue, function, mapping, events, name):
    slow_url, slow = queue("-slow")
    url, arn = queue()
    function(WORKER, Timeout=30)
    function(WORKER, suffix="-slow", Timeout=30)
    mapping(slow, name + "-slow", BatchSize=1)
    mapping(arn, name)
    for number in range(6):
        sqs.send_message(QueueUrl=slow_url, MessageBody=f"slow {number}")
    assert eventually(lambda: left(sqs, slow_url)[1] >= 5)
    sqs.send_message(QueueUrl=url, MessageBody="quick")
    assert eventually(lambda: bodies(events(name)) == [["quick"]], 5)


def test_a_mapping_says_that_its_function_is_gone(awslambda, sqs, queue, function, mapping, events, name):
    url, arn = queue(VisibilityTimeout="3")
    function(WORKER)
    uuid = mapping(arn, name)
    awslambda.delete_function(FunctionName=name)
    sqs.send_message(QueueUrl=url, MessageBody="1")

    def result():
        return awslambda.get_event_source_mapping(UUID=uuid).get("LastProcessingResult")

    assert eventually(lambda: result() == "PROBLEM: Function not found")
    function(WORKER)
    assert eventually(lambda: bodies(events(name)) == [["1"]])
    assert eventually(lambda: result() is None)


def test_mappings_survive_a_kill(fresh, name):
    server = fresh()
    awslambda, sqs = server.client("lambda"), server.client("sqs")
    make_function(awslambda, name)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    uuid = awslambda.create_event_source_mapping(EventSourceArn=arn, FunctionName=name)["UUID"]
    assert state_of(awslambda, uuid, "Enabled")
    server.kill()
    server.start()
    awslambda, sqs, logs = server.client("lambda"), server.client("sqs"), server.client("logs")
    assert awslambda.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    sqs.send_message(QueueUrl=url, MessageBody="after")
    assert eventually(lambda: bodies(events_of(logs, name)) == [["after"]])
    server.stop()


def make_function(awslambda, name, **more):
    request = {
        "FunctionName": name,
        "Runtime": "nodejs20.x",
        "Role": ROLE,
        "Handler": "index.handler",
        "Code": {"ZipFile": zipped({"index.js": WORKER})},
    }
    return awslambda.create_function(**{**request, **more})


def test_throttled_messages_can_die_without_ever_having_run(fresh, name):
    server = fresh("--account-concurrency", "1")
    awslambda, sqs, logs = server.client("lambda"), server.client("sqs"), server.client("logs")
    make_function(awslambda, name)
    make_function(awslambda, name + "-other", Timeout=60)
    dead_url = sqs.create_queue(QueueName=name + "-dead")["QueueUrl"]
    redrive = {"deadLetterTargetArn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}-dead", "maxReceiveCount": "1"}
    attributes = {"VisibilityTimeout": "3", "RedrivePolicy": json.dumps(redrive)}
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    # The whole account is busy for longer than the messages' visibility lasts.
    slow = json.dumps({"Records": [{"body": "slow", "messageId": "0"}]})
    awslambda.invoke(FunctionName=name + "-other", InvocationType="Event", Payload=slow)
    assert eventually(lambda: events_of(logs, name + "-other"))
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    awslambda.create_event_source_mapping(EventSourceArn=arn, FunctionName=name)
    sqs.send_message(QueueUrl=url, MessageBody="never")
    assert eventually(lambda: left(sqs, dead_url) == (1, 0))
    assert events_of(logs, name) == []
    server.kill()




def test_a_role_must_be_allowed_to_read_the_queue(gureum, fresh, client, queue, function, mapping, name):
    words = "The function execution role does not have permissions to call ReceiveMessage on SQS"
    _, arn = queue()
    function(WORKER)
    made = client("lambda").create_event_source_mapping(EventSourceArn=arn, FunctionName=name)
    assert words in made["ResponseMetadata"]["HTTPHeaders"]["x-gureum-hint"], "open access notes it"
    gone(client("lambda"), made["UUID"])

    server = fresh("--strict")
    root = json.loads((server.folder / "state/gureum/root-key.json").read_text())
    keys = {"key": root["access_key_id"], "secret": root["secret_access_key"]}
    awslambda, iam, sqs = (server.client(service, **keys) for service in ("lambda", "iam", "sqs"))
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    make_function(awslambda, name, Role=role)
    request = {"EventSourceArn": arn.replace(ACCOUNT, role.split(":")[4]), "FunctionName": name}
    assert refused(awslambda.create_event_source_mapping, **request) == ("InvalidParameterValueException", 400, words)
    managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
    iam.attach_role_policy(RoleName=name, PolicyArn=managed)
    uuid = awslambda.create_event_source_mapping(**request)["UUID"]
    assert state_of(awslambda, uuid, "Enabled")
    sqs.send_message(QueueUrl=url, MessageBody="1")
    assert eventually(lambda: bodies(events_of(server.client("logs", **keys), name)) == [["1"]])

    # A role that is gone stops the mapping, which says so.
    iam.detach_role_policy(RoleName=name, PolicyArn=managed)
    iam.delete_role(RoleName=name)
    sqs.send_message(QueueUrl=url, MessageBody="2")
    result = lambda: awslambda.get_event_source_mapping(UUID=uuid).get("LastProcessingResult")  # noqa: E731
    assert eventually(lambda: result() == "PROBLEM: Lambda failed to assume your function execution role")


def test_the_aws_cli_makes_lists_and_deletes_mappings(gureum, queue, function, name, tmp_path):
    _, arn = queue()
    function(WORKER)
    environment = dict(
        os.environ,
        AWS_ENDPOINT_URL=gureum.endpoint,
        AWS_DEFAULT_REGION="us-east-1",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_PAGER="",
        HOME=str(tmp_path),
    )

    def aws(*words):
        program = [os.path.join(os.path.dirname(sys.executable), "aws"), "lambda", *words, "--output", "json"]
        done = subprocess.run(program, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    filters = json.dumps({"Filters": [{"Pattern": json.dumps({"body": {"a": [{"numeric": [">", 1]}]}})}]})
    made = aws("create-event-source-mapping", "--function-name", name, "--event-source-arn", arn, "--batch-size", "5",
               "--filter-criteria", filters, "--scaling-config", "MaximumConcurrency=2")  # fmt: skip
    assert (made["State"], made["BatchSize"], made["ScalingConfig"]) == ("Creating", 5, {"MaximumConcurrency": 2})
    [listed] = aws("list-event-source-mappings", "--function-name", name)["EventSourceMappings"]
    assert listed["UUID"] == made["UUID"]
    assert aws("delete-event-source-mapping", "--uuid", made["UUID"])["State"] == "Deleting"
    assert eventually(lambda: aws("list-event-source-mappings", "--function-name", name)["EventSourceMappings"] == [])


V3 = """
const { LambdaClient, CreateEventSourceMappingCommand } = require('@aws-sdk/client-lambda');
const { SQSClient, SendMessageCommand } = require('@aws-sdk/client-sqs');
const [endpoint, FunctionName, EventSourceArn, QueueUrl] = process.argv.slice(2);
const config = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
(async () => {
  const lambda = new LambdaClient(config);
  const made = await lambda.send(new CreateEventSourceMappingCommand({ FunctionName, EventSourceArn, BatchSize: 1 }));
  await new SQSClient(config).send(new SendMessageCommand({ QueueUrl, MessageBody: 'by v3' }));
  console.log(JSON.stringify([made.State, made.LastModified instanceof Date, made.UUID]));
})();
"""


def test_aws_sdk_v3_feeds_a_function(gureum, awslambda, queue, function, events, name, tmp_path):
    url, arn = queue()
    function(WORKER)
    (tmp_path / "v3.js").write_text(V3)
    environment = dict(os.environ, NODE_PATH=os.path.join(os.environ["GUREUM_NODE_CLIENTS"], "node_modules"))
    done = subprocess.run(
        ["node", "v3.js", gureum.endpoint, name, arn, url],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    state, is_date, uuid = json.loads(done.stdout or done.stderr)
    assert (state, is_date) == ("Creating", True)
    assert eventually(lambda: bodies(events(name)) == [["by v3"]])
    gone(awslambda, uuid)


def test_events_are_counted_for_who_asks(client, sqs, queue, function, mapping, name):
    url, arn = queue()
    function(WORKER)
    uuid = mapping(arn, name, MetricsConfig={"Metrics": ["EventCount"]})
    assert client("lambda").get_event_source_mapping(UUID=uuid)["MetricsConfig"] == {"Metrics": ["EventCount"]}
    sqs.send_message(QueueUrl=url, MessageBody="1")
    dimensions = [{"Name": "EventSourceMappingUUID", "Value": uuid}]
    listed = lambda: {  # noqa: E731
        metric["MetricName"]
        for metric in client("cloudwatch").list_metrics(Namespace="AWS/Lambda", Dimensions=dimensions)["Metrics"]
    }
    assert eventually(lambda: {"PolledEventCount", "InvokedEventCount", "DeletedEventCount"} <= listed(), 90)
