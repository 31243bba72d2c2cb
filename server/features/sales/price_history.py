"""At which prices a host offered a sku in the last 30 days, in all rooms.

The law asks for it: whoever announces a lower price has to show the lowest one of the 30 days
before (Directive 98/6/EC, Article 6a). A room has its own prices in Redis; these are of all rooms,
as far as their ledgers are archived.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

from msgspec import Struct, msgpack
from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import DAY_MS
from server.features.archive.aside import lives_aside
from server.features.archive.tables import ROOMS
from server.features.sales.tables import PRICES
from server.records.database import Database
from server.records.errors import RecordsAway
from server.records.projection import UNREADABLE, Entry, RoomHead, empty_tables
from server.records.upsert import insert_into

WINDOW_MS = 30 * DAY_MS


class Line(Struct):
    """The fields of a ledger line that tell of prices."""

    k: str
    at: int = 0
    what: str = ""
    sale: str = ""
    sku: str = ""
    price: int = 0
    currency: str = ""
    starts: int = 0
    auction: str = ""


_LINES = msgpack.Decoder(list[Line])


class PriceHistory:
    """Reads prices. `host_of` tells the host of a room; it may raise CommandError."""

    def __init__(
        self,
        records: Database,
        host_of: Callable[[str], Awaitable[str]],
        now_ms: Callable[[], int],
    ) -> None:
        self._records, self._host_of, self._now_ms = records, host_of, now_ms

    async def lowest(self, room: str, sku: str) -> dict[str, int] | None:
        """By currency, the lowest price of the last 30 days; None while the records are away, or
        while a row of a room of the host is set aside, for it may have been a lower one."""
        host, now = await self._host_of(room), self._now_ms()
        asked = (
            select(PRICES.c.currency, func.min(PRICES.c.price))
            .where(
                PRICES.c.host == host,
                PRICES.c.sku == sku,
                PRICES.c.since <= now,
                or_(PRICES.c.till == 0, PRICES.c.till > now - WINDOW_MS),
            )
            .group_by(PRICES.c.currency)
        )
        try:
            async with self._records.reading() as connection:
                lacking = select(ROOMS.c.life).where(
                    ROOMS.c.host == host, ROOMS.c.life.in_(lives_aside(PriceProjection.name))
                )
                if await connection.scalar(lacking.limit(1)) is not None:
                    return None
                rows = (await connection.execute(asked)).all()
        except RecordsAway:
            return None
        return {currency: int(price) for currency, price in rows}


class PriceProjection:
    """A row for each price of a sale. In a practice nothing is really offered, and the price of an
    auction's sale is an opening bid, at which nobody can buy."""

    name = "prices"
    version = 1
    streams: Collection[str] = ("ledger",)

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Fold the next entries of a room's ledger."""
        assert stream in self.streams
        if room.practice:
            return
        for entry in entries:
            for line in _lines(entry):
                if line.what in ("priced", "closed"):
                    await _end(connection, room.life, line)
                if line.what in ("opened", "priced"):
                    await _begin(connection, room, line)

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Empty the table, or what it holds of one room."""
        await empty_tables(connection, (PRICES,), life)


def _lines(entry: Entry) -> list[Line]:
    if b"sale" not in entry.body:
        return []
    try:
        return [line for line in _LINES.decode(entry.body) if line.k == "sale" and not line.auction]
    except UNREADABLE:
        return []


async def _begin(connection: AsyncConnection, room: RoomHead, line: Line) -> None:
    row: dict[str, Any] = {
        "life": room.life, "sale": line.sale, "since": line.starts, "host": room.host,
        "sku": line.sku, "currency": line.currency, "price": line.price, "till": 0,
    }  # fmt: skip
    put = insert_into(connection, PRICES).values(row)
    key = ["life", "sale", "since"]
    await connection.execute(put.on_conflict_do_update(index_elements=key, set_=row))


async def _end(connection: AsyncConnection, life: int, line: Line) -> None:
    """The price of a sale is over. One that never began was never offered."""
    open_now = and_(PRICES.c.life == life, PRICES.c.sale == line.sale, PRICES.c.till == 0)
    await connection.execute(delete(PRICES).where(open_now, PRICES.c.since >= line.at))
    await connection.execute(update(PRICES).where(open_now).values(till=line.at))
