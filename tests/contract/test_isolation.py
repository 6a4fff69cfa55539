"""What a function sees of the host and of others, and what it can do to them: nothing. As root and as an ordinary user."""

import base64
import io
import json
import os
import pathlib
import re
import shlex
import shutil
import socket
import socketserver
import tempfile
import threading
import zipfile

import pytest
from conftest import Gureum, eventually, zipped

# Every runtime does the same: a command of the shell in, what it said out.
NODE = """const { spawnSync } = require('child_process');
exports.handler = async (event) => {
  const done = spawnSync('/bin/sh', ['-c', 'exec 2>&1\\n' + Buffer.from(event, 'base64').toString()]);
  return done.stdout.toString('base64');
};"""
PYTHON = """import base64, subprocess
def handler(event, context):
    done = subprocess.run(['/bin/sh', '-c', base64.b64decode(event)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return base64.b64encode(done.stdout).decode()
"""
BOOTSTRAP = r"""#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
while true; do
  event=$(curl -sS -D /tmp/.head "$api/invocation/next")
  id=$(grep -i '^lambda-runtime-aws-request-id' /tmp/.head | cut -d: -f2 | tr -d '[:space:]')
  rm /tmp/.head
  command=$(printf %s "$event" | tr -d '"' | base64 -d)
  said=$(sh -c "$command" 2>&1 | base64 -w0)
  curl -sS -d "\"$said\"" "$api/invocation/$id/response" > /dev/null
done
"""
LANGUAGES = {
    "node": ("nodejs20.x", {"index.js": NODE}),
    "python": ("python3.11", {"index.py": PYTHON}),
    "provided": ("provided.al2023", {"bootstrap": BOOTSTRAP}),
}
TRUST = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
)
CANARY = "only-the-server-knows-this"
# Belongs to nobody else.
ORDINARY = 64123


def server_as(user, folder, *flags):
    server = Gureum(folder, *flags)
    server.environment["GUREUM_TEST_CANARY"] = CANARY
    if user == "ordinary":
        # root's own caches and interpreters are not for this user.
        fetched = os.path.join(server.environment["XDG_CACHE_HOME"], "gureum/runtimes")
        for each in os.listdir(fetched):
            if each.startswith(("nodejs20.x-", "nodejs-client-", "python3.11-")):
                shutil.copytree(os.path.join(fetched, each), folder / "cache/gureum/runtimes" / each, symlinks=True)
        server.environment.update(XDG_CACHE_HOME=str(folder / "cache"), PATH="/usr/local/bin:/usr/bin:/bin")
        server.prefix = ["setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups"]
        for each in [folder, *folder.rglob("*")]:
            os.chown(each, ORDINARY, ORDINARY, follow_symlinks=False)
    return server


USERS = ["root", "ordinary"] if os.geteuid() == 0 else ["self"]


@pytest.fixture(scope="module")
def servers():
    running = {}
    for user in USERS:
        # Not one of pytest's own, which are their user's alone.
        running[user] = server_as(user, pathlib.Path(tempfile.mkdtemp(prefix="gureum-test-"))).start()
        status = json.loads(running[user].cli("--json", "status").stdout)["data"]
        assert status["isolation"]["level"] == "namespaces", f"these tests need namespaces: {status['isolation']}"
    yield running
    for server in running.values():
        server.stop()
        shutil.rmtree(server.folder)


class Function:
    """A function that runs commands."""

    def __init__(self, server, name, language, **more):
        runtime, files = LANGUAGES[language]
        self.server, self.name, self.language = server, name, language
        role = server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        settings = dict(FunctionName=name, Runtime=runtime, Handler="index.handler", Timeout=30, MemorySize=512, Role=role)
        server.client("lambda").create_function(**{**settings, **more}, Code={"ZipFile": archive(files)})

    def run(self, command):
        payload = json.dumps(base64.b64encode(command.encode()).decode())
        answer = self.server.client("lambda").invoke(FunctionName=self.name, Payload=payload)
        seen = json.load(answer["Payload"])
        assert "FunctionError" not in answer, seen
        return base64.b64decode(seen).decode()


def archive(files):
    return executable(files) if "bootstrap" in files else zipped(files)


def executable(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for path, text in files.items():
            info = zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0))
            info.external_attr = 0o755 << 16
            packed.writestr(info, text)
    return out.getvalue()


@pytest.fixture(scope="module", params=[f"{user}-{language}" for user in USERS for language in LANGUAGES])
def function(servers, request):
    user, language = request.param.split("-")
    return Function(servers[user], "t-iso-" + language, language)


@pytest.fixture
def server(function):
    return function.server


class TestFiles:
    def test_the_root_holds_the_system_the_runtime_and_nothing_of_the_hosts(self, function):
        allowed = {"bin", "dev", "etc", "gnu", "lib", "lib32", "lib64", "libx32", "nix", "opt", "proc", "sbin", "tmp", "usr", "var"}
        assert set(function.run("ls -A /").split()) <= allowed
        # Where ES modules look for the SDK.
        modules = ["node_modules"] if function.language == "node" else []
        assert function.run("ls -A /var").split() == ["lang", *modules, "runtime", "task"]
        assert function.run("ls -A /var/lang").split() == ["bin", "lib"]
        assert function.run("ls -A /opt /tmp").split() == ["/opt:", "/tmp:"]
        devices = function.run("ls -A /dev").split()
        assert devices == sorted("fd full null random stderr stdin stdout urandom zero".split())
        etc = set(function.run("ls -A /etc").split())
        expected = "alternatives group hosts ld.so.cache localtime nsswitch.conf passwd pki protocols resolv.conf services ssl"
        assert etc <= set(expected.split())

    def test_no_path_of_the_server_is_there(self, server, function):
        for path in ["/root", "/home", "/srv", "/work", "/mnt", "/sys", "/run", "/etc/shadow", str(server.folder), "/var/lib"]:
            assert "No such file" in function.run(f"ls {path}"), path
        assert function.run(f"grep -rl {CANARY} /etc /var /tmp /opt 2>/dev/null") == ""

    def test_only_tmp_can_be_written(self, function):
        for path in ["/", "/usr", "/etc", "/opt", "/dev", "/var", "/var/task", "/var/lang/bin", "/proc"]:
            said = function.run(f"touch {path}/mine")
            assert "Read-only file system" in said or "Permission denied" in said or path == "/proc" and "No such file" in said
        assert "Read-only file system" in function.run("touch /mine")
        assert function.run("touch /tmp/mine && ls /tmp && rm /tmp/mine") == "mine\n"
        assert not os.path.exists("/tmp/mine")

    def test_another_function_has_another_tmp_and_other_code(self, server, function):
        other = Function(server, function.name + "-other", function.language)
        other.run("echo secret > /tmp/secret")
        assert function.run("ls -A /tmp") == ""
        assert function.run("find / -name secret -not -path '/proc/*' 2>/dev/null") == ""
        assert other.run("cat /tmp/secret") == "secret\n"

    def test_tmp_is_as_large_as_was_asked_for(self, server, function):
        assert function.run("df -m /tmp | tail -1").split()[1] == "512"
        large = Function(server, function.name + "-large", function.language, EphemeralStorage={"Size": 1024})
        assert large.run("df -m /tmp | tail -1").split()[1] == "1024"

    def test_layers_are_seen_as_one_opt(self, server, function):
        client, arns = server.client("lambda"), []
        for nth, files in enumerate([{"a": "1", "bin/x": "1"}, {"bin/x": "2", "bin/y": "2"}]):
            made = client.publish_layer_version(LayerName=f"{function.name}-{nth}", Content={"ZipFile": zipped(files)})
            arns.append(made["LayerVersionArn"])
        both = Function(server, function.name + "-layers", function.language, Layers=arns)
        assert both.run("cd /opt; cat a bin/x bin/y; ls bin; touch bin/z") .startswith("122x\ny\n")
        assert both.run("touch /opt/z").rstrip().endswith("Read-only file system")


class TestProcesses:
    def test_it_sees_no_other_process_and_no_variable_of_the_servers(self, server, function):
        other = Function(server, function.name + "-sleeper", function.language)
        other.run("sleep 111 > /dev/null 2>&1 &")
        # The warden's side, the runtime, its shell, and what reads: no more.
        assert len(function.run("ls -d /proc/[0-9]*").split()) <= 6
        seen = function.run("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; env")
        assert "sleep\n111" not in seen and CANARY not in seen and "GUREUM_TEST" not in seen and str(server.folder) not in seen
        assert "AWS_LAMBDA_FUNCTION_NAME=" + function.name in seen

    def test_it_is_nobody_with_no_rights_and_no_way_to_any(self, function):
        assert re.match(r"uid=993\(sbx_user1051\) gid=990", function.run("id"))
        status = dict(line.split(":\t", 1) for line in function.run("cat /proc/self/status").splitlines() if ":\t" in line)
        assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
        assert status["NoNewPrivs"] == "1"
        for command in ["unshare -U true", "unshare -m true", "mount -t tmpfs x /tmp", "chroot / true", "hostname mine"]:
            assert function.run(f"{command} && echo done").find("done") < 0, command
        assert function.run("hostname").strip() != socket.gethostname()
        assert function.run("kill -9 1; kill -STOP 1; echo here") == "here\n"


class TestNetwork:
    def test_there_is_no_way_to_the_host_or_beyond(self, server, function):
        assert re.findall(r"^ *(\w+):", function.run("cat /proc/net/dev"), re.M) == ["lo"]
        with socketserver.TCPServer(("0.0.0.0", 0), socketserver.BaseRequestHandler) as listener:
            threading.Thread(target=listener.serve_forever, daemon=True).start()
            hosts = {"127.0.0.1", "localhost", socket.gethostbyname(socket.gethostname())}
            ports = [listener.server_address[1]]
            for address in [f"{host}:{port}" for host in hosts for port in ports] + ["169.254.169.254", "1.1.1.1", "8.8.8.8:53"]:
                said = function.run(f"curl -sS -m 3 http://{address}/_localstack/health; echo $?")
                assert said.strip().endswith("7"), (address, said)
            listener.shutdown()
        # The server's own port is there, and is the function's own listener: to the server's it would be a status.
        said = function.run(f"curl -sS {server.endpoint}/_localstack/health")
        assert "a function may not ask for this path" in said

    def test_names_of_aws_are_the_platform_and_there_are_no_others(self, function):
        for name in ["sqs.us-east-1.amazonaws.com", "x.lambda-url.us-east-1.on.aws", "localhost.localstack.cloud"]:
            assert function.run(f"getent ahosts {name}").split()[0] == "169.254.100.1", name
        assert function.run("getent hosts example.com; echo $?") == "2\n"
        assert function.run("getent hosts localhost").split()[0] == "127.0.0.1"

    def test_the_runtime_api_is_where_aws_says(self, function):
        assert function.run("echo $AWS_LAMBDA_RUNTIME_API") == "169.254.100.1:9001\n"
        assert function.run("env | grep -c -E 'AWS_ENDPOINT_URL|GUREUM|_CA_|SSL_CERT'") == "0\n"

    def test_every_program_trusts_the_platforms_certificate(self, function):
        assert function.run("curl -sS -o /dev/null -w '%{http_code}' https://sqs.eu-west-1.amazonaws.com/") in ("400", "403", "404", "501")
        node = "require('https').get('https://sts.amazonaws.com/', (a) => process.exit(console.log(a.statusCode))).on('error', console.log)"
        if function.language == "node":
            assert function.run(f"node --use-openssl-ca -e {shlex.quote(node)}").strip().isdigit()
        if function.language == "python":
            program = "import ssl, socket; s = ssl.create_default_context().wrap_socket(socket.create_connection(('sts.amazonaws.com', 443)), server_hostname='sts.amazonaws.com'); print(s.version())"
            assert function.run(f"python3 -c {shlex.quote(program)}").startswith("TLSv1")


ADDRESSES = [
    "https://sts.us-east-1.amazonaws.com/",
    "https://sts.amazonaws.com/",
    "http://sts.us-east-1.amazonaws.com/",
    "http://localhost:4566/",
    "http://127.0.0.1:80/",
    "http://169.254.100.1:4566/",
    "https://localhost.localstack.cloud:4566/",
]


class TestCredentials:
    """Whoever calls through a function's sockets is that function's role, or nobody."""

    def who(self, function, address, key, token=""):
        token = f'-H "x-amz-security-token: {token}"' if token else ""
        sign = f'--aws-sigv4 aws:amz:us-east-1:sts --user "{key}"' if key else ""
        return function.run(f"curl -sS {sign} {token} -d 'Action=GetCallerIdentity&Version=2011-06-15' {address}")

    def test_its_own_count_by_every_address(self, function):
        for address in ADDRESSES:
            said = self.who(function, address, "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY", "$AWS_SESSION_TOKEN")
            assert f"assumed-role/{function.name}/{function.name}" in said, (address, said)

    def test_nobody_elses_do(self, server, function):
        iam = server.client("iam")
        user = function.name + "-admin"
        iam.create_user(UserName=user)
        key = iam.create_access_key(UserName=user)["AccessKey"]
        other = Function(server, function.name + "-victim", function.language)
        stolen = other.run("echo $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN").split()
        attempts = [
            ("", ""),
            ("test:test", ""),
            ("000000000000:test", ""),
            ("123456789012:test", ""),
            (f"{key['AccessKeyId']}:{key['SecretAccessKey']}", ""),
            (":".join(stolen[:2]), stolen[2]),
            ("$AWS_ACCESS_KEY_ID:wrong", "$AWS_SESSION_TOKEN"),
        ]
        for address in ADDRESSES:
            for key, token in attempts:
                said = self.who(function, address, key, token)
                assert "<Arn>" not in said and "Error" in said, (address, key, said)

    def test_our_own_paths_and_the_proxy_are_not_for_functions(self, function):
        for address in ADDRESSES:
            for path in ["_localstack/health", "_gureum/v1/status", "_gureum/v1/reset", "_localstack/state/reset"]:
                assert function.run(f"curl -sS -o /dev/null -w '%{{http_code}}' -X POST {address}{path}") == "403", (address, path)
        for target in ["sts.us-east-1.amazonaws.com:443", "127.0.0.1:4566", "example.com:443"]:
            said = function.run(f"curl -sS -p -x http://localhost:4566 https://{target}/; echo $?")
            assert said.strip().endswith("56"), (target, said)


class TestEnds:
    def test_a_killed_server_leaves_no_process_and_no_mount(self, tmp_path, name):
        mounts = mounted()
        server = Gureum(tmp_path).start()
        function = Function(server, name, "node")
        stream = function.run("setsid sh -c 'sleep 222 > /dev/null 2>&1 &'; echo $AWS_LAMBDA_LOG_STREAM_NAME").strip()
        assert eventually(lambda: len(processes(stream)) >= 2)
        assert mounted() == mounts
        server.kill()
        assert eventually(lambda: not processes(stream))
        assert eventually(lambda: not wardens(name))
        assert mounted() == mounts


def mounted():
    with open("/proc/self/mountinfo") as mounts:
        return [line.split()[4] for line in mounts]


def processes(stream):
    """Those that have the environment's log stream among their variables."""
    return having(f"AWS_LAMBDA_LOG_STREAM_NAME={stream}", "environ")


def wardens(name):
    return having(name, "cmdline")


def having(text, file):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/{file}", "rb") as content:
                if text.encode() in content.read().split(b"\0"):
                    found.append(pid)
        except OSError:
            pass
    return found


class TestWhereItIsNotWanted:
    def test_functions_share_the_hosts_network_on_request(self, fresh, name):
        server = fresh("--function-network", "host")
        assert "this machine's network" in server.cli("status").stdout
        function = Function(server, name, "node")
        with socketserver.TCPServer(("127.0.0.1", 0), Hello) as listener:
            threading.Thread(target=listener.serve_forever, daemon=True).start()
            assert function.run(f"curl -sS --http0.9 http://127.0.0.1:{listener.server_address[1]}/") == "hello\n"
            listener.shutdown()
        # Everything else holds as before.
        assert function.run("ls -A /tmp; ls /root").startswith("ls: ")
        assert function.run("id -u") == "993\n"


class Hello(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(1024)
        self.request.sendall(b"hello\n")


# A user namespace of one's own whose owner may make no more of them: as hosts are that refuse them.
REFUSING = ["unshare", "--user", "--map-root-user", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "sh"]


class TestWhereItIsRefused:
    def refusing(self, folder, *flags):
        server = Gureum(folder, *flags)
        server.prefix = REFUSING
        return server

    def test_functions_are_plain_processes_and_the_server_says_why(self, tmp_path, name):
        server = self.refusing(tmp_path).start()
        try:
            words = server.cli("status").stdout
            assert "Not isolated" in words and "user.max_user_namespaces is 0" in words
            data = json.loads(server.cli("--json", "status").stdout)["data"]["isolation"]
            assert data["level"] == "plain" and any("sysctl" in what for what in data["what_would_raise_it"])
            function = Function(server, name, "node")
            assert function.run("echo here; ls -d /root") != ""
        finally:
            server.stop()

    def test_off_loopback_it_does_not_start_unless_it_is_allowed_to(self, tmp_path):
        flags = ("--listen", "0.0.0.0:0", "--insecure")
        with pytest.raises(AssertionError, match="functions cannot be isolated on this host.*--allow-unisolated"):
            self.refusing(tmp_path, *flags).start()
        server = self.refusing(tmp_path, *flags, "--allow-unisolated").start()
        server.stop()
