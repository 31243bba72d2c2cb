"""The replay: what everybody saw, when, and what of it can still be bought."""

import asyncio
from typing import Any

import pytest
from msgspec import msgpack

from server.features.notices.messages import Notice
from server.features.orders.messages import Buy
from server.features.phases.messages import LiveEnd, Selling
from server.features.polls.messages import PollClose, PollOk, PollOpen
from server.features.replay import replay
from server.features.replay.replay import (
    FIRST_READINGS_MAX,
    FIRST_WAITING_MAX,
    ReplayPage,
    Replays,
)
from server.features.sales.messages import SaleClose, SaleOpen, SaleRestock
from server.features.shelf.messages import Pin, Product, ShelfRemove, Unpin
from server.features.stock.messages import SaleOk
from tests.replies import expect
from tests.rooms.reels import MINUTE
from tests.rooms.rig import HOST, ROOM, Rig, put_on_shelf
from tests.rooms.rounds import facts, refusal, sweep, viewer
from tests.rooms.views import shown

MUG = Product("mug", "青瓷杯", 8900, "CNY")
SALE = SaleOpen(ref=1, sku="mug", price=7900, stock=2, per_user=2, hold_s=60)


@pytest.fixture
def replays(here: Rig) -> Replays:
    return Replays(here.store, here.directory)


async def page(replays: Replays, **query: Any) -> ReplayPage:
    return await replays.page(ROOM, **query)


async def test_a_replay_has_what_the_host_did_in_its_order(here: Rig, replays: Replays) -> None:
    await here.do(put_on_shelf(MUG))
    await here.do(Pin(ref=1, sku="mug"))
    sale = expect(SaleOk, await here.do(SALE)).sale
    await here.do(SaleRestock(ref=1, sale=sale.sale, add=3))
    await here.do(Notice(ref=1, text="满减"))
    poll = expect(PollOk, await here.do(PollOpen(ref=1, question="?", options=["a", "b"]))).poll
    await here.do(PollClose(ref=1, poll=poll.poll))
    await here.do(SaleClose(ref=1, sale=sale.sale))
    await here.do(Unpin(ref=1))
    await here.do(ShelfRemove(ref=1, sku="mug"))
    await here.do(LiveEnd(ref=1))

    found = await page(replays)

    assert [(e.t, e.what or "") for e in found.entries] == [
        ("phase", ""), ("shelf", ""), ("pin", ""), ("sale", "opened"), ("sale", "restocked"),
        ("notice", ""), ("poll", ""), ("poll", ""), ("sale", "closed"), ("pin", ""), ("shelf", ""),
        ("phase", ""),
    ]  # fmt: skip
    assert (found.entries[2].title, found.entries[2].price) == (MUG.title, MUG.price)
    assert (found.entries[3].sku, found.entries[3].price) == ("mug", 7900)
    assert (found.phase, found.selling, found.next) == ("ended", False, None)
    assert {e.minute for e in found.entries} == {0}


async def test_a_replay_is_read_in_pages_and_grows(here: Rig, replays: Replays) -> None:
    for n in range(5):
        await here.notice(str(n))
    first = await page(replays, count=4)
    assert first.next is not None
    second = await page(replays, after=first.next, count=4)
    await here.notice("more")
    third = await page(replays, after=second.entries[-1].id, count=4)

    texts = [e.text for p in (first, second, third) for e in p.entries]
    assert texts == ["", "0", "1", "2", "3", "4", "more"]
    assert (second.next, third.next) == (None, None)
    assert await refusal(page(replays, after="nonsense")) == "bad_message"


async def test_another_worker_reads_the_same_replay(
    here: Rig, there: Rig, replays: Replays
) -> None:
    await here.notice("a")
    await page(replays)
    await here.notice("b")

    assert await Replays(there.store, there.directory).page(ROOM) == await page(replays)


async def test_a_moment_is_asked_for_by_the_time_since_the_start(
    here: Rig, replays: Replays
) -> None:
    await here.do(put_on_shelf(MUG))
    await here.do(Pin(ref=1, sku="mug"))
    state, now = await here.directory.state(ROOM)
    await here.redis.hset(here.key("room"), "started", now - 12 * MINUTE)
    live = await replays.at(ROOM, 12 * MINUTE)
    assert await refusal(replays.at(ROOM, 13 * MINUTE)) == "not_found"
    await here.redis.hset(here.key("room"), "started", state.fields.started)
    await here.do(LiveEnd(ref=1))
    ended = await replays.at(ROOM, 0)

    assert (live.minute, live.pin and live.pin.product) == (12, MUG)
    assert (ended.minute, ended.entries[0].phase) == (0, "live")
    assert await refusal(replays.at(ROOM, 12 * MINUTE)) == "not_found"
    assert await refusal(replays.at("nowhere", 0)) == "not_found"


async def test_few_rooms_at_once_are_read_from_their_beginning(here: Rig, replays: Replays) -> None:
    await page(replays)
    names = [f"room{n}" for n in range(FIRST_READINGS_MAX + FIRST_WAITING_MAX + 1)]
    for name in names:
        fields = {"title": "T", "host": "h", "host_name": "H", "scheduled": 0, "epoch": "e"}
        await here.store.run_script("room_create", name, fields, msgpack.Decoder(dict[str, int]))
    for _ in range(FIRST_READINGS_MAX):
        await replays.first_readings.acquire()

    async with asyncio.TaskGroup() as asking:
        for name in names[:-1]:
            asking.create_task(replays.page(name))
        while replays.first_waiting < len(names) - 1:
            await asyncio.sleep(0)
        too_many = await refusal(replays.page(names[-1]))
        known = await page(replays)
        for _ in range(FIRST_READINGS_MAX):
            replays.first_readings.release()

    assert (too_many, known.room, replays.first_waiting) == ("unavailable", ROOM, 0)
    assert (await replays.page(names[-1])).room == names[-1]


async def test_the_rooms_asked_for_last_are_kept_while_they_hold_few_entries(
    here: Rig, replays: Replays, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "ENTRIES_KEPT_MAX", 3)
    fields = {"title": "T", "host": "h", "host_name": "H", "scheduled": 0, "epoch": "e"}
    for name in ("quiet", "still"):
        await here.store.run_script("room_create", name, fields, msgpack.Decoder(dict[str, int]))
    for text in ("1", "2"):
        await here.notice(text)
    for name in ("quiet", ROOM, "still"):
        await replays.page(name)
    all_kept = replays.kept()
    await here.notice("3")
    await page(replays)

    assert all_kept == ["quiet", ROOM, "still"]
    assert replays.kept() == [ROOM]


async def test_a_room_that_has_not_begun_has_no_moments(here: Rig, replays: Replays) -> None:
    fields = {"title": "T", "host": "h", "host_name": "H", "scheduled": 0, "epoch": "e"}
    await here.store.run_script("room_create", "soon", fields, msgpack.Decoder(dict[str, int]))

    assert await refusal(replays.at("soon", 0)) == "not_live"
    assert (await replays.page("soon")).entries == []


async def test_a_room_that_goes_on_selling_keeps_its_sales_open(
    here: Rig, replays: Replays
) -> None:
    ann = await here.join("ann")
    await here.do(put_on_shelf(MUG))
    sale = expect(SaleOk, await here.do(SALE)).sale
    await here.do(LiveEnd(ref=1, selling=True))
    await sweep(here)
    heard = await ann.until(lambda m: m["t"] == "phase")

    await here.do(Buy(ref=1, key="k", sale=sale.sale), viewer("ann"))
    view = shown(await here.directory.read(ROOM))
    shelf = (await replays.at(ROOM, view.ended - view.started)).shelf

    assert [m["selling"] for m in heard if m["t"] == "room"] == [True]
    assert (view.selling, view.sales[0].status, view.sales[0].left) == (True, "open", 1)
    assert (await page(replays)).selling
    assert [(each.product, each.buy[0].left) for each in shelf] == [(MUG, 1)]
    assert (await facts(here, "phase"))[-1]["selling"] is True


async def test_selling_can_be_turned_off_after_the_end_and_closes_the_sales(here: Rig) -> None:
    await here.do(put_on_shelf(MUG))
    await here.do(Selling(ref=1, on=True))
    await here.do(Selling(ref=1, on=True))
    sale = expect(SaleOk, await here.do(SALE)).sale
    await here.do(LiveEnd(ref=1))
    before = shown(await here.directory.read(ROOM)).sales[0].status
    await here.do(Selling(ref=1, on=False))

    after = shown(await here.directory.read(ROOM))
    buy = Buy(ref=1, key="k", sale=sale.sale)

    assert (before, after.sales[0].status, after.selling) == ("open", "closed", False)
    assert [(fact["on"], fact["by"]) for fact in await facts(here, "selling")] == [
        (True, HOST.user), (False, HOST.user),
    ]  # fmt: skip
    assert await refusal(here.do(buy, viewer("ann"))) == "ended"


async def test_a_sweep_closes_the_sales_when_the_worker_that_ended_the_room_died(
    here: Rig,
) -> None:
    await here.do(put_on_shelf(MUG))
    await here.do(SALE)
    await here.script("phases.set", phase="ended")
    await sweep(here)
    closed = shown(await here.directory.read(ROOM)).sales[0].status

    assert closed == "closed"


async def test_a_sweep_closes_nothing_in_a_room_that_sells_again(here: Rig) -> None:
    await here.do(put_on_shelf(MUG))
    await here.do(SALE)
    await here.script("phases.set", phase="ended")
    await here.do(Selling(ref=1, on=True))
    await sweep(here)

    assert shown(await here.directory.read(ROOM)).sales[0].status == "open"
