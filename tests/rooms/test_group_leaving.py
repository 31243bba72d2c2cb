"""Who leaves a fan group, or is taken out of it, is sent out of it on every worker."""

from typing import Any

import msgspec
import pytest

from server.access.auth import Identity
from server.features.comments.messages import Comment
from server.features.groups.messages import GroupJoin, GroupLeave, GroupOk
from server.features.moderators.messages import ModeratorAdd, ModeratorRemove
from server.protocol.codes import FORBIDDEN
from server.protocol.joining import Join
from server.protocol.roles import Role
from tests.replies import expect
from tests.rooms.grouping import ANN, GROUP, make, refused, room_settings
from tests.rooms.rig import HOST, ROOM, Guest, Rig

__all__ = ["room_settings"]

_ANY = msgspec.msgpack.Decoder(Any)


async def test_a_user_who_leaves_is_sent_out_on_every_worker_and_may_do_nothing_more(
    here: Rig, there: Rig
) -> None:
    await make(here)
    await here.do(GroupJoin(ref=1), ANN)
    one, two = await here.join("ann", room_id=GROUP), await there.join("ann", room_id=GROUP)

    await here.do(GroupLeave(ref=1), ANN, GROUP)

    await one.until_closed()
    await two.until_closed()
    assert one.closed_with is two.closed_with is FORBIDDEN
    await refused(here.do(Comment(ref=1, text="hi"), ANN, GROUP), "forbidden")
    await refused(here.join("ann", room_id=GROUP), "forbidden")
    # from outside, again
    assert expect(GroupOk, await here.do(GroupLeave(ref=1), ANN)).group == GROUP


async def test_the_store_is_asked_once_about_who_is_connected_and_each_time_about_others(
    here: Rig, there: Rig
) -> None:
    await make(here)
    await here.do(GroupJoin(ref=1), ANN)
    await here.join("ann", room_id=GROUP)
    await here.do(Comment(ref=1, text="one"), ANN, GROUP)
    await there.do(Comment(ref=1, text="two"), ANN, GROUP)

    # No worker is told of this, so that who asks is seen.
    await here.redis.hdel(here.store.keys.room(GROUP, "members"), "ann")

    await here.do(Comment(ref=1, text="three"), ANN, GROUP)
    await refused(there.do(Comment(ref=1, text="four"), ANN, GROUP), "forbidden")
    guest = Identity("ann", "Guest", Role.GUEST)
    await refused(here.groups.must_be_let_in(guest, GROUP), "forbidden")
    elsewhere = Identity("ann", "Ann", Role.VIEWER, frozenset({ROOM}))
    await refused(here.groups.must_be_let_in(elsewhere, GROUP), "forbidden")


async def test_after_a_loss_on_the_bus_the_store_is_asked_again(here: Rig) -> None:
    await make(here)
    await here.do(GroupJoin(ref=1), ANN)
    ann = await here.join("ann", room_id=GROUP)
    await here.do(Comment(ref=1, text="one"), ANN, GROUP)
    await here.redis.hdel(here.store.keys.room(GROUP, "members"), "ann")

    ann.room.maybe_lost()

    await refused(here.do(Comment(ref=1, text="two"), ANN, GROUP), "forbidden")


async def test_a_user_who_left_may_do_nothing_more_on_any_worker_even_with_open_connections(
    here: Rig, there: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make(here)
    await here.do(GroupJoin(ref=1), ANN)
    connections = [await rig.join("ann", room_id=GROUP) for rig in (here, there)]
    for rig in (here, there):
        await rig.do(Comment(ref=1, text="hi"), ANN, GROUP)
    run = here.store.run_script

    async def dying(name: str, *args: Any) -> Any:
        if name == "groups.member_gone":
            raise RuntimeError("the worker dies before it says goodbye")
        return await run(name, *args)

    monkeypatch.setattr(here.store, "run_script", dying)
    await here.do(GroupLeave(ref=1), ANN)
    await refused(here.do(Comment(ref=1, text="more"), ANN, GROUP), "forbidden")
    await there.heard_all()
    await refused(there.do(Comment(ref=1, text="more"), ANN, GROUP), "forbidden")
    await here.groups.aclose()
    assert [each.closed_with for each in connections] == [None, None]


async def test_a_moderator_of_a_group_who_was_removed_may_do_nothing_more_on_any_worker(
    here: Rig, there: Rig
) -> None:
    await make(here)
    await here.do(ModeratorAdd(ref=1, user="ann"), HOST, GROUP)
    for rig in (here, there):
        await rig.join("ann", room_id=GROUP)
        await rig.do(Comment(ref=1, text="hi"), ANN, GROUP)

    await here.do(ModeratorRemove(ref=1, user="ann"), HOST, GROUP)

    for rig in (here, there):
        await rig.heard_all()
        await refused(rig.do(Comment(ref=1, text="more"), ANN, GROUP), "forbidden")


async def test_an_answer_that_a_leave_overtook_is_not_kept(
    here: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make(here)
    await here.do(GroupJoin(ref=1), ANN)
    await here.join("ann", room_id=GROUP)
    belongs = here.groups._belongs

    async def slow(room_id: str, user: str) -> bool:
        answer = await belongs(room_id, user)
        await here.do(GroupLeave(ref=1), ANN)
        return answer

    monkeypatch.setattr(here.groups, "_belongs", slow)
    await here.do(Comment(ref=1, text="just in time"), ANN, GROUP)
    monkeypatch.undo()
    await refused(here.do(Comment(ref=1, text="more"), ANN, GROUP), "forbidden")


async def test_a_user_who_joins_and_leaves_again_and_again_is_slowed_down(here: Rig) -> None:
    await make(here)
    for n in range(10):
        await here.do(GroupLeave(ref=1) if n % 2 else GroupJoin(ref=1), ANN)

    assert await refused(here.do(GroupJoin(ref=1), ANN), "rate_limited")
    await here.do(GroupJoin(ref=1), Identity("ben", "Ben", Role.VIEWER))


async def test_a_user_who_leaves_on_the_way_in_does_not_get_in(
    here: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make(here)
    await here.do(GroupJoin(ref=1), ANN)
    await here.join("h1", role=Role.HOST, room_id=GROUP)  # the room is open
    run = here.store.run_script

    async def slow(name: str, *args: Any) -> Any:
        if name == "mine_of":
            await here.do(GroupLeave(ref=1), ANN)
            await here.groups.aclose()
            await here.heard_all()
        return await run(name, *args)

    monkeypatch.setattr(here.store, "run_script", slow)
    ann = Guest("ann")
    await here.rooms.join(ann, ANN, GROUP, Join(ref=1), ann.enter)
    await ann.until_closed()
    assert ann.closed_with is FORBIDDEN
    assert ann.messages == []


async def test_a_user_who_becomes_a_member_again_at_once_is_not_sent_out(here: Rig) -> None:
    await make(here)
    await here.do(GroupJoin(ref=1), ANN)
    ann = await here.join("ann", room_id=GROUP)
    await here.store.run_script("groups.member_gone", GROUP, {"user": "ann"}, _ANY)
    await here.heard_all()
    assert ann.closed_with is None
