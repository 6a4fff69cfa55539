"""The port itself: what is not served, who may come in, and input that means harm."""

import http.client
import json
import socket
import ssl
import time

import botocore.exceptions
import pytest
from conftest import zipped

TRUST = json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
JSON11 = {"Content_Type": "application/x-amz-json-1.1"}
FORM = {"Content_Type": "application/x-www-form-urlencoded"}


def address(gureum):
    host, port = gureum.endpoint.split("//")[1].split(":")
    return host, int(port)


def request(gureum, method, path, body=b"", **headers):
    """A plain request, as a browser or a broken client would send it: (status, body)."""
    connection = http.client.HTTPConnection(*address(gureum), timeout=20)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, answer.read()


def raw(gureum, *pieces):
    """Sends bytes as they are, closes its half, and answers what came back within 3 s."""
    with socket.create_connection(address(gureum), timeout=3) as wire:
        for piece in pieces:
            wire.sendall(piece)
            time.sleep(0.02)  # So that the pieces arrive as pieces.
        wire.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while chunk := wire.recv(65536):
                answer += chunk
        except (TimeoutError, ConnectionError):
            pass
        return answer


def alive(gureum):
    return request(gureum, "GET", "/_localstack/health")[0] == 200


def refusal(call):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call()
    answer = error.value.response
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"], answer["Error"]["Message"]


def function(gureum, name, code="", **more):
    settings = dict(FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role="arn:aws:iam::000000000000:role/r", Timeout=20)
    return gureum.client("lambda").create_function(**{**settings, **more}, Code={"ZipFile": zipped({"index.js": code})})


class TestWhatIsNotServed:
    @pytest.mark.parametrize(
        "service, call",
        [
            ("lambda", lambda c: c.list_capacity_providers()),
            ("logs", lambda c: c.start_query(logGroupName="g", startTime=0, endTime=1, queryString="fields @message")),
            ("iam", lambda c: c.list_saml_providers()),
            ("dynamodb", lambda c: c.list_tables()),
            ("sns", lambda c: c.list_topics()),
        ],
    )
    def test_a_real_operation_answers_501(self, client, service, call):
        assert refusal(lambda: call(client(service)))[0] == 501

    def test_an_unreal_operation_is_unknown_as_on_aws(self, gureum):
        status, body = request(gureum, "POST", "/", b"{}", X_Amz_Target="Logs_20140328.Nonsense", **JSON11)
        assert (status, json.loads(body)["__type"]) == (400, "UnknownOperationException")
        scope = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0"
        status, body = request(gureum, "POST", "/", b"Action=Nonsense&Version=2010-05-08", Authorization=scope, **FORM)
        assert status == 400 and b"<Code>InvalidAction</Code>" in body


class TestOtherWebSites:
    """What a browser sends for a page of another origin, without asking first."""

    @pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"])
    def test_forms_are_refused(self, gureum, content_type):
        body = b"Action=CreateUser&UserName=evil&Version=2010-05-08"
        assert request(gureum, "POST", "/", body, Origin="https://evil.example", Content_Type=content_type)[0] == 403
        assert "evil" not in [user["UserName"] for user in gureum.client("iam").list_users()["Users"]]

    def test_reads_and_our_own_paths_are_refused(self, gureum):
        for path in ["/2015-03-31/functions/", "/_gureum/v1/status"]:
            assert request(gureum, "GET", path, Sec_Fetch_Site="cross-site")[0] == 403, path
        assert request(gureum, "POST", "/_gureum/v1/reset", Origin="null")[0] == 403

    def test_web_sockets_are_refused(self, gureum):
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        assert request(gureum, "GET", "/", Origin="https://evil.example", **upgrade)[0] == 403

    def test_a_host_name_that_is_not_ours_is_refused(self, gureum):
        assert request(gureum, "GET", "/2015-03-31/functions/", Host="rebound.example.com")[0] == 403
        for ours in ["localhost:1", "lambda.us-east-1.amazonaws.com", "x.localhost", "gureum"]:
            assert request(gureum, "GET", "/2015-03-31/functions/", Host=ours)[0] == 200, ours


class TestStrict:
    @pytest.fixture
    def strict(self, fresh):
        server = fresh("--strict")
        server.root_key_file = server.folder / "state/gureum/root-key.json"
        server.root_key = json.loads(server.root_key_file.read_text())
        return server

    def test_every_call_is_signed_by_a_key_of_ours(self, strict):
        code, message = "UnrecognizedClientException", "The security token included in the request is invalid."
        assert refusal(strict.client("lambda").list_functions) == (403, code, message)
        assert refusal(strict.client("sts").get_caller_identity) == (403, "InvalidClientTokenId", message)
        assert request(strict, "GET", "/2015-03-31/functions/")[0] == 403

    def test_the_first_start_makes_a_root_key_for_its_user_alone(self, strict):
        assert strict.root_key_file.stat().st_mode & 0o777 == 0o600
        sts = strict.client("sts", key=strict.root_key["access_key_id"], secret=strict.root_key["secret_access_key"])
        assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::000000000000:root"
        assert json.loads(strict.cli("status", "--json").stdout)["data"]["access"] == "strict"

    def test_a_wrong_secret_is_a_wrong_signature(self, strict):
        functions = strict.client("lambda", key=strict.root_key["access_key_id"], secret="wrong")
        assert refusal(functions.list_functions)[:2] == (403, "InvalidSignatureException")


class TestHarm:
    @pytest.mark.parametrize("body", [b"{", b"[]", b"\xff\xfe", b'{"limit":"x"}', b"[" * 5000, b'{"logGroupNamePrefix":' + b'{"a":' * 3000])
    def test_broken_json_gets_an_error(self, gureum, body):
        status, answer = request(gureum, "POST", "/", body, X_Amz_Target="Logs_20140328.DescribeLogGroups", **JSON11)
        assert status == 400 and json.loads(answer)["__type"]

    @pytest.mark.parametrize("body", [b'{"FunctionName":1}', b'{"Code":{"ZipFile":"%%%"}}', b'{"Timeout":"x"}', b"null", b'{"Environment":[]}'])
    def test_wrong_types_are_refused(self, gureum, body):
        assert request(gureum, "POST", "/2015-03-31/functions", body)[0] == 400

    @pytest.mark.parametrize("body", [b"Action", b"Action=CreateUser&Version=2010-05-08&Tags.member.999999999.Key=x", b"%%%=%", b"&&&=&="])
    def test_broken_forms_are_refused(self, gureum, body):
        assert 400 <= request(gureum, "POST", "/", body, **FORM)[0] < 600
        assert alive(gureum)

    @pytest.mark.parametrize(
        "pieces",
        [
            [b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc"],
            [b"POST / HT"],
            [b"\x16\x03\x01\x02\x00\x01"],
            [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00"],
            [b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", b"c"],
        ],
    )
    def test_half_a_request_is_no_hang(self, gureum, pieces):
        raw(gureum, *pieces)
        assert alive(gureum)

    def test_a_request_cannot_hide_in_another(self, gureum):
        hidden = b"GET /_localstack/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
        answer = raw(gureum, b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden)
        # Either both lengths are refused, or the transfer encoding wins and what follows is a request of its own.
        assert answer.startswith(b"HTTP/1.1 ") and b"HTTP/1.1 200" not in answer.split(b"\r\n\r\n")[0]

    def test_too_large_a_body_is_refused_in_words(self, gureum, name):
        big = dict(FunctionName=name, Runtime="nodejs20.x", Handler="i.h", Role="arn:aws:iam::000000000000:role/r", Code={"ZipFile": b"x" * 53_000_000})
        text = "Request must be smaller than 70167211 bytes for the CreateFunction operation"
        assert refusal(lambda: gureum.client("lambda").create_function(**big)) == (413, "RequestEntityTooLargeException", text)

    @pytest.mark.parametrize("path", ["../evil.js", "/etc/evil", "a/../../evil"])
    def test_an_archive_that_climbs_out_is_refused(self, gureum, name, path):
        settings = dict(FunctionName=name, Runtime="nodejs20.x", Handler="i.h", Role="arn:aws:iam::000000000000:role/r")
        call = lambda: gureum.client("lambda").create_function(**settings, Code={"ZipFile": zipped({path: "x"})})  # noqa: E731
        assert refusal(call)[:2] == (400, "InvalidParameterValueException")

    def test_a_zip_bomb_is_refused(self, gureum, name):
        bomb = zipped({f"{n}": "\0" * 40_000_000 for n in range(7)})
        settings = dict(FunctionName=name, Runtime="nodejs20.x", Handler="i.h", Role="arn:aws:iam::000000000000:role/r", Code={"ZipFile": bomb})
        status, code, message = refusal(lambda: gureum.client("lambda").create_function(**settings))
        assert (status, code) == (400, "InvalidParameterValueException") and "262144000 bytes" in message

    def test_a_clock_that_is_off_is_told(self, gureum):
        iam = gureum.client("iam")
        iam.create_user(UserName="skewed")
        key = iam.create_access_key(UserName="skewed")["AccessKey"]["AccessKeyId"]
        signed = f"AWS4-HMAC-SHA256 Credential={key}/20200101/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
        status, body = request(gureum, "GET", "/2015-03-31/functions/", Host="localhost", X_Amz_Date="20200101T000000Z", Authorization=signed)
        assert status == 403 and b"Signature expired" in body


class TestTls:
    def connect(self, gureum, name):
        context = ssl.create_default_context(cafile=str(gureum.folder / "state/gureum/ca.pem"))
        return context.wrap_socket(socket.create_connection(address(gureum), timeout=5), server_hostname=name)

    @pytest.mark.parametrize("name", ["localhost", "lambda.us-east-1.amazonaws.com", "s3.localhost.localstack.cloud"])
    def test_the_same_port_speaks_tls_by_our_authority(self, gureum, name):
        with self.connect(gureum, name) as wire:
            wire.sendall(f"GET /_localstack/health HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            assert wire.recv(100).startswith(b"HTTP/1.1 200")

    def test_no_certificate_is_made_for_other_names(self, gureum):
        with pytest.raises(ssl.SSLError):
            self.connect(gureum, "example.com")


class TestSandboxListener:
    ASK = """const http = require('http');
    exports.handler = (event) => new Promise((done) => {
      const { path, method = 'GET', headers = {} } = event;
      const call = http.request({ host: 'lambda.us-east-1.amazonaws.com', path, method, headers }, (answer) => {
        let body = ''; answer.on('data', (data) => body += data); answer.on('end', () => done({ status: answer.statusCode, body }));
      });
      call.end();
    });"""

    SIGNED = """const http = require('http'), crypto = require('crypto');
    const hash = (text) => crypto.createHash('sha256').update(text).digest('hex');
    const mac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();
    exports.handler = () => new Promise((done) => {
      const env = process.env, host = 'sts.us-east-1.amazonaws.com';
      const date = new Date().toISOString().replace(/[-:]|\\.\\d{3}/g, ''), day = date.slice(0, 8);
      const body = 'Action=GetCallerIdentity&Version=2011-06-15', names = 'host;x-amz-date;x-amz-security-token';
      const canonical = ['POST', '/', '', 'host:' + host, 'x-amz-date:' + date, 'x-amz-security-token:' + env.AWS_SESSION_TOKEN, '', names, hash(body)];
      const scope = [day, env.AWS_REGION, 'sts', 'aws4_request'];
      const key = scope.reduce(mac, 'AWS4' + env.AWS_SECRET_ACCESS_KEY);
      const signature = mac(key, ['AWS4-HMAC-SHA256', date, scope.join('/'), hash(canonical.join('\\n'))].join('\\n')).toString('hex');
      const authorization = `AWS4-HMAC-SHA256 Credential=${env.AWS_ACCESS_KEY_ID}/${scope.join('/')}, SignedHeaders=${names}, Signature=${signature}`;
      const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-amz-date': date, 'x-amz-security-token': env.AWS_SESSION_TOKEN, authorization };
      const call = http.request({ host, path: '/', method: 'POST', headers }, (answer) => {
        let text = ''; answer.on('data', (data) => text += data); answer.on('end', () => done(text));
      });
      call.end(body);
    });"""

    def test_a_function_cannot_act_as_someone_else(self, gureum, name):
        function(gureum, name, self.ASK)
        ask = lambda **event: json.load(gureum.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())["Payload"])  # noqa: E731
        assert ask(path="/2015-03-31/functions/")["status"] == 403
        other = "AWS4-HMAC-SHA256 Credential=111111111111/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0"
        assert ask(path="/2015-03-31/functions/", headers={"Authorization": other})["status"] == 403
        for path in ["/_gureum/v1/status", "/_localstack/health"]:
            assert ask(path=path)["status"] in (403, 404), path
        assert ask(path="/_gureum/v1/reset", method="POST")["status"] in (403, 404)
        gureum.client("lambda").get_function(FunctionName=name)

    def test_its_own_credentials_are_its_role(self, gureum, name):
        gureum.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        function(gureum, name, self.SIGNED, Role=f"arn:aws:iam::000000000000:role/{name}")
        answer = json.load(gureum.client("lambda").invoke(FunctionName=name)["Payload"])
        assert f"<Arn>arn:aws:sts::000000000000:assumed-role/{name}/{name}</Arn>" in answer


class TestAccounts:
    LISTS = [
        ("iam", "list_roles", "Roles"),
        ("iam", "list_users", "Users"),
        ("iam", "list_groups", "Groups"),
        ("iam", "list_policies", "Policies"),
        ("iam", "list_instance_profiles", "InstanceProfiles"),
        ("logs", "describe_log_groups", "logGroups"),
        ("lambda", "list_functions", "Functions"),
    ]

    def test_account_b_sees_nothing_of_account_a(self, gureum, name):
        clients = lambda account: lambda service, **more: gureum.client(service, key=account, secret="x", **more)  # noqa: E731
        a, b = clients("111111111111"), clients("222222222222")
        a("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        a("iam").create_user(UserName=name)
        a("iam").create_group(GroupName=name)
        a("iam").create_policy(PolicyName=name, PolicyDocument=POLICY)
        a("iam").create_instance_profile(InstanceProfileName=name)
        a("logs").create_log_group(logGroupName=name)
        a("lambda").create_function(
            FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=f"arn:aws:iam::111111111111:role/{name}",
            Code={"ZipFile": zipped({"index.js": ""})},
        )
        for service, operation, member in self.LISTS:
            narrow = {"Scope": "Local"} if operation == "list_policies" else {}
            listed = lambda of: json.dumps(getattr(of(service), operation)(**narrow)[member], default=str)  # noqa: E731
            assert name in listed(a), operation
            assert name not in listed(b), operation
        assert a("lambda", region="eu-west-1").list_functions()["Functions"] == []
        assert refusal(lambda: b("lambda").get_function(FunctionName=name))[0] == 404
