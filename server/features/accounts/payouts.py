"""Payouts: what is available is paid out in batches, each payout once.

A payout is stored before it is sent, and sent under its own id, which the port takes as the key: a
process that dies between sending and noting leaves it `made`, and whoever sends it again moves no
money twice. While it is on its way its money stands in `<owner>/paying`.
"""

import hashlib
import logging
import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.accounts.balances import balances
from server.features.accounts.journal import Move, lock_journal, write_event
from server.features.accounts.names import SENT, owned
from server.features.accounts.payout_ports import Outcome, PayoutPort, Transfer
from server.features.accounts.projection import AccountProjection
from server.features.accounts.tables import BATCHES, PAYOUTS, SUMS
from server.features.archive.aside import lives_aside
from server.features.archive.folding import is_folded
from server.features.archive.tables import ROOMS, WHOLE
from server.protocol.codes import CommandError
from server.protocol.currencies import decimal_text
from server.records.database import Database
from server.web.csv_rows import rows as csv_rows
from server.web.csv_rows import text, utc

_log = logging.getLogger(__name__)

State = Literal["made", "handed_over", "sent", "failed"]
AT_ONCE = 200
_CSV_COLUMNS = (
    "payout", "owner", "currency", "amount", "amount_decimal", "state", "made", "reason",
)  # fmt: skip
RETRY_MS = 60_000
_GONE = re.compile(r"(host|merchant)/gone-[0-9a-f]{12}")
"""A pseudonym of somebody who was forgotten: nobody can be paid."""


class Payout(Struct, kw_only=True, omit_defaults=True):
    """Money on its way to an owner: `host/<id>` or `merchant/<id>`. Times in Unix ms, `amount` in
    minor units. `reason` says why it failed."""

    payout: str
    batch: str
    owner: str
    currency: str
    amount: int
    state: State
    made: int
    changed: int
    reason: str = ""


class Batch(Struct, kw_only=True):
    """A batch and its payouts. `batch` is the key under which it was asked for."""

    batch: str
    at: int
    by: str
    least: int
    currency: str
    payouts: list[Payout]


class PayoutsPage(Struct):
    """Payouts, the newest first. `next` is the `cursor` of the following page."""

    payouts: list[Payout]
    next: str | None = None


class Payouts:
    """Makes batches, sends them, notes what became of them. Methods may raise RecordsAway."""

    def __init__(
        self, records: Database, port: PayoutPort, clock: Callable[[], int] = unix_ms
    ) -> None:
        self._records = records
        self._port = port
        self._clock = clock

    async def make(self, batch: str, *, by: str, least: int = 1, currency: str = "") -> Batch:
        """Make a payout for each owner who has at least so much available, and nothing on its way
        out of it twice: the same key gives the same batch. Raises CommandError (`key_reused`).

        An owner whose account is below zero gets none: what comes later nets the debt first. Nor
        does one of a room of whose ledger a row is set aside, since nobody knows what it takes.
        """
        now = self._clock()
        async with self._records.writing() as connection:
            await lock_journal(connection)
            row = (
                await connection.execute(select(BATCHES).where(BATCHES.c.batch == batch))
            ).first()
            if row is None:
                await _must_be_whole(connection)
                values = {"batch": batch, "at": now, "by": by, "least": least, "currency": currency}
                await connection.execute(insert(BATCHES).values(values))
                await _make_payouts(connection, batch, least, currency, now)
            elif (row.least, row.currency) != (least, currency):
                raise CommandError(
                    "key_reused",
                    f"The batch `{batch}` was made with other words; take a new key for a new one.",
                )
            return await _batch(connection, batch)

    async def send(self) -> int:
        """Send what is made and not sent; return how many have an outcome now.

        One that fails stops no other: it stays as it is, and what it raised is raised at the end.
        """
        asked = select(PAYOUTS).where(PAYOUTS.c.state == "made").order_by(PAYOUTS.c.made)
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked.limit(AT_ONCE))).mappings().all()
        sent, unexpected = 0, None
        for row in rows:
            payout = Payout(**row)
            transfer = Transfer(payout.payout, payout.owner, payout.currency, payout.amount)
            try:
                await self.note(payout.payout, await self._port.send(transfer), of=("made",))
                sent += 1
            except Exception as error:
                _log.warning("Payout %s is sent again later: %s", payout.payout, error)
                unexpected = error
        if unexpected is not None:
            raise unexpected
        return sent

    async def note(
        self, payout_id: str, outcome: Outcome, *, of: Sequence[State], by: str = ""
    ) -> Payout:
        """Note what became of a payout, once; `of` are the states in which that can be news.

        A payout that a bank gives back after it was sent has failed: its money is available again.
        Raises CommandError (`not_found`, `conflict`).
        """
        now = self._clock()
        async with self._records.writing() as connection:
            await lock_journal(connection)
            asked = select(PAYOUTS).where(PAYOUTS.c.payout == payout_id)
            row = (await connection.execute(asked)).mappings().first()
            if row is None:
                raise CommandError("not_found", f"There is no payout `{payout_id}`.")
            payout = Payout(**row)
            if payout.state == outcome.state:
                return payout
            if payout.state not in of:
                raise CommandError(
                    "conflict",
                    f"The payout `{payout_id}` is {_words(payout.state)}; it can't become "
                    f"{_words(outcome.state)}.",
                )
            if moves := _moves(payout, outcome.state):
                await write_event(
                    connection, f"payout_{outcome.state}", moves,
                    key=f"payout/{payout_id}/{outcome.state}", at=now, by=by,
                    reason=outcome.reason, about=payout_id,
                )  # fmt: skip
            values = {"state": outcome.state, "changed": now, "reason": outcome.reason}
            await connection.execute(
                update(PAYOUTS).where(PAYOUTS.c.payout == payout_id).values(values)
            )
        return Payout(**dict(row) | values)

    async def batch(self, batch: str) -> Batch:
        """Return a batch. Raises CommandError (`not_found`)."""
        async with self._records.reading() as connection:
            return await _batch(connection, batch)

    async def page(self, owner: str, state: str, cursor: str, limit: int) -> PayoutsPage:
        """A page of the payouts of an owner or of all, in one state or in any."""
        place = PAYOUTS.c.made, PAYOUTS.c.payout
        asked = select(PAYOUTS).order_by(*(column.desc() for column in place)).limit(limit + 1)
        if owner:
            asked = asked.where(PAYOUTS.c.owner == owner)
        if state:
            asked = asked.where(PAYOUTS.c.state == state)
        if cursor:
            made, _, payout = cursor.partition("-")
            asked = asked.where(tuple_(*place) < (int(made), payout))
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).mappings().all()
        page = [Payout(**row) for row in rows[:limit]]
        after = f"{page[-1].made}-{page[-1].payout}" if len(rows) > limit else None
        return PayoutsPage(page, after)

    async def csv(self, batch: str) -> AsyncIterator[str]:
        """A batch as CSV for a bank, a row a payout. Raises CommandError (`not_found`)."""
        found = await self.batch(batch)
        yield csv_rows([_CSV_COLUMNS])
        yield csv_rows(
            (
                p.payout, text(p.owner), p.currency, p.amount, decimal_text(p.amount, p.currency),
                p.state, utc(p.made), text(p.reason),
            )
            for p in found.payouts
        )  # fmt: skip


async def _must_be_whole(connection: AsyncConnection) -> None:
    """Refuse while the accounts are folded again: some rooms' entries lack until it is done."""
    if not await is_folded(connection, AccountProjection(), WHOLE):
        raise CommandError(
            "unavailable",
            "The accounts are being counted again, and no payout was made; ask again in a minute.",
            RETRY_MS,
        )


async def _make_payouts(
    connection: AsyncConnection, batch: str, least: int, currency: str, now: int
) -> None:
    held = balances().subquery()
    asked = select(held).where(held.c.account.like("%/available"), held.c.amount >= max(1, least))
    if currency:
        asked = asked.where(held.c.currency == currency)
    unsure = await _unsure(connection)
    for row in (await connection.execute(asked.order_by(held.c.account, held.c.currency))).all():
        owner = row.account.removesuffix("/available")
        if _GONE.fullmatch(owner):
            continue
        if owner in unsure:
            _log.warning(
                "The batch %s has no payout for %s: a row of the ledger of room %s is set aside, "
                "and may be a return. `liveroom records aside` says why.",
                *(batch, owner, unsure[owner]),
            )
            continue
        named = f"{batch}\n{owner}\n{row.currency}"
        payout = f"p{hashlib.sha256(named.encode()).hexdigest()[:20]}"
        amount = int(row.amount)
        await connection.execute(
            insert(PAYOUTS).values(
                payout=payout, batch=batch, owner=owner, currency=row.currency, amount=amount,
                state="made", made=now, changed=now, reason="",
            )
        )  # fmt: skip
        moves = [
            Move(owned(owner, "available"), row.currency, -amount),
            Move(owned(owner, "paying"), row.currency, amount),
        ]
        await write_event(connection, "payout", moves, key=f"payout/{payout}", at=now, about=payout)


async def _unsure(connection: AsyncConnection) -> dict[str, str]:
    """owner -> a room that moved money of theirs, or is theirs, and of whose ledger a row is set
    aside: what they have is not known."""
    lacking = ROOMS.c.life.in_(lives_aside(AccountProjection.name))
    hosts = select(ROOMS.c.host, ROOMS.c.room).where(lacking)
    found = {f"host/{host}": room for host, room in await connection.execute(hosts)}
    moved = select(SUMS.c.account, ROOMS.c.room).join(ROOMS, ROOMS.c.life == SUMS.c.life)
    for account, room in await connection.execute(moved.where(lacking)):
        found[account.rpartition("/")[0]] = room
    return found


def _words(state: str) -> str:
    return state.replace("_", " ")


def _moves(payout: Payout, state: str) -> list[Move]:
    """Return what a payout moves when it comes to a state."""
    was = SENT if payout.state == "sent" else owned(payout.owner, "paying")
    to = {"sent": SENT, "failed": owned(payout.owner, "available")}.get(state)
    if to is None:
        return []
    return [
        Move(was, payout.currency, -payout.amount),
        Move(to, payout.currency, payout.amount),
    ]


async def _batch(connection: AsyncConnection, batch: str) -> Batch:
    row: Any = (
        (await connection.execute(select(BATCHES).where(BATCHES.c.batch == batch)))
        .mappings()
        .first()
    )
    if row is None:
        raise CommandError("not_found", f"There is no batch `{batch}`.")
    asked = select(PAYOUTS).where(PAYOUTS.c.batch == batch).order_by(PAYOUTS.c.payout)
    payouts = [Payout(**each) for each in (await connection.execute(asked)).mappings()]
    return Batch(**row, payouts=payouts)
