"""The list of rooms with the live ones first."""

from typing import Any

import pytest

from server.protocol.room import RoomCreate
from server.rooms.lineup import place_of
from tests.rooms.rig import HOST, Rig

SOON = 4_000_000_000_000


async def scheduled(here: Rig, *rooms: str, at: int = 0) -> None:
    """Make rooms of the host that are not live yet."""
    for room in rooms:
        await here.directory.create(HOST, RoomCreate(room=room, title="Tea", scheduled=at))


async def set_phase(here: Rig, room: str, phase: str, **times: int) -> None:
    """Set the stored phase alone, as a worker that dies before it notes the room's place."""
    await here.store.redis.hset(
        here.store.keys.room(room, "room"), mapping={"phase": phase} | times
    )


async def listed(here: Rig, count: int = 100, offset: int = 0) -> list[str]:
    """The ids of a page."""
    return [room.room for room in await here.directory.live_first(offset, count)]


async def test_a_live_room_comes_before_any_number_of_scheduled_ones(here: Rig) -> None:
    await scheduled(here, "old")
    await scheduled(here, *(f"s{n}" for n in range(5)))
    await here.directory.note_phase("old", "live", 1000)
    await set_phase(here, "old", "live", started=1000)

    assert await listed(here, 2) == ["old", "s0"]


async def test_rooms_to_come_stand_by_their_start_and_those_without_one_after_them(
    here: Rig,
) -> None:
    await scheduled(here, "some-day")
    await scheduled(here, "later", at=SOON + 1)
    await scheduled(here, "next", at=SOON)

    assert await listed(here) == ["next", "later", "some-day"]


async def test_ended_rooms_come_last_the_latest_end_first(here: Rig) -> None:
    await scheduled(here, "first", "second", "ahead")
    for room, at in {"first": 1000, "second": 2000}.items():
        await set_phase(here, room, "ended", started=1, ended=at)
        await here.directory.note_phase(room, "ended", at)

    assert await listed(here) == ["ahead", "second", "first"]


async def test_pages_go_on_where_the_last_one_ended(here: Rig) -> None:
    await scheduled(here, *(f"s{n}" for n in range(5)))
    pages = [await listed(here, 2, offset) for offset in (0, 2, 4, 6)]
    assert [room for page in pages for room in page] == [f"s{n}" for n in range(5)]


async def test_rooms_of_an_older_version_get_their_places_at_the_first_reading(here: Rig) -> None:
    await scheduled(here, "ahead", "on", "over")
    await set_phase(here, "on", "live", started=1000)
    await set_phase(here, "over", "ended", started=1, ended=2000)
    redis, keys = here.store.redis, here.store.keys
    await redis.zadd(keys.rooms, {"no-room": 1, b"\xff": 2})
    await redis.delete(keys.lineup)

    assert await listed(here, 1) == ["on"]
    assert await listed(here) == ["on", "ahead", "over"]
    assert await redis.zcard(keys.lineup) == await redis.zcard(keys.rooms)


async def test_a_room_that_is_being_made_has_its_place_before_it_is_listed(
    here: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a reader in between would take it for no room, and put it last."""
    written: list[str] = []
    zadd = here.store.redis.zadd

    async def noted(key: str, *args: Any, **more: Any) -> Any:
        written.append(key)
        return await zadd(key, *args, **more)

    monkeypatch.setattr(here.store.redis, "zadd", noted)
    await scheduled(here, "new")

    keys = here.store.keys
    assert written.index(keys.lineup) < written.index(keys.rooms)


async def test_a_list_is_read_though_missing_places_can_not_be_written(
    here: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def down(*_: Any, **__: Any) -> None:
        raise OSError("no writes")

    await scheduled(here, "ahead")
    await here.store.redis.zadd(here.store.keys.rooms, {"older": 1})
    monkeypatch.setattr(here.store.redis, "zadd", down)

    assert await listed(here) == ["ahead"]
    assert "stay without a place" in caplog.text


async def test_a_stale_place_is_mended_when_it_is_read(here: Rig) -> None:
    await scheduled(here, "a", "b")
    await set_phase(here, "b", "live", started=1000)

    assert await listed(here) == ["b", "a"]
    place = await here.store.redis.zscore(here.store.keys.lineup, "b")
    assert place == place_of("live", started=1000)


async def test_a_room_goes_live_while_its_place_can_not_be_written(
    here: Rig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def down(*_: Any, **__: Any) -> None:
        raise OSError("gone")

    with monkeypatch.context() as broken:
        broken.setattr(here.store.redis, "zadd", down)
        await here.directory.note_phase("r1", "live", 1000)

    assert "The list shows r1 late" in caplog.text
