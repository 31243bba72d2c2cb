"""Free ports, and waiting until a started server listens."""

import atexit
import contextlib
import itertools
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

_PATIENCE_S = 90
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


class NotStarted(Exception):
    """A server ended or stayed silent; the text says so and shows the end of its log."""


def _candidates() -> Iterator[int]:
    """Ports that the kernel gives to nobody by itself; each process begins at another one.

    One that it does give away could become the near end of somebody's connection, even of a
    connection to that very port, while the server it is meant for is not up.
    """
    end = int(_EPHEMERAL.read_text().split()[0]) if _EPHEMERAL.exists() else 32_768
    ports = list(range(10_000, end)) or list(range(1024, end))
    start = os.getpid() * 97 % len(ports)
    return itertools.cycle(ports[start:] + ports[:start])


_ports = _candidates()
_claims = contextlib.ExitStack()
atexit.register(_claims.close)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now.

    No process that asks here is given the port again while this one lives: the UDP port of the same
    number is kept as the mark, which leaves the TCP port to the server it is meant for.
    """
    return next(port for port in _ports if _claim(port))


def _claim(port: int) -> bool:
    with contextlib.ExitStack() as undo:
        mark = undo.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        try:
            mark.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        _claims.enter_context(undo.pop_all())
    return True


def wait_until_open(port: int, child: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the port takes connections. Raises NotStarted."""
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if child.poll() is not None:
            raise NotStarted(f"The server ended with status {child.returncode}: {_tail(log)}")
        time.sleep(0.05)
    raise NotStarted(f"The server did not listen within {_PATIENCE_S} s: {_tail(log)}")


def _tail(log: Path) -> str:
    try:
        return log.read_text(encoding="utf-8", errors="replace")[-800:].strip()
    except OSError:
        return "(no log)"
