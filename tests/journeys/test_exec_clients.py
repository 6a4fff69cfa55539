"""Clients that know nothing but a region, run by `gureum exec` from a shell (post 004, MISSION rows 4.5, 4.28): each finds the
server by another way, and none is patched."""

import json
import os
import subprocess
import sys

import pytest
from conftest import BINARY, zipped

EXAMPLE = os.path.join(os.path.dirname(__file__), "../../examples/004-invoke")
REGION = "ap-northeast-1"
AWS = os.path.join(os.path.dirname(sys.executable), "aws")


@pytest.fixture(scope="module")
def echo(gureum):
    client = gureum.client("lambda", REGION, key="gureum")
    code = {"index.js": open(os.path.join(EXAMPLE, "echo/index.js")).read()}
    client.create_function(
        FunctionName="echoTest", Runtime="nodejs20.x", Handler="index.handler", Role="arn:aws:iam::000000000000:role/lambda2", Code={"ZipFile": zipped(code)}
    )
    yield "echoTest"
    client.delete_function(FunctionName="echoTest")


@pytest.fixture
def run(gureum, tmp_path):
    environment = dict(
        gureum.environment, HOME=str(tmp_path), GUREUM_ENDPOINT=gureum.endpoint, AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE="1",
        NODE_PATH=os.path.join(os.environ["GUREUM_NODE_CLIENTS"], "node_modules"),
    )

    def run(*words, timeout=100, **variables):
        return subprocess.run(
            [BINARY, "exec", "--", *words], env=dict(environment, **variables), cwd=tmp_path, capture_output=True, text=True, timeout=timeout
        )

    run.folder = tmp_path
    return run


def said(done):
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_posts_files_run_byte_for_byte_with_aws_sdk_v2(run, echo):
    synchronous = said(run("node", os.path.join(EXAMPLE, "index.js")))
    assert synchronous == "{\n  StatusCode: 200,\n  ExecutedVersion: '$LATEST',\n  Payload: '{\"id\":\"1\",\"name\":\"Luna\"}'\n}\n"
    assert said(run("node", os.path.join(EXAMPLE, "async.js"))) == "{ StatusCode: 202, Payload: '' }\n"


V3 = """
const { Lambda } = require('@aws-sdk/client-lambda');
new Lambda({ region: 'ap-northeast-1', ...JSON.parse(process.argv[2]) }).invoke({ FunctionName: 'echoTest', Payload: Buffer.from('{"id":"2"}') })
  .then((answer) => console.log(answer.StatusCode, Buffer.from(answer.Payload).toString()));
"""


@pytest.mark.parametrize("more", [{}, {"endpoint": "https://lambda.ap-northeast-1.amazonaws.com"}])
def test_aws_sdk_v3_with_and_without_a_host_of_aws_in_the_code(run, echo, more):
    (run.folder / "index.js").write_text(V3)
    assert said(run("node", "index.js", json.dumps(more))) == '200 {"id":"2"}\n'


def test_fetch_reaches_awss_names_too(run):
    script = "fetch('https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15').then(r => console.log(r.status))"
    assert said(run("node", "-e", script)) == "200\n"


BOTO3 = """
import boto3, sys
more = {"endpoint_url": sys.argv[1]} if sys.argv[1:] else {}
answer = boto3.client("lambda", region_name="ap-northeast-1", **more).invoke(FunctionName="echoTest", Payload=b'{"id":"3"}')
print(answer["StatusCode"], answer["Payload"].read().decode())
"""


@pytest.mark.parametrize("more", [[], ["https://lambda.ap-northeast-1.amazonaws.com"]])
def test_boto3_with_and_without_a_host_of_aws_in_the_code(run, echo, more):
    assert said(run(sys.executable, "-c", BOTO3, *more)) == '200 {"id":"3"}\n'


def test_the_aws_cli(run, echo):
    listed = json.loads(said(run(AWS, "lambda", "list-functions", "--region", REGION, "--output", "json")))
    assert echo in [function["FunctionName"] for function in listed["Functions"]]
    forced = ["sts", "get-caller-identity", "--endpoint-url", "https://sts.eu-west-1.amazonaws.com", "--query", "Account", "--output", "text"]
    assert said(run(AWS, *forced)) == "000000000000\n"


def test_the_aws_clis_sqs_which_forces_a_host_of_aws(run):
    done = run(AWS, "sqs", "list-queues", "--region", REGION)
    assert done.returncode == 0 or "gureum does not serve sqs" in done.stderr, done.stderr


def test_curl(run, echo):
    listed = json.loads(said(run("curl", "-sS", f"https://lambda.{REGION}.amazonaws.com/2015-03-31/functions/{echo}/configuration")))
    assert listed["FunctionName"] == echo


K6 = """
import http from 'k6/http';
import { check } from 'k6';
export const options = { iterations: 5, vus: 1 };
export default function () {
  const answer = http.post('https://lambda.ap-northeast-1.amazonaws.com/2015-03-31/functions/echoTest/invocations', '{"id":"4"}');
  check(answer, { echoed: (r) => r.status === 200 && r.body === '{"id":"4"}' });
}
"""


def test_k6(run, echo):
    (run.folder / "load.js").write_text(K6)
    program = os.path.join(os.path.dirname(sys.executable), "k6")
    said(run(program, "run", "--quiet", "--no-usage-report", "--summary-export", "summary.json", "load.js"))
    checks = json.loads((run.folder / "summary.json").read_text())["metrics"]["checks"]
    assert (checks["passes"], checks["fails"]) == (5, 0)


SERVICE = """
service: SERVICE
frameworkVersion: "3"
provider: { name: aws, runtime: nodejs20.x, region: ap-northeast-1 }
functions: { hello: { handler: index.handler, name: echoTest } }
"""


def test_serverless_v3_by_its_proxy_alone(run, echo, name):
    """It installs a proxy agent for its aws-sdk v2: HTTPS_PROXY and NODE_EXTRA_CA_CERTS are enough, without the preload."""
    (run.folder / "serverless.yml").write_text(SERVICE.replace("SERVICE", name))
    (run.folder / "index.js").write_text("exports.handler = async (event) => event;")
    packages = os.path.join(os.environ["GUREUM_SERVERLESS"], "node_modules")
    os.symlink(packages, run.folder / "node_modules")
    command = ["env", "-u", "NODE_OPTIONS", "-u", "GUREUM_TURN", "-u", "AWS_ENDPOINT_URL", "node", os.path.join(packages, "serverless/bin/serverless.js")]
    done = run(*command, "invoke", "-f", "hello", "-d", '{"name":"구름"}', SLS_TELEMETRY_DISABLED="1", SLS_NOTIFICATIONS_MODE="off")
    assert done.returncode == 0 and '"name": "구름"' in done.stdout, done.stdout + done.stderr
