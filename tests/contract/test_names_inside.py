"""AWS's host names lead to gureum inside functions: no endpoint, no certificate and no proxy in the code or around it
(MISSION rows 0.11, 4.1, 4.5, 4.28, 4.29)."""

import json

import pytest
from conftest import eventually, zipped
from packages import with_boto3, with_javascript_sdk, with_javascript_sdk_v2

TRUST = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
)
ECHO = "exports.handler = (event, context, callback) => callback(null, event);"

# Post 004, section 1.1, as it is printed.
POST_004 = """const aws = require('aws-sdk');
const lambda = new aws.Lambda({
  region: 'ap-northeast-1' //change to your region
});

const event = { id: "1", name:"Luna"};
lambda.invoke({
  FunctionName: 'echoTest',
  Payload: JSON.stringify(event, null, 2) // pass params
}, function(error, data) {
  if (error) {
    console.info(error);
  } else {
    console.info(data);
  }
});
"""
POST_REGION = "ap-northeast-1"
# The post's file is a script; this runs it, and waits as Lambda does until nothing is left to do.
RUNNER = "exports.handler = (event, context, callback) => { require('./index.js'); callback(null, 'ran'); };"


@pytest.fixture
def echo_test(gureum):
    """The function that post 004 calls."""
    functions = gureum.client("lambda", POST_REGION)
    functions.create_function(
        FunctionName="echoTest", Role="arn:aws:iam::000000000000:role/lambda2", Runtime="nodejs20.x", Handler="index.handler",
        Code={"ZipFile": zipped({"index.js": ECHO})},
    )
    yield
    functions.delete_function(FunctionName="echoTest")


@pytest.fixture
def function(gureum, name):
    """Makes functions with a role of their own; the first is called `name`."""
    gureum.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    made = []

    def make(package, suffix="", region="us-east-1", **more):
        functions = gureum.client("lambda", region)
        settings = dict(FunctionName=name + suffix, Runtime="nodejs20.x", Handler="index.handler", Timeout=30, MemorySize=512)
        settings["Role"] = f"arn:aws:iam::000000000000:role/{name}"
        functions.create_function(**{**settings, **more}, Code={"ZipFile": package})
        made.append((functions, settings["FunctionName"]))
        return settings["FunctionName"]

    yield make
    for functions, each in made:
        functions.delete_function(FunctionName=each)


def call(gureum, function, event=None, region="us-east-1"):
    answer = gureum.client("lambda", region).invoke(FunctionName=function, Payload=json.dumps(event or {}).encode())
    seen = json.load(answer["Payload"])
    assert "FunctionError" not in answer, seen
    return seen


def own_lines(gureum, function, region="us-east-1"):
    """What a function has written to its log, without the platform's lines."""
    logs = gureum.client("logs", region)

    def lines():
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        except logs.exceptions.ResourceNotFoundException:
            return None
        return any(event["message"].startswith("REPORT") for event in events) and [event["message"] for event in events]

    ours = ("INIT_START", "START ", "END ", "REPORT ")
    # The SDK's word on how long it will support this Node.js comes on AWS too.
    return [line for line in eventually(lines) if not line.startswith(ours) and "NodeVersionSupportWarning" not in line]


# One function that reaches AWS in every way that JavaScript has, and tells what it saw.
WAYS = """
const http = require('http'), https = require('https'), http2 = require('http2'), net = require('net'), tls = require('tls');
const read = (stream) => new Promise((done, failed) => {
  let text = ''; stream.setEncoding('utf8'); stream.on('data', (part) => text += part); stream.on('end', () => done(text)); stream.on('error', failed);
});
const get = (library, options) => new Promise((done, failed) => {
  library.get(options, (answer) => done(read(answer).then((text) => [answer.statusCode, text]))).on('error', failed);
});
const ask = 'GET / HTTP/1.1\\r\\nHost: sts.amazonaws.com\\r\\nConnection: close\\r\\n\\r\\n';
const path = '/?Action=GetCallerIdentity&Version=2011-06-15';
const WAYS = {
  http: () => get(http, { host: 'sts.amazonaws.com', path }),
  https: () => get(https, { host: 'sts.us-east-1.amazonaws.com', path }),
  upper: () => get(https, 'https://STS.Us-East-1.AmazonAws.com' + path),
  ownLookup: () => get(https, { host: 'sts.eu-west-1.amazonaws.com', path, family: 6, lookup: (host, options, done) => done(new Error('asked')) }),
  fetch: async () => { const answer = await fetch('https://sts.eu-west-1.amazonaws.com' + path); return [answer.status, await answer.text()]; },
  esm: async () => { const own = await import('https'); return get(own, 'https://sts.amazonaws.com' + path); },
  http2: async () => {
    const session = http2.connect('https://sts.us-east-1.amazonaws.com');
    const stream = session.request({ ':path': path });
    const status = new Promise((done) => stream.on('response', (headers) => done(headers[':status'])));
    const text = await read(stream); session.close();
    return [await status, text];
  },
  net: async () => { const wire = net.connect(80, 'sts.amazonaws.com'); wire.write(ask); const text = await read(wire); return [Number(text.split(' ')[1]), text]; },
  tls: async () => { const wire = tls.connect(443, 'sts.amazonaws.com'); wire.write(ask); const text = await read(wire); return [Number(text.split(' ')[1]), text]; },
  ownRoots: () => get(https, { host: 'sts.us-east-1.amazonaws.com', path, ca: tls.rootCertificates.slice(0, 1) }),
};
exports.handler = async (event) => {
  const seen = {};
  for (const way in WAYS) seen[way] = await WAYS[way]().catch((error) => [String(error), '']);
  return { seen, environment: process.env, argv: process.argv, options: process.execArgv };
};
"""


class TestNodejs:
    def test_every_way_to_an_aws_name_ends_here(self, gureum, function):
        told = call(gureum, function(zipped({"index.js": WAYS})))
        # The environment's listener answers: it takes nothing that is not signed with the function's own credentials.
        for way, (status, text) in told["seen"].items():
            assert status == 403 or (way in ("net", "tls") and status in (400, 403, 404)), (way, status, text)
            assert way in ("net", "tls") or "<Code>MissingAuthenticationToken</Code>" in text, (way, text)

    def test_nothing_of_it_is_to_be_seen(self, gureum, function):
        told = call(gureum, function(zipped({"index.js": WAYS})))
        hidden = [name for name in told["environment"] if name.startswith(("GUREUM", "SSL_", "NODE_EXTRA", "NODE_OPTIONS")) or "PROXY" in name.upper()]
        assert hidden == [] and "AWS_ENDPOINT_URL" not in told["environment"]
        assert len(told["argv"]) == 2

    def test_sdk_v3_signs_with_its_own_role_and_logs_no_warning(self, gureum, function, name):
        source = """const { STS } = require('@aws-sdk/client-sts');
        exports.handler = async () => (await new STS({}).getCallerIdentity({})).Arn;"""
        made = function(with_javascript_sdk({"index.js": source}), Runtime="nodejs20.x")
        assert call(gureum, made) == f"arn:aws:sts::000000000000:assumed-role/{name}/{made}"
        assert own_lines(gureum, made) == []

    def test_post_004_runs_byte_for_byte_inside(self, gureum, function, echo_test):
        environment = {"Variables": {"AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE": "1"}}
        package = with_javascript_sdk_v2({"index.js": POST_004, "runner.js": RUNNER})
        made = function(package, region=POST_REGION, Handler="runner.handler", Environment=environment)
        assert call(gureum, made, region=POST_REGION) == "ran"
        (line,) = own_lines(gureum, made, POST_REGION)
        assert line.split("\tINFO\t")[1] == "{\n  StatusCode: 200,\n  ExecutedVersion: '$LATEST',\n  Payload: '{\"id\":\"1\",\"name\":\"Luna\"}'\n}\n"

    def test_an_es_module_calls_another_function_with_no_endpoint(self, gureum, function):
        echo = function(zipped({"index.js": ECHO}), "-echo")
        source = """import { LambdaClient, InvokeCommand } from '@aws-sdk/client-lambda';
        const client = new LambdaClient({});
        export const handler = async (event) => {
          const answer = await client.send(new InvokeCommand({ FunctionName: event.to, Payload: JSON.stringify({ id: 7 }) }));
          return Buffer.from(answer.Payload).toString();
        };"""
        caller = function(with_javascript_sdk({"index.mjs": source}))
        assert call(gureum, caller, {"to": echo}) == '{"id":7}'

    def test_it_cannot_act_as_somebody_else(self, gureum, function):
        source = """const { STS } = require('@aws-sdk/client-sts'), { Lambda } = require('@aws-sdk/client-lambda');
        const attempt = (call) => call.then((answer) => answer.Arn || 'done', (error) => error.$metadata ? error.$metadata.httpStatusCode : String(error));
        exports.handler = async () => {
          const seen = [];
          for (const accessKeyId of ['111111111111', 'test', 'AKIAIOSFODNN7EXAMPLE']) {
            const credentials = { accessKeyId, secretAccessKey: 'test' };
            seen.push(await attempt(new STS({ credentials }).getCallerIdentity({})), await attempt(new Lambda({ credentials }).listFunctions({})));
          }
          const own = { accessKeyId: process.env.AWS_ACCESS_KEY_ID, sessionToken: process.env.AWS_SESSION_TOKEN };
          seen.push(await attempt(new STS({ credentials: { ...own, secretAccessKey: 'wrong' } }).getCallerIdentity({})));
          return seen;
        };"""
        assert call(gureum, function(with_javascript_sdk({"index.js": source}))) == [403] * 7

    @pytest.mark.parametrize("host", ["x1y2.lambda-url.eu-west-1.on.aws", "localhost.localstack.cloud:4566", "a.b.localhost.localstack.cloud", "queue.amazonaws.com"])
    def test_names_of_every_suffix_are_led_here(self, gureum, function, host):
        source = "exports.handler = async ({ url }) => (await fetch(url)).headers.has('x-amzn-requestid') || (await fetch(url)).headers.has('x-amz-request-id');"
        made = function(zipped({"index.js": source}))
        for scheme in ["https", "http"]:
            assert call(gureum, made, {"url": f"{scheme}://{host}/"}) is True

    def test_other_names_are_left_alone(self, gureum, function):
        source = """const net = require('net');
        exports.handler = () => new Promise((done) => net.connect(443, 'sts.amazonaws.com.invalid').on('error', (error) => done(error.code)).on('connect', () => done('connected')));"""
        assert call(gureum, function(zipped({"index.js": source}))) in ("ENOTFOUND", "EAI_AGAIN")


PYTHON_WAYS = """
import asyncio, http.client, json, os, socket, ssl, sys, urllib.error, urllib.request
PATH = "/?Action=GetCallerIdentity&Version=2011-06-15"

def by_urllib(scheme):
    try:
        urllib.request.urlopen(f"{scheme}://sts.us-east-1.amazonaws.com{PATH}")
    except urllib.error.HTTPError as error:
        return error.code

def by_http_client():
    connection = http.client.HTTPSConnection("STS.amazonaws.com")
    connection.request("GET", PATH)
    return connection.getresponse().status

def by_socket():
    with socket.create_connection(("sts.amazonaws.com", 80)) as plain:
        plain.sendall(f"GET {PATH} HTTP/1.1\\r\\nHost: sts.amazonaws.com\\r\\nConnection: close\\r\\n\\r\\n".encode())
        return int(plain.recv(64).split()[1])

def by_connect(context):
    wire = socket.socket()
    wire.connect(("sts.amazonaws.com", 443))
    with context.wrap_socket(wire, server_hostname="sts.amazonaws.com") as wire:
        wire.sendall(f"GET {PATH} HTTP/1.1\\r\\nHost: sts.amazonaws.com\\r\\nConnection: close\\r\\n\\r\\n".encode())
        return int(wire.recv(64).split()[1])

async def by_asyncio():
    reader, writer = await asyncio.open_connection("sts.amazonaws.com", 443, ssl=True)
    writer.write(f"GET {PATH} HTTP/1.1\\r\\nHost: sts.amazonaws.com\\r\\nConnection: close\\r\\n\\r\\n".encode())
    status = int((await reader.read(64)).split()[1])
    writer.close()
    return status

def handler(event, context):
    own_roots = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return {
        "statuses": [by_urllib("https"), by_urllib("http"), by_http_client(), by_socket(), by_connect(ssl.create_default_context()),
                     by_connect(own_roots), asyncio.run(by_asyncio())],
        "environment": dict(os.environ), "path": sys.path, "modules": [name for name in sys.modules if "turn" in name], "argv": sys.argv,
    }
"""


class TestPython:
    def test_every_way_to_an_aws_name_ends_here_and_nothing_of_it_is_to_be_seen(self, gureum, function):
        told = call(gureum, function(zipped({"index.py": PYTHON_WAYS}), Runtime="python3.11"))
        assert told["statuses"] == [403] * 7
        assert [name for name in told["environment"] if name.startswith(("GUREUM", "SSL_", "AWS_ENDPOINT", "AWS_CA"))] == []
        assert told["modules"] == [] and told["path"][0] == "/var/task"

    def test_boto3_with_roots_of_its_own_needs_a_region_only(self, gureum, function, name):
        source = "import boto3\ndef handler(event, context):\n    return boto3.client('sts').get_caller_identity()['Arn']\n"
        made = function(with_boto3({"index.py": source}), Runtime="python3.11")
        assert call(gureum, made) == f"arn:aws:sts::000000000000:assumed-role/{name}/{made}"
        assert own_lines(gureum, made) == []

    def test_it_cannot_act_as_somebody_else(self, gureum, function):
        source = """import boto3, botocore.exceptions
def handler(event, context):
    try:
        return boto3.client('sts', aws_access_key_id='test', aws_secret_access_key='test').get_caller_identity()['Arn']
    except botocore.exceptions.ClientError as error:
        return error.response['Error']['Code']
"""
        assert call(gureum, function(with_boto3({"index.py": source}), Runtime="python3.11")) == "InvalidClientTokenId"


CURL = r"""#!/bin/bash
API="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
IDENTITY="?Action=GetCallerIdentity&Version=2011-06-15"
while true; do
  curl -s -D /tmp/head -o /tmp/event "$API/next"
  id=$(tr -d '\r' < /tmp/head | grep -i '^lambda-runtime-aws-request-id:' | cut -d' ' -f2)
  unsigned=$(curl -s -o /dev/null -w '%{http_code}' "https://sts.amazonaws.com/$IDENTITY")
  signed=$(curl -s --aws-sigv4 aws:amz:us-east-1:sts --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
    -H "x-amz-security-token: $AWS_SESSION_TOKEN" "https://sts.us-east-1.amazonaws.com/$IDENTITY" | grep -o '<Arn>.*</Arn>')
  forged=$(curl -s -o /dev/null -w '%{http_code}' --aws-sigv4 aws:amz:us-east-1:sts --user test:test "https://sts.amazonaws.com/$IDENTITY")
  other=$(curl -s -o /dev/null -w '%{http_code}' https://example.com/)
  curl -s -o /dev/null -d "[\"$unsigned\",\"$signed\",\"$forged\",\"$other\",\"$AWS_ENDPOINT_URL\"]" "$API/$id/response"
done
"""


class TestEveryProgram:
    """Where functions have a network of their own, names lead here for whatever a function runs."""

    @pytest.fixture(autouse=True)
    def own_network(self, gureum):
        status = json.loads(gureum.cli("--json", "status").stdout)["data"]
        assert (status["isolation"]["level"], status["function_network"]) == ("namespaces", "none")

    def test_a_custom_runtime_needs_curl_and_nothing_else(self, gureum, function, name):
        made = function(zipped({"bootstrap": CURL}, mode=0o755), Runtime="provided.al2023")
        unsigned, signed, forged, other, endpoint = call(gureum, made)
        assert (unsigned, forged, other, endpoint) == ("403", "403", "000", "")
        assert signed == f"<Arn>arn:aws:sts::000000000000:assumed-role/{name}/{made}</Arn>"

    def test_urls_that_were_handed_out_outside_mean_the_same_inside(self, gureum, function):
        echo = function(zipped({"index.js": "exports.handler = async (event) => event.requestContext.http.path;"}), "-echo")
        functions = gureum.client("lambda")
        url = functions.create_function_url_config(FunctionName=echo, AuthType="NONE")["FunctionUrl"]
        may = dict(StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE")
        functions.add_permission(FunctionName=echo, **may)
        source = """exports.handler = async ({ urls }) => Promise.all(urls.map(async (url) => {
          const answer = await fetch(url); return [answer.status, await answer.text()]; }));"""
        caller = function(zipped({"index.js": source}))
        name = url.split("/")[2].split(":")[0].removesuffix("localhost")
        port = gureum.endpoint.split(":")[-1]
        ours = [f"http://127.0.0.1:{port}/2015-03-31/functions/", f"http://localhost:{port}/2015-03-31/functions/"]
        everywhere = [f"{url}a", f"https://{name}on.aws/a", f"http://{name}localhost.localstack.cloud:{port}/a"]
        seen = call(gureum, caller, {"urls": [*everywhere, *ours]})
        assert seen[:3] == [[200, '"/a"']] * 3
        # A function does not get around its own credentials by an address of the server's.
        assert [status for status, _ in seen[3:]] == [403, 403]

    def test_a_name_of_the_servers_own_leads_here_too(self, fresh):
        server = fresh("--host", "aws.test", "--url-suffix", "aws.test:4599")
        functions = server.client("lambda")
        common = dict(Runtime="nodejs20.x", Handler="index.handler", Role="arn:aws:iam::000000000000:role/r", Timeout=20)
        source = "exports.handler = async ({ url }) => url ? (await fetch(url)).text() : 'reached';"
        functions.create_function(FunctionName="f", **common, Code={"ZipFile": zipped({"index.js": source})})
        url = functions.create_function_url_config(FunctionName="f", AuthType="NONE")["FunctionUrl"]
        may = dict(StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE")
        functions.add_permission(FunctionName="f", **may)
        assert url.endswith(".aws.test:4599/") and call(server, "f", {"url": url}) == '"reached"'

    def test_worker_threads_of_nodejs_do(self, gureum, function):
        source = """const { Worker } = require('worker_threads');
        const work = `fetch('https://sts.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15').then(
          (answer) => require('worker_threads').parentPort.postMessage(answer.status), (error) => { throw error.cause; });`;
        exports.handler = () => new Promise((done, failed) => new Worker(work, { eval: true }).on('message', done).on('error', failed));"""
        assert call(gureum, function(zipped({"index.js": source}))) == 403

    def test_programs_that_python_starts_do(self, gureum, function):
        ask = """import urllib.error, urllib.request
try:
    urllib.request.urlopen("https://sts.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15")
except urllib.error.HTTPError as error:
    print(error.code, end="")
"""
        source = """import subprocess, sys
def handler(event, context):
    done = subprocess.run([sys.executable, "ask.py"], capture_output=True, text=True)
    return done.stdout or done.stderr
"""
        assert call(gureum, function(zipped({"index.py": source, "ask.py": ask}), Runtime="python3.11")) == "403"


class TestTheHostsNetwork:
    """Where functions share the host's network, the languages' own ways still lead here."""

    @pytest.fixture
    def server(self, fresh):
        return fresh("--function-network", "host")

    def make(self, server, files, runtime, mode=0o644):
        server.client("lambda").create_function(
            FunctionName="f", Runtime=runtime, Handler="index.handler", Role="arn:aws:iam::000000000000:role/r", Timeout=30, MemorySize=512,
            Code={"ZipFile": zipped(files, mode)},
        )

    def test_nodejs_needs_no_resolver(self, server):
        self.make(server, {"index.js": WAYS}, "nodejs20.x")
        seen = call(server, "f")["seen"]
        assert {way: status for way, (status, _) in seen.items() if way not in ("net", "tls")} == dict.fromkeys(set(seen) - {"net", "tls"}, 403)

    def test_python_needs_no_resolver(self, server):
        self.make(server, {"index.py": PYTHON_WAYS}, "python3.11")
        assert call(server, "f")["statuses"] == [403] * 7

    def test_a_custom_runtime_is_told_where_the_apis_are(self, server):
        source = CURL.replace("https://sts.us-east-1.amazonaws.com", "$AWS_ENDPOINT_URL").replace("https://sts.amazonaws.com", "$AWS_ENDPOINT_URL")
        self.make(server, {"bootstrap": source}, "provided.al2023", 0o755)
        unsigned, signed, forged, _, endpoint = call(server, "f")
        assert (unsigned, forged) == ("403", "403") and "assumed-role/r/f" in signed
        assert endpoint.startswith("http://127.0.0.1:") and endpoint != server.endpoint


class TestTheRuntimesOwnSdk:
    """Nothing in the package but the post's lines: the SDK is the runtime's."""

    @pytest.mark.parametrize("runtime", ["nodejs4.3", "nodejs14.x", "nodejs16.x"])
    def test_post_004_runs_byte_for_byte(self, gureum, function, echo_test, runtime):
        package = zipped({"index.js": POST_004, "runner.js": RUNNER})
        environment = {"Variables": {"AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE": "1"}}
        made = function(package, region=POST_REGION, Runtime=runtime, Handler="runner.handler", Environment=environment)
        assert call(gureum, made, region=POST_REGION) == "ran"
        printed = "".join(own_lines(gureum, made, POST_REGION))
        assert "StatusCode: 200" in printed and "Payload: '{\"id\":\"1\",\"name\":\"Luna\"}'" in printed, printed
        assert "rror" not in printed

    def test_sdk_v3_sends_to_a_queue_and_warns_of_nothing(self, gureum, function, name):
        url = gureum.client("sqs").create_queue(QueueName=name)["QueueUrl"]
        source = """import { SQSClient, GetQueueUrlCommand, SendMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
        const client = new SQSClient({});
        export const handler = async ({ name }) => {
          const { QueueUrl } = await client.send(new GetQueueUrlCommand({ QueueName: name }));
          await client.send(new SendMessageCommand({ QueueUrl, MessageBody: '구름' }));
          const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));
          return [QueueUrl, Messages[0].Body];
        };"""
        try:
            made = function(zipped({"index.mjs": source}), Runtime="nodejs20.x")
            assert call(gureum, made, {"name": name}) == [f"https://sqs.us-east-1.amazonaws.com/000000000000/{name}", "구름"]
        finally:
            gureum.client("sqs").delete_queue(QueueUrl=url)
        assert own_lines(gureum, made) == []

    def test_boto3_needs_a_region_only(self, gureum, function, name):
        source = "import boto3\ndef handler(event, context):\n    return boto3.client('sts').get_caller_identity()['Arn']\n"
        made = function(zipped({"index.py": source}), Runtime="python3.11")
        assert call(gureum, made) == f"arn:aws:sts::000000000000:assumed-role/{name}/{made}"
        assert own_lines(gureum, made) == []


def test_one_function_starts_many_by_the_sdk_alone(gureum, function):
    worker = function(zipped({"index.js": "exports.handler = async (event) => { console.log('part ' + event.part); };"}), "-worker")
    source = """import boto3, json
def handler(event, context):
    client = boto3.client('lambda')
    call = lambda part: client.invoke(FunctionName=event['worker'], InvocationType='Event', Payload=json.dumps({'part': part}))
    return [call(part)['StatusCode'] for part in range(event['parts'])]
"""
    batch = function(with_boto3({"index.py": source}), "-batch", Runtime="python3.11")
    assert call(gureum, batch, {"worker": worker, "parts": 10}) == [202] * 10
    done = lambda: {line.split("part ")[1].strip() for line in own_lines(gureum, worker)}  # noqa: E731
    assert eventually(lambda: done() == {str(part) for part in range(10)})


def test_code_written_for_localstack_finds_its_variables_when_they_are_asked_for(fresh):
    server = fresh("--localstack-env")
    source = """exports.handler = async () => {
      const { AWS_ENDPOINT_URL, LOCALSTACK_HOSTNAME, EDGE_PORT } = process.env;
      const statuses = [];
      for (const url of [AWS_ENDPOINT_URL, `http://${LOCALSTACK_HOSTNAME}:${EDGE_PORT}`])
        statuses.push((await fetch(url + '/2015-03-31/functions/')).status);
      return { AWS_ENDPOINT_URL, LOCALSTACK_HOSTNAME, EDGE_PORT, statuses };
    };"""
    server.client("lambda").create_function(
        FunctionName="f", Runtime="nodejs20.x", Handler="index.handler", Role="arn:aws:iam::000000000000:role/r", Timeout=20,
        Code={"ZipFile": zipped({"index.js": source})},
    )
    name, port = "localhost.localstack.cloud", "4566"
    expected = {"AWS_ENDPOINT_URL": f"http://{name}:{port}", "LOCALSTACK_HOSTNAME": name, "EDGE_PORT": port, "statuses": [403, 403]}
    assert call(server, "f") == expected


def test_an_event_that_waited_through_a_restart_finds_the_apis(fresh):
    source = """exports.handler = async () => {
      await new Promise((done) => setTimeout(done, 300));
      console.log('status ' + (await fetch('https://sts.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15')).status);
    };"""
    server = fresh()
    server.client("lambda").create_function(
        FunctionName="f", Runtime="nodejs20.x", Handler="index.handler", Role="arn:aws:iam::000000000000:role/r", Timeout=20,
        Code={"ZipFile": zipped({"index.js": source})},
    )
    server.client("lambda").invoke(FunctionName="f", InvocationType="Event")
    server.kill()
    server.start()
    assert [line.split("\t")[-1] for line in own_lines(server, "f")] == ["status 403\n"]
