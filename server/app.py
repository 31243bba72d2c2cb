"""Runs a worker with its sockets (rooms, plain HTTP and the edge) from start to drain."""

import asyncio
import contextlib
import random
from collections.abc import Callable

from aiohttp import web

from server.access.auth import TokenVerifier
from server.access.token_keys import TokenKeys
from server.edge.edge import Edge
from server.house import HOUSE
from server.protocol.codec import Encoding
from server.settings import Settings
from server.store.client import connect
from server.store.readiness import Readiness
from server.store.troubles import Troubles
from server.telemetry.loop_lag import LoopLag
from server.telemetry.metrics import Metrics
from server.web.app import make_app
from server.web.assets import ASSETS
from server.web.asyncapi import Vocabulary
from server.web.commands import CommandRoute
from server.web.cross_origin import CrossOrigin
from server.web.event_stream import StreamRoute
from server.web.gate import gate
from server.web.guard import Guard
from server.web.health import Health
from server.web.idempotency import Idempotency
from server.web.ops import Ops
from server.web.page_errors import PageErrors
from server.web.page_heads import PageHeads
from server.web.rooms import RoomRoutes
from server.web.route import Route, in_scope
from server.web.scrape import Scrape
from server.worker import Worker

HTTP_IDLE_S = 75.0
"""Longest wait on an HTTP connection for the next request, and for that request's head."""
HTTP_LINGER_S = 2.0
"""How long the rest of a refused body is read and discarded, so that its sender sees the reply."""
HTTP_SHUTDOWN_S = 2.0
"""How long a running HTTP request may take to finish when the worker stops."""


async def run_worker(
    settings: Settings,
    *,
    redis_url: str,
    worker_id: str,
    stop: asyncio.Event,
    on_ready: Callable[[str], None],
    metrics: Metrics,
) -> None:
    """Run one worker until `stop` is set; then drain it.

    `on_ready` receives the base URL once viewers can connect.
    """
    rng = random.Random()
    async with contextlib.AsyncExitStack() as stack:
        redis = connect(redis_url, settings.redis, Troubles())
        stack.push_async_callback(redis.aclose)
        await stack.enter_async_context(LoopLag(metrics))
        worker = await stack.enter_async_context(
            Worker(redis, settings, worker_id=worker_id, metrics=metrics, random=rng)
        )
        keys = await _keys(stack, settings, metrics)
        verifier = TokenVerifier(settings, worker.sign_outs.ended, keys, HOUSE.scopes)
        await worker.start()
        edge = await _Sockets(stack, settings, worker, worker_id, verifier).open(rng)
        worker.sign_outs.heard.append(edge.end_signed_out)
        worker.bans.heard.append(edge.end_banned)
        on_ready(edge.url)
        await stop.wait()
        await edge.drain()


async def _keys(
    stack: contextlib.AsyncExitStack, settings: Settings, metrics: Metrics
) -> TokenKeys | None:
    """The public keys of tokens, followed from here on; None where tokens have a secret."""
    if settings.jwt.algorithm == "HS256":
        return None

    def count(outcome: str) -> None:
        metrics.key_readings.labels(outcome).inc()

    return await stack.enter_async_context(await asyncio.to_thread(TokenKeys, settings, count))


class _Sockets:
    """The sockets of a worker: rooms by the edge, and plain HTTP. They close with the stack."""

    def __init__(
        self,
        stack: contextlib.AsyncExitStack,
        settings: Settings,
        worker: Worker,
        worker_id: str,
        verifier: TokenVerifier,
    ) -> None:
        self._stack = stack
        self._settings = settings
        self._worker = worker
        self._worker_id = worker_id
        self._verifier = verifier
        self._cross_origin = CrossOrigin(settings)
        self._readiness = Readiness(worker.store.redis, worker.store.keys, worker.store.durability)
        self._edge: Edge | None = None
        """None until it listens: no request comes before."""

    async def open(self, rng: random.Random) -> Edge:
        """Listen. Viewers can connect once this returns."""
        worker = self._worker
        scrape = await self._stack.enter_async_context(
            Scrape(worker.metrics, self._worker_id, self._settings.server.workers)
        )
        self._stack.push_async_callback(self._readiness.aclose)
        rooms = RoomRoutes(worker.directory, HOUSE.shape.view)
        routes = [
            *in_scope("rooms", rooms.routes()),
            *worker.routes,
            *await self._operator_routes(),
            *self._routes_into_rooms(),
        ]
        health = Health(self._why_not_ready, scrape, self._draining, lambda: worker.bus.alive)
        http = await self._http(routes, health)
        self._edge = await self._stack.enter_async_context(
            Edge(
                self._settings,
                self._verifier,
                HOUSE.readers,
                worker.rooms,
                worker.dispatch,
                http,
                worker.metrics,
                rng,
            )
        )
        return self._edge

    def _draining(self) -> bool:
        return self._edge is not None and self._edge.draining

    async def _why_not_ready(self) -> str:
        return self._verifier.why_not_ready() or await self._readiness.why_not()

    async def _operator_routes(self) -> list[Route]:
        """The operator's figures, and what browsers report, which these count."""
        worker = self._worker
        page_errors = PageErrors(self._settings, worker.metrics, ASSETS.files)
        ops = await self._stack.enter_async_context(
            Ops(
                worker.store.redis,
                worker.store.keys,
                self._settings,
                worker.metrics.registry,
                self._worker_id,
                self._readiness.why_not,
                page_errors.counts,
                worker.records,
            )
        )
        return [*in_scope("ops", ops.routes()), *page_errors.routes()]

    def _routes_into_rooms(self) -> list[Route]:
        """A room by HTTP: its events as a stream, and commands one by one."""
        worker = self._worker
        stream = StreamRoute(self._cross_origin)
        commands = CommandRoute(
            worker.dispatch,
            HOUSE.readers[Encoding.JSON],
            HOUSE.commands,
            worker.rooms.get,
            self._draining,
            self._cross_origin,
            self._settings,
            worker.metrics,
        )
        return [*in_scope("rooms", stream.routes()), *commands.routes()]

    async def _http(self, routes: list[Route], health: Health) -> web.Server:
        """The protocol factory for sockets that speak plain HTTP."""
        worker = self._worker
        app = make_app(
            self._settings,
            self._verifier,
            routes,
            health,
            Guard(worker.directory),
            Idempotency(worker.store),
            worker.dispatch,
            worker.metrics,
            Vocabulary(HOUSE.commands, HOUSE.replies, HOUSE.told),
            self._cross_origin,
            HOUSE.opened(self._settings),
            PageHeads(worker.heads),
        )
        runner = web.AppRunner(
            app,
            access_log=None,
            keepalive_timeout=HTTP_IDLE_S,
            lingering_time=HTTP_LINGER_S,
            auto_decompress=False,
            shutdown_timeout=HTTP_SHUTDOWN_S,
        )
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        assert runner.server is not None
        runner.server.request_handler = gate(runner.server.request_handler)
        return runner.server
