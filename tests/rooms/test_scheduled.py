"""How many rooms of a host may wait for their start."""

import asyncio
from typing import Any

import pytest

from server.features.phases.messages import LiveCancel, LiveEnd, LiveStart
from server.protocol.codes import CommandError
from server.protocol.room import RoomCreate
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.rooms.rig import HOST, Rig


@pytest.fixture
def room_settings(make_settings: MakeSettings) -> Settings:
    """Three rooms may wait."""
    return make_settings(
        hub={"tick_ms_min": 1},
        bus={"publish_interval_ms": 1},
        rooms={"scheduled_per_host_max": 3},
    )


async def make(rig: Rig, room: str, **fields: Any) -> None:
    await rig.directory.create(HOST, RoomCreate(room=room, title="Tea", **fields))


async def test_the_next_room_is_refused_with_a_sentence_and_is_in_no_list(here: Rig) -> None:
    for room in ("a", "b", "c"):
        await make(here, room, draft=room == "b")
    with pytest.raises(CommandError) as refused:
        await make(here, "d")

    assert refused.value.code == "limit_reached"
    assert "At most 3 rooms of a host can wait for their start" in refused.value.msg
    assert "d" not in await here.directory.rooms_of("h1")
    assert await here.redis.exists(here.store.keys.room("d", "room")) == 0


async def test_of_many_requests_at_once_only_so_many_get_a_place(here: Rig, there: Rig) -> None:
    made = await asyncio.gather(
        *(make(rig, f"r{n}{i}") for i, rig in enumerate((here, there)) for n in range(8)),
        return_exceptions=True,
    )

    assert sum(outcome is None for outcome in made) == 3
    codes = {outcome.code for outcome in made if isinstance(outcome, CommandError)}
    assert codes == {"limit_reached"}


async def test_a_room_that_starts_or_is_cancelled_gives_its_place_back(here: Rig) -> None:
    for room in ("a", "b", "c"):
        await make(here, room)

    await here.do(LiveStart(ref=1), HOST, "a")
    await make(here, "d")
    await here.do(LiveCancel(ref=1), HOST, "b")
    await make(here, "e")
    with pytest.raises(CommandError):
        await make(here, "f")


async def test_a_place_that_a_dead_worker_left_taken_is_found_when_it_is_needed(here: Rig) -> None:
    for room in ("a", "b", "c"):
        await make(here, room)
    key = here.store.keys.host("h1", "scheduled")
    await here.script("notices.put", text="x")
    await here.redis.hset(here.store.keys.room("a", "room"), "phase", "ended")
    await here.redis.delete(here.store.keys.room("b", "room"))
    await here.redis.zadd(key, {"b": 1000})

    await make(here, "d")
    await make(here, "e")

    assert set(await here.redis.zrange(key, 0, -1)) == {b"c", b"d", b"e"}


async def test_rooms_that_an_older_version_made_count(here: Rig) -> None:
    for room in ("a", "b", "c"):
        await make(here, room)
    await here.do(LiveStart(ref=1), HOST, "a")
    await here.do(LiveEnd(ref=1), HOST, "a")
    await here.redis.delete(here.store.keys.host("h1", "scheduled"))

    await make(here, "d")
    with pytest.raises(CommandError):
        await make(here, "e")


async def test_a_room_that_can_not_be_read_keeps_its_place(here: Rig) -> None:
    for room in ("a", "b", "c"):
        await make(here, room)
    damaged = here.store.keys.room("a", "room")
    await here.redis.delete(damaged)
    await here.redis.set(damaged, "no hash")

    with pytest.raises(CommandError) as refused:
        await make(here, "d")
    assert refused.value.code == "limit_reached"
