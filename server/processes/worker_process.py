"""One worker as a child process: the parent's handle, and the code that the child runs.

A socket connects parent and child. The parent sends one line of JSON: the settings with their
secrets, which this way are in no file and on no command line. The child answers `{"ready": url}`.
When the parent dies, for whatever reason, the child reads the end of the stream and stops.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
from dataclasses import dataclass, field
from typing import Any, Self

from server.background.repeating import Errands
from server.house import HOUSE
from server.processes.controlled_child import start_controlled
from server.settings import Settings
from server.settings.pages import plain
from server.telemetry import logs

_ORDERS_BYTES_MAX = 1_048_576
# An orphaned worker has no supervisor and perhaps no Redis, so its drain is short.
_ORPHAN_S_MAX = 2.0


@dataclass
class WorkerProcess:
    """The parent's handle on a child. `close` kills the child if it still runs."""

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
        """Start a child and send it its settings. Raises OSError."""
        child, reader, writer = await start_controlled("worker")
        orders = {"settings": plain(settings), "redis_url": redis_url, "worker_id": worker_id}
        writer.write(json.dumps(orders).encode() + b"\n")
        return cls(child, reader, writer)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    async def ready(self) -> str | None:
        """Wait until the child takes viewers; return its base URL, None if it ended first."""
        return await asyncio.shield(self._ready)

    async def wait(self) -> int:
        """Wait for the child's end; return its exit status, or the negative signal number."""
        return await self._child.wait()

    def ask_to_stop(self) -> None:
        """Ask the child to drain and end."""
        self.asked_to_stop = True
        with contextlib.suppress(ProcessLookupError):
            self._child.terminate()

    def kill(self) -> None:
        """Kill the child."""
        with contextlib.suppress(ProcessLookupError):
            self._child.kill()

    def close(self) -> None:
        """Release the child's resources; kill it if it still runs."""
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


async def run_child(control_fd: int) -> None:
    """Run a child: read the settings, serve, end when asked or when the parent is gone."""
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
    # Ctrl-C reaches every process of the terminal; only the parent acts on it.
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    loop.add_signal_handler(signal.SIGHUP, lambda: None)
    watch = Errands("parent watch")
    watch.start(_until_parent_is_gone(reader, stop))
    from server.app import run_worker
    from server.processes.collector import Collector
    from server.telemetry.metrics import Metrics

    def say_ready(url: str) -> None:
        writer.write(json.dumps({"ready": url}).encode() + b"\n")

    metrics = Metrics()
    try:
        with Collector(metrics):
            await run_worker(
                settings,
                redis_url=str(orders["redis_url"]),
                worker_id=worker_id,
                stop=stop,
                on_ready=say_ready,
                metrics=metrics,
            )
    finally:
        await watch.aclose()
        writer.close()


async def _until_parent_is_gone(reader: asyncio.StreamReader, stop: asyncio.Event) -> None:
    with contextlib.suppress(Exception):  # on any error the worker ends: its parent may be gone
        await reader.read()
    stop.set()
    asyncio.get_running_loop().call_later(_ORPHAN_S_MAX, os._exit, 1)
