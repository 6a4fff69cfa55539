"""SQS's small print: what its reference says of every parameter, in both protocols, and its words when one is refused."""

import http.client
import json
from urllib.parse import urlencode, urlsplit

import boto3
import pytest
from botocore.config import Config
from test_sqs import attributes, bodies, query, queue, receive, refusal, send, sqs  # noqa: F401

QUERY_XML = "http://queue.amazonaws.com/doc/2012-11-05/"


@pytest.fixture
def raw(gureum):
    """A client that sends what it is given: the server's checks, not the SDK's."""
    return boto3.client(
        "sqs",
        endpoint_url=gureum.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )


def ask(url, method="GET", form=None, **params):
    """A request as curl makes it: status, text."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.netloc, timeout=30)
    path = (where.path or "/") + ("?" + urlencode(params) if params else "")
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
    connection.request(method, path, None if form is None else urlencode(form), headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def attribute(data_type, text):
    return {"a": {"DataType": data_type, "StringValue": text}}


@pytest.mark.parametrize("bad", ["x" * 256, "", "AWS.x", "aws.x", "Amazon.x", ".x", "x.", "a..b", "a b", "ä"])
def test_names_of_attributes_are_short_plain_and_not_amazons(raw, queue, bad):
    code, _ = refusal(
        raw.send_message, QueueUrl=queue(), MessageBody="x", MessageAttributes={bad: {"DataType": "String", "StringValue": "x"}}
    )
    assert code == "InvalidParameterValue"


def test_attributes_are_refused_in_aws_words(raw, queue):
    url = queue()

    def words(given, name="a"):
        return refusal(raw.send_message, QueueUrl=url, MessageBody="x", MessageAttributes={name: given})[1]

    assert words({"DataType": "String", "StringValue": ""}) == "Message (user) attribute 'a' must contain a non-empty value of type 'String'."
    assert words({"DataType": "Binary"}) == "Message (user) attribute 'a' must contain a non-empty value of type 'Binary'."
    assert words({"StringValue": "x"}) == "Message (user) attribute 'a' must contain a non-empty attribute type."
    assert words({"DataType": "string", "StringValue": "x"}) == (
        "The type of message (user) attribute 'a' is invalid. You must use only the following supported type prefixes: Binary, "
        "Number, String."
    )
    assert words({"DataType": "Number", "StringValue": "many"}) == "Can't cast the value of message (user) attribute 'a' to a number."
    assert words({"DataType": "String", "StringValue": "x"}, "") == "The request must contain non-empty message attribute name."


@pytest.mark.parametrize("text", ["nan", "inf", "infinity", "0x10", " 1", "1 ", "1e127", "--1", "e", "."])
def test_what_is_no_number_is_no_number(sqs, queue, text):
    code, _ = refusal(sqs.send_message, QueueUrl=queue(), MessageBody="x", MessageAttributes=attribute("Number", text))
    assert code == "InvalidParameterValue"


def test_custom_labels_and_every_form_of_number_go_through_as_they_are(sqs, queue):
    url = queue()
    for data_type, text in [("Number.int", "-1"), ("Number", "1.5E-3"), ("Number.long", "1" * 38), ("String.a.b-c", " x "), ("Number", "1e126")]:
        send(sqs, url, "x", MessageAttributes=attribute(data_type, text))
        [message] = receive(sqs, url, MessageAttributeNames=["All"])
        assert message["MessageAttributes"] == attribute(data_type, text)
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


@pytest.mark.parametrize("protocol", ["sqs", "query"])
def test_a_batch_of_nothing_is_empty_in_both_protocols(request, queue, protocol):
    speaker, url = request.getfixturevalue(protocol), queue()
    for call in (speaker.send_message_batch, speaker.delete_message_batch, speaker.change_message_visibility_batch):
        assert refusal(call, QueueUrl=url, Entries=[])[0] == "AWS.SimpleQueueService.EmptyBatchRequest"


def test_making_a_queue_again_with_other_tags_is_refused(sqs, queue, name):
    url = sqs.create_queue(QueueName=name, tags={"a": "1"})["QueueUrl"]
    assert sqs.create_queue(QueueName=name, tags={"a": "1"})["QueueUrl"] == url
    assert sqs.create_queue(QueueName=name)["QueueUrl"] == url
    for tags in ({"a": "2"}, {"b": "1"}, {"a": "1", "b": "1"}):
        code, text = refusal(sqs.create_queue, QueueName=name, tags=tags)
        assert (code, text) == ("QueueAlreadyExists", "A queue already exists with the same name and a different value for tags")
    sqs.delete_queue(QueueUrl=url)


def test_a_redrive_policy_is_refused_as_it_was_written(sqs, queue):
    policy = '{"maxReceiveCount" : "5", "deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:none"}'
    code, text = refusal(sqs.set_queue_attributes, QueueUrl=queue(), Attributes={"RedrivePolicy": policy})
    assert (code, text) == (
        "InvalidParameterValue",
        f"Value {policy} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.",
    )


def test_a_queues_url_takes_what_is_about_the_queue_and_nothing_else(queue, gureum):
    url = queue()
    for action in ("CreateQueue", "ListQueues", "Dance"):
        status, text = ask(url, Action=action, QueueName="x")
        assert status == 400 and "<Code>InvalidAction</Code>" in text
        assert f"<Message>The action {action} is not valid for this endpoint.</Message><Detail/>" in text
    assert ask(url) == (404, "<UnknownOperationException/>")
    status, text = ask(url, Action="GetQueueAttributes", **{"AttributeName.1": "QueueArn"})
    assert status == 200 and "<Name>QueueArn</Name>" in text
    status, text = ask(gureum.endpoint, "POST", {"Action": "ListQueues", "Version": "2012-11-05"})
    assert status == 200 and url in text


def test_messages_are_sent_received_and_deleted_by_get(sqs, queue):
    url = queue()
    status, text = ask(url, Action="SendMessage", MessageBody="by <hand> & more", Version="2012-11-05")
    assert status == 200 and text.startswith(
        f'<?xml version="1.0"?><SendMessageResponse xmlns="{QUERY_XML}"><SendMessageResult><MD5OfMessageBody>'
    )
    status, text = ask(url, Action="ReceiveMessage", VisibilityTimeout="0")
    assert status == 200 and "<Body>by &lt;hand&gt; &amp; more</Body>" in text
    [message] = receive(sqs, url)
    status, text = ask(url, Action="DeleteMessage", ReceiptHandle=message["ReceiptHandle"])
    assert status == 200 and "<DeleteMessageResponse" in text and "<RequestId>" in text
    assert bodies(sqs, url) == []


def test_a_lone_name_needs_no_number_in_the_query_protocol(sqs, queue):
    url = queue()
    assert ask(url, **{"Action": "SetQueueAttributes", "Attribute.Name": "VisibilityTimeout", "Attribute.Value": "35"})[0] == 200
    status, text = ask(url, Action="GetQueueAttributes", AttributeName="VisibilityTimeout")
    assert status == 200 and "<Attribute><Name>VisibilityTimeout</Name><Value>35</Value></Attribute>" in text
    send(sqs, url, "x", MessageAttributes=attribute("String", "y"))
    status, text = ask(url, "POST", {"Action": "ReceiveMessage", "AttributeName": "All", "MessageAttributeName": "All"})
    assert "<Name>SentTimestamp</Name>" in text and "<StringValue>y</StringValue>" in text


def test_errors_of_the_query_protocol_have_the_form_that_old_clients_read(queue):
    status, text = ask(queue() + "-none", "POST", {"Action": "SendMessage", "MessageBody": "x", "Version": "2012-11-05"})
    head, tail = text.split("<RequestId>")
    assert status == 400 and tail.endswith("</RequestId></ErrorResponse>")
    assert head == (
        f'<?xml version="1.0"?><ErrorResponse xmlns="{QUERY_XML}"><Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue'
        "</Code><Message>The specified queue does not exist.</Message><Detail/></Error>"
    )


def test_a_fifo_dead_letter_is_deduplicated_by_its_own_id(sqs, queue):
    dead = queue("-dead.fifo", FifoQueue="true")
    arn = attributes(sqs, dead, "QueueArn")["QueueArn"]
    url = queue(".fifo", FifoQueue="true", RedrivePolicy={"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    sent = sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="given")
    receive(sqs, url, VisibilityTimeout=0)
    assert receive(sqs, url) == []
    [letter] = receive(sqs, dead, AttributeNames=["All"])
    assert letter["MessageId"] == sent["MessageId"] == letter["Attributes"]["MessageDeduplicationId"]
    assert letter["Attributes"]["MessageGroupId"] == "g" and letter["Attributes"]["DeadLetterQueueSourceArn"].endswith(".fifo")
