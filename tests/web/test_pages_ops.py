"""What operators see: every worker's own figures, from whichever worker they ask."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisGone

from server.access.auth import TokenVerifier, mint
from server.house import keys_under
from server.protocol.roles import Role
from server.settings import Settings
from server.telemetry.metrics import Metrics
from server.web import ops as ops_module
from server.web.caller import VERIFIER
from server.web.errors import errors_as_json
from server.web.ops import Ops

Client = TestClient[web.Request, web.Application]
Ask = Callable[..., AbstractAsyncContextManager[Client]]


@pytest.fixture
def worker(settings: Settings, redis: Redis) -> Callable[..., Ops]:
    def make(name: str, metrics: Metrics | None = None, store: Any = redis) -> Ops:
        keys = keys_under(settings.redis.key_prefix)
        return Ops(store, keys, settings, (metrics or Metrics()).registry, name)

    return make


@asynccontextmanager
async def asking(ops: Ops, settings: Settings, role: Role = Role.ADMIN) -> AsyncIterator[Client]:
    app = web.Application(middlewares=[errors_as_json])
    app[VERIFIER] = TokenVerifier(settings)
    for route in ops.routes():
        app.router.add_route(route.method, route.path, route.handler)
    headers = {"Authorization": f"Bearer {mint(settings, 'someone', role)}"}
    async with TestClient(TestServer(app), headers=headers) as client:
        yield client


async def reported(client: Client, worker: str) -> dict[str, Any]:
    """The whole answer, once it names this worker."""
    async with asyncio.timeout(60):
        while True:
            answer = await (await client.get("/v1/ops")).json()
            if any(report["worker"] == worker for report in answer["workers"]):
                return dict(answer)


async def test_any_worker_answers_for_all(worker: Callable[..., Ops], settings: Settings) -> None:
    metrics = Metrics()
    metrics.connections.set(7)
    async with worker("w1") as first, worker("w2", metrics), asking(first, settings) as client:
        await reported(client, "w1")
        answer = await reported(client, "w2")

    assert answer["ready"] is True
    assert [(r["worker"], r["connections"]) for r in answer["workers"]] == [("w1", 0), ("w2", 7)]
    assert answer["redis"]["durability"] == "fsync"
    assert answer["redis"]["program"] in {"redis", "valkey"}
    assert re.fullmatch(r"\d+(\.\d+)+", answer["redis"]["version"])
    assert answer["redis"]["memory_bytes"] > 0


async def test_a_worker_that_stopped_is_gone_at_once(
    worker: Callable[..., Ops], settings: Settings
) -> None:
    async with worker("w1") as first, asking(first, settings) as client:
        async with worker("w2"):
            await reported(client, "w2")

        answer = await reported(client, "w1")

    assert [report["worker"] for report in answer["workers"]] == ["w1"]


async def test_a_worker_that_was_killed_is_left_out_when_its_report_is_old(
    worker: Callable[..., Ops], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with worker("w1") as first, asking(first, settings) as client:
        await reported(client, "w1")
        monkeypatch.setattr(ops_module, "STALE_MS", -1)

        answer = await (await client.get("/v1/ops")).json()

    assert answer["workers"] == []


async def test_the_last_warnings_are_shown_newest_first(
    worker: Callable[..., Ops], settings: Settings
) -> None:
    async with worker("w1") as ops, asking(ops, settings) as client:
        logging.getLogger("server.test").warning("The kettle is dry.")
        logging.getLogger("server.test").error("The kettle is %s.", "on fire")
        logging.getLogger("server.test").info("Tea is ready.")
        await ops.report()

        answer = await (await client.get("/v1/ops")).json()

    assert [problem["msg"] for problem in answer["errors"]] == [
        "The kettle is on fire.",
        "The kettle is dry.",
    ]


class _Away:
    """A Redis nobody reaches."""

    def __getattr__(self, name: str) -> Any:
        async def fail(*_: Any) -> None:
            raise RedisGone("Connection refused.")

        return fail


async def test_without_redis_it_says_so_and_shows_what_this_worker_has(
    worker: Callable[..., Ops], settings: Settings
) -> None:
    async with worker("w1", store=_Away()) as ops, asking(ops, settings) as client:
        answer = await (await client.get("/v1/ops")).json()

    assert (answer["ready"], answer["why"]) == (False, "Redis does not answer.")
    assert [report["worker"] for report in answer["workers"]] == ["w1"]
    assert answer["redis"] is None


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MODERATOR, Role.HOST])
async def test_operations_are_for_admins(
    worker: Callable[..., Ops], settings: Settings, role: Role
) -> None:
    async with asking(worker("w1"), settings, role) as client:
        assert (await client.get("/v1/ops")).status == 403
