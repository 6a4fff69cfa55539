"""`gureum exec` and `gureum env`: a command's clients, whatever they are, talk to the server, and to nobody else by mistake."""

import base64
import json
import os
import signal
import socketserver
import subprocess
import sys
import threading

import pytest
from conftest import BINARY, zipped

REAL_KEY = "AKIAREALREALREALREAL"


@pytest.fixture
def user(gureum, tmp_path):
    """What a person's shell has: a home of one's own, and the server's state folder."""
    return dict(gureum.environment, HOME=str(tmp_path), GUREUM_ENDPOINT=gureum.endpoint)


@pytest.fixture
def exec_(user, tmp_path):
    def run(*words, timeout=60, **variables):
        return subprocess.run(
            [BINARY, "exec", "--", *words], env=dict(user, **variables), cwd=tmp_path, capture_output=True, text=True, timeout=timeout
        )

    return run


def variables_of(done):
    assert done.returncode == 0, done.stderr
    return dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)


def test_the_command_keeps_its_exit_code_and_its_words(exec_):
    done = exec_("sh", "-c", "echo \"$1\"; exit 7", "sh", "두 낱말 --help")
    assert (done.returncode, done.stdout, done.stderr) == (7, "두 낱말 --help\n", "")


def test_a_command_that_cannot_be_run_is_told_as_a_shell_would(exec_, tmp_path):
    missing = exec_("no-such-command")
    assert missing.returncode == 127 and "cannot run no-such-command: command not found" in missing.stderr
    (tmp_path / "plain").write_text("")
    assert exec_(str(tmp_path / "plain")).returncode == 126


def test_a_signal_reaches_the_command(user):
    loop = 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done'
    running = subprocess.Popen([BINARY, "exec", "sh", "-c", loop], env=user, stdout=subprocess.PIPE, text=True)
    assert running.stdout.readline() == "ready\n"
    running.send_signal(signal.SIGTERM)
    assert running.wait(10) == 9


def test_without_a_server_nothing_is_run(user, tmp_path):
    done = subprocess.run(
        [BINARY, "exec", "--", "touch", str(tmp_path / "ran")], env=dict(user, GUREUM_ENDPOINT="http://127.0.0.1:9"), capture_output=True, text=True
    )
    assert done.returncode == 3 and "gureum up -d" in done.stderr and not (tmp_path / "ran").exists()


def test_every_kind_of_client_finds_its_variable(exec_, gureum):
    said = variables_of(exec_("env"))
    place = gureum.endpoint.removeprefix("http://")
    assert said["AWS_ENDPOINT_URL"] == gureum.endpoint
    assert said["AWS_REGION"] == said["AWS_DEFAULT_REGION"] == "us-east-1"
    assert said["AWS_ACCESS_KEY_ID"] and said["AWS_SECRET_ACCESS_KEY"]
    assert said["HTTPS_PROXY"] == said["https_proxy"] == said["HTTP_PROXY"] == said["http_proxy"]
    assert said["HTTPS_PROXY"].startswith("http://gureum:") and said["HTTPS_PROXY"].endswith("@" + place)
    assert said["NO_PROXY"] == said["no_proxy"] and {"127.0.0.1", "localhost"} <= set(said["no_proxy"].split(","))
    assert said["GUREUM_TURN"] == place and "--require" in said["NODE_OPTIONS"]
    assert said["AWS_DISABLE_HOST_PREFIX_INJECTION"] == "true" and said["SLS_AWS_MONITORING_FREQUENCY"] == "500"
    authority = (gureum.folder / "state/gureum/ca.pem").read_text()
    for name in ["AWS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"]:
        assert authority in open(said[name]).read(), name
        assert os.stat(said[name]).st_mode & 0o077 == 0, name
    assert open(said["SSL_CERT_FILE"]).read().count("BEGIN CERTIFICATE") > 1, "the system's roots are there too"


def test_a_command_within_a_command_finds_the_same(exec_):
    once = variables_of(exec_("env"))
    twice = variables_of(exec_(BINARY, "exec", "--", "env"))
    assert once == twice


def test_ones_own_options_stay(exec_):
    said = variables_of(exec_("env", NODE_OPTIONS="--max-old-space-size=512", NO_PROXY="intranet.example,.amazonaws.com", SLS_AWS_MONITORING_FREQUENCY="100"))
    assert said["NODE_OPTIONS"].startswith("--max-old-space-size=512 --require ")
    assert "intranet.example" in said["NO_PROXY"] and "amazonaws" not in said["NO_PROXY"]
    assert said["SLS_AWS_MONITORING_FREQUENCY"] == "100"


def test_ones_own_aws_account_is_out_of_reach(exec_, tmp_path):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/credentials").write_text(f"[prod]\naws_access_key_id = {REAL_KEY}\naws_secret_access_key = real\n")
    (tmp_path / ".aws/config").write_text("[profile prod]\nregion = eu-west-1\noutput = text\nrole_arn = arn:aws:iam::1:role/x\n")
    misleading = dict(
        AWS_ACCESS_KEY_ID=REAL_KEY, AWS_SECRET_ACCESS_KEY="real", AWS_SESSION_TOKEN="real", AWS_PROFILE="prod", AWS_ROLE_ARN="arn:aws:iam::1:role/x",
        AWS_ENDPOINT_URL_LAMBDA="https://lambda.eu-west-1.amazonaws.com", AWS_USE_FIPS_ENDPOINT="true",
    )
    done = exec_("env", **misleading)
    said = variables_of(done)
    assert REAL_KEY not in done.stdout and "real" not in done.stdout.split("AWS_SECRET_ACCESS_KEY=")[1].split("\n")[0]
    for name in ["AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_ENDPOINT_URL_LAMBDA", "AWS_USE_FIPS_ENDPOINT"]:
        assert name not in said, name
    assert said["AWS_EC2_METADATA_DISABLED"] == "true"
    script = "import boto3; s = boto3.Session(profile_name='prod'); print(s.get_credentials().access_key, s.client('sts').get_caller_identity()['Arn'])"
    done = exec_(sys.executable, "-c", script, **misleading)
    assert done.stdout == "gureum arn:aws:iam::000000000000:root\n", done.stderr


def test_a_key_of_this_server_stays_and_a_12_digit_one_too(exec_, gureum):
    made = json.loads(gureum.cli("--json", "keys", "create", "--account", "222222222222").stdout)["data"]
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    own = dict(AWS_ACCESS_KEY_ID=made["access_key_id"], AWS_SECRET_ACCESS_KEY=made["secret_access_key"])
    assert exec_(sys.executable, "-c", script, **own).stdout == "arn:aws:iam::222222222222:root\n"
    account = dict(AWS_ACCESS_KEY_ID="333333333333", AWS_SECRET_ACCESS_KEY="x")
    assert exec_(sys.executable, "-c", script, **account).stdout == "arn:aws:iam::333333333333:root\n"


def test_a_strict_server_is_reached_with_its_root_key(fresh, tmp_path):
    server = fresh("--strict")
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    for variables in [{}, dict(AWS_ACCESS_KEY_ID=REAL_KEY, AWS_SECRET_ACCESS_KEY="real")]:
        environment = dict(server.environment, GUREUM_ENDPOINT=server.endpoint, **variables)
        done = subprocess.run([BINARY, "exec", sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60)
        assert done.stdout == "arn:aws:iam::000000000000:root\n", done.stderr


SCRIPT_V2 = "new (require('aws-sdk').STS)({region: 'us-east-1'}).getCallerIdentity((error, data) => console.log(error || data.Arn))"


@pytest.mark.parametrize("shell", [["--shell", "bash"], ["--shell", "zsh"], ["--shell", "dotenv"], []])
def test_env_is_read_by_a_shell_whatever_stands_in_it(fresh, tmp_path, shell):
    """A state folder with a space, a quote, a dollar and Korean in it: it stands in most of the variables."""
    folder = tmp_path / "it's 구름 $HOME \"집\""
    server = fresh(folder=folder)
    environment = dict(
        server.environment, GUREUM_ENDPOINT=server.endpoint, NODE_PATH=os.path.join(os.environ["GUREUM_NODE_CLIENTS"], "node_modules"),
        AWS_PROFILE="prod", AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE="1",
    )
    evaluate = 'set -a; eval "$("$0" env "$@" 2>/dev/null)"; set +a; test "$SSL_CERT_FILE" = "$(ls "$XDG_STATE_HOME"/gureum/exec/roots-*)" && node -e "$SCRIPT"'
    done = subprocess.run(["sh", "-c", evaluate, BINARY, *shell], env=dict(environment, SCRIPT=SCRIPT_V2), capture_output=True, text=True, timeout=60)
    assert done.stdout == "arn:aws:iam::000000000000:root\n", done.stderr


def test_env_says_for_each_form_what_is_set_and_what_is_not(gureum, user):
    def env(*words):
        done = subprocess.run([BINARY, *words], env=dict(user, AWS_PROFILE="prod"), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done

    for shell, line in [("bash", "unset AWS_PROFILE"), ("fish", "set -e AWS_PROFILE"), ("pwsh", "Remove-Item Env:AWS_PROFILE -ErrorAction SilentlyContinue")]:
        assert line in env("env", "--shell", shell).stdout.splitlines()
    assert f"$env:AWS_ENDPOINT_URL = '{gureum.endpoint}'" in env("env", "--shell", "pwsh").stdout
    for shell in ["gha", "dotenv"]:
        done = env("env", "--shell", shell)
        assert f"AWS_ENDPOINT_URL={gureum.endpoint}" in done.stdout.splitlines() and "AWS_PROFILE" in done.stderr
    data = json.loads(env("--json", "env").stdout)["data"]
    assert data["AWS_ENDPOINT_URL"] == gureum.endpoint and data["AWS_PROFILE"] is None


def test_a_profile_can_be_written_beside_ones_own(user, gureum, tmp_path):
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text("# mine\n[default]\nregion = eu-west-1\n")
    for keys in [{}, dict(AWS_ACCESS_KEY_ID=REAL_KEY, AWS_SECRET_ACCESS_KEY="real")]:
        done = subprocess.run([BINARY, "env", "--profile"], env=dict(user, **keys), capture_output=True, text=True)
        assert done.returncode == 0 and "--profile gureum" in done.stdout, done.stderr
    assert (tmp_path / ".aws/config").read_text() == (
        f"# mine\n[default]\nregion = eu-west-1\n\n[profile gureum]\nregion = us-east-1\nendpoint_url = {gureum.endpoint}\n"
    )
    assert (tmp_path / ".aws/credentials").stat().st_mode & 0o077 == 0
    assert REAL_KEY not in (tmp_path / ".aws/credentials").read_text(), "a key of AWS is copied nowhere"
    script = "import boto3; print(boto3.Session(profile_name='gureum').client('sts').get_caller_identity()['Arn'])"
    environment = {name: value for name, value in user.items() if not name.startswith(("GUREUM", "AWS"))}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert done.stdout == "arn:aws:iam::000000000000:root\n", done.stderr


class FormerProxy(socketserver.ThreadingTCPServer):
    """A company's proxy: notes what it is asked, and answers plain requests."""

    allow_reuse_address = daemon_threads = True

    def __init__(self):
        self.asked = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                line, headers = self.rfile.readline().decode().strip(), {}
                while (header := self.rfile.readline().decode().strip()):
                    name, value = header.split(":", 1)
                    headers[name.lower()] = value.strip()
                self.server.asked.append((line, headers))
                if line.startswith("CONNECT"):
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                else:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nbehind\n")

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://someone:s%40cret@127.0.0.1:{self.server_address[1]}"


def test_other_hosts_are_reached_through_the_proxy_of_before(exec_):
    with FormerProxy() as former:
        variables = dict(HTTPS_PROXY=former.address, http_proxy=former.address)
        assert exec_("curl", "-sS", "http://other.example/a", **variables).stdout == "behind\n"
        exec_("curl", "-sS", "https://other.example/b", **variables)
        exec_("curl", "-sS", "https://sts.us-east-1.amazonaws.com/", **variables)
        former.shutdown()
    lines = [line for line, _ in former.asked]
    assert lines == ["GET http://other.example/a HTTP/1.1", "CONNECT other.example:443 HTTP/1.1"], "AWS's names do not get there"
    for _, headers in former.asked:
        assert headers["proxy-authorization"] == "Basic " + base64.b64encode(b"someone:s@cret").decode()


def test_the_port_leads_to_no_other_host_without_the_token(gureum, user):
    def status(proxy, url):
        # With `-k`: what is asked is whether there is a way, not who stands at its end.
        words = ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_connect} %{http_code}", "--noproxy", "", "-x", proxy, url]
        return subprocess.run(words, env=user, capture_output=True, text=True, timeout=60).stdout

    token = (gureum.folder / "state/gureum/proxy-token").read_text()
    bare, with_token = gureum.endpoint, gureum.endpoint.replace("://", f"://gureum:{token}@")
    assert status(bare, "https://other.example/") == "407 000"
    assert status(bare, "http://other.example/") == "000 407"
    assert status(bare.replace("://", "://gureum:wrong@"), "https://other.example/") == "407 000"
    for target in ["https://127.0.0.1:22/", "https://localhost:22/", "https://169.254.169.254/", "https://[::1]:22/"]:
        assert status(with_token, target) == "403 000", target
    assert status(with_token, "http://169.254.169.254/latest/meta-data/") == "000 403"
    # The name is resolved here, and does not exist.
    assert status(with_token, "https://no-such-host.invalid/") == "502 000"
    assert status(bare, "https://sts.us-east-1.amazonaws.com/").startswith("200 ")


def test_a_function_behind_a_url_does_not_see_the_token(exec_, gureum, name):
    functions = gureum.client("lambda", key="gureum")
    code = "exports.handler = async (event) => event.headers;"
    functions.create_function(
        FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role="arn:aws:iam::000000000000:role/any", Code={"ZipFile": zipped({"index.js": code})}
    )
    url = functions.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    for action, more in [("lambda:InvokeFunctionUrl", {"FunctionUrlAuthType": "NONE"}), ("lambda:InvokeFunction", {"InvokedViaFunctionUrl": True})]:
        functions.add_permission(FunctionName=name, StatementId=action.split(":")[1], Action=action, Principal="*", **more)
    host = url.split("//")[1].split(".")[0] + ".lambda-url.us-east-1.on.aws"
    for scheme in ["http", "https"]:
        seen = json.loads(exec_("curl", "-sS", f"{scheme}://{host}/").stdout)
        assert seen["host"] == host and not [header for header in seen if header.startswith("proxy-")], seen
