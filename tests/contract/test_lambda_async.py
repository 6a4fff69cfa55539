"""Events that are accepted now and run later: who is told how they ended, and who may be told."""

import json

import pytest
from conftest import ACCOUNT, ECHO, eventually, refused, zipped

FAIL = "exports.handler = async () => { throw new Error('boom'); };\n"
KEEP = "exports.handler = async (event) => console.log('TOLD ' + JSON.stringify(event));\n"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:t"


def arn(name):
    return f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"


def told(client, name):
    """The record that the destination function `name` has got."""
    logs = client("logs")

    def found():
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="TOLD")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return None
        return [json.loads(event["message"].split("TOLD ", 1)[1]) for event in events]

    return eventually(found)


@pytest.fixture
def teller(awslambda, function, name):
    """Makes a function that tells another one of its successes and failures."""

    def make(source):
        function(source)
        function(KEEP, suffix="-told")
        target = {"Destination": arn(name + "-told")}
        config = {"OnSuccess": target, "OnFailure": target}
        awslambda.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0, DestinationConfig=config)

    return make


def test_a_success_is_told_to_a_function_in_awss_envelope(awslambda, teller, name, client):
    teller(ECHO)
    sent = awslambda.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n":7}')
    [record] = told(client, name + "-told")
    assert list(record) == [
        "version", "timestamp", "requestContext", "requestPayload", "responseContext", "responsePayload",
    ]  # fmt: skip
    assert record["version"] == "1.0" and record["timestamp"].endswith("Z")
    assert record["requestContext"] == {
        "requestId": sent["ResponseMetadata"]["RequestId"],
        "functionArn": arn(name) + ":$LATEST",
        "condition": "Success",
        "approximateInvokeCount": 1,
    }
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    assert (record["requestPayload"], record["responsePayload"]) == ({"n": 7}, {"n": 7})


def test_a_failure_is_told_with_its_error(awslambda, teller, name, client):
    teller(FAIL)
    awslambda.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    [record] = told(client, name + "-told")
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert (record["responsePayload"]["errorType"], record["responsePayload"]["errorMessage"]) == ("Error", "boom")


def test_a_configuration_belongs_to_one_qualifier(awslambda, function, name):
    function()
    awslambda.publish_version(FunctionName=name)
    awslambda.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    put = awslambda.put_function_event_invoke_config
    assert put(FunctionName=name, MaximumRetryAttempts=0)["FunctionArn"] == arn(name) + ":$LATEST"
    assert put(FunctionName=f"{name}:live", MaximumRetryAttempts=1)["FunctionArn"] == arn(name) + ":live"
    assert put(FunctionName=name, Qualifier="1", MaximumRetryAttempts=2)["FunctionArn"] == arn(name) + ":1"
    assert refused(put, FunctionName=name, Qualifier="2", MaximumRetryAttempts=2)[2] == "The function doesn't exist."
    pages = awslambda.get_paginator("list_function_event_invoke_configs").paginate(
        FunctionName=name, PaginationConfig={"PageSize": 1}
    )
    listed = [config["FunctionArn"] for page in pages for config in page["FunctionEventInvokeConfigs"]]
    assert sorted(listed) == [f"{arn(name)}:{qualifier}" for qualifier in ("$LATEST", "1", "live")]
    awslambda.update_function_event_invoke_config(FunctionName=name, Qualifier="live", MaximumEventAgeInSeconds=60)
    config = awslambda.get_function_event_invoke_config(FunctionName=name, Qualifier="live")
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (1, 60)
    awslambda.delete_alias(FunctionName=name, Name="live")
    refusal = refused(awslambda.get_function_event_invoke_config, FunctionName=name, Qualifier="live")
    assert refusal[2] == f"The function {arn(name)}:live doesn't have an EventInvokeConfig"


def test_a_put_replaces_and_an_update_adds(awslambda, function, name):
    function()
    function(suffix="-told")
    target = arn(name + "-told")
    put = awslambda.put_function_event_invoke_config
    put(FunctionName=name, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": target}})
    merged = awslambda.update_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": QUEUE}}
    )
    assert merged["DestinationConfig"] == {"OnSuccess": {"Destination": QUEUE}, "OnFailure": {"Destination": target}}
    replaced = put(FunctionName=name, MaximumEventAgeInSeconds=60)
    assert replaced["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}} and "MaximumRetryAttempts" not in replaced


def test_what_can_be_no_target_is_refused(awslambda, function, name):
    function()
    put = awslambda.put_function_event_invoke_config
    gone = {"OnSuccess": {"Destination": arn("doesnotexist")}}
    refusal = refused(put, FunctionName=name, DestinationConfig=gone)
    assert refusal[2] == f"The destination ARN {arn('doesnotexist')} is invalid."
    role = {"OnSuccess": {"Destination": f"arn:aws:iam:us-east-1:{ACCOUNT}:role/r"}}
    assert refused(put, FunctionName=name, DestinationConfig=role)[2].startswith("The provided destination config ")
    bucket = {"TargetArn": "arn:aws:s3:::bucket"}
    refusal = refused(awslambda.update_function_configuration, FunctionName=name, DeadLetterConfig=bucket)
    assert refusal[:2] == ("InvalidParameterValueException", 400)


def test_the_role_must_be_allowed_to_tell_the_target(fresh, name):
    open_lambda = fresh().client("lambda")
    request = {
        "FunctionName": name,
        "Runtime": "nodejs20.x",
        "Handler": "index.handler",
        "Code": {"ZipFile": zipped({"index.js": ECHO})},
        "DeadLetterConfig": {"TargetArn": QUEUE},
        "Role": f"arn:aws:iam::{ACCOUNT}:role/worker",
    }
    words = "The provided execution role does not have permissions to call SendMessage on SQS"
    made = open_lambda.create_function(**request)
    assert words in made["ResponseMetadata"]["HTTPHeaders"]["x-gureum-hint"], "open access notes it"
    server = fresh("--strict")
    root = json.loads((server.folder / "state/gureum/root-key.json").read_text())
    keys = {"key": root["access_key_id"], "secret": root["secret_access_key"]}
    awslambda, iam = server.client("lambda", **keys), server.client("iam", **keys)
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust)
    assert refused(awslambda.create_function, **request)[2] == words
    allow = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": QUEUE}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=policy)
    awslambda.create_function(**request)
    topic = {"OnFailure": {"Destination": TOPIC}}
    refusal = refused(awslambda.put_function_event_invoke_config, FunctionName=name, DestinationConfig=topic)
    assert refusal[2] == f"The function's execution role does not have permissions to call Publish on {TOPIC}"
    queue = {"OnFailure": {"Destination": QUEUE}}
    awslambda.put_function_event_invoke_config(FunctionName=name, DestinationConfig=queue)


def test_a_target_that_is_not_served_is_said_in_the_servers_log(fresh, name):
    server = fresh()
    awslambda = server.client("lambda")
    awslambda.create_function(
        FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=f"arn:aws:iam::{ACCOUNT}:role/worker",
        Code={"ZipFile": zipped({"index.js": FAIL})}, DeadLetterConfig={"TargetArn": TOPIC},
    )  # fmt: skip
    awslambda.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    awslambda.invoke(FunctionName=name, InvocationType="Event")
    said = eventually(lambda: [line for line in server.errors().splitlines() if "DeadLetterErrors" in line])
    assert TOPIC in said[0] and "delivering to sns" in said[0]


TRACE = "exports.handler = async () => process.env._X_AMZN_TRACE_ID;\n"


def called_from(client, header):
    """A client that passes a trace on, as SDKs inside a function do."""
    awslambda = client("lambda")

    def pass_on(request, **_):
        request.headers["X-Amzn-Trace-Id"] = header

    awslambda.meta.events.register("before-send.lambda.*", pass_on)
    return awslambda


def test_a_loop_of_calls_is_stopped(awslambda, function, name, client):
    function(TRACE)
    trace = json.loads(awslambda.invoke(FunctionName=name)["Payload"].read())
    root = trace.split(";")[0]
    for _ in range(15):
        trace = json.loads(called_from(client, trace).invoke(FunctionName=name)["Payload"].read())
        assert trace.startswith(root + ";Parent="), "all calls of the chain belong to one trace"
    assert refused(called_from(client, trace).invoke, FunctionName=name)[:2] == ("RecursiveInvocationException", 400)
    assert refused(called_from(client, trace).invoke_with_response_stream, FunctionName=name)[:2] == ("RecursiveInvocationException", 400)
    assert awslambda.invoke(FunctionName=name)["StatusCode"] == 200, "others may call it"
    awslambda.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    assert called_from(client, trace).invoke(FunctionName=name)["StatusCode"] == 200


def test_an_event_at_the_end_of_a_loop_is_told_and_not_run(awslambda, teller, name, client):
    teller(TRACE)
    trace = json.loads(awslambda.invoke(FunctionName=name)["Payload"].read()).rsplit(":", 1)[0] + ":16"
    sent = called_from(client, trace).invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n":1}')
    assert sent["StatusCode"] == 202
    [record] = told(client, name + "-told")
    context = record["requestContext"]
    assert (context["condition"], context["approximateInvokeCount"]) == ("RecursiveInvocation", 0)
    assert record["requestPayload"] == {"n": 1} and "responseContext" not in record


def test_a_queue_gets_records_and_dead_letters(awslambda, function, name, client):
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    function(FAIL, DeadLetterConfig={"TargetArn": queue})
    destination = {"OnFailure": {"Destination": queue}}
    awslambda.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0, DestinationConfig=destination)
    sent = awslambda.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 7}')
    request_id = sent["ResponseMetadata"]["RequestId"]
    got = []

    def both():
        request = {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"], "WaitTimeSeconds": 1}
        got.extend(sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **request).get("Messages", []))
        return len(got) == 2

    assert eventually(both)
    letter, record = sorted(got, key=lambda message: "MessageAttributes" not in message)
    assert letter["Body"] == '{"n": 7}', "a dead letter is the event itself"
    attributes = {key: (value["DataType"], value["StringValue"]) for key, value in letter["MessageAttributes"].items()}
    assert attributes == {
        "RequestID": ("String", request_id),
        "ErrorCode": ("Number", "200"),
        "ErrorMessage": ("String", "boom"),
    }
    body = json.loads(record["Body"])
    assert (body["requestContext"]["requestId"], body["requestPayload"]) == (request_id, {"n": 7})
    assert record["Attributes"]["AWSTraceHeader"].startswith("Root=1-")
