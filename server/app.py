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
        scrape = await stack.enter_async_context(
            Scrape(metrics, worker_id, settings.server.workers)
        )
        readiness = Readiness(redis, worker.store.keys, worker.store.durability)
        stack.push_async_callback(readiness.aclose)
        page_errors = PageErrors(settings, metrics, ASSETS.files)
        ops = await stack.enter_async_context(
            Ops(
                redis,
                worker.store.keys,
                settings,
                metrics.registry,
                worker_id,
                readiness.why_not,
                page_errors.counts,
                worker.records,
            )
        )

        async def why_not_ready() -> str:
            return verifier.why_not_ready() or await readiness.why_not()

        health = Health(why_not_ready, scrape, lambda: edge.draining, lambda: worker.bus.alive)
        web_routes = [*in_scope("ops", ops.routes()), *page_errors.routes()]
        cross_origin = CrossOrigin(settings)
        commands = CommandRoute(
            worker.dispatch,
            HOUSE.readers[Encoding.JSON],
            HOUSE.commands,
            worker.rooms.get,
            lambda: edge.draining,
            cross_origin,
            settings,
            metrics,
        )
        web_routes += [*in_scope("rooms", StreamRoute(cross_origin).routes()), *commands.routes()]
        http = await _http(stack, settings, verifier, worker, health, web_routes, cross_origin)
        edge = await stack.enter_async_context(
            Edge(
                settings,
                verifier,
                HOUSE.readers,
                worker.rooms,
                worker.dispatch,
                http,
                metrics,
                rng,
            )
        )
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


async def _http(
    stack: contextlib.AsyncExitStack,
    settings: Settings,
    verifier: TokenVerifier,
    worker: Worker,
    health: Health,
    web_routes: list[Route],
    cross_origin: CrossOrigin,
) -> web.Server:
    """The protocol factory for sockets that speak plain HTTP."""
    rooms = in_scope("rooms", RoomRoutes(worker.directory, HOUSE.shape.view).routes())
    app = make_app(
        settings,
        verifier,
        [*rooms, *worker.routes, *web_routes],
        health,
        Guard(worker.directory),
        Idempotency(worker.store),
        worker.dispatch,
        worker.metrics,
        Vocabulary(HOUSE.commands, HOUSE.replies, HOUSE.told),
        cross_origin,
        HOUSE.opened(settings),
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
    stack.push_async_callback(runner.cleanup)
    assert runner.server is not None
    runner.server.request_handler = gate(runner.server.request_handler)
    return runner.server
