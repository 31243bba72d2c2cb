"""Keeps up to date whose reviews a product carries, from what stood on shelves."""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct, msgpack
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.reviews.tables import CARRIED
from server.records.projection import UNREADABLE, Entry, RoomHead, empty_tables
from server.records.upsert import insert_into


class _Put(Struct):
    """The fields of a product by which its reviews are found."""

    sku: str = ""
    merchant: str = ""
    goods: str = ""
    replaces: str | None = None


class _Fact(Struct):
    """A fact of the timeline, as far as it may be one of the shelf."""

    k: str
    put: _Put | None = None


_FACT = msgpack.Decoder(_Fact)


class CarriedProjection:
    """A row a product that is a merchant's, or replaces another."""

    name = "reviewed_products"
    version = 1
    streams: Collection[str] = ("timeline",)

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Fold the next facts of a room."""
        assert stream in self.streams
        rows: dict[str, dict[str, Any]] = {}
        for entry in entries:
            put = _put_in(entry)
            if put is not None and (put.merchant or put.replaces):
                rows[put.sku] = {
                    "life": room.life, "sku": put.sku, "host": room.host, "merchant": put.merchant,
                    "goods": put.goods, "replaces": put.replaces or "",
                }  # fmt: skip
        if rows:
            insert = insert_into(connection, CARRIED)
            new = {name: insert.excluded[name] for name in ("merchant", "goods", "replaces")}
            await connection.execute(
                insert.on_conflict_do_update(index_elements=["life", "sku"], set_=new),
                list(rows.values()),
            )

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Empty the table, or what it holds of one room."""
        await empty_tables(connection, [CARRIED], life)


def _put_in(entry: Entry) -> _Put | None:
    try:
        fact = _FACT.decode(entry.body)
    except UNREADABLE:
        return None  # the archive keeps it; or it is another's `put`
    return fact.put if fact.k == "shelf" else None
