"""A room follows Redis: nothing is missed, whatever the bus loses."""

import asyncio

import pytest

from server.features.comments.messages import CommentEvent
from server.features.phases.messages import LiveEnd
from server.features.sales.messages import SaleOpen, SaleRestock
from server.features.shelf.messages import ProductInput, ShelfPut
from server.features.stock.messages import SaleOk
from server.protocol.codes import NO_ROOM, RESYNC, CommandError
from server.protocol.joining import Last
from server.store.bus import BusMessage, Say
from tests.hub.listening import gaps, ids, seqs
from tests.replies import expect
from tests.rooms.rig import ROOM, Rig
from tests.rooms.views import shown
from tests.stored import stored


async def test_viewers_on_both_workers_hear_the_same(here: Rig, there: Rig) -> None:
    ann, ben = await here.join("ann"), await there.join("ben")

    await here.say("c1", "c2")
    await there.notice("one")
    await here.script("comments.mute", user="ben", seconds=5)

    for person in (ann, ben):  # comments come by another way than events with a seq
        await person.until_seq(3)
        await person.until(lambda m: m.get("id") == "c2")
    await ben.until(lambda m: m["t"] == "muted")
    assert ids(ann.heard) == ids(ben.heard) == ["c1", "c2"]
    assert seqs(ann.heard) == seqs(ben.heard) == [2, 3]
    assert [m["t"] for m in ann.heard if m["t"] == "muted"] == []


async def test_a_cut_bus_costs_nothing_that_redis_still_has(here: Rig, there: Rig) -> None:
    ann, ben = await here.join("ann"), await there.join("ben")
    await here.say("c0")
    await ann.until(lambda m: m.get("id") == "c0")

    here.cut()
    await there.say("c1", "c2")
    for n in range(2, 6):
        await there.notice(str(n))
    await there.script("comments.mute", user="ann", seconds=5)
    await there.script("likes.add", n=7)
    await there.notice("end")

    heard = await ann.until_seq(7)
    await ben.until_seq(7)
    for person in (ann, ben):  # likes come by another way than events with a seq
        await person.until(lambda m: m["t"] == "likes")
    assert seqs(heard) == seqs(ben.heard) == [2, 3, 4, 5, 6, 7]
    assert ids(ann.heard) == ["c0", "c1", "c2"]
    assert gaps(ann.heard) == 0
    assert len([m for m in ann.heard if m["t"] == "muted"]) == 1
    assert here.room.state.view() == there.room.state.view()


async def test_killed_subscriptions_of_all_workers_are_mended(here: Rig, there: Rig) -> None:
    ann, ben = await here.join("ann"), await there.join("ben")

    for n in range(2, 40):
        if n % 10 == 5:
            await here.redis.client_kill_filter(_type="pubsub")
        await (here if n % 2 else there).notice(str(n))

    assert seqs(await ann.until_seq(39)) == list(range(2, 40))
    assert seqs(await ben.until_seq(39)) == list(range(2, 40))


async def test_messages_dropped_in_silence_are_noticed_by_the_next_one(here: Rig) -> None:
    ann = await here.join("ann")

    here.deafen()
    await here.notice("lost")
    await here.script("comments.mute", user="ann", seconds=5)
    await here.heard_all()
    here.listen()
    await here.notice("heard")

    heard = await ann.until_seq(4)
    assert seqs(heard) == [2, 3, 4]
    assert [m["t"] for m in ann.heard if m["t"] == "muted"] == ["muted"]


async def test_a_subscription_ended_behind_the_bus_is_filled_once_confirmed_again(
    here: Rig,
) -> None:
    ann = await here.join("ann")

    await here.bus._pubsub.unsubscribe(here.key("bus"))
    await here.notice("lost")
    await here.say("c1")
    await here.bus._pubsub.subscribe(here.key("bus"))  # a second confirmation
    await ann.until_seq(2)
    await ann.until(lambda m: m.get("id") == "c1")

    assert seqs(ann.heard) == [2]


async def test_comments_lost_on_the_bus_are_told_in_a_gap(here: Rig) -> None:
    ann, mod = await here.join("ann"), await here.join("h1")
    await here.say("c1")

    await here.heard_all()
    here.deafen()
    await here.say("c2", "c3")
    await here.heard_all()
    here.listen()
    await here.say("c4")

    for guest in (ann, mod):
        await guest.until(lambda m: m.get("id") == "c4")
        assert ids(guest.heard) == ["c1", "c4"]
        assert gaps(guest.heard) == 2


async def test_a_shadow_comment_does_not_stand_for_a_lost_comment(here: Rig) -> None:
    ann, state = await here.join("ann"), here.room.state
    said, hidden = (
        CommentEvent(id=id_, user="u", name="U", role="viewer", text=id_, ts=1)
        for id_ in ("said", "hidden")
    )
    here.room.heard(
        BusMessage(
            epoch=state.epoch,
            before=state.position,
            after=state.position,
            says=[Say(0, 0, "", said), Say(0, 0, "eve", hidden)],
            comments_after=state.counted + 3,
        )
    )

    await ann.until(lambda m: m.get("id") == "said")

    assert (ids(ann.heard), gaps(ann.heard)) == (["said"], 2)


async def test_lost_comments_that_are_no_longer_recent_are_told_in_a_gap(here: Rig) -> None:
    ann = await here.join("ann")

    here.cut()
    for batch in range(6):
        await here.say(*(f"c{batch}-{n}" for n in range(20)))
    await ann.until(lambda m: m["t"] == "gap")
    await ann.until(lambda m: m.get("id") == "c5-19")

    assert len(ids(ann.heard)) == len(set(ids(ann.heard)))
    assert len(ids(ann.heard)) + gaps(ann.heard) == 120
    assert shown(here.room.state.view()).comments == shown(await here.directory.read(ROOM)).comments


async def test_a_user_that_is_muted_is_taken_out_of_the_snapshot(here: Rig) -> None:
    ann = await here.join("ann")
    await here.say("c1", user="bad")
    await here.say("c2", user="good")

    await here.script("comments.mute", user="bad", seconds=5)
    await ann.until(lambda m: m["t"] == "removed")

    assert [c.id for c in shown(here.room.state.view()).comments] == ["c2"]
    assert here.room.state.view() == await here.directory.read(ROOM)


async def test_a_doubt_during_a_fill_starts_another(here: Rig) -> None:
    ann = await here.join("ann")
    room = here.room
    fill_page = room._fill_page
    await here.heard_all()

    async def and_then_something_is_lost() -> bool:
        more = await fill_page()
        room._fill_page = fill_page  # type: ignore[method-assign]
        await here.notice("lost after the page was read")
        await here.heard_all()
        room.maybe_lost()
        here.listen()
        return more

    here.deafen()
    room._fill_page = and_then_something_is_lost  # type: ignore[method-assign]
    room.maybe_lost()

    assert seqs(await ann.until_seq(2)) == [2]


async def test_a_stream_that_no_longer_reaches_back_sends_everybody_to_join_again(
    here: Rig,
) -> None:
    ann = await here.join("ann")
    first = here.room

    here.deafen()
    for n in range(2, 6):
        await here.notice(str(n))
    await here.redis.xtrim(here.key("events"), maxlen=1, approximate=False)
    first.maybe_lost()
    await ann.closed.wait()
    again = await here.join("ann", last=Last(epoch="e1", seq=1))

    assert ann.closed_with is RESYNC
    assert again.room is not first
    assert again.joined["gap"] is True
    assert (again.joined["epoch"], again.joined["seq"]) == ("e1", 5)


async def test_a_redis_that_went_back_in_time_starts_a_new_epoch(here: Rig, there: Rig) -> None:
    ann, ben = await here.join("ann"), await there.join("ben")
    await here.notice("2")
    await here.notice("3")
    old = {name: stored(await here.redis.dump(here.key(name))) for name in ("room", "events")}
    await here.notice("4")
    await here.notice("5")
    await ann.until_seq(5)
    await ben.until_seq(5)

    # As after a restart from an older file.
    for name, dump in old.items():
        await here.redis.restore(here.key(name), 0, dump, replace=True)
    here.cut()
    there.cut()
    await asyncio.gather(ann.closed.wait(), ben.closed.wait())
    again = await here.join("ann", last=Last(epoch="e1", seq=5))
    other = await there.join("ben", last=Last(epoch="e1", seq=5))
    await here.notice("again the fourth")

    assert ann.closed_with is ben.closed_with is RESYNC
    assert again.joined["epoch"] == other.joined["epoch"] != "e1"
    assert again.joined["gap"] is other.joined["gap"] is True
    assert seqs(await again.until_seq(4)) == seqs(await other.until_seq(4)) == [4]


@pytest.mark.parametrize("lost", ["an event to all", "an event to one", "a comment"])
async def test_a_redis_that_tells_another_story_starts_a_new_epoch(
    here: Rig, there: Rig, lost: str
) -> None:
    """As after a failover to a replica that had not got the last writes, and went on from there."""
    ann, ben = await here.join("ann"), await there.join("ben")
    old = {name: stored(await here.redis.dump(here.key(name))) for name in ("room", "events")}
    there.deafen()  # is on the other side, and hears nothing of what will be lost
    if lost == "an event to all":
        await here.notice("lost")
        await ann.until_seq(2)
    elif lost == "an event to one":
        await here.script("comments.mute", user="ann", seconds=5)
        await ann.until(lambda m: m["t"] == "muted")
    else:
        await here.say("c1")
        await ann.until(lambda m: m.get("id") == "c1")

    here.deafen()
    for name, dump in old.items():
        await here.redis.restore(here.key(name), 0, dump, replace=True)
    there.listen()
    if lost != "a comment":
        await there.notice("kept")  # where the lost one was, or behind it
        await there.notice("kept, too")
        await ben.until_seq(3)
    here.listen()
    here.room.maybe_lost()
    await ann.closed.wait()
    again = await here.join("ann", last=Last(epoch="e1", seq=2))
    there.room.maybe_lost()
    await ben.closed.wait()

    assert ann.closed_with is ben.closed_with is RESYNC
    assert again.joined["epoch"] != "e1"
    assert again.joined["gap"] is True


async def test_a_room_that_redis_lost_is_gone(here: Rig) -> None:
    ann = await here.join("ann")

    await here.redis.delete(here.key("room"))
    here.cut()
    await ann.closed.wait()

    assert ann.closed_with is NO_ROOM
    with pytest.raises(CommandError) as refused:
        await here.join("ann")
    assert refused.value.code == "not_found"


async def test_a_stream_that_cannot_be_read_sends_everybody_to_join_again(here: Rig) -> None:
    ann = await here.join("ann")

    async def fail() -> bool:
        raise ValueError("this event is of a later version")

    here.room._fill_page = fail  # type: ignore[method-assign]
    here.cut()
    await ann.closed.wait()

    assert ann.closed_with is RESYNC


async def test_sales_that_changed_during_a_loss_are_told_in_their_order(here: Rig) -> None:
    mug = ProductInput(sku="mug", title="Mug", price=100, currency="CNY")
    await here.do(ShelfPut(ref=1, product=mug))
    ann = await here.join("ann")
    selling = SaleOpen(ref=1, sku="mug", price=90, stock=5, per_user=2, hold_s=60)

    here.cut()
    opened = expect(SaleOk, await here.do(selling)).sale
    await here.do(SaleRestock(ref=1, sale=opened.sale, add=3))
    await here.do(LiveEnd(ref=1))
    await ann.until(lambda m: m["t"] == "sale" and m["sale"]["status"] == "closed")
    await here.notice("end")
    await ann.until(lambda m: m["t"] == "notice")

    vers = [m["sale"]["ver"] for m in ann.heard if m["t"] == "sale"]
    assert vers == sorted(vers)
    assert here.room.state.view() == await here.directory.read(ROOM)
