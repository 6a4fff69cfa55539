"""Leads connections to AWS's names to gureum, at the socket: whatever speaks over it keeps the host, the port and the TLS
server name that it knows, and nothing of any SDK is patched.

The place is in GUREUM_TURN: `host:port`, the host an IP address. With a certificate in GUREUM_CA (PEM, the text itself)
TLS to AWS's names trusts it besides what it trusts anyway.
"""

import os
import sys

# kernel::AWS_SUFFIXES
SUFFIXES = ("amazonaws.com", "on.aws", "api.aws", "localhost.localstack.cloud")


def _is_aws(host):
    if isinstance(host, (bytes, bytearray)):
        host = host.decode("ascii", "replace")
    if not isinstance(host, str):
        return False
    name = host.lower()
    name = name[:-1] if name.endswith(".") else name
    return any(name == suffix or name.endswith("." + suffix) for suffix in SUFFIXES)


def _turn_sockets(socket, place):
    getaddrinfo = socket.getaddrinfo

    def turned_getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
        if _is_aws(host):
            host, port = place
        return getaddrinfo(host, port, family, type, proto, flags)

    def turned(connect):
        def turned_connect(self, address):
            named = isinstance(address, tuple) and len(address) > 1 and _is_aws(address[0])
            return connect(self, place if named else address)

        return turned_connect

    socket.getaddrinfo = turned_getaddrinfo
    socket.socket.connect = turned(socket.socket.connect)
    socket.socket.connect_ex = turned(socket.socket.connect_ex)


def _trust(ssl, authority):
    """Only contexts that speak to AWS's names, when they do: one that brings roots of its own keeps them."""
    from weakref import WeakSet

    trusting = WeakSet()

    def turned(wrap, position):
        def turned_wrap(self, *args, **named):
            name = named.get("server_hostname", args[position] if len(args) > position else None)
            if _is_aws(name) and self not in trusting:
                self.load_verify_locations(cadata=authority)
                trusting.add(self)
            return wrap(self, *args, **named)

        return turned_wrap

    context = ssl.SSLContext
    # Positions of server_hostname, as ssl.py declares them.
    context.wrap_socket = turned(context.wrap_socket, 4)
    context.wrap_bio = turned(context.wrap_bio, 3)


class _Turner:
    """Finds a module as it would be found anyway, and turns it when it has been loaded: a start that opens no connection
    pays for neither module."""

    def __init__(self, turns):
        self.turns = turns

    def find_spec(self, name, path=None, target=None):
        if name not in self.turns:
            return None
        turn = self.turns.pop(name)
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            turn(module)

        spec.loader.exec_module = exec_module
        return spec


def install():
    """Takes what it was told out of the environment, so that a function does not see it."""
    place = os.environ.pop("GUREUM_TURN", "")
    authority = os.environ.pop("GUREUM_CA", "")
    if not place:
        return
    host, _, port = place.rpartition(":")
    place = (host.strip("[]"), int(port))
    turns = {"socket": lambda socket: _turn_sockets(socket, place)}
    if authority:
        turns["ssl"] = lambda ssl: _trust(ssl, authority)
    for name in [name for name in turns if name in sys.modules]:
        turns.pop(name)(sys.modules[name])
    sys.meta_path.insert(0, _Turner(turns))
