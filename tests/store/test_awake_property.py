"""No pending work is ever missed, whatever the order in which writers and sleepers come.

Every command that a process sends is held back until hypothesis lets it go, so that each
interleaving of waking, writing, looking, marking and forgetting can come, with processes that pause
for as long as they like, or die with a command sent or unsent. Redis and the code are real.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from redis.asyncio import Redis

from server.background.troubles import Troubles
from server.protocol.codes import CommandError
from server.rooms.awake_rooms import AwakeRooms, Resting
from server.rooms.full_lap import FullLap
from server.settings import Settings
from server.store.embedded import EmbeddedRedis
from server.store.keys import HOST_KEYS, ROOM_KEYS, SHARED_KEYS, Keys
from server.store.room_store import RoomStore
from server.store.script_library import ALL, HOST, ROOM, Library
from tests.conftest import Loop

pytestmark = pytest.mark.long("a room with all that can fall due, again and again")

ANY = msgspec.msgpack.Decoder(Any)
ROOM_ID = "r1"
JOBS = {
    "pending": "-- Jobs to do.\n-- keys: jobs\nreturn redis.call('EXISTS', K.jobs) == 1\n",
    "put": "-- keys: jobs\nredis.call('ZADD', K.jobs, 1, A.job)\nreturn cmsgpack.pack({})\n",
    "take": "-- keys: jobs\nredis.call('DEL', K.jobs)\nreturn cmsgpack.pack({})\n",
}
"""A feature with work that falls due."""


class Process:
    """One process that does one thing, command by command, each when it is let go."""

    def __init__(self, redis: Redis, keys: Keys, library: Library) -> None:
        self._redis = redis
        self._go = asyncio.Event()
        self._stopped = asyncio.Event()
        self.store = RoomStore(self, keys, library.scripts)
        self._task: asyncio.Task[None] | None = None

    def begin(self, doing: Awaitable[Any]) -> None:
        """Start, up to its first command."""

        async def work() -> None:
            try:
                await doing
            except CommandError as refused:
                if refused.code != "unavailable":  # the room was put to sleep again and again
                    raise
            finally:
                self._stopped.set()

        self._task = asyncio.create_task(work())

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        return self._held_back(getattr(self._redis, name))

    def _held_back(self, command: Any) -> Callable[..., Awaitable[Any]]:
        async def held_back(*args: Any, **options: Any) -> Any:
            self._stopped.set()
            await self._go.wait()
            self._go.clear()
            return await command(*args, **options)

        return held_back

    def pipeline(self, **options: Any) -> Any:
        """All commands of a pipeline are held back together."""
        pipeline: Any = self._redis.pipeline(**options)
        pipeline.execute = self._held_back(pipeline.execute)
        return pipeline

    async def step(self) -> bool:
        """Let the next command go, and wait for the one after it; False if the process ended."""
        assert self._task is not None
        await self._stopped.wait()
        if self._task.done():
            await self._task
            return False
        self._stopped.clear()
        self._go.set()
        await self._stopped.wait()
        await asyncio.sleep(0)
        return True

    async def kill(self) -> None:
        """End it; what it sent was done, and it does nothing more."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Redis]:
    """A client whose connection this loop owns."""
    redis = Redis.from_url(url)
    try:
        yield redis
    finally:
        await redis.aclose()


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """The engine's scripts, and the feature with jobs."""
    for name, text in JOBS.items():
        (tmp_path / f"{name}.lua").write_text(text)
    known = {ROOM: [*ROOM_KEYS, "jobs"], HOST: list(HOST_KEYS), ALL: list(SHARED_KEYS)}
    return Library(files("server.store") / "scripts", {"jobs": tmp_path}, known)


ROLES = ("put", "put", "take", "rest", "rest", "lap")
"""What there is to do: one process for each, begun anew when the one before has ended."""
ACTS = st.lists(
    st.tuples(st.integers(0, len(ROLES) - 1), st.integers(0, 15)), min_size=10, max_size=100
)
"""Whose next command runs; a process dies where the second number is 0."""


class Play:
    """The processes of one example."""

    def __init__(self, redis: Redis, keys: Keys, library: Library, settings: Settings) -> None:
        self.redis, self.keys, self._library, self._settings = redis, keys, library, settings
        self._processes: dict[int, Process] = {}

    def _begin(self, role: int) -> Process:
        process = Process(self.redis, self.keys, self._library)
        store = process.store
        things: dict[str, Callable[[], Coroutine[Any, Any, Any]]] = {
            "put": lambda: store.run_script("jobs.put", ROOM_ID, {"job": "j"}, ANY),
            "take": lambda: store.run_script("jobs.take", ROOM_ID, {}, ANY),
            "rest": lambda: Resting(store, {}, still_s=-60).rest_all(),
            "lap": lambda: FullLap(store, self._settings, {})._look_at([ROOM_ID]),
        }
        process.begin(things[ROLES[role]]())
        return process

    async def act(self, role: int, dies: bool) -> None:
        """Let the process of a role send one command; it may die then."""
        process = self._processes.get(role) or self._begin(role)
        self._processes[role] = process
        ended = not await process.step()
        if dies and not ended:
            await process.kill()
        if dies or ended:
            del self._processes[role]

    async def finish(self) -> None:
        """Let all processes end, one after the other."""
        for role in list(self._processes):
            while role in self._processes:
                await self.act(role, dies=False)
                await self.must_be_found()

    async def must_be_found(self) -> None:
        """What is pending is found by whoever looks now; a room without a mark is in the index."""
        transaction = self.redis.pipeline()
        transaction.exists(self.keys.room(ROOM_ID, "jobs"))
        transaction.exists(self.keys.room(ROOM_ID, "asleep"))
        transaction.zscore(self.keys.awake, ROOM_ID)
        pending, asleep, score = await transaction.execute()
        assert not (pending and asleep), "the room sleeps over a job"
        assert asleep or score is not None, "the room is awake, and no worker looks at it"


@given(acts=ACTS)
@examples(max_examples=200)
def test_pending_work_is_always_found(
    acts: list[tuple[int, int]],
    redis_server: EmbeddedRedis,
    prefix: str,
    library: Library,
    settings: Settings,
) -> None:
    async def play() -> None:
        async with connected(redis_server.url) as redis:
            keys = Keys(prefix, dict.fromkeys([*ROOM_KEYS, "jobs"], ""), HOST_KEYS)
            await redis.delete(*(keys.room(ROOM_ID, name) for name in keys.room_keys), keys.awake)
            store = RoomStore(redis, keys, library.scripts)
            await store.run_script("room_create", ROOM_ID, CREATE, ANY)
            on = Play(redis, keys, library, settings)
            for role, life in acts:
                await on.act(role, dies=life == 0)
                await on.must_be_found()
            await on.finish()
            await must_come_to_rest(store)

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(play())


CREATE = {"title": "T", "host": "h", "host_name": "H", "scheduled": 0, "epoch": "e1"}


async def must_come_to_rest(store: RoomStore) -> None:
    """Nothing is left behind: once the jobs are taken, the room sleeps and the index is empty."""
    async for rooms in AwakeRooms(store, Troubles("a test")).pages():
        for room_id in rooms:
            await store.run_script("jobs.take", room_id, {}, ANY)
    await Resting(store, {}, still_s=-60).rest_all()
    assert await store.redis.exists(store.keys.room(ROOM_ID, "jobs")) == 0
    assert await store.redis.exists(store.keys.room(ROOM_ID, "asleep")) == 1
    assert await store.redis.zcard(store.keys.awake) == 0
