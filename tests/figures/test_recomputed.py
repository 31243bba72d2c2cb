"""Each number of docs/metrics.md of a real evening is what plain loops make of the raw lines."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.features.figures.figure_book import FigureBook
from server.features.figures.folds import Cut
from server.features.figures.reckoning.models import Context
from server.features.figures.room_heads import head_of
from server.features.phases.messages import LiveEnd, LiveStart
from tests.figures.evening import at
from tests.figures.evening import figures as figures_of
from tests.figures.metrics_page import TABLES, examples
from tests.figures.raw_lines import Raw
from tests.figures.real_evening import (
    EARLIER,
    GROUP,
    ROOM,
    Evening,
    raw_follows,
    raw_room,
)
from tests.figures.recomputed import Recomputed, differences
from tests.figures.test_fold import evenings
from tests.rooms.rig import Rig


def plain(made: object) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(made))
    return found


class Ours:
    """The figures as the server gives them, and the same recomputed."""

    def __init__(self, here: Rig, book: FigureBook) -> None:
        self.here, self.book = here, book

    async def figures_of(self, room: str) -> dict[str, Any]:
        return plain(await self.book.figures_of(room))

    async def recomputed(self, room: str, now: int) -> Recomputed:
        raws = {name: await raw_room(self.here, name) for name in (EARLIER, ROOM, GROUP)}
        follows = await raw_follows(self.here)
        belongs = [fact for fact in raws[GROUP].timeline if fact["k"] == "member"]

        def make(name: str, earlier: list[Recomputed]) -> Recomputed:
            others = [raw for other, raw in raws.items() if other != name]
            return Recomputed(
                raws[name],
                now=now,
                others=others,
                follows=follows,
                belongs=belongs,
                earlier=earlier,
            )

        streams = [make(name, []) for name in (EARLIER, ROOM) if name != room]
        return make(room, streams)

    async def wrong(self, room: str) -> list[str]:
        """What differs in any number of the room."""
        ours = await self.figures_of(room)
        theirs = await self.recomputed(room, ours["at_ms"])
        told = {name: ours[name] for name in theirs.all()} | {"compared": ours["compared"]}
        if room == GROUP:
            told["started_ms"] = theirs.start  # the beginning of a window of days
        return differences(told, theirs.all() | {"compared": theirs.compared()})


@pytest.fixture
def ours(here: Rig, book: FigureBook) -> Ours:
    return Ours(here, book)


async def test_every_number_is_the_one_recomputed_from_the_raw_ledger_all_evening_long(
    evening: Evening, ours: Ours
) -> None:
    """Asked for as it goes on, so that most of it was read in portions."""
    assert await ours.wrong(ROOM) == []
    await evening.stream()
    for room in (ROOM, EARLIER, GROUP):
        assert await ours.wrong(room) == [], room
    await evening.end()
    for room in (ROOM, EARLIER, GROUP):
        assert await ours.wrong(room) == [], room


async def test_a_reader_who_starts_at_the_end_finds_the_same(evening: Evening, ours: Ours) -> None:
    await evening.stream()
    await evening.end()
    assert await ours.wrong(ROOM) == []
    numbers = (await ours.figures_of(ROOM))["numbers"]
    # So that comparing was not comparing zeros:
    assert [name for name, value in numbers.items() if value in (0, None, {})] == ["group_orders"]
    assert numbers["orders_by_status"] | {"refund_due": 0, "refunded": 0} == {
        "held": 2, "paid": 8, "cancelled": 1, "expired": 1, "returned": 2,
        "refund_due": 0, "refunded": 0,
    }  # fmt: skip


async def test_the_numbers_at_any_minute_of_an_ended_stream_are_recomputed_as_well(
    evening: Evening, ours: Ours
) -> None:
    """In one fold that goes on, as the earlier streams beside a live one are read."""
    await evening.stream()
    await evening.end()
    head = await head_of(ours.here.store, ROOM)
    settled = await ours.book.streams.settled(head.host, now=True)
    whole = await ours.recomputed(ROOM, head.now)
    orders = []
    for part in range(-2, 12):
        until = head.started + (head.ended - head.started) * part // 9
        numbers = plain(await ours.book.folds.numbers_at(head, settled, Cut(until, "live")))
        assert differences(numbers, whole.until(until).numbers()) == [], part
        orders.append(numbers["orders"])
    assert len(set(orders)) > 3


async def test_every_number_of_the_page_is_in_both(evening: Evening, ours: Ours) -> None:
    await evening.stream()
    told = await ours.figures_of(ROOM)
    recomputed = (await ours.recomputed(ROOM, told["at_ms"])).all()
    for table in TABLES:
        named = set(examples(table))
        for each in (told[table], recomputed[table]):
            rows = each if isinstance(each, list) else [each]
            assert rows, table
            assert all(named <= row.keys() for row in rows), table


async def test_a_room_that_never_started_has_figures_too(evening: Evening, ours: Ours) -> None:
    assert await ours.wrong(ROOM) == []
    assert (await ours.figures_of(ROOM))["started_ms"] is None


async def test_an_evening_without_anything_is_recomputed_as_well(
    evening: Evening, ours: Ours
) -> None:
    await evening.host(LiveStart(ref=1))
    await evening.host(LiveEnd(ref=1))
    assert await ours.wrong(ROOM) == []


@settings(max_examples=40, deadline=None)
@given(evenings(), st.booleans(), st.booleans())
def test_evenings_of_hours_are_recomputed_as_well(
    of: tuple[list[dict[str, Any]], list[dict[str, Any]]], fans: bool, members: bool
) -> None:
    """The real evening takes a second; these take an hour."""
    ledger, facts = of
    follows: list[dict[str, Any]] = [
        {"user": user, "on": True, "at": at(20)} for user in ("ann", "ben") if fans
    ]
    followed = {fact["user"]: fact["at"] for fact in follows}
    spans: dict[str, list[tuple[int, int]]] = {}
    if members:
        spans = {"ann": [(at(1), at(12)), (at(30), 0)], "ben": [(at(12), at(30))]}
    belongs = [
        {"user": user, "on": on, "at": when}
        for user, own in spans.items()
        for span in own
        for on, when in zip((True, False), span, strict=True)
        if when
    ]
    made = figures_of(ledger, facts, Context(followed=followed, belonged=spans))
    raw = Raw("r1", "mei", ledger, facts)
    theirs = Recomputed(
        raw, now=at(70), others=[], follows=follows, belongs=belongs, earlier=[]
    ).all()
    told = plain(made)
    assert differences({name: told[name] for name in theirs}, theirs) == []
