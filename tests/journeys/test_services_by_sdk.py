"""Posts 000 and 004 from the inside and the outside: a service package over the SDK, and functions that call functions
(MISSION rows 0.1, 0.3 to 0.8, 0.10, 0.11, 1.3, 3.3, 4.1, 4.2)."""

import http.client
import json
import os
import subprocess
import time

import pytest
from conftest import eventually, zipped
from packages import MODULES, with_javascript_sdk

ROLE = "arn:aws:iam::000000000000:role/any"

# A service package, and the part of a gateway that turns its errors into answers.
PACKAGE = """
const { Lambda } = require('@aws-sdk/client-lambda');
class ResponseError extends Error {
  constructor(statusCode, message) { super(message); this.statusCode = statusCode; }
}
const texts = (values = {}) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined).map(([key, value]) => [key, String(value)]));
class PostService {
  constructor(functionName) {
    this.functionName = functionName;
    this.client = new Lambda({ credentials: { accessKeyId: process.env.KEY, secretAccessKey: process.env.SECRET } });
  }
  async request({ method, path, headers, query, body = {} }) {
    const event = { httpMethod: method, path, headers: texts(headers), queryStringParameters: texts(query), body: JSON.stringify(body) };
    const answer = await this.client.invoke({
      FunctionName: this.functionName, InvocationType: 'RequestResponse', Payload: new TextEncoder().encode(JSON.stringify(event)),
    });
    if (!(answer.Payload instanceof Uint8Array) || answer.StatusCode !== 200) throw new Error('no payload');
    const result = JSON.parse(new TextDecoder().decode(answer.Payload));
    const decoded = { ...result, body: JSON.parse(result.body) };
    if (decoded.statusCode >= 400) throw new ResponseError(decoded.statusCode, decoded.body.message);
    return decoded;
  }
  getPostList({ cursor } = {}) { return this.request({ method: 'GET', path: '/post/list', query: { cursor } }); }
  getPost(id) { return this.request({ method: 'GET', path: `/post/${id}` }); }
  crash() { return this.request({ method: 'GET', path: '/crash' }); }
}
const gateway = (call) => call.then(
  ({ statusCode, body }) => [statusCode, body],
  (error) => error instanceof ResponseError ? [error.statusCode, { message: error.message }] : [500, { message: 'Internal Server Error' }]);
"""

SERVICE = """exports.handler = async (event) => {
  const answer = (statusCode, body) => ({ statusCode, headers: {}, body: JSON.stringify(body) });
  if (event.path === '/post/list') return answer(200, { posts: [], nextCursor: 7, event });
  if (event.path.startsWith('/post/')) return answer(404, { message: 'Post not found' });
  throw new Error('unhandled');
};"""


def run(gureum, script, key="test", secret="test"):
    environment = dict(os.environ, AWS_ENDPOINT_URL=gureum.endpoint, AWS_REGION="us-east-1", NODE_PATH=MODULES, KEY=key, SECRET=secret)
    done = subprocess.run(["node", "-e", script], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def function(gureum, name):
    made = []

    def create(suffix, package, **more):
        settings = dict(FunctionName=name + suffix, Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Timeout=20)
        gureum.client("lambda").create_function(**{**settings, **more}, Code={"ZipFile": package})
        made.append(name + suffix)
        return name + suffix

    yield create
    for each in made:
        gureum.client("lambda").delete_function(FunctionName=each)


def with_sdk(source):
    return with_javascript_sdk({"index.js": source})


def test_a_service_package_gets_typed_answers_and_errors(gureum, function):
    service = function("-post", zipped({"index.js": SERVICE}))
    script = PACKAGE + f"""(async () => {{
      const service = new PostService('{service}');
      const list = await service.getPostList({{}});
      const next = await service.getPostList({{ cursor: 7 }});
      console.log(JSON.stringify({{ list, next: next.body.event.queryStringParameters,
        missing: await gateway(service.getPost(9)), crash: await gateway(service.crash()), ok: (await gateway(service.getPostList()))[0] }}));
    }})();"""
    seen = run(gureum, script)
    assert seen["list"]["statusCode"] == 200 and seen["list"]["body"]["posts"] == [] and seen["list"]["body"]["nextCursor"] == 7
    expected = {"httpMethod": "GET", "path": "/post/list", "headers": {}, "queryStringParameters": {}, "body": "{}"}
    assert seen["list"]["body"]["event"] == expected
    assert seen["next"] == {"cursor": "7"}
    assert seen["missing"] == [404, {"message": "Post not found"}]
    assert seen["crash"] == [500, {"message": "Internal Server Error"}]
    assert seen["ok"] == 200


def test_static_keys_open_and_an_unknown_key_is_refused(fresh):
    server = fresh("--strict")
    root = json.loads((server.folder / "state/gureum/root-key.json").read_text())
    script = PACKAGE + """new PostService('f').client.listFunctions({}).then(
      (answer) => console.log(JSON.stringify(answer.Functions)),
      (error) => console.log(JSON.stringify([error.name, error.message, error.$metadata.httpStatusCode])));"""
    assert run(server, script, root["access_key_id"], root["secret_access_key"]) == []
    refused = ["UnrecognizedClientException", "The security token included in the request is invalid.", 403]
    assert run(server, script, "AKIAUNKNOWN000000000", "x") == refused


def test_an_unsigned_call_is_refused_where_keys_are_asked_for(fresh):
    host, port = fresh("--strict").endpoint.split("//")[1].split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.request("POST", "/2015-03-31/functions/f/invocations", b"{}")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "MissingAuthenticationTokenException")


def test_a_function_calls_another_and_answers_before_the_other_ends(gureum, function, name):
    slow = "exports.handler = async (event) => { await new Promise((done) => setTimeout(done, 3000)); console.log('finished ' + event.id); };"
    late = function("-late", zipped({"index.js": slow}))
    echo = function("-echo", zipped({"index.js": "exports.handler = async (event) => event;"}))
    caller = function("-caller", with_sdk("""const { Lambda } = require('@aws-sdk/client-lambda');
    exports.handler = async (event) => {
      const lambda = new Lambda({});
      const echoed = await lambda.invoke({ FunctionName: event.echo, Payload: JSON.stringify({ id: 1 }) });
      const began = Date.now();
      const queued = await lambda.invoke({ FunctionName: event.late, InvocationType: 'Event', Payload: JSON.stringify({ id: 2 }) });
      return { echoed: Buffer.from(echoed.Payload).toString(), queued: queued.StatusCode, waited: Date.now() - began };
    };"""))
    answer = gureum.client("lambda").invoke(FunctionName=caller, Payload=json.dumps({"echo": echo, "late": late}).encode())
    returned = time.monotonic()
    seen = json.load(answer["Payload"])
    assert "FunctionError" not in answer, seen
    assert (seen["echoed"], seen["queued"]) == ('{"id":1}', 202) and seen["waited"] < 2000
    logs = gureum.client("logs")

    def finished():
        try:
            return logs.filter_log_events(logGroupName=f"/aws/lambda/{late}", filterPattern='"finished 2"')["events"]
        except logs.exceptions.ResourceNotFoundException:
            return []

    assert eventually(finished)
    assert time.monotonic() - returned > 0.5, "the callee was still at work when its caller had answered"


def test_one_function_starts_many_others(gureum, function):
    worker = function("-worker", zipped({"index.js": "exports.handler = async (event) => { console.log('part ' + event.part + ' done'); };"}))
    batch = function("-batch", with_sdk("""const { Lambda } = require('@aws-sdk/client-lambda');
    exports.handler = async ({ worker, parts }) => {
      const lambda = new Lambda({});
      const start = (part) => lambda.invoke({ FunctionName: worker, InvocationType: 'Event', Payload: JSON.stringify({ part }) });
      return (await Promise.all([...Array(parts).keys()].map(start))).map((answer) => answer.StatusCode);
    };"""))
    answer = gureum.client("lambda").invoke(FunctionName=batch, Payload=json.dumps({"worker": worker, "parts": 12}).encode())
    assert json.load(answer["Payload"]) == [202] * 12
    logs = gureum.client("logs")

    def parts_done():
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{worker}", filterPattern='"part "')["events"]
        except logs.exceptions.ResourceNotFoundException:
            return set()
        return {int(event["message"].split("part ")[1].split()[0]) for event in events}

    assert eventually(lambda: parts_done() == set(range(12))), parts_done()


@pytest.mark.parametrize("runtime", ["nodejs4.3", "nodejs14.x"])
def test_a_runtime_of_its_time_runs(gureum, function, runtime):
    functions = gureum.client("lambda")
    made = function("", zipped({"index.js": "exports.handler = (event, context, callback) => callback(null, event);"}), Runtime=runtime)
    assert functions.get_function_configuration(FunctionName=made)["Runtime"] == runtime
    assert functions.invoke(FunctionName=made, Payload=b'{"id":"1"}')["Payload"].read() == b'{"id":"1"}'
