"""Fan groups: who may come in, what a group keeps, and how it ends for who leaves."""

from collections.abc import Awaitable
from typing import Any

import msgspec
import pytest

from server.access.auth import Identity
from server.background.troubles import Troubles
from server.features.circles.hosts import Admits, Group
from server.features.comments.messages import Comment
from server.features.follows.messages import Follow, Reserve
from server.features.groups.groups import GroupBody
from server.features.groups.messages import GroupJoin, GroupLeave, GroupOk
from server.features.moderators.messages import ModeratorAdd, ModeratorRemove
from server.features.orders.messages import Buy, OrderOk
from server.features.payments.messages import Pay
from server.features.phases.messages import LiveEnd, LiveStart
from server.features.sales.messages import SaleOpen
from server.features.shelf.messages import ProductInput, ShelfPut
from server.features.stock.messages import SaleOk
from server.protocol.codes import FORBIDDEN, CommandError
from server.protocol.joining import Join
from server.protocol.roles import Role
from server.protocol.room import RoomCreate
from server.rooms import timeline
from server.rooms.every_room import EveryRoom
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Guest, Rig
from tests.rooms.views import shown

GROUP = "fans:h1"
_ANY = msgspec.msgpack.Decoder(Any)
ADMIN = Identity("root", "Root", Role.ADMIN)
ANN = Identity("ann", "Ann", Role.VIEWER)
TEA = ProductInput(sku="tea", title="Tea", price=2000, currency="CNY")


@pytest.fixture
def room_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(
        hub={"tick_ms_min": 1, "sample_per_s_max": 0},
        bus={"publish_interval_ms": 1},
        rooms={"comments_burst": 1000, "recent_comments_max": 2},
        groups={"recent_comments_max": 5, "members_max": 3},
    )


async def make(rig: Rig, admits: Admits = "all", title: str = "Tea people") -> Group:
    return await rig.groups.put(HOST, "h1", GroupBody(title, admits))


async def listed(rig: Rig) -> Rig:
    """Put ROOM, which the test's desk makes by script, on its host's list."""
    await rig.directory._enlist("h1", ROOM, 1)
    return rig


async def refused(attempt: Awaitable[object], code: str) -> str:
    with pytest.raises(CommandError) as caught:
        await attempt
    assert caught.value.code == code
    return caught.value.msg


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
