"""The scripts' tests run on every redis-server and valkey-server there is."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server.house import keys_under, store_on
from server.settings import Settings
from server.store.client import connect
from server.store.embedded import EmbeddedRedis
from server.store.room_store import RoomStore
from tests.programs import PROGRAMS, name_of
from tests.store.script_room import ScriptRoom, script_room


@pytest.fixture(scope="session", params=PROGRAMS, ids=name_of)
def any_redis(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a private Redis, one of each program and version at hand."""
    with (
        tempfile.TemporaryDirectory(prefix="lr-scripts-") as folder,
        asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner,
    ):
        embedded = EmbeddedRedis(Path(folder), server_path=str(request.param.path), fsync=False)
        runner.run(embedded.__aenter__())
        yield embedded.url
        runner.run(embedded.__aexit__(None, None, None))


@pytest.fixture
async def store(any_redis: str, settings: Settings, prefix: str) -> AsyncIterator[RoomStore]:
    """The scripts on one of those servers, under this test's prefix."""
    redis = connect(any_redis, settings.redis)
    # Reading the script files is part of the start, where blocking does no harm.
    yield await asyncio.to_thread(store_on, redis, keys_under(prefix))
    await redis.aclose()


@pytest.fixture
async def room(store: RoomStore) -> AsyncIterator[ScriptRoom]:
    """A room that does not exist yet."""
    async with script_room(store, "r1") as made:
        yield made


@pytest.fixture
async def live(room: ScriptRoom) -> ScriptRoom:
    """A live room."""
    await room.create("live")
    return room
