"""Ties and addresses on both engines: the newest change counts, and a book never holds too many."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from sqlalchemy import literal, select

from server.features import all_facts
from server.features.figures.goods import Goods
from server.features.me.addresses import AddressBody, Addresses
from server.features.ties.projection import TieProjection
from server.features.ties.ties import Ties, held_at
from server.house import keys_under, store_on
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.projection import Entry, RoomHead
from server.settings import Settings
from server.store.client import connect
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.records.evening import copy_all, shop_in

HOME = AddressBody(name="Ann", country="FR", city="Lyon", lines=["1 rue X"])


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    """Nothing waits for a draw."""
    return make_settings(records={"url": records_url}, orders={"fair_window_ms": 0})


@pytest.fixture
async def store(records_settings: Settings) -> AsyncIterator[RoomStore]:
    """The rooms of this test."""
    redis = connect(records_settings.redis.url, records_settings.redis)
    yield store_on(redis, keys_under(records_settings.redis.key_prefix))
    await redis.aclose()


def head(life: int, kind: str = "stream") -> RoomHead:
    return RoomHead(life, f"r{life}", life, "h", kind, "T", "live", 0, 0, 0, practice=False)


def fact(at: int, kind: str, on: bool, user: str = "ann") -> Entry:
    return Entry(at, 0, msgspec.msgpack.encode({"k": kind, "at": at, "user": user, "on": on}))


async def fold(records: Database, room: RoomHead, *facts: Entry) -> None:
    async with records.writing() as connection:
        await TieProjection().add(connection, room, "timeline", facts)


async def held(records: Database, kind: str) -> list[str]:
    return [tie.ref for tie in await Ties(records).of_user("ann") if tie.kind == kind]


async def test_of_two_rooms_of_a_host_the_newest_change_counts(records: Database) -> None:
    await fold(records, head(2), fact(20, "follow", on=False))  # copied first, happened last
    await fold(records, head(1), fact(10, "follow", on=True), fact(11, "comment", on=True))
    assert await held(records, "follow") == []

    await fold(records, head(2), fact(30, "follow", on=True), Entry(31, 0, b"\xc1 unreadable"))
    assert await held(records, "follow") == ["h"]

    async with records.writing() as connection:
        await TieProjection().clear(connection, 2)
    [tie] = await Ties(records).of_user("ann")
    assert (tie.at, tie.life) == (10, 1)


async def test_two_changes_in_one_millisecond_are_one(records: Database) -> None:
    await fold(records, head(1), fact(10, "reserve", on=True), fact(10, "reserve", on=False))
    assert await held(records, "reserve") == []
    await fold(records, head(1), fact(10, "reserve", on=True))
    assert await held(records, "reserve") == ["r1"]


async def test_a_membership_is_known_for_every_time(records: Database) -> None:
    group = head(1, "group")
    await fold(records, group, fact(10, "member", on=True), fact(20, "member", on=False))

    async def was_member(at: int) -> bool:
        async with records.reading() as connection:
            asked = select(literal(1)).where(held_at("member", "ann", "h", at))
            return bool(await connection.scalar(asked))

    assert [await was_member(at) for at in (9, 10, 19, 20, 21)] == [False, True, True, False, False]


async def test_addresses_written_at_once_never_pass_the_limit(records: Database) -> None:
    book = Addresses(records, 3)
    done = await asyncio.gather(
        *(book.put("ann", f"a{n}", HOME) for n in range(8)), return_exceptions=True
    )
    refused = [each for each in done if isinstance(each, CommandError)]
    assert {each.code for each in refused} == {"limit_reached"}
    assert (len(refused), len(await book.of_user("ann"))) == (5, 3)
    [first, *_] = await book.of_user("ann")
    await book.put("ann", first.address, msgspec.structs.replace(HOME, city="Paris"))
    assert (await book.of_user("ann"))[0].city == "Paris"
    await book.remove("ann", first.address)
    assert len(await book.of_user("ann")) == 2
    assert await book.of_user("ben") == []


async def test_goods_are_added_up_on_each_engine(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    for room in ("r1", "r2"):
        shop = await shop_in(store, records_settings, room)
        tea = await shop.open(100)
        await shop.pay(await shop.buy("ann", tea, 2))
        await shop.take_back(await shop.pay(await shop.buy("ben", tea, 1)))
    await copy_all(store, records, records_settings)

    view = await Goods(records, all_facts()).of_host("h")
    [tea_row] = [row for row in view.goods if row.sku == "tea"]
    assert (view.streams, tea_row.streams) == (2, 2)
    assert (tea_row.units, tea_row.units_returned, tea_row.return_rate) == (6, 2, 2 / 6)
    again = await Goods(records, all_facts()).of_host("h")
    assert again == view
