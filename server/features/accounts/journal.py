"""The journal: entries that no ledger has. They are written once, and only reversed."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.accounts.tables import EVENTS, JOURNAL, JOURNAL_SUMS, LAST_EVENT
from server.records.arrays import put_rows
from server.records.upsert import insert_into


class Move(NamedTuple):
    """An amount that comes to an account, or leaves it."""

    account: str
    currency: str
    amount: int


class Unbalanced(ValueError):
    """The entries of an event don't add up to zero; the text says by how much."""


def must_balance(moves: Sequence[Move]) -> None:
    """Refuse entries that make or lose money. Raises Unbalanced."""
    sums: Counter[str] = Counter()
    for move in moves:
        sums[move.currency] += move.amount
    for currency, amount in sums.items():
        if amount:
            raise Unbalanced(f"The entries in {currency} add up to {amount}, not to 0.")


async def lock_journal(connection: AsyncConnection) -> None:
    """Let this transaction alone write the journal, until it ends."""
    await _next_event(connection, 0)


async def _next_event(connection: AsyncConnection, count: int = 1) -> int:
    put = insert_into(connection, LAST_EVENT).values(name="journal", last=count)
    put = put.on_conflict_do_update(
        index_elements=["name"], set_={"last": LAST_EVENT.c.last + count}
    )
    return int(await connection.scalar(put.returning(LAST_EVENT.c.last)) or 0)


async def write_event(
    connection: AsyncConnection,
    kind: str,
    moves: Sequence[Move],
    *,
    key: str,
    at: int,
    by: str = "",
    reason: str = "",
    about: str = "",
    reverses: int = 0,
) -> int:
    """Write an event with its entries; return its number. `key` must be new. Raises Unbalanced."""
    must_balance(moves)
    event = await _next_event(connection)
    await connection.execute(
        insert(EVENTS).values(
            event=event, kind=kind, key=key, at=at, by=by, reason=reason, about=about,
            reverses=reverses,
        )
    )  # fmt: skip
    rows = [{"event": event, "n": n, "at": at} | move._asdict() for n, move in enumerate(moves)]
    if rows:
        await put_rows(connection, insert(JOURNAL), rows)
        await _add_sums(connection, moves)
    return event


async def _add_sums(connection: AsyncConnection, moves: Sequence[Move]) -> None:
    sums: Counter[tuple[str, str]] = Counter()
    for move in moves:
        sums[move.account, move.currency] += move.amount
    put = insert_into(connection, JOURNAL_SUMS)
    await put_rows(
        connection,
        put.on_conflict_do_update(
            index_elements=["account", "currency"],
            set_={"amount": JOURNAL_SUMS.c.amount + put.excluded.amount},
        ),
        [
            {"account": account, "currency": currency, "amount": amount}
            for (account, currency), amount in sorted(sums.items())
        ],
    )


async def moves_of(connection: AsyncConnection, event: int) -> list[Move]:
    """Return the entries of an event."""
    j = JOURNAL.c
    asked = select(j.account, j.currency, j.amount).where(j.event == event).order_by(j.n)
    return [Move(*row) for row in await connection.execute(asked)]


async def event_named(connection: AsyncConnection, key: str) -> Any:
    """Return the event with a key, or None."""
    return (await connection.execute(select(EVENTS).where(EVENTS.c.key == key))).first()
