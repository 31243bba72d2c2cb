"""Who follows a host and who reserved a place: counted once, told once, written down once."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.store.room_store import RoomStore
from tests.store.script_room import DECODER, ScriptRoom, script_room
from tests.stored import entries

HOST = "h1"
FANS_MAX = 3


async def follow(store: RoomStore, *wishes: tuple[str, bool], fans_max: int = 100) -> Any:
    """Users follow the host (True) or no longer do, in one batch."""
    args = {
        "follows": [{"user": user, "on": on} for user, on in wishes],
        "from": "r1",
        "fans_max": fans_max,
        "log_max": 1000,
    }
    return await store.run_script("circles.follow_host", HOST, args, DECODER)


async def log_of(store: RoomStore) -> list[tuple[str, bool]]:
    """The facts in the host's log."""
    found = await store.redis.xrange(store.keys.host(HOST, "log"))
    facts = [DECODER.decode(fields[b"e"]) for _, fields in entries(found)]
    assert all(fact["k"] == "follow" and fact["room"] == "r1" for fact in facts)
    return [(fact["user"], fact["on"]) for fact in facts]


async def followers(store: RoomStore, name: str = "followers") -> set[str]:
    found = await store.redis.hkeys(store.keys.host(HOST, name))
    return {user.decode() for user in found}


async def facts_of(room: ScriptRoom) -> list[dict[str, Any]]:
    """The facts in the room's timeline but those about its phase."""
    found = await room.redis.xrange(room.key("timeline"))
    facts = [DECODER.decode(fields[b"e"]) for _, fields in entries(found)]
    return [fact for fact in facts if fact["k"] != "phase"]


async def test_following_twice_is_following_once(store: RoomStore) -> None:
    first = await follow(store, ("ann", True))
    again = await follow(store, ("ann", True))

    assert first["outcomes"][0]["changed"]
    assert not again["outcomes"][0]["changed"]
    assert first["outcomes"][0]["at"] == again["outcomes"][0]["at"]
    assert again["total"] == 1
    assert await log_of(store) == [("ann", True)]


async def test_a_user_who_unfollows_stays_a_fan(store: RoomStore) -> None:
    await follow(store, ("ann", True), ("bob", True))
    assert (await follow(store, ("ann", False), ("eve", False)))["total"] == 1

    assert await followers(store) == {"bob"}
    assert await followers(store, "fans") == {"ann", "bob"}
    assert await log_of(store) == [("ann", True), ("bob", True), ("ann", False)]


async def test_a_host_with_all_fans_there_may_be_takes_no_new_one_but_an_old_one_back(
    store: RoomStore,
) -> None:
    await follow(store, ("ann", True), ("bob", True), ("ann", False), fans_max=2)
    told = await follow(store, ("eve", True), ("ann", True), fans_max=2)

    assert told["outcomes"][0]["err"] == "limit_reached"
    assert told["outcomes"][1]["changed"]
    assert told["total"] == 2


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    batches=st.lists(
        st.lists(st.tuples(st.sampled_from(["u1", "u2", "u3", "u4"]), st.booleans()), max_size=6),
        max_size=6,
    )
)
async def test_the_log_adds_up_to_the_followers_for_any_wishes(
    store: RoomStore, batches: list[list[tuple[str, bool]]]
) -> None:
    for name in ("followers", "fans", "log"):
        await store.redis.delete(store.keys.host(HOST, name))
    expected: set[str] = set()
    fans: set[str] = set()
    as_of: list[tuple[int, ...]] = []
    for batch in batches:
        told = await follow(store, *batch, fans_max=FANS_MAX)
        for user, on in batch:
            if not on:
                expected.discard(user)
            elif user in fans or len(fans) < FANS_MAX:
                expected.add(user)
                fans.add(user)
        assert told["total"] == len(expected)
        as_of.append(tuple(map(int, told["as_of"].split("-"))))

    assert await followers(store) == expected
    assert await followers(store, "fans") == fans
    assert as_of == sorted(as_of)
    folded: set[str] = set()
    for user, on in await log_of(store):
        assert (user in folded) is not on
        (folded.add if on else folded.discard)(user)
    assert folded == expected


async def test_a_room_notes_who_followed_in_it_and_tells_how_many_do(live: ScriptRoom) -> None:
    follows = [{"user": "ann", "on": True, "at": 7}]
    assert await live.events("follows.follow", follows=follows, total=5, as_of="9-1") == [
        {"t": "followers", "total": 5}
    ]
    assert await facts_of(live) == [{"k": "follow"} | follows[0]]
    assert (await live.fields())["followers"] == "5"


@pytest.mark.parametrize(("as_of", "shown"), [("9-2", 4), ("10-0", 4), ("9-1", 5), ("8-7", 5)])
async def test_an_older_total_never_overtakes_a_newer_one(
    live: ScriptRoom, as_of: str, shown: int
) -> None:
    await live.run("follows.follow", follows=[], total=5, as_of="9-1")
    assert await live.run("follows.follow", follows=[], total=4, as_of=as_of) == {"total": shown}
    assert (await live.fields())["followers"] == str(shown)


async def test_a_room_that_is_not_there_notes_nothing(room: ScriptRoom) -> None:
    refused = await room.refused("follows.follow", follows=[], total=1, as_of="1-1")
    assert refused.code == "not_found"
    wishes = [{"user": "ann", "on": True}]
    refused = await room.refused("follows.reserve", wishes=wishes, reserved_max=9)
    assert refused.code == "not_found"


async def test_places_are_reserved_once_and_given_back(room: ScriptRoom) -> None:
    await room.create("scheduled")
    wishes = [{"user": "ann", "on": True}, {"user": "ann", "on": True}, {"user": "bob", "on": True}]
    assert await room.events("follows.reserve", wishes=wishes, reserved_max=9) == [
        {"t": "reserved", "total": 2}
    ]
    back = [{"user": "ann", "on": False}, {"user": "eve", "on": False}]
    assert await room.run("follows.reserve", wishes=back, reserved_max=9) == [
        {"total": 1},
        {"total": 1},
    ]

    assert (await room.fields())["reserved"] == "1"
    assert [(f["k"], f["user"], f["on"]) for f in await facts_of(room)] == [
        ("reserve", "ann", True),
        ("reserve", "bob", True),
        ("reserve", "ann", False),
    ]


async def test_no_more_places_are_reserved_than_there_may_be(room: ScriptRoom) -> None:
    await room.create("scheduled")
    wishes = [{"user": user, "on": True} for user in ("ann", "bob", "ann")]
    told = await room.run("follows.reserve", wishes=wishes, reserved_max=1)
    assert [one.get("err") for one in told] == [None, "limit_reached", None]
    assert (await room.fields())["reserved"] == "1"


@pytest.mark.parametrize(("phase", "code"), [("live", "conflict"), ("ended", "ended")])
async def test_places_are_reserved_before_the_start_only(
    room: ScriptRoom, phase: str, code: str
) -> None:
    await room.create(phase)
    wishes = [{"user": "ann", "on": True}]
    assert (await room.refused("follows.reserve", wishes=wishes, reserved_max=9)).code == code


async def test_a_member_is_taken_in_once_and_a_full_group_takes_no_more(store: RoomStore) -> None:
    async with script_room(store, "fans:h1") as group:
        await group.create("scheduled", kind="group", admits="all")
        args = {"user": "ann", "name": "Ann", "members_max": 1}
        assert await group.run("groups.put_member", on=True, **args) == {
            "changed": True,
            "members": 1,
        }
        assert await group.run("groups.put_member", on=True, **args) == {
            "changed": False,
            "members": 1,
        }
        full = await group.refused("groups.put_member", on=True, **args | {"user": "bob"})
        assert full.code == "limit_reached"
        assert await group.run("groups.put_member", on=False, **args) == {
            "changed": True,
            "members": 0,
        }
        made, *facts = await facts_of(group)
        assert made["k"] == "group"
        assert [(f["k"], f["user"], f["on"]) for f in facts] == [
            ("member", "ann", True),
            ("member", "ann", False),
        ]


@pytest.mark.parametrize("phase", ["live", "ended"])
async def test_a_group_neither_starts_nor_ends(store: RoomStore, phase: str) -> None:
    async with script_room(store, "fans:h1") as group:
        await group.create("scheduled", kind="group", admits="all")
        assert (await group.fields())["phase"] == "live"
        assert (await group.refused("phases.set", phase=phase)).code == "conflict"
