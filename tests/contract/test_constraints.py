"""Every constraint that AWS's model puts on what queues, mappings and metrics are asked: broken one at a time, each is refused with a
4xx and never taken, never a 5xx."""

import re

import boto3
import pytest
from botocore.exceptions import ClientError

QUEUE_ARN = "arn:aws:sqs:us-east-1:000000000000:nobodys"
NOW = "2026-01-01T00:00:00Z"
METRIC = {"Namespace": "n", "MetricName": "m"}

# Operations, and an input that breaks none of them. What it names need not exist: constraints come first.
CALLS = [
    ("lambda", "CreateEventSourceMapping", {"FunctionName": "nobody", "EventSourceArn": QUEUE_ARN}),
    ("lambda", "GetEventSourceMapping", {"UUID": "11111111-2222-4333-8444-555555555555"}),
    ("lambda", "UpdateEventSourceMapping", {"UUID": "11111111-2222-4333-8444-555555555555"}),
    ("lambda", "DeleteEventSourceMapping", {"UUID": "11111111-2222-4333-8444-555555555555"}),
    ("lambda", "ListEventSourceMappings", {}),
    ("cloudwatch", "PutMetricData", {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0}]}),
    ("cloudwatch", "GetMetricStatistics", {**METRIC, "StartTime": NOW, "EndTime": NOW, "Period": 60, "Statistics": ["Sum"]}),
    ("cloudwatch", "GetMetricData", {"StartTime": NOW, "EndTime": NOW, "MetricDataQueries": [{"Id": "a", "MetricStat": {"Metric": METRIC, "Period": 60, "Stat": "Sum"}}]}),
    ("cloudwatch", "ListMetrics", {}),
    ("cloudwatch", "PutMetricAlarm", {"AlarmName": "nobodys", **METRIC, "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "LessThanThreshold"}),
    ("cloudwatch", "DescribeAlarms", {}),
    ("cloudwatch", "DescribeAlarmHistory", {}),
    ("cloudwatch", "DescribeAlarmsForMetric", METRIC),
    ("cloudwatch", "SetAlarmState", {"AlarmName": "nobodys", "StateValue": "OK", "StateReason": "r"}),
    ("cloudwatch", "TagResource", {"ResourceARN": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:nobodys", "Tags": [{"Key": "k", "Value": "v"}]}),
    ("sqs", "CreateQueue", {"QueueName": "q"}),
    ("sqs", "SendMessage", {"QueueUrl": "http://127.0.0.1/000000000000/nobodys", "MessageBody": "b"}),
    ("sqs", "SendMessageBatch", {"QueueUrl": "http://127.0.0.1/000000000000/nobodys", "Entries": [{"Id": "a", "MessageBody": "b"}]}),
    ("sqs", "ReceiveMessage", {"QueueUrl": "http://127.0.0.1/000000000000/nobodys"}),
    ("sqs", "DeleteMessage", {"QueueUrl": "http://127.0.0.1/000000000000/nobodys", "ReceiptHandle": "h"}),
    ("sqs", "ChangeMessageVisibility", {"QueueUrl": "http://127.0.0.1/000000000000/nobodys", "ReceiptHandle": "h", "VisibilityTimeout": 1}),
    ("sqs", "StartMessageMoveTask", {"SourceArn": QUEUE_ARN}),
]
DEPTH_MAX = 5


def broken(shape, depth=0):
    """(what is broken, value) for every constraint within the shape."""
    limits = shape.metadata
    if shape.type_name == "string":
        if limits.get("enum"):
            yield "enum", "NotOneOfThem"
        if limits.get("min", 0) > 0:
            yield "shorter than min", ""
        if limits.get("max", 1 << 30) < 1 << 16:
            yield "longer than max", "x" * (limits["max"] + 1)
        unlike = [text for text in ("\t \u00e9", ":") if limits.get("pattern") and not re.fullmatch(limits["pattern"], text)]
        if unlike:
            yield "pattern", unlike[0]
    elif shape.type_name in ("integer", "long", "double", "float"):
        if "min" in limits:
            yield "below min", limits["min"] - 1
        if "max" in limits:
            yield "above max", limits["max"] + 1
        # CBOR's encoder in the client takes numbers alone.
        if shape.type_name in ("integer", "long"):
            yield "no number", "abc"
    elif shape.type_name == "boolean":
        yield "no boolean", "abc"
    elif shape.type_name == "list":
        if limits.get("min", 0) > 0:
            yield "fewer than min", []
        if depth < DEPTH_MAX:
            for what, value in broken(shape.member, depth + 1):
                yield f"[0] {what}", [value]
    elif shape.type_name == "structure" and depth < DEPTH_MAX:
        valid = example(shape)
        for name, member in shape.members.items():
            for what, value in broken(member, depth + 1):
                yield f".{name} {what}", {**valid, name: value}
        for name in shape.required_members:
            yield f".{name} missing", {key: value for key, value in valid.items() if key != name}


def example(shape):
    """A value that breaks nothing, of what is required alone."""
    if shape.type_name == "structure":
        return {name: example(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [example(shape.member)]
    if shape.type_name == "string":
        return shape.metadata.get("enum", ["a"])[0]
    return {"timestamp": NOW, "boolean": True}.get(shape.type_name, max(shape.metadata.get("min", 1), 1))


def cases():
    for service, operation, valid in CALLS:
        model = boto3.client(service, region_name="us-east-1").meta.service_model.operation_model(operation)
        for name, member in model.input_shape.members.items():
            # What stands in the path leads elsewhere when it is broken.
            if member.serialization.get("location") == "uri":
                continue
            for what, value in broken(member):
                yield pytest.param(service, operation, {**valid, name: value}, id=f"{operation} {name} {what}")
        for name in model.input_shape.required_members:
            if model.input_shape.members[name].serialization.get("location") != "uri":
                yield pytest.param(service, operation, {key: value for key, value in valid.items() if key != name}, id=f"{operation} {name} missing")


@pytest.mark.parametrize(("service", "operation", "request_"), cases())
def test_a_broken_constraint_is_refused(gureum, service, operation, request_):
    client = gureum.client(service, key="440000000001", parameter_validation=False)
    with pytest.raises(ClientError) as refusal:
        client._make_api_call(operation, request_)
    answer = refusal.value.response
    assert 400 <= answer["ResponseMetadata"]["HTTPStatusCode"] < 500, answer
    assert answer["Error"]["Code"] and answer["Error"]["Message"], answer
