"""A real server in this process, rooms on it, and a wire that can be cut."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any, Self

import pytest
from blockbuster import blockbuster_ctx

from client_sim import crowd
from client_sim.client import Options, RoomClient
from client_sim.director import Director
from client_sim.people import set_within
from client_sim.rest import Rest
from client_sim.tokens import mint
from server.protocol.roles import Role
from server.settings import Settings
from tests.client_sim.http_proxy import HttpProxy, http_proxy
from tests.conftest import JWT_SECRET, MakeSettings
from tests.running import Worker, running

ROOM = "r1"
HOST = "hostess"
MUG = {"sku": "mug", "title": "青瓷杯", "price": 8900, "currency": "CNY"}
QUICK = Options(
    backoff_s_min=0.01, backoff_s_max=0.05, join_s_max=60, reply_s_max=60, retry_s_max=120
)


@pytest.fixture(autouse=True)
def loop_is_not_blocked() -> Iterator[None]:
    """Here only our own side is watched: the server in these tests starts on the same loop."""
    with blockbuster_ctx("client_sim"):
        yield


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowd on a busy machine is slow, and not for that reason shut out."""
    patient = replace(crowd._OPTIONS, join_s_max=60, reply_s_max=60, retry_s_max=120)
    monkeypatch.setattr(crowd, "_OPTIONS", patient)
    monkeypatch.setattr(crowd, "FINISH_S_MAX", 120)


class Played:
    """How an evening by a script goes here, whatever the clock says."""

    def __init__(self) -> None:
        self.directors: list[Director] = []
        self.to_its_end = asyncio.Event()
        self.evenings = 1  # how many go on at once: all end together
        self.ended = 0
        self.enough: Callable[[], bool] = lambda: True
        """What must have happened besides the last step before the evening may end."""


async def one_after_the_other(director: Director) -> None:
    """Take the steps as a director does, each when those that should be through by then are."""
    loop = asyncio.get_running_loop()
    start, taken = loop.time(), list[tuple[float, asyncio.Task[None]]]()
    async with asyncio.TaskGroup() as playing:
        for step in director._script.steps:
            await set_within(director._over, max(0.0, start + step.at_s - loop.time()))
            await asyncio.gather(*(task for through_s, task in taken if through_s <= step.at_s))
            play = director._host.take_step if step.who == "host" else director._crowd_step
            taken.append((step.at_s + step.over_s, playing.create_task(play(step))))


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    """A script begins when everybody has come, and the evening ends after its last step."""
    made = Played()
    prepare, until_over = Director.prepare, set_within

    async def noted(self: Director) -> None:
        made.directors.append(self)
        await prepare(self)

    async def with_everybody(self: Director) -> None:
        absent = list(self._persons)
        while absent := [person for person in absent if person.room is None]:
            await asyncio.sleep(0.02)
        await one_after_the_other(self)
        made.ended += 1
        if made.ended >= made.evenings:
            made.to_its_end.set()

    async def to_its_end(over: asyncio.Event, seconds: float | None) -> bool:
        if not made.directors:
            return await until_over(over, seconds)
        await made.to_its_end.wait()
        while not made.enough():
            await asyncio.sleep(0.02)
        return True

    monkeypatch.setattr(Director, "prepare", noted)
    monkeypatch.setattr(Director, "_steps", with_everybody)
    monkeypatch.setattr(crowd, "set_within", to_its_end)
    return made


def token(user: str, role: Role = Role.VIEWER) -> str:
    return mint(JWT_SECRET, user, user.title(), role)


@pytest.fixture
def limits() -> dict[str, Any]:
    """Settings of the edge; a test parametrizes them."""
    return {"commands_per_s": 200}


@pytest.fixture
def server_settings(make_settings: MakeSettings, limits: dict[str, Any]) -> Settings:
    return make_settings(edge=limits)


@pytest.fixture
async def worker(server_settings: Settings) -> AsyncIterator[Worker]:
    """One worker with an empty room ROOM, hosted by HOST."""
    async with running(server_settings, "w1") as it:
        async with Rest(it.url, token(HOST, Role.HOST)) as rest:
            await rest.create(ROOM, "慢直播")
        yield it


@pytest.fixture
async def second_worker(worker: Worker, server_settings: Settings) -> AsyncIterator[Worker]:
    """Another worker on the same Redis."""
    async with running(server_settings, "w2") as it:
        yield it


Enter = Callable[..., Any]


@pytest.fixture
async def enter(worker: Worker) -> AsyncIterator[Enter]:
    """`await enter("ann")`: a client of ROOM, left when the test is over."""
    async with AsyncExitStack() as clients:

        async def open_one(user: str, role: Role = Role.VIEWER, **more: Any) -> RoomClient:
            options: dict[str, Any] = {"url": worker.url, "options": QUICK} | more
            client = RoomClient(room=ROOM, token=token(user, role), **options)
            return await clients.enter_async_context(client)

        yield open_one


@pytest.fixture
async def host(enter: Enter) -> RoomClient:
    """The host of ROOM, live, with a mug on the shelf."""
    client: RoomClient = await enter(HOST, Role.HOST)
    await client.shelf_put(MUG)
    await client.live_start()
    return client


class Cutter:
    """A wire to a server that can be cut, or made to swallow what the server says."""

    def __init__(self, url: str) -> None:
        self.swallowing = False
        self._target_port = int(url.rsplit(":", 1)[1])
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._pumps)

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pumps.add(task)
        near, far = writer, None
        try:
            back, far = await asyncio.open_connection("127.0.0.1", self._target_port)
            self._writers |= {near, far}
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump(reader, far, down=False))
                pumps.create_task(self._pump(back, near, down=True))
        finally:
            for side in (near, far):
                if side is not None:
                    self._writers.discard(side)
                    side.transport.abort()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, down: bool
    ) -> None:
        try:
            while data := await source.read(65536):
                if not (down and self.swallowing):
                    sink.write(data)
                    await sink.drain()
        except OSError:
            pass
        sink.transport.abort()


@pytest.fixture
async def cutter(worker: Worker) -> AsyncIterator[Cutter]:
    """A wire to the worker that can be cut."""
    async with Cutter(worker.url) as it:
        yield it


@pytest.fixture
async def proxy(worker: Worker) -> AsyncIterator[HttpProxy]:
    """A proxy for HTTP before the worker."""
    async with http_proxy(worker.url) as it:
        yield it
