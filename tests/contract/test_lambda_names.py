"""The forms of a function's name on every operation, and the pages of every list."""

import pytest
from conftest import ACCOUNT, ECHO, refused, zipped

REGION = "us-east-1"
FORMS = [
    "{0}",
    "{1}:{0}",
    "{1}:function:{0}",
    "{2}:{1}:function:{0}",
    "arn:aws:lambda:{2}:{1}:function:{0}",
]
ON_A_FUNCTION = [
    ("get_function", {}),
    ("get_function_configuration", {}),
    ("list_versions_by_function", {}),
    ("list_aliases", {}),
    ("get_function_concurrency", {}),
    ("get_function_recursion_config", {}),
    ("get_runtime_management_config", {}),
    ("get_function_code_signing_config", {}),
    ("list_function_event_invoke_configs", {}),
    ("put_function_event_invoke_config", {"MaximumRetryAttempts": 1}),
    ("get_function_event_invoke_config", {}),
    ("update_function_configuration", {"Description": "d"}),
    ("publish_version", {}),
    ("add_permission", {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}),
    ("get_policy", {}),
    ("remove_permission", {"StatementId": "s"}),
    ("invoke", {"InvocationType": "DryRun"}),
    ("delete_function_event_invoke_config", {}),
]
ON_A_QUALIFIER = [
    ("get_function", {}),
    ("get_function_configuration", {}),
    ("get_runtime_management_config", {}),
    ("put_function_event_invoke_config", {"MaximumRetryAttempts": 1}),
    ("get_function_event_invoke_config", {}),
    ("add_permission", {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}),
    ("get_policy", {}),
    ("invoke", {"InvocationType": "DryRun"}),
]


@pytest.mark.parametrize("form", FORMS)
def test_every_operation_takes_every_form_of_the_name(awslambda, function, name, form):
    function()
    named = form.format(name, ACCOUNT, REGION)
    for operation, more in ON_A_FUNCTION:
        answer = getattr(awslambda, operation)(FunctionName=named, **more)
        assert answer["ResponseMetadata"]["HTTPStatusCode"] < 300, operation
    awslambda.publish_version(FunctionName=name)
    for operation, more in ON_A_QUALIFIER:
        for request in ({"FunctionName": f"{named}:1"}, {"FunctionName": named, "Qualifier": "1"}):
            if operation == "add_permission":
                more = {**more, "StatementId": f"s{len(request)}"}
            answer = getattr(awslambda, operation)(**request, **more)
            assert answer["ResponseMetadata"]["HTTPStatusCode"] < 300, operation
        both = {"FunctionName": f"{named}:1", "Qualifier": "2"}
        words = "The derived qualifier from the function name does not match the specified qualifier."
        assert refused(getattr(awslambda, operation), **both, **more)[2] == words, operation


def test_another_region_is_named_in_the_refusal(awslambda, function, name):
    function()
    elsewhere = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:{name}"
    for operation, more in ON_A_FUNCTION:
        code, status, message = refused(getattr(awslambda, operation), FunctionName=elsewhere, **more)
        assert (code, status) == ("ResourceNotFoundException", 404), operation
        assert message == "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')", operation


def pages(awslambda, operation, key, **request):
    """All items of a list of pages of one."""
    items, marker = [], {}
    while True:
        page = getattr(awslambda, operation)(MaxItems=1, **request, **marker)
        assert len(page[key]) == 1
        items += page[key]
        if "NextMarker" not in page:
            return items
        marker = {"Marker": page["NextMarker"]}


def test_every_list_comes_in_pages(awslambda, function, name):
    function()
    function(suffix="-b")
    for number in range(2):
        awslambda.update_function_code(FunctionName=name, ZipFile=zipped({"index.js": f"// {number}\n" + ECHO}), Publish=True)
        awslambda.create_alias(FunctionName=name, Name=f"a{number}", FunctionVersion=str(number + 1))
        awslambda.put_function_event_invoke_config(FunctionName=name, Qualifier=f"a{number}", MaximumRetryAttempts=1)
    versions = pages(awslambda, "list_versions_by_function", "Versions", FunctionName=name)
    assert [version["Version"] for version in versions] == ["$LATEST", "1", "2"]
    aliases = pages(awslambda, "list_aliases", "Aliases", FunctionName=name)
    assert [alias["Name"] for alias in aliases] == ["a0", "a1"]
    [one] = awslambda.list_aliases(FunctionName=name, FunctionVersion="2")["Aliases"]
    assert one["Name"] == "a1"
    configs = pages(awslambda, "list_function_event_invoke_configs", "FunctionEventInvokeConfigs", FunctionName=name)
    assert [config["FunctionArn"].rsplit(":", 1)[1] for config in configs] == ["a0", "a1"]
    functions = [f["FunctionName"] for f in pages(awslambda, "list_functions", "Functions")]
    assert functions == sorted(functions) and {name, name + "-b"} <= set(functions)
    every = pages(awslambda, "list_functions", "Functions", FunctionVersion="ALL")
    mine = [f["FunctionArn"].split(":function:")[1] for f in every if f["FunctionName"] == name]
    assert mine == [f"{name}:$LATEST", f"{name}:1", f"{name}:2"]
    refusal = refused(awslambda.list_functions, Marker="made-up")
    assert refusal[:2] == ("InvalidParameterValueException", 400)


def test_functions_of_another_region_s_edge_are_none(awslambda, function):
    function()
    assert refused(awslambda.list_functions, MasterRegion="us-east-1")[0] == "InvalidParameterValueException"
    assert awslambda.list_functions(MasterRegion="us-east-1", FunctionVersion="ALL")["Functions"] == []


def test_code_of_every_version_counts(awslambda, function, name):
    before = awslambda.get_account_settings()["AccountUsage"]["TotalCodeSize"]
    size = function()["CodeSize"]
    awslambda.publish_version(FunctionName=name)
    assert awslambda.get_account_settings()["AccountUsage"]["TotalCodeSize"] == before + 2 * size
    awslambda.delete_function(FunctionName=name, Qualifier="1")
    assert awslambda.get_account_settings()["AccountUsage"]["TotalCodeSize"] == before + size


def test_words_that_are_too_long_are_refused(awslambda, function):
    assert refused(function, Description="d" * 257)[0] == "ValidationException"
    assert refused(function, Handler="h" * 129)[0] == "ValidationException"
    assert refused(function, suffix="-" + "n" * 64)[0] == "ValidationException"
