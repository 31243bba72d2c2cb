"""Statements: what an owner's accounts held at the beginning and the end of a span, and every entry
between. All of it is read from the entries, so that it always adds up."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, Subquery, func, literal, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.accounts.balances import balances_of
from server.features.accounts.names import STAGES, owned
from server.features.accounts.tables import ENTRIES, EVENTS, JOURNAL
from server.features.archive.tables import ROOMS
from server.protocol.currencies import decimal_text
from server.records.database import Database
from server.web.csv_rows import rows as csv_rows
from server.web.csv_rows import text, utc

_CSV_PAGE = 500
_CSV_COLUMNS = (
    "at", "event", "what", "stage", "room", "order", "sku", "amount", "base", "currency",
    "amount_decimal", "base_decimal", "reason", "at_ms",
)  # fmt: skip
_PLACE = ("at", "source", "a", "b", "n")


class Balance(Struct, kw_only=True):
    """What an owner is owed, in minor units: money that can still go back, that its buyers dispute
    at their banks, that can be paid out, and that is on its way."""

    pending: int = 0
    held: int = 0
    available: int = 0
    paying: int = 0


class StatementSum(Struct, kw_only=True):
    """What the entries of one kind add up to. `what` is `sale`, `commission`, `fee` or `coupon`
    where the event shares a line; `moves_stage` entries only go from one stage to another."""

    event: str
    what: str
    entries: int
    amount: int


class Statement(Struct, kw_only=True):
    """An owner's money in one currency over a span of Unix ms, its end not included.

    `opening` and all `sums` add up to `closing`. `debt` is what is available below zero: what comes
    later nets it before anything is paid out.
    """

    owner: str
    currency: str
    from_ms: int
    to_ms: int
    opening: Balance
    closing: Balance
    sums: list[StatementSum]
    debt: int


class StatementEntry(Struct, kw_only=True, omit_defaults=True):
    """An entry of an owner's accounts. `base` is the sum of which `amount` is a share; `stage` is
    `pending`, `held`, `available` or `paying`; `about` names a room or a payout."""

    at: int
    event: str
    stage: str
    currency: str
    amount: int
    what: str = ""
    room: str = ""
    order: str = ""
    sku: str = ""
    base: int = 0
    about: str = ""
    reason: str = ""


class EntriesPage(Struct):
    """Entries, the newest first. `next` is the `cursor` of the following page."""

    entries: list[StatementEntry]
    next: str | None = None


class Span(NamedTuple):
    """From a time (Unix ms) to another, which is not included."""

    from_ms: int
    to_ms: int


class Statements:
    """Reads statements. Methods may raise RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def of(self, owner: str, span: Span) -> list[Statement]:
        """A statement for each currency that an owner ever had something in."""
        async with self._records.reading() as connection:
            now = await balances_of(connection, *(owned(owner, stage) for stage in STAGES))
            since = await _moved(connection, owner, span.from_ms)
            after = await _moved(connection, owner, span.to_ms)
            sums = await _sums(connection, owner, span)
        return [
            _statement(owner, currency, span, now, since, after, sums.get(currency, []))
            for currency in sorted({currency for _, currency in now})
        ]

    async def entries(self, owner: str, currency: str, cursor: str, limit: int) -> EntriesPage:
        """A page of an owner's entries, in one currency or in all."""
        async with self._records.reading() as connection:
            rows = await _page(connection, owner, currency, Span(0, 10**15), cursor, limit + 1)
        page = rows[:limit]
        after = _cursor(page[-1]) if len(rows) > limit else None
        return EntriesPage([_entry(row) for row in page], after)

    async def csv(self, owner: str, span: Span) -> AsyncIterator[str]:
        """All entries of a span as CSV, the newest first."""
        yield csv_rows([_CSV_COLUMNS])
        cursor: str | None = ""
        while cursor is not None:
            async with self._records.reading() as connection:
                rows = await _page(connection, owner, "", span, cursor, _CSV_PAGE)
            yield csv_rows(_csv_row(_entry(row)) for row in rows)
            cursor = _cursor(rows[-1]) if len(rows) == _CSV_PAGE else None


def _accounts(owner: str) -> list[str]:
    return [owned(owner, stage) for stage in STAGES]


async def _moved(connection: AsyncConnection, owner: str, since: int) -> dict[tuple[str, str], int]:
    """(account, currency) -> what came to an account since a time."""
    found: dict[tuple[str, str], int] = {}
    for table in (ENTRIES, JOURNAL):
        columns = table.c.account, table.c.currency
        asked = select(*columns, func.sum(table.c.amount)).group_by(*columns)
        asked = asked.where(table.c.account.in_(_accounts(owner)), table.c.at >= since)
        for account, currency, amount in await connection.execute(asked):
            found[account, currency] = found.get((account, currency), 0) + int(amount)
    return found


async def _sums(
    connection: AsyncConnection, owner: str, span: Span
) -> dict[str, list[StatementSum]]:
    """currency -> sums by kind, the most usual kinds first."""
    both = _both(owner, ENTRIES.c.at >= span.from_ms, ENTRIES.c.at < span.to_ms,
                 JOURNAL.c.at >= span.from_ms, JOURNAL.c.at < span.to_ms)  # fmt: skip
    b = both.c
    asked = (
        select(b.currency, b.event, b.what, func.count(), func.sum(b.amount))
        .group_by(b.currency, b.event, b.what)
        .order_by(b.currency, func.count().desc(), b.event, b.what)
    )
    found: dict[str, list[StatementSum]] = {}
    for currency, event, what, entries, amount in await connection.execute(asked):
        found.setdefault(currency, []).append(
            StatementSum(event=event, what=what, entries=entries, amount=int(amount))
        )
    return found


def _statement(
    owner: str,
    currency: str,
    span: Span,
    now: dict[tuple[str, str], int],
    since: dict[tuple[str, str], int],
    after: dict[tuple[str, str], int],
    sums: list[StatementSum],
) -> Statement:
    def at(moved: dict[tuple[str, str], int]) -> Balance:
        held = {}
        for stage in STAGES:
            place = owned(owner, stage), currency
            held[stage] = now.get(place, 0) - moved.get(place, 0)
        return Balance(**held)

    closing = at(after)
    return Statement(
        owner=owner, currency=currency, from_ms=span.from_ms, to_ms=span.to_ms,
        opening=at(since), closing=closing, sums=sums, debt=max(0, -closing.available),
    )  # fmt: skip


def _both(owner: str, *which: ColumnElement[bool]) -> Subquery:
    """The entries of an owner's accounts, of ledgers and of the journal. `which` bounds both."""
    e, j, v = ENTRIES.c, JOURNAL.c, EVENTS.c
    of_ledgers: Select[Any] = select(
        e.at, literal(0).label("source"), e.life.label("a"), e.line.label("b"), e.n, e.event,
        e.what, e.account, e.currency, e.amount, e.base, e.order, e.sku, ROOMS.c.room,
        literal("").label("about"), literal("").label("reason"),
    ).outerjoin(ROOMS, ROOMS.c.life == e.life).where(e.account.in_(_accounts(owner)))  # fmt: skip
    of_journal: Select[Any] = select(
        j.at, literal(1).label("source"), j.event.label("a"), literal(0).label("b"), j.n,
        v.kind.label("event"), literal("").label("what"), j.account, j.currency, j.amount,
        literal(0).label("base"), literal("").label("order"), literal("").label("sku"),
        literal("").label("room"), v.about, v.reason,
    ).join(EVENTS, v.event == j.event).where(j.account.in_(_accounts(owner)))  # fmt: skip
    for each in which:
        if _is_of(each, "account_entries"):
            of_ledgers = of_ledgers.where(each)
        else:
            of_journal = of_journal.where(each)
    return union_all(of_ledgers, of_journal).subquery()


def _is_of(which: Any, table: str) -> bool:
    return bool(which.left.table.name == table)


async def _page(
    connection: AsyncConnection, owner: str, currency: str, span: Span, cursor: str, limit: int
) -> Sequence[Any]:
    """The newest entries of a span before a cursor."""
    place = tuple(int(part) for part in cursor.split("-")) if cursor else None
    to_ms = min(span.to_ms, place[0] + 1) if place else span.to_ms
    which = [
        bound
        for table in (ENTRIES, JOURNAL)
        for bound in (table.c.at >= span.from_ms, table.c.at < to_ms)
    ]
    if currency:
        which += [ENTRIES.c.currency == currency, JOURNAL.c.currency == currency]
    both = _both(owner, *which)
    columns = [both.c[name] for name in _PLACE]
    asked = select(both).order_by(*(column.desc() for column in columns)).limit(limit)
    if place:
        asked = asked.where(tuple_(*columns) < place)
    return (await connection.execute(asked)).all()


def _cursor(row: Any) -> str:
    return "-".join(str(getattr(row, name)) for name in _PLACE)


def _entry(row: Any) -> StatementEntry:
    return StatementEntry(
        at=row.at, event=row.event, stage=row.account.rpartition("/")[2], currency=row.currency,
        amount=row.amount, what=row.what, room=row.room or "", order=row.order, sku=row.sku,
        base=row.base, about=row.about, reason=row.reason,
    )  # fmt: skip


def _csv_row(each: StatementEntry) -> tuple[object, ...]:
    return (
        utc(each.at), each.event, each.what, each.stage, text(each.room), text(each.order),
        text(each.sku), each.amount, each.base, each.currency,
        decimal_text(each.amount, each.currency), decimal_text(each.base, each.currency),
        text(each.reason or each.about), each.at,
    )  # fmt: skip
