"""Money becomes available once its order can come back no longer."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.accounts.journal import Move, lock_journal, write_event
from server.features.accounts.names import at_stage
from server.features.accounts.posting import OrderState
from server.features.accounts.projection import IDS_AT_ONCE, AccountProjection, state_of
from server.features.accounts.tables import ORDERS, RELEASES
from server.features.archive.aside import lives_aside
from server.features.archive.tables import ROOMS, SET_ASIDE
from server.records.arrays import is_among, put_rows
from server.records.database import Database

AT_ONCE = 1000


class Releases:
    """Moves what is pending to what is available. Methods may raise RecordsAway."""

    def __init__(
        self, records: Database, window_ms: int, arrives_ms: int = 0, *, at_once: int = AT_ONCE
    ) -> None:
        self._records = records
        self._window_ms = window_ms
        self._arrives_ms = arrives_ms
        self._at_once = at_once

    async def release(self, now: int) -> int:
        """Release orders that were paid, and arrived, long enough ago, in one transaction; return
        how many.

        A parcel that nobody called delivered arrives `arrives_ms` after it was sent. An order waits
        while its buyer's request to give units back is open, and while a dispute holds money of it;
        all of a room wait while a row of its ledger is set aside, for that may be a return.
        Each is released once.
        """
        async with self._records.writing() as connection:
            await lock_journal(connection)
            found = await self._due(connection, now - self._window_ms)
            for life, states in found.items():
                await _release(connection, life, states, now)
        return sum(map(len, found.values()))

    async def _due(self, connection: AsyncConnection, until: int) -> dict[int, list[OrderState]]:
        o, lacking = ORDERS.c, lives_aside(AccountProjection.name)
        asked = (
            select(ORDERS)
            .where(o.released == 0, o.paid > 0, o.paid <= until, o.asked.is_(False))
            .where(o.held.is_(None), o.delivered <= until, o.on_way <= until - self._arrives_ms)
            .where(o.life.not_in(lacking))
            .order_by(o.paid)
            .limit(self._at_once)
        )
        if connection.dialect.name == "postgresql":
            # Who else holds an order takes them in another order; such a one comes next time.
            asked = asked.with_for_update(skip_locked=True)
        found: defaultdict[int, list[OrderState]] = defaultdict(list)
        for row in (await connection.execute(asked)).mappings():
            found[row["life"]].append(state_of(row))
        # The archive may have set a row aside since the orders were looked for.
        for life in await connection.scalars(lacking.where(SET_ASIDE.c.life.in_(found))):
            found.pop(life, None)
        return found


async def _release(
    connection: AsyncConnection, life: int, states: Sequence[OrderState], now: int
) -> None:
    sums: Counter[tuple[str, str]] = Counter()
    for state in states:
        for account, amount in state.pending.items():
            sums[account, state.currency] += amount
    moves = [
        move
        for (account, currency), amount in sorted(sums.items())
        if amount
        for move in (
            Move(account, currency, -amount),
            Move(at_stage(account, "available"), currency, amount),
        )
    ]
    room = await connection.scalar(select(ROOMS.c.room).where(ROOMS.c.life == life))
    first = states[0]
    event = await write_event(
        connection, "released", moves, key=f"released/{life}/{first.order}/{first.updated}",
        at=now, about=f"room/{room}",
    )  # fmt: skip
    await put_rows(
        connection,
        insert(RELEASES),
        [
            {"life": life, "order": state.order, "updated": state.updated, "event": event}
            for state in states
        ],
    )
    ids = [state.order for state in states]
    for first_one in range(0, len(ids), IDS_AT_ONCE):
        some = ids[first_one : first_one + IDS_AT_ONCE]
        released = update(ORDERS).where(
            ORDERS.c.life == life, is_among(connection, ORDERS.c.order, some)
        )
        await connection.execute(released.values(released=ORDERS.c.updated, pending=b""))
