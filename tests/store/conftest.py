"""The scripts' tests run on every redis-server there is: the installed one, the wheel's."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from server.house import keys_under, scripts_on
from server.settings import Settings
from server.store import redis_program
from server.store.client import connect
from server.store.embedded import EmbeddedRedis
from server.store.redis_program import NoRedisProgram, RedisProgram
from server.store.scripts import Scripts
from tests.store.script_room import ScriptRoom, script_room


def _programs() -> list[RedisProgram]:
    """One redis-server a version, so that a machine with a single one runs each test once."""

    async def known(path: Path) -> RedisProgram | None:
        try:
            return await redis_program.find(str(path))
        except NoRedisProgram:
            return None

    paths = [Path("/usr/bin/redis-server"), redis_program._on_path(), redis_program._in_wheel()]
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        found = [runner.run(known(path)) for path in paths if path is not None]
    return list({program.version: program for program in found if program}.values())


@pytest.fixture(
    scope="session", params=_programs(), ids=lambda program: ".".join(map(str, program.version))
)
def any_redis(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a private redis-server, one of each version at hand."""
    with (
        tempfile.TemporaryDirectory(prefix="lr-scripts-") as folder,
        asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner,
    ):
        embedded = EmbeddedRedis(Path(folder), server_path=str(request.param.path), fsync=False)
        runner.run(embedded.__aenter__())
        yield embedded.url
        runner.run(embedded.__aexit__(None, None, None))


@pytest.fixture
async def scripts(any_redis: str, settings: Settings, prefix: str) -> AsyncIterator[Scripts]:
    """The scripts on one of those servers, under this test's prefix."""
    redis = connect(any_redis, settings.redis)
    # Reading the script files is part of the start, where blocking does no harm.
    yield await asyncio.to_thread(scripts_on, redis, keys_under(prefix))
    await redis.aclose()


@pytest.fixture
async def room(scripts: Scripts) -> AsyncIterator[ScriptRoom]:
    """A room that does not exist yet."""
    async with script_room(scripts, "r1") as made:
        yield made


@pytest.fixture
async def live(room: ScriptRoom) -> ScriptRoom:
    """A live room."""
    await room.create("live")
    return room
