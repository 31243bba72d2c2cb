"""Free ports, and waiting until a started server listens."""

import socket
import subprocess
import time
from pathlib import Path

_PATIENCE_S = 30


class NotStarted(Exception):
    """A server ended or stayed silent; the text says so and shows the end of its log."""


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
