"""A start is told: at once to who is connected anywhere, and through the ledger to everybody."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.access.auth import Identity
from server.features.books.audit import audit
from server.features.follows import news
from server.features.follows.announcing import _DUE, Announcer
from server.features.follows.messages import Follow, Reserve
from server.features.ledger import ledger
from server.features.outbox.outbox import Outbox
from server.features.phases.messages import LiveStart
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.protocol.room import RoomCreate
from server.rooms import timeline
from server.rooms.call import Call
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.rooms.rig import HOST, ROOM, Guest, Rig
from tests.rooms.views import shown
from tests.stored import stored

NEW = "r2"
ANOTHER = Identity("h2", "Lin", Role.HOST)
TOLD = {"t": "announce", "room": NEW, "title": "Tea tonight", "host": "h1", "host_name": "Mei"}


@pytest.fixture
def room_settings(make_settings: MakeSettings) -> Settings:
    """Signals follow each other at once, pages are short."""
    return make_settings(
        hub={"tick_ms_min": 1},
        bus={"publish_interval_ms": 1},
        community={"announce_repeats": 2, "announce_repeat_s": 0.05, "announce_page_users_max": 3},
        outbox={"url": "http://other.test/"},
    )


@pytest.fixture
async def new(here: Rig) -> Rig:
    """The scheduled room NEW of the host of ROOM."""
    await here.directory.create(HOST, RoomCreate(room=NEW, title="Tea tonight"))
    return here


@pytest.fixture
async def elsewhere(there: Rig) -> AsyncIterator[Rig]:
    """The other worker, with a live room of another host, hearing the news."""
    await there.directory.create(ANOTHER, RoomCreate(room="other", title="Cups"))
    async with there.news:
        await hearing(there)
        yield there


async def hearing(rig: Rig) -> None:
    await rig.news._subscribing.done.wait()


def viewer(user: str) -> Identity:
    return Identity(user, user.title(), Role.VIEWER)


async def reserve(rig: Rig, *users: str, on: bool = True) -> None:
    await asyncio.gather(
        *(rig.do(Reserve(ref=1, on=on), viewer(user), room_id=NEW) for user in users)
    )


async def follow(rig: Rig, *users: str, on: bool = True) -> None:
    await asyncio.gather(*(rig.do(Follow(ref=1, on=on), viewer(user)) for user in users))


async def told_all(*desks: Rig) -> None:
    """Wait until all signals that were sent are dealt with."""
    for rig in desks:
        await rig.heard_all()
        for piece in rig.news._pieces.values():
            if piece.task is not None:
                await piece.task


async def announced(rig: Rig) -> list[tuple[str, list[str]]]:
    """The lines of the ledger that announce the start: (why, users)."""
    lines = [line async for chunk in ledger.read(rig.store, NEW) for _, line in chunk]
    for line in lines:
        assert line.items() >= {"k": "announced", "room": NEW, "title": "Tea tonight"}.items()
    return [(line["to"], line["users"]) for line in lines]


async def whom(rig: Rig, why: str) -> list[str]:
    return sorted(user for to, users in await announced(rig) if to == why for user in users)


async def facts(rig: Rig, kind: str) -> list[dict[str, Any]]:
    return [f async for chunk in timeline.read(rig.store, NEW) for _, f in chunk if f["k"] == kind]


def announcements(guest: Guest) -> list[dict[str, Any]]:
    return [message for message in guest.heard if message["t"] == "announce"]


async def go_live(rig: Rig) -> None:
    await rig.dispatch.run_command(Call(NEW, HOST), LiveStart(ref=1))


async def test_a_user_who_reserved_or_follows_is_told_wherever_they_are_connected(
    new: Rig, elsewhere: Rig
) -> None:
    async with new.news:
        await hearing(new)
        await reserve(new, "ann", "bob")
        await follow(new, "bob", "eve")
        ann, bob = await new.join("ann"), await elsewhere.join("bob", room_id="other")
        eve, stranger = await new.join("eve"), await elsewhere.join("joe", room_id="other")

        await go_live(new)
        await new.announcer.announce(NEW)
        await told_all(new, elsewhere)

    assert announcements(ann) == [TOLD | {"why": "reserved"}]
    assert announcements(bob) == [TOLD | {"why": "reserved"}]
    assert announcements(eve) == [TOLD | {"why": "follow"}]
    assert announcements(stranger) == []
    told = [(f["why"], f["n"]) for f in await facts(new, "announced") if f["to"] == "connections"]
    assert sorted(told) == [("follow", 1), ("reserved", 1), ("reserved", 1)]


async def test_a_user_who_changes_their_mind_again_and_again_is_slowed_down(new: Rig) -> None:
    for n in range(10):
        await follow(new, "ann", on=n % 2 == 0)
        await reserve(new, "ann", on=n % 2 == 0)

    for change in (follow, reserve):
        with pytest.raises(CommandError) as caught:
            await change(new, "ann")
        assert caught.value.code == "rate_limited"
        assert caught.value.retry_ms
    await follow(new, "bob")

    assert len(await facts(new, "reserve")) == 10


async def test_a_user_who_is_in_the_room_is_not_told_what_they_see(
    new: Rig, elsewhere: Rig
) -> None:
    await follow(new, "ann")
    inside = await elsewhere.join("ann", room_id=NEW)
    outside = await elsewhere.join("ann", room_id="other")

    await go_live(new)
    await new.announcer.announce(NEW)
    await told_all(elsewhere)

    assert announcements(inside) == announcements(outside) == []


async def test_the_signal_is_repeated_for_who_comes_between_and_tells_nobody_twice(
    new: Rig, elsewhere: Rig
) -> None:
    await follow(new, "ann", "bob")
    ann = await elsewhere.join("ann", room_id="other")
    await go_live(new)
    await new.announcer.announce(NEW)
    await told_all(elsewhere)
    bob = await elsewhere.join("bob", room_id="other")
    again = await elsewhere.join("ann", room_id="other")

    while await new.redis.exists(new.store.keys.room(NEW, "announcing")):
        await new.announcer.announce(NEW)
    await told_all(elsewhere)

    assert len(announcements(ann)) == len(announcements(bob)) == 1
    assert announcements(again) == []


async def test_the_news_are_subscribed_to_until_the_bus_takes_it(
    there: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news, "SUBSCRIBE_AGAIN_S", 0)
    subscribe, refusals = there.bus.subscribe, [RuntimeError("reset"), TimeoutError()]

    async def reluctant(*args: Any) -> None:
        if refusals:
            raise refusals.pop()
        await subscribe(*args)

    monkeypatch.setattr(there.bus, "subscribe", reluctant)
    async with there.news:
        await hearing(there)
    assert refusals == []


async def test_a_start_is_forgotten_when_its_signals_are_over_and_nobody_looks_people_up(
    new: Rig, elsewhere: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await follow(new, "ann")
    await elsewhere.join("ann", room_id="other")
    whys, looking, go_on = elsewhere.news._whys, asyncio.Event(), asyncio.Event()

    async def slow(*args: Any) -> Any:
        looking.set()
        await go_on.wait()
        return await whys(*args)

    monkeypatch.setattr(elsewhere.news, "_whys", slow)
    await go_live(new)
    await new.announcer.announce(NEW)
    await looking.wait()
    piece = elsewhere.news._pieces[NEW]
    piece.forget_at = 0
    elsewhere.news._forget_old()
    assert elsewhere.news._pieces == {NEW: piece}

    go_on.set()
    async with asyncio.timeout(30):
        while elsewhere.news._pieces:
            await asyncio.sleep(0.01)


async def test_a_user_who_follows_after_the_start_is_not_told_by_a_repeated_signal(
    new: Rig, elsewhere: Rig
) -> None:
    await follow(new, "ann")
    await go_live(new)
    await new.announcer.announce(NEW)
    started = int(stored(await new.redis.hget(new.store.keys.room(NEW, "room"), "started")))
    ann, late = [await elsewhere.join(user, room_id="other") for user in ("ann", "late")]
    await new.redis.hset(new.store.keys.host("h1", "followers"), "late", started + 1)

    while await new.redis.exists(new.store.keys.room(NEW, "announcing")):
        await new.announcer.announce(NEW)
    await told_all(elsewhere)

    assert announcements(ann) == [TOLD | {"why": "follow"}]
    assert announcements(late) == []


async def test_a_user_who_joins_at_that_moment_is_told_after_the_reply(
    new: Rig, elsewhere: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await follow(new, "ann")
    run = elsewhere.store.run_script
    heard = asyncio.Event()

    async def slow(name: str, *args: Any) -> Any:
        if name == "mine_of":
            await go_live(new)
            await new.announcer.announce(NEW)
            await told_all(elsewhere)
            heard.set()
        return await run(name, *args)

    monkeypatch.setattr(elsewhere.store, "run_script", slow)
    ann = await elsewhere.join("ann", room_id="other")
    assert heard.is_set()
    assert ann.joined["t"] == "ok"
    assert announcements(ann) == [TOLD | {"why": "follow"}]


async def test_everybody_is_announced_to_through_the_ledger_once(new: Rig) -> None:
    await reserve(new, *(f"r{n}" for n in range(7)), "both")
    await follow(new, *(f"f{n}" for n in range(7)), "both", "gone")
    await follow(new, "gone", on=False)

    await go_live(new)
    await new.announcer.announce(NEW)

    assert await whom(new, "reserved") == ["both", *(f"r{n}" for n in range(7))]
    assert await whom(new, "follow") == [f"f{n}" for n in range(7)]
    assert all(1 <= len(users) <= 3 for _, users in await announced(new))
    noted = [f for f in await facts(new, "announced") if f["to"] == "outbox"]
    assert sum(f["n"] for f in noted if f["why"] == "reserved") == 8
    assert sum(f["n"] for f in noted if f["why"] == "follow") == 7
    assert (await audit(new.store, NEW)).differences == []


async def test_a_user_who_began_to_follow_after_the_start_is_in_no_page(new: Rig) -> None:
    await follow(new, "early", "late")
    await go_live(new)
    started = int(stored(await new.redis.hget(new.store.keys.room(NEW, "room"), "started")))
    followers = new.store.keys.host(HOST.user, "followers")
    await new.redis.hset(followers, mapping={"early": started, "late": started + 1})

    await new.announcer.announce(NEW)

    assert await whom(new, "follow") == ["early"]


async def test_workers_that_announce_together_or_die_between_pages_announce_once(
    new: Rig, there: Rig
) -> None:
    many = [f"u{n}" for n in range(700)]  # so many that Redis gives them out in several pages
    await reserve(new, *many[:350])
    await follow(new, *many)
    await go_live(new)

    due = await new.store.run_script("follows.announce_due", NEW, {}, _DUE)
    for step in due.steps:  # one page of each kind, then this worker is dead
        assert await new.announcer._take(NEW, due, step)
    assert len(await announced(new)) < 700 // 3
    assert (await audit(new.store, NEW)).differences == []

    while await new.redis.exists(new.store.keys.room(NEW, "announcing")):
        await asyncio.gather(new.announcer.announce(NEW), there.announcer.announce(NEW))

    assert await whom(new, "reserved") == sorted(many[:350])
    assert await whom(new, "follow") == sorted(many[350:])
    assert (await audit(new.store, NEW)).differences == []


async def test_a_step_is_taken_by_one_of_two_workers(new: Rig) -> None:
    await reserve(new, "ann")
    await go_live(new)
    due = await new.store.run_script("follows.announce_due", NEW, {}, _DUE)
    (step,) = (step for step in due.steps if step.startswith("reserved"))
    takes = (new.announcer._take(NEW, due, step) for _ in range(2))
    assert sorted(await asyncio.gather(*takes)) == [False, True]
    assert await announced(new) == [("reserved", ["ann"])]


async def test_after_a_restart_of_redis_the_pages_begin_anew_and_nobody_is_left_out(
    new: Rig,
) -> None:
    many = [f"u{n}" for n in range(700)]
    await reserve(new, *many)
    await go_live(new)
    cursor, _ = await new.redis.hscan(new.store.keys.room(NEW, "reserved"), count=3)
    assert cursor != 0
    key = new.store.keys.room(NEW, "announcing")
    await new.redis.zrem(key, "reserved:0:")
    await new.redis.zadd(key, {f"reserved:{cursor}:the-server-before": 0})

    await new.announcer.announce(NEW)
    assert set(await whom(new, "reserved")) == set(many)


async def test_the_outbox_posts_the_announcement(new: Rig, room_settings: Settings) -> None:
    posts: list[dict[str, Any]] = []

    async def post(_url: str, body: bytes, _headers: dict[str, str]) -> int:
        posts.append(json.loads(body))
        return 200

    await reserve(new, "ann")
    await go_live(new)
    await new.announcer.announce(NEW)
    await Outbox(new.store, room_settings, "w1", post).deliver(NEW)

    (posted,) = posts
    (line,) = posted["lines"]
    assert line.items() >= {"k": "announced", "to": "reserved", "users": ["ann"], "n": 1}.items()


async def test_a_start_shows_how_many_follow_by_now(new: Rig) -> None:
    await new.join("ann", room_id=NEW)
    await follow(new, "eve", "bob")  # in ROOM, of which NEW hears nothing
    assert shown(await new.directory.read(NEW)).followers == 0

    await go_live(new)
    await new.announcer.announce(NEW)
    assert shown(await new.directory.read(NEW)).followers == 2


async def test_the_announcer_works_by_itself_while_it_is_entered(new: Rig, elsewhere: Rig) -> None:
    await follow(new, "ann")
    ann = await elsewhere.join("ann", room_id="other")
    async with new.announcer:
        await go_live(new)
        await ann.until(lambda message: message["t"] == "announce")


async def test_an_announcer_that_is_left_starts_nothing(new: Rig, room_settings: Settings) -> None:
    async def refresh(_: str) -> None: ...

    announcer = Announcer(new.store, room_settings, refresh)
    async with announcer:
        pass
    announcer.start(ROOM)
    assert len(announcer._announcing) == 0
