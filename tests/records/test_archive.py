"""The archive copies each entry of each stream exactly once, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.troubles import Troubles
from server.features.archive.archiver import Archiver
from server.features.archive.aside import count_aside
from server.features.archive.copying import Overtaken
from server.features.archive.pace import BATCH_BYTES_IDLE
from server.features.archive.rebuilding import rebuild
from server.features.archive.settings import ArchiveSettings
from server.features.archive.tables import ENTRIES, POSITIONS, ROOMS
from server.house import HOUSE, keys_under, store_on
from server.records.database import Database
from server.records.projection import HEAD, Entry, RoomHead
from server.rooms.awake_rooms import AwakeRooms, Resting
from server.settings import Settings
from server.store.client import connect
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

COUNTS = Table(
    "counts", MetaData(), Column("life", BigInteger, primary_key=True), Column("n", BigInteger)
)


class Counting:
    """A projection that counts the lines of each room's ledger, and can't read one of them."""

    name = "counting"
    version = 1
    streams = ("ledger",)

    def __init__(self, unreadable: str = "") -> None:
        self._unreadable = unreadable

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        if room.room == self._unreadable:
            raise ValueError("unreadable")
        more = update(COUNTS).where(COUNTS.c.life == room.life)
        done = await connection.execute(more.values(n=COUNTS.c.n + len(entries)))
        if not done.rowcount:
            await connection.execute(insert(COUNTS).values(life=room.life, n=len(entries)))

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        which = delete(COUNTS) if life is None else delete(COUNTS).where(COUNTS.c.life == life)
        await connection.execute(which)


@pytest.fixture(autouse=True)
async def counts(records: Database) -> None:
    """The table of the projection."""
    async with records.writing() as connection:
        await connection.run_sync(COUNTS.create)


Rows = list[tuple[str, str, int, int, bytes]]


@pytest.fixture
async def store(records_settings: Settings) -> AsyncIterator[RoomStore]:
    """The rooms of this test."""
    redis = connect(records_settings.redis.url, records_settings.redis)
    yield store_on(redis, keys_under(records_settings.redis.key_prefix))
    await redis.aclose()


def archiver_of(
    store: RoomStore,
    records: Database,
    settings: Settings,
    worker: str = "w1",
    projections: Any = (),
) -> Archiver:
    return Archiver(store, records, settings, worker, HOUSE.streams, projections, Metrics())


async def make_room(store: RoomStore, room: str, made: int = 1_000) -> None:
    """A room as far as the archive reads it."""
    await store.redis.zadd(store.keys.rooms, {room: made})
    head = {"created": made, "host": "h", "kind": "stream", "title": "T", "phase": "live",
            "scheduled": 0}  # fmt: skip
    await store.redis.hset(store.keys.room(room, "room"), mapping=head)


async def put(store: RoomStore, room: str, stream: str, place: str, body: bytes) -> None:
    await store.redis.xadd(store.keys.room(room, stream), {"e": body}, id=place)


async def archived(records: Database) -> Rows:
    async with records.reading() as connection:
        rows = await connection.execute(
            select(ROOMS.c.room, ENTRIES.c.stream, ENTRIES.c.ms, ENTRIES.c.n, ENTRIES.c.body)
            .join(ROOMS, ROOMS.c.life == ENTRIES.c.life)
            .order_by(ROOMS.c.life, ENTRIES.c.stream, ENTRIES.c.ms, ENTRIES.c.n)
        )
        return [(r[0], r[1], r[2], r[3], bytes(r[4])) for r in rows]


async def copy_all(archiver: Archiver) -> int:
    """Copy until nothing is left; return how many entries."""
    total = 0
    while True:
        try:
            copied, more = await archiver.copy_all()
        except Overtaken:
            continue  # a worker of the same test copies as well
        total += copied
        if not more:
            return total


async def test_rounds_become_rarer_while_nothing_new_comes(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    archiver = archiver_of(store, records, records_settings)
    interval_s = records_settings.section(ArchiveSettings).archive_interval_s

    quiet = [archiver._pause(0) for _ in range(5)]
    after_news = archiver._pause(1)
    then_quiet = archiver._pause(0)

    assert quiet == [interval_s * n for n in (2, 3, 3, 3, 3)]
    assert after_news <= 1.0  # as the pace has it
    assert then_quiet == interval_s * 2


async def test_everything_is_copied_once(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    for room in ("a", "b"):
        await make_room(store, room)
        for n in range(1, 8):
            await put(store, room, "ledger", f"{n}-0", b"%d" % n)
            await put(store, room, "timeline", f"{1000 + n // 3}-{n}", b"t%d" % n)
    archiver = archiver_of(store, records, records_settings)
    assert await copy_all(archiver) == 28
    before = await archived(records)
    assert len(before) == len(set(before)) == 28
    assert await copy_all(archiver) == 0
    assert await copy_all(archiver_of(store, records, records_settings, "w2")) == 0
    assert await archived(records) == before


async def test_of_large_entries_few_are_copied_at_once_and_one_in_any_case(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    await make_room(store, "r1")
    sizes = [BATCH_BYTES_IDLE // 3] * 7 + [BATCH_BYTES_IDLE * 2]
    for n, size in enumerate(sizes, 1):
        await put(store, "r1", "ledger", f"1-{n}", bytes(size))
    archiver = archiver_of(store, records, records_settings)

    copied, more = [], True
    while more:
        n, more = await archiver.copy_all()
        copied.append(n)

    assert copied[:4] == [3, 3, 1, 1]
    assert [len(body) for *_, body in await archived(records)] == sizes


async def test_a_room_made_again_is_another_room(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    await make_room(store, "a", made=1_000)
    await put(store, "a", "ledger", "1-0", b"old")
    await copy_all(archiver_of(store, records, records_settings))
    await store.redis.delete(store.keys.room("a", "ledger"), store.keys.room("a", "room"))
    await make_room(store, "a", made=2_000)
    await put(store, "a", "ledger", "1-0", b"new")
    await copy_all(archiver_of(store, records, records_settings))
    assert [row[4] for row in await archived(records)] == [b"old", b"new"]


@pytest.mark.parametrize(
    ("lost", "last"), [(1, 12), (3, 12), (10, 12), (1, 9), (3, 8), (10, 2), (10, 0)]
)
async def test_records_follow_a_redis_that_lost_its_last_entries(
    store: RoomStore, records: Database, records_settings: Settings, lost: int, last: int
) -> None:
    await make_room(store, "a")
    for n in range(1, 11):
        await put(store, "a", "ledger", f"{n}-0", b"%d" % n)
    archiver = archiver_of(store, records, records_settings, projections=[Counting()])
    await copy_all(archiver)
    key = store.keys.room("a", "ledger")
    await store.redis.delete(key)
    kept = 10 - lost
    for n in range(1, kept + 1):
        await put(store, "a", "ledger", f"{n}-0", b"%d" % n)
    for n in range(kept + 1, last + 1):
        await put(store, "a", "ledger", f"{n}-0", b"again %d" % n)
    await copy_all(archiver)
    await copy_all(archiver)
    expected = [b"%d" % n for n in range(1, kept + 1)] + [
        b"again %d" % n for n in range(kept + 1, last + 1)
    ]
    assert [row[4] for row in await archived(records)] == expected
    async with records.reading() as connection:
        counted = await connection.scalar(select(func.sum(COUNTS.c.n)))
    assert (counted or 0) == len(expected)


async def test_records_keep_what_a_room_that_is_leaving_no_longer_has(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    await make_room(store, "a")
    await put(store, "a", "ledger", "1-0", b"1")
    archiver = archiver_of(store, records, records_settings)
    await copy_all(archiver)
    await store.redis.hset(store.keys.room("a", "room"), "left", "leaving:token")
    await store.redis.delete(store.keys.room("a", "ledger"))
    await copy_all(archiver)
    assert [row[4] for row in await archived(records)] == [b"1"]


async def test_entries_cut_off_before_they_were_copied_stop_nothing(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    await make_room(store, "a")
    await put(store, "a", "timeline", "1-0", b"1")
    archiver = archiver_of(store, records, records_settings)
    await copy_all(archiver)
    for n in range(2, 9):
        await put(store, "a", "timeline", f"{n}-0", b"%d" % n)
    await store.redis.xtrim(store.keys.room("a", "timeline"), maxlen=3, approximate=False)
    await copy_all(archiver)
    await copy_all(archiver)
    assert [row[4] for row in await archived(records)] == [b"1", b"6", b"7", b"8"]


async def test_one_worker_copies_and_another_takes_over(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    await make_room(store, "a")
    await put(store, "a", "ledger", "1-0", b"1")
    first = archiver_of(store, records, records_settings, "w1")
    second = archiver_of(store, records, records_settings, "w2")
    await first._round()
    await put(store, "a", "ledger", "2-0", b"2")
    await second._round()
    assert len(await archived(records)) == 1, "the lease was the first one's"
    await first.__aexit__()
    await second._round()
    assert len(await archived(records)) == 2


async def test_two_that_copy_at_once_copy_nothing_twice(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    """A worker that was paused believes that it still holds the lease."""
    await make_room(store, "a")
    several = [archiver_of(store, records, records_settings, f"w{n}") for n in range(3)]
    for n in range(1, 60):
        await put(store, "a", "ledger", f"{n}-0", b"%d" % n)
        if n % 10 == 0:
            await asyncio.gather(
                *(archiver.copy_all() for archiver in several), return_exceptions=True
            )
    await copy_all(several[0])
    assert [row[4] for row in await archived(records)] == [b"%d" % n for n in range(1, 60)]


async def test_a_row_that_cannot_be_folded_stops_nothing(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    for room in ("a", "bad", "c"):
        await make_room(store, room)
        await put(store, room, "ledger", "1-0", room.encode())
    archiver = archiver_of(store, records, records_settings, projections=[Counting("bad")])
    await archiver.copy_all()
    assert {row[0] for row in await archived(records)} == {"a", "bad", "c"}
    async with records.reading() as connection:
        assert await count_aside(connection, "bad") == await count_aside(connection) == 1


async def test_a_new_version_of_a_projection_is_folded_from_the_archive(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    for room in ("a", "b"):
        await make_room(store, room)
        for n in range(1, 4):
            await put(store, room, "ledger", f"{n}-0", b"x")
    await archiver_of(store, records, records_settings)._round()
    counting = Counting()
    for version in (1, 2, 2):
        counting.version = version
        later = archiver_of(store, records, records_settings, projections=[counting])
        await later._round()
        async with records.reading() as connection:
            counts = dict((await connection.execute(select(COUNTS.c.life, COUNTS.c.n))).all())
        assert counts == {1: 3, 2: 3}


async def test_positions_say_how_many_entries_are_copied(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    await make_room(store, "a")
    for n in range(1, 6):
        await put(store, "a", "ledger", f"{n * 2}-0", b"x")
    await copy_all(archiver_of(store, records, records_settings))
    async with records.reading() as connection:
        row = (await connection.execute(select(POSITIONS.c.ms, POSITIONS.c.entries))).one()
    assert tuple(row) == (10, 5)


class Heads:
    """A projection that follows the heads of rooms, and nothing else."""

    name = "heads"
    version = 1
    streams: Collection[str] = (HEAD,)

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bool, bool]] = []

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        assert (stream, tuple(entries)) == (HEAD, ())
        assert room.life > 0
        self.seen.append((room.title, room.host_name, room.draft, room.cancelled))

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        self.seen.clear()


async def test_a_projection_that_follows_heads_is_told_of_new_ones_and_of_changes_alone(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    heads = Heads()
    await make_room(store, "a")
    archiver = archiver_of(store, records, records_settings, projections=[heads])
    await copy_all(archiver)
    await put(store, "a", "ledger", "1-0", b"1")
    await copy_all(archiver)
    new = {"title": "New", "host_name": "Ann", "draft": 1}
    await store.redis.hset(store.keys.room("a", "room"), mapping=new)
    await copy_all(archiver)
    await store.redis.hset(store.keys.room("a", "room"), mapping={"draft": 0, "cancelled": 1})
    await copy_all(archiver)
    told = [("T", "", False, False), ("New", "Ann", True, False), ("New", "Ann", False, True)]
    assert heads.seen == told

    await rebuild(records, [heads])
    assert heads.seen == told[-1:]


# Rooms that sleep


async def rest(store: RoomStore) -> list[str]:
    """Put to sleep what can be; the rooms that are awake then."""
    await Resting(store, {"archives": True}, still_s=-60).rest_all()
    pages = AwakeRooms(store, Troubles("a test")).pages()
    return [room async for page in pages for room in page]


async def test_a_room_sleeps_once_all_its_entries_are_copied(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    archiver = archiver_of(store, records, records_settings)
    await make_room(store, "r1")
    await store.redis.hset(store.keys.room("r1", "room"), "phase", "ended")
    await store.wake(["r1"])
    assert await rest(store) == ["r1"]  # the records have no such room yet
    await archiver.copy_awake()
    await put(store, "r1", "timeline", "5-0", b"a")
    assert await rest(store) == ["r1"]
    await archiver.copy_awake()
    for stream in HOUSE.streams:
        await put(store, "r1", stream, "9-0", b"b")
        assert await rest(store) == ["r1"], stream
        await archiver.copy_awake()

    assert await rest(store) == []
    assert len(await archived(records)) == 1 + len(HOUSE.streams)
    assert await archiver.copy_awake() == (0, False)


async def test_a_room_is_told_only_what_is_news_to_it(
    store: RoomStore,
    records: Database,
    records_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[dict[str, str]] = []
    tell = Archiver._tell

    async def note(self: Archiver, room: str, archived: dict[str, str]) -> None:
        told.append(archived)
        await tell(self, room, archived)

    monkeypatch.setattr(Archiver, "_tell", note)
    await make_room(store, "r1")
    for worker in ("w1", "w2"):
        archiver = archiver_of(store, records, records_settings, worker)
        for _ in range(2):
            await archiver.copy_all()
    await put(store, "r1", "timeline", "5-0", b"a")
    await archiver.copy_all()

    assert told == [{"made": "1000"}, {"made": "1000", "timeline": "5-0"}]


async def test_who_begins_to_archive_looks_at_rooms_that_sleep_too(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    """The records may be those of a backup, which lack what rooms were told that they have."""
    await make_room(store, "r1")
    await put(store, "r1", "timeline", "5-0", b"a")
    await store.redis.hset(store.keys.room("r1", "room"), "phase", "ended")
    await archiver_of(store, records, records_settings).copy_all()
    assert await rest(store) == []
    async with records.writing() as connection:
        for table in (ENTRIES, POSITIONS, ROOMS):
            await connection.execute(delete(table))

    archiver = archiver_of(store, records, records_settings, "w2")
    await archiver._round()
    assert [row[0] for row in await archived(records)] == ["r1"]
    assert archiver._saw_all
