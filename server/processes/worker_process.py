"""One worker as a child process: the parent's handle on it, and what the child runs.

The two are joined by a socket. The parent sends one line of JSON (the settings with their
secrets, which so are neither in a file nor on a command line); the child sends `{"ready": url}`
back; and when the parent dies, however it dies, the child reads the end of the stream and stops.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from dataclasses import dataclass, field
from typing import Any, Self

from server.background.repeating import Errands
from server.house import HOUSE
from server.settings import Settings
from server.settings.pages import plain
from server.telemetry import logs

_ORDERS_BYTES_MAX = 1_048_576
# A worker without its parent has no supervisor and perhaps no Redis: it doesn't drain for long.
_ORPHAN_S_MAX = 2.0


@dataclass
class WorkerProcess:
    """The parent's handle. Owns the child's end of life: `close` kills what still runs."""

    _child: asyncio.subprocess.Process
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter
    asked_to_stop: bool = False
    _readings: Errands = field(default_factory=lambda: Errands("worker ready"), init=False)
    _ready: asyncio.Task[str | None] = field(init=False)

    def __post_init__(self) -> None:
        self._ready = self._readings.start(self._read_ready())

    @classmethod
    async def start(cls, settings: Settings, redis_url: str, worker_id: str) -> Self:
        """Start a child and hand it its settings. Raises OSError."""
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_connection(sock=ours)
            # Nothing is awaited after this: a start that is cancelled leaves no child behind.
            try:
                child = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "server"),
                    *("worker", "--control-fd", str(theirs.fileno())),
                    stdin=asyncio.subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                )
            except BaseException:
                writer.close()
                raise
        orders = {"settings": plain(settings), "redis_url": redis_url, "worker_id": worker_id}
        writer.write(json.dumps(orders).encode() + b"\n")
        return cls(child, reader, writer)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    async def ready(self) -> str | None:
        """Wait until the child takes viewers: its base URL, or None if it ended first."""
        return await asyncio.shield(self._ready)

    async def wait(self) -> int:
        """Wait for the end of the child: its exit status, or minus the signal."""
        return await self._child.wait()

    def ask_to_stop(self) -> None:
        """Have it drain and end."""
        self.asked_to_stop = True
        with contextlib.suppress(ProcessLookupError):
            self._child.terminate()

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()

    def close(self) -> None:
        """Let go of it; one that still runs is killed."""
        if self._child.returncode is None:
            self.kill()
        self._ready.cancel()
        self._writer.close()

    async def _read_ready(self) -> str | None:
        try:
            line = await self._reader.readline()
        except OSError:
            return None
        return str(json.loads(line)["ready"]) if line else None


async def run(control_fd: int) -> None:
    """What a child does: read the settings, serve, end when asked or when the parent is gone."""
    reader, writer = await asyncio.open_connection(
        sock=socket.socket(fileno=control_fd), limit=_ORDERS_BYTES_MAX
    )
    orders: dict[str, Any] = json.loads(await reader.readline())
    settings = HOUSE.settings_model.model_validate(orders["settings"])
    worker_id = str(orders["worker_id"])
    logs.set_up(settings.log, worker_id=worker_id)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    # Ctrl-C reaches every process of the terminal; the parent decides what it means.
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    watch = Errands("parent watch")
    watch.start(_until_parent_is_gone(reader, stop))
    from server.app import run_worker

    def say_ready(url: str) -> None:
        writer.write(json.dumps({"ready": url}).encode() + b"\n")

    try:
        await run_worker(
            settings,
            redis_url=str(orders["redis_url"]),
            worker_id=worker_id,
            stop=stop,
            on_ready=say_ready,
        )
    finally:
        await watch.aclose()
        writer.close()


async def _until_parent_is_gone(reader: asyncio.StreamReader, stop: asyncio.Event) -> None:
    with contextlib.suppress(Exception):  # a worker that can't see its parent ends, whatever failed
        await reader.read()
    stop.set()
    asyncio.get_running_loop().call_later(_ORPHAN_S_MAX, os._exit, 1)
