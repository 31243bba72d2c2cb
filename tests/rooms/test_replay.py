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
from server.features.replay.entries import Reel
from server.features.replay.moment import Moment, Watched, moment
from server.features.replay.replay import (
    FIRST_READINGS_MAX,
    FIRST_WAITING_MAX,
    ReplayPage,
    Replays,
)
from server.features.sales.messages import SaleClose, SaleOpen, SaleRestock
from server.features.shelf.messages import Pin, Product, ShelfRemove, Unpin
from server.features.stock.messages import Sale, SaleOk
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Rig, put_on_shelf
from tests.rooms.rounds import facts, refusal, sweep, viewer
from tests.rooms.views import shown

MINUTE = 60_000
STARTED = 1_000_000
MUG = Product("mug", "青瓷杯", 8900, "CNY")
SALE = SaleOpen(ref=1, sku="mug", price=7900, stock=2, per_user=2, hold_s=60)

# What is public of facts, with times a test can choose.

Fact = tuple[float, str, dict[str, Any]]


def reel_of(*story: Fact) -> Reel:
    """A timeline of (minute, kind, fields), read."""
    reel = Reel()
    for n, (minute, kind, fields) in enumerate(story):
        fact = {"k": kind, "at": STARTED + int(minute * MINUTE), "by": "h1"} | fields
        reel.add_fact(f"{fact['at']}-{n}", fact)
    return reel


def at(reel: Reel, minute: float, *sales: Sale, **changes: Any) -> Moment:
    """What is told of a minute, with these sales on now."""
    room = Watched("r1", "Tea", "stream", "ended", 1, STARTED, 0, selling=False, sales=sales)
    return moment(reel.entries(), STARTED + int(minute * MINUTE), room._replace(**changes))


def said(minute: float, id_: str, user: str = "ann", said_at: float | None = None) -> Fact:
    """A comment that was kept."""
    ts = STARTED + int((minute if said_at is None else said_at) * MINUTE)
    view = {"id": id_, "user": user, "name": user, "role": "viewer", "text": id_, "ts": ts}
    return minute, "comment", {"comment": view, "why": "kept"}


def put(minute: float, sku: str, price: int) -> Fact:
    product = {"sku": sku, "title": sku.title(), "price": price, "currency": "CNY"}
    return minute, "shelf", {"put": product}


def pin(minute: float, sku: str, price: int = 0) -> Fact:
    return minute, "pin", {"sku": sku, "title": "A pin", "price": price, "currency": "CNY"}


def opened(minute: float, sale: str, price: int, starts: float, ends: float = 0) -> Fact:
    times = [STARTED + int(m * MINUTE) if m else 0 for m in (starts, ends)]
    return minute, "sale", {
        "what": "opened", "sale": sale, "add": 5, "sku": "mug", "title": "Mug", "price": price,
        "currency": "CNY", "starts": times[0], "ends": times[1],
    }  # fmt: skip


def on_now(sale: str, price: int, left: int, status: Any = "open", sku: str = "mug") -> Sale:
    return Sale(sale, sku, "Mug", price, "CNY", status, 1, 60, 1, 0, left, left, 0, 0, 1)


def question(minute: float, id_: str, status: str) -> Fact:
    asked = {
        "question": id_, "sku": "mug", "topic": "size", "text": "How big?", "user": "ann",
        "name": "Ann", "asked": 1, "status": status, "at": 1,
    }  # fmt: skip
    return minute, "question", {"question": asked}


def test_a_moment_shows_the_pinned_product_as_it_was_then() -> None:
    reel = reel_of(
        put(-5, "mug", 100),
        pin(1, "mug", 100),
        put(10, "mug", 80),
        pin(12.5, "tea", 5),
        pin(20, ""),
    )

    pinned = {m: at(reel, m).pin for m in (0, 1, 9.99, 10, 12.5, 20)}

    prices = {m: shown and shown.product.price for m, shown in pinned.items()}
    assert prices == {0: None, 1: 100, 9.99: 100, 10: 80, 12.5: 5, 20: None}
    assert [e.sku for e in at(reel, 12).entries] == ["tea"]
    assert at(reel, 12).minute == 12


def test_a_moment_shows_shelf_notice_and_phase_as_they_were() -> None:
    reel = reel_of(
        put(-5, "mug", 100),
        (0, "phase", {"phase": "live"}),
        put(1, "tea", 5),
        put(2, "mug", 90),
        (3, "notice", {"text": "满减"}),
        (3, "shelf_move", {"sku": "tea", "before": "mug"}),
        (4, "shelf", {"remove": "mug"}),
        (5, "notice", {"text": ""}),
        (9, "phase", {"phase": "ended"}),
    )

    def shelf(minute: float) -> list[tuple[str, int]]:
        return [(s.product.sku, s.product.price) for s in at(reel, minute).shelf]

    assert (shelf(0), shelf(1)) == ([("mug", 100)], [("mug", 100), ("tea", 5)])
    assert shelf(3) == [("tea", 5), ("mug", 90)]
    assert (shelf(2), shelf(4)) == ([("mug", 90), ("tea", 5)], [("tea", 5)])
    assert [at(reel, m).notice for m in (2, 3, 5)] == ["", "满减", ""]
    assert [at(reel, m).phase for m in (0, 8, 9)] == ["live", "live", "ended"]


def test_a_moment_shows_the_sales_that_were_open_with_their_price_of_then() -> None:
    reel = reel_of(
        opened(1, "s1", 90, starts=1),
        opened(2, "s2", 80, starts=5, ends=7),
        (6, "sale", {"what": "restocked", "sale": "s1", "add": 3}),
        (10, "sale", {"what": "closed", "sale": "s1"}),
    )

    def sales(minute: float) -> list[tuple[str, int]]:
        return [(s.sale, s.price) for s in at(reel, minute).sales]

    assert [sales(m) for m in (0, 1, 4, 5, 6)] == [
        [], [("s1", 90)], [("s1", 90)], [("s1", 90), ("s2", 80)], [("s1", 90), ("s2", 80)],
    ]  # fmt: skip
    assert (sales(7), sales(10)) == ([("s1", 90)], [])


def test_each_product_says_in_which_sales_it_can_be_bought_now() -> None:
    reel = reel_of(put(0, "mug", 100), put(0, "tea", 5), opened(1, "s1", 90, starts=1))
    sales = [
        on_now("s1", 90, 2),
        on_now("s2", 85, 1),
        on_now("s3", 80, 0),
        on_now("s4", 70, 9, "closed"),
    ]

    over = at(reel, 2, *sales)
    selling = at(reel, 2, *sales, selling=True)
    live = at(reel, 2, *sales, phase="live")

    assert [shown.buy for shown in over.shelf] == [[], []]
    assert [b.sale for b in selling.shelf[0].buy] == ["s1", "s2"]
    assert (selling.shelf[1].buy, live.shelf) == ([], selling.shelf)
    assert [s.buy and (s.buy.sale, s.buy.left) for s in selling.sales] == [("s1", 2)]
    assert over.sales[0].buy is None


def test_a_comment_stands_where_it_was_said_and_near_moments_show_it() -> None:
    reel = reel_of(pin(3, "mug"), said(30, "late", said_at=2), said(5, "c5"), said(7, "c7"))

    assert [e.t for e in reel.entries()] == ["comment", "pin", "comment", "comment"]
    assert [c.id for c in at(reel, 6).comments] == ["c5", "c7"]
    assert [c.id for c in at(reel, 2.5).comments] == ["late"]
    many = reel_of(*(said(1 + n / 100, f"c{n}") for n in range(50)))
    assert [c.id for c in at(many, 1.3).comments] == [f"c{n}" for n in range(20, 40)]


def test_removed_comments_are_not_in_a_replay() -> None:
    story = [said(1, "a"), said(2, "b"), said(3, "c", user="ben"), said(4, "d")]

    def left(*more: Fact) -> list[str]:
        return [e.comment.id for e in reel_of(*story, *more).entries() if e.comment]

    assert left((5, "remove", {"id": "a", "user": "ann"})) == ["b", "c", "d"]
    assert left((5, "remove", {"user": "ann"})) == ["c"]
    assert left((5, "mute", {"user": "ann", "seconds": 60, "shadow": False})) == ["c"]
    assert left((5, "mute", {"user": "ann", "seconds": 0})) == ["a", "b", "c", "d"]
    assert left((5, "mute", {"user": "ann", "seconds": 9, "shadow": True})) == ["a", "b", "c", "d"]


def test_a_question_is_shown_from_when_it_is_taken_and_one_that_waits_is_not() -> None:
    reel = reel_of(
        question(1, "q1", "open"),
        question(2, "q1", "answering"),
        question(3, "q1", "open"),
        question(3, "q1", "open"),
        question(4, "q1", "answering"),
        question(5, "q1", "answered"),
        question(6, "q2", "answering"),
        question(7, "q2", "dropped"),
        question(8, "q3", "open"),
    )

    statuses = [e.question.status for e in reel.entries() if e.question]
    assert statuses == ["answering", "open", "answering", "answered"]
    now = {m: at(reel, m).question for m in (1, 2, 3, 4, 5, 6)}
    assert {m: q and q.question for m, q in now.items()} == {
        1: None, 2: "q1", 3: None, 4: "q1", 5: None, 6: None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["follow", "visits", "asks", "words", "slow", "moderator", "later"]
)
def test_comments_that_not_everybody_saw_are_not_in_a_replay(kind: str) -> None:
    assert reel_of((1, kind, {"user": "ann"})).entries() == []


# From commands to the replay.


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


# Selling on.


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


def test_a_fan_group_was_live_at_every_moment() -> None:
    assert at(reel_of(), 1, kind="group").phase == "live"
    assert at(reel_of(), 1).phase == "scheduled"
