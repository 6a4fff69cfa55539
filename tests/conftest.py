"""The real binary on a free port with its own data folder, and real clients for it."""

import io
import os
import re
import signal
import subprocess
import time
import uuid
import zipfile

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

BINARY = os.path.abspath(os.environ.get("GUREUM_BIN", "target/debug/gureum"))
ACCOUNT = "000000000000"


class Gureum:
    """A running server. `stop` ends it as a user would, `kill` as a power cut would, `start` brings it back."""

    # What starts the server: another user, or a host with other rules.
    prefix = ()

    def __init__(self, folder, *flags):
        self.folder, self.flags, self.process = folder, flags, None
        self.environment = dict(
            os.environ, XDG_STATE_HOME=str(folder / "state"), XDG_DATA_HOME=str(folder / "data-home"), HOME=str(folder)
        )
        # Runtimes and clients are shared by every test: fetched once.
        self.environment.setdefault("XDG_CACHE_HOME", os.path.join(os.path.expanduser("~"), ".cache"))
        for name in [n for n in self.environment if n.startswith(("AWS_", "GUREUM_"))]:
            del self.environment[name]
        # Tests read what the program says: in one language, whatever this machine's is.
        self.environment["GUREUM_LANG"] = "en"

    def start(self):
        self.log = open(self.folder / "server.log", "ab")
        address = () if "--listen" in self.flags else ("--port", "0")
        command = [*self.prefix, BINARY, "up", *address, "--data", str(self.folder / "data"), *self.flags]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.log, env=self.environment, cwd=self.folder, text=True
        )
        seen = []
        for line in self.process.stdout:
            seen.append(line)
            found = re.search(r"Endpoint\s+(https?://\S+)", line)
            if found:
                self.endpoint = found.group(1)
            if line.strip() == "Ready.":
                return self
        raise AssertionError(f"the server did not get ready: {''.join(seen)}{self.errors()}")

    def errors(self):
        return (self.folder / "server.log").read_text(errors="replace")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)

    def cli(self, *args, check=True, input=None):
        done = subprocess.run(
            [BINARY, *args],
            env=dict(self.environment, GUREUM_ENDPOINT=self.endpoint),
            cwd=self.folder,
            capture_output=True,
            text=True,
            input=input,
            timeout=60,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"gureum {' '.join(args)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def client(self, service, region="us-east-1", key="test", secret="test", token=None, **config):
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"max_attempts": 0}, read_timeout=60, **config),
        )


ROLE = "arn:aws:iam::000000000000:role/worker"
ECHO = "exports.handler = async (event) => event;\n"


@pytest.fixture(scope="session")
def gureum(tmp_path_factory):
    server = Gureum(tmp_path_factory.mktemp("gureum")).start()
    yield server
    server.stop()
    unexpected = [line for line in server.errors().splitlines() if re.search(r"\b(ERROR|WARN)\b", line)]
    assert not unexpected, "the server logged what a human must look at:\n" + "\n".join(unexpected)


@pytest.fixture
def fresh(tmp_path):
    """Makes servers of one's own: fresh("--strict"). Each is stopped at the end."""
    made = []

    def make(*flags, folder=None):
        folder = folder or tmp_path / f"server-{len(made)}"
        folder.mkdir(exist_ok=True)
        server = Gureum(folder, *flags).start()
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def client(gureum):
    return gureum.client


@pytest.fixture
def name():
    """A name that no other test uses."""
    return "t-" + uuid.uuid4().hex[:12]


@pytest.fixture
def awslambda(client):
    return client("lambda")


@pytest.fixture
def function(awslambda, name):
    """Makes functions; the first is called `name`."""
    made = []

    def make(source=ECHO, suffix="", **more):
        request = {
            "FunctionName": name + suffix,
            "Runtime": "nodejs20.x",
            "Role": ROLE,
            "Handler": "index.handler",
            "Code": {"ZipFile": zipped({"index.js": source})},
        }
        made.append(name + suffix)
        return awslambda.create_function(**{**request, **more})

    yield make
    for each in made:
        try:
            awslambda.delete_function(FunctionName=each)
        except awslambda.exceptions.ResourceNotFoundException:
            pass


def refused(call, **request):
    """(code, status, message) of a call that must fail."""
    with pytest.raises(ClientError) as failure:
        call(**request)
    answer = failure.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


def zipped(files, mode=0o644):
    """A zip archive of {name: text}."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            info = zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0))
            info.external_attr = mode << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def eventually(probe, seconds=20):
    """The first true answer of `probe`, asked again until `seconds` have passed."""
    end = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.02)
