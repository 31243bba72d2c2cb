"""How a worker reads figures: only what is new, for as long as somebody asks, and right again
after whatever happened to Redis."""

import asyncio
import threading
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from server.features.figures import folds
from server.features.figures.buyers import Buyers
from server.features.figures.figure_book import FigureBook
from server.features.figures.reckoning.fold import Fold
from server.features.figures.reckoning.models import Context, Figures
from server.features.figures.room_heads import head_of
from server.features.figures.streams import STEP_MS
from server.features.phases.messages import LiveEnd, LiveStart
from server.protocol.codes import CommandError
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.figures.real_evening import EARLIER, GROUP, ROOM, Evening
from tests.rooms.rig import HOST, Rig
from tests.stored import all_stored, stored


class Reads:
    """Counts what is read of streams."""

    def __init__(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entries = 0
        xrange = rig.redis.xrange

        async def counted(*args: Any, **more: Any) -> Any:
            found: Any = await xrange(*args, **more)
            self.entries += len(found)
            return found

        monkeypatch.setattr(rig.redis, "xrange", counted)

    def news(self) -> int:
        """Entries read since this was last asked."""
        entries, self.entries = self.entries, 0
        return entries


@pytest.fixture
def reads(here: Rig, monkeypatch: pytest.MonkeyPatch) -> Reads:
    return Reads(here, monkeypatch)


async def test_only_what_is_new_is_read(evening: Evening, book: FigureBook, reads: Reads) -> None:
    await evening.host(LiveStart(ref=1))
    await book.figures_of(ROOM)
    reads.news()
    await book.figures_of(ROOM)
    assert reads.news() == 0
    await evening.bought("ann", "mug")  # held, paid: two entries here, and to settle the buyers
    await book.figures_of(ROOM)
    assert reads.news() == 4


async def test_the_numbers_of_an_ended_stream_are_kept_until_something_happens_to_it(
    evening: Evening, here: Rig, evening_settings: Settings, reads: Reads
) -> None:
    async def first_look() -> int:
        """What a worker that knows nothing reads to list the host's streams."""
        book = FigureBook(here.store, evening_settings)
        reads.news()
        streams, _ = await book.streams.page(HOST.user, 0, 20)
        await book.aclose()
        assert [row.room for row in streams] == [ROOM, EARLIER]
        assert streams[1].numbers is not None
        return reads.news()

    assert await first_look() > 0
    assert await first_look() == 0
    await evening.pay_late(evening.late)
    assert await first_look() > 0
    assert await first_look() == 0


async def test_kept_numbers_of_another_version_are_made_anew(
    evening: Evening, here: Rig, book: FigureBook
) -> None:
    before = await book.streams.page(HOST.user, 0, 20)
    key = here.store.keys.host(HOST.user, "figures")
    for other in (b'{"format": 0}', b"\x93", b'{"format": 1, "numbers": {}}'):
        await here.redis.hset(key, EARLIER, other)
        assert await book.streams.page(HOST.user, 0, 20) == before


async def test_a_buyer_with_an_earlier_order_elsewhere_becomes_a_returning_buyer(
    evening: Evening, here: Rig, book: FigureBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    await evening.host(LiveStart(ref=1))
    await evening.bought("ann", "mug")
    settle = Buyers.settle

    async def nothing(*_: object) -> int:
        return 0

    monkeypatch.setattr(Buyers, "settle", nothing)  # another worker has not come to it yet
    assert (await book.figures_of(ROOM)).numbers.returning_buyers == 0
    monkeypatch.setattr(Buyers, "settle", settle)
    assert (await book.figures_of(ROOM)).numbers.returning_buyers == 1


async def test_settling_is_the_same_in_any_order_and_as_often_as_one_likes(
    evening: Evening, here: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await evening.stream()
    keys = here.store.keys
    buyers = Buyers(here.store)
    await buyers.settle(HOST.user)
    users = ["ann", "ben", "cat", "dan", "ivy", "zoe"]
    first = await buyers.first_paid(HOST.user, users)
    assert set(first) == {"ann", "ben", "cat", "dan", "ivy"}
    assert await buyers.settle(HOST.user) == 0

    settled = await here.redis.hgetall(keys.host(HOST.user, "settled"))
    assert {room.decode() for room in all_stored(settled)} == {EARLIER, ROOM, GROUP}
    await here.redis.delete(keys.host(HOST.user, "settled"))  # as if a worker had died before
    assert await buyers.settle(HOST.user) == 0
    assert await buyers.first_paid(HOST.user, users) == first
    assert await here.redis.hgetall(keys.host(HOST.user, "settled")) == settled


async def test_many_who_ask_at_once_cost_one_reading(
    evening: Evening, book: FigureBook, reads: Reads
) -> None:
    await evening.host(LiveStart(ref=1))
    await book.figures_of(ROOM)  # what the earlier stream had by then is kept
    await book.folds.aclose()
    reads.news()
    await book.figures_of(ROOM)
    once = reads.news()
    await book.folds.aclose()
    several = await asyncio.gather(*(book.figures_of(ROOM) for _ in range(5)))
    assert reads.news() == once
    assert all(each is several[0] for each in several)


async def test_figures_that_are_fresh_are_given_again(
    evening: Evening, here: Rig, make_settings: MakeSettings
) -> None:
    book = FigureBook(here.store, make_settings(figures={"fresh_s": 60}))
    first = await book.figures_of(ROOM)
    assert await book.figures_of(ROOM) is first
    await book.aclose()


async def test_a_room_nobody_asks_for_is_forgotten(
    evening: Evening, here: Rig, make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(figures={"rooms_max": 1, "fresh_s": 0, "idle_s": 300})
    book, now = FigureBook(here.store, settings), [0.0]
    forgetful = folds.Folds(here.store, settings, Buyers(here.store), lambda: now[0])
    monkeypatch.setattr(book, "folds", forgetful)
    monkeypatch.setattr(book.streams, "_folds", forgetful)
    await book.figures_of(ROOM)
    await book.figures_of(GROUP)
    assert len(book.folds) == 1
    now[0] += 299
    book.folds._forget_idle()
    assert len(book.folds) == 1
    now[0] += 2
    book.folds._forget_idle()
    assert len(book.folds) == 0
    await book.aclose()


async def test_a_big_room_is_counted_in_a_thread_with_the_same_result(
    evening: Evening, book: FigureBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    await evening.stream()
    quick = await book.figures_of(ROOM)
    await book.folds.aclose()
    monkeypatch.setattr(folds, "QUICK_MAX", 0)
    assert _timeless(await book.figures_of(ROOM)) == _timeless(quick)


async def test_a_reader_of_a_fold_that_a_thread_still_reads_reads_another(
    evening: Evening, here: Rig, book: FigureBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    await evening.stream()
    monkeypatch.setattr(folds, "QUICK_MAX", 0)
    head = await head_of(here.store, ROOM)
    make, begun, go_on = Fold.figures, threading.Event(), threading.Event()
    read: list[Fold] = []

    def slow(fold: Fold, now: int, context: Context) -> Figures:
        read.append(fold)
        begun.set()
        go_on.wait(30)
        return make(fold, now, context)

    monkeypatch.setattr(Fold, "figures", slow)
    impatient = asyncio.create_task(book.folds.figures(head, [], 0))
    await asyncio.to_thread(begun.wait, 30)
    waiting = asyncio.create_task(book.folds.figures(head, [], 0))
    await asyncio.sleep(0)  # it waits for the lock
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    go_on.set()

    assert (await waiting).numbers.orders > 0
    assert len(read) == len({id(fold) for fold in read}) == 2


def _timeless(figures: Figures) -> Any:
    told = msgspec.to_builtins(figures)
    told.pop("at_ms")
    pins = [row["to_ms"] is not None and row for row in told.pop("pins")]
    products = [row | {"pinned_ms": 0} for row in told.pop("products")]
    return told, pins, products


async def test_a_redis_that_lost_its_last_lines_is_read_from_the_start(
    evening: Evening, here: Rig, book: FigureBook
) -> None:
    await evening.host(LiveStart(ref=1))
    names = ("room", "ledger", "stats", "timeline", "events")
    old = {name: stored(await here.redis.dump(here.store.keys.room(ROOM, name))) for name in names}
    await evening.bought("ann", "mug")
    assert (await book.figures_of(ROOM)).numbers.orders == 1
    for name, dump in old.items():  # as after a restart from an older file
        await here.redis.restore(here.store.keys.room(ROOM, name), 0, dump, replace=True)
    assert (await book.figures_of(ROOM)).numbers.orders == 0


async def test_a_room_that_is_not_there_has_no_figures(book: FigureBook) -> None:
    with pytest.raises(CommandError) as refused:
        await book.figures_of("nosuch")
    assert refused.value.code == "not_found"


async def test_later_streams_and_other_hosts_are_no_earlier_streams(
    evening: Evening, book: FigureBook
) -> None:
    assert (await book.figures_of(EARLIER)).compared == {}
    await evening.host(LiveStart(ref=1))
    await evening.host(LiveEnd(ref=1))
    assert (await book.figures_of(EARLIER)).compared == {}
    assert (await book.figures_of(ROOM)).compared["orders"].streams == 1
    assert (await book.figures_of(GROUP)).compared == {}


async def test_a_live_stream_is_set_beside_what_the_others_had_at_the_same_minute(
    evening: Evening, here: Rig, book: FigureBook
) -> None:
    """An order of the earlier stream that came after that minute is not counted."""
    redis, keys = here.store.redis, here.store.keys
    await redis.hincrby(keys.room(EARLIER, "room"), "ended", 60_000)
    await evening.host(LiveStart(ref=1))
    head = await head_of(here.store, ROOM)
    early = replace(head, now=head.started + STEP_MS - 1)
    late = replace(head, now=head.started + STEP_MS)
    assert [each["orders"] for each in await book.streams.earlier(early)] == [0]
    assert [each["orders"] for each in await book.streams.earlier(late)] == [2]


async def test_a_live_stream_has_figures_beside_an_earlier_one_that_can_not_be_read(
    evening: Evening, here: Rig, book: FigureBook
) -> None:
    redis, keys = here.store.redis, here.store.keys
    await redis.hincrby(keys.room(EARLIER, "room"), "ended", 60_000)
    await redis.xadd(keys.room(EARLIER, "timeline"), {"e": b"\xc1 garbage"})
    await evening.host(LiveStart(ref=1))
    head = await head_of(here.store, ROOM)

    assert await book.streams.earlier(replace(head, now=head.started + 30_000)) == []


async def test_a_live_stream_is_not_set_beside_one_that_was_over_by_then(
    evening: Evening, here: Rig, book: FigureBook
) -> None:
    await evening.host(LiveStart(ref=1))
    head = await head_of(here.store, ROOM)
    assert len(await book.streams.earlier(head)) == 1
    assert await book.streams.earlier(replace(head, now=head.started + 3_600_000)) == []


async def test_a_room_that_has_not_started_is_set_beside_none(
    evening: Evening, book: FigureBook
) -> None:
    assert (await book.figures_of(ROOM)).compared == {}
