"""Answers that come while the function still writes them: InvokeWithResponseStream and function URLs."""

import base64
import http.client
import io
import json
import os
import subprocess
import time
import zipfile
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from conftest import eventually, zipped

ROLE = "arn:aws:iam::000000000000:role/worker"
MEGABYTE = 1 << 20
ECHO = "exports.handler = async (event) => event;\n"
PAUSING = """
exports.handler = awslambda.streamifyResponse(async (event, out) => {
    const pause = (ms) => new Promise((done) => setTimeout(done, ms));
    out.setContentType('text/plain');
    for (const part of event.parts || ['one', 'two', 'three']) {
        out.write(part);
        await pause(event.pause || 400);
    }
    out.end();
});
"""
FAILING = """
exports.handler = awslambda.streamifyResponse(async (event, out) => {
    if (event.first !== 0) {
        out.write('half');
        await new Promise((done) => setTimeout(done, 100));
    }
    throw new TypeError('broken');
});
"""
HTML = """
exports.handler = awslambda.streamifyResponse(async (event, out) => {
    out = awslambda.HttpResponseStream.from(out, {
        statusCode: 201,
        headers: { 'Content-Type': 'text/html', 'X-Mine': 'yes' },
        cookies: ['a=1', 'b=2'],
    });
    for (const part of ['<b>', 'streamed', '</b>']) {
        out.write(part);
        await new Promise((done) => setTimeout(done, 300));
    }
    out.end();
});
"""


@pytest.fixture
def awslambda(client):
    return client("lambda")


@pytest.fixture
def function(awslambda, name):
    def make(source, **more):
        request = {
            "FunctionName": name,
            "Runtime": "nodejs20.x",
            "Role": ROLE,
            "Handler": "index.handler",
            "Timeout": 20,
            "Code": {"ZipFile": zipped({"index.js": source})},
        }
        return awslambda.create_function(**{**request, **more})

    yield make
    try:
        awslambda.delete_function(FunctionName=name)
    except awslambda.exceptions.ResourceNotFoundException:
        pass


@pytest.fixture
def url(awslambda, function, name):
    def make(source, mode="RESPONSE_STREAM", **more):
        function(source, **more)
        made = awslambda.create_function_url_config(FunctionName=name, AuthType="NONE", InvokeMode=mode)
        for action, condition in [
            ("InvokeFunctionUrl", {"FunctionUrlAuthType": "NONE"}),
            ("InvokeFunction", {"InvokedViaFunctionUrl": True}),
        ]:
            request = {"FunctionName": name, "StatementId": action, "Action": f"lambda:{action}", "Principal": "*"}
            awslambda.add_permission(**request, **condition)
        return made["FunctionUrl"]

    return make


def streamed(awslambda, name, event=None, **more):
    """(answer, chunks, the last event, when each chunk came)."""
    payload = json.dumps(event or {})
    answer = awslambda.invoke_with_response_stream(FunctionName=name, Payload=payload, **more)
    chunks, times, complete = [], [], None
    for each in answer["EventStream"]:
        if "PayloadChunk" in each:
            chunks.append(each["PayloadChunk"]["Payload"])
            times.append(time.monotonic())
        else:
            assert complete is None, "it completes once"
            complete = each["InvokeComplete"]
    return answer, chunks, complete, times


def ask(gureum, url, method="GET", body=None):
    where = urlsplit(gureum.endpoint)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
    connection.request(method, "/", body, {"Host": urlsplit(url).netloc})
    return connection.getresponse()


def test_chunks_come_as_they_are_written(awslambda, function, name):
    function(PAUSING)
    answer, chunks, complete, times = streamed(awslambda, name)
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    assert chunks == [b"one", b"two", b"three"]
    assert times[2] - times[0] > 0.5, "the first came long before the last"
    assert complete == {}


def test_a_handler_that_returns_is_one_chunk(awslambda, function, name):
    function(ECHO)
    _, chunks, complete, _ = streamed(awslambda, name, {"id": "1"})
    assert (chunks, complete) == ([b'{"id":"1"}'], {})


def test_the_log_comes_at_the_end(awslambda, function, name):
    function(PAUSING)
    _, _, complete, _ = streamed(awslambda, name, {"parts": ["a"], "pause": 1}, LogType="Tail")
    log = base64.b64decode(complete["LogResult"]).decode()
    assert "START RequestId" in log and "REPORT RequestId" in log


@pytest.mark.parametrize("first, before", [(0, []), (1, [b"half"])])
def test_an_error_is_told_after_what_was_written(awslambda, function, name, first, before):
    function(FAILING)
    answer, chunks, complete, _ = streamed(awslambda, name, {"first": first})
    assert (answer["StatusCode"], chunks, complete["ErrorCode"]) == (200, before, "TypeError")
    details = json.loads(complete["ErrorDetails"])
    assert (details["errorType"], details["errorMessage"]) == ("TypeError", "broken")


def test_a_handler_that_returns_fails_in_the_stream_too(awslambda, function, name):
    function("exports.handler = async () => { throw new Error('boom'); };\n")
    _, chunks, complete, _ = streamed(awslambda, name)
    assert (chunks, complete["ErrorCode"], json.loads(complete["ErrorDetails"])["errorMessage"]) == ([], "Error", "boom")


def test_time_runs_out_in_the_middle(awslambda, function, name):
    function(PAUSING, Timeout=1)
    _, chunks, complete, _ = streamed(awslambda, name, {"parts": ["a", "b"], "pause": 3000})
    assert (chunks, complete["ErrorCode"]) == ([b"a"], "Sandbox.Timedout")
    assert json.loads(complete["ErrorDetails"])["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert streamed(awslambda, name, {"parts": ["again"], "pause": 1})[1] == [b"again"]


def test_a_crash_in_the_middle_is_told(awslambda, function, name):
    source = """
        exports.handler = awslambda.streamifyResponse(async (event, out) => {
            out.write('half');
            await new Promise((done) => setTimeout(done, 200));
            process.exit(1);
        });
    """
    function(source)
    _, chunks, complete, _ = streamed(awslambda, name)
    assert (chunks, complete["ErrorCode"]) == ([b"half"], "Runtime.ExitError")


def test_a_dry_run_runs_nothing(awslambda, function, name):
    function("exports.handler = async () => { throw new Error('boom'); };\n")
    answer = awslambda.invoke_with_response_stream(FunctionName=name, InvocationType="DryRun")
    assert (answer["StatusCode"], list(answer["EventStream"])) == (204, [])


def test_what_cannot_run_is_refused_before_it_begins(awslambda, function, name):
    with pytest.raises(ClientError) as failure:
        awslambda.invoke_with_response_stream(FunctionName=name + "-none")
    assert failure.value.response["Error"]["Code"] == "ResourceNotFoundException"
    function(ECHO)
    awslambda.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError) as failure:
        awslambda.invoke_with_response_stream(FunctionName=name)
    assert failure.value.response["Error"]["Code"] == "TooManyRequestsException"


def test_a_streaming_handler_may_be_invoked_whole(awslambda, function, name):
    function(PAUSING)
    answer = awslambda.invoke(FunctionName=name, Payload=json.dumps({"parts": ["a", "b"], "pause": 1}))
    assert (answer["StatusCode"], answer["Payload"].read()) == (200, b"ab")
    awslambda.update_function_code(FunctionName=name, ZipFile=zipped({"index.js": FAILING}))
    answer = awslambda.invoke(FunctionName=name)
    assert (answer["FunctionError"], json.load(answer["Payload"])["errorType"]) == ("Unhandled", "TypeError")


def test_two_hundred_megabytes_stream_and_no_more(awslambda, function, name):
    source = """
        const { pipeline } = require('stream/promises');
        const { Readable } = require('stream');
        exports.handler = awslambda.streamifyResponse(async (event, out) => {
            const part = Buffer.alloc(1 << 20, 'x');
            await pipeline(Readable.from((function* () { for (let n = 0; n < event.parts; n++) yield part; })()), out);
        });
    """
    function(source, MemorySize=512)
    sent = 0
    answer = awslambda.invoke_with_response_stream(FunctionName=name, Payload=json.dumps({"parts": 20}))
    for each in answer["EventStream"]:
        sent += len(each.get("PayloadChunk", {}).get("Payload", b""))
    assert sent == 20 * MEGABYTE
    sent, complete = 0, {}
    answer = awslambda.invoke_with_response_stream(FunctionName=name, Payload=json.dumps({"parts": 201}))
    for each in answer["EventStream"]:
        sent += len(each.get("PayloadChunk", {}).get("Payload", b""))
        complete = each.get("InvokeComplete", complete)
    assert sent <= 200 * MEGABYTE and complete["ErrorCode"] == "Function.ResponseSizeTooLarge"


def test_a_url_streams_what_the_handler_writes(gureum, url):
    answer = ask(gureum, url(HTML))
    assert (answer.status, answer.headers["content-type"], answer.headers["x-mine"]) == (201, "text/html", "yes")
    assert answer.headers.get_all("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["x-amzn-RequestId"]
    began = time.monotonic()
    assert answer.read1() == b"<b>"
    assert answer.read() == b"streamed</b>"
    assert time.monotonic() - began > 0.25, "the first piece came long before the last"


def test_a_url_without_a_prelude_answers_200(gureum, url):
    answer = ask(gureum, url(PAUSING), "POST", json.dumps({}))
    assert (answer.status, answer.headers["content-type"], answer.read()) == (200, "text/plain", b"onetwothree")


def test_a_url_in_stream_mode_shows_what_a_handler_returns_as_it_is(gureum, url):
    answer = ask(gureum, url("exports.handler = async () => ({ statusCode: 201, body: 'x' });\n"))
    assert (answer.status, json.load(answer)) == (200, {"statusCode": 201, "body": "x"})


def test_a_url_in_buffered_mode_takes_a_streaming_handler_whole(gureum, url):
    answer = ask(gureum, url(HTML, mode="BUFFERED"))
    assert (answer.status, answer.headers["x-mine"], answer.read()) == (201, "yes", b"<b>streamed</b>")


def test_a_failure_before_the_first_byte_is_a_502_and_later_breaks_the_connection(gureum, awslambda, url, name):
    source = FAILING.replace("event.first !== 0", "event.rawPath === '/half'")
    address = url(source)
    answer = ask(gureum, address)
    assert (answer.status, answer.read()) == (502, b"Internal Server Error")
    where = urlsplit(gureum.endpoint)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
    connection.request("GET", "/half", headers={"Host": urlsplit(address).netloc})
    answer = connection.getresponse()
    assert answer.status == 200
    with pytest.raises(http.client.IncompleteRead) as broken:
        answer.read()
    assert broken.value.partial == b"half"


def test_a_function_does_not_notice_that_its_caller_has_gone(gureum, awslambda, url, client, name):
    source = """
        exports.handler = awslambda.streamifyResponse(async (event, out) => {
            for (let n = 0; n < 20; n++) {
                out.write('x'.repeat(100000));
                await new Promise((done) => setTimeout(done, 20));
            }
            console.log('to its end');
            out.end();
        });
    """
    answer = ask(gureum, url(source))
    assert answer.read1()
    answer.close()
    logs = client("logs")

    def written():
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return False
        return any("to its end" in each["message"] for each in events)

    assert eventually(written)
    # Its environment takes the next event.
    answer = ask(gureum, awslambda.get_function_url_config(FunctionName=name)["FunctionUrl"])
    assert len(answer.read()) == 2_000_000


def test_a_slow_reader_slows_the_function_down_and_loses_nothing(gureum, url):
    source = """
        exports.handler = awslambda.streamifyResponse(async (event, out) => {
            for (let n = 0; n < 64; n++) {
                if (!out.write(Buffer.alloc(1 << 20, n))) await new Promise((done) => out.once('drain', done));
            }
            out.end();
        });
    """
    answer = ask(gureum, url(source, MemorySize=256))
    time.sleep(1)
    body = answer.read()
    assert len(body) == 64 * MEGABYTE
    assert all(body[n * MEGABYTE] == n for n in range(64))


SDK = """
const { LambdaClient, InvokeWithResponseStreamCommand } = require('@aws-sdk/client-lambda');
(async () => {
    const client = new LambdaClient({ endpoint: process.env.ENDPOINT, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
    const answer = await client.send(new InvokeWithResponseStreamCommand({ FunctionName: process.argv[1], Payload: '{"pause":50}' }));
    const seen = [];
    for await (const event of answer.EventStream) {
        if (event.PayloadChunk) seen.push(Buffer.from(event.PayloadChunk.Payload).toString());
        if (event.InvokeComplete) seen.push(event.InvokeComplete);
    }
    console.log(JSON.stringify([answer.StatusCode, answer.ExecutedVersion, seen]));
})();
"""


def test_the_javascript_sdk_reads_the_stream(gureum, function, name):
    function(PAUSING)
    modules = os.path.join(os.environ["GUREUM_NODE_CLIENTS"], "node_modules")
    environment = {**os.environ, "NODE_PATH": modules, "ENDPOINT": gureum.endpoint}
    told = subprocess.run(["node", "-e", SDK, name], env=environment, capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == [200, "$LATEST", ["one", "two", "three", {}]]


# Speaks the Runtime API as a custom runtime does: a chunked response, whose trailers may tell of an error.
BOOTSTRAP = r"""#!/bin/bash
API="$AWS_LAMBDA_RUNTIME_API"
while true; do
  curl -s -D /tmp/head -o /tmp/event "http://$API/2018-06-01/runtime/invocation/next"
  id=$(tr -d '\r' < /tmp/head | grep -i '^lambda-runtime-aws-request-id:' | cut -d' ' -f2)
  exec 9<>"/dev/tcp/${API%:*}/${API#*:}"
  printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n' "$id" "$API" >&9
  printf 'Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n' >&9
  printf 'Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n' >&9
  printf '3\r\none\r\n' >&9
  sleep 0.5
  printf '3\r\ntwo\r\n0\r\n' >&9
  if grep -q fail /tmp/event; then
    body=$(printf '{"errorType":"My.Error","errorMessage":"on the way"}' | base64 -w0)
    printf 'Lambda-Runtime-Function-Error-Type: My.Error\r\nLambda-Runtime-Function-Error-Body: %s\r\n' "$body" >&9
  fi
  printf '\r\n' >&9
  cat <&9 > /tmp/answer
  exec 9>&-
  grep -q 'HTTP/1.1 202' /tmp/answer || cat /tmp/answer >&2
done
"""


def test_a_custom_runtime_streams_by_the_runtime_api(awslambda, function, name):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        entry = zipfile.ZipInfo("bootstrap")
        entry.external_attr = 0o755 << 16
        archive.writestr(entry, BOOTSTRAP)
    function("", Runtime="provided.al2023", Handler="x", Code={"ZipFile": made.getvalue()})
    _, chunks, complete, times = streamed(awslambda, name)
    assert (chunks, complete) == ([b"one", b"two"], {})
    assert times[1] - times[0] > 0.3
    _, chunks, complete, _ = streamed(awslambda, name, {"please": "fail"})
    assert (chunks, complete["ErrorCode"]) == ([b"one", b"two"], "My.Error")
    assert json.loads(complete["ErrorDetails"]) == {"errorType": "My.Error", "errorMessage": "on the way"}


def test_pieces_come_one_by_one_over_http_2_as_well(gureum, url):
    address = url(HTML)
    host, port = urlsplit(address).hostname, urlsplit(gureum.endpoint).port
    asked = ["curl", "-sN", "--http2-prior-knowledge", "--resolve", f"{host}:{port}:127.0.0.1", address]
    with subprocess.Popen(asked, stdout=subprocess.PIPE) as running:
        first = running.stdout.read1()
        began = time.monotonic()
        rest = running.stdout.read()
    assert (first, rest) == (b"<b>", b"streamed</b>")
    assert time.monotonic() - began > 0.25
