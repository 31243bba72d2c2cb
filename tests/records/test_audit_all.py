"""`liveroom audit --all`: records and rooms compared, room by room."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import Table, Update, delete, update

from server.cli.audits import audit_all
from server.features.archive.tables import ENTRIES, POSITIONS
from server.features.audits.all_rooms import AllRooms
from server.features.purchases.tables import LINES, PURCHASES, REVENUE
from server.house import keys_under, store_on
from server.records.database import Database
from server.records.retired import PARTS
from server.settings import Settings
from server.store.client import connect
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.shop import Shop
from tests.records.evening import copy_all, shop_in
from tests.records.test_purchases import trade
from tests.records.test_retirement import retirer_of

ROOMS = ("r1", "r2", "r3")
Break = Callable[[RoomStore, Database], Awaitable[None]]


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    """Nothing waits for a draw."""
    return make_settings(records={"url": records_url}, orders={"fair_window_ms": 0})


@pytest.fixture
async def store(records_settings: Settings, records: Database) -> AsyncIterator[RoomStore]:
    """Three rooms in which people traded, all archived; `r3` has left Redis."""
    redis = connect(records_settings.redis.url, records_settings.redis)
    store = store_on(redis, keys_under(records_settings.redis.key_prefix))
    for room in ROOMS:
        await trade(await shop_in(store, records_settings, room))
    await copy_all(store, records, records_settings)
    await _retire(store, records, records_settings, "r3")
    yield store
    await redis.aclose()


async def _retire(store: RoomStore, records: Database, settings: Settings, room: str) -> None:
    over = {"phase": "ended", "selling": 0, "ended": 1}
    await store.redis.hset(store.keys.room(room, "room"), mapping=over)
    outcome = await retirer_of(store, records, settings).retire(room, at_once=True)
    assert outcome.left, outcome.why


async def found_in(store: RoomStore, records: Database) -> dict[str, list[str]]:
    """What differs, by room; every room is read."""
    found = [each async for each in AllRooms(store, records).found()]
    assert [each.unread for each in found] == [""] * len(found)
    return {each.room: list(each.differences) for each in found if each.differences}


async def test_rooms_and_records_agree_and_no_room_comes_back(
    store: RoomStore, records: Database
) -> None:
    assert await found_in(store, records) == {}
    found = [each async for each in AllRooms(store, records).found()]
    assert {each.room: each.away for each in found} == {"r1": False, "r2": False, "r3": True}
    assert all(each.entries > 10 and not each.behind for each in found)
    assert await store.redis.hexists(store.keys.room("r3", "room"), "left")


CHANGES: dict[str, tuple[Table, str, object, str]] = {
    "an order's total": (PURCHASES, "total", 1, "order row"),
    "an order's status": (PURCHASES, "status", "none of ours", "order row"),
    "an order's body": (PURCHASES, "body", b"x", "order row"),
    "a line's units": (LINES, "qty", 99, "line row"),
    "a day's revenue": (REVENUE, "gross", 7, "revenue row"),
    "a day's host": (REVENUE, "host", "somebody", "revenue row"),
    "an archived entry": (ENTRIES, "body", b"x", "archived ledger entry"),
    "the archive's count": (POSITIONS, "entries", 1, "the archive counts 1 ledger entries"),
}


@pytest.mark.parametrize("room", ["r2", "r3"], ids=["in Redis", "away"])
async def test_a_changed_row_is_found_in_its_room_alone(
    store: RoomStore, records: Database, room: str
) -> None:
    for what, (table, column, value, told) in CHANGES.items():
        undo = await _change_one(records, table, column, value, life=ROOMS.index(room) + 1)
        found = await found_in(store, records)
        assert list(found) == [room], what
        assert any(line.startswith(told) for line in found[room]), (what, found)
        async with records.writing() as connection:
            await connection.execute(undo)
    assert await found_in(store, records) == {}


async def _change_one(
    records: Database, table: Table, column: str, value: object, life: int
) -> Update:
    """Change one row; returns what undoes that."""
    async with records.writing() as connection:
        rows = table.select().where(table.c.life == life)
        if "stream" in table.c:
            rows = rows.where(table.c.stream == "ledger")
        row = (await connection.execute(rows.limit(1))).mappings().one()
        key = [each == row[each.name] for each in table.primary_key.columns]
        await connection.execute(update(table).where(*key).values({column: value}))
    changed = dict(row) | {column: value}
    key = [each == changed[each.name] for each in table.primary_key.columns]
    return update(table).where(*key).values({column: row[column]})


@pytest.mark.parametrize("table", [PURCHASES, LINES, REVENUE, ENTRIES], ids=lambda t: t.name)
async def test_missing_rows_are_found(store: RoomStore, records: Database, table: Table) -> None:
    async with records.writing() as connection:
        await connection.execute(delete(table).where(table.c.life == 2))
    found = await found_in(store, records)
    assert list(found) == ["r2"]
    assert any("missing in the" in line for line in found["r2"])


async def test_a_room_whose_state_in_redis_differs_is_found(
    store: RoomStore, records: Database
) -> None:
    await store.redis.hset(store.keys.room("r1", "stats"), "orders:paid", 77)
    [(room, [difference])] = (await found_in(store, records)).items()
    assert (room, "orders:paid" in difference) == ("r1", True)


async def test_a_room_that_left_without_its_snapshot_is_found(
    store: RoomStore, records: Database
) -> None:
    async with records.writing() as connection:
        await connection.execute(delete(PARTS).where(PARTS.c.room == "r3"))
    [(room, [difference])] = (await found_in(store, records)).items()
    assert (room, "its snapshot" in difference) == ("r3", True)


@pytest.mark.parametrize("left", ["nothing", "an order's line", "the records"])
async def test_a_listed_room_that_is_not_there_is_found_unless_it_was_never_made(
    store: RoomStore, records: Database, left: str
) -> None:
    """A Redis that dies while a room is made leaves the entry of the list alone."""
    room = "r1" if left == "the records" else "half-made"
    await store.redis.zadd(store.keys.rooms, {room: 1})
    if left == "the records":
        await store.redis.delete(*(store.keys.room(room, name) for name in store.keys.room_keys))
    elif left == "an order's line":
        await store.redis.xadd(store.keys.room(room, "ledger"), {"k": "order"})
    found = await found_in(store, records)
    lost = {room: ["it is in the list of rooms, and Redis has no such room"]}
    assert found == ({} if left == "nothing" else lost)


async def test_a_room_that_redis_lost_is_found(store: RoomStore, records: Database) -> None:
    await store.redis.zrem(store.keys.rooms, "r1")
    await store.redis.delete(*(store.keys.room("r1", name) for name in store.keys.room_keys))
    found = await found_in(store, records)
    assert found == {"r1": ["it is in the records, and Redis has no such room"]}


async def test_what_the_archive_has_not_copied_yet_is_no_difference(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    shop: Shop = await shop_in(store, records_settings, "r4")
    await trade(shop)
    assert await found_in(store, records) == {}
    behind = {f.room: f.behind async for f in AllRooms(store, records).found()}
    assert behind["r4"] > 10


async def test_the_command_tells_a_line_a_room_and_goes_on_behind_a_bad_one(
    store: RoomStore,
    records: Database,
    records_settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await audit_all(store, records_settings) == 0
    assert capsys.readouterr().out == "3 rooms, 1 of them away: 0 differ, 0 could not be read.\n"

    await _change_one(records, REVENUE, "gross", 7, life=2)
    assert await audit_all(store, records_settings) == 1
    line, summary = capsys.readouterr().out.splitlines()
    assert line.startswith("r2: revenue row ")
    assert "records have 7" in line
    assert summary == "3 rooms, 1 of them away: 1 differ, 0 could not be read."

    await store.redis.delete(store.keys.room("r1", "stock"))
    await store.redis.set(store.keys.room("r1", "stock"), "no hash")
    assert await audit_all(store, records_settings) == 2
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "3 rooms, 1 of them away: 1 differ, 1 could not be read."
    assert err.startswith("liveroom: room `r1` could not be read whole: ")
