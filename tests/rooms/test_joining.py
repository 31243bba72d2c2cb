"""Coming into a room: the snapshot, what was missed, and rooms that open and close under it."""

import asyncio
from typing import Any

import pytest

from server.access.auth import Identity
from server.features.orders.messages import Line, Order, OrderEvent
from server.house import HOUSE
from server.protocol.codes import INTERNAL, RESYNC, CommandError
from server.protocol.joining import Join, Last
from server.protocol.roles import Role
from server.rooms.arrival import Arrival
from server.rooms.own import OwnPart
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.hub.listening import Noter, ids, seqs
from tests.rooms.rig import ROOM, Guest, Rig, rig
from tests.rooms.views import shown


async def test_a_returning_viewer_gets_exactly_what_it_missed(here: Rig, there: Rig) -> None:
    for n in range(2, 8):
        await here.notice(str(n))

    on_the_same, on_another = [
        await worker.join("ann", last=Last(epoch="e1", seq=4)) for worker in (here, there)
    ]
    nothing = await here.join("ann", last=Last(epoch="e1", seq=7))

    assert [m["seq"] for m in on_the_same.joined["missed"]] == [5, 6, 7]
    assert on_another.joined["missed"] == on_the_same.joined["missed"]
    assert "gap" not in on_the_same.joined
    assert nothing.joined["missed"] == []


@pytest.mark.parametrize(
    "last",
    [Last(epoch="another", seq=1), Last(epoch="e1", seq=99)],
    ids=["of another epoch", "ahead of the room"],
)
async def test_a_viewer_that_cannot_resume_is_told_of_a_gap(here: Rig, last: Last) -> None:
    ann = await here.join("ann", last=last)

    assert ann.joined["gap"] is True
    assert "missed" not in ann.joined


async def test_only_so_many_missed_events_are_replayed(make_settings: MakeSettings) -> None:
    async with rig(make_settings(rooms={"missed_events_max": 3}), "w1") as here:
        await here.create()
        await here.join("first")
        for n in range(2, 8):
            await here.notice(str(n))
        await here.heard_all()

        near = await here.join("ann", last=Last(epoch="e1", seq=4))
        far = await here.join("ann", last=Last(epoch="e1", seq=3))

        assert [m["seq"] for m in near.joined["missed"]] == [5, 6, 7]
        assert far.joined["gap"] is True


async def test_missed_events_are_found_behind_any_number_of_private_events(here: Rig) -> None:
    await here.notice("2")
    pipeline = here.redis.pipeline(transaction=False)
    for sub in range(1, 12_001):
        pipeline.xadd(
            here.key("events"), {"e": b"\x82\xa1t\xa5muted\xa5until\x05", "u": "x"}, f"2-{sub}"
        )
    pipeline.hset(here.key("room"), "sub", 12_000)
    await pipeline.execute()
    await here.script("notices.put", text="3", events_max=100_000)
    await here.script("notices.put", text="4", events_max=100_000)

    ann = await here.join("ann", last=Last(epoch="e1", seq=1))

    assert [m["seq"] for m in ann.joined["missed"]] == [2, 3, 4]


async def test_a_room_that_is_not_there_cannot_be_joined(here: Rig) -> None:
    with pytest.raises(CommandError) as refused:
        await here.rooms.join(
            Noter("ann"),
            Identity("ann", "Ann", Role.VIEWER),
            "nowhere",
            Join(ref=1),
            lambda _: None,
        )

    assert refused.value.code == "not_found"
    assert here.bus._listeners == {}


async def test_all_joins_of_a_tick_share_one_snapshot(make_settings: MakeSettings) -> None:
    settings = make_settings(hub={"tick_ms_min": 50, "joins_per_tick_max": 40})
    async with rig(settings, "w1") as here:
        await here.create()
        await here.join("first")
        state, views = here.room.state, 0
        view = state.view

        def counted() -> Any:
            nonlocal views
            views += 1
            return view()

        state.view = counted  # type: ignore[method-assign]
        await here.say("news")
        await here.heard_all()

        guests = await asyncio.gather(*(here.join(f"v{n}", role=Role.GUEST) for n in range(100)))

        assert views == 1
        assert len({id(guest.notes.frames.arrays[0]) for guest in guests}) == 100
        rooms = [guest.joined["room"] for guest in guests]
        assert all(room == rooms[0] for room in rooms)
        assert ids(rooms[0]["comments"] and [{"t": "comment"} | rooms[0]["comments"][-1]]) == [
            "news"
        ]


async def test_a_comment_made_while_the_room_opens_is_in_the_snapshot_once(here: Rig) -> None:
    subscribe = here.bus.subscribe

    async def and_a_comment(room_id: str, listener: Any) -> None:
        await subscribe(room_id, listener)
        await here.say("c1")
        await here.heard_all()

    here.bus.subscribe = and_a_comment  # type: ignore[method-assign]
    ann = await here.join("ann")
    await here.say("c2")
    await ann.until(lambda m: m.get("id") == "c2")

    assert [c["id"] for c in ann.joined["room"]["comments"]] == ["c1"]
    assert ids(ann.heard) == ["c2"]
    assert [c.id for c in shown(here.room.state.view()).comments] == ["c1", "c2"]


async def test_events_made_while_a_viewer_joins_reach_it_once(here: Rig) -> None:
    await here.join("first")

    guests: list[Guest] = []
    last = 1

    async def speak() -> None:
        nonlocal last
        while last < 60 or len(guests) < 5:
            await here.notice(f"hi {last}")
            last += 1

    async with asyncio.TaskGroup() as group:
        speaking = group.create_task(speak())
        while not speaking.done():
            guests.append(await here.join(f"v{len(guests)}"))
    for guest in guests:
        if guest.joined["seq"] < last:
            await guest.until_seq(last)

    for guest in guests:
        assert seqs(guest.heard) == list(range(guest.joined["seq"] + 1, last + 1))


async def test_private_events_made_while_their_user_joins_are_held_for_it(
    here: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await here.join("first")
    run = here.store.run_script

    async def and_a_private_event(name: str, *args: Any) -> Any:
        found = await run(name, *args)
        if name == "orders.of_users":
            await here.script("comments.mute", user="ann", seconds=5)
            await here.heard_all()
        return found

    monkeypatch.setattr(here.store, "run_script", and_a_private_event)
    ann = await here.join("ann")

    assert [m["t"] for m in ann.heard] == ["muted"]


async def test_a_room_that_is_kept_for_no_time_can_be_joined(make_settings: MakeSettings) -> None:
    async with rig(make_settings(rooms={"linger_s": 0}), "w1") as here:
        await here.create()

        ann = await here.join("ann")
        await here.notice("hi")

        assert seqs(await ann.until_seq(2)) == [2]


async def test_an_empty_room_is_closed_and_opened_again(make_settings: MakeSettings) -> None:
    async with rig(make_settings(rooms={"linger_s": 0.1}), "w1") as here:
        await here.create()
        first = await here.join("ann")

        here.leave(first)
        while here.bus._listeners:
            await asyncio.sleep(0.01)
        second = await here.join("ann")
        await here.notice("hi")
        await second.until_seq(2)

        assert second.room is not first.room


async def test_the_end_of_a_room_leaves_the_one_in_its_place_alone(here: Rig) -> None:
    first = await here.join("ann")
    unsubscribe = here.bus.unsubscribe
    may_go = asyncio.Event()

    async def late(room_id: str, listener: Any) -> None:
        await may_go.wait()
        await unsubscribe(room_id, listener)
        may_go.clear()

    here.bus.unsubscribe = late  # type: ignore[method-assign]
    first.room._break("the test says so")
    second = await here.join("ann")
    may_go.set()
    while may_go.is_set():
        await asyncio.sleep(0)
    await here.notice("hi")

    assert first.closed_with is RESYNC
    assert seqs(await second.until_seq(2)) == [2]
    here.bus.unsubscribe = unsubscribe  # type: ignore[method-assign]


async def test_a_room_that_ends_under_a_join_lets_nobody_in(here: Rig) -> None:
    first = await here.join("ann")
    room = first.room
    waiting = Guest("waiting")
    who = Identity("waiting", "Waiting", Role.VIEWER)

    # One has been admitted and waits for the next pass, another still waits for Redis.
    room.expect(arrival := Arrival(waiting, who, Join(ref=1), waiting.enter))
    room._welcome._at_pass.append(arrival)
    late = asyncio.create_task(here.join("late"))
    await asyncio.sleep(0)
    room._break("the test says so")

    with pytest.raises(CommandError) as refused:
        await late
    assert (refused.value.code, refused.value.retry_ms) == ("unavailable", 200)
    assert waiting.closed_with is RESYNC
    assert not waiting.entered.is_set()


async def test_joining_waits_for_no_redis_that_is_away_and_is_asked_again(
    here: Rig, room_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise ConnectionError("gone")

    with monkeypatch.context() as gone:
        gone.setattr(here.redis, "exists", away)
        with pytest.raises(CommandError) as refused:
            await here.join("ann")
    ann = await here.join("ann")

    assert refused.value.code == "unavailable"
    assert refused.value.retry_ms
    assert ann.joined["room"]["room"] == ROOM


def order(status: Any, updated: int, name: str = "o1") -> Order:
    lines = [Line("s", "mug", "Mug", 1, 100)]
    return Order(name, ROOM, "ann", "Ann", status, lines, 100, "CNY", 1, updated, 9)


@pytest.mark.parametrize(
    ("held", "listed", "owed"),
    [
        ([order("held", 1), order("paid", 2)], order("paid", 2), []),
        ([order("held", 1), order("paid", 2)], order("held", 1), [order("paid", 2)]),
        ([order("held", 2), order("paid", 2)], order("paid", 2), []),
        ([order("held", 2), order("paid", 2)], order("held", 2), [order("paid", 2)]),
        ([order("held", 1, "o2")], order("paid", 2), [order("held", 1, "o2")]),
    ],
)
def test_held_events_never_take_an_order_back(
    held: list[Order], listed: Order, owed: list[Order]
) -> None:
    arrival = Arrival(
        Noter("ann"), Identity("ann", "Ann", Role.VIEWER), Join(ref=1), lambda _: None
    )
    arrival.held += [OrderEvent(order=order) for order in held]
    arrival.own = OwnPart(HOUSE.shape.mine(), {"orders": [listed]})

    assert arrival.owed() == [OrderEvent(order=order) for order in owed]


async def test_a_join_that_cannot_be_answered_costs_nobody_an_event(here: Rig) -> None:
    ann = await here.join("ann")
    half = Guest("eve")
    who = Identity("eve", "half an emoji \ud83d", Role.VIEWER)  # a token like this is refused
    knocking = asyncio.create_task(here.rooms.join(half, who, ROOM, Join(ref=1), half.enter))
    for n in range(20):
        await here.notice(str(n))
    await knocking
    await half.closed.wait()
    await ann.until(lambda message: message.get("text") == "19")

    assert half.closed_with == INTERNAL
    assert seqs(ann.heard) == list(range(2, 22))


async def test_all_who_join_in_one_pass_wait_for_one_snapshot(here: Rig) -> None:
    await here.join("ann")
    encoding = here.room.state.encoded(Guest("x").variant.encoding)
    bob, cat = await asyncio.gather(here.join("bob"), here.join("cat"))
    assert encoding is here.room.state.encoded(bob.variant.encoding)
    assert bob.joined["room"] == cat.joined["room"]
