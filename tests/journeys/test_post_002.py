"""Post 002, the Lambda part: handler forms and the event loop (MISSION rows 2.1 to 2.4)."""

import json
import re
import time

import pytest
from conftest import eventually, zipped

ROLE = "arn:aws:iam::000000000000:role/any"
FIRST = """exports.handler = async function (event, context, callback) {
console.log("EVENT: \\n" + JSON.stringify(event, null, 2));
return context.logStreamName;
};"""
GREET = """exports.handler = async (event, context, callback) => {
let result = { event: event, context: context };
let name = event.name || "no name";
context.succeed(`Hello ${name}`);
};"""
FORMS = """exports.handler = (event, context, callback) => ({
  fail: () => context.fail(new Error('f')),
  done: () => context.done(null, { d: 1 }),
  error: () => callback(new Error('cbErr')),
  text: () => callback('plain'),
  late: () => { setTimeout(() => console.log('LATE'), 300); callback(null, 'early'); },
  now: () => { context.callbackWaitsForEmptyEventLoop = false; setTimeout(() => {}, 20000); callback(null, 'now'); },
  promise: () => Promise.resolve(5),
  nothing: () => undefined,
}[event.form]());"""


@pytest.fixture
def function(client, name):
    made = []

    def create(code, **more):
        client("lambda").create_function(
            FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped({"index.js": code})}, **more
        )
        made.append(name)

        def invoke(event):
            answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
            return answer.get("FunctionError"), answer["Payload"].read().decode()

        return invoke

    yield create
    for made_name in made:
        client("lambda").delete_function(FunctionName=made_name)


def test_the_returned_stream_holds_the_log_and_a_multi_line_log_is_one_event(function, client, name):
    error, payload = function(FIRST)({"a": 1})
    stream = json.loads(payload)
    assert error is None and re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", stream)
    logs = client("logs")
    page = lambda: logs.get_log_events(logGroupName=f"/aws/lambda/{name}", logStreamName=stream, startFromHead=True)  # noqa: E731
    assert eventually(lambda: [e for e in page()["events"] if 'EVENT: \n{\n  "a": 1\n}' in e["message"].replace("\r", "\n")])


def test_a_test_event_is_greeted(function):
    invoke = function(GREET)
    assert invoke({"name": "sy"}) == (None, '"Hello sy"')
    assert invoke({}) == (None, '"Hello no name"')


def test_every_way_to_finish_finishes(function):
    invoke = function(FORMS, Timeout=5)
    assert invoke({"form": "done"}) == (None, '{"d":1}')
    assert invoke({"form": "promise"}) == (None, "5")
    assert invoke({"form": "nothing"}) == (None, "null")
    for form, message in [("fail", "f"), ("error", "cbErr"), ("text", "plain")]:
        error, payload = invoke({"form": form})
        assert error == "Unhandled" and json.loads(payload)["errorMessage"] == message, payload


def test_a_callback_waits_until_the_event_loop_is_empty_unless_told_not_to(function, client, name):
    invoke = function(FORMS, Timeout=5)
    invoke({"form": "done"})
    began = time.monotonic()
    assert invoke({"form": "late"}) == (None, '"early"')
    assert time.monotonic() - began >= 0.3
    lines = eventually(lambda: client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern='"INFO\tLATE"')["events"])
    assert len(lines) == 1
    began = time.monotonic()
    assert invoke({"form": "now"}) == (None, '"now"')
    assert time.monotonic() - began < 5


def test_a_timeout_is_told_in_answer_and_log(function, client, name):
    invoke = function("exports.handler = () => new Promise(() => setTimeout(() => {}, 60000));", Timeout=1)
    error, payload = invoke({})
    assert error == "Unhandled" and re.fullmatch(r".*Task timed out after 1\.00 seconds", json.loads(payload)["errorMessage"])
    lines = eventually(lambda: client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern='"Task timed out"')["events"])
    assert re.search(r"Z [0-9a-f-]{36} Task timed out after 1\.00 seconds", lines[0]["message"])
