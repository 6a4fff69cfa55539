"""SQS by boto3, in JSON and in the older query protocol: every operation, and the errors that users meet."""

import copy
import hashlib
import json
import os
import re
import subprocess
import threading
import time
import urllib.parse
import urllib.request

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from conftest import ACCOUNT, eventually


@pytest.fixture
def sqs(client):
    return client("sqs")


@pytest.fixture
def queue(sqs, name):
    """Makes queues: queue(), queue(VisibilityTimeout=1), queue("-dlq"), queue(".fifo", FifoQueue=True)."""
    made = []

    def make(suffix="", **attributes):
        given = {key: value if isinstance(value, str) else json.dumps(value) for key, value in attributes.items()}
        made.append(sqs.create_queue(QueueName=name + suffix, Attributes=given)["QueueUrl"])
        return made[-1]

    yield make
    for url in made:
        try:
            sqs.delete_queue(QueueUrl=url)
        except ClientError:
            pass


@pytest.fixture
def query(gureum):
    """A client that speaks the query protocol, as SDKs did before 2023."""
    session = botocore.session.get_session()
    loader = session.get_component("data_loader")
    load = loader.load_service_model

    def with_query(service, kind, api_version=None):
        model = load(service, kind, api_version)
        return query_model(copy.deepcopy(model)) if (service, kind) == ("sqs", "service-2") else model

    loader.load_service_model = with_query
    return session.create_client(
        "sqs",
        endpoint_url=gureum.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


def query_model(model):
    """The wire names that the model of today no longer has."""
    lists = {"StringList": "StringListValue", "BinaryList": "BinaryListValue"}
    maps = {
        "MessageBodyAttributeMap": "MessageAttribute",
        "MessageBodySystemAttributeMap": "MessageSystemAttribute",
        "MessageSystemAttributeMap": "Attribute",
        "QueueAttributeMap": "Attribute",
        "TagMap": "Tag",
    }
    for name, shape in model["shapes"].items():
        if shape["type"] == "list":
            shape["member"]["locationName"] = lists.get(name) or name.removesuffix("List")
        if shape["type"] == "map":
            shape["key"]["locationName"] = "Key" if name == "TagMap" else "Name"
            shape["value"]["locationName"] = "Value"
        for member in shape.get("members", {}).values():
            if member["shape"] in maps:
                member["locationName"] = maps[member["shape"]]
    for name, operation in model["operations"].items():
        if "output" in operation:
            operation["output"]["resultWrapper"] = name + "Result"
    model["metadata"].update(protocol="query", protocols=["query"], xmlNamespace="http://queue.amazonaws.com/doc/2012-11-05/")
    return model


def refusal(call, **params):
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def arn_of(sqs, url):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def attributes(sqs, url, *names):
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"])["Attributes"]


def counts(sqs, url):
    shown = attributes(sqs, url)
    names = ["ApproximateNumberOfMessages" + kind for kind in ("", "NotVisible", "Delayed")]
    return tuple(int(shown[name]) for name in names)


def receive(sqs, url, **params):
    return sqs.receive_message(QueueUrl=url, **params).get("Messages", [])


def bodies(sqs, url, **params):
    return [message["Body"] for message in receive(sqs, url, **params)]


def send(sqs, url, *texts, **params):
    return [sqs.send_message(QueueUrl=url, MessageBody=text, **params) for text in texts]


# Queues


def test_a_queue_is_made_found_listed_and_deleted(sqs, gureum, name):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    assert url == f"{gureum.endpoint}/{ACCOUNT}/{name}"
    assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == url
    assert sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=ACCOUNT)["QueueUrl"] == url
    assert sqs.list_queues(QueueNamePrefix=name)["QueueUrls"] == [url]
    sqs.delete_queue(QueueUrl=url)
    missing = ("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
    assert refusal(sqs.get_queue_url, QueueName=name) == missing
    assert refusal(sqs.delete_queue, QueueUrl=url) == missing
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=name)
    code, message = refusal(sqs.create_queue, QueueName=name)
    assert code == "AWS.SimpleQueueService.QueueDeletedRecently"
    assert message == (
        "You must wait 60 seconds after deleting a queue before you can create another with the same name."
    )


def test_making_a_queue_again_finds_it_unless_an_attribute_differs(sqs, queue, name):
    url = queue(VisibilityTimeout=2, DelaySeconds=1)
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == url
    assert sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "2"})["QueueUrl"] == url
    code, message = refusal(sqs.create_queue, QueueName=name, Attributes={"VisibilityTimeout": "5"})
    assert code == "QueueAlreadyExists"
    assert message == "A queue already exists with the same name and a different value for attribute VisibilityTimeout"


def test_names_and_urls_that_are_none_are_refused(sqs):
    plain = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    for bad in ["a b", "x" * 81, "a.fifo"]:
        assert refusal(sqs.create_queue, QueueName=bad) == ("InvalidParameterValue", plain)
    code, message = refusal(sqs.create_queue, QueueName="a", Attributes={"FifoQueue": "true"})
    assert code == "InvalidParameterValue" and "must end with .fifo suffix" in message
    code, message = refusal(sqs.send_message, QueueUrl="http://127.0.0.1/nothing", MessageBody="x")
    assert (code, message) == ("InvalidAddress", "The address http://127.0.0.1/nothing is not valid for this endpoint.")


def test_queues_are_listed_in_pages(sqs, queue, name):
    urls = [queue(f"-{i}") for i in range(5)]
    first = sqs.list_queues(QueueNamePrefix=name, MaxResults=2)
    assert first["QueueUrls"] == urls[:2]
    second = sqs.list_queues(QueueNamePrefix=name, MaxResults=2, NextToken=first["NextToken"])
    assert second["QueueUrls"] == urls[2:4]
    last = sqs.list_queues(QueueNamePrefix=name, MaxResults=2, NextToken=second["NextToken"])
    assert last["QueueUrls"] == urls[4:] and "NextToken" not in last
    assert "NextToken" not in sqs.list_queues(QueueNamePrefix=name)
    assert refusal(sqs.list_queues, NextToken="junk", MaxResults=2)[0] == "InvalidParameterValue"
    assert refusal(sqs.list_queues, MaxResults=1001)[0] == "InvalidParameterValue"


def test_every_attribute_is_shown_as_aws_shows_it(sqs, queue):
    shown = attributes(sqs, queue())
    assert {key: shown[key] for key in shown if not key.endswith("Timestamp") and key != "QueueArn"} == {
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "DelaySeconds": "0",
        "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true",
        "VisibilityTimeout": "30",
    }
    assert abs(int(shown["CreatedTimestamp"]) - time.time()) < 60
    assert re.fullmatch(rf"arn:aws:sqs:us-east-1:{ACCOUNT}:t-\w+", shown["QueueArn"])


def test_attributes_are_set_and_refused_by_name(sqs, queue):
    url = queue()
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "7", "KmsMasterKeyId": "alias/aws/sqs"})
    shown = attributes(sqs, url)
    assert (shown["VisibilityTimeout"], shown["KmsMasterKeyId"]) == ("7", "alias/aws/sqs")
    assert (shown["KmsDataKeyReusePeriodSeconds"], shown["SqsManagedSseEnabled"]) == ("300", "false")
    assert attributes(sqs, url, "VisibilityTimeout") == {"VisibilityTimeout": "7"}
    for key, value in [
        ("VisibilityTimeout", "43201"),
        ("DelaySeconds", "901"),
        ("MaximumMessageSize", "1048577"),
        ("MessageRetentionPeriod", "59"),
        ("ReceiveMessageWaitTimeSeconds", "x"),
        ("Policy", "{}"),
    ]:
        code, message = refusal(sqs.set_queue_attributes, QueueUrl=url, Attributes={key: value})
        assert (code, message) == ("InvalidAttributeValue", f"Invalid value for the parameter {key}.")
    for key in ["FifoQueue", "QueueArn", "Nothing"]:
        code, message = refusal(sqs.set_queue_attributes, QueueUrl=url, Attributes={key: "1"})
        assert (code, message) == ("InvalidAttributeName", f"Unknown Attribute {key}.")
    code, message = refusal(sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["Nothing"])
    assert (code, message) == ("InvalidAttributeName", "Unknown Attribute Nothing.")


def test_tags_come_and_go(sqs, queue):
    url = queue()
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=url)
    sqs.tag_queue(QueueUrl=url, Tags={"a": "1", "b": ""})
    sqs.tag_queue(QueueUrl=url, Tags={"a": "2"})
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "2", "b": ""}
    sqs.untag_queue(QueueUrl=url, TagKeys=["b", "c"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "2"}
    assert refusal(sqs.tag_queue, QueueUrl=url, Tags={"aws:x": "1"})[0] == "InvalidParameterValue"
    assert refusal(sqs.tag_queue, QueueUrl=url, Tags={str(i): "" for i in range(51)})[0] == "InvalidParameterValue"


def test_permissions_are_statements_of_the_policy(sqs, queue):
    url = queue()
    arn = arn_of(sqs, url)
    sqs.add_permission(QueueUrl=url, Label="one", AWSAccountIds=["222222222222"], Actions=["SendMessage"])
    policy = json.loads(attributes(sqs, url, "Policy")["Policy"])
    assert policy == {
        "Version": "2008-10-17",
        "Id": f"{arn}/SQSDefaultPolicy",
        "Statement": [
            {
                "Sid": "one",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::222222222222:root"},
                "Action": "SQS:SendMessage",
                "Resource": arn,
            }
        ],
    }
    code, message = refusal(
        sqs.add_permission, QueueUrl=url, Label="one", AWSAccountIds=["222222222222"], Actions=["SendMessage"]
    )
    assert (code, message) == ("InvalidParameterValue", "Value one for parameter Label is invalid. Reason: Already exists.")
    sqs.remove_permission(QueueUrl=url, Label="one")
    assert "Policy" not in attributes(sqs, url)
    assert refusal(sqs.remove_permission, QueueUrl=url, Label="one")[0] == "InvalidParameterValue"


def test_another_account_is_let_in_by_the_policy_and_told_where_it_would_not_be(gureum, sqs, queue):
    url = queue()
    other = gureum.client("sqs", key="222222222222")
    hint = lambda answer: answer["ResponseMetadata"]["HTTPHeaders"].get("x-gureum-hint", "")
    assert "AccessDenied" in hint(other.send_message(QueueUrl=url, MessageBody="x"))
    sqs.add_permission(QueueUrl=url, Label="one", AWSAccountIds=["222222222222"], Actions=["SendMessage"])
    assert not hint(other.send_message(QueueUrl=url, MessageBody="x"))
    assert "AccessDenied" in hint(other.receive_message(QueueUrl=url))


def test_what_is_missing_is_named(sqs, queue):
    url = queue()
    assert refusal(sqs.send_message, QueueUrl=url, MessageBody="") == (
        "MissingParameter",
        "The request must contain the parameter MessageBody.",
    )
    assert refusal(sqs.set_queue_attributes, QueueUrl=url, Attributes={})[0] == "MissingParameter"


# Messages


def test_a_message_is_sent_received_and_deleted(sqs, queue):
    url = queue()
    sent = sqs.send_message(
        QueueUrl=url,
        MessageBody="hello é",
        MessageAttributes={"n": {"DataType": "Number", "StringValue": "1"}, "b": {"DataType": "Binary", "BinaryValue": b"\x00"}},
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": "Root=1-5759e988-bd862e3fe1be46a994272793"}},
    )
    digest = hashlib.md5("hello é".encode()).hexdigest()
    assert sent["MD5OfMessageBody"] == digest
    assert {"MD5OfMessageAttributes", "MD5OfMessageSystemAttributes", "MessageId"} <= set(sent)
    assert "SequenceNumber" not in sent
    assert counts(sqs, url) == (1, 0, 0)
    [message] = receive(sqs, url, AttributeNames=["All"], MessageAttributeNames=["All"])
    assert (message["Body"], message["MD5OfBody"], message["MessageId"]) == ("hello é", digest, sent["MessageId"])
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["MessageAttributes"]["b"] == {"DataType": "Binary", "BinaryValue": b"\x00"}
    shown = message["Attributes"]
    assert shown["ApproximateReceiveCount"] == "1" and shown["SenderId"] == ACCOUNT
    assert shown["AWSTraceHeader"] == "Root=1-5759e988-bd862e3fe1be46a994272793"
    assert abs(int(shown["SentTimestamp"]) / 1000 - time.time()) < 60
    assert int(shown["ApproximateFirstReceiveTimestamp"]) >= int(shown["SentTimestamp"])
    assert counts(sqs, url) == (0, 1, 0)
    assert receive(sqs, url) == []
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert counts(sqs, url) == (0, 0, 0)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def test_only_what_is_asked_for_is_shown(sqs, queue):
    url = queue(VisibilityTimeout=0)
    texts = {key: {"DataType": "String", "StringValue": "x"} for key in ["app.a", "app.b", "other"]}
    sqs.send_message(QueueUrl=url, MessageBody="m", MessageAttributes=texts)
    [plain] = receive(sqs, url)
    assert {"Attributes", "MessageAttributes", "MD5OfMessageAttributes"}.isdisjoint(plain)
    [some] = receive(sqs, url, MessageAttributeNames=["app.*"], MessageSystemAttributeNames=["SenderId"])
    assert set(some["MessageAttributes"]) == {"app.a", "app.b"} and set(some["Attributes"]) == {"SenderId"}
    assert refusal(sqs.receive_message, QueueUrl=url, AttributeNames=["Nothing"])[0] == "InvalidAttributeName"


def test_a_message_comes_back_when_its_visibility_ends(sqs, queue):
    url = queue(VisibilityTimeout=1)
    send(sqs, url, "again")
    [first] = receive(sqs, url, AttributeNames=["All"])
    began = time.monotonic()
    [second] = receive(sqs, url, AttributeNames=["All"], WaitTimeSeconds=5)
    assert 0.5 < time.monotonic() - began < 3
    assert second["MessageId"] == first["MessageId"]
    assert second["Attributes"]["ApproximateReceiveCount"] == "2"
    first_received = lambda m: m["Attributes"]["ApproximateFirstReceiveTimestamp"]
    assert first_received(second) == first_received(first)
    # The older handle counts no more; the newer does.
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert counts(sqs, url) == (0, 1, 0)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=second["ReceiptHandle"])
    assert counts(sqs, url) == (0, 0, 0)


def test_visibility_can_be_changed_while_a_message_is_in_flight(sqs, queue):
    url = queue()
    send(sqs, url, "x")
    [message] = receive(sqs, url)
    handle = message["ReceiptHandle"]
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
    [again] = receive(sqs, url, VisibilityTimeout=600)
    unavailable = f"Value {handle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."
    assert refusal(sqs.change_message_visibility, QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=1) == (
        "InvalidParameterValue",
        unavailable,
    )
    code, message = refusal(
        sqs.change_message_visibility, QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=43201
    )
    assert code == "InvalidParameterValue"
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=1)
    assert bodies(sqs, url, WaitTimeSeconds=5) == ["x"]


def test_handles_that_are_none_are_refused(sqs, queue):
    one, other = queue(), queue("-other")
    send(sqs, one, "x")
    [message] = receive(sqs, one)
    for url, handle in [(one, "junk"), (other, message["ReceiptHandle"])]:
        code, text = refusal(sqs.delete_message, QueueUrl=url, ReceiptHandle=handle)
        assert (code, text) == ("ReceiptHandleIsInvalid", f'The input receipt handle "{handle}" is not a valid receipt handle.')


def test_a_waiting_receive_is_woken_by_a_send(sqs, queue):
    url = queue()
    got = []
    waiting = threading.Thread(target=lambda: got.append((bodies(sqs, url, WaitTimeSeconds=20), time.monotonic())))
    waiting.start()
    time.sleep(0.5)
    sent = time.monotonic()
    send(sqs, url, "wake")
    waiting.join(10)
    [(texts, at)] = got
    assert texts == ["wake"] and at - sent < 1
    began = time.monotonic()
    assert receive(sqs, url, WaitTimeSeconds=1) == []
    assert 0.9 < time.monotonic() - began < 3


def test_a_waiting_receive_ends_when_its_queue_is_deleted(sqs, queue):
    url = queue()
    got = []
    waiting = threading.Thread(target=lambda: got.append(refusal(receive, sqs=sqs, url=url, WaitTimeSeconds=20)))
    waiting.start()
    time.sleep(0.5)
    sqs.delete_queue(QueueUrl=url)
    waiting.join(10)
    assert got == [("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")]


def test_delays_hide_messages_of_a_queue_or_one_of_them(sqs, queue):
    url = queue(DelaySeconds=1)
    send(sqs, url, "queue's")
    send(sqs, url, "own", DelaySeconds=0)
    assert bodies(sqs, url, MaxNumberOfMessages=10) == ["own"]
    assert counts(sqs, url) == (0, 1, 1)
    assert bodies(sqs, url, WaitTimeSeconds=5) == ["queue's"]
    code, text = refusal(sqs.send_message, QueueUrl=url, MessageBody="x", DelaySeconds=901)
    assert text == "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."


def test_a_batch_succeeds_and_fails_by_entry(sqs, queue):
    url = queue(MaximumMessageSize=1024)
    entries = [
        {"Id": "good", "MessageBody": "a" * 1024},
        {"Id": "long", "MessageBody": "a" * 1025},
        {"Id": "odd", "MessageBody": "\x01"},
        {"Id": "late", "MessageBody": "x", "DelaySeconds": -1},
    ]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    failed = {entry["Id"]: entry for entry in answer["Failed"]}
    assert failed["long"] == {
        "Id": "long",
        "SenderFault": True,
        "Code": "InvalidParameterValue",
        "Message": "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.",
    }
    assert failed["odd"]["Code"] == "InvalidMessageContents"
    assert failed["late"]["Code"] == "InvalidParameterValue"
    [message] = receive(sqs, url)
    handle = message["ReceiptHandle"]
    changed = sqs.change_message_visibility_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 60},
            {"Id": "b", "ReceiptHandle": "junk", "VisibilityTimeout": 60},
        ],
    )
    assert changed["Successful"] == [{"Id": "a"}] and changed["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"
    deleted = sqs.delete_message_batch(
        QueueUrl=url, Entries=[{"Id": "a", "ReceiptHandle": handle}, {"Id": "b", "ReceiptHandle": "junk"}]
    )
    assert deleted["Successful"] == [{"Id": "a"}] and deleted["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"
    assert counts(sqs, url) == (0, 0, 0)


def test_a_batch_as_a_whole_has_rules(sqs, queue):
    url = queue()
    batch = lambda *ids, body="x": [{"Id": i, "MessageBody": body} for i in ids]
    call = sqs.send_message_batch
    prefix = "AWS.SimpleQueueService."
    assert refusal(call, QueueUrl=url, Entries=batch(*map(str, range(11))))[0] == prefix + "TooManyEntriesInBatchRequest"
    assert refusal(call, QueueUrl=url, Entries=batch("a", "a")) == (prefix + "BatchEntryIdsNotDistinct", "Id a repeated.")
    assert refusal(call, QueueUrl=url, Entries=batch("a:b"))[0] == prefix + "InvalidBatchEntryId"
    assert refusal(call, QueueUrl=url, Entries=[]) == (
        prefix + "EmptyBatchRequest",
        "There should be at least one SendMessageBatchRequestEntry in the request.",
    )
    code, text = refusal(call, QueueUrl=url, Entries=batch("a", "b", body="x" * 600_000))
    assert (code, text) == (
        prefix + "BatchRequestTooLong",
        "Batch requests cannot be longer than 1048576 bytes. You have sent 1200000 bytes.",
    )


def test_a_mebibyte_goes_through_and_not_a_byte_more(sqs, queue):
    url = queue()
    body = "é" * (512 * 1024)
    send(sqs, url, body)
    assert bodies(sqs, url) == [body]
    code, text = refusal(sqs.send_message, QueueUrl=url, MessageBody=body + "x")
    assert (code, text) == (
        "InvalidParameterValue",
        "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.",
    )


def test_bad_messages_are_refused_in_aws_words(sqs, queue):
    url = queue()
    code, text = refusal(sqs.send_message, QueueUrl=url, MessageBody="a\x00")
    assert code == "InvalidMessageContents" and "'#x0'" in text
    wrong = lambda **value: refusal(sqs.send_message, QueueUrl=url, MessageBody="x", MessageAttributes={"a": value})
    assert wrong(DataType="Number", StringValue="x")[0] == "InvalidParameterValue"
    assert wrong(DataType="Text", StringValue="x")[0] == "InvalidParameterValue"
    assert wrong(DataType="String")[0] == "InvalidParameterValue"
    many = {str(i): {"DataType": "String", "StringValue": "x"} for i in range(11)}
    code, text = refusal(sqs.send_message, QueueUrl=url, MessageBody="x", MessageAttributes=many)
    assert text == "Number of message attributes [11] exceeds the allowed maximum [10]."
    for name, value, reason in [
        ("MaxNumberOfMessages", 11, "Must be between 1 and 10, if provided."),
        ("WaitTimeSeconds", 21, "Must be >= 0 and <= 20, if provided."),
        ("VisibilityTimeout", 43201, "Must be >= 0 and <= 43200, if provided."),
    ]:
        code, text = refusal(sqs.receive_message, QueueUrl=url, **{name: value})
        assert (code, text) == ("InvalidParameterValue", f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def test_a_purge_empties_a_queue_once_a_minute(sqs, queue, name):
    url = queue()
    send(sqs, url, "a", "b")
    receive(sqs, url)
    sqs.purge_queue(QueueUrl=url)
    assert counts(sqs, url) == (0, 0, 0)
    send(sqs, url, "c")
    code, text = refusal(sqs.purge_queue, QueueUrl=url)
    assert code == "AWS.SimpleQueueService.PurgeQueueInProgress"
    assert text == f"Only one PurgeQueue operation on {name} is allowed every 60 seconds."
    assert bodies(sqs, url, MaxNumberOfMessages=10) == ["c"]


# FIFO


def test_a_fifo_queue_keeps_the_order_of_each_group(sqs, queue):
    url = queue(".fifo", FifoQueue=True, ContentBasedDeduplication=True)
    for text, group in [("a1", "a"), ("b1", "b"), ("a2", "a"), ("b2", "b")]:
        send(sqs, url, text, MessageGroupId=group)
    first = receive(sqs, url, MaxNumberOfMessages=1, AttributeNames=["All"])
    assert [m["Body"] for m in first] == ["a1"]
    assert first[0]["Attributes"]["MessageGroupId"] == "a"
    assert bodies(sqs, url, MaxNumberOfMessages=10) == ["b1", "b2"]
    assert receive(sqs, url) == []
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first[0]["ReceiptHandle"])
    assert bodies(sqs, url, MaxNumberOfMessages=10) == ["a2"]


def test_a_fifo_queue_takes_a_message_once(sqs, queue):
    url = queue(".fifo", FifoQueue=True)
    twice = [send(sqs, url, text, MessageGroupId="g", MessageDeduplicationId="same")[0] for text in ("1", "2")]
    assert twice[0]["SequenceNumber"] == twice[1]["SequenceNumber"] and len(twice[0]["SequenceNumber"]) == 20
    assert twice[0]["MessageId"] == twice[1]["MessageId"]
    assert bodies(sqs, url, MaxNumberOfMessages=10) == ["1"]
    later = send(sqs, url, "3", MessageGroupId="g", MessageDeduplicationId="other")[0]
    assert int(later["SequenceNumber"]) > int(twice[0]["SequenceNumber"])


def test_a_fifo_queue_asks_for_what_it_needs(sqs, queue):
    url, plain = queue(".fifo", FifoQueue=True), queue()
    assert refusal(sqs.send_message, QueueUrl=url, MessageBody="x", MessageDeduplicationId="d") == (
        "MissingParameter",
        "The request must contain the parameter MessageGroupId.",
    )
    assert refusal(sqs.send_message, QueueUrl=url, MessageBody="x", MessageGroupId="g") == (
        "InvalidParameterValue",
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    )
    code, text = refusal(
        sqs.send_message, QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="d", DelaySeconds=1
    )
    assert text.startswith("Value 1 for parameter DelaySeconds is invalid.")
    code, text = refusal(sqs.send_message, QueueUrl=plain, MessageBody="x", MessageDeduplicationId="d")
    assert text == (
        "Value d for parameter MessageDeduplicationId is invalid. Reason: The request include parameter that is not valid for "
        "this queue type"
    )
    for bad in ["", "a b", "x" * 129]:
        code, text = refusal(sqs.send_message, QueueUrl=url, MessageBody="x", MessageGroupId=bad, MessageDeduplicationId="d")
        assert code == "InvalidParameterValue", bad


def test_a_receive_attempt_can_be_asked_for_again(sqs, queue):
    url = queue(".fifo", FifoQueue=True, ContentBasedDeduplication=True)
    send(sqs, url, "x", MessageGroupId="g")
    [first] = receive(sqs, url, ReceiveRequestAttemptId="try")
    [again] = receive(sqs, url, ReceiveRequestAttemptId="try")
    assert again["ReceiptHandle"] == first["ReceiptHandle"]
    assert receive(sqs, url) == []
    sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    assert receive(sqs, url, ReceiveRequestAttemptId="try") == []


def test_a_fifo_receipt_expires_with_the_visibility(sqs, queue):
    url = queue(".fifo", FifoQueue=True, ContentBasedDeduplication=True, VisibilityTimeout=0)
    send(sqs, url, "x", MessageGroupId="g")
    handle = receive(sqs, url)[0]["ReceiptHandle"]
    code, text = refusal(sqs.delete_message, QueueUrl=url, ReceiptHandle=handle)
    assert text == f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."


def test_a_quiet_group_is_served_before_a_noisy_one(sqs, queue):
    url = queue()
    for start in range(0, 60, 10):
        entries = [{"Id": str(i), "MessageBody": f"loud-{start + i}", "MessageGroupId": "loud"} for i in range(10)]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    send(sqs, url, "quiet", MessageGroupId="quiet")
    for _ in range(3):
        assert len(receive(sqs, url, MaxNumberOfMessages=10)) == 10
    [message] = receive(sqs, url, AttributeNames=["MessageGroupId"])
    assert (message["Body"], message["Attributes"]["MessageGroupId"]) == ("quiet", "quiet")


# Dead letters


def test_what_is_received_too_often_goes_to_the_dead_letter_queue(sqs, queue):
    dead = queue("-dlq")
    redrive = {"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": 3}
    url = queue(VisibilityTimeout=0, RedrivePolicy=redrive)
    assert json.loads(attributes(sqs, url)["RedrivePolicy"]) == redrive
    sent = send(sqs, url, "poison", "x" * 5000)
    received = [m["Body"] for _ in range(10) for m in receive(sqs, url, MaxNumberOfMessages=10)]
    assert received.count("poison") == 3 and len(received) == 6
    assert counts(sqs, url) == (0, 0, 0)
    letters = {m["MessageId"]: m for m in receive(sqs, dead, MaxNumberOfMessages=10, AttributeNames=["All"])}
    assert set(letters) == {s["MessageId"] for s in sent}
    letter = letters[sent[1]["MessageId"]]
    assert letter["Body"] == "x" * 5000
    assert letter["Attributes"]["DeadLetterQueueSourceArn"] == arn_of(sqs, url)
    assert letter["Attributes"]["ApproximateReceiveCount"] == "4"
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]


def test_a_redrive_policy_is_checked(sqs, queue):
    dead, url, fifo = queue("-dlq"), queue(), queue(".fifo", FifoQueue=True)
    arn = arn_of(sqs, dead)
    set_to = lambda url, **policy: refusal(
        sqs.set_queue_attributes, QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy, separators=(",", ":"))}
    )
    code, text = set_to(url, deadLetterTargetArn=arn + "-none", maxReceiveCount=1)
    assert code == "InvalidParameterValue" and text.endswith("Reason: Dead letter target does not exist.")
    assert set_to(url, deadLetterTargetArn=arn)[1].endswith("does not contain mandatory attribute: maxReceiveCount.")
    assert "valid values are from 1 to 1000" in set_to(url, deadLetterTargetArn=arn, maxReceiveCount=1001)[1]
    assert set_to(fifo, deadLetterTargetArn=arn, maxReceiveCount=1)[1].endswith("must be same type of queue as the source.")
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": '{"redrivePermission":"denyAll"}'})
    assert set_to(url, deadLetterTargetArn=arn, maxReceiveCount=1)[0] == "InvalidParameterValue"
    allow = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [arn_of(sqs, url)]})
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"RedriveAllowPolicy": allow})
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": policy})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    assert "RedrivePolicy" not in attributes(sqs, url)


def test_dead_letters_are_moved_back_as_new_messages(sqs, queue):
    dead = queue("-dlq")
    arn = arn_of(sqs, dead)
    redrive = {"deadLetterTargetArn": arn, "maxReceiveCount": 1}
    url = queue(VisibilityTimeout=0, RedrivePolicy=redrive)
    ids = {sent["MessageId"] for sent in send(sqs, url, "1", "2", "3")}
    for _ in range(5):
        receive(sqs, url, MaxNumberOfMessages=10)
    assert counts(sqs, dead) == (3, 0, 0)
    assert refusal(sqs.start_message_move_task, SourceArn=arn_of(sqs, url))[0] == "InvalidParameterValue"
    sqs.start_message_move_task(SourceArn=arn)
    assert eventually(lambda: counts(sqs, url)[0] == 3)
    [task] = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"], task["ApproximateNumberOfMessagesToMove"]) == (
        "COMPLETED",
        3,
        3,
    )
    assert "TaskHandle" not in task
    back = receive(sqs, url, MaxNumberOfMessages=10, AttributeNames=["All"])
    assert {m["Body"] for m in back} == {"1", "2", "3"} and ids.isdisjoint(m["MessageId"] for m in back)
    assert all("DeadLetterQueueSourceArn" not in m["Attributes"] for m in back)


def test_a_move_task_keeps_its_rate_and_can_be_cancelled(sqs, queue):
    dead = queue("-dlq")
    arn = arn_of(sqs, dead)
    queue(RedrivePolicy={"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    target = queue("-target")
    send(sqs, dead, *map(str, range(10)))
    handle = sqs.start_message_move_task(
        SourceArn=arn, DestinationArn=arn_of(sqs, target), MaxNumberOfMessagesPerSecond=2
    )["TaskHandle"]
    code, _ = refusal(sqs.start_message_move_task, SourceArn=arn)
    assert code == "AWS.SimpleQueueService.UnsupportedOperation"
    assert eventually(lambda: counts(sqs, target)[0] > 0)
    [running] = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
    assert (running["Status"], running["TaskHandle"]) == ("RUNNING", handle)
    moved = sqs.cancel_message_move_task(TaskHandle=handle)["ApproximateNumberOfMessagesMoved"]
    assert 0 < moved < 10
    [cancelled] = sqs.list_message_move_tasks(SourceArn=arn)["Results"]
    assert cancelled["Status"] == "CANCELLED"
    assert counts(sqs, target)[0] + counts(sqs, dead)[0] == 10
    assert refusal(sqs.cancel_message_move_task, TaskHandle="junk") == (
        "InvalidParameterValue",
        "Value for parameter TaskHandle is invalid.",
    )
    assert refusal(sqs.list_message_move_tasks, SourceArn=arn + "-none")[0] == "ResourceNotFoundException"


# The query protocol, and names


def test_the_query_protocol_says_the_same(query, sqs, queue, name):
    url = query.create_queue(QueueName=name + "-q", Attributes={"VisibilityTimeout": "0"}, tags={"a": "1"})["QueueUrl"]
    assert query.list_queue_tags(QueueUrl=url)["Tags"] == {"a": "1"}
    assert query.get_queue_url(QueueName=name + "-q")["QueueUrl"] == url
    assert query.list_queues(QueueNamePrefix=name)["QueueUrls"] == [url]
    assert query.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"] == {"VisibilityTimeout": "0"}
    attribute = {"a": {"DataType": "String", "StringValue": 'q"<&\r\n'}}
    sent = query.send_message_batch(
        QueueUrl=url, Entries=[{"Id": "x", "MessageBody": 'one "<&\r\n', "MessageAttributes": attribute}]
    )
    assert sent["Successful"][0]["Id"] == "x" and "Failed" not in sent
    [message] = receive(query, url, AttributeNames=["All"], MessageAttributeNames=["All"])
    assert message["Body"] == 'one "<&\r\n' and message["MessageAttributes"] == attribute
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    [message] = receive(query, url)
    query.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert refusal(query.send_message, QueueUrl=url + "-none", MessageBody="x") == (
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.",
    )
    query.delete_queue(QueueUrl=url)


V2 = """
const AWS = require('aws-sdk');
const sqs = new AWS.SQS({ endpoint: process.argv[2], region: 'us-east-1', accessKeyId: 'test', secretAccessKey: 'test' });
(async () => {
  const { QueueUrl } = await sqs.createQueue({ QueueName: process.argv[3], Attributes: { VisibilityTimeout: '5' } }).promise();
  const MessageAttributes = { AttributeName: { StringValue: 'Attribute Value', DataType: 'String' } };
  await sqs.sendMessage({ QueueUrl, MessageBody: '{ "input": 1 }', MessageAttributes }).promise();
  const batch = await sqs.sendMessageBatch({ QueueUrl, Entries: [{ Id: 'a', MessageBody: 'b' }] }).promise();
  const wanted = { QueueUrl, MaxNumberOfMessages: 10, AttributeNames: ['All'], MessageAttributeNames: ['All'] };
  const { Messages } = await sqs.receiveMessage(wanted).promise();
  const Entries = Messages.map((m, i) => ({ Id: `${i}`, ReceiptHandle: m.ReceiptHandle }));
  const gone = await sqs.deleteMessageBatch({ QueueUrl, Entries }).promise();
  const missing = await sqs.getQueueUrl({ QueueName: 'none' }).promise().catch((error) => error.code);
  console.log(JSON.stringify([Messages.map((m) => [m.Body, m.MessageAttributes, m.Attributes.ApproximateReceiveCount]), batch.Successful[0].Id, gone.Successful.length, missing]));
})();
"""


def test_aws_sdk_v2_speaks_to_queues(gureum, name, tmp_path):
    (tmp_path / "v2.js").write_text(V2)
    environment = dict(os.environ, NODE_PATH=os.path.join(os.environ["GUREUM_NODE_CLIENTS"], "node_modules"), AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE="1")
    done = subprocess.run(["node", "v2.js", gureum.endpoint, name], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    messages, batch, gone, missing = json.loads(done.stdout or done.stderr)
    attribute = {"StringValue": "Attribute Value", "DataType": "String"}
    assert [m[0] for m in messages] == ['{ "input": 1 }', "b"] and [m[2] for m in messages] == ["1", "1"]
    assert messages[0][1]["AttributeName"].items() >= attribute.items()
    assert (batch, gone, missing) == ("a", 2, "AWS.SimpleQueueService.NonExistentQueue")


def call_by_form(url, **form):
    data = urllib.parse.urlencode(form).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return urllib.request.urlopen(urllib.request.Request(url, data, headers)).read().decode()


def test_a_queues_url_is_an_address(sqs, queue):
    url = queue()
    answer = call_by_form(url, Action="SendMessage", MessageBody="by form")
    assert re.search(r"<SendMessageResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><SendMessageResult>", answer)
    assert "<MD5OfMessageBody>" in answer
    got = urllib.request.urlopen(url + "?Action=ReceiveMessage&Version=2012-11-05").read().decode()
    assert "<Body>by form</Body>" in got


@pytest.mark.parametrize(
    "host", ["sqs.us-east-1.amazonaws.com", "us-east-1.queue.amazonaws.com", "sqs.us-east-1.localhost.localstack.cloud:4566"]
)
def test_a_queues_url_carries_the_name_that_the_client_uses(gureum, queue, name, host):
    queue()
    body = json.dumps({"QueueName": name}).encode()
    headers = {"Host": host, "X-Amz-Target": "AmazonSQS.GetQueueUrl", "Content-Type": "application/x-amz-json-1.0"}
    answer = json.load(urllib.request.urlopen(urllib.request.Request(gureum.endpoint, body, headers)))
    assert answer["QueueUrl"] == f"http://{host}/{ACCOUNT}/{name}"


# Time


def test_messages_expire_and_names_are_free_again_as_time_goes_by(fresh, name):
    server = fresh("--virtual-clock")
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes={"MessageRetentionPeriod": "60"})["QueueUrl"]
    send(sqs, url, "old")
    assert counts(sqs, url) == (1, 0, 0)
    server.cli("time", "advance", "61s")
    send(sqs, url, "new")
    assert bodies(sqs, url, MaxNumberOfMessages=10) == ["new"]
    sqs.delete_queue(QueueUrl=url)
    server.cli("time", "advance", "61s")
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == url
    assert counts(sqs, url) == (0, 0, 0)
    fifo = sqs.create_queue(QueueName="f.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    once = lambda: send(sqs, fifo, "x", MessageGroupId="g", MessageDeduplicationId="d")[0]["SequenceNumber"]
    first = once()
    server.cli("time", "advance", "4m")
    assert once() == first
    server.cli("time", "advance", "61s")
    assert int(once()) > int(first)


def test_a_restart_changes_nothing(fresh, name):
    server = fresh()
    sqs = server.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    fifo = sqs.create_queue(QueueName=name + ".fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})["QueueUrl"]
    send(sqs, url, "deleted", "in flight", "waiting", "y" * 200_000)
    send(sqs, url, "delayed", DelaySeconds=900)
    gone, flying = receive(sqs, url, MaxNumberOfMessages=2)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=gone["ReceiptHandle"])
    sequence = send(sqs, fifo, "1", "2", MessageGroupId="g")[1]["SequenceNumber"]
    [first] = receive(sqs, fifo)
    server.kill()
    server.start()
    sqs = server.client("sqs")
    here = lambda old: old.replace(old.split("/")[2], server.endpoint.split("/")[2])
    url, fifo = here(url), here(fifo)
    assert counts(sqs, url) == (2, 1, 1)
    assert bodies(sqs, url, MaxNumberOfMessages=10) == ["waiting", "y" * 200_000]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=flying["ReceiptHandle"])
    assert counts(sqs, url) == (0, 2, 1)
    assert receive(sqs, fifo) == []
    assert send(sqs, fifo, "2", MessageGroupId="g")[0]["SequenceNumber"] == sequence
    sqs.delete_message(QueueUrl=fifo, ReceiptHandle=first["ReceiptHandle"])
    assert bodies(sqs, fifo, MaxNumberOfMessages=10) == ["2"]
