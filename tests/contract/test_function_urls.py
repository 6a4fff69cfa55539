"""Function URLs: set by boto3, called by plain HTTP."""

import base64
import http.client
import json
import re
import socket
import ssl
import sys
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from conftest import zipped

ROLE = "arn:aws:iam::000000000000:role/worker"
ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
ECHO = "exports.handler = async (event) => event;\n"
FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


@pytest.fixture
def awslambda(client):
    return client("lambda")


@pytest.fixture
def function(awslambda, name):
    """Makes the function `name`, and makes the handler's answer."""

    def make(source=ECHO, answer=None, **more):
        if answer is not None:
            source = f"exports.handler = async () => ({json.dumps(answer)});\n"
        request = {
            "FunctionName": name,
            "Runtime": "nodejs20.x",
            "Role": ROLE,
            "Handler": "index.handler",
            "Timeout": 10,
            "Code": {"ZipFile": zipped({"index.js": source})},
        }
        return awslambda.create_function(**{**request, **more})

    yield make
    try:
        awslambda.delete_function(FunctionName=name)
    except awslambda.exceptions.ResourceNotFoundException:
        pass


@pytest.fixture
def url(awslambda, function, name):
    """Makes a function with a URL that everybody may call."""

    def make(source=ECHO, answer=None, allowed=True, auth="NONE", **more):
        function(source, answer)
        made = awslambda.create_function_url_config(FunctionName=name, AuthType=auth, **more)
        if allowed:
            allow(awslambda, name, auth)
        return made["FunctionUrl"]

    return make


def allow(awslambda, name, auth="NONE", **more):
    awslambda.add_permission(
        FunctionName=name, StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType=auth, **more
    )
    awslambda.add_permission(
        FunctionName=name, StatementId="run", Action="lambda:InvokeFunction", Principal="*", InvokedViaFunctionUrl=True, **more
    )


class Answer:
    def __init__(self, response):
        self.status, self.reason, self.headers = response.status, response.reason, response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


def call(gureum, url, method="GET", path="/", body=None, headers=None, host=None):
    """Calls a URL as its name would lead to this machine, whatever its suffix."""
    where = urlsplit(gureum.endpoint)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=30)
    connection.request(method, path, body, {"Host": host or urlsplit(url).netloc, **(headers or {})})
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


def refused(call, **request):
    with pytest.raises(ClientError) as failure:
        call(**request)
    answer = failure.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


def test_a_url_is_made_shown_changed_listed_and_deleted(gureum, awslambda, function, name):
    function()
    cors = {"AllowOrigins": ["https://a.example"], "AllowMethods": ["GET", "*"], "MaxAge": 60, "AllowCredentials": True}
    made = awslambda.create_function_url_config(FunctionName=name, AuthType="AWS_IAM", Cors=cors)
    port = urlsplit(gureum.endpoint).port
    assert re.fullmatch(rf"http://[a-z0-9]{{32}}\.lambda-url\.us-east-1\.localhost:{port}/", made["FunctionUrl"])
    assert (made["FunctionArn"], made["AuthType"], made["Cors"]) == (ARN + name, "AWS_IAM", cors)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", made["CreationTime"])
    assert refused(awslambda.create_function_url_config, FunctionName=name, AuthType="NONE") == (
        "ResourceConflictException",
        409,
        f"Failed to create function url config for [functionArn = {ARN}{name}]. Error message:  FunctionUrlConfig exists "
        "for this Lambda function",
    )
    changed = awslambda.update_function_url_config(FunctionName=name, AuthType="NONE", InvokeMode="RESPONSE_STREAM")
    assert changed["FunctionUrl"] == made["FunctionUrl"]
    assert (changed["AuthType"], changed["InvokeMode"], changed["Cors"]) == ("NONE", "RESPONSE_STREAM", cors)
    assert changed["LastModifiedTime"] >= changed["CreationTime"] == made["CreationTime"]
    version = awslambda.publish_version(FunctionName=name)["Version"]
    awslambda.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    aliased = awslambda.create_function_url_config(FunctionName=name, Qualifier="live", AuthType="NONE")
    assert aliased["FunctionArn"] == f"{ARN}{name}:live"
    assert aliased["FunctionUrl"] != made["FunctionUrl"]
    shown = awslambda.get_function_url_config(FunctionName=name, Qualifier="live")
    assert shown["FunctionUrl"] == aliased["FunctionUrl"]
    pages = awslambda.get_paginator("list_function_url_configs").paginate(FunctionName=name, PaginationConfig={"PageSize": 1})
    listed = [each["FunctionUrl"] for page in pages for each in page["FunctionUrlConfigs"]]
    assert listed == [made["FunctionUrl"], aliased["FunctionUrl"]]
    awslambda.delete_function_url_config(FunctionName=name)
    assert refused(awslambda.get_function_url_config, FunctionName=name)[1] == 404
    assert refused(awslambda.delete_function_url_config, FunctionName=name)[1] == 404
    again = awslambda.create_function_url_config(FunctionName=name, AuthType="NONE")
    assert again["FunctionUrl"] != made["FunctionUrl"]


def test_cors_that_cannot_be_is_refused(awslambda, function, name):
    function()

    def with_cors(**cors):
        return refused(awslambda.create_function_url_config, FunctionName=name, AuthType="NONE", Cors=cors)

    assert with_cors(AllowMethods=["OPTIONS"])[:2] == ("ValidationException", 400)
    assert with_cors(MaxAge=86401)[:2] == ("ValidationException", 400)
    code, _, message = with_cors(AllowMethods=["TRACE"])
    assert code == "InvalidParameterValueException"
    assert message.endswith("You can use GET, PUT, POST, DELETE, HEAD, PATCH, and the wildcard character (*).")


def test_a_request_becomes_an_event_of_format_2(gureum, url):
    address = url()
    host = urlsplit(address).netloc
    headers = {"Content-Type": "application/json", "Cookie": "a=1; b=2", "User-Agent": "me", "X-Mine": "1"}
    answer = call(gureum, address, "POST", "/p%20q/r?x=1&x=2&y=%C3%A9", '{"k": 1}', headers)
    event = answer.json()
    context = event["requestContext"]
    assert (event["version"], event["routeKey"]) == ("2.0", "$default")
    assert (event["rawPath"], event["rawQueryString"]) == ("/p%20q/r", "x=1&x=2&y=%C3%A9")
    assert event["queryStringParameters"] == {"x": "1,2", "y": "é"}
    assert event["cookies"] == ["a=1", "b=2"] and "cookie" not in event["headers"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"k": 1}', False)
    assert event["headers"]["x-mine"] == "1" and event["headers"]["host"] == host
    assert event["headers"]["x-forwarded-proto"] == "http" and event["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert event["headers"]["x-amzn-trace-id"].startswith("Root=1-")
    identity = host.split(".")[0]
    assert (context["accountId"], context["apiId"], context["domainPrefix"]) == ("anonymous", identity, identity)
    assert context["domainName"] == host.split(":")[0]
    assert context["http"] == {
        "method": "POST",
        "path": "/p%20q/r",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "me",
    }
    assert (context["routeKey"], context["stage"]) == ("$default", "$default")
    assert re.fullmatch(r"\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000", context["time"]) and context["timeEpoch"] > 1e12
    assert answer.headers["x-amzn-RequestId"] == context["requestId"]
    assert answer.headers["x-amzn-Trace-Id"].startswith("root=1-")
    assert "authorizer" not in context
    form = call(gureum, address, "POST", "/", "a=1", {"Content-Type": "application/x-www-form-urlencoded"}).json()
    assert (form["body"], form["isBase64Encoded"]) == (base64.b64encode(b"a=1").decode(), True)
    empty = call(gureum, address).json()
    assert "body" not in empty and "queryStringParameters" not in empty and "cookies" not in empty


def test_answers_are_inferred_or_spelled_out(gureum, awslambda, url, name):
    address = url(answer={"message": "Hello"})
    answer = call(gureum, address)
    assert (answer.status, answer.json(), answer.headers["content-type"]) == (200, {"message": "Hello"}, "application/json")

    def now(value):
        source = f"exports.handler = async () => ({json.dumps(value)});\n"
        awslambda.update_function_code(FunctionName=name, ZipFile=zipped({"index.js": source}))
        return call(gureum, address)

    assert now("Hello").body == b'"Hello"'
    full = now(
        {
            "statusCode": 201,
            "headers": {"Content-Type": "text/html", "My-Header": "mine"},
            "cookies": ["a=1; Secure", "b=2"],
            "body": base64.b64encode("<b>é</b>".encode()).decode(),
            "isBase64Encoded": True,
        }
    )
    assert (full.status, full.body.decode()) == (201, "<b>é</b>")
    assert (full.headers["content-type"], full.headers["my-header"]) == ("text/html", "mine")
    assert full.headers.get_all("set-cookie") == ["a=1; Secure", "b=2"]
    plain = now({"statusCode": 204})
    assert (plain.status, plain.body, plain.headers["content-type"]) == (204, b"", "application/json")
    for broken in [{"statusCode": "many"}, {"statusCode": 200, "headers": []}]:
        answer = now(broken)
        assert (answer.status, answer.body) == (502, b"Internal Server Error")


def test_a_function_that_fails_or_takes_too_long_is_a_502(gureum, awslambda, url, name):
    address = url("exports.handler = async () => { throw new Error('boom'); };\n")
    answer = call(gureum, address)
    assert (answer.status, answer.reason, answer.body) == (502, "Bad Gateway", b"Internal Server Error")
    assert answer.headers["x-amzn-RequestId"]
    slow = "exports.handler = () => new Promise((done) => setTimeout(done, 5000));\n"
    awslambda.update_function_code(FunctionName=name, ZipFile=zipped({"index.js": slow}))
    awslambda.update_function_configuration(FunctionName=name, Timeout=1)
    assert call(gureum, address).status == 502


def test_the_policy_must_let_the_public_in(gureum, awslambda, url, name):
    address = url(allowed=False)
    answer = call(gureum, address)
    assert (answer.status, answer.json()) == (403, {"Message": FORBIDDEN})
    assert answer.headers["x-amzn-ErrorType"] == "AccessDeniedException"
    grant = {"FunctionName": name, "StatementId": "url", "Action": "lambda:InvokeFunctionUrl", "Principal": "*"}
    awslambda.add_permission(**grant, FunctionUrlAuthType="AWS_IAM")
    assert call(gureum, address).status == 403, "the condition is about another auth type"
    awslambda.remove_permission(FunctionName=name, StatementId="url")
    awslambda.add_permission(**grant, FunctionUrlAuthType="NONE")
    answer = call(gureum, address)
    assert answer.status == 200 and "InvokedViaFunctionUrl" in answer.headers["x-gureum-hint"]
    awslambda.add_permission(
        FunctionName=name, StatementId="run", Action="lambda:InvokeFunction", Principal="*", InvokedViaFunctionUrl=True
    )
    assert call(gureum, address).headers["x-gureum-hint"] is None


def test_strict_access_asks_for_both_permissions(fresh, name):
    server = fresh("--strict")
    root = json.loads((server.folder / "state/gureum/root-key.json").read_text())
    keys = {"key": root["access_key_id"], "secret": root["secret_access_key"]}
    awslambda, iam = server.client("lambda", **keys), server.client("iam", **keys)
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    awslambda.create_function(
        FunctionName=name,
        Runtime="nodejs20.x",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": zipped({"index.js": ECHO})},
    )
    address = awslambda.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    awslambda.add_permission(
        FunctionName=name, StatementId="url", Action="lambda:InvokeFunctionUrl", Principal="*", FunctionUrlAuthType="NONE"
    )
    assert (call(server, address).status, call(server, address).json()) == (403, {"Message": FORBIDDEN})
    awslambda.remove_permission(FunctionName=name, StatementId="url")
    allow(awslambda, name)
    assert call(server, address).status == 200
    awslambda.update_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    assert call(server, address).status == 403
    assert signed(server, address, root["access_key_id"], root["secret_access_key"]).status == 200
    assert signed(server, address, "111111111111", "any").headers["x-amzn-ErrorType"] == "UnrecognizedClientException"


def signed(gureum, url, key, secret, token=None, service="lambda", method="GET", body=None):
    request = AWSRequest(method, url, data=body)
    SigV4Auth(Credentials(key, secret, token), service, "us-east-1").add_auth(request)
    return call(gureum, url, method, "/", body, dict(request.headers))


def test_aws_iam_takes_signed_requests_only(gureum, awslambda, url, client, name):
    address = url(allowed=False, auth="AWS_IAM")
    unsigned = call(gureum, address)
    assert (unsigned.status, unsigned.json()) == (403, {"Message": FORBIDDEN})
    iam = client("iam")
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    answer = signed(gureum, address, key["AccessKeyId"], key["SecretAccessKey"], method="POST", body="{}")
    assert answer.status == 200
    caller = answer.json()["requestContext"]
    assert caller["accountId"] == "000000000000"
    assert caller["authorizer"]["iam"]["userArn"] == f"arn:aws:iam::000000000000:user/{name}"
    assert caller["authorizer"]["iam"]["accessKey"] == key["AccessKeyId"]
    forged = signed(gureum, address, key["AccessKeyId"], "guessed")
    assert (forged.status, forged.headers["x-amzn-ErrorType"]) == (403, "InvalidSignatureException")
    elsewhere = signed(gureum, address, key["AccessKeyId"], key["SecretAccessKey"], service="sqs")
    assert elsewhere.status == 403
    stranger = signed(gureum, address, "111111111111", "any")
    assert (stranger.status, stranger.json()) == (403, {"Message": FORBIDDEN})
    allow(awslambda, name, "AWS_IAM")
    assert signed(gureum, address, "111111111111", "any").status == 200


def test_every_name_of_a_url_leads_to_it_and_nowhere_else(gureum, url):
    address = url()
    identity = urlsplit(address).netloc.split(".")[0]
    for suffix in ["on.aws", "localhost.localstack.cloud:4566", "localhost"]:
        answer = call(gureum, address, host=f"{identity}.lambda-url.us-east-1.{suffix}")
        assert answer.json()["requestContext"]["apiId"] == identity
    target = {"X-Amz-Target": "Logs_20140328.DescribeLogGroups", "Content-Type": "application/x-amz-json-1.1"}
    assert call(gureum, address, "POST", "/", "{}", target).json()["headers"]["x-amz-target"] == target["X-Amz-Target"]
    assert call(gureum, address, path="/_localstack/health").json()["rawPath"] == "/_localstack/health"
    assert call(gureum, address, path="/2015-03-31/functions").json()["rawPath"] == "/2015-03-31/functions"
    missing = call(gureum, address, host="nothing.lambda-url.us-east-1.on.aws")
    assert (missing.status, missing.json()) == (404, {"Message": None})


def test_a_url_is_reached_over_tls(gureum, url):
    address = url()
    host = urlsplit(address).netloc.split(":")[0]
    where = urlsplit(gureum.endpoint)
    context = ssl._create_unverified_context()
    with socket.create_connection((where.hostname, where.port), 10) as raw:
        with context.wrap_socket(raw, server_hostname=host) as tls:
            tls.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = http.client.HTTPResponse(tls)
            answer.begin()
            assert json.loads(answer.read())["headers"]["x-forwarded-proto"] == "https"


def test_cors_is_answered_by_the_platform(gureum, url):
    cors = {
        "AllowOrigins": ["https://a.example"],
        "AllowMethods": ["PUT"],
        "AllowHeaders": ["x-mine"],
        "ExposeHeaders": ["x-theirs"],
        "MaxAge": 60,
    }
    answer = {"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://mine.example"}}
    address = url(answer=answer, Cors=cors)
    page = {"Origin": "https://a.example", "Access-Control-Request-Method": "PUT"}
    preflight = call(gureum, address, "OPTIONS", headers=page)
    assert (preflight.status, preflight.body) == (200, b"")
    assert preflight.headers["access-control-allow-origin"] == "https://a.example"
    assert preflight.headers["access-control-allow-methods"] == "PUT"
    assert preflight.headers["access-control-allow-headers"] == "x-mine"
    assert preflight.headers["access-control-max-age"] == "60"
    called = call(gureum, address, "PUT", headers={"Origin": "https://a.example"})
    assert called.headers.get_all("access-control-allow-origin") == ["https://a.example"]
    assert called.headers["access-control-expose-headers"] == "x-theirs"
    stranger = call(gureum, address, "OPTIONS", headers={**page, "Origin": "https://b.example"})
    assert stranger.headers["access-control-allow-origin"] is None
    assert call(gureum, address, "PUT", headers={"Origin": "https://b.example"}).headers["access-control-allow-origin"] is None


def test_without_cors_the_function_answers_pages_itself(gureum, url):
    address = url()
    page = {"Origin": "https://a.example", "Access-Control-Request-Method": "PUT"}
    assert call(gureum, address, "OPTIONS", headers=page).json()["requestContext"]["http"]["method"] == "OPTIONS"


def test_no_concurrency_is_a_429(gureum, awslambda, url, name):
    address = url()
    awslambda.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    answer = call(gureum, address)
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (429, "TooManyRequestsException")


def test_six_megabytes_go_in_and_no_more(gureum, url):
    address = url(answer={"ok": True})
    text = {"Content-Type": "text/plain"}
    assert call(gureum, address, "POST", body="x" * (5 << 20), headers=text).status == 200
    for size in [(6 << 20) - 100, (6 << 20) + 1]:
        assert call(gureum, address, "POST", body="x" * size, headers=text).status == 413


def test_an_alias_has_a_url_of_its_own_until_it_is_gone(gureum, awslambda, function, name):
    function(answer={"version": "one"})
    version = awslambda.publish_version(FunctionName=name)["Version"]
    awslambda.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    address = awslambda.create_function_url_config(FunctionName=name, Qualifier="live", AuthType="NONE")["FunctionUrl"]
    allow(awslambda, name, Qualifier="live")
    source = "exports.handler = async () => 'two';\n"
    awslambda.update_function_code(FunctionName=name, ZipFile=zipped({"index.js": source}))
    assert call(gureum, address).json() == {"version": "one"}
    awslambda.delete_alias(FunctionName=name, Name="live")
    assert awslambda.get_function_url_config(FunctionName=name, Qualifier="live")["FunctionUrl"] == address
    assert (call(gureum, address).status, call(gureum, address).json()) == (403, {"Message": FORBIDDEN})
    awslambda.delete_function(FunctionName=name)
    assert call(gureum, address).status == 404


def test_urls_are_handed_out_as_the_server_is_told(fresh, name):
    for suffix, expected in [
        ("aws", r"https://[a-z0-9]{32}\.lambda-url\.us-east-1\.on\.aws/"),
        ("localhost.localstack.cloud:4566", r"http://[a-z0-9]{32}\.lambda-url\.us-east-1\.localhost\.localstack\.cloud:4566/"),
    ]:
        server = fresh("--url-suffix", suffix)
        awslambda = server.client("lambda")
        awslambda.create_function(
            FunctionName=name,
            Runtime="nodejs20.x",
            Role=ROLE,
            Handler="index.handler",
            Code={"ZipFile": zipped({"index.js": ECHO})},
        )
        made = awslambda.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
        assert re.fullmatch(expected, made)
        allow(awslambda, name)
        assert call(server, made).status == 200
        server.kill()
        server.start()
        assert call(server, made).status == 200, "a URL survives a kill"


READ = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"
FETCH = "fetch(process.argv[1]).then((answer) => answer.text()).then((text) => console.log(text));"


def test_programs_under_gureum_exec_reach_a_url_by_awss_name(gureum, url):
    address = url(answer={"hello": "exec"})
    identity = urlsplit(address).netloc.split(".")[0]
    aws = f"https://{identity}.lambda-url.us-east-1.on.aws/"
    for program in [["node", "-e", FETCH, aws], ["curl", "-sf", aws], [sys.executable, "-c", READ, aws]]:
        assert json.loads(gureum.cli("exec", "--", *program).stdout) == {"hello": "exec"}
    # As it was handed out, whether or not the system's resolver knows names below localhost.
    for program in [["node", "-e", FETCH, address], ["curl", "-sf", address]]:
        assert json.loads(gureum.cli("exec", "--", *program).stdout) == {"hello": "exec"}
