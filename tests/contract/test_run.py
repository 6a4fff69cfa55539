"""`gureum run`: a fresh server for one command, gone with it, and what failed on it."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest
from conftest import BINARY, eventually

FAILING = """
import boto3, io, json, zipfile
def package(text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("index.js")
        info.external_attr = 0o644 << 16
        archive.writestr(info, text)
    return out.getvalue()
functions = boto3.client("lambda")
functions.create_function(FunctionName="unlucky", Runtime="nodejs20.x", Handler="index.handler", Role="arn:aws:iam::000000000000:role/any",
                          Code={"ZipFile": package("exports.handler = async () => { throw new TypeError('no luck') }")})
print(functions.invoke(FunctionName="unlucky")["ResponseMetadata"]["RequestId"])
try:
    boto3.client("ec2").describe_instances()
except Exception as error:
    print(error.response["ResponseMetadata"]["HTTPStatusCode"])
"""


@pytest.fixture
def run(gureum, tmp_path):
    (tmp_path / "tmp").mkdir()
    environment = dict(gureum.environment, HOME=str(tmp_path), TMPDIR=str(tmp_path / "tmp"))

    def run(*words):
        return subprocess.run([BINARY, *words], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    run.environment, run.folder = environment, tmp_path / "tmp"
    return run


def gone(pid):
    return not os.path.exists(f"/proc/{pid}")


def test_the_command_has_a_server_of_its_own_that_leaves_nothing(run, gureum):
    script = "import boto3, json, os; boto3.client('iam').create_user(UserName='alone'); print(os.environ['AWS_ENDPOINT_URL'])"
    ends = set()
    for _ in range(2):
        done = run("run", "--", sys.executable, "-c", script)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        ends.add(done.stdout.strip())
    assert gureum.endpoint not in ends
    assert list(run.folder.iterdir()) == []


@pytest.mark.parametrize("script, code", [("exit 7", 7), ("kill -KILL $$", 137), ("no-such-command", 127)])
def test_its_exit_code_is_the_commands(run, script, code):
    assert run("run", "--", "sh", "-c", script).returncode == code


def test_a_command_that_is_not_there_is_told(run):
    done = run("run", "no-such-command")
    assert done.returncode == 127 and "command not found" in done.stderr
    assert list(run.folder.iterdir()) == []


def test_what_failed_is_told_with_request_ids(run):
    done = run("run", "--", sys.executable, "-c", FAILING)
    assert done.returncode == 0, "the command decides"
    request_id, status = done.stdout.split()
    assert status == "501"
    assert f"gureum: 1 invocation failed\n  {request_id}  unlucky  TypeError: no luck\n" in done.stderr
    assert re.search(r"gureum: 1 request was answered with a 5xx\n  501  [0-9a-f-]{36}  ec2", done.stderr), done.stderr
    done = run("--json", "run", "--", sys.executable, "-c", FAILING + "raise SystemExit(3)")
    assert done.returncode == 3
    data = json.loads(done.stdout.splitlines()[-1])["data"]
    assert data["exitCode"] == 3 and data["failures"]["invocations"]["latest"][0]["type"] == "TypeError"


def test_gureums_own_commands_find_the_server_too(run):
    done = run("run", "-v", "--", "sh", "-c", f"'{BINARY}' status && '{BINARY}' exec -- curl -sS https://sts.us-east-1.amazonaws.com/")
    assert done.returncode == 0 and "Access        open" in done.stdout, done.stderr
    assert re.search(r"gureum: \d+ ms beyond the command, \d+ of them before it", done.stderr)


def test_what_ends_it_is_passed_on_to_the_command(run):
    script = 'trap "exit 9" TERM; echo ready; while :; do sleep 0.05; done'
    running = subprocess.Popen([BINARY, "run", "sh", "-c", script], env=run.environment, stdout=subprocess.PIPE, text=True)
    assert running.stdout.readline() == "ready\n"
    running.send_signal(signal.SIGTERM)
    assert running.wait(10) == 9
    assert list(run.folder.iterdir()) == []


def test_when_it_is_killed_its_server_ends(run):
    script = f"'{BINARY}' --json status; exec sleep 60"
    running = subprocess.Popen([BINARY, "run", "sh", "-c", script], env=run.environment, stdout=subprocess.PIPE, text=True)
    server = json.loads(running.stdout.readline())["data"]["pid"]
    children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(running.pid)], capture_output=True, text=True).stdout.split()
    running.kill()
    running.wait()
    assert eventually(lambda: gone(server))
    for child in children:
        if not gone(child):
            os.kill(int(child), signal.SIGKILL)
