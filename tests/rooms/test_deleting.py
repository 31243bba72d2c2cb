"""A room that is deleted while somebody is in it: all are sent out, and nobody comes in again."""

import asyncio
from typing import Any

import pytest

from server.access.auth import Identity
from server.features.phases.messages import LiveEnd
from server.protocol.codes import NO_ROOM, RESYNC, CommandError
from server.protocol.joining import Join, Last
from server.protocol.roles import Role
from server.rooms.deleting import delete_room
from tests.rooms.rig import ROOM, Guest, Rig

ANN = Identity("ann", "Ann", Role.VIEWER)


async def delete(here: Rig) -> None:
    """End the room, and delete it."""
    await here.do(LiveEnd(ref=1))
    await delete_ended(here)


async def delete_ended(here: Rig) -> None:
    worker = here.worker
    await delete_room(here.store, worker.records, ROOM, worker.deletes, worker.undeletable)


async def must_be_gone(here: Rig) -> None:
    assert here.open_room(ROOM) is None
    assert here.rooms._lingering == {}, "a timer keeps the room in memory"
    for role in (Role.VIEWER, Role.GUEST):
        with pytest.raises(CommandError) as refused:
            await here.join("late", role=role)
        assert refused.value.code == "not_found"
    while here.bus._listeners:
        await asyncio.sleep(0)


async def test_everybody_in_it_is_sent_out_on_every_worker(here: Rig, there: Rig) -> None:
    inside = [
        await here.join("ann"),
        await here.join("guest", role=Role.GUEST),
        await here.join("bob", by_http=True),
        await there.join("h1", role=Role.HOST),
    ]
    left = await there.join("left")
    there.leave(left)

    await delete(here)

    for guest in inside:
        await guest.until_closed()
        assert guest.closed_with is NO_ROOM
    for worker in (here, there):
        await must_be_gone(worker)


async def test_a_worker_that_lost_the_message_learns_of_it_from_the_next_viewer(
    here: Rig, there: Rig
) -> None:
    inside = await there.join("guest", role=Role.GUEST)
    there.deafen()
    await delete(here)
    await there.heard_all()

    with pytest.raises(CommandError) as refused:
        await there.join("ann")
    await inside.until_closed()

    assert (refused.value.code, inside.closed_with) == ("not_found", NO_ROOM)
    await must_be_gone(there)


async def test_it_learns_of_it_also_from_one_who_comes_in_without_a_task(
    here: Rig, there: Rig
) -> None:
    inside, late = await there.join("guest", role=Role.GUEST), Guest("ann")
    there.deafen()
    await delete(here)
    await there.heard_all()
    refused: asyncio.Future[CommandError] = asyncio.get_running_loop().create_future()

    there.rooms.join_open(late, ANN, there.room, Join(ref=1), late.enter, refused.set_result)

    assert (await refused).code == "not_found"
    await inside.until_closed()
    assert inside.closed_with is NO_ROOM


async def test_a_worker_that_lost_the_message_learns_of_it_when_it_tells_who_is_there(
    here: Rig, there: Rig
) -> None:
    inside = await there.join("guest", role=Role.GUEST)
    there.deafen()
    await delete(here)
    await there.presence.report()
    await inside.until_closed()

    assert inside.closed_with is NO_ROOM
    await must_be_gone(there)


async def test_a_worker_that_lost_the_message_learns_of_it_when_its_bus_is_back(
    here: Rig, there: Rig
) -> None:
    inside = await there.join("guest", role=Role.GUEST)
    there.deafen()
    await delete(here)
    there.cut()
    await inside.until_closed()

    assert inside.closed_with is NO_ROOM
    await must_be_gone(there)


async def test_a_room_that_is_being_deleted_is_not_there_any_more(here: Rig, there: Rig) -> None:
    inside = await there.join("ann")
    await here.do(LiveEnd(ref=1))
    await here.script("room_delete")  # and then the process dies
    await inside.until_closed()

    assert await here.redis.hget(here.key("room"), "left") == b"deleted"
    assert inside.closed_with is NO_ROOM
    for worker in (here, there):
        await must_be_gone(worker)
    await delete_ended(here)
    assert not await here.redis.exists(here.key("room"))


async def test_a_room_that_is_deleted_under_a_join_lets_nobody_in(
    here: Rig, there: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await there.join("ann")
    run = there.store.run_script

    async def and_then_it_is_deleted(name: str, *args: Any) -> Any:
        found = await run(name, *args)
        if name == "mine_of":
            await delete(here)
            await there.heard_all()
        return found

    monkeypatch.setattr(there.store, "run_script", and_then_it_is_deleted)
    with pytest.raises(CommandError) as refused:
        await there.join("late")

    assert refused.value.code == "not_found"


async def test_a_room_that_is_deleted_while_it_is_announced_is_announced_no_further(
    here: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = here.announcer._take

    async def once_it_is_deleted(*args: Any) -> bool:
        await delete(here)
        return await take(*args)

    monkeypatch.setattr(here.announcer, "_take", once_it_is_deleted)

    assert await here.announcer.announce(ROOM) == 0
    assert not await here.redis.exists(here.key("room"), here.key("announcing"))


async def test_the_next_room_of_this_id_is_another_one(here: Rig, there: Rig) -> None:
    ann = await there.join("ann")
    there.deafen()
    await delete(here)
    await there.heard_all()
    made = {"title": "Mugs", "host": "h2", "host_name": "H", "scheduled": 0, "shelf": []}
    await here.script("room_create", epoch="e2", **made)
    there.listen()
    await here.script("phases.set", phase="live", user="h2")
    await ann.until_closed()
    again = await there.join("ann", last=Last(epoch="e1", seq=1))

    assert ann.closed_with is RESYNC
    assert (again.joined["gap"], again.joined["room"]["title"]) == (True, "Mugs")
