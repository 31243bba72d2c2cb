"""Tells whether this worker is alive and ready, and what it counts."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from server.web.errors import json_response
from server.web.scrape import Scrape


class Health:
    """`/healthz`, `/readyz`, `/metrics`. `why_not` says why orders can't be stored, or ''."""

    def __init__(
        self,
        why_not: Callable[[], Awaitable[str]],
        scrape: Scrape,
        is_draining: Callable[[], bool],
        bus_alive: Callable[[], bool],
    ) -> None:
        self._why_not_store = why_not
        self._scrape = scrape
        self._is_draining = is_draining
        self._bus_alive = bus_alive

    def add_to(self, app: web.Application) -> None:
        """Add the three routes."""
        app.router.add_get("/healthz", self.alive)
        app.router.add_get("/readyz", self.ready)
        app.router.add_get("/metrics", self.metrics)

    async def alive(self, _: web.Request) -> web.Response:
        """200 as long as the process answers at all."""
        return json_response({"status": "alive"})

    async def ready(self, _: web.Request) -> web.Response:
        """200 if this worker can take viewers and they can buy; else 503 and the reason."""
        why = await self._why_not_ready()
        if why:
            return json_response({"status": "not ready", "why": why}, 503)
        return json_response({"status": "ready"})

    async def metrics(self, _: web.Request) -> web.Response:
        """Return the metrics of all workers of this server in Prometheus' text format."""
        return web.Response(
            body=await self._scrape.text(),
            headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4},
        )

    async def _why_not_ready(self) -> str:
        if self._is_draining():
            return "This worker is draining."
        if why := await self._why_not_store():
            return why
        return "" if self._bus_alive() else "The bus is not connected."
