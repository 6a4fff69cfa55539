"""`gureum doctor` on machines that are well and on ones that are not."""

import json
import socket
import subprocess
import threading

import pytest
from conftest import BINARY

KEY = "AKIAIOSFODNN7EXAMPLE"


@pytest.fixture
def doctor(gureum, tmp_path):
    """Findings by check, and the exit code, with variables of one's own."""

    def ask(*flags, **variables):
        environment = dict(gureum.environment, XDG_STATE_HOME=str(tmp_path / "state"), GUREUM_PORT="0")
        environment.update(variables)
        done = subprocess.run([BINARY, "--json", "doctor", *flags], capture_output=True, text=True, env=environment, timeout=60)
        answer = json.loads(done.stdout)
        found = {}
        for finding in answer["data"]["findings"]:
            found.setdefault(finding["check"], []).append(finding)
        return found, done.returncode, answer

    return ask


def worst(found, check):
    return max((finding["level"] for finding in found[check]), key=["ok", "note", "warning", "problem"].index)


def test_a_well_machine_is_told_so(gureum, doctor):
    found, code, answer = doctor("--endpoint", gureum.endpoint)
    assert code == 0 and answer["status"] == "ok"
    assert set(found) >= {"server", "port", "space", "disk", "interpreters", "runtimes", "isolation", "clock", "names", "proxy", "target"}
    assert str(gureum.process.pid) in found["server"][0]["what"] and worst(found, "runtimes") in ("ok", "note")
    for findings in found.values():
        for finding in findings:
            assert finding["what"] and (finding["level"] == "ok" or finding.get("fix") or finding["check"] == "clock"), finding


def test_a_taken_port_is_a_problem_and_its_holder_is_named(doctor):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        found, code, answer = doctor(GUREUM_PORT=str(held.getsockname()[1]))
    assert code == 1 and answer["status"] == "error" and answer["error"]["code"] == "ProblemsFound"
    assert found["port"][0]["level"] == "problem" and "python" in found["port"][0]["what"] and "--port" in found["port"][0]["fix"]


def test_a_server_of_somebody_else_is_not_taken_for_ours(doctor):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        held.settimeout(10)
        def hang_up():
            connection, _ = held.accept()
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        found, _, _ = doctor("--endpoint", f"http://127.0.0.1:{held.getsockname()[1]}")
        thread.join()
    assert worst(found, "server") == "warning"


def test_what_would_reach_aws_is_told_and_no_key_is_shown(doctor, tmp_path):
    found, code, answer = doctor(AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY="s3cret", HTTPS_PROXY="http://u:pw@proxy.corp:3128")
    assert code == 0 and worst(found, "target") == "warning" and worst(found, "proxy") == "warning"
    assert "gureum env" in found["target"][0]["fix"]
    assert not any(secret in json.dumps(answer) for secret in (KEY, "s3cret", "pw@"))


def test_settings_that_cannot_be_are_a_problem(doctor):
    for name, value in [("GATEWAY_LISTEN", "here"), ("GUREUM_PORT", "many")]:
        found, code, _ = doctor(**{name: value})
        assert code == 1 and worst(found, "settings") == "problem" and value in found["settings"][0]["what"]


def test_localstacks_variables_are_told_apart(doctor):
    found, code, _ = doctor(LAMBDA_KEEPALIVE_MS="1000", LAMBDA_EXECUTOR="docker")
    assert code == 0
    assert [("LAMBDA_KEEPALIVE_MS" in f["what"], f["level"]) for f in found["localstack"]] == [(True, "ok"), (False, "note")]
    assert "LAMBDA_EXECUTOR" in found["localstack"][1]["what"]


def test_a_data_folder_that_cannot_be_written_is_a_problem(doctor):
    found, code, _ = doctor(GUREUM_DATA="/proc/gureum")
    assert code == 1 and worst(found, "disk") == "problem" and "--data" in found["disk"][0]["fix"]
