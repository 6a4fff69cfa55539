"""kill -9 while many clients write: whatever was acknowledged is there after the restart.

GUREUM_KILL_ROUNDS sets the rounds (5 in CI, 100 in `cargo xtask soak`)."""

import base64
import http.client
import itertools
import json
import os
import random
import threading
import time
from pathlib import Path

from conftest import Gureum, eventually, zipped

ROUNDS = int(os.environ.get("GUREUM_KILL_ROUNDS", "5"))
CLIENTS = 64
ACKNOWLEDGED_MIN = 200
ROLE = "arn:aws:iam::000000000000:role/any"
CODE = base64.b64encode(zipped({"index.js": "exports.handler = async (e) => { console.log('event ' + e.id + ' end'); };"})).decode()


class Ledger:
    """What the server has acknowledged, and what it may have done without having said so."""

    def __init__(self):
        self.lock = threading.Lock()
        self.open = self.acknowledged = 0
        self.created, self.descriptions, self.versions, self.events = set(), {}, {}, set()
        self.stop = threading.Event()


class Client(threading.Thread):
    def __init__(self, ledger, endpoint, number, round_number):
        super().__init__(daemon=True)
        self.ledger, self.host = ledger, endpoint.split("//")[1]
        self.names = (f"f-{round_number}-{number}-{n}" for n in itertools.count())
        self.random = random.Random(f"{round_number}/{number}")
        self.connection, self.function, self.failure = None, None, None

    def call(self, method, path, body, headers=()):
        """The answer, or None when the server is gone: then nothing was acknowledged."""
        with self.ledger.lock:
            self.ledger.open += 1
        try:
            self.connection = self.connection or http.client.HTTPConnection(self.host, timeout=30)
            self.connection.request(method, path, json.dumps(body), {"content-type": "application/json", **dict(headers)})
            answer = self.connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection = None
            return None
        finally:
            with self.ledger.lock:
                self.ledger.open -= 1
        if answer.status >= 300 and answer.status != 429:
            self.failure = f"{method} {path}: {answer.status} {content[:300]}"
        with self.ledger.lock:
            self.ledger.acknowledged += answer.status < 300
        return (answer.status, content) if answer.status < 300 else None

    def run(self):
        while not self.ledger.stop.is_set() and self.failure is None:
            self.step()

    def step(self):
        kind = self.random.choice(["create", "update", "update", "publish", "event", "event"])
        if kind == "create" or self.function is None:
            name = next(self.names)
            body = {"FunctionName": name, "Runtime": "nodejs20.x", "Handler": "index.handler", "Role": ROLE, "Code": {"ZipFile": CODE}}
            if self.call("POST", "/2015-03-31/functions", body):
                self.function = name
                with self.ledger.lock:
                    self.ledger.created.add(name)
        elif kind == "update":
            text = f"{self.random.random()}"
            with self.ledger.lock:
                self.ledger.descriptions.setdefault(self.function, []).append(("asked", text))
            if self.call("PUT", f"/2015-03-31/functions/{self.function}/configuration", {"Description": text}):
                with self.ledger.lock:
                    self.ledger.descriptions[self.function].append(("acknowledged", text))
        elif kind == "publish":
            answer = self.call("POST", f"/2015-03-31/functions/{self.function}/versions", {})
            if answer:
                with self.ledger.lock:
                    self.ledger.versions.setdefault(self.function, set()).add(json.loads(answer[1])["Version"])
        else:
            event = f"{self.function}-{self.random.random()}"
            headers = {"x-amz-invocation-type": "Event"}
            if self.call("POST", "/2015-03-31/functions/sink/invocations", {"id": event}, headers.items()):
                with self.ledger.lock:
                    self.ledger.events.add(event)


def function_processes(name):
    """Processes that run the function `name`."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"AWS_LAMBDA_FUNCTION_NAME={name}\0".encode() in environ.read_bytes():
                found.append(environ.parent.name)
        except OSError:
            pass
    return found


def check_state(server, ledger):
    functions = server.client("lambda")
    for name in ledger.created:
        functions.get_function(FunctionName=name)
    for name, history in ledger.descriptions.items():
        last = max((at for at, (kind, _) in enumerate(history) if kind == "acknowledged"), default=None)
        if last is not None:
            # What was asked after the last acknowledged change may have happened too.
            possible = {history[last][1]} | {text for kind, text in history[last:] if kind == "asked"}
            assert functions.get_function_configuration(FunctionName=name)["Description"] in possible, name
    for name, versions in ledger.versions.items():
        pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName=name)
        kept = {version["Version"] for page in pages for version in page["Versions"]}
        assert versions <= kept, (name, versions - kept)


def events_run(server):
    """The ids of the events that have run. A line of the log that is kept is whole."""
    logs = server.client("logs")
    try:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/sink", filterPattern='"event "')
        messages = [event["message"].rstrip("\n") for page in pages for event in page["events"]]
    except logs.exceptions.ResourceNotFoundException:
        return set()
    torn = [message for message in messages if not (message.endswith(" end") and "event f-" in message)]
    assert not torn, torn
    return {message.split("event ")[1].removesuffix(" end") for message in messages}


def check_events(server, ledger):
    missing = lambda: ledger.events - events_run(server)  # noqa: E731
    assert eventually(lambda: not missing(), 60), f"{len(missing())} of {len(ledger.events)} accepted events did not run: {missing()}"


def test_nothing_acknowledged_is_lost_when_the_server_is_killed(tmp_path):
    server = Gureum(tmp_path, "--account-concurrency", "150").start()
    body = dict(FunctionName="sink", Runtime="nodejs20.x", Handler="index.handler", Role=ROLE, Code={"ZipFile": base64.b64decode(CODE)})
    server.client("lambda").create_function(**body)
    open_kills, total = 0, 0
    try:
        for round_number in range(ROUNDS):
            ledger = Ledger()
            clients = [Client(ledger, server.endpoint, number, round_number) for number in range(CLIENTS)]
            for client in clients:
                client.start()
            pause = random.Random(round_number).random() / 20
            assert eventually(lambda: ledger.acknowledged >= ACKNOWLEDGED_MIN or any(c.failure for c in clients), 60)
            time.sleep(pause)  # A moment of its own for every kill, after the condition has been met.
            open_kills += ledger.open > 0
            server.kill()
            ledger.stop.set()
            for client in clients:
                client.join(30)
            failures = [client.failure for client in clients if client.failure]
            assert not failures, failures[:3]
            assert eventually(lambda: not function_processes("sink"), 5), "a function process outlived the server"
            total += ledger.acknowledged
            server.start()
            check_state(server, ledger)
            check_events(server, ledger)
        assert open_kills >= 0.9 * ROUNDS, f"only {open_kills} of {ROUNDS} kills fell while requests were open"
        print(f"\n{ROUNDS} kills, {open_kills} with requests open, {total} acknowledged operations, 0 lost")
    finally:
        server.stop()
