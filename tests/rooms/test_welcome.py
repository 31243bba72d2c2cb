"""Newcomers are answered between the passes, and meet every event exactly once."""

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

from server.access.auth import Identity
from server.protocol.codec import Encoding
from server.protocol.joining import Join, Last
from server.protocol.roles import Role
from tests.conftest import MakeSettings
from tests.hub.listening import ids, seqs
from tests.rooms.rig import ROOM, Guest, Rig, rig

NEVER_S = 3600.0


@pytest.fixture
async def full(make_settings: MakeSettings) -> AsyncIterator[Rig]:
    """A room whose passes the test makes by hand, as if its tick were long."""
    async with rig(make_settings(hub={"sample_per_s_max": 0}), "w1") as here:
        await here.create()
        await here.join("first")
        here.room.audience.tick_s = lambda: NEVER_S  # type: ignore[method-assign]
        make_pass(here)
        yield here


def make_pass(here: Rig) -> None:
    here.room.audience._start_pass()
    while here.room.audience._passing is not None:
        here.room.audience._continue_pass()


def knock(here: Rig, user: str, last: Last | None = None) -> Guest:
    """Join as the edge does where nothing must be asked first."""
    guest = Guest(user)
    who = Identity(user, user.title(), Role.GUEST)
    join = Join(ref=1, last=last)
    here.rooms.join_open(guest, who, here.room, join, guest.enter, lambda _: None)
    return guest


async def test_a_newcomer_waits_for_no_pass_and_misses_nothing(full: Rig) -> None:
    early = knock(full, "early")
    await full.notice("1")
    await full.heard_all()

    late = knock(full, "late")

    assert late.entered.is_set()
    assert late.joined["seq"] == early.joined["seq"] == 1
    make_pass(full)
    assert seqs(late.heard) == seqs(early.heard) == [2]


async def test_a_client_that_is_ahead_of_what_was_told_waits_for_the_pass(full: Rig) -> None:
    knock(full, "early")
    await full.notice("1")
    await full.heard_all()

    back = knock(full, "back", Last(epoch="e1", seq=2))

    assert not back.entered.is_set()
    make_pass(full)
    assert (back.joined["seq"], back.joined["missed"], back.heard) == (2, [], [])


async def test_what_was_kept_before_a_pass_is_not_shown_after_it(full: Rig) -> None:
    await full.notice("1")
    await full.heard_all()
    make_pass(full)
    full.room.audience.count_lost(1)  # past the room, which then kept nothing

    late = knock(full, "late")

    assert not late.entered.is_set()
    make_pass(full)
    assert late.joined["seq"] == 2


async def test_a_client_that_comes_back_is_told_what_waits_by_the_pass_alone(full: Rig) -> None:
    await full.notice("1")
    await full.heard_all()

    back = knock(full, "back", Last(epoch="e1", seq=1))

    assert back.joined["missed"] == []
    make_pass(full)
    assert seqs(back.heard) == [2]


async def test_the_first_of_an_encoding_waits_for_the_pass(full: Rig) -> None:
    await full.notice("1")
    await full.heard_all()
    packed = Guest("packed")
    packed.variant = packed.variant._replace(encoding=Encoding.MSGPACK)
    who = Identity("packed", "Packed", Role.GUEST)
    full.rooms.join_open(packed, who, full.room, Join(ref=1), packed.enter, lambda _: None)

    assert not packed.entered.is_set()
    make_pass(full)
    assert packed.entered.is_set()


@pytest.mark.parametrize("seed", range(5))
async def test_whenever_people_come_each_meets_each_event_once(full: Rig, seed: int) -> None:
    random, guests = Random(seed), [knock(full, "g0")]
    said: list[str] = []
    came_back: dict[Guest, int] = {}
    for n in range(40):
        match random.choice(["comment", "comment", "notice", "pass", "join", "join", "again"]):
            case "comment":
                said.append(f"c{n}")
                await full.say(said[-1])
            case "notice":
                await full.notice(str(n))
            case "pass":
                make_pass(full)
            case "join":
                guests.append(knock(full, f"g{n}"))
            case "again":
                old = random.choice(guests)
                if old.entered.is_set():
                    seq = max([old.joined["seq"], *seqs(old.heard)])
                    guests.append(knock(full, f"g{n}", Last(epoch="e1", seq=seq)))
                    came_back[guests[-1]] = seq
        await full.heard_all()
    make_pass(full)

    for guest in guests:
        shown = [comment["id"] for comment in guest.joined["room"].get("comments", [])]
        assert [*shown, *ids(guest.heard)] == said
        assert notice_for(guest) == shown_notice(full)
        heard = seqs(guest.heard)
        assert heard == list(range(guest.joined["seq"] + 1, guest.joined["seq"] + 1 + len(heard)))
        end = full.room.state.position.seq
        assert guest.joined["seq"] + len(heard) == end
        if guest in came_back:
            heard = seqs(guest.joined["missed"]) + heard
            assert heard == list(range(came_back[guest] + 1, end + 1))


def notice_for(guest: Guest) -> str:
    """The notice that stands after all that this guest was told."""
    told = [m["text"] for m in guest.heard if m["t"] == "notice"]
    return str([guest.joined["room"].get("notice", ""), *told][-1])


def shown_notice(here: Rig) -> str:
    return str(getattr(here.room.state.view(), "notice", ""))


async def test_a_room_that_is_read_anew_refuses_who_waits_for_their_part(full: Rig) -> None:
    refused: list[Any] = []
    guest = Guest("ann")
    who = Identity("ann", "Ann", Role.VIEWER)
    room = full.room
    full.rooms.join_open(guest, who, room, Join(ref=1), guest.enter, refused.append)
    room.end()
    while not refused:
        await full.heard_all()
    assert [exc.code for exc in refused] == ["unavailable"]
    assert not guest.entered.is_set()
    assert full.rooms.get(ROOM) is room
