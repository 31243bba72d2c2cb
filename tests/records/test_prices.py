"""The prices of a host's rooms on both engines: what counts for thirty days, and what never did."""

from typing import Any, cast

import msgspec

from server.background.clock import DAY_MS
from server.features.sales.price_history import PriceHistory, PriceProjection
from server.records.database import Database
from server.records.errors import RecordsAway
from server.records.projection import Entry, RoomHead

NOW = 100 * DAY_MS


def head(life: int, host: str = "h", *, practice: bool = False) -> RoomHead:
    return RoomHead(life, f"r{life}", life, host, "stream", "T", "live", 0, 0, 0, practice)


def line(day: int, what: str, sale: str = "s1", **fields: Any) -> dict[str, Any]:
    at = day * DAY_MS
    common = {"k": "sale", "at": at, "what": what, "sale": sale, "starts": at}
    return common | {"sku": "tea", "currency": "CNY"} | fields


async def fold(records: Database, room: RoomHead, *lines: dict[str, Any]) -> None:
    entries = [Entry(n, 0, msgspec.msgpack.encode([each])) for n, each in enumerate(lines, 1)]
    async with records.writing() as connection:
        await PriceProjection().add(connection, room, "ledger", entries)


async def lowest(records: Database, host: str = "h", now: int = NOW) -> dict[str, int] | None:
    async def host_of(_room: str) -> str:
        return host

    return await PriceHistory(records, host_of, lambda: now).lowest("r9", "tea")


async def test_the_lowest_price_of_thirty_days_over_all_rooms_of_a_host(records: Database) -> None:
    await fold(records, head(1), line(10, "opened", price=1), line(69, "closed"))  # too long ago
    await fold(records, head(2), line(20, "opened", price=3), line(71, "closed"))
    await fold(
        records, head(3),
        line(80, "opened", price=5), line(90, "priced", price=4), line(95, "priced", price=9),
        line(80, "opened", "s2", price=2, currency="EUR"),
        line(80, "opened", "s3", sku="cup", price=1),
    )  # fmt: skip
    await fold(records, head(4, "other"), line(80, "opened", price=1))
    await fold(records, head(5, practice=True), line(80, "opened", price=1))

    assert await lowest(records) == {"CNY": 3, "EUR": 2}
    assert await lowest(records, now=NOW + 2 * DAY_MS) == {"CNY": 4, "EUR": 2}
    assert await lowest(records, now=NOW + 60 * DAY_MS) == {"CNY": 9, "EUR": 2}
    assert await lowest(records, "other") == {"CNY": 1}
    async with records.writing() as connection:
        await PriceProjection().clear(connection, 3)
    assert await lowest(records) == {"CNY": 3}


async def test_a_price_that_never_began_does_not_count(records: Database) -> None:
    await fold(records, head(1), line(99, "opened", price=1, starts=NOW + DAY_MS))
    assert await lowest(records) == {}
    await fold(records, head(1), line(99, "closed"))
    assert await lowest(records, now=NOW + 2 * DAY_MS) == {}


async def test_an_opening_bid_is_no_price(records: Database) -> None:
    opened = line(80, "opened", "s1", price=5)
    auctioned = line(81, "opened", "s2", price=1, auction="a1")
    await fold(records, head(1), opened, auctioned, line(82, "closed", "s2"))
    assert await lowest(records) == {"CNY": 5}


async def test_while_the_records_are_away_nothing_is_known() -> None:
    class Away:
        def reading(self) -> None:
            raise RecordsAway("gone")

    assert await lowest(cast("Database", Away())) is None
