"""The list of rooms while many ask for it."""

import asyncio
from typing import Any

import pytest

from server.protocol.room import RoomCreate
from tests.rooms.rig import HOST, Rig


async def test_a_crowd_that_asks_at_once_is_answered_with_one_read(
    here: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await here.directory.create(HOST, RoomCreate(room="r2", title="Tea"))
    redis: Any = here.store.redis
    reads = 0
    read = redis.zrevrangebyscore

    async def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal reads
        reads += 1
        return await read(*args, **kwargs)

    monkeypatch.setattr(redis, "zrevrangebyscore", counted)

    lists = await asyncio.gather(*(here.directory.newest() for _ in range(500)))

    assert all([room.room for room in rooms] == ["r2"] for rooms in lists)
    assert reads == 1


async def test_a_list_asked_for_after_a_room_was_made_has_it(here: Rig) -> None:
    under_way = asyncio.create_task(here.directory.newest())
    await asyncio.sleep(0)
    await here.directory.create(HOST, RoomCreate(room="r2", title="Tea"))

    assert [room.room for room in await here.directory.newest()] == ["r2"]
    await under_way
