"""`liveroom serve`: the one parent that owns the Redis, the signals and the workers."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from redis.exceptions import RedisError

from server import __version__
from server.access.origin import is_loopback_name
from server.access.secret import with_secret
from server.house import HOUSE, keys_under, records_of, store_on
from server.processes.relay_process import relay_beside
from server.processes.worker_pool import WorkerPool, new_instance
from server.protocol.codes import CommandError
from server.records.errors import RecordsAway
from server.rooms import data_version
from server.settings import Settings
from server.settings.masking import mask_url
from server.store import client
from server.store.embedded import EmbeddedRedis

log = logging.getLogger(__name__)

# A worker ends its own drain after drain_s; this is the time for its remaining shutdown.
_GRACE_S = 2.0
_SAME_SIGNAL_S = 0.5


@dataclass(frozen=True, slots=True)
class Serving:
    """The result of a start: the server's addresses and its effective settings."""

    url: str
    """The public address if there is one, else the one it listens on."""
    local_url: str
    """The address it listens on."""
    settings: Settings


async def serve(settings: Settings, on_ready: Callable[[Serving], None]) -> None:
    """Serve until SIGTERM or SIGINT; a second one stops without the drain.

    `serve_until` describes the rest.
    """
    with stop_signals() as stop:
        await serve_until(stop, settings, on_ready)


async def serve_until(
    stop: asyncio.Event, settings: Settings, on_ready: Callable[[Serving], None]
) -> None:
    """Serve until `stop` is set, then drain. SIGHUP restarts the workers one by one.

    `on_ready` is called once, when all workers take viewers. Raises SettingsError, FolderInUse,
    NoRedisProgram, EmbeddedRedisError, RedisUnusable, DataUnreadable, RecordsUnusable, WorkerFailed
    or OSError (the port).
    """
    # Errors in it are reported before anything starts, and once instead of by each worker.
    await asyncio.to_thread(HOUSE.check, settings)
    if settings.mode == "development" and not is_loopback_name(settings.server.host):
        log.warning(
            "Development mode listens on %s, so beyond this machine, without what production "
            'checks: set mode = "production", or server.host = "127.0.0.1".',
            settings.server.host,
        )
    complete, made = await asyncio.to_thread(with_secret, settings)
    if made:
        log.info("Made a development token secret for the data folder %s.", settings.data.dir)

    async with _redis(complete) as redis_url, relay_beside(complete) as (whole, say_where):

        def ready(url: str) -> None:
            say_where(url)
            on_ready(Serving(whole.server.public_url or url, url, whole))

        await _log_start(whole, redis_url, await _records(whole))
        await _prepare_data(whole, redis_url)
        if whole.server.workers == 1:
            await _serve_here(whole, redis_url, stop, ready)
        else:
            await _serve_in_workers(whole, redis_url, stop, ready)


@contextlib.contextmanager
def stop_signals() -> Iterator[asyncio.Event]:
    """Yield an event that SIGTERM and SIGINT set; a later signal cancels the current task."""
    stop = asyncio.Event()
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()
    asked_s = 0.0

    def asked() -> None:
        nonlocal asked_s
        if not stop.is_set():
            log.info("Stopping: viewers are asked to reconnect elsewhere.")
            asked_s = loop.time()
            stop.set()
        # Terminals and process managers signal whole groups, so a process may get a signal twice.
        elif loop.time() - asked_s > _SAME_SIGNAL_S:
            log.warning("Stopping now.")
            task.cancel()

    with _on_signal(signal.SIGTERM, asked), _on_signal(signal.SIGINT, asked):
        yield stop


@contextlib.asynccontextmanager
async def _redis(settings: Settings) -> AsyncIterator[str]:
    """Yield the URL of the configured Redis, or of a private one that runs inside the context."""
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


async def _prepare_data(settings: Settings, redis_url: str) -> None:
    """Upgrade the data of an older version, and have the workers look at all rooms once.

    Raises DataUnreadable or RedisUnusable.
    """
    redis = client.connect(redis_url, settings.redis)
    store = store_on(redis, keys_under(settings.redis.key_prefix))
    try:
        await data_version.bring_up_to_date(store)
        await redis.delete(store.keys.full_lap)
    except (RedisError, OSError, CommandError) as error:
        where = mask_url(redis_url)
        raise client.RedisUnusable(
            f"The data in the Redis at {where} can't be prepared: {str(error).rstrip('.')}."
        ) from None
    finally:
        await redis.aclose()


async def _records(settings: Settings) -> str:
    """Upgrade the records; return which program keeps them, or that they are away.

    A shop opens without them: nothing hot waits for them, and they are upgraded when they are back.
    Raises RecordsUnusable.
    """
    records = records_of(settings)
    try:
        upgraded = await records.upgrade()
        program = await records.program()
    except RecordsAway as away:
        log.warning("%s Rooms and orders go on; the archive catches up when they answer.", away)
        return "away"
    finally:
        await records.aclose()
    if upgraded.before and upgraded.before != upgraded.after:
        log.info("Upgraded the records to %s.", ", ".join(upgraded.after))
    return program


async def _log_start(settings: Settings, redis_url: str, records: str) -> None:
    """Log one line about the server that is about to start."""
    facts = {
        "version": __version__,
        "mode": settings.mode,
        "redis": await client.program(redis_url, settings.redis),
        "durability": settings.redis.durability,
        "records": records,
        "workers": settings.server.workers,
        **HOUSE.start_facts(settings),
    }
    log.info("Liveroom starts.", extra={"facts": facts})


async def _serve_here(
    settings: Settings, redis_url: str, stop: asyncio.Event, ready: Callable[[str], None]
) -> None:
    # Imported here, because the parent of several workers never needs the app.
    from server.app import run_worker
    from server.processes.collector import Collector
    from server.telemetry.metrics import Metrics

    def alone() -> None:
        log.info("Nothing to restart one by one: there is one worker.")

    metrics = Metrics()
    on_hup = stop.set if _in_a_terminal() else alone
    with _on_signal(signal.SIGHUP, on_hup), Collector(metrics):
        worker = asyncio.create_task(
            run_worker(
                settings,
                redis_url=redis_url,
                worker_id=f"{new_instance()}-1",
                stop=stop,
                on_ready=ready,
                metrics=metrics,
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
        with _on_signal(signal.SIGHUP, stop.set if _in_a_terminal() else pool.restart_one_by_one):
            await pool.keep_workers(stop, ready)


@contextlib.contextmanager
def _on_signal(number: signal.Signals, act: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(number, act)
    try:
        yield
    finally:
        loop.remove_signal_handler(number)


def _in_a_terminal() -> bool:
    """Whether the server runs in a terminal, where SIGHUP means that the window was closed."""
    try:
        return os.isatty(0)
    except OSError:
        return False
