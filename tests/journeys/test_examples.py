"""Each folder of examples/ is run as its README says, in a copy of it: every `sh` block, and what the `text` block after it shows."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from conftest import BINARY, eventually

EXAMPLES = os.path.join(os.path.dirname(__file__), "../../examples")
FOLDERS = sorted(entry.name for entry in os.scandir(EXAMPLES) if entry.is_dir())
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.M | re.S)


def blocks(example, readme):
    return BLOCK.findall(open(os.path.join(EXAMPLES, example, readme), encoding="utf-8").read())


def shows(output, expected):
    """Whether every expected line is in the output, in this order; `…` stands for anything."""
    lines = iter(line.rstrip() for line in output.splitlines())
    patterns = [".*".join(map(re.escape, line.rstrip().split("…"))) for line in expected.splitlines() if line.strip()]
    return all(any(re.fullmatch(pattern, line) for line in lines) for pattern in patterns)


@pytest.fixture
def shell(gureum, tmp_path):
    """A person's shell with `gureum` and the clients on its PATH, and nothing running yet."""
    tools = tmp_path / "bin"
    tools.mkdir()
    os.symlink(BINARY, tools / "gureum")
    environment = dict(
        gureum.environment, HOME=str(tmp_path), XDG_STATE_HOME=str(tmp_path / "state"), XDG_DATA_HOME=str(tmp_path / "data"), GUREUM_PORT="0",
        PATH=os.pathsep.join([str(tools), os.path.dirname(sys.executable), os.environ["PATH"]]),
    )

    def run(script, folder):
        return subprocess.run(["bash", "-ec", script], cwd=folder, env=environment, capture_output=True, text=True, timeout=100)

    yield run
    subprocess.run([BINARY, "down"], env=environment, capture_output=True)


@pytest.mark.parametrize("example", FOLDERS)
def test_an_example_runs_as_its_readme_says(example, shell, tmp_path):
    folder = tmp_path / example
    shutil.copytree(os.path.join(EXAMPLES, example), folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    if (folder / "package.json").exists():
        # What `npm install` would fetch, in the versions that the tests have already.
        os.symlink(os.path.join(os.environ["GUREUM_NODE_CLIENTS"], "node_modules"), folder / "node_modules")
    steps = blocks(example, "README.md")
    for at, (kind, script) in enumerate(steps):
        if kind != "sh":
            continue
        expected = steps[at + 1][1] if steps[at + 1 : at + 2] and steps[at + 1][0] == "text" else ""
        script = "\n".join(line for line in script.splitlines() if line != "npm install")
        done = shell(script, folder)
        if "gureum logs" in script or "gureum queue ls" in script or "aws cloudwatch" in script:
            # Logs, counts and metrics follow the answer by a moment.
            eventually(lambda: shows((done := shell(script, folder)).stdout, expected))
            done = shell(script, folder)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        assert shows(done.stdout, expected), f"{script}\nshows\n{done.stdout}{done.stderr}\nnot\n{expected}"


@pytest.mark.parametrize("example", FOLDERS)
def test_its_korean_readme_says_the_same_commands(example):
    assert blocks(example, "README.ko.md") == blocks(example, "README.md")
