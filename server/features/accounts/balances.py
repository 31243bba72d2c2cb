"""Reads what accounts hold now: what follows from ledgers and the journal together."""

from typing import Any

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.accounts.tables import JOURNAL_SUMS, SUMS


def balances() -> Select[Any]:
    """Select `account`, `currency` and `amount` of every account."""
    parts = [
        select(table.c.account, table.c.currency, table.c.amount) for table in (SUMS, JOURNAL_SUMS)
    ]
    both = union_all(*parts).subquery()
    return select(
        both.c.account, both.c.currency, func.sum(both.c.amount).label("amount")
    ).group_by(both.c.account, both.c.currency)


async def balances_of(connection: AsyncConnection, *accounts: str) -> dict[tuple[str, str], int]:
    """(account, currency) -> what some accounts hold, or all accounts without names."""
    found: dict[tuple[str, str], int] = {}
    for table in (SUMS, JOURNAL_SUMS):
        columns = table.c.account, table.c.currency
        asked = select(*columns, func.sum(table.c.amount)).group_by(*columns)
        if accounts:
            asked = asked.where(table.c.account.in_(accounts))
        for account, currency, amount in await connection.execute(asked):
            found[account, currency] = found.get((account, currency), 0) + int(amount)
    return found


def holding(after: str, begins: str) -> Select[Any]:
    """Select the accounts that hold or owe something, by name, behind `after`."""
    held = balances().subquery()
    asked = select(held).where(held.c.amount != 0, held.c.account > after)
    if begins:
        asked = asked.where(held.c.account.startswith(begins, autoescape=True))
    return asked.order_by(held.c.account, held.c.currency)
