"""Worker processes that share one port: keeps them alive, replaces them one by one, stops them."""

import asyncio
import contextlib
import logging
import secrets
import socket
import time
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self

from server.background.repeating import Errands, Repeating, end_all
from server.processes.worker_process import WorkerProcess
from server.settings import Settings

log = logging.getLogger(__name__)

_BACK_OFF_S = (0.1, 10.0)
"""The first and the longest pause before a worker that died is started again."""


class WorkerFailed(Exception):
    """A worker can't start; its own error message says why."""


def new_instance() -> str:
    """Return a first part for worker ids that no other server on the same Redis has."""
    return secrets.token_hex(3)


class WorkerPool:
    """Runs `server.workers` child processes on one port inside this context.

    A worker that dies is replaced after a pause, which grows while workers keep dying. Entering
    takes the port; it raises OSError if another process has it.
    """

    def __init__(self, settings: Settings, redis_url: str, *, stop_s_max: float) -> None:
        self._settings = settings
        self._redis_url = redis_url
        self._stop_s_max = stop_s_max
        self._instance = new_instance()
        self._running: dict[str, WorkerProcess] = {}
        self._back_off_s: dict[str, float] = {}
        self._replaced: dict[str, asyncio.Event] = {}
        self._started = False
        self._stopping = False
        self._restart: asyncio.Task[None] | None = None
        self._restarts = Errands("rolling restart")
        self._lifetime = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        held = await _hold_port(self._settings)
        self._lifetime.enter_context(held)
        server = self._settings.server.model_copy(update={"port": held.getsockname()[1]})
        self._settings = self._settings.model_copy(update={"server": server})
        self._lifetime.push_async_callback(self._stop_all)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._lifetime.aclose()

    @property
    def worker_pids(self) -> dict[str, int]:
        """Return the process id of each running worker, by worker id."""
        return {worker_id: process.pid for worker_id, process in self._running.items()}

    async def keep_workers(self, stop: asyncio.Event, on_ready: Callable[[str], None]) -> None:
        """Keep the workers until `stop`. Raises WorkerFailed if one can't start the first time.

        `on_ready` is called once with the base URL, when all workers take viewers.
        """
        ids = [f"{self._instance}-{n}" for n in range(1, self._settings.server.workers + 1)]
        started = asyncio.create_task(self._start_all(ids))
        stopped = asyncio.create_task(stop.wait())
        keepers: list[Repeating] = []
        try:
            await asyncio.wait([started, stopped], return_when=asyncio.FIRST_COMPLETED)
            if not started.done():
                return
            url = started.result()
            self._started = True
            keepers += [
                Repeating("worker keeper", partial(self._keep, worker_id), back_off_s=_BACK_OFF_S)
                for worker_id in ids
            ]
            for keeper in keepers:
                keeper.start()
            on_ready(url)
            await stopped
        finally:
            self._stopping = True
            await end_all({stopped, started})
            await asyncio.gather(*(keeper.stop() for keeper in keepers))

    def restart_one_by_one(self) -> None:
        """Replace every worker, one at a time: the next only when the last takes viewers again."""
        idle = self._restart is None or self._restart.done()
        if self._started and not self._stopping and idle:
            self._restart = self._restarts.start(self._roll())

    async def _start_all(self, worker_ids: list[str]) -> str:
        try:
            async with asyncio.TaskGroup() as together:
                starting = [together.create_task(self._start(each)) for each in worker_ids]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return starting[0].result()

    async def _start(self, worker_id: str) -> str:
        process = await WorkerProcess.start(self._settings, self._redis_url, worker_id)
        self._running[worker_id] = process
        url = await process.ready()
        if url is None:
            status = await process.wait()
            raise WorkerFailed(
                f"Worker {worker_id} (process {process.pid}) ended with status {status} before it "
                "could take viewers; what it said stands above."
            )
        return url

    async def _keep(self, worker_id: str) -> None:
        """Wait until a worker ends, then start another."""
        since = time.monotonic()
        process = self._running[worker_id]
        status = await process.wait()
        process.close()
        if not process.asked_to_stop:
            lived_s = time.monotonic() - since
            await self._pause(worker_id, process.pid, status, lived_s)
        try:
            await self._start(worker_id)
        except (WorkerFailed, OSError) as error:
            process.asked_to_stop = False
            log.error("%s", error)
        else:
            log.info("Worker %s is now process %d.", worker_id, self._running[worker_id].pid)
            if worker_id in self._replaced:
                self._replaced[worker_id].set()

    async def _pause(self, worker_id: str, pid: int, status: int, lived_s: float) -> None:
        first_s, longest_s = _BACK_OFF_S
        back_off_s = first_s if lived_s > longest_s else self._back_off_s.get(worker_id, first_s)
        self._back_off_s[worker_id] = min(back_off_s * 2, longest_s)
        log.warning(
            "Worker %s (process %d) ended with status %s; starting another in %.1f s.",
            *(worker_id, pid, status, back_off_s),
        )
        await asyncio.sleep(back_off_s)

    async def _roll(self) -> None:
        log.info("Restarting the workers one by one.")
        for worker_id in list(self._running):
            replaced = self._replaced[worker_id] = asyncio.Event()
            await self._stop(self._running[worker_id])
            # The worker's keeper starts the next one; this only waits for it.
            await replaced.wait()
        log.info("All workers have been restarted.")

    async def _stop(self, process: WorkerProcess) -> None:
        process.ask_to_stop()
        try:
            async with asyncio.timeout(self._stop_s_max):
                await process.wait()
        except TimeoutError:
            log.warning("Worker process %d did not end in time; killing it.", process.pid)
            process.kill()
            await process.wait()

    async def _stop_all(self) -> None:
        await self._restarts.aclose()
        try:
            async with asyncio.TaskGroup() as together:
                for process in self._running.values():
                    together.create_task(self._stop(process))
        finally:
            # Runs also after a cancellation in the middle, so that no process is left behind.
            for process in self._running.values():
                process.close()


async def _hold_port(settings: Settings) -> socket.socket:
    """Return a socket that is bound but doesn't listen: it reserves the port for the workers.

    The port is first bound without sharing, so that another server on it is an error instead of a
    silent sharing.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(
        settings.server.host, settings.server.port, type=socket.SOCK_STREAM
    )
    family, _, _, _, address = found[0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        taken = probe.getsockname()
    held = socket.socket(family, socket.SOCK_STREAM)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(taken)
    except BaseException:
        held.close()
        raise
    return held
