"""A room is changed: everybody hears of it once, lists follow; a draft is for who works on it."""

from typing import Any

import msgspec
import pytest

from server.access.auth import Identity
from server.features.details.messages import RoomChange
from server.features.moderators.messages import ModeratorAdd, ModeratorRemove
from server.features.phases.messages import LiveEnd, LiveStart
from server.features.shelf.messages import Product
from server.features.shelf.snapshot import ShelfPart
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.protocol.room import RoomCreate
from server.rooms.listing import Order
from tests.rooms.rig import HOST, ROOM, Rig, put_on_shelf

SOON = 4_000_000_000_000
NEW = "r2"
ADMIN = Identity("a1", "Admin", Role.ADMIN)
MUG = Product("mug", "Stone mug", 4900, "CNY")


async def make(rig: Rig, room: str = NEW, **fields: Any) -> None:
    await rig.directory.create(HOST, RoomCreate(room=room, title="Tea tonight", **fields))


async def listed(rig: Rig) -> list[str]:
    rooms = [room.room for room in await rig.directory.newest()]
    assert sorted(rooms) == sorted(room.room for room in await rig.directory.live_first())
    page = await rig.directory.page_after(None, "", 100)
    assert sorted(rooms) == sorted(room.room for room in page.rooms)
    return rooms


async def test_a_change_is_told_to_everybody_by_one_event(here: Rig) -> None:
    ann = await here.join("ann")

    await here.do(RoomChange(ref=1, title="Green tea", cover="/static/tea.jpg"))
    await here.do(RoomChange(ref=1, title="Green tea"))  # no news

    [event] = [m for m in await ann.until(lambda m: m["t"] == "room") if m["t"] == "room"]
    assert (event["title"], event["cover"], event["seq"]) == ("Green tea", "/static/tea.jpg", 2)
    assert (await here.directory.read(ROOM)).title == "Green tea"
    await here.heard_all()
    assert [m["t"] for m in ann.heard].count("room") == 1


async def test_null_clears_what_a_room_may_be_without(here: Rig) -> None:
    await make(here, scheduled=SOON, stream_url="/s", embed_url="/e", cover="/c")
    clear = msgspec.convert(
        {"op": "room.change", "ref": 1, "scheduled": None, "stream_url": None, "cover": None},
        RoomChange,
    )

    await here.do(clear, HOST, NEW)

    room = await here.directory.read(NEW)
    assert (room.scheduled, room.stream_url, room.cover, room.embed_url) == (0, "", "", "/e")


async def test_the_list_shows_a_room_where_its_new_start_is(here: Rig) -> None:
    await make(here, "a", scheduled=SOON)
    await make(here, "b", scheduled=SOON + 1)

    await here.do(RoomChange(ref=1, scheduled=SOON + 2, title="Later"), HOST, "a")

    rooms = (await here.directory.page_after("scheduled", "", 10)).rooms
    assert [(room.room, room.title) for room in rooms] == [("b", "Tea tonight"), ("a", "Later")]


async def test_the_start_of_a_room_that_started_is_not_changed(here: Rig) -> None:
    with pytest.raises(CommandError) as live:
        await here.do(RoomChange(ref=1, scheduled=SOON))
    await here.do(LiveEnd(ref=1))
    with pytest.raises(CommandError) as ended:
        await here.do(RoomChange(ref=1, scheduled=SOON, title="Other"))

    assert (live.value.code, ended.value.code) == ("conflict", "conflict")
    assert "that is live" in live.value.msg
    assert (await here.directory.read(ROOM)).title == "Tea"


async def test_a_settings_event_of_the_version_before_takes_no_title_away(here: Rig) -> None:
    await here.do(RoomChange(ref=1, cover="/c"))
    ann = await here.join("ann")
    await here.script("notices.put", text="x")  # so that the event below is no gap
    before = {"t": "room", "seq": 9, "slow_s": 5}
    shape = here.room.state._shape

    here.room.state.apply(msgspec.convert(before, shape.room_settings))

    view: Any = here.room.state.view()
    assert (view.title, view.cover, view.slow_s) == ("Tea", "/c", 5)
    here.leave(ann)


async def test_a_draft_is_in_no_list_and_nobody_but_its_staff_comes_in(here: Rig) -> None:
    await make(here, draft=True)
    await here.do(ModeratorAdd(ref=1, user="mo"), HOST, NEW)

    assert await listed(here) == []
    for user in ("ann", "h2"):
        with pytest.raises(CommandError) as refused:
            await here.join(user, role=Role.HOST if user == "h2" else Role.VIEWER, room_id=NEW)
        assert refused.value.code == "forbidden"
        assert "This room is a draft" in refused.value.msg
    for user, role in (("h1", Role.HOST), ("mo", Role.VIEWER), ("a1", Role.ADMIN)):
        guest = await here.join(user, role=role, room_id=NEW)
        assert guest.joined["room"]["draft"] is True


async def test_who_is_no_moderator_any_more_is_sent_out_of_a_draft(here: Rig, there: Rig) -> None:
    await make(here, draft=True)
    await here.do(ModeratorAdd(ref=1, user="mo"), HOST, NEW)
    guest = await there.join("mo", room_id=NEW)

    await here.do(ModeratorRemove(ref=1, user="mo"), HOST, NEW)

    await guest.until_closed()
    assert guest.closed_with is not None
    assert guest.closed_with.code == 4403


async def test_a_draft_does_not_go_live_before_it_is_public(here: Rig) -> None:
    await make(here, draft=True)
    with pytest.raises(CommandError) as refused:
        await here.do(LiveStart(ref=1), HOST, NEW)

    await here.do(RoomChange(ref=1, draft=False), HOST, NEW)
    await here.do(LiveStart(ref=1), HOST, NEW)

    assert refused.value.code == "conflict"
    assert (await here.directory.read(NEW)).phase == "live"


async def test_a_draft_made_public_is_listed_and_open_on_every_worker(
    here: Rig, there: Rig
) -> None:
    await make(here, draft=True, scheduled=SOON)
    with pytest.raises(CommandError):
        await there.join("ann", room_id=NEW)

    await here.do(RoomChange(ref=1, draft=False), HOST, NEW)

    assert await listed(there) == [NEW]
    assert (await there.join("ann", room_id=NEW)).joined["room"].get("draft", False) is False
    assert await here.redis.zcard(here.store.keys.unlisted) == 0
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"op": "room.change", "ref": 1, "draft": True}, RoomChange)


async def test_a_worker_that_dies_while_it_publishes_leaves_a_draft_a_draft(
    here: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make(here, draft=True)
    await here.directory.list_draft(NEW)  # and no further

    assert await listed(here) == []
    assert await here.directory.page_as_json(Order.NEWEST, 0, 10) == b"[]"


async def test_a_practice_is_swept_and_in_no_list(here: Rig) -> None:
    await make(here, practice=True)
    await here.do(LiveStart(ref=1), HOST, NEW)

    assert await listed(here) == []
    assert (await here.join("ann", room_id=NEW)).joined["room"]["practice"] is True
    pages = here.worker.sweeper._awake_rooms.pages()
    assert NEW in [room async for page in pages for room in page]


async def test_a_room_begins_with_the_shelf_of_an_earlier_one(here: Rig) -> None:
    other = msgspec.structs.replace(MUG, sku="cup")
    for product in (MUG, other):
        await here.do(put_on_shelf(product))

    await make(here, shelf_from=ROOM)

    shelf = (await here.directory.part(NEW, ShelfPart)).products
    assert list(shelf.values()) == [MUG, other]
    await here.do(put_on_shelf(msgspec.structs.replace(MUG, sku="jug")), HOST, NEW)
    assert list((await here.directory.part(NEW, ShelfPart)).products) == ["mug", "cup", "jug"]


async def test_the_shelf_of_another_host_is_not_taken_over(here: Rig) -> None:
    lin = Identity("h2", "Lin", Role.HOST)
    wish = RoomCreate(room=NEW, title="T", shelf_from=ROOM)
    with pytest.raises(CommandError) as forbidden:
        await here.directory.create(lin, wish)
    with pytest.raises(CommandError) as unknown:
        await here.directory.create(lin, msgspec.structs.replace(wish, shelf_from="nowhere"))

    assert (forbidden.value.code, unknown.value.code) == ("forbidden", "not_found")
    assert "another host" in forbidden.value.msg
    assert "shelf_from" in unknown.value.msg
    with pytest.raises(CommandError):
        await here.directory.read(NEW)
