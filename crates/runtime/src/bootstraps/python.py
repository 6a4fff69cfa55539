"""Starts AWS's runtime client for Python as it was published.

Its one native part, `runtime_client`, speaks HTTP from C++; here the same calls go over two pipes: events come in on
descriptor 3, answers leave on descriptor 4.
"""

import json
import os
import struct
import sys
import types

import turn

EVENTS, ANSWERS, TELEMETRY = 3, 4, 5
NEXT, RESPONSE, ERROR = 1, 2, 3
PREFIX = struct.Struct(">III")


def _receive(length):
    parts = []
    while length:
        part = os.read(EVENTS, min(length, 1 << 20))
        if not part:
            raise RuntimeError("Failed to get next invocation, the platform is gone")
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _send(kind, head, body):
    encoded = json.dumps(head).encode() if head else b""
    frame = memoryview(PREFIX.pack(kind, len(encoded), len(body)) + encoded + body)
    while frame:
        frame = frame[os.write(ANSWERS, frame) :]


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode("utf-8")


def _next():
    _send(NEXT, None, b"")
    _, head, body = PREFIX.unpack(_receive(PREFIX.size))
    headers = {name.title(): value for name, value in json.loads(_receive(head)).items()}
    headers["Lambda-Runtime-Deadline-Ms"] = int(headers["Lambda-Runtime-Deadline-Ms"])
    headers["Content-Type"] = "application/json"
    return _receive(body), headers


def _post_invocation_result(invoke_id, result, content_type, invocation_id=None):
    _send(RESPONSE, {"id": invoke_id, "type": content_type}, _bytes(result))


def _post_error(invoke_id, error, xray, invocation_id=None):
    _send(ERROR, {"id": invoke_id, "xray": xray}, _bytes(error))


def _layers():
    """Where layers bring modules: /opt, or in a plain process the folders of the layers themselves."""
    places = [place for place in os.environ.pop("GUREUM_LAYERS", "").split(":") if place] or ["/opt"]
    packages = f"python/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    return [os.path.join(place, below) for place in places for below in (packages, "python")]


def main():
    for descriptor in (EVENTS, ANSWERS, TELEMETRY):
        os.set_inheritable(descriptor, False)
    # Python sets LC_CTYPE by itself where the host lacks the locale that LANG names; AWS's older images have it.
    with open("/proc/self/environ", "rb") as given:
        if not any(entry.startswith(b"LC_CTYPE=") for entry in given.read().split(b"\0")):
            os.environ.pop("LC_CTYPE", None)
    client = types.ModuleType("runtime_client")
    client.initialize_client = lambda user_agent: None
    client.next = _next
    client.post_invocation_result = _post_invocation_result
    client.post_error = _post_error
    sys.modules["runtime_client"] = client
    # In front stands the folder of this file. A function may have a module of the same name as one of ours.
    here = sys.path[0]
    sys.path[:1] = [os.getcwd(), *_layers(), here]
    turn.install()
    del sys.modules["turn"]

    from awslambdaric.__main__ import main as run

    run(["bootstrap", os.environ["_HANDLER"]])


main()
