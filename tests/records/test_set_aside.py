"""A row that a projection can't fold is set aside: the others of its room arrive, and once it can
be folded, everything is as if it had always been."""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.archive.aside import Aside, rows_aside
from server.features.archive.source import entry_of
from server.features.archive.tables import ROOMS, SET_ASIDE
from server.features.webhooks.tables import ENDPOINTS
from server.house import HOUSE, keys_under, store_on
from server.records.database import Database
from server.records.errors import RecordsAway
from server.records.projection import HEAD, Entry, Projection, RoomHead
from server.records.schema import RECORDS
from server.settings import Settings
from server.store.client import connect
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.features.owners import TALKING
from tests.features.stage import stage_of
from tests.features.test_every_feature import settings_of, story_of
from tests.features.turns import tell_together
from tests.protocol.test_protocol_page import worker_of
from tests.records.test_archive import archiver_of, copy_all, make_room
from tests.rooms.rig import ROOM
from tests.stored import entries

Streams = dict[str, list[tuple[str, bytes]]]
Tables = dict[str, list[tuple[Any, ...]]]
AT_ONCE = 3
"""So that a room takes many batches, and its rows are in several."""
RISING = {
    "archive_positions.at", "feed_acts.serial", "feed_newcomers.serial", "feed_rooms.serial",
    "purchases.place", "search_documents.id", "webhook_places.waits_since",
}  # fmt: skip
"""Columns whose numbers go on rising, however often a room is folded, and times of the copy."""
COUNTERS = {"feed_serials", "purchase_places"}
"""Tables of the last of such numbers."""


class BadRow(Exception):
    """What a projection raises that has a mistake."""


class Mistaken:
    """A projection that raises at some rows of each stream."""

    def __init__(self, right: Projection, is_bad: Callable[[str, Entry], bool]) -> None:
        self._right, self.is_bad = right, is_bad
        self.name, self.version = right.name, right.version
        self.streams: Collection[str] = right.streams
        self.heads_are_bad = False

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        # It raises at the end, when it has written what must not stay.
        await self._right.add(connection, room, stream, entries)
        if any(self.is_bad(stream, entry) for entry in entries) or (
            stream == HEAD and self.heads_are_bad
        ):
            raise BadRow(f"{self.name} knows no such row.")

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        await self._right.clear(connection, life)


_TOLD: list[Streams] = []


@pytest.fixture
async def told(make_settings: MakeSettings, prefix: str) -> Streams:
    """The streams of one room in which the stories of many features were told together."""
    if not _TOLD:
        _TOLD.append(await _tell(make_settings, f"{prefix}told"))
    return _TOLD[0]


async def _tell(make_settings: MakeSettings, prefix: str) -> Streams:
    settings = settings_of(make_settings, {"redis": {"key_prefix": prefix}})
    async with stage_of(settings, scheduled=False, deaf=True) as stage:
        stories = [story_of(feature) for feature in TALKING]
        plain = [s for s in stories if not hasattr(s, "SETTINGS") and not hasattr(s, "SCHEDULED")]
        await tell_together(stage, [story.tell for story in plain], Random(5))
        redis, keys = stage.here.redis, stage.here.store.keys
        return {
            stream: [
                (place.decode(), fields[b"e"])
                for place, fields in entries(await redis.xrange(keys.room(ROOM, stream)))
            ]
            for stream in HOUSE.streams
        }


@pytest.fixture
async def store(records_settings: Settings) -> AsyncIterator[RoomStore]:
    redis = connect(records_settings.redis.url, records_settings.redis)
    yield store_on(redis, keys_under(records_settings.redis.key_prefix))
    await redis.aclose()


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    return make_settings(records={"url": records_url, "archive_batch_max": AT_ONCE})


@pytest.fixture
def projections(records_settings: Settings) -> list[Projection]:
    """Those of all features, as a worker has them."""
    running = worker_of(records_settings).running.values()
    return [projection for feature in running for projection in feature.projections]


@pytest.fixture
async def room(store: RoomStore, records: Database, told: Streams) -> str:
    """A room with these streams, and an endpoint that is told of it."""
    await make_room(store, "r")
    for stream, rows in told.items():
        assert len(rows) > 2 * AT_ONCE, f"the stories leave too few {stream} to show anything"
        for place, body in rows:
            await store.redis.xadd(store.keys.room("r", stream), {"e": body}, id=place)
    texts = ("url", "kinds", "note", "secret", "old_secret", "state", "reason")
    numbers = ("old_until", "made", "changed", "ok_at")
    row = {"id": "oms"} | dict.fromkeys(texts, "") | dict.fromkeys(numbers, 0)
    async with records.writing() as connection:
        await connection.execute(insert(ENDPOINTS).values(row))
    return "r"


async def tables_of(records: Database) -> Tables:
    """All that is stored, but the rising numbers."""
    found: Tables = {}
    async with records.reading() as connection:
        for name, table in RECORDS.tables.items():
            if name in COUNTERS:
                continue
            kept = [each for each in table.columns if f"{name}.{each.name}" not in RISING]
            rows = (await connection.execute(select(*kept))).all() if kept else []
            found[name] = sorted((tuple(row) for row in rows), key=repr)
    return found


async def aside(records: Database) -> list[Aside]:
    async with records.reading() as connection:
        return await rows_aside(connection)


def third_rows(told: Streams) -> set[tuple[str, str]]:
    """The first row of each stream and every third after it."""
    return {(stream, place) for stream, rows in told.items() for place, _ in rows[::3]}


def own_rows(before: Tables, after: Tables) -> set[str]:
    return {name for name in before if before[name] != after[name]}


async def fold_without(
    records: Database, projection: Projection, told: Streams, bad: set[tuple[str, str]]
) -> None:
    """Fold the only room again without some rows, and without setting any aside."""
    async with records.writing() as connection:
        head = RoomHead(*(await connection.execute(select(ROOMS))).one())
        await projection.clear(connection, head.life)
        if HEAD in projection.streams:
            await projection.add(connection, head, HEAD, ())
        for stream in sorted(set(projection.streams) - {HEAD}):
            good = [each for each in told[stream] if (stream, each[0]) not in bad]
            for place, body in good:
                entry = entry_of(place.encode(), {b"e": body})
                await projection.add(connection, head, stream, [entry])


async def test_a_row_that_a_projection_can_not_fold_stops_no_other_row_and_comes_right_later(
    store: RoomStore, records: Database, records_settings: Settings,
    projections: list[Projection], room: str, told: Streams,
) -> None:  # fmt: skip
    archiver = archiver_of(store, records, records_settings, projections=projections)
    await copy_all(archiver)
    right = await tables_of(records)
    filled = {name for name, rows in right.items() if rows}
    await archiver.follow_backup(wholly=True)

    bad = third_rows(told)
    mistaken = [Mistaken(each, lambda stream, e: (stream, e.place) in bad) for each in projections]
    late = archiver_of(store, records, records_settings, projections=mistaken)
    await copy_all(late)

    # Everything is archived, and each projection lacks these rows and no others.
    lacking = await tables_of(records)
    for name in ("archived_rooms", "archived_entries", "archive_positions"):
        assert lacking[name] == right[name], name
    asides = await aside(records)
    expected = {
        (each.name, stream, place)
        for each in projections
        for stream, place in bad
        if stream in each.streams
    }
    assert {(each.projection, each.stream, f"{each.ms}-{each.n}") for each in asides} == expected
    assert {each.room for each in asides} == {room}
    for row in asides:
        assert row.why == (
            f"`{row.projection}` can't fold it (BadRow: {row.projection} knows no such row)."
        )
    assert len({name for name, rows in lacking.items() if rows} & filled) > len(filled) / 2

    # So it stands as if the bad rows had never come.
    for each in projections:
        await fold_without(records, each, told, bad)
    without = await tables_of(records)
    assert own_rows(lacking, without) == set()

    # While the mistake stands, a try changes nothing; once it is mended, nothing is missing.
    await late.retrying.retry()
    still = await tables_of(records)
    assert own_rows(lacking, still) <= {SET_ASIDE.name}  # it notes when it was tried
    for wrong in mistaken:
        wrong.is_bad = lambda _stream, _entry: False
    retried = await late.retrying.retry(likely=True)
    assert (retried.folded, retried.left) == (len(asides), [])
    healed = await tables_of(records)
    assert own_rows(right, healed) == set()


async def test_a_head_that_a_projection_can_not_fold_stops_nothing_either(
    store: RoomStore, records: Database, records_settings: Settings, projections: list[Projection]
) -> None:
    await make_room(store, "r")
    await store.redis.xadd(store.keys.room("r", "ledger"), {"e": b"\x90"}, id="1-0")
    mistaken = [Mistaken(each, lambda _stream, _entry: False) for each in projections]
    for each in mistaken:
        each.heads_are_bad = True
    archiver = archiver_of(store, records, records_settings, projections=mistaken)
    assert await copy_all(archiver) == 1
    followers = {each.name for each in projections if HEAD in each.streams}
    assert len(followers) > 1
    asides = await aside(records)
    assert {(each.projection, each.row) for each in asides} == {
        (name, "the room's head") for name in followers
    }
    for each in mistaken:
        each.heads_are_bad = False
    await archiver.retrying.retry(likely=True)
    assert await aside(records) == []
    assert (await tables_of(records))["search_rooms"] != []


class Unclearable(Mistaken):
    """A projection that can't be folded again either."""

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        raise BadRow(f"{self.name} can't be emptied.")


async def test_a_room_that_can_not_be_folded_again_stops_neither_the_others_nor_the_archive(
    store: RoomStore, records: Database, records_settings: Settings, projections: list[Projection]
) -> None:
    kinds = {"sending": Unclearable, "purchases": Mistaken}
    mistaken = [
        kinds[each.name](each, lambda _stream, _entry: True)
        for each in projections
        if each.name in kinds
    ]
    archiver = archiver_of(store, records, records_settings, projections=mistaken)
    await make_room(store, "r")
    await store.redis.xadd(store.keys.room("r", "ledger"), {"e": b"\x90"}, id="1-0")
    await copy_all(archiver)
    for wrong in mistaken:
        wrong.is_bad = lambda _stream, _entry: False
    await archiver.retrying.tend()
    assert {each.projection for each in await aside(records)} == {"sending"}
    retried = await archiver.retrying.retry()
    assert (retried.folded, [each.projection for each in retried.left]) == (0, ["sending"])


class Failing(Mistaken):
    """A projection that raises what is not about a row, as long as `why` says so."""

    why: Exception | None = None

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        await super().add(connection, room, stream, entries)
        if self.why is not None:
            raise self.why


async def test_no_row_is_set_aside_for_an_error_of_the_database(
    store: RoomStore, records: Database, records_settings: Settings, projections: list[Projection]
) -> None:
    await make_room(store, "r")
    await store.redis.xadd(store.keys.room("r", "ledger"), {"e": b"\x90"}, id="1-0")
    failing = [Failing(each, lambda _stream, _entry: False) for each in projections]
    archiver = archiver_of(store, records, records_settings, projections=failing)
    for why in (OSError("no route"), TimeoutError(), RecordsAway("The disk is full.")):
        for each in failing:
            each.why = why
        with pytest.raises(RecordsAway):
            await archiver.copy_all()
        assert await aside(records) == []
        assert (await tables_of(records))["archived_entries"] == []
    for each in failing:
        each.why = None
    assert await copy_all(archiver) == 1


async def test_a_row_that_never_folds_keeps_no_later_one_out(
    store: RoomStore, records: Database, records_settings: Settings, projections: list[Projection]
) -> None:
    await make_room(store, "r")
    for n in range(1, 4):
        await store.redis.xadd(store.keys.room("r", "ledger"), {"e": b"\x90"}, id=f"{n}-0")
    [sending] = [each for each in projections if each.name == "sending"]
    mistaken = Mistaken(sending, lambda _stream, entry: entry.ms != 2)
    archiver = archiver_of(store, records, records_settings, projections=[mistaken])
    await copy_all(archiver)
    assert [each.ms for each in await aside(records)] == [1, 3]
    mistaken.is_bad = lambda _stream, entry: entry.ms == 1
    retried = await archiver.retrying.retry(likely=True)
    assert (retried.folded, [each.ms for each in retried.left]) == (1, [1])


async def test_what_no_retry_can_fold_yet_is_told_again_and_costs_no_fold(
    store: RoomStore, records: Database, records_settings: Settings, projections: list[Projection]
) -> None:
    await make_room(store, "r")
    for n in range(1, 4):
        await store.redis.xadd(store.keys.room("r", "ledger"), {"e": b"\x90"}, id=f"{n}-0")
    [sending] = [each for each in projections if each.name == "sending"]
    mistaken = Mistaken(sending, lambda _stream, entry: entry.ms == 2)
    archiver = archiver_of(store, records, records_settings, projections=[mistaken])
    await copy_all(archiver)
    [before] = await aside(records)
    retried = await archiver.retrying.retry(likely=True)
    [after] = await aside(records)
    assert (retried.folded, retried.left) == (0, [after])
    assert after.place == before.place == ("ledger", 2, 0)
    assert after.since == before.since
