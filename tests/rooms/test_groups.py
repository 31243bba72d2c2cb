"""Fan groups: who may come in, what a group keeps, and how it ends for who leaves."""

from typing import Any

import pytest

from server.access.auth import Identity
from server.background.troubles import Troubles
from server.features.circles.hosts import Group
from server.features.comments.messages import Comment
from server.features.follows.messages import Follow, Reserve
from server.features.groups.groups import GroupBody
from server.features.groups.messages import GroupJoin, GroupOk
from server.features.moderators.messages import ModeratorAdd, ModeratorRemove
from server.features.orders.messages import Buy, OrderOk
from server.features.payments.messages import Pay
from server.features.phases.messages import LiveEnd, LiveStart
from server.features.sales.messages import SaleOpen
from server.features.shelf.messages import ProductInput, ShelfPut
from server.features.stock.messages import SaleOk
from server.protocol.codes import FORBIDDEN
from server.protocol.roles import Role
from server.protocol.room import RoomCreate
from server.rooms import timeline
from server.rooms.every_room import EveryRoom
from tests.replies import expect
from tests.rooms.grouping import ANN, GROUP, make, refused, room_settings
from tests.rooms.rig import HOST, ROOM, Rig
from tests.rooms.views import shown

__all__ = ["room_settings"]

ADMIN = Identity("root", "Root", Role.ADMIN)
TEA = ProductInput(sku="tea", title="Tea", price=2000, currency="CNY")


async def listed(rig: Rig) -> Rig:
    """Put ROOM, which the test's desk makes by script, on its host's list."""
    await rig.directory._enlist("h1", ROOM, 1)
    return rig


async def test_a_group_is_made_once_and_its_hosts_rooms_name_it(here: Rig, there: Rig) -> None:
    await listed(here)
    watching = await there.join("ann")
    assert await make(here) == Group(GROUP, "Tea people", "all", 0)
    assert await make(here) == Group(GROUP, "Tea people", "all", 0)
    await watching.until(lambda m: m["t"] == "room" and m["group"] == GROUP)
    assert [m["t"] for m in watching.heard].count("room") == 1
    assert shown(await here.directory.read(ROOM)).group == GROUP

    await here.directory.create(HOST, RoomCreate(room="later", title="Later"))
    assert shown(await here.directory.read("later")).group == GROUP
    view = shown(await here.directory.read(GROUP))
    assert (view.kind, view.phase, view.host, view.group) == ("group", "live", "h1", GROUP)


async def test_the_maker_and_the_changer_of_a_group_are_written_down(here: Rig) -> None:
    await make(here)
    await make(here)
    await here.groups.put(ADMIN, "h1", GroupBody("Cup people", "followers"))
    facts = [fact async for chunk in timeline.read(here.store, GROUP) for _, fact in chunk]
    assert [(f["k"], f["title"], f["admits"], f["by"]) for f in facts] == [
        ("group", "Tea people", "all", "h1"),
        ("group", "Cup people", "followers", "root"),
    ]


async def test_a_room_made_while_the_group_is_made_names_it_too(
    here: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = here.directory.make

    async def slow(host: str, room_id: str, *args: Any) -> None:
        if room_id == "r2":
            await make(here)
        await create(host, room_id, *args)

    monkeypatch.setattr(here.directory, "make", slow)
    await here.directory.create(HOST, RoomCreate(room="r2", title="Tea"))
    assert shown(await here.directory.read("r2")).group == GROUP


async def test_a_list_names_no_room_that_another_host_got(here: Rig) -> None:
    other = Identity("h2", "Lin", Role.HOST)
    await refused(here.directory.create(other, RoomCreate(room=ROOM, title="Mine")), "conflict")
    assert await here.directory.rooms_of("h2") == []


async def test_groups_are_swept_and_posted_like_rooms_but_not_listed_among_them(
    here: Rig,
) -> None:
    await here.directory.create(HOST, RoomCreate(room="r2", title="Tea"))
    await make(here)
    assert [view.room for view in await here.directory.newest()] == ["r2"]
    pages = EveryRoom(here.store, Troubles("a test")).pages()
    assert {room async for page in pages for room in page} == {"r2", GROUP}


async def test_groups_that_an_older_server_listed_are_swept_and_not_listed(here: Rig) -> None:
    await make(here)
    keys = here.store.keys
    created = await here.redis.zscore(keys.groups, GROUP)
    assert created
    await here.redis.delete(keys.groups)
    await here.redis.zadd(keys.rooms, {GROUP: -created, "r0": 1.0})

    assert [view.room for view in await here.directory.newest()] == []
    pages = EveryRoom(here.store, Troubles("a test")).pages()
    assert [room async for page in pages for room in page] == [GROUP, "r0"]


async def test_a_group_is_listed_by_the_time_it_was_made(here: Rig) -> None:
    await make(here)
    created = await here.redis.zscore(here.store.keys.groups, GROUP)
    assert created
    assert created > 0
    assert await here.redis.zscore(here.store.keys.rooms, GROUP) is None


async def test_nobody_makes_a_group_as_a_room(here: Rig) -> None:
    body = RoomCreate(room=GROUP, title="Mine")
    assert "PUT" in await refused(here.directory.create(HOST, body), "forbidden")
    assert (await here.groups.put(ADMIN, "h1", GroupBody("Tea"))).id == GROUP


@pytest.mark.parametrize("host", ["x" * 60, "two words", "h/1", "李"])
async def test_a_host_whose_id_makes_no_room_id_can_have_no_group(here: Rig, host: str) -> None:
    msg = await refused(here.groups.put(ADMIN, host, GroupBody("Tea")), "bad_message")
    assert "at most 59" in msg


async def test_members_come_in_and_talk_and_others_do_not(here: Rig, there: Rig) -> None:
    await make(here)
    told = await refused(there.join("ann", room_id=GROUP), "forbidden")
    assert "group.join" in told
    await refused(there.do(Comment(ref=1, text="hi"), ANN, GROUP), "forbidden")

    assert expect(GroupOk, await there.do(GroupJoin(ref=1), ANN)).group == GROUP
    ann = await there.join("ann", room_id=GROUP)
    assert ann.joined["mine"] == {"member": True}
    await there.do(Comment(ref=1, text="hi"), ANN, GROUP)
    await ann.until(lambda m: m["t"] == "comment" and m["text"] == "hi")


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.ADMIN])
async def test_staff_comes_in_without_being_a_member(here: Rig, role: Role) -> None:
    await make(here)
    await here.join("staff", role=role, room_id=GROUP)
    await here.do(Comment(ref=1, text="hi"), Identity("staff", "S", role), GROUP)


async def test_the_host_is_in_their_own_group(here: Rig) -> None:
    await make(here)
    await here.join("h1", role=Role.HOST, room_id=GROUP)
    await here.do(Comment(ref=1, text="hi"), HOST, GROUP)
    await refused(here.do(GroupJoin(ref=1)), "conflict")


async def test_a_moderator_named_by_the_group_comes_in(here: Rig) -> None:
    await make(here)
    await here.redis.hset(here.store.keys.room(GROUP, "moderators"), "ann", 1)
    await here.groups.must_be_let_in(ANN, GROUP)


async def test_a_moderator_who_is_none_any_more_is_sent_out_unless_a_member(
    here: Rig, there: Rig
) -> None:
    await make(here)
    await here.do(GroupJoin(ref=1), ANN)
    for user in ("ann", "mo", "root"):
        await here.do(ModeratorAdd(ref=1, user=user), room_id=GROUP)
    ann, mo = await there.join("ann", room_id=GROUP), await there.join("mo", room_id=GROUP)
    root = await there.join("root", role=Role.ADMIN, room_id=GROUP)

    for user in ("ann", "root", "mo"):
        await here.do(ModeratorRemove(ref=1, user=user), room_id=GROUP)

    await mo.until_closed()
    assert mo.closed_with is FORBIDDEN
    assert (ann.closed_with, root.closed_with) == (None, None)
    await refused(here.join("mo", room_id=GROUP), "forbidden")


async def test_a_moderator_removed_in_a_stream_stays_as_a_viewer(here: Rig) -> None:
    await here.do(ModeratorAdd(ref=1, user="mo"))
    mo = await here.join("mo")

    await here.do(ModeratorRemove(ref=1, user="mo"))
    await here.do(Comment(ref=2, text="over"))

    await mo.until(lambda m: m["t"] == "comment")
    assert mo.closed_with is None


async def test_guests_and_hosts_of_other_groups_stay_outside(here: Rig) -> None:
    await make(here)
    guest = Identity("ann", "Guest", Role.GUEST)
    await here.do(GroupJoin(ref=1), ANN)  # of the same id, but a guest proves none
    await refused(here.groups.must_be_let_in(guest, GROUP), "forbidden")
    await refused(here.groups.must_be_let_in(Identity("h2", "L", Role.HOST), GROUP), "forbidden")


async def test_a_group_for_followers_takes_followers(here: Rig) -> None:
    await make(here, "followers")
    assert "follow" in await refused(here.do(GroupJoin(ref=1), ANN), "forbidden")
    await here.do(Follow(ref=1), ANN)
    assert expect(GroupOk, await here.do(GroupJoin(ref=1), ANN)).group == GROUP


async def test_a_group_for_buyers_takes_who_paid_here_or_ever(here: Rig) -> None:
    await make(here, "buyers")
    await here.do(ShelfPut(ref=1, product=TEA))
    terms = SaleOpen(ref=1, sku="tea", price=9, stock=9, per_user=9, hold_s=60)
    sale = expect(SaleOk, await here.do(terms)).sale
    order = expect(OrderOk, await here.do(Buy(ref=1, key="b", sale=sale.sale), ANN)).order
    assert "bought" in await refused(here.do(GroupJoin(ref=1), ANN), "forbidden")
    await here.do(Pay(ref=1, order=order.order), ANN)
    assert expect(GroupOk, await here.do(GroupJoin(ref=1), ANN)).group == GROUP

    bob = Identity("bob", "Bob", Role.VIEWER)
    await here.redis.hset(here.store.keys.host("h1", "buyers"), "bob", b"\x80")
    assert expect(GroupOk, await here.do(GroupJoin(ref=1), bob)).group == GROUP


async def test_where_there_is_no_group_nobody_joins_one(here: Rig) -> None:
    assert "no fan group" in await refused(here.do(GroupJoin(ref=1), ANN), "not_found")


async def test_a_group_keeps_more_of_its_talk_and_never_ends(here: Rig) -> None:
    await make(here)
    for n in range(7):
        await here.do(Comment(ref=1, text=f"c{n}"), HOST, GROUP)
        await here.do(Comment(ref=1, text=f"c{n}"), HOST)
    assert [c.text for c in shown(await here.directory.read(GROUP)).comments] == [
        f"c{n}" for n in range(2, 7)
    ]
    assert len(shown(await here.directory.read(ROOM)).comments) == 2
    host = await here.join("h1", role=Role.HOST, room_id=GROUP)
    assert len(host.joined["room"]["comments"]) == 5
    for cmd in (LiveEnd(ref=1), LiveStart(ref=1)):
        await refused(here.do(cmd, HOST, GROUP), "conflict")
    await here.do(GroupJoin(ref=1), ANN)
    await refused(here.do(Reserve(ref=1), ANN, GROUP), "conflict")


async def test_a_new_title_is_shown_on_every_worker_after_joining_again(
    here: Rig, there: Rig
) -> None:
    await make(here)
    here_host = await here.join("h1", role=Role.HOST, room_id=GROUP)
    there_host = await there.join("h1", role=Role.HOST, room_id=GROUP)

    await make(here, "followers")
    await make(here, title="Cup people")
    await here_host.until_closed()
    await there_host.until_closed()

    for rig in (here, there):
        again = await rig.join("h1", role=Role.HOST, room_id=GROUP)
        assert again.joined["room"]["title"] == "Cup people"


async def test_members_are_listed_for_the_host_page_by_page(here: Rig) -> None:
    await make(here)
    for user in ("ann", "bob", "eve"):
        await here.do(GroupJoin(ref=1), Identity(user, user.title(), Role.VIEWER))
    await refused(here.do(GroupJoin(ref=1), Identity("joe", "Joe", Role.VIEWER)), "limit_reached")
    page = await here.groups.members("h1", "", 20)
    assert sorted((m.user, m.name) for m in page.members) == [
        ("ann", "Ann"),
        ("bob", "Bob"),
        ("eve", "Eve"),
    ]
    assert page.next is None
