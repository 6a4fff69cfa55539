"""What a function is configured with, through boto3."""

import pytest
from conftest import refused

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
