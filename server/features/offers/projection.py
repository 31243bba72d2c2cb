"""Keeps up to date what rooms sold of merchants' goods, and who bought there."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from msgspec import Raw, Struct, msgpack
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.offers.tables import BUYERS, SOLD
from server.features.orders.messages import Order
from server.records.projection import UNREADABLE, Entry, RoomHead, empty_tables
from server.records.upsert import insert_into

COUNTS = ("placed", "orders", "units", "returned")


class _Taken(Struct):
    """Units that came back."""

    sku: str
    qty: int


class _Line(Struct):
    """The fields of a ledger line that count sold goods."""

    k: str
    was: str | None = None
    taken: list[_Taken] = []
    order: Raw = Raw()


class _Bought(Struct):
    """An order, as far as it is needed."""

    merchants: set[str]
    goods: Counter[tuple[str, str]]
    by_sku: dict[str, tuple[str, str]]


_LINES = msgpack.Decoder(list[_Line])
_ORDER = msgpack.Decoder(Order)


class Sums(NamedTuple):
    """What some entries add: counts by (merchant, goods), and buyers by merchant."""

    counts: dict[tuple[str, str], Counter[str]]
    buyers: set[tuple[str, str]]


class SoldProjection:
    """A row for goods in a room, a row for a buyer of a merchant there."""

    name = "sold_goods"
    version = 1
    streams: Collection[str] = ("ledger",)

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Fold the next entries of a room's ledger."""
        assert stream in self.streams
        if room.practice:
            return
        sums = Sums({}, set())
        for entry in entries:
            _add_entry(sums, entry)
        await _put_counts(connection, room, sums)
        await _put_buyers(connection, room, sums)

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Empty the tables, or what they hold of one room."""
        await empty_tables(connection, (SOLD, BUYERS), life)


def _add_entry(sums: Sums, entry: Entry) -> None:
    try:
        for line in _LINES.decode(entry.body):
            if line.k == "order":
                _add(sums, line, _ORDER.decode(line.order))
    except UNREADABLE:
        pass


def _add(sums: Sums, line: _Line, order: Order) -> None:
    bought = _bought(order)
    if line.was == "held" and order.status != "held":
        _count(sums, bought.goods, {"placed": 1})
    if order.status == "paid" and line.was not in ("paid", "returned"):
        sums.buyers.update((merchant, order.user) for merchant in bought.merchants)
        _count(sums, bought.goods, {"orders": 1})
        for goods, units in bought.goods.items():
            _count(sums, [goods], {"units": units})
    for taken in line.taken:
        if goods_of := bought.by_sku.get(taken.sku):
            _count(sums, [goods_of], {"returned": taken.qty})


def _bought(order: Order) -> _Bought:
    bought = _Bought(set(), Counter(), {})
    for line in order.lines:
        bought.merchants.add(line.merchant)
        if line.merchant:
            bought.goods[line.merchant, line.goods] += line.qty
            bought.by_sku[line.sku] = line.merchant, line.goods
    return bought


def _count(sums: Sums, goods: Collection[tuple[str, str]], counts: dict[str, int]) -> None:
    for each in goods:
        sums.counts.setdefault(each, Counter()).update(counts)


async def _put_counts(connection: AsyncConnection, room: RoomHead, sums: Sums) -> None:
    rows: list[dict[str, Any]] = [
        {"life": room.life, "host": room.host, "merchant": merchant, "goods": goods}
        | {name: counts[name] for name in COUNTS}
        for (merchant, goods), counts in sums.counts.items()
    ]
    if rows:
        put = insert_into(connection, SOLD)
        more = {name: SOLD.c[name] + put.excluded[name] for name in COUNTS}
        key = ["life", "merchant", "goods"]
        await connection.execute(put.on_conflict_do_update(index_elements=key, set_=more), rows)


async def _put_buyers(connection: AsyncConnection, room: RoomHead, sums: Sums) -> None:
    rows = [
        {"life": room.life, "host": room.host, "merchant": merchant, "user": user}
        for merchant, user in sorted(sums.buyers)
    ]
    if rows:
        await connection.execute(insert_into(connection, BUYERS).on_conflict_do_nothing(), rows)
