"""Who comes and who leaves is written to the timeline, in portions."""

import asyncio
from typing import Any

import msgspec
import pytest

from server.access.auth import Identity
from server.features.moderators.messages import ModeratorAdd
from server.features.visits import visits as visits_module
from server.features.visits.visits import Visits
from server.protocol.codes import CommandError
from server.protocol.joining import Join, Source, SourceInput
from server.protocol.roles import Role
from server.rooms.timeline import read
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.rooms.rig import ROOM, Guest, Rig
from tests.stored import entries

Fact = dict[str, Any]


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def noted(here: Rig, room_settings: Settings, clock: Clock) -> Visits:
    """Visits under a clock of the test; nothing is written by itself."""
    return Visits(here.store, room_settings, "w9", clock)


async def facts(here: Rig) -> list[Fact]:
    """The visits in the timeline."""
    found = [fact async for chunk in read(here.store, ROOM) for _, fact in chunk]
    return [fact for fact in found if fact["k"] == "visits"]


def come(
    visits: Visits, user: str, role: Role = Role.VIEWER, source: Source | None = None
) -> Guest:
    guest = Guest(user)
    visits.came(ROOM, guest, Identity(user, user.title(), role), source)
    return guest


async def test_a_join_and_a_leave_are_written_with_what_brought_the_viewer(here: Rig) -> None:
    ann, source = Guest("ann"), SourceInput("search", "q")
    who = Identity("ann", "Ann", Role.VIEWER)
    await here.rooms.join(ann, who, ROOM, Join(ref=1, source=source), ann.enter)
    await ann.entered.wait()
    await here.join("guest-1", role=Role.GUEST)
    await here.visits.write()
    here.leave(ann)
    await here.visits.write()

    first, second = await facts(here)
    assert [(came["user"], came.get("guest", False)) for came in first["came"]] == [
        ("ann", False),
        ("guest-1", True),
    ]
    assert first["came"][0]["source"] == {"kind": "search", "id": "q"}
    assert first["left"] == second["came"] == []
    assert [left["conn"] for left in second["left"]] == [first["came"][0]["conn"]]
    assert first["worker"] == second["worker"]
    assert first["came"][0]["at"] <= first["at"] <= second["left"][0]["at"] <= second["at"]


async def test_times_are_by_the_clock_of_redis(here: Rig, noted: Visits, clock: Clock) -> None:
    come(noted, "ann", source=Source("note", "n7"))
    clock.now += 90
    come(noted, "ben")
    clock.now += 10
    await noted.write()

    [fact] = await facts(here)
    assert [fact["at"] - came["at"] for came in fact["came"]] == [100_000, 10_000]
    assert fact["came"][0]["source"] == {"kind": "note", "id": "n7"}
    assert "source" not in fact["came"][1]


async def test_a_worker_says_that_it_lives_while_somebody_is_here(here: Rig, noted: Visits) -> None:
    ann = come(noted, "ann")
    for _ in range(3):
        await noted.write()
    noted.left(ROOM, ann)
    for _ in range(3):
        await noted.write()

    shape = [(len(fact["came"]), len(fact["left"])) for fact in await facts(here)]
    assert shape == [(1, 0), (0, 0), (0, 0), (0, 1)]


async def test_a_second_life_of_a_worker_has_another_name(
    here: Rig, noted: Visits, room_settings: Settings
) -> None:
    again = Visits(here.store, room_settings, "w9")
    come(noted, "ann")
    come(again, "ann")
    await noted.write()
    await again.write()

    first, second = await facts(here)
    assert first["worker"] != second["worker"]
    assert first["came"][0]["conn"] == second["came"][0]["conn"] == 1


async def test_many_visits_are_several_facts_and_nobody_leaves_before_coming(
    here: Rig, noted: Visits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits_module, "VISITS_PER_FACT_MAX", 2)
    for guest in reversed([come(noted, f"u{n}") for n in range(5)]):
        noted.left(ROOM, guest)
    await noted.write()

    came: set[int] = set()
    for fact in await facts(here):
        came |= {each["conn"] for each in fact["came"]}
        assert {each["conn"] for each in fact["left"]} <= came
    assert len(came) == sum(len(fact["left"]) for fact in await facts(here)) == 5


async def test_a_fact_is_bounded_in_bytes_whatever_the_visitors_send(
    here: Rig, noted: Visits
) -> None:
    source = Source("note", "😀" * 64)
    for guest in [come(noted, "😀" * 60 + f"{n:04}", source=source) for n in range(120)]:
        noted.left(ROOM, guest)
    await noted.write()

    found = entries(await here.redis.xrange(here.key("timeline")))
    assert max(len(fields[b"e"]) for _, fields in found) <= 32_768
    assert sum(len(fact["came"]) for fact in await facts(here)) == 120


async def test_visits_that_the_store_did_not_take_are_written_later(
    here: Rig, noted: Visits
) -> None:
    ann = come(noted, "ann")
    run = here.store.run_script

    async def unavailable(*_: object) -> None:
        raise CommandError("unavailable", "Gone.")

    here.store.run_script = unavailable  # type: ignore[method-assign,assignment]
    await noted.write()
    here.store.run_script = run  # type: ignore[method-assign]
    noted.left(ROOM, ann)
    await noted.write()

    [fact] = await facts(here)
    assert (len(fact["came"]), len(fact["left"])) == (1, 1)


async def test_visits_go_on_after_an_answer_that_nobody_understands(
    here: Rig, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(figures={"visits_interval_s": 0.05})
    run, failed, written = here.store.run_script, asyncio.Event(), asyncio.Event()

    async def garbled(name: str, *args: Any) -> Any:
        if failed.is_set():
            done = await run(name, *args)
            written.set()
            return done
        failed.set()
        raise msgspec.DecodeError("no such type")

    monkeypatch.setattr(here.store, "run_script", garbled)
    async with Visits(here.store, settings, "w9") as going, asyncio.timeout(30):
        come(going, "ann")
        await written.wait()
        fact = (await facts(here))[0]
        assert [each["user"] for each in fact["came"]] == ["ann"]


async def test_visits_of_a_room_that_is_gone_are_forgotten(here: Rig, noted: Visits) -> None:
    ann = come(noted, "ann")
    await here.redis.delete(here.key("room"))
    noted.left(ROOM, ann)
    await noted.write()
    await noted.write()

    assert await facts(here) == []
    assert noted._rooms == {}


async def test_the_last_visits_are_written_when_the_worker_goes(
    here: Rig, room_settings: Settings
) -> None:
    async with Visits(here.store, room_settings, "w9") as going:
        ann = come(going, "ann")
        going.left(ROOM, ann)

    [fact] = await facts(here)
    assert (len(fact["came"]), len(fact["left"])) == (1, 1)


async def here_now(here: Rig, **more: Any) -> tuple[list[tuple[str, int]], bool]:
    """The people who are listed, each with how many connections, and whether there are more."""
    args = {"after": "", "limit": 100, "stale_ms": 60_000, "looked_max": 2000} | more
    found = await here.script("visits.list_here", **args)
    return [(each["user"], each["connections"]) for each in found["people"]], found["more"]


async def test_a_moderator_of_the_room_is_listed_as_one(here: Rig, noted: Visits) -> None:
    for user in ("ann", "mo"):
        come(noted, user)
    await noted.write()
    await here.do(ModeratorAdd(ref=1, user="mo"))

    args = {"after": "", "limit": 100, "stale_ms": 60_000, "looked_max": 2000}
    found = await here.script("visits.list_here", **args)

    assert [(each["user"], each["role"]) for each in found["people"]] == [
        ("ann", "viewer"), ("mo", "moderator"),
    ]  # fmt: skip


async def test_a_page_takes_away_no_more_of_the_gone_than_it_looks_at(
    here: Rig, noted: Visits, room_settings: Settings
) -> None:
    dead = Visits(here.store, room_settings, "w8")
    for n in range(10):
        come(dead, f"gone-{n}")
    come(dead, "zoe")
    await dead.write()
    [worker] = await here.redis.hkeys(here.key("here_workers"))
    await here.redis.hset(here.key("here_workers"), worker, 1)
    come(noted, "zoe")
    await noted.write()

    pages, more, after = list[int](), True, ""
    while more:
        args = {"after": after, "limit": 100, "stale_ms": 60_000, "looked_max": 4}
        found = await here.script("visits.list_here", **args)
        more, after = found["more"], found["after"]
        pages.append(await here.redis.zcard(here.key("here")))

    assert [it["user"] for it in found["people"]] == ["zoe"]
    assert found["people"][0]["connections"] == 1
    assert pages == [8, 4, 1]


async def test_who_is_here_is_listed_by_user_once_over_all_workers(
    here: Rig, noted: Visits, room_settings: Settings
) -> None:
    other = Visits(here.store, room_settings, "w8")
    users = ["a", "a!", "a/b", "b", "Ünal", "茶"]
    guests = [come(noted, user) for user in users]
    come(other, "a")
    come(other, "a/b")
    come(noted, "guest-1", Role.GUEST)
    await noted.write()
    await other.write()

    everybody = [("a", 2), ("a!", 1), ("a/b", 2), ("b", 1), ("Ünal", 1), ("茶", 1)]
    assert await here_now(here) == (everybody, False)
    read: list[tuple[str, int]] = []
    more = True
    while more:
        some, more = await here_now(here, after=read[-1][0] if read else "", limit=2)
        read += some
    assert read == everybody

    noted.left(ROOM, guests[0])
    noted.left(ROOM, guests[3])
    await noted.write()
    assert await here_now(here) == ([("a", 1), *everybody[1:3], *everybody[4:]], False)


async def test_people_of_a_worker_that_is_silent_are_not_here(
    here: Rig, noted: Visits, room_settings: Settings
) -> None:
    other = Visits(here.store, room_settings, "w8")
    come(noted, "ann")
    come(other, "ben")
    await noted.write()
    await other.write()
    await here.redis.hset(here.key("here_workers"), other._worker, 1)

    assert await here_now(here) == ([("ann", 1)], False)
    assert await here.redis.zcard(here.key("here")) == 1
