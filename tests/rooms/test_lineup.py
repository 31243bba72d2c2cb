"""The list of rooms with the live ones first."""

from typing import Any

import pytest

from server.protocol.codes import CommandError
from server.protocol.room import Phase, RoomCreate
from server.rooms import lineup
from server.rooms.cursor import Place, read, written
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


async def walked(here: Rig, phase: Phase | None, count: int) -> list[list[str]]:
    """All pages of a phase, the next by the cursor of the one before."""
    pages, cursor = [], ""
    while True:
        page = await here.directory.page_after(phase, cursor, count)
        pages.append([room.room for room in page.rooms])
        if page.next is None:
            return pages
        cursor = page.next


async def evening(here: Rig) -> None:
    """Two live rooms, five to come at one time and one some day, two that ended."""
    await scheduled(here, "on1", "on2", "over1", "over2", "some-day")
    await scheduled(here, *(f"s{n}" for n in range(5)), at=SOON)
    for n in (1, 2):
        await set_phase(here, f"on{n}", "live", started=n)
        await here.directory.note_phase(f"on{n}", "live", n)
        await set_phase(here, f"over{n}", "ended", started=1, ended=n)
        await here.directory.note_phase(f"over{n}", "ended", n)


async def test_a_cursor_leads_through_all_rooms_live_ones_first(here: Rig) -> None:
    await evening(here)

    in_order = ["on2", "on1", "s0", "s1", "s2", "s3", "s4", "some-day", "over2", "over1"]
    for count in (1, 3, 4, 100):
        pages = await walked(here, None, count)
        assert [room for page in pages for room in page] == in_order
        assert all(len(page) == count for page in pages[:-1])


async def test_each_phase_has_pages_of_its_own(here: Rig) -> None:
    await evening(here)

    assert await walked(here, "live", 1) == [["on2"], ["on1"]]
    assert await walked(here, "scheduled", 4) == [["s0", "s1", "s2", "s3"], ["s4", "some-day"]]
    assert await walked(here, "ended", 2) == [["over2", "over1"]]


async def test_a_page_goes_on_though_the_room_it_ended_with_moved_or_is_gone(here: Rig) -> None:
    await evening(here)
    page = await here.directory.page_after("scheduled", "", 2)
    await set_phase(here, "s1", "live", started=9)
    await here.directory.note_phase("s1", "live", 9)

    assert page.next is not None
    rest = await here.directory.page_after("scheduled", page.next, 9)
    assert [room.room for room in rest.rooms] == ["s2", "s3", "s4", "some-day"]


@pytest.mark.parametrize("edit", ["other", "longer", "shorter", "turned", "no base64", "padded"])
async def test_an_edited_cursor_is_refused_with_a_sentence(here: Rig, edit: str) -> None:
    cursor = written("live", Place(7, b"tea"))
    assert read("live", cursor) == Place(7, b"tea")
    edited = {
        "other": ("A" if cursor[-1] != "A" else "B").join(("", cursor[1:])),
        "longer": cursor + "AAAA",
        "shorter": cursor[:-2],
        "turned": cursor[::-1],
        "no base64": "é",
        "padded": cursor + "=",
    }[edit]
    with pytest.raises(CommandError) as refused:
        await here.directory.page_after("live", edited, 10)
    assert refused.value.code == "bad_message"
    assert "The cursor is none that this list named" in refused.value.msg


async def test_a_cursor_of_another_phase_is_refused(here: Rig) -> None:
    with pytest.raises(CommandError) as refused:
        await here.directory.page_after("ended", written("live", Place(7, b"tea")), 10)
    assert "is of the list of live rooms" in refused.value.msg


async def test_stale_places_beyond_the_pages_that_are_read_are_mended_too(
    here: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A live room whose place says that it is to come would be missing among the live ones."""
    monkeypatch.setattr(lineup, "_LOOK_ROOMS", 3)
    monkeypatch.setattr(lineup, "_LOOK_S", 0.0)
    await scheduled(here, *(f"s{n}" for n in range(8)))
    await set_phase(here, "s7", "live", started=1000)
    await scheduled(here, "lost")
    redis, keys = here.store.redis, here.store.keys
    await redis.delete(keys.room("lost", "room"))
    await redis.zadd(keys.rooms, {"lost": 1})

    for _ in range(4):
        await here.directory.page_after("live", "", 1)

    page = await here.directory.page_after("live", "", 1)
    assert [room.room for room in page.rooms] == ["s7"]
    assert await redis.zscore(keys.lineup, "lost") == lineup.NOWHERE


async def test_a_room_that_is_being_made_keeps_its_place(
    here: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lineup, "_LOOK_S", 0.0)
    await scheduled(here, "new", at=SOON)
    redis, keys = here.store.redis, here.store.keys
    await redis.delete(keys.room("new", "room"))

    await here.directory.page_after("live", "", 1)

    assert await redis.zscore(keys.lineup, "new") == place_of("scheduled", scheduled=SOON)
