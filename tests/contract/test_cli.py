"""The commands, as a person and as a script would use them."""

import json
import subprocess
import threading
import time

import pytest
from conftest import BINARY, eventually, zipped

ROLE = "arn:aws:iam::000000000000:role/any"
HELLO = "exports.handler = async (event) => { console.log('hello ' + event.name); if (event.fail) throw new Error('asked to'); return event.name; };"


def envelope(done):
    answer = json.loads(done.stdout)
    assert answer["schemaVersion"] == 1 and answer["status"] == ("ok" if done.returncode == 0 else "error")
    return answer


@pytest.fixture
def function(gureum, name):
    gureum.client("lambda").create_function(
        FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped({"index.js": HELLO})}
    )
    return name


@pytest.fixture
def echo(gureum, name):
    code = "exports.handler = async (event) => event;"
    gureum.client("lambda").create_function(
        FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped({"index.js": code})}
    )
    return name


def test_status_says_what_runs_and_how_far_functions_are_isolated(gureum):
    words = gureum.cli("status").stdout
    assert gureum.endpoint in words and "Isolation" in words
    data = envelope(gureum.cli("--json", "status"))["data"]
    assert data["isolation"]["level"] in ("namespaces", "plain") and data["function_network"] in ("none", "host")
    assert data["pid"] == gureum.process.pid and data["durability"] == "durable" and data["access"] == "open"


def test_env_is_ready_to_be_evaluated(gureum):
    script = gureum.cli("env").stdout + "\necho $AWS_ENDPOINT_URL $AWS_REGION"
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True).stdout.split() == [gureum.endpoint, "us-east-1"]
    assert f"set -gx AWS_ENDPOINT_URL '{gureum.endpoint}'" in gureum.cli("env", "--shell", "fish").stdout


def test_invoke_prints_the_answer_and_puts_the_log_beside_it(gureum, function):
    done = gureum.cli("invoke", function, "-d", '{"name":"sy"}')
    assert done.stdout == '"sy"\n' and "hello sy" in done.stderr and "REPORT" in done.stderr
    assert envelope(gureum.cli("--json", "invoke", function, "-d", "-", input='{"name":"구름"}'))["data"]["payload"] == "구름"
    assert gureum.cli("invoke", function, "--async").stdout == "accepted\n"


def test_a_function_that_fails_ends_with_6_and_a_missing_one_with_4(gureum, function):
    failed = gureum.cli("invoke", function, "-d", '{"fail":true}', check=False)
    assert failed.returncode == 6 and "asked to" in failed.stderr and "→" in failed.stderr
    missing = gureum.cli("--json", "invoke", "no-such-function", check=False)
    assert missing.returncode == 4 and envelope(missing)["error"]["code"] == "ResourceNotFoundException"
    unseen = gureum.cli("logs", "no-such-function", check=False)
    assert unseen.returncode == 4 and "first invocation" in unseen.stderr


@pytest.mark.parametrize("kind", ["sqs", "sns", "kinesis", "apigw", "apigwv2", "url", "s3", "dynamodb", "eventbridge", "schedule"])
def test_a_function_gets_the_event_that_a_service_sends(gureum, echo, kind):
    data = ["-d", '{"id":"1","name":"루나"}'] if kind != "schedule" else []
    answer = json.loads(gureum.cli("invoke", echo, "--event", kind, *data, "--log", "none").stdout)
    shown = json.loads(gureum.cli("invoke", "--show-event", echo, "--event", kind, *data).stdout)
    keys = lambda value: {k: keys(v) for k, v in value.items()} if isinstance(value, dict) else [keys(v) for v in value] if isinstance(value, list) else None  # noqa: E731
    assert keys(answer) == keys(shown)


def test_the_consumer_of_the_third_post_fails_on_a_real_message_as_it_does_on_aws(gureum, name):
    code = "exports.handler = async (event) => { const body = JSON.parse(event.body); return body; };"
    gureum.client("lambda").create_function(
        FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped({"index.js": code})}
    )
    failed = gureum.cli("invoke", name, "--event", "sqs", "-d", '{"input":1}', "--with", "queue=jobs", check=False)
    assert failed.returncode == 6 and "SyntaxError" in failed.stderr and "is not valid JSON" in failed.stderr


def test_a_record_for_each_data_and_a_wrong_part_is_told(gureum, echo):
    records = json.loads(gureum.cli("invoke", echo, "--event", "kinesis", "-d", "a", "-d", "b", "--with", "stream=s").stdout)["Records"]
    assert [record["kinesis"]["data"] for record in records] == ["YQ==", "Yg=="]
    wrong = gureum.cli("invoke", echo, "--event", "sqs", "--with", "topic=x", check=False)
    assert wrong.returncode == 2 and "queue, attribute.NAME" in wrong.stderr
    assert gureum.cli("invoke", echo, "-d", "1", "-d", "2", check=False).returncode == 2


def test_logs_shows_what_was_said_and_follows_what_is_said_next(gureum, function):
    gureum.cli("invoke", function, "-d", '{"name":"first"}')
    assert eventually(lambda: "hello first" in gureum.cli("logs", function).stdout)
    environment = dict(gureum.environment, GUREUM_ENDPOINT=gureum.endpoint)
    follower = subprocess.Popen([BINARY, "logs", "-f", function], env=environment, stdout=subprocess.PIPE)
    seen = bytearray()
    reader = threading.Thread(target=lambda: [seen.extend(line) for line in follower.stdout], daemon=True)
    reader.start()
    try:

        def followed():
            gureum.cli("invoke", function, "-d", '{"name":"second"}')
            return b"hello second" in seen

        assert eventually(followed), seen
    finally:
        follower.kill()
        follower.wait()
        reader.join()


def test_wait_returns_when_the_server_is_ready_and_gives_up_in_time(gureum):
    assert gureum.cli("wait").stdout == "ready\n"
    gone = subprocess.run([BINARY, "--endpoint", "http://127.0.0.1:9", "wait", "--timeout", "1"], capture_output=True, text=True, env=gureum.environment)
    assert gone.returncode == 5
    absent = subprocess.run([BINARY, "--endpoint", "http://127.0.0.1:9", "status"], capture_output=True, text=True, env=gureum.environment)
    assert absent.returncode == 3 and "gureum up -d" in absent.stderr


def test_a_wrong_option_is_told_with_the_fix(gureum, tmp_path):
    for flags, words in [
        (["--account", "12"], "12 digits"),
        (["--listen", "nowhere"], "IP:PORT"),
        (["--listen", "0.0.0.0:0", "--sandbox-any-key"], "loopback"),
    ]:
        done = subprocess.run([BINARY, "up", "--data", str(tmp_path), *flags], capture_output=True, text=True, env=gureum.environment)
        assert done.returncode == 2 and words in done.stderr, done.stderr


def test_a_taken_port_and_a_taken_folder_name_their_process(gureum, tmp_path):
    port = gureum.endpoint.rsplit(":", 1)[1]
    done = subprocess.run([BINARY, "up", "--port", port, "--data", str(tmp_path)], capture_output=True, text=True, env=gureum.environment)
    assert done.returncode == 1 and f"process {gureum.process.pid} (gureum)" in done.stderr
    done = subprocess.run([BINARY, "up", "--port", "0", "--data", str(gureum.folder / "data")], capture_output=True, text=True, env=gureum.environment)
    assert done.returncode == 1 and str(gureum.process.pid) in done.stderr


def test_up_in_the_background_and_down(gureum, tmp_path):
    environment = dict(gureum.environment, XDG_STATE_HOME=str(tmp_path / "state"))
    run = lambda *args: subprocess.run([BINARY, *args], capture_output=True, text=True, env=environment, timeout=30)  # noqa: E731
    up = run("up", "-d", "--port", "0", "--data", str(tmp_path / "data"))
    assert up.returncode == 0 and "Endpoint" in up.stdout, up.stderr
    try:
        assert run("status").returncode == 0
    finally:
        began = time.monotonic()
        assert "stopped process" in run("down").stdout
    assert time.monotonic() - began < 3
    assert run("down").stdout == "no server is running\n"


@pytest.mark.parametrize("durability", ["durable", "memory"])
def test_an_ephemeral_server_leaves_nothing(gureum, tmp_path, durability):
    environment = dict(gureum.environment, XDG_STATE_HOME=str(tmp_path / "state"), TMPDIR=str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    run = lambda *args: subprocess.run([BINARY, *args], capture_output=True, text=True, env=environment, timeout=30)  # noqa: E731
    assert run("up", "-d", "--port", "0", "--ephemeral", "--durability", durability).returncode == 0
    run("down")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_root_keys_come_and_go(gureum):
    made = envelope(gureum.cli("--json", "keys", "create", "--account", "333333333333"))["data"]
    assert made["access_key_id"].startswith("AKIA") and len(made["secret_access_key"]) == 40
    listed = envelope(gureum.cli("--json", "keys", "list", "--account", "333333333333"))["data"]
    assert listed["access_key_ids"] == [made["access_key_id"]]
    sts = gureum.client("sts", key=made["access_key_id"], secret=made["secret_access_key"])
    assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::333333333333:root"


def test_reset_forgets_everything_and_the_server_goes_on(fresh, name):
    server = fresh()
    settings = dict(FunctionName=name, Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Code={"ZipFile": zipped({"index.js": HELLO})})
    for _ in range(2):
        server.client("lambda").create_function(**settings)
        server.client("lambda").invoke(FunctionName=name, Payload=b'{"name":"x"}')
        server.client("iam").create_user(UserName="someone")
        server.cli("reset")
        assert server.client("lambda").list_functions()["Functions"] == []
        assert server.client("iam").list_users()["Users"] == []
        assert server.client("logs").describe_log_groups()["logGroups"] == []
        assert json.loads(server.cli("--json", "status").stdout)["data"]["environments"] == 0


def test_reset_needs_open_access(fresh):
    server = fresh("--strict")
    assert server.cli("reset", check=False).returncode == 1


def test_what_runs_is_listed_with_what_is_missing(gureum):
    listed = envelope(gureum.cli("--json", "runtime", "list"))["data"]["runtimes"]
    states = {entry["runtime"]: entry["state"] for entry in listed}
    assert states["nodejs20.x"] == states["provided.al2023"] == "ready"
    assert states["nodejs22.x"] in ("ready", "fetchable")
    assert "provided.al2023" in gureum.cli("runtime", "ls").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script(gureum, shell):
    assert "gureum" in gureum.cli("completion", shell).stdout
