"""Corrections: entries that an admin makes by hand, with a reason, and takes back only by their
reversal."""

from collections.abc import Callable, Sequence

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.accounts.journal import (
    Move,
    Unbalanced,
    event_named,
    lock_journal,
    moves_of,
    must_balance,
    write_event,
)
from server.features.accounts.names import can_be_corrected
from server.features.accounts.tables import EVENTS
from server.protocol.codes import CommandError
from server.records.database import Database

REVERSIBLE = ("correction", "reversal")


class MovedAmount(Struct):
    """An entry: what came to an account, or left it (below zero), in minor units."""

    account: str
    currency: str
    amount: int


class JournalEvent(Struct, kw_only=True, omit_defaults=True):
    """An event of the journal. `at` in Unix ms; `reverses` is the event that it takes back."""

    event: int
    kind: str
    at: int
    by: str
    reason: str
    entries: list[MovedAmount]
    reverses: int = 0


class Corrections:
    """Writes corrections. Methods may raise RecordsAway."""

    def __init__(self, records: Database, clock: Callable[[], int] = unix_ms) -> None:
        self._records = records
        self._clock = clock

    async def correct(
        self, key: str, moves: Sequence[Move], *, by: str, reason: str
    ) -> JournalEvent:
        """Write entries that add up to zero; the same key again gives the same event.

        Raises CommandError (`bad_message`, `conflict`, `key_reused`).
        """
        for move in moves:
            if not can_be_corrected(move.account):
                raise CommandError(
                    "bad_message",
                    f"`{move.account}` is no account that can be corrected: name "
                    "`host/<id>/pending`, `merchant/<id>/available`, `platform/corrections` or "
                    "another that docs/money.md names.",
                )
            if not move.amount:
                raise CommandError("bad_message", f"The entry of `{move.account}` moves nothing.")
        try:
            must_balance(moves)
        except Unbalanced as error:
            raise CommandError("conflict", f"{error} Nothing was changed.") from None
        return await self._write("correction", key, moves, by=by, reason=reason)

    async def reverse(self, key: str, event: int, *, by: str, reason: str) -> JournalEvent:
        """Take a correction back, once. Raises CommandError (`not_found`, `conflict`,
        `key_reused`)."""
        return await self._write("reversal", key, None, by=by, reason=reason, reverses=event)

    async def _write(
        self,
        kind: str,
        key: str,
        moves: Sequence[Move] | None,
        *,
        by: str,
        reason: str,
        reverses: int = 0,
    ) -> JournalEvent:
        name = f"correction/{key}"
        async with self._records.writing() as connection:
            await lock_journal(connection)
            known = await event_named(connection, name)
            if known is not None:
                found = await _event(connection, known.event)
                same = found.reverses == reverses and (
                    moves is None or [Move(*_values(e)) for e in found.entries] == list(moves)
                )
                if not same or found.reason != reason:
                    raise CommandError(
                        "key_reused",
                        f"The key `{key}` was used for another correction; take a new one.",
                    )
                return found
            if moves is None:
                moves = await _reversed(connection, reverses)
            event = await write_event(
                connection, kind, moves, key=name, at=self._clock(), by=by, reason=reason,
                reverses=reverses,
            )  # fmt: skip
            return await _event(connection, event)


async def _reversed(connection: AsyncConnection, event: int) -> list[Move]:
    row = (await connection.execute(select(EVENTS).where(EVENTS.c.event == event))).first()
    if row is None:
        raise CommandError("not_found", f"There is no event {event} in the journal.")
    if row.kind not in REVERSIBLE:
        raise CommandError(
            "conflict",
            f"The event {event} is no correction ({row.kind}); say what became of a payout at the "
            "payout, and correct anything else by a correction of its own.",
        )
    again = await connection.scalar(select(EVENTS.c.event).where(EVENTS.c.reverses == event))
    if again is not None:
        raise CommandError("conflict", f"The event {event} was reversed already, by {again}.")
    return [move._replace(amount=-move.amount) for move in await moves_of(connection, event)]


async def _event(connection: AsyncConnection, event: int) -> JournalEvent:
    row = (await connection.execute(select(EVENTS).where(EVENTS.c.event == event))).one()
    entries = [MovedAmount(*move) for move in await moves_of(connection, event)]
    return JournalEvent(
        event=row.event, kind=row.kind, at=row.at, by=row.by, reason=row.reason, entries=entries,
        reverses=row.reverses,
    )  # fmt: skip


def _values(entry: MovedAmount) -> tuple[str, str, int]:
    return entry.account, entry.currency, entry.amount
