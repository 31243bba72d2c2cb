"""Decides what becomes of entries when their room is deleted, and when somebody is forgotten; and
tells why a room must stay."""

from collections import Counter

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.accounts.journal import Move, lock_journal, write_event
from server.features.accounts.names import STAGES, at_stage, owned
from server.features.accounts.projection import AccountProjection
from server.features.accounts.tables import (
    BATCHES,
    EVENTS,
    JOURNAL,
    JOURNAL_SUMS,
    ORDERS,
    PAYOUTS,
    RELEASES,
    SUMS,
    TRANSFERS,
)
from server.features.archive.folding import is_folded
from server.features.archive.tables import ROOMS
from server.records.database import Database
from server.records.forgotten import kept_pseudonym
from server.records.upsert import insert_into
from server.rooms.forgetting import Rewrites
from server.rooms.pseudonyms import Pseudonyms
from server.store.room_store import RoomStore


class OpenDisputes:
    """Says why a room whose money a dispute holds can't be deleted."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def keep(self, _store: RoomStore, room: str) -> str:
        """Return why a room must not be deleted, or ''. Raises RecordsAway."""
        held = select(func.count()).select_from(ORDERS).join(ROOMS, ROOMS.c.life == ORDERS.c.life)
        asked = held.where(ROOMS.c.room == room, ORDERS.c.held.is_not(None))
        lives = select(ROOMS.c.life).where(ROOMS.c.room == room)
        async with self._records.reading() as connection:
            orders = int(await connection.scalar(asked) or 0)
            for life in (await connection.scalars(lives)).all():
                if not await is_folded(connection, AccountProjection(), life):
                    return "its money is being counted again"
        return f"{orders} of its orders are disputed, and no bank has decided" if orders else ""


async def carry_forward(connection: AsyncConnection, room: str) -> None:
    """Keep what the entries of a deleted room add up to, as one event without its orders.

    Nothing of it can come back any more, so what is pending becomes available.
    """
    lives = await connection.scalars(select(ROOMS.c.life).where(ROOMS.c.room == room))
    for life in lives.all():
        sums: Counter[tuple[str, str]] = Counter()
        asked = select(SUMS.c.account, SUMS.c.currency, SUMS.c.amount).where(SUMS.c.life == life)
        for account, currency, amount in await connection.execute(asked):
            sums[account, currency] += amount
        moves = [Move(*place, amount) for place, amount in sorted(sums.items()) if amount]
        released = await _released(connection, life)
        for (account, currency), amount in sorted(sums.items()):
            left = amount + released[account, currency]
            if account.endswith("/pending") and left:
                moves += [Move(account, currency, -left),
                          Move(at_stage(account, "available"), currency, left)]  # fmt: skip
        if moves:
            await write_event(
                connection, "carried", moves, key=f"carried/{life}", at=unix_ms(), about="a room"
            )
        await connection.execute(delete(RELEASES).where(RELEASES.c.life == life))


async def _released(connection: AsyncConnection, life: int) -> Counter[tuple[str, str]]:
    """Return what releases moved of a room's orders, by account."""
    events = select(RELEASES.c.event).where(RELEASES.c.life == life).distinct()
    asked = select(JOURNAL.c.account, JOURNAL.c.currency, JOURNAL.c.amount).where(
        JOURNAL.c.event.in_(events)
    )
    found: Counter[tuple[str, str]] = Counter()
    for account, currency, amount in await connection.execute(asked):
        found[account, currency] += amount
    return found


async def forget_owner(connection: AsyncConnection, user: str) -> None:
    """Put the pseudonym of a host or merchant in the place of their id, in what no ledger gives
    again."""
    pseudonym = await kept_pseudonym(connection, user)
    for table in (EVENTS, BATCHES):
        await connection.execute(update(table).where(table.c.by == user).values(by=pseudonym))
    await _rename(connection, user, pseudonym)


class ForgottenOwners:
    """Renames the accounts of people again whenever a room of theirs is rewritten: its money may
    have been released since, under the id that its ledger still had."""

    async def hosts(self, _: AsyncConnection) -> set[str]:
        """The archive knows them."""
        return set()

    async def rooms(self, _: AsyncConnection) -> list[str]:
        """The archive knows them."""
        return []

    async def names(self, _connection: AsyncConnection, _room: str, _people: Pseudonyms) -> bool:
        """What ledgers give again is the archive's to see."""
        return False

    async def forget(self, connection: AsyncConnection, _room: str, people: Pseudonyms) -> None:
        """Put the pseudonyms in the place of the ids; twice is the same as once."""
        for user, pseudonym in sorted(people.gone.items()):
            await _rename(connection, user, pseudonym)

    async def rewrite(self, records: Database, room: str, rewrites: Rewrites) -> None:
        """No entry of a stream stands in these tables."""


async def _rename(connection: AsyncConnection, user: str, pseudonym: str) -> None:
    for kind in ("host", "merchant"):
        old, new = f"{kind}/{user}", f"{kind}/{pseudonym}"
        s = JOURNAL_SUMS.c
        has_any = select(s.account).where(s.account.in_([owned(old, stage) for stage in STAGES]))
        if await connection.scalar(has_any.limit(1)) is None:
            continue
        await lock_journal(connection)  # whoever adds to a sum meanwhile would be lost
        for table in (PAYOUTS, TRANSFERS):
            await connection.execute(update(table).where(table.c.owner == old).values(owner=new))
        for stage in STAGES:
            await _rename_account(connection, owned(old, stage), owned(new, stage))


async def _rename_account(connection: AsyncConnection, was: str, now: str) -> None:
    await connection.execute(update(JOURNAL).where(JOURNAL.c.account == was).values(account=now))
    s = JOURNAL_SUMS.c
    rows = await connection.execute(select(s.currency, s.amount).where(s.account == was))
    for currency, amount in rows.all():
        put = insert_into(connection, JOURNAL_SUMS).values(
            account=now, currency=currency, amount=amount
        )
        await connection.execute(
            put.on_conflict_do_update(
                index_elements=["account", "currency"],
                set_={"amount": s.amount + put.excluded.amount},
            )
        )
    await connection.execute(delete(JOURNAL_SUMS).where(s.account == was))
