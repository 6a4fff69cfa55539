"""The same walk with three clients that know nothing but the endpoint: the aws CLI, boto3 and @aws-sdk v3 make a role and a
function, invoke it in three ways, read its log, publish a version and move an alias."""

import json
import os
import subprocess
import sys

import pytest
from conftest import eventually, zipped

TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})
CODE = "exports.handler = async (event) => { console.log('seen ' + event.id); return { id: event.id, build: BUILD }; };"


def package(build):
    return zipped({"index.js": CODE.replace("BUILD", str(build))})


@pytest.fixture
def environment(gureum, tmp_path):
    return dict(
        os.environ, AWS_ENDPOINT_URL=gureum.endpoint, AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1", AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test", AWS_PAGER="", HOME=str(tmp_path), NODE_PATH=os.path.join(os.environ["GUREUM_NODE_CLIENTS"], "node_modules"),
    )


def test_the_aws_cli(gureum, environment, tmp_path, name):
    def aws(*words):
        program = [os.path.join(os.path.dirname(sys.executable), "aws"), *words, "--output", "json"]
        done = subprocess.run(program, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    (tmp_path / "one.zip").write_bytes(package(1))
    (tmp_path / "two.zip").write_bytes(package(2))
    role = aws("iam", "create-role", "--role-name", name, "--assume-role-policy-document", TRUST)["Role"]["Arn"]
    policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    aws("iam", "attach-role-policy", "--role-name", name, "--policy-arn", policy)
    function = ["--function-name", name]
    aws("lambda", "create-function", *function, "--runtime", "nodejs20.x", "--handler", "index.handler", "--role", role, "--zip-file", "fileb://one.zip")
    aws("lambda", "wait", "function-active-v2", *function)
    answer = aws("lambda", "invoke", *function, "--payload", '{"id":"1"}', "out.json")
    assert answer == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}
    assert json.loads((tmp_path / "out.json").read_text()) == {"id": "1", "build": 1}
    assert aws("lambda", "invoke", *function, "--invocation-type", "Event", "--payload", '{"id":"2"}', "out.json")["StatusCode"] == 202
    assert aws("lambda", "invoke", *function, "--invocation-type", "DryRun", "out.json")["StatusCode"] == 204
    events = lambda: aws("logs", "filter-log-events", "--log-group-name", f"/aws/lambda/{name}")["events"]  # noqa: E731
    assert eventually(lambda: {"seen 1", "seen 2"} <= {event["message"].rstrip("\n").split("\t")[-1] for event in events()})
    assert {"START", "END", "REPORT"} <= {event["message"].split()[0] for event in events()}
    assert aws("lambda", "publish-version", *function)["Version"] == "1"
    aws("lambda", "create-alias", *function, "--name", "live", "--function-version", "1")
    aws("lambda", "update-function-code", *function, "--zip-file", "fileb://two.zip", "--publish")
    for version, build in [("1", 1), ("2", 2)]:
        aws("lambda", "update-alias", *function, "--name", "live", "--function-version", version)
        answer = aws("lambda", "invoke", *function, "--qualifier", "live", "--payload", '{"id":"3"}', "out.json")
        assert answer["ExecutedVersion"] == version and json.loads((tmp_path / "out.json").read_text())["build"] == build


def test_boto3(gureum, name):
    iam, functions, logs = gureum.client("iam"), gureum.client("lambda"), gureum.client("logs")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    functions.create_function(FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=role, Code={"ZipFile": package(1)})
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    kinds = [("RequestResponse", 200), ("Event", 202), ("DryRun", 204)]
    for kind, status in kinds:
        assert functions.invoke(FunctionName=name, InvocationType=kind, Payload=b'{"id":"1"}')["StatusCode"] == status
    group = f"/aws/lambda/{name}"
    assert eventually(lambda: len(logs.filter_log_events(logGroupName=group, filterPattern='"seen 1"')["events"]) == 2)
    assert functions.publish_version(FunctionName=name)["Version"] == "1"
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    functions.update_function_code(FunctionName=name, ZipFile=package(2), Publish=True)
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion="1", RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    builds = {json.load(functions.invoke(FunctionName=name, Qualifier="live", Payload=b"{}")["Payload"])["build"] for _ in range(40)}
    assert builds == {1, 2}


WALK_V3 = """
const { Lambda } = require('@aws-sdk/client-lambda'), { IAM } = require('@aws-sdk/client-iam');
const { CloudWatchLogs } = require('@aws-sdk/client-cloudwatch-logs'), { STS } = require('@aws-sdk/client-sts');
const fs = require('fs'), [, , name, trust] = process.argv;
(async () => {
  const lambda = new Lambda({}), iam = new IAM({}), logs = new CloudWatchLogs({}), said = {};
  said.account = (await new STS({}).getCallerIdentity({})).Account;
  const role = (await iam.createRole({ RoleName: name, AssumeRolePolicyDocument: trust })).Role.Arn;
  await lambda.createFunction({ FunctionName: name, Runtime: 'nodejs20.x', Handler: 'index.handler', Role: role, Code: { ZipFile: fs.readFileSync('one.zip') } });
  said.statuses = [];
  for (const InvocationType of ['RequestResponse', 'Event', 'DryRun']) {
    const answer = await lambda.invoke({ FunctionName: name, InvocationType, Payload: Buffer.from('{"id":"9"}') });
    said.statuses.push(answer.StatusCode);
    if (InvocationType === 'RequestResponse') said.payload = Buffer.from(answer.Payload).toString();
  }
  said.version = (await lambda.publishVersion({ FunctionName: name })).Version;
  said.alias = (await lambda.createAlias({ FunctionName: name, Name: 'live', FunctionVersion: '1' })).AliasArn;
  said.executed = (await lambda.invoke({ FunctionName: name, Qualifier: 'live', Payload: Buffer.from('{}') })).ExecutedVersion;
  said.missing = await lambda.getFunction({ FunctionName: 'nobody' }).catch((error) => [error.name, error.$metadata.httpStatusCode, error.message]);
  for (const end = Date.now() + 20000; Date.now() < end && !said.lines?.length; )
    said.lines = (await logs.filterLogEvents({ logGroupName: '/aws/lambda/' + name, filterPattern: '"seen 9"' }).catch(() => ({}))).events;
  said.lines = said.lines.length > 0;
  console.log(JSON.stringify(said));
})();
"""


def test_aws_sdk_v3(gureum, environment, tmp_path, name):
    (tmp_path / "one.zip").write_bytes(package(1))
    (tmp_path / "walk.js").write_text(WALK_V3)
    done = subprocess.run(["node", "walk.js", name, TRUST], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "account": "000000000000",
        "statuses": [200, 202, 204],
        "payload": '{"id":"9","build":1}',
        "version": "1",
        "alias": f"arn:aws:lambda:us-east-1:000000000000:function:{name}:live",
        "executed": "1",
        "missing": ["ResourceNotFoundException", 404, "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody"],
        "lines": True,
    }
