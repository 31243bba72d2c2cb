"""Keeps ties up to date with the timelines and ledgers that the archive copies."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from msgspec import Raw, Struct, msgpack
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.ties.tables import CLAIMS, COUPONS, TIES
from server.records.projection import UNREADABLE, Entry, RoomHead, empty_tables
from server.records.upsert import insert_into

Row = dict[str, Any]
Rows = list[tuple[Table, Row]]

_REFS: dict[str, Callable[[RoomHead], str]] = {
    "follow": lambda room: room.host,
    "member": lambda room: room.host,
    "reserve": lambda room: room.room,
}
"""By kind of fact, what it ties a user to."""
TIE_FACTS = tuple(_REFS)
"""The kinds of facts that say what a user is tied to."""


class _Kind(Struct):
    k: str


class _Fact(Struct):
    """A change that a user made."""

    k: str
    at: int
    user: str
    on: bool


class _Line(Struct):
    """A line of the ledger, as far as it may be about a coupon."""

    k: str
    at: int = 0
    what: Any = None
    coupon: Any = None
    claim: Any = None
    user: Any = None
    terms: Raw = Raw()


_KIND = msgpack.Decoder(_Kind)
_FACT = msgpack.Decoder(_Fact)
_LINES = msgpack.Decoder(list[_Line])


class TieProjection:
    """A row a change, a row a claim, a row a coupon."""

    name = "ties"
    version = 1
    streams: Collection[str] = ("ledger", "timeline")

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Fold the next entries of a room's timeline or ledger."""
        read = _facts if stream == "timeline" else _lines
        rows: dict[Table, list[Row]] = {}
        for table, row in read(room, entries):
            rows.setdefault(table, []).append(row)
        for table, new in rows.items():
            await _put(connection, table, new)

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Empty the tables, or what they hold of one room."""
        await empty_tables(connection, (TIES, CLAIMS, COUPONS), life)


def _facts(room: RoomHead, entries: Iterable[Entry]) -> Rows:
    rows: Rows = []
    for entry in entries:
        try:
            if _KIND.decode(entry.body).k in _REFS:
                fact = _FACT.decode(entry.body)
                ref = _REFS[fact.k](room)
                rows.append((TIES, _tie(room, fact.k, fact.user, ref, fact.at, fact.on)))
        except UNREADABLE:
            continue  # the archive keeps it
    return rows


def _lines(room: RoomHead, entries: Iterable[Entry]) -> Rows:
    rows: Rows = []
    for entry in entries:
        try:
            for line in _LINES.decode(entry.body):
                if line.k == "coupon":
                    rows += _coupon_rows(room, line)
        except UNREADABLE:
            continue  # the archive keeps it
    return rows


def _coupon_rows(room: RoomHead, line: _Line) -> Rows:
    about = {"life": room.life, "coupon": str(line.coupon)}
    if line.what == "opened":
        return [(COUPONS, about | {"terms": bytes(line.terms)})]
    if line.what == "claimed":
        claim = str(line.claim)
        return [
            (CLAIMS, about | {"claim": claim}),
            (TIES, _tie(room, "claim", str(line.user), claim, line.at, on=True)),
        ]
    return []


def _tie(room: RoomHead, kind: str, user: str, ref: str, at: int, on: bool) -> Row:
    return {"life": room.life, "kind": kind, "user": user, "ref": ref, "at": at, "on": on}


async def _put(connection: AsyncConnection, table: Table, rows: list[Row]) -> None:
    """Write rows; of two of one key, such as two changes in one ms, the later one counts."""
    put = insert_into(connection, table)
    keys = [column.name for column in table.primary_key]
    values = {c.name: put.excluded[c.name] for c in table.columns if c.name not in keys}
    await connection.execute(put.on_conflict_do_update(index_elements=keys, set_=values), rows)
