"""Post 004, sections 1.1 to 1.3: Lambda called through the SDK (MISSION rows 4.1, 4.2, 4.4, 4.6 to 4.13, 4.28, 4.29)."""

import json
import os
import re
import subprocess
import threading

import pytest
from conftest import eventually, zipped

REGION = "ap-northeast-1"
ROLE = "arn:aws:iam::000000000000:role/lambda2"
ECHO = """'use strict';

const util = require('util');

exports.handler = (event, context, callback) => {
  console.info(util.inspect(event, {depth:null}));
  callback(null, event);
};
"""
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"

CALLER_V2 = """
const aws = require('aws-sdk');
const lambda = new aws.Lambda({ region: 'ap-northeast-1', endpoint: process.env.AWS_ENDPOINT_URL });
const event = { id: "1", name: "Luna" };
lambda.invoke({
  FunctionName: 'echoTest',
  ...(process.argv[2] ? { InvocationType: process.argv[2] } : {}),
  Payload: JSON.stringify(event, null, 2)
}, function (error, data) { console.info(error || data); });
"""

CALLER_V3 = """
const { Lambda } = require('@aws-sdk/client-lambda');
new Lambda({}).invoke({ FunctionName: 'echoTest', Payload: Buffer.from('{"id":"1","name":"Luna"}') })
  .then((r) => console.log(r.StatusCode, r.ExecutedVersion, Buffer.from(r.Payload).toString()));
"""


@pytest.fixture(scope="module")
def functions(gureum):
    client = gureum.client("lambda", REGION)
    made = client.create_function(
        FunctionName="echoTest", Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped({"index.js": ECHO})}
    )
    assert made["FunctionArn"] == f"arn:aws:lambda:{REGION}:000000000000:function:echoTest"
    yield client
    client.delete_function(FunctionName="echoTest")


@pytest.fixture
def node(gureum, tmp_path):
    """Runs a script with the JavaScript SDKs and nothing but the endpoint, a region and some key."""

    def run(script, *args):
        (tmp_path / "index.js").write_text(script)
        environment = dict(
            os.environ, AWS_ENDPOINT_URL=gureum.endpoint, AWS_REGION=REGION, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
            NODE_PATH=os.path.join(os.environ["GUREUM_NODE_CLIENTS"], "node_modules"), AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE="1",
        )
        done = subprocess.run(["node", "index.js", *args], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def log_lines(gureum, group="/aws/lambda/echoTest", contains=""):
    logs = gureum.client("logs", REGION)
    try:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event for page in pages for event in page["events"] if contains in event["message"]]
    except logs.exceptions.ResourceNotFoundException:
        return []


def test_a_synchronous_call_answers_the_payload_byte_for_byte(functions, node):
    assert node(CALLER_V2) == "{\n  StatusCode: 200,\n  ExecutedVersion: '$LATEST',\n  Payload: '{\"id\":\"1\",\"name\":\"Luna\"}'\n}\n"


def test_an_asynchronous_call_answers_202_and_nothing_else(functions, node):
    assert node(CALLER_V2, "Event") == "{ StatusCode: 202, Payload: '' }\n"


def test_sdk_v3_needs_nothing_but_the_endpoint(functions, node):
    assert node(CALLER_V3) == '200 $LATEST {"id":"1","name":"Luna"}\n'


def test_the_log_has_start_the_line_end_and_report(functions, gureum):
    answer = functions.invoke(FunctionName="echoTest", Payload=b'{"id":"7","name":"Luna"}')
    request_id = answer["ResponseMetadata"]["RequestId"]
    lines = eventually(lambda: [e["message"] for e in log_lines(gureum, contains=request_id)][3:] and log_lines(gureum, contains=request_id))
    start, said, end, report = [event["message"].rstrip("\n") for event in lines]
    assert start == f"START RequestId: {request_id} Version: $LATEST"
    assert re.fullmatch(rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z\t{request_id}\tINFO\t{{ id: '7', name: 'Luna' }}", said)
    assert end == f"END RequestId: {request_id}"
    assert re.match(
        rf"REPORT RequestId: {request_id}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB", report
    )


def test_only_a_cold_start_reports_its_init(gureum, name):
    functions = gureum.client("lambda", REGION)
    functions.create_function(FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped({"index.js": ECHO})})
    for _ in range(2):
        functions.invoke(FunctionName=name, Payload=b"{}")
    group = f"/aws/lambda/{name}"
    reports = eventually(lambda: (r := log_lines(gureum, group, "REPORT"))[1:] and r)
    cold, warm = [report["message"] for report in reports]
    assert "Init Duration: " in cold and "Init Duration: " not in warm
    assert reports[0]["logStreamName"] == reports[1]["logStreamName"]
    numbers = re.search(r"Duration: ([\d.]+) ms\tBilled Duration: (\d+) ms.*Init Duration: ([\d.]+) ms", cold)
    duration, billed, init = map(float, numbers.groups())
    assert abs(billed - (duration + init)) <= 1.01, cold
    assert int(re.search(r"Billed Duration: (\d+) ms", warm).group(1)) < billed, "a warm start is faster"


def test_one_function_starts_many_without_waiting(functions, gureum, name):
    batch = gureum.client("lambda", REGION)
    code = "exports.handler = async (e) => { console.log('worker ' + e.n); };"
    batch.create_function(FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped({"index.js": code})})
    answers = [batch.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({"n": n}).encode()) for n in range(20)]
    assert {answer["StatusCode"] for answer in answers} == {202}
    ran = lambda: {e["message"].split("worker ")[1].strip() for e in log_lines(gureum, f"/aws/lambda/{name}", "worker ")}  # noqa: E731
    assert eventually(lambda: ran() == {str(n) for n in range(20)}), ran()


def test_beyond_the_limit_a_call_is_throttled(gureum, name):
    functions = gureum.client("lambda", REGION)
    code = "exports.handler = async () => { await new Promise((done) => setTimeout(done, 1500)); };"
    functions.create_function(FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Timeout=10, Code={"ZipFile": zipped({"index.js": code})})
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    outcomes = []

    def call():
        try:
            outcomes.append(gureum.client("lambda", REGION).invoke(FunctionName=name)["StatusCode"])
        except functions.exceptions.TooManyRequestsException as throttle:
            outcomes.append((throttle.response["ResponseMetadata"]["HTTPStatusCode"], throttle.response["Reason"], throttle.response["Error"]["Message"]))

    callers = [threading.Thread(target=call) for _ in range(3)]
    [caller.start() for caller in callers]
    [caller.join() for caller in callers]
    throttled = (429, "ReservedFunctionConcurrentInvocationLimitExceeded", "Rate Exceeded.")
    assert sorted(outcomes, key=str) == sorted([200, throttled, throttled], key=str)


def test_the_deprecated_invoke_async_answers_202(functions):
    assert functions.invoke_async(FunctionName="echoTest", InvokeArgs=b'{"id":"9"}')["Status"] == 202


def test_python_is_the_next_convenient_language(gureum, name):
    functions = gureum.client("lambda", REGION)
    code = "def handler(event, context):\n    print('hello from python')\n    return {'name': event['name'], 'id': context.aws_request_id}\n"
    functions.create_function(FunctionName=name, Runtime="python3.11", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped({"index.py": code})})
    answer = functions.invoke(FunctionName=name, Payload=b'{"name":"Luna"}')
    assert json.load(answer["Payload"]) == {"name": "Luna", "id": answer["ResponseMetadata"]["RequestId"]}
    assert eventually(lambda: log_lines(gureum, f"/aws/lambda/{name}", "hello from python"))
