"""`liveroom serve`: the one parent that owns the Redis, the signals and the workers."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from server import auth
from server.settings import Settings
from server.store import client
from server.store.embedded import EmbeddedRedis
from server.worker_pool import WorkerPool, new_instance

log = logging.getLogger(__name__)

# A worker ends its own drain after drain_s; this is for what comes after it.
_GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Serving:
    """What a start ends with: where people reach the server, and its effective settings."""

    url: str
    """The public one, if there is one."""
    local_url: str
    """The address it listens on."""
    settings: Settings


async def serve(settings: Settings, on_ready: Callable[[Serving], None]) -> None:
    """Serve until SIGTERM or SIGINT; a second one stops without the drain.

    `on_ready` is called once, when every worker takes viewers. Raises SettingsError, FolderInUse,
    NoRedisProgram, EmbeddedRedisError, RedisUnusable, WorkerFailed or OSError (the port).
    """
    with _stop_signals() as stop:
        settings, made = await asyncio.to_thread(auth.with_secret, settings)
        if made:
            log.info("Made a development token secret for the data folder %s.", settings.data.dir)
        async with _redis(settings) as redis_url:
            said = settings

            def ready(url: str) -> None:
                on_ready(Serving(said.server.public_url or url, url, said))

            if settings.server.workers == 1:
                await _serve_here(settings, redis_url, stop, ready)
            else:
                await _serve_in_workers(settings, redis_url, stop, ready)


@contextlib.asynccontextmanager
async def _redis(settings: Settings) -> AsyncIterator[str]:
    """The URL of the Redis to use: the configured one, or a private one for as long as needed."""
    if settings.redis.url:
        await client.check(settings.redis.url, settings.redis)
        yield settings.redis.url
        return
    async with EmbeddedRedis(
        Path(settings.data.dir),
        server_path=settings.redis.server_path,
        fsync=settings.redis.durability == "fsync",
    ) as embedded:
        yield embedded.url


async def _serve_here(
    settings: Settings, redis_url: str, stop: asyncio.Event, ready: Callable[[str], None]
) -> None:
    # The parent of many workers never needs the app, so it is not loaded before it is used.
    from server.app import run_worker

    with _on_signal(
        signal.SIGHUP, lambda: log.info("Nothing to restart one by one: there is one worker.")
    ):
        worker = asyncio.create_task(
            run_worker(
                settings,
                redis_url=redis_url,
                worker_id=f"{new_instance()}-1",
                stop=stop,
                on_ready=ready,
            ),
            name="worker",
        )
        stopping = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait({worker, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not worker.done():
                await asyncio.wait({worker}, timeout=settings.server.drain_s + _GRACE_S)
            if not worker.done():
                log.warning("The worker did not end within drain_s; stopping it now.")
                worker.cancel()
                await asyncio.wait({worker})
                return
            worker.result()
        finally:
            for task in (worker, stopping):
                task.cancel()
            await asyncio.gather(worker, stopping, return_exceptions=True)


async def _serve_in_workers(
    settings: Settings, redis_url: str, stop: asyncio.Event, ready: Callable[[str], None]
) -> None:
    async with WorkerPool(
        settings, redis_url, stop_s_max=settings.server.drain_s + _GRACE_S
    ) as pool:
        with _on_signal(signal.SIGHUP, pool.restart_one_by_one):
            await pool.run(stop, ready)


@contextlib.contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set; the second signal cancels the task we are in."""
    stop = asyncio.Event()
    task = asyncio.current_task()
    assert task is not None

    def asked() -> None:
        if stop.is_set():
            log.warning("Stopping now.")
            task.cancel()
        else:
            log.info("Stopping: viewers are asked to reconnect elsewhere.")
            stop.set()

    with _on_signal(signal.SIGTERM, asked), _on_signal(signal.SIGINT, asked):
        yield stop


@contextlib.contextmanager
def _on_signal(number: signal.Signals, act: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(number, act)
    try:
        yield
    finally:
        loop.remove_signal_handler(number)
