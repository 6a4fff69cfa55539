"""What LocalStack's users and tools ask of a server: health, info, init scripts, variables, and the line that says ready."""

import json
import os
import pty
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from conftest import BINARY, Gureum, eventually, zipped


def ask(server, path, method="GET", body=None, host=None):
    """Status, text."""
    request = urllib.request.Request(server.endpoint + path, method=method, data=None if body is None else json.dumps(body).encode())
    if host:
        request.add_header("Host", host)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def told(server, path, **rest):
    status, text = ask(server, path, **rest)
    assert status == 200, text
    return json.loads(text)


@pytest.fixture
def started(tmp_path):
    """Makes servers with variables of their own: started({"DEBUG": "1"}, "--init", folder)."""
    made = []

    def make(variables, *flags):
        folder = tmp_path / f"server-{len(made)}"
        folder.mkdir()
        server = Gureum(folder, *flags)
        server.environment.update(variables)
        made.append(server)
        return server.start()

    yield make
    for server in made:
        server.stop()


def script(folder, path, text):
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(0o755)
    return target


def test_a_service_is_available_and_running_once_it_was_called(fresh):
    server = fresh()
    status, text = ask(server, "/_localstack/health")
    # Scripts grep for exactly this, with the space that Python's JSON has.
    assert status == 200 and '"lambda": "available"' in text and '"edition": "community"' in text
    server.client("lambda").list_functions()
    services = told(server, "/_localstack/health")["services"]
    assert services["lambda"] == "running" and services["iam"] == "available" and "s3" not in services
    assert told(server, "/_localstack/health", host="localhost.localstack.cloud:4566")["services"] == services


def test_eager_loading_says_running_at_once(started):
    server = started({"EAGER_SERVICE_LOADING": "1"})
    assert set(told(server, "/_localstack/health")["services"].values()) == {"running"}


def test_health_shows_what_was_put_there(fresh):
    server = fresh()
    assert told(server, "/_localstack/health", method="PUT", body={"features:initScripts": "initialized"}) == {"status": "OK"}
    assert told(server, "/_localstack/health")["features"] == {"initScripts": "initialized"}
    assert ask(server, "/_localstack/health", method="PUT", body=["x"])[0] == 400


def test_a_session_is_ended_and_started_again_by_a_call(fresh):
    server = fresh()
    port = server.endpoint.rsplit(":", 1)[1]
    server.stop()
    server.flags = ("--port", port)
    command = [BINARY, "up", "--port", port, "--data", str(server.folder / "data")]
    server.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=server.log, env=server.environment, cwd=server.folder, text=True)
    first = eventually(lambda: subprocess.run([BINARY, "--endpoint", server.endpoint, "wait"], env=server.environment).returncode == 0)
    assert first
    server.client("iam").create_user(UserName="kept")
    session = told(server, "/_localstack/info")["session_id"]
    assert ask(server, "/_localstack/health", method="POST", body={"action": "explode"})[0] == 400
    assert ask(server, "/_localstack/health", method="POST", body={"action": "restart"})[0] == 200

    def again():
        try:
            return told(server, "/_localstack/info")["session_id"] != session
        except (urllib.error.URLError, ConnectionError):
            return False

    assert eventually(again) and server.process.poll() is None
    assert [user["UserName"] for user in server.client("iam").list_users()["Users"]] == ["kept"]
    assert ask(server, "/_localstack/health", method="POST", body={"action": "kill"})[0] == 200
    assert server.process.wait(10) == 0


def test_a_session_is_not_ended_where_keys_are_asked_for(fresh):
    server = fresh("--strict")
    assert ask(server, "/_localstack/health", method="POST", body={"action": "kill"})[0] == 403
    assert ask(server, "/_localstack/config")[0] == 403 and ask(server, "/_localstack/health")[0] == 200
    assert server.process.poll() is None


def test_info_config_diagnose_and_plugins_have_localstacks_form(gureum):
    info = told(gureum, "/_localstack/info")
    named = {"version", "edition", "is_license_activated", "session_id", "machine_id", "system", "is_docker", "server_time_utc", "uptime"}
    assert set(info) == named and info["edition"] == "community"
    assert told(gureum, "/_localstack/config")["PERSISTENCE"] is True
    diagnosed = told(gureum, "/_localstack/diagnose")
    assert diagnosed["info"]["session_id"] == info["session_id"] and "lambda" in diagnosed["services"]
    assert told(gureum, "/_localstack/plugins") == {}


def test_runtimes_are_listed_and_filtered(gureum):
    listed = lambda query: set(told(gureum, f"/_aws/lambda/runtimes{query}")["Runtimes"])  # noqa: E731
    assert "nodejs22.x" in listed("") and "nodejs4.3" not in listed("") and listed("?filter=supported") == listed("")
    assert "nodejs4.3" in listed("?filter=deprecated") and listed("?filter=all") == listed("") | listed("?filter=deprecated")
    assert ask(gureum, "/_aws/lambda/runtimes?filter=new")[0] == 400


def test_init_scripts_run_in_order_at_their_moments(started, tmp_path):
    folder, said = tmp_path / "init", tmp_path / "said"
    note = f'echo "$(basename "$0") $AWS_ENDPOINT_URL" >> {said}\n'
    script(folder, "boot.d/boot.sh", "#!/bin/sh\n" + note)
    script(folder, "start.d/start.sh", "#!/bin/sh\n" + note)
    script(folder, "ready.d/20-fails.sh", "#!/bin/sh\necho it said this\nexit 3\n")
    seed = "import boto3\nboto3.client('iam').create_user(UserName='seeded')\n"
    (folder / "ready.d/10-seed.py").write_text(seed)
    (folder / "ready.d/30-not-executable.sh").write_text("#!/bin/sh\n")
    script(folder, "ready.d/40/last.sh", "#!/bin/sh\n" + note)
    script(folder, "shutdown.d/bye.sh", "#!/bin/sh\n" + note)
    path = os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"]
    server = started({"PATH": path}, "--init", str(folder))
    assert server.cli("wait").stdout == "ready\n"
    told_all = told(server, "/_localstack/init")
    assert told_all["completed"] == {"BOOT": True, "START": True, "READY": True, "SHUTDOWN": False}
    ready = told(server, "/_localstack/init/ready")
    assert ready == {
        "completed": True,
        "scripts": [
            {"stage": "READY", "name": "10-seed.py", "state": "SUCCESSFUL"},
            {"stage": "READY", "name": "20-fails.sh", "state": "ERROR"},
            {"stage": "READY", "name": "30-not-executable.sh", "state": "ERROR"},
            {"stage": "READY", "name": "last.sh", "state": "SUCCESSFUL"},
        ],
    }
    assert [user["UserName"] for user in server.client("iam").list_users()["Users"]] == ["seeded"]
    assert ask(server, "/_localstack/init/never")[0] == 404
    server.stop()
    assert said.read_text().split() == [word for name in ["boot.sh", "start.sh", "last.sh", "bye.sh"] for word in (name, server.endpoint)]
    assert "it said this" in server.errors() and "chmod +x" in server.errors()


def test_a_folder_of_the_working_directory_is_not_run_by_itself(tmp_path):
    script(tmp_path / "server", ".gureum/init/ready.d/a.sh", f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    server = Gureum(tmp_path / "server").start()
    try:
        server.cli("wait")
        assert told(server, "/_localstack/init")["scripts"] == [] and not (tmp_path / "ran").exists()
    finally:
        server.stop()


def test_an_init_folder_that_is_not_there_is_told(gureum, tmp_path):
    command = [BINARY, "up", "--port", "0", "--ephemeral", "--init", str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, env=gureum.environment, timeout=30)
    assert done.returncode == 1 and str(tmp_path / "none") in done.stderr


def test_variables_of_localstack_mean_what_they_can_and_the_others_are_named_once(gureum, tmp_path):
    environment = dict(
        gureum.environment, GATEWAY_LISTEN="127.0.0.1:0", PERSISTENCE="0", LAMBDA_KEEPALIVE_MS="1000", LAMBDA_EXECUTOR="docker",
        LOCALSTACK_AUTH_TOKEN="x", LOCALSTACK_HOST="aws.test:4566", XDG_STATE_HOME=str(tmp_path / "state"),
    )
    shown = subprocess.run([BINARY, "--json", "up", "--show-config"], capture_output=True, text=True, env=environment)
    settings = json.loads(shown.stdout)["data"]
    assert settings["listen"] == ["127.0.0.1:0"] and settings["ephemeral"] and settings["hosts"] == ["aws.test"]
    up = subprocess.run([BINARY, "up", "-d"], capture_output=True, text=True, env=environment, timeout=60)
    try:
        assert up.returncode == 0, up.stderr
        assert up.stdout.count("LAMBDA_EXECUTOR, LOCALSTACK_AUTH_TOKEN") == 1
    finally:
        subprocess.run([BINARY, "down"], env=environment, timeout=30)
    wrong = subprocess.run([BINARY, "up"], capture_output=True, text=True, env=dict(environment, GATEWAY_LISTEN="here"))
    assert wrong.returncode == 2 and "GATEWAY_LISTEN" in wrong.stderr


def test_an_idle_environment_ends_after_the_time_that_localstacks_variable_gives(started, name):
    server = started({"LAMBDA_KEEPALIVE_MS": "100"})
    code = {"ZipFile": zipped({"index.js": "exports.handler = async () => 1"})}
    server.client("lambda").create_function(
        FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role="arn:aws:iam::000000000000:role/any", Code=code
    )
    server.client("lambda").invoke(FunctionName=name)
    assert eventually(lambda: json.loads(server.cli("--json", "status").stdout)["data"]["environments"] == 0)


def test_a_pipe_is_told_ready_on_a_line_of_its_own(gureum, tmp_path):
    environment = dict(gureum.environment, XDG_STATE_HOME=str(tmp_path / "state"))
    server = subprocess.Popen([BINARY, "up", "--port", "0", "--ephemeral"], stdout=subprocess.PIPE, text=True, env=environment)
    try:
        seen = ""
        # What testcontainers' LocalStack module waits for.
        while not re.search(r"Ready\.\n", seen):
            line = server.stdout.readline()
            assert line, seen
            seen += line
        endpoint = re.search(r"Endpoint\s+(\S+)", seen).group(1)
        assert urllib.request.urlopen(endpoint + "/_localstack/health", timeout=10).status == 200
    finally:
        server.terminate()
        server.wait(10)


def test_a_terminal_is_not_told_so(gureum, tmp_path):
    environment = dict(gureum.environment, XDG_STATE_HOME=str(tmp_path / "state"))
    outside, inside = pty.openpty()
    server = subprocess.Popen([BINARY, "up", "--port", "0", "--ephemeral"], stdout=inside, env=environment)
    os.close(inside)
    seen, end = b"", time.monotonic() + 20
    while b"Try:" not in seen and time.monotonic() < end:
        seen += os.read(outside, 4096)
    server.terminate()
    assert server.wait(10) == 0
    try:
        seen += os.read(outside, 65536)
    except OSError:
        pass
    os.close(outside)
    assert b"Try:" in seen and b"Ready.\r\n" not in seen


def test_awslocal_runs_unmodified(gureum, name, tmp_path):
    host, port = gureum.endpoint.removeprefix("http://").split(":")
    folder = os.path.dirname(sys.executable)
    environment = {"PATH": folder + ":/usr/bin:/bin", "HOME": str(tmp_path), "LOCALSTACK_HOST": f"{host}:{port}"}

    def awslocal(*words, **more):
        done = subprocess.run([sys.executable, os.path.join(folder, "awslocal"), *words], env={**environment, **more}, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = awslocal("iam", "create-role", "--role-name", name, "--assume-role-policy-document", trust)
    assert made["Role"]["Arn"] == f"arn:aws:iam::000000000000:role/{name}"
    assert "Functions" in awslocal("lambda", "list-functions")
    # An access key of 12 digits is an account.
    other = {"AWS_ACCESS_KEY_ID": "123456789012", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "eu-west-1"}
    assert awslocal("sts", "get-caller-identity", **other)["Account"] == "123456789012"


@pytest.mark.parametrize("host", ["localhost.localstack.cloud", "lambda.localhost.localstack.cloud", "lambda.us-east-1.localhost.localstack.cloud"])
def test_localstacks_host_names_lead_here(gureum, host):
    status, text = ask(gureum, "/2015-03-31/functions", host=f"{host}:4566")
    assert status == 200 and "Functions" in text


def test_queues_come_again_and_are_purged_again_at_once_where_it_is_asked_for(started):
    sqs = started({"SQS_DELAY_RECENTLY_DELETED": "0", "LOCALSTACK_SQS_DELAY_PURGE_RETRY": "0"}).client("sqs")
    for round in range(3):
        url = sqs.create_queue(QueueName="again")["QueueUrl"]
        for text in ("one", "two"):
            sqs.send_message(QueueUrl=url, MessageBody=text)
            sqs.purge_queue(QueueUrl=url)
        sqs.send_message(QueueUrl=url, MessageBody=f"round {round}")
        assert [message["Body"] for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]] == [f"round {round}"]
        sqs.delete_queue(QueueUrl=url)
