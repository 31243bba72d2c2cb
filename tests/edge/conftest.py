"""A worker with a live room, and sockets to it."""

import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from blockbuster import BlockBuster

from server.access.auth import mint
from server.edge.deadlines import Deadlines
from server.edge.edge import Edge
from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.edge.raw_socket import RawSocket, command
from tests.running import Worker, running

Connect = Callable[[], Awaitable[RawSocket]]
Token = Callable[..., str]


@pytest.fixture(autouse=True)
def loop_is_not_blocked() -> None:
    """A worker reads its scripts when it starts; `worker` watches it from then on."""


@pytest.fixture(autouse=True)
def nothing_is_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Bad input is no error of ours: no traceback, no complaint of the event loop."""
    caplog.set_level(logging.INFO)
    yield
    errors = [r for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    assert not errors, [r.getMessage() for r in errors]


@pytest.fixture
def limits() -> dict[str, Any]:
    """The edge settings of `worker`; tests parametrize it."""
    return {}


@pytest.fixture
def worker_settings(make_settings: MakeSettings, limits: dict[str, Any]) -> Settings:
    return make_settings(edge=limits)


@pytest.fixture
def token(worker_settings: Settings) -> Token:
    """`token("u1", Role.VIEWER, rooms=["r1"])`."""

    def make(user: str = "u1", role: Role = Role.VIEWER, rooms: Any = None) -> str:
        return mint(worker_settings, user, role, user.title(), rooms=rooms)

    return make


@pytest.fixture
def edges(monkeypatch: pytest.MonkeyPatch) -> list[Edge]:
    """The edges of the workers that are started."""
    started: list[Edge] = []
    enter = Edge.__aenter__

    async def remembered(self: Edge) -> Edge:
        started.append(self)
        return await enter(self)

    monkeypatch.setattr(Edge, "__aenter__", remembered)
    return started


@pytest.fixture
def edge(worker: Worker, edges: list[Edge]) -> Edge:
    """The edge of `worker`."""
    return edges[0]


# A worker with a short limit could meet it on a slow machine before the test has begun. So limits
# of time are long, and what is to be late is made late.


def shorten(deadlines: Deadlines[Any], wait_s: float = 0.05) -> None:
    """From now on whoever comes waits no longer; who is here already waits for ever."""
    deadlines.close()
    deadlines._wait_s = wait_s


def time_is_up(deadlines: Deadlines[Any]) -> None:
    """The wait of everybody here is over."""
    waiting = [(-math.inf, item) for _, item in deadlines._queue]
    deadlines.close()
    deadlines._queue.extend(waiting)
    deadlines._fire()


@pytest.fixture
async def worker(
    worker_settings: Settings, token: Token, edges: list[Edge]
) -> AsyncIterator[Worker]:
    """A worker with the live room r1, hosted by h1."""
    async with running(worker_settings, "w1") as made:
        headers = {"Authorization": f"Bearer {token('h1', Role.HOST)}"}
        one_request_each = aiohttp.TCPConnector(force_close=True)  # none idles, none is too idle
        async with aiohttp.ClientSession(
            made.url, headers=headers, raise_for_status=True, connector=one_request_each
        ) as http:
            await http.post("/v1/rooms", json={"room": "r1", "title": "Tea"})
            await http.post("/v1/rooms/r1/live", json={"phase": "live"})
        watch = BlockBuster(["server"])
        watch.activate()
        try:
            yield made
        finally:
            watch.deactivate()


@pytest.fixture
async def connect(worker: Worker) -> AsyncIterator[Connect]:
    """`await connect()`: a TCP connection to the worker, closed after the test."""
    async with AsyncExitStack() as sockets:

        async def open_one() -> RawSocket:
            made = await RawSocket.open(worker.port)
            sockets.push_async_callback(made.close)
            return made

        yield open_one


@pytest.fixture
async def raw(connect: Connect) -> RawSocket:
    """A TCP connection on which nothing was said yet."""
    return await connect()


@pytest.fixture
async def joined(connect: Connect, token: Token) -> RawSocket:
    """A viewer u1 in the room."""
    made = await connect()
    await made.join(token())
    return made


@pytest.fixture
async def bystander(connect: Connect) -> AsyncIterator[RawSocket]:
    """Somebody else in the room, who must be none the worse for the test."""
    made = await connect()
    await made.join()
    yield made
    made.send(command("ping", 99))
    assert (await made.message("ok"))["ref"] == 99
