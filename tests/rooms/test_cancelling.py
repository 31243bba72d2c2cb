"""A room is cancelled before its stream: all who waited are told once, their places are free."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.access.auth import Identity
from server.features.books.audit import audit
from server.features.figures.figure_book import FigureBook
from server.features.follows.messages import Follow, Reserve
from server.features.ledger import ledger
from server.features.phases.messages import LiveCancel, LiveEnd, LiveStart, Selling
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.protocol.room import RoomCreate
from server.rooms import timeline
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.rooms.rig import HOST, Guest, Rig

NEW = "r2"
CANCELLED = {
    "t": "called_off",
    "room": NEW,
    "title": "Tea tonight",
    "host": "h1",
    "host_name": "Mei",
    "reason": "rain",
}


@pytest.fixture
def room_settings(make_settings: MakeSettings) -> Settings:
    """Signals follow each other at once, pages are short."""
    return make_settings(
        hub={"tick_ms_min": 1},
        bus={"publish_interval_ms": 1},
        community={"announce_repeats": 2, "announce_repeat_s": 0.05, "announce_page_users_max": 3},
    )


@pytest.fixture
async def new(here: Rig) -> AsyncIterator[Rig]:
    """The scheduled room NEW of the host of ROOM; the worker hears the news."""
    await here.directory.create(HOST, RoomCreate(room=NEW, title="Tea tonight"))
    async with here.news:
        await here.news._subscribing.done.wait()
        yield here


def viewer(user: str) -> Identity:
    return Identity(user, user.title(), Role.VIEWER)


async def reserve(rig: Rig, *users: str) -> None:
    await asyncio.gather(*(rig.do(Reserve(ref=1), viewer(user), NEW) for user in users))


async def follow(rig: Rig, *users: str) -> None:
    await asyncio.gather(*(rig.do(Follow(ref=1), viewer(user)) for user in users))


async def cancel(rig: Rig, room: str = NEW) -> None:
    """Cancel, and take all steps of telling it."""
    await rig.do(LiveCancel(ref=1, reason="rain"), HOST, room)
    await told_all(rig, room)


async def told_all(rig: Rig, room: str = NEW) -> None:
    """Take all steps of telling, and wait until those connected here are told."""
    while await rig.redis.zcard(rig.store.keys.room(room, "announcing")):
        await rig.announcer.announce(room)
    await rig.heard_all()
    for piece in rig.news._pieces.values():
        if piece.task is not None:
            await piece.task


async def lines(rig: Rig, room: str = NEW) -> list[dict[str, Any]]:
    return [line async for chunk in ledger.read(rig.store, room) for _, line in chunk]


def called_off(guest: Guest) -> list[dict[str, Any]]:
    return [message for message in guest.heard if message["t"] in ("called_off", "announce")]


async def test_who_reserved_or_follows_is_told_once_wherever_they_are(new: Rig) -> None:
    await reserve(new, "ann", "bob")
    await follow(new, "bob", "eve")
    ann, bob, eve, joe = [await new.join(user) for user in ("ann", "bob", "eve", "joe")]
    inside = await new.join("ann", room_id=NEW)

    await cancel(new)

    assert called_off(bob) == [CANCELLED | {"why": "reserved"}]
    assert called_off(eve) == [CANCELLED | {"why": "follow"}]
    assert called_off(joe) == []
    # Who is in the room itself hears of it there, as of a start.
    assert called_off(ann) == called_off(inside) == []
    [phase] = [m for m in inside.heard if m["t"] == "phase"]
    assert (phase["phase"], phase["cancelled"], phase["reason"]) == ("ended", True, "rain")
    told = [
        (fact["to"], fact["why"], fact["n"])
        async for chunk in timeline.read(new.store, NEW)
        for _, fact in chunk
        if fact["k"] == "called_off"
    ]
    assert sorted(told) == [
        ("connections", "follow", 1),
        ("connections", "reserved", 1),
        ("outbox", "follow", 1),
        ("outbox", "reserved", 2),
    ]


async def test_the_shop_gets_one_line_of_the_room_and_each_user_in_one_line(new: Rig) -> None:
    await reserve(new, *(f"u{n}" for n in range(7)))
    await follow(new, "u0", "f1", "f2")

    await cancel(new)
    first, *rest = await lines(new)

    assert (
        first.items()
        >= {
            "k": "cancelled",
            "room": NEW,
            "title": "Tea tonight",
            "reason": "rain",
            "reserved": 7,
            "by": "h1",
        }.items()
    )
    assert {line["k"] for line in rest} == {"called_off"}
    by_why = {
        why: sorted(user for line in rest if line["to"] == why for user in line["users"])
        for why in ("reserved", "follow")
    }
    assert by_why == {"reserved": [f"u{n}" for n in range(7)], "follow": ["f1", "f2"]}
    found = await audit(new.store, NEW)
    assert found.differences == []


async def test_a_room_for_which_nobody_waited_is_told_to_the_shop_in_one_line(new: Rig) -> None:
    await cancel(new)
    assert [line["k"] for line in await lines(new)] == ["cancelled"]


async def test_a_cancelled_room_is_no_stream_that_others_are_compared_with(new: Rig) -> None:
    await cancel(new)
    book = FigureBook(new.store, new.settings)

    assert await book.streams._ended("h1") == []
    await book.aclose()


async def test_places_are_free_at_once_and_forgotten_when_all_are_told(new: Rig) -> None:
    await reserve(new, "ann")
    guest = await new.join("ben", room_id=NEW)

    await new.do(LiveCancel(ref=1), HOST, NEW)
    heard = await guest.until(lambda m: m["t"] == "phase")
    kept = await new.redis.exists(new.store.keys.room(NEW, "called_off"))
    back = await new.join("ann", room_id=NEW)
    await told_all(new)

    assert {"t": "reserved", "total": 0} in [*heard, *guest.heard]
    assert kept == 1
    assert "reserved" not in back.joined.get("mine", {})
    for key in ("called_off", "reserved"):
        assert await new.redis.exists(new.store.keys.room(NEW, key)) == 0
    with pytest.raises(CommandError) as late:
        await reserve(new, "eve")
    assert late.value.code == "ended"


async def test_a_draft_and_a_practice_are_cancelled_without_a_word_to_anybody(new: Rig) -> None:
    await follow(new, "eve")
    eve = await new.join("eve")
    for room in ("d", "p"):
        wish = RoomCreate(room=room, title="T", draft=room == "d", practice=room == "p")
        await new.directory.create(HOST, wish)
        await cancel(new, room)
        assert await lines(new, room) == []
    await new.heard_all()
    assert called_off(eve) == []


async def test_only_a_room_that_waits_is_cancelled_and_nothing_is_bought_there(new: Rig) -> None:
    with pytest.raises(CommandError) as live:
        await new.do(LiveCancel(ref=1))
    await new.do(LiveEnd(ref=1))
    with pytest.raises(CommandError) as ended:
        await new.do(LiveCancel(ref=1))
    await new.do(Selling(ref=1, on=True), HOST, NEW)
    await new.do(LiveCancel(ref=1), HOST, NEW)
    with pytest.raises(CommandError) as start:
        await new.do(LiveStart(ref=1), HOST, NEW)
    with pytest.raises(CommandError) as selling:
        await new.do(Selling(ref=1, on=True), HOST, NEW)

    assert (live.value.code, ended.value.code) == ("conflict", "ended")
    assert (start.value.code, selling.value.code) == ("ended", "ended")
    assert start.value.msg == "This room was cancelled; open a new room for the next stream."
    room = await new.directory.read(NEW)
    assert (room.phase, room.cancelled, room.selling) == ("ended", True, False)  # type: ignore[attr-defined]


async def test_a_worker_that_hears_of_it_twice_tells_nobody_twice(new: Rig, there: Rig) -> None:
    await follow(new, "eve")
    eve = await new.join("eve")
    await new.do(LiveCancel(ref=1, reason="rain"), HOST, NEW)

    await asyncio.gather(new.announcer.announce(NEW), there.announcer.announce(NEW))
    await told_all(new)

    assert called_off(eve) == [CANCELLED | {"why": "follow"}]
