"""Compares accounts with a second count of the archived ledgers, and the journal with itself.

Each difference is a sentence that names the account, the amounts and where they stand.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.accounts.names import SENT, at_stage, owned
from server.features.accounts.recount import Amounts, Recount
from server.features.accounts.tables import (
    ENTRIES,
    EVENTS,
    JOURNAL,
    JOURNAL_SUMS,
    PAYOUTS,
    RELEASES,
    SUMS,
)
from server.records.projection import Entry, RoomHead

_SHOWN_MAX = 20
"""How many lines of one room are told."""


async def audit_accounts(
    connection: AsyncConnection, head: RoomHead, entries: Sequence[Entry]
) -> list[str]:
    """Return how a room's accounts differ from what its archived ledger gives."""
    released = await _released(connection, head.life)
    recount = Recount(head.host, {order: updated for order, (updated, _) in released.items()})
    if not head.practice:
        for entry in entries:
            recount.add_entry(entry)
    found = [*_lines(recount, await _stored(connection, head.life))]
    found += _sums(recount.sums(), await _stored_sums(connection, head.life))
    found += await _releases(connection, recount, released)
    return found


async def _stored(connection: AsyncConnection, life: int) -> dict[int, Amounts]:
    e = ENTRIES.c
    columns = e.line, e.account, e.currency
    asked = select(*columns, func.sum(e.amount)).where(e.life == life).group_by(*columns)
    found: dict[int, Amounts] = {}
    for line, account, currency, amount in await connection.execute(asked):
        found.setdefault(line, Counter())[account, currency] = int(amount)
    return found


def _lines(recount: Recount, stored: Mapping[int, Amounts]) -> Iterator[str]:
    told = 0
    for line in sorted(recount.moved.keys() | stored.keys()):
        right, found = recount.moved.get(line, Counter()), stored.get(line, Counter())
        for account, currency in sorted(right.keys() | found.keys()):
            expected, amount = right[account, currency], found[account, currency]
            if expected != amount and told < _SHOWN_MAX:
                told += 1
                yield (
                    f"the entries of ledger line {line} move {amount} {currency} to {account}, "
                    f"and the ledger gives {expected}"
                )


async def _stored_sums(connection: AsyncConnection, life: int) -> Amounts:
    asked = select(SUMS.c.account, SUMS.c.currency, SUMS.c.amount).where(SUMS.c.life == life)
    return Counter({(a, c): int(n) for a, c, n in await connection.execute(asked)})


def _sums(right: Amounts, found: Amounts) -> Iterator[str]:
    for account, currency in sorted(right.keys() | found.keys()):
        expected, amount = right[account, currency], found[account, currency]
        if expected != amount:
            yield (
                f"account {account} has {amount} {currency} of this room, and its ledger gives "
                f"{expected}"
            )


async def _released(connection: AsyncConnection, life: int) -> dict[str, tuple[int, int]]:
    """order -> the `updated` at which it was released, and the event."""
    r = RELEASES.c
    asked = select(r.order, r.updated, r.event).where(r.life == life)
    return {order: (updated, event) for order, updated, event in await connection.execute(asked)}


async def _releases(
    connection: AsyncConnection, recount: Recount, released: Mapping[str, tuple[int, int]]
) -> list[str]:
    """Return how the releases of this room's orders differ from what was pending of them."""
    right: dict[int, Amounts] = {}
    for order, (_, event) in released.items():
        moved = right.setdefault(event, Counter())
        for (account, currency), amount in recount.pending.get(order, Counter()).items():
            moved[account, currency] -= amount
            moved[at_stage(account, "available"), currency] += amount
    found: dict[int, Amounts] = {event: Counter() for event in right}
    j = JOURNAL.c
    asked = select(j.event, j.account, j.currency, j.amount).where(j.event.in_(right))
    for event, account, currency, amount in await connection.execute(asked):
        found[event][account, currency] += amount
    return [
        f"event {event} of the journal released {found[event][place]} {place[1]} to {place[0]}, "
        f"and its orders give {right[event][place]}"
        for event in sorted(right)
        for place in sorted(right[event].keys() | found[event].keys())
        if right[event][place] != found[event][place]
    ]


async def audit_journal(connection: AsyncConnection) -> list[str]:
    """Return what is wrong in the journal: events that make money, sums that are not those of their
    entries, payouts that moved something else."""
    return [
        *await _unbalanced(connection),
        *await _journal_sums(connection),
        *await _reversals(connection),
        *await _payouts(connection),
    ]


async def _unbalanced(connection: AsyncConnection) -> list[str]:
    j = JOURNAL.c
    asked = (
        select(j.event, j.currency, func.sum(j.amount))
        .group_by(j.event, j.currency)
        .having(func.sum(j.amount) != 0)
        .order_by(j.event)
    )
    found = [
        f"the entries of event {event} of the journal add up to {amount} {currency}, not to 0"
        for event, currency, amount in await connection.execute(asked)
    ]
    known = select(EVENTS.c.event)
    lost = select(j.event).where(j.event.not_in(known)).distinct().order_by(j.event)
    found += [
        f"entries of event {event} are in the journal, and the event is not"
        for event in (await connection.scalars(lost)).all()
    ]
    return found


async def _journal_sums(connection: AsyncConnection) -> list[str]:
    j, s = JOURNAL.c, JOURNAL_SUMS.c
    asked = select(j.account, j.currency, func.sum(j.amount)).group_by(j.account, j.currency)
    right: Amounts = Counter({(a, c): int(n) for a, c, n in await connection.execute(asked)})
    stored = select(s.account, s.currency, s.amount)
    found: Amounts = Counter({(a, c): int(n) for a, c, n in await connection.execute(stored)})
    return [
        f"account {account} has {found[account, currency]} {currency} of the journal, and its "
        f"entries there add up to {right[account, currency]}"
        for account, currency in sorted(right.keys() | found.keys())
        if right[account, currency] != found[account, currency]
    ]


async def _reversals(connection: AsyncConnection) -> list[str]:
    """Each reversal takes back all of one event, and no event is taken back twice."""
    e = EVENTS.c
    asked = select(e.event, e.reverses).where(e.reverses != 0).order_by(e.event)
    seen: set[int] = set()
    wrong = []
    for event, reverses in (await connection.execute(asked)).all():
        both = await _moved_by(connection, event, reverses)
        if any(both.values()) or reverses in seen:
            wrong.append(f"event {event} of the journal does not take back just event {reverses}")
        seen.add(reverses)
    return wrong


async def _moved_by(connection: AsyncConnection, *events: int) -> Amounts:
    j = JOURNAL.c
    moved: Amounts = Counter()
    asked = select(j.account, j.currency, j.amount).where(j.event.in_(events))
    for account, currency, amount in await connection.execute(asked):
        moved[account, currency] += amount
    return moved


async def _payouts(connection: AsyncConnection) -> list[str]:
    """Each payout moved its amount, in the journal, to where its state says it is."""
    e, j = EVENTS.c, JOURNAL.c
    asked = (
        select(e.about, j.account, j.currency, func.sum(j.amount))
        .join(JOURNAL, j.event == e.event)
        .where(e.kind.startswith("payout"))
        .group_by(e.about, j.account, j.currency)
    )
    moved: dict[str, Amounts] = {}
    for payout, account, currency, amount in await connection.execute(asked):
        moved.setdefault(payout, Counter())[account, currency] = int(amount)
    wrong = []
    for row in (await connection.execute(select(PAYOUTS).order_by(PAYOUTS.c.payout))).mappings():
        right = _right(dict(row))
        found = moved.pop(row["payout"], Counter())
        if any(right[place] != found[place] for place in right.keys() | found.keys()):
            wrong.append(
                f"payout {row['payout']} of {row['amount']} {row['currency']} to {row['owner']} is "
                f"{row['state']}, and the journal does not say so"
            )
    wrong += [f"the journal has a payout {payout} that is in no batch" for payout in sorted(moved)]
    return wrong


def _right(row: Mapping[str, Any]) -> Amounts:
    owner, currency, amount = row["owner"], row["currency"], row["amount"]
    at = {
        "made": owned(owner, "paying"),
        "handed_over": owned(owner, "paying"),
        "sent": SENT,
        "failed": owned(owner, "available"),
    }[row["state"]]
    right: Amounts = Counter()
    right[owned(owner, "available"), currency] -= amount
    right[at, currency] += amount
    return right
