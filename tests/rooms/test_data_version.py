"""Data in Redis carry a version: older data are upgraded, newer data are refused."""

import asyncio
import re

import pytest
from redis.asyncio import Redis

from server.house import keys_under, store_on
from server.rooms import data_version
from server.rooms.data_version import (
    VERSION,
    DataUnreadable,
    bring_up_to_date,
    must_be_readable,
)
from server.store.room_store import RoomStore


@pytest.fixture
async def store(redis: Redis, prefix: str) -> RoomStore:
    """A store whose prefix is new."""
    return await asyncio.to_thread(store_on, redis, keys_under(prefix))


async def write_older(store: RoomStore, rooms: int = 3) -> set[bytes]:
    """Data of version 1: lists, no index, no version. The ids of all rooms."""
    ids = [f"r{n}" for n in range(rooms)]
    await store.redis.zadd(store.keys.rooms, dict.fromkeys(ids, 1))
    await store.redis.zadd(store.keys.groups, {"g-h": 1})
    return {each.encode() for each in (*ids, "g-h")}


async def version_of(store: RoomStore) -> bytes | None:
    found: bytes | None = await store.redis.get(store.keys.data_version)
    return found


async def test_a_new_installation_has_the_newest_version(store: RoomStore) -> None:
    await bring_up_to_date(store)

    assert await version_of(store) == str(VERSION).encode()
    assert await must_be_readable(store) == VERSION


async def test_data_of_the_first_version_get_the_index_of_awake_rooms(store: RoomStore) -> None:
    ids = await write_older(store, 250)
    assert await must_be_readable(store) == 1

    await bring_up_to_date(store)

    assert set(await store.redis.zrange(store.keys.awake, 0, -1)) == ids
    assert await version_of(store) == str(VERSION).encode()
    assert await store.redis.exists(store.keys.data_upgrade) == 0


async def test_looking_at_older_data_changes_nothing(store: RoomStore) -> None:
    await write_older(store)

    await must_be_readable(store)

    assert await version_of(store) is None
    assert await store.redis.exists(store.keys.awake) == 0


async def test_an_upgrade_that_was_broken_off_is_done_again_when_its_lock_lapses(
    store: RoomStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await write_older(store)
    await store.redis.set(store.keys.data_upgrade, "a process that died")
    await store.wake(["r1"])
    upgrading = asyncio.create_task(bring_up_to_date(store))
    while not upgrading.done() and await version_of(store) is None:
        await store.redis.delete(store.keys.data_upgrade)

    await upgrading
    assert set(await store.redis.zrange(store.keys.awake, 0, -1)) == ids


async def test_of_many_that_start_at_once_one_upgrades_and_all_wait(
    store: RoomStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await write_older(store)
    steps = 0

    async def step(store: RoomStore, sign: data_version.Sign) -> None:
        nonlocal steps
        steps += 1
        await data_version._index_awake_rooms(store, sign)

    monkeypatch.setattr(data_version, "STEPS", {**data_version.STEPS, 2: step})
    await asyncio.gather(*(bring_up_to_date(store) for _ in range(8)))

    assert steps == 1
    assert set(await store.redis.zrange(store.keys.awake, 0, -1)) == ids


async def test_newer_data_are_refused_with_what_to_do(store: RoomStore) -> None:
    await store.redis.set(store.keys.data_version, VERSION + 1)

    for use in (must_be_readable, bring_up_to_date):
        with pytest.raises(DataUnreadable) as refused:
            await use(store)
        assert re.search(
            rf"have version {VERSION + 1}, and Liveroom \S+ reads versions up to {VERSION}: start "
            "the Liveroom that wrote them or a newer one",
            str(refused.value),
        )
    assert await version_of(store) == str(VERSION + 1).encode()


async def test_a_version_that_is_no_number_is_refused(store: RoomStore) -> None:
    await store.redis.set(store.keys.data_version, "two")

    with pytest.raises(DataUnreadable, match=r"is b'two', which is no number"):
        await bring_up_to_date(store)
