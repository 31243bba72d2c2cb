"""Folds rows into projections, and sets aside those that a projection can't fold.

A row that is set aside stays in the archive, whole. The others of its room are folded, by this
projection too. It is tried again by folding its room anew, so that it comes where it belongs.
"""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.archive.aside import Aside, put_aside, rows_aside, take_back
from server.features.archive.entries import archived_entries
from server.features.archive.tables import PROJECTIONS
from server.records.errors import lies_in_row, words_of
from server.records.projection import HEAD, Entry, Projection, RoomHead

WHY_CHARS_MAX = 300

Noted = Callable[[str, str, str], None]
"""Hears (room, row, why) of a row that is set aside."""


class Folding:
    """Folds rows in the transaction of the caller. `clock` gives Unix ms.

    Each method raises what does not lie in a row, such as records that are away: then nothing was
    folded, and all of it can be done again.
    """

    def __init__(
        self, note: Noted = lambda _room, _row, _why: None, clock: Callable[[], int] = unix_ms
    ) -> None:
        self._noted = note
        self._clock = clock

    async def add(
        self,
        connection: AsyncConnection,
        projection: Projection,
        head: RoomHead,
        stream: str,
        entries: Sequence[Entry],
    ) -> None:
        """Fold the next rows of a stream; without entries, the head of a room."""
        await put_aside(
            connection, head.life, await self._fold(connection, projection, head, stream, entries)
        )

    async def again(
        self, connection: AsyncConnection, projection: Projection, head: RoomHead
    ) -> list[Aside]:
        """Fold all archived rows of a room; its projection must be empty. Returns what is aside."""
        before = await rows_aside(connection, life=head.life, projection=projection.name)
        since = {each.place: each.since for each in before}
        found: list[Aside] = []
        if HEAD in projection.streams:
            found += await self._fold(connection, projection, head, HEAD, ())
        for stream in sorted(set(projection.streams) - {HEAD}):
            async for entries in archived_entries(connection, head.life, stream):
                found += await self._fold(connection, projection, head, stream, entries)
        await take_back(connection, head.life, projection.name)
        now = [replace(each, since=since.get(each.place, each.since)) for each in found]
        await put_aside(connection, head.life, now)
        return now

    async def anew(
        self, connection: AsyncConnection, projection: Projection, head: RoomHead
    ) -> list[Aside]:
        """Empty a projection of a room and fold it again; return what is aside."""
        await projection.clear(connection, head.life)
        stored = await _stored(connection, projection)
        if stored is None or stored.version != projection.version or stored.life >= head.life:
            return await self.again(connection, projection, head)
        await take_back(connection, head.life, projection.name)
        return []  # it is being folded anew, and comes to this room later

    def note(self, room: str, row: Aside, why: str) -> None:
        """Tell of a row that is set aside."""
        self._noted(room, row.row, f"the row is set aside, for {why}")

    async def _fold(
        self,
        connection: AsyncConnection,
        projection: Projection,
        head: RoomHead,
        stream: str,
        entries: Sequence[Entry],
    ) -> list[Aside]:
        """Fold rows together; if that fails, each half of them, down to the row that fails."""
        why = await why_not(connection, projection, head, stream, entries)
        if not why:
            return []
        if len(entries) > 1:
            half = len(entries) // 2
            return [
                *await self._fold(connection, projection, head, stream, entries[:half]),
                *await self._fold(connection, projection, head, stream, entries[half:]),
            ]
        ms, n = (entries[0].ms, entries[0].n) if entries else (0, 0)
        now = self._clock()
        aside = Aside(
            projection=projection.name, stream=stream, ms=ms, n=n, why=why, since=now, tried=now
        )
        self.note(head.room, aside, why)
        return [aside]


async def why_not(
    connection: AsyncConnection,
    projection: Projection,
    head: RoomHead,
    stream: str,
    entries: Sequence[Entry],
) -> str:
    """Fold rows; if that fails for a reason that lies in them, fold none and return a sentence."""
    try:
        async with connection.begin_nested():
            await projection.add(connection, head, stream, entries)
    except Exception as error:
        if not lies_in_row(error):
            raise
        words = f"{type(error).__name__}: {words_of(error)}"[:WHY_CHARS_MAX]
        return f"`{projection.name}` can't fold it ({words})."
    return ""


async def is_folded(connection: AsyncConnection, projection: Projection, life: int) -> bool:
    """Whether this version of a projection has come to a room; if not, it folds it later."""
    stored = await _stored(connection, projection)
    return stored is None or (stored.version == projection.version and stored.life >= life)


async def _stored(connection: AsyncConnection, projection: Projection) -> Row[Any] | None:
    asked = select(PROJECTIONS).where(PROJECTIONS.c.name == projection.name)
    return (await connection.execute(asked)).first()
