"""Keeps the entries of all rooms up to date with the ledgers that the archive copies."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from msgspec import Struct, msgpack
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.accounts.posting import LedgerLine, OrderState, Poster, Posting, lines_of
from server.features.accounts.tables import ENTRIES, ORDERS, RELEASES, SUMS
from server.records.arrays import is_among, put_rows
from server.records.projection import UNREADABLE, Entry, RoomHead, empty_tables
from server.records.upsert import insert_into


class _OrderId(Struct):
    order: str


IDS_AT_ONCE = 500
"""How many orders one question names: engines bound the number of parameters."""
_ORDER = msgpack.Decoder(_OrderId)
_AMOUNTS = msgpack.Decoder(dict[str, int])
_STATE = (
    "currency", "paid", "delivered", "on_way", "asked", "updated", "released", "terms", "pending",
    "held",
)  # fmt: skip


class AccountProjection:
    """Entries, what they add up to, and of each order what is still pending."""

    name = "accounts"
    version = 2
    streams: Collection[str] = ("ledger",)

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Add what the next entries of a room's ledger move. A practice moves nothing."""
        assert stream in self.streams
        if room.practice:
            return
        lines = [each for entry in entries for each in lines_of(entry)]
        if not lines:
            return
        ids = {id_ for _, line in lines if (id_ := _order_of(line))}
        states = await read_states(connection, room.life, ids)
        poster = Poster(room, states)
        postings = [each for n, line in lines for each in poster.postings(n, line)]
        await _put_states(connection, room.life, states.values())
        await _put_postings(connection, room.life, postings)

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Empty the tables of what follows from ledgers, or of one room. The journal stays."""
        await empty_tables(connection, (ORDERS, ENTRIES, SUMS), life)


def _order_of(line: LedgerLine) -> str:
    """The order of a line whose state may be stored already."""
    if line.k != "order" or line.was is None:
        return ""
    try:
        return _ORDER.decode(line.order).order
    except UNREADABLE:
        return ""


async def read_states(
    connection: AsyncConnection, life: int, orders: Iterable[str]
) -> dict[str, OrderState]:
    """Return what is stored of some orders, locked until the transaction ends."""
    states: dict[str, OrderState] = {}
    was_released = await connection.scalar(
        select(RELEASES.c.life).where(RELEASES.c.life == life).limit(1)
    )
    named = sorted(orders)
    for first in range(0, len(named), IDS_AT_ONCE):
        ids = named[first : first + IDS_AT_ONCE]
        asked = select(ORDERS).where(
            ORDERS.c.life == life, is_among(connection, ORDERS.c.order, ids)
        )
        if connection.dialect.name == "postgresql":
            asked = asked.with_for_update()  # as releases do
        for row in (await connection.execute(asked)).mappings():
            states[row["order"]] = state_of(row)
        if was_released:
            for row in (
                await connection.execute(
                    select(RELEASES.c.order, RELEASES.c.updated).where(
                        RELEASES.c.life == life, is_among(connection, RELEASES.c.order, ids)
                    )
                )
            ).mappings():
                state = states.setdefault(row["order"], OrderState(row["order"]))
                state.released = row["updated"]
    return states


def state_of(row: Any) -> OrderState:
    """Return the state in a row of `account_orders`."""
    return OrderState(
        row["order"], row["currency"], row["paid"], row["delivered"], row["on_way"], row["asked"],
        row["updated"], row["released"],
        bytes(row["terms"]), *(_AMOUNTS.decode(row[name]) if row[name] else {}
                               for name in ("pending", "held")),
    )  # fmt: skip


async def _put_states(connection: AsyncConnection, life: int, states: Iterable[OrderState]) -> None:
    rows = [
        {
            "life": life, "order": state.order, "currency": state.currency, "paid": state.paid,
            "delivered": state.delivered, "on_way": state.on_way,
            "asked": state.asked, "updated": state.updated, "released": state.released,
            "terms": state.terms,
            # What was released is pending no longer, also where all is folded again.
            "pending": b"" if state.released else msgpack.encode(state.pending),
            "held": msgpack.encode(state.held) if state.held else None,
        }
        for state in states
        if state.paid or state.terms
    ]  # fmt: skip
    if rows:
        put = insert_into(connection, ORDERS)
        replaced = {name: put.excluded[name] for name in _STATE}
        put = put.on_conflict_do_update(index_elements=["life", "order"], set_=replaced)
        await put_rows(connection, put, rows)


async def _put_postings(
    connection: AsyncConnection, life: int, postings: Sequence[Posting]
) -> None:
    if not postings:
        return
    sums: Counter[tuple[str, str]] = Counter()
    rows, n, last = [], 0, 0
    for each in postings:
        n, last = (n + 1 if each.line == last else 0), each.line
        sums[each.account, each.currency] += each.amount
        rows.append(each._asdict() | {"life": life, "n": n})
    await put_rows(connection, insert(ENTRIES), rows)
    await add_sums(connection, life, sums)


async def add_sums(connection: AsyncConnection, life: int, sums: Counter[tuple[str, str]]) -> None:
    """Add to what the entries of a room add up to."""
    put = insert_into(connection, SUMS)
    await put_rows(
        connection,
        put.on_conflict_do_update(
            index_elements=["life", "account", "currency"],
            set_={"amount": SUMS.c.amount + put.excluded.amount},
        ),
        [
            {"life": life, "account": account, "currency": currency, "amount": amount}
            for (account, currency), amount in sorted(sums.items())
        ],
    )
