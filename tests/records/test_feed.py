"""What the feed keeps in the records, on both engines: deeds, exposure and its promises, wishes."""

import asyncio
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, insert, select

from server.background.clock import DAY_MS
from server.cli.exposure import lines_of
from server.features.archive.tables import ROOMS as ARCHIVED
from server.features.feed.covisits import CoVisits
from server.features.feed.exposure import ExposureBook
from server.features.feed.impressions import HOUR_MS, Impressions
from server.features.feed.intake import Intake
from server.features.feed.less import LessBook
from server.features.feed.memory import Memory
from server.features.feed.page_tokens import Given, PageTokens
from server.features.feed.people import People
from server.features.feed.projection import FeedProjection, enter_newcomers
from server.features.feed.retention import Aging, OldRows, forget_person, removals_of
from server.features.feed.settings import FeedKeeping, FeedSettings
from server.features.feed.tables import ACTS, EXPOSURE, LESS, NEWCOMERS, ROOMS, SEEN
from server.features.notes.tables import NOTE_ACTS, NOTES
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.forgotten import note_forgotten
from server.records.projection import HEAD, Entry, RoomHead
from server.telemetry.metrics import Metrics

NOW = 1_764_000_000_000
WINDOW_MS = 24 * HOUR_MS


def head(life: int, phase: str = "live", started: int = NOW, **more: Any) -> RoomHead:
    fields: dict[str, Any] = {"practice": False, "host_name": "Mumu"} | more
    return RoomHead(life, f"r{life}", life, "mumu", "stream", "T", phase, 0, started, 0, **fields)


def entry(at: int, body: Any) -> Entry:
    return Entry(at, 0, msgspec.msgpack.encode(body))


async def fold(records: Database, room: RoomHead, stream: str, *entries: Entry) -> None:
    async with records.writing() as connection:
        await FeedProjection(90, 100, lambda: NOW).add(connection, room, stream, entries)


async def rows(records: Database, table: Any) -> list[Any]:
    async with records.reading() as connection:
        return list(await connection.execute(select(table).order_by(*table.primary_key)))


async def test_what_people_did_is_kept_once_a_room_and_follows_as_they_are_now(
    records: Database,
) -> None:
    def came(user: str, at: int, **more: Any) -> dict[str, Any]:
        return {"user": user, "conn": at, "at": at, **more}

    visits = {"k": "visits", "at": NOW, "worker": "w", "left": [], "came": [
        came("ann", NOW), came("ann", NOW + 1), came("mumu", NOW), came("g1", NOW, guest=True),
        came("old", NOW - 91 * DAY_MS),
    ]}  # fmt: skip
    asks = {"k": "asks", "at": NOW + 2, "asks": [
        {"user": "ann", "sku": "tea", "by": "pin", "pinned": "tea"}]}  # fmt: skip
    follow = {"k": "follow", "at": NOW + 3, "user": "ann", "on": True}
    await fold(
        records, head(1), "timeline",
        entry(1, visits), entry(2, asks), entry(3, follow), Entry(4, 0, b"\xc1"),
        entry(5, {"k": "likes", "at": 1}),
    )  # fmt: skip
    order = {"order": "o", "user": "ann", "status": "paid", "lines": [{"sku": "tea"}]}
    line = {"k": "order", "at": NOW + 4, "was": "held", "order": order}
    await fold(records, head(1), "ledger", entry(6, [line]))
    await fold(records, head(1), "ledger", entry(7, [line | {"was": "paid"}]))  # a return
    await fold(records, head(2, practice=True), "timeline", entry(1, visits))

    found = [(r.person, r.kind, r.ref, r.at - NOW) for r in await rows(records, ACTS)]
    assert found == [
        ("ann", "watch", "", 0), ("ann", "ask", "tea", 2), ("ann", "follow", "", 3),
        ("ann", "buy", "tea", 4),
    ]  # fmt: skip

    await fold(records, head(1), "timeline", entry(8, follow | {"on": False, "at": NOW + 9}))
    serials = [r.serial for r in await rows(records, ACTS)]
    assert serials == sorted(set(serials))
    async with records.writing() as connection:
        await forget_person(connection, "ann")
    assert await rows(records, ACTS) == []


async def test_a_host_is_a_newcomer_from_their_first_public_stream_on(records: Database) -> None:
    await fold(records, head(5, draft=True), HEAD)
    await fold(records, head(6, "scheduled", started=0), HEAD)
    assert await rows(records, NEWCOMERS) == []
    await fold(records, head(7, started=NOW + 5), HEAD)
    await fold(records, head(8, started=NOW + 9), HEAD)
    await fold(records, head(3, "ended", started=NOW), HEAD)  # the archive is folded anew
    [row] = await rows(records, NEWCOMERS)
    assert (row.item, row.began, row.promised, row.shown) == ("host:mumu", NOW, 100, 0)
    found = {r.room: (r.phase, r.shown) for r in await rows(records, ROOMS)}
    assert found["r5"] == ("live", False)
    assert found["r8"] == ("live", True)


class Clock:
    """Time that a test holds still."""

    now = NOW

    def __call__(self) -> int:
        return self.now


def counting(records: Database, clock: Clock) -> Impressions:
    hosts = {"note:n1": "mumu", "note:n2": "mumu"}
    return Impressions(records, lambda item: hosts.get(item, "other"), Metrics(), WINDOW_MS, clock)


async def test_a_worker_forgets_who_was_forgotten_by_another_process(records: Database) -> None:
    memory, settings = Memory(1000, CoVisits()), FeedSettings()
    ties: Any = None  # nobody asks for a page here
    people, clock = People(records, ties, settings), Clock()
    impressions = Impressions(records, memory.host_of, Metrics(), WINDOW_MS, clock)
    intake = Intake(
        records, memory, people, settings, impressions.write, lambda _: None, impressions.forget
    )

    async def act(person: str, *notes: str) -> None:
        acts = [{"at": NOW, "person": person, "note": each, "kind": "open"} for each in notes]
        async with records.writing() as connection:
            await connection.execute(NOTE_ACTS.insert(), acts)
        await intake.look()

    row: dict[str, Any] = dict.fromkeys(
        ("created", "published", "changed", "likes", "collects", "comments"), NOW
    )
    row |= dict.fromkeys(("title", "text"), "T")
    row |= dict.fromkeys(("tags", "goods", "rooms", "pictures"), "[]") | {"status": "public"}
    authors = {"n1": "mumu", "n2": "mumu", "n3": "mumu", "own": "ann"}
    async with records.writing() as connection:
        notes = [row | {"note": note, "author": author} for note, author in authors.items()]
        await connection.execute(NOTES.insert(), notes)
    await act("ann", "n1", "n2")
    assert memory.covisits.near("note:n1").keys() == {"note:n2"}
    assert memory.notes.keys() == {f"note:{note}" for note in authors}

    async with records.writing() as connection:
        await note_forgotten(connection, "ann", NOW)
        await forget_person(connection, "ann")
    impressions.count("ann", "ann", [Given("note:n1", "popular")])  # it was on its way
    impressions.count("ben", "ben", [Given("note:own", "popular"), Given("note:n1", "popular")])
    await intake.look()
    assert [r.person for r in await rows(records, SEEN)] == ["ben", "ben"]
    assert [r.item for r in await rows(records, EXPOSURE)] == ["note:n1"]
    assert "note:own" not in memory.notes
    await act("ann", "n3")  # somebody else has this id from now on
    assert memory.covisits.near("note:n1").keys() == {"note:n2"}


async def test_an_item_counts_once_a_viewer_and_day_and_promises_are_audited(
    records: Database,
) -> None:
    clock, day = Clock(), NOW // DAY_MS
    async with records.writing() as connection:
        await enter_newcomers(connection, [("note:n1", "mumu", NOW), ("note:n2", "mumu", NOW)], 3)
    here, there = counting(records, clock), counting(records, clock)
    n1, n2 = Given("note:n1", "new"), Given("note:n2", "tag")
    assert here.count("ann", "ann", [n1, n1, n2]) == [n1, n2]
    assert here.count("ann", "ann", [n1]) == []
    assert there.count("\n10.0.0.1", "", [n1]) == [n1]
    assert there.count("ann", "ann", [n2]) == [n2]  # nor on another worker, as both find out
    await asyncio.gather(here.write(), there.write())
    await here.write()

    book = ExposureBook(records, WINDOW_MS, 20)
    first, second = await book.of_host("mumu", NOW + HOUR_MS)
    assert [first.days, second.days] == [[(day, "new", 2)], [(day, "tag", 1)]]
    assert first.promise is not None
    assert "1 are missing, and 23 h 0 min are left" in first.promise.verdict

    clock.now = NOW + 2 * HOUR_MS
    assert there.count("ben", "ben", [n1]) == [n1]
    await there.write()
    late = NOW + 2 * WINDOW_MS
    kept, broken = await book.of_host("mumu", late)
    assert kept.promise is not None
    assert broken.promise is not None
    assert kept.promise.verdict == "Kept: it had all of them 2 h 0 min after it began."
    assert "shown 4 rows of the feed in that day, of which newcomers can get 0" in (
        broken.promise.verdict
    )
    assert "promised 3 impressions, given 1 in its first day, 1 in all" in lines_of(broken)[0]
    assert lines_of(kept)[1].split() == ["2025-11-24", "new", "3"]

    seen = {(r.person, r.item): r.times for r in await rows(records, SEEN)}
    assert seen == {("ann", "note:n1"): 1, ("ann", "note:n2"): 1, ("ben", "note:n1"): 1}
    clock.now = late  # after its first day an impression is exposure, and keeps no promise
    assert there.count("zoe", "zoe", [n2]) == [n2]
    await there.write()
    assert [r.shown for r in await rows(records, NEWCOMERS)] == [3, 1]


async def test_why_a_promise_was_not_kept_is_said_for_each_reason(records: Database) -> None:
    clock = Clock()
    async with records.writing() as connection:
        others = [(f"note:x{n}", "other", NOW) for n in range(50)]
        await enter_newcomers(connection, [("host:mumu", "mumu", NOW), *others], 2)
    here = counting(records, clock)
    for n in range(20):
        here.count(f"u{n}", f"u{n}", [Given(f"note:x{n}", "popular")])
    await here.write()
    book = ExposureBook(records, WINDOW_MS, 20)
    [item] = await book.of_host("mumu", NOW + WINDOW_MS)
    assert item.promise is not None
    assert item.promise.broken
    assert "51 newcomers shared the 4 rows" in item.promise.verdict
    for n in range(600):
        here.count(f"v{n}", f"v{n}", [Given(f"note:x{n % 50}", "popular")])
    await here.write()
    [item] = await book.of_host("mumu", NOW + WINDOW_MS)
    assert item.promise is not None
    assert "The host was live for 0 min of that day" in item.promise.verdict


async def test_wishes_are_bounded_and_undone(records: Database) -> None:
    book = LessBook(records, 2)
    await book.put("ann", "host", "mumu")
    await book.put("ann", "tag", "裤子")
    await book.put("ann", "tag", "裤子")
    with pytest.raises(CommandError, match="undo one"):
        await book.put("ann", "note", "n1")
    assert {(each.kind, each.id) for each in await book.of_person("ann")} == {
        ("host", "mumu"), ("tag", "裤子"),
    }  # fmt: skip
    await book.remove("ann", "tag", "裤子")
    async with records.writing() as connection:
        await forget_person(connection, "mumu")
    assert await rows(records, LESS) == []


async def test_a_page_is_reported_by_whom_it_was_given_to_unedited_and_in_time(
    records: Database,
) -> None:
    tokens, others = PageTokens(records), PageTokens(records)
    await asyncio.gather(tokens.load(), others.load())
    page = tokens.write("ann", [Given("note:n1", "new")], 1000)
    assert others.read("ann", page, 1001).given(0) == Given("note:n1", "new")
    edited = page[:-1] + ("A" if page[-1] != "A" else "B")
    for person, token, now_s in (
        ("ben", page, 1001), ("", page, 1001), ("ann", edited, 1001), ("ann", page[:20], 1001),
        ("ann", page, 1000 + 7 * 3600), ("ann", "é", 1001), ("ann", page + "=", 1001),
    ):  # fmt: skip
        with pytest.raises(CommandError, match="none that this feed gave you"):
            tokens.read(person, token, now_s)


async def test_what_is_old_is_removed_some_at_a_time(records: Database) -> None:
    clock = Clock()
    here = counting(records, clock)
    for n in range(5):
        here.count(f"u{n}", f"u{n}", [Given(f"note:x{n}", "popular")])
    await here.write()
    old = OldRows(records, [Aging(EXPOSURE, "day", DAY_MS), Aging(SEEN, "at")])
    later = NOW + 2 * DAY_MS
    assert await old.count(NOW - DAY_MS) == 0
    assert await old.count(later) == 10
    assert [await old.remove(later, 4) for _ in range(4)] == [4, 4, 2, 0]


async def test_what_newcomers_were_promised_ends_but_nobody_is_new_twice(
    records: Database,
) -> None:
    day = DAY_MS
    began = [
        ("note:old", "mumu", NOW - 402 * day),
        ("note:new", "mumu", NOW - 400 * day),  # its first day was over 399 days ago
        ("host:mumu", "mumu", NOW - 500 * day),
        ("host:gone", "gone", NOW - 500 * day),
    ]
    room = {
        "life": 1, "room": "r1", "made": NOW, "host": "mumu", "kind": "stream", "title": "T",
        "phase": "ended", "scheduled": 0, "started": NOW, "ended": NOW, "practice": False,
    }  # fmt: skip
    async with records.writing() as connection:
        await enter_newcomers(connection, began, 100)
        await connection.execute(insert(ARCHIVED).values(**room))
    [exposure] = [
        each for each in removals_of(records, FeedKeeping(), WINDOW_MS) if each.kind == "exposure"
    ]
    before = NOW - int(exposure.days * day)
    assert await exposure.due(before) == 2
    assert [await exposure.remove(before, 1) for _ in range(3)] == [1, 1, 0]
    left = [row.item for row in await rows(records, NEWCOMERS)]
    assert left == ["host:mumu", "note:new"]
    async with records.writing() as connection:  # mumu goes live again
        await enter_newcomers(connection, [("host:mumu", "mumu", NOW)], 100)
    assert (await rows(records, NEWCOMERS))[0].began == NOW - 500 * day


async def test_what_waited_long_is_written_whatever_a_statement_can_hold(records: Database) -> None:
    here = counting(records, Clock())
    here.count("", "", (Given(f"note:x{n}", "popular") for n in range(33_000)))
    await here.write()
    async with records.reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(EXPOSURE)) == 33_000
