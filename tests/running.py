"""A worker in the test's own process and loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web_app

from server.app import run_worker
from server.settings import Settings
from server.telemetry.metrics import Metrics


class Worker:
    """A running worker; `url` is where it listens, `drain` tells it to go away."""

    def __init__(self, url: str, stop: asyncio.Event) -> None:
        self.url = url
        self.drain = stop.set

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        return int(self.url.rsplit(":", 1)[1])


@asynccontextmanager
async def running(settings: Settings, worker_id: str) -> AsyncIterator[Worker]:
    """Start a worker on `settings.redis.url`; drained when the context ends."""
    stop = asyncio.Event()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        group.create_task(
            run_worker(
                settings,
                redis_url=settings.redis.url,
                worker_id=worker_id,
                stop=stop,
                on_ready=ready.set_result,
                metrics=Metrics(),
            )
        )
        yield Worker(await ready, stop)
        stop.set()
    # aiohttp keeps the handlers of the last 1024 routes, and with them whole workers: a thousand of
    # these would be looked through again and again by the collector of cycles.
    web_app._cached_build_middleware.cache_clear()
