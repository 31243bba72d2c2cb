"""Tries again the rows that were set aside, and says how many there are.

A row belongs between others: the money of a return follows from what was paid before. So it is
never folded alone. Its room is folded again in that projection, from the first row, in one
transaction.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec.structs import replace
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.background.troubles import Troubles
from server.features.archive.aside import Aside, count_aside, put_aside, rows_aside
from server.features.archive.folding import Folding, is_folded, why_not
from server.features.archive.tables import ENTRIES, ROOMS, SET_ASIDE
from server.records.database import Database
from server.records.errors import RecordsAway
from server.records.projection import HEAD, Entry, Projection, RoomHead
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)

RETRY_S = 600.0
"""Pause between two tries, as with stored rows that can't be read."""
FOLDS_A_TRY_MAX = 100
"""Rooms' projections that are tried at a time; the others, tried later, come first next time."""

ROWS_A_TRY_MAX = 20
"""Rows of a room's projection that are looked at one by one, the oldest first."""


class Retried(NamedTuple):
    """How many rows came right, and those that did not."""

    folded: int
    left: list[Aside]


class Retrying:
    """Of one archive. What is asked of the records may raise RecordsAway."""

    def __init__(
        self,
        records: Database,
        projections: Sequence[Projection],
        folding: Folding,
        metrics: Metrics,
        clock: Callable[[], int] = unix_ms,
    ) -> None:
        self._records = records
        self._projections = projections  # whole once all features are made
        self._folding = folding
        self._metrics = metrics
        self._clock = clock
        self._troubles = Troubles("archive")
        self._count = -1
        """How many rows are set aside as far as we know; less than 0: we don't."""
        self._again_at = 0.0

    def note_new(self) -> None:
        """A row was set aside just now."""
        self._count = -1

    def leave(self) -> None:
        """Another worker copies from now on, and counts."""
        self._count, self._again_at = -1, 0.0
        self._metrics.records_set_aside.set(0)

    async def tend(self) -> None:
        """Try again what is set aside, if it is time, and count what is left of it. The first time
        is at once: a server that starts may be the one that brings the remedy."""
        now = time.monotonic()
        if now >= self._again_at:
            await self.retry(likely=True)
            self._again_at, self._count = now + RETRY_S, -1
        if self._count:  # an operator's command may have tried them, too
            async with self._records.reading() as connection:
                self._count = await count_aside(connection)
            self._metrics.records_set_aside.set(self._count)

    async def keep(self, _store: RoomStore, room: str) -> str:
        """Why a room must not be deleted, or ''."""
        async with self._records.reading() as connection:
            rows = await count_aside(connection, room)
        return f"{rows} of its rows are set aside (`liveroom records aside {room}`)" if rows else ""

    async def retry(self, room: str = "", *, likely: bool = False) -> Retried:
        """Fold again what lacks rows, of a room or of all; a transaction each.

        With `likely` only where one of the first `ROWS_A_TRY_MAX` of these rows can be folded by
        itself now, which costs little to see; and not more than `FOLDS_A_TRY_MAX`.
        """
        folded, left = 0, []
        projections = {each.name: each for each in self._projections}
        lacking = await self._lacking(room, list(projections), FOLDS_A_TRY_MAX if likely else None)
        for life, name in lacking:
            try:
                before, after = await self._retry(life, projections[name], likely)
            except RecordsAway:
                raise
            except Exception as error:  # the other rooms, and the archive itself, go on
                self._troubles.failed(error, f"room {life} in {name}")
                async with self._records.reading() as connection:
                    left += await rows_aside(connection, life=life, projection=name)
                continue
            folded += max(0, len(before) - len(after))
            left += after
            if before and len(after) < len(before):
                _log.warning(
                    "Rows of room %s that were set aside are folded into `%s` now: %d of %d.",
                    *(before[0].room, name, len(before) - len(after), len(before)),
                )
        return Retried(folded, left)

    async def _lacking(
        self, room: str, names: list[str], most: int | None
    ) -> list[tuple[int, str]]:
        """(life, projection) of what lacks rows: those tried longest ago, in the order in which the
        archive folds, for some projections read what others have."""
        row = SET_ASIDE.c
        asked = select(row.life, row.projection).group_by(row.life, row.projection)
        asked = asked.where(row.projection.in_(names))
        if room:
            asked = asked.where(row.life.in_(select(ROOMS.c.life).where(ROOMS.c.room == room)))
        order = func.min(row.tried), row.life, row.projection
        async with self._records.reading() as connection:
            rows = await connection.execute(asked.order_by(*order).limit(most))
            found = [(each.life, each.projection) for each in rows]
        return sorted(found, key=lambda each: (each[0], names.index(each[1])))

    async def _retry(
        self, life: int, projection: Projection, likely: bool
    ) -> tuple[list[Aside], list[Aside]]:
        """Fold a room again; return what was set aside before, and what is now."""
        async with self._records.writing() as connection:
            head = await _head(connection, life)
            rows = await rows_aside(connection, life=life, projection=projection.name)
            if head is None or not rows or not await is_folded(connection, projection, life):
                return rows, rows  # it is folded again later in any case
            if likely and (whys := await _whys_still(connection, projection, head, rows)):
                self._folding.note(head.room, rows[0], whys[0])
                now = self._clock()
                rows = [replace(each, tried=now) for each in rows]
                rows[: len(whys)] = [
                    replace(each, why=why) for each, why in zip(rows, whys, strict=False)
                ]
                await put_aside(connection, life, rows)
                return rows, rows
            await projection.clear(connection, life)
            left = await self._folding.again(connection, projection, head)
            return rows, [replace(each, room=head.room) for each in left]


async def _head(connection: AsyncConnection, life: int) -> RoomHead | None:
    """The head of a room, which nobody copies until the transaction ends."""
    asked = select(ROOMS).where(ROOMS.c.life == life)
    if connection.dialect.name == "postgresql":
        asked = asked.with_for_update()
    row = (await connection.execute(asked)).first()
    return RoomHead(*row) if row is not None else None


async def _whys_still(
    connection: AsyncConnection, projection: Projection, head: RoomHead, rows: Sequence[Aside]
) -> list[str]:
    """Say of the first rows why each can't be folded by itself; nothing as soon as one can."""
    whys: list[str] = []
    for row in rows[:ROWS_A_TRY_MAX]:
        why = await _why_still(connection, projection, head, row)
        if not why:
            return []
        whys.append(why)
    return whys


async def _why_still(
    connection: AsyncConnection, projection: Projection, head: RoomHead, row: Aside
) -> str:
    """Say why a row can't be folded by itself, or ''. Nothing is changed."""
    entries: list[Entry] = []
    if row.stream != HEAD:
        e = ENTRIES.c
        at = e.life == head.life, e.stream == row.stream, e.ms == row.ms, e.n == row.n
        body = await connection.scalar(select(e.body).where(*at))
        if body is None:
            return ""  # Redis lost it, and the archive followed
        entries = [Entry(row.ms, row.n, bytes(body))]
    async with connection.begin_nested() as attempt:
        why = await why_not(connection, projection, head, row.stream, entries)
        await attempt.rollback()
    return why
