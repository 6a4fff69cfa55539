"""Layers: published, read, shared, and seen by functions."""

import base64
import hashlib
import json
import sys
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError
from conftest import zipped

ROLE = "arn:aws:iam::000000000000:role/worker"
LAYER = "arn:aws:lambda:us-east-1:000000000000:layer:"
LIMIT = 262144000


@pytest.fixture
def awslambda(client):
    return client("lambda")


@pytest.fixture
def layer(awslambda, name):
    """Publishes versions of the layer `name`."""

    def publish(files=None, suffix="", **more):
        content = {"ZipFile": zipped(files or {"note.txt": "hello"})}
        return awslambda.publish_layer_version(LayerName=name + suffix, Content=content, **more)

    return publish


@pytest.fixture
def function(awslambda, name):
    def make(source="exports.handler = async (event) => event;\n", **more):
        request = {
            "FunctionName": name,
            "Runtime": "nodejs20.x",
            "Role": ROLE,
            "Handler": "index.handler",
            "Code": {"ZipFile": zipped({"index.js": source})},
        }
        return awslambda.create_function(**{**request, **more})

    yield make
    try:
        awslambda.delete_function(FunctionName=name)
    except awslambda.exceptions.ResourceNotFoundException:
        pass


def refused(call, **request):
    """(code, status, message) of a call that must fail."""
    with pytest.raises(ClientError) as failure:
        call(**request)
    answer = failure.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


def invoked(awslambda, name):
    answer = awslambda.invoke(FunctionName=name)
    payload = json.load(answer["Payload"])
    assert "FunctionError" not in answer, payload
    return payload


def test_a_published_version_is_shown_and_its_zip_comes_back(awslambda, layer, name):
    zip_file = zipped({"note.txt": "hello"})
    made = layer(
        Description="notes",
        CompatibleRuntimes=["nodejs20.x"],
        CompatibleArchitectures=["x86_64"],
        LicenseInfo="MIT",
    )
    assert (made["Version"], made["LayerArn"], made["LayerVersionArn"]) == (1, LAYER + name, f"{LAYER}{name}:1")
    assert made["Content"]["CodeSha256"] == base64.b64encode(hashlib.sha256(zip_file).digest()).decode()
    assert made["Content"]["CodeSize"] == len(zip_file)
    assert made["CreatedDate"].endswith("+0000")
    assert urllib.request.urlopen(made["Content"]["Location"]).read() == zip_file
    with pytest.raises(urllib.error.HTTPError) as failure:
        urllib.request.urlopen(made["Content"]["Location"].replace("Expires=", "Expires=9"))
    assert failure.value.code == 403
    for shown in [
        awslambda.get_layer_version(LayerName=name, VersionNumber=1),
        awslambda.get_layer_version(LayerName=LAYER + name, VersionNumber=1),
        awslambda.get_layer_version_by_arn(Arn=f"{LAYER}{name}:1"),
    ]:
        for key in ["LayerArn", "LayerVersionArn", "Description", "CreatedDate", "Version", "LicenseInfo"]:
            assert shown[key] == made[key]
        assert (shown["CompatibleRuntimes"], shown["CompatibleArchitectures"]) == (["nodejs20.x"], ["x86_64"])
        assert shown["Content"]["CodeSha256"] == made["Content"]["CodeSha256"]


def test_versions_count_on_and_a_deleted_number_does_not_come_back(awslambda, layer, name):
    assert [layer({"n": str(n)})["Version"] for n in range(3)] == [1, 2, 3]
    awslambda.delete_layer_version(LayerName=name, VersionNumber=3)
    awslambda.delete_layer_version(LayerName=name, VersionNumber=3)
    assert layer()["Version"] == 4
    listed = awslambda.list_layer_versions(LayerName=name)["LayerVersions"]
    assert [each["Version"] for each in listed] == [4, 2, 1]
    assert refused(awslambda.get_layer_version, LayerName=name, VersionNumber=3) == (
        "ResourceNotFoundException",
        404,
        "The resource you requested does not exist.",
    )
    for call in [awslambda.get_layer_version, awslambda.delete_layer_version]:
        assert refused(call, LayerName=name, VersionNumber=0) == (
            "InvalidParameterValueException",
            400,
            "Layer Version Cannot be less than 1.",
        )
    assert awslambda.list_layer_versions(LayerName=name + "-none")["LayerVersions"] == []


def test_lists_are_filtered_and_paged(awslambda, layer, name):
    layer(suffix="-a", CompatibleRuntimes=["python3.12"])
    layer(suffix="-a", CompatibleRuntimes=["nodejs20.x"], CompatibleArchitectures=["arm64"])
    layer(suffix="-b", CompatibleRuntimes=["nodejs20.x"], CompatibleArchitectures=["x86_64"])

    def listed(**asked):
        pages = awslambda.get_paginator("list_layers").paginate(PaginationConfig={"PageSize": 1}, **asked)
        found = [each for page in pages for each in page["Layers"]]
        mine = {each["LayerName"][len(name) :]: each for each in found if each["LayerName"].startswith(name)}
        return {suffix: each["LatestMatchingVersion"]["Version"] for suffix, each in mine.items()}

    assert listed() == {"-a": 2, "-b": 1}
    assert listed(CompatibleRuntime="python3.12") == {"-a": 1}
    assert listed(CompatibleRuntime="nodejs20.x") == {"-a": 2, "-b": 1}
    assert listed(CompatibleArchitecture="x86_64") == {"-b": 1}
    pages = awslambda.get_paginator("list_layer_versions").paginate(LayerName=name + "-a", PaginationConfig={"PageSize": 1})
    assert [each["Version"] for page in pages for each in page["LayerVersions"]] == [2, 1]
    assert refused(awslambda.list_layers, Marker="mine")[0] == "InvalidParameterValueException"


def test_what_is_no_zip_or_no_runtime_is_refused(awslambda, layer, name):
    no_zip = refused(awslambda.publish_layer_version, LayerName=name, Content={"ZipFile": b"nothing"})
    assert no_zip[:2] == ("InvalidParameterValueException", 400)
    code, status, message = refused(layer, CompatibleRuntimes=["node"])
    assert (code, status) == ("ValidationException", 400)
    assert "Value '[node]' at 'compatibleRuntimes' failed to satisfy constraint: Member must satisfy" in message
    in_s3 = refused(awslambda.publish_layer_version, LayerName=name, Content={"S3Bucket": "bucket", "S3Key": "key"})
    assert in_s3[1] == 501
    assert awslambda.list_layer_versions(LayerName=name)["LayerVersions"] == []


def test_a_policy_lets_other_accounts_use_a_version(gureum, awslambda, layer, name):
    layer()
    arn = f"{LAYER}{name}:1"
    asked = {"LayerName": name, "VersionNumber": 1}
    other = gureum.client("lambda", key="111111111111")
    denied = refused(other.get_layer_version_by_arn, Arn=arn)
    assert denied == (
        "AccessDeniedException",
        403,
        f"User: arn:aws:iam::111111111111:root is not authorized to perform: lambda:GetLayerVersion on resource: {arn} "
        "because no resource-based policy allows the lambda:GetLayerVersion action",
    )
    assert refused(awslambda.get_layer_version_policy, **asked)[2] == "No policy is associated with the given resource."
    statement = {"StatementId": "all", "Action": "lambda:GetLayerVersion", "Principal": "111111111111"}
    added = awslambda.add_layer_version_permission(**asked, **statement)
    shown = awslambda.get_layer_version_policy(**asked)
    assert shown["RevisionId"] == added["RevisionId"]
    assert json.loads(shown["Policy"])["Statement"] == [json.loads(added["Statement"])]
    assert json.loads(added["Statement"])["Principal"] == {"AWS": "arn:aws:iam::111111111111:root"}
    assert other.get_layer_version_by_arn(Arn=arn)["Version"] == 1
    assert refused(awslambda.add_layer_version_permission, **asked, **statement)[0] == "ResourceConflictException"
    stale = refused(
        awslambda.add_layer_version_permission, **asked, **{**statement, "StatementId": "two"}, RevisionId="old"
    )
    assert stale[:2] == ("PreconditionFailedException", 412)
    unknown = refused(awslambda.remove_layer_version_permission, **asked, StatementId="none")
    assert unknown[2] == "Statement none is not found in resource policy."
    awslambda.remove_layer_version_permission(**asked, StatementId="all", RevisionId=added["RevisionId"])
    assert refused(other.get_layer_version_by_arn, Arn=arn)[0] == "AccessDeniedException"
    missing = refused(awslambda.get_layer_version_policy, LayerName=name, VersionNumber=9)
    assert missing[2] == f"Layer version {LAYER}{name}:9 does not exist."


def test_a_function_shows_its_layers_in_order_and_loses_them_on_request(awslambda, layer, function, name):
    one, two = layer(suffix="-1"), layer(suffix="-2")
    arns = [two["LayerVersionArn"], one["LayerVersionArn"]]
    made = function(Layers=arns)
    assert [each["Arn"] for each in made["Layers"]] == arns
    assert made["Layers"][0]["CodeSize"] == two["Content"]["CodeSize"]
    published = awslambda.publish_version(FunctionName=name)
    updated = awslambda.update_function_configuration(FunctionName=name, Layers=arns[:1])
    assert [each["Arn"] for each in updated["Layers"]] == arns[:1]
    awslambda.update_function_configuration(FunctionName=name, Layers=[])
    assert "Layers" not in awslambda.get_function_configuration(FunctionName=name)
    kept = awslambda.get_function_configuration(FunctionName=name, Qualifier=published["Version"])
    assert [each["Arn"] for each in kept["Layers"]] == arns


def test_layers_that_a_function_cannot_have_are_refused(awslambda, layer, function, name):
    arns = [layer(suffix=f"-{n}")["LayerVersionArn"] for n in range(6)]
    assert refused(function, Layers=arns)[2] == "Cannot reference more than 5 layers."
    missing = f"{LAYER}{name}-none:1"
    assert refused(function, Layers=[missing]) == (
        "InvalidParameterValueException",
        400,
        f"Layer version {missing} does not exist.",
    )
    second = layer(suffix="-0")["LayerVersionArn"]
    assert refused(function, Layers=[arns[0], second])[2] == (
        "Two different versions of the same layer are not allowed to be referenced in the same function. "
        f"{arns[0]} and {second} are versions of the same layer."
    )
    elsewhere = arns[0].replace("us-east-1", "eu-west-1")
    assert refused(function, Layers=[elsewhere])[2] == (
        "Layers are not in the same region as the function. Layers are expected to be in region us-east-1."
    )
    others = refused(function, Layers=[arns[0].replace("000000000000", "111111111111")])
    assert others[0] == "AccessDeniedException"
    assert refused(function, Layers=["arn:aws:lambda:us-east-1:000000000000:layer:x:latest"])[0] == "ValidationException"


def test_code_and_layers_together_fit_into_250_megabytes(awslambda, layer, function, name):
    big = layer({"big.bin": "0" * (LIMIT - 1000)})["LayerVersionArn"]
    small = layer({"small.bin": "0" * 1001}, suffix="-small")["LayerVersionArn"]
    assert refused(function, Layers=[big, small])[2] == f"Layers consume more than the available size of {LIMIT} bytes"
    source = "// " + "x" * 1000
    size = LIMIT - 1000 + len(source)
    words = (
        f"Function code combined with layers exceeds the maximum allowed size of {LIMIT} bytes. The actual size is "
        f"{size} bytes."
    )
    assert refused(function, source=source, Layers=[big])[2] == words
    function("exports.handler = 1", Layers=[big])
    larger = zipped({"index.js": source})
    assert refused(awslambda.update_function_code, FunctionName=name, ZipFile=larger)[2] == words
    awslambda.update_function_configuration(FunctionName=name, Layers=[])
    awslambda.update_function_code(FunctionName=name, ZipFile=larger)
    assert refused(awslambda.update_function_configuration, FunctionName=name, Layers=[big])[2] == words


def test_layers_count_in_the_accounts_code(gureum, name):
    account = gureum.client("lambda", region="eu-north-1")
    used = lambda: account.get_account_settings()["AccountUsage"]["TotalCodeSize"]
    before = used()
    made = account.publish_layer_version(LayerName=name, Content={"ZipFile": zipped({"a": "b"})})
    assert used() - before == made["Content"]["CodeSize"]
    account.delete_layer_version(LayerName=name, VersionNumber=1)
    assert used() == before


MODULE = "exports.say = () => 'from the layer';\n"


def test_a_function_sees_its_layers_in_opt_and_the_last_one_uppermost(awslambda, layer, function, name):
    layers = [
        layer({"bin/tool": "#!/bin/sh\necho one\n", "shared.txt": "one", "only/one.txt": "1"}, suffix="-1"),
        layer({"nodejs/node_modules/said/index.js": MODULE, "shared.txt": "two"}, suffix="-2"),
        layer({"shared.txt": "three", "only/three.txt": "3"}, suffix="-3"),
    ]
    source = """
        const fs = require('fs');
        exports.handler = async () => ({
            said: require('said').say(),
            shared: fs.readFileSync('/opt/shared.txt', 'utf8'),
            only: fs.readdirSync('/opt/only').sort(),
            written: (() => { try { fs.writeFileSync('/opt/x', ''); return true; } catch (e) { return e.code; } })(),
        });
    """
    function(source, Layers=[each["LayerVersionArn"] for each in layers])
    expected = {"said": "from the layer", "shared": "three", "only": ["one.txt", "three.txt"], "written": "EROFS"}
    assert invoked(awslambda, name) == expected
    arns = [each["LayerVersionArn"] for each in reversed(layers)]
    awslambda.update_function_configuration(FunctionName=name, Layers=arns)
    assert invoked(awslambda, name)["shared"] == "one", "another order, another uppermost layer"
    for each in layers:
        awslambda.delete_layer_version(LayerName=each["LayerArn"], VersionNumber=1)
    awslambda.update_function_configuration(FunctionName=name, Timeout=9)
    assert invoked(awslambda, name)["said"] == "from the layer", "a version that is deleted goes on working"
    gone = arns[0]
    assert refused(awslambda.update_function_configuration, FunctionName=name, Layers=[gone])[2] == (
        f"Layer version {gone} does not exist."
    )


def test_python_finds_what_layers_bring(awslambda, layer, function, name):
    brought = layer({"python/said.py": "WORDS = 'from the layer'\n"})["LayerVersionArn"]
    source = "import said\n\ndef handler(event, context):\n    return said.WORDS\n"
    function(
        Runtime=f"python3.{sys.version_info.minor}",
        Handler="lambda_function.handler",
        Code={"ZipFile": zipped({"lambda_function.py": source})},
        Layers=[brought],
    )
    assert invoked(awslambda, name) == "from the layer"


def test_a_deleted_version_that_is_in_use_survives_a_kill(fresh, name):
    server = fresh()
    awslambda = server.client("lambda")
    content = {"ZipFile": zipped({"nodejs/node_modules/said/index.js": MODULE})}
    arn = awslambda.publish_layer_version(LayerName=name, Content=content)["LayerVersionArn"]
    source = "exports.handler = async () => require('said').say();\n"
    awslambda.create_function(
        FunctionName=name,
        Runtime="nodejs20.x",
        Role=ROLE,
        Handler="index.handler",
        Code={"ZipFile": zipped({"index.js": source})},
        Layers=[arn],
    )
    awslambda.delete_layer_version(LayerName=name, VersionNumber=1)
    server.kill()
    server.start()
    assert invoked(server.client("lambda"), name) == "from the layer"
