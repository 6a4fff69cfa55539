"""Post 000: microservices that call each other through the SDK (MISSION rows 0.1 to 0.8, 0.15), and post 001's Travis deploy
(rows 1.5 to 1.7, 1.18, 1.19)."""

import json

import pytest
from conftest import zipped

ROLE = "arn:aws:iam::000000000000:role/any"
SERVICE = """exports.handler = async (event) => {
  const headers = { 'Content-Type': 'application/json' };
  if (event.httpMethod === 'GET' && event.path === '/post/list') {
    const cursor = +(event.queryStringParameters.cursor || 0);
    return { statusCode: 200, headers, body: JSON.stringify({ posts: [{ id: cursor + 1 }], nextCursor: cursor + 1, keys: Object.keys(event) }) };
  }
  if (event.path.startsWith('/post/')) return { statusCode: 404, headers, body: JSON.stringify({ message: 'Post not found' }) };
  throw new Error('unhandled');
};"""


@pytest.fixture(scope="module")
def post_service(gureum):
    client = gureum.client("lambda")
    made = client.create_function(
        FunctionName="blog-post-service", Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped({"index.js": SERVICE})}
    )

    def call(function, method, path, **query):
        event = {"httpMethod": method, "path": path, "headers": {}, "queryStringParameters": query, "body": "{}"}
        answer = client.invoke(FunctionName=function, InvocationType="RequestResponse", Payload=json.dumps(event).encode())
        return answer.get("FunctionError"), json.load(answer["Payload"])

    yield made["FunctionArn"], call
    client.delete_function(FunctionName="blog-post-service")


def test_a_service_answers_by_name_arn_and_partial_arn(post_service):
    arn, call = post_service
    for function in ["blog-post-service", arn, "000000000000:function:blog-post-service", "000000000000:blog-post-service"]:
        error, answer = call(function, "GET", "/post/list")
        assert error is None and answer["statusCode"] == 200
        body = json.loads(answer["body"])
        assert body["nextCursor"] == 1
        assert body["keys"] == ["httpMethod", "path", "headers", "queryStringParameters", "body"]


def test_an_error_answer_is_no_function_error_and_a_thrown_one_is(post_service):
    _, call = post_service
    error, answer = call("blog-post-service", "GET", "/post/9")
    assert error is None and (answer["statusCode"], json.loads(answer["body"])) == (404, {"message": "Post not found"})
    error, answer = call("blog-post-service", "GET", "/zzz")
    assert error == "Unhandled" and answer["errorType"] == "Error" and answer["errorMessage"] == "unhandled"
    assert answer["trace"][0] == "Error: unhandled" and "statusCode" not in answer


def test_travis_deploys_twice_in_a_row(client, name):
    functions = client("lambda")
    settings = dict(FunctionName=name, Description="build", Timeout=30, MemorySize=128, Role=ROLE, Handler="index.handler", Runtime="nodejs20.x")
    build = lambda n: zipped({"index.js": f"exports.handler = (event, context, callback) => callback(null, {{ build: {n} }});"})  # noqa: E731
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_function(FunctionName=name)
    functions.create_function(**settings, Code={"ZipFile": build(1)}, Publish=False)
    for number in [2, 3]:
        functions.update_function_configuration(**settings)
        functions.update_function_code(FunctionName=name, ZipFile=build(number), Publish=False)
        assert json.load(functions.invoke(FunctionName=name)["Payload"]) == {"build": number}


def test_defaults_are_128_mb_and_3_seconds(client, name):
    made = client("lambda").create_function(
        FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped({"index.js": SERVICE})}
    )
    assert (made["MemorySize"], made["Timeout"]) == (128, 3)


def test_a_deploy_that_cannot_be_is_told_in_words(client, name):
    functions = client("lambda")
    settings = dict(FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=ROLE)
    with pytest.raises(functions.exceptions.ClientError, match="role"):
        functions.create_function(**dict(settings, Role="not-an-arn"), Code={"ZipFile": zipped({"index.js": ""})})
    with pytest.raises(functions.exceptions.InvalidParameterValueException, match="nodejs20.x"):
        functions.create_function(**dict(settings, Runtime="node"), Code={"ZipFile": zipped({"index.js": ""})})
    with pytest.raises(functions.exceptions.InvalidParameterValueException, match="Could not unzip"):
        functions.create_function(**settings, Code={"ZipFile": b"not a zip"})
