"""TCP ports for servers that must be told one, and may be stopped and started again on it."""

import itertools
import os
import socket
from collections.abc import Iterator
from pathlib import Path

_FIRST = 10_000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def _candidates() -> Iterator[int]:
    """Ports that the kernel gives to nobody by itself, each run from another one on.

    Of those it does give away a client could get the port of a server that is down for a moment.
    """
    end = int(_EPHEMERAL.read_text().split()[0]) if _EPHEMERAL.exists() else 32_768
    ports = list(range(_FIRST, end)) or list(range(1024, end))
    start = os.getpid() * 97 % len(ports)
    return itertools.cycle(ports[start:] + ports[:start])


_ports = _candidates()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that is free, and was not given out lately."""
    for port in _ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("a cycle has no end")
