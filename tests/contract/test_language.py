"""Everything that a person reads, in Korean; everything that a program reads, the same in every language."""

import json
import re
import subprocess
import unicodedata

import pytest
from conftest import BINARY

HANGUL = re.compile("[가-힣]")


def width(text):
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


@pytest.fixture
def korean(gureum, tmp_path):
    def run(*words, **variables):
        environment = dict(gureum.environment, XDG_STATE_HOME=str(tmp_path / "state"), LC_ALL="ko_KR.UTF-8", GUREUM_PORT="0", **variables)
        del environment["GUREUM_LANG"]
        return subprocess.run([BINARY, *words], capture_output=True, text=True, env=environment, timeout=60)

    return run


def test_the_locale_and_the_flag_choose_the_language(gureum, korean):
    absent = ("--endpoint", "http://127.0.0.1:9", "status")
    assert "응답하는 서버가 없습니다" in korean(*absent).stderr
    assert "no server answers" in korean("--lang", "en", *absent).stderr
    assert "응답하는 서버가 없습니다" in gureum.cli("--lang=ko", *absent, check=False).stderr


@pytest.mark.parametrize("command", [[], ["up"], ["invoke"], ["logs"], ["keys", "create"], ["runtime"], ["time", "advance"], ["doctor"], ["completion"]])
def test_help_is_korean_throughout(korean, command):
    shown = korean(*command, "--help")
    assert shown.returncode == 0 and "사용법:" in shown.stdout
    assert not re.search(r"Usage:|Options:|Commands:|Arguments:|Print |\[default|\[possible", shown.stdout)
    assert all(width(line) <= 100 for line in shown.stdout.splitlines())


@pytest.mark.parametrize(
    "words, told",
    [
        (["invok"], "invoke"), (["invoke"], "<FUNCTION>"), (["env", "--shell", "csh"], "bash"), (["wait", "--timeout"], "--timeout"),
        (["up", "--port", "x"], "--port"), (["up", "--port", "1", "--listen", "127.0.0.1:1"], "--listen"), (["status", "--nothing"], "--nothing"),
        (["up", "--account", "12"], "12"), (["time", "advance", "soon"], "soon"), (["logs"], "gureum logs"), (["invoke", "f", "-d", "{"], "JSON"),
        (["invoke", "f", "-d", "@/none"], "/none"), (["--endpoint", "https://x", "status"], "http://"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_command_is_told_in_korean_with_what_to_do(korean, words, told):
    done = korean(*words)
    assert done.returncode in (1, 2) and done.stdout == ""
    assert done.stderr.startswith("오류:") and HANGUL.search(done.stderr) and told in done.stderr, done.stderr
    if done.returncode == 2:
        assert "→" in done.stderr
    as_json = json.loads(korean("--json", *words).stdout)
    assert as_json["status"] == "error" and as_json["error"]["code"] in ("Usage", "Failed")


def test_the_panel_and_status_align_with_korean_letters(korean, tmp_path):
    up = korean("up", "-d", "--data", str(tmp_path / "data"))
    try:
        assert up.returncode == 0 and "엔드포인트" in up.stdout and "만에 준비되었습니다" in up.stdout, up.stderr
        status = korean("status").stdout
        assert "엔드포인트" in status and "실행 환경" in status
        for shown in (up.stdout, status):
            rows = [line for line in shown.splitlines() if line.startswith("  ") and re.search(r"\S  +\S", line)]
            columns = {width(re.match(r"  \S+(?: \S+)*  +", line).group()) for line in rows if not line.startswith("  gureum") and "eval" not in line}
            assert len(columns) == 1, shown
    finally:
        assert "멈췄습니다" in korean("down").stdout


def test_doctor_speaks_korean_and_its_data_is_the_same(korean):
    words, data = korean("doctor").stdout, json.loads(korean("--json", "doctor").stdout)["data"]
    assert "정상" in words and {f["level"] for f in data["findings"]} <= {"ok", "note", "warning", "problem"}
    starts = {width(re.match(r"\S+ +\S+ +", line).group()) for line in words.splitlines() if not line.startswith(" ")}
    assert len(starts) == 1, words


def test_errors_of_the_wire_are_english_whatever_the_language(gureum, korean):
    done = korean("--json", "--endpoint", gureum.endpoint, "invoke", "no-such-function")
    assert done.returncode == 4 and json.loads(done.stdout)["error"]["message"].startswith("Function not found: arn:aws:lambda")
