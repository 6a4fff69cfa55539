"""What a function is configured with, through boto3."""

import base64
import json
import platform

import pytest
from conftest import ECHO, eventually, refused, zipped

PROFILE = "arn:aws:signer:us-east-1:000000000000:/signing-profiles/p/abc"
NO_CONFIG = "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-" + "0" * 17


@pytest.fixture
def signing(awslambda):
    made = awslambda.create_code_signing_config(AllowedPublishers={"SigningProfileVersionArns": [PROFILE]}, Tags={"a": "b"})
    return made["CodeSigningConfig"]


def test_a_code_signing_configuration_is_made_shown_changed_and_deleted(awslambda, signing):
    arn = signing["CodeSigningConfigArn"]
    assert arn.endswith(signing["CodeSigningConfigId"]) and signing["CodeSigningConfigId"].startswith("csc-")
    assert signing["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Warn"}
    changed = awslambda.update_code_signing_config(CodeSigningConfigArn=arn, Description="d")["CodeSigningConfig"]
    assert (changed["Description"], changed["AllowedPublishers"]) == ("d", signing["AllowedPublishers"])
    assert awslambda.get_code_signing_config(CodeSigningConfigArn=arn)["CodeSigningConfig"] == changed
    pages = awslambda.get_paginator("list_code_signing_configs").paginate(PaginationConfig={"PageSize": 1})
    assert arn in [config["CodeSigningConfigArn"] for page in pages for config in page["CodeSigningConfigs"]]
    assert awslambda.list_tags(Resource=arn)["Tags"] == {"a": "b"}
    awslambda.tag_resource(Resource=arn, Tags={"c": "d"})
    awslambda.untag_resource(Resource=arn, TagKeys=["a"])
    assert awslambda.list_tags(Resource=arn)["Tags"] == {"c": "d"}
    awslambda.delete_code_signing_config(CodeSigningConfigArn=arn)
    assert refused(awslambda.get_code_signing_config, CodeSigningConfigArn=arn)[:2] == ("ResourceNotFoundException", 404)


def test_a_function_has_a_code_signing_configuration_that_stays_while_it_does(awslambda, function, name, signing):
    arn = signing["CodeSigningConfigArn"]
    refusal = refused(function, CodeSigningConfigArn=NO_CONFIG)
    assert refusal[:2] == ("CodeSigningConfigNotFoundException", 404)
    function(CodeSigningConfigArn=arn)
    assert awslambda.get_function_code_signing_config(FunctionName=name)["CodeSigningConfigArn"] == arn
    listed = awslambda.list_functions_by_code_signing_config(CodeSigningConfigArn=arn)["FunctionArns"]
    assert [each.rsplit(":", 1)[1] for each in listed] == [name]
    assert refused(awslambda.delete_code_signing_config, CodeSigningConfigArn=arn)[:2] == ("ResourceConflictException", 409)
    awslambda.delete_function_code_signing_config(FunctionName=name)
    assert awslambda.get_function_code_signing_config(FunctionName=name)["CodeSigningConfigArn"] == ""
    put = awslambda.put_function_code_signing_config(FunctionName=name, CodeSigningConfigArn=arn)
    assert (put["FunctionName"], put["CodeSigningConfigArn"]) == (name, arn)
    awslambda.delete_function_code_signing_config(FunctionName=name)
    awslambda.delete_code_signing_config(CodeSigningConfigArn=arn)


def test_a_revision_is_good_under_both_its_names_until_something_changes(awslambda, function, name):
    answered = function()["RevisionId"]
    settled = awslambda.get_function_configuration(FunctionName=name)["RevisionId"]
    assert answered != settled, "AWS's work on a function ends in another revision"
    changed = awslambda.update_function_configuration(FunctionName=name, Description="d", RevisionId=answered)
    for old in (answered, settled):
        refusal = refused(awslambda.update_function_configuration, FunctionName=name, Description="e", RevisionId=old)
        assert refusal[:2] == ("PreconditionFailedException", 412)
    awslambda.publish_version(FunctionName=name, RevisionId=changed["RevisionId"])


LEVELS = """
import logging
logging.getLogger().info("quiet")
def handler(event, context):
    logging.getLogger().warning("loud %s", event["n"])
    print("plain")
    return 1
"""


def log_lines(client, group):
    return [event["message"] for event in client("logs").filter_log_events(logGroupName=group)["events"]]


def records(client, group, wanted):
    """The JSON lines of a log group, once `wanted` of them are there."""

    def found():
        try:
            lines = [json.loads(line) for line in log_lines(client, group) if line.startswith("{")]
        except client("logs").exceptions.ResourceNotFoundException:
            return None
        return lines if len(lines) >= wanted else None

    return eventually(found)


def test_a_json_log_has_records_of_the_platform_and_of_the_function(awslambda, function, name, client):
    group = f"/shop/{name}"
    source = "exports.handler = async (event) => { console.debug('no'); console.error('boom', event); return 'done'; };\n"
    made = function(source, LoggingConfig={"LogFormat": "JSON", "LogGroup": group, "ApplicationLogLevel": "WARN"})
    expected = {"LogFormat": "JSON", "LogGroup": group, "ApplicationLogLevel": "WARN", "SystemLogLevel": "INFO"}
    assert made["LoggingConfig"] == expected
    answer = awslambda.invoke(FunctionName=name, Payload=b'{"a":1}', LogType="Tail")
    request_id = answer["ResponseMetadata"]["RequestId"]
    lines = records(client, group, 4)
    assert [line.get("type", line.get("level")) for line in lines] == [
        "platform.initStart",
        "platform.start",
        "ERROR",
        "platform.report",
    ]
    init, start, error, report = lines
    stream = client("logs").describe_log_streams(logGroupName=group)["logStreams"][0]["logStreamName"]
    assert f"/{name}[$LATEST]" in stream, "a group that may be shared names the function in its streams"
    assert init["record"]["functionName"] == name and init["record"]["instanceId"] == stream
    assert start["record"]["requestId"] == request_id and start["record"]["functionArn"].endswith(f":function:{name}")
    assert (error["requestId"], error["message"]) == (request_id, "boom { a: 1 }")
    assert report["record"]["status"] == "success"
    assert set(report["record"]["metrics"]) == {
        "durationMs", "billedDurationMs", "memorySizeMB", "maxMemoryUsedMB", "initDurationMs",
    }  # fmt: skip
    assert b"platform.report" in base64.b64decode(answer["LogResult"])


def test_levels_filter_the_log_of_the_platform_too(awslambda, function, name, client):
    logging = {"LogFormat": "JSON", "ApplicationLogLevel": "WARN", "SystemLogLevel": "DEBUG"}
    function(Runtime="python3.11", Handler="m.handler", Code={"ZipFile": zipped({"m.py": LEVELS})}, LoggingConfig=logging)
    awslambda.invoke(FunctionName=name, Payload=b'{"n":7}')
    lines = records(client, f"/aws/lambda/{name}", 7)
    kinds = [line.get("type", line.get("level")) for line in lines]
    assert kinds == [
        "platform.initStart",
        "platform.initRuntimeDone",
        "platform.initReport",
        "platform.start",
        "WARNING",
        "platform.runtimeDone",
        "platform.report",
    ]
    assert lines[4]["message"] == "loud 7"
    assert not any("plain" in line for line in log_lines(client, f"/aws/lambda/{name}")), "what has no level is information"
    awslambda.update_function_configuration(FunctionName=name, LoggingConfig={"SystemLogLevel": "WARN"})
    config = awslambda.get_function_configuration(FunctionName=name)["LoggingConfig"]
    assert (config["ApplicationLogLevel"], config["SystemLogLevel"]) == ("WARN", "WARN")


def test_a_text_log_has_no_levels(awslambda, function, name):
    refusal = refused(function, LoggingConfig={"ApplicationLogLevel": "WARN"})
    assert refusal[2].startswith('LogLevel is not supported when LogFormat is set to "Text".')
    assert function()["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}


def test_what_there_is_nothing_of_here_is_kept_in_awss_shape(awslambda, function, name):
    vpc = {"SubnetIds": ["subnet-0a1b"], "SecurityGroupIds": ["sg-0a1b"]}
    mount = {"Arn": f"arn:aws:elasticfilesystem:us-east-1:000000000000:access-point/fsap-{'0' * 17}", "LocalMountPath": "/mnt/x"}
    assert refused(function, VpcConfig={"SubnetIds": ["subnet-0a1b"]})[2].startswith("SubnetIds and SecurityIds must coexist")
    assert "must be configured to execute in a VPC" in refused(function, FileSystemConfigs=[mount])[2]
    made = function(VpcConfig=vpc, FileSystemConfigs=[mount], KMSKeyArn="arn:aws:kms:us-east-1:000000000000:key/k")
    assert made["VpcConfig"] == {**vpc, "Ipv6AllowedForDualStack": False}
    assert (made["FileSystemConfigs"], made["KMSKeyArn"]) == ([mount], "arn:aws:kms:us-east-1:000000000000:key/k")
    awslambda.update_function_configuration(
        FunctionName=name, VpcConfig={"SubnetIds": [], "SecurityGroupIds": []}, FileSystemConfigs=[], KMSKeyArn=""
    )
    config = awslambda.get_function_configuration(FunctionName=name)
    assert not {"VpcConfig", "FileSystemConfigs", "KMSKeyArn"} & set(config)


def test_snap_start_is_for_runtimes_that_know_it(awslambda, function, name):
    wanted = {"ApplyOn": "PublishedVersions"}
    refusal = refused(function, SnapStart=wanted)
    assert refusal[2] == "nodejs20.x is not supported for SnapStart enabled functions."
    made = function(SnapStart=wanted, Runtime="python3.12")
    assert made["SnapStart"] == {"ApplyOn": "PublishedVersions", "OptimizationStatus": "Off"}
    awslambda.update_function_configuration(FunctionName=name, SnapStart={"ApplyOn": "None"})
    assert awslambda.get_function_configuration(FunctionName=name)["SnapStart"]["ApplyOn"] == "None"


def test_another_processor_is_refused_in_words_when_it_shall_run(awslambda, function, name):
    assert function(Architectures=["arm64"])["Architectures"] == ["arm64"]
    if platform.machine() == "x86_64":
        code, _, message = refused(awslambda.invoke, FunctionName=name)
        assert code == "InvalidRuntimeException" and "arm64" in message
    awslambda.update_function_code(FunctionName=name, ZipFile=zipped({"index.js": ECHO}), Architectures=["x86_64"])
    assert awslambda.invoke(FunctionName=name, Payload=b"1")["Payload"].read() == b"1"


def test_storage_has_its_bounds(awslambda, function, name):
    assert refused(function, EphemeralStorage={"Size": 10241})[0] == "ValidationException"
    assert function(EphemeralStorage={"Size": 1024})["EphemeralStorage"] == {"Size": 1024}
