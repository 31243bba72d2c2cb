"""The wiring of one worker: everything is made, started and stopped here, in this order."""

import asyncio
import contextlib
import random
from collections.abc import Callable

from aiohttp import web

from server.auth import TokenVerifier
from server.edge.edge import Edge
from server.loop_lag import LoopLag
from server.metrics import Metrics
from server.rooms.bookkeeping.order_book import OrderBook
from server.rooms.community.news import News
from server.rooms.features import Features
from server.rooms.history.figures import FigureBook
from server.rooms.history.replay import Replays
from server.rooms.history.visits import Visits
from server.rooms.moderating.actions import Actions
from server.rooms.open_rooms import OpenRooms
from server.rooms.presence import Presence
from server.rooms.room import Room
from server.rooms.selling.outbox import Outbox
from server.rooms.selling.payments import provider_of
from server.rooms.sweeper import Sweeper
from server.settings import Settings
from server.store.client import connect
from server.store.cluster_bus import bus_on
from server.store.durability import Durability
from server.store.keys import Keys
from server.store.scripts import Scripts
from server.web.app import make_app
from server.web.figures import FigureRoutes
from server.web.gate import gate
from server.web.health import Health
from server.web.hosts import HostRoutes
from server.web.moderation import ModerationRoutes
from server.web.ops import Ops
from server.web.orders import OrderRoutes
from server.web.payments import PaymentRoutes
from server.web.post import HttpPost
from server.web.replay import ReplayRoutes
from server.web.rest import Rest
from server.web.rounds import RoundRoutes
from server.web.scrape import Scrape

HTTP_IDLE_S = 75.0
"""Time an HTTP connection may wait for its next request, and that request's head may take."""
HTTP_LINGER_S = 2.0
"""Time in which the rest of a body is thrown away, so that its sender reads the refusal."""
HTTP_SHUTDOWN_S = 2.0
"""Time an HTTP request under way has to end when the worker stops."""


async def run_worker(
    settings: Settings,
    *,
    redis_url: str,
    worker_id: str,
    stop: asyncio.Event,
    on_ready: Callable[[str], None],
) -> None:
    """Run one worker until `stop` is set; then drain.

    `on_ready` gets the base URL once viewers can connect.
    """
    rng = random.Random()
    metrics = Metrics()
    verifier = TokenVerifier(settings)
    async with contextlib.AsyncExitStack() as stack:
        redis = connect(redis_url, settings.redis)
        stack.push_async_callback(redis.aclose)
        keys = Keys(settings.redis.key_prefix)
        durability = Durability.parse(settings.redis.durability)
        scripts = Scripts(redis, keys, durability=durability, metrics=metrics)

        provider = provider_of(settings.payments)
        stack.push_async_callback(provider.aclose)

        def open_room(room_id: str) -> Room | None:
            return rooms.get(room_id)

        features = Features(scripts, settings, provider, metrics, open_room)
        stack.push_async_callback(features.asks.aclose)
        directory, orders = features.directory, features.orders

        await stack.enter_async_context(LoopLag(metrics))
        bus = await stack.enter_async_context(bus_on(redis, keys, settings.bus, worker_id, metrics))
        visits = await stack.enter_async_context(Visits(scripts, settings, worker_id))
        rooms = await stack.enter_async_context(
            OpenRooms(
                scripts,
                bus,
                features.own.of,
                features.groups.must_be_let_in,
                settings,
                metrics,
                rng,
                visits,
            )
        )
        await stack.enter_async_context(News(scripts, bus, settings, lambda: rooms))
        await stack.enter_async_context(features.announcer)
        await stack.enter_async_context(Presence(scripts, settings, worker_id, lambda: rooms))
        await stack.enter_async_context(
            Sweeper(
                scripts,
                settings,
                lambda: [room.room_id for room in rooms],
                features.refunds.sweep,
                features.announcer.start,
                metrics,
            )
        )
        stack.push_async_callback(features.groups.aclose)

        post = await stack.enter_async_context(HttpPost(settings.outbox.timeout_s))
        await stack.enter_async_context(Outbox(scripts, settings, worker_id, post))

        figures = FigureBook(scripts, settings)
        stack.push_async_callback(figures.aclose)
        scrape = await stack.enter_async_context(
            Scrape(metrics, worker_id, settings.server.workers)
        )
        health = Health(redis, scrape, lambda: edge.draining, lambda: bus.alive)
        ops = await stack.enter_async_context(
            Ops(redis, keys, settings, metrics.registry, worker_id)
        )
        routes = [
            *Rest(directory, features.dispatch).routes(),
            *HostRoutes(directory.hosts, features.groups).routes(),
            *RoundRoutes(features.polls, features.luckies, directory).routes(),
            *ReplayRoutes(Replays(scripts, directory)).routes(),
            *OrderRoutes(OrderBook(scripts), directory).routes(),
            *ModerationRoutes(
                features.rules, Actions(scripts), directory, features.dispatch
            ).routes(),
            *FigureRoutes(figures, directory).routes(),
            *PaymentRoutes(orders, features.refunds, settings.payments).routes(),
            *ops.routes(),
        ]
        app = make_app(settings, verifier, routes, health, features.groups.must_be_let_in)
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
        edge = await stack.enter_async_context(
            Edge(
                settings,
                verifier,
                rooms,
                features.dispatch,
                directory.host_of,
                runner.server,
                metrics,
                rng,
            )
        )
        on_ready(edge.url)
        await stop.wait()
        await edge.drain()
