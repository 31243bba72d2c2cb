"""Copies what is new in some rooms to the records: entries, positions, projections, together."""

from collections.abc import Callable, Sequence

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.archive.folding import Folding
from server.features.archive.places import (
    Place,
    Position,
    places_of,
    write_head,
    write_position,
)
from server.features.archive.source import Found, first_entry
from server.features.archive.tables import ENTRIES, POSITIONS
from server.records.database import Database
from server.records.projection import HEAD, Entry, Projection, RoomHead
from server.store.room_store import RoomStore

_N_MAX = 2**62
"""Above the second number of any place."""


class Overtaken(Exception):
    """Another process has copied these rooms meanwhile; nothing was written."""


class Copying:
    """Writes entries to the records, each exactly once.

    The positions are read again in the transaction that writes: if they are not those from which
    the entries were read, nothing is written. `clock` gives Unix ms.
    """

    def __init__(
        self,
        store: RoomStore,
        records: Database,
        projections: Sequence[Projection],
        folding: Folding,
        clock: Callable[[], int] = unix_ms,
    ) -> None:
        self._store = store
        self._records = records
        self._projections = projections
        self._folding = folding
        self._clock = clock

    async def copy(
        self, rooms: Sequence[tuple[Found, Place | None]], *, set_aside: bool = False
    ) -> dict[str, Place]:
        """Copy these rooms in one transaction; return their new places by room.

        Raises Overtaken or RecordsAway, or what a projection raises; then nothing is written. With
        `set_aside` the rows that a projection can't fold are set aside instead. That costs a
        savepoint a projection and stream, which rooms without such rows are spared.
        """
        async with self._records.writing() as connection:
            now = await places_of(connection, [found.head for found, _ in rooms], to_write=True)
            return {
                found.head.room: await self._copy_room(
                    connection, found, place, now.get((found.head.room, found.head.made)), set_aside
                )
                for found, place in rooms
            }

    async def _copy_room(
        self,
        connection: AsyncConnection,
        found: Found,
        read_from: Place | None,
        now: Place | None,
        set_aside: bool,
    ) -> Place:
        if now is None:
            # Another transaction may have entered the room just before: then this waits for it.
            head = await self._write_head(connection, found.head, set_aside)
            now = (await places_of(connection, [head]))[head.room, head.made]
        elif now.head != found.head._replace(life=now.life):
            head = await self._write_head(connection, found.head, set_aside)
        else:
            head = now.head
        if now.streams != (read_from.streams if read_from is not None else {}):
            raise Overtaken(found.head.room)
        streams = dict(now.streams)
        for stream, entries in found.new.items():
            await _write_entries(connection, head.life, stream, entries)
            await self._fold(connection, head, stream, entries, set_aside)
            streams[stream] = streams.get(stream, Position()).after(entries)
            await write_position(connection, head.life, stream, streams[stream], self._clock())
        return Place(head.life, head, streams)

    async def _write_head(
        self, connection: AsyncConnection, new: RoomHead, set_aside: bool
    ) -> RoomHead:
        head = await write_head(connection, new)
        await self._fold(connection, head, HEAD, (), set_aside)
        return head

    async def _fold(
        self,
        connection: AsyncConnection,
        head: RoomHead,
        stream: str,
        entries: Sequence[Entry],
        set_aside: bool,
    ) -> None:
        for projection in self._projections:
            if stream not in projection.streams:
                continue
            if set_aside:
                await self._folding.add(connection, projection, head, stream, entries)
            else:
                await projection.add(connection, head, stream, entries)

    async def follow_back(self, place: Place, stream: str, *, lost_all: bool = False) -> int:
        """Make the records agree with a Redis that has lost the last entries of a stream.

        Drops what Redis no longer holds of the span that it still has, so that the next copy goes
        on from there, and folds the room again. Returns how many entries were dropped. What a
        stream has cut off at its old end stays in the records. `lost_all` says that Redis never
        had the stream, as one of a backup: all of it is dropped.
        """
        oldest = await first_entry(self._store, place.head.room, stream)
        if lost_all and oldest is None:
            oldest = Entry(0, 0, b"")
        async with self._records.writing() as connection:
            now = await places_of(connection, [place.head], to_write=True)
            current = now.get((place.head.room, place.head.made))
            if current is None or current.streams != place.streams:
                raise Overtaken(place.head.room)
            position = place.streams[stream]
            if oldest is None or (oldest.ms, oldest.n) > (position.ms, position.n):
                await self._skip_the_gap(connection, place, stream, oldest)
                return 0
            return await self._drop_behind(connection, place, stream, oldest)

    async def _skip_the_gap(
        self, connection: AsyncConnection, place: Place, stream: str, oldest: Entry | None
    ) -> None:
        """Go on behind entries that the stream cut off before they were copied."""
        if oldest is not None:
            ms, n = (oldest.ms, oldest.n - 1) if oldest.n else (oldest.ms - 1, _N_MAX)
            before = Position(ms, n, entries=place.streams[stream].entries)
            await write_position(connection, place.life, stream, before, self._clock())

    async def _drop_behind(
        self, connection: AsyncConnection, place: Place, stream: str, oldest: Entry
    ) -> int:
        of_stream = (ENTRIES.c.life == place.life) & (ENTRIES.c.stream == stream)
        from_oldest = (ENTRIES.c.ms > oldest.ms) | (
            (ENTRIES.c.ms == oldest.ms) & (ENTRIES.c.n >= oldest.n)
        )
        dropped = await connection.execute(delete(ENTRIES).where(of_stream & from_oldest))
        last = (
            await connection.execute(
                select(ENTRIES.c.ms, ENTRIES.c.n)
                .where(of_stream)
                .order_by(ENTRIES.c.ms.desc(), ENTRIES.c.n.desc())
                .limit(1)
            )
        ).first()
        if last is None:
            of_position = (POSITIONS.c.life == place.life) & (POSITIONS.c.stream == stream)
            await connection.execute(delete(POSITIONS).where(of_position))
        else:
            counted = select(func.count()).select_from(ENTRIES).where(of_stream)
            left = int(await connection.scalar(counted) or 0)
            position = Position(last.ms, last.n, entries=left)
            await write_position(connection, place.life, stream, position, self._clock())
        for projection in self._projections:
            if stream in projection.streams:
                await projection.clear(connection, place.life)
                await self._folding.again(connection, projection, place.head)
        return int(dropped.rowcount)


async def _write_entries(
    connection: AsyncConnection, life: int, stream: str, entries: Sequence[Entry]
) -> None:
    rows = [{"life": life, "stream": stream, "ms": e.ms, "n": e.n, "body": e.body} for e in entries]
    await connection.execute(insert(ENTRIES), rows)
