"""Due times on the virtual clock: retries, event age, credentials, retention. Nothing else moves."""

import json
import time

import botocore.exceptions
import pytest
from conftest import eventually, zipped

ROLE = "arn:aws:iam::000000000000:role/any"
FAILS = "exports.handler = async (event, context) => { console.log('try of ' + event.id + ' ' + context.awsRequestId); throw new Error('always'); };"


@pytest.fixture
def server(fresh):
    return fresh("--virtual-clock")


def create(server, name, code, **more):
    settings = dict(FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=ROLE)
    server.client("lambda").create_function(**{**settings, **more}, Code={"ZipFile": zipped({"index.js": code})})


def tries(server, name, event):
    logs = server.client("logs")
    try:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern=f'"try of {event} "')["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"].rstrip("\n").split(" ")[-1] for event in events]


def advance(server, by):
    server.cli("time", "advance", by)


def test_a_failed_event_is_tried_again_after_one_and_two_minutes(server, name):
    create(server, name, FAILS)
    server.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b'{"id":"e1"}')
    assert eventually(lambda: len(tries(server, name, "e1")) == 1)
    for by, expected in [("59s", 1), ("2s", 2), ("118s", 2), ("3s", 3), ("1h", 3)]:
        advance(server, by)
        assert eventually(lambda: len(tries(server, name, "e1")) == expected), (by, tries(server, name, "e1"))
        # What should not happen gets half a second of real time to happen.
        assert not eventually(lambda: len(tries(server, name, "e1")) > expected, 0.5)
    assert len(set(tries(server, name, "e1"))) == 1, "each try has the event's request id"


def test_an_event_that_is_too_old_is_not_tried_again(server, name):
    create(server, name, FAILS)
    server.client("lambda").put_function_event_invoke_config(FunctionName=name, MaximumEventAgeInSeconds=60, MaximumRetryAttempts=2)
    server.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b'{"id":"old"}')
    assert eventually(lambda: len(tries(server, name, "old")) == 1)
    advance(server, "2h")
    assert not eventually(lambda: len(tries(server, name, "old")) > 1, 1)


def test_retries_wait_through_a_crash_of_the_server(server, name):
    create(server, name, FAILS)
    server.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b'{"id":"kept"}')
    assert eventually(lambda: len(tries(server, name, "kept")) == 1)
    server.kill()
    server.start()
    advance(server, "61s")
    assert eventually(lambda: len(tries(server, name, "kept")) >= 2)


def test_credentials_expire(server):
    iam, name = server.client("iam"), "session-role"
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    given = server.client("sts").assume_role(RoleArn=role, RoleSessionName="session", DurationSeconds=900)["Credentials"]
    session = lambda service: server.client(service, key=given["AccessKeyId"], secret=given["SecretAccessKey"], token=given["SessionToken"])  # noqa: E731
    assert session("sts").get_caller_identity()["Arn"].endswith(f"assumed-role/{name}/session")
    advance(server, "901s")
    with pytest.raises(botocore.exceptions.ClientError) as error:
        session("sts").get_caller_identity()
    assert error.value.response["Error"]["Code"] == "ExpiredToken"


def test_retention_deletes_what_is_older(server, name):
    logs, now = server.client("logs"), int(time.time() * 1000)
    logs.create_log_group(logGroupName=name)
    logs.put_retention_policy(logGroupName=name, retentionInDays=1)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=[{"timestamp": now, "message": "old"}])
    assert len(logs.filter_log_events(logGroupName=name)["events"]) == 1
    advance(server, "25h")
    assert eventually(lambda: logs.filter_log_events(logGroupName=name)["events"] == [])


def test_signatures_and_timeouts_stay_on_the_real_clock(server, name):
    create(server, name, "exports.handler = async () => { await new Promise((done) => setTimeout(done, 300)); return 1; };", Timeout=2)
    iam = server.client("iam")
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    advance(server, "2d")
    signed = server.client("lambda", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert json.load(signed.invoke(FunctionName=name)["Payload"]) == 1


def test_a_real_clock_is_not_moved(gureum):
    refused = gureum.cli("time", "advance", "1s", check=False)
    assert refused.returncode == 1 and "--virtual-clock" in refused.stderr
