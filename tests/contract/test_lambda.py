"""Lambda through boto3: every operation, and its main errors."""

import base64
import hashlib
import json
import threading
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from conftest import ECHO, ROLE, eventually, refused, zipped

FAIL = "exports.handler = async () => { throw new Error('boom'); };\n"
SLOW = "exports.handler = (event, context, done) => setTimeout(() => done(null, 'slow'), 3000);\n"
MISSING = "arn:aws:lambda:us-east-1:000000000000:function:"


def published(awslambda, name, source=None):
    if source:
        awslambda.update_function_code(FunctionName=name, ZipFile=zipped({"index.js": source}))
    return awslambda.publish_version(FunctionName=name)["Version"]


def test_a_function_is_made_shown_changed_and_deleted(awslambda, function, name):
    package = zipped({"index.js": ECHO})
    made = function(Environment={"Variables": {"STAGE": "dev"}}, Tags={"team": "x"})
    assert (made["State"], made["StateReasonCode"], made["Timeout"], made["MemorySize"]) == ("Pending", "Creating", 3, 128)
    assert made["CodeSha256"] == base64.b64encode(hashlib.sha256(package).digest()).decode()
    assert made["CodeSize"] == len(package)
    assert made["FunctionArn"] == MISSING + name
    shown = awslambda.get_function(FunctionName=name)
    assert (shown["Configuration"]["State"], shown["Configuration"]["LastUpdateStatus"]) == ("Active", "Successful")
    assert shown["Tags"] == {"team": "x"}
    assert urllib.request.urlopen(shown["Code"]["Location"]).read() == package
    awslambda.get_waiter("function_active_v2").wait(FunctionName=name)
    # What Travis does: both updates back to back.
    awslambda.update_function_configuration(FunctionName=name, Timeout=30, MemorySize=256)
    awslambda.update_function_code(FunctionName=name, ZipFile=zipped({"index.js": FAIL}), Publish=False)
    config = awslambda.get_function_configuration(FunctionName=name)
    assert (config["Timeout"], config["MemorySize"]) == (30, 256)
    assert awslambda.list_functions(MaxItems=1)["Functions"]
    listed = [f for page in awslambda.get_paginator("list_functions").paginate() for f in page["Functions"]]
    assert name in [f["FunctionName"] for f in listed]
    awslambda.delete_function(FunctionName=name)
    code, status, message = refused(awslambda.get_function, FunctionName=name)
    assert (code, status, message) == ("ResourceNotFoundException", 404, f"Function not found: {MISSING}{name}")


def test_a_code_location_needs_its_signature(awslambda, function, name):
    function()
    location = awslambda.get_function(FunctionName=name)["Code"]["Location"]
    with pytest.raises(urllib.error.HTTPError) as failure:
        urllib.request.urlopen(location[:-4] + "0000")
    assert failure.value.code == 403


def test_what_create_refuses(awslambda, function, name):
    function()
    assert refused(function)[:2] == ("ResourceConflictException", 409)
    base = {"suffix": "-x"}
    code, status, message = refused(function, Code={"ZipFile": b"no zip"}, **base)
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert message == "Could not unzip uploaded file. Please check your file, then try to upload again."
    message = refused(function, Runtime="nodejs99.x", **base)[2]
    assert message.startswith("Value nodejs99.x at 'runtime' failed to satisfy constraint: Member must satisfy enum value set")
    message = refused(function, Role="r1", **base)[2]
    assert message.startswith("1 validation error detected: Value 'r1' at 'role' failed to satisfy constraint")
    assert refused(function, Timeout=901, **base)[0] == "ValidationException"
    message = refused(function, Environment={"Variables": {"LARGE": "x" * 4096}}, **base)[2]
    assert "exceeded the 4KB limit" in message
    assert refused(function, Layers=["arn:aws:lambda:us-east-1:000000000000:layer:l:1"], **base)[1] == 400
    assert refused(function, DurableConfig={"ExecutionTimeout": 60}, **base)[1] == 501


def test_revisions_guard_changes(awslambda, function, name):
    function()
    code, status, message = refused(awslambda.update_function_configuration, FunctionName=name, RevisionId="wrong")
    assert (code, status) == ("PreconditionFailedException", 412)
    assert message.endswith("Call the GetFunction/GetAlias API to retrieve the latest Revision Id")
    revision = awslambda.get_function_configuration(FunctionName=name)["RevisionId"]
    awslambda.update_function_configuration(FunctionName=name, Description="d", RevisionId=revision)


def test_versions_and_aliases(awslambda, function, name):
    function()
    assert published(awslambda, name) == "1"
    assert published(awslambda, name) == "1", "nothing has changed"
    assert published(awslambda, name, FAIL) == "2"
    versions = awslambda.list_versions_by_function(FunctionName=name)["Versions"]
    assert [v["Version"] for v in versions] == ["$LATEST", "1", "2"]
    made = awslambda.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    assert made["AliasArn"] == f"{MISSING}{name}:live"
    assert refused(awslambda.create_alias, FunctionName=name, Name="live", FunctionVersion="1")[1] == 409
    assert refused(awslambda.create_alias, FunctionName=name, Name="x", FunctionVersion="9")[1] == 404
    assert awslambda.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == "1"
    answer = awslambda.invoke(FunctionName=name, Qualifier="live", Payload=b"{}")
    assert (answer["ExecutedVersion"], answer["Payload"].read()) == ("1", b"{}")
    moved = awslambda.update_alias(
        FunctionName=name, Name="live", FunctionVersion="2", RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}}
    )
    assert moved["RoutingConfig"] == {"AdditionalVersionWeights": {"1": 0.5}}
    ran = {awslambda.invoke(FunctionName=f"{name}:live")["ExecutedVersion"] for _ in range(40)}
    assert ran == {"1", "2"}
    assert [a["Name"] for a in awslambda.list_aliases(FunctionName=name)["Aliases"]] == ["live"]
    assert refused(awslambda.delete_function, FunctionName=name, Qualifier="2")[1] == 409
    awslambda.delete_alias(FunctionName=name, Name="live")
    awslambda.delete_alias(FunctionName=name, Name="live")
    message = refused(awslambda.get_alias, FunctionName=name, Name="live")[2]
    assert message == f"Cannot find alias arn: {MISSING}{name}:live"


def test_permissions_are_added_printed_and_removed(awslambda, function, name):
    function()
    request = {"FunctionName": name, "StatementId": "s3", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    added = awslambda.add_permission(**request, SourceArn="arn:aws:s3:::bucket", SourceAccount="000000000000")
    expected = {
        "Sid": "s3",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": MISSING + name,
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": "000000000000"},
            "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::bucket"},
        },
    }
    assert json.loads(added["Statement"]) == expected
    assert refused(awslambda.add_permission, **request)[0] == "ResourceConflictException"
    policy = awslambda.get_policy(FunctionName=name)
    assert json.loads(policy["Policy"]) == {"Version": "2012-10-17", "Id": "default", "Statement": [expected]}
    assert refused(awslambda.remove_permission, FunctionName=name, StatementId="s3", RevisionId="wrong")[1] == 412
    awslambda.remove_permission(FunctionName=name, StatementId="s3", RevisionId=policy["RevisionId"])
    assert refused(awslambda.get_policy, FunctionName=name)[2] == "The resource you requested does not exist."


def test_tags(awslambda, function, name):
    arn = function()["FunctionArn"]
    awslambda.tag_resource(Resource=arn, Tags={"a": "1", "b": "2"})
    awslambda.untag_resource(Resource=arn, TagKeys=["a"])
    assert awslambda.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    message = refused(awslambda.tag_resource, Resource=arn, Tags={str(n): "v" for n in range(51)})[2]
    assert message == "Number of tags exceeds resource tag limit."
    assert refused(awslambda.tag_resource, Resource=arn + ":$LATEST", Tags={"a": "1"})[1] == 400


def test_an_invocation_answers_byte_for_byte_with_its_log(awslambda, function, name):
    function("exports.handler = async (event, context) => { console.log('hi'); return { e: event, c: context.clientContext } };")
    context = base64.b64encode(b'{"custom":{"k":"v"}}').decode()
    answer = awslambda.invoke(FunctionName=name, Payload='{"ü": 1.0}'.encode(), LogType="Tail", ClientContext=context)
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert json.loads(answer["Payload"].read()) == {"e": {"ü": 1}, "c": {"custom": {"k": "v"}}}
    tail = base64.b64decode(answer["LogResult"]).decode()
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert f"START RequestId: {request_id} Version: $LATEST" in tail and "\thi\n" in tail
    assert f"REPORT RequestId: {request_id}\tDuration: " in tail


def test_a_function_error_is_an_answer(awslambda, function, name):
    function(FAIL)
    answer = awslambda.invoke(FunctionName=name)
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    payload = json.loads(answer["Payload"].read())
    assert (payload["errorType"], payload["errorMessage"]) == ("Error", "boom")
    assert payload["trace"][0] == "Error: boom"


def test_a_dry_run_and_an_event(awslambda, function, name):
    function()
    assert awslambda.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204
    answer = awslambda.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert "ExecutedVersion" not in answer
    assert awslambda.invoke_async(FunctionName=name, InvokeArgs=b"{}")["Status"] == 202


def test_an_event_runs_and_writes_its_log(client, awslambda, function, name):
    function("exports.handler = async (event) => console.log('seen ' + event.n);")
    awslambda.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 7}')
    logs = client("logs")

    def seen():
        try:
            events = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern='"seen 7"')["events"]
        except logs.exceptions.ResourceNotFoundException:
            return False
        return events

    assert eventually(seen)


def test_what_cannot_be_invoked(awslambda, function, name):
    assert refused(awslambda.invoke, FunctionName=name)[2] == f"Function not found: {MISSING}{name}"
    function()
    assert refused(awslambda.invoke, FunctionName=name, Qualifier="9")[2] == f"Function not found: {MISSING}{name}:9"
    code, status, message = refused(awslambda.invoke, FunctionName=name, Payload=b"{'id':'7'}")
    assert (code, status) == ("InvalidRequestContentException", 400)
    assert message.startswith("Could not parse request body into json: ")
    code, status, message = refused(
        awslambda.invoke, FunctionName=name, InvocationType="Event", Payload=json.dumps("x" * (1 << 20)).encode()
    )
    assert (code, status) == ("RequestEntityTooLargeException", 413)
    elsewhere = "arn:aws:lambda:eu-central-1:000000000000:function:f"
    message = refused(awslambda.invoke, FunctionName=elsewhere)[2]
    assert message == "Functions from 'eu-central-1' are not reachable in this region ('us-east-1')"


def test_reserved_concurrency_throttles(awslambda, client, function, name):
    function(SLOW, Timeout=10)
    assert "ReservedConcurrentExecutions" not in awslambda.get_function_concurrency(FunctionName=name)
    awslambda.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    assert awslambda.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 1
    assert awslambda.get_function(FunctionName=name)["Concurrency"] == {"ReservedConcurrentExecutions": 1}
    answers = []

    def call():
        try:
            answers.append(client("lambda").invoke(FunctionName=name))
        except ClientError as error:
            answers.append(error.response)

    # Two at once, each of them slower than both requests: one finds no room.
    both = [threading.Thread(target=call) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    throttled, ran = sorted(answers, key=lambda answer: "StatusCode" in answer)
    assert ran["StatusCode"] == 200
    assert throttled["Error"]["Message"] == "Rate Exceeded."
    assert throttled["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert throttled["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert "retry-after" not in throttled["ResponseMetadata"]["HTTPHeaders"], "as AWS was recorded"
    message = refused(awslambda.put_function_concurrency, FunctionName=name, ReservedConcurrentExecutions=901)[2]
    assert message.endswith("UnreservedConcurrentExecution below its minimum value of [100].")
    awslambda.delete_function_concurrency(FunctionName=name)
    assert "ReservedConcurrentExecutions" not in awslambda.get_function_concurrency(FunctionName=name)


def test_account_settings(awslambda, function, name):
    function()
    settings = awslambda.get_account_settings()
    assert settings["AccountLimit"]["ConcurrentExecutions"] == 1000
    assert settings["AccountLimit"]["CodeSizeUnzipped"] == 262144000
    assert settings["AccountUsage"]["FunctionCount"] >= 1


def test_event_invoke_configurations(awslambda, function, name):
    function()
    put = awslambda.put_function_event_invoke_config
    message = refused(put, FunctionName=name)[2]
    assert message == "You must specify at least one of error handling or destination setting."
    assert refused(put, FunctionName="doesnotexist", MaximumRetryAttempts=1)[2] == "The function doesn't exist."
    own = {"OnFailure": {"Destination": MISSING + name}}
    message = refused(put, FunctionName=name, DestinationConfig=own)[2]
    assert message == "You can't specify the function as a destination for itself."
    made = awslambda.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=1, MaximumEventAgeInSeconds=60
    )
    assert made["FunctionArn"] == f"{MISSING}{name}:$LATEST"
    assert made["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    awslambda.update_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    config = awslambda.get_function_event_invoke_config(FunctionName=name)
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (0, 60)
    listed = awslambda.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"]
    assert len(listed) == 1
    awslambda.delete_function_event_invoke_config(FunctionName=name)
    message = refused(awslambda.get_function_event_invoke_config, FunctionName=name)[2]
    assert message == f"The function {MISSING}{name}:$LATEST doesn't have an EventInvokeConfig"


def test_settings_that_are_kept(awslambda, function, name):
    function()
    assert awslambda.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    awslambda.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")
    assert awslambda.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Allow"
    awslambda.put_runtime_management_config(FunctionName=name, UpdateRuntimeOn="FunctionUpdate")
    assert awslambda.get_runtime_management_config(FunctionName=name)["UpdateRuntimeOn"] == "FunctionUpdate"
    assert awslambda.get_function_code_signing_config(FunctionName=name)["FunctionName"] == name


def test_a_role_must_trust_lambda_in_strict_access(fresh, name):
    server = fresh("--strict")
    root = json.loads((server.folder / "state/gureum/root-key.json").read_text())
    keys = {"key": root["access_key_id"], "secret": root["secret_access_key"]}
    awslambda, iam = server.client("lambda", **keys), server.client("iam", **keys)
    request = {
        "FunctionName": name,
        "Runtime": "nodejs20.x",
        "Role": ROLE,
        "Handler": "index.handler",
        "Code": {"ZipFile": zipped({"index.js": ECHO})},
    }
    message = refused(awslambda.create_function, **request)[2]
    assert message == "The role defined for the function cannot be assumed by Lambda."
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    assert awslambda.create_function(**{**request, "Role": role})["State"] == "Pending"


def test_functions_versions_and_reservations_survive_a_kill(fresh, name):
    server = fresh()
    awslambda = server.client("lambda")
    awslambda.create_function(
        FunctionName=name,
        Runtime="nodejs20.x",
        Role=ROLE,
        Handler="index.handler",
        Code={"ZipFile": zipped({"index.js": ECHO})},
        Publish=True,
    )
    awslambda.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=3)
    server.kill()
    server.start()
    awslambda = server.client("lambda")
    assert awslambda.get_function(FunctionName=name, Qualifier="1")["Configuration"]["State"] == "Active"
    assert awslambda.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 997
    assert awslambda.invoke(FunctionName=name, Payload=b"1")["Payload"].read() == b"1"
